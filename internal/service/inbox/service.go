// Package inbox is the candidate's side: the dashboard, the message centre, and
// the receipts that say what reached their screen. Nobody reads another's.
package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Store is what this service needs of the database.
type Store interface {
	Sittings(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Sitting, error)
	Conversation(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Conversation, error)
	MessagesBefore(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, exam domain.ExamID, before int64, limit int) ([]domain.Message, error)
}

// Service is safe for concurrent use.
type Service struct {
	store    Store
	sealer   *cursor.Sealer
	recorder *Recorder
}

// New makes the service. The recorder's Start and Stop are the caller's.
func New(s Store, sealer *cursor.Sealer, r *Recorder) *Service {
	return &Service{store: s, sealer: sealer, recorder: r}
}

// Dashboard is what a candidate sees first.
type Dashboard struct {
	Tests  []Sitting `json:"tests"`
	Unread int       `json:"unread"` // messages not acknowledged yet
}

// Sitting is one of the candidate's tests. Absent times are not known.
type Sitting struct {
	ID           domain.ExamID   `json:"id"`
	Name         string          `json:"name"`
	StartsAt     *time.Time      `json:"starts_at"`
	EndsAt       *time.Time      `json:"ends_at"`
	Progress     domain.Progress `json:"progress"`
	Room         string          `json:"room"`
	Seat         string          `json:"seat"`
	ExtraMinutes int             `json:"extra_minutes"`
}

// Dashboard returns the actor's own tests. Errors: Forbidden, Unavailable.
func (s *Service) Dashboard(ctx context.Context, actor domain.Actor) (Dashboard, error) {
	if err := own(actor, domain.ActInboxRead); err != nil {
		return Dashboard{}, err
	}
	sittings, err := s.store.Sittings(ctx, actor.Organisation, actor.No)
	if err != nil {
		return Dashboard{}, err
	}
	c, err := s.store.Conversation(ctx, actor.Organisation, actor.No)
	if err != nil {
		return Dashboard{}, err
	}
	d := Dashboard{Tests: make([]Sitting, len(sittings)), Unread: c.Unread}
	for i, t := range sittings {
		d.Tests[i] = Sitting{ID: t.Exam.ID, Name: t.Exam.Name, StartsAt: optional(t.Exam.StartsAt), EndsAt: optional(t.Exam.EndsAt),
			Progress: t.Enrolment.Progress, Room: t.Enrolment.Room, Seat: t.Enrolment.Seat, ExtraMinutes: t.Enrolment.ExtraMinutes}
	}
	return d, nil
}

// own refuses whoever is not a person acting for themselves.
func own(actor domain.Actor, action domain.Action) error {
	if err := actor.May(action); err != nil {
		return err
	}
	if actor.Kind != domain.ActorPerson || actor.No == 0 {
		return fault.New(fault.Forbidden, "only a candidate has messages")
	}
	return nil
}

// Page is a page of the message centre, newest first.
type Page struct {
	Messages []Message `json:"messages"`
	Unread   int       `json:"unread"` // of all pages and tests
	Next     string    `json:"next"`   // "" on the last page
	Cursor   string    `json:"cursor"` // everything up to it has been seen by this page's reader once they have read all pages; "" if there is none
}

// Message is what the socket's frame carries, with its times.
type Message struct {
	ID       string              `json:"id"`    // the cursor of the message in this conversation
	Group    *Group              `json:"group"` // nil: it belongs to none
	Room     string              `json:"room"`
	Subject  string              `json:"subject"`
	Body     string              `json:"body"`
	Level    domain.Level        `json:"level"`
	From     From                `json:"from"`
	At       time.Time           `json:"at"`
	Reminder bool                `json:"reminder"`
	State    domain.ReceiptState `json:"state"`
	Mine     bool                `json:"mine"`          // the actor wrote it
	Via      domain.Channel      `json:"via,omitempty"` // of theirs: what it came by
	Times    Times               `json:"times"`

	Attachments []Attachment `json:"attachments,omitempty"`
	About       *About       `json:"about,omitempty"`
}

// Group names a group.
type Group struct {
	ID   domain.GroupID   `json:"id"`
	Kind domain.GroupKind `json:"kind"`
	Name string           `json:"name"`
}

// Attachment is a file of a message.
type Attachment struct {
	domain.Attachment
	Picture bool `json:"picture"` // it has a preview
}

// About ties a message to an assignment. Absent times are not known.
type About struct {
	Kind     domain.AboutKind `json:"kind"`
	Group    Group            `json:"group"`
	StartsAt *time.Time       `json:"starts_at,omitempty"`
	EndsAt   *time.Time       `json:"ends_at,omitempty"`
}

// From is who sent it.
type From struct {
	Name string      `json:"name"`
	Role domain.Role `json:"role"`
}

// Times say when the message reached each state; absent: not yet.
type Times struct {
	DeliveredAt    *time.Time `json:"delivered_at,omitempty"`
	DisplayedAt    *time.Time `json:"displayed_at,omitempty"`
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty"`
}

const (
	maxPage = 200
	scan    = 200 // messages read at a time while searching
)

