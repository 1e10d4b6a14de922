package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
)

// namesakes is an organisation whose candidates each have one name for family name, given name and
// city, and a conversation. Their external ids are p0, p1 and so on.
func namesakes(t *testing.T, s *Store, names ...string) domain.Actor {
	t.Helper()
	ctx := t.Context()
	by := office(t, s, "north")
	specs := make([]domain.PersonSpec, len(names))
	for i, name := range names {
		specs[i] = domain.PersonSpec{Where: itemAt(i), ExternalID: fmt.Sprintf("p%d", i), Kind: domain.KindCandidate, Role: domain.RoleCandidate,
			GivenName: name, FamilyName: name, City: ptr(name)}
	}
	people(t, s, by, specs)
	if _, err := s.w.ExecContext(ctx, `INSERT INTO conversations (organisation_id, person_no, sort_name, last_offset)
		SELECT organisation_id, no, sort_name, no FROM people WHERE kind = 'candidate'`); err != nil {
		t.Fatal(err)
	}
	return by
}

func speak(t *testing.T, s *Store, by domain.Actor, lang string) {
	t.Helper()
	if _, err := s.ChangeSettings(t.Context(), by, func(c *domain.Settings) { c.Language = lang }); err != nil {
		t.Fatal(err)
	}
}

// familyNames reads a list of people two at a time.
func familyNames(t *testing.T, s *Store, by domain.Actor, sort domain.PeopleSort, lang string) (out []string) {
	t.Helper()
	q := domain.PeopleQuery{Seen: all, Sort: sort, Limit: 2, Language: lang}
	for {
		rows, err := s.People(t.Context(), by.Organisation, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			return out
		}
		for _, r := range rows {
			out = append(out, r.FamilyName)
		}
		q.After = rows[len(rows)-1].ID
	}
}

// deskNames reads the conversations by name, two at a time.
func deskNames(t *testing.T, s *Store, by domain.Actor) (out []string) {
	t.Helper()
	ctx := t.Context()
	var after *domain.DeskPlace
	for {
		page, err := s.Desk(ctx, by.Organisation, 1, all, domain.DeskFilter{Sort: domain.SortLastName}, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return out
		}
		for _, p := range page {
			who, err := s.PersonByNo(ctx, by.Organisation, p.Person)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, who.FamilyName)
		}
		after = &page[len(page)-1]
	}
}

// TestOrderOfNames: every list by name has the order of the organisation's language, whichever it
// becomes, for those who were stored before and for those who come after.
func TestOrderOfNames(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := namesakes(t, s, "Åsen", "Ärlig", "Östby", "Zahl", "Ærlig", "Østby", "Adler", "Oca", "Ñu", "Nzeb", "Nunez", "王")
		for _, c := range []struct{ lang, want string }{
			{"", "Adler Ñu Nunez Nzeb Oca Zahl Ärlig Ærlig Östby Østby Åsen 王"},
			{"sv", "Adler Ñu Nunez Nzeb Oca Zahl Åsen Ärlig Ærlig Östby Østby 王"},
			{"de", "Adler Ærlig Ärlig Åsen Ñu Nunez Nzeb Oca Östby Østby Zahl 王"},
			{"es", "Adler Ærlig Ärlig Åsen Nunez Nzeb Ñu Oca Östby Østby Zahl 王"},
			{"nb", "Adler Ñu Nunez Nzeb Oca Zahl Ärlig Ærlig Östby Østby Åsen 王"},
		} {
			speak(t, s, by, c.lang)
			lang := domain.Settings{Language: c.lang}.SortLanguage()
			for _, sort := range []domain.PeopleSort{domain.SortPeopleLastName, domain.SortPeopleFirstName, domain.SortPeopleCity} {
				if got := strings.Join(familyNames(t, s, by, sort, lang), " "); got != c.want {
					t.Errorf("people in %q by %s:\n%s, want\n%s", c.lang, sort, got, c.want)
				}
			}
			if got := strings.Join(deskNames(t, s, by), " "); got != c.want {
				t.Errorf("conversations in %q:\n%s, want\n%s", c.lang, got, c.want)
			}
		}
		people(t, s, by, []domain.PersonSpec{
			{Where: itemAt(0), ExternalID: "p6", Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Ås", FamilyName: "Ås"},
			{Where: itemAt(1), ExternalID: "new", Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Ål", FamilyName: "Ål"},
		})
		want := "Ñu Nunez Nzeb Oca Zahl Ärlig Ærlig Östby Østby Ål Ås Åsen 王"
		if got := strings.Join(familyNames(t, s, by, domain.SortPeopleLastName, "nb"), " "); got != want {
			t.Errorf("after a change:\n%s, want\n%s", got, want)
		}
	})
}

