package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// RecordReceipts raises the states of messages and appends one entry that says
// which rose. There must be at most one mark per message, person and ticket. Marks of
// messages that the person does not have, and those that raise nothing, are
// ignored; if none raises anything, nothing is written and the entry is nil. What stood on
// a screen before it was stopped was not stopped.
func (s *Store) RecordReceipts(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, marks []domain.Mark) (*journal.Entry, error) {
	if len(marks) == 0 {
		return nil, nil
	}
	people := make([]domain.PersonNo, 0, len(marks))
	for _, m := range marks {
		people = append(people, m.Person)
	}
	slices.Sort(people)
	if err := s.ExpandFor(ctx, org, slices.Compact(people)...); err != nil {
		return nil, err
	}
	var entry *journal.Entry
	err := s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var items []journal.ReceiptItem
		for _, part := range byTicket(marks) {
			raised, err := tx.raise(ctx, part)
			if err != nil {
				return err
			}
			items = append(items, receiptItems(raised, part[0].Ticket)...)
		}
		if len(items) == 0 {
			return nil
		}
		slices.SortStableFunc(items, func(a, b journal.ReceiptItem) int {
			return cmp.Or(cmp.Compare(a.Broadcast, b.Broadcast), cmp.Compare(a.State.Rank(), b.State.Rank()))
		})
		payload, err := json.Marshal(journal.ReceiptsRecorded{Items: items})
		if err != nil {
			return err
		}
		entry = &journal.Entry{Kind: journal.KindReceiptsRecorded, Actor: by, Payload: payload}
		return tx.Append(ctx, entry)
	})
	if err != nil {
		return nil, fmt.Errorf("record receipts: %w", err)
	}
	return entry, nil
}

// byTicket parts marks by the tickets behind them: first those without, then in the order
// of the entries that record the tickets. Nearly always there is one part.
func byTicket(marks []domain.Mark) (out [][]domain.Mark) {
	parts := map[int64][]domain.Mark{}
	for _, m := range marks {
		parts[m.TicketEntry()] = append(parts[m.TicketEntry()], m)
	}
	for _, entry := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, parts[entry])
	}
	return out
}

// raise writes marks that have the same ticket behind them and returns which rose.
func (t *Tx) raise(ctx context.Context, marks []domain.Mark) (raised []raisedRow, err error) {
	rows := make([][6]int64, len(marks))
	for i, m := range marks {
		m.Raise(m.State(), cmp.Or(m.Acknowledged, m.Displayed, m.Delivered))
		rows[i] = [6]int64{m.Offset, int64(m.Person), int64(m.State().Rank()), micros(m.Delivered), micros(m.Displayed), micros(m.Acknowledged)}
	}
	args, through := []any{t.org, jsonOf(rows)}, ""
	if entry := marks[0].TicketEntry(); entry != 0 {
		args = append(args, entry)
		through = `
				delivered_by = CASE WHEN m.delivered_at = 0 AND r.delivered <> 0 THEN $3 ELSE m.delivered_by END,
				displayed_by = CASE WHEN m.displayed_at = 0 AND r.displayed <> 0 THEN $3 ELSE m.displayed_by END,
				acknowledged_by = CASE WHEN m.acknowledged_at = 0 AND r.acknowledged <> 0 THEN $3 ELSE m.acknowledged_by END,`
	}
	err = t.Select(ctx, &raised, `UPDATE messages AS m SET`+through+`
				delivered_at = CASE WHEN m.delivered_at = 0 THEN r.delivered ELSE m.delivered_at END,
				displayed_at = CASE WHEN m.displayed_at = 0 THEN r.displayed ELSE m.displayed_at END,
				acknowledged_at = CASE WHEN m.acknowledged_at = 0 THEN r.acknowledged ELSE m.acknowledged_at END,
				stopped = ''
			FROM `+t.s.d.Rows("$2", "o", "p", "rank", "delivered", "displayed", "acknowledged")+` AS r
			WHERE m.organisation_id = $1 AND m."offset" = r.o AND m.person_no = r.p AND r.rank >
				CASE WHEN m.acknowledged_at <> 0 THEN 3 WHEN m.displayed_at <> 0 THEN 2 WHEN m.delivered_at <> 0 THEN 1 ELSE 0 END
			RETURNING "offset", person_no, delivered_at, displayed_at, acknowledged_at`, args...)
	return raised, err
}

type raisedRow struct {
	Offset         int64
	Person         int64 `db:"person_no"`
	DeliveredAt    int64 `db:"delivered_at"`
	DisplayedAt    int64 `db:"displayed_at"`
	AcknowledgedAt int64 `db:"acknowledged_at"`
}

// receiptItems groups what rose through one ticket, or none, by sending and state.
func receiptItems(raised []raisedRow, ticket *domain.Ticketed) []journal.ReceiptItem {
	type key struct {
		offset int64
		state  domain.ReceiptState
	}
	groups := map[key]*journal.ReceiptItem{}
	for _, r := range raised {
		m := domain.Mark{Delivered: timeOf(r.DeliveredAt), Displayed: timeOf(r.DisplayedAt), Acknowledged: timeOf(r.AcknowledgedAt)}
		k := key{r.Offset, m.State()}
		g := groups[k]
		if g == nil {
			g = &journal.ReceiptItem{Broadcast: k.offset, State: k.state, Ticket: ticket}
			groups[k] = g
		}
		g.People = append(g.People, domain.PersonNo(r.Person))
		if at := latest(m.Delivered, m.Displayed, m.Acknowledged); at.After(g.At) {
			g.At = at
		}
	}
	out := make([]journal.ReceiptItem, 0, len(groups))
	for _, g := range groups {
		slices.Sort(g.People)
		out = append(out, *g)
	}
	return out
}

func latest(times ...time.Time) (out time.Time) {
	for _, t := range times {
		if t.After(out) {
			out = t
		}
	}
	return out
}
