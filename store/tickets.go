package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"crier/internal/domain"
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

type redemptionRow struct {
	Hash         string `db:"token_hash"`
	Organisation int64  `db:"organisation_id"`
	Person       int64  `db:"person_no"`
	Session      string `db:"session_id"`
	APIKey       string `db:"api_key_id"`
	ExpiresAt    int64  `db:"expires_at"`
	UsedAt       int64  `db:"used_at"`
	MadeIn       int64  `db:"made_in"`

	ID         string
	Kind       string
	Role       string
	GivenName  string `db:"given_name"`
	FamilyName string `db:"family_name"`
	State      string

	MakerFound   int64  `db:"maker_found"`
	MakerExpires int64  `db:"maker_expires"`
	KeyName      string `db:"key_name"`
	MakerGiven   string `db:"maker_given"`
	MakerFamily  string `db:"maker_family"`
}

func (r redemptionRow) redemption(hash []byte) *domain.Redemption {
	org := domain.OrganisationID(r.Organisation)
	name := domain.Person{GivenName: r.MakerGiven, FamilyName: r.MakerFamily}.Name()
	if r.APIKey != "" {
		name = r.KeyName
	}
	return &domain.Redemption{
		Ticket: domain.Ticket{Organisation: org, Hash: hash, Person: domain.PersonNo(r.Person), Session: r.Session,
			APIKey: r.APIKey, Entry: r.MadeIn, ExpiresAt: timeOf(r.ExpiresAt)},
		Used: r.UsedAt != 0,
		Person: domain.Person{Organisation: org, No: domain.PersonNo(r.Person), ID: domain.PersonID(r.ID), Kind: domain.PersonKind(r.Kind),
			Role: domain.Role(r.Role), GivenName: r.GivenName, FamilyName: r.FamilyName, State: domain.PersonState(r.State)},
		Maker: domain.TicketMaker{Found: r.MakerFound != 0, Name: name, ExpiresAt: timeOf(r.MakerExpires)},
	}
}

// Redemptions returns what tickets stand for, in the order of their hashes; nil for a ticket that is
// not known. It uses none of them up.
func (s *Store) Redemptions(ctx context.Context, hashes [][]byte) ([]*domain.Redemption, error) {
	keys := hexOf(hashes)
	var rows []redemptionRow
	err := s.list(ctx, &rows, `SELECT t.token_hash, t.organisation_id, t.person_no, t.session_id, t.api_key_id, t.expires_at, t.used_at, t.made_in,
			coalesce(p.id, '') AS id, coalesce(p.kind, '') AS kind, coalesce(p.role, '') AS role, coalesce(p.given_name, '') AS given_name,
			coalesce(p.family_name, '') AS family_name, coalesce(p.state, '') AS state,
			CASE WHEN n.id IS NULL AND k.id IS NULL THEN 0 ELSE 1 END AS maker_found,
			coalesce(n.expires_at, k.expires_at, 0) AS maker_expires, coalesce(k.name, '') AS key_name,
			coalesce(m.given_name, '') AS maker_given, coalesce(m.family_name, '') AS maker_family
		FROM tickets t
		LEFT JOIN people p ON p.organisation_id = t.organisation_id AND p.no = t.person_no
		LEFT JOIN sessions n ON n.organisation_id = t.organisation_id AND n.id = t.session_id
		LEFT JOIN people m ON m.organisation_id = n.organisation_id AND m.no = n.person_no
		LEFT JOIN api_keys k ON k.organisation_id = t.organisation_id AND k.id = t.api_key_id AND k.revoked_at = 0
		WHERE `+s.d.Among("t.token_hash", "$1"), jsonOf(keys))
	if err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	byHash := make(map[string]redemptionRow, len(rows))
	for _, r := range rows {
		byHash[r.Hash] = r
	}
	out := make([]*domain.Redemption, len(hashes))
	for i, key := range keys {
		if r, ok := byHash[key]; ok {
			out[i] = r.redemption(hashes[i])
		}
	}
	return out, nil
}

// UseTickets uses tickets up and reports, in the order of their hashes, which of them this call has
// used: of any number of calls, on any nodes, one gets a ticket, and none an expired one. A hash
// that is given twice is used by the first.
func (s *Store) UseTickets(ctx context.Context, hashes [][]byte, now time.Time) ([]bool, error) {
	keys := hexOf(hashes)
	var used []string
	// All callers lock in one order, so that two nodes never wait for each other in a ring.
	err := s.w.SelectContext(ctx, &used, `UPDATE tickets SET used_at = $2 WHERE used_at = 0 AND token_hash IN
		(SELECT t.token_hash FROM tickets t WHERE `+s.d.Among("t.token_hash", "$1")+` AND t.used_at = 0 AND t.expires_at > $2
			ORDER BY t.token_hash`+s.d.forUpdate+`)
		RETURNING token_hash`, jsonOf(keys), micros(now))
	if err != nil {
		return nil, fmt.Errorf("use tickets: %w", translate(ctx, err))
	}
	mine := make(map[string]bool, len(used))
	for _, key := range used {
		mine[key] = true
	}
	out := make([]bool, len(keys))
	for i, key := range keys {
		out[i] = mine[key]
		delete(mine, key)
	}
	return out, nil
}

func hexOf(hashes [][]byte) []string {
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = hex.EncodeToString(h)
	}
	return out
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
