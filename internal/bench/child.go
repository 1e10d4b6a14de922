package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// child is this binary, run as a process of its own, so that what it costs is not what the load client costs. It takes
// orders on its standard input, answers on its standard output, and ends when its input does.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader

	mu sync.Mutex // one order at a time
}

// spawn starts `crier bench ARGS…` with settings such as CRIER_REDIS=… in its environment; what it logs goes to stderr.
// Settings of this process's environment do not reach it.
func spawn(ctx context.Context, stderr io.Writer, settings []string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self, append([]string{"bench"}, args...)...)}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CRIER_") {
			c.cmd.Env = append(c.cmd.Env, v)
		}
	}
	c.cmd.Env = append(c.cmd.Env, settings...)
	c.cmd.Stderr = stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process for %q: %w", args[0], err)
	}
	return c, nil
}

// line reads one line of what it prints.
func (c *child) line() (string, error) {
	s, err := c.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s ended early: %w", strings.Join(c.cmd.Args[1:3], " "), err)
	}
	return strings.TrimSpace(s), nil
}

// say gives an order and does not wait for an answer.
func (c *child) say(order string) error {
	_, err := io.WriteString(c.in, order+"\n")
	return err
}

// ask gives an order and waits for the answer wanted.
func (c *child) ask(order, want string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.say(order); err != nil {
		return err
	}
	got, err := c.line()
	if err == nil && got != want {
		err = fmt.Errorf("%q was answered %q, not %q", order, got, want)
	}
	return err
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end closes its input and waits; one that does not go is killed.
func (c *child) end() {
	_ = c.in.Close()
	late := time.AfterFunc(20*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	_ = c.cmd.Wait() // that it ended is all that counts: it has been measured
}
