package domain

import (
	"slices"
	"sync"
	"time"

	"crier/internal/fault"
)

// Channel is a way out of the pages. What stands in the message centre needs none.
type Channel string

// The channels.
const (
	ChannelEmail Channel = "email"
	ChannelSMS   Channel = "sms"
	ChannelPush  Channel = "push"
	ChannelApp   Channel = "app" // the pages themselves: says where a message came from, and never where a copy goes
)

// CopyChannels are those that staff can choose for a message.
var CopyChannels = []Channel{ChannelEmail, ChannelSMS}

// CheckChannels refuses what no message can be copied by, and repetitions: Invalid (channels).
func CheckChannels(list []Channel) error {
	for i, c := range list {
		if !slices.Contains(CopyChannels, c) {
			return fault.Field("channels", "channels are email and sms")
		}
		if slices.Contains(list[:i], c) {
			return fault.Field("channels", "%s stands twice", c)
		}
	}
	return nil
}

// ChannelReason says why a copy does not go, or waits.
type ChannelReason string

// The reasons.
const (
	ReasonNoAddress  ChannelReason = "no_address"     // no email address, or no phone number
	ReasonInvalid    ChannelReason = "invalid_number" // the phone number is none
	ReasonBounced    ChannelReason = "bounced"        // mail to the address came back for good
	ReasonNoOptIn    ChannelReason = "no_opt_in"      // SMS: they have not agreed to it
	ReasonOptedOut   ChannelReason = "opted_out"      // SMS: they have said stop
	ReasonBlocked    ChannelReason = "blocked"        // locked, or the invitation is open
	ReasonLeft       ChannelReason = "left"           // has left the group
	ReasonRead       ChannelReason = "read"           // an escalation that came too late to be needed
	ReasonQuietHours ChannelReason = "quiet_hours"    // it waits
	ReasonInTest     ChannelReason = "in_test"        // a push or an escalation: it waits until their test is over
	ReasonCap        ChannelReason = "cap"            // the organisation's cap is reached; it waits
	ReasonDisabled   ChannelReason = "disabled"       // the server has no such channel
)

// Words says the reason to staff.
func (r ChannelReason) Words() string {
	words := map[ChannelReason]string{
		ReasonNoAddress: "no address", ReasonInvalid: "the phone number is not a number", ReasonBounced: "mail to the address came back", ReasonNoOptIn: "has not agreed to it",
		ReasonOptedOut: "has said stop", ReasonBlocked: "cannot be written to", ReasonLeft: "has left", ReasonDisabled: "the server has no such channel",
	}
	if w := words[r]; w != "" {
		return w
	}
	return string(r)
}

// Consent is what is known of a person's agreement to a channel.
type Consent string

// The states.
const (
	ConsentNone Consent = ""
	ConsentIn   Consent = "in"
	ConsentOut  Consent = "out"
)

// ConsentWords is what a person agrees to (product row N4).
const ConsentWords = "Yes, I want to be contacted via SMS"

// ChannelStanding is what decides whether a copy goes to a person now: the same when it is planned and when it is
// claimed.
type ChannelStanding struct {
	Blocked    Blocked // Standing.SendBlocked
	Elsewhere  bool    // the message would not stand on the candidate's pages
	Email      string
	EmailState string // "", or bounced
	Phone      string // as it was given
	PhoneE164  string // "" if Phone is none
	SMS        Consent
	Quiet      Quiet
	Enabled    map[Channel]bool // what the server can do at all
}

// Verdict is what becomes of a copy: Reason "" it goes to Address; else it does not, or, with Until, waits.
type Verdict struct {
	Address string
	Reason  ChannelReason
	Until   time.Time
}

// Judge says what becomes of a copy by a channel at a time.
func (s ChannelStanding) Judge(c Channel, now time.Time) Verdict {
	switch {
	case !s.Enabled[c]:
		return Verdict{Reason: ReasonDisabled}
	case s.Blocked.Code == BlockedLeft:
		return Verdict{Reason: ReasonLeft}
	case s.Blocked.Is():
		return Verdict{Reason: ReasonBlocked}
	}
	v := Verdict{}
	switch c {
	case ChannelEmail:
		switch {
		case s.Email == "":
			return Verdict{Reason: ReasonNoAddress}
		case s.EmailState != "":
			return Verdict{Reason: ReasonBounced}
		}
		v.Address = s.Email
	case ChannelSMS:
		switch {
		case s.Phone == "":
			return Verdict{Reason: ReasonNoAddress}
		case s.PhoneE164 == "":
			return Verdict{Reason: ReasonInvalid}
		case s.SMS == ConsentOut:
			return Verdict{Reason: ReasonOptedOut}
		case s.SMS != ConsentIn:
			return Verdict{Reason: ReasonNoOptIn}
		}
		v.Address = s.PhoneE164
	}
	if until, quiet := s.Quiet.Until(now); quiet && c != ChannelEmail { // a mail wakes nobody
		v.Reason, v.Until = ReasonQuietHours, until
	}
	return v
}

