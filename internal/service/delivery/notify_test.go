package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/channel/email"
	"crier/internal/clock"
	"crier/internal/domain"
)

// desks is what a Notifier asks of a database: staff members by number.
type desks struct {
	list    []domain.Notifiable
	replies map[domain.PersonNo]domain.NotifyPayload
	came    map[domain.PersonNo]time.Time
	asked   map[domain.PersonNo]int
	broken  domain.PersonNo
	queued  []domain.PersonNo
	since   time.Time
	refuses bool

	mentioned []domain.Notifiable
	mentions  []domain.Mention
	window    [2]time.Time
	told      []int64
}

func (d *desks) Mentionables(_ context.Context, from, to time.Time) ([]domain.Notifiable, error) {
	d.window = [2]time.Time{from, to}
	return d.mentioned, nil
}

func (d *desks) Mentions(context.Context, domain.OrganisationID, domain.PersonNo, domain.Seen, domain.MentionQuery) ([]domain.Mention, error) {
	return d.mentions, nil
}

func (d *desks) QueueMentions(_ context.Context, _ domain.Notifiable, p domain.MentionPayload, offsets []int64, _ time.Time) (bool, error) {
	if p.Count != len(offsets) {
		return false, errors.New("miscounted")
	}
	d.told = append(d.told, offsets...)
	return !d.refuses, nil
}

func (d *desks) Notifiables(context.Context) ([]domain.Notifiable, error) { return d.list, nil }

func (d *desks) NewReplies(_ context.Context, n domain.Notifiable, _ domain.Seen) (p domain.NotifyPayload, oldest, newest time.Time, err error) {
	d.asked[n.No]++
	if n.No == d.broken {
		return p, oldest, newest, errors.New("away")
	}
	return d.replies[n.No], d.came[n.No], d.came[n.No], nil
}

func (d *desks) QueueNotify(_ context.Context, n domain.Notifiable, _ domain.NotifyPayload, since, _ time.Time) (bool, error) {
	d.queued, d.since = append(d.queued, n.No), since
	return !d.refuses, nil
}

type here map[domain.PersonNo]struct {
	state domain.Presence
	seen  time.Time
}

func (h here) Presence(_ domain.OrganisationID, no domain.PersonNo) (domain.Presence, time.Time) {
	return h[no].state, h[no].seen
}

func TestWhoIsNotified(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	reply := domain.NotifyPayload{UpTo: 9, Count: 1, Conversations: []domain.NotifyConversation{{Person: "p1", Name: "Sara"}}}
	for name, c := range map[string]struct {
		mailed, came, seen time.Time
		state              domain.Presence
		role               domain.Role
		none               bool
		want               bool
	}{
		"first":                        {came: now.Add(-3 * time.Minute), want: true},
		"just now":                     {came: now.Add(-time.Minute)},
		"a mail went 14 minutes ago":   {came: now.Add(-3 * time.Minute), mailed: now.Add(-14 * time.Minute)},
		"a mail went 15 minutes ago":   {came: now.Add(-3 * time.Minute), mailed: now.Add(-15 * time.Minute), want: true},
		"in the pages":                 {came: now.Add(-3 * time.Minute), state: domain.Online},
		"away":                         {came: now.Add(-3 * time.Minute), state: domain.Away, want: true},
		"was in the pages since":       {came: now.Add(-3 * time.Minute), seen: now.Add(-2 * time.Minute)},
		"was in the pages before":      {came: now.Add(-3 * time.Minute), seen: now.Add(-4 * time.Minute), want: true},
		"nothing they have not read":   {came: now.Add(-3 * time.Minute), none: true},
		"a role without conversations": {came: now.Add(-3 * time.Minute), role: "no role"},
	} {
		t.Run(name, func(t *testing.T) {
			role := domain.RoleCoordinator
			if c.role != "" {
				role = c.role
			}
			d := &desks{list: []domain.Notifiable{{Organisation: 1, No: 7, Newest: 9, Mailed: c.mailed, Actor: domain.Actor{Role: role, Kind: domain.ActorPerson}}},
				replies: map[domain.PersonNo]domain.NotifyPayload{7: reply}, came: map[domain.PersonNo]time.Time{7: c.came}, asked: map[domain.PersonNo]int{}}
			if c.none {
				d.replies = nil
			}
			woken := 0
			n := NewNotifier(NotifierOptions{Store: d, Presence: here{7: {c.state, c.seen}}, Clock: clock.NewFixed(now), Log: zerolog.Nop(), Queued: func() { woken++ }})
			got, err := n.Look(t.Context())
			if err != nil || (got == 1) != c.want || (len(d.queued) == 1) != c.want || (woken == 1) != c.want {
				t.Fatalf("%d queued, %v", got, err)
			}
			if c.want && !d.since.Equal(now.Add(-domain.NotifyEvery)) {
				t.Errorf("since %v", d.since)
			}
			if c.none {
				_, _ = n.Look(t.Context())
				if d.asked[7] != 1 {
					t.Errorf("asked %d times of what is known", d.asked[7])
				}
				d.list[0].Newest, d.replies = 10, map[domain.PersonNo]domain.NotifyPayload{7: reply}
				if got, err := n.Look(t.Context()); got != 1 || err != nil {
					t.Errorf("a later reply: %d %v", got, err)
				}
			}
		})
	}
}

