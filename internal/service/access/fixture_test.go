package access_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/auth"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/service/access"
	"crier/store"
)

const password = "correct horse"

// passwordHash is of password: hashing once spares each test its 33 ms a person.
var passwordHash = sync.OnceValue(func() string {
	h, err := auth.NewHasher(0).Hash(context.Background(), auth.Lane{Group: auth.Setting}, password)
	if err != nil {
		panic(err)
	}
	return h
})

// node is a service over a database that others may share.
type node struct {
	*access.Service
	store *store.Store
	clock *clock.Fixed

	mu      sync.Mutex
	entries []*journal.Entry // guarded by mu
}

// start opens a new database with the organisations north and south, the same people
// in each, and one node.
func start(t *testing.T) *node {
	t.Helper()
	n := empty(t)
	for _, slug := range []string{"north", "south"} {
		fill(t, n.store, slug)
	}
	return n
}

// empty opens a new database and one node.
func empty(t *testing.T) *node {
	t.Helper()
	c := clock.NewFixed(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	s, err := store.Open(t.Context(), store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "crier.db"), Clock: c, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return another(s, c)
}

// another is one more node on the same database.
func another(s *store.Store, c *clock.Fixed) *node {
	n := &node{store: s, clock: c}
	n.Service = access.New(access.Deps{Store: s, Hasher: auth.NewHasher(0), Clock: c, Log: zerolog.Nop(), Secret: s.SealKey()})
	s.Bus().Listen(journal.Committed, journal.Access, n.Invalidate)
	s.Bus().Listen(journal.Committed, journal.Hub, func(e *journal.Entry) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.entries = append(n.entries, e)
	})
	return n
}

// logins are everyone's, by role.
var logins = map[domain.Role]string{
	domain.RoleAdmin: "admin", domain.RolePlanner: "planner", domain.RoleChiefInvigilator: "chief", domain.RoleInvigilator: "anna",
	domain.RoleCoordinator: "coordinator", domain.RoleCandidate: "sara",
}

func fill(t *testing.T, s *store.Store, slug string) {
	t.Helper()
	o, _, err := s.EnsureOrganisation(t.Context(), slug, "Canary-"+slug)
	if err != nil {
		t.Fatal(err)
	}
	by := domain.System(o.ID)
	h := passwordHash()
	var people []domain.PersonSpec
	for _, role := range append([]domain.Role{domain.RoleCandidate}, domain.StaffRoles...) {
		p := domain.PersonSpec{Where: at(len(people)), ExternalID: logins[role], Kind: domain.KindStaff, Role: role, GivenName: slug, FamilyName: string(role), PasswordHash: &h}
		if role == domain.RoleCandidate {
			p.Kind = domain.KindCandidate
		}
		login := logins[role]
		p.Login = &login
		people = append(people, p)
	}
	people = append(people, domain.PersonSpec{Where: at(len(people)), ExternalID: "ola", Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Ola"})
	if _, _, err := s.UpsertPeople(t.Context(), by, people); err != nil {
		t.Fatal(err)
	}
	name := "Maths " + slug
	if _, _, err := s.UpsertExams(t.Context(), by, []domain.ExamSpec{{Where: at(0), ExternalID: "M1", Name: &name}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ReplaceScopes(t.Context(), by, []domain.ScopeSpec{{Where: at(0), Exam: "M1", Person: "anna", Rooms: []string{"A"}}}); err != nil {
		t.Fatal(err)
	}
}

func at(i int) domain.Where {
	return func(f string) string { return fmt.Sprintf("items[%d].%s", i, f) }
}

func (n *node) in(t *testing.T, slug, login string) access.SignedIn {
	t.Helper()
	out, err := n.SignIn(t.Context(), access.Credentials{Organisation: slug, Login: login, Password: password, UserAgent: "test/1"})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (n *node) role(t *testing.T, slug string, role domain.Role) domain.Actor {
	t.Helper()
	return n.in(t, slug, logins[role]).Actor
}

func (n *node) last() *journal.Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.entries) == 0 {
		return &journal.Entry{}
	}
	return n.entries[len(n.entries)-1]
}
