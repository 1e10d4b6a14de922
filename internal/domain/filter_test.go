package domain

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"crier/internal/fault"
)

// The web page replays the same cases.
func TestFilterCases(t *testing.T) {
	text, err := os.ReadFile("testdata/filter_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Candidates []struct {
			ExternalID   string   `json:"external_id"`
			GivenName    string   `json:"given_name"`
			FamilyName   string   `json:"family_name"`
			Room         string   `json:"room"`
			Seat         string   `json:"seat"`
			Progress     Progress `json:"progress"`
			Presence     Presence `json:"presence"`
			ExtraMinutes int      `json:"extra_minutes"`
			Tags         []string `json:"tags"`
			Groups       []GroupMark
		}
		Cases []struct {
			Name   string
			Filter CandidateFilter
			Match  []int
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 30 || len(golden.Candidates) < 6 {
		t.Fatalf("the file holds %d cases over %d candidates", len(golden.Cases), len(golden.Candidates))
	}
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Filter.Validate("filter"); err != nil {
				t.Fatal(err)
			}
			got := []int{}
			for i, p := range golden.Candidates {
				if c.Filter.Match(Candidate{
					Enrolment:  Enrolment{Progress: p.Progress, Room: p.Room, Seat: p.Seat, ExtraMinutes: p.ExtraMinutes},
					ExternalID: p.ExternalID, GivenName: p.GivenName, FamilyName: p.FamilyName, Tags: p.Tags, Groups: p.Groups, Presence: p.Presence,
				}) {
					got = append(got, i)
				}
			}
			if !slices.Equal(got, c.Match) {
				t.Errorf("matches %v, want %v", got, c.Match)
			}
		})
	}
}

func TestFilterValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		filter CandidateFilter
		field  string
	}{
		{"progress", CandidateFilter{Progress: []Progress{"done"}}, "recipients.filter.progress"},
		{"presence", CandidateFilter{Presence: []Presence{"here"}}, "recipients.filter.presence"},
		{"search", CandidateFilter{Q: "a\x00b"}, "recipients.filter.q"},
		{"room", CandidateFilter{Room: []string{"\xff"}}, "recipients.filter.room"},
		{"many", CandidateFilter{Seat: make([]string, 501)}, "recipients.filter.seat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.filter.Validate("recipients.filter")
			if err == nil {
				t.Fatal("accepted")
			}
			if f := fault.Public(err); f.Field != c.field {
				t.Errorf("names %q, want %q", f.Field, c.field)
			}
		})
	}
}

func TestFilterWords(t *testing.T) {
	yes := true
	for want, f := range map[string]CandidateFilter{
		"everyone": {},
		`search "sara", progress in progress or submitted, room A or B, with extra time`: {Q: " sara ", Progress: []Progress{InProgress, Submitted},
			Room: []string{"A", "B"}, ExtraTime: &yes},
	} {
		if got := f.Words(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestCheckText(t *testing.T) {
	for _, c := range []struct {
		name      string
		text      string
		max       int
		empty     bool
		multiline bool
		ok        bool
		limit     int64
	}{
		{"plain", "Hello", 5, false, false, true, 0},
		{"one too many", "Hello!", 5, false, false, false, 5},
		{"characters, not bytes", "Ærøå😀", 5, false, false, true, 0},
		{"empty", "", 5, false, false, false, 0},
		{"white space alone", " \n\t", 5, false, true, false, 0},
		{"empty allowed", "", 5, true, false, true, 0},
		{"new line in one line", "a\nb", 5, false, false, false, 0},
		{"new line", "a\nb\tc", 5, false, true, true, 0},
		{"carriage return", "a\rb", 5, false, true, false, 0},
		{"NUL", "a\x00b", 5, false, true, false, 0},
		{"escape", "a\x1bb", 5, false, true, false, 0},
		{"C1 control", "a\u0085b", 5, false, true, false, 0},
		{"invalid UTF-8", "a\xffb", 5, false, true, false, 0},
		{"no limit", strings.Repeat("x", 10000), 0, false, false, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := CheckText("body", c.text, c.max, c.empty, c.multiline)
			if (err == nil) != c.ok {
				t.Fatalf("got %v", err)
			}
			if f := fault.Public(err); err != nil && (f.Field != "body" || f.Limit != c.limit) {
				t.Errorf("field %q limit %d", f.Field, f.Limit)
			}
		})
	}
}

func FuzzMatchWords(f *testing.F) {
	f.Add("sør", "Søren Ærø")
	f.Add("", "x")
	f.Add("\xff", "\xff")
	f.Fuzz(func(t *testing.T, q, text string) {
		if folded := Fold(q); Fold(folded) != folded {
			t.Errorf("folding %q twice differs", q)
		}
		// A text is found by itself, if it has any word.
		if len(Words(Fold(text))) > 0 && !MatchWords(text, text) {
			t.Errorf("%q does not match itself", text)
		}
	})
}
