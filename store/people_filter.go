package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"crier/internal/domain"
)

// matches adds "the filter chooses this person" to a statement that names the
// organisation as $1 and a row of people p. What the filter asks
// about groups is asked only of those that are seen. Presence is not a matter of the
// database and is left out: see PeopleNos. It appends the arguments.
func (s *Store) matches(f domain.PeopleFilter, seen domain.Seen, args *[]any) string {
	const person = "p"
	arg := func(v any) string {
		*args = append(*args, v)
		return fmt.Sprintf("$%d", len(*args))
	}
	var all strings.Builder
	either := func(conditions []string) {
		if len(conditions) > 0 {
			all.WriteString(" AND (" + strings.Join(conditions, " OR ") + ")")
		}
	}
	terms, searching := f.Terms()
	if searching && len(terms) == 0 {
		all.WriteString(" AND 1 = 0")
	}
	if seen.ContextOnly {
		for _, t := range terms {
			if slices.ContainsFunc(t, number) {
				var all []string
				for _, w := range t {
					all = append(all, s.numbered(person, w, arg)...)
				}
				either(all)
			}
		}
	}
	if s.d == postgres && len(terms) > 0 {
		all.WriteString(` AND ` + person + `.words @@ CAST(CAST(` + arg(tsquery(terms)) + ` AS text) AS tsquery)`)
		terms = nil
	}
	for _, t := range terms {
		var ways []string
		for _, w := range t {
			ways = append(ways, `instr(' ' || `+person+`.folded, ' ' || CAST(`+arg(w)+` AS text)) > 0`)
		}
		either(ways)
	}
	either(s.holds(person+".tags", f.Tag, arg))
	either(s.holds(person+".skills", f.Skill, arg))
	if len(f.City) > 0 {
		either([]string{s.d.Among(person+".city", arg(jsonOf(f.City)))})
	}
	var postcodes []string
	for _, p := range f.Postcode {
		// Postcodes are compared by their bytes: all that begin so lie between it and it with the last character there is.
		postcodes = append(postcodes, `(`+person+`.postcode >= `+arg(p)+` AND `+person+`.postcode < `+arg(p+"\U0010FFFF")+`)`)
	}
	either(postcodes)
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) { // names are checked by Validate: [a-z0-9_] alone
		var values []string
		for _, v := range f.Fields[name] {
			values = append(values, s.hasField(person+".fields", name, v, arg))
		}
		if len(values) == 0 {
			values = []string{"1 = 0"}
		}
		either(values)
	}
	if len(f.Group) > 0 {
		either([]string{s.enrolledIn(person, ` AND `+s.d.Among("se.group_id", arg(jsonOf(f.Group))), seen, args)})
	}
	if len(f.Kind) > 0 {
		where := ` AND se.group_id IN (SELECT kg.id FROM groups kg WHERE kg.organisation_id = $1 AND ` + s.d.Among("kg.kind", arg(jsonOf(f.Kind))) + `)`
		either([]string{s.enrolledIn(person, where, seen, args)})
	}
	if len(f.Activity) > 0 {
		either([]string{s.enrolledIn(person, ` AND se.state IN `+s.d.Texts(arg(jsonOf(domain.ActivityStates)))+` AND `+s.d.Among("se.group_id", arg(jsonOf(f.Activity))), seen, args)})
	}
	either(s.inState(person, f, seen, args))
	return all.String()
}

// number reports whether a word can be a part of a phone number.
func number(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsNumber(r) })
}

// numbered are the conditions that a word of digits begins a word of what all staff see of a
// person: people are found by their phone numbers too, which not all see.
func (s *Store) numbered(person, word string, arg func(any) string) []string {
	id := person + ".external_id"
	for _, c := range []string{"-", "_", ".", "/", ":", "@"} {
		id = `replace(` + id + `, '` + c + `', ' ')`
	}
	at := s.d.position
	return []string{
		at + `(' ' || ` + id + `, CAST(` + arg(" "+word) + ` AS text)) > 0`,
		at + `(' ' || ` + person + `.given_name || ' ' || ` + person + `.family_name, CAST(` + arg(" "+word) + ` AS text)) > 0`,
		at + `(CAST(` + person + `.tags AS text), CAST(` + arg(word) + ` AS text)) > 0`,
	}
}

// holds are the conditions that a JSON array of texts holds one of values. PostgreSQL has
// an index for it; on SQLite the array is searched as a text first, which is quick and
// seldom wrong.
func (s *Store) holds(column string, values []string, arg func(any) string) []string {
	var out []string
	for _, v := range values {
		condition := s.d.Holds(column, arg(jsonOf([]string{v})))
		if s.d == sqlite {
			condition = `(instr(` + column + `, ` + arg(jsonOf(v)) + `) > 0 AND ` + condition + `)`
		}
		out = append(out, condition)
	}
	return out
}

// hasField is the condition that a JSON object has this text as a field; as in holds.
func (s *Store) hasField(column, name, value string, arg func(any) string) string {
	if s.d == sqlite {
		return `(instr(` + column + `, ` + arg(jsonOf(name)+":"+jsonOf(value)) + `) > 0 AND ` + s.d.Field(column, name) + ` = ` + arg(value) + `)`
	}
	return s.d.Holds(column, arg(jsonOf(map[string]string{name: value})))
}

// inState are the conditions that the person is in one of the filter's states.
func (s *Store) inState(person string, f domain.PeopleFilter, seen domain.Seen, args *[]any) []string {
	var out, standings []string
	for _, v := range f.State {
		if domain.PersonState(v).Known() {
			standings = append(standings, v)
		}
	}
	arg := func(v any) string {
		*args = append(*args, v)
		return fmt.Sprintf("$%d", len(*args))
	}
	if len(standings) > 0 {
		out = append(out, s.d.Among(person+".state", arg(jsonOf(standings))))
	}
	for _, v := range f.State {
		state := domain.EnrolmentState(v)
		if !state.Known() {
			continue
		}
		where := ` AND se.state = ` + arg(v)
		if groups := f.StateGroups(state); len(groups) > 0 {
			where += ` AND ` + s.d.Among("se.group_id", arg(jsonOf(groups)))
		}
		out = append(out, s.enrolledIn(person, where, seen, args))
	}
	return out
}

// enrolledIn is the condition that the person has an enrolment (se) of this kind in a
// place that is seen.
func (s *Store) enrolledIn(person, where string, seen domain.Seen, args *[]any) string {
	if !seen.All {
		where += ` AND ` + s.inPlaces("se", seen, args)
	}
	return s.d.AmongSelected(person+".no", `SELECT se.person_no FROM enrolments se WHERE se.organisation_id = $1`+where)
}
