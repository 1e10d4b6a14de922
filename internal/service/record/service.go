// Package record is the log: who sent what to whom and when, read from the
// journal, searchable, exportable and verifiable. Nobody can change it.
package record

import (
	"context"
	"encoding/hex"
	"time"

	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Store is what this service needs of the database.
type Store interface {
	Record(ctx context.Context, org domain.OrganisationID, f journal.Filter, limit int) ([]*journal.Entry, error)
	Entry(ctx context.Context, org domain.OrganisationID, offset int64) (*journal.Entry, error)
	PersonRefs(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) (map[domain.PersonNo]domain.PersonRef, error)
	ExamNames(ctx context.Context, org domain.OrganisationID, ids []domain.ExamID) (map[domain.ExamID]string, error)
	BroadcastCounts(ctx context.Context, org domain.OrganisationID, rooms []string, offsets ...int64) (map[int64]domain.ReceiptCounts, error)
	VerifyChain(ctx context.Context, org domain.OrganisationID) (journal.Chain, error)
}

// Service is safe for concurrent use.
type Service struct {
	store  Store
	sealer *cursor.Sealer
}

// New makes the service.
func New(s Store, sealer *cursor.Sealer) *Service { return &Service{store: s, sealer: sealer} }

// Filter chooses entries. Zero values are no condition.
type Filter struct {
	Exam     domain.ExamID
	Kinds    []journal.Kind
	Q        string    // words, each the beginning of one in subject, body, test, actor or summary
	From, To time.Time // From ≤ at < To
	Sender   string    // words of the actor's name, or their id
}

// Page is a page of the log, newest first. Next is "" on the last page.
type Page struct {
	Entries []Entry `json:"entries"`
	Next    string  `json:"next"`
}

// Entry is one line of the log.
type Entry struct {
	ID         string       `json:"id"`
	Kind       journal.Kind `json:"kind"`
	At         time.Time    `json:"at"`
	Actor      Actor        `json:"actor"`
	Test       *Test        `json:"test,omitempty"`
	Summary    string       `json:"summary"` // in words
	Subject    string       `json:"subject,omitempty"`
	Body       string       `json:"body,omitempty"`
	Recipients int          `json:"recipients_count,omitempty"`
	Hash       string       `json:"hash"` // hexadecimal
}

// Actor is who did it, as they were called then.
type Actor struct {
	Name string           `json:"name"`
	Role domain.Role      `json:"role"`
	Kind domain.ActorKind `json:"kind"`
}

// Test names a test, or another group.
type Test struct {
	ID   domain.ExamID `json:"id"`
	Name string        `json:"name"`
}

// Detail is one entry with the people it went to, within the reader's rooms.
type Detail struct {
	Entry
	People    []Person    `json:"recipients,omitempty"`
	Concerned []Concerned `json:"people,omitempty"` // of entries that are no sendings
}

// Concerned is a person of whom an entry says something of their own.
type Concerned struct {
	ID         domain.PersonID `json:"id"`
	Name       string          `json:"name"`
	ExternalID string          `json:"external_id"`
	What       string          `json:"what"` // in words
}

// Person is one recipient. Room is where they sat when it was sent.
type Person struct {
	ID         domain.PersonID `json:"id"`
	Name       string          `json:"name"`
	ExternalID string          `json:"external_id"`
	Room       string          `json:"room"`
}

// Verification is what checking the whole journal found.
type Verification struct {
	Entries  int64  `json:"entries"`
	OK       bool   `json:"ok"`
	HeadHash string `json:"head_hash"`           // hexadecimal
	FirstBad string `json:"first_bad,omitempty"` // id of the first entry that does not fit
}

const (
	maxPage = 200
	scan    = 500    // entries read at a time
	maxScan = 20_000 // entries read for one page at most; the page's Next goes on from there
)

// scope is what of the record the actor may read.
func scope(actor domain.Actor) (journal.Scope, error) {
	if err := actor.May(domain.ActRecordView); err != nil {
		return journal.Scope{}, err
	}
	if actor.May(domain.ActRecordAll) == nil {
		return journal.Scope{All: true}, nil
	}
	all, exams, err := actor.Exams(domain.ActRecordView)
	if err != nil || all {
		return journal.Scope{All: all}, err
	}
	sc := journal.Scope{Exams: map[domain.ExamID][]string{}, Own: actor.ID}
	for _, id := range exams {
		every, rooms, err := actor.Rooms(domain.ActRecordView, id)
		if err != nil {
			return sc, err
		}
		if every {
			rooms = nil
		}
		sc.Exams[id] = rooms
	}
	return sc, nil
}

// Get returns one entry with its people. Errors: Forbidden, NotFound.
func (s *Service) Get(ctx context.Context, actor domain.Actor, id string) (Detail, error) {
	sc, err := scope(actor)
	if err != nil {
		return Detail{}, err
	}
	offset, err := s.sealer.Open(int64(actor.Organisation), 0, id)
	if err != nil {
		return Detail{}, fault.New(fault.NotFound, "no such entry")
	}
	e, err := s.store.Entry(ctx, actor.Organisation, offset)
	if err != nil {
		return Detail{}, err
	}
	people, err := s.people(ctx, sc, e)
	if err != nil {
		return Detail{}, err
	}
	if !sc.All && len(people) == 0 {
		return Detail{}, fault.New(fault.NotFound, "no such entry")
	}
	names, err := s.examNames(ctx, actor.Organisation, []*journal.Entry{e})
	if err != nil {
		return Detail{}, err
	}
	reached, err := s.reached(ctx, sc, actor.Organisation, []*journal.Entry{e})
	if err != nil {
		return Detail{}, err
	}
	line, err := s.line(e, names, reached)
	if err != nil {
		return Detail{}, err
	}
	out := Detail{Entry: line, People: people}
	if sc.All {
		out.Concerned, err = s.concerned(ctx, e)
	}
	return out, err
}

// concerned names the people of whom an entry says something of their own.
func (s *Service) concerned(ctx context.Context, e *journal.Entry) ([]Concerned, error) {
	nos, what, err := concerned(e)
	if err != nil || len(nos) == 0 {
		return nil, err
	}
	refs, err := s.store.PersonRefs(ctx, e.Organisation, nos)
	if err != nil {
		return nil, err
	}
	out := make([]Concerned, len(nos))
	for i, no := range nos {
		ref := refs[no]
		out[i] = Concerned{ID: ref.ID, Name: ref.Name, ExternalID: ref.ExternalID, What: what[i]}
	}
	return out, nil
}

// people are the recipients of a sending within the scope, by room and name; none
// of any other entry.
func (s *Service) people(ctx context.Context, sc journal.Scope, e *journal.Entry) ([]Person, error) {
	if e.Kind != journal.KindBroadcastSent {
		return nil, nil
	}
	limits, mine := sc.Exams[e.Group]
	if own := e.Group == "" && sc.Own != "" && e.Actor.ID == sc.Own; !sc.All && !mine && !own {
		return nil, nil
	}
	rooms, err := e.Rooms()
	if err != nil {
		return nil, err
	}
	var nos []domain.PersonNo
	var where []string
	for _, r := range rooms {
		if sc.All || limits == nil || contains(limits, r.Room) {
			for _, no := range r.People {
				nos, where = append(nos, no), append(where, r.Room)
			}
		}
	}
	refs, err := s.store.PersonRefs(ctx, e.Organisation, nos)
	if err != nil {
		return nil, err
	}
	out := make([]Person, len(nos))
	for i, no := range nos {
		ref := refs[no]
		out[i] = Person{ID: ref.ID, Name: ref.Name, ExternalID: ref.ExternalID, Room: where[i]}
	}
	sortPeople(out)
	return out, nil
}

// Verify computes every hash of the organisation's journal again. Errors: Forbidden.
func (s *Service) Verify(ctx context.Context, actor domain.Actor) (Verification, error) {
	if err := actor.May(domain.ActRecordAll); err != nil {
		return Verification{}, err
	}
	c, err := s.store.VerifyChain(ctx, actor.Organisation)
	if err != nil {
		return Verification{}, err
	}
	v := Verification{Entries: c.Entries, OK: c.OK, HeadHash: hex.EncodeToString(c.HeadHash)}
	if !c.OK {
		v.FirstBad = s.seal(actor.Organisation, c.FirstBad)
	}
	return v, nil
}

func (s *Service) seal(org domain.OrganisationID, offset int64) string {
	return s.sealer.Seal(int64(org), 0, offset)
}
