package store

import (
	"context"
	"crier/internal/journal"
	"encoding/hex"
	"fmt"
	"time"
)

// appendAll gives the entries the places after head, times and hashes, in order, and
// inserts them in one statement. The transaction must hold the journal's row with this
// head, t.prev must be the hash of the entry there, and no request key may have been
// used: Append checks what this does not.
func (t *Tx) appendAll(ctx context.Context, head int64, at time.Time, list []*journal.Entry) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]any, len(list))
	for i, e := range list {
		if err := e.Seal(); err != nil {
			return err
		}
		t.chain(e, head+1+int64(i), at)
		rows[i] = []any{e.Offset, e.Kind, e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Role, e.Group, string(e.Payload), string(e.Audience),
			e.RequestKey, hex.EncodeToString(e.RequestHash), hex.EncodeToString(e.Prev), hex.EncodeToString(e.Hash),
			hex.EncodeToString(e.ActorSalt), hex.EncodeToString(e.PayloadSalt), hex.EncodeToString(e.AudienceSalt)}
	}
	d := t.s.d
	_, err := t.Exec(ctx, `INSERT INTO entries (`+entryColumns+`)
		SELECT $1, r.o, r.kind, $2, r.actor_kind, r.actor_id, r.actor_name, r.actor_role, r.g, r.payload, r.audience,
			r.request_key, `+d.Bytes("r.request_hash")+`, `+d.Bytes("r.prev_hash")+`, `+d.Bytes("r.hash")+`,
			`+d.Bytes("r.actor_salt")+`, `+d.Bytes("r.payload_salt")+`, `+d.Bytes("r.audience_salt")+`
		FROM `+d.Rows("$3", "o", "kind text", "actor_kind text", "actor_id text", "actor_name text", "actor_role text", "g text", "payload text",
		"audience text", "request_key text", "request_hash text", "prev_hash text", "hash text",
		"actor_salt text", "payload_salt text", "audience_salt text")+` AS r WHERE true ORDER BY r.o`,
		t.org, micros(at), jsonOf(rows))
	if err != nil {
		return fmt.Errorf("append %d entries: %w", len(list), err)
	}
	if _, err := t.Exec(ctx, `UPDATE journals SET head = $2 WHERE organisation_id = $1`, t.org, head+int64(len(list))); err != nil {
		return fmt.Errorf("move the head: %w", err)
	}
	t.appended = append(t.appended, list...)
	return nil
}

// chain places an entry after the one whose hash is t.prev.
func (t *Tx) chain(e *journal.Entry, offset int64, at time.Time) {
	e.Organisation, e.Offset, e.At, e.Prev = t.org, offset, at, t.prev
	e.Hash = journal.HashOf(e)
	t.prev = e.Hash
}

// keyUse is where an actor has used a request key.
type keyUse struct {
	actor, key string
}

// begin reads, with the journal's row held at head, the hash of the entry there into
// t.prev, and which of the keys were used before.
func (t *Tx) begin(ctx context.Context, head int64, keys []keyUse) (used map[keyUse]int64, err error) {
	asked := make([][2]string, 0, len(keys))
	for _, k := range keys {
		if k.key != "" {
			asked = append(asked, [2]string{k.actor, k.key})
		}
	}
	var rows []struct {
		Offset int64
		Actor  string
		Key    string
		Hash   []byte
	}
	// The sub-select of each key is a look-up in an index, whatever the planner knows of the table.
	err = t.Select(ctx, &rows, `SELECT "offset", '' AS actor, '' AS key, hash FROM entries WHERE organisation_id = $1 AND "offset" = $2
		UNION ALL
		SELECT u."offset", u.actor, u.key, NULL FROM (SELECT r.a AS actor, r.k AS key,
			(SELECT e."offset" FROM entries e WHERE e.organisation_id = $1 AND e.actor_id = r.a AND e.request_key = r.k AND e.request_key <> '') AS "offset"
			FROM `+t.s.d.Rows("$3", "a text", "k text")+` AS r) u WHERE u."offset" IS NOT NULL`, t.org, head, jsonOf(asked))
	if err != nil {
		return nil, fmt.Errorf("read the entry before: %w", err)
	}
	t.prev = nil
	used = map[keyUse]int64{}
	for _, r := range rows {
		if r.Key == "" {
			t.prev = r.Hash
			continue
		}
		used[keyUse{r.Actor, r.Key}] = r.Offset
	}
	switch {
	case t.prev != nil:
	case head == 0:
		t.prev = make([]byte, 32)
	default:
		return nil, fmt.Errorf("the journal of organisation %d lacks entry %d", t.org, head)
	}
	return used, nil
}
