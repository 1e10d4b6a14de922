package inbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"

	"crier/internal/channel/mailin"
	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/fault"
)

// mayWrite takes one message from a person's budget.
func (s *Service) mayWrite(org domain.OrganisationID, p domain.Correspondent) bool {
	if s.o.Limiter == nil {
		return true
	}
	ok, _ := s.o.Limiter.Allow(org, string(p.ID))
	return ok
}

// defaultRegion is that of numbers without a country code where the organisation names none.
const defaultRegion = "NO"

// ReceiveSMS deals with an SMS that a provider has brought, for an organisation. Once it returns nil the SMS is durable. Errors:
// Invalid, Unavailable: it must come again.
func (s *Service) ReceiveSMS(ctx context.Context, org domain.Organisation, provider string, r sms.Received) error {
	return s.receiveSMS(ctx, org, provider, r, nil)
}

// TrySMS is ReceiveSMS for one that staff have typed on the Outbox page. Whatever comes of it, a consent too, says so.
func (s *Service) TrySMS(ctx context.Context, by domain.Actor, r sms.Received) error {
	org, err := s.o.Store.Organisation(ctx, by.Organisation)
	if err != nil {
		return err
	}
	return s.receiveSMS(ctx, org, tried, r, &by)
}

// tried stands where a provider's name does.
const tried = "outbox"

func (s *Service) receiveSMS(ctx context.Context, org domain.Organisation, provider string, r sms.Received, by *domain.Actor) error {
	region := org.Settings.Region
	if region == "" {
		region = defaultRegion
	}
	r.From = domain.Tidy(r.From)
	number := sms.Number(r.From, region)
	if number == "" && !strings.HasPrefix(r.From, "+") { // some gateways leave out the plus of a full number
		number = sms.Number("+"+r.From, region)
	}
	sender := number
	if sender == "" {
		sender = cut(mailin.Clean(r.From), 40)
	}
	id := r.ID
	if id == "" { // better twice than never
		id = uuid.NewString()
	}
	key := sha256.Sum256([]byte(provider + "\n" + id))
	in, fresh, err := s.o.Store.AddInbound(ctx, domain.Inbound{
		Organisation: org.ID, ID: uuid.Must(uuid.NewV7()).String(), Channel: domain.ChannelSMS, Dedupe: hex.EncodeToString(key[:]), Sender: sender,
		Recipient: cut(mailin.Clean(r.To), 40), Body: strings.TrimSpace(mailin.Clean(r.Body())), State: domain.InboundUnmatched, Why: domain.WhyPending, ReceivedAt: s.o.Clock.Now(), Trial: trialOf(by),
	})
	if err != nil {
		return err
	}
	if in.State != domain.InboundUnmatched || in.Why != domain.WhyPending {
		return nil
	}
	people, err := s.o.Store.CandidatesByPhone(ctx, org.ID, number)
	if err != nil {
		return err
	}
	word := sms.KeywordOf(r.Text)
	if r.Says != sms.NoKeyword {
		word = r.Says
	}
	if err := s.obey(ctx, org, in, people, word, obeyed{trial: by, again: !fresh, answered: r.Says != sms.NoKeyword}); err != nil {
		return err
	}
	why := domain.InboundWhy("")
	switch {
	case r.Bytes != nil:
		why = domain.WhyNotText
	case len(people) == 0:
		why = domain.WhyUnknown
	case len(people) > 1:
		why = domain.WhySeveral
	case word == sms.NoKeyword && fresh && !s.mayWrite(org.ID, people[0]):
		why = domain.WhyLimit // a provider does not come again: it is kept, but not in the conversation
	}
	if why != "" {
		_, err := s.wait(ctx, in, why, 0)
		return err
	}
	return s.place(ctx, in, people[0], word)
}

// place puts an SMS into the conversation of its sender, in the thread of the newest SMS to them.
func (s *Service) place(ctx context.Context, in domain.Inbound, p domain.Correspondent, word sms.Keyword) error {
	answered, err := s.o.Store.NewestDelivered(ctx, in.Organisation, p.No, domain.ChannelSMS)
	if err != nil {
		return err
	}
	m := s.message(in, p, answered, word != sms.NoKeyword)
	if m.Placed {
		m.ReplyTo = 0 // a keyword answers nothing
	}
	m.Body = cut(in.Body, s.o.Limits.Body)
	_, err = s.send(ctx, in.Organisation, m)
	if handled(err) {
		return nil
	}
	if why := whyNot(err); why != "" {
		if why == domain.WhyClosed {
			if err := s.sayClosed(ctx, in, p, ""); err != nil {
				return err
			}
		}
		_, err := s.wait(ctx, in, why, p.No)
		return err
	}
	return err
}

// obeyed is how a keyword came.
type obeyed struct {
	trial    *domain.Actor // who of the staff typed it on the Outbox page
	again    bool          // it was begun before, and may not have been answered
	answered bool          // the provider has acted on it and answered
}

// obey does what a keyword asks for. A stop counts for all who have the number; a start only where it is one
// person's, whose agreement it proves.
func (s *Service) obey(ctx context.Context, org domain.Organisation, in domain.Inbound, people []domain.Correspondent, word sms.Keyword, how obeyed) error {
	var to domain.Consent
	locale := ""
	switch {
	case len(people) == 0:
		return nil
	case word == sms.Stop:
		to = domain.ConsentOut
	case word == sms.Start && len(people) == 1:
		to = domain.ConsentIn
	case word == sms.Help && how.answered:
		return nil
	case word == sms.Help:
		return s.answerSMS(ctx, org, in, people[0], domain.AnswerHelp)
	default:
		return nil
	}
	changed := how.again
	for _, p := range people {
		locale = p.Locale
		if p.SMS == to {
			continue
		}
		by, c := p.Actor(org.ID), domain.ConsentRecord{Channel: domain.ChannelSMS, State: to, Source: domain.ConsentBySMS, Words: cut(in.Body, 500), At: in.ReceivedAt}
		if how.trial != nil { // no proof of what the person wants
			by, c.Source, c.By = *how.trial, domain.ConsentByTrial, how.trial.Name
		}
		if err := s.o.Store.AddConsent(ctx, org.ID, by.Ref(), p.No, c); err != nil {
			return err
		}
		changed = true
	}
	if changed && !how.answered {
		says := domain.AnswerStopped
		if to == domain.ConsentIn {
			says = domain.AnswerStarted
		}
		first := people[0]
		first.Locale = locale
		return s.answerSMS(ctx, org, in, first, says)
	}
	return nil
}

// Report notes what a provider says later of an SMS. A report of one that is not known, or not yet, is Unavailable: it may come
// again. Late and repeated ones change nothing.
func (s *Service) Report(ctx context.Context, org domain.OrganisationID, provider string, r sms.Report) error {
	d := domain.DeliveryReport{Organisation: org, Provider: provider, ProviderID: r.ProviderID, Outcome: domain.OutcomeDelivered, Code: cut(mailin.Clean(r.Code), 100), Detail: cut(mailin.Clean(r.Detail), 500), At: s.o.Clock.Now()}
	if r.Failed {
		d.Outcome, d.OptedOut = domain.OutcomePermanent, r.OptedOut
	}
	if _, err := uuid.Parse(r.ProviderID); err == nil && provider == kannel {
		d.ID = r.ProviderID // we named it: it is known before the gateway has answered
	}
	_, err := s.o.Store.ReportDelivery(ctx, d)
	if fault.Is(err, fault.NotFound) {
		return &fault.Error{Code: fault.Unavailable, Message: "no such SMS, or not yet", RetryAfter: 5 * time.Second, Err: err}
	}
	return err
}
