package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// subscribe signs the person in, at a browser that takes pushes.
func subscribe(t *testing.T, s *Store, org domain.OrganisationID, person domain.PersonNo, id string, at time.Time) {
	t.Helper()
	session := fmt.Sprintf("session of %d at %s", person, id)
	err := s.write(t.Context(), org, func(tx *Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO sessions (organisation_id, id, person_no, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			org, session, person, []byte(fmt.Sprint(org, session)), micros(at), micros(at.Add(1000*time.Hour)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sub := domain.PushSubscription{ID: id, Session: session, Endpoint: "https://push.example/" + id, Keys: `{"p256dh":"p","auth":"a"}`}
	if err := s.SavePush(t.Context(), org, person, sub, at); err != nil {
		t.Fatal(err)
	}
}

func subscriptions(t *testing.T, s *Store, org domain.OrganisationID, person domain.PersonNo) []string {
	t.Helper()
	letters := []domain.Letter{{Delivery: domain.Delivery{Organisation: org, Person: person}}}
	if err := s.subscribe(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, sub := range letters[0].Subscriptions {
		out = append(out, sub.ID)
	}
	return out
}

// TestSubscriptions: one to a browser, the newest of a person's, and nobody else's to remove.
func TestSubscriptions(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 3)
		now := time.Now()
		for i := range maxSubscriptions + 2 {
			subscribe(t, s, org, 1, string(rune('a'+i)), now.Add(time.Duration(i)*time.Second))
		}
		if got := subscriptions(t, s, org, 1); len(got) != maxSubscriptions || got[0] != "c" {
			t.Errorf("%v", got)
		}
		subscribe(t, s, org, 2, "c", now.Add(time.Hour)) // the same browser, another person
		if got := subscriptions(t, s, org, 1); slices.Contains(got, "c") {
			t.Errorf("the browser is of two: %v", got)
		}
		if got := subscriptions(t, s, org, 2); !slices.Equal(got, []string{"c"}) {
			t.Errorf("%v", got)
		}
		if err := s.RemovePush(t.Context(), org, 1, "https://push.example/c"); err != nil {
			t.Fatal(err)
		}
		if got := subscriptions(t, s, org, 2); len(got) != 1 {
			t.Errorf("somebody else's was removed: %v", got)
		}
		if err := s.RemovePush(t.Context(), org, 2, "https://push.example/c"); err != nil {
			t.Fatal(err)
		}
		if got := subscriptions(t, s, org, 2); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
}

// TestSubscriptionsEndWithTheirSignIn: whatever ends a sign-in ends the pushes to its browser, and nobody else's.
func TestSubscriptionsEndWithTheirSignIn(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for name, c := range map[string]struct {
			person domain.PersonNo
			end    func(by domain.Actor, who []domain.PersonSpec) error
		}{
			"sign-out": {2, func(by domain.Actor, _ []domain.PersonSpec) error {
				_, err := s.EndSession(ctx, by, "session of 2 at own", "signed_out")
				return err
			}},
			"revoked": {2, func(by domain.Actor, _ []domain.PersonSpec) error {
				_, err := s.EndSessionsOf(ctx, by, 2, "revoked")
				return err
			}},
			"password": {2, func(by domain.Actor, _ []domain.PersonSpec) error {
				_, err := s.SetPassword(ctx, by, 2, "another")
				return err
			}},
			"provisioned password": {2, func(by domain.Actor, who []domain.PersonSpec) error {
				who[1].PasswordHash = ptr("another")
				_, _, err := s.UpsertPeople(ctx, by, who)
				return err
			}},
			"role": {1, func(by domain.Actor, who []domain.PersonSpec) error {
				who[0].Role = domain.RolePlanner
				_, _, err := s.UpsertPeople(ctx, by, who)
				return err
			}},
			"locked": {2, func(by domain.Actor, who []domain.PersonSpec) error {
				who[1].State = ptr(domain.PersonLocked)
				_, _, err := s.UpsertPeople(ctx, by, who)
				return err
			}},
		} {
			by := office(t, s, strings.ReplaceAll(name, " ", "-"))
			who := crowd(3)
			who[0].Kind, who[0].Role = domain.KindStaff, domain.RoleInvigilator
			people(t, s, by, who)
			subscribe(t, s, by.Organisation, c.person, "own", s.clock.Now())
			subscribe(t, s, by.Organisation, 3, "other", s.clock.Now())
			if got := subscriptions(t, s, by.Organisation, c.person); len(got) != 1 {
				t.Fatalf("%s: before: %v", name, got)
			}
			if err := c.end(by, who); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var rows int
			err := s.get(ctx, &rows, `SELECT count(*) FROM push_subscriptions WHERE organisation_id = $1 AND person_no = $2`, by.Organisation, c.person)
			if got := subscriptions(t, s, by.Organisation, c.person); err != nil || rows != 0 || len(got) != 0 {
				t.Errorf("%s: pushes still go to %v, %d rows, %v", name, got, rows, err)
			}
			if got := subscriptions(t, s, by.Organisation, 3); len(got) != 1 {
				t.Errorf("%s: somebody else's ended: %v", name, got)
			}
		}
	})
}

// TestNoPushesToWhoseSignInIsOver: an expired sign-in gets no pushes, before it is swept as well, and
// none can be made for it.
func TestNoPushesToWhoseSignInIsOver(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 2)
		subscribe(t, s, org, 1, "own", time.Now())
		subscribe(t, s, org, 2, "other", time.Now())
		if _, err := s.w.ExecContext(t.Context(), `UPDATE sessions SET expires_at = $2 WHERE organisation_id = $1 AND person_no = 1`, org, micros(s.clock.Now())); err != nil {
			t.Fatal(err)
		}
		if got := subscriptions(t, s, org, 1); len(got) != 0 {
			t.Errorf("pushes go to %v", got)
		}
		for _, session := range []string{"session of 1 at own", "session of 2 at other", "none", ""} {
			sub := domain.PushSubscription{ID: "new", Session: session, Endpoint: "https://push.example/new", Keys: "{}"}
			if err := s.SavePush(t.Context(), org, 1, sub, s.clock.Now()); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", session, err)
			}
		}
	})
}

