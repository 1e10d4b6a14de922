package inbound_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/channel/email"
	"crier/internal/channel/mailin"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/inbound"
)

const mailFromAddress = "crier@mail.example.org"

// strict is the service of a house with a mail server in front, addresses that expire, and budgets.
func (h *house) strict(limiter inbound.Limiter) *inbound.Service {
	return inbound.New(inbound.Options{
		Store: h.store, Writer: h, Intake: h, Blobs: h.blobs, Addresses: h.addresses, Answers: map[domain.Channel]bool{}, Sealer: cursor.NewSealer(h.store.SealKey()), Clock: h.clock, Log: zerolog.Nop(),
		Limits: domain.Limits{Subject: 200, Body: 4000}, Limiter: limiter,
		MailFrom: mailFromAddress, AuthServer: "mx.example.org", ReplyFor: 90 * 24 * time.Hour,
	})
}

func bring(t *testing.T, s *inbound.Service, to, raw string, relayed bool) error {
	t.Helper()
	m, err := mailin.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Known(to) {
		t.Fatalf("%s is not known", to)
	}
	return s.Receive(t.Context(), mailin.Envelope{From: "envelope@example.org", To: to, Relayed: relayed, Raw: []byte(raw), Mail: m})
}

const vouched = "Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\r\n"

// TestUnverifiedSenders marks messages whose sender the mail server in front does not vouch for.
func TestUnverifiedSenders(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		s := h.strict(nil)
		h.say("sara", domain.ChannelEmail)
		marked := func(header string, relayed bool) bool {
			t.Helper()
			h.keys++
			h.must(bring(t, s, h.reply("sara"), header+mailFrom("sara@example.org", fmt.Sprint("v", h.keys, "@x"), "", fmt.Sprint("text ", h.keys)), relayed))
			head, err := h.store.Head(t.Context(), h.org.ID)
			h.must(err)
			entries, err := h.store.Entries(t.Context(), h.org.ID, head-1, 1)
			h.must(err)
			item, err := journal.ItemOf(entries[0], journal.ItemContext{Person: h.people["sara"].No, ID: h.people["sara"].ID, Seal: func(int64) domain.ItemID { return "x" }})
			h.must(err)
			return item.Unverified
		}
		for name, c := range map[string]struct {
			header  string
			relayed bool
			want    bool
		}{
			"vouched for":           {vouched, true, false},
			"nothing said":          {"", true, true},
			"failed":                {strings.ReplaceAll(vouched, "pass", "fail"), true, true},
			"another server":        {strings.ReplaceAll(vouched, "mx.", "evil."), true, true},
			"brought by a stranger": {vouched, false, true},
		} {
			if got := marked(c.header, c.relayed); got != c.want {
				t.Errorf("%s: marked %v, want %v", name, got, c.want)
			}
		}
		// What waits is marked too, and stays so once it is assigned.
		h.must(bring(t, s, h.reply("sara"), mailFrom("eve@example.org", "eve@x", "", "I am Sara"), true))
		page, err := s.List(t.Context(), h.staff, 10, "")
		h.must(err)
		if len(page.Inbound) != 1 || !page.Inbound[0].Unverified {
			t.Fatalf("%+v", page)
		}
		item, err := s.Assign(t.Context(), h.staff, page.Inbound[0].ID, h.people["sara"].ID)
		h.must(err)
		if !item.Unverified {
			t.Error("assigning verifies nobody")
		}
	})
}

// TestAddressesExpire: what comes to an address that is too old waits for staff, with the reason and the person.
func TestAddressesExpire(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		s := h.strict(nil)
		h.say("sara", domain.ChannelEmail)
		to := h.reply("sara")
		h.clock.Advance(89 * 24 * time.Hour)
		h.must(bring(t, s, to, mailFrom("sara@example.org", "1@x", "", "in time"), true))
		h.clock.Advance(48 * time.Hour)
		h.must(bring(t, s, to, mailFrom("sara@example.org", "2@x", "", "late"), true))
		h.must(bring(t, s, h.reply("sara"), mailFrom("sara@example.org", "3@x", "", "to a newer one"), true))
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|in time|", "Pool|Re: Shift|to a newer one|")
		page, err := s.List(t.Context(), h.staff, 10, "")
		h.must(err)
		if len(page.Inbound) != 1 || page.Inbound[0].Why != domain.WhyExpired || len(page.Inbound[0].Suggestions) != 1 || page.Inbound[0].Suggestions[0].Name != "sara" {
			t.Errorf("%+v", page)
		}
	})
}

