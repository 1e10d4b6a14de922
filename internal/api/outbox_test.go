package api_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/app"
	"crier/internal/testkit"
)

type captured struct {
	ID, Channel, From, To, Subject, Text string
	Parts                                int
	Person                               struct{ ID, Name string }
}

// outbox reads what would have gone out, once at least n are there.
func (f *fixture) outbox(t *testing.T, who string, n int) []captured {
	t.Helper()
	var page struct {
		Outbox []captured
		Next   string
	}
	testkit.Eventually(t, 20*time.Second, fmt.Sprintf("%d copies in the outbox", n), func() error {
		f.must(t, who, "GET", "/outbox", nil).into(t, &page)
		if len(page.Outbox) < n {
			return fmt.Errorf("%d copies", len(page.Outbox))
		}
		return nil
	})
	return page.Outbox
}

func (f *fixture) reachable(t *testing.T, slug, id, phone string) {
	t.Helper()
	f.must(t, slug+"/key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": id, "kind": "candidate", "given_name": id, "family_name": canary(slug, id),
		"email": canary(slug, id) + "@example.org", "phone": phone, "sms_consent": item{"state": "in", "words": "signed at the desk"}}}})
}

// said are the bodies of what a candidate has written, the newest first.
func (f *fixture) said(t *testing.T, person string) []string {
	t.Helper()
	var page struct {
		Items []struct{ Type, Direction, Body string }
	}
	f.must(t, "north/planner", "GET", "/conversations/"+f.ids["north/"+person], nil).into(t, &page)
	var out []string
	for _, i := range page.Items {
		if i.Type == "message" && i.Direction == "in" {
			out = append(out, i.Body)
		}
	}
	return out
}

// TestOutboxBothWays sends by email and SMS on a node without providers, shows what would have gone, and answers as the
// recipient: each answer is in the conversation once, without what it quotes.
func TestOutboxBothWays(t *testing.T) {
	f := start(t, nil)
	f.reachable(t, "north", "a1", "+47 400 00 001")
	body := "Room B at ten.\n<script>alert(1)</script> & bring your card"
	f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/messages", item{"key": "outbox-key-1", "body": body, "subject": "Your room", "group": f.ids["north/P1"], "channels": []string{"email", "sms"}})
	by := map[string]captured{}
	for _, c := range f.outbox(t, "north/planner", 2) {
		by[c.Channel] = c
		if c.Person.ID != f.ids["north/a1"] || !strings.Contains(c.Text, "Room B at ten.") || c.From == "" {
			t.Errorf("%+v", c)
		}
	}
	email, sms := by["email"], by["sms"]
	if email.To != canary("north", "a1")+"@example.org" || email.Subject != "Your room" || sms.To != "+4740000001" || sms.Parts == 0 {
		t.Errorf("%+v", by)
	}

	page := f.must(t, "north/admin", "GET", "/outbox/"+email.ID+"/html", nil)
	if got := page.header.Get("Content-Security-Policy"); got != "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'" {
		t.Errorf("policy %q", got)
	}
	if h := page.header; h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		t.Errorf("%v", h)
	}
	if html := string(page.body); !strings.Contains(html, "Room B at ten.") || strings.Contains(html, "<script") {
		t.Errorf("%s", html)
	}
	raw := f.must(t, "north/admin", "GET", "/outbox/"+email.ID+"/raw", nil)
	if d := raw.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || raw.header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("%v", raw.header)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(raw.body)))
	if err != nil {
		t.Fatal(err)
	}
	if to, err := m.Header.AddressList("Reply-To"); err != nil || len(to) != 1 || !strings.HasPrefix(to[0].Address, "reply+") {
		t.Errorf("%v, %v", to, err)
	}

	f.must(t, "north/planner", "POST", "/outbox/"+email.ID+"/reply", item{"body": "By mail:\r\nI will be there — æøå 😀"})
	f.must(t, "north/planner", "POST", "/outbox/"+sms.ID+"/reply", item{"body": "By SMS: see you"})
	if got := f.said(t, "a1"); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", []string{"By SMS: see you", "By mail:\nI will be there — æøå 😀"}) {
		t.Errorf("in the conversation: %q", got)
	}
	f.must(t, "north/planner", "POST", "/outbox/"+sms.ID+"/reply", item{"body": "STOP"})
	var consents struct{ SMS string }
	f.must(t, "north/planner", "GET", "/people/"+f.ids["north/a1"]+"/consents", nil).into(t, &consents)
	if consents.SMS != "out" {
		t.Errorf("after STOP: %+v", consents)
	}

	for _, c := range []struct {
		who, path string
		body      any
		status    int
	}{
		{"north/planner", "/outbox/" + sms.ID + "/html", nil, 404}, {"north/planner", "/outbox/" + sms.ID + "/raw", nil, 404}, {"north/planner", "/outbox/none/html", nil, 404},
		{"north/planner", "/outbox/" + email.ID + "/reply", item{"body": " "}, 422}, {"north/planner", "/outbox/" + email.ID + "/reply", item{"body": strings.Repeat("a", 4001)}, 422},
		{"north/planner", "/outbox/none/reply", item{"body": "a"}, 404}, {"north/chief", "/outbox/" + email.ID + "/html", nil, 403}, {"north/a1", "/outbox/" + email.ID + "/raw", nil, 403},
		{"south/planner", "/outbox/" + email.ID + "/html", nil, 404}, {"south/planner", "/outbox/" + email.ID + "/raw", nil, 404}, {"south/planner", "/outbox/" + sms.ID + "/reply", item{"body": "a"}, 404},
	} {
		method := "GET"
		if c.body != nil {
			method = "POST"
		}
		if a := f.call(t, c.who, method, c.path, c.body); a.status != c.status || strings.Contains(string(a.body), "NORTH-canary") {
			t.Errorf("%s %s as %s: %d %s", method, c.path, c.who, a.status, a.body)
		}
	}
	if list := f.must(t, "south/planner", "GET", "/outbox", nil); strings.Contains(string(list.body), "canary") {
		t.Errorf("the south sees %s", list.body)
	}
	if logs := f.logs.String(); strings.Contains(logs, "+4740000001") || strings.Contains(logs, canary("north", "a1")+"@") || strings.Contains(logs, "Room B at ten") {
		t.Error("addresses or texts are in the log")
	}
}

