// Package monitor shows staff their tests while they run: the list of tests, a test's
// live list of candidates (seed 001, product rows S1 and S2), and the live feed that
// keeps it right without reloading.
package monitor

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/domain"
)

// Store is what this service needs of the database.
type Store interface {
	Exams(ctx context.Context, org domain.OrganisationID, ids []domain.ExamID) ([]domain.Exam, error)
	Exam(ctx context.Context, org domain.OrganisationID, id domain.ExamID) (domain.Exam, error)
	Enrolments(ctx context.Context, org domain.OrganisationID, exams []domain.ExamID) ([]domain.Enrolment, error)
	Candidates(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, rooms []string) ([]domain.Candidate, error)
	OtherGroups(ctx context.Context, org domain.OrganisationID, exam domain.ExamID, seen domain.Seen) (map[domain.PersonNo][]domain.GroupMark, error)
	// AttendedRooms are the rooms of a test that invigilators are assigned to, "" for all of them.
	AttendedRooms(ctx context.Context, org domain.OrganisationID, exam domain.ExamID) ([]string, error)
	RosterOf(ctx context.Context, org domain.OrganisationID, exam domain.ExamID) ([]domain.Placed, error)
}

// Presence says who is connected; lastSeen is zero when not known.
type Presence interface {
	Presence(org domain.OrganisationID, no domain.PersonNo) (p domain.Presence, lastSeen time.Time)
	// UnknownNodes returns how many other nodes cannot be heard now.
	UnknownNodes(org domain.OrganisationID) int
}

// Publisher sends an event to the connections of this node that listen to a topic.
type Publisher interface {
	Publish(org domain.OrganisationID, topic string, event any)
}

// Deps are what a Service is made of. Log may be left out.
type Deps struct {
	Store     Store
	Presence  Presence
	Publisher Publisher
	Clock     clock.Clock
	Log       zerolog.Logger
}

// Service is the use-case. Make one with New; Start it for the live feed.
type Service struct {
	Deps
	feed feed
}

// New makes a service.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.feed.init(s)
	return s
}
