package inbound

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"crier/internal/channel/email"
	"crier/internal/channel/mailin"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/shorten"
)

var _ mailin.Receiver = (*Service)(nil)

// rawPrefix leads the names of originals in the blob store.
const rawPrefix = "inbound-"

// Known implements mailin.Receiver: an address that we never made, or that was altered, is not. The address that our
// own mails come from is one of ours.
func (s *Service) Known(address string) bool {
	if s.o.Addresses == nil {
		return false
	}
	_, err := s.o.Addresses.Open(address)
	return err == nil || s.isFrom(address)
}

// isFrom reports whether an address is the one that our mails come from.
func (s *Service) isFrom(address string) bool {
	return s.o.MailFrom != "" && strings.EqualFold(address, s.o.MailFrom)
}

// OrganisationOf returns whose address it is, 0 if it is none of ours.
func (s *Service) OrganisationOf(address string) domain.OrganisationID {
	if s.o.Addresses == nil || address == "" {
		return 0
	}
	target, err := s.o.Addresses.Open(address)
	if err != nil {
		return 0
	}
	return domain.OrganisationID(target.Organisation)
}

// Receive implements mailin.Receiver. Errors: NotFound (no address of ours), Unavailable: it must come again.
func (s *Service) Receive(ctx context.Context, e mailin.Envelope) error {
	return s.receiveMail(ctx, e, nil)
}

// TryMail is Receive for a mail that staff have made up on the Outbox page. Whatever comes of it says so. Errors: as of Receive;
// NotFound for an address of another organisation.
func (s *Service) TryMail(ctx context.Context, by domain.Actor, e mailin.Envelope) error {
	return s.receiveMail(ctx, e, &by)
}

func (s *Service) receiveMail(ctx context.Context, e mailin.Envelope, by *domain.Actor) error {
	if s.o.Addresses == nil {
		return fault.New(fault.NotFound, "no such address")
	}
	target, err := s.o.Addresses.Open(e.To)
	if err != nil && s.isFrom(e.To) {
		return s.direct(ctx, e, by)
	}
	if err != nil {
		return fault.Wrap(err, fault.NotFound, "no such address")
	}
	org := domain.OrganisationID(target.Organisation)
	if by != nil && by.Organisation != org {
		return fault.New(fault.NotFound, "no such address")
	}
	if _, err := s.o.Store.Organisation(ctx, org); err != nil {
		return err
	}
	if target.Delivery != "" {
		if err := s.budget(org, "bounces of "+target.Delivery); err != nil {
			return err
		}
		in, todo, err := s.keepMail(ctx, org, e, by)
		if err != nil || !todo {
			return err
		}
		return s.bounce(ctx, in, e.Mail, target)
	}
	p, err := s.o.Store.Correspondent(ctx, org, domain.PersonNo(target.Person))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	// Whoever writes as the candidate has the candidate's budget; all others have one of their own, so that
	// they cannot use it up.
	writer := string(p.ID)
	if !wrote(p, e.Mail) {
		writer = "others to " + writer
	}
	if err := s.budget(org, writer); err != nil {
		return err
	}
	in, todo, err := s.keepMail(ctx, org, e, by)
	if err != nil || !todo {
		return err
	}
	if s.o.ReplyFor > 0 && s.o.Clock.Now().Sub(target.Sent) > s.o.ReplyFor {
		_, err := s.wait(ctx, in, domain.WhyExpired, p.No)
		return err
	}
	return s.reply(ctx, in, e.Mail, p, target.Message)
}

// budget takes one mail from a writer's budget. A mail over it is refused for now: its sender comes again.
func (s *Service) budget(org domain.OrganisationID, writer string) error {
	if s.o.Limiter == nil {
		return nil
	}
	if ok, after := s.o.Limiter.Allow(org, writer); !ok {
		return &fault.Error{Code: fault.RateLimited, RetryAfter: max(after, time.Millisecond), Message: "too many mails at once"}
	}
	return nil
}

// direct deals with a mail to the address that our mails come from: it names no conversation. It belongs to the only
// candidate with its author's address, if the mail server in front vouches for the author; else it waits for
// the staff of an organisation that knows the author, or of the only organisation. Errors: NotFound if
// there are several organisations and none knows the author.
func (s *Service) direct(ctx context.Context, e mailin.Envelope, by *domain.Actor) error {
	org, err := s.organisationFor(ctx, e.Mail)
	if err != nil {
		return err
	}
	if by != nil {
		org = by.Organisation
	}
	if org == 0 {
		return fault.New(fault.NotFound, "nobody here knows the sender")
	}
	for _, writer := range []string{"direct", "direct from " + strings.ToLower(e.Mail.From)} {
		if err := s.budget(org, writer); err != nil {
			return err
		}
	}
	in, todo, err := s.keepMail(ctx, org, e, by)
	if err != nil || !todo {
		return err
	}
	people, err := s.o.Store.CandidatesByEmail(ctx, org, domain.Tidy(e.Mail.From))
	if err != nil {
		return err
	}
	var why domain.InboundWhy
	var no domain.PersonNo
	switch {
	case e.Mail.Bounce != nil || e.Mail.Auto != mailin.AutoNone:
		if why = domain.WhyAuto; len(people) == 1 {
			if placed, err := s.automatic(ctx, in, e.Mail, people[0], 0); placed || err != nil {
				return err
			}
		}
	case len(people) == 0:
		why = domain.WhyUnknown
	case len(people) > 1:
		why = domain.WhySeveral
	case in.Verified == domain.VerifiedNo:
		why, no = domain.WhyUnverified, people[0].No
	default:
		return s.reply(ctx, in, e.Mail, people[0], 0)
	}
	_, err = s.wait(ctx, in, why, no)
	return err
}

