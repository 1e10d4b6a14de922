package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

func login(t testing.TB, s *Store, by domain.Actor, no domain.PersonNo, id string, expires time.Time) {
	t.Helper()
	actor := domain.Actor{Organisation: by.Organisation, Kind: domain.ActorPerson, ID: "p", No: no, Name: "Anna", Role: domain.RoleInvigilator}
	_, err := s.StartSession(t.Context(), actor, domain.Session{Organisation: by.Organisation, ID: id, Person: no, CreatedAt: s.clock.Now(), SeenAt: s.clock.Now(), ExpiresAt: expires},
		[]byte("hash of "+id))
	if err != nil {
		t.Fatal(err)
	}
}

// Session returns a login by public id, or NotFound. It may have expired.
func (s *Store) Session(ctx context.Context, org domain.OrganisationID, id string) (domain.Session, error) {
	return s.session(ctx, `organisation_id = $1 AND id = $2`, org, id)
}

// APIKey returns a key by public id, or NotFound; a revoked one is not found, nor is one
// whose end was recorded when it expired.
func (s *Store) APIKey(ctx context.Context, org domain.OrganisationID, id string) (domain.APIKey, error) {
	return s.apiKey(ctx, `revoked_at = 0 AND organisation_id = $1 AND id = $2`, org, id)
}

func TestSessionsEnd(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by := office(t, s, "north")
		people(t, s, by, crowd(1))
		soon := s.clock.Now().Add(time.Hour)
		for _, id := range []string{"a", "b", "c"} {
			login(t, s, by, 2, id, soon)
		}
		login(t, s, by, 1, "d", soon)
		n, err := s.SessionByToken(ctx, []byte("hash of a"))
		if err != nil || n.ID != "a" || n.Person != 2 || n.Organisation != by.Organisation || !n.ExpiresAt.Equal(soon) {
			t.Errorf("%+v, %v", n, err)
		}
		later := soon.Add(time.Hour)
		if err := s.TouchSession(ctx, by.Organisation, "a", s.clock.Now(), later); err != nil {
			t.Fatal(err)
		}
		if err := s.TouchSession(ctx, by.Organisation, "a", s.clock.Now(), soon); err != nil { // another node was behind
			t.Fatal(err)
		}
		if n, _ = s.SessionByToken(ctx, []byte("hash of a")); !n.ExpiresAt.Equal(later) {
			t.Errorf("expires %v, want %v", n.ExpiresAt, later)
		}
		if e, err := s.EndSession(ctx, by, "a", "signed_out"); err != nil || len(e) != 1 {
			t.Fatalf("%v, %v", e, err)
		}
		if e, err := s.EndSession(ctx, by, "a", "signed_out"); err != nil || len(e) != 0 {
			t.Errorf("ended twice: %v, %v", e, err)
		}
		if _, err := s.SessionByToken(ctx, []byte("hash of a")); !fault.Is(err, fault.NotFound) {
			t.Errorf("an ended session: %v", err)
		}
		e, err := s.EndSessionsOf(ctx, by, 2, "revoked")
		if err != nil || len(e) != 1 {
			t.Fatalf("%v, %v", e, err)
		}
		var p journal.SessionChanged
		if err := json.Unmarshal(e[0].Payload, &p); err != nil {
			t.Fatal(err)
		}
		slices.Sort(p.Sessions)
		if !slices.Equal(p.Sessions, []string{"b", "c"}) || p.Person != 2 || p.Name != "Anna" || p.Reason != "revoked" {
			t.Errorf("%+v", p)
		}
		if _, err := s.Session(ctx, by.Organisation, "d"); err != nil {
			t.Errorf("another person's session: %v", err)
		}
		if e, err := s.SweepSessions(ctx, soon); err != nil || len(e) != 1 || e[0].Kind != journal.KindSessionEnded {
			t.Errorf("sweep: %v, %v", kinds(e), err)
		}
		if e, err := s.SweepSessions(ctx, soon); err != nil || len(e) != 0 {
			t.Errorf("swept twice: %v, %v", kinds(e), err)
		}
	})
}

func TestChangedPeopleAreSignedOut(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		by := office(t, s, "north")
		who := crowd(1)
		people(t, s, by, who)
		for i, change := range []func(){
			func() { who[1].PasswordHash = ptr("new") },
			func() { who[1].PasswordHash, who[1].Role = nil, domain.RolePlanner },
		} {
			login(t, s, by, 2, fmt.Sprint("anna", i), s.clock.Now().Add(time.Hour))
			login(t, s, by, 1, fmt.Sprint("other", i), s.clock.Now().Add(time.Hour))
			change()
			_, entries, err := s.UpsertPeople(t.Context(), by, who)
			if err != nil || !slices.Equal(kinds(entries), []journal.Kind{journal.KindPeopleUpserted, journal.KindSessionEnded}) {
				t.Errorf("%d: %v, %v", i, kinds(entries), err)
			}
			if _, err := s.Session(t.Context(), by.Organisation, fmt.Sprint("anna", i)); !fault.Is(err, fault.NotFound) {
				t.Errorf("%d: still signed in: %v", i, err)
			}
			if _, err := s.Session(t.Context(), by.Organisation, fmt.Sprint("other", i)); err != nil {
				t.Errorf("%d: somebody else was signed out: %v", i, err)
			}
		}
		entries, err := s.SetPassword(t.Context(), by, 1, "another")
		if err != nil || len(entries) != 2 {
			t.Errorf("%v, %v", kinds(entries), err)
		}
		if _, err := s.SetPassword(t.Context(), by, 99, "another"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a password for nobody: %v", err)
		}
	})
}

