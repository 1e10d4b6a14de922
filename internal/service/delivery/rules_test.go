package delivery_test

import (
	"testing"
	"time"

	"crier/internal/channel"
	"crier/internal/domain"
	"crier/internal/service/delivery"
)

// quiet are the hours from one before noon to two after, in UTC.
func quiet(p *domain.PersonSpec) {
	from, to, zone := 11*60, 14*60, "UTC"
	p.QuietFrom, p.QuietTo, p.TimeZone = &from, &to, &zone
}

// TestPlan names each reason that staff can see before they send, and follows what happens between planning and claiming: somebody says stop, an address
// bounces, someone leaves, someone is locked.
func TestPlan(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		none, bad := "", "12"
		h.add(8, func(i int, p *domain.PersonSpec) {
			switch i {
			case 1:
				p.Email, p.Phone = &none, &none
			case 2:
				p.Phone = &bad
			case 3:
				p.SMSConsent = nil
			case 4:
				quiet(p)
			}
		})
		mails, texts := newSender(nil), newSender(nil)
		s := h.service(h.store, map[domain.Channel]channel.Sender{domain.ChannelEmail: mails, domain.ChannelSMS: texts})
		ask := delivery.PlanRequest{People: h.people, Channels: []domain.Channel{domain.ChannelEmail, domain.ChannelSMS}, Body: "Hei", Each: true}
		p, err := s.Plan(t.Context(), h.admin, ask)
		if err != nil {
			t.Fatal(err)
		}
		if p.Counts != (delivery.PlanCounts{People: 8, App: 8, Email: 7, SMS: 5}) || p.SMS.Parts != 5 {
			t.Errorf("counts %+v, %d parts", p.Counts, p.SMS.Parts)
		}
		for i, want := range []domain.ChannelReason{"", domain.ReasonNoAddress, domain.ReasonInvalid, domain.ReasonNoOptIn, domain.ReasonQuietHours, "", "", ""} {
			if got := p.People[i].SMS; got.Reason != want || (want == domain.ReasonQuietHours) != got.Until.Equal(noon.Add(2*time.Hour)) {
				t.Errorf("person %d: %+v, want %q", i, got, want)
			}
		}
		stranger := domain.Actor{Organisation: h.org, Kind: domain.ActorPerson, ID: "x", No: 99, Role: domain.RoleCoordinator}
		if p, err := s.Plan(t.Context(), stranger, ask); err != nil || p.Counts.People != 0 {
			t.Errorf("somebody who sees nobody: %+v %v", p.Counts, err)
		}

		offset := h.send(domain.ChannelEmail, domain.ChannelSMS)
		left, locked := domain.EnrolmentLeft, domain.PersonLocked
		if err := h.store.AddConsent(t.Context(), h.org, domain.System(h.org).Ref(), 6, domain.ConsentRecord{Channel: domain.ChannelSMS, State: domain.ConsentOut, Source: domain.ConsentBySMS, Words: "STOP", At: h.clock.Now().Add(time.Second)}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org), []domain.EnrolmentSpec{{Where: anywhere, Kind: domain.KindPool, Exam: "P", Person: "p00006", State: &left}}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.store.UpsertPeople(t.Context(), domain.System(h.org), []domain.PersonSpec{{Where: anywhere, ExternalID: "p00007", Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "P", State: &locked}}); err != nil {
			t.Fatal(err)
		}
		h.run(map[domain.Channel]channel.Sender{domain.ChannelEmail: mails, domain.ChannelSMS: texts})
		h.until("all is decided", func() bool {
			st := h.states()
			return st[domain.DeliveryWaiting] == 1 && st[domain.DeliverySending] == 0
		})
		want := map[domain.PersonNo]string{1: "", 2: "no_address", 3: "invalid_number", 4: "no_opt_in", 5: "quiet_hours", 6: "opted_out", 7: "left", 8: "blocked"}
		states, err := h.store.SendingStates(t.Context(), h.org, offset)
		if err != nil {
			t.Fatal(err)
		}
		for no, reason := range want {
			if got := states[no][1]; got.Channel != domain.ChannelSMS || got.Reason != reason || (reason == "") != (got.State == domain.DeliverySent) {
				t.Errorf("person %d: %+v, want %q", no, got, reason)
			}
		}
		if n, _ := texts.count(); n != 1 {
			t.Errorf("%d SMS went, want 1", n)
		}
		// The night ends.
		h.clock.Advance(2 * time.Hour)
		h.until("the one who slept", func() bool { n, _ := texts.count(); return n == 2 })
	})
}

