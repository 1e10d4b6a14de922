package conversation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/conversation"
)

// pages is a publisher that notes what it is given: "topics: event".
type pages struct {
	mu   sync.Mutex
	told []string
	deaf func(topics []string) bool // nobody listens to these; nil: somebody to everything
}

func (p *pages) note(how string, topics []string, event any) {
	b, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, how+strings.Join(topics, " ")+": "+string(b))
}

func (p *pages) PublishAny(_ domain.OrganisationID, topics []string, event any) {
	p.note("", topics, event)
}
func (p *pages) Signal(_ domain.OrganisationID, topics []string, event any) {
	p.note("everywhere ", topics, event)
}
func (p *pages) Listening(_ domain.OrganisationID, topics []string) bool {
	return p.deaf == nil || !p.deaf(topics)
}

// take returns what was told since it was asked last.
func (p *pages) take() []string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.told
	p.told = nil
	return out
}

// files is the store, as far as the live side asks it.
type files struct {
	conversation.Store
	mu     sync.Mutex
	asked  int
	opened int
	slow   chan struct{} // each question waits for this; nil: none does
	err    error
}

func (f *files) TeamStates(ctx context.Context, _ domain.OrganisationID, people []domain.PersonNo) (map[domain.PersonNo]domain.ConversationRow, error) {
	if f.slow != nil {
		select {
		case <-f.slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	out := map[domain.PersonNo]domain.ConversationRow{}
	for _, no := range people {
		out[no] = domain.ConversationRow{Person: no, GivenName: "Now", FamilyName: fmt.Sprint(no), Open: true}
	}
	return out, f.err
}

func (f *files) PersonRefs(_ context.Context, _ domain.OrganisationID, nos []domain.PersonNo) (map[domain.PersonNo]domain.PersonRef, error) {
	out := map[domain.PersonNo]domain.PersonRef{}
	for _, no := range nos {
		out[no] = domain.PersonRef{No: no, ID: domain.PersonID(fmt.Sprint("s", no)), Name: fmt.Sprint("Staff ", no)}
	}
	return out, nil
}

// MessagesAt knows message 8 to p1, which she has on screen.
func (f *files) MessagesAt(_ context.Context, _ domain.OrganisationID, asked [][2]int64) (out []journal.TimelineRow, err error) {
	for _, a := range asked {
		if a == [2]int64{1, 8} {
			out = append(out, journal.TimelineRow{Entry: entry(8, journal.KindMessageSent, "g", journal.MessageSent{Person: 1, PersonID: "p1", PersonName: "Sara", Body: "Room B", Reach: reach}),
				Times: domain.ItemTimes{Displayed: time.Unix(1001, 0).UTC()}})
		}
	}
	return out, nil
}

func (f *files) Originals(_ context.Context, _ domain.OrganisationID, offsets []int64) (map[int64]domain.KeptOriginal, error) {
	return map[int64]domain.KeptOriginal{offsets[0]: {}}, nil
}

func (f *files) DeliveryStates(_ context.Context, _ domain.OrganisationID, _ domain.PersonNo, offsets []int64) (map[int64][]domain.DeliveryView, error) {
	if offsets[0] != 8 {
		return nil, nil
	}
	return map[int64][]domain.DeliveryView{8: {{Channel: domain.ChannelSMS, State: domain.DeliverySent}}}, nil
}

func (f *files) AssignmentsNow(context.Context, domain.OrganisationID, domain.PersonNo, []domain.GroupID) (map[domain.GroupID]domain.AssignmentNow, error) {
	return map[domain.GroupID]domain.AssignmentNow{"g": {State: domain.EnrolmentLeft, Deletion: 5}}, nil
}

func (f *files) SeenCandidates(_ context.Context, _ domain.OrganisationID, _ domain.Seen, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened++
	out := map[domain.PersonID]domain.PersonRef{}
	if ids[0] == "p1" {
		out["p1"] = domain.PersonRef{No: 1, ID: "p1", Name: "Sara"}
	}
	return out, nil
}

func (f *files) Presence(domain.OrganisationID, domain.PersonNo) (domain.Presence, time.Time) {
	return domain.Away, time.Time{}
}

// living runs fn in a bubble with a live side that has started.
func living(t *testing.T, fn func(t *testing.T, l *conversation.Live, p *pages, f *files)) {
	synctest.Test(t, func(t *testing.T) {
		f, p := &files{}, &pages{}
		s := conversation.New(conversation.Options{Store: f, Presence: f, Sealer: cursor.NewSealer(make([]byte, 32)), Clock: clock.System{}, Log: zerolog.Nop()})
		l := conversation.NewLive(s, f, p)
		l.Start(t.Context())
		fn(t, l, p, f)
		l.Stop()
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

var bea = domain.ActorRef{Kind: domain.ActorPerson, ID: "s7", Name: "Bea", Role: domain.RolePlanner}

func entry(offset int64, kind journal.Kind, group domain.GroupID, payload any) *journal.Entry {
	b, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return &journal.Entry{Organisation: 1, Offset: offset, Kind: kind, Group: group, Actor: bea, Payload: b, At: time.Unix(1000, 0).UTC()}
}

var (
	reach = []domain.Place{{Group: "g", Room: "A"}, {Group: "h"}}
	sara  = journal.Reached{Person: 1, PersonID: "p1", Reach: reach}
)

// What each kind of entry is told as, and to whom.
func TestEntriesBecomeFrames(t *testing.T) {
	const wide, mine, loose = "inbox inbox:g inbox:g/A inbox:h: ", "inbox inbox:g inbox:g/A: ", "inbox loose:inbox:g loose:inbox:g/A loose:inbox:h: "
	for name, c := range map[string]struct {
		entry *journal.Entry
		want  []string // each a topic list and parts of the frame
	}{
		"a message of a group": {entry(9, journal.KindMessageSent, "g", journal.MessageSent{Person: 1, PersonID: "p1", PersonName: "Sara", Inbound: true, GroupKind: "test", GroupName: "G", Body: "hi", Reach: reach}),
			[]string{mine + `{"type":"conversation","conversation":"p1","name":"Now 1","item":{"type":"message"|"direction":"in"|"group":{"id":"g","kind":"test","name":"G"}|"body":"hi"|"state":{"processed":"open","archived":false}}`}},
		"a message of none":      {entry(9, journal.KindMessageSent, "", journal.MessageSent{Person: 1, PersonID: "p1", Body: "hi", Reach: reach}), []string{loose + `{"type":"conversation"|"direction":"out"|"state":"queued"`}},
		"of someone in no group": {entry(9, journal.KindMessageSent, "", journal.MessageSent{Person: 1, PersonID: "p1", Body: "hi"}), []string{`inbox: {"type":"conversation"`}},
		"about an assignment": {entry(9, journal.KindMessageSent, "g", journal.MessageSent{Person: 1, PersonID: "p1", Inbound: true, Body: "hi", Reach: reach, About: &domain.About{Kind: domain.AboutUnavailable, Group: "g"}}),
			[]string{mine + `{"type":"conversation"|"about":{"kind":"unavailable"|"state":"left","deletion":"`}},
		"a note with a mention": {entry(9, journal.KindNoteAdded, "", journal.NoteAdded{Person: 1, PersonID: "p1", Body: "look", Mentions: []domain.PersonNo{8}, Reach: reach}), []string{
			loose + `"item":{"type":"note"|"mentions":[{"id":"s8","name":"Staff 8"}]`,
			`person:8: {"type":"mention","conversation":"p1","name":"Now 1","item":"|"by":{"id":"s7","name":"Bea"},"line":"look"}`}},
		"a mark of two": {entry(9, journal.KindConversationMarked, "", journal.ConversationMarked{Mark: domain.MarkArchived, People: []journal.Reached{sara, {Person: 2, PersonID: "p2", Reach: []domain.Place{{Group: "x"}}}}}), []string{
			wide + `"conversation":"p1"|"event":"archived"`, `inbox inbox:x: |"conversation":"p2","name":"Now 2"|"event":"archived"`}},
		"a snooze": {entry(9, journal.KindConversationMarked, "", journal.ConversationMarked{Mark: domain.MarkSnoozed, Until: time.Unix(9000, 0).UTC(), People: []journal.Reached{sara}}), []string{wide + `"event":"snoozed"|"until":"1970-01-01T02:30:00Z"`}},
		"given to a colleague": {entry(9, journal.KindConversationAssigned, "", journal.ConversationAssigned{Reached: sara, To: 8, ToID: "s8", ToName: "Staff 8"}), []string{
			wide + `"event":"assigned"|"to":{"id":"s8","name":"Staff 8"}`, `person:8: {"type":"assigned","conversation":"p1","name":"Now 1","by":{"id":"s7","name":"Bea"}}`}},
		"claimed":               {entry(9, journal.KindConversationAssigned, "", journal.ConversationAssigned{Reached: sara, To: 7, ToID: "s7", Claim: true}), []string{wide + `"event":"claimed"`}},
		"released":              {entry(9, journal.KindConversationAssigned, "", journal.ConversationAssigned{Reached: sara}), []string{wide + `"event":"released"`}},
		"an assignment deleted": {entry(9, journal.KindAssignmentDeleted, "k", journal.AssignmentChanged{Reached: sara, GroupName: "K"}), []string{`inbox inbox:k: |"event":"assignment_deleted"`}},
		"an unavailability added": {entry(9, journal.KindUnavailabilityAdded, "", journal.UnavailabilityAdded{Reached: sara, ID: "u", StartsAt: time.Unix(5000, 0).UTC(), EndsAt: time.Unix(9000, 0).UTC()}), []string{
			loose + `"event":"unavailable"|"starts_at":"1970-01-01T01:23:20Z","until":"1970-01-01T02:30:00Z"`}},
		"an unavailability gone": {entry(9, journal.KindUnavailabilityRemoved, "", journal.UnavailabilityRemoved{Reached: sara, ID: "u"}), []string{loose + `"event":"available"`}},
		"a sending to a test": {&journal.Entry{Organisation: 1, Kind: journal.KindBroadcastSent, Group: "g", Audience: []byte(`[{"room":"A","people":[1]},{"room":"B","people":[2]}]`)},
			[]string{`inbox inbox:g inbox:g/A inbox:g/B: {"type":"conversations","group":"g"}`}},
		"a sending to all": {&journal.Entry{Organisation: 1, Kind: journal.KindBroadcastSent, Audience: []byte(`[{"room":"","people":[1]}]`)}, []string{`staff: {"type":"conversations"}`}},
		"copies of a message went": {entry(9, journal.KindDeliveriesRecorded, "", journal.DeliveriesRecorded{Items: []journal.DeliveryItem{
			{Message: 8, Person: 1, Channel: domain.ChannelSMS}, {Message: 8, Person: 1, Channel: domain.ChannelEmail}, {Message: 8, Person: 1, Channel: domain.ChannelPush}, {Person: 1, Channel: domain.ChannelEmail}}}),
			[]string{mine + `{"type":"conversation","conversation":"p1"|"state":"displayed"|"deliveries":[{"channel":"sms","state":"sent"`}},
		"copies of a sending went": {entry(9, journal.KindDeliveriesRecorded, "", journal.DeliveriesRecorded{Items: []journal.DeliveryItem{{Message: 5, Person: 1, Channel: domain.ChannelSMS}}}),
			[]string{`staff: {"type":"conversations"}`}},
		"what is no conversation's": {entry(9, journal.KindTeamMessage, "g", journal.TeamMessage{Thread: "group:g", Body: "x"}), nil},
		"not JSON":                  {&journal.Entry{Organisation: 1, Kind: journal.KindMessageSent, Payload: []byte("{")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			living(t, func(t *testing.T, l *conversation.Live, p *pages, _ *files) {
				l.Entry(c.entry)
				got := p.take()
				if len(got) != len(c.want) {
					t.Fatalf("%d frames, not %d: %q", len(got), len(c.want), got)
				}
				for i, want := range c.want {
					for at, part := range strings.Split(want, "|") {
						on := wide
						if strings.HasPrefix(part, loose) {
							on = loose
						}
						if rest, ok := strings.CutPrefix(part, on); ok && !strings.HasPrefix(got[i], on) {
							t.Errorf("not told on %s: %s", on, got[i])
						} else if ok {
							part = rest
						}
						if !strings.Contains(got[i], part) || at == 0 && strings.HasPrefix(part, "inbox") && !strings.HasPrefix(got[i], part) {
							t.Errorf("%q is not in %s", part, got[i])
						}
					}
				}
			})
		})
	}
}

func message(offset int64) *journal.Entry {
	return entry(offset, journal.KindMessageSent, "", journal.MessageSent{Person: domain.PersonNo(offset%3 + 1), PersonID: "p", Body: fmt.Sprint("n", offset), Reach: reach})
}

// Entries that come while the store is asked are told together, in their order.
func TestLiveKeepsTheOrder(t *testing.T) {
	living(t, func(t *testing.T, l *conversation.Live, p *pages, f *files) {
		f.slow = make(chan struct{})
		for n := range int64(300) {
			l.Entry(message(n))
		}
		if got := p.take(); len(got) > 0 {
			t.Errorf("told before the state was known: %q", got[0])
		}
		close(f.slow)
		got := p.take()
		if len(got) != 300 {
			t.Fatalf("%d of 300", len(got))
		}
		for n, frame := range got {
			if !strings.Contains(frame, fmt.Sprintf(`"body":"n%d"`, n)) {
				t.Fatalf("%d: %s", n, frame)
			}
		}
		if f.asked > 4 {
			t.Errorf("the store was asked %d times for 300 entries", f.asked)
		}
	})
}

// More than can wait is not told one by one: pages are asked to read again.
func TestLiveIsBounded(t *testing.T) {
	living(t, func(t *testing.T, l *conversation.Live, p *pages, f *files) {
		f.slow = make(chan struct{})
		for n := range int64(10_000) {
			l.Entry(message(n))
		}
		close(f.slow)
		got := p.take()
		last := got[len(got)-1]
		if n := len(got); n < 1000 || n > 5000 || last != `staff: {"type":"conversations"}` {
			t.Errorf("%d frames, the last %s", n, last)
		}
		l.Entry(message(1))
		if got := p.take(); len(got) != 1 || !strings.Contains(got[0], `"n1"`) {
			t.Errorf("afterwards %q", got)
		}
	})
}

// Without the store pages still hear what was written; nobody's listening costs nothing.
func TestLiveWithoutTheStore(t *testing.T) {
	living(t, func(t *testing.T, l *conversation.Live, p *pages, f *files) {
		f.err = errors.New("away")
		f.slow = make(chan struct{}) // hangs
		l.Entry(entry(9, journal.KindMessageSent, "", journal.MessageSent{Person: 1, PersonID: "p1", PersonName: "Sara", Body: "hi"}))
		<-time.After(3 * time.Second)
		if got := p.take(); len(got) != 1 || strings.Contains(got[0], `"state":{`) || !strings.Contains(got[0], `"name":"Sara"`) {
			t.Errorf("%q", got)
		}
		p.deaf = func([]string) bool { return true }
		l.Entry(message(1))
		if got := p.take(); len(got) != 0 || f.asked != 0 {
			t.Errorf("%q, and %d questions", got, f.asked)
		}
	})
}

// The candidate's presence is told to those who have the conversation open, without a question.
func TestPresenceOfOpenConversations(t *testing.T) {
	living(t, func(t *testing.T, l *conversation.Live, p *pages, f *files) {
		planner := domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: "s7", No: 7, Role: domain.RolePlanner}
		change := func() []string {
			l.PresenceChanged(1, []conversation.Change{{No: 1, Presence: domain.Online, At: time.Unix(5, 0).UTC()}, {No: 2, Presence: domain.Online}})
			l.PresenceChanged(2, []conversation.Change{{No: 1, Presence: domain.Online}})
			return p.take()
		}
		if got := change(); got != nil {
			t.Errorf("before it was opened: %q", got)
		}
		one, err := l.Open(t.Context(), planner, "p1")
		two, err2 := l.Open(t.Context(), planner, "p1")
		if err != nil || err2 != nil || one.Person != 1 || one.Presence != domain.Away || f.opened != 2 || f.asked != 0 {
			t.Fatalf("%+v, %v, %v, %d and %d questions", one, err, err2, f.opened, f.asked)
		}
		want := []string{`conversation:1: {"type":"presence","conversation":"p1","presence":"online","at":"1970-01-01T00:00:05Z"}`}
		if got := change(); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		one.End()
		if got := change(); !slices.Equal(got, want) {
			t.Errorf("after one of two was shut %q", got)
		}
		two.End()
		if got := change(); got != nil || f.opened != 2 || f.asked != 0 {
			t.Errorf("after both were shut %q", got)
		}
		for who, code := range map[domain.PersonID]fault.Code{"p2": fault.NotFound, "": fault.NotFound, "\x00": fault.NotFound} {
			if _, err := l.Open(t.Context(), planner, who); !fault.Is(err, code) {
				t.Errorf("%q: %v", who, err)
			}
		}
		if _, err := l.Open(t.Context(), domain.Actor{Organisation: 1, No: 1, Role: domain.RoleCandidate}, "p1"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a candidate: %v", err)
		}
	})
}

// What one has read is told to one's own pages on all nodes, in frames that fit a signal.
func TestReadIsTold(t *testing.T) {
	living(t, func(t *testing.T, l *conversation.Live, p *pages, _ *files) {
		ids := make([]domain.PersonID, 500)
		for i := range ids {
			ids[i] = domain.PersonID(fmt.Sprintf("01a1fd15-a8a9-7432-8797-%012d", i))
		}
		l.Read(1, 7, ids, true)
		told := 0
		for _, frame := range p.take() {
			to, text, _ := strings.Cut(frame, ": ")
			var f struct {
				Type   string
				People []string
				Unread bool
			}
			if err := json.Unmarshal([]byte(text), &f); err != nil || to != "everywhere person:7" || f.Type != "read" || !f.Unread || len(text) > 4<<10 {
				t.Errorf("%s: %d bytes, %v", to, len(text), err)
			}
			told += len(f.People)
		}
		if told != 500 {
			t.Errorf("%d of 500", told)
		}
	})
}

// A candidate's receipts are told to those who have their conversation open here, once an entry, and not what of.
func TestReceiptsAreTold(t *testing.T) {
	living(t, func(t *testing.T, l *conversation.Live, p *pages, f *files) {
		planner := domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: "s7", No: 7, Role: domain.RolePlanner}
		receive := func(org domain.OrganisationID) []string {
			l.Entry(&journal.Entry{Organisation: org, Offset: 9, Kind: journal.KindReceiptsRecorded,
				Payload: json.RawMessage(`{"items":[{"broadcast":5,"state":"delivered","people":[1,2]},{"broadcast":5,"state":"displayed","people":[1]}]}`)})
			return p.take()
		}
		if got := receive(1); got != nil {
			t.Errorf("before it was opened: %q", got)
		}
		one, err := l.Open(t.Context(), planner, "p1")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := receive(1), []string{`conversation:1: {"type":"receipts","conversation":"p1"}`}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if got := receive(2); got != nil {
			t.Errorf("of another organisation: %q", got)
		}
		one.End()
		if got := receive(1); got != nil || f.asked != 0 {
			t.Errorf("after it was shut %q, %d questions to the database", got, f.asked)
		}
	})
}
