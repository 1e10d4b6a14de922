package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lib/pq"
)

// The account, and superuser, that initdb makes. Connections from loopback need no password.
const postgresAccount = "crier"

// Server is a PostgreSQL server of a test's own. Its data outlives Stop, Kill and Start; its port stays the same.
type Server struct {
	*Process
	port int
}

var databases atomic.Int64

// Postgres makes a database for the test on the server that all tests of this process share, and returns its connection
// string: a copy of the package's [Template], empty without one. It commits durably (fsync and synchronous_commit on). The
// database is dropped when the test ends, with whatever connections it still has.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	from, err := prepared()
	check(t, err)
	return postgresFrom(t, from)
}

// EmptyPostgres is [Postgres] without the template.
func EmptyPostgres(t testing.TB) (dsn string) {
	t.Helper()
	return postgresFrom(t, "")
}

// Template names the function that prepares the database which those of [Postgres] are copies of: it is handed an empty
// one, once, and leaves no connection open. Copying takes a tenth of the time that migrating takes. It is called before
// the tests run.
func Template(prepare func(dsn string) error) { prepareTemplate = prepare }

var (
	prepareTemplate func(dsn string) error

	prepared = sync.OnceValues(func() (name string, err error) {
		if prepareTemplate == nil {
			return "", nil
		}
		s, err := sharedPostgres()
		if err != nil {
			return "", err
		}
		const template = "test_template"
		if err := s.admin("CREATE DATABASE " + template); err != nil {
			return "", err
		}
		return template, prepareTemplate(s.dsn(template))
	})
)

func postgresFrom(t testing.TB, template string) (dsn string) {
	t.Helper()
	s, err := sharedPostgres()
	check(t, err)
	name := fmt.Sprintf("test_%d", databases.Add(1))
	statement := "CREATE DATABASE " + pq.QuoteIdentifier(name)
	if template != "" {
		statement += " TEMPLATE " + pq.QuoteIdentifier(template)
	}
	check(t, s.admin(statement))
	t.Cleanup(func() {
		if err := s.admin("DROP DATABASE " + pq.QuoteIdentifier(name) + " WITH (FORCE)"); err != nil {
			t.Errorf("testkit: %v", err)
		}
	})
	return s.dsn(name)
}

// StartPostgres starts a server for this test alone, with settings such as "fsync=off" over the usual ones, and makes
// the database that [Server.DSN] leads to. It takes about a second: use [Postgres] unless the test harms the server.
func StartPostgres(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := newPostgres(t, settings)
	check(t, err)
	check(t, s.start())
	check(t, s.admin("CREATE DATABASE crier"))
	return s
}

// DSN returns the connection string of the server's database. It does not change when the server is started again.
func (s *Server) DSN() string { return s.dsn("crier") }

// Addr returns the host and port it listens on, to put a proxy in front of it.
func (s *Server) Addr() string { return loopback(s.port) }

func (s *Server) dsn(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User(postgresAccount), Host: s.Addr(), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// newPostgres makes the data folder and the process, which does not run yet.
func newPostgres(t testing.TB, settings []string) (*Server, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	k, err := currentKeeper()
	if err != nil {
		return nil, err
	}
	uid, gid := -1, -1
	if as != nil {
		uid, gid = int(as.Uid), int(as.Gid)
	}
	folder, err := k.folder("postgres", uid, gid)
	if err != nil {
		return nil, err
	}
	port, err := takePort()
	if err != nil {
		return nil, err
	}
	s := &Server{port: port}
	data := filepath.Join(folder, "data")
	args := []string{"-D", data}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=" + folder,
		"max_connections=200", "fsync=on", "synchronous_commit=on",
		// Kept in the data folder: shared memory files of a killed server would stay in /dev/shm.
		"dynamic_shared_memory_type=mmap",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = folder
		cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	s.Process = newProcess(t, k, spec{
		name: "postgres", folder: folder,
		command: func() *exec.Cmd { return run("postgres", args...) },
		stop:    syscall.SIGINT,  // "fast": ends sessions, writes a checkpoint
		death:   syscall.SIGQUIT, // "immediate": ends now, but gives its shared memory back
		ready:   s.ping,
		buried: func() {
			removeSegment(filepath.Join(data, "postmaster.pid"))
			releasePort(port)
		},
	})
	initdb := run("initdb", "-D", data, "-U", postgresAccount, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := k.output(initdb); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, nil
}

// serverAccount returns the account to run PostgreSQL under: it refuses to run as root. Nil means this process's own.
func serverAccount() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root and there is no account named postgres: %w", err)
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (s *Server) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s.query(func(db *sql.DB) error { return db.PingContext(ctx) })
}

func (s *Server) admin(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	err := s.query(func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// query hands do a pool on the maintenance database that is closed afterwards.
func (s *Server) query(do func(*sql.DB) error) error {
	// lib/pq heeds no context while it opens a connection, only this: a port that accepts and never answers would hang it.
	db, err := sql.Open("postgres", s.dsn("postgres")+"&connect_timeout=5")
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// removeSegment gives back the System V shared memory segment of a server that was killed and not started again. Its
// number is the last word of the seventh line of the lock file, which a server that ended in good order removes. The
// kernel keeps 4096 segments for the whole machine.
func removeSegment(lockFile string) {
	text, err := os.ReadFile(lockFile)
	if err != nil {
		return // ended in good order
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 7 {
		return
	}
	words := strings.Fields(lines[6])
	if len(words) != 2 {
		return
	}
	if id, err := strconv.Atoi(words[1]); err == nil {
		const remove = 0 // IPC_RMID, <linux/ipc.h>
		_, _, _ = syscall.Syscall(syscall.SYS_SHMCTL, uintptr(id), remove, 0)
	}
}
