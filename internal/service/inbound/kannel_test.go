package inbound_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/channel"
	"crier/internal/channel/sms"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/inbound"
	"crier/internal/testkit"
)

const (
	bearerbox = "/usr/sbin/bearerbox"
	smsbox    = "/usr/sbin/smsbox"
	fakesmsc  = "/usr/lib/kannel/test/fakesmsc"
)

// documented is the sms-service that README.md tells operators to configure, with its placeholders filled in.
func documented(t *testing.T, port int, slug, token string) string {
	t.Helper()
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```\ngroup = sms-service\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed || strings.Count(block, "https://HOST/") != 1 || !strings.Contains(block, "ORGANISATION") || !strings.Contains(block, "TOKEN") {
		t.Fatalf("README.md has no sms-service with HOST, ORGANISATION and TOKEN: %q", block)
	}
	return "group = sms-service\n" + strings.NewReplacer("https://HOST", fmt.Sprintf("http://127.0.0.1:%d", port), "ORGANISATION", slug, "TOKEN", token).Replace(block)
}

// TestKannel goes through a real gateway and its fake SMSC: SMS come in, each once, also those of a time when we were away; one
// goes out and is reported as delivered.
func TestKannel(t *testing.T) {
	for _, p := range []string{bearerbox, smsbox, fakesmsc} {
		if _, err := os.Stat(p); err != nil {
			t.Skip("skipped: kannel is not installed: apt-get install kannel kannel-extras")
		}
	}
	h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
	delivery := h.say("sara", domain.ChannelSMS)
	admin, box, smsc, http1, ours := testkit.Port(t), testkit.Port(t), testkit.Port(t), testkit.Port(t), testkit.Port(t)
	gateway := &sms.Kannel{Base: fmt.Sprintf("http://127.0.0.1:%d", http1), Username: "crier", Password: "secret", From: "1234", Status: fmt.Sprintf("http://127.0.0.1:%d/status", ours), Token: "a token of the gateway"}
	in := inbound.New(inbound.Options{Store: h.store, Writer: h, Intake: h, Blobs: h.blobs, Kannel: gateway, Sealer: cursor.NewSealer(h.store.SealKey()), Clock: h.clock, Log: zerolog.Nop(),
		Limits: domain.Limits{Subject: 200, Body: 4000}})

	folder := t.TempDir()
	conf := filepath.Join(folder, "kannel.conf")
	h.must(os.WriteFile(conf, fmt.Appendf(nil, `group = core
admin-port = %[1]d
admin-interface = 127.0.0.1
admin-password = x
smsbox-port = %[2]d
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = *.*.*.*
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
port = %[3]d
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %[4]d
sendsms-interface = 127.0.0.1
http-request-retry = 30
http-queue-delay = 1

group = sendsms-user
username = crier
password = secret
max-messages = 10

%[6]s
`, admin, box, smsc, http1, ours, documented(t, ours, "north", "a+token+of+the+gateway")), 0o600))
	dial := func(port int) func(context.Context) error {
		return func(ctx context.Context) error {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err == nil {
				err = c.Close()
			}
			return err
		}
	}
	testkit.StartProcess(t, "bearerbox", func() *exec.Cmd { return exec.Command(bearerbox, "-v", "1", conf) }, dial(box))
	testkit.StartProcess(t, "smsbox", func() *exec.Cmd { return exec.Command(smsbox, "-v", "1", conf) }, dial(http1))
	bring := func(name string, messages ...string) *testkit.Process {
		args := append([]string{"-H", "127.0.0.1", "-r", fmt.Sprint(smsc), "-i", "0.1", "-m", fmt.Sprint(len(messages))}, messages...)
		return testkit.StartProcess(t, name, func() *exec.Cmd { return exec.Command(fakesmsc, args...) }, nil)
	}
	said := func(words ...string) {
		t.Helper()
		testkit.Eventually(t, 60*time.Second, fmt.Sprintf("%q is there", words), func() error {
			all := strings.Join(h.said("sara"), "\n")
			for _, w := range words {
				if strings.Count(all, "|"+w+"|") != 1 {
					return fmt.Errorf("%q; waiting: %q", all, h.waiting())
				}
			}
			return nil
		})
	}
	// While nobody listens the gateway keeps it.
	early := bring("early", "+4740000001 1234 text while_away")

	var away atomic.Bool
	var refused atomic.Int64
	serve := func(status bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var err error
			if away.Load() {
				err = fault.New(fault.Unavailable, "away")
				refused.Add(1)
			} else {
				err = in.Kannel(r.Context(), inbound.KannelRequest{Slug: "north", Status: status, Query: r.URL.RawQuery})
			}
			w.WriteHeader(map[bool]int{true: http.StatusAccepted, false: http.StatusServiceUnavailable}[err == nil])
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/webhooks/kannel/north/message", serve(false))
	mux.HandleFunc("/status", serve(true))
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", ours))
	h.must(err)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	said("while_away")
	early.Stop() // the fake SMSC takes one at a time

	away.Store(true)
	second := bring("refused", "+4740000001 1234 text refused_at_first")
	testkit.Eventually(t, 30*time.Second, "it is refused", func() error {
		if refused.Load() == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	away.Store(false)
	second.Stop()
	third := bring("arabic", "+4740000001 1234 ucs2 %06%45%06%31")
	said("while_away", "refused_at_first", "مر")
	third.Stop()
	fifth := bring("binary", "+4740000001 1234 data %00%01%fe%ff")
	testkit.Eventually(t, 60*time.Second, "bytes wait", func() error {
		if all := strings.Join(h.waiting(), "\n"); !strings.Contains(all, "not_text: [4 bytes, not a text: 0001feff]") {
			return fmt.Errorf("waiting: %q", all)
		}
		return nil
	})
	fifth.Stop()
	sixth := bring("gsm", "+4740000001 1234 text {hei}")
	said("{hei}")
	sixth.Stop()
	seventh := bring("stop", "+4740000001 1234 text Stopp")
	said("Stopp")
	if h.consent("sara") != domain.ConsentOut {
		t.Error("STOP by the documented address is not obeyed")
	}
	seventh.Stop()
	h.must(h.ReceiveSMS(t.Context(), h.org, "test", sms.Received{ID: "start", From: "+4740000001", Text: "START"}))

	// And out: the fake SMSC acknowledges, and the gateway reports.
	stay := testkit.StartProcess(t, "smsc", func() *exec.Cmd {
		return exec.Command(fakesmsc, "-H", "127.0.0.1", "-r", fmt.Sprint(smsc), "-i", "1000", "-m", "-1", "+4740000001 1234 text bye")
	}, nil)
	testkit.Eventually(t, 30*time.Second, "the gateway takes it", func() error {
		a, err := gateway.Send(t.Context(), channel.Outgoing{ID: delivery, Address: "+4740000001", Text: "Can you? ø"})
		if err == nil && a.ProviderID != delivery {
			err = fmt.Errorf("%+v", a)
		}
		return err
	})
	testkit.Eventually(t, 60*time.Second, "it is reported as delivered", func() error {
		rows, err := h.store.Deliveries(t.Context(), h.org.ID, domain.Seen{All: true}, domain.DeliveryQuery{Person: h.people["sara"].ID, Limit: 10})
		for _, r := range rows {
			if r.ID == delivery && r.State != domain.DeliveryDelivered {
				err = fmt.Errorf("it is %s; the SMSC says %s", r.State, stay.Log())
			}
		}
		return err
	})
}
