package domain

import (
	"fmt"
	"slices"
	"strings"

	"crier/internal/fault"
)

// CandidateFilter chooses among the candidates of a test. Conditions combine with
// AND, several values of one with OR; the zero value chooses all.
type CandidateFilter struct {
	Q         string     `json:"q,omitempty"` // see MatchWords; over name, candidate id and seat
	Progress  []Progress `json:"progress,omitempty"`
	Presence  []Presence `json:"presence,omitempty"`
	Room      []string   `json:"room,omitempty"`
	Seat      []string   `json:"seat,omitempty"`
	ExtraTime *bool      `json:"extra_time,omitempty"`
	Tag       []string   `json:"tag,omitempty"`
	Group     []GroupID  `json:"group,omitempty"` // also in one of these groups, of those that the reader sees
}

// filterValues is how many values one condition may have.
const filterValues = 500

// Empty reports whether the filter chooses all.
func (f CandidateFilter) Empty() bool {
	return strings.TrimSpace(f.Q) == "" && len(f.Progress) == 0 && len(f.Presence) == 0 && len(f.Room) == 0 && len(f.Seat) == 0 &&
		f.ExtraTime == nil && len(f.Tag) == 0 && len(f.Group) == 0
}

// Validate tidies the values, in place, and refuses unknown states and unusable texts; field is where the filter
// stands in the request, "" at the top.
func (f CandidateFilter) Validate(field string) error {
	if field != "" {
		field += "."
	}
	if err := CheckText(field+"q", f.Q, 200, true, false); err != nil {
		return err
	}
	for _, p := range f.Progress {
		if _, err := ParseProgress(field+"progress", string(p)); err != nil {
			return err
		}
	}
	for _, p := range f.Presence {
		if _, err := ParsePresence(field+"presence", string(p)); err != nil {
			return err
		}
	}
	for _, l := range []struct {
		name   string
		values []string
	}{{"room", f.Room}, {"seat", f.Seat}, {"tag", f.Tag}, {"group", plain(f.Group)}} {
		if len(l.values) > filterValues {
			return fault.Over(field+l.name, filterValues, int64(len(l.values)), "%d values; at most %d are possible", len(l.values), filterValues)
		}
		for i := range l.values {
			l.values[i] = Tidy(l.values[i]) // as what it is compared with was stored
			if err := CheckText(field+l.name, l.values[i], 200, true, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// Match reports whether the filter chooses the candidate. A candidate without a
// presence counts as offline.
func (f CandidateFilter) Match(c Candidate) bool { return f.Matcher()(c) }

// Matcher is Match prepared for many candidates.
func (f CandidateFilter) Matcher() func(Candidate) bool {
	searching := strings.TrimSpace(f.Q) != ""
	asked := QueryTerms(f.Q)
	rooms, seats := placeKeys(f.Room), placeKeys(f.Seat)
	return func(c Candidate) bool {
		presence := c.Presence
		if presence == "" {
			presence = Offline
		}
		switch {
		case len(f.Progress) > 0 && !slices.Contains(f.Progress, c.Progress),
			len(f.Presence) > 0 && !slices.Contains(f.Presence, presence),
			len(rooms) > 0 && !rooms[PlaceKey(c.Room)],
			len(seats) > 0 && !seats[PlaceKey(c.Seat)],
			f.ExtraTime != nil && *f.ExtraTime != (c.ExtraMinutes > 0),
			len(f.Group) > 0 && !slices.ContainsFunc(c.Groups, func(g GroupMark) bool { return slices.Contains(f.Group, g.ID) }),
			len(f.Tag) > 0 && !slices.ContainsFunc(f.Tag, func(t string) bool { return slices.Contains(c.Tags, t) }):
			return false
		}
		return !searching || len(asked) > 0 && MatchTerms(asked, c.Name(), c.ExternalID, c.Seat)
	}
}

// Words says the filter in words, as the record keeps it.
func (f CandidateFilter) Words() string {
	if f.Empty() {
		return "everyone"
	}
	var parts []string
	add := func(name string, values []string) {
		if len(values) > 0 {
			parts = append(parts, name+" "+strings.Join(values, " or "))
		}
	}
	if q := strings.TrimSpace(f.Q); q != "" {
		parts = append(parts, fmt.Sprintf("search %q", q))
	}
	add("progress", plain(f.Progress))
	add("presence", plain(f.Presence))
	add("room", f.Room)
	add("seat", f.Seat)
	if f.ExtraTime != nil {
		parts = append(parts, map[bool]string{true: "with extra time", false: "without extra time"}[*f.ExtraTime])
	}
	add("tag", f.Tag)
	add("group", plain(f.Group))
	return strings.Join(parts, ", ")
}

func plain[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strings.ReplaceAll(string(v), "_", " ")
	}
	return out
}

func placeKeys(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[PlaceKey(n)] = true
	}
	return out
}
