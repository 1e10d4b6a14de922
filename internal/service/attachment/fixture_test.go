package attachment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"crier/internal/blob"
	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/testkit"
	"crier/store"
	"crier/store/storetest"
)

func TestMain(m *testing.M) {
	testkit.Template(storetest.Template)
	testkit.Main(m, func() error { return goleak.Find() })
}

// office is an organisation with a test of two rooms, another test, and staff of several
// reaches; and a service over it.
type office struct {
	*Service
	t     testing.TB
	dsn   string
	store *store.Store
	files *blob.Folder
	dir   string
	clock *clock.Fixed
	org   domain.OrganisationID
	exam  domain.ExamID
	ids   map[string]domain.PersonID // a, b: rooms A and B; z: another test
	nos   map[string]domain.PersonNo
	via   domain.Channel // of what candidates send; "" for the pages

	mu        sync.Mutex
	committed []*journal.Entry // guarded by mu
	told      []ExportFrame    // guarded by mu
	keys      int
}

// both runs fn on each database.
func both(t *testing.T, fn func(t *testing.T, h *office)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newOffice(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"), "north")) })
	t.Run("postgres", func(t *testing.T) { fn(t, newOffice(t, testkit.Postgres(t), "north")) })
}

func one(t *testing.T) *office {
	return newOffice(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"), "north")
}

func newOffice(t testing.TB, dsn, slug string) *office {
	t.Helper()
	h := &office{t: t, dsn: dsn, clock: clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), dir: filepath.Join(t.TempDir(), "files"),
		ids: map[string]domain.PersonID{}, nos: map[string]domain.PersonNo{}}
	var err error
	h.store, err = store.Open(t.Context(), store.Options{DSN: dsn, Clock: h.clock, Log: zerolog.Nop()})
	h.must(err)
	t.Cleanup(func() { h.must(h.store.Close()) })
	h.must(h.store.Migrate(t.Context()))
	h.files = blob.NewFolder(h.dir)
	t.Cleanup(func() { h.must(h.files.Close()) })
	h.Service = New(h.options())
	h.fill(slug)
	h.store.Bus().Listen(journal.Committed, journal.Hub, func(e *journal.Entry) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.committed = append(h.committed, e)
	})
	return h
}

func (h *office) options() Options {
	return Options{Store: h.store, Blobs: h.files, Sealer: cursor.NewSealer(h.store.SealKey()), Clock: h.clock, Log: zerolog.Nop(), Pages: h}
}

// Person implements Pages.
func (h *office) Person(_ domain.OrganisationID, _ domain.PersonNo, event any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, event.(ExportFrame))
}

// kinds lists the kinds of the entries that were told, and forgets them.
func (h *office) kinds() (out []journal.Kind) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.committed {
		out = append(out, e.Kind)
	}
	h.committed = nil
	return out
}

func at(i int) domain.Where {
	return func(f string) string { return fmt.Sprintf("items[%d].%s", i, f) }
}

