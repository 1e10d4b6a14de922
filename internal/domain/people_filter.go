package domain

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"crier/internal/fault"
)

// PeopleFilter chooses among an organisation's candidates. Conditions combine with
// AND, several values of one with OR; the zero value chooses all whom one may see. It
// is the filter of people lists, of sendings to many, and of the Messages page.
type PeopleFilter struct {
	Group    []GroupID           `json:"group,omitempty"`    // in one of these groups, whatever their state there
	Kind     []GroupKind         `json:"-"`                  // in a group of one of these kinds
	Q        string              `json:"q,omitempty"`        // words, each the beginning of one of name, candidate id, phone or tag
	Tag      []string            `json:"tag,omitempty"`      // exactly
	Skill    []string            `json:"skill,omitempty"`    // exactly
	City     []string            `json:"city,omitempty"`     // exactly
	Postcode []string            `json:"postcode,omitempty"` // beginnings
	Activity []GroupID           `json:"activity,omitempty"` // assigned to one of these activities, or on its waiting list
	State    []string            `json:"state,omitempty"`    // a PersonState, or an EnrolmentState; see StateGroups
	Presence []Presence          `json:"presence,omitempty"`
	Fields   map[string][]string `json:"fields,omitempty"` // a field of the organisation's own, exactly
}

// Sizes of a person's own fields, and of a filter.
const (
	FieldsMost       = 20  // fields of one person
	FieldValueMost   = 200 // characters
	peopleValuesMost = 50  // values of one condition
	groupsMost       = 200
)

var fieldNames = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)

// CheckFieldName refuses what cannot be the name of a person's own field.
func CheckFieldName(field, name string) error {
	if !fieldNames.MatchString(name) {
		return fault.Field(field, "a field's name is 1 to 40 small letters, digits and underscores")
	}
	return nil
}

// Empty reports whether the filter chooses all.
func (f PeopleFilter) Empty() bool {
	return strings.TrimSpace(f.Q) == "" && len(f.Group)+len(f.Kind)+len(f.Tag)+len(f.Skill)+len(f.City)+len(f.Postcode)+len(f.Activity)+len(f.State)+len(f.Presence)+len(f.Fields) == 0
}

// StateGroups returns the groups in which an enrolment's state is asked for: the chosen activities
// if the state is one of those that Activity chooses by, else the chosen groups. None: any group.
func (f PeopleFilter) StateGroups(s EnrolmentState) []GroupID {
	if len(f.Activity) > 0 && slices.Contains(ActivityStates, s) {
		return f.Activity
	}
	return f.Group
}

// Terms are the words asked for by Q. searching is false if Q is empty; a Q in which there is
// nothing to search for has no terms and finds nobody.
func (f PeopleFilter) Terms() (terms []Term, searching bool) {
	return QueryTerms(f.Q), strings.TrimSpace(f.Q) != ""
}

// Validate tidies the values, in place, and refuses unknown states and unusable texts; field is where the filter stands
// in the request, "" at the top. Errors: Invalid, TooLarge.
func (f PeopleFilter) Validate(field string) error {
	if field != "" {
		field += "."
	}
	if err := CheckText(field+"q", f.Q, 200, true, false); err != nil {
		return err
	}
	for _, l := range []struct {
		name   string
		values []string
		most   int
	}{
		{"group", texts(f.Group), groupsMost}, {"tag", f.Tag, peopleValuesMost}, {"skill", f.Skill, peopleValuesMost}, {"city", f.City, peopleValuesMost},
		{"postcode", f.Postcode, peopleValuesMost}, {"activity", texts(f.Activity), groupsMost}, {"state", f.State, peopleValuesMost},
	} {
		if err := checkValues(field+l.name, l.values, l.most); err != nil {
			return err
		}
	}
	for _, s := range f.State {
		if !PersonState(s).Known() && !EnrolmentState(s).Known() {
			return fault.Field(field+"state", "state must be active, invited, locked, or a state in a group, not %q", s)
		}
	}
	for _, p := range f.Presence {
		if _, err := ParsePresence(field+"presence", string(p)); err != nil {
			return err
		}
	}
	if n := len(f.Fields); n > FieldsMost {
		return fault.Over(field+"fields", FieldsMost, int64(n), "%d fields; at most %d are possible", n, FieldsMost)
	}
	for name, values := range f.Fields {
		if err := CheckFieldName(field+"fields", name); err != nil {
			return err
		}
		if err := checkValues(field+"fields."+name, values, peopleValuesMost); err != nil {
			return err
		}
	}
	return nil
}

func checkValues(field string, values []string, most int) error {
	if len(values) > most {
		return fault.Over(field, int64(most), int64(len(values)), "%d values; at most %d are possible", len(values), most)
	}
	for i := range values {
		values[i] = Tidy(values[i]) // as what it is compared with was stored
		if err := CheckText(field, values[i], FieldValueMost, false, false); err != nil {
			return err
		}
	}
	return nil
}

// Words says the filter in words, as the record keeps it. Groups are named by names;
// one that is not in it by its id.
func (f PeopleFilter) Words(names map[GroupID]string) string {
	if f.Empty() {
		return "everyone"
	}
	var parts []string
	add := func(name string, values []string) {
		if len(values) > 0 {
			parts = append(parts, name+" "+strings.Join(values, " or "))
		}
	}
	named := func(ids []GroupID) []string {
		out := make([]string, len(ids))
		for i, id := range ids {
			if out[i] = names[id]; out[i] == "" {
				out[i] = string(id)
			}
		}
		return out
	}
	add("in", named(f.Group))
	if q := strings.TrimSpace(f.Q); q != "" {
		parts = append(parts, fmt.Sprintf("search %q", q))
	}
	add("tag", f.Tag)
	add("skill", f.Skill)
	add("city", f.City)
	add("postcode", f.Postcode)
	add("activity", named(f.Activity))
	add("state", plain(f.State))
	add("presence", plain(f.Presence))
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		add(strings.ReplaceAll(name, "_", " "), f.Fields[name])
	}
	return strings.Join(parts, ", ")
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// Known reports whether s is a standing.
func (s PersonState) Known() bool {
	return s == PersonActive || s == PersonInvited || s == PersonLocked
}

// Known reports whether s is a state that some kind of group has.
func (s EnrolmentState) Known() bool {
	for _, k := range GroupKinds {
		if s != "" && slices.Contains(enrolmentStates[k], s) {
			return true
		}
	}
	return false
}
