package domain

import (
	"encoding/json"
	"time"
)

// Letter is a claimed delivery with all that it is judged by and composed from.
type Letter struct {
	Delivery
	Org      Organisation
	Standing ChannelStanding // Enabled is left to who knows the senders

	PersonID   PersonID
	PersonKind PersonKind
	Name       string // the recipient's
	Locale     string // the recipient's, BCP 47, "" = English

	Group      GroupMark // "" of what belongs to no group
	Subject    string
	Body       string
	SenderName string
	SentAt     time.Time // of the message
	Files      []Attachment

	InTest        bool        // the recipient sits a test that the message is not of
	Read          bool        // the recipient has it on screen or has confirmed it
	Stopped       BlockedCode // why the message is never delivered, "" if it may be
	Subscriptions []PushSubscription
}

// PushSubscription is a browser that takes pushes.
type PushSubscription struct {
	ID       string
	Session  string // the sign-in that it ends with
	Endpoint string
	Keys     string // JSON: {"p256dh":…,"auth":…}
}

// testPause is how long the server's own copies wait before it looks again whether a test is over.
const testPause = 5 * time.Minute

// Judge says what becomes of the copy at a time. What nobody chose to send, a push or an escalation, waits while
// its candidate sits another test: their page keeps the message back as well, and that it is unread means nothing.
func (l *Letter) Judge(now time.Time) Verdict {
	switch {
	case l.OnlyUnread && l.Read:
		return Verdict{Reason: ReasonRead}
	case l.Stopped == BlockedLeft:
		return Verdict{Reason: ReasonLeft}
	case l.Stopped != "":
		return Verdict{Reason: ReasonBlocked}
	case l.Channel == ChannelPush && len(l.Subscriptions) == 0:
		return Verdict{Reason: ReasonNoAddress}
	}
	if l.Kind == DeliverAnswer {
		return l.answers()
	}
	if l.InTest && (l.OnlyUnread || l.Channel == ChannelPush) {
		return Verdict{Reason: ReasonInTest, Until: now.Add(testPause)}
	}
	return l.Standing.Judge(l.Channel, now)
}

// answers judges the server's own answer: it goes to who wrote, whatever they may receive otherwise, and at once. That a STOP was heard is said
// after it; anything but the answer to a keyword needs an agreement to SMS.
func (l *Letter) answers() Verdict {
	var p AnswerPayload
	switch err := json.Unmarshal(l.Payload, &p); {
	case !l.Standing.Enabled[l.Channel]:
		return Verdict{Reason: ReasonDisabled}
	case err != nil || p.To == "":
		return Verdict{Reason: ReasonNoAddress}
	case l.Channel == ChannelEmail && l.Standing.EmailState != "":
		return Verdict{Reason: ReasonBounced}
	case l.Channel == ChannelSMS && p.Says == AnswerClosed && l.Standing.SMS != ConsentIn:
		return Verdict{Reason: ReasonOptedOut}
	}
	return Verdict{Address: p.To}
}

// DeliveryResult is what a worker says of a delivery that it claimed.
type DeliveryResult struct {
	Delivery Delivery // as it was claimed: its organisation, id and fence count
	State    DeliveryState
	Address  string // "" keeps what is stored
	Provider string
	// ProviderID is by what the provider will report.
	ProviderID string
	Parts      int
	Reason     string
	Detail     string
	DueAt      time.Time // of what waits again
	Attempt    *Attempt  // nil: nothing was tried; N is given by the store
	Consumed   bool      // the attempt counts against the delivery
	OptedOut   bool      // the provider says that the recipient has told it to stop: their consent ends
}

// DeliveryReport is what a provider, or a bounce, says later. The delivery is named by ID, or by Provider and ProviderID.
type DeliveryReport struct {
	Organisation OrganisationID
	ID           string
	Provider     string
	ProviderID   string
	Outcome      Outcome // delivered, permanent or bounced
	OptedOut     bool    // the recipient has told the provider to stop: their consent ends
	Code         string
	Detail       string
	At           time.Time
}

// DeliveryView is a copy as items and boards show it.
type DeliveryView struct {
	Channel Channel       `json:"channel"`
	State   DeliveryState `json:"state"`
	Reason  string        `json:"reason,omitempty"`
	At      time.Time     `json:"at"`
}

// DeliveryQuery chooses deliveries of an organisation. Empty fields choose all.
type DeliveryQuery struct {
	State   DeliveryState
	Channel Channel
	Person  PersonID
	Message int64 // offset
	After   string
	Limit   int
}

// DeliveryRow is a delivery as staff see it.
type DeliveryRow struct {
	Delivery
	PersonID PersonID
	Name     string
	Tried    []Attempt
}

// ConsentRecord is one change of a person's agreement to a channel, with its proof.
type ConsentRecord struct {
	Channel Channel
	State   Consent
	Source  ConsentSource
	Words   string // what they agreed to, or how they said no
	By      string // the staff member's name, "" if nobody's
	At      time.Time
}

// ConsentSource says where a consent comes from.
type ConsentSource string

// The sources.
const (
	ConsentByStaff        ConsentSource = "staff"
	ConsentByPerson       ConsentSource = "person"
	ConsentBySMS          ConsentSource = "sms"
	ConsentByProvisioning ConsentSource = "provisioning"
	ConsentByProvider     ConsentSource = "provider" // they told the provider to stop, which says so
	ConsentByTrial        ConsentSource = "trial"    // staff tried it out on the Outbox page, as the person would
)

// Reachable is a person and what decides whether copies go to them.
type Reachable struct {
	No       PersonNo
	ID       PersonID
	Name     string
	Standing ChannelStanding // Enabled is left to who knows the senders
}

// Quota is what an organisation may send by a channel in a window of time.
type Quota struct {
	Organisation OrganisationID
	Channel      Channel
	Since        time.Time // the window begins after it
	Most         int       // mails, or parts of SMS
}

// QuotaWish asks that a claimed delivery counts, with its parts: 1 for a mail.
type QuotaWish struct {
	ID    string
	Fence int64
	Parts int
}
