package testkit

import (
	"fmt"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPostfix(t *testing.T) {
	s := StartPostfix(t)
	text := "Subject: One\r\n\r\nHello\r\n"
	if err := smtp.SendMail(s.Addr(), nil, "a@sender.test", []string{"b@inbox.test"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 30*time.Second, "the mail arrives", func() error {
		if len(s.Mails()) != 1 {
			return os.ErrNotExist
		}
		return nil
	})
	b, err := os.ReadFile(s.Mails()[0])
	if err != nil || !strings.Contains(string(b), "Return-Path: <a@sender.test>") || !strings.HasSuffix(string(b), "\n\nHello\n") {
		t.Errorf("%s %v", b, err)
	}
	Eventually(t, 10*time.Second, "the log says so", func() error {
		if !strings.Contains(s.MailLog(), "status=sent") {
			return os.ErrNotExist
		}
		return nil
	})
	s.Stop()
	s.Stop()
	s.Start() // the same port and queue
	if err := smtp.SendMail(s.Addr(), nil, "a@sender.test", []string{"b@inbox.test"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 30*time.Second, "the second arrives too", func() error {
		if len(s.Mails()) != 2 {
			return os.ErrNotExist
		}
		return nil
	})
}

// TestPostfixFlush: a mail that was in a delivery's hands when the queue was run is left alone for a minute, and tried at once
// when the queue is flushed.
func TestPostfixFlush(t *testing.T) {
	port := Port(t)
	s := StartPostfix(t, "relay_domains=gone.test", fmt.Sprintf("transport_maps=inline:{gone.test=lmtp:inet:127.0.0.1:%d}", port))
	if err := smtp.SendMail(s.Addr(), nil, "a@sender.test", []string{"b@gone.test"}, []byte("Subject: One\r\n\r\nHello\r\n")); err != nil {
		t.Fatal(err)
	}
	var held *os.File
	Eventually(t, 30*time.Second, "the mail waits and can be held", func() error {
		found, err := filepath.Glob(filepath.Join(s.folder, "queue", "deferred", "*", "*"))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%q, %w", found, err)
		}
		if held, err = os.Open(found[0]); err != nil {
			return err
		}
		if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			_ = held.Close()
			return err
		}
		return nil
	})
	Eventually(t, 30*time.Second, "Postfix meets it held", func() error {
		if !strings.Contains(s.MailLog(), "skipped, still being delivered") {
			return os.ErrNotExist
		}
		return nil
	})
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	s.FlushQueue()
	c, err := l.Accept()
	if err != nil {
		t.Fatalf("not tried again: %v; %s", err, s.MailLog())
	}
	_ = c.Close()
}
