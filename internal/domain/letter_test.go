package domain

import (
	"testing"
	"time"
)

// What nobody chose to send waits while its candidate sits another test; what staff asked for
// goes, and what was read needs no copy.
func TestCopiesDuringAnotherTest(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		wait  bool
		judge func(*Letter)
	}{
		{"an escalation", true, func(l *Letter) { l.OnlyUnread = true }},
		{"a push", true, func(l *Letter) { l.Channel, l.Subscriptions = ChannelPush, []PushSubscription{{ID: "1"}} }},
		{"a mail that staff asked for", false, func(*Letter) {}},
		{"an escalation outside of tests", false, func(l *Letter) { l.OnlyUnread, l.InTest = true, false }},
	} {
		l := Letter{Delivery: Delivery{Kind: DeliverMessage, Channel: ChannelEmail}, InTest: true}
		l.Standing = ChannelStanding{Enabled: map[Channel]bool{ChannelEmail: true, ChannelPush: true}, Email: "sara@example.org"}
		c.judge(&l)
		v := l.Judge(now)
		if waits := v.Reason == ReasonInTest && v.Until.After(now); waits != c.wait || (!c.wait && v.Reason != "") {
			t.Errorf("%s: %+v, want waiting %v", c.name, v, c.wait)
		}
		if l.OnlyUnread {
			l.Read = true
			if v := l.Judge(now); v.Reason != ReasonRead {
				t.Errorf("%s that was read: %+v", c.name, v)
			}
		}
	}
}
