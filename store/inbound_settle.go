package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// SettleInbound says what became of something that waits. It is recorded, but for what was matched: that is a message of its
// own. settled is false, and nothing changes, if it waits no more, or waits already for that reason. What becomes a message is settled with it (SendMessages). Errors: NotFound.
func (s *Store) SettleInbound(ctx context.Context, org domain.OrganisationID, id string, to domain.Settlement) (entry *journal.Entry, settled bool, err error) {
	err = s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		found, err := tx.inbounds(ctx, []string{id})
		if err != nil {
			return err
		}
		in, ok := found[id]
		if !ok {
			return fault.New(fault.NotFound, "nothing like that came in")
		}
		if in.State != domain.InboundUnmatched || to.State == in.State && (to.Why == in.Why || in.Why != domain.WhyPending) {
			return nil
		}
		settled = true
		if to.Person == 0 {
			to.Person = in.Person
		}
		if err := tx.settle(ctx, *in, to); err != nil {
			return err
		}
		if entry = settledEntry(*in, to); entry == nil {
			return nil
		}
		return tx.Append(ctx, entry)
	})
	if err != nil {
		return nil, false, fmt.Errorf("settle what came in: %w", err)
	}
	return entry, settled, nil
}

// inbounds reads what came in, by id. With the journal held nobody else settles it.
func (t *Tx) inbounds(ctx context.Context, ids []string) (map[string]*domain.Inbound, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []inboundRow
	err := t.Select(ctx, &rows, `SELECT `+inboundColumns+` FROM inbound i WHERE i.organisation_id = $1 AND i.id IN `+t.s.d.Texts("$2"), t.org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read what came in: %w", err)
	}
	out := make(map[string]*domain.Inbound, len(rows))
	for _, r := range rows {
		in, err := r.inbound()
		if err != nil {
			return nil, err
		}
		out[r.ID] = &in
	}
	return out, nil
}

// settle writes what became of something.
func (t *Tx) settle(ctx context.Context, in domain.Inbound, to domain.Settlement) error {
	handled, by := int64(0), ""
	if to.State != domain.InboundUnmatched {
		handled, by = micros(t.s.clock.Now()), to.By.Name
	}
	_, err := t.Exec(ctx, `UPDATE inbound SET state = $3, why = $4, person_no = $5, "offset" = $6, handled_at = $7, handled_by = $8
		WHERE organisation_id = $1 AND id = $2`, t.org, in.ID, to.State, to.Why, to.Person, to.Offset, handled, by)
	if err != nil {
		return fmt.Errorf("settle what came in: %w", err)
	}
	return nil
}

// settledEntry is what the journal says of it, nil of what was matched.
func settledEntry(in domain.Inbound, to domain.Settlement) *journal.Entry {
	switch to.State {
	case domain.InboundUnmatched:
		return &journal.Entry{Kind: journal.KindInboundReceived, Actor: to.By.Ref(), Payload: payload(journal.InboundReceived{ID: in.ID, Channel: in.Channel, Why: to.Why, Trial: in.Trial})}
	case domain.InboundAssigned, domain.InboundDiscarded:
		return &journal.Entry{Kind: journal.KindInboundHandled, Actor: to.By.Ref(), Payload: payload(journal.InboundHandled{ID: in.ID, Channel: in.Channel, State: to.State, Person: to.Person, Note: to.Note})}
	}
	return nil
}
