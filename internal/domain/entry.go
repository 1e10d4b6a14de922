package domain

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"maps"
	"slices"
	"time"
)

// EntryKind names what an entry records.
type EntryKind string

// The kinds of entry. The payload type of each stands in payload.go.
const (
	EntryOrganisationCreated EntryKind = "organisation.created"
	EntrySettingsChanged     EntryKind = "settings.changed"
	EntryPeopleUpserted      EntryKind = "people.upserted"
	EntryExamsUpserted       EntryKind = "tests.upserted"
	EntryEnrolmentsUpserted  EntryKind = "enrolments.upserted"
	EntryEnrolmentsProgress  EntryKind = "enrolments.progress"
	EntryScopesChanged       EntryKind = "scopes.changed"
	EntryBroadcastSent       EntryKind = "broadcast.sent"
	EntryBroadcastTold       EntryKind = "broadcast.told"
	EntryBroadcastUntold     EntryKind = "broadcast.untold"
	EntryReceiptsRecorded    EntryKind = "receipts.recorded"
	EntrySessionStarted      EntryKind = "session.started"
	EntrySessionEnded        EntryKind = "session.ended"
	EntrySignInsFailed       EntryKind = "session.failed" // in batches
	EntryAPIKeyCreated       EntryKind = "apikey.created"
	EntryAPIKeyRevoked       EntryKind = "apikey.revoked"
	EntryTicketsMade         EntryKind = "tickets.made"

	EntryMessageSent           EntryKind = "message.sent"
	EntryNoteAdded             EntryKind = "note.added"
	EntryConversationMarked    EntryKind = "conversation.marked" // processed, archived, snoozed and their undoing
	EntryConversationAssigned  EntryKind = "conversation.assigned"
	EntryGroupsUpserted        EntryKind = "groups.upserted"
	EntryAssignmentDeleted     EntryKind = "assignment.deleted"
	EntryAssignmentRestored    EntryKind = "assignment.restored"
	EntryUnavailabilityAdded   EntryKind = "unavailability.added"
	EntryUnavailabilityRemoved EntryKind = "unavailability.removed"
	EntryCannedChanged         EntryKind = "canned.changed"
	EntryTeamMessage           EntryKind = "team.message"
	EntryExportRequested       EntryKind = "export.requested"
	EntryExportEnded           EntryKind = "export.ended"

	EntryDeliveriesRecorded EntryKind = "deliveries.recorded" // what became of copies, in batches
	EntryConsentChanged     EntryKind = "consent.changed"
	EntryInboundReceived    EntryKind = "inbound.received" // what could not be matched
	EntryInboundHandled     EntryKind = "inbound.handled"  // and what staff made of it
)

// Entry is one record of an organisation's journal. Immutable.
type Entry struct {
	Organisation OrganisationID
	Offset       int64 // dense from 1
	Kind         EntryKind
	At           time.Time // UTC, microseconds; orders nothing
	Actor        ActorRef
	Exam         ExamID // the test it concerns, "" if none
	Payload      json.RawMessage
	Audience     json.RawMessage // []AudienceRoom of a broadcast, else nil
	RequestKey   string          // the sender's own key of the request, "" if none
	RequestHash  []byte          // SHA-256 of what was asked under that key
	Prev, Hash   []byte          // SHA-256; Prev is 32 zero bytes at offset 1
}

// AudienceRoom is the part of a broadcast's frozen recipients who sat in one
// room when it was sent.
type AudienceRoom struct {
	Room   string     `json:"room"`
	People []PersonNo `json:"people"` // ascending
}

// EntryHash is the SHA-256 that chains an entry to the one before it. Every
// field is written with its length, so no two different entries share an input.
func EntryHash(e *Entry) []byte {
	h := sha256.New()
	field(h, []byte("crier entry v1"))
	field(h, e.Prev)
	number(h, int64(e.Organisation))
	number(h, e.Offset)
	field(h, []byte(e.Kind))
	number(h, e.At.UnixMicro())
	field(h, []byte(e.Actor.Kind))
	field(h, []byte(e.Actor.ID))
	field(h, []byte(e.Actor.Name))
	field(h, []byte(e.Actor.Role))
	field(h, []byte(e.Exam))
	field(h, e.Payload)
	field(h, e.Audience)
	field(h, []byte(e.RequestKey))
	field(h, e.RequestHash)
	return h.Sum(nil)
}

func field(h hash.Hash, b []byte) {
	number(h, int64(len(b)))
	h.Write(b)
}

func number(h hash.Hash, v int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	h.Write(b[:])
}

var entryKinds = map[EntryKind]bool{
	EntryOrganisationCreated: true, EntrySettingsChanged: true, EntryPeopleUpserted: true, EntryExamsUpserted: true, EntryEnrolmentsUpserted: true,
	EntryEnrolmentsProgress: true, EntryScopesChanged: true, EntryBroadcastSent: true, EntryBroadcastTold: true, EntryBroadcastUntold: true, EntryReceiptsRecorded: true,
	EntrySessionStarted: true, EntrySessionEnded: true, EntrySignInsFailed: true, EntryAPIKeyCreated: true, EntryAPIKeyRevoked: true, EntryTicketsMade: true,
	EntryMessageSent: true, EntryNoteAdded: true, EntryConversationMarked: true, EntryConversationAssigned: true, EntryGroupsUpserted: true,
	EntryAssignmentDeleted: true, EntryAssignmentRestored: true, EntryUnavailabilityAdded: true, EntryUnavailabilityRemoved: true, EntryCannedChanged: true, EntryTeamMessage: true,
	EntryExportRequested: true, EntryExportEnded: true,
	EntryDeliveriesRecorded: true, EntryConsentChanged: true, EntryInboundReceived: true, EntryInboundHandled: true,
}

// KnownKind reports whether k is a kind of entry.
func KnownKind(k EntryKind) bool { return entryKinds[k] }

// EntryKinds lists the kinds, sorted.
func EntryKinds() []EntryKind { return slices.Sorted(maps.Keys(entryKinds)) }
