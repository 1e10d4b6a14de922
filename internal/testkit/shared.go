package testkit

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// The servers that all tests of this process use. Each is started on first use; when that fails, every test that asks for
// it fails with the same message.
var (
	sharedPostgres = sync.OnceValues(startSharedPostgres)
	sharedRedis    = sync.OnceValues(startSharedRedis)

	sharedMu sync.Mutex
	started  []*Process // the shared servers' processes; guarded by sharedMu
)

func startSharedPostgres() (*Server, error) {
	s, err := newPostgres(nil, nil)
	if err != nil {
		return nil, err
	}
	return s, startShared(s.Process)
}

func startSharedRedis() (*RedisServer, error) {
	s, err := newRedis(nil, nil)
	if err != nil {
		return nil, err
	}
	return s, startShared(s.Process)
}

func startShared(p *Process) error {
	sharedMu.Lock()
	defer sharedMu.Unlock()
	started = append(started, p)
	return p.start()
}

// stopShared ends the shared servers and the keeper. Nothing of this package runs afterwards.
func stopShared() error {
	sharedMu.Lock()
	defer sharedMu.Unlock()
	var errs []error
	for _, p := range started {
		errs = append(errs, p.bury())
	}
	started = nil
	return errors.Join(append(errs, closeKeeper())...)
}

// Main runs a package's tests, ends the shared servers, removes the temporary folder and exits:
//
//	func TestMain(m *testing.M) { testkit.Main(m, func() error { return goleak.Find() }) }
//
// When the tests have passed, each check runs last, with nothing of this package alive any more, and its error fails the
// run. A package without a TestMain leaves nothing behind either; it only cannot check.
func Main(m *testing.M, checks ...func() error) {
	code := m.Run()
	errs := []error{stopShared()}
	if code == 0 {
		for _, check := range checks {
			errs = append(errs, check())
		}
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "testkit: after the tests:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}