// TestWhoIsToldOfMentions: a mail goes to whoever has not been in the pages for five minutes, and sees the note.
func TestWhoIsToldOfMentions(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	note := []domain.Mention{{Offset: 4, Person: domain.PersonRef{ID: "p1", Name: "Sara"}, By: domain.ActorRef{Name: "Kari"}}}
	for name, c := range map[string]struct {
		state domain.Presence
		seen  time.Time
		role  domain.Role
		found []domain.Mention
		want  bool
	}{
		"never seen":                   {found: note, want: true},
		"in the pages":                 {found: note, state: domain.Online},
		"left four minutes ago":        {found: note, seen: now.Add(-4 * time.Minute)},
		"left six minutes ago":         {found: note, seen: now.Add(-6 * time.Minute), want: true},
		"sees the note no more":        {},
		"a role without conversations": {found: note, role: "no role"},
	} {
		role := domain.RoleCoordinator
		if c.role != "" {
			role = c.role
		}
		d := &desks{mentioned: []domain.Notifiable{{Organisation: 1, No: 7, Actor: domain.Actor{Role: role, Kind: domain.ActorPerson}}}, mentions: c.found}
		n := NewNotifier(NotifierOptions{Store: d, Presence: here{7: {c.state, c.seen}}, Clock: clock.NewFixed(now), Log: zerolog.Nop()})
		got, err := n.Look(t.Context())
		if err != nil || (got == 1) != c.want || (len(d.told) == 1) != c.want {
			t.Errorf("%s: %d queued, %v, %v", name, got, d.told, err)
		}
		if d.window != [2]time.Time{now.Add(-domain.MentionFor), now.Add(-domain.MentionAfter)} {
			t.Errorf("%s: looked in %v", name, d.window)
		}
	}
}

// TestMailOfMentions: it names who and where, never what the note says, and can be ended by itself.
func TestMailOfMentions(t *testing.T) {
	m := mails()
	p := domain.MentionPayload{Count: 3, Mentions: []domain.MentionedWhom{{Person: "p1", Name: "Sara", By: "Kari"}}}
	l := letter(domain.DeliverMention, p)
	o, err := m.Compose(t.Context(), l, "ola@example.org")
	if err != nil || !o.Automatic || o.ReplyTo != "" || !strings.Contains(o.Subject, "kollega har nevnt deg") ||
		!strings.Contains(o.Text, "Kari har nevnt deg i et notat om Sara:\nhttps://crier.example.org/staff/messages?open=p1\n") ||
		!strings.Contains(o.Text, "https://crier.example.org/staff/mentions") || !strings.Contains(o.Text, "2") {
		t.Errorf("%+v %v", o, err)
	}
	token := o.Stop[strings.LastIndex(o.Stop, "/")+1:]
	stopped := stopStore{}
	if err := (Stops{Store: &stopped, Tokens: m.Addresses.Tokens}).Stop(t.Context(), token); err != nil || stopped != (stopStore{l.Org.ID, l.Person, domain.NotifyMentions}) {
		t.Errorf("%+v %v", stopped, err)
	}
	l.Payload = []byte("{")
	if _, err := m.Compose(t.Context(), l, "ola@example.org"); err == nil {
		t.Error("a payload that is none")
	}
}

type stopStore struct {
	org        domain.OrganisationID
	no         domain.PersonNo
	preference string
}

func (s *stopStore) StopNotify(_ context.Context, org domain.OrganisationID, no domain.PersonNo, preference string) error {
	*s = stopStore{org, no, preference}
	return nil
}

func TestOneFailureStopsNoOther(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	actor := domain.Actor{Role: domain.RoleCoordinator, Kind: domain.ActorPerson}
	d := &desks{list: []domain.Notifiable{{Organisation: 1, No: 7, Newest: 9, Actor: actor}, {Organisation: 1, No: 8, Newest: 9, Actor: actor}}, broken: 7, asked: map[domain.PersonNo]int{},
		replies: map[domain.PersonNo]domain.NotifyPayload{8: {UpTo: 9, Count: 1}}, came: map[domain.PersonNo]time.Time{}}
	n := NewNotifier(NotifierOptions{Store: d, Presence: here{}, Clock: clock.NewFixed(now), Log: zerolog.Nop()})
	if got, err := n.Look(t.Context()); got != 1 || err == nil || len(d.queued) != 1 || d.queued[0] != 8 {
		t.Errorf("%d %v %v", got, err, d.queued)
	}
	d.refuses, d.broken = true, 0
	if got, err := n.Look(t.Context()); got != 0 || err != nil {
		t.Errorf("another node was first: %d %v", got, err)
	}
}

type blobs map[string]string

func (b blobs) Get(_ context.Context, id string, _, n int64) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(b[id][:n])), nil
}

