package store

import (
	"context"
	"fmt"
	"testing"

	"crier/internal/domain"
	"crier/internal/journal"
)

var (
	ines = domain.Actor{Kind: domain.ActorPerson, ID: "staff-1", No: 901, Name: "Ines Vogel", Role: domain.RoleCoordinator}
	omar = domain.Actor{Kind: domain.ActorPerson, ID: "staff-2", No: 902, Name: "Omar Haddad", Role: domain.RoleCoordinator}
)

func personID(org domain.OrganisationID, no domain.PersonNo) domain.PersonID {
	return domain.PersonID(fmt.Sprintf("person-%d-%d", org, no-1))
}

// toCandidate is a message of staff who see everybody.
func toCandidate(org domain.OrganisationID, by domain.Actor, no domain.PersonNo, key, body string) domain.NewMessage {
	return domain.NewMessage{Actor: by.Ref(), ActorNo: by.No, Seen: domain.Seen{All: true}, Person: personID(org, no), Key: key, Hash: []byte("hash of " + body), Body: body}
}

// ofCandidate is what a candidate writes themselves.
func ofCandidate(org domain.OrganisationID, no domain.PersonNo, key, body string) domain.NewMessage {
	by := domain.ActorRef{Kind: domain.ActorPerson, ID: string(personID(org, no)), Name: "Sara", Role: domain.RoleCandidate}
	return domain.NewMessage{Actor: by, ActorNo: no, Person: personID(org, no), Inbound: true, Key: key, Hash: []byte("hash of " + body), Body: body}
}

func write(t testing.TB, s *Store, org domain.OrganisationID, batch ...domain.NewMessage) []journal.Sent {
	t.Helper()
	sent, err := s.SendMessages(context.WithoutCancel(t.Context()), org, batch)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// one writes a message that must be taken.
func one(t testing.TB, s *Store, org domain.OrganisationID, m domain.NewMessage) *journal.Entry {
	t.Helper()
	sent := write(t, s, org, m)[0]
	if sent.Err != nil || !sent.Fresh {
		t.Fatalf("%+v", sent)
	}
	return sent.Entry
}

// exec changes what a service would change; $1 is the organisation.
func exec(t testing.TB, s *Store, org domain.OrganisationID, query string, args ...any) {
	t.Helper()
	err := s.write(t.Context(), org, func(tx *Tx) error {
		_, err := tx.Exec(t.Context(), query, append([]any{org}, args...)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pool makes a group of some kind, with one person in it.
func pool(t testing.TB, s *Store, org domain.OrganisationID, id, kind string, no domain.PersonNo, state string) domain.GroupID {
	t.Helper()
	exec(t, s, org, `INSERT INTO groups (organisation_id, id, kind, name, created_at) VALUES ($1, $2, $3, $4, 1)`, id, kind, "The "+id)
	exec(t, s, org, `INSERT INTO enrolments (organisation_id, group_id, person_no, state) VALUES ($1, $2, $3, $4)`, id, no, state)
	return domain.GroupID(id)
}

// list is the row that lists are sorted by.
type list struct {
	Last      int64 `db:"last_offset"`
	In        int64 `db:"in_offset"`
	Out       int64 `db:"out_offset"`
	Waiting   int64 `db:"waiting_offset"`
	Open      int
	Archived  int   `db:"shelf"`
	Assigned  int64 `db:"assigned_no"`
	ThreadIn  int64 `db:"thread_in"`
	ThreadOut int64 `db:"thread_out"`
	ThreadW   int64 `db:"thread_waiting"`
}

func lists(t testing.TB, s *Store, org domain.OrganisationID, no domain.PersonNo, group domain.GroupID) (l list) {
	t.Helper()
	err := s.get(t.Context(), &l, `SELECT c.last_offset, c.in_offset, c.out_offset, c.waiting_offset, c.open, c.shelf, c.assigned_no,
			coalesce(t.in_offset, 0) AS thread_in, coalesce(t.out_offset, 0) AS thread_out, coalesce(t.waiting_offset, 0) AS thread_waiting
		FROM conversations c LEFT JOIN threads t ON t.organisation_id = c.organisation_id AND t.person_no = c.person_no AND t.group_id = $3
		WHERE c.organisation_id = $1 AND c.person_no = $2`, org, no, group)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func verified(t testing.TB, s *Store, org domain.OrganisationID, entries int64) {
	t.Helper()
	c, err := s.VerifyChain(t.Context(), org)
	if err != nil || !c.OK || c.Entries != entries {
		t.Errorf("chain %+v, %v; want %d entries", c, err, entries)
	}
}
