package broadcast

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Request asks for one sending.
type Request struct {
	Key        string             `json:"key"` // made by the client, unique per sender for good; 8–100 characters
	Subject    string             `json:"subject"`
	Body       string             `json:"body"`
	Recipients Recipients         `json:"recipients"`
	Channels   []domain.Channel   `json:"channels,omitempty"` // copies
	Parts      int                `json:"parts,omitempty"`    // send as so many sendings at most; 0: as one
	Reminds    domain.BroadcastID `json:"reminds,omitempty"`  // id of the sending this reminds of
	// LeaveOut sends to the others where some of the people named are not the sender's, who are left out
	// then and named in the answer. Without it nothing is sent.
	LeaveOut bool `json:"leave_out,omitempty"`
}

// Send stores one sending durably. fresh is false when the
// key was used before for the same request: the first sending is returned again.
//
// Who is locked is left out, and named in the answer and in the entry.
//
// Errors: Forbidden; NotFound (no such test among yours); Invalid or TooLarge naming
// subject, body, recipients, key or reminds; Conflict (field "key") when the key was
// used for something else, or (field "recipients") when everyone meant is locked; RateLimited; Unavailable, with Unknown when the connection
// was lost during COMMIT. Nothing is half-done.
func (s *Service) Send(ctx context.Context, actor domain.Actor, exam domain.ExamID, r Request) (b Broadcast, fresh bool, err error) {
	rooms, err := reach(actor, domain.ActBroadcastSend, exam)
	if err != nil {
		return Broadcast{}, false, err
	}
	r.Subject = domain.Subject(r.Subject)
	r.Body = strings.ReplaceAll(r.Body, "\r\n", "\n")
	if err := s.validate(r); err != nil {
		return Broadcast{}, false, err
	}
	var reminds int64
	if r.Reminds != "" {
		of, err := s.open(ctx, actor, following, r.Reminds)
		if err != nil || of.Group != exam {
			return Broadcast{}, false, fault.Field("reminds", "no such sending in this test")
		}
		reminds = of.Offset
		if r.Parts > 1 {
			return Broadcast{}, false, fault.Field("parts", "a reminder is one sending: remind of each part of its own")
		}
	}
	return s.send(ctx, actor, exam, rooms, draft{
		key: r.Key, hash: requestHash("send", exam, r), subject: r.Subject, body: r.Body, reminds: reminds, recipients: r.Recipients, channels: r.Channels,
		parts: r.Parts, leaveOut: r.LeaveOut,
	})
}

func (s *Service) validate(r Request) error {
	if err := domain.CheckKey(r.Key); err != nil {
		return err
	}
	if err := domain.CheckText("subject", r.Subject, s.o.Limits.Subject, true, false); err != nil {
		return err
	}
	if err := domain.CheckText("body", r.Body, s.o.Limits.Body, false, true); err != nil {
		return err
	}
	if err := domain.CheckChannels(r.Channels); err != nil {
		return err
	}
	if err := checkParts(r.Parts); err != nil {
		return err
	}
	return r.Recipients.validate()
}

// requestHash tells two requests under one key apart.
func requestHash(what string, about any, request any) []byte {
	b, err := json.Marshal([]any{what, about, request})
	if err != nil {
		panic(err) // plain structs
	}
	h := sha256.Sum256(b)
	return h[:]
}

// draft is a sending that has been checked but for its recipients.
type draft struct {
	key           string
	hash          []byte
	subject, body string
	reminds       int64
	recipients    Recipients
	files         []domain.AttachmentID
	channels      []domain.Channel
	parts         int // sendings that it may become
	leaveOut      bool
	// resolve finds the recipients of a reminder.
	resolve func(context.Context) (toRemind, error)
	// reminder is what resolve has found, of a reminder outside tests.
	reminder *toRemind
}

func (s *Service) send(ctx context.Context, actor domain.Actor, exam domain.ExamID, rooms []string, d draft) (Broadcast, bool, error) {
	brief, earlier, err := s.o.Store.Prepare(ctx, actor.Organisation, exam, actor.ID, d.key, d.hash)
	if err != nil {
		return Broadcast{}, false, err
	}
	if earlier != nil {
		b, err := s.again(ctx, actor, rooms, earlier)
		return b, false, err
	}
	if d.subject == "" && !brief.Settings.SubjectOptional {
		return Broadcast{}, false, fault.Field("subject", "subject must not be empty")
	}
	// A retry is answered above and costs nothing of the sender's budget.
	if err := s.allow(actor); err != nil {
		return Broadcast{}, false, err
	}
	for range maxStale {
		b, fresh, err := s.once(ctx, actor, exam, rooms, d, brief)
		if !errors.Is(err, domain.ErrStale) {
			return b, fresh, err
		}
	}
	return Broadcast{}, false, fault.New(fault.Unavailable, "others are reminding the same people; try again")
}

