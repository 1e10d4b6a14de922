package domain

import "crier/internal/fault"

// PeopleSort is an order of people lists.
type PeopleSort string

// The orders. Equal ones follow the last name, then the order of entering.
const (
	SortPeopleLastName  PeopleSort = "last_name"
	SortPeopleFirstName PeopleSort = "first_name"
	SortPeopleCity      PeopleSort = "city"
)

// ParsePeopleSort returns the order named s, "" = by last name; field is named in the fault.
func ParsePeopleSort(field, s string) (PeopleSort, error) {
	switch o := PeopleSort(s); o {
	case "":
		return SortPeopleLastName, nil
	case SortPeopleLastName, SortPeopleFirstName, SortPeopleCity:
		return o, nil
	}
	return "", fault.Field(field, "sort must be last_name, first_name or city, not %q", s)
}

// PeopleQuery asks for a page of candidates.
type PeopleQuery struct {
	Filter PeopleFilter // its Presence is not looked at
	Seen   Seen
	Sort   PeopleSort
	After  PersonID // the page begins after this one, "" = at the beginning
	Limit  int      // 0 = all
	// Language is the organisation's when the page before was read. It says by whose rules the list is
	// sorted in which After has its place.
	Language string
}

// Listed is a candidate as lists show them, with every group they are or were in.
type Listed struct {
	Person
	Groups []Membership
}

// Standing is the person's in the context of one group, "" for none.
func (l Listed) Standing(group GroupID) Standing {
	a := Addressee{State: l.State, Groups: l.Groups}
	s := a.Standing(a.Membership(group))
	s.Group = group
	return s
}

// Marks are the groups among these that are seen, in their order.
func (l Listed) Marks(seen Seen) []GroupMark {
	out := []GroupMark{}
	for _, m := range l.Groups {
		if seen.HoldsMember(m.Group, m.Room, m.Kind, m.State) {
			out = append(out, GroupMark{ID: m.Group, Kind: m.Kind, Name: m.Name, State: m.State})
		}
	}
	return out
}

// GroupCounts count the people of a group.
type GroupCounts struct {
	People  int                    `json:"people"`   // who did not leave
	ByState map[EnrolmentState]int `json:"by_state"` // those who left included; of a test those alone
}

// PeopleFacets are the values that people have: what filters offer.
type PeopleFacets struct {
	Tags   []string            `json:"tags"`
	Skills []string            `json:"skills"`
	Cities []string            `json:"cities"`
	States []string            `json:"states"` // standings, and states in the group
	Fields map[string][]string `json:"fields"`
}

// Attendance is one enrolment of one candidate.
type Attendance struct {
	Group     Group
	Enrolment Enrolment
	State     EnrolmentState
}
