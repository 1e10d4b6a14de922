package sms

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/channel"
	"crier/internal/channel/channeltest"
)

// far is a provider's HTTP side.
type far struct {
	mu        sync.Mutex
	behaviour channeltest.Behaviour
	taken     map[string][]string
	last      url.Values
	answer    func(w http.ResponseWriter, b channeltest.Behaviour)
	end       chan struct{}
}

func (f *far) Behave(b channeltest.Behaviour) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.behaviour = b
}

func (f *far) Taken() map[string][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.taken
}

func (f *far) take(w http.ResponseWriter, to, text string, form url.Values) {
	f.mu.Lock()
	b := f.behaviour
	f.last = form
	if b == channeltest.Accepts {
		f.taken[to] = append(f.taken[to], text)
	}
	f.mu.Unlock()
	if b == channeltest.Silent {
		<-f.end
		return
	}
	f.answer(w, b)
}

func newFar(t *testing.T, handle func(f *far) http.HandlerFunc, answer func(http.ResponseWriter, channeltest.Behaviour)) (*far, string) {
	t.Helper()
	f := &far{taken: map[string][]string{}, answer: answer, end: make(chan struct{})}
	s := httptest.NewServer(handle(f))
	t.Cleanup(func() { close(f.end); s.Close() })
	return f, s.URL
}

