package attachment

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"crier/internal/domain"
)

// row puts uploads into a queue one after the other and notes who enters.
type row struct {
	t       *testing.T
	turns   *turns
	entered []string
	leave   map[string]func()
}

func (l *row) come(ctx context.Context, org domain.OrganisationID, uploader, what string) {
	go func() {
		leave, err := l.turns.enter(ctx, org, uploader)
		if err == nil {
			l.entered = append(l.entered, what) // synctest.Wait orders these
			l.leave[what] = leave
		}
	}()
	synctest.Wait()
}

func (l *row) goes(what string) {
	l.leave[what]()
	synctest.Wait()
}

func (l *row) want(entered ...string) {
	l.t.Helper()
	if !slices.Equal(l.entered, entered) {
		l.t.Fatalf("%v entered, want %v", l.entered, entered)
	}
}

// TestFairTurns checks that neither an uploader nor an organisation occupies the decoders, and that
// nobody waits behind all that another one has sent.
func TestFairTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &row{t: t, turns: newTurns(3), leave: map[string]func(){}}
		for _, what := range []string{"a1", "a2", "a3"} {
			l.come(t.Context(), 1, "ann", what)
		}
		l.want("a1") // one place for one uploader
		l.come(t.Context(), 1, "bo", "b1")
		l.come(t.Context(), 1, "cy", "c1")
		l.want("a1", "b1") // one place is left to others
		l.come(t.Context(), 2, "dan", "d1")
		l.want("a1", "b1", "d1")

		l.goes("a1")
		l.want("a1", "b1", "d1", "c1") // cy, who had no turn yet, before ann's second
		l.come(t.Context(), 2, "dan", "d2")
		l.goes("b1")
		l.want("a1", "b1", "d1", "c1", "a2")
		l.goes("d1")
		l.want("a1", "b1", "d1", "c1", "a2", "d2")

		ctx, cancel := context.WithCancel(t.Context())
		l.come(ctx, 1, "eve", "e1")
		cancel()
		synctest.Wait()
		l.goes("c1")
		l.goes("a2")
		l.want("a1", "b1", "d1", "c1", "a2", "d2", "a3") // eve has gone
		l.goes("d2")
		l.goes("a3")
		if q := l.turns; q.busy != 0 || len(q.inside)+len(q.last)+len(q.waiting) != 0 {
			t.Errorf("something is left: %+v", q)
		}
	})
}

// TestOnePlace checks the queue of heavy pictures: organisations take turns.
func TestOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &row{t: t, turns: newTurns(1), leave: map[string]func(){}}
		for i, what := range []string{"a1", "a2", "a3", "a4"} {
			l.come(t.Context(), 1, string(rune('p'+i)), what)
		}
		l.come(t.Context(), 2, "dan", "d1")
		l.want("a1")
		for i, next := range []string{"d1", "a2", "a3"} {
			l.goes(l.entered[i])
			l.want(append(slices.Clone(l.entered[:i+1]), next)...)
		}
		l.goes("a3")
		l.goes("a4")
	})
}
