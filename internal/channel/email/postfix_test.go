package email

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"mime"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"crier/internal/channel"
	"crier/internal/clock"
	"crier/internal/testkit"
)

// dkimKey writes a key as an operator would.
func dkimKey(t *testing.T) (path string, public *rsa.PublicKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "dkim.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, &key.PublicKey
}

// TestPostfix hands a mail to a real Postfix and reads it in the mailbox: header, both parts, the file's bytes, the signature.
func TestPostfix(t *testing.T) {
	far := testkit.StartPostfix(t)
	path, public := dkimKey(t)
	s := sender(t, Server{Addr: far.Addr(), DKIMDomain: "mail.example.org", DKIMSelector: "c2026", DKIMKey: path})
	picture := make([]byte, 3<<20)
	_, _ = rand.Read(picture)
	o := whole()
	o.Address, o.Files = "sara@inbox.test", []channel.File{file("kart ø – عرض.png", "image/png", picture)}
	o.Subject = "Rom B – ikke A: møt opp kl. 9 ved inngangen på østsiden av bygget, og ta med gyldig legitimasjon 😀"
	o.Text += "\n\n.\n.. en linje som begynner med punktum\nFrom meg\n" + strings.Repeat("svært lang linje ", 200)
	if _, err := s.Send(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "the mail is in the mailbox", func() error {
		if n := len(far.Mails()); n != 1 {
			return fmt.Errorf("%d mails; the log says\n%s", n, far.MailLog())
		}
		return nil
	})
	raw, err := os.ReadFile(far.Mails()[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	dec := &mime.WordDecoder{}
	for field, want := range map[string]string{
		"Return-Path": "<" + o.ReturnTo + ">", "Delivered-To": "sara@inbox.test", "Subject": o.Subject, "Reply-To": `"Nordlys VGS" <` + o.ReplyTo + ">", "Message-Id": "<" + o.MessageID + ">",
		"In-Reply-To": "<" + o.InReplyTo + ">", "To": `"Sara Amin" <sara@inbox.test>`, "From": `"Kari Nordmann, Nordlys VGS" <crier@mail.example.org>`,
	} {
		if got, err := dec.DecodeHeader(m.Header.Get(field)); err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", field, got, err, want)
		}
	}
	p := parts(m)
	if got := []byte(p["file kart ø – عرض.png"]); sha256.Sum256(got) != sha256.Sum256(picture) {
		t.Errorf("%d bytes of the file have arrived, of %d", len(got), len(picture))
	}
	if got := spoken(strings.ReplaceAll(p["text/plain"], "\r\n", "\n")); !strings.HasSuffix(got, strings.TrimSpace(o.Text)) {
		t.Errorf("the text is\n%s", got)
	}
	if !strings.Contains(p["text/html"], "svært lang linje") || !strings.Contains(p["text/html"], "Åpne samtalen") {
		t.Errorf("the page is\n%s", p["text/html"])
	}
	if err := verifyDKIM(raw, public); err != nil {
		t.Errorf("the signature: %v", err)
	}
	for name, change := range map[string]func(string) string{
		"another text":      func(s string) string { return strings.Replace(s, "Kom til rom", "Kom til rim", 1) },
		"another subject":   func(s string) string { return strings.Replace(s, "\nSubject:", "\nSubject: Re:", 1) },
		"another reply":     func(s string) string { return strings.Replace(s, ReplyPrefix, "other+", 1) },
		"a second subject":  func(s string) string { return strings.Replace(s, "\nSubject:", "\nSubject: x\nSubject:", 1) },
		"another signature": func(s string) string { return strings.Replace(s, "; s=c2026;", "; s=c2027;", 1) },
	} {
		altered := change(string(raw))
		if altered == string(raw) {
			t.Errorf("%s: nothing was altered", name)
		}
		if verifyDKIM([]byte(altered), public) == nil {
			t.Errorf("%s: the signature holds still", name)
		}
	}
}

// TestPostfixRefuses: what Postfix refuses is told apart.
func TestPostfixRefuses(t *testing.T) {
	far := testkit.StartPostfix(t, "smtpd_recipient_restrictions=check_recipient_access inline:{ {nobody@inbox.test=REJECT 5.1.1 no such mailbox}, {later@inbox.test=DEFER 4.2.2 over quota} }, permit", "message_size_limit=100000")
	s := sender(t, Server{Addr: far.Addr()})
	for address, want := range map[string]struct {
		kind channel.Kind
		code string
	}{"nobody@inbox.test": {channel.Permanent, "554 5.1.1"}, "later@inbox.test": {channel.Temporary, "450 4.2.2"}} {
		o := hello
		o.Address = address
		_, err := s.Send(t.Context(), o)
		if e, ok := errors.AsType[*channel.Error](err); !ok || e.Kind != want.kind || e.Code != want.code {
			t.Errorf("%s: %#v", address, err)
		}
	}
	o := hello
	o.Address, o.Files = "sara@inbox.test", []channel.File{file("big.bin", "", make([]byte, 200000))}
	if _, err := s.Send(t.Context(), o); channel.KindOf(err) != channel.Permanent {
		t.Errorf("too large a mail: %v", err)
	}
	o.Files = nil
	if _, err := s.Send(t.Context(), o); err != nil {
		t.Errorf("after all that: %v", err)
	}
	far.Stop()
	if _, err := s.Send(t.Context(), o); channel.KindOf(err) != channel.Provider {
		t.Errorf("Postfix is down: %v", err)
	}
	far.Start()
	if _, err := s.Send(t.Context(), o); err != nil {
		t.Errorf("Postfix is back: %v", err)
	}
}

// verifyDKIM holds a mail against its signature (RFC 6376, section 6.1.3), relaxed in header and body as ours are. It was
// written from the RFC, not from the signer.
func verifyDKIM(raw []byte, public *rsa.PublicKey) error {
	text := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")
	head, body, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		return errors.New("no body")
	}
	var fields []string
	for l := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") {
			fields[len(fields)-1] += "\r\n" + l
			continue
		}
		fields = append(fields, l)
	}
	spaces := regexp.MustCompile(`[ \t]+`)
	relax := func(f string) string {
		name, value, _ := strings.Cut(f, ":")
		return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + strings.Trim(spaces.ReplaceAllString(strings.ReplaceAll(value, "\r\n", ""), " "), " ")
	}
	signature := ""
	for _, f := range fields {
		if strings.HasPrefix(strings.ToLower(f), "dkim-signature:") {
			signature = f
		}
	}
	tags := map[string]string{}
	for tag := range strings.SplitSeq(strings.TrimPrefix(relax(signature), "dkim-signature:"), ";") {
		name, value, _ := strings.Cut(tag, "=")
		tags[strings.TrimSpace(name)] = strings.ReplaceAll(value, " ", "")
	}
	if tags["v"] != "1" || tags["a"] != "rsa-sha256" || tags["c"] != "relaxed/relaxed" || tags["d"] != "mail.example.org" || tags["l"] != "" {
		return fmt.Errorf("tags %v", tags)
	}
	lines := strings.Split(body, "\r\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(spaces.ReplaceAllString(l, " "), " ")
	}
	sum := sha256.Sum256([]byte(strings.TrimRight(strings.Join(lines, "\r\n"), "\r\n") + "\r\n"))
	if base64.StdEncoding.EncodeToString(sum[:]) != tags["bh"] {
		return errors.New("the body's hash is another")
	}
	var in strings.Builder
	used := map[int]bool{}
	for name := range strings.SplitSeq(tags["h"], ":") {
		for i := len(fields) - 1; i >= 0; i-- { // from the bottom; a name more than there are fields signs that there is none
			n, _, _ := strings.Cut(fields[i], ":")
			if !used[i] && strings.EqualFold(n, name) {
				used[i] = true
				in.WriteString(relax(fields[i]) + "\r\n")
				break
			}
		}
	}
	unsigned := regexp.MustCompile(`([;\s]b=)[^;]*`).ReplaceAllString(signature, "$1")
	in.WriteString(relax(unsigned))
	b, err := base64.StdEncoding.DecodeString(tags["b"])
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(in.String()))
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, hash[:], b)
}

