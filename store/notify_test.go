package store

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// staffWith makes a staff member with a role, an address and a preference ("" = none).
func staffWith(t *testing.T, s *Store, org domain.OrganisationID, no domain.PersonNo, role domain.Role, email, preference string) {
	t.Helper()
	exec(t, s, org, `INSERT INTO people (organisation_id, no, id, kind, role, external_id, given_name, family_name, email, created_at) VALUES ($1, $2, $3, 'staff', $4, $3, 'Ines', 'Vogel', $5, 1)`,
		no, personID(org, no), role, email)
	if preference != "" {
		if err := s.SetPreferences(t.Context(), org, no, map[string]string{domain.NotifyEmail: preference}, 50); err != nil {
			t.Fatal(err)
		}
	}
}

func notifiables(t *testing.T, s *Store, org domain.OrganisationID) map[domain.PersonNo]domain.Notifiable {
	t.Helper()
	list, err := s.Notifiables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[domain.PersonNo]domain.Notifiable{}
	for _, n := range list {
		if n.Organisation == org {
			out[n.No] = n
		}
	}
	return out
}

// TestNotifiables: only staff who asked, can be mailed, and have not heard of the newest reply; each sees what is theirs.
func TestNotifiables(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 5)
		exec(t, s, org, `UPDATE organisations SET settings = '{"test_replies":true,"candidates_start":true}' WHERE id = $1`)
		staffWith(t, s, org, 10, domain.RoleCoordinator, "ines@example.org", domain.NotifyEmailGrouped)
		staffWith(t, s, org, 11, domain.RoleInvigilator, "room@example.org", domain.NotifyEmailGrouped)
		staffWith(t, s, org, 12, domain.RoleCoordinator, "", domain.NotifyEmailGrouped)
		staffWith(t, s, org, 13, domain.RoleCoordinator, "off@example.org", domain.NotifyEmailOff)
		staffWith(t, s, org, 14, domain.RoleCoordinator, "none@example.org", "")
		staffWith(t, s, org, 15, domain.RoleCoordinator, "locked@example.org", domain.NotifyEmailGrouped)
		exec(t, s, org, `UPDATE people SET state = 'locked' WHERE organisation_id = $1 AND no = 15`)
		exec(t, s, org, `INSERT INTO staff_scopes (organisation_id, person_no, group_id, room) VALUES ($1, 11, $2, 'R00')`, exam)
		if got := notifiables(t, s, org); len(got) != 0 {
			t.Fatalf("nobody has written: %+v", got)
		}
		for _, no := range []domain.PersonNo{1, 2} {
			one(t, s, org, toCandidate(org, ines, no, "out-"+string(rune('0'+no)), "Hello"))
			one(t, s, org, ofCandidate(org, no, "in-"+string(rune('0'+no)), "Thanks"))
		}
		list := notifiables(t, s, org)
		if len(list) != 2 || list[10].Newest != list[11].Newest || list[10].UpTo != 0 || !list[10].Mailed.IsZero() || len(list[11].Actor.Scopes) != 1 {
			t.Fatalf("%+v", list)
		}
		n := list[10]
		p, oldest, newest, err := s.NewReplies(t.Context(), n, domain.Seen{All: true})
		if err != nil || p.Count != 2 || p.UpTo != n.Newest || len(p.Conversations) != 2 || p.Conversations[0].Person != personID(org, 2) || p.Conversations[0].Name == "" {
			t.Fatalf("%+v %v", p, err)
		}
		if oldest.IsZero() || newest.Before(oldest) {
			t.Errorf("from %v to %v", oldest, newest)
		}
		if p, _, _, err := s.NewReplies(t.Context(), n, domain.Seen{}); err != nil || p.Count != 0 {
			t.Errorf("who sees nobody: %+v %v", p, err)
		}
		since := time.Now().Add(-domain.NotifyEvery)
		for i, want := range []bool{true, false} { // another node was first
			if ok, err := s.QueueNotify(t.Context(), n, p, since, time.Now().Add(time.Hour)); err != nil || ok != want {
				t.Fatalf("%d: %v %v", i, ok, err)
			}
		}
		if list := notifiables(t, s, org); len(list) != 1 || list[11].No != 11 {
			t.Fatalf("who has heard of all is asked again: %+v", list)
		}
		one(t, s, org, ofCandidate(org, 1, "in-again", "One more"))
		n = notifiables(t, s, org)[10]
		if n.UpTo != p.UpTo || n.Mailed.IsZero() {
			t.Fatalf("%+v", n)
		}
		if p, _, _, err := s.NewReplies(t.Context(), n, domain.Seen{All: true}); err != nil || p.Count != 1 || p.Conversations[0].Person != personID(org, 1) {
			t.Errorf("only what is new: %+v %v", p, err)
		}
		claimed, err := s.ClaimDeliveries(t.Context(), domain.ChannelEmail, time.Now().Add(time.Second), time.Now().Add(time.Minute), 10)
		claimed = slices.DeleteFunc(claimed, func(d domain.Delivery) bool { return d.Organisation != org })
		if err != nil || len(claimed) != 1 || claimed[0].Kind != domain.DeliverNotify || claimed[0].Person != 10 {
			t.Fatalf("%+v %v", claimed, err)
		}
		letters, err := s.Letters(t.Context(), claimed)
		if err != nil || len(letters) != 1 {
			t.Fatalf("%+v %v", letters, err)
		}
		letters[0].Standing.Enabled = map[domain.Channel]bool{domain.ChannelEmail: true}
		if v := letters[0].Judge(time.Now()); v.Address != "ines@example.org" {
			t.Errorf("judged %+v", v)
		}
		if err := s.StopNotify(t.Context(), org, 10, domain.NotifyEmail); err != nil {
			t.Fatal(err)
		}
		if list := notifiables(t, s, org); len(list) != 1 {
			t.Errorf("who has had enough: %+v", list)
		}
	})
}

