package store

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/testkit"
)

// An expansion that comes late moves nothing back.
func TestLateExpansion(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		org, exam := hall(t, s, 2)
		send(t, s, sending(org, exam, 2, "All", ""))
		one(t, s, org, toCandidate(org, ines, 1, "key-000001", "You alone"))
		if got := lists(t, s, org, 1, exam); got.Last != 2 || got.Out != 2 {
			t.Errorf("%+v", got)
		}
		if err := s.Expand(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		if got := lists(t, s, org, 1, exam); got.Last != 2 || got.Out != 2 || got.ThreadOut != 2 {
			t.Errorf("moved back: %+v", got)
		}
		if got := lists(t, s, org, 2, exam); got.Last != 1 || got.ThreadOut != 1 {
			t.Errorf("%+v", got)
		}
		found, _, err := s.MessagesSince(t.Context(), org, 1, 0, 10)
		if err != nil || len(found) != 2 || found[0].Offset != 1 || found[1].Offset != 2 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// A connection lost during COMMIT leaves a whole batch unknown; the retry finds out
// for each of them.
func TestBatchLostDuringCommit(t *testing.T) {
	for name, committed := range map[string]bool{"after the server committed": true, "before it reached the server": false} {
		t.Run(name, func(t *testing.T) {
			f, s, org, _ := lossy(t)
			f.on("COMMIT", func(client, server net.Conn, said []byte) bool {
				if committed {
					_ = client.(*net.TCPConn).CloseWrite() // nothing comes back
					_, _ = server.Write(said)
					return false
				}
				_ = client.Close()
				return false
			})
			batch := []domain.NewMessage{toCandidate(org, ines, 1, "key-000001", "One"), toCandidate(org, ines, 2, "key-000002", "Two")}
			_, err := s.SendMessages(t.Context(), org, batch)
			if got, ok := errors.AsType[*fault.Error](err); !ok || got.Code != fault.Unavailable || !got.Unknown || got.RetryAfter <= 0 {
				t.Fatalf("got %v", err)
			}
			f.cut()
			testkit.Eventually(t, 20*time.Second, "the retry is answered", func() error {
				sent, err := s.SendMessages(t.Context(), org, batch)
				if err != nil {
					return err
				}
				for i, got := range sent {
					if got.Err != nil || got.Fresh == committed || got.Entry.Offset != int64(i+1) {
						t.Errorf("message %d: %+v", i, got)
					}
				}
				return nil
			})
			verified(t, s, org, 2)
		})
	}
}

// Many batches at once, with expansions between them: nobody waits in a ring, and the
// chain holds.
func TestSendMessagesConcurrently(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const people, writers, rounds = 40, 4, 12
		org, exam := hall(t, s, people)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for r := range rounds {
					var batch []domain.NewMessage
					for i := range 20 {
						no := domain.PersonNo((i*7+w*11+r)%people + 1) // another order for each
						batch = append(batch, toCandidate(org, ines, no, fmt.Sprintf("key-%d-%d-%d", w, r, i), "Hello"))
					}
					sent, err := s.SendMessages(t.Context(), org, batch)
					if err != nil {
						t.Error(err)
						return
					}
					for _, got := range sent {
						if got.Err != nil {
							t.Error(got.Err)
						}
					}
				}
			})
		}
		all.Go(func() {
			for i := range rounds {
				if _, _, err := s.Append(t.Context(), sending(org, exam, people, "All", fmt.Sprintf("key-all-%d", i))); err != nil {
					t.Error(err)
				}
				if err := s.Expand(t.Context(), org); err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
		verified(t, s, org, writers*rounds*20+rounds)
		var n int
		if err := s.get(t.Context(), &n, `SELECT count(*) FROM messages WHERE organisation_id = $1`, org); err != nil || n != writers*rounds*20+rounds*people {
			t.Errorf("%d messages, %v", n, err)
		}
	})
}

// People are renamed while sendings to them are expanded: nobody waits in a ring.
func TestRenameWhileExpanding(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		const people, rounds = 200, 8
		ctx := t.Context()
		org, exam := hall(t, s, people)
		send(t, s, sending(org, exam, people, "All", ""))
		if err := s.Expand(ctx, org); err != nil {
			t.Fatal(err)
		}
		var backwards []int64
		for no := int64(people); no > 0; no-- {
			backwards = append(backwards, no)
		}
		var all sync.WaitGroup
		all.Go(func() {
			for range rounds {
				if _, _, err := s.Append(ctx, sending(org, exam, people, "All", "")); err != nil {
					t.Error(err)
				}
				if err := s.Expand(ctx, org); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range rounds {
				err := s.write(ctx, org, func(tx *Tx) error {
					if _, err := tx.Lock(ctx); err != nil {
						return err
					}
					return tx.renameConversations(ctx, backwards)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
	})
}
