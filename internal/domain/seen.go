package domain

import (
	"slices"
	"sort"
	"time"

	"crier/internal/fault"
)

// This file is the one rule of who sees what. store/seen.go says the same in SQL, and
// InboxTopics and ReachTopics (topic.go) say it for live connections:
//
//   - A candidate is seen by staff who work in one of their groups, in their room if it is a
//     test. Whoever has left a test is not seen through it any more; elsewhere the history stays.
//   - Messages, notes and files that belong to a group are seen by those who see the candidate
//     in that group.
//   - Those that belong to no group are seen by those who see the candidate in a pool, job or
//     activity, and may see contact data (ActContactView): coordinators, not invigilators.
//   - The reach through a test ends some time after the test. Its sendings stay visible.
//   - Planners, administrators and API keys see everything of their organisation.

// scopes are those through which the actor may do action now.
func (a Actor) scopes(action Action) []Scope {
	return slices.DeleteFunc(slices.Clone(a.Scopes), func(s Scope) bool {
		return s.Over && action != ActBroadcastView && action != ActRecordView
	})
}

// Ends is when the earliest of the actor's scopes must be read again, zero if none must be.
func (a Actor) Ends() (at time.Time) {
	for _, s := range a.Scopes {
		if !s.Until.IsZero() && !s.Over && (at.IsZero() || s.Until.Before(at)) {
			at = s.Until
		}
	}
	return at
}

// Rooms says which rooms of the test the actor may act in: all of them, or the
// listed ones (sorted). A test outside the actor's reach is NotFound, so that its
// existence is not told; an action the role lacks, or one after the end of the reach, is
// Forbidden.
func (a Actor) Rooms(action Action, exam ExamID) (all bool, rooms []string, err error) {
	switch a.Reach(action) {
	case ReachOrganisation:
		return true, nil, nil
	case ReachExams, ReachRooms:
		wide := a.Reach(action) == ReachExams
		for _, s := range a.scopes(action) {
			if s.Exam != exam {
				continue
			}
			if wide || s.Room == "" {
				return true, nil, nil
			}
			rooms = append(rooms, s.Room)
		}
		if len(rooms) > 0 {
			sort.Strings(rooms)
			return false, rooms, nil
		}
		if slices.ContainsFunc(a.Scopes, func(s Scope) bool { return s.Exam == exam }) {
			return false, nil, fault.New(fault.Forbidden, "the test is over: only what was sent in it can still be read")
		}
		return false, nil, fault.New(fault.NotFound, "no such test among yours")
	default:
		return false, nil, a.May(action)
	}
}

// Exams says which tests the actor may act in: all of the organisation's, or the
// listed ones.
func (a Actor) Exams(action Action) (all bool, exams []ExamID, err error) {
	switch a.Reach(action) {
	case ReachOrganisation:
		return true, nil, nil
	case ReachExams, ReachRooms:
		seen := map[ExamID]bool{}
		for _, s := range a.scopes(action) {
			if !seen[s.Exam] {
				seen[s.Exam] = true
				exams = append(exams, s.Exam)
			}
		}
		return false, exams, nil
	default:
		return false, nil, a.May(action)
	}
}

// Seen is which candidates and what of them an actor may see: all of the
// organisation, or those in the groups and rooms of Places (Room "" = all of the group).
type Seen struct {
	All    bool    `json:"all,omitempty"`
	Places []Place `json:"places,omitempty"`
	// ContextOnly reports that nothing is seen but what belongs to a group: neither contact data
	// nor what was written outside groups.
	ContextOnly bool `json:"context_only,omitempty"`
}

// Seen says whom the actor may do action to. Errors: Forbidden.
func (a Actor) Seen(action Action) (Seen, error) {
	switch a.Reach(action) {
	case ReachOrganisation:
		return Seen{All: true}, nil
	case ReachExams, ReachRooms:
		wide := a.Reach(action) == ReachExams
		out := Seen{Places: []Place{}, ContextOnly: a.May(ActContactView) != nil}
		for _, s := range a.scopes(action) {
			p := Place{Group: s.Exam, Room: s.Room, Kind: s.Kind}
			if wide {
				p.Room = ""
			}
			out.Places = append(out.Places, p)
		}
		return out, nil
	default:
		return Seen{}, a.May(action)
	}
}

// Reaches reports whether staff of a group of the kind reach a candidate in this state there.
func (s EnrolmentState) Reaches(k GroupKind) bool { return k != KindTest || s != EnrolmentLeft }

// covers reports whether one who sees p sees somebody who is in r.
func (p Place) covers(r Place) bool { return p.Group == r.Group && (p.Room == "" || p.Room == r.Room) }

