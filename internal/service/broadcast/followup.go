package broadcast

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/shorten"
)

// reminderPrefix begins the subject of a reminder.
const reminderPrefix = "Reminder: "

// Remind sends the text again to only those recipients who sit in the actor's rooms now, have not
// displayed or acknowledged it at this moment, were not told in person and are still in the test. Who
// lacks it and is not reminded is named as left out. Who was reminded of it less than a minute ago is not
// reminded again; if that is everyone, the answer is that reminder, merged. Results and errors are
// otherwise Send's; Invalid (field "missing") when there is nobody left to remind.
func (s *Service) Remind(ctx context.Context, actor domain.Actor, id domain.BroadcastID, key, missing string) (Broadcast, bool, error) {
	b, err := s.open(ctx, actor, following, id)
	if err != nil {
		return Broadcast{}, false, err
	}
	if err := domain.CheckKey(key); err != nil {
		return Broadcast{}, false, err
	}
	state := domain.ReceiptState(missing)
	if state != domain.Displayed && state != domain.Acknowledged {
		return Broadcast{}, false, fault.Field("missing", "missing must be displayed or acknowledged, not %q", missing)
	}
	if b.kind() != domain.KindTest {
		return s.remindMany(ctx, actor, b, key, state)
	}
	resolve := func(ctx context.Context) (toRemind, error) { return s.toRemind(ctx, b, state) }
	return s.send(ctx, actor, b.Group, b.rooms, draft{
		key: key, hash: requestHash("remind", b.Offset, state), subject: s.reminderSubject(b.text.Subject), body: b.text.Body,
		reminds: b.Offset, resolve: resolve, channels: b.text.Channels, leaveOut: true,
	})
}

// reminderPause is how long nobody is reminded of the same sending again.
const reminderPause = time.Minute

// toRemind is whom a reminder is to reach.
type toRemind struct {
	people []domain.PersonID
	left   map[domain.BlockedCode][]domain.PersonNo // lack the state, and are not reminded
	merge  int64                                    // offset of a reminder that has just reached all of them, else 0
	root   int64                                    // offset of the sending that the chain of reminders begins with
	newest int64                                    // offset of the newest reminder that was taken into account
}

// toRemind finds those of a sending's recipients who lack a state, were told of it in no way, and are the
// actor's to remind. Who was reminded less than reminderPause ago is left out.
func (s *Service) toRemind(ctx context.Context, b *sending, state domain.ReceiptState) (toRemind, error) {
	// Reminders first: one that is stored while recipients are read is found when this one is.
	reminders, err := s.o.Store.Reminders(ctx, b.Organisation, b.Offset)
	if err != nil {
		return toRemind{}, err
	}
	rows, err := s.recipients(ctx, b)
	if err != nil {
		return toRemind{}, err
	}
	out := toRemind{root: reminders.Root, newest: reminders.Newest, left: map[domain.BlockedCode][]domain.PersonNo{}}
	since := s.o.Clock.Now().Add(-reminderPause)
	for _, row := range rows {
		if !lacks(row, state) || reminders.Told[row.No] {
			continue
		}
		if blocked := b.follow(row); blocked.Is() {
			out.left[blocked.Code] = append(out.left[blocked.Code], row.No)
			continue
		}
		if had := reminders.Reminded[row.No]; len(had) > 0 && had[len(had)-1].At.After(since) {
			out.left[domain.BlockedReminded] = append(out.left[domain.BlockedReminded], row.No)
			out.merge = max(out.merge, had[len(had)-1].Offset)
			continue
		}
		out.people = append(out.people, row.ID)
	}
	if len(out.people) > 0 {
		out.merge = 0
	}
	if len(out.people) > 0 || out.merge != 0 {
		return out, nil
	}
	if len(out.left) == 0 {
		return toRemind{}, fault.Field("missing", "nobody is left to remind")
	}
	left, err := s.blocked(ctx, b.Organisation, out.left)
	if err != nil {
		return toRemind{}, err
	}
	e := allBlocked(left)
	e.Code, e.Field, e.Message = fault.Invalid, "missing", "nobody is left to remind whom you may remind"
	return toRemind{}, e
}

