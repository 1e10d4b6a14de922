package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/failpoint"
	"crier/internal/fault"
	"crier/internal/journal"
)

// SendMessages stores several messages of conversations in one transaction, in order.
// Each is decided on by NewMessage.Decide, with the journal's row held and with what
// those before it did: a refused one leaves nothing and does not stop the others. An
// error means that nothing was stored, or with Unknown that nobody knows.
//
// Errors of one message: those of Decide; NotFound; Invalid naming attachments[i];
// Conflict (field "key") if the key was used for something else.
func (s *Store) SendMessages(ctx context.Context, org domain.OrganisationID, batch []domain.NewMessage) ([]journal.Sent, error) {
	var writers []domain.PersonNo // whether staff have spoken to them is in what sendings become
	for i := range batch {
		if batch[i].Inbound {
			writers = append(writers, batch[i].ActorNo)
		}
	}
	if len(writers) > 0 {
		slices.Sort(writers)
		if err := s.expandThreadsFor(ctx, org, slices.Compact(writers)...); err != nil {
			return nil, err
		}
	}
	var sent []journal.Sent
	err := s.write(ctx, org, func(tx *Tx) error {
		w := messageWriter{tx: tx, batch: batch, sent: make([]journal.Sent, len(batch)), stored: map[keyUse]int{}}
		if err := w.write(ctx); err != nil {
			return err
		}
		sent = w.sent
		failpoint.Hit(failpoint.MessageBeforeCommit)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store messages: %w", err)
	}
	return sent, nil
}

// messageWriter is one transaction of SendMessages.
type messageWriter struct {
	tx    *Tx
	batch []domain.NewMessage
	sent  []journal.Sent
	at    time.Time
	head  int64

	people map[domain.PersonID]*addressee
	used   map[keyUse]int64 // where keys were used before the batch
	stored map[keyUse]int   // and which message of the batch has used one
	files  map[domain.AttachmentID]unsentFile
	came   map[string]*domain.Inbound // what messages settle, by id

	entries  []*journal.Entry
	rows     []messageRow
	bindings []binding
	index    []searchRow
	touched  touches
	copies   []newDelivery
	pushes   []newDelivery
	alerts   []staffPush
	claims   []claim
	answered []int // of the batch: fresh messages of staff, whose writers have read
	settled  []settled
}

// messageRow is a row of the table messages.
type messageRow struct {
	offset, person int64
	group          domain.GroupID
	room           string
	inbound        int
	replyTo        int64
	elsewhere      int
}

// settled is something that came in and became a message.
type settled struct {
	in domain.Inbound
	to domain.Settlement
}

// claim is a conversation that a writer takes over.
type claim struct {
	offset int64
	person domain.PersonNo
}

func (w *messageWriter) write(ctx context.Context) error {
	var err error
	if w.head, err = w.tx.Lock(ctx); err != nil {
		return err
	}
	w.at = w.tx.s.clock.Now()
	if err := w.read(ctx); err != nil {
		return err
	}
	for i := range w.batch {
		if err := w.decide(ctx, i); err != nil {
			return err
		}
	}
	if len(w.entries) == 0 {
		return nil
	}
	if err := w.tx.appendAll(ctx, w.head, w.at, w.entries); err != nil {
		return err
	}
	for _, do := range []func(context.Context) error{w.insert, w.touch, w.fact, w.settle, w.writersRead} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	if err := w.tx.bind(ctx, w.bindings); err != nil {
		return err
	}
	if err := w.tx.queue(ctx, w.at, w.copies); err != nil {
		return err
	}
	if err := w.tx.queuePushes(ctx, w.at, w.pushes); err != nil {
		return err
	}
	if err := w.tx.queueStaffPushes(ctx, w.at, w.alerts); err != nil {
		return err
	}
	return w.tx.index(ctx, w.index)
}

// decide settles one message: as a retry, refused, or as entries and rows to be stored.
func (w *messageWriter) decide(ctx context.Context, i int) error {
	m, key := &w.batch[i], keyUse{w.batch[i].Actor.ID, w.batch[i].Key}
	if at := w.used[key]; at != 0 {
		var err error
		w.sent[i], err = w.earlier(ctx, m, at)
		return err
	}
	if j, ok := w.stored[key]; ok && m.Key != "" {
		if w.sent[i] = w.sent[j]; !bytes.Equal(w.batch[j].Hash, m.Hash) {
			w.sent[i] = journal.Sent{Err: keyConflict()}
		}
		w.sent[i].Fresh = false
		return nil
	}
	if m.Settles != nil {
		in := w.came[m.Settles.ID]
		if in == nil {
			w.refuse(i, fault.New(fault.NotFound, "nothing like that came in"))
			return nil
		}
		if err := in.Waits(); err != nil {
			w.refuse(i, err)
			return nil
		}
	}
	a := w.people[m.Person]
	if a == nil {
		w.refuse(i, fault.New(fault.NotFound, "no such candidate among yours"))
		return nil
	}
	in, err := m.Decide(a.Addressee)
	if err != nil {
		w.refuse(i, err)
		return nil
	}
	files, err := pick(w.files, m.Actor.ID, a.No, m.Attachments)
	if err != nil {
		w.refuse(i, err)
		return nil
	}
	w.stored[key] = i
	return w.accept(i, a, in, files)
}

// refuse is the outcome of one message; the others go on.
func (w *messageWriter) refuse(i int, why error) { w.sent[i].Err = why }

// earlier is the result for a key that was used before.
func (w *messageWriter) earlier(ctx context.Context, m *domain.NewMessage, at int64) (journal.Sent, error) {
	e, err := entryAt(ctx, w.tx.Select, w.tx.org, at)
	if err != nil {
		return journal.Sent{}, err
	}
	if !bytes.Equal(e.RequestHash, m.Hash) || e.Kind != journal.KindMessageSent {
		return journal.Sent{Err: keyConflict()}, nil
	}
	message, err := journal.As[journal.MessageSent](e)
	if err != nil {
		return journal.Sent{}, err
	}
	return journal.Sent{Entry: e, Message: *message}, nil
}

// accept adds a message to what is stored, and lets those after it know.
func (w *messageWriter) accept(i int, a *addressee, in *domain.Membership, files []domain.Attachment) error {
	m := &w.batch[i]
	reach := a.Reach()
	if m.TakeOver && m.ActorNo != 0 && a.Assigned != 0 && a.Assigned != m.ActorNo {
		e, err := w.append(m, "", journal.KindConversationAssigned, journal.ConversationAssigned{
			Reached: journal.Reached{Person: a.No, PersonID: a.ID, Reach: reach}, To: m.ActorNo, ToID: domain.PersonID(m.Actor.ID), ToName: m.Actor.Name, Claim: true,
		})
		if err != nil {
			return err
		}
		w.sent[i].Assigned = e
		w.claims = append(w.claims, claim{w.next() - 1, a.No})
		w.touched.claim(a, m.ActorNo)
		a.Assigned, a.AssignedName = m.ActorNo, m.Actor.Name
	}
	p := journal.MessageSent{
		Person: a.No, PersonID: a.ID, PersonName: a.Name, Inbound: m.Inbound, Subject: m.Subject, Body: m.Body,
		SenderName: cmp.Or(m.SenderName, m.Actor.Name), SenderRole: m.Actor.Role, ReplyTo: m.ReplyTo, About: m.About, Attachments: files, Reach: reach,
		Channels: m.Channels, Via: m.Via, Trial: m.Trial, Unverified: m.Unverified, Automatic: m.Automatic,
	}
	row := messageRow{offset: w.next(), person: int64(a.No), replyTo: m.ReplyTo}
	if m.Automatic { // it belongs where what it answers does, but is no answer
		p.ReplyTo, row.replyTo = 0, 0
	}
	if in != nil {
		p.GroupName, p.GroupKind, p.Room, row.group, row.room = in.Name, in.Kind, in.Room, in.Group, in.Room
	}
	// What a candidate writes on their page they find there.
	if p.Elsewhere = a.Settings.Elsewhere(p.GroupKind) && (!m.Inbound || m.Via != ""); p.Elsewhere {
		row.elsewhere = 1
	}
	if m.Inbound {
		row.inbound = 1
	}
	e, err := w.append(m, row.group, journal.KindMessageSent, p)
	if err != nil {
		return err
	}
	e.RequestKey, e.RequestHash = m.Key, m.Hash
	w.sent[i].Entry, w.sent[i].Message, w.sent[i].Fresh = e, p, true
	w.rows = append(w.rows, row)
	w.index = append(w.index, searchRow{row.offset, a.No, row.group, searchMessage, searchWords(m.Subject, m.Body, fileNames(files))})
	if !m.Automatic {
		w.touched.message(a, row)
	}
	for _, f := range files {
		w.bindings = append(w.bindings, binding{f.ID, row.offset, row.group})
		delete(w.files, f.ID)
	}
	if m.Inbound {
		w.take(i, a, row.offset)
		if a.Assigned != 0 && !m.Automatic {
			w.alerts = append(w.alerts, staffPush{staff: a.Assigned, say: domain.StaffPush{Person: a.ID, Name: a.Name, Line: domain.Line(m.Body, files)}, group: row.group, reach: reach})
		}
		return nil
	}
	if m.ActorNo != 0 {
		w.answered = append(w.answered, i)
	}
	if !p.Elsewhere {
		w.pushes = append(w.pushes, pushMessage(row.offset, row.person, w.at))
	}
	w.touched.chosen(a, m.Channels)
	w.copies = append(w.copies, copies(row.offset, []int64{row.person}, m.Channels, p.GroupKind, a.Settings, w.at)...)
	a.Spoken[row.group] = row.offset
	a.Answers = append(a.Answers, domain.Answer{Offset: row.offset, Group: row.group, By: m.Actor})
	return nil
}