// TestExportMail: a ready export tells whoever asked for it, in the transaction that ends it; one that failed does not.
func TestExportMail(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, _ := hall(t, s, 1)
		staffWith(t, s, org, 10, domain.RoleCoordinator, "ines@example.org", "")
		staffWith(t, s, org, 11, domain.RoleCoordinator, "", "")
		now := time.Now().UTC().Truncate(time.Microsecond)
		for i, c := range []struct {
			staff domain.PersonNo
			state domain.ExportState
		}{{10, domain.ExportReady}, {10, domain.ExportFailed}, {11, domain.ExportReady}} {
			id := "x" + string(rune('0'+i)) + personIDText(org)
			if err := s.AddExport(t.Context(), domain.Export{Organisation: org, ID: id, Staff: c.staff, CreatedAt: now}, ines.Ref(), 10); err != nil {
				t.Fatal(err)
			}
			x, _, err := s.ClaimExport(t.Context(), "worker", "blob-"+id, now.Add(time.Hour))
			if err != nil || x == nil || x.ID != id {
				t.Fatalf("%+v %v", x, err)
			}
			x.State, x.EndedAt, x.ExpiresAt = c.state, now, now.Add(24*time.Hour)
			if e, err := s.EndExport(t.Context(), *x, "worker", ines.Ref(), journal.ExportEnded{Export: id, State: c.state}); err != nil || e == nil {
				t.Fatalf("%+v %v", e, err)
			}
		}
		claimed, err := s.ClaimDeliveries(t.Context(), domain.ChannelEmail, time.Now().Add(time.Second), time.Now().Add(time.Minute), 100)
		claimed = slices.DeleteFunc(claimed, func(d domain.Delivery) bool { return d.Organisation != org })
		var p domain.ExportPayload
		if err != nil || len(claimed) != 1 || claimed[0].Kind != domain.DeliverExport || claimed[0].Person != 10 || json.Unmarshal(claimed[0].Payload, &p) != nil ||
			p.Export != "x0"+personIDText(org) || !p.Expires.Equal(now.Add(24*time.Hour)) || !claimed[0].ExpiresAt.Equal(p.Expires) {
			t.Fatalf("%+v %+v %v", claimed, p, err)
		}
	})
}

func personIDText(org domain.OrganisationID) string { return "-" + string(personID(org, 1)) }
