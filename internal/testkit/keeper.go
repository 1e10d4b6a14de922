package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// keeper owns what outlives a single test: the thread that children are started from, the temporary folder, and the
// janitor that tidies up when the test process is killed.
type keeper struct {
	root  string        // temporary folder of this test process; every server has a folder in it
	spawn chan spawning // closed by close

	mu      sync.Mutex // guards below
	janitor *exec.Cmd
	orders  io.WriteCloser // the janitor's standard input; the kernel closes it when this process ends
	folders int
}

type spawning struct {
	cmd  *exec.Cmd
	done chan error
}

// A janitor's input is one order per line: "+ PID" for a process that has been frozen, "- PID" for one that has been
// thawed or is gone. When the input ends, because this process has closed it or has died, it thaws what is frozen (a
// stopped process cannot act on the signal that tells it to end) and removes the folder.
const janitorScript = `
frozen=
while read -r order pid; do
	rest=
	for p in $frozen; do [ "$p" = "$pid" ] || rest="$rest $p"; done
	frozen=$rest
	[ "$order" = + ] && frozen="$frozen $pid"
done
for p in $frozen; do kill -CONT "$p"; done
for try in 1 2 3 4 5 6 7 8; do rm -rf -- "$1" && break; sleep 1; done
`

var (
	keeperMu  sync.Mutex
	theKeeper *keeper
)

// currentKeeper returns the test process's keeper, made on first use.
func currentKeeper() (*keeper, error) {
	keeperMu.Lock()
	defer keeperMu.Unlock()
	if theKeeper != nil {
		return theKeeper, nil
	}
	k, err := newKeeper()
	if err != nil {
		return nil, err
	}
	theKeeper = k
	return k, nil
}

// closeKeeper ends the keeper, if there is one: the folder is gone when it returns.
func closeKeeper() error {
	keeperMu.Lock()
	defer keeperMu.Unlock()
	if theKeeper == nil {
		return nil
	}
	err := theKeeper.close()
	theKeeper = nil
	return err
}

func newKeeper() (*keeper, error) {
	root, err := os.MkdirTemp("", "crier-testkit-")
	if err != nil {
		return nil, err
	}
	// The postgres account must be able to walk through it to its own folder.
	if err := os.Chmod(root, 0o711); err != nil {
		return nil, err
	}
	k := &keeper{root: root, spawn: make(chan spawning)}
	k.janitor = exec.Command("/bin/sh", "-c", janitorScript, "janitor", root)
	k.janitor.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C does not end it with the tests
	if k.orders, err = k.janitor.StdinPipe(); err != nil {
		return nil, err
	}
	if err := k.janitor.Start(); err != nil {
		return nil, fmt.Errorf("start the janitor: %w", err)
	}
	go k.run()
	return k, nil
}

// run starts children, always from one thread that lives as long as the keeper: the kernel sends a child its
// parent-death signal when the thread that made it ends, not when the process does.
func (k *keeper) run() {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	for s := range k.spawn {
		s.done <- s.cmd.Start()
	}
}

// start starts cmd, whose SysProcAttr carries a Pdeathsig.
func (k *keeper) start(cmd *exec.Cmd) error {
	done := make(chan error)
	k.spawn <- spawning{cmd, done}
	return <-done
}

// output runs cmd to its end and returns what it printed.
func (k *keeper) output(cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := k.start(cmd); err != nil {
		return nil, err
	}
	err := cmd.Wait()
	return out.Bytes(), err
}

// folder makes a folder for one server. uid and gid of -1 leave it to this process's account.
func (k *keeper) folder(name string, uid, gid int) (string, error) {
	k.mu.Lock()
	k.folders++
	path := filepath.Join(k.root, name+strconv.Itoa(k.folders))
	k.mu.Unlock()
	return path, errors.Join(os.Mkdir(path, 0o700), os.Chown(path, uid, gid))
}

// note tells the janitor that a process has been frozen ('+') or need not be thawed any more ('-').
func (k *keeper) note(order rune, pid int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, err := fmt.Fprintf(k.orders, "%c %d\n", order, pid)
	return err
}

func (k *keeper) close() error {
	close(k.spawn)
	k.mu.Lock()
	defer k.mu.Unlock()
	return errors.Join(k.orders.Close(), k.janitor.Wait())
}
