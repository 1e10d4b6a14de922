package testkit

import (
	"testing"
	"time"
)

// Eventually polls cond until it returns nil and fails the test, with what and cond's last error, when it has not within
// limit. It is for conditions in another process; within one process wait for a signal or use testing/synctest.
func Eventually(t testing.TB, limit time.Duration, what string, cond func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := cond()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s: %v", limit, what, err)
		}
		time.Sleep(wait)
	}
}