// Loose is the part of what is seen through which things of no group are seen.
func (s Seen) Loose() Seen {
	if s.All {
		return s
	}
	out := Seen{Places: []Place{}, ContextOnly: s.ContextOnly}
	for _, p := range s.Places {
		if !s.ContextOnly && p.Kind != KindTest {
			out.Places = append(out.Places, p)
		}
	}
	return out
}

// Holds reports whether someone who is, or was, in these places is seen.
func (s Seen) Holds(reach []Place) bool {
	if s.All {
		return true
	}
	for _, r := range reach {
		if slices.ContainsFunc(s.Places, func(p Place) bool { return p.covers(r) }) {
			return true
		}
	}
	return false
}

// HoldsMember reports whether a candidate is seen through this enrolment.
func (s Seen) HoldsMember(g GroupID, room string, k GroupKind, state EnrolmentState) bool {
	return s.All || state.Reaches(k) && s.Holds([]Place{{Group: g, Room: room}})
}

// Covers reports whether all that other sees is seen.
func (s Seen) Covers(other Seen) bool {
	if s.All || other.All {
		return s.All
	}
	within := func(all, some Seen) bool {
		return !slices.ContainsFunc(some.Places, func(p Place) bool { return !all.Holds([]Place{p}) })
	}
	return within(s, other) && within(s.Loose(), other.Loose())
}

// HoldsGroup reports whether what belongs to the group ("" = to none) is seen of someone
// who is in these places and is seen at all.
func (s Seen) HoldsGroup(group GroupID, reach []Place) bool {
	switch {
	case s.All:
		return true
	case group == "":
		return s.Loose().Holds(reach)
	}
	for _, r := range reach {
		if r.Group == group && s.Holds([]Place{r}) {
			return true
		}
	}
	return false
}

// GroupFor finds the group to which something belongs that staff write about a candidate who is
// in these groups: the named one, or if none is named ("") the only one that is seen. nil: it
// belongs to no group. Errors: Invalid (group), also for one who must name it since they see
// nothing of no group.
func (s Seen) GroupFor(named GroupID, groups []Membership) (*Membership, error) {
	var reach []Place
	var open []*Membership
	for i := range groups {
		g := &groups[i]
		if g.State.Reaches(g.Kind) {
			reach = append(reach, g.place())
		}
		if g.State != EnrolmentLeft && s.Holds([]Place{g.place()}) {
			open = append(open, g)
		}
	}
	if named != "" {
		i := slices.IndexFunc(groups, func(g Membership) bool { return g.Group == named })
		if i < 0 || !s.HoldsGroup(named, reach) {
			return nil, fault.Field("group", "no group of yours that the candidate is in")
		}
		return &groups[i], nil
	}
	if len(open) == 1 {
		return open[0], nil
	}
	if !s.HoldsGroup("", reach) {
		return nil, fault.Field("group", "name the group that this belongs to")
	}
	return nil, nil
}

// Visibility says which staff see a field of people.
type Visibility string

// The visibilities, from the widest.
const (
	VisibleStaff        Visibility = "staff"
	VisibleCoordinators Visibility = "coordinators" // and planners and administrators: the default
	VisibleAdmins       Visibility = "admins"
)

// Visibilities lists them.
var Visibilities = []Visibility{VisibleStaff, VisibleCoordinators, VisibleAdmins}

// SeesField reports whether a role sees the people's field of that name.
func (s Settings) SeesField(role Role, name string) bool {
	switch s.FieldVisibility[name] {
	case VisibleStaff:
		return ReachOf(role, ActPeopleView) > ReachNone
	case VisibleAdmins:
		return role == RoleAdmin || role == RoleIntegration || role == RoleSystem
	default:
		return ReachOf(role, ActContactView) > ReachNone
	}
}

// VisibleFields are those of the fields that a role sees.
func (s Settings) VisibleFields(role Role, fields map[string]string) map[string]string {
	out := map[string]string{}
	for name, v := range fields {
		if s.SeesField(role, name) {
			out[name] = v
		}
	}
	return out
}

// MayFilter refuses a filter by what the actor does not see of people: who is found tells it.
// field is where the filter stands in the request, "" at the top. Errors: Forbidden naming
// the condition.
func (a Actor) MayFilter(set Settings, field string, f PeopleFilter) error {
	if field != "" {
		field += "."
	}
	no := func(name, what string) error {
		e := fault.New(fault.Forbidden, "your role (%s) may not filter people by %s", a.Role, what)
		e.Field = field + name
		return e
	}
	if ReachOf(a.Role, ActContactView) == ReachNone {
		if len(f.City) > 0 {
			return no("city", "city")
		}
		if len(f.Postcode) > 0 {
			return no("postcode", "postcode")
		}
	}
	names := make([]string, 0, len(f.Fields))
	for name := range f.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !set.SeesField(a.Role, name) {
			return no("fields."+name, "the field "+name)
		}
	}
	return nil
}
