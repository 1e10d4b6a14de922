package delivery

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"crier/internal/channel/sms"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
)

// outboxStore is what the outbox needs of the database.
type outboxStore interface {
	Captures(ctx context.Context, org domain.OrganisationID, before string, limit int) ([]domain.Captured, error)
	Captured(ctx context.Context, org domain.OrganisationID, id string) (domain.Captured, error)
}

// WayIn takes what comes in, as from a mail server or an SMS provider, and keeps on record who made it up.
type WayIn interface {
	// MailIn takes a mail, as LMTP would bring it.
	MailIn(ctx context.Context, by domain.Actor, from, to string, raw []byte) error
	// SMSIn takes an SMS to the actor's organisation.
	SMSIn(ctx context.Context, by domain.Actor, in sms.Received) error
}

// Outbox shows staff what would have gone out of a server without providers, and lets them answer as the recipient
// would, by the same way in as a real mail or SMS.
type Outbox struct {
	Store outboxStore
	In    WayIn
	Clock clock.Clock
}

// OutboxItem is one mail or SMS that was not sent.
type OutboxItem struct {
	ID      string             `json:"id"`
	Channel domain.Channel     `json:"channel"`
	Person  *domain.PersonName `json:"person,omitempty"`
	From    string             `json:"from"`
	To      string             `json:"to"`
	Subject string             `json:"subject,omitempty"`
	Text    string             `json:"text"`
	At      time.Time          `json:"at"`
	Parts   int                `json:"parts,omitempty"` // of an SMS
}

// OutboxPage is a page of them, newest first.
type OutboxPage struct {
	Outbox []OutboxItem `json:"outbox"`
	Next   string       `json:"next,omitempty"` // before of the next page
}

// outboxPage is how many a page holds unless asked otherwise, and at most.
const outboxUsual, outboxMost = 50, 200

// List returns those before one ("" = the newest). Errors: Forbidden; Invalid (limit).
func (o *Outbox) List(ctx context.Context, actor domain.Actor, before string, limit int) (OutboxPage, error) {
	if err := actor.May(domain.ActDeliveryAll); err != nil {
		return OutboxPage{}, err
	}
	limit = cmp.Or(limit, outboxUsual)
	if limit < 1 || limit > outboxMost {
		return OutboxPage{}, fault.Field("limit", "must be from 1 to %d", outboxMost)
	}
	list, err := o.Store.Captures(ctx, actor.Organisation, before, limit+1)
	if err != nil {
		return OutboxPage{}, err
	}
	page := OutboxPage{Outbox: []OutboxItem{}}
	if len(list) > limit {
		list = list[:limit]
		page.Next = list[limit-1].ID
	}
	for _, c := range list {
		item := OutboxItem{ID: c.ID, Channel: c.Channel, From: c.From, To: c.To, Subject: c.Subject, Text: c.Text, At: c.At}
		if c.PersonID != "" {
			item.Person = &domain.PersonName{ID: c.PersonID, Name: c.PersonName}
		}
		if c.Channel == domain.ChannelSMS {
			item.Parts = sms.Count(c.Text).Parts
		}
		page.Outbox = append(page.Outbox, item)
	}
	return page, nil
}

// HTML returns the HTML part of a mail. Errors: Forbidden; NotFound, also for an SMS.
func (o *Outbox) HTML(ctx context.Context, actor domain.Actor, id string) (string, error) {
	c, err := o.one(ctx, actor, id)
	if err == nil && c.HTML == "" {
		err = fault.New(fault.NotFound, "this is no mail with a formatted part")
	}
	return c.HTML, err
}

// Raw returns a mail as SMTP would have carried it. Errors: Forbidden; NotFound, also for an SMS.
func (o *Outbox) Raw(ctx context.Context, actor domain.Actor, id string) (string, error) {
	c, err := o.one(ctx, actor, id)
	if err == nil && c.Raw == "" {
		err = fault.New(fault.NotFound, "this is no mail")
	}
	return c.Raw, err
}

func (o *Outbox) one(ctx context.Context, actor domain.Actor, id string) (domain.Captured, error) {
	if err := actor.May(domain.ActDeliveryAll); err != nil {
		return domain.Captured{}, err
	}
	return o.Store.Captured(ctx, actor.Organisation, id)
}

// replyMost is the most characters of an answer.
const replyMost = 4000

// Reply answers as the recipient: with a mail that quotes the original, to the address that it gives for answers, or
// with an SMS. It is theirs in the conversation, and says who of the staff typed it. Errors: Forbidden; NotFound; Invalid (body); Conflict for a mail that gives no such address.
func (o *Outbox) Reply(ctx context.Context, actor domain.Actor, id, body string) error {
	c, err := o.one(ctx, actor, id)
	if err != nil {
		return err
	}
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	if err := domain.CheckText("body", body, replyMost, false, true); err != nil {
		return err
	}
	if c.Channel == domain.ChannelSMS {
		return o.In.SMSIn(ctx, actor, sms.Received{ID: uuid.NewString(), From: c.To, To: c.From, Text: body})
	}
	raw, to, err := o.answer(c, body)
	if err != nil {
		return err
	}
	return o.In.MailIn(ctx, actor, c.To, to, raw)
}

// answer makes the mail that answers c, as a mail program would.
func (o *Outbox) answer(c domain.Captured, body string) (raw []byte, to string, err error) {
	original, err := mail.ReadMessage(strings.NewReader(c.Raw))
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Conflict, "this mail cannot be answered")
	}
	back, err := original.Header.AddressList("Reply-To")
	if err != nil || len(back) == 0 {
		return nil, "", fault.New(fault.Conflict, "this mail gives no address for answers")
	}
	now := o.Clock.Now()
	var b bytes.Buffer
	head := func(name, value string) {
		b.WriteString(name + ": " + strings.NewReplacer("\r", "", "\n", "").Replace(value) + "\r\n")
	}
	head("From", (&mail.Address{Name: c.PersonName, Address: c.To}).String())
	head("To", back[0].String())
	head("Subject", mime.QEncoding.Encode("utf-8", "Re: "+strings.TrimPrefix(c.Subject, "Re: ")))
	head("Date", now.Format(time.RFC1123Z))
	head("Message-ID", "<"+uuid.NewString()+"@outbox.invalid>")
	if answered := original.Header.Get("Message-ID"); answered != "" {
		head("In-Reply-To", answered)
		head("References", answered)
	}
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	from := c.From
	if a, err := mail.ParseAddress(c.From); err == nil {
		from = cmp.Or(a.Name, a.Address) + " <" + a.Address + ">"
	}
	text := body + "\n\nOn " + c.At.UTC().Format("Mon, 2 Jan 2006 at 15:04") + ", " + from + " wrote:\n\n> " + strings.ReplaceAll(strings.TrimSpace(c.Text), "\n", "\n> ") + "\n"
	q := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(q, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		return nil, "", err
	}
	if err := q.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), back[0].Address, nil
}
