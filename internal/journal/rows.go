package journal

import (
	"time"

	"crier/internal/domain"
)

// TimelineRow is what stands in a conversation, as the store has it: ItemOf makes an
// Item of it.
type TimelineRow struct {
	Entry *Entry           // without its audience
	Kind  domain.GroupKind // of the entry's group, "" if it has none
	Times domain.ItemTimes // of a message of staff

	Stopped domain.BlockedCode // why a message of staff is never delivered, "" if it was or still may be
}

// SearchHit is one message or note that was found.
type SearchHit struct {
	Person domain.PersonNo // whose conversation; 0: a sending to many
	Entry  *Entry
}

// Reply is the latest that one recipient wrote to a sending.
type Reply struct {
	Person  domain.PersonRef
	Message *Entry
}

// Sent is what became of one NewMessage: Entry, or Err.
type Sent struct {
	Entry    *Entry      // of kind KindMessageSent
	Message  MessageSent // its payload
	Assigned *Entry      // the entry of a take-over, just before; else nil
	Handled  *Entry      // the entry that staff have assigned what came in, just after; else nil
	Read     bool        // the writer had it unread, and has read it by answering
	Fresh    bool        // false: the key was used before for the same, and Entry is what was stored then
	Err      error
}

// TeamItem is one message among staff.
type TeamItem struct {
	Offset int64
	At     time.Time
	From   domain.ActorRef
	Text   TeamMessage
}

// TeamSummary is a thread as lists show it.
type TeamSummary struct {
	Thread domain.TeamThread
	Last   TeamItem
	Unread int
}
