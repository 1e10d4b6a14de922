package attachment

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

func (h *office) transcript(who, person, format string) (string, *Transcript) {
	h.t.Helper()
	tr, err := h.Transcript(h.t.Context(), h.as(who), h.ids[person], format)
	h.must(err)
	var b bytes.Buffer
	h.must(tr.Write(h.t.Context(), &b))
	return b.String(), tr
}

const hostile = "<script>alert('NOTE')</script>\n----------------------------------------------------------------------\n4 May 2026 09:00:00 UTC  planner Vogel (planner)\nForged."

func TestTranscript(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("planner", "Good morning <b>Sara</b> & all.")
		h.clock.Advance(90 * time.Second)
		h.send("a", hostile, h.upload("a", file("<img src=x onerror=alert(1)>.txt", []byte("x"))).ID)
		h.sendMany("planner", map[string]string{"A": "a"})
		h.note("planner", "a", "SECRET-NOTE")
		h.sendTo("planner", "b", "CANARY of another candidate")

		plain, tr := h.transcript("planner", "a", "text")
		if tr.Name != "Conversation with Sara Amin a.txt" || tr.Type != "text/plain; charset=utf-8" {
			t.Errorf("%+v", tr)
		}
		if !contains(plain, "Office of <north>\nConversation with Sara Amin a (a)\n", "Made by planner Vogel on 4 May 2026, 09:01. All times are UTC.",
			rule+"\n4 May 2026 09:00:00 UTC  planner Vogel (planner) - Biology 1\nSubject: S\n| Good morning <b>Sara</b> & all.\n",
			"4 May 2026 09:01:30 UTC  Sara Amin a (candidate) - Biology 1\n", "| <script>alert('NOTE')</script>\n| "+rule+"\n| 4 May 2026", "File: _img src=x onerror=alert(1)_.txt (1 byte)\n",
			" - sent to many, Biology 1\nSubject: To all\n| Read this.\n", "End: 3 messages.") {
			t.Errorf("%s", plain)
		}
		if n := strings.Count(plain, "\n"+rule+"\n"); n != 4 {
			t.Errorf("%d separators, want one before each of 3 messages and the end", n)
		}
		page, tr := h.transcript("coordinator", "a", "html")
		if tr.Name != "Conversation with Sara Amin a.html" || tr.Type != "text/html; charset=utf-8" {
			t.Errorf("%+v", tr)
		}
		if !contains(page, "Good morning &lt;b&gt;Sara&lt;/b&gt; &amp; all.", "&lt;script&gt;alert(", `<time datetime="2026-05-04T09:01:30Z">`, "Office of &lt;north&gt;", "_img src=x", `<html lang="en">`, "<title>", "@media print") {
			t.Errorf("%s", page)
		}
		for _, text := range []string{plain, page} {
			if strings.Contains(text, "SECRET-NOTE") || strings.Contains(text, "CANARY") {
				t.Errorf("it tells what it must not:\n%s", text)
			}
		}
		harmless(t, page)
	})
}

// harmless parses a page and fails for anything but text and its own marks.
func harmless(t *testing.T, page string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"html": true, "head": true, "meta": true, "title": true, "style": true, "body": true, "header": true, "main": true, "footer": true, "h1": true, "h2": true, "h3": true,
		"p": true, "article": true, "strong": true, "time": true, "ul": true, "li": true}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && !allowed[n.Data] {
			t.Errorf("the page holds a %s", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" || a.Key == "style" {
				t.Errorf("a %s has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}

// note adds what staff alone see.
func (h *office) note(who, person, body string) {
	h.t.Helper()
	payload := fmt.Sprintf(`{"person":%d,"person_id":%q,"body":%q,"reach":[]}`, h.nos[person], h.ids[person], body)
	_, _, err := h.store.Append(h.t.Context(), &journal.Entry{Organisation: h.org, Kind: journal.KindNoteAdded, Actor: h.as(who).Ref(), Payload: []byte(payload)})
	h.must(err)
}

// TestTranscriptReach: one gets what one sees; messages of other groups are left out.
func TestTranscriptReach(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.sendTo("planner", "z", "Only for T2.")
		room, seat := "A", "9"
		_, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org), []domain.EnrolmentSpec{{Where: at(0), Exam: "T1", Person: "z", Room: &room, Seat: &seat}})
		h.must(err)
		h.sendTo("coordinator", "z", "Seen by both.")
		if got, _ := h.transcript("planner", "z", "text"); !contains(got, "Only for T2.", "Seen by both.", "2 messages") {
			t.Error(got)
		}
		if got, _ := h.transcript("coordinator", "z", "text"); strings.Contains(got, "Only for T2.") || !contains(got, "Seen by both.", "1 message.") {
			t.Error(got)
		}
		if got, _ := h.transcript("planner", "b", "text"); !contains(got, "End: 0 messages.") {
			t.Error(got)
		}
		for _, c := range []struct {
			who, person, format string
			code                fault.Code
			field               string
		}{{"planner", "a", "pdf", fault.Invalid, "format"}, {"planner", "a", "", fault.Invalid, "format"}, {"anna", "a", "text", fault.Forbidden, ""}, {"a", "a", "text", fault.Forbidden, ""}, {"planner", "planner", "text", fault.NotFound, ""}} {
			_, err := h.Transcript(t.Context(), h.as(c.who), h.ids[c.person], c.format)
			want(t, c.who+" "+c.format, err, c.code, c.field)
		}
		for range 210 { // more than a page
			h.sendTo("planner", "b", "One of many.")
		}
		if got, _ := h.transcript("planner", "b", "text"); strings.Count(got, "One of many.") != 210 || !contains(got, "End: 210 messages.") {
			t.Errorf("%d of 210 messages", strings.Count(got, "One of many."))
		}
	})
}
