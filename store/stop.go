package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// stopQueued ends what had not been delivered yet to these people, of one group or, with
// "", of all and of none (product row V18): it is never delivered any more, in no
// connection and no inbox, and its sending's board says why. Stopping is final: who
// comes back can be reminded. The transaction has taken the journal, and no conversation
// yet.
func (t *Tx) stopQueued(ctx context.Context, group domain.GroupID, people []int64, why domain.BlockedCode) error {
	if len(people) == 0 {
		return nil
	}
	nos := make([]domain.PersonNo, len(people))
	for i, no := range people {
		nos[i] = domain.PersonNo(no)
	}
	if err := t.expandFor(ctx, nos); err != nil { // what is sent and not expanded yet is stopped too
		return err
	}
	// What the person meets by its copies alone waits on no page; its copies are stopped below.
	_, err := t.Exec(ctx, `UPDATE messages SET stopped = $3 WHERE organisation_id = $1 AND person_no IN `+t.s.d.Ints("$2")+`
		AND delivered_at = 0 AND inbound = 0 AND elsewhere = 0 AND stopped = '' AND (CAST($4 AS text) = '' OR group_id = $4)`, t.org, jsonOf(people), why, group)
	if err != nil {
		return fmt.Errorf("stop what waits: %w", err)
	}
	return t.stopCopies(ctx, group, people, why)
}

// stopCopies suppresses the copies that wait for these people, of one group or, with "", of all and of none. One that is in
// a worker's hands meanwhile is judged by the same standing.
func (t *Tx) stopCopies(ctx context.Context, group domain.GroupID, people []int64, why domain.BlockedCode) error {
	reason := domain.ReasonBlocked
	if why == domain.BlockedLeft {
		reason = domain.ReasonLeft
	}
	_, err := t.Exec(ctx, `UPDATE deliveries SET state = 'suppressed', reason = $3, changed_at = $5 WHERE organisation_id = $1 AND person_no IN `+t.s.d.Ints("$2")+`
		AND state = 'waiting' AND kind = 'message' AND "offset" <> 0 AND (CAST($4 AS text) = '' OR EXISTS (SELECT 1 FROM messages m
			WHERE m.organisation_id = $1 AND m."offset" = deliveries."offset" AND m.person_no = deliveries.person_no AND m.group_id = $4))`,
		t.org, jsonOf(people), reason, group, micros(t.s.clock.Now()))
	if err != nil {
		return fmt.Errorf("stop copies that wait: %w", err)
	}
	return nil
}
