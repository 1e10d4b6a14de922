package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"crier/internal/channel"
	"crier/internal/channel/push"
	"crier/internal/domain"
	"crier/internal/fault"
)

// pushStore is what subscriptions need of the database.
type pushStore interface {
	SavePush(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, sub domain.PushSubscription, at time.Time) error
	RemovePush(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, endpoint string) error
}

// PushRequest is a browser's subscription as it gives it.
type PushRequest struct {
	Endpoint string   `json:"endpoint"`
	Keys     PushKeys `json:"keys"`
}

// PushKeys are what pushes to the browser are encrypted for.
type PushKeys struct {
	P256dh string `json:"p256dh"`
	Auth   string `json:"auth"`
}

// endpointMost is the most bytes of an address of a push service.
const endpointMost = 1000

func (r PushRequest) check() error {
	u, err := url.Parse(r.Endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(r.Endpoint) > endpointMost {
		return fault.Field("endpoint", "must be the https address that the browser was given, at most %d bytes", endpointMost)
	}
	return nil
}

// Subscribe keeps a browser of the actor's own until the actor's sign-in ends. Errors: Forbidden; Invalid (endpoint, keys); Conflict without web push.
func (s *Service) Subscribe(ctx context.Context, actor domain.Actor, r PushRequest) error {
	if err := ownBrowser(actor); err != nil {
		return err
	}
	if s.o.PushKey == "" {
		return fault.New(fault.Conflict, "this server sends no pushes")
	}
	if err := r.check(); err != nil {
		return err
	}
	if err := push.CheckKeys(r.Keys.P256dh, r.Keys.Auth); err != nil {
		return fault.Field("keys", "%s", err.Error())
	}
	keys, err := json.Marshal(r.Keys)
	if err != nil {
		return err
	}
	return s.o.Store.SavePush(ctx, actor.Organisation, actor.No, domain.PushSubscription{
		ID: uuid.Must(uuid.NewV7()).String(), Session: actor.Session, Endpoint: r.Endpoint, Keys: string(keys),
	}, s.o.Clock.Now())
}

// Unsubscribe removes a browser of the actor's own. Errors: Forbidden; Invalid (endpoint).
func (s *Service) Unsubscribe(ctx context.Context, actor domain.Actor, r PushRequest) error {
	if err := ownBrowser(actor); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	return s.o.Store.RemovePush(ctx, actor.Organisation, actor.No, r.Endpoint)
}

func ownBrowser(actor domain.Actor) error {
	if actor.No == 0 {
		return fault.New(fault.Forbidden, "only people have browsers")
	}
	return actor.May(domain.ActSocketOpen)
}

// mentions are how a push tells staff of a note, by language. %s is the candidate.
var mentions = map[string]string{
	"en": "mentioned you in a note on %s", "nb": "har nevnt deg i et notat om %s", "nn": "har nemnt deg i eit notat om %s", "no": "har nevnt deg i et notat om %s",
	"sv": "har nämnt dig i en anteckning om %s", "fr": "vous a mentionné dans une note sur %s", "ar": "أشار إليك في ملاحظة عن %s",
}

// pushed makes the text of a push. A candidate's opens their own pages, one to staff the conversation.
func (p Plain) pushed(l *domain.Letter, out channel.Outgoing) channel.Outgoing {
	if l.Kind != domain.DeliverNotify {
		out.Subject = cmp.Or(strings.TrimSpace(l.Subject), l.Org.Name)
		out.Text, out.Link = domain.Line(l.Body, l.Files), "/"
		return out
	}
	var say domain.StaffPush
	if err := json.Unmarshal(l.Payload, &say); err != nil || say.Person == "" {
		out.Subject, out.Text, out.Link = l.Org.Name, "", "/staff/messages"
		return out
	}
	out.Subject, out.Text = say.Name, say.Line
	if say.By != "" {
		language, _, _ := strings.Cut(strings.ToLower(l.Locale), "-")
		out.Subject, out.Text = say.By, strings.Replace(cmp.Or(mentions[language], mentions["en"]), "%s", say.Name, 1)
	}
	out.Link = "/staff/messages?open=" + url.QueryEscape(string(say.Person))
	return out
}