// DayMinutes is how many minutes a day has.
const DayMinutes = 24 * 60

// Quiet are the hours in which copies wait, in a place's own time. From equal to To: none.
type Quiet struct {
	Zone     *time.Location
	From, To int // minutes since midnight; From after To spans midnight
}

// Until says when the quiet hours that now lies in end; quiet is false outside of them.
func (q Quiet) Until(now time.Time) (end time.Time, quiet bool) {
	if q.From == q.To || q.From < 0 || q.To < 0 {
		return time.Time{}, false
	}
	zone := q.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	minute := local.Hour()*60 + local.Minute()
	spans := q.From > q.To
	switch {
	case !spans && (minute < q.From || minute >= q.To), spans && minute < q.From && minute >= q.To:
		return time.Time{}, false
	}
	day := local.Day()
	if spans && minute >= q.From {
		day++
	}
	end = time.Date(local.Year(), local.Month(), day, q.To/60, q.To%60, 0, 0, zone)
	if at := end.In(zone); at.Hour()*60+at.Minute() != q.To {
		// The clocks skip that time, as at midnight in Cairo: it ends when they do. Date takes a time on either side.
		from, to := end.ZoneBounds()
		if end = from; now.Before(to) && !from.After(now) {
			end = to
		}
	}
	// The clocks may pass that time twice: the first one from now on counts.
	_, seconds := local.Zone()
	first := time.Date(local.Year(), local.Month(), day, q.To/60, q.To%60, 0, 0, time.FixedZone("", seconds))
	if at := first.In(zone); first.After(now) && first.Before(end) && at.Hour()*60+at.Minute() == q.To || !end.After(now) {
		end = first
	}
	return end.UTC(), true
}

// QuietHours are those of a person: their own where they have some (from and to 0 or more), else the organisation's, in
// their own zone, else the organisation's, else UTC.
func (s Settings) QuietHours(zone string, from, to int) Quiet {
	q := Quiet{From: from, To: to}
	if from < 0 || to < 0 {
		q.From, q.To = s.QuietFrom, s.QuietTo
	}
	if zone == "" {
		zone = s.TimeZone
	}
	q.Zone = zoneOf(zone)
	return q
}

// KnownZone reports whether name is a time zone of the IANA database.
func KnownZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

var zones sync.Map // name → *time.Location: reading one takes a file

func zoneOf(name string) *time.Location {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location)
	}
	if !KnownZone(name) { // not kept: there is no end to such names
		return time.UTC
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	zones.Store(name, z)
	return z
}

// DeliveryState is how far a copy has come.
type DeliveryState string

// The states. Waiting and sending are on their way; the others are ends, but that sent becomes delivered or failed
// when the provider reports.
const (
	DeliveryWaiting    DeliveryState = "waiting"
	DeliverySending    DeliveryState = "sending"
	DeliverySent       DeliveryState = "sent" // accepted by the provider
	DeliveryDelivered  DeliveryState = "delivered"
	DeliveryFailed     DeliveryState = "failed"
	DeliverySuppressed DeliveryState = "suppressed" // not meant to go: ChannelReason says why
	DeliveryCancelled  DeliveryState = "cancelled"
)

// Delivery is one copy of one message to one person by one channel (product row N7).
type Delivery struct {
	Organisation OrganisationID
	ID           string
	Kind         DeliveryKind
	Offset       int64 // of the message; 0 for the server's own mails
	Person       PersonNo
	Channel      Channel
	Address      string
	Payload      []byte // JSON, of the server's own mails
	State        DeliveryState
	OnlyUnread   bool
	DueAt        time.Time
	ExpiresAt    time.Time // zero: never
	Attempts     int
	Fence        int64
	Provider     string
	ProviderID   string
	Parts        int // of an SMS
	Reason       string
	Detail       string
	CreatedAt    time.Time
	ChangedAt    time.Time
}

// DeliveryKind says what a delivery carries.
type DeliveryKind string

// The kinds.
const (
	DeliverMessage DeliveryKind = "message"
	DeliverNotify  DeliveryKind = "notify"  // to staff: candidates have written
	DeliverExport  DeliveryKind = "export"  // to staff: an export is ready (product row V17)
	DeliverMention DeliveryKind = "mention" // to staff: a note mentions them
	DeliverAnswer  DeliveryKind = "answer"  // to a candidate who wrote: the server's own answer
)

// Outcome is what came of one attempt.
type Outcome string

// The outcomes.
const (
	OutcomeAccepted  Outcome = "accepted"
	OutcomeTemporary Outcome = "temporary" // again later
	OutcomePermanent Outcome = "permanent" // this address, or this message, never
	OutcomeProvider  Outcome = "provider"  // the provider is away or refuses us: nobody's address is at fault
	OutcomeLost      Outcome = "lost"      // the worker died; it may have gone
	OutcomeDelivered Outcome = "delivered"
	OutcomeBounced   Outcome = "bounced"
)

// Attempt is one try of a delivery, or a report about it.
type Attempt struct {
	N       int
	At      time.Time
	Outcome Outcome
	Code    string
	Detail  string
}
