package store

import (
	"slices"
	"testing"

	"crier/internal/domain"
)

// TestRoomSpellings: however a room is written, in enrolments and in scopes, it is one room, under the
// spelling that came first.
func TestRoomSpellings(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "rooms")
		org := by.Organisation
		person := func(id string, kind domain.PersonKind, role domain.Role) domain.PersonSpec {
			return domain.PersonSpec{Where: itemAt(0), ExternalID: id, Kind: kind, Role: role, GivenName: id, FamilyName: id}
		}
		people := []domain.PersonSpec{person("anna", domain.KindStaff, domain.RoleInvigilator)}
		spellings := []string{"Hall A", " Hall A ", "hall\u00a0a", "HALL  A", "Hall\u200b A", "Hall B"}
		var enrolments []domain.EnrolmentSpec
		for i, room := range spellings {
			id := string(rune('a' + i))
			people = append(people, person(id, domain.KindCandidate, domain.RoleCandidate))
			enrolments = append(enrolments, domain.EnrolmentSpec{Where: itemAt(i), Kind: domain.KindTest, Exam: "T1", Person: id, Room: &room, Seat: ptr(" A\u00a0" + id)})
		}
		if _, _, err := s.UpsertPeople(t.Context(), by, people); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{{Where: itemAt(0), Kind: domain.KindTest, ExternalID: "T1", Name: ptr("T1")}}); err != nil {
			t.Fatal(err)
		}
		scopes := []domain.ScopeSpec{{Where: itemAt(0), Kind: domain.KindTest, Exam: "T1", Person: "anna", Rooms: []string{"hall  a", "HALL A", "Hall Z"}}}
		empty := func(want ...domain.EmptyScope) {
			t.Helper()
			if got, err := s.EmptyScopes(t.Context(), org, scopes); err != nil || !slices.Equal(got, want) {
				t.Errorf("scopes that nobody is in: %+v, %v; want %+v", got, err, want)
			}
		}
		empty(domain.EmptyScope{Room: "hall  a"}, domain.EmptyScope{Room: "HALL A"}, domain.EmptyScope{Room: "Hall Z"})
		for _, want := range []domain.Tally{{Created: len(spellings)}, {Unchanged: len(spellings)}} {
			if c, _, err := s.UpsertEnrolments(t.Context(), by, enrolments); err != nil || c != want {
				t.Errorf("enrolments: %+v, %v; want %+v", c, err, want)
			}
		}
		empty(domain.EmptyScope{Room: "Hall Z"})
		for _, want := range []domain.Tally{{Created: 1}, {Unchanged: 1}} {
			if c, _, err := s.ReplaceScopes(t.Context(), by, scopes); err != nil || c != want {
				t.Errorf("scopes: %+v, %v; want %+v", c, err, want)
			}
		}
		var rooms, seats []string
		if err := s.list(t.Context(), &rooms, `SELECT DISTINCT room FROM enrolments WHERE organisation_id = $1 UNION SELECT room FROM staff_scopes WHERE organisation_id = $1`, org); err != nil {
			t.Fatal(err)
		}
		if err := s.list(t.Context(), &seats, `SELECT seat FROM enrolments WHERE organisation_id = $1`, org); err != nil {
			t.Fatal(err)
		}
		slices.Sort(rooms)
		slices.Sort(seats)
		if !slices.Equal(rooms, []string{"Hall A", "Hall B", "Hall Z"}) || !slices.Equal(seats, []string{"A a", "A b", "A c", "A d", "A e", "A f"}) {
			t.Errorf("rooms %q, seats %q", rooms, seats)
		}
	})
}

// TestUpgradeRooms: rooms that were stored in several spellings become one.
func TestUpgradeRooms(t *testing.T) {
	atVersion(t, 13, func(t *testing.T, s *Store) {
		ctx := t.Context()
		org, exam := hall(t, s, 4)
		for _, q := range []string{
			`UPDATE enrolments SET room = CASE person_no WHEN 1 THEN 'Hall A' WHEN 2 THEN ' hall  a' WHEN 3 THEN 'Hall B' ELSE 'Hall A ' END, seat = ' 1 ' WHERE organisation_id = $1`,
			`INSERT INTO staff_scopes (organisation_id, person_no, group_id, room) SELECT organisation_id, 9, group_id, room FROM enrolments WHERE organisation_id = $1`,
			`INSERT INTO messages (organisation_id, "offset", person_no, group_id, room) SELECT organisation_id, 1, person_no, group_id, room FROM enrolments WHERE organisation_id = $1`,
		} {
			exec(t, s, org, q)
		}
		if err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		for table, want := range map[string]int{"enrolments": 4, "staff_scopes": 2, "messages": 4} {
			var rooms []string
			if err := s.list(ctx, &rooms, `SELECT room FROM `+table+` WHERE organisation_id = $1 AND group_id = $2`, org, exam); err != nil {
				t.Fatal(err)
			}
			one := rooms[0]
			for _, r := range rooms {
				if r != "Hall B" && (domain.PlaceKey(r) != "hall a" || r != domain.CleanPlace(r) || one != "Hall B" && r != one) {
					t.Errorf("%s: %q", table, rooms)
				}
			}
			if len(rooms) != want {
				t.Errorf("%s: %q, want %d", table, rooms, want)
			}
		}
		var seats []string
		if err := s.list(ctx, &seats, `SELECT DISTINCT seat FROM enrolments WHERE organisation_id = $1`, org); err != nil || !slices.Equal(seats, []string{"1"}) {
			t.Errorf("seats %q, %v", seats, err)
		}
	})
}
