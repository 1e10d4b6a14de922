package store

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"crier/internal/domain"
	"crier/internal/journal"
)

// Record returns up to limit entries, newest first, without their audiences.
func (s *Store) Record(ctx context.Context, org domain.OrganisationID, f journal.Filter, limit int) ([]*journal.Entry, error) {
	args := []any{org, limit}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where := []string{`e.organisation_id = $1`}
	if f.Exam != "" {
		where = append(where, `e.group_id = `+arg(f.Exam))
	}
	if f.Kind != "" {
		where = append(where, `e.kind = `+arg(f.Kind))
	}
	if !f.From.IsZero() {
		where = append(where, `e.at >= `+arg(micros(f.From)))
	}
	if !f.To.IsZero() {
		where = append(where, `e.at < `+arg(micros(f.To)))
	}
	if f.Before > 0 {
		where = append(where, `e."offset" < `+arg(f.Before))
	}
	if !f.Scope.All {
		if err := s.Expand(ctx, org); err != nil {
			return nil, err
		}
		where = append(where, `e.kind = 'broadcast.sent'`, s.within(f.Scope, arg))
	}
	return s.entriesWithoutAudience(ctx, `WHERE `+strings.Join(where, ` AND `)+` ORDER BY e."offset" DESC LIMIT $2`, args...)
}

// within is the condition that a sending went into the scope.
func (s *Store) within(scope journal.Scope, arg func(any) string) string {
	whole, limited := []string{}, [][2]string{}
	for exam, rooms := range scope.Exams {
		if rooms == nil {
			whole = append(whole, string(exam))
		}
		for _, r := range rooms {
			limited = append(limited, [2]string{string(exam), r})
		}
	}
	return `(e.group_id IN ` + s.d.Texts(arg(jsonOf(whole))) + ` OR EXISTS (SELECT 1 FROM ` + s.d.Rows(arg(jsonOf(limited)), "exam text", "room text") + ` AS q
		JOIN messages m ON m.organisation_id = e.organisation_id AND m."offset" = e."offset" AND m.room = q.room WHERE q.exam = e.group_id)
		OR e.group_id = '' AND e.actor_id <> '' AND e.actor_id = CAST(` + arg(scope.Own) + ` AS text))`
}

// verifyPage bounds how many entries VerifyChain holds at once.
const verifyPage = 256

// VerifyChain reads an organisation's whole journal up to the head it had when
// asked, and computes every hash again.
func (s *Store) VerifyChain(ctx context.Context, org domain.OrganisationID) (journal.Chain, error) {
	head, err := s.Head(ctx, org)
	if err != nil {
		return journal.Chain{}, err
	}
	c := journal.Chain{OK: true, HeadHash: make([]byte, 32)}
	bad := func(at int64) journal.Chain {
		c.OK, c.FirstBad = false, at
		return c
	}
	for next := int64(1); next <= head; {
		page, err := s.Entries(ctx, org, next-1, verifyPage)
		if err != nil {
			return journal.Chain{}, err
		}
		if len(page) == 0 {
			return bad(next), nil
		}
		for _, e := range page {
			if e.Offset > head {
				break
			}
			if e.Offset != next || !bytes.Equal(e.Prev, c.HeadHash) || !bytes.Equal(journal.HashOf(e), e.Hash) {
				return bad(next), nil
			}
			c.Entries, c.HeadHash = c.Entries+1, e.Hash
			next++
		}
	}
	return c, nil
}
