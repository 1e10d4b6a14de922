package journal

import "slices"

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
	KindConversationMarked    Kind = "conversation.marked" // processed, archived, snoozed and their undoing
	KindConversationAssigned  Kind = "conversation.assigned"
	KindAssignmentDeleted     Kind = "assignment.deleted"
	KindAssignmentRestored    Kind = "assignment.restored"
	KindUnavailabilityAdded   Kind = "unavailability.added"
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
	kind    Kind
	payload func() any // a new, empty payload
	heard   []Listener // beside Hub
}

// of makes a row: T is the payload, heard are those who hear of the kind.
func of[T any](k Kind, heard ...Listener) row {
	return row{kind: k, payload: func() any { return new(T) }, heard: heard}
}

// table says of each kind what its payload is and who hears of it. A kind that is not in it does
// not exist. The log page lists the kinds in this order. To add one, see CONTRIBUTING.md.
var table = []row{
	of[BroadcastSent](KindBroadcastSent, Candidates, Monitor, Conversations, Delivery, Expansion),
	of[BroadcastTold](KindBroadcastTold, Monitor),
	of[BroadcastUntold](KindBroadcastUntold, Monitor),
	of[ReceiptsRecorded](KindReceiptsRecorded, Candidates, Monitor, Conversations, Receipts),
	of[DeliveriesRecorded](KindDeliveriesRecorded, Monitor, Conversations, Delivery),

	of[MessageSent](KindMessageSent, Candidates, Conversations, Delivery),
	of[NoteAdded](KindNoteAdded, Conversations),
	of[ConversationMarked](KindConversationMarked, Conversations),
	of[ConversationAssigned](KindConversationAssigned, Conversations),
	of[AssignmentChanged](KindAssignmentDeleted, Candidates, Monitor, Conversations, Standing),
	of[AssignmentChanged](KindAssignmentRestored, Candidates, Monitor, Conversations, Standing),
	of[UnavailabilityAdded](KindUnavailabilityAdded, Candidates, Conversations),
	of[UnavailabilityRemoved](KindUnavailabilityRemoved, Candidates, Conversations),
	of[CannedChanged](KindCannedChanged),
	of[TeamMessage](KindTeamMessage, Team),
	of[ExportRequested](KindExportRequested),
	of[ExportEnded](KindExportEnded, Delivery),
	of[InboundReceived](KindInboundReceived, Conversations),
	of[InboundHandled](KindInboundHandled, Conversations),
	of[ConsentChanged](KindConsentChanged),

	of[ProgressChanged](KindEnrolmentsProgress, Candidates, Monitor),
	of[EnrolmentsUpserted](KindEnrolmentsUpserted, Candidates, Monitor, Standing),
	of[ScopesChanged](KindScopesChanged, Access, Monitor, Connections),
	of[PeopleUpserted](KindPeopleUpserted, Candidates, Access, Monitor, Standing, Connections),
	of[ExamsUpserted](KindExamsUpserted, Candidates, Access, Monitor, Standing),
	of[GroupsUpserted](KindGroupsUpserted, Candidates, Monitor),

	of[SessionChanged](KindSessionStarted),
	of[SessionChanged](KindSessionEnded, Candidates, Access),
	of[SignInsFailed](KindSignInsFailed),
	of[APIKeyChanged](KindAPIKeyCreated),
	of[APIKeyChanged](KindAPIKeyRevoked, Candidates, Access),
	of[TicketsMade](KindTicketsMade),

	of[OrganisationCreated](KindOrganisationCreated),
	of[SettingsChanged](KindSettingsChanged, Access, Standing),
}

// rows are those of the table.
var rows = func() map[Kind]row {
	out := make(map[Kind]row, len(table))
	for _, r := range table {
		out[r.kind] = r
	}
	return out
}()

// Known reports whether k is a kind of entry.
func Known(k Kind) bool { _, ok := rows[k]; return ok }

// Kinds returns the kinds in the order of the table.
func Kinds() []Kind {
	out := make([]Kind, len(table))
	for i, r := range table {
		out[i] = r.kind
	}
	return out
}

// Hears reports whether the listener hears of entries of kind k.
func (l Listener) Hears(k Kind) bool {
	return l == Hub || slices.Contains(rows[k].heard, l)
}
