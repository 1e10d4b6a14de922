package domain

import (
	"sort"

	"crier/internal/fault"
)

// Role is what a person is in the organisation.
type Role string

// The roles. RoleIntegration is an API key's, RoleSystem the server's own.
const (
	RoleAdmin            Role = "admin"
	RolePlanner          Role = "planner"
	RoleChiefInvigilator Role = "chief_invigilator"
	RoleInvigilator      Role = "invigilator"
	RoleCoordinator      Role = "coordinator"
	RoleCandidate        Role = "candidate"
	RoleIntegration      Role = "integration"
	RoleSystem           Role = "system"
)

// StaffRoles lists the roles a staff member can have.
var StaffRoles = []Role{RoleAdmin, RolePlanner, RoleChiefInvigilator, RoleInvigilator, RoleCoordinator}

// Action is something an actor may or may not do.
type Action string

// The actions.
const (
	ActExamView      Action = "test.view"      // tests, candidates, presence, live events
	ActBroadcastSend Action = "broadcast.send" // preview, send, remind, mark as told (seed 001)
	ActBroadcastView Action = "broadcast.view" // delivery board
	ActRecordView    Action = "record.view"    // the log of sendings
	ActRecordAll     Action = "record.all"     // the whole log, its verification
	ActProvision     Action = "provision"      // candidates, tests, enrolments, progress, import
	ActStaffManage   Action = "staff.manage"   // staff: roles, logins, passwords, states, scopes
	ActTicketsMake   Action = "tickets.make"   // tickets for candidates, in bulk
	ActPeopleManage  Action = "people.manage"  // end other people's sessions, API keys
	ActInboxRead     Action = "inbox.read"     // one's own dashboard and messages
	ActReceiptWrite  Action = "receipt.write"  // one's own receipts
	ActSocketOpen    Action = "socket.open"    // a live connection of one's own

	ActConversationView   Action = "conversation.view"   // the Messages page, conversations, their files and search
	ActConversationSend   Action = "conversation.send"   // write to candidates, to many as well, outside tests
	ActConversationWork   Action = "conversation.work"   // notes, processed, archive, claim, assign, canned replies
	ActConversationExport Action = "conversation.export" // transcripts and files of conversations to take away
	ActPeopleView         Action = "people.view"         // groups, people lists and profiles
	ActAssignmentManage   Action = "assignment.manage"   // delete an assignment, set someone unavailable
	ActGroupManage        Action = "group.manage"        // a group's expected reply time
	ActTeamChat           Action = "team.chat"           // staff to staff, back channels of one's groups
	ActCannedShare        Action = "canned.share"        // canned replies that all staff have
	ActSettingsManage     Action = "settings.manage"     // the organisation's choices
	ActDeliveryManage     Action = "delivery.manage"     // deliveries, their retry; what came in and waits for staff
	ActDeliveryAll        Action = "delivery.all"        // the Outbox, and what was refused at the ways in
	ActConsentManage      Action = "consent.manage"      // note a person's agreement to SMS
	ActContactView        Action = "contact.view"        // contact data, and what belongs to no group
	ActReplySend          Action = "reply.send"          // a candidate's own writing, where policy allows
	ActScheduleView       Action = "schedule.view"       // a candidate's own schedule
)

// Actions lists every action, sorted: the rows of the permission matrix.
var Actions = []Action{
	ActAssignmentManage, ActBroadcastSend, ActBroadcastView, ActCannedShare, ActConversationExport, ActConversationSend, ActConversationView, ActConversationWork,
	ActConsentManage, ActContactView, ActDeliveryAll, ActDeliveryManage, ActGroupManage, ActInboxRead, ActPeopleManage, ActPeopleView, ActProvision, ActReceiptWrite, ActRecordAll, ActRecordView, ActReplySend, ActScheduleView,
	ActSettingsManage, ActSocketOpen, ActStaffManage, ActTeamChat, ActExamView, ActTicketsMake,
}

// Reach is how far a permission goes. Greater reaches include lesser ones.
type Reach int

// The reaches.
const (
	ReachNone         Reach = iota
	ReachSelf               // what is one's own
	ReachRooms              // the tests and rooms of one's scopes
	ReachExams              // all rooms of the tests of one's scopes
	ReachOrganisation       // everything of the organisation
)

