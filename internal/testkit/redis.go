package testkit

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a Redis server of a test's own. It keeps nothing on disk: after Stop or Kill, Start brings it back
// empty, on the same port.
type RedisServer struct {
	*Process
	port int
}

// Redis returns the host and port of the Redis server that all tests of this process share. It is never flushed, since
// tests run side by side on it: take keys and channels of your own, made from a fresh organisation id. Another database
// number keeps keys apart but not publish and subscribe, which is global to a server. A test that must see every message,
// count clients or harm the server starts its own with [StartRedis]; it takes some 20 ms.
func Redis(t testing.TB) (addr string) {
	t.Helper()
	s, err := sharedRedis()
	check(t, err)
	return s.Addr()
}

// StartRedis starts a server for this test alone, with settings such as "appendonly=yes" over the usual ones.
func StartRedis(t testing.TB, settings ...string) *RedisServer {
	t.Helper()
	s, err := newRedis(t, settings)
	check(t, err)
	check(t, s.start())
	return s
}

// Addr returns the host and port it listens on. They do not change when it is started again.
func (s *RedisServer) Addr() string { return loopback(s.port) }

func newRedis(t testing.TB, settings []string) (*RedisServer, error) {
	bin, err := findRedis()
	if err != nil {
		return nil, err
	}
	k, err := currentKeeper()
	if err != nil {
		return nil, err
	}
	folder, err := k.folder("redis", -1, -1)
	if err != nil {
		return nil, err
	}
	port, err := takePort()
	if err != nil {
		return nil, err
	}
	args := []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", folder, "--save", "", "--appendonly", "no"}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		args = append(args, "--"+name, value)
	}
	s := &RedisServer{port: port}
	s.Process = newProcess(t, k, spec{
		name: "redis", folder: folder,
		command: func() *exec.Cmd { return exec.Command(bin, args...) },
		stop:    syscall.SIGTERM, death: syscall.SIGKILL,
		ready:  s.ping,
		buried: func() { releasePort(port) },
	})
	return s, nil
}

// ping asks in the protocol's inline form, so that no client logs the refusals of a server that is still starting.
func (s *RedisServer) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Addr())
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if answer != "+PONG\r\n" {
		return fmt.Errorf("PING answered %q", answer)
	}
	return nil
}
