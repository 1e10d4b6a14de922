package journal

import (
	"maps"
	"slices"
)

// Kind names what an entry records.
type Kind string

// The kinds of entry. table gives the payload of each.
const (
	KindOrganisationCreated Kind = "organisation.created"
	KindSettingsChanged     Kind = "settings.changed"
	KindPeopleUpserted      Kind = "people.upserted"
	KindExamsUpserted       Kind = "tests.upserted"
	KindGroupsUpserted      Kind = "groups.upserted"
	KindEnrolmentsUpserted  Kind = "enrolments.upserted"
	KindEnrolmentsProgress  Kind = "enrolments.progress"
	KindScopesChanged       Kind = "scopes.changed"

	KindSessionStarted Kind = "session.started"
	KindSessionEnded   Kind = "session.ended"
	KindSignInsFailed  Kind = "session.failed" // in batches
	KindAPIKeyCreated  Kind = "apikey.created"
	KindAPIKeyRevoked  Kind = "apikey.revoked"
	KindTicketsMade    Kind = "tickets.made"

	KindBroadcastSent    Kind = "broadcast.sent"
	KindBroadcastTold    Kind = "broadcast.told"
	KindBroadcastUntold  Kind = "broadcast.untold"
	KindReceiptsRecorded Kind = "receipts.recorded"

	KindMessageSent           Kind = "message.sent"
	KindNoteAdded             Kind = "note.added"
	KindConversationMarked    Kind = "conversation.marked" // processed, archived and their undoing
	KindConversationAssigned  Kind = "conversation.assigned"
	KindAssignmentDeleted     Kind = "assignment.deleted"
	KindAssignmentRestored    Kind = "assignment.restored"
	KindUnavailabilityRemoved Kind = "unavailability.removed"
	KindCannedChanged         Kind = "canned.changed"
	KindTeamMessage           Kind = "team.message"
	KindExportRequested       Kind = "export.requested"
	KindExportEnded           Kind = "export.ended"

	KindDeliveriesRecorded Kind = "deliveries.recorded" // what became of copies, in batches
	KindConsentChanged     Kind = "consent.changed"
	KindInboundReceived    Kind = "inbound.received" // what could not be matched
	KindInboundHandled     Kind = "inbound.handled"  // and what staff made of it
)

// Listener names a part of a node that hears of entries.
type Listener string

// The listeners. Internal/app ties each name to a function.
const (
	Hub           Listener = "hub"           // hears every kind: the line of entries has no gaps
	Candidates    Listener = "candidates"    // frames to people's own pages (gateway.Feed.Plan)
	Access        Listener = "access"        // forgets who may do what
	Connections   Listener = "connections"   // connects people again, or not, when their rights change
	Standing      Listener = "standing"      // closes what staff may no longer see
	Monitor       Listener = "monitor"       // a test's live list
	Conversations Listener = "conversations" // staff's live conversations
	Team          Listener = "team"          // chats among staff
	Delivery      Listener = "delivery"      // wakes the workers that send copies
	Expansion     Listener = "expansion"     // makes the message rows of sendings
	Receipts      Listener = "receipts"      // measures the batches of receipts
)

// row is what the table says of one kind.
type row struct {
	payload func() any // a new, empty payload
	heard   []Listener // beside Hub
}

// of makes a row: T is the payload, heard are those who hear of the kind.
func of[T any](heard ...Listener) row {
	return row{payload: func() any { return new(T) }, heard: heard}
}

// table says of each kind what its payload is and who hears of it. A kind that is not in it does
// not exist. To add one, see CONTRIBUTING.md.
var table = map[Kind]row{
	KindOrganisationCreated: of[OrganisationCreated](),
	KindSettingsChanged:     of[SettingsChanged](Access, Standing),
	KindPeopleUpserted:      of[PeopleUpserted](Candidates, Access, Monitor, Standing, Connections),
	KindExamsUpserted:       of[ExamsUpserted](Candidates, Access, Monitor, Standing),
	KindGroupsUpserted:      of[GroupsUpserted](Candidates, Monitor),
	KindEnrolmentsUpserted:  of[EnrolmentsUpserted](Candidates, Monitor, Standing),
	KindEnrolmentsProgress:  of[ProgressChanged](Candidates, Monitor),
	KindScopesChanged:       of[ScopesChanged](Access, Monitor, Connections),

	KindSessionStarted: of[SessionChanged](),
	KindSessionEnded:   of[SessionChanged](Candidates, Access),
	KindSignInsFailed:  of[SignInsFailed](),
	KindAPIKeyCreated:  of[APIKeyChanged](),
	KindAPIKeyRevoked:  of[APIKeyChanged](Candidates, Access),
	KindTicketsMade:    of[TicketsMade](),

	KindBroadcastSent:    of[BroadcastSent](Candidates, Monitor, Conversations, Delivery, Expansion),
	KindBroadcastTold:    of[BroadcastTold](Monitor),
	KindBroadcastUntold:  of[BroadcastUntold](Monitor),
	KindReceiptsRecorded: of[ReceiptsRecorded](Candidates, Monitor, Conversations, Receipts),

	KindMessageSent:           of[MessageSent](Candidates, Conversations, Delivery),
	KindNoteAdded:             of[NoteAdded](Conversations),
	KindConversationMarked:    of[ConversationMarked](Conversations),
	KindConversationAssigned:  of[ConversationAssigned](Conversations),
	KindAssignmentDeleted:     of[AssignmentChanged](Candidates, Monitor, Conversations, Standing),
	KindAssignmentRestored:    of[AssignmentChanged](Candidates, Monitor, Conversations, Standing),
	KindUnavailabilityRemoved: of[UnavailabilityRemoved](Candidates, Conversations),
	KindCannedChanged:         of[CannedChanged](),
	KindTeamMessage:           of[TeamMessage](Team),
	KindExportRequested:       of[ExportRequested](),
	KindExportEnded:           of[ExportEnded](Delivery),

	KindDeliveriesRecorded: of[DeliveriesRecorded](Monitor, Conversations, Delivery),
	KindConsentChanged:     of[ConsentChanged](),
	KindInboundReceived:    of[InboundReceived](Conversations),
	KindInboundHandled:     of[InboundHandled](Conversations),
}

// Known reports whether k is a kind of entry.
func Known(k Kind) bool { _, ok := table[k]; return ok }

// Kinds returns the kinds, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(table)) }

// Hears reports whether the listener hears of entries of kind k.
func (l Listener) Hears(k Kind) bool {
	return l == Hub || slices.Contains(table[k].heard, l)
}
