// Package push hands short texts to the push services of browsers (RFC 8030), encrypted for the one browser (RFC 8291)
// and signed with the server's own key (VAPID, RFC 8292).
package push

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"crier/internal/channel"
	"crier/internal/shorten"
)

// Name is the provider's name in deliveries.
const Name = "webpush"

// Sizes of what a browser shows, in characters: a push says that there is something, and where.
const (
	titleMost = 80
	lineMost  = 200
)

// keep is how long a push service keeps a push for a browser that is away.
const keep = 24 * time.Hour

// Options are what a Sender is made of.
type Options struct {
	Keys    Keys
	Contact string // who answers for this server: an https address or an email address
	// Client takes the requests; nil: one that follows no redirect and reaches no private address.
	Client *http.Client
}

// Sender is a channel.Sender of pushes. The address is a subscription as the browser gave it, as JSON.
type Sender struct {
	o      Options
	client webpush.HTTPClient
}

// New makes a sender.
func New(o Options) *Sender {
	if o.Client == nil {
		o.Client = publicClient()
	}
	return &Sender{o: o, client: o.Client}
}

// Payload is what the service worker gets.
type Payload struct {
	Title string `json:"title"`
	Line  string `json:"line"`
	Link  string `json:"link,omitempty"` // within the pages: begins with a slash
	Tag   string `json:"tag,omitempty"`  // a later push with the same tag takes the place of this one
}

// Name implements channel.Sender.
func (s *Sender) Name() string { return Name }

// Send implements channel.Sender. A subscription that is gone, or never was one, is a permanent failure.
func (s *Sender) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	var sub webpush.Subscription
	if err := json.Unmarshal([]byte(o.Address), &sub); err != nil || sub.Endpoint == "" {
		return channel.Accepted{}, &channel.Error{Kind: channel.Permanent, Code: "subscription", Detail: "the subscription cannot be read"}
	}
	if err := CheckKeys(sub.Keys.P256dh, sub.Keys.Auth); err != nil {
		return channel.Accepted{}, &channel.Error{Kind: channel.Permanent, Code: "subscription", Detail: err.Error()}
	}
	payload, err := json.Marshal(Payload{Title: cut(o.Subject, titleMost), Line: cut(o.Text, lineMost), Link: path(o.Link), Tag: o.ID})
	if err != nil {
		return channel.Accepted{}, &channel.Error{Kind: channel.Permanent, Code: "payload", Err: err}
	}
	answer, err := webpush.SendNotificationWithContext(ctx, payload, &sub, &webpush.Options{
		HTTPClient: s.client, Subscriber: s.o.Contact, TTL: int(keep.Seconds()), Urgency: webpush.UrgencyHigh,
		VAPIDPublicKey: s.o.Keys.Public, VAPIDPrivateKey: s.o.Keys.Private,
	})
	if err != nil {
		if errors.Is(err, errPrivate) {
			return channel.Accepted{}, &channel.Error{Kind: channel.Permanent, Code: "address", Detail: errPrivate.Error()}
		}
		// The library's and the client's words may hold the endpoint, which is a secret of the browser's.
		return channel.Accepted{}, &channel.Error{Kind: channel.Temporary, Code: "unreachable", Detail: "the push service could not be reached"}
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	return channel.Accepted{}, refusal(answer)
}

// refusal is what a push service's answer means (RFC 8030, sections 5 and 7.3); nil for a yes.
func refusal(r *http.Response) error {
	if r.StatusCode >= 200 && r.StatusCode < 300 {
		return nil
	}
	e := &channel.Error{Kind: channel.Provider, Code: strconv.Itoa(r.StatusCode), Detail: "the push service answered " + strconv.Itoa(r.StatusCode)}
	switch r.StatusCode {
	case http.StatusNotFound, http.StatusGone, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		e.Kind = channel.Permanent
	case http.StatusTooManyRequests:
		e.Kind = channel.Temporary
	}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = min(time.Duration(seconds)*time.Second, time.Hour)
	}
	return e
}

// CheckKeys says whether a browser's keys can be encrypted for: a point on P-256 and a secret of 16 bytes.
func CheckKeys(p256dh, auth string) error {
	point, err := decode(p256dh)
	if err != nil {
		return errors.New("p256dh is not base64")
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return errors.New("p256dh is not a key on P-256")
	}
	if secret, err := decode(auth); err != nil || len(secret) != 16 {
		return errors.New("auth is not 16 bytes in base64")
	}
	return nil
}

// decode reads base64 in either alphabet, with or without padding.
func decode(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	return base64.RawURLEncoding.DecodeString(s)
}

// cut shortens a text to at most n characters.
func cut(s string, n int) string {
	return shorten.Text(strings.ToValidUTF8(strings.TrimSpace(s), ""), n)
}

// path is a link without its host: a push only ever opens this server's own pages.
func path(link string) string {
	if _, rest, ok := strings.Cut(link, "://"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		return "/" + rest
	}
	if strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") {
		return link
	}
	return "/"
}