// organisationFor returns whose staff a mail without a conversation is for, 0 if nobody's.
func (s *Service) organisationFor(ctx context.Context, m *mailin.Mail) (domain.OrganisationID, error) {
	list, err := s.o.Store.CandidateOrganisations(ctx, domain.Tidy(m.From))
	if err != nil {
		return 0, err
	}
	if len(list) > 0 {
		return list[0], nil
	}
	return s.o.Store.OnlyOrganisation(ctx)
}

// keepMail makes a mail durable. todo is false if it came before and was dealt with.
func (s *Service) keepMail(ctx context.Context, org domain.OrganisationID, e mailin.Envelope, by *domain.Actor) (in domain.Inbound, todo bool, err error) {
	id := uuid.Must(uuid.NewV7()).String()
	raw := rawPrefix + id
	if _, err := s.o.Blobs.Put(ctx, raw, bytes.NewReader(e.Raw), int64(len(e.Raw))); err != nil {
		return in, false, fault.Wrap(err, fault.Unavailable, "the mail cannot be kept")
	}
	m := e.Mail
	files := make([]domain.InboundFile, len(m.Files))
	for i, f := range m.Files {
		files[i] = domain.InboundFile{Name: named(f, i), Size: int64(len(f.Bytes))}
	}
	sender := domain.Tidy(m.From)
	if sender == "" {
		sender = mailin.Clean(e.From)
	}
	in, fresh, err := s.o.Store.AddInbound(ctx, domain.Inbound{
		Organisation: org, ID: id, Channel: domain.ChannelEmail, Dedupe: mailKey(m, e), Sender: cut(sender, 320), Recipient: cut(mailin.Clean(e.To), 320), Subject: cut(m.Subject, s.o.Limits.Subject),
		Body: cut(m.Reply, bodyKept), Cut: m.WasCut(), Raw: raw, Files: files, State: domain.InboundUnmatched, Why: domain.WhyPending, ReceivedAt: s.o.Clock.Now(), Trial: trialOf(by), Verified: s.verified(e, by),
	})
	if err != nil || !fresh {
		if delErr := s.o.Blobs.Delete(ctx, raw); delErr != nil {
			s.o.Log.Warn().Err(delErr).Msg("the original of a mail that came twice stays")
		}
	}
	return in, err == nil && in.State == domain.InboundUnmatched && in.Why == domain.WhyPending, err
}

// verified says whether the mail server in front vouches for a mail's author.
func (s *Service) verified(e mailin.Envelope, by *domain.Actor) domain.Verified {
	switch {
	case by != nil:
		return ""
	case e.Relayed && e.Mail.Verified(s.o.AuthServer):
		return domain.VerifiedYes
	}
	return domain.VerifiedNo
}

// trialOf names who of the staff tries the way in; nil for what comes from outside.
func trialOf(by *domain.Actor) *domain.PersonName {
	if by == nil {
		return nil
	}
	return &domain.PersonName{ID: domain.PersonID(by.ID), Name: by.Name}
}

// bodyKept is how much of a mail's text is kept beside its original.
const bodyKept = 20000

// mailKey names a mail to one recipient: by its Message-ID and what it says, which a replay and a second way repeat while the header
// grows; or by its bytes if it has no id. One that says something else is another mail, whatever id it bears: it must not be lost.
func mailKey(m *mailin.Mail, e mailin.Envelope) string {
	h := sha256.New()
	if m.MessageID != "" {
		h.Write([]byte("id\n" + m.MessageID + "\n" + strings.ToLower(m.From) + "\n" + m.Subject + "\n" + m.Text))
		for _, f := range m.Files {
			sum := sha256.Sum256(f.Bytes)
			h.Write([]byte("\n" + f.Name + "\n"))
			h.Write(sum[:])
		}
	} else {
		h.Write([]byte("raw\n"))
		h.Write(e.Raw)
	}
	h.Write([]byte("\n" + strings.ToLower(e.To)))
	return hex.EncodeToString(h.Sum(nil))
}

