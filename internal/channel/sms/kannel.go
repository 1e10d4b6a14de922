package sms

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf16"

	"crier/internal/channel"
	"crier/internal/shorten"
)

// Kannel sends through a Kannel gateway's sendsms service, and so by SMPP (Kannel user guide, "Using the HTTP interface to
// send SMS messages").
type Kannel struct {
	Base     string // http://127.0.0.1:13013
	Username string
	Password string
	From     string // the number or name that it comes from
	Status   string // the address of the status webhook without its parameters, "" for no reports
	Token    string // the secret that the gateway shows with everything it tells us
	Client   *http.Client
}

var _ channel.Sender = (*Kannel)(nil)

// Name implements channel.Sender.
func (k *Kannel) Name() string { return "kannel" }

// reports asked for: delivered (1), not delivered (2), rejected (16).
const kannelReports = "19"

// Send implements channel.Sender. The delivery's own id names it in reports: the gateway tells none.
func (k *Kannel) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	s := Count(o.Text)
	q := url.Values{"username": {k.Username}, "password": {k.Password}, "from": {k.From}, "to": {o.Address}, "charset": {"UTF-8"}, "text": {o.Text}}
	if s.Unicode {
		q.Set("coding", "2")
	}
	if k.Status != "" {
		q.Set("dlr-mask", kannelReports)
		// The gateway fills in what begins with a percent sign; the rest of the address must not be escaped twice.
		q.Set("dlr-url", k.Status+"?token="+url.QueryEscape(k.Token)+"&id="+url.QueryEscape(o.ID)+"&status=%d&answer=%A")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(k.Base, "/")+"/cgi-bin/sendsms?"+q.Encode(), http.NoBody)
	if err != nil {
		return channel.Accepted{}, &channel.Error{Kind: channel.Provider, Code: "address", Detail: "the gateway's address is not valid"}
	}
	status, header, body, err := do(k.Client, req)
	if err != nil {
		return channel.Accepted{}, err
	}
	if status == http.StatusAccepted { // "0: Accepted for delivery", "3: Queued for later delivery"
		return channel.Accepted{ProviderID: o.ID, Parts: s.Parts}, nil
	}
	return channel.Accepted{}, failure(status, header, "", strings.TrimSpace(string(body)))
}

// Known reports whether a request shows the gateway's secret.
func (k *Kannel) Known(token string) bool {
	return k.Token != "" && subtle.ConstantTimeCompare([]byte(k.Token), []byte(token)) == 1
}

// KannelMessage reads an inbound SMS out of the parameters id=%I, from=%p, to=%P, coding=%c and text=%b, as the
// gateway's sms-service is told to send them. With coding 2 the text is UCS-2; with coding 1, or with
// a coding that is not known, it is bytes. Nothing is refused: what cannot be read is kept as bytes.
func KannelMessage(q url.Values) Received {
	r := Received{ID: q.Get("id"), From: readable(q.Get("from")), To: readable(q.Get("to"))}
	if !isID(r.ID) {
		r.ID = ""
	}
	text := q.Get("text")
	if raw, err := hex.DecodeString(q.Get("hex")); err == nil && len(raw) > 0 { // of gateways that can write it
		text = string(raw)
	}
	switch coding := q.Get("coding"); coding {
	case "", "0":
		r.Text = readable(text)
	case "2":
		r.Text, r.Bytes = ucs2(text)
	default:
		r.Bytes = []byte(text)
	}
	return r
}

// ucs2 decodes big-endian UTF-16; what is none is returned as bytes.
func ucs2(s string) (text string, raw []byte) {
	if len(s)%2 != 0 {
		return "", []byte(s)
	}
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = uint16(s[2*i])<<8 | uint16(s[2*i+1])
	}
	return string(utf16.Decode(units)), nil
}

// Query reads the parameters of an address leniently: what is not well encoded stays as it is written. Gateways
// put what they cannot fill in into the address unchanged.
func Query(raw string) url.Values {
	out := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		out.Add(unescaped(name), unescaped(value))
	}
	return out
}

func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b.WriteByte(' ')
		case c == '%' && i+2 < len(s):
			if d, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(d)
				i += 2
				continue
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// KannelStatus reads a delivery report; ok is false for a state that changes nothing.
func KannelStatus(q url.Values) (r Report, ok bool, err error) {
	r = Report{ProviderID: q.Get("id"), Detail: shorten.Text(readable(q.Get("answer")), maxDetail)}
	if !isID(r.ProviderID) {
		return r, false, errors.New("a report without id")
	}
	switch q.Get("status") {
	case "1":
		r.Delivered = true
	case "2", "16":
		r.Failed, r.Code = true, "dlr "+q.Get("status")
		if code := smppError(r.Detail); code != "" {
			r.Code += " " + code
		}
	default: // 4: queued, 8: taken by the network
		return r, false, nil
	}
	return r, true, nil
}

// smppError is the error code of a receipt as SMPP centres write it ("… stat:UNDELIV err:004 text:…"), "" if
// there is none or it is zero.
func smppError(answer string) string {
	_, after, ok := strings.Cut(answer, "err:")
	if !ok {
		return ""
	}
	end := strings.IndexFunc(after, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	if end < 0 {
		end = len(after)
	}
	if end > 8 || strings.Trim(after[:end], "0") == "" {
		return ""
	}
	return after[:end]
}
