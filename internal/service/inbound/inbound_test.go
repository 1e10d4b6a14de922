package inbound_test

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crier/internal/channel/email"
	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/fault"
)

func TestMail(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		delivery := h.say("sara", domain.ChannelEmail)
		to := h.reply("sara")
		raw := mailFrom("Sara <SARA@example.org>", "1@example.org", "In-Reply-To: <"+delivery+"@mail.example.org>\r\n", "Yes.\r\n\r\nOn 5/5/26 10:12, North wrote:\r\n> Can you?\r\n")
		for range 3 { // told again, or replayed
			h.must(h.mail(strings.ToUpper(to[:1])+to[1:], raw))
		}
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|Yes.|")
		// What names nothing that it answers belongs to the newest mail, since she may not begin.
		h.must(h.mail(to, mailFrom("sara@example.org", "2@example.org", "", "And another thing.")))
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|Yes.|", "Pool|Re: Shift|And another thing.|")
		// Files, one of which is refused, and a text longer than a message.
		long := strings.Repeat("word ", 1000)
		h.must(h.mail(to, mailFrom("sara@example.org", "3@example.org", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nReferences: <"+delivery+"@mail.example.org>\r\n",
			"--b\r\nContent-Type: text/plain\r\n\r\n"+long+"\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nA\r\n--b\r\nContent-Type: text/plain; name=virus.exe\r\nContent-Disposition: attachment\r\n\r\nB\r\n--b--\r\n")))
		said := h.said("sara")
		last := said[len(said)-1]
		if !strings.Contains(last, "[Not taken: virus.exe (this kind of file is not taken)]") || !strings.HasSuffix(last, "|+message.txt+a.txt") || len(last) > 4100 {
			t.Errorf("%q", last)
		}
		if !strings.HasPrefix(h.took[0], "message.txt:word word") || len(h.took[0]) < 4900 {
			t.Errorf("the whole text: %.60q", h.took[0])
		}
		same(t, "waiting", h.waiting())
		h.answers(0)
	})
}

// TestMailWithInvisibleCharacters: an address with characters that nobody sees is the person's, and a mail of such
// characters alone is empty.
func TestMailWithInvisibleCharacters(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		to := h.reply("sara")
		h.must(h.mail(to, mailFrom("Sara <sara@example.org\u200b>", "1@example.org", "", "Yes.")))
		h.must(h.mail(to, mailFrom("sara@example.org", "2@example.org", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", "\u200b\u2800\r\n")))
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|Yes.|", "Pool|Re: Shift|Re: Shift|")
		same(t, "waiting", h.waiting())
	})
}

// TestMailThatIsNotTheirs: whoever knows an address is not yet the person, and whoever is the person cannot make one.
func TestMailThatIsNotTheirs(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		to := h.reply("sara")
		h.must(h.mail(to, mailFrom("tom@example.org", "1@evil", "", "I am Sara")))
		h.must(h.mail(to, mailFrom("\"sara@example.org\" <evil@example.org>", "2@evil", "", "I am Sara too")))
		h.must(h.mail(to, mailFrom("sara@example.org, evil@example.org", "3@evil", "", "we are Sara")))
		h.must(h.mail(to, mailFrom("sara@example.org", "4@evil", "Auto-Submitted: auto-replied\r\n", "I am away")))
		h.must(h.mail(to, mailFrom("sara@example.org", "5@evil", "", "")))
		same(t, "waiting", h.waiting(), "forged: I am Sara", "forged: I am Sara too", "forged: we are Sara", "auto: I am away")
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|Re: Shift|")
		for name, address := range map[string]string{
			"altered": to[:8] + string('a'+(to[8]-'a'+1)%26) + to[9:], "without a token": "reply+@mail.example.org", "another domain": strings.Replace(to, "mail.", "evil.", 1),
			"another database's":  email.Addresses{Domain: "mail.example.org", ReplyPrefix: "reply+", Tokens: email.NewTokens([]byte("another key, of another database"))}.Reply(email.Reply{Organisation: int64(h.org.ID), Person: 1, Sent: h.clock.Now()}),
			"a reply as a bounce": strings.Replace(to, "reply+", "bounce+", 1),
		} {
			if h.Known(address) {
				t.Errorf("%s: known", name)
			}
			if err := h.mail(address, mailFrom("sara@example.org", "6@x", "", "hi")); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		gone := h.addresses.Reply(email.Reply{Organisation: 999999, Person: 1, Sent: h.clock.Now()})
		if err := h.mail(gone, mailFrom("sara@example.org", "7@x", "", "hi")); !fault.Is(err, fault.NotFound) {
			t.Errorf("an organisation that is no more: %v", err)
		}
		h.answers(0)
	})
}

