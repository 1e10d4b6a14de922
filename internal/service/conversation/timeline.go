package conversation

import (
	"context"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// timelineStore is what reading a conversation needs of the database.
type timelineStore interface {
	SeenCandidates(ctx context.Context, org domain.OrganisationID, seen domain.Seen, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error)
	ConversationRows(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, people []domain.PersonNo) (map[domain.PersonNo]domain.ConversationRow, error)
	Timeline(ctx context.Context, org domain.OrganisationID, seen domain.Seen, person domain.PersonNo, p domain.TimelinePage) ([]journal.TimelineRow, error)
	AssignmentsNow(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, groups []domain.GroupID) (map[domain.GroupID]domain.AssignmentNow, error)
	PersonRefs(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo) (map[domain.PersonNo]domain.PersonRef, error)
	// DeliveryStates says how the copies of messages to a person stand, by offset.
	DeliveryStates(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, offsets []int64) (map[int64][]domain.DeliveryView, error)
	// Originals says of which messages the mail is still kept as it came.
	Originals(ctx context.Context, org domain.OrganisationID, offsets []int64) (map[int64]domain.KeptOriginal, error)
}

// Part asks for a part of a conversation. Before and Since are item ids; one of them at
// most.
type Part struct {
	Before string // what stands before it, newest first; "": from the newest
	Since  string // what stands after it, oldest first
	Limit  int
}

// Timeline is a part of a conversation, and how the conversation stands.
type Timeline struct {
	Conversation domain.ConversationView `json:"conversation"`
	Items        []domain.Item           `json:"items"`
	Next         domain.ItemID           `json:"next,omitempty"` // "": there is no more
}

// Timeline reads a part of a candidate's conversation. Errors: Forbidden; NotFound (no
// such candidate among yours); Invalid naming before or since.
func (s *Service) Timeline(ctx context.Context, actor domain.Actor, person domain.PersonID, p Part) (Timeline, error) {
	of, err := s.find(ctx, actor, domain.ActConversationView, person)
	if err != nil {
		return Timeline{}, err
	}
	page := domain.TimelinePage{After: -1, Limit: p.Limit + 1}
	if p.Before != "" && p.Since != "" {
		return Timeline{}, fault.Field("since", "either before or since")
	}
	if p.Before != "" {
		if page.Before, err = s.position(actor, "before", p.Before); err != nil {
			return Timeline{}, err
		}
	}
	if p.Since != "" {
		if page.After, err = s.position(actor, "since", p.Since); err != nil {
			return Timeline{}, err
		}
	}
	rows, err := s.o.Store.Timeline(ctx, actor.Organisation, of.seen, of.No, page)
	if err != nil {
		return Timeline{}, err
	}
	out := Timeline{}
	if len(rows) > p.Limit {
		rows = rows[:p.Limit]
		out.Next = s.itemID(actor.Organisation, rows[p.Limit-1].Entry.Offset)
	}
	if out.Items, err = s.items(ctx, actor.Organisation, of, rows); err != nil {
		return Timeline{}, err
	}
	// After the items: whatever it says is at least as new as they are.
	out.Conversation, err = s.row(ctx, actor, of)
	return out, err
}

// subject is the candidate whose conversation it is, as one actor may see it.
type subject struct {
	domain.PersonRef
	seen domain.Seen
}

// find says whose conversation it is. Errors: Forbidden; NotFound for anyone whom the
// actor does not see.
func (s *Service) find(ctx context.Context, actor domain.Actor, action domain.Action, person domain.PersonID) (subject, error) {
	seen, err := actor.Seen(action)
	if err != nil {
		return subject{}, err
	}
	if domain.CheckText("person", string(person), 100, false, false) != nil {
		return subject{}, notYours()
	}
	found, err := s.o.Store.SeenCandidates(ctx, actor.Organisation, seen, []domain.PersonID{person})
	if err != nil {
		return subject{}, err
	}
	ref, ok := found[person]
	if !ok {
		return subject{}, notYours()
	}
	return subject{PersonRef: ref, seen: seen}, nil
}

func notYours() error { return fault.New(fault.NotFound, "no such candidate among yours") }

// position opens an item id.
func (s *Service) position(actor domain.Actor, field, id string) (int64, error) {
	offset, err := s.o.Sealer.Open(int64(actor.Organisation), 0, id)
	if err != nil {
		return 0, fault.Field(field, "not an id of an item of this conversation")
	}
	return offset, nil
}

// row is how the conversation stands, as the actor sees it.
func (s *Service) row(ctx context.Context, actor domain.Actor, of subject) (domain.ConversationView, error) {
	rows, err := s.o.Store.ConversationRows(ctx, actor.Organisation, actor.No, of.seen, []domain.PersonNo{of.No})
	if err != nil {
		return domain.ConversationView{}, err
	}
	r, ok := rows[of.No]
	if !ok {
		return domain.ConversationView{}, notYours()
	}
	presence, _ := s.o.Presence.Presence(actor.Organisation, of.No)
	return r.View(presence, s.sealer(actor.Organisation)), nil
}

// sealer names offsets as the organisation's staff know them.
func (s *Service) sealer(org domain.OrganisationID) func(int64) domain.ItemID {
	return func(offset int64) domain.ItemID { return s.itemID(org, offset) }
}

// items makes what is shown of rows.
func (s *Service) items(ctx context.Context, org domain.OrganisationID, of subject, rows []journal.TimelineRow) ([]domain.Item, error) {
	assigned, err := s.assignments(ctx, org, of.No, rows)
	if err != nil {
		return nil, err
	}
	people, err := s.mentioned(ctx, org, rows)
	if err != nil {
		return nil, err
	}
	copies, err := s.copies(ctx, org, of.No, rows)
	if err != nil {
		return nil, err
	}
	out := make([]domain.Item, len(rows))
	for i, r := range rows {
		out[i], err = journal.ItemOf(r.Entry, journal.ItemContext{Person: of.No, ID: of.ID, Kind: r.Kind, Seal: s.sealer(org), People: people, Times: &r.Times, Stopped: r.Stopped,
			About: func(a *domain.AboutView, _ domain.PersonNo) {
				now, ok := assigned[a.Group.ID]
				if !ok {
					now.State = domain.EnrolmentLeft
				}
				if a.State = now.State; now.Deletion != 0 {
					a.Deletion = s.itemID(org, now.Deletion)
				}
			}})
		if err != nil {
			return nil, err
		}
		out[i].Deliveries = copies[r.Entry.Offset]
	}
	if of.seen.ContextOnly { // mails hold contact data
		return out, nil
	}
	return out, s.originals(ctx, org, rows, out)
}

// originals says where mails can be had as they came. Without one there is nothing to ask.
func (s *Service) originals(ctx context.Context, org domain.OrganisationID, rows []journal.TimelineRow, items []domain.Item) error {
	var mails []int64
	for i, r := range rows {
		if items[i].Via == domain.ChannelEmail {
			mails = append(mails, r.Entry.Offset)
		}
	}
	if len(mails) == 0 {
		return nil
	}
	kept, err := s.o.Store.Originals(ctx, org, mails)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if mail, ok := kept[r.Entry.Offset]; ok {
			items[i].Original, items[i].Cut = domain.MessageOriginal(items[i].ID), mail.Cut
		}
	}
	return nil
}

