package domain

import (
	"errors"
	"strings"
	"testing"

	"crier/internal/fault"
)

func TestPeopleFilterValidate(t *testing.T) {
	many := func(n int) (out []string) {
		for range n {
			out = append(out, "x")
		}
		return out
	}
	for name, c := range map[string]struct {
		f     PeopleFilter
		field string // "" = accepted
	}{
		"nothing":              {PeopleFilter{}, ""},
		"everything":           {PeopleFilter{Q: "å", Tag: many(50), State: []string{"invited", "waiting_list", "active"}, Presence: []Presence{Away}, Fields: map[string][]string{"shoe_size": {"44"}}}, ""},
		"51 tags":              {PeopleFilter{Tag: many(51)}, "f.tag"},
		"a state of no kind":   {PeopleFilter{State: []string{"gone"}}, "f.state"},
		"no state":             {PeopleFilter{State: []string{""}}, "f.state"},
		"a presence":           {PeopleFilter{Presence: []Presence{"asleep"}}, "f.presence"},
		"a field's name":       {PeopleFilter{Fields: map[string][]string{"a') OR 1=1 --": {"x"}}}, "f.fields"},
		"a field's long value": {PeopleFilter{Fields: map[string][]string{"a": {strings.Repeat("x", 201)}}}, "f.fields.a"},
		"a long search":        {PeopleFilter{Q: strings.Repeat("x", 201)}, "f.q"},
		"an empty city":        {PeopleFilter{City: []string{" "}}, "f.city"},
		"no UTF-8":             {PeopleFilter{Postcode: []string{"\xff"}}, "f.postcode"},
	} {
		err := c.f.Validate("f")
		f, _ := errors.AsType[*fault.Error](err)
		if (err == nil) != (c.field == "") || err != nil && f.Field != c.field {
			t.Errorf("%s: %v, want field %q", name, err, c.field)
		}
	}
}

func TestPeopleFilterWords(t *testing.T) {
	if got := (PeopleFilter{Q: " "}).Words(nil); got != "everyone" {
		t.Errorf("empty: %q", got)
	}
	f := PeopleFilter{Group: []GroupID{"g1", "g2"}, Q: "anna ", Tag: []string{"night", "early"}, City: []string{"Oslo"}, State: []string{"waiting_list"},
		Presence: []Presence{Online}, Fields: map[string][]string{"shoe_size": {"44"}, "age": {"30"}}}
	want := `in Servers or g2, search "anna", tag night or early, city Oslo, state waiting list, presence online, age 30, shoe size 44`
	if got := f.Words(map[GroupID]string{"g1": "Servers"}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPersonIsFound(t *testing.T) {
	for _, c := range []struct {
		p      Person
		search string
	}{
		{Person{GivenName: "Åse", FamilyName: "Øvrebø", ExternalID: "C-0001", Phone: "+47 900 12", Tags: []string{"Night shift"}}, "ase ovrebo c 0001 47 900 12 4790012 night shift aase oevreboe c0001 90012"},
		{Person{GivenName: "Cher"}, "cher"},
		{Person{FamilyName: "Berg-Hansen", GivenName: "Di"}, "di berg hansen berghansen"},
	} {
		if got := c.p.SearchWords(); got != c.search {
			t.Errorf("found by %q, want %q", got, c.search)
		}
	}
}

func TestListedMarks(t *testing.T) {
	l := Listed{Groups: []Membership{{Group: "a", Kind: KindPool, Name: "A", State: EnrolmentMember}, {Group: "b", Kind: KindTest, Name: "B", Room: "1"}, {Group: "b2", Kind: KindTest, Room: "2"}}}
	if got := l.Marks(Seen{Places: []Place{{Group: "b", Room: "1"}, {Group: "b2", Room: "1"}}}); len(got) != 1 || got[0].ID != "b" {
		t.Errorf("with a limited reach: %v", got)
	}
	if got := l.Marks(Seen{All: true}); len(got) != 3 {
		t.Errorf("all: %v", got)
	}
}