// TestClosed: who may not write is told so once a day; staff may put it into the conversation all the same.
func TestClosed(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		state := domain.EnrolmentDeclined
		_, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org.ID), []domain.EnrolmentSpec{{Where: anywhere, Kind: domain.KindJob, Exam: "P", Person: "sara", State: &state}})
		h.must(err)
		to := h.reply("sara")
		h.must(h.mail(to, mailFrom("sara@example.org", "1@x", "", "Why?")))
		if a := h.answers(1); a[0].Address != "sara@example.org" || a[0].InReplyTo != "1@x" || a[0].ReplyTo != "" {
			t.Errorf("%+v", a)
		}
		h.must(h.mail(to, mailFrom("sara@example.org", "1@x", "", "Why?")))
		h.must(h.mail(to, mailFrom("sara@example.org", "2@x", "", "Please!")))
		h.must(h.mail(to, mailFrom("sara@example.org", "3@x", "Precedence: bulk\r\n", "News")))
		h.answers(0)
		h.clock.Advance(25 * time.Hour)
		h.must(h.mail(to, mailFrom("sara@example.org", "4@x", "X-Auto-Response-Suppress: All\r\n", "No answer please")))
		h.answers(0)
		h.clock.Advance(25 * time.Hour)
		h.must(h.mail(to, mailFrom("sara@example.org", "5@x", "", "Again")))
		h.answers(1)
		same(t, "waiting", h.waiting(), "closed: Why?", "closed: Please!", "closed: News", "closed: No answer please", "closed: Again")
		same(t, "sara said", h.said("sara"))
		page, err := h.List(t.Context(), h.staff, 1, "")
		h.must(err)
		if len(page.Inbound) != 1 || page.Next == "" || len(page.Inbound[0].Suggestions) != 1 || page.Inbound[0].Suggestions[0].Name != "sara" {
			t.Fatalf("%+v", page)
		}
		rest, err := h.List(t.Context(), h.staff, 100, page.Next)
		h.must(err)
		if len(rest.Inbound) != 4 || rest.Next != "" {
			t.Errorf("%+v", rest)
		}
		item, err := h.Assign(t.Context(), h.staff, page.Inbound[0].ID, h.people["sara"].ID)
		h.must(err)
		if item.Body != "Why?" || item.Direction != "in" {
			t.Errorf("%+v", item)
		}
		if _, err := h.Assign(t.Context(), h.staff, page.Inbound[0].ID, h.people["tom"].ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("assigned twice: %v", err)
		}
		same(t, "sara said", h.said("sara"), "|Re: Shift|Why?|")
		invigilator := domain.Actor{Organisation: h.org.ID, Kind: domain.ActorPerson, ID: "x", No: 98, Role: domain.RoleInvigilator}
		if _, err := h.List(t.Context(), invigilator, 1, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an invigilator: %v", err)
		}
	})
}

// TestDeclinedEverywhere: who was turned down wherever they applied answers nothing by mail or SMS, not
// even what was written to them in no group's name; what they sent waits, and staff may still place it.
func TestDeclinedEverywhere(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		enrol := func(job string, state domain.EnrolmentState) {
			t.Helper()
			_, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org.ID), []domain.EnrolmentSpec{{Where: anywhere, Kind: domain.KindJob, Exam: job, Person: "sara", State: &state}})
			h.must(err)
		}
		name := "Second job"
		_, _, err := h.store.UpsertGroups(t.Context(), domain.System(h.org.ID), []domain.GroupSpec{{Where: anywhere, Kind: domain.KindJob, ExternalID: "Q", Name: &name}})
		h.must(err)
		enrol("Q", domain.EnrolmentApplied)
		for _, c := range []domain.Channel{domain.ChannelEmail, domain.ChannelSMS} {
			h.sayNowhere("sara", c)
		}
		answer := func(id string) {
			t.Helper()
			h.must(h.mail(h.reply("sara"), mailFrom("sara@example.org", id+"@x", "", "mail "+id)))
			h.must(h.ReceiveSMS(t.Context(), h.org, "kannel", sms.Received{ID: id, From: "+4740000001", To: "1234", Text: "sms " + id}))
		}
		enrol("P", domain.EnrolmentDeclined)
		answer("1")
		same(t, "while one application is open", h.said("sara"), "|Re: Shift|mail 1|", "||sms 1|")
		enrol("Q", domain.EnrolmentDeclined)
		answer("2")
		same(t, "sara said", h.said("sara"), "|Re: Shift|mail 1|", "||sms 1|")
		same(t, "waiting", h.waiting(), "closed: mail 2", "closed: sms 2")
		page, err := h.List(t.Context(), h.staff, 10, "")
		h.must(err)
		for _, in := range page.Inbound {
			if _, err := h.Assign(t.Context(), h.staff, in.ID, h.people["sara"].ID); err != nil {
				t.Errorf("placed by staff: %v", err)
			}
		}
	})
}

