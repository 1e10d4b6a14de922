package antivirus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crier/internal/antivirus"
	"crier/internal/fault"
)

const marker = "CRIER-TEST-SIGNATURE-7c1f"

const markerMD5 = "9be7326b658ff9f03ac203a797e22f2a"

// daemon is a fake clamd: it speaks INSTREAM and finds the marker.
type daemon struct {
	limit int           // bytes after which it answers that the stream is too long
	mute  chan struct{} // if not nil: it reads and never answers
}

func (d daemon) serve(t *testing.T, network, address string) string {
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go d.talk(c)
		}
	}()
	return l.Addr().String()
}

func (d daemon) talk(c net.Conn) {
	defer c.Close()
	command := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(c, command); err != nil || string(command) != "zINSTREAM\x00" {
		_, _ = io.WriteString(c, "UNKNOWN COMMAND\x00")
		return
	}
	var body bytes.Buffer
	for {
		var size uint32
		if binary.Read(c, binary.BigEndian, &size) != nil {
			return
		}
		if size == 0 {
			break
		}
		if _, err := io.CopyN(&body, c, int64(size)); err != nil {
			return
		}
		if d.limit > 0 && body.Len() > d.limit {
			_, _ = io.WriteString(c, "INSTREAM size limit exceeded. ERROR\x00")
			return
		}
	}
	switch {
	case d.mute != nil:
		<-d.mute
	case bytes.Contains(body.Bytes(), []byte(marker)):
		_, _ = io.WriteString(c, "stream: Crier.Test.UNOFFICIAL FOUND\x00")
	default:
		_, _ = io.WriteString(c, "stream: OK\x00")
	}
}

func scanner(t *testing.T, address string, timeout time.Duration) *antivirus.Clamd {
	t.Helper()
	c, err := antivirus.New(address, timeout)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestScan(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "clamd.ctl")
	daemon{}.serve(t, "unix", socket)
	tcp := daemon{}.serve(t, "tcp", "127.0.0.1:0")
	for name, address := range map[string]string{"socket": socket, "named socket": "unix:" + socket, "tcp": tcp, "named tcp": "tcp:" + tcp} {
		t.Run(name, func(t *testing.T) { findings(t, scanner(t, address, 10*time.Second), "Crier.Test") })
	}
}

// findings holds a clamd that knows the marker to what it must say.
func findings(t *testing.T, c *antivirus.Clamd, signature string) {
	large := strings.Repeat("x", 3<<20)
	for name, clean := range map[string]string{"nothing": "", "text": "Good morning.", "exactly a chunk": large[:64<<10], "large": large} {
		if err := c.Scan(t.Context(), strings.NewReader(clean)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := c.Scan(t.Context(), strings.NewReader(marker))
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.Invalid || f.Field != "file" || !strings.Contains(f.Message, signature) {
		t.Errorf("%v, want a refusal that names %s", err, signature)
	}
}

// TestAway: what cannot be scanned is not taken.
func TestAway(t *testing.T) {
	mute := make(chan struct{})
	defer close(mute)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	strange, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer strange.Close()
	go func() {
		for {
			c, err := strange.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 mail.example.org ESMTP\r\n")
			c.Close()
		}
	}()
	for name, c := range map[string]*antivirus.Clamd{
		"not there":       scanner(t, gone.Addr().String(), time.Second),
		"no socket":       scanner(t, filepath.Join(t.TempDir(), "none"), time.Second),
		"silent":          scanner(t, daemon{mute: mute}.serve(t, "tcp", "127.0.0.1:0"), 50*time.Millisecond),
		"over its limit":  scanner(t, daemon{limit: 1000}.serve(t, "tcp", "127.0.0.1:0"), 10*time.Second),
		"something else":  scanner(t, strange.Addr().String(), time.Second),
		"no such command": scanner(t, daemon{}.serve(t, "tcp", "127.0.0.1:0"), time.Nanosecond),
	} {
		err := c.Scan(t.Context(), strings.NewReader(strings.Repeat("x", 100_000)))
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, want unavailable", name, err)
		} else if p := fault.Public(err); strings.Contains(p.Message, "127.0.0.1") || p.RetryAfter == 0 {
			t.Errorf("%s: the answer is %+v", name, p)
		}
	}
}

// TestOwnError: a file that cannot be read is neither clean nor clamd's fault.
func TestOwnError(t *testing.T) {
	broken := errors.New("broken")
	c := scanner(t, daemon{}.serve(t, "tcp", "127.0.0.1:0"), time.Second)
	err := c.Scan(t.Context(), io.MultiReader(strings.NewReader("x"), failing{broken}))
	if !errors.Is(err, broken) {
		t.Errorf("%v, want the reader's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Scan(ctx, strings.NewReader("x")); err == nil {
		t.Error("a cancelled scan found nothing")
	}
}

type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAddress(t *testing.T) {
	for _, bad := range []string{"", "clamd", "tcp:clamd"} {
		if _, err := antivirus.New(bad, 0); err == nil {
			t.Errorf("%q was taken for an address", bad)
		}
	}
}

// TestRealClamd runs Debian's clamd, with one signature of our own, if it is installed.
func TestRealClamd(t *testing.T) {
	path, err := exec.LookPath("clamd")
	if named := os.Getenv("CRIER_TEST_CLAMD"); named != "" {
		path, err = named, nil
	}
	if err != nil {
		t.Skip("clamd is not installed: apt-get install clamav-daemon, or name one in CRIER_TEST_CLAMD")
	}
	dir := t.TempDir()
	database := filepath.Join(dir, "db")
	socket := filepath.Join(dir, "clamd.ctl")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// MD5 and size of the marker, and what it is called.
	write(filepath.Join(database, "crier.hdb"), markerMD5+":25:Crier.Test\n")
	write(filepath.Join(dir, "clamd.conf"), "DatabaseDirectory "+database+"\nLocalSocket "+socket+"\nForeground yes\nStreamMaxLength 25M\nConcurrentDatabaseReload no\n")
	cmd := exec.CommandContext(t.Context(), path, "--config-file="+filepath.Join(dir, "clamd.conf"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	c := scanner(t, socket, 10*time.Second)
	ready := time.NewTimer(30 * time.Second)
	defer ready.Stop()
	for fault.Is(c.Scan(t.Context(), strings.NewReader("x")), fault.Unavailable) {
		select {
		case <-ready.C:
			t.Fatalf("clamd did not begin to answer: %s", out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	findings(t, c, "Crier.Test")
}
