package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

type sessionRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Person       int64  `db:"person_no"`
	UserAgent    string `db:"user_agent"`
	CreatedAt    int64  `db:"created_at"`
	ExpiresAt    int64  `db:"expires_at"`
	SeenAt       int64  `db:"seen_at"`
}

func (r sessionRow) session() domain.Session {
	return domain.Session{Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Person: domain.PersonNo(r.Person), UserAgent: r.UserAgent,
		CreatedAt: timeOf(r.CreatedAt), ExpiresAt: timeOf(r.ExpiresAt), SeenAt: timeOf(r.SeenAt)}
}

const sessionColumns = `organisation_id, id, person_no, user_agent, created_at, expires_at, seen_at`

// StartSession stores a login of the actor and records it.
func (s *Store) StartSession(ctx context.Context, actor domain.Actor, n domain.Session, tokenHash []byte) (*journal.Entry, error) {
	e := &journal.Entry{Kind: journal.KindSessionStarted, Actor: actor.Ref(),
		Payload: payload(journal.SessionChanged{Sessions: []string{n.ID}, Person: n.Person, Name: actor.Name})}
	err := s.write(ctx, n.Organisation, func(tx *Tx) error {
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO sessions (organisation_id, id, person_no, token_hash, user_agent, created_at, expires_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, n.Organisation, n.ID, n.Person, tokenHash, n.UserAgent, micros(n.CreatedAt), micros(n.ExpiresAt), micros(n.SeenAt))
		if err != nil {
			return fmt.Errorf("insert session: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// SessionByToken returns the login of a token's SHA-256, or NotFound. It may have
// expired: compare ExpiresAt.
func (s *Store) SessionByToken(ctx context.Context, tokenHash []byte) (domain.Session, error) {
	return s.session(ctx, `token_hash = $1`, tokenHash)
}

func (s *Store) session(ctx context.Context, where string, args ...any) (domain.Session, error) {
	var r sessionRow
	err := s.get(ctx, &r, `SELECT `+sessionColumns+` FROM sessions WHERE `+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.Session{}, fault.New(fault.NotFound, "no such session")
	}
	if err != nil {
		return domain.Session{}, fmt.Errorf("read session: %w", err)
	}
	return r.session(), nil
}

// TouchSession notes that a login was used, and until when it lasts therefore.
func (s *Store) TouchSession(ctx context.Context, org domain.OrganisationID, id string, seen, expires time.Time) error {
	_, err := s.w.ExecContext(ctx, `UPDATE sessions SET seen_at = $3, expires_at = $4 WHERE organisation_id = $1 AND id = $2 AND expires_at < $4`,
		org, id, micros(seen), micros(expires))
	if err != nil {
		return fmt.Errorf("touch session: %w", translate(ctx, err))
	}
	return nil
}

// EndSession ends one login and records it. No entry means that there was none.
func (s *Store) EndSession(ctx context.Context, actor domain.Actor, id, reason string) ([]*journal.Entry, error) {
	return s.endSessions(ctx, actor, reason, `organisation_id = $1 AND id = $2`, actor.Organisation, id)
}

// EndSessionsOf ends all logins of a person and records it. No entry means that
// there were none.
func (s *Store) EndSessionsOf(ctx context.Context, actor domain.Actor, no domain.PersonNo, reason string) ([]*journal.Entry, error) {
	return s.endSessions(ctx, actor, reason, `organisation_id = $1 AND person_no = $2`, actor.Organisation, no)
}

func (s *Store) endSessions(ctx context.Context, actor domain.Actor, reason, where string, args ...any) (entries []*journal.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		entries, err = tx.endSessions(ctx, actor, reason, where, args...)
		return err
	})
	return entries, err
}

// endSessions ends logins, and with them the pushes to their browsers. It makes one entry per person.
func (t *Tx) endSessions(ctx context.Context, actor domain.Actor, reason, where string, args ...any) ([]*journal.Entry, error) {
	var gone []struct {
		ID     string
		Person int64 `db:"person_no"`
	}
	err := t.Select(ctx, &gone, `DELETE FROM sessions WHERE `+where+` RETURNING id, person_no`, args...)
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	ids := make([]string, len(gone))
	for i, g := range gone {
		ids[i] = g.ID
	}
	_, err = t.Exec(ctx, `DELETE FROM push_subscriptions WHERE organisation_id = $1 AND session_id IN `+t.s.d.Texts("$2"), t.org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("end the pushes of sessions: %w", err)
	}
	of := map[int64][]string{}
	var people []int64
	for _, g := range gone {
		if of[g.Person] == nil {
			people = append(people, g.Person)
		}
		of[g.Person] = append(of[g.Person], g.ID)
	}
	var rows []personRow
	err = t.Select(ctx, &rows, `SELECT `+personColumns+` FROM people p WHERE p.organisation_id = $1 AND p.no IN `+t.s.d.Ints("$2"), t.org, jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	names := map[int64]string{}
	for _, r := range rows {
		names[r.No] = r.person().Name()
	}
	var entries []*journal.Entry
	for _, no := range people {
		e := &journal.Entry{Kind: journal.KindSessionEnded, Actor: actor.Ref(),
			Payload: payload(journal.SessionChanged{Sessions: of[no], Person: domain.PersonNo(no), Name: names[no], Reason: reason})}
		if err := t.Append(ctx, e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// sweepBatch is how many expired logins of an organisation one transaction ends.
const sweepBatch = 500

// SweepSessions ends logins that expired before a time and records it. Those of candidates who are in
// a test last until its end.
func (s *Store) SweepSessions(ctx context.Context, before time.Time) ([]*journal.Entry, error) {
	var orgs []domain.OrganisationID
	if err := s.list(ctx, &orgs, `SELECT DISTINCT organisation_id FROM sessions WHERE expires_at <= $1`, micros(before)); err != nil {
		return nil, fmt.Errorf("find expired sessions: %w", err)
	}
	var entries []*journal.Entry
	for _, org := range orgs {
		if err := s.extendSessions(ctx, org, before); err != nil {
			return entries, err
		}
		more, err := s.endSessions(ctx, domain.System(org), "expired", `organisation_id = $1 AND id IN
			(SELECT id FROM sessions WHERE organisation_id = $1 AND expires_at <= $2 LIMIT $3)`, org, micros(before), sweepBatch)
		if err != nil {
			return entries, err
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

// extendSessions lets logins that have expired, of candidates who are in a test, last until its end.
func (s *Store) extendSessions(ctx context.Context, org domain.OrganisationID, now time.Time) error {
	var people []domain.PersonNo
	err := s.list(ctx, &people, `SELECT DISTINCT n.person_no FROM sessions n
		JOIN people p ON p.organisation_id = n.organisation_id AND p.no = n.person_no AND p.kind = 'candidate'
		WHERE n.organisation_id = $1 AND n.expires_at <= $2`, org, micros(now))
	if err != nil {
		return fmt.Errorf("find candidates' expired sessions: %w", err)
	}
	if len(people) == 0 {
		return nil
	}
	list, err := s.sittings(ctx, org, people)
	if err != nil {
		return err
	}
	for no, until := range lastUntil(list, now) {
		_, err := s.w.ExecContext(ctx, `UPDATE sessions SET expires_at = $3 WHERE organisation_id = $1 AND person_no = $2 AND expires_at <= $4`,
			org, no, micros(until), micros(now))
		if err != nil {
			return fmt.Errorf("extend sessions: %w", translate(ctx, err))
		}
	}
	return nil
}

// RecordSignInsFailed records an interval's failed sign-ins.
func (s *Store) RecordSignInsFailed(ctx context.Context, actor domain.Actor, p journal.SignInsFailed) (*journal.Entry, error) {
	e := &journal.Entry{Kind: journal.KindSignInsFailed, Actor: actor.Ref(), Payload: payload(p)}
	err := s.write(ctx, actor.Organisation, func(tx *Tx) error { return tx.Append(ctx, e) })
	if err != nil {
		return nil, err
	}
	return e, nil
}