// TestOrderChangesBetweenPages: a place in a list of another language is refused by name, and the
// list begun anew has everybody once.
func TestOrderChangesBetweenPages(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by := namesakes(t, s, "Åsen", "Adler", "Zahl", "Berg")
		q := domain.PeopleQuery{Seen: all, Sort: domain.SortPeopleLastName, Limit: 2, Language: "nb"}
		rows, err := s.People(ctx, by.Organisation, q)
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		q.After = rows[1].ID
		f := domain.DeskFilter{Sort: domain.SortLastName}
		page, err := s.Desk(ctx, by.Organisation, 1, all, f, nil, 2)
		if err != nil || len(page) != 2 {
			t.Fatal(page, err)
		}
		speak(t, s, by, "en")
		refused := func(what string, err error) {
			t.Helper()
			if p := fault.Public(err); p.Code != fault.Invalid || p.Field != "after" {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err = s.People(ctx, by.Organisation, q)
		refused("people", err)
		_, err = s.PeopleNumbers(ctx, by.Organisation, q)
		refused("numbers", err)
		_, err = s.Desk(ctx, by.Organisation, 1, all, f, &page[1], 2)
		refused("conversations", err)
		want := []string{"Adler", "Åsen", "Berg", "Zahl"}
		if got := familyNames(t, s, by, domain.SortPeopleLastName, "en"); !slices.Equal(got, want) {
			t.Errorf("people anew: %v", got)
		}
		if got := deskNames(t, s, by); !slices.Equal(got, want) {
			t.Errorf("conversations anew: %v", got)
		}
		if _, err := s.Desk(ctx, by.Organisation, 1, all, domain.DeskFilter{}, &domain.DeskPlace{Key: 1 << 40}, 2); err != nil {
			t.Errorf("an order without names: %v", err)
		}
	})
}

// TestOrderWhileExpanding: the keys of conversations that a sending makes while the language changes
// are of the new one.
func TestOrderWhileExpanding(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		w := newTown(t, s, "north")
		w.send(t, s, "pool", "ase", "bo")
		done := make(chan error, 1)
		go func() { done <- s.Expand(ctx, w.by.Organisation) }()
		speak(t, s, w.by, "sv")
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if n := staleKeys(ctx, t, s); n != 0 {
			t.Errorf("%d conversations have keys of before", n)
		}
	})
}

// staleKeys counts conversations whose key is not that of their person.
func staleKeys(ctx context.Context, t *testing.T, s *Store) (n int) {
	t.Helper()
	err := s.r.GetContext(ctx, &n, `SELECT count(*) FROM conversations c JOIN people p ON p.organisation_id = c.organisation_id AND p.no = c.person_no
		WHERE p.sort_name <> c.sort_name OR p.sort_name = ''`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOrderSlices: people beyond one slice get their keys too.
func TestOrderSlices(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		specs := make([]domain.PersonSpec, foldPage+3)
		for i := range specs {
			specs[i] = domain.PersonSpec{Where: itemAt(i), ExternalID: fmt.Sprintf("p%d", i), Kind: domain.KindCandidate, Role: domain.RoleCandidate,
				GivenName: "Åse", FamilyName: fmt.Sprintf("Ås %d", i)}
		}
		people(t, s, by, specs)
		speak(t, s, by, "sv")
		keys := domain.NewCollation("sv")
		var rows []struct {
			Family string `db:"family_name"`
			Key    string `db:"sort_name"`
		}
		err := s.r.SelectContext(t.Context(), &rows, `SELECT family_name, sort_name FROM people WHERE kind = 'candidate' ORDER BY sort_name`)
		if err != nil || len(rows) != len(specs) {
			t.Fatal(len(rows), err)
		}
		for i, r := range rows {
			if r.Family != fmt.Sprintf("Ås %d", i) || r.Key != keys.LastName(domain.Person{GivenName: "Åse", FamilyName: r.Family}) {
				t.Fatalf("place %d: %+v", i, r)
			}
		}
	})
}

// TestOrderUpgrade: people and conversations that were stored with the keys of before get new ones.
func TestOrderUpgrade(t *testing.T) {
	atVersion(t, 21, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for _, q := range []string{
			`INSERT INTO organisations (id, slug, name, settings, created_at) VALUES (1, 'north', 'North', '{}', 1), (2, 'south', 'South', '{"region":"SE"}', 1)`,
			`INSERT INTO journals (organisation_id, head, people_head) VALUES (1, 0, 3), (2, 0, 3)`,
			`INSERT INTO expansions (organisation_id, expanded) VALUES (1, 0), (2, 0)`,
			`INSERT INTO people (organisation_id, no, id, kind, role, external_id, given_name, family_name, folded, sort_name, created_at)
				SELECT o.id, p.no, o.slug || p.name, 'candidate', 'candidate', p.name, '', p.name, '', p.name, 1 FROM organisations o
				CROSS JOIN (SELECT 1 AS no, 'Åsen' AS name UNION ALL SELECT 2, 'Östby' UNION ALL SELECT 3, 'Ærlig') p`,
			`INSERT INTO conversations (organisation_id, person_no, sort_name, last_offset) SELECT organisation_id, no, sort_name, no FROM people`,
		} {
			if _, err := s.w.ExecContext(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // the second time there is nothing to do
			if err := s.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if n := staleKeys(ctx, t, s); n != 0 {
			t.Errorf("%d conversations have keys of before", n)
		}
		for org, want := range map[domain.OrganisationID]string{1: "Ærlig Östby Åsen", 2: "Åsen Ærlig Östby"} {
			by := domain.Actor{Organisation: org}
			if got := strings.Join(deskNames(t, s, by), " "); got != want {
				t.Errorf("organisation %d: %s, want %s", org, got, want)
			}
		}
	})
}