// permissions is the one table: role × action → reach. What is not in it is not
// allowed (product rows S11, A1).
var permissions = map[Role]map[Action]Reach{
	RoleAdmin: {
		ActExamView: ReachOrganisation, ActBroadcastView: ReachOrganisation, ActRecordView: ReachOrganisation, ActRecordAll: ReachOrganisation,
		ActProvision: ReachOrganisation, ActPeopleManage: ReachOrganisation, ActSocketOpen: ReachSelf,
		ActStaffManage: ReachOrganisation, ActTicketsMake: ReachOrganisation,
		ActConversationView: ReachOrganisation, ActConversationSend: ReachOrganisation, ActConversationWork: ReachOrganisation,
		ActPeopleView: ReachOrganisation, ActConversationExport: ReachOrganisation, ActAssignmentManage: ReachOrganisation, ActGroupManage: ReachOrganisation, ActTeamChat: ReachOrganisation, ActSettingsManage: ReachOrganisation,
		ActDeliveryManage: ReachOrganisation, ActDeliveryAll: ReachOrganisation, ActConsentManage: ReachOrganisation,
		ActContactView: ReachOrganisation, ActCannedShare: ReachOrganisation,
	},
	RolePlanner: {
		ActExamView: ReachOrganisation, ActBroadcastSend: ReachOrganisation, ActBroadcastView: ReachOrganisation,
		ActRecordView: ReachOrganisation, ActRecordAll: ReachOrganisation, ActSocketOpen: ReachSelf,
		ActConversationView: ReachOrganisation, ActConversationSend: ReachOrganisation, ActConversationWork: ReachOrganisation,
		ActPeopleView: ReachOrganisation, ActConversationExport: ReachOrganisation, ActAssignmentManage: ReachOrganisation, ActGroupManage: ReachOrganisation, ActTeamChat: ReachOrganisation,
		ActDeliveryManage: ReachOrganisation, ActDeliveryAll: ReachOrganisation, ActConsentManage: ReachOrganisation,
		ActContactView: ReachOrganisation, ActCannedShare: ReachOrganisation,
	},
	RoleChiefInvigilator: {
		ActExamView: ReachExams, ActBroadcastSend: ReachExams, ActBroadcastView: ReachExams, ActRecordView: ReachExams, ActSocketOpen: ReachSelf,
		ActConversationView: ReachExams, ActConversationSend: ReachExams, ActConversationWork: ReachExams,
		ActPeopleView: ReachExams, ActGroupManage: ReachExams, ActTeamChat: ReachExams,
	},
	RoleInvigilator: {
		ActExamView: ReachRooms, ActBroadcastSend: ReachRooms, ActBroadcastView: ReachRooms, ActRecordView: ReachRooms, ActSocketOpen: ReachSelf,
		ActConversationView: ReachRooms, ActConversationSend: ReachRooms, ActConversationWork: ReachRooms,
		ActPeopleView: ReachRooms, ActTeamChat: ReachExams,
	},
	RoleCoordinator: {
		ActBroadcastView: ReachExams, ActRecordView: ReachExams, ActSocketOpen: ReachSelf,
		ActConversationView: ReachExams, ActConversationSend: ReachExams, ActConversationWork: ReachExams,
		ActPeopleView: ReachExams, ActConversationExport: ReachExams, ActAssignmentManage: ReachExams, ActGroupManage: ReachExams, ActTeamChat: ReachExams,
		ActConsentManage: ReachExams, ActContactView: ReachExams, ActCannedShare: ReachOrganisation, ActDeliveryManage: ReachExams,
	},
	RoleCandidate: {ActInboxRead: ReachSelf, ActReceiptWrite: ReachSelf, ActSocketOpen: ReachSelf, ActReplySend: ReachSelf, ActScheduleView: ReachSelf},
	// What an API key may do at most; Actor.Reach asks for its rights as well.
	RoleIntegration: {
		ActStaffManage: ReachOrganisation, ActTicketsMake: ReachOrganisation,
		ActExamView: ReachOrganisation, ActBroadcastSend: ReachOrganisation, ActBroadcastView: ReachOrganisation,
		ActRecordView: ReachOrganisation, ActRecordAll: ReachOrganisation, ActProvision: ReachOrganisation, ActPeopleManage: ReachOrganisation,
		ActConversationView: ReachOrganisation, ActConversationSend: ReachOrganisation, ActPeopleView: ReachOrganisation, ActAssignmentManage: ReachOrganisation, ActGroupManage: ReachOrganisation, ActSettingsManage: ReachOrganisation,
		ActConsentManage: ReachOrganisation, ActContactView: ReachOrganisation,
	},
	RoleSystem: {
		ActStaffManage: ReachOrganisation, ActTicketsMake: ReachOrganisation,
		ActExamView: ReachOrganisation, ActBroadcastView: ReachOrganisation, ActRecordView: ReachOrganisation, ActRecordAll: ReachOrganisation,
		ActProvision: ReachOrganisation, ActPeopleManage: ReachOrganisation,
		ActConversationView: ReachOrganisation, ActPeopleView: ReachOrganisation, ActSettingsManage: ReachOrganisation,
		ActContactView: ReachOrganisation,
	},
}

// ReachOf returns how far role may go in doing action; of an API key, at most. To decide
// about an actor use Actor.Reach.
func ReachOf(role Role, action Action) Reach { return permissions[role][action] }

// Permissions lists the actions a role has at all, sorted.
func Permissions(role Role) []Action {
	var out []Action
	for a, r := range permissions[role] {
		if r > ReachNone {
			out = append(out, a)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

// May returns nil if the actor may do action at all, else Forbidden. Where the
// reach is rooms or tests, ask Rooms as well.
func (a Actor) May(action Action) error {
	if a.Reach(action) == ReachNone {
		if right, known := rightOf[action]; known && a.Role == RoleIntegration {
			return fault.New(fault.Forbidden, "this API key may not do this: %s needs the right %s", action, right)
		}
		return fault.New(fault.Forbidden, "your role (%s) may not do this: %s", a.Role, action)
	}
	return nil
}