// maxStale is how often a reminder is prepared anew because others remind of the same sending meanwhile.
const maxStale = 5

// once is one try of send. Errors, beside those of send: domain.ErrStale.
func (s *Service) once(
	ctx context.Context, actor domain.Actor, exam domain.ExamID, rooms []string, d draft, brief domain.ExamBrief,
) (Broadcast, bool, error) {
	var r toRemind
	if d.resolve != nil {
		var err error
		if r, err = d.resolve(ctx); err != nil {
			return Broadcast{}, false, err
		}
		if r.merge != 0 {
			b, err := s.merged(ctx, actor, rooms, r.merge)
			return b, false, err
		}
		d.recipients = Recipients{People: r.people}
	}
	to, err := s.audience(ctx, actor, exam, rooms, d.recipients, d.parts, d.leaveOut)
	if err != nil {
		return Broadcast{}, false, err
	}
	for code, nos := range r.left {
		for _, no := range nos {
			to.leave(code, no)
		}
	}
	filter, err := s.words(ctx, actor.Organisation, d.recipients)
	if err != nil {
		return Broadcast{}, false, err
	}
	text := journal.BroadcastSent{
		ExamName: brief.Name, Subject: d.subject, Body: d.body, Level: domain.LevelPopup, SenderName: actor.SenderName(), SenderRole: actor.Role,
		Reminds: d.reminds, Recipients: to.n, LeftOut: to.left, Filter: filter, Channels: d.channels,
	}
	e := &journal.Entry{Organisation: actor.Organisation, Kind: journal.KindBroadcastSent, Actor: actor.Ref(), Group: exam,
		Audience: to.list, RequestKey: d.key, RequestHash: d.hash}
	if d.resolve == nil && s.partsOf(to.n) > 1 {
		first, fresh, err := s.appendParts(ctx, e, text)
		if err != nil {
			return Broadcast{}, false, err
		}
		b, err := s.again(ctx, actor, rooms, first)
		return b, fresh, err
	}
	if e.Payload, err = json.Marshal(text); err != nil {
		return Broadcast{}, false, err
	}
	stored, fresh, err := s.append(ctx, e, d, r, to.people)
	if err != nil {
		return Broadcast{}, false, err
	}
	if !fresh { // the same request was stored while this one was prepared
		b, err := s.again(ctx, actor, rooms, stored)
		return b, false, err
	}
	b := s.broadcast(&sending{Entry: stored, text: text}, Counts{Recipients: to.n})
	b.LeftOut, err = s.leftOut(ctx, actor, &sending{Entry: stored, text: text})
	for _, id := range to.strange {
		b.LeftOut = append(b.LeftOut, Blocked{ID: id, Reason: unknown})
	}
	return b, true, err
}

// append stores a sending that is ready: a reminder only if nothing has changed since it was prepared.
func (s *Service) append(
	ctx context.Context, e *journal.Entry, d draft, r toRemind, people []domain.PersonNo,
) (*journal.Entry, bool, error) {
	switch {
	case d.reminds == 0:
		return s.o.Store.Append(ctx, e)
	case d.resolve == nil: // its sender has chosen whom it reminds
		reminders, err := s.o.Store.Reminders(ctx, e.Organisation, d.reminds)
		if err != nil {
			return nil, false, err
		}
		return s.o.Store.AppendReminder(ctx, e, reminders.Root, math.MaxInt64, nil)
	}
	return s.o.Store.AppendReminder(ctx, e, r.root, r.newest, people)
}

// allow takes one sending from the sender's budget. Errors: RateLimited.
func (s *Service) allow(actor domain.Actor) error {
	if ok, after := s.o.Limiter.Allow(actor.Organisation, actor.ID); !ok {
		return &fault.Error{Code: fault.RateLimited, RetryAfter: after, Message: "too many sendings at once; wait a moment and send again"}
	}
	return nil
}

// again is the answer to a retry.
func (s *Service) again(ctx context.Context, actor domain.Actor, rooms []string, e *journal.Entry) (Broadcast, error) {
	if e.Kind != journal.KindBroadcastSent {
		return Broadcast{}, &fault.Error{Code: fault.Conflict, Field: "key", Message: "this key was used before for something else; make a new key for a new request"}
	}
	list, err := s.withCounts(ctx, actor.Organisation, rooms, []*journal.Entry{e})
	if err != nil {
		return Broadcast{}, err
	}
	b, err := sendingOf(e)
	if err != nil {
		return Broadcast{}, err
	}
	list[0].LeftOut, err = s.leftOut(ctx, actor, b)
	return list[0], err
}
