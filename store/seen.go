package store

import (
	"fmt"

	"crier/internal/domain"
)

// What a staff member with a limited reach sees: internal/domain/seen.go in SQL. The statements
// that use these name the organisation as $1.

// places is a row source (g, r) of the groups and rooms that are seen; it appends the argument.
func (s *Store) places(seen domain.Seen, args *[]any) string {
	rows := make([][2]string, len(seen.Places))
	for i, p := range seen.Places {
		rows[i] = [2]string{string(p.Group), p.Room}
	}
	*args = append(*args, jsonOf(rows))
	return s.d.Rows(fmt.Sprintf("$%d", len(*args)), "g text", "r text")
}

// seenGroups is the condition that the group in column is one in which something is seen.
func (s *Store) seenGroups(column string, seen domain.Seen, args *[]any) string {
	groups := make([]string, len(seen.Places))
	for i, p := range seen.Places {
		groups[i] = string(p.Group)
	}
	*args = append(*args, jsonOf(groups))
	return s.d.Among(column, fmt.Sprintf("$%d", len(*args)))
}

// inPlaces is the condition that a candidate is seen through an enrolment, by its alias: it is in
// a place that is seen, and if that is a test it has not been left.
func (s *Store) inPlaces(enrolment string, seen domain.Seen, args *[]any) string {
	arg := func(v any) string {
		*args = append(*args, jsonOf(v))
		return fmt.Sprintf("$%d", len(*args))
	}
	all, whole, rooms, lasting := []string{}, []string{}, [][2]string{}, []string{}
	for _, p := range seen.Places {
		all = append(all, string(p.Group))
		if p.Room == "" {
			whole = append(whole, string(p.Group))
		} else {
			rooms = append(rooms, [2]string{string(p.Group), p.Room})
		}
		if domain.EnrolmentLeft.Reaches(p.Kind) {
			lasting = append(lasting, string(p.Group))
		}
	}
	where := s.d.Among(enrolment+".group_id", arg(all))
	if len(rooms) > 0 {
		where += ` AND (` + s.d.Among(enrolment+".group_id", arg(whole)) + ` OR (` + enrolment + `.group_id, ` +
			enrolment + `.room) IN (SELECT ip.g, ip.r FROM ` + s.d.Rows(arg(rooms), "g text", "r text") + ` ip))`
	}
	switch len(lasting) {
	case len(all):
	case 0:
		where += ` AND ` + enrolment + `.state <> 'left'`
	default:
		where += ` AND (` + enrolment + `.state <> 'left' OR ` + s.d.Among(enrolment+".group_id", arg(lasting)) + `)`
	}
	return where
}

// seesPerson adds "the person in column is seen" to a statement.
func (s *Store) seesPerson(column string, seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return ` AND ` + column + ` IN (SELECT se.person_no FROM enrolments se WHERE se.organisation_id = $1 AND ` + s.inPlaces("se", seen, args) + `)`
}

// seesPeople is seesPerson for a statement that reads many of the people p.
func (s *Store) seesPeople(seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return ` AND ` + s.enrolledIn("p", "", seen, args)
}

// seesGroup adds "what belongs to the group in column is seen of this person" to a statement:
// what belongs to a group in which the person is seen, and what belongs to none if the
// person is seen where that is seen.
func (s *Store) seesGroup(column, person string, seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	through := func(which string, part domain.Seen) string {
		return `EXISTS (SELECT 1 FROM enrolments sg WHERE sg.organisation_id = $1 AND sg.person_no = ` + person + which +
			` AND ` + s.inPlaces("sg", part, args) + `)`
	}
	of := through(` AND sg.group_id = `+column, seen)
	loose := seen.Loose()
	if len(loose.Places) == 0 {
		return ` AND ` + of
	}
	return ` AND (` + of + ` OR ` + column + ` = '' AND ` + through("", loose) + `)`
}

// seesLoose adds "what belongs to no group is seen of the person in column" to a statement.
func (s *Store) seesLoose(column string, seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return ` AND EXISTS (SELECT 1 FROM enrolments sl WHERE sl.organisation_id = $1 AND sl.person_no = ` + column +
		` AND ` + s.inPlaces("sl", seen.Loose(), args) + `)`
}

// seesFact is seesGroup for a row of facts, by its alias: what concerns the conversation as a
// whole, its marks and who has it, is seen by all who see any of it.
func (s *Store) seesFact(fact string, seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return ` AND (` + fact + `.kind IN ('conversation.marked', 'conversation.assigned')` +
		` OR true` + s.seesGroup(fact+".group_id", fact+".person_no", seen, args) + `)`
}