// Messages returns a page of the actor's own messages, newest first, before one of
// them ("" = from the newest). q searches subject, body, test and sender, folded,
// every word the beginning of one; exam "" means all tests. Errors: Forbidden; Invalid
// (fields "q", "before").
func (s *Service) Messages(ctx context.Context, actor domain.Actor, q string, exam domain.ExamID, limit int, before string) (Page, error) {
	if err := own(actor, domain.ActInboxRead); err != nil {
		return Page{}, err
	}
	if err := domain.CheckText("q", q, 200, true, false); err != nil {
		return Page{}, err
	}
	if err := domain.CheckText("test", string(exam), 100, true, false); err != nil {
		return Page{}, err
	}
	offset := int64(0)
	if before != "" {
		var err error
		if offset, err = s.sealer.Open(int64(actor.Organisation), int64(actor.No), before); err != nil || offset < 1 {
			return Page{}, fault.Field("before", "not an id of one of your messages")
		}
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	// Before the messages: what the cursor covers must be on the pages.
	c, err := s.store.Conversation(ctx, actor.Organisation, actor.No)
	if err != nil {
		return Page{}, err
	}
	page := Page{Messages: []Message{}, Unread: c.Unread}
	if c.Last > 0 {
		page.Cursor = s.seal(actor, c.Last)
	}
	searching := strings.TrimSpace(q) != ""
	for {
		rows, err := s.store.MessagesBefore(ctx, actor.Organisation, actor.No, exam, offset, scan)
		if err != nil {
			return Page{}, err
		}
		for _, m := range rows {
			offset = m.Offset
			if searching && !domain.MatchWords(q, m.Text.Subject, m.Text.Body, m.Text.GroupName, m.Text.SenderName, fileNames(m.Attachments)) {
				continue
			}
			if len(page.Messages) == limit {
				page.Next = page.Messages[limit-1].ID
				return page, nil
			}
			page.Messages = append(page.Messages, s.message(actor, m))
		}
		if len(rows) < scan {
			return page, nil
		}
	}
}

func (s *Service) seal(actor domain.Actor, offset int64) string {
	return s.sealer.Seal(int64(actor.Organisation), int64(actor.No), offset)
}

// Show is a message as the actor's message centre shows it.
func (s *Service) Show(actor domain.Actor, m domain.Message) Message { return s.message(actor, m) }

func (s *Service) message(actor domain.Actor, m domain.Message) Message {
	out := Message{
		ID: s.seal(actor, m.Offset), Group: groupOf(m), Room: m.Room, Subject: m.Text.Subject, Body: m.Text.Body,
		Level: m.Text.Level, From: From{Name: m.Text.SenderName, Role: m.Text.SenderRole}, At: m.At, Reminder: m.Text.Reminds > 0, State: m.State(), Mine: m.Inbound, Via: m.Via,
		Times: Times{DeliveredAt: optional(m.Delivered), DisplayedAt: optional(m.Displayed), AcknowledgedAt: optional(m.Acknowledged)},
	}
	for _, f := range m.Attachments {
		out.Attachments = append(out.Attachments, Attachment{Attachment: f, Picture: f.Picture()})
	}
	if a := m.About; a != nil {
		out.About = &About{Kind: a.Kind, Group: Group{ID: a.Group, Kind: m.Kind, Name: m.Text.GroupName}, StartsAt: optional(a.StartsAt), EndsAt: optional(a.EndsAt)}
	}
	return out
}

func groupOf(m domain.Message) *Group {
	if m.Exam == "" {
		return nil
	}
	return &Group{ID: m.Exam, Kind: m.Kind, Name: m.Text.GroupName}
}

func fileNames(files []domain.Attachment) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	return strings.Join(names, " ")
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Receipt says that one message reached a state.
type Receipt struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// maxReceipts is how many one request may carry.
const maxReceipts = 100

// Receipts records the actor's own receipts and returns when they are durable.
// Errors: Forbidden; Invalid naming items[i]; TooLarge; Unavailable; the context's.
func (s *Service) Receipts(ctx context.Context, actor domain.Actor, items []Receipt) error {
	if err := own(actor, domain.ActReceiptWrite); err != nil {
		return err
	}
	if len(items) > maxReceipts {
		return fault.Over("items", maxReceipts, int64(len(items)), "%d receipts; at most %d are possible at once", len(items), maxReceipts)
	}
	byState := map[domain.ReceiptState][]int64{}
	for i, item := range items {
		state, err := domain.ParseReceipt(item.State)
		if err != nil {
			return fault.Field(fmt.Sprintf("items[%d].state", i), "state must be delivered, displayed or acknowledged, not %q", item.State)
		}
		offset, err := s.sealer.Open(int64(actor.Organisation), int64(actor.No), item.ID)
		if err != nil {
			return fault.Field(fmt.Sprintf("items[%d].id", i), "not an id of one of your messages")
		}
		byState[state] = append(byState[state], offset)
	}
	done := make(chan error, len(byState))
	for state, offsets := range byState {
		s.recorder.Record(actor, state, offsets, func(err error) { done <- err })
	}
	var first error
	for range byState {
		select {
		case err := <-done:
			if first == nil {
				first = err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return first
}
