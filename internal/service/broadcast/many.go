package broadcast

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// A sending to many outside tests: to people of one group that is no test, or of all of
// the sender's (product row V11). It is the same entry and goes the same way as a test's.

// ManyRequest asks for one.
type ManyRequest struct {
	Key         string                `json:"key"` // made by the client, unique per sender for good; 8–100 characters
	Group       domain.GroupID        `json:"group,omitempty"`
	Subject     string                `json:"subject"`
	Body        string                `json:"body"`
	Attachments []domain.AttachmentID `json:"attachments,omitempty"` // uploaded for a sending to many
	Recipients  People                `json:"recipients"`
	Channels    []domain.Channel      `json:"channels,omitempty"` // copies
	Parts       int                   `json:"parts,omitempty"`    // send as so many sendings at most; 0: as one
}

// People says who is to get it: exactly one of the two. A filter's Group, if it has one
// and the sending is to a group, must be that group.
type People struct {
	People []domain.PersonID    `json:"people,omitempty"`
	Filter *domain.PeopleFilter `json:"filter,omitempty"`
}

// ManyPreview is whom such a sending would reach at this moment.
type ManyPreview struct {
	Recipients []ManyRecipient `json:"recipients"`
	Counts     ManyCounts      `json:"counts"`
	LeftOut    []Blocked       `json:"left_out"`
	Splitting
}

// ManyRecipient is one of them.
type ManyRecipient struct {
	ID         domain.PersonID `json:"id"`
	Name       string          `json:"name"`
	ExternalID string          `json:"external_id"`
	Presence   domain.Presence `json:"presence"`
}

// ManyCounts count them by presence.
type ManyCounts struct {
	Total int `json:"total"`
	domain.PresenceCounts
}

// Blocked is someone who would not be reached, and why.
type Blocked struct {
	ID     domain.PersonID `json:"id"`
	Name   string          `json:"name"`
	Reason domain.Blocked  `json:"reason"`
}

const attachmentsMost = 10

// PreviewMany resolves recipients without sending. More than the limit is not an error
// here, unless it is several times as many. Errors: Forbidden, NotFound, Invalid, TooLarge.
func (s *Service) PreviewMany(ctx context.Context, actor domain.Actor, group domain.GroupID, p People) (ManyPreview, error) {
	seen, err := s.reachMany(actor, group)
	if err != nil {
		return ManyPreview{}, err
	}
	if err := p.validate(group); err != nil {
		return ManyPreview{}, err
	}
	brief, _, err := s.o.Store.PrepareSending(ctx, actor.Organisation, group, "", "", nil)
	if err == nil {
		err = noTest(brief)
	}
	if err != nil {
		return ManyPreview{}, err
	}
	if p.Filter != nil {
		if err := actor.MayFilter(brief.Settings, "recipients.filter", *p.Filter); err != nil {
			return ManyPreview{}, err
		}
	}
	found, missing, err := s.people(ctx, actor.Organisation, seen, group, p)
	if err != nil {
		return ManyPreview{}, err
	}
	out := ManyPreview{Recipients: []ManyRecipient{}, LeftOut: []Blocked{}}
	c, err := choose(actor, group, p.Filter)
	if err != nil {
		return ManyPreview{}, err
	}
	to, left := c.split(found)
	for _, r := range to {
		now, _ := s.o.Presence.Presence(actor.Organisation, r.No)
		out.Recipients = append(out.Recipients, ManyRecipient{ID: r.ID, Name: r.Name(), ExternalID: r.ExternalID, Presence: now})
		out.Counts.Total++
		out.Counts.Add(now)
	}
	out.LeftOut = append(out.LeftOut, left...)
	for _, id := range missing {
		out.LeftOut = append(out.LeftOut, Blocked{ID: id, Reason: unknown})
	}
	out.Splitting = s.splitting(out.Counts.Total)
	return out, nil
}

