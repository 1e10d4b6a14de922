package inbound_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"crier/internal/channel/mailin"
	"crier/internal/channel/sms"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/inbound"
)

// entries are those of a kind, as the journal has them.
func (h *house) entries(kind journal.Kind) []*journal.Entry {
	h.t.Helper()
	head, err := h.store.Head(h.t.Context(), h.org.ID)
	h.must(err)
	list, err := h.store.Entries(h.t.Context(), h.org.ID, 0, int(head))
	h.must(err)
	var out []*journal.Entry
	for _, e := range list {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

func decoded[T any](t *testing.T, e *journal.Entry) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(e.Payload, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (h *house) try(to, raw string) error {
	h.t.Helper()
	m, err := mailin.Parse([]byte(raw))
	h.must(err)
	return h.TryMail(h.t.Context(), h.staff, mailin.Envelope{To: to, Raw: []byte(raw), Mail: m})
}

// TestTrial: what staff type on the Outbox page in somebody's place says so in the journal: as a message, while it waits, once it is
// assigned, and above all as a consent, which it proves nothing of. What comes from outside never says so.
func TestTrial(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		h.say("sara", domain.ChannelSMS)
		ines := domain.PersonName{ID: "staff", Name: "Ines"}
		h.must(h.try(h.reply("sara"), mailFrom("sara@example.org", "1@x", "", "tried by mail")))
		h.must(h.TrySMS(t.Context(), h.staff, sms.Received{ID: "1", From: "+4740000001", To: "1234", Text: "tried by SMS"}))
		h.must(h.try(h.reply("sara"), mailFrom("tom@example.org", "2@x", "", "tried and waiting")))
		h.must(h.mail(h.reply("sara"), mailFrom("sara@example.org", "3@x", "", "meant")))
		page, err := h.List(t.Context(), h.staff, 10, "")
		h.must(err)
		if len(page.Inbound) != 1 || page.Inbound[0].Trial == nil || *page.Inbound[0].Trial != ines {
			t.Fatalf("%+v", page.Inbound)
		}
		item, err := h.Assign(t.Context(), h.staff, page.Inbound[0].ID, h.people["sara"].ID)
		h.must(err)
		if item.Trial == nil || *item.Trial != ines || item.Via != domain.ChannelEmail || item.Original == "" {
			t.Errorf("%+v", item)
		}
		got := map[string]string{}
		for _, e := range h.entries(journal.KindMessageSent) {
			if m := decoded[journal.MessageSent](t, e); m.Inbound {
				by := ""
				if m.Trial != nil {
					by = string(m.Trial.ID) + " " + m.Trial.Name
				}
				got[m.Body] = string(m.Via) + " " + by
			}
		}
		for body, want := range map[string]string{"tried by mail": "email staff Ines", "tried by SMS": "sms staff Ines", "tried and waiting": "email staff Ines", "meant": "email "} {
			if got[body] != want {
				t.Errorf("%s: %q, want %q", body, got[body], want)
			}
		}
		for _, e := range h.entries(journal.KindInboundReceived) {
			if r := decoded[journal.InboundReceived](t, e); r.Trial == nil || *r.Trial != ines {
				t.Errorf("%+v", r)
			}
		}
		h.clock.Advance(time.Second)
		h.must(h.TrySMS(t.Context(), h.staff, sms.Received{ID: "2", From: "+4740000001", To: "1234", Text: "STOP"}))
		h.clock.Advance(time.Second)
		h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: "3", From: "+4740000001", To: "1234", Text: "START"}))
		list, err := h.store.Consents(t.Context(), h.org.ID, h.people["sara"].No, domain.ChannelSMS)
		h.must(err)
		if len(list) != 3 || list[1].Source != domain.ConsentByTrial || list[1].By != "Ines" || list[0].Source != domain.ConsentBySMS || list[0].By != "" {
			t.Errorf("%+v", list)
		}
		changed := h.entries(journal.KindConsentChanged)
		stop, start := changed[len(changed)-2], changed[len(changed)-1]
		if stop.Actor.ID != "staff" || decoded[journal.ConsentChanged](t, stop).Source != domain.ConsentByTrial || start.Actor.ID != string(h.people["sara"].ID) {
			t.Errorf("%+v, %+v", stop.Actor, start.Actor)
		}
		// Nobody tries another organisation's addresses out.
		other, _, err := h.store.EnsureOrganisation(t.Context(), "south", "South")
		h.must(err)
		stranger := h.staff
		stranger.Organisation = other.ID
		m, err := mailin.Parse([]byte(mailFrom("sara@example.org", "9@x", "", "from next door")))
		h.must(err)
		if err := h.TryMail(t.Context(), stranger, mailin.Envelope{To: h.reply("sara"), Mail: m}); !fault.Is(err, fault.NotFound) {
			t.Errorf("from another organisation: %v", err)
		}
	})
}

