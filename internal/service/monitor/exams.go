package monitor

import (
	"context"
	"slices"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Exam is a test as its list shows it.
type Exam struct {
	ID         domain.ExamID `json:"id"`
	Name       string        `json:"name"`
	ExternalID string        `json:"external_id"`
	StartsAt   *time.Time    `json:"starts_at"`
	EndsAt     *time.Time    `json:"ends_at"`
	State      string        `json:"state"` // upcoming, running, ended; running when its times are not known
	Rooms      []string      `json:"rooms"` // those the actor may see
	Counts     Counts        `json:"counts"`

	// SendingsOnly reports that the actor's reach through the test has ended: what was sent in it
	// can still be read, nothing else. The counts are 0 then.
	SendingsOnly bool `json:"sendings_only,omitempty"`
}

// Counts counts a test's candidates, within the rooms the actor may see.
type Counts struct {
	Candidates int `json:"candidates"`
	NotStarted int `json:"not_started"`
	InProgress int `json:"in_progress"`
	Submitted  int `json:"submitted"`
	Online     int `json:"online"` // their page answers; away included
}

// ExamOfMine is a test with what the actor may do in it.
type ExamOfMine struct {
	Exam
	MyRooms *[]string `json:"my_rooms"` // null: all
	MaySend bool      `json:"may_send"`
	// Warnings are of what the actor sees; nil once the test has ended.
	Warnings *Warnings `json:"warnings,omitempty"`
}

// Exams returns the tests that the actor may see, those that start first first, those included
// whose sendings alone they may still see. Errors: Forbidden, Unavailable.
func (s *Service) Exams(ctx context.Context, actor domain.Actor) ([]Exam, error) {
	if err := actor.May(domain.ActExamView); err != nil {
		return nil, err
	}
	all, mine, err := actor.Exams(domain.ActBroadcastView)
	if err != nil {
		return nil, err
	}
	if all {
		mine = nil
	} else if len(mine) == 0 {
		return []Exam{}, nil
	}
	found, err := s.Store.Exams(ctx, actor.Organisation, mine)
	if err != nil {
		return nil, err
	}
	enrolments, err := s.Store.Enrolments(ctx, actor.Organisation, mine)
	if err != nil {
		return nil, err
	}
	byExam := make(map[domain.ExamID][]domain.Enrolment, len(found))
	for _, e := range enrolments {
		byExam[e.Exam] = append(byExam[e.Exam], e)
	}
	out := make([]Exam, 0, len(found))
	for _, e := range found {
		rooms, err := reach(actor, e.ID)
		if fault.Is(err, fault.Forbidden) {
			out = append(out, s.past(e))
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s.exam(e, byExam[e.ID], rooms))
	}
	return out, nil
}

// Exam returns one test. Errors: Forbidden, NotFound, Unavailable.
func (s *Service) Exam(ctx context.Context, actor domain.Actor, id domain.ExamID) (ExamOfMine, error) {
	rooms, err := reach(actor, id)
	if fault.Is(err, fault.Forbidden) && actor.May(domain.ActExamView) == nil {
		e, err := s.Store.Exam(ctx, actor.Organisation, id)
		out := ExamOfMine{Exam: s.past(e)}
		if all, mine, refused := actor.Rooms(domain.ActBroadcastView, id); refused == nil && !all {
			out.MyRooms = &mine
		}
		return out, err
	}
	if err != nil {
		return ExamOfMine{}, err
	}
	e, err := s.Store.Exam(ctx, actor.Organisation, id)
	if err != nil {
		return ExamOfMine{}, err
	}
	enrolments, err := s.Store.Enrolments(ctx, actor.Organisation, []domain.ExamID{id})
	if err != nil {
		return ExamOfMine{}, err
	}
	_, _, refused := actor.Rooms(domain.ActBroadcastSend, id)
	out := ExamOfMine{Exam: s.exam(e, enrolments, rooms), MaySend: refused == nil}
	if rooms != nil {
		out.MyRooms = &rooms
	}
	if out.State == "ended" {
		return out, nil
	}
	attended, err := s.Store.AttendedRooms(ctx, actor.Organisation, id)
	if err != nil {
		return ExamOfMine{}, err
	}
	out.Warnings = warnings(enrolments, rooms, out.Rooms, attended)
	return out, nil
}

// reach returns the rooms of the test that the actor may see; nil means all.
func reach(actor domain.Actor, id domain.ExamID) ([]string, error) {
	all, rooms, err := actor.Rooms(domain.ActExamView, id)
	if err != nil || all {
		return nil, err
	}
	return rooms, nil
}

// past is a test of which the actor sees the sendings alone.
func (s *Service) past(e domain.Exam) Exam {
	out := s.exam(e, nil, nil)
	out.SendingsOnly = true
	return out
}

func (s *Service) exam(e domain.Exam, enrolments []domain.Enrolment, rooms []string) Exam {
	out := Exam{ID: e.ID, Name: e.Name, ExternalID: e.ExternalID, StartsAt: known(e.StartsAt), EndsAt: known(e.EndsAt), State: s.state(e), Rooms: []string{}}
	seen := map[string]bool{}
	for _, n := range enrolments {
		if rooms != nil && !slices.Contains(rooms, n.Room) {
			continue
		}
		if n.Room != "" && !seen[n.Room] {
			seen[n.Room] = true
			out.Rooms = append(out.Rooms, n.Room)
		}
		out.Counts.Candidates++
		switch n.Progress {
		case domain.NotStarted:
			out.Counts.NotStarted++
		case domain.InProgress:
			out.Counts.InProgress++
		case domain.Submitted:
			out.Counts.Submitted++
		}
		if p, _ := s.Presence.Presence(e.Organisation, n.Person); p.Answering() {
			out.Counts.Online++
		}
	}
	slices.Sort(out.Rooms)
	return out
}

func (s *Service) state(e domain.Exam) string {
	now := s.Clock.Now()
	switch {
	case !e.StartsAt.IsZero() && now.Before(e.StartsAt):
		return "upcoming"
	case !e.EndsAt.IsZero() && now.After(e.EndsAt):
		return "ended"
	}
	return "running"
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
