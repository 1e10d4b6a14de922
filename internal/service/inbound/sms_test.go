package inbound_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/fault"
)

func TestSMS(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelSMS)
		text := func(id, from, body string) {
			t.Helper()
			h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: id, From: from, To: "1234", Text: body}))
		}
		for _, id := range []string{"2", "1", "2", "3", "1"} { // late, out of order, twice
			text(id, "4740000001", "part "+id)
		}
		same(t, "sara said", h.said("sara"), "Pool||part 2|", "Pool||part 1|", "Pool||part 3|")
		text("4", "+4740000002", "who am I?")
		text("5", "+4740009999", "nobody knows me")
		text("6", "Bank", "you have won")
		same(t, "waiting", h.waiting(), "several: who am I?", "unknown: nobody knows me", "unknown: you have won")
		page, err := h.List(t.Context(), h.staff, 10, "")
		h.must(err)
		if s := page.Inbound[0].Suggestions; len(s) != 2 || s[0].Name != "tom" || s[1].Name != "uma" {
			t.Errorf("%+v", s)
		}
		// Of two who have the number, the one who was written to last is offered first.
		for _, last := range []string{"uma", "tom", "uma"} {
			h.say(last, domain.ChannelSMS)
			page, err := h.List(t.Context(), h.staff, 10, "")
			h.must(err)
			if s := page.Inbound[0].Suggestions; len(s) != 2 || s[0].Name != last {
				t.Errorf("after an SMS to %s: %+v", last, s)
			}
		}
		h.answers(0)
		text("7", "+4740000001", "help")
		text("8", "+4740000001", "HELP")
		h.answers(1)
	})
}

func (h *house) consent(who string) domain.Consent {
	h.t.Helper()
	p, err := h.store.Correspondent(h.t.Context(), h.org.ID, h.people[who].No)
	h.must(err)
	return p.SMS
}

// TestStop: in five languages, however it is written; it counts, stands in the conversation, even a closed one, and is
// confirmed once.
func TestStop(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("vera", domain.ChannelSMS)
		n := 0
		text := func(from, body string) {
			t.Helper()
			n++
			h.clock.Advance(time.Second)
			h.must(h.ReceiveSMS(t.Context(), h.org, "twilio", sms.Received{ID: fmt.Sprint("SM", n), From: from, To: "1234", Text: body}))
		}
		var want []string
		for _, c := range [][2]string{{" Stop. ", "START"}, {"S T O P P", "starta"}, {"AVSLUTT", "Start"}, {"arrêt!", "démarrer"}, {"\u200fتوقف", "ابدأ"}} {
			text("+4740000001", c[0])
			if h.consent("sara") != domain.ConsentOut {
				t.Errorf("%q did not stop", c[0])
			}
			text("+4740000001", c[0])
			text("+4740000001", c[1])
			if h.consent("sara") != domain.ConsentIn {
				t.Errorf("%q did not start", c[1])
			}
			h.answers(2)
			clean := strings.TrimSpace(c[0])
			want = append(want, "||"+clean+"|", "||"+clean+"|", "||"+c[1]+"|")
		}
		same(t, "sara said", h.said("sara"), want...)
		list, err := h.store.Consents(t.Context(), h.org.ID, h.people["sara"].No, domain.ChannelSMS)
		h.must(err)
		if len(list) != 11 || list[0].Source != domain.ConsentBySMS || list[0].Words != "ابدأ" {
			t.Errorf("%d changes, %+v", len(list), list[0])
		}
		// A number that two have: a stop counts for both, a start for neither.
		text("+4740000002", "stop")
		if h.consent("tom") != domain.ConsentOut || h.consent("uma") != domain.ConsentOut {
			t.Error("a stop of a number that two have")
		}
		h.answers(1)
		text("+4740000002", "start")
		if h.consent("tom") != domain.ConsentOut || h.consent("uma") != domain.ConsentOut {
			t.Error("a start of a number that two have")
		}
		text("+4740000004", "please stop calling me")
		if h.consent("vera") != domain.ConsentIn {
			t.Error("a sentence is no keyword")
		}
		h.answers(0)
	})
}

