package api_test

import (
	"fmt"
	"net/mail"
	"strings"
	"testing"

	"crier/internal/channel/mailin"
)

type talk struct {
	Items []struct {
		ID, Type, Direction, Via, Body, Original string
		Cut                                      bool
		Trial                                    *struct{ ID, Name string }
	}
	Conversation struct{ Last struct{ Via, Line string } }
}

// talk is a candidate's conversation.
func (f *fixture) talk(t *testing.T, who, person string) (out talk) {
	t.Helper()
	f.must(t, who, "GET", "/conversations/"+f.ids["north/"+person], nil).into(t, &out)
	return out
}

// tried answers a mail of the outbox and returns where its original is.
func (f *fixture) tried(t *testing.T, outbox, person, body string) string {
	t.Helper()
	f.must(t, "north/planner", "POST", outbox+"/reply", item{"body": body})
	for _, i := range f.talk(t, "north/planner", person).Items {
		if i.Body == body {
			return strings.TrimPrefix(i.Original, "/api/v1")
		}
	}
	t.Fatalf("%q is not there", body)
	return ""
}

// forged brings a mail of somebody else to the address of a mail's conversation, and returns where its original is.
func (f *fixture) forged(t *testing.T, outbox, body string) (path, raw string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(f.must(t, "north/planner", "GET", outbox+"/raw", nil).body)))
	if err != nil {
		t.Fatal(err)
	}
	to, err := m.Header.AddressList("Reply-To")
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.sms++
	n := f.sms
	f.mu.Unlock()
	raw = fmt.Sprintf("From: evil@example.net\r\nMessage-ID: <%d@example.net>\r\nSubject: \"; filename=evil.html\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>%s", n, body)
	parsed, err := mailin.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.node.Inbound.Receive(t.Context(), mailin.Envelope{From: "evil@example.net", To: to[0].Address, Raw: []byte(raw), Mail: parsed}); err != nil {
		t.Fatal(err)
	}
	var out struct {
		Inbound []struct{ ID, Original, Channel string }
	}
	f.must(t, "north/planner", "GET", "/unmatched?limit=200", nil).into(t, &out)
	for _, in := range out.Inbound {
		if in.Channel == "email" {
			path = strings.TrimPrefix(in.Original, "/api/v1")
		}
	}
	return path, raw
}

// TestOriginals: a mail can be saved as it came, from the conversation and from what waits; nothing shows it as a page. The
// conversation says what every answer came by, to staff and to the candidate, and who tried one out.
func TestOriginals(t *testing.T) {
	f := start(t, nil)
	f.reachable(t, "north", "a1", "+47 400 00 001")
	f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/messages", item{"key": "originals-1", "body": "Can you?", "subject": "s", "group": f.ids["north/P1"], "channels": []string{"email", "sms"}})
	var outbox, text string
	for _, c := range f.outbox(t, "north/planner", 2) {
		if outbox = "/outbox/" + c.ID; c.Channel == "sms" {
			text = outbox
		}
	}
	for _, c := range f.outbox(t, "north/planner", 2) {
		if c.Channel == "email" {
			outbox = "/outbox/" + c.ID
		}
	}
	hers := f.tried(t, outbox, "a1", "by mail")
	waits, raw := f.forged(t, outbox, "evil")
	saved := func(who, path string) string {
		t.Helper()
		a := f.must(t, who, "GET", path, nil)
		h := a.header
		if h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), `attachment; filename="mail-`) || !strings.HasSuffix(h.Get("Content-Disposition"), ".eml") ||
			strings.Contains(h.Get("Content-Disposition"), "evil") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "private, no-store" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %v", path, h)
		}
		return string(a.body)
	}
	if got := saved("north/admin", waits); got != raw {
		t.Errorf("%q", got)
	}
	if got := saved("north/planner", hers); !strings.Contains(got, "by mail") || !strings.HasPrefix(got, "From: ") {
		t.Errorf("%q", got)
	}
	for _, c := range []struct {
		who, path string
		want      int
	}{
		{"south/planner", hers, 404}, {"south/planner", waits, 404}, {"north/a1", hers, 403}, {"north/a1", waits, 403}, {"north/chief", waits, 403},
		{"north/chief", hers, 403}, {"north/planner", "/messages/nonsense/original", 404}, {"north/planner", "/unmatched/none/original", 404},
	} {
		if a := f.call(t, c.who, "GET", c.path, nil); a.status != c.want {
			t.Errorf("%s %s: %d, want %d: %s", c.who, c.path, a.status, c.want, a.body)
		}
	}

	// The whole text is shown to the same people.
	for _, c := range []struct {
		who, path string
		want      int
	}{
		{"south/planner", hers, 404}, {"south/planner", waits, 404}, {"north/a1", hers, 403}, {"north/a1", waits, 403},
		{"north/chief", waits, 403}, {"north/chief", hers, 403}, {"north/planner", "/messages/nonsense/original", 404},
	} {
		if a := f.call(t, c.who, "GET", c.path+"/text", nil); a.status != c.want {
			t.Errorf("%s %s/text: %d, want %d: %s", c.who, c.path, a.status, c.want, a.body)
		}
	}
	var whole struct {
		Text string
		Cut  bool
	}
	f.must(t, "north/planner", "GET", hers+"/text", nil).into(t, &whole)
	if !whole.Cut || !strings.HasPrefix(whole.Text, "by mail") || !strings.Contains(whole.Text, "> Can you?") {
		t.Errorf("%+v", whole)
	}
	f.must(t, "north/admin", "GET", waits+"/text", nil).into(t, &whole)
	if whole.Cut || whole.Text != "evil" {
		t.Errorf("%+v", whole)
	}

	f.must(t, "north/planner", "POST", text+"/reply", item{"body": "by SMS"})
	f.must(t, "north/a1", "POST", "/inbox/messages", item{"key": "originals-2", "body": "in the pages", "subject": "s", "group": f.ids["north/P1"]})
	got := map[string]string{}
	seen := f.talk(t, "north/planner", "a1")
	for _, i := range seen.Items {
		trial := ""
		if i.Trial != nil {
			trial = " tried"
			if i.Trial.ID != f.staffID(t, "north", "planner") {
				t.Errorf("%+v", i.Trial)
			}
		}
		got[i.Body] = i.Via + trial
		if i.Cut != (i.Body == "by mail") {
			t.Errorf("%s: cut is %v", i.Body, i.Cut)
		}
	}
	for body, want := range map[string]string{"by mail": "email tried", "by SMS": "sms tried", "in the pages": "app", "Can you?": ""} {
		if got[body] != want {
			t.Errorf("%s: %q, want %q", body, got[body], want)
		}
	}
	if l := seen.Conversation.Last; l.Via != "app" || l.Line != "in the pages" {
		t.Errorf("%+v", l)
	}
	var inbox struct{ Messages []struct{ Body, Via string } }
	page := f.must(t, "north/a1", "GET", "/inbox", nil)
	page.into(t, &inbox)
	for _, m := range inbox.Messages {
		if want := strings.TrimSuffix(got[m.Body], " tried"); m.Via != want {
			t.Errorf("for the candidate, %s: %q, want %q", m.Body, m.Via, want)
		}
	}
	if len(inbox.Messages) != 4 || strings.Contains(string(page.body), "trial") || strings.Contains(string(page.body), "original") {
		t.Errorf("%s", page.body)
	}
	transcript := string(f.must(t, "north/planner", "GET", "/conversations/"+f.ids["north/a1"]+"/transcript?format=text", nil).body)
	for _, want := range []string{" - by email, a trial, typed by ", " - by SMS, a trial, typed by "} {
		if strings.Count(transcript, want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, transcript)
		}
	}
	log := string(f.must(t, "north/admin", "GET", "/log?kind=message.sent", nil).body)
	for _, want := range []string{" wrote by email, as ", " wrote by SMS, as ", " tried out on the Outbox page"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the log: %s", want, log)
		}
	}
}

