package domain

import "time"

// NotifyMentions is the name of the preference that ends mails to staff about mentions, and its values as JSON. Without
// it mails go.
const (
	NotifyMentions      = "notify_mentions"
	NotifyMentionsEmail = `"email"`
	NotifyMentionsOff   = `"off"`
)

// Mails about mentions.
const (
	MentionAfter = 5 * time.Minute // a mention waits so long for being read, and for its reader to leave the pages
	MentionFor   = 24 * time.Hour  // after that no mail tells of it
)

// Mention is a note that mentions a staff member.
type Mention struct {
	Offset int64
	Person PersonRef // whose conversation it is in
	Group  GroupMark // "" of a note that belongs to no group
	By     ActorRef
	At     time.Time
	Body   string
	Unread bool
}

// MentionQuery chooses mentions of one staff member, newest first.
type MentionQuery struct {
	Before int64 // offset; 0: from the newest
	Limit  int
	// Unmailed chooses those that are unread and that no mail has told of, written after From and until To.
	Unmailed bool
	From, To time.Time
}

// MentionPayload is the payload of a DeliverMention. Texts of notes are in no mail.
type MentionPayload struct {
	Count    int             `json:"count"`
	Mentions []MentionedWhom `json:"mentions"` // at most NotifyMost
}

// MentionedWhom is one mention of a mail.
type MentionedWhom struct {
	Person PersonID `json:"person"`
	Name   string   `json:"name"`
	By     string   `json:"by"`
}
