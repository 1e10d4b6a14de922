package store

import (
	"context"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// Values of conversations.shelf: where a conversation stands for the whole team.
const (
	shelfInbox   = 0
	shelfArchive = 1
	shelfSnoozed = 2
)

// marking is what a mark changes: where it changes anything, and what it makes of a
// conversation and of its threads, "" for nothing. args are what set has from $3 on.
type marking struct {
	where, set, threads string
	args                func(e *journal.Entry, by domain.Actor, until time.Time) []any
}

var markings = map[domain.ConversationMark]marking{
	domain.MarkProcessed: {where: `(open <> 0 OR processed_at = 0)`, args: func(e *journal.Entry, by domain.Actor, _ time.Time) []any { return []any{micros(e.At), by.Name} },
		set: `open = 0, waiting_offset = 0, processed_at = $3, processed_by = $4`, threads: `waiting_offset = 0`},
	domain.MarkNotProcessed: {where: `open = 0`,
		set: `open = 1, waiting_offset = CASE WHEN ` + answeredSince("conversations", "") + ` THEN 0 ELSE in_offset END, processed_at = 0, processed_by = ''`,
		// What waits again is their last message, in the group it belongs to; nothing, if it was answered.
		threads: `waiting_offset = CASE WHEN NOT ` + answeredSince("threads", ` AND m.group_id = threads.group_id`) + ` AND in_offset = (SELECT c.in_offset FROM conversations c
			WHERE c.organisation_id = threads.organisation_id AND c.person_no = threads.person_no) THEN in_offset ELSE waiting_offset END`},
	domain.MarkArchived:   {where: `shelf <> 1`, set: `shelf = 1` + awake},
	domain.MarkUnarchived: {where: `shelf = 1`, set: `shelf = 0`},
	domain.MarkSnoozed: {where: `true`, set: `shelf = 2, snoozed_until = $3, snoozed_by = $4, snoozed_no = $5`,
		args: func(_ *journal.Entry, by domain.Actor, until time.Time) []any {
			return []any{micros(until), by.Name, by.No}
		}},
	domain.MarkUnsnoozed: {where: `shelf = 2`, set: `shelf = 0` + awake},
}

// awake is the part of a SET that ends a snooze.
const awake = `, snoozed_until = 0, snoozed_by = '', snoozed_no = 0`

// answeredSince says that staff have answered the newest message of a row of conversations or threads. A sending to
// many is no answer, although out_offset moves with it.
func answeredSince(table, and string) string {
	return `EXISTS (SELECT 1 FROM messages m JOIN entries e ON e.organisation_id = m.organisation_id AND e."offset" = m."offset"
		WHERE m.organisation_id = ` + table + `.organisation_id AND m.person_no = ` + table + `.person_no AND m."offset" > ` + table + `.in_offset
			AND m.inbound = 0 AND e.kind = 'message.sent'` + and + `)`
}

// MarkConversations sets a mark of the team's on those of the people's conversations
// that do not have it yet, and records it in one entry. If it changes nothing the entry
// is nil. until belongs to MarkSnoozed alone. Whether the people are seen is the caller's to check.
func (s *Store) MarkConversations(ctx context.Context, by domain.Actor, mark domain.ConversationMark, until time.Time, people []domain.PersonNo) (changed int, entry *journal.Entry, err error) {
	m, ok := markings[mark]
	if mark == domain.MarkSnoozed { // another time is a change
		m.where = fmt.Sprintf(`(shelf <> 2 OR snoozed_until <> %d)`, micros(until))
	}
	if !ok {
		return 0, nil, fmt.Errorf("no such mark: %q", mark)
	}
	if err := s.Expand(ctx, by.Organisation); err != nil {
		return 0, nil, err
	}
	err = s.write(ctx, by.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var nos []domain.PersonNo
		// Locked in the order that an expansion takes them in, which does not wait for the journal.
		err := tx.Select(ctx, &nos, `SELECT person_no FROM conversations WHERE organisation_id = $1 AND `+m.where+` AND person_no IN `+s.d.Ints("$2")+`
			ORDER BY person_no`+s.d.forUpdate, tx.org, jsonOf(people))
		if err != nil || len(nos) == 0 {
			return err
		}
		changed = len(nos)
		entry, err = tx.mark(ctx, by, mark, until, nos)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("mark conversations: %w", err)
	}
	return changed, entry, nil
}

// mark records a mark and sets it on conversations that the transaction holds.
func (t *Tx) mark(ctx context.Context, by domain.Actor, mark domain.ConversationMark, until time.Time, people []domain.PersonNo) (*journal.Entry, error) {
	reached, err := t.reached(ctx, people)
	if err != nil {
		return nil, err
	}
	e := &journal.Entry{Kind: journal.KindConversationMarked, Actor: by.Ref(),
		Payload: payload(journal.ConversationMarked{Mark: mark, Until: until, People: reached})}
	if err := t.Append(ctx, e); err != nil {
		return nil, err
	}
	if err := t.addFacts(ctx, e, "", people...); err != nil {
		return nil, err
	}
	m, args := markings[mark], []any{t.org, jsonOf(people)}
	if m.args != nil {
		args = append(args, m.args(e, by, until)...)
	}
	where := ` WHERE organisation_id = $1 AND person_no IN ` + t.s.d.Ints("$2")
	if _, err := t.Exec(ctx, `UPDATE conversations SET `+m.set+where, args...); err != nil {
		return nil, err
	}
	if m.threads == "" {
		return e, nil
	}
	_, err = t.Exec(ctx, `UPDATE threads SET `+m.threads+where, args[:2]...)
	return e, err
}
