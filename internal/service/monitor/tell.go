package monitor

import (
	"context"
	"time"

	"crier/internal/domain"
)

func (f *feed) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Start runs the live feed until Stop. Calling it again has no effect.
func (s *Service) Start(ctx context.Context) {
	f := &s.feed
	if f.done != nil {
		return
	}
	ctx, f.cancel = context.WithCancel(ctx)
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		s.run(ctx)
	}()
}

// Stop ends the live feed. It may be called without Start.
func (s *Service) Stop() {
	if s.feed.done == nil {
		return
	}
	s.feed.cancel()
	<-s.feed.done
}

func (s *Service) run(ctx context.Context) {
	wait := func(d time.Duration) bool {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
			return true
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.feed.wake:
		}
		if !wait(gather) { // what happens in the next moment travels along
			return
		}
		failed := s.tell(ctx)
		if failed && !wait(sendings) {
			return
		}
	}
}

// due is what one watched test has to be told.
type due struct {
	k       watchKey
	changed map[domain.PersonNo]Change

	enrolled, facts, sent bool
}

// tell publishes what has gathered. What the store's absence keeps it from telling
// is kept for the next time.
func (s *Service) tell(ctx context.Context) (failed bool) {
	list, orgs, later := s.feed.take(s.Clock.Now())
	for _, org := range orgs {
		s.Publisher.Publish(org, domain.StaffTopic, map[string]any{"type": "groups"})
	}
	for _, d := range list {
		roster, err := s.roster(ctx, d.k)
		if err != nil {
			if ctx.Err() == nil {
				s.Log.Warn().Err(err).Msg("read the roster of a watched test")
			}
			s.feed.putBack(d)
			failed, later = true, true
			continue
		}
		if d.facts {
			s.everyone(d.k, map[string]any{"type": "test", "test": d.k.exam})
		}
		if d.enrolled {
			s.everyone(d.k, map[string]any{"type": "enrolment", "test": d.k.exam})
		}
		if len(d.changed) > 0 {
			s.tellPresence(d.k, roster, d.changed)
		}
		if d.sent {
			s.everyone(d.k, map[string]any{"type": "broadcasts", "test": d.k.exam})
		}
	}
	if later {
		s.feed.nudge()
	}
	return failed
}

// take takes what is to be told now; later says that something has to wait.
func (f *feed) take(now time.Time) (list []due, orgs []domain.OrganisationID, later bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, w := range f.watches {
		d := due{k: k, changed: w.changed, enrolled: w.enrolled, facts: w.facts, sent: w.sent && now.Sub(w.sentAt) >= sendings}
		if d.sent {
			w.sent, w.sentAt = false, now
		}
		later = later || w.sent
		if !d.sent && !d.enrolled && !d.facts && len(d.changed) == 0 {
			continue
		}
		w.enrolled, w.facts, w.changed = false, false, map[domain.PersonNo]Change{}
		list = append(list, d)
	}
	for org, r := range f.rosters {
		switch due := now.Sub(r.toldAt) >= lists; {
		case r.changed && due:
			r.changed, r.toldAt = false, now
			orgs = append(orgs, org)
		case r.changed:
			later = true
		case due:
			delete(f.rosters, org)
		}
	}
	return list, orgs, later
}

// putBack keeps what could not be told.
func (f *feed) putBack(d due) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.watches[d.k]
	if w == nil {
		return
	}
	w.enrolled, w.facts = w.enrolled || d.enrolled, w.facts || d.facts
	if d.sent {
		w.sent, w.sentAt = true, time.Time{}
	}
	for no, c := range d.changed {
		if _, newer := w.changed[no]; !newer {
			w.changed[no] = c
		}
	}
}

func (s *Service) tellPresence(k watchKey, roster map[domain.PersonNo]domain.Placed, changed map[domain.PersonNo]Change) {
	type change struct {
		Person   domain.PersonID `json:"person"`
		Presence domain.Presence `json:"presence"`
		At       time.Time       `json:"at"`
	}
	var all []placed[change]
	for no, c := range changed {
		if p, ok := roster[no]; ok {
			all = append(all, placed[change]{p.Room, change{p.ID, c.Presence, c.At}})
		}
	}
	publish(s, "presence", k, all)
}
