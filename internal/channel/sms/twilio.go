package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the provider's signature is defined over it
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"crier/internal/channel"
	"crier/internal/shorten"
)

// Twilio sends through Twilio's HTTP API, or one that speaks it.
type Twilio struct {
	Base    string // https://api.twilio.com
	Account string // account SID
	Token   string // auth token: signs webhooks too
	From    string // an E.164 number, or a messaging service's SID (MG…)
	Status  string // the address of the status webhook, "" for no reports
	Client  *http.Client
}

var _ channel.Sender = (*Twilio)(nil)

// Name implements channel.Sender.
func (t *Twilio) Name() string { return "twilio" }

// Send implements channel.Sender. Repeating it sends again: the API has no key of the caller's.
func (t *Twilio) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	form := url.Values{"To": {o.Address}, "Body": {o.Text}}
	if strings.HasPrefix(t.From, "MG") {
		form.Set("MessagingServiceSid", t.From)
	} else {
		form.Set("From", t.From)
	}
	if t.Status != "" {
		form.Set("StatusCallback", t.Status)
	}
	address := strings.TrimSuffix(t.Base, "/") + "/2010-04-01/Accounts/" + url.PathEscape(t.Account) + "/Messages.json"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return channel.Accepted{}, fmt.Errorf("ask twilio: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(t.Account, t.Token)
	status, header, body, err := do(t.Client, req)
	if err != nil {
		return channel.Accepted{}, err
	}
	var answer struct {
		SID      string `json:"sid"`
		Segments string `json:"num_segments"`
		Code     int    `json:"code"`
		Message  string `json:"message"`
	}
	_ = json.Unmarshal(body, &answer) // an answer that is no JSON is judged by its status
	if status/100 == 2 && answer.SID != "" {
		parts, _ := strconv.Atoi(answer.Segments)
		return channel.Accepted{ProviderID: answer.SID, Parts: parts}, nil
	}
	return channel.Accepted{}, failure(status, header, strconv.Itoa(answer.Code), answer.Message)
}

// failure tells by the status whose fault it is: 400 and its kin are about this text or number; all else is
// about us or them.
func failure(status int, header http.Header, code, detail string) error {
	e := &channel.Error{Kind: channel.Provider, Code: strings.Trim(strconv.Itoa(status)+" "+strings.TrimPrefix(code, "0"), " "), Detail: shorten.Text(detail, maxDetail)}
	switch status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		e.Kind, e.OptedOut = channel.Permanent, code == OptedOutCode
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if s, err := strconv.Atoi(header.Get("Retry-After")); err == nil && s > 0 {
			e.RetryAfter = min(time.Duration(s)*time.Second, time.Hour)
		}
	}
	return e
}

// answerMost is how much of an answer is read.
const answerMost = 64 << 10

// do makes a request. A connection that fails before it was asked is the provider's failure; one that was asked and does not answer may have
// taken the SMS: it counts as temporary, and so against it, lest the same SMS is sent again and again.
func do(c *http.Client, req *http.Request) (status int, header http.Header, body []byte, err error) {
	if c == nil {
		c = &http.Client{Timeout: 20 * time.Second}
	}
	var asked atomic.Bool
	trace := &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) { asked.Store(i.Err == nil) }}
	resp, err := c.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	switch {
	case err != nil && asked.Load():
		e := &channel.Error{Kind: channel.Temporary, Code: "answer", Detail: "the provider was asked, and did not answer", Err: err}
		if errors.Is(err, context.DeadlineExceeded) {
			e.Code = "timeout"
		}
		return 0, nil, nil, e
	case err != nil:
		return 0, nil, nil, &channel.Error{Kind: channel.Provider, Code: "connection", Detail: shorten.Text(withoutAddress(err), maxDetail), Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, answerMost))
	if err != nil {
		return 0, nil, nil, &channel.Error{Kind: channel.Temporary, Code: "answer", Detail: "the answer was lost on the way", Err: err}
	}
	return resp.StatusCode, resp.Header, body, nil
}

// withoutAddress is an error's text without the address that was asked: it may hold a password.
func withoutAddress(err error) string {
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // the outermost is the one that repeats the address
		return u.Op + ": " + u.Err.Error()
	}
	return err.Error()
}

// SignatureOf is the signature of a webhook's request: HMAC-SHA1 over its address and its sorted parameters
// (Twilio's "Validating requests").
func (t *Twilio) SignatureOf(address string, form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(address)
	for _, name := range names {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			b.WriteString(name)
			b.WriteString(v)
		}
	}
	mac := hmac.New(sha1.New, []byte(t.Token))
	mac.Write([]byte(b.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Signed reports whether a webhook's request comes from the provider. address is the one that the provider was given.
func (t *Twilio) Signed(address string, form url.Values, signature string) bool {
	return hmac.Equal([]byte(t.SignatureOf(address, form)), []byte(signature))
}

// TwilioMessage reads an inbound SMS out of a signed webhook. Pictures and other media are counted only; an
// opt-out that the provider has acted on itself (OptOutType) is the keyword, whatever the text says.
func TwilioMessage(form url.Values) Received {
	r := Received{ID: form.Get("MessageSid"), From: readable(form.Get("From")), To: readable(form.Get("To")), Text: readable(form.Get("Body"))}
	if !isID(r.ID) {
		r.ID = ""
	}
	n, err := strconv.Atoi(form.Get("NumMedia"))
	if err != nil || n < 0 {
		n = 0
	}
	for i := range min(n, mediaMost) {
		if kind := form.Get("MediaContentType" + strconv.Itoa(i)); kind == "" || strings.HasPrefix(strings.ToLower(kind), "image/") {
			r.Pictures++
		} else {
			r.Files++
		}
	}
	switch strings.ToUpper(form.Get("OptOutType")) {
	case "STOP":
		r.Says = Stop
	case "START":
		r.Says = Start
	case "HELP":
		r.Says = Help
	}
	return r
}

// mediaMost is how many media an SMS is believed to have.
const mediaMost = 100

// OptedOutCode is Twilio's error for a recipient who has told it to stop.
const OptedOutCode = "21610"

// TwilioStatus reads a delivery report out of a signed webhook; ok is false for a state that changes nothing.
func TwilioStatus(form url.Values) (r Report, ok bool, err error) {
	r = Report{ProviderID: form.Get("MessageSid"), Code: form.Get("ErrorCode"), Detail: shorten.Text(readable(form.Get("ErrorMessage")), maxDetail)}
	r.OptedOut = r.Code == OptedOutCode
	if !isID(r.ProviderID) {
		return r, false, fmt.Errorf("a report without MessageSid")
	}
	switch form.Get("MessageStatus") {
	case "delivered", "read":
		r.Delivered = true
	case "undelivered", "failed":
		r.Failed = true
	default:
		return r, false, nil
	}
	return r, true, nil
}

// maxDetail is the most characters that are kept of a provider's explanation.
const maxDetail = 500