func TestTwilio(t *testing.T) {
	f, base := newFar(t, func(f *far) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			user, pass, _ := r.BasicAuth()
			if r.URL.Path != "/2010-04-01/Accounts/AC1/Messages.json" || user != "AC1" || pass != "secret" || r.ParseForm() != nil {
				t.Errorf("asked %s as %s", r.URL, user)
			}
			f.take(w, r.Form.Get("To"), r.Form.Get("Body"), r.Form)
		}
	}, func(w http.ResponseWriter, b channeltest.Behaviour) {
		switch b {
		case channeltest.Accepts:
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"sid":"SM1","num_segments":"2","status":"queued"}`)
		case channeltest.BadAddress:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"code":21211,"message":"The 'To' number is not a valid phone number."}`)
		case channeltest.Busy:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"code":20429,"message":"Too many requests"}`)
		case channeltest.Refuses:
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	s := &Twilio{Base: base + "/", Account: "AC1", Token: "secret", From: "+15005550006", Status: "https://crier.example/status"}
	channeltest.Run(t, s, f, "+4740612345", channel.Provider)
	if f.last.Get("From") != "+15005550006" || f.last.Get("StatusCallback") != "https://crier.example/status" {
		t.Errorf("asked with %v", f.last)
	}
	f.Behave(channeltest.Accepts)
	if a, err := s.Send(t.Context(), channel.Outgoing{Address: "+47", Text: "x"}); err != nil || a.ProviderID != "SM1" || a.Parts != 2 {
		t.Errorf("%+v %v", a, err)
	}
	f.Behave(channeltest.Busy)
	_, err := s.Send(t.Context(), channel.Outgoing{Address: "+47", Text: "x"})
	if e, ok := err.(*channel.Error); !ok || e.RetryAfter != 7*time.Second || e.Code != "429 20429" {
		t.Errorf("busy: %#v", err)
	}
	s.From = "MG1"
	_, _ = s.Send(t.Context(), channel.Outgoing{Address: "+47", Text: "x"})
	if f.last.Get("MessagingServiceSid") != "MG1" || f.last.Has("From") {
		t.Errorf("a messaging service is asked with %v", f.last)
	}
	s.Base = "http://127.0.0.1:1"
	if _, err := s.Send(t.Context(), channel.Outgoing{Address: "+47", Text: "x"}); channel.KindOf(err) != channel.Provider || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestTwilioWebhooks(t *testing.T) {
	// The example of Twilio's own documentation.
	s := &Twilio{Token: "12345"}
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}
	const address, signature = "https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	if !s.Signed(address, form, signature) {
		t.Errorf("the documented signature is refused: %s", s.SignatureOf(address, form))
	}
	for name, bad := range map[string]func() bool{
		"another address":   func() bool { return s.Signed(address+"&x=1", form, signature) },
		"another token":     func() bool { return (&Twilio{Token: "12346"}).Signed(address, form, signature) },
		"nothing":           func() bool { return s.Signed(address, form, "") },
		"a parameter more":  func() bool { f := cloneForm(form); f.Set("Extra", "1"); return s.Signed(address, f, signature) },
		"a changed text":    func() bool { f := cloneForm(form); f.Set("Digits", "1235"); return s.Signed(address, f, signature) },
		"a parameter less":  func() bool { f := cloneForm(form); f.Del("To"); return s.Signed(address, f, signature) },
		"a changed surname": func() bool { return s.Signed(address, form, strings.ToLower(signature)) },
	} {
		if bad() {
			t.Errorf("%s is taken for signed", name)
		}
	}
	for _, c := range []struct {
		form string
		want Report
		ok   bool
		bad  bool
	}{
		{"MessageSid=SM1&MessageStatus=delivered", Report{ProviderID: "SM1", Delivered: true}, true, false},
		{"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30005", Report{ProviderID: "SM1", Failed: true, Code: "30005"}, true, false},
		{"MessageSid=SM1&MessageStatus=failed", Report{ProviderID: "SM1", Failed: true}, true, false},
		{"MessageSid=SM1&MessageStatus=sent", Report{ProviderID: "SM1"}, false, false},
		{"MessageStatus=delivered", Report{}, false, true},
	} {
		form, _ := url.ParseQuery(c.form)
		if got, ok, err := TwilioStatus(form); got != c.want || ok != c.ok || (err != nil) != c.bad {
			t.Errorf("%s: %+v %v %v", c.form, got, ok, err)
		}
	}
	for form, want := range map[string]Received{
		"MessageSid=SM1&From=%2B47&To=%2B46&Body=hei": {ID: "SM1", From: "+47", To: "+46", Text: "hei"},
		"From=%2B47&Body=hei":                         {From: "+47", Text: "hei"},
		"MessageSid=S%00M&Body=hei":                   {Text: "hei"},
		"MessageSid=SM1&From=%2B47&Body=p%e5":         {ID: "SM1", From: "+47", Text: "på"},
		"MessageSid=SM1&NumMedia=2&MediaContentType0=image/jpeg&MediaContentType1=image/png":      {ID: "SM1", Pictures: 2},
		"MessageSid=SM1&Body=see&NumMedia=2&MediaContentType0=image/jpeg&MediaContentType1=a/pdf": {ID: "SM1", Text: "see", Pictures: 1, Files: 1},
		"MessageSid=SM1&NumMedia=x":                           {ID: "SM1"},
		"MessageSid=SM1&NumMedia=-1&OptOutType=STOP&Body=Nei": {ID: "SM1", Text: "Nei", Says: Stop},
		"MessageSid=SM1&OptOutType=start":                     {ID: "SM1", Says: Start},
		"MessageSid=SM1&OptOutType=HELP":                      {ID: "SM1", Says: Help},
	} {
		q, _ := url.ParseQuery(form)
		if got := TwilioMessage(q); !reflect.DeepEqual(got, want) {
			t.Errorf("%.60s: %+v", form, got)
		}
	}
	for want, r := range map[string]Received{"[2 pictures, not taken]": {Pictures: 2}, "see\n\n[1 picture and 1 file, not taken]": {Text: " see ", Pictures: 1, Files: 1}, "[no text]": {Text: " "},
		"[1 byte, not a text: ff]": {Bytes: []byte{255}}, "hei": {Text: "hei"}} {
		if got := r.Body(); got != want {
			t.Errorf("%+v reads %q, want %q", r, got, want)
		}
	}
	form2, _ := url.ParseQuery("MessageSid=SM1&MessageStatus=failed&ErrorCode=21610")
	if got, ok, err := TwilioStatus(form2); !got.OptedOut || !got.Failed || !ok || err != nil {
		t.Errorf("an opt-out reported later: %+v", got)
	}
	if e, ok := errors.AsType[*channel.Error](failure(400, nil, "21610", "Attempt to send to unsubscribed recipient")); !ok || !e.OptedOut || e.Kind != channel.Permanent {
		t.Errorf("an opt-out at once: %+v", e)
	}
}

func cloneForm(v url.Values) url.Values {
	out := url.Values{}
	for k, l := range v {
		out[k] = append([]string(nil), l...)
	}
	return out
}

func TestKannel(t *testing.T) {
	f, base := newFar(t, func(f *far) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if r.URL.Path != "/cgi-bin/sendsms" || q.Get("username") != "crier" || q.Get("password") != "secret" {
				t.Errorf("asked %s", r.URL)
			}
			f.take(w, q.Get("to"), q.Get("text"), q)
		}
	}, func(w http.ResponseWriter, b channeltest.Behaviour) {
		status := map[channeltest.Behaviour]int{channeltest.Accepts: 202, channeltest.BadAddress: 400, channeltest.Busy: 503, channeltest.Refuses: 403, channeltest.Broken: 500}[b]
		w.WriteHeader(status)
		fmt.Fprintf(w, "%d: as asked", status)
	})
	s := &Kannel{Base: base, Username: "crier", Password: "secret", From: "1234", Status: "http://127.0.0.1/status", Token: "tok en"}
	channeltest.Run(t, s, f, "+4740612345", channel.Provider)
	if f.last.Get("coding") != "2" || f.last.Get("charset") != "UTF-8" || f.last.Get("dlr-mask") != "19" || f.last.Get("dlr-url") != "http://127.0.0.1/status?token=tok+en&id=delivery-1&status=%d&answer=%A" {
		t.Errorf("asked with %v", f.last)
	}
	f.Behave(channeltest.Accepts)
	a, err := s.Send(t.Context(), channel.Outgoing{ID: "d2", Address: "+47", Text: "plain"})
	if err != nil || a != (channel.Accepted{ProviderID: "d2", Parts: 1}) || f.last.Has("coding") {
		t.Errorf("%+v %v %v", a, err, f.last)
	}
	if !s.Known("tok en") || s.Known("") || s.Known("token") || (&Kannel{}).Known("") {
		t.Error("the gateway's secret")
	}
	for query, want := range map[string]Received{
		"id=1&from=%2B47&to=1234&coding=0&text=hei+p%C3%A5+deg": {ID: "1", From: "+47", To: "1234", Text: "hei på deg"},
		"id=1&text=hei+p%E5&hex=%H":                             {ID: "1", Text: "hei på"},
		"id=1&coding=2&text=%06%45%06%31&hex=%H":                {ID: "1", Text: "مر"},
		"id=1&coding=2&hex=D83DDE00":                            {ID: "1", Text: "😀"},
		"id=1&coding=2&text=%06%45%06":                          {ID: "1", Bytes: []byte{6, 0x45, 6}},
		"id=1&coding=1&text=%00%ff":                             {ID: "1", Bytes: []byte{0, 255}},
		"id=1&coding=8&text=abc":                                {ID: "1", Bytes: []byte("abc")},
		"from=%2B47&text=x":                                     {From: "+47", Text: "x"},
		"id=%I&from=%p&to=%P&text=100%":                         {ID: "%I", From: "%p", To: "%P", Text: "100%"},
		"id=1&&text=a=b&coding":                                 {ID: "1", Text: "a=b"},
	} {
		if got := KannelMessage(Query(query)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", query, got)
		}
	}
	for answer, want := range map[string]string{"id:1 sub:001 dlvrd:000 stat:UNDELIV err:004 text:": "dlr 2 004", "err:000": "dlr 2", "": "dlr 2", "NACK/0x0000000b/Invalid": "dlr 2", "err:" + strings.Repeat("9", 20): "dlr 2"} {
		if r, _, _ := KannelStatus(url.Values{"id": {"d1"}, "status": {"2"}, "answer": {answer}}); r.Code != want {
			t.Errorf("%q has the code %q, want %q", answer, r.Code, want)
		}
	}
	for status, want := range map[string]struct{ delivered, failed, ok bool }{"1": {true, false, true}, "2": {false, true, true}, "16": {false, true, true}, "8": {}, "4": {}, "": {}} {
		if r, ok, err := KannelStatus(url.Values{"id": {"d1"}, "status": {status}}); r.Delivered != want.delivered || r.Failed != want.failed || ok != want.ok || err != nil {
			t.Errorf("status %q: %+v %v %v", status, r, ok, err)
		}
	}
	if _, _, err := KannelStatus(url.Values{"status": {"1"}}); err == nil {
		t.Error("a report about nothing")
	}
}