// bounce deals with a mail to the address that a delivery's bounces go to.
func (s *Service) bounce(ctx context.Context, in domain.Inbound, m *mailin.Mail, target email.Target) error {
	if m.Bounce == nil {
		why := domain.WhyBounce
		if m.Auto != mailin.AutoNone {
			why = domain.WhyAuto // vacation answers go to the return path (RFC 3834 section 4)
			if placed, err := s.automaticOf(ctx, in, m, target.Delivery); placed || err != nil {
				return err
			}
		}
		_, err := s.wait(ctx, in, why, 0)
		return err
	}
	address, err := s.o.Store.DeliveryAddress(ctx, in.Organisation, target.Delivery)
	if fault.Is(err, fault.NotFound) {
		_, err := s.wait(ctx, in, domain.WhyBounce, 0)
		return err
	}
	if err != nil {
		return err
	}
	about := m.Bounce.Of(address)
	if address == "" || len(about.Recipients) == 0 { // it says nothing of whom we wrote to
		_, err := s.wait(ctx, in, domain.WhyRecipient, 0)
		return err
	}
	worst := about.Worst()
	r := domain.DeliveryReport{Organisation: in.Organisation, ID: target.Delivery, Code: worst.Status, Detail: worst.Diagnostic, At: s.o.Clock.Now()}
	switch {
	case worst.Permanent():
		r.Outcome = domain.OutcomeBounced
	case worst.Failed():
		r.Outcome = domain.OutcomePermanent
	case worst.Action == "delivered":
		r.Outcome = domain.OutcomeDelivered
	default: // it is late, and may still arrive
		_, err := s.settle(ctx, in, domain.Settlement{State: domain.InboundMatched, Why: ""})
		return err
	}
	_, err = s.o.Store.ReportDelivery(ctx, r)
	if fault.Is(err, fault.NotFound) {
		_, err := s.wait(ctx, in, domain.WhyBounce, 0)
		return err
	}
	if err != nil {
		return err
	}
	_, err = s.settle(ctx, in, domain.Settlement{State: domain.InboundMatched})
	return err
}

// wrote reports whether a mail names a person as its author.
func wrote(p domain.Correspondent, m *mailin.Mail) bool {
	return m.From != "" && strings.EqualFold(domain.Tidy(m.From), domain.Tidy(p.Email))
}

// reply deals with a mail to a person's conversation; message is what its address stands for, 0 for none.
func (s *Service) reply(ctx context.Context, in domain.Inbound, m *mailin.Mail, p domain.Correspondent, message int64) error {
	if p.No == 0 || p.Kind != domain.KindCandidate {
		_, err := s.wait(ctx, in, domain.WhyNotAReply, 0)
		return err
	}
	no := p.No
	if m.Bounce != nil || m.Auto != mailin.AutoNone {
		placed, err := s.automatic(ctx, in, m, p, message)
		if err == nil && !placed {
			_, err = s.wait(ctx, in, domain.WhyAuto, no)
		}
		return err
	}
	if !wrote(p, m) {
		_, err := s.wait(ctx, in, domain.WhyForged, no)
		return err
	}
	answered, err := s.answered(ctx, in.Organisation, no, m)
	if err != nil {
		return err
	}
	if answered == 0 {
		answered = message
	}
	_, err = s.write(ctx, in, p, m, s.message(in, p, answered, false))
	if handled(err) {
		return nil
	}
	if fault.Is(err, fault.Conflict) && answered == 0 {
		// It names nothing that it answers: then it answers the newest mail.
		if newest, e := s.o.Store.NewestDelivered(ctx, in.Organisation, no, domain.ChannelEmail); e == nil && newest != 0 {
			_, err = s.write(ctx, in, p, m, s.message(in, p, newest, false))
		}
	}
	if handled(err) {
		return nil
	}
	if why := whyNot(err); why != "" {
		if why == domain.WhyClosed && !m.NoAnswer {
			if err := s.sayClosed(ctx, in, p, m.MessageID); err != nil {
				return err
			}
		}
		_, err := s.wait(ctx, in, why, no)
		return err
	}
	return err
}

// handled reports whether staff have dealt with what came in while it was being read: it waited for them meanwhile.
func handled(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && e.Code == fault.Conflict && e.Field == "inbound"
}

// whyNot is why something cannot stand in a conversation, "" if it can, or nobody knows yet.
func whyNot(err error) domain.InboundWhy {
	switch fault.CodeOf(err) {
	case fault.Conflict:
		return domain.WhyClosed
	case fault.Invalid, fault.TooLarge, fault.Malformed:
		return domain.WhyUnreadable
	case fault.NotFound:
		return domain.WhyNotAReply
	}
	return ""
}

var deliveryID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// answered is the message that a mail answers: our Message-IDs hold the delivery's id. 0: none that went to this person.
func (s *Service) answered(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, m *mailin.Mail) (int64, error) {
	ids := append([]string(nil), m.InReplyTo...)
	for i := len(m.References) - 1; i >= 0; i-- {
		ids = append(ids, m.References[i])
	}
	for i, id := range ids {
		if i >= 20 {
			break
		}
		delivery := deliveryID.FindString(strings.ToLower(id))
		if delivery == "" {
			continue
		}
		offset, err := s.o.Store.DeliveredMessage(ctx, org, no, delivery)
		if err != nil || offset != 0 {
			return offset, err
		}
	}
	return 0, nil
}

func cut(text string, most int) string {
	return shorten.Text(text, most)
}