// TestAnswersTheirMessage: an address stands for one message, and so for its group.
func TestAnswersTheirMessage(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		s := h.strict(nil)
		delivery := h.say("sara", domain.ChannelEmail)
		offset, err := h.store.DeliveredMessage(t.Context(), h.org.ID, h.people["sara"].No, delivery)
		h.must(err)
		to := h.addresses.Reply(email.Reply{Organisation: int64(h.org.ID), Person: int64(h.people["sara"].No), Message: offset, Sent: h.clock.Now()})
		h.must(bring(t, s, to, mailFrom("sara@example.org", "1@x", "", "Yes"), true))
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|Yes|")
	})
}

// TestBouncesNameTheirRecipient: a bounce of another address marks nothing, and waits.
func TestBouncesNameTheirRecipient(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		s := h.strict(nil)
		to := h.addresses.Bounce(int64(h.org.ID), h.say("sara", domain.ChannelEmail))
		report := func(id, recipients string) string {
			return "From: MAILER-DAEMON@mx.example.org\r\nMessage-ID: <" + id + "@x>\r\nSubject: Undelivered\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
				"--b\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n" + recipients + "\r\n--b--\r\n"
		}
		state := func() string {
			p, err := h.store.Correspondent(t.Context(), h.org.ID, h.people["sara"].No)
			h.must(err)
			return p.EmailState
		}
		failed := func(field, address string) string {
			return field + ": rfc822; " + address + "\r\nAction: failed\r\nStatus: 5.1.1\r\n"
		}
		h.must(bring(t, s, to, report("1", failed("Final-Recipient", "tom@example.org")), true))
		h.must(bring(t, s, to, report("2", failed("Final-Recipient", "tom@example.org")+"\r\nFinal-Recipient: rfc822; sara@example.org\r\nAction: delayed\r\n"), true))
		if state() != "" {
			t.Fatal("a bounce of another address has marked hers")
		}
		page, err := s.List(t.Context(), h.staff, 10, "")
		h.must(err)
		if len(page.Inbound) != 1 || page.Inbound[0].Why != domain.WhyRecipient {
			t.Errorf("%+v", page)
		}
		h.must(bring(t, s, to, report("3", failed("Final-Recipient", "SARA@example.org")), true))
		if state() != "bounced" {
			t.Error("her own bounce is not heard")
		}
	})
}

// TestMailBudget: over the writing limit a mail is told to come again and nothing of it is kept; others cannot use up a
// candidate's budget.
func TestMailBudget(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		sara := string(h.people["sara"].ID)
		s := h.strict(bounded{sara: 2, "others to " + sara: 1})
		h.say("sara", domain.ChannelEmail)
		write := func(id, from string) error {
			return bring(t, s, h.reply("sara"), mailFrom(from, id+"@x", "", "mail "+id), true)
		}
		h.must(write("1", "eve@example.org"))
		for _, id := range []string{"2", "3"} {
			if err := write(id, "eve@example.org"); !fault.Is(err, fault.RateLimited) {
				t.Errorf("eve's mail %s: %v", id, err)
			}
		}
		h.must(write("4", "sara@example.org"))
		h.must(write("5", "sara@example.org"))
		if err := write("6", "sara@example.org"); !fault.Is(err, fault.RateLimited) {
			t.Errorf("over the limit: %v", err)
		}
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|mail 4|", "Pool|Re: Shift|mail 5|")
		same(t, "waiting", h.waiting(), "forged: mail 1")
		// A provider of SMS does not come again: what is too much is kept, and waits; a STOP always counts.
		h.must(s.ReceiveSMS(t.Context(), h.org, "test", smsOf("1", "one more")))
		h.must(s.ReceiveSMS(t.Context(), h.org, "test", smsOf("2", "STOP")))
		same(t, "waiting", h.waiting(), "forged: mail 1", "limit: one more")
		if h.consent("sara") != domain.ConsentOut {
			t.Error("a STOP over the limit is not obeyed")
		}
	})
}

