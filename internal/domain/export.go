package domain

import "time"

// ExportState is how far an export of conversations has come.
type ExportState string

// The states.
const (
	ExportWaiting   ExportState = "waiting"
	ExportRunning   ExportState = "running"
	ExportReady     ExportState = "ready"
	ExportFailed    ExportState = "failed"
	ExportCancelled ExportState = "cancelled"
)

// Export is a .zip of conversations' files that is made in the background (product
// row V17).
type Export struct {
	Organisation OrganisationID
	ID           string // UUIDv7 text
	Staff        PersonNo
	State        ExportState
	Request      ExportRequest
	Done, Total  int64  // files and transcripts; Total is 0 until they have been counted
	Size         int64  // bytes, once it is ready
	Error        string // why it failed, for the person who asked
	Blob         string // where the .zip of this attempt lies, "" once it is removed
	Tries        int    // how often a worker has begun it
	CreatedAt    time.Time
	EndedAt      time.Time // zero: not yet
	ExpiresAt    time.Time // zero: not ready
}

// ExportRequest is what was asked for.
type ExportRequest struct {
	People     []PersonNo `json:"people"` // whose conversations, in the order they are written
	Transcript bool       `json:"transcript,omitempty"`
	Filter     bool       `json:"filter,omitempty"` // chosen by a filter, not one by one

	Holds *ExportHolds `json:"holds,omitempty"` // once it is ready; nil: not yet
}

// ExportHolds is what is in a .zip: whoever no longer sees all of it does not get it.
type ExportHolds struct {
	Seen   Seen       `json:"seen"` // within which it was made
	People []PersonNo `json:"people"`
}
