package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"crier/internal/config"
)

// Servers says which nodes are measured: one that runs already, or new ones in processes of their own.
type Servers struct {
	URL string // of a node that runs already; then only Key counts
	Key string // an API key of an organisation of that node

	Database string // PostgreSQL URL; empty: an embedded database in a temporary folder
	Redis    string // Redis URL; empty: in-process, so only one node
	Nodes    int    // 0 means 1
	Largest  int    // most recipients of one sending; 0 means the node's default
}

// server is a node to be measured.
type server struct {
	*child // nil for one that runs already
	address
	tcp *net.TCPAddr
}

// start starts the nodes, or finds the one that runs. stop ends what was started and removes its data.
func (o Servers) start(ctx context.Context, slug string, stderr io.Writer) (servers []*server, stop func(), err error) {
	if o.URL != "" {
		s := &server{address: address{URL: o.URL, Key: o.Key}}
		return []*server{s}, func() {}, s.resolve()
	}
	if o.Nodes > 1 && o.Redis == "" {
		return nil, nil, fmt.Errorf("several nodes need Redis to hear of each other: give --redis")
	}
	if o.Nodes > 1 && o.Database == "" {
		return nil, nil, fmt.Errorf("several nodes need one PostgreSQL database: give --database")
	}
	data, err := os.MkdirTemp("", "crier-bench-")
	if err != nil {
		return nil, nil, err
	}
	stop = func() {
		for _, s := range servers {
			s.end()
		}
		_ = os.RemoveAll(data)
	}
	for range max(o.Nodes, 1) {
		s, err := o.one(ctx, slug, data, stderr)
		if err != nil {
			stop()
			return nil, nil, err
		}
		servers = append(servers, s)
	}
	return servers, stop, nil
}

func (o Servers) one(ctx context.Context, slug, data string, stderr io.Writer) (*server, error) {
	// Connection strings hold passwords, and everybody can read a command line.
	settings := []string{config.EnvName("database") + "=" + o.Database, config.EnvName("redis") + "=" + o.Redis}
	args := []string{"node", "--organisation", slug, "--addr", "127.0.0.1:0", "--log-level", "warn", "--drain-time", "0s", "--data", filepath.Join(data, "db")}
	if o.Largest > 0 {
		args = append(args, "--max-recipients", fmt.Sprint(o.Largest))
	}
	c, err := spawn(ctx, stderr, settings, args...)
	if err != nil {
		return nil, err
	}
	s := &server{child: c}
	line, err := c.line()
	if err == nil {
		err = json.Unmarshal([]byte(line), &s.address)
	}
	if err == nil {
		err = s.resolve()
	}
	if err != nil {
		c.end()
		return nil, err
	}
	return s, nil
}

func (s *server) resolve() error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" {
		return fmt.Errorf("%q: the benchmark speaks plain http to a node, without TLS", s.URL)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "80")
	}
	s.tcp, err = net.ResolveTCPAddr("tcp4", host)
	return err
}
