package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/failpoint"
	"crier/internal/fault"
	"crier/internal/journal"
)

// RecordDeliveries notes what became of claimed deliveries, with their attempts: one transaction, and at most one entry, per
// organisation. A result under an old fence, or of what is no longer being sent, is not heard. On an
// error the results of some organisations may have been noted; repeating all is safe.
func (s *Store) RecordDeliveries(ctx context.Context, at time.Time, results []domain.DeliveryResult) (entries []*journal.Entry, err error) {
	by := map[domain.OrganisationID][]domain.DeliveryResult{}
	var order []domain.OrganisationID
	for _, r := range results {
		org := r.Delivery.Organisation
		if by[org] == nil {
			order = append(order, org)
		}
		by[org] = append(by[org], r)
	}
	for _, org := range order {
		var told []*journal.Entry
		err := s.write(ctx, org, func(tx *Tx) (err error) {
			told, err = tx.recordDeliveries(ctx, at, by[org])
			failpoint.Hit(failpoint.DeliveryBeforeCommit)
			return err
		})
		if err != nil {
			return entries, fmt.Errorf("record deliveries: %w", err)
		}
		entries = append(entries, told...)
	}
	return entries, nil
}

func (t *Tx) recordDeliveries(ctx context.Context, at time.Time, list []domain.DeliveryResult) ([]*journal.Entry, error) {
	told := false
	rows := make([][]any, len(list))
	byID := make(map[string]domain.DeliveryResult, len(list))
	for i, r := range list {
		consumed := 0
		if r.Consumed {
			consumed = 1
		}
		rows[i] = []any{r.Delivery.ID, r.Delivery.Fence, r.State, r.Address, r.Provider, r.ProviderID, r.Parts, r.Reason, r.Detail, micros(r.DueAt), consumed}
		byID[r.Delivery.ID] = r
		told = told || r.State != domain.DeliveryWaiting
	}
	if told {
		if _, err := t.Lock(ctx); err != nil {
			return nil, err
		}
	}
	var heard []string
	err := t.Select(ctx, &heard, `UPDATE deliveries AS d SET state = r.state, address = CASE WHEN r.address <> '' THEN r.address ELSE d.address END, provider = r.provider,
			provider_id = r.provider_id, parts = CASE WHEN r.parts > 0 THEN r.parts ELSE d.parts END, reason = r.reason, detail = r.detail,
			due_at = CASE WHEN r.due > 0 THEN r.due ELSE d.due_at END, attempts = d.attempts + r.consumed, lease_until = 0, changed_at = $2,
			sent_at = CASE WHEN r.state = 'sent' THEN $2 ELSE d.sent_at END
		FROM `+t.s.d.Rows("$3", "rid text", "fence", "state text", "address text", "provider text", "provider_id text", "parts", "reason text", "detail text", "due", "consumed")+` AS r
		WHERE d.organisation_id = $1 AND d.id = r.rid AND d.fence = r.fence AND d.state = 'sending' RETURNING id`, t.org, micros(at), jsonOf(rows))
	if err != nil {
		return nil, fmt.Errorf("move deliveries: %w", err)
	}
	var attempts []attemptRow
	var items []journal.DeliveryItem
	var entries []*journal.Entry
	for _, id := range heard {
		r := byID[id]
		if r.OptedOut {
			stopped, err := t.optOut(ctx, r.Delivery, r.Address, r.Detail, at)
			if err != nil {
				return nil, err
			}
			entries = append(entries, stopped...)
		}
		if a := r.Attempt; a != nil {
			attempts = append(attempts, attemptRow{t.org, id, *a})
		}
		if r.State != domain.DeliveryWaiting {
			items = append(items, journal.DeliveryItem{ID: id, Message: r.Delivery.Offset, Person: r.Delivery.Person, Channel: r.Delivery.Channel, State: r.State, Reason: r.Reason})
		}
	}
	if err := t.addAttempts(ctx, attempts); err != nil {
		return nil, err
	}
	e, err := t.tellDeliveries(ctx, domain.System(t.org).Ref(), items)
	if e != nil {
		entries = append(entries, e)
	}
	return entries, err
}

