package domain

import (
	"testing"
	"time"
)

// TestJudge holds the rule of copies against every reason, and their order.
func TestJudge(t *testing.T) {
	now := time.Date(2026, 3, 2, 22, 30, 0, 0, time.UTC)
	good := func() ChannelStanding {
		return ChannelStanding{Email: "a@example.org", Phone: "40 00 00 01", PhoneE164: "+4740000001", SMS: ConsentIn, Enabled: map[Channel]bool{ChannelEmail: true, ChannelSMS: true}}
	}
	for _, c := range []struct {
		name       string
		change     func(*ChannelStanding)
		email, sms ChannelReason
	}{
		{"all is well", func(*ChannelStanding) {}, "", ""},
		{"no address", func(s *ChannelStanding) { s.Email, s.Phone, s.PhoneE164 = "", "", "" }, ReasonNoAddress, ReasonNoAddress},
		{"an address that bounced", func(s *ChannelStanding) { s.EmailState = "bounced" }, ReasonBounced, ""},
		{"no number", func(s *ChannelStanding) { s.PhoneE164 = "" }, "", ReasonInvalid},
		{"never asked", func(s *ChannelStanding) { s.SMS = ConsentNone }, "", ReasonNoOptIn},
		{"said stop", func(s *ChannelStanding) { s.SMS = ConsentOut }, "", ReasonOptedOut},
		{"locked", func(s *ChannelStanding) { s.Blocked = Block(BlockedLocked) }, ReasonBlocked, ReasonBlocked},
		{"invited", func(s *ChannelStanding) { s.Blocked = Block(BlockedInvited) }, ReasonBlocked, ReasonBlocked},
		{"left", func(s *ChannelStanding) { s.Blocked = Block(BlockedLeft) }, ReasonLeft, ReasonLeft},
		{"quiet", func(s *ChannelStanding) { s.Quiet = Quiet{From: 22 * 60, To: 7 * 60} }, "", ReasonQuietHours},
		{"stop counts before quiet", func(s *ChannelStanding) { s.Quiet, s.SMS = Quiet{From: 22 * 60, To: 7 * 60}, ConsentOut }, "", ReasonOptedOut},
		{"no senders", func(s *ChannelStanding) { s.Enabled = nil }, ReasonDisabled, ReasonDisabled},
	} {
		s := good()
		c.change(&s)
		for channel, want := range map[Channel]ChannelReason{ChannelEmail: c.email, ChannelSMS: c.sms} {
			v := s.Judge(channel, now)
			if v.Reason != want {
				t.Errorf("%s, %s: %q, want %q", c.name, channel, v.Reason, want)
			}
			if waits := want == ReasonQuietHours; waits == v.Until.IsZero() || (want == "" || waits) == (v.Address == "") {
				t.Errorf("%s, %s: %+v", c.name, channel, v)
			}
		}
	}
}

// TestQuietHours are those of a place, midnight and the changes of its clocks included.
func TestQuietHours(t *testing.T) {
	utc := func(day, hour, minute int, month time.Month) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, time.UTC)
	}
	night := Settings{QuietFrom: 22 * 60, QuietTo: 7 * 60, TimeZone: "Europe/Oslo"}
	for _, c := range []struct {
		name     string
		q        Quiet
		now, end time.Time
	}{
		{"before midnight", night.QuietHours("", -1, -1), utc(2, 22, 0, time.March), utc(3, 6, 0, time.March)},
		{"after midnight", night.QuietHours("", -1, -1), utc(2, 2, 0, time.March), utc(2, 6, 0, time.March)},
		{"the first minute", night.QuietHours("", -1, -1), utc(2, 21, 0, time.March), utc(3, 6, 0, time.March)},
		{"the minute before", night.QuietHours("", -1, -1), utc(2, 20, 59, time.March), time.Time{}},
		{"the last minute", night.QuietHours("", -1, -1), utc(2, 5, 59, time.March), utc(2, 6, 0, time.March)},
		{"the end", night.QuietHours("", -1, -1), utc(2, 6, 0, time.March), time.Time{}},
		{"clocks go forward in the night", night.QuietHours("", -1, -1), utc(28, 22, 0, time.March), utc(29, 5, 0, time.March)},
		{"clocks go back in the night", night.QuietHours("", -1, -1), utc(24, 22, 0, time.October), utc(25, 6, 0, time.October)},
		{"clocks skip midnight, where it ends", Settings{QuietFrom: 22 * 60, QuietTo: 0, TimeZone: "Africa/Cairo"}.QuietHours("", -1, -1), utc(23, 21, 30, time.April), utc(23, 22, 0, time.April)},
		{"clocks skip what it ends at", Settings{QuietFrom: 22 * 60, QuietTo: 30, TimeZone: "Africa/Cairo"}.QuietHours("", -1, -1), utc(23, 21, 30, time.April), utc(23, 22, 0, time.April)},
		{"clocks skip it, begun after midnight", Settings{QuietFrom: 60, QuietTo: 2*60 + 30, TimeZone: "Europe/Oslo"}.QuietHours("", -1, -1), utc(29, 0, 30, time.March), utc(29, 1, 0, time.March)},
		{"clocks pass the end twice, the first time", Settings{QuietFrom: 22 * 60, QuietTo: 23*60 + 30, TimeZone: "Africa/Cairo"}.QuietHours("", -1, -1), utc(29, 19, 30, time.October), utc(29, 20, 30, time.October)},
		{"clocks pass the end twice, the second time", Settings{QuietFrom: 22 * 60, QuietTo: 23*60 + 30, TimeZone: "Africa/Cairo"}.QuietHours("", -1, -1), utc(29, 21, 10, time.October), utc(29, 21, 30, time.October)},
		{"the end of a month", night.QuietHours("", -1, -1), utc(31, 22, 0, time.January), utc(1, 6, 0, time.February)},
		{"one's own zone", night.QuietHours("America/New_York", -1, -1), utc(2, 2, 0, time.March), time.Time{}},
		{"one's own hours", night.QuietHours("", 12*60, 13*60), utc(2, 11, 30, time.March), utc(2, 12, 0, time.March)},
		{"one's own hours, not the organisation's", night.QuietHours("", 12*60, 13*60), utc(2, 2, 0, time.March), time.Time{}},
		{"none of one's own", night.QuietHours("", 0, 0), utc(2, 2, 0, time.March), time.Time{}},
		{"none at all", Settings{}.QuietHours("", -1, -1), utc(2, 2, 0, time.March), time.Time{}},
		{"a zone that is none is UTC", Settings{QuietFrom: 60, QuietTo: 120}.QuietHours("Mars/North", -1, -1), utc(2, 1, 30, time.March), utc(2, 2, 0, time.March)},
	} {
		end, quiet := c.q.Until(c.now)
		if quiet != !c.end.IsZero() || !end.Equal(c.end) {
			t.Errorf("%s: %v until %v, want %v", c.name, quiet, end, c.end)
		}
	}
}