func all(t *testing.T, o *inbound.Original, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Content.Close()
	b, err := io.ReadAll(o.Content)
	if err != nil || int64(len(b)) != o.Size {
		t.Errorf("%d bytes of %d, %v", len(b), o.Size, err)
	}
	return string(b)
}

// TestOriginalText checks that the whole text of a mail is shown to those who may download it, as long
// as they may, and that messages say whether anything was cut.
func TestOriginalText(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		whole := "Yes, gladly\n\nOn 30 Nov 2026 at 10:12, Hall A <a@example.org> wrote:\n> نعم؟\n> Can you?\n"
		h.must(h.mail(h.reply("sara"), mailFrom("sara@example.org", "1@x", "Content-Type: text/plain; charset=utf-8\n", whole)))
		h.must(h.mail(h.reply("sara"), mailFrom("sara@example.org", "2@x", "", "And one  more thing\n\n\n")))
		h.must(h.mail(h.reply("sara"), mailFrom("evil@example.org", "3@x", "Content-Type: text/plain; charset=utf-8\n", whole)))
		h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: "1", From: "+4740009999", To: "1", Text: "whose?"}))
		sealer := cursor.NewSealer(h.store.SealKey())
		var items []string
		var offsets []int64
		for _, e := range h.entries(journal.KindMessageSent) {
			if m := decoded[journal.MessageSent](t, e); m.Inbound {
				offsets = append(offsets, e.Offset)
				items = append(items, sealer.Seal(int64(h.org.ID), 0, e.Offset))
				if m.Body != "Yes, gladly" && m.Body != "And one  more thing" {
					t.Errorf("%q", m.Body)
				}
			}
		}
		kept, err := h.store.Originals(t.Context(), h.org.ID, offsets)
		h.must(err)
		if len(kept) != 2 || !kept[offsets[0]].Cut || kept[offsets[1]].Cut {
			t.Errorf("%+v", kept)
		}
		got, err := h.MessageOriginalText(t.Context(), h.staff, items[0])
		if want := strings.TrimSpace(whole); err != nil || got.Text != want || !got.Cut {
			t.Errorf("%+v, %v", got, err)
		}
		got, err = h.MessageOriginalText(t.Context(), h.staff, items[1])
		if err != nil || got.Text != "And one  more thing" || got.Cut {
			t.Errorf("%+v, %v", got, err)
		}
		page, err := h.List(t.Context(), h.staff, 10, "")
		h.must(err)
		waits, text := page.Inbound[0], page.Inbound[1]
		if !waits.Cut || text.Cut {
			t.Errorf("%+v, %+v", waits, text)
		}
		got, err = h.OriginalText(t.Context(), h.staff, waits.ID)
		if err != nil || !strings.Contains(got.Text, "> Can you?") || !got.Cut {
			t.Errorf("%+v, %v", got, err)
		}
		stranger := domain.Actor{Organisation: h.org.ID, Kind: domain.ActorPerson, ID: "coord", No: 96, Role: domain.RoleCoordinator, Scopes: []domain.Scope{{Exam: "elsewhere"}}}
		candidate := domain.Actor{Organisation: h.org.ID, Kind: domain.ActorPerson, ID: string(h.people["sara"].ID), No: h.people["sara"].No, Role: domain.RoleCandidate}
		for name, c := range map[string]struct {
			err  error
			want fault.Code
		}{
			"a coordinator of another group": {failure(h.MessageOriginalText(t.Context(), stranger, items[0])), fault.NotFound},
			"a coordinator, what waits":      {failure(h.OriginalText(t.Context(), stranger, waits.ID)), fault.NotFound},
			"the candidate":                  {failure(h.MessageOriginalText(t.Context(), candidate, items[0])), fault.Forbidden},
			"no message":                     {failure(h.MessageOriginalText(t.Context(), h.staff, "nonsense")), fault.NotFound},
			"an SMS":                         {failure(h.OriginalText(t.Context(), h.staff, text.ID)), fault.NotFound},
		} {
			if !fault.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %s", name, c.err, c.want)
			}
		}
		// Given to a candidate by staff it is cut as well.
		item, err := h.Assign(t.Context(), h.staff, waits.ID, h.people["tom"].ID)
		if err != nil || item.Body != "Yes, gladly" || !item.Cut {
			t.Errorf("%+v, %v", item, err)
		}
		h.clock.Advance(keep + time.Hour)
		h.must(h.Sweep(t.Context()))
		_, err = h.MessageOriginalText(t.Context(), h.staff, items[0])
		if !fault.Is(err, fault.Gone) || !strings.Contains(fault.Public(err).Message, "kept for ") {
			t.Errorf("after its time: %v", err)
		}
	})
}

