package conversation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// mentionsMost is how many colleagues one note mentions at most.
const mentionsMost = 20

// noteStore is what notes need of the database.
type noteStore interface {
	StaffSeeing(ctx context.Context, org domain.OrganisationID, action domain.Action, candidate domain.PersonNo, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error)
	StaffSeeingGroup(ctx context.Context, org domain.OrganisationID, action domain.Action, candidate domain.PersonNo, group domain.GroupID, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error)
	// GroupFor returns the group to which a note about a candidate belongs. Errors: Invalid (group).
	GroupFor(ctx context.Context, org domain.OrganisationID, seen domain.Seen, person domain.PersonID, named domain.GroupID) (domain.GroupMark, error)
	AddNote(ctx context.Context, e *journal.Entry, note journal.NoteAdded) (stored *journal.Entry, fresh bool, err error)
}

// NoteRequest is what staff note for each other in a conversation.
type NoteRequest struct {
	Key      string            `json:"key"`             // made by the client, unique per writer for good; 8–100 characters
	Group    domain.GroupID    `json:"group,omitempty"` // what it belongs to; "": as for messages
	Body     string            `json:"body"`
	Mentions []domain.PersonID `json:"mentions,omitempty"` // colleagues whom it concerns
}

// AddNote stores a note durably; the candidate never gets it.
// fresh is false when the key was used before for the same note.
//
// Errors: Forbidden; NotFound (no such candidate among yours); Invalid naming key, group,
// body or mentions[i] (a colleague who may not see the note); Conflict naming key;
// Unavailable, with Unknown when nobody knows whether it was stored.
func (s *Service) AddNote(ctx context.Context, actor domain.Actor, person domain.PersonID, r NoteRequest) (item domain.Item, fresh bool, err error) {
	of, err := s.find(ctx, actor, domain.ActConversationWork, person)
	if err != nil {
		return item, false, err
	}
	r.Body = strings.ReplaceAll(r.Body, "\r\n", "\n")
	if err := domain.CheckKey(r.Key); err != nil {
		return item, false, err
	}
	if err := domain.CheckText("body", r.Body, s.o.Limits.Body, false, true); err != nil {
		return item, false, err
	}
	if err := domain.CheckText("group", string(r.Group), 100, true, false); err != nil {
		return item, false, err
	}
	e := &journal.Entry{Organisation: actor.Organisation, Kind: journal.KindNoteAdded, Actor: actor.Ref(), RequestKey: r.Key, RequestHash: requestHash("note", person, r)}
	stored, fresh, err := s.note(ctx, actor, of, e, r)
	if err != nil {
		return item, false, err
	}
	items, err := s.items(ctx, actor.Organisation, of, []journal.TimelineRow{{Entry: stored}})
	if err != nil {
		return item, false, err
	}
	return items[0], fresh, nil
}

// note stores e. A retry is answered although a colleague who was mentioned may no longer
// see the conversation.
func (s *Service) note(ctx context.Context, actor domain.Actor, of subject, e *journal.Entry, r NoteRequest) (stored *journal.Entry, fresh bool, err error) {
	stored, err = s.o.Store.EntryByKey(ctx, actor.Organisation, actor.ID, e.RequestKey, e.RequestHash)
	if err != nil || stored != nil {
		return stored, false, err
	}
	group, err := s.o.Store.GroupFor(ctx, actor.Organisation, of.seen, of.ID, r.Group)
	if err != nil {
		return nil, false, err
	}
	mentions, err := s.mentions(ctx, actor, of, group.ID, r.Mentions)
	if err != nil {
		return nil, false, err
	}
	e.Group = group.ID
	return s.o.Store.AddNote(ctx, e, journal.NoteAdded{Person: of.No, PersonID: of.ID, PersonName: of.Name, GroupName: group.Name, GroupKind: group.Kind,
		Body: r.Body, Mentions: mentions})
}

// mentions finds the colleagues, each once.
func (s *Service) mentions(ctx context.Context, actor domain.Actor, of subject, group domain.GroupID, ids []domain.PersonID) ([]domain.PersonNo, error) {
	if n := len(ids); n > mentionsMost {
		return nil, fault.Over("mentions", mentionsMost, int64(n), "%d colleagues; at most %d can be mentioned in one note", n, mentionsMost)
	}
	if err := checkIDs("mentions", ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	found, err := s.o.Store.StaffSeeingGroup(ctx, actor.Organisation, domain.ActConversationView, of.No, group, ids)
	if err != nil {
		return nil, err
	}
	var out []domain.PersonNo
	for i, id := range ids {
		ref, ok := found[id]
		if !ok {
			return nil, fault.Field(fmt.Sprintf("mentions[%d]", i), "no colleague who may see this note")
		}
		if !slices.Contains(out, ref.No) {
			out = append(out, ref.No)
		}
	}
	return out, nil
}

// checkIDs refuses what cannot be an id before a database is asked.
func checkIDs(field string, ids []domain.PersonID) error {
	for i, id := range ids {
		if err := domain.CheckText(fmt.Sprintf("%s[%d]", field, i), string(id), 100, false, false); err != nil {
			return err
		}
	}
	return nil
}
