package testkit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// gone reports whether a process has ended; one that nobody has waited for yet has.
func gone(pid int) bool {
	state, _, err := procStat(pid)
	return err != nil || state == 'Z' || state == 'X'
}

func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

func isTimeout(err error) bool {
	timeout := (net.Error)(nil)
	return errors.As(err, &timeout) && timeout.Timeout()
}

// segmentOf reads the shared memory segment's number out of a postmaster.pid.
func segmentOf(lockFile string) string {
	lines := strings.Split(lockFile, "\n")
	if len(lines) < 7 {
		return ""
	}
	return strings.Fields(lines[6] + " ? ?")[1]
}

// segments lists the machine's System V shared memory segments.
func segments(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(text)) {
		ids = append(ids, strings.Fields(line)[1])
	}
	return ids
}

func shell(script string) func() *osexec.Cmd {
	return func() *osexec.Cmd { return osexec.Command("/bin/sh", "-c", script) }
}

func TestProcessLogHoldsAllLives(t *testing.T) {
	p := StartProcess(t, "talker", shell("echo life; echo trouble >&2"), nil)
	<-p.Done()
	if p.PID() != 0 {
		t.Errorf("PID is %d after its end, want 0", p.PID())
	}
	p.Start()
	<-p.Done()
	if want := "life\ntrouble\nlife\ntrouble\n"; p.Log() != want {
		t.Errorf("log is %q, want %q", p.Log(), want)
	}
}

func TestProcessIsReadyWhenItSaysSo(t *testing.T) {
	asked := 0
	StartProcess(t, "slow", shell("exec sleep 60"), func(context.Context) error {
		if asked++; asked < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if asked != 3 {
		t.Errorf("asked %d times, want 3", asked)
	}
}

func TestProcessThatEndsBeforeItIsReadyShowsItsLog(t *testing.T) {
	k, err := currentKeeper()
	check(t, err)
	p := newProcess(t, k, spec{
		name: "broken", folder: t.TempDir(), command: shell("echo no such table; exit 3"),
		ready: func(context.Context) error { return errors.New("refused") },
	})
	err = p.start()
	if !contains(err, "no such table") || !contains(err, "exit status 3") {
		t.Errorf("got %v", err)
	}
}

func TestPauseAndKillReachDescendantsInTheirOwnSessions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	p := StartProcess(t, "family", shell("setsid sh -c 'echo $$ >"+file+".new; mv "+file+".new "+file+"; exec sleep 60' & wait"), nil)
	var grandchild int
	Eventually(t, 10*time.Second, "the grandchild writes its id", func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		_, err = fmt.Sscan(string(text), &grandchild)
		return err
	})
	state := func() byte { s, _, _ := procStat(grandchild); return s }
	p.Pause()
	if state() != 'T' {
		t.Errorf("paused: the grandchild's state is %c, want T", state())
	}
	p.Resume()
	Eventually(t, 10*time.Second, "the grandchild goes on", func() error {
		if state() == 'T' {
			return errors.New("stands still")
		}
		return nil
	})
	p.Kill()
	Eventually(t, 10*time.Second, "the grandchild is gone", func() error {
		if !gone(grandchild) {
			return fmt.Errorf("state %c", state())
		}
		return nil
	})
}

// report is what the victim tells its killer.
type report struct {
	Root string `json:"root"`
	PIDs []int  `json:"pids"`
}

// victim starts servers, freezes one of each, says so and waits for its death.
func victim() error {
	var r report
	add := func(p *Process) error {
		if err := p.start(); err != nil {
			return err
		}
		family, err := children([]int{p.PID()})
		r.PIDs = append(append(r.PIDs, p.PID()), family...)
		return err
	}
	for _, pause := range []bool{false, true} {
		pg, err := newPostgres(nil, nil)
		if err != nil {
			return err
		}
		red, err := newRedis(nil, nil)
		if err != nil {
			return err
		}
		for _, p := range []*Process{pg.Process, red.Process} {
			if err := add(p); err != nil {
				return err
			}
			if pause {
				if err := p.pause(); err != nil {
					return err
				}
			}
			r.Root = p.keeper.root
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin) // until the killer kills, or is gone itself
	return errors.Join(err, errors.New("nobody killed the victim"))
}

func TestNothingSurvivesTheTestProcess(t *testing.T) {
	Need(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.Command(self)
	cmd.Env = append(os.Environ(), victimEnv+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the victim said nothing: %v, %v", err, cmd.Wait())
	}
	var r report
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	// A backend that served the question whether the server is ready may be among them and end by itself.
	r.PIDs = slices.DeleteFunc(r.PIDs, gone)
	if len(r.PIDs) < 10 || r.Root == "" {
		t.Fatalf("before the kill the victim has %+v", r)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"
	for _, pid := range r.PIDs {
		Eventually(t, 20*time.Second, "children die with the test process", func() error {
			if !gone(pid) {
				return fmt.Errorf("process %d lives", pid)
			}
			return nil
		})
	}
	Eventually(t, 20*time.Second, "the folder is removed", func() error {
		if _, err := os.Stat(r.Root); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s is still there", r.Root)
		}
		return nil
	})
}