// fill provisions the organisation.
func (h *office) fill(slug string) {
	h.t.Helper()
	ctx := h.t.Context()
	o, _, err := h.store.EnsureOrganisation(ctx, slug, "Office of <"+slug+">")
	h.must(err)
	h.org = o.ID
	by := domain.System(h.org)
	var people []domain.PersonSpec
	var seats []domain.EnrolmentSpec
	for i, c := range []struct{ id, exam, room string }{{"a", "T1", "A"}, {"b", "T1", "B"}, {"z", "T2", "A"}} {
		people = append(people, domain.PersonSpec{Where: at(i), ExternalID: c.id, Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Sara", FamilyName: "Amin " + c.id})
		seats = append(seats, domain.EnrolmentSpec{Where: at(i), Exam: c.exam, Person: c.id, Room: &c.room, Seat: &c.id})
	}
	name := "Biology 1"
	_, _, err = h.store.Import(ctx, by, people, []domain.ExamSpec{{Where: at(0), ExternalID: "T1", Name: &name}, {Where: at(1), ExternalID: "T2"}}, seats)
	h.must(err)
	var staff []domain.PersonSpec
	for i, c := range []struct {
		id   string
		role domain.Role
	}{{"planner", domain.RolePlanner}, {"coordinator", domain.RoleCoordinator}, {"anna", domain.RoleInvigilator}, {"bert", domain.RoleInvigilator}} {
		staff = append(staff, domain.PersonSpec{Where: at(i), ExternalID: c.id, Kind: domain.KindStaff, Role: c.role, GivenName: c.id, FamilyName: "Vogel"})
	}
	_, _, err = h.store.UpsertPeople(ctx, by, staff)
	h.must(err)
	_, _, err = h.store.ReplaceScopes(ctx, by, []domain.ScopeSpec{{Where: at(0), Exam: "T1", Person: "coordinator"}, {Where: at(1), Exam: "T1", Person: "anna", Rooms: []string{"A"}}, {Where: at(2), Exam: "T1", Person: "bert", Rooms: []string{"B"}}})
	h.must(err)
	found, err := h.store.PeopleByExternalID(ctx, h.org, []string{"a", "b", "z", "planner", "coordinator", "anna", "bert"})
	h.must(err)
	for id, p := range found {
		h.ids[id], h.nos[id] = p.ID, p.No
	}
	exams, err := h.store.Exams(ctx, h.org, nil)
	h.must(err)
	for _, e := range exams {
		if e.ExternalID == "T1" {
			h.exam = e.ID
		}
	}
}

func (h *office) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// as is the actor of someone, as access would make it.
func (h *office) as(who string) domain.Actor {
	h.t.Helper()
	p, err := h.store.PersonByNo(h.t.Context(), h.org, h.nos[who])
	h.must(err)
	scopes, err := h.store.ScopesOf(h.t.Context(), h.org, p.No)
	h.must(err)
	return domain.Actor{Organisation: h.org, Kind: domain.ActorPerson, ID: string(p.ID), No: p.No, Name: p.Name(), Role: p.Role, Scopes: scopes}
}

// file is an upload of these bytes.
func file(name string, b []byte) Incoming {
	return Incoming{Name: name, Size: int64(len(b)), Body: bytes.NewReader(b)}
}

// upload takes a file for a's conversation, as the candidate themselves or as staff.
func (h *office) upload(who string, in Incoming) Attachment {
	h.t.Helper()
	a, err := h.try(who, in)
	h.must(err)
	return a
}

func (h *office) try(who string, in Incoming) (Attachment, error) {
	actor := h.as(who)
	if actor.Role == domain.RoleCandidate {
		return h.UploadOwn(h.t.Context(), actor, in)
	}
	return h.Upload(h.t.Context(), actor, h.ids["a"], in)
}

// text is a small upload.
func text(name string) Incoming { return file(name, []byte("Words of "+name+".\n")) }

// send sends a message of who in a's conversation and returns its offset.
func (h *office) send(who, body string, files ...domain.AttachmentID) int64 {
	h.t.Helper()
	return h.sendTo(who, "a", body, files...)
}

func (h *office) sendTo(who, to, body string, files ...domain.AttachmentID) int64 {
	h.t.Helper()
	actor := h.as(who)
	h.keys++
	m := domain.NewMessage{Actor: actor.Ref(), ActorNo: actor.No, Person: h.ids[to], Body: body, Subject: "S", Key: fmt.Sprintf("key-%05d", h.keys), Hash: []byte(body), Attachments: files}
	if actor.Role == domain.RoleCandidate {
		m.Inbound, m.Via, m.About = true, h.via, &domain.About{Kind: domain.AboutQuestion, Group: h.exam}
		m.Group = h.exam
	} else {
		seen, err := actor.Seen(domain.ActConversationSend)
		h.must(err)
		m.Seen = seen
	}
	sent, err := h.store.SendMessages(h.t.Context(), h.org, []domain.NewMessage{m})
	h.must(err)
	h.must(sent[0].Err)
	return sent[0].Entry.Offset
}

// sendMany sends a message to people of T1 by room, with files.
func (h *office) sendMany(who string, rooms map[string]string, files ...domain.AttachmentID) int64 {
	h.t.Helper()
	var audience []journal.AudienceRoom
	for _, room := range []string{"A", "B"} {
		if p, ok := rooms[room]; ok {
			audience = append(audience, journal.AudienceRoom{Room: room, People: []domain.PersonNo{h.nos[p]}})
		}
	}
	list, err := json.Marshal(audience)
	h.must(err)
	e := &journal.Entry{Organisation: h.org, Kind: journal.KindBroadcastSent, Actor: h.as(who).Ref(), Group: h.exam, Audience: list}
	stored, _, err := h.store.AppendWithFiles(h.t.Context(), e, files, func([]domain.Attachment) (json.RawMessage, error) {
		return json.Marshal(journal.BroadcastSent{ExamName: "Biology 1", Subject: "To all", Body: "Read this.", Level: domain.LevelPopup, SenderName: "planner Vogel", SenderRole: domain.RolePlanner, Recipients: len(rooms)})
	})
	h.must(err)
	return stored.Offset
}

// read reads a file as someone, "" and the error if they may not.
func (h *office) read(who string, id domain.AttachmentID) (string, error) {
	h.t.Helper()
	f, err := h.Open(h.t.Context(), h.as(who), id)
	if err != nil {
		return "", err
	}
	defer f.Content.Close()
	b, err := io.ReadAll(f.Content)
	return string(b), err
}

// want fails unless err is a fault with the code and field.
func want(t *testing.T, what string, err error, code fault.Code, field string) *fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Field != field {
		t.Errorf("%s: %v, want %s (%s)", what, err, code, field)
		return &fault.Error{}
	}
	return f
}

// blobs counts the files in the folder, complete ones and those coming in.
func (h *office) blobs() (n int) {
	h.t.Helper()
	for _, pattern := range []string{"??/??/*", "incoming/*"} {
		found, err := filepath.Glob(filepath.Join(h.dir, pattern))
		h.must(err)
		n += len(found)
	}
	return n
}

func contains(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
