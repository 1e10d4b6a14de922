package app

import (
	"context"
	"fmt"
	"net/mail"
	"strings"

	"github.com/google/uuid"

	"crier/internal/api"
	"crier/internal/channel"
	"crier/internal/channel/email"
	"crier/internal/channel/mailin"
	"crier/internal/channel/outbox"
	"crier/internal/channel/push"
	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/service/delivery"
	"crier/internal/service/inbound"
)

// rawMost is how much of a captured mail is kept: all of what people look at, if not of every attachment.
const rawMost = 1 << 20

// outboxFrame tells a page that the outbox grew.
type outboxFrame struct {
	Type string `json:"type"`
}

// capture keeps what would have gone out, and tells the pages of those who may see it.
func (n *Node) capture(ctx context.Context, k outbox.Kept) error {
	raw := string(k.Raw)
	if len(raw) > rawMost {
		raw = fmt.Sprintf("%s\r\n[%d more bytes are not kept]\r\n", raw[:rawMost], len(raw)-rawMost)
	}
	org := domain.OrganisationID(k.Organisation)
	err := n.Store.Capture(ctx, domain.Captured{
		Organisation: org, ID: uuid.Must(uuid.NewV7()).String(), Delivery: k.Delivery, Channel: domain.Channel(k.Channel), Person: domain.PersonNo(k.Person),
		From: k.From, To: k.To, Subject: k.Subject, Text: k.Text, HTML: k.HTML, Raw: raw, At: n.clock.Now(),
	}, domain.CapturedMost)
	if err == nil {
		publisher{n.hub}.Signal(org, []string{domain.DeliveryTopic}, outboxFrame{Type: "outbox"})
	}
	return err
}

// captureMails keeps mails, composed as they would be for a mail server.
func (n *Node) captureMails(c *email.Composer) *outbox.Sender {
	return outbox.Mails(n.capture, func(ctx context.Context, o channel.Outgoing) (outbox.Mail, error) {
		m, err := c.Compose(ctx, o)
		if err != nil {
			return outbox.Mail{}, err
		}
		raw, err := m.Raw()
		if err != nil {
			return outbox.Mail{}, &channel.Error{Kind: channel.Temporary, Code: "compose", Detail: "the mail could not be written", Err: err}
		}
		return outbox.Mail{From: readable(m.From), Subject: m.Subject, Text: m.Text, HTML: m.HTML, Raw: raw}, nil
	})
}

// readable is a header's address in plain letters.
func readable(from string) string {
	if a, err := mail.ParseAddress(from); err == nil {
		return strings.TrimSpace(a.Name + " <" + a.Address + ">")
	}
	return from
}

// captureTexts keeps SMS.
func (n *Node) captureTexts() *outbox.Sender { return outbox.Texts(n.capture) }

// wayIn brings answers of the Outbox page where real ones come in.
type wayIn struct{ in *inbound.Service }

var _ delivery.WayIn = wayIn{}

// MailIn implements delivery.WayIn.
func (w wayIn) MailIn(ctx context.Context, by domain.Actor, from, to string, raw []byte) error {
	m, err := mailin.Parse(raw)
	if err != nil {
		return err
	}
	return w.in.TryMail(ctx, by, mailin.Envelope{From: from, To: to, Raw: raw, Mail: m})
}

// SMSIn implements delivery.WayIn.
func (w wayIn) SMSIn(ctx context.Context, by domain.Actor, in sms.Received) error {
	return w.in.TrySMS(ctx, by, in)
}

// openPush makes the way of web push, with the database's own key.
func (n *Node) openPush(ctx context.Context, o Options) (way delivery.Way, key string, err error) {
	keys, err := push.Load(ctx, n.Store.MetaOnce)
	if err != nil {
		return way, "", err
	}
	contact := n.cfg.MailFromAddress()
	for _, origin := range n.cfg.Origins {
		if len(origin) > 8 && origin[:8] == "https://" {
			contact = origin
			break
		}
	}
	return delivery.Way{Sender: push.New(push.Options{Keys: keys, Contact: contact, Client: o.PushClient})}, keys.Public, nil
}

// outbox is what the API shows of captured mails and SMS; nil if none are.
func (n *Node) outbox() api.Outbox {
	if !n.cfg.Captures() {
		return nil
	}
	return &delivery.Outbox{Store: n.Store, In: wayIn{n.Inbound}, Clock: n.clock}
}
