package inbound_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"crier/internal/blob"
	"crier/internal/channel"
	"crier/internal/channel/email"
	"crier/internal/channel/mailin"
	"crier/internal/channel/sms"
	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/service/delivery"
	"crier/internal/service/inbound"
	"crier/internal/testkit"
	"crier/store"
)

func TestMain(m *testing.M) {
	testkit.Main(m, func() error { return goleak.Find() })
}

// house is an organisation with Sara and Tom in a pool that is open for replies, and a service over it. Writing goes
// straight to the store.
type house struct {
	*inbound.Service
	t         *testing.T
	store     *store.Store
	blobs     *blob.Folder
	clock     *clock.Fixed
	org       domain.Organisation
	staff     domain.Actor
	pool      domain.GroupID
	people    map[string]domain.Person
	addresses email.Addresses

	mu       sync.Mutex
	fail     error           // what writing fails with
	answered map[string]bool // by delivery
	took     []string
	keys     int
}

func both(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))) })
	t.Run("postgres", func(t *testing.T) { fn(t, newHouse(t, testkit.Postgres(t))) })
}

func anywhere(field string) string { return field }

func newHouse(t *testing.T, dsn string) *house {
	t.Helper()
	h := &house{t: t, clock: clock.NewFixed(time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC)), people: map[string]domain.Person{}, answered: map[string]bool{}}
	var err error
	h.store, err = store.Open(t.Context(), store.Options{DSN: dsn, Clock: h.clock, Log: zerolog.Nop(), Number: sms.Number})
	h.must(err)
	t.Cleanup(func() { h.must(h.store.Close()) })
	h.must(h.store.Migrate(t.Context()))
	h.blobs = blob.NewFolder(filepath.Join(t.TempDir(), "files"))
	t.Cleanup(func() { h.must(h.blobs.Close()) })
	h.addresses = email.Addresses{Domain: "mail.example.org", ReplyPrefix: email.ReplyPrefix, BouncePrefix: email.BouncePrefix, Tokens: email.NewTokens(h.store.SealKey())}
	h.org, _, err = h.store.EnsureOrganisation(t.Context(), "north", "North")
	h.must(err)
	by := domain.System(h.org.ID)
	name, state := "Pool", domain.EnrolmentApplied
	_, _, err = h.store.UpsertGroups(t.Context(), by, []domain.GroupSpec{{Where: anywhere, Kind: domain.KindJob, ExternalID: "P", Name: &name}})
	h.must(err)
	var people []domain.PersonSpec
	var in []domain.EnrolmentSpec
	for id, phone := range map[string]string{"sara": "+4740000001", "tom": "+4740000002", "uma": "+4740000002", "vera": "+4740000004"} {
		mail := id + "@example.org"
		people = append(people, domain.PersonSpec{Where: anywhere, ExternalID: id, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: id, Email: &mail, Phone: &phone,
			SMSConsent: &domain.ConsentSpec{State: domain.ConsentIn, Words: domain.ConsentWords}})
		in = append(in, domain.EnrolmentSpec{Where: anywhere, Kind: domain.KindJob, Exam: "P", Person: id, State: &state})
	}
	_, _, err = h.store.UpsertPeople(t.Context(), by, people)
	h.must(err)
	_, _, err = h.store.UpsertEnrolments(t.Context(), by, in)
	h.must(err)
	h.people, err = h.store.PeopleByExternalID(t.Context(), h.org.ID, []string{"sara", "tom", "uma", "vera"})
	h.must(err)
	h.staff = domain.Actor{Organisation: h.org.ID, Kind: domain.ActorPerson, ID: "staff", No: 99, Name: "Ines", Role: domain.RolePlanner}
	h.Service = inbound.New(inbound.Options{
		Store: h.store, Writer: h, Intake: h, Blobs: h.blobs, Addresses: h.addresses, Answers: map[domain.Channel]bool{domain.ChannelEmail: true, domain.ChannelSMS: true},
		Sealer: cursor.NewSealer(h.store.SealKey()), Clock: h.clock, Log: zerolog.Nop(), Limits: domain.Limits{Subject: 200, Body: 4000}, Committed: func(*domain.Entry) {}, KeepOriginals: keep,
	})
	h.Start(t.Context())
	t.Cleanup(h.Stop)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// Write implements inbound.Writer.
