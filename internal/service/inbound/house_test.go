package inbound_test

import (
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
	"crier/internal/journal"
	"crier/internal/service/delivery"
	"crier/internal/service/inbound"
	"crier/internal/testkit"
	"crier/store"
	"crier/store/storetest"
)

func TestMain(m *testing.M) {
	testkit.Template(storetest.Template)
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
		Sealer: cursor.NewSealer(h.store.SealKey()), Clock: h.clock, Log: zerolog.Nop(), Limits: domain.Limits{Subject: 200, Body: 4000}, KeepOriginals: keep,
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
func (h *house) Write(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) (journal.Sent, error) {
	h.mu.Lock()
	fail := h.fail
	h.mu.Unlock()
	if fail != nil {
		return journal.Sent{}, fail
	}
	sent, err := h.store.SendMessages(ctx, org, []domain.NewMessage{m})
	if err != nil {
		return journal.Sent{}, err
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
	rows, err := h.store.Deliveries(h.t.Context(), h.org.ID, domain.Seen{All: true}, domain.DeliveryQuery{Limit: 100})
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
	return h.addresses.Reply(email.Reply{Organisation: int64(h.org.ID), Person: int64(h.people[who].No), Sent: h.clock.Now()})
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
		if e.Kind != journal.KindMessageSent || e.Actor.ID != string(h.people[who].ID) {
			continue
		}
		m, err := journal.MessageOf(e)
		h.must(err)
		files := ""
		for _, f := range m.Attachments {
			files += "+" + f.Name
		}
		group := ""
		if m.Exam != "" {
			group = m.Text.GroupName
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
