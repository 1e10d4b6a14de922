package broadcast

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/domain"
)

func TestExpander(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var calls []domain.OrganisationID
		failures := 3
		x := NewExpander(func(_ context.Context, org domain.OrganisationID) error {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, org)
			if org == 2 && failures > 0 {
				failures--
				return errors.New("not now")
			}
			return nil
		}, 0, zerolog.Nop())
		seen := func() []domain.OrganisationID {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(calls)
		}
		x.Start(t.Context())
		x.Start(t.Context())
		defer x.Stop()
		for range 100 {
			x.Kick(1)
		}
		synctest.Wait()
		if len(seen()) != 0 {
			t.Error("it did not wait")
		}
		<-time.After(500 * time.Millisecond)
		synctest.Wait()
		if !slices.Equal(seen(), []domain.OrganisationID{1}) {
			t.Errorf("%v, want the kicks joined", seen())
		}
		x.Kick(2)
		<-time.After(10 * time.Second)
		synctest.Wait()
		if !slices.Equal(seen(), []domain.OrganisationID{1, 2, 2, 2, 2}) {
			t.Errorf("%v, want three failures and a success", seen())
		}
		x.Stop()
		x.Stop()
		x.Kick(1) // harmless
	})
}
