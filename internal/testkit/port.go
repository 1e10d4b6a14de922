package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports come from below Linux's default range for outgoing connections (32768–60999). A client that keeps dialling a dead
// server inside that range can be given the server's own port as its source, connects to itself, and the server can
// never bind again.
const (
	firstPort = 20000
	lastPort  = 32000
)

// held keeps one listener per handed-out port on an abstract Unix socket named after it, so that no other test process
// takes the port while the server behind it is down. The kernel frees the names when the process ends.
var held = struct {
	sync.Mutex
	ports map[int]net.Listener
}{ports: map[int]net.Listener{}}

// Port returns a loopback TCP port that is free now and that no other test process using this package will be given
// until the test ends. Nothing listens on it: a server can be started on it, killed and started again.
func Port(t testing.TB) int {
	t.Helper()
	port, err := takePort()
	check(t, err)
	t.Cleanup(func() { releasePort(port) })
	return port
}

func takePort() (int, error) {
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		claim, err := net.Listen("unix", fmt.Sprintf("@crier-testkit-port-%d", port))
		if err != nil {
			continue
		}
		probe, err := net.Listen("tcp", loopback(port))
		if err != nil {
			_ = claim.Close()
			continue
		}
		_ = probe.Close()
		held.Lock()
		held.ports[port] = claim
		held.Unlock()
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

func releasePort(port int) {
	held.Lock()
	defer held.Unlock()
	if claim := held.ports[port]; claim != nil {
		_ = claim.Close()
		delete(held.ports, port)
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
