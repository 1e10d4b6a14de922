package settings

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Choices are the organisation's rules for messages.
type Choices struct {
	SubjectOptional bool `json:"subject_optional"` // a sending may go without a subject
	ChatSubject     bool `json:"chat_subject"`     // messages of a conversation need one too
	RepliesClosed   bool `json:"replies_closed"`   // candidates may not answer, unless their group says otherwise
	TestReplies     bool `json:"test_replies"`     // answers are open in tests as well
	CandidatesStart bool `json:"candidates_start"` // candidates may begin a conversation

	KeepLocation bool `json:"keep_location"` // pictures keep what a camera wrote about place and owner

	StaffChatOnly bool           `json:"staff_chat_only"` // candidates meet conversations by email and SMS alone
	Region        string         `json:"region"`          // ISO 3166 of phone numbers without a country code
	Language      string         `json:"language"`        // BCP 47, by whose rules names are sorted
	TimeZone      string         `json:"time_zone"`       // IANA
	QuietFrom     int            `json:"quiet_from"`      // minutes of the day; equal to QuietTo: no quiet hours
	QuietTo       int            `json:"quiet_to"`
	EscalateAfter int            `json:"escalate_after"` // minutes unread until a copy goes by EscalateTo; 0 = never
	EscalateTo    domain.Channel `json:"escalate_to"`
	EmailsPerHour int            `json:"emails_per_hour"` // 0 = no cap
	SMSPerDay     int            `json:"sms_per_day"`     // parts; 0 = no cap

	DefaultChannels []domain.Channel             `json:"default_channels"` // ticked in a new message
	TestReachHours  int                          `json:"test_reach_hours"` // how long after a test its staff see its candidates
	FieldVisibility map[string]domain.Visibility `json:"field_visibility"` // of people's own fields; coordinators for one that is absent
}

// Change is what to change; a nil field keeps what is stored.
type Change struct {
	SubjectOptional *bool `json:"subject_optional"`
	ChatSubject     *bool `json:"chat_subject"`
	RepliesClosed   *bool `json:"replies_closed"`
	TestReplies     *bool `json:"test_replies"`
	CandidatesStart *bool `json:"candidates_start"`

	KeepLocation *bool `json:"keep_location"`

	StaffChatOnly *bool           `json:"staff_chat_only"`
	Region        *string         `json:"region"`
	Language      *string         `json:"language"` // "" = the region's
	TimeZone      *string         `json:"time_zone"`
	QuietFrom     *int            `json:"quiet_from"`
	QuietTo       *int            `json:"quiet_to"`
	EscalateAfter *int            `json:"escalate_after"`
	EscalateTo    *domain.Channel `json:"escalate_to"`
	EmailsPerHour *int            `json:"emails_per_hour"`
	SMSPerDay     *int            `json:"sms_per_day"`

	DefaultChannels []domain.Channel             `json:"default_channels"` // takes the place of what is stored
	TestReachHours  *int                         `json:"test_reach_hours"`
	FieldVisibility map[string]domain.Visibility `json:"field_visibility"` // takes the place of what is stored
}

var regions = regexp.MustCompile(`^[A-Z]{2}$`)

// The most of what can be chosen.
const (
	escalateMost = 7 * 24 * 60 // minutes
	capMost      = 10_000_000
	maxFields    = 200 // whose visibility is set
)