// merged answers with a reminder that has just reached everyone whom another was to reach.
func (s *Service) merged(ctx context.Context, actor domain.Actor, rooms []string, offset int64) (Broadcast, error) {
	e, err := s.o.Store.Broadcast(ctx, actor.Organisation, offset)
	if err != nil {
		return Broadcast{}, err
	}
	b, err := s.again(ctx, actor, rooms, e)
	b.Merged = true
	return b, err
}

// remindMany is Remind of a sending outside tests: to those, of whom the actor sees,
// who lack the state and can still be written to.
func (s *Service) remindMany(ctx context.Context, actor domain.Actor, b *sending, key string, state domain.ReceiptState) (Broadcast, bool, error) {
	seen, err := s.reachMany(actor, b.Group)
	if err != nil {
		return Broadcast{}, false, err
	}
	hash := requestHash("remind", b.Offset, state)
	brief, earlier, err := s.o.Store.PrepareSending(ctx, actor.Organisation, b.Group, actor.ID, key, hash)
	if err != nil {
		return Broadcast{}, false, err
	}
	if earlier != nil {
		b, err := s.again(ctx, actor, nil, earlier)
		return b, false, err
	}
	if err := domain.NeedsChannel(brief.Settings, brief.Kind, b.text.Channels); err != nil {
		return Broadcast{}, false, err
	}
	if err := s.allow(actor); err != nil {
		return Broadcast{}, false, err
	}
	for range maxStale {
		b, fresh, err := s.remindManyOnce(ctx, actor, b, draft{key: key, hash: hash}, state, seen, brief)
		if !errors.Is(err, domain.ErrStale) {
			return b, fresh, err
		}
	}
	return Broadcast{}, false, fault.New(fault.Unavailable, "others are reminding the same people; try again")
}

// remindManyOnce is one try of remindMany. Errors, beside those of remindMany: domain.ErrStale.
func (s *Service) remindManyOnce(
	ctx context.Context, actor domain.Actor, b *sending, d draft, state domain.ReceiptState, seen domain.Seen, brief domain.SendingBrief,
) (Broadcast, bool, error) {
	r, err := s.toRemind(ctx, b, state)
	if err != nil {
		return Broadcast{}, false, err
	}
	if r.merge != 0 {
		b, err := s.merged(ctx, actor, nil, r.merge)
		return b, false, err
	}
	found, err := s.o.Store.PeopleOf(ctx, actor.Organisation, seen, b.Group, r.people)
	if err != nil {
		return Broadcast{}, false, err
	}
	c, err := choose(actor, b.Group, nil)
	if err != nil {
		return Broadcast{}, false, err
	}
	to, _ := c.split(found)
	if len(to) == 0 {
		return Broadcast{}, false, fault.Field("missing", "nobody is left to remind")
	}
	left := c.leftOut(found)
	if left == nil {
		left = map[domain.BlockedCode][]domain.PersonNo{}
	}
	for code, nos := range r.left {
		left[code] = append(left[code], nos...)
	}
	d.reminder = &r
	return s.store(ctx, actor, b.Group, d, journal.BroadcastSent{
		ExamName: brief.Name, GroupKind: brief.Kind, Subject: s.reminderSubject(b.text.Subject), Body: b.text.Body, Level: domain.LevelChat,
		SenderName: actor.SenderName(), SenderRole: actor.Role, Reminds: b.Offset, Recipients: len(to), LeftOut: left,
		Channels: b.text.Channels, Elsewhere: brief.Settings.Elsewhere(brief.Kind),
	}, audienceOf(to))
}

// reminderSubject puts the prefix before a subject, once, and keeps the limit.
func (s *Service) reminderSubject(subject string) string {
	if len(subject) < len(reminderPrefix) || subject[:len(reminderPrefix)] != reminderPrefix {
		subject = reminderPrefix + subject
	}
	return shorten.Text(subject, s.o.Limits.Subject)
}

