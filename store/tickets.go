package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// AddTickets stores tickets that people make for themselves, in one statement.
func (s *Store) AddTickets(ctx context.Context, org domain.OrganisationID, now time.Time, tickets []domain.Ticket) error {
	query, args := s.insertTickets(org, now, tickets)
	if _, err := s.w.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("insert tickets: %w", translate(ctx, err))
	}
	return nil
}

// MakeTickets stores tickets that the actor makes for others and records for whom. All
// tickets end at the same time.
func (s *Store) MakeTickets(ctx context.Context, actor domain.Actor, now time.Time, tickets []domain.Ticket) (entries []*journal.Entry, err error) {
	tickets = slices.Clone(tickets)
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		for _, part := range chunks(tickets, perEntry) {
			people := make([]domain.PersonNo, len(part))
			for i, t := range part {
				people[i] = t.Person
			}
			e := &journal.Entry{Kind: journal.KindTicketsMade, Actor: actor.Ref(),
				Payload: payload(journal.TicketsMade{People: people, ExpiresAt: part[0].ExpiresAt})}
			if err := tx.Append(ctx, e); err != nil {
				return err
			}
			for i := range part {
				part[i].Entry = e.Offset
			}
			entries = append(entries, e)
		}
		query, args := s.insertTickets(actor.Organisation, now, tickets)
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make tickets: %w", err)
	}
	return entries, nil
}

func (s *Store) insertTickets(org domain.OrganisationID, now time.Time, tickets []domain.Ticket) (query string, args []any) {
	values := make([][]any, len(tickets))
	for i, t := range tickets {
		values[i] = []any{hex.EncodeToString(t.Hash), int64(t.Person), t.Session, t.APIKey, micros(t.ExpiresAt), t.Entry}
	}
	return `INSERT INTO tickets (organisation_id, token_hash, person_no, session_id, api_key_id, created_at, expires_at, made_in)
		SELECT $1, r.token_hash, r.person_no, r.session_id, r.api_key_id, $3, r.expires_at, r.made_in
		FROM ` + s.d.Rows("$2", "token_hash text", "person_no", "session_id text", "api_key_id text", "expires_at", "made_in") + ` AS r`,
		[]any{org, jsonOf(values), micros(now)}
}

type ticketRow struct {
	Organisation int64  `db:"organisation_id"`
	Person       int64  `db:"person_no"`
	Session      string `db:"session_id"`
	APIKey       string `db:"api_key_id"`
	ExpiresAt    int64  `db:"expires_at"`
	UsedAt       int64  `db:"used_at"`
	MadeIn       int64  `db:"made_in"`
}

const ticketColumns = `organisation_id, person_no, session_id, api_key_id, expires_at, used_at, made_in`

// UseTicket uses up a ticket: of any number of callers, on any nodes, one gets it.
// Errors: Gone (used already, or expired), Unauthenticated (never heard of).
func (s *Store) UseTicket(ctx context.Context, hash []byte, now time.Time) (domain.Ticket, error) {
	key := hex.EncodeToString(hash)
	var r ticketRow
	err := s.w.GetContext(ctx, &r, `UPDATE tickets SET used_at = $2 WHERE token_hash = $1 AND used_at = 0 AND expires_at > $2 RETURNING `+ticketColumns, key, micros(now))
	if err == nil {
		return domain.Ticket{Organisation: domain.OrganisationID(r.Organisation), Hash: hash, Person: domain.PersonNo(r.Person), Session: r.Session, APIKey: r.APIKey,
			Entry: r.MadeIn, ExpiresAt: timeOf(r.ExpiresAt)}, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return domain.Ticket{}, fmt.Errorf("use ticket: %w", translate(ctx, err))
	}
	err = s.get(ctx, &r, `SELECT `+ticketColumns+` FROM tickets WHERE token_hash = $1`, key)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return domain.Ticket{}, fault.New(fault.Unauthenticated, "this ticket is not known")
	case err != nil:
		return domain.Ticket{}, fmt.Errorf("read ticket: %w", err)
	case r.UsedAt != 0:
		return domain.Ticket{}, fault.New(fault.Gone, "this ticket was used already: it opens one socket, once")
	default:
		return domain.Ticket{}, fault.New(fault.Gone, "this ticket has expired")
	}
}

// ticketMakers returns who made the tickets that entries at these offsets record; 0 is no offset.
func (s *Store) ticketMakers(ctx context.Context, org domain.OrganisationID, offsets []int64) (map[int64]domain.Ticketed, error) {
	slices.Sort(offsets)
	offsets = slices.Compact(offsets)
	if len(offsets) > 0 && offsets[0] == 0 {
		offsets = offsets[1:]
	}
	if len(offsets) == 0 {
		return nil, nil
	}
	var rows []struct {
		Offset int64
		Kind   string `db:"actor_kind"`
		Name   string `db:"actor_name"`
	}
	err := s.list(ctx, &rows, `SELECT "offset", actor_kind, actor_name FROM entries
		WHERE organisation_id = $1 AND "offset" IN `+s.d.Ints("$2"), org, jsonOf(offsets))
	if err != nil {
		return nil, fmt.Errorf("read who made tickets: %w", err)
	}
	out := make(map[int64]domain.Ticketed, len(rows))
	for _, r := range rows {
		out[r.Offset] = domain.Ticketed{Entry: r.Offset, Kind: domain.ActorKind(r.Kind), Name: r.Name}
	}
	return out, nil
}

// SweepTickets forgets tickets that expired before a time.
func (s *Store) SweepTickets(ctx context.Context, before time.Time) error {
	if _, err := s.w.ExecContext(ctx, `DELETE FROM tickets WHERE expires_at <= $1`, micros(before)); err != nil {
		return fmt.Errorf("sweep tickets: %w", translate(ctx, err))
	}
	return nil
}