// browser is one that takes pushes, with its push service.
type browser struct {
	client *http.Client
	sub    item
	mu     sync.Mutex
	status int
	got    int
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{status: http.StatusCreated}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.got++
		w.WriteHeader(b.status)
	}))
	t.Cleanup(s.Close)
	b.client = s.Client()
	b.sub = item{"endpoint": s.URL + "/browser", "keys": item{"p256dh": base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), "auth": "c2l4dGVlbiBzZWNyZXQgYg"}}
	return b
}

func (b *browser) answer(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

func (b *browser) pushes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got
}

// TestPush: the staff member who has a conversation gets a push of a reply; a browser that is gone is asked no more.
func TestPush(t *testing.T) {
	b := newBrowser(t)
	f := start(t, nil, app.Options{PushClient: b.client})
	conversation := "/conversations/" + f.ids["north/a1"]
	f.must(t, "north/coordinator", "POST", "/me/push", b.sub)
	f.must(t, "north/coordinator", "POST", conversation+"/claim", item{"take_over": true})
	f.write(t, "north/coordinator", "a1", "are you there?", item{"group": f.ids["north/P1"]})
	arrives := func(n int, key string) {
		t.Helper()
		f.must(t, "north/a1", "POST", "/inbox/messages", item{"key": key, "body": "I am", "group": f.ids["north/P1"]})
		testkit.Eventually(t, 20*time.Second, "a push", func() error {
			if got := b.pushes(); got < n {
				return fmt.Errorf("%d pushes", got)
			}
			return nil
		})
	}
	arrives(1, "push-reply-1")
	b.answer(http.StatusGone)
	arrives(2, "push-reply-2")
	var page struct {
		Deliveries []struct{ State, Channel string }
	}
	testkit.Eventually(t, 20*time.Second, "the push ends", func() error {
		f.must(t, "north/planner", "GET", "/deliveries?channel=push&state=failed", nil).into(t, &page)
		if len(page.Deliveries) != 1 {
			return fmt.Errorf("%+v", page)
		}
		return nil
	})
	f.must(t, "north/a1", "POST", "/inbox/messages", item{"key": "push-reply-3", "body": "still", "group": f.ids["north/P1"]})
	f.must(t, "north/planner", "GET", "/deliveries?channel=push", nil).into(t, &page)
	if len(page.Deliveries) != 2 || b.pushes() != 2 {
		t.Errorf("a browser that is gone is asked: %+v, %d pushes", page, b.pushes())
	}

	for name, change := range map[string]item{
		"endpoint": {"endpoint": "http://127.0.0.1/x", "keys": b.sub["keys"]}, "keys": {"endpoint": b.sub["endpoint"], "keys": item{"p256dh": "AAAA", "auth": "AAAA"}},
	} {
		if a := f.call(t, "north/a1", "POST", "/me/push", change); a.status != 422 || a.refused(t).Error.Field != name {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := f.call(t, "north/key", "POST", "/me/push", b.sub); a.status != 403 {
		t.Errorf("an API key subscribes: %d", a.status)
	}
	f.must(t, "north/a1", "POST", "/me/push", b.sub)
	f.must(t, "north/a1", "DELETE", "/me/push", b.sub)
	f.must(t, "north/a1", "DELETE", "/me/push", b.sub)
	if logs := f.logs.String(); strings.Contains(logs, "/browser") || strings.Contains(logs, "c2l4dGVlbiBzZWNyZXQgYg") {
		t.Error("a subscription is in the log")
	}
}