// TestMailToOurOwnAddress: a new mail to the address that ours come from is taken: into the conversation of its
// author if the mail server in front vouches for them, else it waits.
func TestMailToOurOwnAddress(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		s := h.strict(nil)
		h.say("sara", domain.ChannelEmail)
		h.say("tom", domain.ChannelEmail)
		write := func(id, header, from string) {
			t.Helper()
			h.must(bring(t, s, strings.ToUpper(mailFromAddress), header+mailFrom(from, id+"@x", "", "mail "+id), true))
		}
		write("1", vouched, "sara@example.org")
		write("2", "", "sara@example.org")
		write("3", vouched, "nobody@example.org")
		write("4", "Auto-Submitted: auto-replied\r\n", "sara@example.org")
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|mail 1|")
		same(t, "waiting", h.waiting(), "unverified: mail 2", "unknown: mail 3", "auto: mail 4")
		if h.Known(mailFromAddress) {
			t.Error("a server that sends from nowhere knows the address")
		}
		// With a second organisation, what nobody here knows is refused, and what one knows is its own.
		south, _, err := h.store.EnsureOrganisation(t.Context(), "south", "South")
		h.must(err)
		m := mailFrom("stranger@example.net", "5@x", "", "hello")
		if err := bring(t, s, mailFromAddress, m, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("of somebody whom no organisation knows: %v", err)
		}
		write("6", "", "tom@example.org")
		other := h.staff
		other.Organisation = south.ID
		page, err := s.List(t.Context(), other, 10, "")
		h.must(err)
		if len(page.Inbound) != 0 {
			t.Errorf("the south sees %+v", page.Inbound)
		}
		same(t, "waiting", h.waiting(), "unverified: mail 2", "unknown: mail 3", "auto: mail 4", "unverified: mail 6")
	})
}

// TestAutomaticAnswers: an absence from a sender who is vouched for stands in the conversation, wherever it was sent to, and
// makes nothing unread; nobody waits, and nothing comes back from the archive. Whatever nobody vouches for waits for staff.
func TestAutomaticAnswers(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		s := h.strict(nil)
		delivery := h.say("sara", domain.ChannelEmail)
		away := func(id, to, header, from string) {
			t.Helper()
			h.must(bring(t, s, to, header+mailFrom(from, id+"@x", "Auto-Submitted: auto-replied\r\n", "away "+id), true))
		}
		bounce := h.addresses.Bounce(int64(h.org.ID), delivery)
		before := h.row("sara")
		if _, _, err := h.store.MarkConversations(t.Context(), h.staff, domain.MarkArchived, time.Time{}, []domain.PersonNo{h.people["sara"].No}); err != nil {
			t.Fatal(err)
		}
		away("1", h.reply("sara"), vouched, "sara@example.org")
		away("2", bounce, vouched, "sara@example.org")
		away("3", mailFromAddress, vouched, "sara@example.org")
		away("3", mailFromAddress, vouched, "sara@example.org") // a second time
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|away 1|", "Pool|Re: Shift|away 2|", "Pool|Re: Shift|away 3|")
		if now := h.row("sara"); now.Unread || !now.LastReceived.IsZero() || !now.WaitingSince.IsZero() || !now.Archived || now.Processed != before.Processed {
			t.Errorf("it is not quiet: %+v", now)
		}
		same(t, "waiting", h.waiting())
		away("4", h.reply("sara"), "", "sara@example.org")
		away("5", bounce, "", "sara@example.org")
		away("6", h.reply("sara"), vouched, "tom@example.org")
		away("7", bounce, vouched, "tom@example.org")
		same(t, "waiting", h.waiting(), "auto: away 4", "auto: away 5", "auto: away 6", "auto: away 7")
		h.answers(0)
	})
}

// row is how somebody's conversation stands for staff.
func (h *house) row(who string) domain.ConversationView {
	h.t.Helper()
	no := h.people[who].No
	rows, err := h.store.ConversationRows(h.t.Context(), h.org.ID, h.staff.No, domain.Seen{All: true}, []domain.PersonNo{no})
	h.must(err)
	r := rows[no]
	return r.View(domain.Offline, func(int64) domain.ItemID { return "" })
}
