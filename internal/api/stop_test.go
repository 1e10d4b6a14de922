package api_test

import (
	"strings"
	"testing"

	"crier/internal/app"
	"crier/internal/channel/email"
	"crier/internal/domain"
)

// TestStopLink: the link of a mail to staff ends such mails for its reader alone; looking at it ends nothing.
func TestStopLink(t *testing.T) {
	f := start(t, nil, app.Options{})
	var p map[string]any
	wants := func() string {
		f.must(t, "north/coordinator", "GET", "/me/preferences", nil).into(t, &p)
		v, _ := p[domain.NotifyEmail].(string)
		return v
	}
	f.must(t, "north/coordinator", "PUT", "/me/preferences", item{domain.NotifyEmail: "grouped"})
	f.must(t, "north/planner", "PUT", "/me/preferences", item{domain.NotifyEmail: "grouped"})
	for _, bad := range []any{"daily", true, 1, []string{"grouped"}} {
		if a := f.call(t, "north/coordinator", "PUT", "/me/preferences", item{domain.NotifyEmail: bad}); a.status != 422 || a.refused(t).Error.Field != domain.NotifyEmail {
			t.Errorf("%v: %d %s", bad, a.status, a.body)
		}
	}
	org, err := f.node.Store.OrganisationBySlug(t.Context(), "north")
	if err != nil {
		t.Fatal(err)
	}
	who, _, err := f.node.Store.PersonByLogin(t.Context(), org.ID, "coordinator")
	if err != nil {
		t.Fatal(err)
	}
	tokens := email.NewTokens(f.node.Store.SealKey())
	token := tokens.Stop(int64(org.ID), int64(who.No))
	form := "application/x-www-form-urlencoded"
	if a := f.send(t, "", "GET", "/notifications/stop/"+token, "", nil); a.status != 200 || !strings.Contains(string(a.body), `<form method="post"><button>Do not send me these emails</button>`) || wants() != "grouped" {
		t.Errorf("looking: %d %s, then %s", a.status, a.body, wants())
	}
	for name, bad := range map[string]string{"altered": token[:len(token)-2] + "aa", "a reply's": tokens.Reply(email.Reply{Organisation: int64(org.ID), Person: int64(who.No)}), "short": "c", "another database's": email.NewTokens(make([]byte, 32)).Stop(int64(org.ID), int64(who.No))} {
		for _, method := range []string{"GET", "POST"} {
			if a := f.send(t, "", method, "/notifications/stop/"+bad, form, nil); a.status != 404 {
				t.Errorf("%s, %s: %d %s", method, name, a.status, a.body)
			}
		}
	}
	if wants() != "grouped" {
		t.Error("a forged link has ended them")
	}
	for range 2 {
		if a := f.send(t, "", "POST", "/notifications/stop/"+token, form, []byte("List-Unsubscribe=One-Click")); a.status != 200 || !strings.Contains(string(a.body), "You get no more") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if wants() != "off" {
		t.Errorf("they go on: %s", wants())
	}
	f.must(t, "north/planner", "GET", "/me/preferences", nil).into(t, &p)
	if p[domain.NotifyEmail] != "grouped" {
		t.Error("somebody else's have ended")
	}
}
