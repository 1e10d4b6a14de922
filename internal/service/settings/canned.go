package settings

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
)

// CannedReply is a canned reply as its readers see it.
type CannedReply struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Shortcut  string    `json:"shortcut,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	Body      string    `json:"body"`
	Shared    bool      `json:"shared"`
	UpdatedAt time.Time `json:"updated_at"`
}

// CannedRequest asks for a canned reply to be stored.
type CannedRequest struct {
	Title    string `json:"title"`
	Shortcut string `json:"shortcut"` // typed after a slash; small letters, digits and hyphens
	Subject  string `json:"subject"`
	Body     string `json:"body"`
	Shared   bool   `json:"shared"` // for all staff: admins, planners and coordinators
}

// cannedMost is how many replies one owner may keep: a staff member, or all of them together.
const cannedMost = 200

var shortcuts = regexp.MustCompile(`^[a-z0-9-]{1,30}$`)

// CannedReplies returns the shared ones and the actor's own, by title. Errors: Forbidden.
func (s *Service) CannedReplies(ctx context.Context, actor domain.Actor) ([]CannedReply, error) {
	if err := person(actor, domain.ActConversationWork); err != nil {
		return nil, err
	}
	list, err := s.Store.CannedReplies(ctx, actor.Organisation, actor.No)
	out := make([]CannedReply, len(list))
	for i, r := range list {
		out[i] = cannedOf(r)
	}
	return out, err
}

func cannedOf(r domain.CannedReply) CannedReply {
	return CannedReply{ID: r.ID, Title: r.Title, Shortcut: r.Shortcut, Subject: r.Subject, Body: r.Body, Shared: r.Owner == 0, UpdatedAt: r.UpdatedAt}
}

// PutCanned stores a reply: a new one for the id "", else in place of that one, which must be of
// the same kind (shared or one's own). Errors: Forbidden; NotFound; Invalid naming title, shortcut,
// subject or body; Conflict (shortcut is taken); TooLarge (there are 200).
func (s *Service) PutCanned(ctx context.Context, actor domain.Actor, id string, in CannedRequest) (CannedReply, error) {
	if err := mayShare(actor, in.Shared); err != nil {
		return CannedReply{}, err
	}
	in.Title, in.Shortcut, in.Subject = domain.Tidy(in.Title), strings.ToLower(domain.Tidy(in.Shortcut)), domain.Subject(in.Subject)
	if err := domain.CheckText("title", in.Title, 100, false, false); err != nil {
		return CannedReply{}, err
	}
	if in.Shortcut != "" && !shortcuts.MatchString(in.Shortcut) {
		return CannedReply{}, fault.Field("shortcut", "a shortcut is 1 to 30 small letters, digits and hyphens, as in room-change")
	}
	if err := domain.CheckText("subject", in.Subject, s.Limits.Subject, true, false); err != nil {
		return CannedReply{}, err
	}
	in.Body = strings.ReplaceAll(in.Body, "\r\n", "\n")
	if err := domain.CheckText("body", in.Body, s.Limits.Body, false, true); err != nil {
		return CannedReply{}, err
	}
	r := domain.CannedReply{ID: id, Title: in.Title, Shortcut: in.Shortcut, Subject: in.Subject, Body: in.Body, UpdatedAt: s.Clock.Now()}
	if !in.Shared {
		r.Owner = actor.No
	}
	isNew := id == ""
	if isNew {
		r.ID = uuid.Must(uuid.NewV7()).String()
	}
	if err := s.Store.PutCanned(ctx, actor, r, isNew, cannedMost); err != nil {
		return CannedReply{}, err
	}
	return cannedOf(r), nil
}

// RemoveCanned removes one of the actor's own replies, or a shared one. Errors: Forbidden, NotFound.
func (s *Service) RemoveCanned(ctx context.Context, actor domain.Actor, id string) error {
	if err := person(actor, domain.ActConversationWork); err != nil {
		return err
	}
	err := s.Store.RemoveCanned(ctx, actor, actor.No, id)
	if fault.Is(err, fault.NotFound) && mayShare(actor, true) == nil {
		err = s.Store.RemoveCanned(ctx, actor, 0, id)
	}
	return err
}

// mayShare refuses a shared reply to those who do not keep them. Each change of one is recorded.
func mayShare(actor domain.Actor, shared bool) error {
	if err := person(actor, domain.ActConversationWork); err != nil {
		return err
	}
	if shared && actor.May(domain.ActCannedShare) != nil {
		return fault.New(fault.Forbidden, "shared replies are kept by admins, planners and coordinators; save it for yourself instead")
	}
	return nil
}

// person refuses whoever is no person: what is kept here is somebody's own.
func person(actor domain.Actor, action domain.Action) error {
	if err := actor.May(action); err != nil {
		return err
	}
	if actor.Kind != domain.ActorPerson || actor.No == 0 {
		return fault.New(fault.Forbidden, "only a person keeps these")
	}
	return nil
}
