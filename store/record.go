package store

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"crier/internal/domain"
)

// Scope is what of the record may be read. All means everything; else only the
// sendings of Exams, each within its rooms (nil = every room).
type Scope struct {
	All   bool
	Exams map[domain.ExamID][]string
}

// RecordFilter chooses entries of the journal. Zero values are no condition.
type RecordFilter struct {
	Scope    Scope
	Exam     domain.ExamID
	Kind     domain.EntryKind
	From, To time.Time // From ≤ at < To
	Before   int64     // only entries before this offset
}

// Record returns up to limit entries, newest first, without their audiences.
func (s *Store) Record(ctx context.Context, org domain.OrganisationID, f RecordFilter, limit int) ([]*domain.Entry, error) {
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
func (s *Store) within(scope Scope, arg func(any) string) string {
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
		JOIN messages m ON m.organisation_id = e.organisation_id AND m."offset" = e."offset" AND m.room = q.room WHERE q.exam = e.group_id))`
}

// Chain is what verifying a journal found.
type Chain struct {
	Entries  int64  // how many there are
	OK       bool   // every hash fits, none is missing
	HeadHash []byte // the hash of the last entry; what a copy kept elsewhere is compared with
	FirstBad int64  // offset of the first entry that does not fit or is missing, 0 if OK
}

// verifyPage bounds how many entries VerifyChain holds at once.
const verifyPage = 256

// VerifyChain reads an organisation's whole journal up to the head it had when
// asked, and computes every hash again.
func (s *Store) VerifyChain(ctx context.Context, org domain.OrganisationID) (Chain, error) {
	head, err := s.Head(ctx, org)
	if err != nil {
		return Chain{}, err
	}
	c := Chain{OK: true, HeadHash: make([]byte, 32)}
	bad := func(at int64) Chain {
		c.OK, c.FirstBad = false, at
		return c
	}
	for next := int64(1); next <= head; {
		page, err := s.Entries(ctx, org, next-1, verifyPage)
		if err != nil {
			return Chain{}, err
		}
		if len(page) == 0 {
			return bad(next), nil
		}
		for _, e := range page {
			if e.Offset > head {
				break
			}
			if e.Offset != next || !bytes.Equal(e.Prev, c.HeadHash) || !bytes.Equal(domain.EntryHash(e), e.Hash) {
				return bad(next), nil
			}
			c.Entries, c.HeadHash = c.Entries+1, e.Hash
			next++
		}
	}
	return c, nil
}