// clip shortens what a fault repeats.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// check finds every fault: Invalid, with a detail for each.
func (c Change) check() error {
	var out []fault.Detail
	bad := func(field, format string, args ...any) {
		out = append(out, fault.Detail{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if c.Region != nil && *c.Region != "" && !regions.MatchString(*c.Region) {
		bad("region", "a region is two capital letters, as in NO")
	}
	if c.Language != nil && *c.Language != "" {
		if _, err := domain.ParseLanguage(*c.Language); err != nil {
			bad("language", "%s", err)
		}
	}
	if c.TimeZone != nil && *c.TimeZone != "" && !domain.KnownZone(*c.TimeZone) {
		bad("time_zone", "no such time zone; as in Europe/Oslo")
	}
	for _, n := range []struct {
		field string
		v     *int
		most  int
	}{{"quiet_from", c.QuietFrom, domain.DayMinutes - 1}, {"quiet_to", c.QuietTo, domain.DayMinutes - 1}, {"escalate_after", c.EscalateAfter, escalateMost},
		{"emails_per_hour", c.EmailsPerHour, capMost}, {"sms_per_day", c.SMSPerDay, capMost}} {
		if n.v != nil && (*n.v < 0 || *n.v > n.most) {
			bad(n.field, "%s must be from 0 to %d", n.field, n.most)
		}
	}
	if domain.CheckChannels(c.DefaultChannels) != nil {
		bad("default_channels", "default_channels are email and sms, each once at most")
	}
	if h := c.TestReachHours; h != nil && (*h < 1 || *h > domain.MaxTestReach) {
		bad("test_reach_hours", "test_reach_hours must be from 1 to %d", domain.MaxTestReach)
	}
	if n := len(c.FieldVisibility); n > maxFields {
		bad("field_visibility", "%d fields; at most %d can be set", n, maxFields)
	}
	for _, name := range slices.Sorted(maps.Keys(c.FieldVisibility)) {
		if domain.CheckFieldName("field_visibility", name) != nil {
			bad("field_visibility", "a field's name is 1 to 40 small letters, digits and underscores, not %q", clip(name))
		} else if !slices.Contains(domain.Visibilities, c.FieldVisibility[name]) {
			bad("field_visibility."+name, "a field is visible to staff, coordinators or admins")
		}
	}
	if c.EscalateTo != nil && *c.EscalateTo != "" && !slices.Contains(domain.CopyChannels, *c.EscalateTo) {
		bad("escalate_to", "escalate_to must be email or sms")
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return fault.Field(out[0].Field, "%s", out[0].Message)
	}
	return fault.Many(fault.Invalid, out, "%d settings are not valid; nothing was changed", len(out))
}

func choicesOf(s domain.Settings) Choices {
	zone := s.TimeZone
	if zone == "" {
		zone = "UTC"
	}
	fields := s.FieldVisibility
	if fields == nil {
		fields = map[string]domain.Visibility{}
	}
	return Choices{SubjectOptional: s.SubjectOptional, ChatSubject: s.ChatSubject, RepliesClosed: s.RepliesClosed, TestReplies: s.TestReplies, CandidatesStart: s.CandidatesStart,
		KeepLocation: s.KeepLocation, StaffChatOnly: s.StaffChatOnly, Region: s.PhoneRegion(), Language: s.SortLanguage(), TimeZone: zone, QuietFrom: s.QuietFrom, QuietTo: s.QuietTo, EscalateAfter: s.EscalateAfter,
		EscalateTo: domain.Channel(s.EscalateTo), EmailsPerHour: s.EmailsPerHour, SMSPerDay: s.SMSPerDay,
		DefaultChannels: s.DefaultChannels, TestReachHours: int(s.TestReach().Hours()), FieldVisibility: fields}
}

// Choices returns the organisation's rules. Errors: Forbidden.
func (s *Service) Choices(ctx context.Context, actor domain.Actor) (Choices, error) {
	if err := actor.May(domain.ActSettingsManage); err != nil {
		return Choices{}, err
	}
	o, err := s.Store.Organisation(ctx, actor.Organisation)
	return choicesOf(o.Settings), err
}

// Change changes some of the rules, for all that is sent from now on. Errors: Forbidden; Invalid.
func (s *Service) Change(ctx context.Context, actor domain.Actor, c Change) (Choices, error) {
	if err := actor.May(domain.ActSettingsManage); err != nil {
		return Choices{}, err
	}
	if err := c.check(); err != nil {
		return Choices{}, err
	}
	now, err := s.Store.ChangeSettings(ctx, actor, func(to *domain.Settings) {
		set(&to.SubjectOptional, c.SubjectOptional)
		set(&to.ChatSubject, c.ChatSubject)
		set(&to.RepliesClosed, c.RepliesClosed)
		set(&to.TestReplies, c.TestReplies)
		set(&to.CandidatesStart, c.CandidatesStart)
		set(&to.KeepLocation, c.KeepLocation)
		set(&to.StaffChatOnly, c.StaffChatOnly)
		set(&to.Region, c.Region)
		if c.Language != nil {
			to.Language, _ = domain.ParseLanguage(*c.Language) // checked above; "" stays ""
		}
		set(&to.TimeZone, c.TimeZone)
		set(&to.QuietFrom, c.QuietFrom)
		set(&to.QuietTo, c.QuietTo)
		set(&to.EscalateAfter, c.EscalateAfter)
		if c.EscalateTo != nil {
			to.EscalateTo = string(*c.EscalateTo)
		}
		set(&to.EmailsPerHour, c.EmailsPerHour)
		set(&to.SMSPerDay, c.SMSPerDay)
		if c.DefaultChannels != nil {
			to.DefaultChannels = c.DefaultChannels
		}
		set(&to.TestReachHours, c.TestReachHours)
		if c.FieldVisibility != nil {
			to.FieldVisibility = c.FieldVisibility
		}
	})
	if err != nil {
		return Choices{}, err
	}
	return choicesOf(now), nil
}

func set[T any](to, asked *T) {
	if asked != nil {
		*to = *asked
	}
}