// TestSignedStopLinks: the link that ends mails is covered by the signature.
func TestSignedStopLinks(t *testing.T) {
	f := listen(t, nil, false)
	path, public := dkimKey(t)
	s := sender(t, Server{Addr: f.addr, DKIMDomain: "mail.example.org", DKIMSelector: "c2026", DKIMKey: path})
	o := whole()
	o.Automatic, o.Stop = true, "https://crier.example.org/stop/x"
	if _, err := s.Send(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := verifyDKIM([]byte(f.raw[0]), public); err != nil {
		t.Error(err)
	}
	for _, field := range []string{"List-Unsubscribe:", "List-Unsubscribe-Post:"} {
		if verifyDKIM([]byte(strings.Replace(f.raw[0], "\n"+field, "\n"+field+" x", 1)), public) == nil {
			t.Errorf("%s is not covered", field)
		}
	}
}

func TestKeys(t *testing.T) {
	path, _ := dkimKey(t)
	c := &Composer{From: "crier@mail.example.org", Clock: clock.NewFixed(testTime)}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c2 := range map[string]struct {
		server Server
		ok     bool
	}{
		"a key":          {Server{Addr: "127.0.0.1:25", DKIMKey: path, DKIMDomain: "example.org", DKIMSelector: "a"}, true},
		"no domain":      {Server{Addr: "127.0.0.1:25", DKIMKey: path, DKIMSelector: "a"}, false},
		"a long domain":  {Server{Addr: "127.0.0.1:25", DKIMKey: path, DKIMDomain: strings.Repeat("a.", 40) + "org", DKIMSelector: "a"}, false},
		"no file":        {Server{Addr: "127.0.0.1:25", DKIMKey: path + "x", DKIMDomain: "example.org", DKIMSelector: "a"}, false},
		"no key in it":   {Server{Addr: "127.0.0.1:25", DKIMKey: empty, DKIMDomain: "example.org", DKIMSelector: "a"}, false},
		"no port":        {Server{Addr: "127.0.0.1"}, false},
		"a port by name": {Server{Addr: "127.0.0.1:smtp"}, false},
	} {
		if _, err := NewSender(c2.server, c); (err == nil) != c2.ok || err != nil && strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkSender hands mails to a server of this process.
func BenchmarkSender(b *testing.B) {
	f := listen(b, nil, false)
	s, err := NewSender(Server{Addr: f.addr}, &Composer{From: "crier@mail.example.org", Clock: clock.System{}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o := whole()
			o.Files = nil
			if _, err := s.Send(context.Background(), o); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
	_ = s.Close()
}