// copies reads how the copies stand of what went out.
func (s *Service) copies(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, rows []journal.TimelineRow) (map[int64][]domain.DeliveryView, error) {
	var offsets []int64
	for _, r := range rows {
		if r.Entry.Kind == journal.KindMessageSent || r.Entry.Kind == journal.KindBroadcastSent {
			offsets = append(offsets, r.Entry.Offset)
		}
	}
	if len(offsets) == 0 {
		return nil, nil
	}
	return s.o.Store.DeliveryStates(ctx, org, person, offsets)
}

// assignments reads what became of the assignments that the rows speak of.
func (s *Service) assignments(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, rows []journal.TimelineRow) (map[domain.GroupID]domain.AssignmentNow, error) {
	var groups []domain.GroupID
	for _, r := range rows {
		switch p := r.Entry.Event().(type) {
		case *journal.AssignmentChanged:
			groups = append(groups, r.Entry.Group)
		case *journal.MessageSent:
			if p.About != nil {
				groups = append(groups, p.About.Group)
			}
		}
	}
	if len(groups) == 0 {
		return nil, nil
	}
	return s.o.Store.AssignmentsNow(ctx, org, person, groups)
}

// mentioned names the colleagues whom notes mention.
func (s *Service) mentioned(ctx context.Context, org domain.OrganisationID, rows []journal.TimelineRow) (map[domain.PersonNo]domain.PersonRef, error) {
	var nos []domain.PersonNo
	for _, r := range rows {
		if p, ok := r.Entry.Event().(*journal.NoteAdded); ok {
			nos = append(nos, p.Mentions...)
		}
	}
	if len(nos) == 0 {
		return nil, nil
	}
	return s.o.Store.PersonRefs(ctx, org, nos)
}
