package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 60 * time.Second // a server that replays its log on two busy cores
	stopLimit  = 30 * time.Second
	logTail    = 4096 // bytes of a server's output shown when it fails
)

// Process is a program run for a test: a server, or a node of ours. Its methods fail the test when they cannot do what
// they say, so they are called from the test's own goroutine, as with t.Fatal.
type Process struct {
	t      testing.TB // nil for a server that all tests share; it is not handed out
	keeper *keeper
	spec   spec
	log    string // path of the file that takes its standard output and error, of all its lives

	mu     sync.Mutex    // guards below
	cmd    *exec.Cmd     // its present or last life; nil before the first
	done   chan struct{} // closed when that life has ended and been waited for
	frozen []int         // it and its descendants, while paused
}

// spec says how to run a program.
type spec struct {
	name    string
	folder  string                          // for its log file; removed with the process
	command func() *exec.Cmd                // made afresh for each life
	stop    syscall.Signal                  // asks it to end in good order
	death   syscall.Signal                  // sent by the kernel when the test process dies
	ready   func(ctx context.Context) error // polled after each start until it returns nil; nil: it is ready at once
	buried  func()                          // called once after its last life, before its folder is removed; may be nil
}

// StartProcess starts a program for the test and ends it with the test. command is called for each life and returns an
// unstarted command; its standard output and error go to a file (see [Process.Log]) unless it sets its own. ready is
// polled until it returns nil, and may be nil.
func StartProcess(t testing.TB, name string, command func() *exec.Cmd, ready func(ctx context.Context) error) *Process {
	t.Helper()
	k, err := currentKeeper()
	check(t, err)
	folder, err := k.folder(name, -1, -1)
	check(t, err)
	p := newProcess(t, k, spec{
		name: name, folder: folder, command: command, stop: syscall.SIGTERM, death: syscall.SIGKILL, ready: ready,
	})
	check(t, p.start())
	return p
}

// newProcess prepares a process that does not run yet. With a t it is ended and its folder removed when the test ends.
func newProcess(t testing.TB, k *keeper, s spec) *Process {
	p := &Process{t: t, keeper: k, spec: s, log: filepath.Join(s.folder, s.name+".log")}
	if t != nil {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("the end of %s's log:\n%s", s.name, p.tail())
			}
			if err := p.bury(); err != nil {
				t.Errorf("testkit: %v", err)
			}
		})
	}
	return p
}

// Start starts it again after [Process.Stop] or [Process.Kill], with the same command, and returns when it is ready.
func (p *Process) Start() {
	p.t.Helper()
	check(p.t, p.start())
}

// Stop asks it to end in good order and returns when it has. A paused process is resumed first.
func (p *Process) Stop() {
	p.t.Helper()
	check(p.t, p.end(p.spec.stop))
}

// Kill ends it and all its descendants at once with SIGKILL, as a crash would.
func (p *Process) Kill() {
	p.t.Helper()
	check(p.t, p.kill())
}

// Pause freezes it and all its descendants with SIGSTOP: its sockets stay open and nothing answers. It returns when
// every one of them stands still.
func (p *Process) Pause() {
	p.t.Helper()
	check(p.t, p.pause())
}

// Resume lets it go on after [Process.Pause].
func (p *Process) Resume() {
	p.t.Helper()
	check(p.t, p.resume())
}

// PID returns its process id, or 0 when it does not run.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.runs() {
		return 0
	}
	return p.cmd.Process.Pid
}

// Done is closed when the present life ends, by whatever cause.
func (p *Process) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// Log returns what it has written to standard output and error so far, in all its lives.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	check(p.t, err)
	return string(text)
}

// runs reports whether it has been started and has not ended. p.mu is held.
func (p *Process) runs() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *Process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs() {
		return fmt.Errorf("%s runs already", p.spec.name)
	}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close() //nolint:errcheck // the child has its own copy; this one is never written
	cmd := p.spec.command()
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = out
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // Ctrl-C ends the tests, and the tests end it
	cmd.SysProcAttr.Pdeathsig = p.spec.death
	if err := p.keeper.start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", p.spec.name, err)
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended shows in its log and in ProcessState
		close(done)
	}()
	p.cmd, p.done, p.frozen = cmd, done, nil
	if err := p.awaitReady(); err != nil {
		return errors.Join(err, p.killLocked())
	}
	return nil
}

// awaitReady polls spec.ready. p.mu is held.
func (p *Process) awaitReady() error {
	if p.spec.ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	var last error
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		if last = p.spec.ready(ctx); last == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended at once (%v); the end of its log:\n%s", p.spec.name, p.cmd.ProcessState, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s not ready after %v: %w; the end of its log:\n%s", p.spec.name, startLimit, last, p.tail())
		case <-time.After(wait):
		}
	}
}

// end sends sig and waits for the process to end; past the limit it kills it and says so.
func (p *Process) end(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.runs() {
		return nil
	}
	if err := p.resumeLocked(); err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.spec.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopLimit):
		return errors.Join(fmt.Errorf("%s did not end within %v of %v", p.spec.name, stopLimit, sig), p.killLocked())
	}
}

func (p *Process) kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killLocked()
}

// bury ends the process for good and removes its folder. Nobody will read its data again, so it need not end in good order.
func (p *Process) bury() error {
	end := p.kill
	if p.spec.death != syscall.SIGKILL {
		end = func() error { return p.end(p.spec.death) }
	}
	err := end()
	if p.spec.buried != nil {
		p.spec.buried()
	}
	return errors.Join(err, os.RemoveAll(p.spec.folder))
}

func (p *Process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-logTail):])
}
