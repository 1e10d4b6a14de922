package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/domain"
)

// notifyLook is the time between two looks for staff who are to be notified.
const notifyLook = time.Minute

// notifyExpires is when a notification that could not go is no longer news.
const notifyExpires = 6 * time.Hour

// notifyStore is what a Notifier needs of the database.
type notifyStore interface {
	// Notifiables returns staff who asked for mails, and where there is a reply later than their last mail told of.
	Notifiables(ctx context.Context) ([]domain.Notifiable, error)
	// NewReplies returns what they have not read of it, and when it came.
	NewReplies(ctx context.Context, n domain.Notifiable, seen domain.Seen) (p domain.NotifyPayload, oldest, newest time.Time, err error)
	// QueueNotify asks for a mail, unless one was asked for since a time.
	QueueNotify(ctx context.Context, n domain.Notifiable, p domain.NotifyPayload, since, expires time.Time) (bool, error)

	// Mentionables returns staff with unread mentions, written in a time, that no mail has told of.
	Mentionables(ctx context.Context, from, to time.Time) ([]domain.Notifiable, error)
	// Mentions returns notes that mention a staff member and that they see.
	Mentions(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, q domain.MentionQuery) ([]domain.Mention, error)
	// QueueMentions asks for a mail about mentions, unless another node was first.
	QueueMentions(ctx context.Context, n domain.Notifiable, p domain.MentionPayload, offsets []int64, expires time.Time) (bool, error)
}

// presence says who is connected; lastSeen is zero when it is not known.
type presence interface {
	Presence(org domain.OrganisationID, no domain.PersonNo) (state domain.Presence, lastSeen time.Time)
}

// NotifierOptions are what a Notifier is made of.
type NotifierOptions struct {
	Store    notifyStore
	Presence presence
	Clock    clock.Clock
	Log      zerolog.Logger
	Queued   func() // called after a mail was asked for: Service.Wake
}

// Notifier asks for mails to staff about replies that they have not read (product row N2): one for all of them, at most every
// domain.NotifyEvery, to nobody who is in the pages or was there since the replies came. Several nodes may look:
// who asks second finds that it was done.
type Notifier struct {
	o NotifierOptions

	mu      sync.Mutex
	nothing map[who]int64 // up to which reply there was nothing for them

	stop context.CancelFunc
	done sync.WaitGroup
}

type who struct {
	org domain.OrganisationID
	no  domain.PersonNo
}

// NewNotifier makes a notifier.
func NewNotifier(o NotifierOptions) *Notifier { return &Notifier{o: o, nothing: map[who]int64{}} }

// Start looks now and then until Stop or the end of ctx. A nil one does nothing.
func (n *Notifier) Start(ctx context.Context) {
	if n == nil {
		return
	}
	ctx, n.stop = context.WithCancel(ctx)
	n.done.Go(func() {
		look := time.NewTicker(notifyLook)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			if _, err := n.Look(ctx); err != nil && ctx.Err() == nil {
				n.o.Log.Warn().Err(err).Msg("could not look for staff to notify")
			}
		}
	})
}

// Stop ends it.
func (n *Notifier) Stop() {
	if n != nil && n.stop != nil {
		n.stop()
		n.done.Wait()
	}
}

// Look asks for the mails that are due; it says for how many. One staff member's error does not stop the others.
func (n *Notifier) Look(ctx context.Context) (queued int, err error) {
	list, err := n.o.Store.Notifiables(ctx)
	if err != nil {
		return 0, err
	}
	n.forget(list)
	for _, s := range list {
		ok, e := n.notify(ctx, s)
		if e != nil {
			if err = e; ctx.Err() != nil {
				break
			}
		}
		if ok {
			queued++
		}
	}
	told, e := n.lookForMentions(ctx)
	if queued += told; e != nil {
		err = e
	}
	if queued > 0 && n.o.Queued != nil {
		n.o.Queued()
	}
	return queued, err
}

func (n *Notifier) notify(ctx context.Context, s domain.Notifiable) (bool, error) {
	now, key := n.o.Clock.Now(), who{s.Organisation, s.No}
	since := now.Add(-domain.NotifyEvery)
	if s.Mailed.After(since) {
		return false, nil
	}
	n.mu.Lock()
	known := n.nothing[key]
	n.mu.Unlock()
	if known == s.Newest {
		return false, nil
	}
	state, lastSeen := n.o.Presence.Presence(s.Organisation, s.No)
	if state == domain.Online {
		return false, nil
	}
	seen, err := s.Actor.Seen(domain.ActConversationView)
	if err != nil { // their role sees no conversations
		return false, nil //nolint:nilerr // not theirs to be told
	}
	p, oldest, newest, err := n.o.Store.NewReplies(ctx, s, seen)
	switch {
	case err != nil:
		return false, err
	case p.Count == 0:
		n.mu.Lock()
		n.nothing[key] = s.Newest
		n.mu.Unlock()
		return false, nil
	case oldest.After(now.Add(-domain.NotifyAfter)), lastSeen.After(newest):
		return false, nil
	}
	return n.o.Store.QueueNotify(ctx, s, p, since, now.Add(notifyExpires))
}

// forget drops what is known of those who are not on the list any more.
func (n *Notifier) forget(list []domain.Notifiable) {
	on := make(map[who]bool, len(list))
	for _, s := range list {
		on[who{s.Organisation, s.No}] = true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for key := range n.nothing {
		if !on[key] {
			delete(n.nothing, key)
		}
	}
}

// lookForMentions asks for the mails about mentions that are due: to staff who have not read them for a while, and have
// not been in the pages meanwhile.
func (n *Notifier) lookForMentions(ctx context.Context) (queued int, err error) {
	now := n.o.Clock.Now()
	q := domain.MentionQuery{Unmailed: true, From: now.Add(-domain.MentionFor), To: now.Add(-domain.MentionAfter), Limit: mentionsAtOnce}
	list, err := n.o.Store.Mentionables(ctx, q.From, q.To)
	if err != nil {
		return 0, err
	}
	for _, s := range list {
		state, lastSeen := n.o.Presence.Presence(s.Organisation, s.No)
		if state == domain.Online || lastSeen.After(q.To) {
			continue
		}
		seen, e := s.Actor.Seen(domain.ActConversationView)
		if e != nil {
			continue // their role sees no conversations
		}
		found, e := n.o.Store.Mentions(ctx, s.Organisation, s.No, seen, q)
		if e == nil && len(found) > 0 {
			p, offsets := domain.MentionPayload{Count: len(found)}, []int64(nil)
			for _, one := range found {
				offsets = append(offsets, one.Offset)
				if len(p.Mentions) < domain.NotifyMost {
					p.Mentions = append(p.Mentions, domain.MentionedWhom{Person: one.Person.ID, Name: one.Person.Name, By: one.By.Name})
				}
			}
			var ok bool
			if ok, e = n.o.Store.QueueMentions(ctx, s, p, offsets, now.Add(notifyExpires)); ok {
				queued++
			}
		}
		if e != nil {
			if err = e; ctx.Err() != nil {
				break
			}
		}
	}
	return queued, err
}

// mentionsAtOnce is the most mentions that one mail tells of.
const mentionsAtOnce = 200
