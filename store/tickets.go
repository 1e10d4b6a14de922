package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// AddTickets stores tickets of one organisation in one statement.
func (s *Store) AddTickets(ctx context.Context, org domain.OrganisationID, now time.Time, tickets []domain.Ticket) error {
	values := make([][]any, len(tickets))
	for i, t := range tickets {
		values[i] = []any{hex.EncodeToString(t.Hash), int64(t.Person), t.Session, t.APIKey, micros(t.ExpiresAt)}
	}
	_, err := s.w.ExecContext(ctx, `INSERT INTO tickets (organisation_id, token_hash, person_no, session_id, api_key_id, created_at, expires_at)
		SELECT $1, r.token_hash, r.person_no, r.session_id, r.api_key_id, $3, r.expires_at
		FROM `+s.d.Rows("$2", "token_hash text", "person_no", "session_id text", "api_key_id text", "expires_at")+` AS r`, org, jsonOf(values), micros(now))
	if err != nil {
		return fmt.Errorf("insert tickets: %w", translate(ctx, err))
	}
	return nil
}

type ticketRow struct {
	Organisation int64  `db:"organisation_id"`
	Person       int64  `db:"person_no"`
	Session      string `db:"session_id"`
	APIKey       string `db:"api_key_id"`
	ExpiresAt    int64  `db:"expires_at"`
	UsedAt       int64  `db:"used_at"`
}

const ticketColumns = `organisation_id, person_no, session_id, api_key_id, expires_at, used_at`

// UseTicket uses up a ticket: of any number of callers, on any nodes, one gets it.
// Errors: Gone (used already, or expired), Unauthenticated (never heard of).
func (s *Store) UseTicket(ctx context.Context, hash []byte, now time.Time) (domain.Ticket, error) {
	key := hex.EncodeToString(hash)
	var r ticketRow
	err := s.w.GetContext(ctx, &r, `UPDATE tickets SET used_at = $2 WHERE token_hash = $1 AND used_at = 0 AND expires_at > $2 RETURNING `+ticketColumns, key, micros(now))
	if err == nil {
		return domain.Ticket{Organisation: domain.OrganisationID(r.Organisation), Hash: hash, Person: domain.PersonNo(r.Person), Session: r.Session, APIKey: r.APIKey,
			ExpiresAt: timeOf(r.ExpiresAt)}, nil
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

// SweepTickets forgets tickets that expired before a time.
func (s *Store) SweepTickets(ctx context.Context, before time.Time) error {
	if _, err := s.w.ExecContext(ctx, `DELETE FROM tickets WHERE expires_at <= $1`, micros(before)); err != nil {
		return fmt.Errorf("sweep tickets: %w", translate(ctx, err))
	}
	return nil
}
