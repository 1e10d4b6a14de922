package domain

import "time"

// Inbound is what came in by email or SMS. It is kept for good, whatever became of it.
type Inbound struct {
	Organisation OrganisationID
	ID           string
	Channel      Channel // email or sms
	Dedupe       string  // its sender's own id of it, and the recipient
	Sender       string  // email address or number
	Recipient    string
	Subject      string
	Body         string // what they wrote, without what they quoted
	Cut          bool   // text was removed from Body; also true where nobody knows
	Raw          string // the original's id in the blob store, "" if there is none
	Files        []InboundFile
	State        InboundState
	Why          InboundWhy
	Person       PersonNo // whose it is, or seems to be; 0 if nobody's
	Offset       int64    // of the message that it became, 0 if none
	ReceivedAt   time.Time
	HandledAt    time.Time // zero: nobody has
	HandledBy    string
	Verified     Verified    // of a mail
	Trial        *PersonName // who of the staff typed it on the Outbox page; nil: it came from outside
}

// Waits is nil while nobody has dealt with it, else the Conflict that says who has.
func (in Inbound) Waits() error {
	switch in.State {
	case InboundUnmatched:
		return nil
	case InboundMatched:
		return conflict("inbound", "it stands in a conversation already")
	case InboundAssigned:
		return conflict("inbound", "%s has assigned it already", in.HandledBy)
	case InboundDiscarded:
		return conflict("inbound", "%s has discarded it already", in.HandledBy)
	}
	return conflict("inbound", "somebody has dealt with it already")
}

// InboundFile is an attachment as the list of what came in names it.
type InboundFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// Verified says whether the mail server in front vouches for a mail's author.
type Verified string

// The values. An SMS, and what staff type on the Outbox page, has none.
const (
	VerifiedYes Verified = "yes"
	VerifiedNo  Verified = "no"
)

// InboundState says what became of it.
type InboundState string

// The states.
const (
	InboundUnmatched InboundState = "unmatched" // it waits for staff
	InboundMatched   InboundState = "matched"   // it is a message, or says what became of one of ours
	InboundAssigned  InboundState = "assigned"  // staff have made it a message
	InboundDiscarded InboundState = "discarded"
)

// InboundWhy says why something waits for staff.
type InboundWhy string

// The reasons.
const (
	WhyPending    InboundWhy = "pending"      // it has been stored and no more: somebody works on it, or has died of it
	WhyForged     InboundWhy = "forged"       // to a person's own address, but from another one
	WhyClosed     InboundWhy = "closed"       // the person may not write there
	WhyAuto       InboundWhy = "auto"         // a program wrote it
	WhyUnknown    InboundWhy = "unknown"      // a number that nobody has
	WhySeveral    InboundWhy = "several"      // a number that several have
	WhyBounce     InboundWhy = "bounce"       // a bounce of nothing that is known
	WhyNotAReply  InboundWhy = "no_candidate" // to somebody who has no conversation
	WhyUnreadable InboundWhy = "refused"      // what it says cannot stand in a message
	WhyNotText    InboundWhy = "not_text"     // an SMS that carries bytes, not a text
	WhyLimit      InboundWhy = "limit"        // an SMS of somebody who writes too many at once
	WhyExpired    InboundWhy = "expired"      // to an address that is too old
	WhyRecipient  InboundWhy = "recipient"    // a bounce that names another address than its mail went to
	WhyUnverified InboundWhy = "unverified"   // to the server's own address, from a sender that nobody vouches for
)

// InboundPendingTime is after how long what was stored and no more is shown to staff.
const InboundPendingTime = 5 * time.Minute

// Correspondent is a person as what comes in is matched with.
type Correspondent struct {
	No         PersonNo
	ID         PersonID
	Kind       PersonKind
	Role       Role
	Name       string
	Email      string
	EmailState string
	Phone      string // E.164
	Locale     string
	SMS        Consent // their newest
}

// Actor is the person as they act on their own.
func (c Correspondent) Actor(org OrganisationID) Actor {
	return Actor{Organisation: org, Kind: ActorPerson, ID: string(c.ID), No: c.No, Name: c.Name, Role: c.Role}
}

// Settlement is what becomes of something that came in.
type Settlement struct {
	State  InboundState
	Why    InboundWhy
	Person PersonNo
	Offset int64
	By     Actor // who decides
	Note   string
}

// InboundPlace is where a page of what came in ends.
type InboundPlace struct {
	At time.Time
	ID string
}

// KeptOriginal is what is known of a mail that is still kept as it came.
type KeptOriginal struct {
	Cut bool // see Inbound.Cut
}

// MessageOriginal is the path that a mail which became a message can be had at, as it came.
func MessageOriginal(item ItemID) string { return "/api/v1/messages/" + string(item) + "/original" }

// WaitingOriginal is the same of one that waits for staff.
func WaitingOriginal(id string) string { return "/api/v1/unmatched/" + id + "/original" }

// InboundSource names a way in.
type InboundSource string

// The ways in.
const (
	FromKannel InboundSource = "kannel"
	FromTwilio InboundSource = "twilio"
	FromLMTP   InboundSource = "lmtp"
	FromSMTP   InboundSource = "smtp"
)

// RefusedWhy says why something that came in was refused: its sender was told so, and nothing of it is kept.
type RefusedWhy string

// The reasons.
const (
	RefusedProof     RefusedWhy = "proof"     // a token or signature that is wrong
	RefusedAddress   RefusedWhy = "address"   // from an address that may not call
	RefusedMalformed RefusedWhy = "malformed" // a request that cannot be read
	RefusedReport    RefusedWhy = "report"    // a delivery report of nothing that is known
	RefusedTooLarge  RefusedWhy = "too_large"
	RefusedLoop      RefusedWhy = "loop"  // a mail of ours that goes round
	RefusedLimit     RefusedWhy = "limit" // too many at once: the sender comes again
	RefusedLater     RefusedWhy = "later" // it could not be kept now: the sender comes again
)

// Refused counts what was refused by one way in for one reason.
type Refused struct {
	Source InboundSource `json:"source"`
	Reason RefusedWhy    `json:"reason"`
	Count  int           `json:"count"`
	Detail string        `json:"detail,omitempty"` // of the newest one
	LastAt time.Time     `json:"last_at"`
}
