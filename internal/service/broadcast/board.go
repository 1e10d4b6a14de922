package broadcast

import (
	"context"
	"slices"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Broadcast is one sending as staff see it; the counts are of the rooms they may see.
type Broadcast struct {
	ID      domain.BroadcastID `json:"id"`
	Subject string             `json:"subject"`
	Body    string             `json:"body"`
	Level   domain.Level       `json:"level"`
	At      time.Time          `json:"at"`
	Sender  Sender             `json:"sender"`
	Test    Test               `json:"test"`              // the group, of any kind; without id and name if it belongs to none
	Kind    domain.GroupKind   `json:"kind,omitempty"`    // of the group
	Reminds domain.BroadcastID `json:"reminds,omitempty"` // id of the sending it reminds of
	Counts  Counts             `json:"counts"`
	Part    *Part              `json:"part,omitempty"` // where the recipients are more than one sending may have

	Attachments []domain.AttachmentView `json:"attachments,omitempty"`
	LeftOut     []Blocked               `json:"left_out,omitempty"` // who could not be written to; for the sender and who sees all
	Merged      bool                    `json:"merged,omitempty"`   // the answer to Remind: this had just been sent to all of them
}

// Sender is who sent it, as they were called then.
type Sender struct {
	ID   string      `json:"id"` // of the person or API key
	Name string      `json:"name"`
	Role domain.Role `json:"role"`
}

// Test names a test, or another group.
type Test struct {
	ID   domain.ExamID `json:"id"`
	Name string        `json:"name"`
}

// Counts are how many recipients have come how far.
type Counts struct {
	Recipients   int `json:"recipients"`
	Delivered    int `json:"delivered"`
	Displayed    int `json:"displayed"`
	Acknowledged int `json:"acknowledged"`
	Told         int `json:"told"`
	Stopped      int `json:"stopped,omitempty"` // never delivered, since they left or were locked out
}

// Page is a page of a test's sendings, newest first. Next is "" on the last page.
type Page struct {
	Broadcasts []Broadcast `json:"broadcasts"`
	Next       string      `json:"next"`
}

// maxPage is how many sendings one page holds at most.
const maxPage = 200

// List returns a test's sendings before one of them ("" = from the newest).
// Errors: Forbidden, NotFound, Invalid (field "before").
func (s *Service) List(ctx context.Context, actor domain.Actor, exam domain.ExamID, limit int, before string) (Page, error) {
	rooms, err := reach(actor, domain.ActBroadcastView, exam)
	if err != nil {
		return Page{}, err
	}
	if _, _, err := s.o.Store.Prepare(ctx, actor.Organisation, exam, "", "", nil); err != nil {
		return Page{}, err
	}
	var offset int64
	if before != "" {
		if offset, err = s.o.Sealer.Open(int64(actor.Organisation), 0, before); err != nil {
			return Page{}, fault.Field("before", "not an id of a sending")
		}
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	entries, err := s.o.Store.Broadcasts(ctx, actor.Organisation, exam, rooms, offset, limit+1)
	if err != nil {
		return Page{}, err
	}
	more := len(entries) > limit
	if more {
		entries = entries[:limit]
	}
	out := Page{}
	if out.Broadcasts, err = s.withCounts(ctx, actor.Organisation, rooms, entries); err != nil {
		return Page{}, err
	}
	if more {
		out.Next = string(out.Broadcasts[limit-1].ID)
	}
	return out, nil
}

// Get returns one sending. Errors: Forbidden, NotFound.
func (s *Service) Get(ctx context.Context, actor domain.Actor, id domain.BroadcastID) (Broadcast, error) {
	b, err := s.open(ctx, actor, viewing, id)
	if err != nil {
		return Broadcast{}, err
	}
	var out Broadcast
	if b.only == nil {
		list, err := s.withCounts(ctx, actor.Organisation, b.rooms, []*journal.Entry{b.Entry})
		if err != nil {
			return Broadcast{}, err
		}
		out = list[0]
	} else {
		rows, err := s.recipients(ctx, b)
		if err != nil {
			return Broadcast{}, err
		}
		out = s.broadcast(b, countsOf(rows))
	}
	out.LeftOut, err = s.leftOut(ctx, actor, b)
	return out, err
}

// countsOf counts recipients as the database does.
func countsOf(rows []domain.Recipient) Counts {
	c := Counts{Recipients: len(rows)}
	add := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	for _, r := range rows {
		add(&c.Delivered, !r.Delivered.IsZero())
		add(&c.Displayed, !r.Displayed.IsZero())
		add(&c.Acknowledged, !r.Acknowledged.IsZero())
		add(&c.Told, !r.Told.IsZero())
		add(&c.Stopped, r.Stopped != "")
	}
	return c
}

// leftOut names who could not be written to, to the sender and to who sees everyone.
func (s *Service) leftOut(ctx context.Context, actor domain.Actor, b *sending) ([]Blocked, error) {
	mine := b.Actor.ID == actor.ID
	if len(b.text.LeftOut) == 0 || !mine && actor.Reach(domain.ActBroadcastView) < domain.ReachOrganisation {
		return nil, nil
	}
	return s.blocked(ctx, b.Organisation, b.text.LeftOut)
}

// blocked names those who are left out, by name.
func (s *Service) blocked(ctx context.Context, org domain.OrganisationID, by map[domain.BlockedCode][]domain.PersonNo) ([]Blocked, error) {
	var nos []domain.PersonNo
	for _, part := range by {
		nos = append(nos, part...)
	}
	refs, err := s.o.Store.PersonRefs(ctx, org, nos)
	if err != nil {
		return nil, err
	}
	var out []Blocked
	for code, part := range by {
		for _, no := range part {
			out = append(out, Blocked{ID: refs[no].ID, Name: refs[no].Name, Reason: domain.Block(code)})
		}
	}
	slices.SortFunc(out, func(a, b Blocked) int {
		if c := strings.Compare(domain.Fold(a.Name), domain.Fold(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return out, nil
}

func (s *Service) withCounts(ctx context.Context, org domain.OrganisationID, rooms []string, entries []*journal.Entry) ([]Broadcast, error) {
	out := make([]Broadcast, len(entries))
	if len(entries) == 0 {
		return out, nil
	}
	offsets := make([]int64, len(entries))
	for i, e := range entries {
		offsets[i] = e.Offset
	}
	counts, err := s.o.Store.BroadcastCounts(ctx, org, rooms, offsets...)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		b, err := sendingOf(e)
		if err != nil {
			return nil, err
		}
		out[i] = s.broadcast(b, Counts(counts[e.Offset]))
	}
	return out, nil
}

func (s *Service) broadcast(b *sending, c Counts) Broadcast {
	out := Broadcast{
		ID: s.seal(b.Organisation, b.Offset), Subject: b.text.Subject, Body: b.text.Body, Level: b.text.Level, At: b.At,
		Sender: Sender{ID: b.Actor.ID, Name: b.text.SenderName, Role: b.text.SenderRole}, Test: Test{ID: b.Group, Name: b.text.ExamName}, Kind: b.kind(), Counts: c,
		Attachments: domain.AttachmentViews(b.text.Attachments),
	}
	out.Part = s.part(b)
	if b.text.Reminds != 0 {
		out.Reminds = s.seal(b.Organisation, b.text.Reminds)
	}
	return out
}