// optOut ends the consent of everybody who has the number that a delivery went to: the provider says that
// they have told it to stop. The transaction has taken the journal.
func (t *Tx) optOut(ctx context.Context, d domain.Delivery, address, words string, at time.Time) ([]*journal.Entry, error) {
	if d.Channel != domain.ChannelSMS {
		return nil, nil
	}
	if address == "" {
		address = d.Address
	}
	var people []int64
	err := t.Select(ctx, &people, `SELECT p.no FROM people p WHERE p.organisation_id = $1 AND (p.no = $2 OR p.phone_e164 = $3 AND p.phone_e164 <> '' AND p.kind = 'candidate')
		AND coalesce((SELECT c.state FROM consents c WHERE c.organisation_id = p.organisation_id AND c.person_no = p.no AND c.channel = 'sms' ORDER BY c.at DESC LIMIT 1), '') <> 'out'
		ORDER BY p.no`, t.org, d.Person, address)
	if err != nil {
		return nil, fmt.Errorf("read who has a number: %w", err)
	}
	list := make([]newConsent, len(people))
	for i, no := range people {
		list[i] = newConsent{no, domain.ConsentRecord{Channel: domain.ChannelSMS, State: domain.ConsentOut, Source: domain.ConsentByProvider, Words: words, At: at}}
	}
	return t.addConsents(ctx, domain.System(t.org).Ref(), list)
}

// tellDeliveries puts what became of deliveries into the journal; nil if there is nothing to tell. The
// transaction has taken the journal.
func (t *Tx) tellDeliveries(ctx context.Context, by domain.ActorRef, items []journal.DeliveryItem) (*journal.Entry, error) {
	if len(items) == 0 {
		return nil, nil
	}
	e := &journal.Entry{Kind: journal.KindDeliveriesRecorded, Actor: by, Payload: payload(journal.DeliveriesRecorded{Items: items})}
	return e, t.Append(ctx, e)
}

// attemptRow is an attempt of a delivery; its number is given when it is written.
type attemptRow struct {
	org domain.OrganisationID
	id  string
	domain.Attempt
}

// addAttempts writes attempts, at most one of each delivery.
func (t *Tx) addAttempts(ctx context.Context, list []attemptRow) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]any, len(list))
	for i, a := range list {
		rows[i] = []any{a.org, a.id, micros(a.At), a.Outcome, a.Code, a.Detail}
	}
	_, err := t.Exec(ctx, `INSERT INTO delivery_attempts (organisation_id, delivery_id, n, at, outcome, code, detail)
		SELECT r.org, r.rid, 1 + coalesce((SELECT max(a.n) FROM delivery_attempts a WHERE a.organisation_id = r.org AND a.delivery_id = r.rid), 0), r.at, r.outcome, r.code, r.detail
		FROM `+t.s.d.Rows("$1", "org", "rid text", "at", "outcome text", "code text", "detail text")+` AS r WHERE true`, jsonOf(rows))
	if err != nil {
		return fmt.Errorf("write attempts: %w", err)
	}
	return nil
}

// SweepDeliveries gives up to limit deliveries back whose worker has died: they may have gone, and go again. It returns how
// many.
func (s *Store) SweepDeliveries(ctx context.Context, now time.Time, limit int) (int, error) {
	// Workers look often, and seldom find anything: looking takes no writer's place.
	var dead []int
	if err := s.list(ctx, &dead, `SELECT 1 FROM deliveries WHERE state = 'sending' AND lease_until < $1 LIMIT 1`, micros(now)); err != nil || len(dead) == 0 {
		return 0, err
	}
	skip := ""
	if s.d == postgres {
		skip = ` FOR UPDATE SKIP LOCKED`
	}
	var rows []struct {
		Organisation int64 `db:"organisation_id"`
		ID           string
	}
	err := s.write(ctx, 0, func(tx *Tx) error {
		err := tx.Select(ctx, &rows, `UPDATE deliveries SET state = 'waiting', due_at = $1, lease_until = 0, attempts = attempts + 1, changed_at = $1
			WHERE (organisation_id, id) IN (SELECT w.organisation_id, w.id FROM deliveries w WHERE w.state = 'sending' AND w.lease_until < $1
				ORDER BY w.lease_until LIMIT $2`+skip+`) RETURNING organisation_id, id`, micros(now), limit)
		if err != nil {
			return err
		}
		lost := make([]attemptRow, len(rows))
		for i, r := range rows {
			lost[i] = attemptRow{domain.OrganisationID(r.Organisation), r.ID, domain.Attempt{At: now, Outcome: domain.OutcomeLost}}
		}
		return tx.addAttempts(ctx, lost)
	})
	if err != nil {
		return 0, fmt.Errorf("give deliveries back: %w", err)
	}
	return len(rows), nil
}