func mails() Mails {
	return Mails{Link: "https://crier.example.org", Answers: true, Files: blobs{"f1": "bytes"},
		Addresses: email.Addresses{Domain: "mail.example.org", ReplyPrefix: email.ReplyPrefix, BouncePrefix: email.BouncePrefix, Tokens: email.NewTokens(make([]byte, 32))}}
}

const mailID = "01938f2e-7c1a-7d4e-9f00-0123456789ab"

func letter(kind domain.DeliveryKind, payload any) *domain.Letter {
	b, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return &domain.Letter{Delivery: domain.Delivery{ID: mailID, Organisation: 3, Person: 7, Kind: kind, Channel: domain.ChannelEmail, Payload: b}, Org: domain.Organisation{ID: 3, Name: "Nordlys"}, Locale: "nb", Name: "Sara Amin"}
}

func TestMailOfAMessage(t *testing.T) {
	m := mails()
	l := letter(domain.DeliverMessage, nil)
	l.Subject, l.Body, l.SenderName, l.Group.Name = "Rom B", "Kom", "Kari", "R1"
	l.SentAt = time.Date(2026, 5, 5, 10, 12, 0, 0, time.UTC)
	l.Files = []domain.Attachment{{ID: "f1", Name: "kart.pdf", Type: "application/pdf", Size: 5}}
	o, err := m.Compose(t.Context(), l, "sara@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Addresses.Open(o.ReplyTo); err != nil || got != (email.Target{Reply: email.Reply{Organisation: 3, Person: 7, Message: l.Delivery.Offset, Sent: l.SentAt.Truncate(24 * time.Hour)}}) {
		t.Errorf("answers go to %s: %+v %v", o.ReplyTo, got, err)
	}
	if got, err := m.Addresses.Open(o.ReturnTo); err != nil || got != (email.Target{Reply: email.Reply{Organisation: 3}, Delivery: mailID}) {
		t.Errorf("bounces go to %s: %+v %v", o.ReturnTo, got, err)
	}
	if o.MessageID != mailID+"@mail.example.org" || !strings.HasSuffix(o.InReplyTo, "@mail.example.org") || o.Automatic || o.Stop != "" || o.Link != "https://crier.example.org/" || o.Sender != "Kari" || o.About != "R1" {
		t.Errorf("%+v", o)
	}
	if len(o.Files) != 1 || o.Files[0].Link != "https://crier.example.org/files/f1" {
		t.Fatalf("%+v", o.Files)
	}
	r, err := o.Files[0].Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); string(b) != "bytes" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	l.Org.Settings.StaffChatOnly = true
	if o, err = m.Compose(t.Context(), l, "sara@example.org"); err != nil || o.Link != "" || o.Files[0].Link != "" {
		t.Errorf("who never sees the pages gets links: %+v %v", o, err)
	}
	m.Answers = false
	if o, err = m.Compose(t.Context(), l, "sara@example.org"); err != nil || o.ReplyTo != "" || o.ReturnTo != "" {
		t.Errorf("an address that nobody reads: %+v %v", o, err)
	}
}

func TestMailsToStaff(t *testing.T) {
	m := mails()
	p := domain.NotifyPayload{UpTo: 9, Count: 3, Conversations: []domain.NotifyConversation{{Person: "p&1", Name: "Sara Amin"}, {Person: "p2", Name: "Ola"}}}
	o, err := m.Compose(t.Context(), letter(domain.DeliverNotify, p), "kari@example.org")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Sara Amin\nhttps://crier.example.org/staff/messages?open=p%261\n", "Ola\nhttps://crier.example.org/staff/messages?open=p2\n", "og 1 til"} {
		if !strings.Contains(o.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, o.Text)
		}
	}
	if o.Subject != "3 samtaler med nye svar hos Nordlys" || !o.Automatic || o.ReplyTo != "" {
		t.Errorf("%+v", o)
	}
	token := o.Stop[strings.LastIndex(o.Stop, "/")+1:]
	if org, person, err := m.Addresses.Tokens.OpenStop(token); org != 3 || person != 7 || err != nil {
		t.Errorf("%s: %d %d %v", o.Stop, org, person, err)
	}
	p.Count, p.Conversations = 1, p.Conversations[:1]
	if o, err = m.Compose(t.Context(), letter(domain.DeliverNotify, p), "kari@example.org"); err != nil || o.Subject != "Et nytt svar hos Nordlys" || strings.Contains(o.Text, "til\n") {
		t.Errorf("%+v %v", o, err)
	}
	x := domain.ExportPayload{Export: "x1", Expires: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)}
	l := letter(domain.DeliverExport, x)
	l.Org.Settings.TimeZone = "Europe/Oslo"
	if o, err = m.Compose(t.Context(), l, "kari@example.org"); err != nil || !o.Automatic || !strings.Contains(o.Text, "https://crier.example.org/staff/exports?fetch=x1\n") || !strings.Contains(o.Text, "2026-03-04 06:06 CET") || o.Stop != "" {
		t.Errorf("%+v %v", o, err)
	}
	broken := letter(domain.DeliverNotify, nil)
	broken.Payload = []byte("{")
	if _, err := m.Compose(t.Context(), broken, "kari@example.org"); err == nil {
		t.Error("a payload that is none")
	}
}
