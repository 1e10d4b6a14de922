package attachment

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
)

// ExportRequest asks for conversations one by one or by a filter of the Messages page:
// exactly one of both. The filter chooses when it is asked.
type ExportRequest struct {
	People     []domain.PersonID
	Filter     *domain.DeskFilter // nil: People
	Transcript bool
}

// Export is a .zip that is made in the background. Absent times: not yet.
type Export struct {
	ID        string             `json:"id"`
	State     domain.ExportState `json:"state"`
	Done      int64              `json:"done"`
	Total     int64              `json:"total"` // files and transcripts; 0 until they are counted
	Size      int64              `json:"size"`
	CreatedAt time.Time          `json:"created_at"`
	ExpiresAt *time.Time         `json:"expires_at,omitempty"`
	Error     string             `json:"error,omitempty"`
}

func exportOf(x domain.Export) Export {
	out := Export{ID: x.ID, State: x.State, Done: x.Done, Total: x.Total, Size: x.Size, CreatedAt: x.CreatedAt, Error: x.Error}
	if !x.ExpiresAt.IsZero() {
		out.ExpiresAt = &x.ExpiresAt
	}
	return out
}

// ExportFrame tells a page that one of its person's exports went on.
type ExportFrame struct {
	Type   string `json:"type"` // export
	Export Export `json:"export"`
}

// RequestExport stores what is to be exported; a worker of any node makes it. What the
// actor sees no more when it is made is left out. Errors: Forbidden; NotFound (field "people[i]");
// Invalid, TooLarge (fields "people", "filter"); RateLimited.
func (s *Service) RequestExport(ctx context.Context, actor domain.Actor, in ExportRequest) (Export, error) {
	seen, err := actor.Seen(domain.ActConversationExport)
	if err != nil {
		return Export{}, err
	}
	request := domain.ExportRequest{Transcript: in.Transcript, Filter: in.Filter != nil}
	switch {
	case in.Filter != nil && len(in.People) > 0:
		return Export{}, fault.Field("filter", "give people or a filter, not both")
	case in.Filter != nil:
		request.People, err = s.filtered(ctx, actor, seen, *in.Filter)
	default:
		request.People, err = s.chosen(ctx, actor, seen, in.People)
	}
	if err != nil {
		return Export{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Export{}, err
	}
	x := domain.Export{Organisation: actor.Organisation, ID: id.String(), Staff: actor.No, State: domain.ExportWaiting, Request: request, CreatedAt: s.o.Clock.Now()}
	err = s.o.Store.AddExport(ctx, x, actor.Ref(), exportsMost)
	if err != nil {
		return Export{}, err
	}
	s.tell(x)
	s.exporter.Kick()
	return exportOf(x), nil
}

func (s *Service) chosen(ctx context.Context, actor domain.Actor, seen domain.Seen, ids []domain.PersonID) ([]domain.PersonNo, error) {
	switch {
	case len(ids) == 0:
		return nil, fault.Field("people", "choose at least one conversation")
	case len(ids) > peopleMost:
		return nil, fault.Over("people", peopleMost, int64(len(ids)), "%d conversations; at most %d can be chosen one by one", len(ids), peopleMost)
	}
	found, err := s.o.Store.FilePeople(ctx, actor.Organisation, ids, seen)
	if err != nil {
		return nil, err
	}
	byID := make(map[domain.PersonID]domain.PersonNo, len(found))
	for _, p := range found {
		byID[p.ID] = p.No
	}
	var unknown []fault.Detail
	var out []domain.PersonNo
	once := map[domain.PersonNo]bool{}
	for i, id := range ids {
		no, ok := byID[id]
		if !ok {
			unknown = append(unknown, fault.Detail{Field: fmt.Sprintf("people[%d]", i), Message: "no such person among yours"})
		} else if !once[no] {
			once[no] = true
			out = append(out, no)
		}
	}
	if len(unknown) > 0 {
		e := fault.Many(fault.Invalid, unknown, "%d of the people are not among yours", len(unknown))
		e.Field = "people"
		return nil, e
	}
	return out, nil
}

func (s *Service) filtered(ctx context.Context, actor domain.Actor, seen domain.Seen, f domain.DeskFilter) ([]domain.PersonNo, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	org, err := s.o.Store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return nil, err
	}
	if err := actor.MayFilter(org.Settings, "filter", f.People); err != nil {
		return nil, err
	}
	list, err := s.o.Store.Desk(ctx, actor.Organisation, actor.No, seen, f, nil, filteredMost+1)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, fault.Field("filter", "the filter chooses no conversation")
	case len(list) > filteredMost:
		return nil, fault.Over("filter", filteredMost, int64(len(list)), "the filter chooses more than %d conversations", filteredMost)
	}
	out := make([]domain.PersonNo, len(list))
	for i, p := range list {
		out[i] = p.Person
	}
	return out, nil
}

