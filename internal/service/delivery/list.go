package delivery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// listStore is what showing deliveries needs of the database.
type listStore interface {
	Deliveries(ctx context.Context, org domain.OrganisationID, seen domain.Seen, q domain.DeliveryQuery) ([]domain.DeliveryRow, error)
	CountDeliveries(ctx context.Context, org domain.OrganisationID, seen domain.Seen, q domain.DeliveryQuery) (map[domain.DeliveryState]int, error)
	DeliveriesOf(ctx context.Context, org domain.OrganisationID, seen domain.Seen, offset int64, person domain.PersonID) ([]domain.DeliveryRow, error)
	RetryDeliveries(ctx context.Context, by domain.Actor, seen domain.Seen, at time.Time, ids []string) (int, error)
}

// View is a delivery as staff see it (Delivery in internal/api/README.md).
type View struct {
	ID       string               `json:"id"`
	Kind     domain.DeliveryKind  `json:"kind"`
	Channel  domain.Channel       `json:"channel"`
	Person   *domain.PersonName   `json:"person,omitempty"`
	Address  string               `json:"address"`
	State    domain.DeliveryState `json:"state"`
	Reason   string               `json:"reason,omitempty"`
	Detail   string               `json:"detail,omitempty"`
	DueAt    time.Time            `json:"due_at,omitzero"`
	Attempts []AttemptView        `json:"attempts"`
	Parts    int                  `json:"parts,omitempty"`
	Message  domain.ItemID        `json:"message,omitempty"`
}

// AttemptView is one try, or a report.
type AttemptView struct {
	N       int            `json:"n"`
	At      time.Time      `json:"at"`
	Outcome domain.Outcome `json:"outcome"`
	Code    string         `json:"code,omitempty"`
	Detail  string         `json:"detail,omitempty"`
}

// Page is a page of an organisation's deliveries, the latest first.
type Page struct {
	Deliveries []View                       `json:"deliveries"`
	Counts     map[domain.DeliveryState]int `json:"counts"` // each at most 10,000, which reads "10,000 or more"
	Next       string                       `json:"next,omitempty"`
}

// Query chooses deliveries. Empty fields choose all.
type Query struct {
	State   domain.DeliveryState
	Channel domain.Channel
	Person  domain.PersonID
	Limit   int
	After   string // Next of the page before
}

var states = []domain.DeliveryState{domain.DeliveryWaiting, domain.DeliverySending, domain.DeliverySent, domain.DeliveryDelivered, domain.DeliveryFailed,
	domain.DeliverySuppressed, domain.DeliveryCancelled}

// Deliveries lists the deliveries that the actor manages: an organisation's, or those to their own people. Errors:
// Forbidden; Invalid (state, channel).
func (s *Service) Deliveries(ctx context.Context, actor domain.Actor, q Query) (Page, error) {
	seen, err := actor.Seen(domain.ActDeliveryManage)
	if err != nil {
		return Page{}, err
	}
	if q.State != "" && !slices.Contains(states, q.State) {
		return Page{}, fault.Field("state", "no such state")
	}
	if q.Channel != "" && !slices.Contains([]domain.Channel{domain.ChannelEmail, domain.ChannelSMS, domain.ChannelPush}, q.Channel) {
		return Page{}, fault.Field("channel", "channels are email, sms and push")
	}
	ask := domain.DeliveryQuery{State: q.State, Channel: q.Channel, Person: q.Person, After: q.After, Limit: q.Limit + 1}
	rows, err := s.o.Store.Deliveries(ctx, actor.Organisation, seen, ask)
	if err != nil {
		return Page{}, err
	}
	out := Page{}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		out.Next = rows[q.Limit-1].ID
	}
	out.Deliveries = s.views(actor.Organisation, rows)
	out.Counts, err = s.o.Store.CountDeliveries(ctx, actor.Organisation, seen, ask)
	return out, err
}

// Of lists the deliveries of one message to people whom the actor sees; of one person, or with "" of all. Errors: Forbidden; NotFound
// for what is no message; empty for one that the actor does not see.
func (s *Service) Of(ctx context.Context, actor domain.Actor, item string, person domain.PersonID) ([]View, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return nil, err
	}
	offset, err := s.o.Sealer.Open(int64(actor.Organisation), 0, item)
	if err != nil || offset < 1 {
		return nil, fault.New(fault.NotFound, "no such message")
	}
	rows, err := s.o.Store.DeliveriesOf(ctx, actor.Organisation, seen, offset, person)
	views := s.views(actor.Organisation, rows)
	if seen.ContextOnly { // where it went is contact data, and so is what a provider says of it
		for i := range views {
			views[i].Address, views[i].Detail = "", ""
			for j := range views[i].Attempts {
				views[i].Attempts[j].Detail = ""
			}
		}
	}
	return views, err
}

// retryMost is how many deliveries one request has go again.
const retryMost = 500

// Retry has failed deliveries go again now; those that have not failed stay, and those that the actor does not
// see. Errors: Forbidden; Invalid (ids).
func (s *Service) Retry(ctx context.Context, actor domain.Actor, ids []string) (int, error) {
	seen, err := actor.Seen(domain.ActDeliveryManage)
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return 0, fault.Field("ids", "no deliveries are named")
	}
	if len(ids) > retryMost {
		return 0, fault.Over("ids", retryMost, int64(len(ids)), "%d deliveries; at most %d can be tried again at once", len(ids), retryMost)
	}
	for i, id := range ids {
		if err := domain.CheckText(fmt.Sprintf("ids[%d]", i), id, 100, false, false); err != nil {
			return 0, err
		}
	}
	n, err := s.o.Store.RetryDeliveries(ctx, actor, seen, s.o.Clock.Now(), ids)
	if err != nil {
		return 0, err
	}
	s.Wake()
	return n, nil
}

func (s *Service) views(org domain.OrganisationID, rows []domain.DeliveryRow) []View {
	out := make([]View, len(rows))
	for i, r := range rows {
		v := View{ID: r.ID, Kind: r.Kind, Channel: r.Channel, Address: r.Address, State: r.State, Reason: r.Reason, Detail: r.Detail, Attempts: []AttemptView{}}
		if r.Channel == domain.ChannelSMS { // a mail counts as one against a cap
			v.Parts = r.Parts
		}
		if r.PersonID != "" {
			v.Person = &domain.PersonName{ID: r.PersonID, Name: r.Name}
		}
		if r.State == domain.DeliveryWaiting {
			v.DueAt = r.DueAt
		}
		if r.Offset != 0 {
			v.Message = domain.ItemID(s.o.Sealer.Seal(int64(org), 0, r.Offset))
		}
		for _, a := range r.Tried {
			v.Attempts = append(v.Attempts, AttemptView(a))
		}
		out[i] = v
	}
	return out
}
