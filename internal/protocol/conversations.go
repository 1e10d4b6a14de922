package protocol

import "time"

// The frames of who looks at a conversation and who types in it. Those of what stands in
// one are made by the services, of the same structs as their answers over REST.

// TypingFrame tells those who have a conversation open who looks and types there.
type TypingFrame struct {
	Type         string `json:"type"`
	Conversation string `json:"conversation"`
	Who          Who    `json:"who"`
	State        string `json:"state"` // typing, viewing, idle
}

// Who names a person in a TypingFrame.
type Who struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // staff, candidate
}

// StaffTyping tells a candidate that somebody of the staff types, and not who.
type StaffTyping struct {
	Type  string `json:"type"`
	State string `json:"state"` // typing, idle
}

// Schedule tells a candidate's pages that something about their tests and shifts changed: read
// them again at a random moment within WithinMS, so that a hall of candidates does not ask at once.
type Schedule struct {
	Type     string `json:"type"`
	WithinMS int64  `json:"within_ms,omitempty"`
}

// OwnProgress tells a candidate's pages where they stand in a test.
type OwnProgress struct {
	Type     string    `json:"type"`
	Test     string    `json:"test"`
	Progress string    `json:"progress"`
	At       time.Time `json:"at"`
}

// Self tells a person's pages that their own name or language changed: read the session again.
type Self struct {
	Type string `json:"type"`
}

// CandidatePresence tells those who have a conversation open whether its candidate
// is connected.
type CandidatePresence struct {
	Type         string    `json:"type"`
	Conversation string    `json:"conversation"`
	Presence     string    `json:"presence"`
	At           time.Time `json:"at,omitzero"` // since when; when they were last seen
}