// ReportDelivery notes what a provider says later of a delivery, each word once. What has arrived stays so, and what was given up
// has arrived after all if the provider says so. A bounce marks the address. There is no entry where the state
// stays. Errors: NotFound for a delivery that is not known, or not yet.
func (s *Store) ReportDelivery(ctx context.Context, r domain.DeliveryReport) (entries []*journal.Entry, err error) {
	err = s.write(ctx, r.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		where, args := `d.id = $2`, []any{tx.org, r.ID}
		if r.ID == "" {
			if r.ProviderID == "" {
				return fault.New(fault.NotFound, "no such delivery")
			}
			where, args = `d.provider = $2 AND d.provider_id = $3 AND d.provider_id <> ''`, []any{tx.org, r.Provider, r.ProviderID}
		}
		var row deliveryRow
		err := tx.Get(ctx, &row, `SELECT `+deliveryColumns+` FROM deliveries d WHERE d.organisation_id = $1 AND `+where+tx.s.d.forUpdate, args...)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "no such delivery")
		}
		if err != nil {
			return err
		}
		entries, err = tx.report(ctx, row.delivery(), r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("note a provider's report: %w", err)
	}
	return entries, nil
}

func (t *Tx) report(ctx context.Context, d domain.Delivery, r domain.DeliveryReport) (entries []*journal.Entry, err error) {
	var known int
	err = t.Get(ctx, &known, `SELECT count(*) FROM delivery_attempts WHERE organisation_id = $1 AND delivery_id = $2 AND outcome = $3 AND code = $4`, t.org, d.ID, r.Outcome, r.Code)
	if err != nil || known > 0 {
		return nil, err
	}
	at := r.At
	if at.IsZero() {
		at = t.s.clock.Now()
	}
	if err := t.addAttempts(ctx, []attemptRow{{t.org, d.ID, domain.Attempt{At: at, Outcome: r.Outcome, Code: r.Code, Detail: r.Detail}}}); err != nil {
		return nil, err
	}
	if r.Outcome == domain.OutcomeBounced {
		_, err := t.Exec(ctx, `UPDATE people SET email_state = 'bounced' WHERE organisation_id = $1 AND no = $2 AND email = $3 AND email <> ''`, t.org, d.Person, d.Address)
		if err != nil {
			return nil, fmt.Errorf("mark an address: %w", err)
		}
	}
	if r.OptedOut {
		if entries, err = t.optOut(ctx, d, d.Address, r.Detail, at); err != nil {
			return nil, err
		}
	}
	state, reason, detail := domain.DeliveryDelivered, "", ""
	if r.Outcome != domain.OutcomeDelivered {
		state, reason, detail = domain.DeliveryFailed, r.Code, r.Detail
		if r.Outcome == domain.OutcomeBounced {
			reason = string(domain.ReasonBounced)
		}
		if r.OptedOut {
			reason = string(domain.ReasonOptedOut)
		}
	}
	if d.State == domain.DeliveryDelivered || d.State == state {
		return entries, nil
	}
	_, err = t.Exec(ctx, `UPDATE deliveries SET state = $3, reason = $4, detail = $5, lease_until = 0, changed_at = $6 WHERE organisation_id = $1 AND id = $2`,
		t.org, d.ID, state, reason, detail, micros(at))
	if err != nil {
		return nil, fmt.Errorf("move a delivery: %w", err)
	}
	e, err := t.tellDeliveries(ctx, domain.System(t.org).Ref(), []journal.DeliveryItem{{ID: d.ID, Message: d.Offset, Person: d.Person, Channel: d.Channel, State: state, Reason: reason}})
	return append(entries, e), err
}
