package testkit

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// PostfixServer is a Postfix of a test's own, in a folder of its own: it takes mails on a loopback port and puts those to
// anybody@inbox.test into one Maildir. What its settings say otherwise goes where they say.
type PostfixServer struct {
	*Process
	port   int
	folder string
}

// postfixPrograms is where Debian keeps the parts of Postfix.
const postfixPrograms = "/usr/lib/postfix/sbin"

// StartPostfix starts Postfix for this test alone, with lines of main.cf over the usual ones, such as "transport_maps=inline:{…}". The test is
// skipped, and says why, where Postfix is not installed or the tests do not run as root: Postfix takes nobody else.
func StartPostfix(t testing.TB, settings ...string) *PostfixServer {
	t.Helper()
	if _, err := os.Stat(postfixPrograms + "/master"); err != nil {
		t.Skip("skipped: postfix is not installed: apt-get install postfix")
	}
	if os.Getuid() != 0 {
		t.Skip("skipped: postfix runs as root alone")
	}
	s, err := newPostfix(t, settings)
	check(t, err)
	check(t, s.start())
	return s
}

// Addr returns the host and port that it takes mails on.
func (s *PostfixServer) Addr() string { return loopback(s.port) }

// Stop ends it in good order, and returns once its last helper has let go of the port.
func (s *PostfixServer) Stop() {
	s.t.Helper()
	s.Process.Stop()
	Eventually(s.t, stopLimit, "postfix gives its port back", func() error {
		l, err := net.Listen("tcp", s.Addr())
		if err != nil {
			return err
		}
		return l.Close()
	})
}

// Mails returns the files of the mails that have arrived in the Maildir.
func (s *PostfixServer) Mails() []string {
	found, err := filepath.Glob(filepath.Join(s.folder, "mail", "inbox", "new", "*"))
	check(s.t, err)
	return found
}

// MailLog returns what Postfix has logged.
func (s *PostfixServer) MailLog() string {
	b, err := os.ReadFile(filepath.Join(s.folder, "log", "mail.log"))
	if os.IsNotExist(err) {
		return ""
	}
	check(s.t, err)
	return string(b)
}

// FlushQueue has Postfix try at once what it keeps for later.
func (s *PostfixServer) FlushQueue() {
	s.t.Helper()
	out, err := exec.Command("/usr/sbin/postqueue", "-c", filepath.Join(s.folder, "etc"), "-f").CombinedOutput()
	if err != nil {
		s.t.Fatalf("testkit: flush the queue: %v: %s", err, out)
	}
}

func newPostfix(t testing.TB, settings []string) (*PostfixServer, error) {
	k, err := currentKeeper()
	if err != nil {
		return nil, err
	}
	folder, err := k.folder("postfix", -1, -1)
	if err != nil {
		return nil, err
	}
	port, err := takePort()
	if err != nil {
		return nil, err
	}
	if err := writePostfix(folder, port, settings); err != nil {
		return nil, err
	}
	etc := filepath.Join(folder, "etc")
	if out, err := k.output(withEnd(exec.Command("/usr/sbin/postfix", "-c", etc, "check"))); err != nil {
		return nil, fmt.Errorf("postfix check: %w: %s", err, out)
	}
	s := &PostfixServer{port: port, folder: folder}
	s.Process = newProcess(t, k, spec{
		name: "postfix", folder: folder,
		// master itself, and not "postfix start-fg": the script between would end without it.
		command: func() *exec.Cmd { return exec.Command(postfixPrograms+"/master", "-c", etc, "-d") },
		stop:    syscall.SIGTERM, death: syscall.SIGTERM,
		ready:  s.greets,
		buried: func() { releasePort(port) },
	})
	return s, nil
}

func withEnd(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// writePostfix writes the settings and makes the folders as Postfix wants them owned.
func writePostfix(folder string, port int, settings []string) error {
	account, err := user.Lookup("postfix")
	if err != nil {
		return err
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	reader, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return err
	}
	if err := os.Chmod(folder, 0o711); err != nil { //nolint:gosec // its own accounts walk through it
		return err
	}
	for name, owner := range map[string]int{"etc": 0, "queue": 0, "data": uid, "mail": reader, "log": 0} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil { //nolint:gosec // as above
			return err
		}
		if err := os.Chown(filepath.Join(folder, name), owner, 0); err != nil {
			return err
		}
	}
	main := []string{
		"compatibility_level=3.6", "queue_directory=" + folder + "/queue", "data_directory=" + folder + "/data", "maillog_file=" + folder + "/log/mail.log", "maillog_file_prefixes=" + folder + "/log",
		"myhostname=mx.inbox.test", "mydestination=", "inet_interfaces=127.0.0.1", "inet_protocols=ipv4", "mynetworks=127.0.0.0/8", "alias_maps=", "alias_database=", "local_recipient_maps=",
		"smtpd_relay_restrictions=permit_mynetworks,reject", "smtpd_client_connection_rate_limit=0", "default_process_limit=20", "disable_dns_lookups=yes", "smtp_host_lookup=native",
		"virtual_mailbox_domains=inbox.test", "virtual_mailbox_base=" + folder + "/mail", "virtual_mailbox_maps=static:inbox/", "virtual_minimum_uid=1", "virtual_mailbox_limit=0", "mailbox_size_limit=0",
		"virtual_uid_maps=static:" + nobody.Uid, "virtual_gid_maps=static:" + nobody.Gid, "message_size_limit=50000000", "biff=no", "minimal_backoff_time=1s", "maximal_backoff_time=2s", "queue_run_delay=1s",
	}
	lines := strings.Join(append(main, settings...), "\n") + "\n"
	if err := os.WriteFile(filepath.Join(folder, "etc", "main.cf"), []byte(lines), 0o644); err != nil { //nolint:gosec // its own accounts read it
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "127.0.0.1:%d inet n - n - - smtpd\n", port)
	for _, s := range []string{
		"pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "tlsmgr unix - - n 1000? 1 tlsmgr", "rewrite unix - - n - - trivial-rewrite",
		"bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify", "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap",
		"proxywrite unix - - n - 1 proxymap", "smtp unix - - n - - smtp", "relay unix - - n - - smtp", "showq unix n - n - - showq", "error unix - - n - - error", "retry unix - - n - - error",
		"discard unix - - n - - discard", "local unix - n n - - local", "virtual unix - n n - - virtual", "lmtp unix - - n - - lmtp", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache",
		"postlog unix-dgram n - n - 1 postlogd",
	} {
		b.WriteString(s + "\n")
	}
	return os.WriteFile(filepath.Join(folder, "etc", "master.cf"), []byte(b.String()), 0o644) //nolint:gosec // as above
}

// greets waits for the greeting of RFC 5321.
func (s *PostfixServer) greets(ctx context.Context) error {
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
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "220 ") {
		return fmt.Errorf("it greets with %q", line)
	}
	_, err = fmt.Fprint(conn, "QUIT\r\n")
	return err
}