func (h *house) Write(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) (domain.Sent, error) {
	h.mu.Lock()
	fail := h.fail
	h.mu.Unlock()
	if fail != nil {
		return domain.Sent{}, fail
	}
	sent, err := h.store.SendMessages(ctx, org, []domain.NewMessage{m})
	if err != nil {
		return domain.Sent{}, err
	}
	return sent[0], sent[0].Err
}

// TakeIn implements inbound.Intake; it refuses what is called .exe.
func (h *house) TakeIn(ctx context.Context, actor domain.Actor, name string, size int64, body io.Reader) (domain.AttachmentID, error) {
	if strings.HasSuffix(name, ".exe") {
		return "", fault.Field("file", "this kind of file is not taken")
	}
	b, err := io.ReadAll(body)
	if err != nil || int64(len(b)) != size {
		return "", errors.New("other bytes than announced")
	}
	h.mu.Lock()
	h.keys++
	f := domain.StoredFile{Attachment: domain.Attachment{ID: domain.AttachmentID(fmt.Sprint("file-", h.keys)), Name: name, Type: "text/plain", Size: size}, Organisation: actor.Organisation, Person: actor.No,
		Uploader: actor.ID, Offset: domain.FileComing, CreatedAt: h.clock.Now()}
	h.took = append(h.took, name+":"+string(b))
	h.mu.Unlock()
	if err := h.store.AddFile(ctx, f, 50); err != nil {
		return "", err
	}
	return f.ID, h.store.FinishFile(ctx, f)
}

// answers returns the automatic answers that were queued since it was last called, as they would go out, and fails unless they are n.
func (h *house) answers(n int) (out []channel.Outgoing) {
	h.t.Helper()
	rows, err := h.store.Deliveries(h.t.Context(), h.org.ID, domain.DeliveryQuery{Limit: 100})
	h.must(err)
	for _, r := range rows {
		if r.Kind != domain.DeliverAnswer || h.answered[r.ID] {
			continue
		}
		h.answered[r.ID] = true
		letters, err := h.store.Letters(h.t.Context(), []domain.Delivery{r.Delivery})
		h.must(err)
		letters[0].Standing.Enabled = map[domain.Channel]bool{r.Channel: true}
		v := letters[0].Judge(h.clock.Now())
		if v.Reason != "" {
			h.t.Errorf("an answer does not go: %s", v.Reason)
		}
		o, err := delivery.Plain{}.Compose(h.t.Context(), &letters[0], v.Address)
		h.must(err)
		if !o.Automatic {
			h.t.Errorf("an answer that does not say it is automatic: %+v", o)
		}
		out = append(out, o)
	}
	if len(out) != n {
		h.t.Errorf("%d answers, want %d: %+v", len(out), n, out)
	}
	return out
}

// say has staff write to somebody, with copies, and returns the delivery's id.
func (h *house) say(who string, c domain.Channel) string {
	h.t.Helper()
	h.keys++
	groups, err := h.store.Addressee(h.t.Context(), h.org.ID, h.people[who].No)
	h.must(err)
	h.pool = groups.Groups[0].Group
	return h.sayIn(who, h.pool, c)
}

// sayNowhere is say in no group's name: of somebody who is in several.
func (h *house) sayNowhere(who string, c domain.Channel) {
	h.t.Helper()
	h.keys++
	h.sayIn(who, "", c)
}

func (h *house) sayIn(who string, group domain.GroupID, c domain.Channel) string {
	h.t.Helper()
	_, err := h.Write(h.t.Context(), h.org.ID, domain.NewMessage{Actor: h.staff.Ref(), ActorNo: h.staff.No, Seen: domain.Seen{All: true}, Person: h.people[who].ID, Key: fmt.Sprint("key-of-", h.keys), Hash: []byte{1},
		Body: "Can you?", Group: group, Channels: []domain.Channel{c}})
	h.must(err)
	list, err := h.store.ClaimDeliveries(h.t.Context(), c, h.clock.Now().Add(time.Minute), h.clock.Now().Add(time.Hour), 10)
	h.must(err)
	for _, d := range list {
		if d.Person == h.people[who].No {
			h.must(h.record(domain.DeliveryResult{Delivery: d, State: domain.DeliverySent, Address: h.people[who].Email, Provider: "kannel", ProviderID: d.ID, Attempt: &domain.Attempt{At: h.clock.Now(), Outcome: domain.OutcomeAccepted}, Consumed: true}))
			return d.ID
		}
	}
	h.t.Fatalf("no delivery to %s", who)
	return ""
}

