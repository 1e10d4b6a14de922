package access

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/internal/auth"
	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
)

// slowStore takes a second for each statement about tickets and counts them.
type slowStore struct {
	Store
	tickets map[string]*domain.Redemption // by hash
	taken   map[string]bool               // by another node, between the two statements

	mu          sync.Mutex
	reads, uses int            // statements
	used        map[string]int // how often each was used
}

func (s *slowStore) Redemptions(_ context.Context, hashes [][]byte) ([]*domain.Redemption, error) {
	time.Sleep(time.Second) //nolint:forbidigo // the clock of a bubble
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	out := make([]*domain.Redemption, len(hashes))
	for i, h := range hashes {
		out[i] = s.tickets[string(h)]
	}
	return out, nil
}

func (s *slowStore) UseTickets(_ context.Context, hashes [][]byte, _ time.Time) ([]bool, error) {
	time.Sleep(time.Second) //nolint:forbidigo // the clock of a bubble
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uses++
	out := make([]bool, len(hashes))
	for i, h := range hashes {
		if out[i] = !s.taken[string(h)]; out[i] {
			s.used[string(h)]++
		}
	}
	return out, nil
}

func (s *slowStore) InTestUntil(context.Context, domain.OrganisationID, domain.PersonNo, time.Time) (time.Time, error) {
	return time.Time{}, nil
}

// TestAHallSharesStatements: tickets that arrive together are redeemed by two statements, and each
// caller gets the answer of their own ticket. A ticket whose caller leaves first is not used.
func TestAHallSharesStatements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		st := &slowStore{tickets: map[string]*domain.Redemption{}, taken: map[string]bool{}, used: map[string]int{}}
		s := New(Deps{Store: st, Hasher: auth.NewHasher(1), Clock: clock.System{}, Secret: make([]byte, 32)})
		secrets := make([]string, 400)
		const good = 300 // below, each is its candidate's; above, each has its fault
		for i := range secrets {
			secrets[i] = auth.NewToken(auth.Ticket)
			org, no := domain.OrganisationID(1+i%2), domain.PersonNo(i+1)
			r := &domain.Redemption{
				Ticket: domain.Ticket{Organisation: org, Person: no, Session: "s", ExpiresAt: now.Add(time.Hour)},
				Person: domain.Person{Organisation: org, No: no, ID: domain.PersonID(fmt.Sprint(i)), Role: domain.RoleCandidate, Kind: domain.KindCandidate},
				Maker:  domain.TicketMaker{Found: true, ExpiresAt: now.Add(time.Hour)},
			}
			st.tickets[string(auth.HashToken(secrets[i]))] = r
			if i < good {
				continue
			}
			switch i % 7 {
			case 0:
				r.Used = true
			case 1:
				r.Ticket.ExpiresAt = now
			case 2:
				delete(st.tickets, string(auth.HashToken(secrets[i])))
			case 3:
				r.Maker.ExpiresAt = now
			case 4:
				r.Maker.Found = false
			case 5:
				r.Person.State = domain.PersonLocked
			case 6:
				st.taken[string(auth.HashToken(secrets[i]))] = true
			}
		}
		leaving, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		for i, secret := range secrets {
			all.Go(func() {
				ctx := t.Context()
				if i == 5 {
					ctx = leaving
				}
				a, err := s.Redeem(ctx, secret)
				want := map[int]fault.Code{0: fault.Gone, 1: fault.Gone, 2: fault.Unauthenticated, 3: fault.Unauthenticated,
					4: fault.Unauthenticated, 5: fault.Unauthenticated, 6: fault.Gone}[i%7]
				switch {
				case i == 5:
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("who left: %v", err)
					}
				case i < good && (err != nil || a.No != domain.PersonNo(i+1) || a.Organisation != domain.OrganisationID(1+i%2)):
					t.Errorf("ticket %d opens the socket of %+v, %v", i, a, err)
				case i >= good && !fault.Is(err, want):
					t.Errorf("ticket %d: %v, want %s", i, err, want)
				}
			})
			if i == 0 {
				synctest.Wait() // it is under way when the others come
			}
		}
		all.Wait()
		if st.reads != 2 || st.uses != 2 {
			t.Errorf("%d and %d statements, want 2 of each: the first ticket alone, the others together", st.reads, st.uses)
		}
		if n := st.used[string(auth.HashToken(secrets[5]))]; n != 0 {
			t.Error("the ticket of a caller who had left was used")
		}
		s.Stop()
		if _, err := s.Redeem(t.Context(), secrets[5]); !fault.Is(err, fault.Unavailable) {
			t.Errorf("after Stop: %v", err)
		}
	})
}