// TestPushesOfSendings: those who take pushes get one, half a minute later and unread alone; the others have no row.
func TestPushesOfSendings(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 3)
		subscribe(t, s, org, 2, "a", time.Now())
		e := sending(org, exam, 3, "Room", "key-push-1")
		if _, _, err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if early, err := s.ClaimDeliveries(t.Context(), domain.ChannelPush, now, now.Add(time.Minute), 10); err != nil || len(early) != 0 {
			t.Fatalf("%+v, %v", early, err)
		}
		late := now.Add(pushAfter + time.Second)
		got, err := s.ClaimDeliveries(t.Context(), domain.ChannelPush, late, late.Add(time.Minute), 10)
		if err != nil || len(got) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		if d := got[0]; d.Person != 2 || d.Offset != e.Offset || !d.OnlyUnread || d.Kind != domain.DeliverMessage || d.ExpiresAt.IsZero() {
			t.Errorf("%+v", d)
		}
	})
}

// TestNoPushesWithoutPages: whom the organisation meets by email and SMS alone is not pushed to pages they do not have.
func TestNoPushesWithoutPages(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 1)
		subscribe(t, s, org, 1, "a", time.Now())
		e := sending(org, exam, 1, "Room", "key-push-2")
		e.Payload = payload(journal.BroadcastSent{Subject: "Room", Body: "B 12", GroupKind: domain.KindPool, Elsewhere: true})
		if _, _, err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		if next, err := s.NextDelivery(t.Context(), domain.ChannelPush); err != nil || !next.IsZero() {
			t.Errorf("a push is due at %v, %v", next, err)
		}
	})
}

// TestStaffPushes: a mention reaches the browsers of who is mentioned, without a word of the note; who sees the
// conversation no more gets nothing.
func TestStaffPushes(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 1)
		err := s.write(t.Context(), org, func(tx *Tx) error {
			for i, role := range []string{"planner", "invigilator", "invigilator"} {
				if _, err := tx.Exec(t.Context(), `INSERT INTO people (organisation_id, no, id, kind, role, external_id, given_name, family_name, created_at) VALUES ($1, $2, $3, 'staff', $4, $3, 'A', 'B', 1)`,
					org, 10+i, "staff-"+string(rune('0'+i)), role); err != nil {
					return err
				}
			}
			_, err := tx.Exec(t.Context(), `INSERT INTO staff_scopes (organisation_id, person_no, group_id, room) VALUES ($1, 11, $2, 'R00'), ($1, 12, $2, 'R07')`, org, exam)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range []domain.PersonNo{10, 11, 12} {
			subscribe(t, s, org, no, "s"+string(rune('0'+no-10)), time.Now())
		}
		note := journal.NoteAdded{Person: 1, PersonName: "Sara C0000", Body: "canary of the note", Mentions: []domain.PersonNo{10, 11, 12}}
		for _, r := range mustReach(t, s, org, 1) {
			note.PersonID = r.PersonID
		}
		e := &journal.Entry{Organisation: org, Kind: journal.KindNoteAdded, Group: exam, Actor: sender, RequestKey: "key-note-1", RequestHash: []byte("h")}
		if _, _, err := s.AddNote(t.Context(), e, note); err != nil {
			t.Fatal(err)
		}
		soon := time.Now().Add(time.Second)
		got, err := s.ClaimDeliveries(t.Context(), domain.ChannelPush, soon, soon.Add(time.Minute), 10)
		if err != nil {
			t.Fatal(err)
		}
		var who []int64
		for _, d := range got {
			who = append(who, int64(d.Person))
			if want := jsonOf(domain.StaffPush{Person: note.PersonID, Name: "Sara C0000", By: sender.Name}); string(d.Payload) != want || d.Kind != domain.DeliverNotify {
				t.Errorf("%s %s", d.Kind, d.Payload)
			}
		}
		if slices.Sort(who); !slices.Equal(who, []int64{10, 11}) {
			t.Errorf("pushes to %v", who)
		}
		letters, err := s.Letters(t.Context(), got)
		if err != nil || len(letters) != 2 || len(letters[0].Subscriptions) != 1 {
			t.Errorf("%+v, %v", letters, err)
		}
	})
}

func mustReach(t *testing.T, s *Store, org domain.OrganisationID, no domain.PersonNo) (out []journal.Reached) {
	t.Helper()
	err := s.write(t.Context(), org, func(tx *Tx) (err error) {
		out, err = tx.reached(t.Context(), []domain.PersonNo{no})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
