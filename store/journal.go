package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"crier/internal/domain"
	"crier/internal/failpoint"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Duplicate is the error of an Append whose request key its actor has used before
// for the same request: Entry is what was stored then. Nothing new is written.
type Duplicate struct{ Entry *journal.Entry }

// Error implements error.
func (d *Duplicate) Error() string {
	return fmt.Sprintf("the request was already stored as entry %d", d.Entry.Offset)
}

const entryColumns = `organisation_id, "offset", kind, at, actor_kind, actor_id, actor_name, actor_role, group_id, payload, audience,
	request_key, request_hash, prev_hash, hash, actor_salt, payload_salt, audience_salt`

// Append takes the journal row, gives e its place, time and hash, and inserts it.
// The caller fills Kind, Actor, Exam, Payload, Audience, RequestKey and
// RequestHash. It returns *Duplicate for a retry, and Conflict (field "key") if the
// key was used for something else.
func (t *Tx) Append(ctx context.Context, e *journal.Entry) error {
	if err := e.Seal(); err != nil {
		return err
	}
	head, earlier, err := t.advance(ctx, e)
	if err != nil {
		return err
	}
	if earlier != 0 {
		return t.repeated(ctx, e, earlier)
	}
	e.Organisation, e.Offset, e.At, e.Prev = t.org, head, t.s.clock.Now(), t.prev
	e.Hash = journal.HashOf(e)
	_, err = t.Exec(ctx, `INSERT INTO entries (`+entryColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)`,
		e.Organisation, e.Offset, e.Kind, micros(e.At), e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Role, e.Group,
		string(e.Payload), string(e.Audience), e.RequestKey, notNil(e.RequestHash), e.Prev, e.Hash,
		e.ActorSalt, e.PayloadSalt, notNil(e.AudienceSalt))
	if err != nil {
		return fmt.Errorf("append %s: %w", e.Kind, err)
	}
	t.prev = e.Hash
	t.appended = append(t.appended, e)
	return nil
}

// takeJournal takes the row and reads, in the same round trip, the hash of the
// entry before and where the actor has used the request key. If it had to wait for
// another writer, PostgreSQL reads the entries as they were before the wait, and the
// entry before is not seen; if that is seen, so is every earlier one.
const takeJournal = `UPDATE journals SET head = head + 1 WHERE organisation_id = $1 RETURNING head,
	(SELECT e.hash FROM entries e WHERE e.organisation_id = $1 AND e."offset" = head - 1) AS prev,
	coalesce((` + byKey + `), 0) AS earlier`

const byKey = `SELECT k."offset" FROM entries k WHERE k.organisation_id = $1 AND k.actor_id = $2 AND k.request_key = $3 AND k.request_key <> ''`

// advance allocates the next offset, sets t.prev, and returns where the actor has
// used the request key before, 0 if nowhere.
func (t *Tx) advance(ctx context.Context, e *journal.Entry) (head, earlier int64, err error) {
	var row struct {
		Head, Earlier int64
		Prev          []byte
	}
	if err := t.Get(ctx, &row, takeJournal, t.org, e.Actor.ID, e.RequestKey); err != nil {
		return 0, 0, fmt.Errorf("take the journal: %w", err)
	}
	switch {
	case row.Head == 1:
		row.Prev = make([]byte, 32)
	case row.Prev == nil:
		err := t.Get(ctx, &row, `SELECT "offset" + 1 AS head, hash AS prev, coalesce((`+byKey+`), 0) AS earlier FROM entries
			WHERE organisation_id = $1 AND "offset" = $4`, t.org, e.Actor.ID, e.RequestKey, row.Head-1)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, 0, fmt.Errorf("the journal of organisation %d lacks entry %d", t.org, row.Head-1)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("read the entry before: %w", err)
		}
	}
	t.prev = row.Prev
	return row.Head, row.Earlier, nil
}

// repeated is the error of a request key that was used before.
func (t *Tx) repeated(ctx context.Context, e *journal.Entry, at int64) error {
	earlier, err := entryAt(ctx, t.Select, t.org, at)
	if err != nil {
		return err
	}
	if !bytes.Equal(earlier.RequestHash, e.RequestHash) {
		return keyConflict()
	}
	return &Duplicate{Entry: earlier}
}

func keyConflict() error {
	return &fault.Error{Code: fault.Conflict, Field: "key", Message: "this key was used before for something else; make a new key for a new request"}
}

// Append stores one entry in a transaction of its own. For a retry it returns the
// entry that was stored then, and fresh is false.
func (s *Store) Append(ctx context.Context, e *journal.Entry) (stored *journal.Entry, fresh bool, err error) {
	if err := e.Seal(); err != nil { // before the journal is locked
		return nil, false, err
	}
	err = s.write(ctx, e.Organisation, func(tx *Tx) error {
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		if e.Kind == journal.KindBroadcastSent {
			failpoint.Hit(failpoint.BeforeCommit)
		}
		return nil
	})
	if d, ok := errors.AsType[*Duplicate](err); ok {
		return d.Entry, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return e, true, nil
}

// AppendParts is Append for the parts of one sending: all are stored, at offsets that follow each other, or none.
// The first has the request key, and is what a repeated request gets.
func (s *Store) AppendParts(ctx context.Context, parts []*journal.Entry) (first *journal.Entry, fresh bool, err error) {
	first = parts[0]
	for _, part := range parts { // before the journal is locked
		if err := part.Seal(); err != nil {
			return nil, false, err
		}
	}
	err = s.write(ctx, first.Organisation, func(tx *Tx) error {
		head, err := tx.Lock(ctx)
		if err != nil {
			return err
		}
		key := keyUse{first.Actor.ID, first.RequestKey}
		used, err := tx.begin(ctx, head, []keyUse{key})
		if err != nil {
			return err
		}
		if at := used[key]; at != 0 {
			return tx.repeated(ctx, first, at)
		}
		if err := tx.appendAll(ctx, head, s.clock.Now(), parts); err != nil {
			return err
		}
		failpoint.Hit(failpoint.BeforeCommit)
		return nil
	})
	if d, ok := errors.AsType[*Duplicate](err); ok {
		return d.Entry, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return first, true, nil
}

// EntryByKey returns the entry that the actor stored under a request key, nil if
// there is none, or Conflict if it was stored for another request.
func (s *Store) EntryByKey(ctx context.Context, org domain.OrganisationID, actorID, key string, hash []byte) (*journal.Entry, error) {
	list, err := queryEntries(ctx, s.list, `WHERE organisation_id = $1 AND actor_id = $2 AND request_key = $3 AND request_key <> ''`, org, actorID, key)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if !bytes.Equal(list[0].RequestHash, hash) {
		return nil, keyConflict()
	}
	return list[0], nil
}

// Entries returns up to limit entries after an offset, in order, without gaps.
func (s *Store) Entries(ctx context.Context, org domain.OrganisationID, after int64, limit int) ([]*journal.Entry, error) {
	return queryEntries(ctx, s.list, `WHERE organisation_id = $1 AND "offset" > $2 ORDER BY "offset" LIMIT $3`, org, after, limit)
}

// Entry returns the entry at an offset, or NotFound.
func (s *Store) Entry(ctx context.Context, org domain.OrganisationID, offset int64) (*journal.Entry, error) {
	return entryAt(ctx, s.list, org, offset)
}

// Heads returns the head of each organisation asked for; 0 or absent where there is
// no journal yet.
func (s *Store) Heads(ctx context.Context, orgs ...domain.OrganisationID) (map[domain.OrganisationID]int64, error) {
	var rows []struct {
		Organisation domain.OrganisationID `db:"organisation_id"`
		Head         int64
	}
	err := s.list(ctx, &rows, `SELECT organisation_id, head FROM journals WHERE organisation_id IN `+s.d.Ints("$1"), jsonOf(orgs))
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	heads := make(map[domain.OrganisationID]int64, len(rows))
	for _, r := range rows {
		heads[r.Organisation] = r.Head
	}
	return heads, nil
}

// Head returns the offset of the organisation's last entry.
func (s *Store) Head(ctx context.Context, org domain.OrganisationID) (int64, error) {
	heads, err := s.Heads(ctx, org)
	return heads[org], err
}

func entryAt(ctx context.Context, list selector, org domain.OrganisationID, offset int64) (*journal.Entry, error) {
	found, err := queryEntries(ctx, list, `WHERE organisation_id = $1 AND "offset" = $2`, org, offset)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "no such entry")
	}
	return found[0], nil
}

// selector is how rows are read, inside a transaction or outside.
type selector func(ctx context.Context, dest any, query string, args ...any) error

type entryRow struct {
	Organisation int64 `db:"organisation_id"`
	Offset       int64
	Kind         string
	At           int64
	ActorKind    string `db:"actor_kind"`
	ActorID      string `db:"actor_id"`
	ActorName    string `db:"actor_name"`
	ActorRole    string `db:"actor_role"`
	GroupID      string `db:"group_id"`
	Payload      string
	Audience     string
	RequestKey   string `db:"request_key"`
	RequestHash  []byte `db:"request_hash"`
	PrevHash     []byte `db:"prev_hash"`
	Hash         []byte
	ActorSalt    []byte `db:"actor_salt"`
	PayloadSalt  []byte `db:"payload_salt"`
	AudienceSalt []byte `db:"audience_salt"`
}

func queryEntries(ctx context.Context, list selector, where string, args ...any) ([]*journal.Entry, error) {
	var rows []entryRow
	if err := list(ctx, &rows, `SELECT `+entryColumns+` FROM entries `+where, args...); err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	out := make([]*journal.Entry, len(rows))
	for i, r := range rows {
		out[i] = r.entry()
	}
	return out, nil
}

func (r entryRow) entry() *journal.Entry {
	e := &journal.Entry{
		Organisation: domain.OrganisationID(r.Organisation), Offset: r.Offset, Kind: journal.Kind(r.Kind), At: timeOf(r.At),
		Actor: domain.ActorRef{Kind: domain.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName, Role: domain.Role(r.ActorRole)},
		Group: domain.ExamID(r.GroupID), Payload: json.RawMessage(r.Payload),
		RequestKey: r.RequestKey, RequestHash: r.RequestHash, Prev: r.PrevHash, Hash: r.Hash,
		ActorSalt: r.ActorSalt, PayloadSalt: r.PayloadSalt, AudienceSalt: r.AudienceSalt,
	}
	if r.Audience != "" {
		e.Audience = json.RawMessage(r.Audience)
	}
	return e
}

// jsonOf is v as a JSON text: how lists are passed to both databases.
func jsonOf(v any) string {
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.IsNil() {
		return "[]" // PostgreSQL reads no elements from null, and SQLite reads one
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only called with slices of plain values
	}
	return string(b)
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