// Told notes that the actor told these recipients in person. Who was told before
// stays as noted then. The note has at most 500 characters. It returns their rows. Errors: Forbidden; NotFound; Invalid
// with details for people who did not receive the sending within the actor's rooms.
func (s *Service) Told(ctx context.Context, actor domain.Actor, id domain.BroadcastID, people []domain.PersonID, note string) ([]Recipient, error) {
	b, err := s.open(ctx, actor, following, id)
	if err != nil {
		return nil, err
	}
	if err := domain.CheckText("note", note, 500, true, true); err != nil {
		return nil, err
	}
	if len(people) == 0 {
		return nil, fault.Field("people", "nobody is named")
	}
	rows, err := s.recipients(ctx, b)
	if err != nil {
		return nil, err
	}
	chosen, err := b.choose(rows, people, func(domain.Recipient) string { return "" })
	if err != nil {
		return nil, err
	}
	_, err = s.o.Store.Told(ctx, actor.Organisation, actor.Ref(), b.Group, b.Offset, chosen, note)
	if err != nil {
		return nil, err
	}
	return s.lines(ctx, b, chosen)
}

// undoTold is how long it can be taken back that somebody was told in person.
const undoTold = 10 * time.Minute

// Untold takes back that these recipients were told in person, up to ten minutes after it was noted. It
// returns their rows. Who is not noted as told stays so. Errors: as Told; Conflict with details, field
// people, for those who were told longer ago.
func (s *Service) Untold(ctx context.Context, actor domain.Actor, id domain.BroadcastID, people []domain.PersonID) ([]Recipient, error) {
	b, err := s.open(ctx, actor, following, id)
	if err != nil {
		return nil, err
	}
	if len(people) == 0 {
		return nil, fault.Field("people", "nobody is named")
	}
	rows, err := s.recipients(ctx, b)
	if err != nil {
		return nil, err
	}
	since := s.o.Clock.Now().Add(-undoTold)
	chosen, err := b.choose(rows, people, func(r domain.Recipient) string {
		if !r.Told.IsZero() && r.Told.Before(since) {
			return "was noted as told in person more than ten minutes ago"
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	_, err = s.o.Store.Untold(ctx, actor.Organisation, actor.Ref(), b.Group, b.Offset, chosen, since)
	if err != nil {
		return nil, err
	}
	return s.lines(ctx, b, chosen)
}

// choose returns the numbers of those recipients whom the actor names and follows up. late says why it
// is too late for one, "" if it is not. Errors: Invalid or, for those who are late, Conflict, with details.
func (b *sending) choose(rows []domain.Recipient, people []domain.PersonID, late func(domain.Recipient) string) ([]domain.PersonNo, error) {
	byID := make(map[domain.PersonID]domain.Recipient, len(rows))
	for _, row := range rows {
		byID[row.ID] = row
	}
	named := map[domain.PersonID]bool{}
	var nos []domain.PersonNo
	var wrong, tooLate []fault.Detail
	for i, p := range people {
		field := fmt.Sprintf("people[%d]", i)
		row, ok := byID[p]
		blocked := b.follow(row)
		switch why := late(row); {
		case !ok:
			wrong = append(wrong, fault.Detail{Field: field, Message: "not a recipient of this sending among yours"})
		case blocked.Code == domain.BlockedRoom:
			wrong = append(wrong, fault.Detail{Field: field, Message: row.Name + ": " + blocked.Text})
		case why != "":
			tooLate = append(tooLate, fault.Detail{Field: field, Message: row.Name + ": " + why})
		case !named[p]:
			named[p] = true
			nos = append(nos, row.No)
		}
	}
	var e *fault.Error
	switch {
	case len(wrong) > 0:
		e = fault.Many(fault.Invalid, wrong, "%d of the people are not recipients whom you follow up; nothing was noted", len(wrong))
	case len(tooLate) > 0:
		e = fault.Many(fault.Conflict, tooLate, "it is too late for %d of the people; nothing was changed", len(tooLate))
	default:
		return nos, nil
	}
	e.Field = "people"
	return nil, e
}

// lines returns these recipients' rows of the board as they are now, sorted.
func (s *Service) lines(ctx context.Context, b *sending, nos []domain.PersonNo) ([]Recipient, error) {
	rows, err := s.recipients(ctx, b)
	if err != nil {
		return nil, err
	}
	reminders, err := s.o.Store.Reminders(ctx, b.Organisation, b.Offset)
	if err != nil {
		return nil, err
	}
	sortRecipients(rows)
	out := []Recipient{}
	for _, row := range rows {
		if slices.Contains(nos, row.No) {
			out = append(out, s.recipient(b, row, reminders))
		}
	}
	return out, nil
}
