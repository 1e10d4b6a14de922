package domain

import (
	"slices"
	"strings"

	"crier/internal/fault"
)

// Right is a part of what RoleIntegration may do. An API key has some of the rights.
type Right string

// The rights of API keys.
const (
	RightProvision Right = "provision" // candidates with their passwords, groups, enrolments, progress
	RightStaff     Right = "staff"     // staff: roles, logins, passwords, states, scopes
	RightTickets   Right = "tickets"   // tickets that open sockets as candidates
	RightSend      Right = "send"      // send to candidates
	RightRead      Right = "read"      // tests, people, conversations, delivery boards, the log
	RightSettings  Right = "settings"  // the organisation's choices
	RightSessions  Right = "sessions"  // end people's sessions
)

// Rights lists every right, in the order of descriptions.
var Rights = []Right{
	RightProvision, RightStaff, RightTickets, RightSend, RightRead, RightSettings, RightSessions,
}

// rightOf says which right of an API key an action needs. An action that is absent is
// allowed to no key, whatever its role's reach.
var rightOf = map[Action]Right{
	ActProvision: RightProvision, ActAssignmentManage: RightProvision, ActGroupManage: RightProvision, ActConsentManage: RightProvision,
	ActStaffManage: RightStaff, ActTicketsMake: RightTickets,
	ActBroadcastSend: RightSend, ActConversationSend: RightSend,
	ActExamView: RightRead, ActPeopleView: RightRead, ActConversationView: RightRead, ActContactView: RightRead,
	ActBroadcastView: RightRead, ActRecordView: RightRead, ActRecordAll: RightRead,
	ActSettingsManage: RightSettings, ActPeopleManage: RightSessions,
}

// CheckRights checks a list of rights and returns it without repetitions, in the order of
// Rights. Errors: Invalid naming field.
func CheckRights(field string, rights []Right) ([]Right, error) {
	for _, r := range rights {
		if !slices.Contains(Rights, r) {
			return nil, fault.Field(field, "there is no right %q; the rights are %s", r, JoinRights(Rights))
		}
	}
	var out []Right
	for _, r := range Rights {
		if slices.Contains(rights, r) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, fault.Field(field, "name at least one right of %s", JoinRights(Rights))
	}
	return out, nil
}

// JoinRights names rights in a sentence.
func JoinRights(rights []Right) string {
	names := make([]string, len(rights))
	for i, r := range rights {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// Reach returns how far the actor may go in doing action. It asks for the role and, of an
// API key, for the right.
func (a Actor) Reach(action Action) Reach {
	reach := ReachOf(a.Role, action)
	if a.Role != RoleIntegration {
		return reach
	}
	right, known := rightOf[action]
	if !known || !slices.Contains(a.Rights, right) {
		return ReachNone
	}
	return reach
}

// MayAny returns nil if the actor may do one of the actions at all, else Forbidden about the
// first of them.
func (a Actor) MayAny(actions ...Action) error {
	if slices.ContainsFunc(actions, func(action Action) bool { return a.May(action) == nil }) {
		return nil
	}
	return a.May(actions[0])
}

// Permissions lists the actions that the actor may do at all, sorted.
func (a Actor) Permissions() []Action {
	return slices.DeleteFunc(Permissions(a.Role), func(action Action) bool {
		return a.Reach(action) == ReachNone
	})
}
