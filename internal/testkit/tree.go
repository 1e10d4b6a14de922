package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Signals go to a process and each of its descendants, one by one, and not to its process group: every PostgreSQL
// backend puts itself in a session and group of its own.

// pause freezes the process and its descendants.
func (p *Process) pause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pauseLocked()
}

func (p *Process) pauseLocked() error {
	if !p.runs() {
		return fmt.Errorf("%s does not run", p.spec.name)
	}
	// Parents before children: one that stands still makes no more children.
	next := []int{p.cmd.Process.Pid}
	for {
		next = slices.DeleteFunc(next, func(pid int) bool { return slices.Contains(p.frozen, pid) })
		if len(next) == 0 {
			return nil
		}
		for _, pid := range next {
			p.frozen = append(p.frozen, pid)
			if err := errors.Join(p.keeper.note('+', pid), freeze(pid)); err != nil {
				return fmt.Errorf("pause %s: %w", p.spec.name, err)
			}
		}
		var err error
		if next, err = children(p.frozen); err != nil {
			return err
		}
	}
}

// resume thaws what pause froze.
func (p *Process) resume() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.resumeLocked()
}

func (p *Process) resumeLocked() error { return p.signalFrozen(syscall.SIGCONT) }

// killLocked freezes the tree first, so that it is complete when counted, then kills it from the leaves up: a killed
// child of a standing parent stays a zombie, so no id can pass to a stranger on the way.
func (p *Process) killLocked() error {
	if !p.runs() {
		return nil
	}
	err := p.pauseLocked()
	slices.Reverse(p.frozen)
	tree := p.frozen
	err = errors.Join(err, p.signalFrozen(syscall.SIGKILL))
	<-p.done
	for _, pid := range tree {
		err = errors.Join(err, await(pid, "end", func(state byte) bool { return state == 'Z' || state == 'X' }))
	}
	return err
}

// signalFrozen sends sig to all that stand still and forgets them. p.mu is held.
func (p *Process) signalFrozen(sig syscall.Signal) error {
	var errs []error
	for _, pid := range p.frozen {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("%v to %s (%d): %w", sig, p.spec.name, pid, err))
		}
		errs = append(errs, p.keeper.note('-', pid))
	}
	p.frozen = nil
	return errors.Join(errs...)
}

// freeze stops one process and returns when it stands still: a signal takes effect only when the process is next
// scheduled, and one that waits for a disk sync does not stop before that.
func freeze(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		if errors.Is(err, syscall.ESRCH) {
			return nil
		}
		return err
	}
	return await(pid, "stand still", func(state byte) bool { return slices.Contains([]byte("TtZX"), state) })
}

// await polls the process's state letter (proc(5)) until it is as wanted; a process that is no more always is.
func await(pid int, what string, wanted func(state byte) bool) error {
	for deadline := time.Now().Add(stopLimit); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		switch state, _, err := procStat(pid); {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ESRCH):
			return nil
		case err != nil:
			return err
		case wanted(state):
			return nil
		}
	}
	return fmt.Errorf("process %d did not %s within %v", pid, what, stopLimit)
}

// children lists the processes whose parent is one of parents, without those that have ended.
func children(parents []int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // not a process
		}
		state, parent, err := procStat(pid)
		if err != nil || state == 'Z' {
			continue
		}
		if slices.Contains(parents, parent) {
			found = append(found, pid)
		}
	}
	return found, nil
}

// procStat reads a process's state letter and its parent from /proc/PID/stat (proc(5)).
func procStat(pid int) (state byte, parent int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name, in parentheses, may hold anything, even parentheses: what follows the last one is fixed.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("/proc/%d/stat: %q", pid, text)
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return fields[0][0], parent, err
}
