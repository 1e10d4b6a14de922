package failpoint

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestWhenItIsDue(t *testing.T) {
	for _, c := range []struct {
		env    string
		passes []string
		want   int // index of the deadly pass, -1 for none
	}{
		{"", []string{"", AfterCommit}, -1},
		{AfterCommit, []string{BeforeCommit, AfterCommit, AfterCommit}, 1},
		{AfterCommit + ":2", []string{AfterCommit, BeforeCommit, AfterCommit, AfterCommit}, 2},
		{AfterCommit + ":x", []string{AfterCommit}, 0},
		{"elsewhere", []string{BeforeCommit, AfterCommit, BeforeExpand}, -1},
	} {
		p, got := newPlan(c.env), -1
		for i, name := range c.passes {
			if p.due(name) {
				if got >= 0 {
					t.Errorf("%q is due twice", c.env)
				}
				got = i
			}
		}
		if got != c.want {
			t.Errorf("%q over %q: due at %d, want %d", c.env, c.passes, got, c.want)
		}
	}
}

// TestItKills runs this test binary again with a plan to die.
func TestItKills(t *testing.T) {
	if os.Getenv(Env) != "" {
		Hit(BeforeExpand)
		Hit(BeforeCommit)
		t.Fatal("still alive")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestItKills$")
	cmd.Env = append(os.Environ(), Env+"="+BeforeCommit)
	err := cmd.Run()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err == nil || !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("ended with %v (%v), want SIGKILL", err, cmd.ProcessState)
	}
}
