package monitor

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Candidate is a row of the live list.
type Candidate struct {
	ID           domain.PersonID `json:"id"`
	Name         string          `json:"name"`
	GivenName    string          `json:"given_name"`
	FamilyName   string          `json:"family_name"`
	ExternalID   string          `json:"external_id"`
	Progress     domain.Progress `json:"progress"`
	ProgressAt   *time.Time      `json:"progress_at"`
	Presence     domain.Presence `json:"presence"`
	LastSeen     *time.Time      `json:"last_seen_at"` // null: not since this node started
	Room         string          `json:"room"`
	Seat         string          `json:"seat"`
	ExtraMinutes int             `json:"extra_minutes"`
	Tags         []string        `json:"tags"`
	// Groups are the other groups that they are in, of those that the reader sees.
	Groups  []domain.GroupMark `json:"groups"`
	Waiting int                `json:"waiting"` // messages of this test not yet delivered to them
}

// Page is a part of the live list.
type Page struct {
	Candidates []Candidate `json:"candidates"`
	Total      int         `json:"total"` // how many match in all
	Next       string      `json:"next"`  // hand it back as after; "" at the end
	// UnknownNodes is how many nodes cannot be heard: whoever may be connected there is Unknown.
	UnknownNodes int `json:"unknown_nodes"`
}

// candidatesMost is how many candidates one answer holds.
const candidatesMost = 5000

// Candidates returns those of the test whom the filter chooses, by room, seat and
// name. limit 0 means as many as one answer holds; after is the id of the last
// candidate of the page before. Errors: Forbidden, NotFound, Invalid, Unavailable.
func (s *Service) Candidates(ctx context.Context, actor domain.Actor, exam domain.ExamID, f domain.CandidateFilter, limit int, after string) (Page, error) {
	rooms, err := reach(actor, exam)
	if err != nil {
		return Page{}, err
	}
	if err := f.Validate(""); err != nil {
		return Page{}, err
	}
	if _, err := s.Store.Exam(ctx, actor.Organisation, exam); err != nil {
		return Page{}, err
	}
	all, err := s.Store.Candidates(ctx, actor.Organisation, exam, rooms)
	if err != nil {
		return Page{}, err
	}
	seen, err := actor.Seen(domain.ActExamView)
	if err != nil {
		return Page{}, err
	}
	groups, err := s.Store.OtherGroups(ctx, actor.Organisation, exam, seen)
	if err != nil {
		return Page{}, err
	}
	if limit <= 0 || limit > candidatesMost {
		limit = candidatesMost
	}
	domain.SortCandidates(all)
	match := f.Matcher()
	page := Page{Candidates: []Candidate{}, UnknownNodes: s.Presence.UnknownNodes(actor.Organisation)}
	begun := after == ""
	for _, c := range all {
		c.Presence, c.LastSeen = s.Presence.Presence(actor.Organisation, c.Person)
		c.Groups = groups[c.Person]
		here := begun
		begun = begun || string(c.ID) == after // the place of after holds even if it matches no longer
		if !match(c) {
			continue
		}
		page.Total++
		switch {
		case !here:
		case len(page.Candidates) < limit:
			page.Candidates = append(page.Candidates, row(c))
		default:
			page.Next = string(page.Candidates[limit-1].ID)
		}
	}
	if !begun {
		return Page{}, fault.Field("after", "after names no candidate of this test")
	}
	return page, nil
}

func row(c domain.Candidate) Candidate {
	tags := c.Tags
	if tags == nil {
		tags = []string{}
	}
	return Candidate{
		ID: c.ID, Name: c.Name(), GivenName: c.GivenName, FamilyName: c.FamilyName, ExternalID: c.ExternalID, Progress: c.Progress,
		ProgressAt: known(c.ProgressAt), Presence: c.Presence, LastSeen: known(c.LastSeen), Room: c.Room, Seat: c.Seat,
		ExtraMinutes: c.ExtraMinutes, Tags: tags, Groups: c.Groups, Waiting: c.Waiting,
	}
}
