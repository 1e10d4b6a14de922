package broadcast

import (
	"context"

	"crier/internal/domain"
)

// Preview is who a sending would reach at this moment.
type Preview struct {
	Recipients []PreviewRecipient `json:"recipients"`
	Counts     PreviewCounts      `json:"counts"`
	LeftOut    []LeftOut          `json:"left_out"`
	Splitting
}

// PreviewRecipient is one of them.
type PreviewRecipient struct {
	ID       domain.PersonID `json:"id"`
	Name     string          `json:"name"`
	Room     string          `json:"room"`
	Seat     string          `json:"seat"`
	Presence domain.Presence `json:"presence"`
	Progress domain.Progress `json:"progress"`
}

// PreviewCounts count them by presence and by progress.
type PreviewCounts struct {
	Total int `json:"total"`
	domain.PresenceCounts
	NotStarted int `json:"not_started"`
	InProgress int `json:"in_progress"`
	Submitted  int `json:"submitted"`
}

// LeftOut is someone who would not be reached, and why: who is locked, and of those named who is not the actor's.
type LeftOut struct {
	ID     domain.PersonID    `json:"id"`
	Name   string             `json:"name,omitempty"` // "": not a candidate of the test
	Code   domain.BlockedCode `json:"code"`
	Reason string             `json:"reason"` // in words
}

// Preview resolves recipients without sending. More than the limit is not an error
// here: the answer says both numbers. Errors: Forbidden, NotFound, Invalid.
func (s *Service) Preview(ctx context.Context, actor domain.Actor, exam domain.ExamID, r Recipients) (Preview, error) {
	rooms, err := reach(actor, domain.ActBroadcastSend, exam)
	if err != nil {
		return Preview{}, err
	}
	if err := r.validate(); err != nil {
		return Preview{}, err
	}
	if _, _, err := s.o.Store.Prepare(ctx, actor.Organisation, exam, "", "", nil); err != nil {
		return Preview{}, err
	}
	var filter domain.CandidateFilter
	if r.Filter != nil {
		filter = *r.Filter
	}
	candidates, err := s.matching(ctx, actor, exam, rooms, filter)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Recipients: []PreviewRecipient{}, LeftOut: []LeftOut{}}
	if r.Filter == nil {
		byID := make(map[domain.PersonID]domain.Candidate, len(candidates))
		for _, c := range candidates {
			byID[c.ID] = c
		}
		found := map[domain.PersonID]bool{}
		for _, id := range r.distinct() {
			if c, ok := byID[id]; ok {
				p.add(c)
				found[id] = true
			}
		}
		strays, strange, err := s.strays(ctx, actor.Organisation, exam, r.distinct(), found)
		if err != nil {
			return Preview{}, err
		}
		for _, one := range strays {
			p.LeftOut = append(p.LeftOut, LeftOut{ID: one.ID, Name: one.Name, Code: one.Code, Reason: domain.Block(one.Code).Text})
		}
		for _, id := range strange {
			p.LeftOut = append(p.LeftOut, LeftOut{ID: id, Code: unknown.Code, Reason: reasonNotYours(rooms != nil)})
		}
		p.Splitting = s.splitting(p.Counts.Total)
		return p, nil
	}
	for _, c := range candidates {
		p.add(c)
	}
	p.Splitting = s.splitting(p.Counts.Total)
	return p, nil
}

func (p *Preview) add(c domain.Candidate) {
	if c.Locked { // what is sent to them is stopped before it is delivered
		b := domain.Block(domain.BlockedLocked)
		p.LeftOut = append(p.LeftOut, LeftOut{ID: c.ID, Name: c.Name(), Code: b.Code, Reason: b.Text})
		return
	}
	p.Recipients = append(p.Recipients, PreviewRecipient{ID: c.ID, Name: c.Name(), Room: c.Room, Seat: c.Seat, Presence: c.Presence, Progress: c.Progress})
	p.Counts.Total++
	p.Counts.Add(c.Presence)
	switch c.Progress {
	case domain.InProgress:
		p.Counts.InProgress++
	case domain.Submitted:
		p.Counts.Submitted++
	default:
		p.Counts.NotStarted++
	}
}
