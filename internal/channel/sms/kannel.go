package sms

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf16"

	"crier/internal/channel"
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

// KannelMessage reads an inbound SMS out of the parameters id=%I, from=%p, to=%P, coding=%c and text=%b, as the gateway's
// sms-service is told to send them. With coding 2 the text is UCS-2, as it came, or stands in hex.
func KannelMessage(q url.Values) (Received, error) {
	r := Received{ID: q.Get("id"), From: q.Get("from"), To: q.Get("to"), Text: q.Get("text")}
	if q.Get("coding") == "2" {
		b, err := []byte(r.Text), error(nil)
		if raw := q.Get("hex"); raw != "" {
			b, err = hex.DecodeString(strings.ReplaceAll(raw, "%", ""))
		}
		if err != nil || len(b)%2 != 0 {
			return r, fmt.Errorf("an SMS whose UCS-2 is broken")
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		r.Text = string(utf16.Decode(units))
	}
	return r, r.check()
}

// KannelStatus reads a delivery report; ok is false for a state that changes nothing.
func KannelStatus(q url.Values) (r Report, ok bool, err error) {
	r = Report{ProviderID: q.Get("id"), Detail: cut(q.Get("answer"))}
	if !isID(r.ProviderID) {
		return r, false, fmt.Errorf("a report without id")
	}
	switch q.Get("status") {
	case "1":
		r.Delivered = true
	case "2", "16":
		r.Failed, r.Code = true, "dlr "+q.Get("status")
	default: // 4: queued, 8: taken by the network
		return r, false, nil
	}
	return r, true, nil
}
