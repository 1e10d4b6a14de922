package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"crier/internal/channel/sms"
	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/journal"
)

type waiting struct {
	ID, Channel, Sender, Body, Why string
	Suggestions                    []struct{ ID, Name string }
}

func (f *fixture) unmatchedList(t *testing.T, who string) []waiting {
	t.Helper()
	var out struct{ Inbound []waiting }
	f.must(t, who, "GET", "/unmatched?limit=200", nil).into(t, &out)
	return out.Inbound
}

const publicAddress = "https://crier.example.org"

// posted sends a form with a signature.
func (f *fixture) posted(t *testing.T, path string, form url.Values, signature string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if signature != "" {
		r.Header.Set("X-Twilio-Signature", signature)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestTwilio: what the provider has signed is taken, once; what somebody else has, or what was altered, is not.
func TestTwilio(t *testing.T) {
	far := &sms.Twilio{Token: "the auth token"}
	f := start(t, func(c *config.Config) {
		c.Origins, c.TwilioAccount, c.TwilioToken, c.TwilioFrom, c.TwilioURL = []string{publicAddress}, "AC1", far.Token, "+4790000000", "http://127.0.0.1:9"
	})
	f.reachable(t, "north", "a1", "+47 400 00 001")
	path, status := "/api/v1/webhooks/twilio/north/message", "/api/v1/webhooks/twilio/north/status"
	form := url.Values{"MessageSid": {"SM1"}, "From": {"+4740000001"}, "To": {"+4790000000"}, "Body": {"STOP"}}
	signed := far.SignatureOf(publicAddress+path, form)

	altered := url.Values{"MessageSid": {"SM1"}, "From": {"+4740000002"}, "To": {"+4790000000"}, "Body": {"STOP"}}
	for name, c := range map[string]struct {
		path, signature string
		form            url.Values
		want            int
	}{
		"unsigned":                   {path, "", form, 403},
		"by another token":           {path, (&sms.Twilio{Token: "guess"}).SignatureOf(publicAddress+path, form), form, 403},
		"altered":                    {path, signed, altered, 403},
		"signed for another address": {path + "?x=1", signed, form, 403},
		"another organisation's":     {"/api/v1/webhooks/twilio/south/message", signed, form, 403},
		"no such organisation":       {"/api/v1/webhooks/twilio/none/message", far.SignatureOf(publicAddress+"/api/v1/webhooks/twilio/none/message", form), form, 404},
		"no report":                  {status, far.SignatureOf(publicAddress+status, url.Values{"From": {"x"}}), url.Values{"From": {"x"}}, 422},
	} {
		if got := f.posted(t, c.path, c.form, c.signature); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	many := url.Values{}
	for i := range 200 {
		many.Set(fmt.Sprint("p", i), "x")
	}
	if got := f.posted(t, path, many, far.SignatureOf(publicAddress+path, many)); got != 400 {
		t.Errorf("200 parameters: %d", got)
	}
	if got := f.posted(t, path, url.Values{"Body": {strings.Repeat("a", 65<<10)}}, signed); got != 413 {
		t.Errorf("65 KB: %d", got)
	}
	if said := f.said(t, "a1"); len(said) != 0 {
		t.Fatalf("nothing of it should be there: %q", said)
	}
	for range 3 { // a replay counts once
		if got := f.posted(t, path, form, signed); got != 204 {
			t.Fatalf("signed: %d", got)
		}
	}
	if said := f.said(t, "a1"); len(said) != 1 || said[0] != "STOP" {
		t.Errorf("the conversation has %q", said)
	}
	var consents struct {
		SMS     string
		History []struct{ State, Source, Words string }
	}
	f.must(t, "north/planner", "GET", "/people/"+f.ids["north/a1"]+"/consents", nil).into(t, &consents)
	if consents.SMS != "out" || len(consents.History) != 2 || consents.History[0].Source != "sms" || consents.History[0].Words != "STOP" {
		t.Errorf("%+v", consents)
	}
	report := url.Values{"MessageSid": {"SM-unknown"}, "MessageStatus": {"delivered"}}
	if got := f.posted(t, status, report, far.SignatureOf(publicAddress+status, report)); got != 503 {
		t.Errorf("a report that came too early: %d; it must come again", got)
	}
	report.Set("MessageStatus", "queued")
	if got := f.posted(t, status, report, far.SignatureOf(publicAddress+status, report)); got != 204 {
		t.Errorf("a report that changes nothing: %d", got)
	}
	if strings.Contains(f.logs.String(), "4740000001") || strings.Contains(f.logs.String(), far.Token) {
		t.Error("the log tells a number, or the token")
	}
}

// TestKannel: the same for the gateway, by its token; an unknown number waits, is assigned, and is a message then.
func TestKannel(t *testing.T) {
	f := start(t, func(c *config.Config) {
		c.KannelURL, c.KannelUser, c.KannelPassword, c.KannelFrom, c.KannelToken = "http://127.0.0.1:9", "crier", "secret-of-kannel", "1234", "a token of the gateway"
	})
	get := func(path string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+"/api/v1/webhooks/kannel/north/"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode < 300 && resp.ContentLength != 0 {
			t.Errorf("%s: it would be sent back as an SMS", path)
		}
		return resp.StatusCode
	}
	const token = "token=a+token+of+the+gateway"
	for query, want := range map[string]int{
		"message?id=1&from=%2B4740000009&to=1234&text=hei":             403,
		"message?token=guess&id=1&from=%2B4740000009&to=1234&text=hei": 403,
		"status?id=1&status=1": 403,
		"message?" + token + "&from=%2B4740000009&text=without+id":                        202,
		"status?" + token + "&status=1":                                                   422,
		"message?" + token + "&id=1&from=4740000009&to=1234&coding=0&text=hei+hei":        202,
		"message?" + token + "&id=2&from=4740000009&to=1234&coding=2&hex=06450631&text=x": 202,
		"status?" + token + "&id=0199&status=8":                                           202,
		"status?" + token + "&id=0199&status=1":                                           503,
		"message?" + token + "&id=%zz&text=100%&hex=%H":                                   202,
	} {
		if got := get(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if got := get("message?" + token + "&id=1&from=4740000009&to=1234&coding=0&text=hei+hei"); got != 202 {
		t.Errorf("a replay: %d", got)
	}
	list := f.unmatchedList(t, "north/planner")
	if len(list) != 4 {
		t.Fatalf("%+v", list)
	}
	for _, w := range list {
		if w.Why != "unknown" || w.Sender != "+4740000009" && w.Body != "100%" {
			t.Errorf("%+v", w)
		}
	}
	refusals := func(who string) (out []domain.Refused) {
		t.Helper()
		if err := f.node.Inbound.FlushRefusals(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got struct{ Refused []domain.Refused }
		f.must(t, who, "GET", "/refusals", nil).into(t, &got)
		return got.Refused
	}
	figures := map[domain.RefusedWhy]int{}
	for _, r := range refusals("north/planner") {
		figures[r.Reason] += r.Count
		if r.Source != domain.FromKannel || r.Detail == "" || r.LastAt.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	if len(figures) != 2 || figures[domain.RefusedProof] != 3 || figures[domain.RefusedReport] != 1 {
		t.Errorf("refused: %v", figures)
	}
	if other := refusals("south/planner"); len(other) != 0 {
		t.Errorf("the south sees %+v", other)
	}
	if a := f.call(t, "north/a1", "GET", "/refusals", nil); a.status != 403 {
		t.Errorf("a candidate reads what was refused: %d", a.status)
	}
	if log := f.logs.String(); !strings.Contains(log, "something that came in was refused") || strings.Contains(log, "gateway&") || strings.Contains(log, "a+token") || strings.Contains(log, "guess") {
		t.Error("the log must tell of refusals, and no token")
	}
	if other := f.unmatchedList(t, "south/planner"); len(other) != 0 {
		t.Errorf("the south sees %+v", other)
	}
	for _, w := range list {
		path := "/unmatched/" + w.ID
		if a := f.call(t, "south/planner", "POST", path+"/assign", item{"person": f.ids["south/a1"]}); a.status != 404 {
			t.Errorf("the south assigned it: %d", a.status)
		}
		if a := f.call(t, "north/planner", "POST", path+"/assign", item{"person": f.ids["south/a1"]}); a.status != 422 || a.refused(t).Error.Field != "person" {
			t.Errorf("assigned to the south: %d %s", a.status, a.body)
		}
		if w.Body == "hei hei" {
			f.must(t, "north/planner", "POST", path+"/assign", item{"person": f.ids["north/a1"]})
		} else {
			f.must(t, "north/planner", "POST", path+"/discard", item{"note": "not for us"})
		}
		if a := f.call(t, "north/planner", "POST", path+"/discard", item{}); a.status != 409 {
			t.Errorf("dealt with twice: %d", a.status)
		}
	}
	if said := f.said(t, "a1"); len(said) != 1 || said[0] != "hei hei" {
		t.Errorf("the conversation has %q", said)
	}
	if list := f.unmatchedList(t, "north/planner"); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	var log struct {
		Entries []struct{ Kind, Summary string }
	}
	f.must(t, "north/planner", "GET", "/log?kind="+string(journal.KindInboundHandled), nil).into(t, &log)
	if len(log.Entries) != 4 {
		t.Errorf("%+v", log)
	}
}