// TestReports: they come late, twice and out of order; what has arrived stays so.
func TestReports(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		delivery := h.say("sara", domain.ChannelSMS)
		state := func() domain.DeliveryState {
			rows, err := h.store.Deliveries(t.Context(), h.org.ID, domain.Seen{All: true}, domain.DeliveryQuery{Person: h.people["sara"].ID, Limit: 10})
			h.must(err)
			return rows[0].State
		}
		for _, r := range []sms.Report{{ProviderID: delivery, Failed: true, Code: "dlr 2"}, {ProviderID: delivery, Delivered: true}, {ProviderID: delivery, Failed: true, Code: "dlr 2"}, {ProviderID: delivery, Delivered: true}, {ProviderID: delivery, Failed: true, Code: "dlr 16"}} {
			h.must(h.Report(t.Context(), h.org.ID, "kannel", r))
		}
		if state() != domain.DeliveryDelivered {
			t.Errorf("it is %s", state())
		}
		if err := h.Report(t.Context(), h.org.ID, "kannel", sms.Report{ProviderID: "unknown", Delivered: true}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("of one that is not known: %v", err)
		}
		other, _, err := h.store.EnsureOrganisation(t.Context(), "south", "South")
		h.must(err)
		if err := h.Report(t.Context(), other.ID, "kannel", sms.Report{ProviderID: delivery, Failed: true, Code: "x"}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("of another organisation's: %v", err)
		}
	})
}

// TestSeveralByNewestSMS offers an answer from a number that two have to the one who was written to last.
func TestSeveralByNewestSMS(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		for i, who := range []string{"uma", "tom", "uma"} {
			h.say(who, domain.ChannelSMS)
			h.must(h.ReceiveSMS(t.Context(), h.org, "test", sms.Received{ID: fmt.Sprint(i), From: "+4740000002", Text: "ok"}))
			page, err := h.List(t.Context(), h.staff, 10, "")
			h.must(err)
			if s := page.Inbound[len(page.Inbound)-1].Suggestions; len(s) != 2 || s[0].Name != who {
				t.Errorf("after an SMS to %s: %+v", who, s)
			}
		}
	})
}

// TestPicturesAndBytes: what is no text leaves a sign, and can be assigned.
func TestPicturesAndBytes(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelSMS)
		for i, r := range []sms.Received{{From: "+4740000001", Pictures: 2}, {From: "+4740000001", Text: "see", Pictures: 1}, {From: "+4740000009", Pictures: 2}, {From: "+4740000001", Bytes: []byte{0, 255}}, {}} {
			if i < 4 {
				r.ID = fmt.Sprint(i)
			}
			h.must(h.ReceiveSMS(t.Context(), h.org, "test", r))
		}
		same(t, "sara said", h.said("sara"), "Pool||[2 pictures, not taken]|", "Pool||see\n\n[1 picture, not taken]|")
		same(t, "waiting", h.waiting(), "unknown: [2 pictures, not taken]", "not_text: [2 bytes, not a text: 00ff]", "unknown: [no text]")
		page, err := h.List(t.Context(), h.staff, 10, "")
		h.must(err)
		for _, u := range page.Inbound {
			_, err := h.Assign(t.Context(), h.staff, u.ID, h.people["vera"].ID)
			h.must(err)
		}
		if n := len(h.said("vera")); n != 3 {
			t.Errorf("%d of 3 can be assigned", n)
		}
	})
}