// TestStoreAway: what could not be made a message is kept, comes again, and is there once.
func TestStoreAway(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say("sara", domain.ChannelEmail)
		to, raw := h.reply("sara"), mailFrom("sara@example.org", "1@x", "", "Yes")
		h.fail = fault.New(fault.Unavailable, "away")
		if err := h.mail(to, raw); !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
		same(t, "at once", h.waiting())
		h.clock.Advance(domain.InboundPendingTime + time.Second)
		same(t, "after a while staff see it", h.waiting(), "pending: Yes")
		h.fail = nil
		h.must(h.mail(to, raw))
		h.must(h.mail(to, raw))
		same(t, "waiting", h.waiting())
		same(t, "sara said", h.said("sara"), "Pool|Re: Shift|Yes|")
	})
}

func dsn(action, status string) string {
	return "From: MAILER-DAEMON@mx.example.org\r\nMessage-ID: <" + action + status + "@mx>\r\nSubject: Undelivered\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=R\r\n\r\n" +
		"--R\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; sara@example.org\r\nAction: " + action + "\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; " + status + " sorry\r\n\r\n--R--\r\n"
}

func TestBounces(t *testing.T) {
	for _, c := range []struct {
		name, action, status string
		state                domain.DeliveryState
		marked               string
	}{
		{"unknown", "failed", "5.1.1", domain.DeliveryFailed, "bounced"},
		{"full", "failed", "5.2.2", domain.DeliveryFailed, ""},
		{"given up", "failed", "4.4.7", domain.DeliveryFailed, ""},
		{"late", "delayed", "4.4.1", domain.DeliverySent, ""},
		{"arrived", "delivered", "2.0.0", domain.DeliveryDelivered, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, func(t *testing.T, h *house) {
				delivery := h.say("sara", domain.ChannelEmail)
				back := h.addresses.Bounce(int64(h.org.ID), delivery)
				for range 2 {
					h.must(h.mail(back, dsn(c.action, c.status)))
				}
				h.must(h.mail(back, mailFrom("sara@example.org", "vacation", "Auto-Submitted: auto-replied\r\n", "I am away")))
				p, err := h.store.Correspondent(t.Context(), h.org.ID, h.people["sara"].No)
				h.must(err)
				if p.EmailState != c.marked {
					t.Errorf("the address is %q, want %q", p.EmailState, c.marked)
				}
				rows, err := h.store.Deliveries(t.Context(), h.org.ID, domain.Seen{All: true}, domain.DeliveryQuery{Person: p.ID, Limit: 10})
				h.must(err)
				if len(rows) != 1 || rows[0].State != c.state {
					t.Errorf("%+v, want %s", rows, c.state)
				}
				same(t, "waiting", h.waiting(), "auto: I am away")
				h.answers(0)
			})
		})
	}
}

// TestOriginal: what came in can be read as it came, byte by byte.
func TestOriginal(t *testing.T) {
	h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
	raw := mailFrom("evil@example.org", "1@x", "", "bytes \xff\x00 and all")
	h.must(h.mail(h.reply("sara"), raw))
	page, err := h.List(t.Context(), h.staff, 1, "")
	h.must(err)
	in, err := h.store.Inbound(t.Context(), h.org.ID, domain.Seen{All: true}, page.Inbound[0].ID)
	h.must(err)
	r, err := h.blobs.Get(t.Context(), in.Raw, 0, -1)
	h.must(err)
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, []byte(raw)) {
		t.Errorf("%q %v", b, err)
	}
}
