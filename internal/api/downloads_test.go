package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"crier/internal/channel/email"
	"crier/internal/domain"
	"crier/internal/testkit"
)

// linkedFile sends a file that is too large for a mail to a1 by email, and returns the path of its link.
func (f *fixture) linkedFile(t *testing.T, key string, body []byte) string {
	t.Helper()
	var page struct{ Outbox []captured }
	f.must(t, "north/admin", "GET", "/outbox", nil).into(t, &page)
	had := len(page.Outbox)
	file := f.take(t, "north/planner", "site plan.pdf", body)
	f.must(t, "north/planner", "POST", "/conversations/"+f.ids["north/a1"]+"/messages", item{"key": key, "body": "The plan", "subject": "s",
		"channels": []string{"email"}, "attachments": []string{file.Attachment.ID}})
	mail := f.outbox(t, "north/admin", had+1)[0]
	found := regexp.MustCompile(`https?://[^/\s]+(/(?:download|files)/\S+)`).FindStringSubmatch(mail.Text)
	if found == nil || strings.Contains(mail.Text, "/api/v1/") {
		t.Fatalf("the mail has no link to a page: %s", mail.Text)
	}
	if once := strings.Contains(mail.Text, "Each link works once, until "); once != strings.HasPrefix(found[1], "/download/") {
		t.Errorf("the mail says of its links: %s", mail.Text)
	}
	return found[1]
}

// TestDownloadLink: a link to a file for a person without pages shows a page, hands the file over once after a click,
// and says in words why it no longer works.
func TestDownloadLink(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		f.reachable(t, "north", "a1", "+47 400 00 001")
		body := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("plan "), email.CarryMost/5+1)...)
		if p := f.linkedFile(t, "linked-file-0", body); !strings.HasPrefix(p, "/files/") {
			t.Errorf("a person with pages gets %s", p)
		}
		f.must(t, "north/admin", "PATCH", "/settings", item{"staff_chat_only": true})
		link := "/" + f.linkedFile(t, "linked-file-1", body)
		form := "application/x-www-form-urlencoded"
		says := func(what, method, link string, status int, words string) {
			t.Helper()
			a := f.send(t, "", method, link, form, nil)
			if a.status != status || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(string(a.body), words) {
				t.Errorf("%s: %d %s", what, a.status, a.body[:min(len(a.body), 600)])
			}
		}
		for range 2 { // a program that looks at links uses nothing up
			says("looking", "GET", link, 200, "site plan.pdf")
		}
		says("forged", "GET", link[:len(link)-2]+"aa", 404, "does not lead to a file")
		says("forged", "POST", link[:len(link)-2]+"aa", 404, "does not lead to a file")

		// A download that breaks off leaves the link as it was.
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.base+link[1:], nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
			t.Error(err)
		}
		cancel()
		resp.Body.Close()
		testkit.Eventually(t, 20*time.Second, "the link works again", func() error {
			if a := f.send(t, "", "GET", link, "", nil); a.status != 200 {
				return fmt.Errorf("%d", a.status)
			}
			return nil
		})

		a := f.send(t, "", "POST", link, form, nil)
		if a.status != 200 || !bytes.Equal(a.body, body) || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment; ") {
			t.Fatalf("the click: %d, %d bytes, %v", a.status, len(a.body), a.header)
		}
		says("again", "POST", link, 410, "has been downloaded")
		says("again", "GET", link, 410, "has been downloaded")

		// Who sent it asks for it by a token of their own; one that has expired says so.
		tokens := email.NewTokens(f.node.Store.SealKey())
		d, err := tokens.OpenDownload(strings.TrimPrefix(link, "//download/"))
		if err != nil || time.Until(d.Until) < domain.DownloadFor-2*time.Hour || time.Until(d.Until) > domain.DownloadFor {
			t.Fatalf("%+v %v", d, err)
		}
		d.Until = time.Now().Add(-time.Hour)
		says("expired", "POST", "//download/"+tokens.Download(d), 410, "has expired")
		other := "/" + f.linkedFile(t, "linked-file-2", body)
		e, err := tokens.OpenDownload(strings.TrimPrefix(other, "//download/"))
		if err != nil {
			t.Fatal(err)
		}
		d.Until, d.Attachment = e.Until, e.Attachment // of another message
		says("another's", "POST", "//download/"+tokens.Download(d), 404, "does not lead to a file")
		f.must(t, "north/key", "PUT", "/provisioning/people", item{"items": []item{{"external_id": "a1", "kind": "candidate", "given_name": "a1", "family_name": "A", "state": "locked"}}})
		says("locked", "POST", other, 410, "no longer available")
	})
}

// TestLinksFromElsewhere: a browser that follows an address of the API from a mail is led to a page.
func TestLinksFromElsewhere(t *testing.T) {
	f := start(t, nil)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct{ path, site, mode, to string }{
		{"/attachments/x", "cross-site", "navigate", "/files/x"}, {"/attachments/x", "none", "navigate", "/files/x"},
		{"/exports/x/file", "cross-site", "navigate", "/staff/exports?fetch=x"},
		{"/attachments/x", "same-origin", "navigate", ""}, {"/exports/x/file", "cross-site", "cors", ""}, {"/exports/x/file", "", "", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+"/api/v1"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", c.site)
		r.Header.Set("Sec-Fetch-Mode", c.mode)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != c.to || (c.to == "") != (resp.StatusCode == http.StatusUnauthorized) {
			t.Errorf("%+v: %d to %q", c, resp.StatusCode, got)
		}
	}
}
