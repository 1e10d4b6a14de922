package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"crier/internal/channel/outbox"
	"crier/internal/domain"
	"crier/internal/service/roster"
)

// TestCapture: what is captured is kept, without the end of a huge mail, and the pages of those who may see it hear that
// something came, not what.
func TestCapture(t *testing.T) {
	r := serve(t, configured(t))
	org, _ := candidate(t, r.node)
	sys := domain.System(org.ID)
	login, password := "ines", "correct horse battery"
	if _, err := r.node.Roster.PutPeople(t.Context(), sys, []roster.Person{{ExternalID: "p1", Kind: domain.KindStaff, Role: domain.RolePlanner, GivenName: "Ines", FamilyName: "Vogel", Login: &login, Password: &password}}); err != nil {
		t.Fatal(err)
	}
	var signedIn struct{ Session struct{ Token string } }
	post(t, "http://"+r.base+"/api/v1/session", "", `{"organisation":"north","login":"ines","password":"`+password+`","token":true}`, &signedIn)
	var ticket struct{ Ticket string }
	post(t, "http://"+r.base+"/api/v1/tickets", signedIn.Session.Token, `{}`, &ticket)
	c, _, err := websocket.Dial(t.Context(), "ws://"+r.base+"/socket", &websocket.DialOptions{Subprotocols: []string{"crier.v1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"hello","ticket":"`+ticket.Ticket+`"}`)); err != nil {
		t.Fatal(err)
	}
	read(t, c, "welcome")
	kept := outbox.Kept{Organisation: int64(org.ID), Delivery: "d1", Channel: "email", From: "f", To: "sara@example.org", Text: "secret of the mail", Raw: []byte(strings.Repeat("a", rawMost+5))}
	if err := r.node.capture(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	if f := read(t, c, "outbox"); len(f) != 1 {
		t.Errorf("pages hear more than that something came: %v", f)
	}
	list, err := r.node.Store.Captures(t.Context(), org.ID, "", 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	one, err := r.node.Store.Captured(t.Context(), org.ID, list[0].ID)
	if err != nil || len(one.Raw) > rawMost+100 || !strings.HasSuffix(one.Raw, "[5 more bytes are not kept]\r\n") || one.Text != kept.Text {
		t.Errorf("%d bytes are kept, %v", len(one.Raw), err)
	}
	_ = c.CloseNow()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
}

// post calls the API and reads its answer.
func post(t *testing.T, url, token, body string, answer any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %d", url, resp.StatusCode)
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}

// TestReadable: a sender is shown in plain letters.
func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"=?utf-8?q?Wanjir=C5=A9_Kamau?= <crier@example.org>": "Wanjirũ Kamau <crier@example.org>", "crier@example.org": "<crier@example.org>", "no address": "no address",
	} {
		if got := readable(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
