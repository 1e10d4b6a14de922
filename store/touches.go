package store

import (
	"context"
	"fmt"
	"time"

	"crier/internal/domain"
)

// touches is what a batch of messages does to the rows that lists are sorted by.
// Whoever writes such rows writes them in the order of person and group, so that two
// transactions never wait for each other in a ring.
type touches struct {
	conversations map[domain.PersonNo]*touch
	threads       map[threadKey]*touch
}

type threadKey struct {
	person domain.PersonNo
	group  domain.GroupID
}

// touch is what happens to one row. Offsets are 0 where nothing moves them.
type touch struct {
	sortName      string
	last, in, out int64
	waiting       int64 // first message of the candidate; after out, if staff have written
	assigned      domain.PersonNo
	channels      string // copies that staff chose, as JSON, null for the default; "": they did not say
}

func (t *touch) message(r messageRow) {
	t.last = r.offset
	if r.inbound == 0 {
		t.out, t.waiting = r.offset, 0 // what was waiting is answered
		return
	}
	t.in = r.offset
	if t.waiting == 0 {
		t.waiting = r.offset
	}
}

func (t *touches) conversation(a *addressee) *touch {
	if t.conversations == nil {
		t.conversations, t.threads = map[domain.PersonNo]*touch{}, map[threadKey]*touch{}
	}
	c := t.conversations[a.No]
	if c == nil {
		c = &touch{sortName: a.SortName}
		t.conversations[a.No] = c
	}
	return c
}

// claim notes that a conversation is taken over.
func (t *touches) claim(a *addressee, by domain.PersonNo) { t.conversation(a).assigned = by }

// message notes one message of a conversation.
func (t *touches) message(a *addressee, r messageRow) {
	t.conversation(a).message(r)
	k := threadKey{a.No, r.group}
	if t.threads[k] == nil {
		t.threads[k] = &touch{}
	}
	t.threads[k].message(r)
}

// chosen notes which copies staff chose with a message; nil: they did not say. Whoever chooses the
// organisation's default follows it when it changes.
func (t *touches) chosen(a *addressee, channels []domain.Channel) {
	switch {
	case channels == nil:
	case a.Settings.DefaultCopies(channels):
		t.conversation(a).channels = "null"
	default:
		t.conversation(a).channels = jsonOf(channels)
	}
}

// write moves the rows. Offsets only rise, since an expansion may come late.
func (t *touches) write(ctx context.Context, tx *Tx, at time.Time) error {
	d := tx.s.d
	conversations := make([][]any, 0, len(t.conversations))
	for no, c := range t.conversations {
		conversations = append(conversations, []any{int64(no), c.sortName, c.last, c.in, c.out, c.waiting, int64(c.assigned), c.channels})
	}
	_, err := tx.Exec(ctx, `INSERT INTO conversations AS c (organisation_id, person_no, sort_name, last_offset, in_offset, out_offset, waiting_offset, open, assigned_no, assigned_at, channels)
		SELECT $1, r.p, r.sort_name, r.last, r.received, r.sent, r.waiting, CASE WHEN r.received <> 0 THEN 1 ELSE 0 END, r.assigned, CASE WHEN r.assigned <> 0 THEN CAST($2 AS `+d.bigint+`) ELSE 0 END,
			r.channels
		FROM `+d.Rows("$3", "p", "sort_name text", "last", "received", "sent", "waiting", "assigned", "channels text")+` AS r WHERE true ORDER BY r.p
		ON CONFLICT (organisation_id, person_no) DO UPDATE SET sort_name = excluded.sort_name,
			last_offset = `+d.greatest+`(c.last_offset, excluded.last_offset),
			in_offset = `+d.greatest+`(c.in_offset, excluded.in_offset),
			out_offset = `+d.greatest+`(c.out_offset, excluded.out_offset),
			waiting_offset = CASE WHEN excluded.out_offset = 0 AND c.waiting_offset <> 0 THEN c.waiting_offset ELSE excluded.waiting_offset END,
			open = CASE WHEN excluded.in_offset <> 0 THEN 1 ELSE c.open END,
			shelf = CASE WHEN excluded.in_offset <> 0 THEN 0 ELSE c.shelf END,
			snoozed_until = CASE WHEN excluded.in_offset <> 0 THEN 0 ELSE c.snoozed_until END,
			snoozed_by = CASE WHEN excluded.in_offset <> 0 THEN '' ELSE c.snoozed_by END,
			snoozed_no = CASE WHEN excluded.in_offset <> 0 THEN 0 ELSE c.snoozed_no END,
			assigned_no = CASE WHEN excluded.assigned_no <> 0 THEN excluded.assigned_no ELSE c.assigned_no END,
			assigned_at = CASE WHEN excluded.assigned_no <> 0 THEN excluded.assigned_at ELSE c.assigned_at END,
			channels = CASE WHEN excluded.channels <> '' THEN excluded.channels ELSE c.channels END`,
		tx.org, micros(at), jsonOf(conversations))
	if err != nil {
		return fmt.Errorf("move conversations: %w", err)
	}
	threads := make([][]any, 0, len(t.threads))
	for k, c := range t.threads {
		threads = append(threads, []any{int64(k.person), string(k.group), c.last, c.in, c.out, c.waiting})
	}
	_, err = tx.Exec(ctx, `INSERT INTO threads AS c (organisation_id, person_no, group_id, last_offset, in_offset, out_offset, waiting_offset)
		SELECT $1, r.p, r.g, r.last, r.received, r.sent, r.waiting
		FROM `+d.Rows("$2", "p", "g text", "last", "received", "sent", "waiting")+` AS r WHERE true ORDER BY r.p, r.g
		ON CONFLICT (organisation_id, person_no, group_id) DO UPDATE SET
			last_offset = `+d.greatest+`(c.last_offset, excluded.last_offset),
			in_offset = `+d.greatest+`(c.in_offset, excluded.in_offset),
			out_offset = `+d.greatest+`(c.out_offset, excluded.out_offset),
			waiting_offset = CASE WHEN excluded.out_offset = 0 AND c.waiting_offset <> 0 THEN c.waiting_offset ELSE excluded.waiting_offset END`,
		tx.org, jsonOf(threads))
	if err != nil {
		return fmt.Errorf("move threads: %w", err)
	}
	return nil
}

// hold takes the conversations of people in the order in which all take them, so that
// they may be changed in one statement, which takes rows as it likes. Whoever holds a
// person's conversation is alone with their threads. people is a JSON array of numbers.
func (t *Tx) hold(ctx context.Context, people string) error {
	var held []int64
	err := t.Select(ctx, &held, `SELECT person_no FROM conversations WHERE organisation_id = $1 AND person_no IN `+t.s.d.Ints("$2")+`
		ORDER BY person_no`+t.s.d.forUpdate, t.org, people)
	if err != nil {
		return fmt.Errorf("take conversations: %w", err)
	}
	return nil
}
