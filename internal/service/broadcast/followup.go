package broadcast

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/shorten"
)

// reminderPrefix begins the subject of a reminder.
const reminderPrefix = "Reminder: "

// Remind sends the text again to only those recipients, within the actor's rooms,
// who have not displayed or acknowledged it at this moment, were not told in person
// and are still in the test. Results and errors are Send's; Invalid (field "missing")
// when there is nobody left to remind.
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
	resolve := func(ctx context.Context) (Recipients, error) {
		rows, err := s.recipients(ctx, b)
		if err != nil {
			return Recipients{}, err
		}
		// Whoever sits in another room by now is another invigilator's to remind.
		places := make([]domain.PersonID, 0, len(rows))
		for _, row := range rows {
			if row.Enrolled && lacks(row, state) {
				places = append(places, row.ID)
			}
		}
		if len(places) == 0 {
			return Recipients{}, fault.Field("missing", "nobody is left to remind")
		}
		here, err := s.o.Store.Places(ctx, actor.Organisation, b.Exam, b.rooms, places)
		if err != nil {
			return Recipients{}, err
		}
		if len(here) == 0 {
			return Recipients{}, fault.Field("missing", "nobody is left to remind in your rooms")
		}
		var out Recipients
		for _, p := range here {
			out.People = append(out.People, p.ID)
		}
		return out, nil
	}
	return s.send(ctx, actor, b.Exam, b.rooms, draft{
		key: key, hash: requestHash("remind", b.Offset, state), subject: s.reminderSubject(b.text.Subject), body: b.text.Body,
		reminds: b.Offset, resolve: resolve, channels: b.text.Channels,
	})
}

// remindMany is Remind of a sending outside tests: to those, of whom the actor sees,
// who lack the state and can still be written to.
func (s *Service) remindMany(ctx context.Context, actor domain.Actor, b *sending, key string, state domain.ReceiptState) (Broadcast, bool, error) {
	seen, err := s.reachMany(actor, b.Exam)
	if err != nil {
		return Broadcast{}, false, err
	}
	hash := requestHash("remind", b.Offset, state)
	brief, earlier, err := s.o.Store.PrepareSending(ctx, actor.Organisation, b.Exam, actor.ID, key, hash)
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
	rows, err := s.recipients(ctx, b)
	if err != nil {
		return Broadcast{}, false, err
	}
	var ids []domain.PersonID
	for _, row := range rows {
		if row.Enrolled && lacks(row, state) {
			ids = append(ids, row.ID)
		}
	}
	found, err := s.o.Store.PeopleOf(ctx, actor.Organisation, seen, b.Exam, ids)
	if err != nil {
		return Broadcast{}, false, err
	}
	c, err := choose(actor, b.Exam, nil)
	if err != nil {
		return Broadcast{}, false, err
	}
	to, _ := c.split(found)
	if len(to) == 0 {
		return Broadcast{}, false, fault.Field("missing", "nobody is left to remind")
	}
	return s.store(ctx, actor, b.Exam, draft{key: key, hash: hash}, domain.BroadcastSent{
		ExamName: brief.Name, GroupKind: brief.Kind, Subject: s.reminderSubject(b.text.Subject), Body: b.text.Body, Level: domain.LevelChat,
		SenderName: actor.SenderName(), SenderRole: actor.Role, Reminds: b.Offset, Recipients: len(to), Channels: b.text.Channels, Elsewhere: brief.Settings.Elsewhere(brief.Kind),
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
	byID := make(map[domain.PersonID]domain.PersonNo, len(rows))
	for _, row := range rows {
		byID[row.ID] = row.No
	}
	named := map[domain.PersonID]bool{}
	var nos []domain.PersonNo
	var details []fault.Detail
	for i, p := range people {
		if no, ok := byID[p]; !ok {
			details = append(details, fault.Detail{Field: fmt.Sprintf("people[%d]", i), Message: "not a recipient of this sending among yours: " + string(p)})
		} else if !named[p] {
			named[p] = true
			nos = append(nos, no)
		}
	}
	if len(details) > 0 {
		e := fault.Many(fault.Invalid, details, "%d of the people did not receive this sending; nothing was noted", len(details))
		e.Field = "people"
		return nil, e
	}
	e, err := s.o.Store.Told(ctx, actor.Organisation, actor.Ref(), b.Exam, b.Offset, nos, note)
	if err != nil {
		return nil, err
	}
	s.committed(e)
	if rows, err = s.recipients(ctx, b); err != nil {
		return nil, err
	}
	sortRecipients(rows)
	out := []Recipient{}
	for _, row := range rows {
		if named[row.ID] {
			out = append(out, s.recipient(actor.Organisation, row))
		}
	}
	return out, nil
}
