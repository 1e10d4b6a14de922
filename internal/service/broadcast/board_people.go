package broadcast

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Recipient is one row of a delivery board. Absent times: not yet.
type Recipient struct {
	ID             domain.PersonID     `json:"id"`
	Name           string              `json:"name"`
	ExternalID     string              `json:"external_id"`
	Room           string              `json:"room"` // where they sat when it was sent
	Seat           string              `json:"seat"`
	Presence       domain.Presence     `json:"presence"`
	State          domain.ReceiptState `json:"state"`
	DeliveredAt    *time.Time          `json:"delivered_at,omitempty"`
	DisplayedAt    *time.Time          `json:"displayed_at,omitempty"`
	AcknowledgedAt *time.Time          `json:"acknowledged_at,omitempty"`
	InTest         bool                `json:"in_test,omitempty"` // not displayed: their page keeps it until the test that they sit is over
	Told           *Told               `json:"told,omitempty"`
	Stopped        *domain.Blocked     `json:"stopped,omitempty"` // why it never will be delivered

	Deliveries []domain.DeliveryView `json:"deliveries,omitempty"` // copies by email and SMS
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
					line := s.recipient(actor.Organisation, r)
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

func (s *Service) recipient(org domain.OrganisationID, r domain.Recipient) Recipient {
	out := Recipient{ID: r.ID, Name: r.Name, ExternalID: r.ExternalID, Room: r.Room, Seat: r.Seat,
		State:       r.State(),
		DeliveredAt: optional(r.Delivered), DisplayedAt: optional(r.Displayed), AcknowledgedAt: optional(r.Acknowledged)}
	out.InTest = r.InTest && r.Displayed.IsZero()
	out.Presence, _ = s.o.Presence.Presence(org, r.No)
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
	slices.SortFunc(rows, func(a, b domain.Recipient) int {
		if c := natural(a.Room, b.Room); c != 0 {
			return c
		}
		if c := natural(a.Seat, b.Seat); c != 0 {
			return c
		}
		if c := strings.Compare(domain.Fold(a.Name), domain.Fold(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
}

// natural compares texts so that numbers inside them count as numbers.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, restA := chunk(a)
		y, restB := chunk(b)
		if isDigit(x) && isDigit(y) {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return len(a) - len(b)
}

// chunk cuts off the leading run of digits or of anything else.
func chunk(s string) (run, rest string) {
	first := isDigit(s)
	for i, r := range s {
		if unicode.IsDigit(r) != first {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isDigit(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsDigit(r)
}
