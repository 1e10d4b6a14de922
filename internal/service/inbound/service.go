// Package inbound is the use-case of what comes in by email and SMS (product rows N5, N4, N7): it is kept
// once, and whole, before anything else; then it becomes a message of the conversation it belongs to, says
// what became of a copy, or changes a consent. All else waits for staff in Unmatched.
package inbound

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/blob"
	"crier/internal/channel/email"
	"crier/internal/channel/sms"
	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/journal"
)

// Store is what the service needs of the database.
type Store interface {
	AddInbound(ctx context.Context, in domain.Inbound) (kept domain.Inbound, fresh bool, err error)
	SettleInbound(ctx context.Context, org domain.OrganisationID, id string, to domain.Settlement) (entry *journal.Entry, settled bool, err error)
	Inbound(ctx context.Context, org domain.OrganisationID, seen domain.Seen, id string) (domain.Inbound, error)
	Unmatched(ctx context.Context, org domain.OrganisationID, seen domain.Seen, pending time.Time, after domain.InboundPlace, limit int) ([]domain.Inbound, error)
	MessageInbound(ctx context.Context, org domain.OrganisationID, seen domain.Seen, offset int64) (domain.Inbound, error)
	OldOriginals(ctx context.Context, before time.Time, limit int) ([]domain.Inbound, error)
	ForgetOriginal(ctx context.Context, org domain.OrganisationID, id string) error
	// QueueAnswer has the server's own answer to what came in as id sent, once, and unless one that says the same was asked for since a time.
	QueueAnswer(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, c domain.Channel, id string, p domain.AnswerPayload, since, expires time.Time) (bool, error)

	Correspondent(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Correspondent, error)
	CorrespondentByID(ctx context.Context, org domain.OrganisationID, id domain.PersonID) (domain.Correspondent, error)
	SeenCorrespondents(ctx context.Context, org domain.OrganisationID, seen domain.Seen, list []domain.Correspondent) ([]domain.Correspondent, error)
	CandidatesByPhone(ctx context.Context, org domain.OrganisationID, number string) ([]domain.Correspondent, error)
	CandidatesByEmail(ctx context.Context, org domain.OrganisationID, address string) ([]domain.Correspondent, error)
	CandidateOrganisations(ctx context.Context, address string) ([]domain.OrganisationID, error)
	OnlyOrganisation(ctx context.Context) (domain.OrganisationID, error)
	DeliveryAddress(ctx context.Context, org domain.OrganisationID, id string) (string, error)
	DeliveredMessage(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, delivery string) (int64, error)
	NewestDelivered(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, c domain.Channel) (int64, error)

	AddRefusals(ctx context.Context, org domain.OrganisationID, list []domain.Refused) error
	Refusals(ctx context.Context, org domain.OrganisationID, since time.Time) ([]domain.Refused, error)

	ReportDelivery(ctx context.Context, r domain.DeliveryReport) ([]*journal.Entry, error)
	AddConsent(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, person domain.PersonNo, c domain.ConsentRecord) error
	Organisation(ctx context.Context, id domain.OrganisationID) (domain.Organisation, error)
	OrganisationBySlug(ctx context.Context, slug string) (domain.Organisation, error)
}

// Writer stores a message in a conversation. Errors as of conversation.Service.Reply.
type Writer interface {
	Write(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) (journal.Sent, error)
}

// Intake takes a file that a candidate sent, under the limits that uploads have. An error other than
// Unavailable means that the file is refused, with the reason in words.
type Intake interface {
	TakeIn(ctx context.Context, actor domain.Actor, name string, size int64, body io.Reader) (domain.AttachmentID, error)
}

// Limiter bounds how often one candidate may write, whichever way it comes in: the one that their pages have. Allow
// takes one message from the writer's budget, or says when to come again.
type Limiter interface {
	Allow(org domain.OrganisationID, writer string) (ok bool, retryAfter time.Duration)
}

// Addresses opens the addresses that mails come in to.
type Addresses interface {
	Open(address string) (email.Target, error)
}

// Options are what a Service is made of. Addresses, Answers, Twilio and Kannel may be nil: then there is none of it.
type Options struct {
	Store     Store
	Writer    Writer
	Intake    Intake
	Blobs     blob.Store
	Addresses Addresses
	// Answers are the channels by which the server itself answers: that replies are closed, that a STOP was heard.
	Answers map[domain.Channel]bool
	Queued  func() // called after an answer was stored: delivery.Service.Wake; may be nil
	Twilio  *sms.Twilio
	Kannel  *sms.Kannel
	// KannelFrom are the addresses that the gateway calls from; empty: any.
	KannelFrom []netip.Prefix
	Sealer     *cursor.Sealer
	Clock      clock.Clock
	Log        zerolog.Logger
	Limits     domain.Limits
	Limiter    Limiter // nil: none
	// MailFrom is the address that our mails come from, AuthServer the authserv-id of the mail server in front whose
	// Authentication-Results are believed; "": nobody vouches for anybody.
	MailFrom, AuthServer string
	// ReplyFor is how long the address for answers to a mail holds, 0 for good.
	ReplyFor time.Duration
	// KeepOriginals is how long mails are kept as they came, 0 for good.
	KeepOriginals time.Duration
}

// Service is safe for concurrent use.
type Service struct {
	o       Options
	refused refusals
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// New makes the service.
func New(o Options) *Service {
	return &Service{o: o}
}

// Start begins the sweeping, and the counting of refusals. Call it once.
func (s *Service) Start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(ctx)
	s.done.Go(func() { s.sweeping(ctx) })
	s.done.Go(func() { s.flushing(ctx) })
}

// Stop ends it.
func (s *Service) Stop() {
	if s.stop != nil {
		s.stop()
		s.done.Wait()
	}
}

// settle says what became of something; a second time says nothing.
func (s *Service) settle(ctx context.Context, in domain.Inbound, to domain.Settlement) (bool, error) {
	if to.By.Kind == "" {
		to.By = domain.System(in.Organisation)
	}
	_, settled, err := s.o.Store.SettleInbound(ctx, in.Organisation, in.ID, to)
	return settled, err
}

// wait leaves something to staff.
func (s *Service) wait(ctx context.Context, in domain.Inbound, why domain.InboundWhy, person domain.PersonNo) (bool, error) {
	return s.settle(ctx, in, domain.Settlement{State: domain.InboundUnmatched, Why: why, Person: person})
}
