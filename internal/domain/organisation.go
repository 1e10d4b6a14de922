package domain

import (
	"cmp"
	"slices"
	"time"
)

// Organisation is the tenant.
type Organisation struct {
	ID        OrganisationID
	Slug      string // in URLs and at sign-in
	Name      string
	Settings  Settings
	CreatedAt time.Time
}

// Settings are an organisation's own choices. The zero value is the default.
type Settings struct {
	SubjectOptional bool `json:"subject_optional,omitempty"` // a sending may go without a subject
	ChatSubject     bool `json:"chat_subject,omitempty"`     // messages of a conversation need a subject too
	RepliesClosed   bool `json:"replies_closed,omitempty"`   // candidates may not answer, unless their group says otherwise
	TestReplies     bool `json:"test_replies,omitempty"`     // answers are open in tests as well
	CandidatesStart bool `json:"candidates_start,omitempty"` // candidates may begin a conversation

	KeepLocation bool `json:"keep_location,omitempty"` // pictures keep what a camera wrote about place and owner

	StaffChatOnly bool   `json:"staff_chat_only,omitempty"` // candidates meet conversations by email and SMS alone (product row N1)
	Region        string `json:"region,omitempty"`          // ISO 3166 of phone numbers without a country code; "" = NO
	Language      string `json:"language,omitempty"`        // BCP 47, by whose rules names are sorted; "" = the region's
	TimeZone      string `json:"time_zone,omitempty"`       // IANA; "" = UTC
	QuietFrom     int    `json:"quiet_from,omitempty"`      // minutes since midnight; equal to QuietTo: no quiet hours
	QuietTo       int    `json:"quiet_to,omitempty"`
	EscalateAfter int    `json:"escalate_after,omitempty"`  // minutes unread until a copy goes by EscalateTo; 0 = never
	EscalateTo    string `json:"escalate_to,omitempty"`     // email or sms
	EmailsPerHour int    `json:"emails_per_hour,omitempty"` // 0 = no cap
	SMSPerDay     int    `json:"sms_per_day,omitempty"`     // parts; 0 = no cap

	// DefaultChannels are the copies that are ticked in a new message until somebody chooses
	// otherwise; never in a test.
	DefaultChannels []Channel `json:"default_channels,omitempty"`
	// TestReachHours is how long after its end a test's staff see its candidates; 0 =
	// DefaultTestReach.
	TestReachHours int `json:"test_reach_hours,omitempty"`
	// FieldVisibility says who sees people's own fields; one that is absent is seen by
	// coordinators.
	FieldVisibility map[string]Visibility `json:"field_visibility,omitempty"`
}

// How long the reach through a test lasts after its end, in hours.
const (
	DefaultTestReach = 72
	MaxTestReach     = 8760
)

// TestReach is how long after its end a test's staff see its candidates.
func (s Settings) TestReach() time.Duration {
	if s.TestReachHours == 0 {
		return DefaultTestReach * time.Hour
	}
	return time.Duration(s.TestReachHours) * time.Hour
}

// Elsewhere reports whether candidates meet what belongs to a group of the kind ("" for no group) by its copies
// alone, and their pages do not have it. What belongs to a test stands on their pages always: the exam is there.
func (s Settings) Elsewhere(k GroupKind) bool { return s.StaffChatOnly && k != KindTest }

// DefaultCopies reports whether channels are those that are ticked by default.
func (s Settings) DefaultCopies(channels []Channel) bool {
	return len(channels) == len(s.DefaultChannels) && !slices.ContainsFunc(channels, func(c Channel) bool {
		return !slices.Contains(s.DefaultChannels, c)
	})
}

// PhoneRegion is the region of phone numbers without a country code.
func (s Settings) PhoneRegion() string {
	if s.Region == "" {
		return "NO"
	}
	return s.Region
}

// SortLanguage is the language by whose rules names are sorted.
func (s Settings) SortLanguage() string {
	return cmp.Or(s.Language, languageOf(s.PhoneRegion()), defaultLanguage)
}

// repliesOpen says whether candidates may answer in a group of the kind: everywhere
// but in tests, where it is the exception.
func (s Settings) repliesOpen(k GroupKind) bool {
	if k == KindTest {
		return s.TestReplies
	}
	return !s.RepliesClosed
}