// TestMailFiles: files that come by mail are taken under the limits of uploads, by what they hold; what is refused is named, and the
// original has it.
func TestMailFiles(t *testing.T) {
	f := start(t, nil)
	f.reachable(t, "north", "a1", "+47 400 00 001")
	f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/messages", item{"key": "mail-files-1", "body": "Can you?", "subject": "s", "group": f.ids["north/P1"], "channels": []string{"email"}})
	m, err := mail.ReadMessage(strings.NewReader(string(f.must(t, "north/planner", "GET", "/outbox/"+f.outbox(t, "north/planner", 1)[0].ID+"/raw", nil).body)))
	if err != nil {
		t.Fatal(err)
	}
	to, err := m.Header.AddressList("Reply-To")
	if err != nil {
		t.Fatal(err)
	}
	part := func(name, body string) string {
		return "--b\r\nContent-Type: text/plain; name=\"" + name + "\"\r\nContent-Disposition: attachment\r\n\r\n" + body + "\r\n"
	}
	forwarded := "From: boss@example.net\r\nSubject: Shift\r\nContent-Type: text/html\r\n\r\n<html><script>alert(1)</script>"
	raw := "From: " + canary("north", "a1") + "@example.org\r\nMessage-ID: <files@example.org>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee these\r\n" +
		part("plan.txt", "nine to five") + "--b\r\nContent-Type: message/rfc822; name=\"Fwd: Shift\"\r\n\r\n" + forwarded + "\r\n" + part("tool.txt", "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00") + part("huge.txt", strings.Repeat("0123456789\r\n", 1<<20)) + "--b--\r\n"
	parsed, err := mailin.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.node.Inbound.Receive(t.Context(), mailin.Envelope{To: to[0].Address, Raw: []byte(raw), Mail: parsed}); err != nil {
		t.Fatal(err)
	}
	var page struct {
		Items []struct {
			Body, Original string
			Attachments    []struct{ ID, Name, Type string }
		}
	}
	f.must(t, "north/planner", "GET", "/conversations/"+f.ids["north/a1"], nil).into(t, &page)
	got := page.Items[0]
	if len(got.Attachments) != 2 || got.Attachments[0].Name != "plan.txt" || got.Attachments[1].Type != "message/rfc822" || !strings.HasPrefix(got.Body, "See these\n\n[Not taken: tool.txt (") || !strings.Contains(got.Body, "; huge.txt (") {
		t.Errorf("%+v", got)
	}
	mailed := f.fetch(t, "north/planner", "/attachments/"+got.Attachments[1].ID, nil)
	if h := mailed.header; string(mailed.body) != forwarded || h.Get("Content-Type") != "application/octet-stream" ||
		h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; ") || got.Attachments[1].Name != "Fwd_ Shift.eml" {
		t.Errorf("%s: %v, %q", got.Attachments[1].Name, mailed.header, mailed.body)
	}
	if saved := f.must(t, "north/planner", "GET", strings.TrimPrefix(got.Original, "/api/v1"), nil); string(saved.body) != raw {
		t.Errorf("the original has %d bytes of %d", len(saved.body), len(raw))
	}
}