// TestProviderStops: an opt-out that the provider knows of ends the consent: told with an SMS, as the answer to one
// of ours, or in a report. Nothing is answered: the provider has.
func TestProviderStops(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.must(h.ReceiveSMS(t.Context(), h.org, "twilio", sms.Received{ID: "1", From: "+4740000001", Text: "Nei takk", Says: sms.Stop}))
		if h.consent("sara") != domain.ConsentOut {
			t.Error("told with an SMS")
		}
		h.answers(0)
		first := h.say("vera", domain.ChannelSMS)
		h.must(h.Report(t.Context(), h.org.ID, "kannel", sms.Report{ProviderID: first, Failed: true, OptedOut: true, Code: "21610", Detail: "unsubscribed"}))
		if h.consent("vera") != domain.ConsentOut {
			t.Error("told in a report")
		}
		h.must(h.Report(t.Context(), h.org.ID, "kannel", sms.Report{ProviderID: first, Failed: true, OptedOut: true, Code: "21610", Detail: "unsubscribed"}))
		list, err := h.store.Consents(t.Context(), h.org.ID, h.people["vera"].No, domain.ChannelSMS)
		h.must(err)
		if len(list) != 2 || list[0].Source != domain.ConsentByProvider {
			t.Errorf("%+v", list)
		}
		h.keys++
		groups, err := h.store.Addressee(t.Context(), h.org.ID, h.people["tom"].No)
		h.must(err)
		_, err = h.Write(t.Context(), h.org.ID, domain.NewMessage{Actor: h.staff.Ref(), ActorNo: h.staff.No, Seen: domain.Seen{All: true}, Person: h.people["tom"].ID, Key: "key-of-tom-1", Hash: []byte{1},
			Body: "Can you?", Group: groups.Groups[0].Group, Channels: []domain.Channel{domain.ChannelSMS}})
		h.must(err)
		claimed, err := h.store.ClaimDeliveries(t.Context(), domain.ChannelSMS, h.clock.Now().Add(time.Minute), h.clock.Now().Add(time.Hour), 10)
		h.must(err)
		entries, err := h.store.RecordDeliveries(t.Context(), h.clock.Now(), []domain.DeliveryResult{{Delivery: claimed[0], State: domain.DeliveryFailed, Address: "+4740000002", OptedOut: true, Reason: string(domain.ReasonOptedOut), Consumed: true}})
		h.must(err)
		if h.consent("tom") != domain.ConsentOut || h.consent("uma") != domain.ConsentOut || len(entries) != 3 {
			t.Errorf("told as an answer to ours: %s, %s, %d entries", h.consent("tom"), h.consent("uma"), len(entries))
		}
	})
}

// bounded lets a writer through a number of times.
type bounded map[string]int

func (b bounded) Allow(_ domain.OrganisationID, writer string) (bool, time.Duration) {
	b[writer]--
	return b[writer] >= 0, time.Minute
}

// smsOf is an SMS of Sara's.
func smsOf(id, text string) sms.Received {
	return sms.Received{ID: id, From: "+4740000001", To: "1234", Text: text}
}

// TestDiscardMany: several are discarded with one note; what was dealt with meanwhile stays, and one that never came in
// discards none.
func TestDiscardMany(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		for i := range 4 {
			h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: fmt.Sprint(i), From: "+4740009999", To: "1234", Text: fmt.Sprint("spam ", i)}))
		}
		page, err := h.List(t.Context(), h.staff, 10, "")
		h.must(err)
		var ids []string
		for _, in := range page.Inbound {
			ids = append(ids, in.ID)
		}
		h.must(h.Discard(t.Context(), h.staff, ids[0], "spam"))
		if _, err := h.DiscardMany(t.Context(), h.staff, []string{ids[1], "0198c0de-0000-7000-8000-000000000000"}, "spam"); !fault.Is(err, fault.Invalid) || fault.Public(err).Field != "ids[1]" {
			t.Errorf("one that never came in: %v", err)
		}
		for name, ids := range map[string][]string{"none": nil, "too many": make([]string, 201)} {
			if _, err := h.DiscardMany(t.Context(), h.staff, ids, ""); err == nil || fault.Public(err).Field != "ids" {
				t.Errorf("%s: %v", name, err)
			}
		}
		same(t, "waiting", h.waiting(), "unknown: spam 1", "unknown: spam 2", "unknown: spam 3")
		n, err := h.DiscardMany(t.Context(), h.staff, ids[:3], "spam")
		h.must(err)
		if n != 2 {
			t.Errorf("%d were discarded", n)
		}
		same(t, "waiting", h.waiting(), "unknown: spam 3")
		if _, err := h.DiscardMany(t.Context(), domain.Actor{Organisation: h.org.ID, Role: domain.RoleInvigilator}, ids, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an invigilator: %v", err)
		}
	})
}
