// Package team is staff speaking with each other: direct chats, and a back channel of
// each group whose staff it is (product row V19). Nothing of it reaches a candidate: it
// has tables, entries and topics of its own.
package team

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Store is what this service needs of the database.
type Store interface {
	Person(ctx context.Context, org domain.OrganisationID, id domain.PersonID) (domain.Person, error)
	Staff(ctx context.Context, org domain.OrganisationID) ([]domain.Person, error)
	GroupMarks(ctx context.Context, org domain.OrganisationID, ids []domain.GroupID) (map[domain.GroupID]domain.GroupMark, error)
	TeamSend(ctx context.Context, e *journal.Entry, thread domain.TeamThread, by domain.PersonNo, members []domain.PersonNo) (stored *journal.Entry, fresh bool, err error)
	TeamThreads(ctx context.Context, org domain.OrganisationID, me domain.PersonNo, meID domain.PersonID, groups []domain.GroupID) ([]journal.TeamSummary, error)
	TeamMessages(ctx context.Context, org domain.OrganisationID, thread domain.TeamThread, before int64, limit int) ([]journal.TeamItem, error)
	// TeamShared says with which colleagues a staff member has a direct chat, or a group of these.
	TeamShared(ctx context.Context, org domain.OrganisationID, me domain.PersonNo, groups []domain.GroupID) (map[domain.PersonNo]bool, error)
	TeamRead(ctx context.Context, org domain.OrganisationID, me domain.PersonNo, thread domain.TeamThread) error
}

// Presence says who is connected: advice.
type Presence interface {
	Presence(org domain.OrganisationID, no domain.PersonNo) (p domain.Presence, lastSeen time.Time)
}

// Pages reaches the open pages of this node.
type Pages interface {
	// Person sends an event to one person's pages.
	Person(org domain.OrganisationID, no domain.PersonNo, event any)
	// Team sends an event to the pages of the staff of a group: those whose scopes hold it, and those who reach everything.
	Team(org domain.OrganisationID, group domain.GroupID, event any)
}

// Deps are what a Service is made of.
type Deps struct {
	Store    Store
	Presence Presence
	Pages    Pages
	Sealer   *cursor.Sealer
	Clock    clock.Clock
	Limits   domain.Limits
}

// Service is safe for concurrent use.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// From is who wrote a message.
type From struct {
	ID   string      `json:"id"`
	Name string      `json:"name"`
	Role domain.Role `json:"role"`
}

// Message is one message among staff.
type Message struct {
	ID   domain.ItemID `json:"id"`
	Body string        `json:"body"`
	From From          `json:"from"`
	At   time.Time     `json:"at"`
}

// Page is a page of a thread, newest first.
type Page struct {
	Messages []Message `json:"messages"`
	Next     string    `json:"next"` // "" on the last page
}

// Send writes into a thread: "direct.<person id>" or "group.<group id>". fresh is false for a retry
// under the same key. Errors: Forbidden; NotFound (no such thread of the actor's); Invalid naming key
// or body; Conflict (key); Unavailable.
func (s *Service) Send(ctx context.Context, actor domain.Actor, thread, key, body string) (m Message, fresh bool, err error) {
	at, err := s.find(ctx, actor, thread)
	if err != nil {
		return m, false, err
	}
	if err := domain.CheckKey(key); err != nil {
		return m, false, err
	}
	body = strings.ReplaceAll(body, "\r\n", "\n")
	if err := domain.CheckText("body", body, s.Limits.Body, false, true); err != nil {
		return m, false, err
	}
	text := journal.TeamMessage{Thread: at.Key(), Body: body, SenderName: actor.Name, SenderRole: actor.Role}
	members := []domain.PersonNo{actor.No}
	if at.Group == "" {
		text.People, text.PeopleIDs = []domain.PersonNo{actor.No, at.other.No}, []domain.PersonID{domain.PersonID(actor.ID), at.other.ID}
		members = append(members, at.other.No)
	}
	payload, err := json.Marshal(text)
	if err != nil {
		return m, false, err
	}
	hash := sha256.Sum256([]byte("team\x00" + at.Key() + "\x00" + body))
	e, fresh, err := s.Store.TeamSend(ctx, &journal.Entry{Organisation: actor.Organisation, Kind: journal.KindTeamMessage, Actor: actor.Ref(), Group: at.Group,
		Payload: payload, RequestKey: key, RequestHash: hash[:]}, at.TeamThread, actor.No, members)
	if err != nil {
		return m, false, err
	}
	return s.message(actor.Organisation, journal.TeamItem{Offset: e.Offset, At: e.At, From: e.Actor, Text: text}), fresh, nil
}

// Messages returns a page of a thread, newest first, before one of its messages ("" = from the newest).
// Errors: Forbidden; NotFound; Invalid (before).
func (s *Service) Messages(ctx context.Context, actor domain.Actor, thread, before string, limit int) (Page, error) {
	at, err := s.find(ctx, actor, thread)
	if err != nil {
		return Page{}, err
	}
	var offset int64
	if before != "" {
		if offset, err = s.Sealer.Open(int64(actor.Organisation), 0, before); err != nil {
			return Page{}, fault.Field("before", "no such message")
		}
	}
	list, err := s.Store.TeamMessages(ctx, actor.Organisation, at.TeamThread, offset, limit+1)
	if err != nil {
		return Page{}, err
	}
	p := Page{Messages: []Message{}}
	for i, item := range list {
		if i == limit {
			p.Next = string(p.Messages[limit-1].ID)
			break
		}
		p.Messages = append(p.Messages, s.message(actor.Organisation, item))
	}
	return p, nil
}

// Read notes that the actor has read a thread. Errors: Forbidden, NotFound.
func (s *Service) Read(ctx context.Context, actor domain.Actor, thread string) error {
	at, err := s.find(ctx, actor, thread)
	if err != nil {
		return err
	}
	return s.Store.TeamRead(ctx, actor.Organisation, actor.No, at.TeamThread)
}

func (s *Service) message(org domain.OrganisationID, i journal.TeamItem) Message {
	return Message{ID: domain.ItemID(s.Sealer.Seal(int64(org), 0, i.Offset)), Body: i.Text.Body, At: i.At, From: From{ID: i.From.ID, Name: i.From.Name, Role: i.From.Role}}
}
