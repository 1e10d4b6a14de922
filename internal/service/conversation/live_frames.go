package conversation

import (
	"time"

	"crier/internal/domain"
)

// The frames that pages of staff hear of conversations; internal/protocol says what each means.

type conversationFrame struct {
	Type         string                    `json:"type"` // conversation
	Conversation domain.PersonID           `json:"conversation"`
	Name         string                    `json:"name"`
	Item         domain.Item               `json:"item"`
	State        *domain.ConversationState `json:"state,omitempty"` // nil: it could not be read
}

type conversationsFrame struct {
	Type  string         `json:"type"` // conversations
	Group domain.GroupID `json:"group,omitempty"`
}

// unmatchedFrame says that something waits in Unmatched, or no longer does, and nothing of it: not all who hear it see it.
type unmatchedFrame struct {
	Type string `json:"type"` // unmatched
}

type mentionFrame struct {
	Type         string            `json:"type"` // mention
	Conversation domain.PersonID   `json:"conversation"`
	Name         string            `json:"name"`
	Item         domain.ItemID     `json:"item"`
	By           domain.PersonName `json:"by"`
	Line         string            `json:"line"`
}

type assignedFrame struct {
	Type         string            `json:"type"` // assigned
	Conversation domain.PersonID   `json:"conversation"`
	Name         string            `json:"name"`
	By           domain.PersonName `json:"by"`
}

// reminderFrame says that a conversation has become unread for the reader at the time they chose.
type reminderFrame struct {
	Type         string          `json:"type"` // reminder
	Conversation domain.PersonID `json:"conversation"`
}

type readFrame struct {
	Type   string            `json:"type"` // read
	People []domain.PersonID `json:"people"`
	Unread bool              `json:"unread"`
}

type receiptsFrame struct {
	Type         string          `json:"type"` // receipts
	Conversation domain.PersonID `json:"conversation"`
}

type presenceFrame struct {
	Type         string          `json:"type"` // presence
	Conversation domain.PersonID `json:"conversation"`
	Presence     domain.Presence `json:"presence"`
	At           time.Time       `json:"at"`
}