func failure(_ inbound.OriginalText, err error) error { return err }

// TestOriginals: mails are handed out as they came to those who may see their message, or what waits, and to nobody else; for as
// long as is said, but for what waits.
func TestOriginals(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		h.say("sara", domain.ChannelSMS)
		first, second := mailFrom("sara@example.org", "1@x", "", "hers \xff\x00"), mailFrom("evil@example.org", "2@x", "", "not hers")
		h.must(h.mail(h.reply("sara"), first))
		h.must(h.mail(h.reply("sara"), second))
		h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: "1", From: "+4740000001", To: "1234", Text: "an SMS"}))
		h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: "2", From: "+4740009999", To: "1234", Text: "whose?"}))
		sealer := cursor.NewSealer(h.store.SealKey())
		var items []string // the mail's, the SMS's
		for _, e := range h.entries(journal.KindMessageSent) {
			if decoded[journal.MessageSent](t, e).Inbound {
				items = append(items, sealer.Seal(int64(h.org.ID), 0, e.Offset))
			}
		}
		page, err := h.List(t.Context(), h.staff, 10, "")
		h.must(err)
		mail, text := page.Inbound[0], page.Inbound[1]
		if mail.Original != "/api/v1/unmatched/"+mail.ID+"/original" || text.Original != "" {
			t.Errorf("%q, %q", mail.Original, text.Original)
		}
		o, err := h.MessageOriginal(t.Context(), h.staff, items[0])
		if got := all(t, o, err); got != first || o.Name != "mail-20260505-090000.eml" {
			t.Errorf("%q, %s", got, o.Name)
		}
		o, err = h.Original(t.Context(), h.staff, mail.ID)
		if got := all(t, o, err); got != second {
			t.Errorf("%q", got)
		}
		within := func(group domain.GroupID) domain.Actor {
			return domain.Actor{Organisation: h.org.ID, Kind: domain.ActorPerson, ID: "coord", No: 96, Role: domain.RoleCoordinator, Scopes: []domain.Scope{{Exam: group}}}
		}
		other, _, err := h.store.EnsureOrganisation(t.Context(), "south", "South")
		h.must(err)
		south := h.staff
		south.Organisation = other.ID
		candidate := domain.Actor{Organisation: h.org.ID, Kind: domain.ActorPerson, ID: string(h.people["sara"].ID), No: h.people["sara"].No, Role: domain.RoleCandidate}
		if o, err := h.MessageOriginal(t.Context(), within(h.pool), items[0]); all(t, o, err) != first {
			t.Error("a coordinator of the group")
		}
		for name, c := range map[string]struct {
			err  error
			want fault.Code
		}{
			"a coordinator of another group": {errorOf(h.MessageOriginal(t.Context(), within("elsewhere"), items[0])), fault.NotFound},
			"staff next door":                {errorOf(h.MessageOriginal(t.Context(), south, items[0])), fault.NotFound},
			"next door, what waits":          {errorOf(h.Original(t.Context(), south, mail.ID)), fault.NotFound},
			"the candidate":                  {errorOf(h.MessageOriginal(t.Context(), candidate, items[0])), fault.Forbidden},
			"the candidate, what waits":      {errorOf(h.Original(t.Context(), candidate, mail.ID)), fault.Forbidden},
			"a coordinator, what waits":      {errorOf(h.Original(t.Context(), within("elsewhere"), mail.ID)), fault.NotFound},
			"an SMS":                         {errorOf(h.MessageOriginal(t.Context(), h.staff, items[1])), fault.NotFound},
			"an SMS that waits":              {errorOf(h.Original(t.Context(), h.staff, text.ID)), fault.NotFound},
			"no message":                     {errorOf(h.MessageOriginal(t.Context(), h.staff, "nonsense")), fault.NotFound},
			"nothing":                        {errorOf(h.Original(t.Context(), h.staff, "none")), fault.NotFound},
		} {
			if !fault.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %s", name, c.err, c.want)
			}
		}
		// A day before its time nothing goes; after it what is dealt with goes, and what waits stays.
		h.clock.Advance(keep - time.Hour)
		h.must(h.Sweep(t.Context()))
		o, err = h.MessageOriginal(t.Context(), h.staff, items[0])
		_ = all(t, o, err)
		h.clock.Advance(2 * time.Hour)
		in, err := h.store.Inbound(t.Context(), h.org.ID, domain.Seen{All: true}, mail.ID)
		h.must(err)
		kept, err := h.store.OldOriginals(t.Context(), h.clock.Now(), 10)
		h.must(err)
		for range 2 { // as two nodes would
			h.must(h.Sweep(t.Context()))
		}
		if _, err := h.MessageOriginal(t.Context(), h.staff, items[0]); !fault.Is(err, fault.Gone) {
			t.Errorf("after its time: %v", err)
		}
		if len(kept) != 1 {
			t.Fatalf("%+v", kept)
		}
		if _, err := h.blobs.Size(t.Context(), kept[0].Raw); !fault.Is(err, fault.NotFound) {
			t.Errorf("its bytes: %v", err)
		}
		if n, err := h.blobs.Size(t.Context(), in.Raw); err != nil || n != int64(len(second)) {
			t.Errorf("what waits: %d bytes, %v", n, err)
		}
		// It can still be assigned, whole; then its time is up as well.
		if _, err := h.Assign(t.Context(), h.staff, mail.ID, h.people["sara"].ID); err != nil {
			t.Error(err)
		}
		h.must(h.Sweep(t.Context()))
		if _, err := h.Original(t.Context(), h.staff, mail.ID); !fault.Is(err, fault.Gone) {
			t.Errorf("once it is dealt with: %v", err)
		}
		if said := h.said("sara"); len(said) != 3 || !strings.Contains(said[2], "not hers") {
			t.Errorf("the messages stay: %q", said)
		}
	})
}

func errorOf[T any](_ T, err error) error { return err }

// keep is how long the house keeps originals.
const keep = 365 * 24 * time.Hour
