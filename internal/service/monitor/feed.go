package monitor

import (
	"context"
	"slices"
	"sync"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// The live feed: entries and presence become events for the staff who watch a
// test on this node. Each event goes to the topic of the whole test and to one topic
// per room, which holds that room's part alone: an invigilator of one room hears
// nothing of another. What names nobody goes to a topic that those of all rooms share.

const (
	gather     = 250 * time.Millisecond // presence changes of this long travel together
	sendings   = time.Second            // at most one "sendings changed" per test in this time
	lists      = 2 * time.Second        // at most one "groups changed" per organisation in this time
	changeMost = 100                    // changes in one frame: they must fit 16 KiB
)

// Change is a new presence of one person.
type Change struct {
	No       domain.PersonNo
	Presence domain.Presence
	At       time.Time
}

type watchKey struct {
	org  domain.OrganisationID
	exam domain.ExamID
}

// feed is the state of the live feed.
type feed struct {
	s      *Service
	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	watches map[watchKey]*watch
	rosters map[domain.OrganisationID]*rosters // of organisations where something changed
}

// rosters is what an organisation's lists of tests, groups and people are to be told.
type rosters struct {
	changed bool
	toldAt  time.Time
}

// watch is one test that somebody on this node watches.
type watch struct {
	count    int                               // watchers
	roster   map[domain.PersonNo]domain.Placed // nil: to be read
	version  int                               // how often the roster changed
	enrolled bool                              // that it changed is not yet told
	facts    bool                              // the test's own facts changed, not yet told
	changed  map[domain.PersonNo]Change        // presence not yet told
	sent     bool                              // sendings changed, not yet told
	sentAt   time.Time                         // when it was told last
}

func (f *feed) init(s *Service) {
	f.s, f.wake, f.watches = s, make(chan struct{}, 1), map[watchKey]*watch{}
	f.rosters = map[domain.OrganisationID]*rosters{}
}

// Watch returns the topics of the test that the actor may hear, and the func that ends
// the watching; call it once. Errors: Forbidden, NotFound, Unavailable.
func (s *Service) Watch(ctx context.Context, actor domain.Actor, exam domain.ExamID) (topics []string, end func(), err error) {
	rooms, err := reach(actor, exam)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.Store.Exam(ctx, actor.Organisation, exam); err != nil {
		return nil, nil, err
	}
	topics = []string{wide(exam)}
	if rooms != nil {
		topics = []string{partly(exam)}
		for _, r := range rooms {
			topics = append(topics, narrow(exam, r))
		}
	}
	k := watchKey{actor.Organisation, exam}
	s.feed.watch(k)
	// Read now, so that a room which empties later is still told of it.
	if _, err := s.roster(ctx, k); err != nil {
		s.feed.unwatch(k)
		return nil, nil, err
	}
	return topics, func() { s.feed.unwatch(k) }, nil
}

func (f *feed) watch(k watchKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.watches[k]
	if w == nil {
		w = &watch{changed: map[domain.PersonNo]Change{}}
		f.watches[k] = w
	}
	w.count++
}

func (f *feed) unwatch(k watchKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.watches[k]; w != nil {
		if w.count--; w.count <= 0 {
			delete(f.watches, k)
		}
	}
}

func wide(exam domain.ExamID) string             { return "test:" + string(exam) }
func partly(exam domain.ExamID) string           { return "test:" + string(exam) + "/rooms" }
func narrow(exam domain.ExamID, r string) string { return "test:" + string(exam) + "/room:" + r }

// PresenceChanged takes in who came and went, from the hub. It does not wait.
func (s *Service) PresenceChanged(org domain.OrganisationID, changes []Change) {
	f := &s.feed
	f.mu.Lock()
	for k, w := range f.watches {
		if k.org == org {
			for _, c := range changes {
				w.changed[c.No] = c
			}
		}
	}
	f.mu.Unlock()
	f.nudge()
}

// Entry takes in one followed entry of an organisation's journal. It does not wait.
func (s *Service) Entry(e *journal.Entry) {
	f := &s.feed
	k := watchKey{e.Organisation, e.Group}
	switch p := e.Event().(type) {
	case *journal.ProgressChanged:
		s.progress(e, p)
	case *journal.EnrolmentsUpserted:
		f.moved(k, p.People)
	case *journal.AssignmentChanged:
		f.moved(k, []domain.PersonNo{p.Person})
	case *journal.ExamsUpserted:
		f.provisioned(e.Organisation, idsOf(p.Exams, func(r journal.ExamRecord) domain.GroupID { return r.ID }), nil)
	case *journal.GroupsUpserted:
		f.provisioned(e.Organisation, idsOf(p.Groups, func(r journal.GroupRecord) domain.GroupID { return r.ID }), nil)
	case *journal.PeopleUpserted:
		f.provisioned(e.Organisation, nil, p.People)
	case *journal.ScopesChanged: // who attends which room
		f.mu.Lock()
		if w := f.watches[k]; w != nil {
			w.facts = true
		}
		f.mu.Unlock()
		f.nudge()
	case *journal.BroadcastSent, *journal.BroadcastTold, *journal.BroadcastUntold, *journal.ReceiptsRecorded, *journal.DeliveriesRecorded:
		f.mu.Lock()
		for o, w := range f.watches {
			if o == k || e.Group == "" && o.org == e.Organisation {
				w.sent = true
			}
		}
		f.mu.Unlock()
		f.nudge()
	}
}

// idsOf are the ids of records.
func idsOf[R any](records []R, id func(R) domain.GroupID) []domain.GroupID {
	out := make([]domain.GroupID, len(records))
	for i, r := range records {
		out[i] = id(r)
	}
	return out
}

// moved takes in that people entered or left a group.
func (f *feed) moved(k watchKey, people []domain.PersonNo) {
	f.mu.Lock()
	if w := f.watches[k]; w != nil {
		w.roster, w.enrolled = nil, true
		w.version++
	}
	f.sitters(k, people)
	f.listsChanged(k.org)
	f.mu.Unlock()
	f.nudge()
}

// sitters notes that candidates of watched tests entered or left another group, which the live list
// can be filtered by. f.mu is held.
func (f *feed) sitters(of watchKey, people []domain.PersonNo) {
	for k, w := range f.watches {
		if k.org != of.org || k == of || w.enrolled {
			continue
		}
		w.enrolled = slices.ContainsFunc(people, func(no domain.PersonNo) bool {
			_, sits := w.roster[no]
			return sits
		})
	}
}

// provisioned takes in that tests, groups or people themselves changed.
func (f *feed) provisioned(org domain.OrganisationID, groups []domain.GroupID, people []journal.PersonRecord) {
	f.mu.Lock()
	defer f.nudge()
	defer f.mu.Unlock()
	for _, id := range groups {
		if w := f.watches[watchKey{org, id}]; w != nil {
			w.facts = true
		}
	}
	for k, w := range f.watches { // names that a list shows
		if k.org == org && slices.ContainsFunc(people, func(r journal.PersonRecord) bool {
			_, sits := w.roster[r.No]
			return sits
		}) {
			w.enrolled = true
		}
	}
	f.listsChanged(org)
}

// listsChanged notes that lists of tests, groups and people are old. f.mu is held.
func (f *feed) listsChanged(org domain.OrganisationID) {
	if f.rosters[org] == nil {
		f.rosters[org] = &rosters{}
	}
	f.rosters[org].changed = true
}

// progress tells of candidates who started or submitted.
func (s *Service) progress(e *journal.Entry, p *journal.ProgressChanged) {
	s.feed.mu.Lock()
	_, watched := s.feed.watches[watchKey{e.Organisation, e.Group}]
	s.feed.mu.Unlock()
	if !watched {
		return
	}
	type change struct {
		Person   domain.PersonID `json:"person"`
		Progress domain.Progress `json:"progress"`
		At       time.Time       `json:"at"`
	}
	var all []placed[change]
	for _, c := range p.Changes {
		all = append(all, placed[change]{c.Room, change{c.ID, c.Progress, c.At}})
	}
	publish(s, "progress", watchKey{e.Organisation, e.Group}, all)
}

// placed is a change and the room it concerns.
type placed[T any] struct {
	room   string
	change T
}

// publish sends changes to the whole test's topic, and to each room's its own.
func publish[T any](s *Service, kind string, k watchKey, all []placed[T]) {
	topics := map[string][]T{}
	for _, p := range all {
		topics[wide(k.exam)] = append(topics[wide(k.exam)], p.change)
		topics[narrow(k.exam, p.room)] = append(topics[narrow(k.exam, p.room)], p.change)
	}
	for topic, changes := range topics {
		for len(changes) > 0 {
			n := min(len(changes), changeMost)
			s.Publisher.Publish(k.org, topic, map[string]any{"type": kind, "test": k.exam, "changes": changes[:n]})
			changes = changes[n:]
		}
	}
}

// everyone sends an event that names nobody to all who watch the test: once, however many
// rooms they hear.
func (s *Service) everyone(k watchKey, event any) {
	s.Publisher.Publish(k.org, wide(k.exam), event)
	s.Publisher.Publish(k.org, partly(k.exam), event)
}

// roster returns who sits a watched test and where, read once per change.
func (s *Service) roster(ctx context.Context, k watchKey) (map[domain.PersonNo]domain.Placed, error) {
	f := &s.feed
	f.mu.Lock()
	w := f.watches[k]
	if w == nil || w.roster != nil {
		defer f.mu.Unlock()
		if w == nil {
			return nil, nil
		}
		return w.roster, nil
	}
	version := w.version
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	list, err := s.Store.RosterOf(ctx, k.org, k.exam)
	if err != nil {
		return nil, err
	}
	roster := make(map[domain.PersonNo]domain.Placed, len(list))
	for _, p := range list {
		roster[p.No] = p
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.version == version { // else it changed while it was read
		w.roster = roster
	}
	return roster, nil
}