// TestEscalation sends an SMS to those who have not read a message in time, and none to those who have.
func TestEscalation(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.add(3, nil)
		if _, err := h.store.ChangeSettings(t.Context(), h.admin, func(s *domain.Settings) { s.EscalateAfter, s.EscalateTo = 30, "sms" }); err != nil {
			t.Fatal(err)
		}
		texts := newSender(nil)
		h.run(map[domain.Channel]channel.Sender{domain.ChannelSMS: texts})
		offset := h.send()
		if _, err := h.store.RecordReceipts(t.Context(), h.org, domain.System(h.org).Ref(), []domain.Mark{{Offset: offset, Person: 2, Displayed: h.clock.Now()}}); err != nil {
			t.Fatal(err)
		}
		if n := h.states()[domain.DeliveryWaiting]; n != 3 {
			t.Fatalf("%d wait, want 3", n)
		}
		h.clock.Advance(30 * time.Minute)
		h.until("two go, one is not needed", func() bool {
			st := h.states()
			return st[domain.DeliverySent] == 2 && st[domain.DeliveryCancelled] == 1
		})
		if r := h.list(domain.DeliveryQuery{State: domain.DeliveryCancelled})[0]; r.Person != 2 || r.Reason != string(domain.ReasonRead) || len(r.Tried) != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// TestCaps keeps an organisation within its own caps, and another out of them.
func TestCaps(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.open("south")
		h.add(10, nil)
		south := h.org
		h.send(domain.ChannelEmail, domain.ChannelSMS)
		h.open("west")
		h.add(10, nil)
		if _, err := h.store.ChangeSettings(t.Context(), h.admin, func(s *domain.Settings) { s.EmailsPerHour, s.SMSPerDay = 4, 3 }); err != nil {
			t.Fatal(err)
		}
		h.send(domain.ChannelEmail, domain.ChannelSMS)
		mails, texts := newSender(nil), newSender(nil)
		s := h.run(map[domain.Channel]channel.Sender{domain.ChannelEmail: mails, domain.ChannelSMS: texts})
		sent := func(org domain.OrganisationID, c domain.Channel) int {
			rows, err := h.store.CountDeliveries(t.Context(), org, domain.Seen{All: true}, domain.DeliveryQuery{Channel: c})
			if err != nil {
				t.Fatal(err)
			}
			return rows[domain.DeliverySent]
		}
		settled := func() bool { return h.states()[domain.DeliverySending] == 0 }
		h.until("south is free, west is capped", func() bool {
			return sent(south, domain.ChannelEmail) == 10 && sent(south, domain.ChannelSMS) == 10 && sent(h.org, domain.ChannelEmail) == 4 && sent(h.org, domain.ChannelSMS) == 3 && settled()
		})
		for _, r := range h.list(domain.DeliveryQuery{State: domain.DeliveryWaiting}) {
			if r.Reason != string(domain.ReasonCap) || !r.DueAt.After(h.clock.Now()) {
				t.Errorf("waits with %q until %v", r.Reason, r.DueAt)
			}
		}
		h.clock.Advance(time.Hour + time.Minute)
		s.Wake()
		h.until("an hour later", func() bool { return sent(h.org, domain.ChannelEmail) == 8 && settled() })
		if n := sent(h.org, domain.ChannelSMS); n != 3 {
			t.Errorf("%d SMS within a day, want 3", n)
		}
		h.clock.Advance(24 * time.Hour)
		s.Wake()
		h.until("a day later", func() bool {
			return sent(h.org, domain.ChannelSMS) == 6 && sent(h.org, domain.ChannelEmail) == 10 && settled()
		})
	})
}

// TestReports follows what providers say later: in any order and as often as they like, each word counts once; a bounce marks the address.
func TestReports(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.add(3, nil)
		h.send(domain.ChannelEmail)
		h.run(map[domain.Channel]channel.Sender{domain.ChannelEmail: newSender(nil)})
		h.until("all go", func() bool { return h.states()[domain.DeliverySent] == 3 })
		rows := h.list(domain.DeliveryQuery{})
		report := func(r domain.DeliveryRow, outcome domain.Outcome) bool {
			t.Helper()
			e, err := h.store.ReportDelivery(t.Context(), domain.DeliveryReport{Organisation: h.org, Provider: "fake", ProviderID: "id-" + r.ID, Outcome: outcome, Code: "c-" + string(outcome), At: h.clock.Now()})
			if err != nil {
				t.Fatal(err)
			}
			return e != nil
		}
		if !report(rows[0], domain.OutcomeDelivered) || report(rows[0], domain.OutcomeDelivered) || report(rows[0], domain.OutcomePermanent) {
			t.Error("what has arrived stays so, and is told once")
		}
		if !report(rows[1], domain.OutcomePermanent) || !report(rows[1], domain.OutcomeDelivered) || report(rows[1], domain.OutcomePermanent) {
			t.Error("what was given up has arrived after all")
		}
		if !report(rows[2], domain.OutcomeBounced) {
			t.Error("a bounce changes nothing")
		}
		if _, err := h.store.ReportDelivery(t.Context(), domain.DeliveryReport{Organisation: h.org, Provider: "fake", ProviderID: "id-x", Outcome: domain.OutcomeDelivered}); err == nil {
			t.Error("a report of what is not known")
		}
		if _, err := h.store.ReportDelivery(t.Context(), domain.DeliveryReport{Organisation: h.org, Provider: "other", ProviderID: "id-" + rows[0].ID, Outcome: domain.OutcomeDelivered}); err == nil {
			t.Error("another provider's report")
		}
		north, people := h.org, h.people
		h.open("south")
		if _, err := h.store.ReportDelivery(t.Context(), domain.DeliveryReport{Organisation: h.org, ID: rows[0].ID, Outcome: domain.OutcomeDelivered}); err == nil {
			t.Error("another organisation's report")
		}
		h.org, h.people = north, people
		h.send(domain.ChannelEmail)
		h.until("the marked address gets nothing", func() bool { return h.states()[domain.DeliverySuppressed] == 1 })
		if r := h.list(domain.DeliveryQuery{State: domain.DeliverySuppressed})[0]; r.Reason != string(domain.ReasonBounced) || r.Person != rows[2].Person {
			t.Errorf("%+v", r)
		}
	})
}
