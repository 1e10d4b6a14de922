package testkit

import (
	"net/smtp"
	"os"
	"strings"
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