// Exports lists the actor's own exports, newest first. Errors: Forbidden.
func (s *Service) Exports(ctx context.Context, actor domain.Actor) ([]Export, error) {
	if err := actor.May(domain.ActConversationExport); err != nil {
		return nil, err
	}
	list, err := s.o.Store.Exports(ctx, actor.Organisation, actor.No, exportsShown)
	if err != nil {
		return nil, err
	}
	out := make([]Export, len(list))
	for i, x := range list {
		out[i] = exportOf(x)
	}
	return out, nil
}

// Export returns one of the actor's own. Errors: Forbidden, NotFound.
func (s *Service) Export(ctx context.Context, actor domain.Actor, id string) (Export, error) {
	x, err := s.export(ctx, actor, id)
	return exportOf(x), err
}

func (s *Service) export(ctx context.Context, actor domain.Actor, id string) (domain.Export, error) {
	if err := actor.May(domain.ActConversationExport); err != nil {
		return domain.Export{}, err
	}
	return s.o.Store.Export(ctx, actor.Organisation, actor.No, id)
}

// ExportFile hands out the .zip, as long as the actor sees all that is in it: what was seen when it
// was made may be another's by now. Errors: Forbidden, NotFound; Conflict while it is not ready;
// Gone once it has expired or was cancelled.
func (s *Service) ExportFile(ctx context.Context, actor domain.Actor, id string) (*File, error) {
	x, err := s.export(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	switch x.State {
	case domain.ExportWaiting, domain.ExportRunning:
		return nil, fault.New(fault.Conflict, "the export is not ready yet")
	case domain.ExportFailed:
		return nil, fault.New(fault.Gone, "the export failed: %s", x.Error)
	case domain.ExportCancelled:
		return nil, fault.New(fault.Gone, "the export was cancelled")
	}
	if x.Blob == "" || !s.o.Clock.Now().Before(x.ExpiresAt) {
		return nil, fault.New(fault.Gone, "the export has expired; make a new one")
	}
	if err := s.stillSeen(ctx, actor, x); err != nil {
		return nil, err
	}
	if size, err := s.o.Blobs.Size(ctx, x.Blob); fault.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("the file of export %s is not there: %w", x.ID, errLost)
	} else if err != nil {
		return nil, err
	} else if size != x.Size {
		return nil, fmt.Errorf("the file of export %s has %d bytes instead of %d: %w", x.ID, size, x.Size, errLost)
	}
	return &File{Name: "Conversations " + x.CreatedAt.UTC().Format("2006-01-02 1504") + ".zip", Type: "application/zip", Size: x.Size, ETag: x.Blob,
		ModTime: x.EndedAt, Content: newSeeker(ctx, s.o.Blobs, x.Blob, x.Size)}, nil
}

// stillSeen refuses an export that holds what the actor sees no more. Errors: Forbidden.
func (s *Service) stillSeen(ctx context.Context, actor domain.Actor, x domain.Export) error {
	seen, err := actor.Seen(domain.ActConversationExport)
	if err != nil {
		return err
	}
	holds := x.Request.Holds
	if holds == nil { // made before this was noted
		holds = &domain.ExportHolds{People: x.Request.People}
	}
	people, err := s.o.Store.FilePeopleByNo(ctx, actor.Organisation, holds.People, seen)
	if err != nil {
		return err
	}
	if !seen.Covers(holds.Seen) || len(people) < len(holds.People) {
		return fault.New(fault.Forbidden, "the export holds conversations, or parts of them, that are no longer among yours; make a new one")
	}
	return nil
}

// CancelExport ends an export that is not done, or removes the file of one that is.
// Errors: Forbidden, NotFound.
func (s *Service) CancelExport(ctx context.Context, actor domain.Actor, id string) error {
	x, err := s.export(ctx, actor, id)
	if err != nil {
		return err
	}
	entry, err := s.o.Store.CancelExport(ctx, actor.Organisation, actor.No, id, actor.Ref())
	if err != nil {
		return err
	}
	if entry == nil {
		err = s.o.Store.ExpireExport(ctx, actor.Organisation, actor.No, id)
	} else {
		s.exporter.cancelled(x.ID)
	}
	if err != nil {
		return err
	}
	if x, err = s.export(ctx, actor, id); err != nil {
		return err
	}
	s.tell(x)
	return nil
}

// tell shows the pages of whoever asked how far an export has come.
func (s *Service) tell(x domain.Export) {
	if s.o.Pages != nil {
		s.o.Pages.Person(x.Organisation, x.Staff, ExportFrame{Type: "export", Export: exportOf(x)})
	}
}
