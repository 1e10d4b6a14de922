// Package domain holds Crier's plain types and pure rules: who people are, what
// they may do, what a test, an enrolment, a broadcast and a receipt are, and how
// the journal's entries are hashed. It does no I/O.
package domain

// OrganisationID is the tenant. Nothing crosses it. Internal: outside, an
// organisation is its slug.
type OrganisationID int64

// PersonID is a person's public identity: UUIDv7 text. Never order by it.
type PersonID string

// PersonNo is a person's dense number within the organisation. Internal: it
// never leaves the server, since it would tell how many people there are.
type PersonNo int64

// GroupID is a group's public identity: UUIDv7 text. "" stands for no group where
// one may be left out.
type GroupID string

// ExamID is the identity of a group of kind test. In the interface and in URLs
// it is called a test; in Go `Test…` would collide with Go's own names.
type ExamID = GroupID

// BroadcastID is the sealed offset of a sending's entry.
type BroadcastID string

// ItemID is the sealed offset of what stands in a conversation, as staff name it: a
// message, a note or an event. A candidate's own name of a message is its cursor.
type ItemID string

// AttachmentID is a file's public identity: UUIDv7 text.
type AttachmentID string
