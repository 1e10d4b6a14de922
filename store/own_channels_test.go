package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
)

// TestOwnChannels: copies and what came in are seen by those who see whom they concern, as everything else of people is: copies
// through the group of their message, all else where things of no group are seen. What is not seen can be neither had nor changed.
func TestOwnChannels(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 4)
		south, _ := hall(t, s, 1)
		err := s.write(t.Context(), org, func(tx *Tx) error {
			for _, q := range []string{
				`INSERT INTO groups (organisation_id, id, kind, name, created_at) VALUES ($1, 'pool-a', 'pool', 'A', 1), ($1, 'pool-b', 'pool', 'B', 1)`,
				`INSERT INTO enrolments (organisation_id, group_id, person_no, room, seat)
					VALUES ($1, 'pool-a', 1, '', ''), ($1, 'pool-a', 2, '', ''), ($1, 'pool-b', 2, '', ''), ($1, 'pool-b', 3, '', '')`,
				`UPDATE people SET phone_e164 = '+4740000001' WHERE organisation_id = $1 AND no IN (1, 3)`,
				`UPDATE people SET email = 'three@example.org' WHERE organisation_id = $1 AND no = 3`,
			} {
				if _, err := tx.Exec(t.Context(), q, org); err != nil {
					return err
				}
			}
			for _, d := range []struct {
				id     string
				offset int64
				person domain.PersonNo
				group  domain.GroupID
			}{
				{"d1", 0, 1, ""}, {"d2", 11, 2, "pool-a"}, {"d3", 12, 2, "pool-b"}, {"d4", 0, 3, ""}, {"d5", 13, 2, ""}, {"d6", 0, 0, ""}, {"d7", 14, 1, exam},
			} {
				if _, err := tx.Exec(t.Context(), `INSERT INTO deliveries (organisation_id, id, "offset", person_no, channel, state, due_at, created_at, changed_at)
					VALUES ($1, $2, $3, $4, 'email', 'failed', 1, 1, 1)`, org, d.id, d.offset, d.person); err != nil {
					return err
				}
				if d.offset == 0 {
					continue
				}
				if _, err := tx.Exec(t.Context(), `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room) VALUES ($1, $2, $3, $4, '')`, org, d.offset, d.person, d.group); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		shared, unknown, forged, address := came(org, "i1"), came(org, "i2"), came(org, "i3"), came(org, "i4")
		shared.Channel, shared.Sender, shared.Why = domain.ChannelSMS, "+4740000001", domain.WhySeveral
		unknown.Channel, unknown.Sender, unknown.Why = domain.ChannelSMS, "+4740000009", domain.WhyUnknown
		forged.Sender, forged.Person, forged.Why = "evil@example.net", 1, domain.WhyForged
		address.Sender, address.Why = "Three@Example.org", domain.WhyUnverified
		all := []domain.Inbound{shared, unknown, forged, address}
		for _, in := range all {
			_ = keep(t, s, in)
		}
		at := func(g domain.GroupID, k domain.GroupKind) domain.Seen {
			return domain.Seen{Places: []domain.Place{{Group: g, Kind: k}}}
		}
		people, err := s.correspondents(t.Context(), `true ORDER BY p.no`, org)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			seen                    domain.Seen
			deliveries, in, persons string
		}{
			"everything":   {domain.Seen{All: true}, "d1 d2 d3 d4 d5 d6 d7", "i1 i2 i3 i4", "1 2 3 4"},
			"pool A":       {at("pool-a", domain.KindPool), "d1 d2 d5", "i1 i3", "1 2"},
			"pool B":       {at("pool-b", domain.KindPool), "d3 d4 d5", "i1 i4", "2 3"},
			"the test":     {at(exam, domain.KindTest), "d7", "", ""},
			"nothing":      {domain.Seen{Places: []domain.Place{}}, "", "", ""},
			"no contacts":  {domain.Seen{Places: []domain.Place{{Group: "pool-a", Kind: domain.KindPool}}, ContextOnly: true}, "d2", "", ""},
			"another pool": {at("pool-c", domain.KindPool), "", "", ""},
		} {
			rows, err := s.Deliveries(t.Context(), org, c.seen, domain.DeliveryQuery{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r.ID)
			}
			slices.Reverse(got)
			if list := strings.Join(got, " "); list != c.deliveries {
				t.Errorf("%s has the deliveries %q, want %q", name, list, c.deliveries)
			}
			if n, err := s.CountDeliveries(t.Context(), org, c.seen, domain.DeliveryQuery{}); err != nil || n[domain.DeliveryFailed] != len(strings.Fields(c.deliveries)) {
				t.Errorf("%s counts %v, %v", name, n, err)
			}
			waiting, err := s.Unmatched(t.Context(), org, c.seen, noon, domain.InboundPlace{At: timeOf(0)}, 100)
			if err != nil {
				t.Fatal(err)
			}
			got = nil
			for _, in := range waiting {
				got = append(got, in.ID)
			}
			if list := strings.Join(got, " "); list != c.in {
				t.Errorf("%s has %q waiting, want %q", name, list, c.in)
			}
			if n, err := s.CountUnmatched(t.Context(), org, c.seen); err != nil || n != len(got) {
				t.Errorf("%s counts %d waiting, %v", name, n, err)
			}
			for _, in := range all {
				if _, err := s.Inbound(t.Context(), org, c.seen, in.ID); fault.Is(err, fault.NotFound) == slices.Contains(got, in.ID) {
					t.Errorf("%s, %s: %v", name, in.ID, err)
				}
			}
			theirs, err := s.SeenCorrespondents(t.Context(), org, c.seen, people)
			if err != nil {
				t.Fatal(err)
			}
			got = nil
			for _, p := range theirs {
				got = append(got, fmt.Sprint(p.No))
			}
			if list := strings.Join(got, " "); list != c.persons {
				t.Errorf("%s sees %q, want %q", name, list, c.persons)
			}
		}
		if n, err := s.CountUnmatched(t.Context(), south, domain.Seen{All: true}); err != nil || n != 0 {
			t.Errorf("next door %d wait, %v", n, err)
		}
		ids := []string{"d1", "d2", "d3", "d4", "d5", "d6", "d7"}
		for _, want := range []int{3, 0} {
			if n, err := s.RetryDeliveries(t.Context(), byPlanner(org), at("pool-b", domain.KindPool), noon, ids); err != nil || n != want {
				t.Errorf("%d are tried again, want %d: %v", n, want, err)
			}
		}
		if n, err := s.CountDeliveries(t.Context(), org, domain.Seen{All: true}, domain.DeliveryQuery{}); err != nil || n[domain.DeliveryFailed] != 4 || n[domain.DeliveryWaiting] != 3 {
			t.Errorf("%v, %v", n, err)
		}
	})
}
