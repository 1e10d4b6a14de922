package store

import (
	"fmt"

	"crier/internal/domain"
)

// What a staff member with a limited reach sees. The statements that use these name the
// organisation as $1.

// places is a row source (g, r) of the groups and rooms that are seen; it appends the argument.
func (s *Store) places(seen domain.Seen, args *[]any) string {
	rows := make([][2]string, len(seen.Places))
	for i, p := range seen.Places {
		rows[i] = [2]string{string(p.Group), p.Room}
	}
	*args = append(*args, jsonOf(rows))
	return s.d.Rows(fmt.Sprintf("$%d", len(*args)), "g text", "r text")
}

// seesPerson adds "the person in column is seen" to a statement.
func (s *Store) seesPerson(column string, seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return ` AND ` + column + ` IN (SELECT se.person_no FROM enrolments se JOIN ` + s.places(seen, args) + ` sp
		ON sp.g = se.group_id AND (sp.r = '' OR sp.r = se.room) WHERE se.organisation_id = $1)`
}

// seesGroup adds "what belongs to the group in column is seen of this person" to a
// statement that seesPerson limits already: everything of no group, and what belongs
// to a group in which the person is seen.
func (s *Store) seesGroup(column, person string, seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return ` AND (` + column + ` = '' OR EXISTS (SELECT 1 FROM enrolments sg JOIN ` + s.places(seen, args) + ` sq
		ON sq.g = sg.group_id AND (sq.r = '' OR sq.r = sg.room)
		WHERE sg.organisation_id = $1 AND sg.person_no = ` + person + ` AND sg.group_id = ` + column + `))`
}