// TestSignInOf: one answer for an organisation, a login and an account that do not let anyone in.
func TestSignInOf(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by := office(t, s, "north")
		office(t, s, "south")
		who := crowd(2)
		for i, login := range []string{"", "anna", "ola"} {
			who[i].Login, who[i].PasswordHash = &login, ptr("hash of "+login)
		}
		who[2].State = ptr(domain.PersonLocked)
		people(t, s, by, who)
		p, hash, err := s.SignInOf(ctx, "north", "anna")
		if err != nil || p.No != 2 || p.Organisation != by.Organisation || hash != "hash of anna" {
			t.Errorf("%+v, %q, %v", p, hash, err)
		}
		for _, c := range [][2]string{{"south", "anna"}, {"west", "anna"}, {"north", "nobody"}, {"north", "ola"}, {"north", ""}, {"", ""}} {
			if p, hash, err := s.SignInOf(ctx, c[0], c[1]); !fault.Is(err, fault.NotFound) || hash != "" {
				t.Errorf("%v: %+v, %v", c, p, err)
			}
		}
		found, err := s.PeopleByLogin(ctx, by.Organisation, []string{"anna", "ola", "nobody", ""})
		if err != nil || len(found) != 2 || found["anna"].No != 2 || found["ola"].No != 3 {
			t.Errorf("%+v, %v", found, err)
		}
		e, err := s.RecordSignInsFailed(ctx, by, journal.SignInsFailed{From: s.clock.Now(), To: s.clock.Now(), Unknown: 3})
		if err != nil || e.Kind != journal.KindSignInsFailed || e.Offset == 0 {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

func TestTicketsAreUsedOnce(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by := office(t, s, "north")
		now := s.clock.Now()
		hash := func(i int) []byte { return []byte(fmt.Sprintf("%032d", i)) }
		var tickets []domain.Ticket
		for i := range 2000 {
			tickets = append(tickets, domain.Ticket{Hash: hash(i), Person: domain.PersonNo(i), APIKey: "key", ExpiresAt: now.Add(time.Minute)})
		}
		if err := s.AddTickets(ctx, by.Organisation, now, tickets); err != nil {
			t.Fatal(err)
		}
		use := func(now time.Time, hashes ...[]byte) []bool { return must(s.UseTickets(ctx, hashes, now)) }
		var got atomic.Int64
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() { // in opposite orders, as two nodes may
				batch := [][]byte{hash(5), hash(6), hash(7), hash(7), hash(9999)}
				if i%2 == 0 {
					slices.Reverse(batch)
				}
				for _, won := range use(now, batch...) {
					if won {
						got.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if got.Load() != 3 {
			t.Errorf("3 tickets were used %d times", got.Load())
		}
		if won := use(now.Add(time.Minute), hash(8)); won[0] {
			t.Error("an expired ticket was used")
		}
		if won := use(now, hash(7), hash(8), hash(8)); !slices.Equal(won, []bool{false, true, false}) {
			t.Errorf("used, new, twice: %v", won)
		}
		list := must(s.Redemptions(ctx, [][]byte{hash(9999), hash(8), hash(10)}))
		if list[0] != nil || !list[1].Used || list[2].Used || list[2].Ticket.Person != 10 || list[2].Ticket.APIKey != "key" ||
			list[2].Ticket.Organisation != by.Organisation || list[2].Maker.Found || list[2].Person.ID != "" {
			t.Errorf("%+v", list)
		}
		if err := s.SweepTickets(ctx, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if list := must(s.Redemptions(ctx, [][]byte{hash(9)})); list[0] != nil {
			t.Errorf("swept: %+v", list[0])
		}
	})
}

// Tickets for others and the entries that say so are stored together.
func TestTicketsForOthersAreRecorded(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by := office(t, s, "north")
		now := s.clock.Now()
		hash := func(i int) []byte { return []byte(fmt.Sprintf("%032d", i)) }
		tickets := make([]domain.Ticket, perEntry+5)
		for i := range tickets {
			tickets[i] = domain.Ticket{Hash: hash(i), Person: domain.PersonNo(i + 1), APIKey: "key", ExpiresAt: now.Add(time.Minute)}
		}
		entries, err := s.MakeTickets(ctx, by, now, tickets)
		if err != nil || len(entries) != 2 {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		for i, e := range map[int]*journal.Entry{7: entries[0], perEntry + 1: entries[1]} {
			var p journal.TicketsMade
			if err := json.Unmarshal(e.Payload, &p); err != nil || !slices.Contains(p.People, domain.PersonNo(i+1)) || !p.ExpiresAt.Equal(now.Add(time.Minute)) {
				t.Errorf("%s, %v", e.Payload, err)
			}
			if list := must(s.Redemptions(ctx, [][]byte{hash(i)})); list[0] == nil || list[0].Ticket.Entry != e.Offset {
				t.Errorf("ticket %d: %+v; want entry %d", i, list[0], e.Offset)
			}
		}
		head := must(s.Head(ctx, by.Organisation))
		if _, err := s.MakeTickets(ctx, by, now, tickets[:1]); err == nil || must(s.Head(ctx, by.Organisation)) != head {
			t.Errorf("a ticket that exists: %v, and an entry", err)
		}
	})
}

func TestExpiredAPIKeysEnd(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by := office(t, s, "north")
		at := s.clock.Now()
		in := domain.APIKey{ID: "k1", Name: "platform", SenderName: "The exam office", Rights: []domain.Right{domain.RightSend},
			Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, CreatedAt: at, ExpiresAt: at.Add(time.Minute)}
		must(s.AddAPIKey(ctx, by, in, []byte("one")))
		must(s.AddAPIKey(ctx, by, domain.APIKey{ID: "k2", Name: "for good", CreatedAt: at}, []byte("two")))
		k := must(s.APIKey(ctx, by.Organisation, "k1"))
		if k.SenderName != in.SenderName || !slices.Equal(k.Rights, in.Rights) || !slices.Equal(k.Addresses, in.Addresses) || !k.ExpiresAt.Equal(in.ExpiresAt) {
			t.Errorf("%+v", k)
		}
		if entries := must(s.EndExpiredAPIKeys(ctx, at.Add(59*time.Second))); len(entries) != 0 {
			t.Errorf("too early: %d", len(entries))
		}
		entries := must(s.EndExpiredAPIKeys(ctx, at.Add(time.Minute)))
		if len(entries) != 1 || !strings.Contains(string(entries[0].Payload), `"expired"`) {
			t.Fatalf("%+v", entries)
		}
		if again := must(s.EndExpiredAPIKeys(ctx, at.Add(time.Hour))); len(again) != 0 {
			t.Errorf("ended twice: %d", len(again))
		}
		if _, err := s.APIKey(ctx, by.Organisation, "k1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("its tickets: %v", err)
		}
		// Who comes with its secret is told that it expired.
		if k := must(s.APIKeyBySecret(ctx, []byte("one"))); !k.Expired(at.Add(time.Minute)) {
			t.Errorf("%+v", k)
		}
		if list := must(s.APIKeys(ctx, by.Organisation)); len(list) != 1 || list[0].ID != "k2" {
			t.Errorf("%+v", list)
		}
	})
}

func TestAPIKeys(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		by, other := office(t, s, "north"), office(t, s, "south")
		at := s.clock.Now()
		e, err := s.AddAPIKey(ctx, by, domain.APIKey{ID: "k1", Name: "platform", CreatedAt: at}, []byte("secret"))
		if err != nil || e.Kind != journal.KindAPIKeyCreated {
			t.Fatalf("%v, %v", e, err)
		}
		k, err := s.APIKeyBySecret(ctx, []byte("secret"))
		if err != nil || k.ID != "k1" || k.Organisation != by.Organisation || !k.UsedAt.IsZero() {
			t.Errorf("%+v, %v", k, err)
		}
		if err := s.TouchAPIKey(ctx, by.Organisation, "k1", at.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if list := must(s.APIKeys(ctx, by.Organisation)); len(list) != 1 || !list[0].UsedAt.Equal(at.Add(time.Second)) {
			t.Errorf("%+v", list)
		}
		if list := must(s.APIKeys(ctx, other.Organisation)); len(list) != 0 {
			t.Errorf("another organisation sees %+v", list)
		}
		if _, err := s.RevokeAPIKey(ctx, other, "k1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("another organisation revokes it: %v", err)
		}
		if e, err := s.RevokeAPIKey(ctx, by, "k1"); err != nil || e.Kind != journal.KindAPIKeyRevoked {
			t.Errorf("%v, %v", e, err)
		}
		if _, err := s.RevokeAPIKey(ctx, by, "k1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("revoked twice: %v", err)
		}
		if _, err := s.APIKeyBySecret(ctx, []byte("secret")); !fault.Is(err, fault.NotFound) {
			t.Errorf("a revoked key: %v", err)
		}
		if _, err := s.APIKey(ctx, by.Organisation, "k1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a revoked key: %v", err)
		}
	})
}
