package broadcast

import (
	"cmp"
	"context"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Recipient is one row of a delivery board. Absent times: not yet.
type Recipient struct {
	ID             domain.PersonID                     `json:"id"`
	Name           string                              `json:"name"`
	ExternalID     string                              `json:"external_id"`
	Room           string                              `json:"room"` // where they sit now, or sat last
	Seat           string                              `json:"seat"`
	Presence       domain.Presence                     `json:"presence"`
	State          domain.ReceiptState                 `json:"state"`
	DeliveredAt    *time.Time                          `json:"delivered_at,omitempty"`
	DisplayedAt    *time.Time                          `json:"displayed_at,omitempty"`
	AcknowledgedAt *time.Time                          `json:"acknowledged_at,omitempty"`
	ByTicketOf     map[domain.ReceiptState]TicketMaker `json:"by_ticket_of,omitempty"` // of states reported through tickets
	InTest         bool                                `json:"in_test,omitempty"`      // not displayed: their page keeps it until the test that they sit is over
	Told           *Told                               `json:"told,omitempty"`
	Was            *Seated                             `json:"was,omitempty"`      // where they sat when it was sent, if elsewhere
	Reminded       *Reminded                           `json:"reminded,omitempty"` // the latest reminder since
	Blocked        *domain.Blocked                     `json:"blocked,omitempty"`  // why the reader cannot remind them
	Stopped        *domain.Blocked                     `json:"stopped,omitempty"`  // why it never will be delivered

	Deliveries []domain.DeliveryView `json:"deliveries,omitempty"` // copies by email and SMS
}

// Seated is a place in a test.
type Seated struct {
	Room string `json:"room"`
	Seat string `json:"seat"`
}

// Reminded says who reminded them last, when, and how often they were reminded.
type Reminded struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Times int       `json:"times"`
}

// TicketMaker is who made a ticket for somebody else.
type TicketMaker struct {
	Kind domain.ActorKind `json:"kind"`
	Name string           `json:"name"`
}

// Told says who told them in person, and when.
type Told struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Note string    `json:"note,omitempty"`
}

// Board is a page of a delivery board; Total is of all pages.
type Board struct {
	Recipients []Recipient `json:"recipients"`
	Total      int         `json:"total"`
	Next       string      `json:"next"` // "" on the last page
}

// Recipients returns who a sending went to, sorted by room, seat and name. missing
// chooses those who have not reached a state and, for displayed and acknowledged,
// were not told in person; "" chooses all. limit 0 = all. after is the Next of the
// page before. Errors: Forbidden, NotFound, Invalid (fields "missing", "after").
func (s *Service) Recipients(ctx context.Context, actor domain.Actor, id domain.BroadcastID, missing string, limit int, after string) (Board, error) {
	b, err := s.open(ctx, actor, viewing, id)
	if err != nil {
		return Board{}, err
	}
	if missing != "" && domain.ReceiptState(missing).Rank() < 1 {
		return Board{}, fault.Field("missing", "missing must be delivered, displayed or acknowledged, not %q", missing)
	}
	rows, err := s.recipients(ctx, b)
	if err != nil {
		return Board{}, err
	}
	copies, err := s.o.Store.SendingStates(ctx, actor.Organisation, b.Offset)
	if err != nil {
		return Board{}, err
	}
	reminders, err := s.o.Store.Reminders(ctx, actor.Organisation, b.Offset)
	if err != nil {
		return Board{}, err
	}
	sortRecipients(rows)
	out := Board{Recipients: []Recipient{}}
	started := after == ""
	for _, r := range rows {
		if lacks(r, domain.ReceiptState(missing)) {
			out.Total++
			if started {
				if limit > 0 && len(out.Recipients) == limit {
					out.Next = string(out.Recipients[limit-1].ID)
				} else if out.Next == "" {
					line := s.recipient(b, r, reminders)
					line.Deliveries = copies[r.No]
					out.Recipients = append(out.Recipients, line)
				}
			}
		}
		started = started || string(r.ID) == after
	}
	if !started {
		return Board{}, fault.Field("after", "not a recipient of this sending")
	}
	return out, nil
}

// lacks reports whether the recipient has not reached the state; "" is lacked by all.
func lacks(r domain.Recipient, missing domain.ReceiptState) bool {
	switch missing {
	case "":
		return true
	case domain.Delivered:
		return r.Delivered.IsZero()
	case domain.Displayed:
		return r.Displayed.IsZero() && r.Told.IsZero()
	default:
		return r.Acknowledged.IsZero() && r.Told.IsZero()
	}
}

func (s *Service) recipient(b *sending, r domain.Recipient, reminders domain.Reminders) Recipient {
	out := Recipient{ID: r.ID, Name: r.Name, ExternalID: r.ExternalID, Room: r.Room, Seat: r.Seat,
		State:       r.State(),
		DeliveredAt: optional(r.Delivered), DisplayedAt: optional(r.Displayed), AcknowledgedAt: optional(r.Acknowledged)}
	out.InTest = r.InTest && r.Displayed.IsZero()
	out.Presence, _ = s.o.Presence.Presence(b.Organisation, r.No)
	if r.WasRoom != r.Room || r.WasSeat != r.Seat {
		out.Was = &Seated{Room: r.WasRoom, Seat: r.WasSeat}
	}
	if blocked := b.follow(r); blocked.Is() {
		out.Blocked = &blocked
	}
	for _, one := range reminders.Reminded[r.No] {
		if one.Offset <= b.Offset { // this sending is a reminder itself
			continue
		}
		if out.Reminded == nil {
			out.Reminded = &Reminded{}
		}
		out.Reminded.At, out.Reminded.By = one.At, one.By
		out.Reminded.Times++
	}
	if len(r.By) > 0 {
		out.ByTicketOf = map[domain.ReceiptState]TicketMaker{}
		for state, t := range r.By {
			out.ByTicketOf[state] = TicketMaker{t.Kind, t.Name}
		}
	}
	if !r.Told.IsZero() {
		out.Told = &Told{At: r.Told, By: r.ToldBy, Note: r.ToldNote}
	}
	if r.Stopped != "" {
		why := domain.Block(r.Stopped)
		out.Stopped = &why
	}
	return out
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// sortRecipients orders by room, seat (2 before 10) and name: a print-out is per room.
func sortRecipients(rows []domain.Recipient) {
	keys := make(map[domain.PersonNo][3]string, len(rows))
	for _, r := range rows {
		keys[r.No] = [3]string{domain.PlaceOrder(r.Room), domain.PlaceOrder(r.Seat), domain.Fold(r.Name)}
	}
	slices.SortFunc(rows, func(a, b domain.Recipient) int {
		x, y := keys[a.No], keys[b.No]
		return cmp.Or(slices.Compare(x[:], y[:]), cmp.Compare(a.ID, b.ID))
	})
}
