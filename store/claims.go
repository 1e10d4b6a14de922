package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// AssignConversation does one step with who works on a person's conversation, decided
// under the journal's lock: of two who claim at the same moment one is told about the
// other. The entry is nil where nothing changed. Errors: those of Assigning.Decide.
func (s *Store) AssignConversation(ctx context.Context, a domain.Assigning, person domain.PersonNo) (entry *journal.Entry, err error) {
	err = s.write(ctx, a.By.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var now struct {
			No         int64
			ID         string
			GivenName  string `db:"given_name"`
			FamilyName string `db:"family_name"`
		}
		err := tx.Get(ctx, &now, `SELECT p.no, p.id, p.given_name, p.family_name FROM conversations c
			JOIN people p ON p.organisation_id = c.organisation_id AND p.no = c.assigned_no
			WHERE c.organisation_id = $1 AND c.person_no = $2 AND c.assigned_no <> 0`, tx.org, person)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		to, changed, err := a.Decide(domain.Assigned{No: domain.PersonNo(now.No), ID: domain.PersonID(now.ID),
			Name: domain.Person{GivenName: now.GivenName, FamilyName: now.FamilyName}.Name()})
		if err != nil || !changed {
			return err
		}
		entry, err = tx.assign(ctx, a.By.Ref(), person, to)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("assign a conversation: %w", err)
	}
	return entry, nil
}

// assign gives a conversation to somebody, or to nobody, and records it. The caller has
// the journal's lock.
func (t *Tx) assign(ctx context.Context, by domain.ActorRef, person domain.PersonNo, to domain.Assigned) (*journal.Entry, error) {
	reached, err := t.reached(ctx, []domain.PersonNo{person})
	if err != nil {
		return nil, err
	}
	if len(reached) == 0 {
		return nil, fmt.Errorf("no person %d", person)
	}
	e := &journal.Entry{Kind: journal.KindConversationAssigned, Actor: by, Payload: payload(journal.ConversationAssigned{
		Reached: reached[0], To: to.No, ToID: to.ID, ToName: to.Name, Claim: to.No != 0 && string(to.ID) == by.ID})}
	if err := t.Append(ctx, e); err != nil {
		return nil, err
	}
	at := int64(0)
	if to.No != 0 {
		at = micros(e.At)
	}
	_, err = t.Exec(ctx, `INSERT INTO conversations (organisation_id, person_no, sort_name, assigned_no, assigned_at, channels)
		SELECT p.organisation_id, p.no, p.sort_name, $3, $4, '' FROM people p WHERE p.organisation_id = $1 AND p.no = $2
		ON CONFLICT (organisation_id, person_no) DO UPDATE SET assigned_no = excluded.assigned_no, assigned_at = excluded.assigned_at`,
		t.org, person, to.No, at)
	if err != nil {
		return nil, err
	}
	return e, t.addFacts(ctx, e, "", person)
}