func (h *house) record(r domain.DeliveryResult) error {
	_, err := h.store.RecordDeliveries(h.t.Context(), h.clock.Now(), []domain.DeliveryResult{r})
	return err
}

// mail brings a mail to an address.
func (h *house) mail(to, raw string) error {
	h.t.Helper()
	m, err := mailin.Parse([]byte(raw))
	h.must(err)
	return h.Receive(h.t.Context(), mailin.Envelope{From: "envelope@example.org", To: to, Raw: []byte(raw), Mail: m})
}

func (h *house) reply(who string) string {
	return h.addresses.Reply(int64(h.org.ID), int64(h.people[who].No))
}

// said are the messages somebody wrote, oldest first, as "group|via|subject|body|files".
func (h *house) said(who string) []string {
	h.t.Helper()
	head, err := h.store.Head(h.t.Context(), h.org.ID)
	h.must(err)
	var out []string
	entries, err := h.store.Entries(h.t.Context(), h.org.ID, 0, int(head))
	h.must(err)
	for _, e := range entries {
		if e.Kind != domain.EntryMessageSent || e.Actor.ID != string(h.people[who].ID) {
			continue
		}
		m, err := domain.MessageOf(e)
		h.must(err)
		files := ""
		for _, f := range m.Attachments {
			files += "+" + f.Name
		}
		group := ""
		if m.Exam != "" {
			group = m.Text.ExamName
		}
		out = append(out, group+"|"+m.Text.Subject+"|"+m.Text.Body+"|"+files)
	}
	return out
}

// waiting are those in Unmatched, as "why: body".
func (h *house) waiting() []string {
	h.t.Helper()
	page, err := h.List(h.t.Context(), h.staff, 100, "")
	h.must(err)
	var out []string
	for _, u := range page.Inbound {
		out = append(out, string(u.Why)+": "+u.Body)
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %q, want %q", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %q, want %q", what, got[i], want[i])
		}
	}
}

func mailFrom(from, id, header, body string) string {
	return "From: " + from + "\r\nMessage-ID: <" + id + ">\r\nSubject: Re: Shift\r\n" + header + "\r\n" + body
}

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
			"another database's":  email.Addresses{Domain: "mail.example.org", ReplyPrefix: "reply+", Tokens: email.NewTokens([]byte("another key, of another database"))}.Reply(int64(h.org.ID), 1),
			"a reply as a bounce": strings.Replace(to, "reply+", "bounce+", 1),
		} {
			if h.Known(address) {
				t.Errorf("%s: known", name)
			}
			if err := h.mail(address, mailFrom("sara@example.org", "6@x", "", "hi")); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		gone := h.addresses.Reply(999999, 1)
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
		same(t, "waiting", h.waiting(), "closed: Why?", "closed: Please!", "auto: News", "closed: No answer please", "closed: Again")
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
				rows, err := h.store.Deliveries(t.Context(), h.org.ID, domain.DeliveryQuery{Person: p.ID, Limit: 10})
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
			rows, err := h.store.Deliveries(t.Context(), h.org.ID, domain.DeliveryQuery{Person: h.people["sara"].ID, Limit: 10})
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

// TestOriginal: what came in can be read as it came, byte by byte.
func TestOriginal(t *testing.T) {
	h := newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
	raw := mailFrom("evil@example.org", "1@x", "", "bytes \xff\x00 and all")
	h.must(h.mail(h.reply("sara"), raw))
	page, err := h.List(t.Context(), h.staff, 1, "")
	h.must(err)
	in, err := h.store.Inbound(t.Context(), h.org.ID, page.Inbound[0].ID)
	h.must(err)
	r, err := h.blobs.Get(t.Context(), in.Raw, 0, -1)
	h.must(err)
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, []byte(raw)) {
		t.Errorf("%q %v", b, err)
	}
}