// SendMany stores one sending durably. Who cannot be written to
// is left out, and named in the answer and in the entry. fresh and the key are as for Send.
//
// Errors: Forbidden; NotFound (no such group among yours); Invalid or TooLarge naming
// group, subject, body, attachments[i], recipients or key; Conflict (field "recipients",
// with the reasons) when nobody is left to send to, or (field "key") when the key was
// used for something else; RateLimited; Unavailable. Nothing is half-done.
func (s *Service) SendMany(ctx context.Context, actor domain.Actor, r ManyRequest) (b Broadcast, fresh bool, err error) {
	seen, err := s.reachMany(actor, r.Group)
	if err != nil {
		return Broadcast{}, false, err
	}
	r.Subject = domain.Subject(r.Subject)
	r.Body = strings.ReplaceAll(r.Body, "\r\n", "\n")
	if err := s.validateMany(r); err != nil {
		return Broadcast{}, false, err
	}
	hash := requestHash("many", r.Group, r)
	brief, earlier, err := s.o.Store.PrepareSending(ctx, actor.Organisation, r.Group, actor.ID, r.Key, hash)
	if err != nil {
		return Broadcast{}, false, err
	}
	if earlier != nil {
		b, err := s.again(ctx, actor, nil, earlier)
		return b, false, err
	}
	if err := noTest(brief); err != nil {
		return Broadcast{}, false, err
	}
	if r.Subject == "" && !brief.Settings.SubjectOptional {
		return Broadcast{}, false, fault.Field("subject", "subject must not be empty")
	}
	if err := domain.NeedsChannel(brief.Settings, brief.Kind, r.Channels); err != nil {
		return Broadcast{}, false, err
	}
	if f := r.Recipients.Filter; f != nil {
		if err := actor.MayFilter(brief.Settings, "recipients.filter", *f); err != nil {
			return Broadcast{}, false, err
		}
	}
	if err := s.allow(actor); err != nil {
		return Broadcast{}, false, err
	}
	found, missing, err := s.people(ctx, actor.Organisation, seen, r.Group, r.Recipients)
	if err != nil {
		return Broadcast{}, false, err
	}
	if len(missing) > 0 {
		return Broadcast{}, false, notMine(r.Recipients.People, missing)
	}
	c, err := choose(actor, r.Group, r.Recipients.Filter)
	if err != nil {
		return Broadcast{}, false, err
	}
	to, left := c.split(found)
	if len(to) == 0 && len(left) > 0 {
		return Broadcast{}, false, allBlocked(left)
	}
	if err := s.count(len(to), r.Parts); err != nil {
		return Broadcast{}, false, err
	}
	if len(r.Attachments) > 0 && s.partsOf(len(to)) > 1 {
		return Broadcast{}, false, fault.Field("attachments", "files cannot go with a sending in parts; send without them, or to at most %d people", s.o.Limits.Recipients)
	}
	if s.o.CheckReach != nil && brief.Settings.Elsewhere(brief.Kind) {
		ids := make([]domain.PersonID, len(to))
		for i, p := range to {
			ids[i] = p.ID
		}
		if err := s.o.CheckReach(ctx, actor, r.Group, ids, r.Channels); err != nil {
			return Broadcast{}, false, err
		}
	}
	text := journal.BroadcastSent{
		ExamName: brief.Name, GroupKind: brief.Kind, Subject: r.Subject, Body: r.Body, Level: domain.LevelChat, SenderName: actor.SenderName(), SenderRole: actor.Role,
		Recipients: len(to), LeftOut: c.leftOut(found), Channels: r.Channels, Elsewhere: brief.Settings.Elsewhere(brief.Kind),
	}
	if text.Filter, err = s.filterWords(ctx, actor.Organisation, brief.Settings, r); err != nil {
		return Broadcast{}, false, err
	}
	return s.store(ctx, actor, r.Group, draft{key: r.Key, hash: hash, files: r.Attachments}, text, audienceOf(to))
}

// store appends a sending that is ready, with its files.
func (s *Service) store(ctx context.Context, actor domain.Actor, group domain.GroupID, d draft, text journal.BroadcastSent, audience json.RawMessage) (Broadcast, bool, error) {
	e := &journal.Entry{Organisation: actor.Organisation, Kind: journal.KindBroadcastSent, Actor: actor.Ref(), Group: group,
		Audience: audience, RequestKey: d.key, RequestHash: d.hash}
	payload := func(files []domain.Attachment) (json.RawMessage, error) {
		text.Attachments = files
		return json.Marshal(text)
	}
	var stored *journal.Entry
	var fresh bool
	var err error
	switch {
	case d.reminder == nil && s.partsOf(text.Recipients) > 1:
		if stored, fresh, err = s.appendParts(ctx, e, text); err != nil {
			return Broadcast{}, false, err
		}
		if fresh {
			b, err := s.again(ctx, actor, nil, stored)
			return b, true, err
		}
	case len(d.files) > 0:
		stored, fresh, err = s.o.Store.AppendWithFiles(ctx, e, d.files, payload)
	case d.reminder != nil:
		if e.Payload, err = payload(nil); err == nil {
			stored, fresh, err = s.o.Store.AppendReminder(ctx, e, d.reminder.root, d.reminder.newest, everyone(audience))
		}
	default:
		if e.Payload, err = payload(nil); err == nil {
			stored, fresh, err = s.o.Store.Append(ctx, e)
		}
	}
	if err != nil {
		return Broadcast{}, false, err
	}
	if !fresh { // the same request was stored while this one was prepared
		b, err := s.again(ctx, actor, nil, stored)
		return b, false, err
	}
	b := s.broadcast(&sending{Entry: stored, text: text}, Counts{Recipients: text.Recipients})
	b.LeftOut, err = s.leftOut(ctx, actor, &sending{Entry: stored, text: text})
	return b, true, err
}

// reachMany is whom the actor may write to, if they may to the group at all. Errors:
// Forbidden; NotFound.
func (s *Service) reachMany(actor domain.Actor, group domain.GroupID) (domain.Seen, error) {
	seen, err := actor.Seen(domain.ActConversationSend)
	if err != nil {
		return seen, err
	}
	if group != "" {
		if _, _, err := actor.Rooms(domain.ActConversationSend, group); err != nil {
			return seen, fault.New(fault.NotFound, "no such group among yours")
		}
	}
	return seen, nil
}

// noTest refuses a test: its sendings have an address, and a permission, of their own.
func noTest(b domain.SendingBrief) error {
	if b.Kind == domain.KindTest {
		return fault.Field("group", "this is a test: send to its candidates by POST /tests/{test}/broadcasts")
	}
	return nil
}

func (s *Service) validateMany(r ManyRequest) error {
	if err := domain.CheckKey(r.Key); err != nil {
		return err
	}
	if err := domain.CheckText("subject", r.Subject, s.o.Limits.Subject, true, false); err != nil {
		return err
	}
	if n := len(r.Attachments); n > attachmentsMost {
		return fault.Over("attachments", attachmentsMost, int64(n), "%d files; at most %d fit one message", n, attachmentsMost)
	}
	for i, id := range r.Attachments {
		if slices.Contains(r.Attachments[:i], id) {
			return fault.Field(fmt.Sprintf("attachments[%d]", i), "this file is named twice")
		}
	}
	if err := domain.CheckText("body", r.Body, s.o.Limits.Body, len(r.Attachments) > 0, true); err != nil {
		return err
	}
	if err := domain.CheckChannels(r.Channels); err != nil {
		return err
	}
	if err := checkParts(r.Parts); err != nil {
		return err
	}
	return r.Recipients.validate(r.Group)
}
