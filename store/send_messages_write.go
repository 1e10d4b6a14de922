package store

import (
	"context"
	"encoding/json"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// take settles what came in and became a message, and lets those after it know.
func (w *messageWriter) take(i int, a *addressee, offset int64) {
	m := &w.batch[i]
	if m.Settles == nil {
		return
	}
	in := w.came[m.Settles.ID]
	to := domain.Settlement{State: m.Settles.State, Why: m.Settles.Why, Person: a.No, Offset: offset, By: m.Settles.By}
	w.settled = append(w.settled, settled{*in, to})
	if e := settledEntry(*in, to); e != nil {
		w.entries = append(w.entries, e)
		w.sent[i].Handled = e
	}
	in.State, in.HandledBy = to.State, to.By.Name
}

// next is the offset that the next entry gets.
func (w *messageWriter) next() int64 { return w.head + 1 + int64(len(w.entries)) }

func (w *messageWriter) append(m *domain.NewMessage, group domain.GroupID, kind journal.Kind, payload any) (*journal.Entry, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	e := &journal.Entry{Kind: kind, Actor: m.Actor, Group: group, Payload: b}
	w.entries = append(w.entries, e)
	return e, nil
}

// insert makes the messages' rows. What a candidate has written they have seen.
func (w *messageWriter) insert(ctx context.Context) error {
	rows := make([][]any, len(w.rows))
	for i, r := range w.rows {
		rows[i] = []any{r.offset, r.person, r.group, r.room, r.inbound, r.replyTo, r.elsewhere}
	}
	_, err := w.tx.Exec(ctx, `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room, inbound, reply_to, elsewhere, delivered_at, displayed_at, acknowledged_at)
		SELECT $1, r.o, r.p, r.g, r.room, r.inbound, r.reply_to, r.elsewhere, r.inbound * $2, r.inbound * $2, r.inbound * $2
		FROM `+w.tx.s.d.Rows("$3", "o", "p", "g text", "room text", "inbound", "reply_to", "elsewhere")+` AS r WHERE true`, w.tx.org, micros(w.at), jsonOf(rows))
	if err != nil {
		return fmt.Errorf("insert messages: %w", err)
	}
	return nil
}

func (w *messageWriter) touch(ctx context.Context) error { return w.touched.write(ctx, w.tx, w.at) }

func (w *messageWriter) settle(ctx context.Context) error {
	for _, s := range w.settled {
		if err := w.tx.settle(ctx, s.in, s.to); err != nil {
			return err
		}
	}
	return nil
}

// fact puts take-overs among what staff see of a conversation.
func (w *messageWriter) fact(ctx context.Context) error {
	if len(w.claims) == 0 {
		return nil
	}
	rows := make([][]any, len(w.claims))
	for i, c := range w.claims {
		rows[i] = []any{c.offset, c.person}
	}
	_, err := w.tx.Exec(ctx, `INSERT INTO facts (organisation_id, person_no, "offset", kind)
		SELECT $1, r.p, r.o, 'conversation.assigned' FROM `+w.tx.s.d.Rows("$2", "o", "p")+` AS r WHERE true`, w.tx.org, jsonOf(rows))
	if err != nil {
		return fmt.Errorf("insert who claimed it: %w", err)
	}
	return nil
}
