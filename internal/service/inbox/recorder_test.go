package inbox_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/clock"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/inbox"
)

// memory is a store that keeps batches, and fails while it is told to.
type memory struct {
	mu      sync.Mutex
	batches [][]domain.Mark // guarded by mu
	err     error           // guarded by mu
	tried   int             // guarded by mu
	hangs   bool            // until the context ends
}

func (m *memory) RecordReceipts(ctx context.Context, org domain.OrganisationID, _ domain.ActorRef, marks []domain.Mark) (*journal.Entry, error) {
	if m.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tried++
	if m.err != nil {
		return nil, m.err
	}
	m.batches = append(m.batches, marks)
	return &journal.Entry{Organisation: org, Kind: journal.KindReceiptsRecorded}, nil
}

func (m *memory) kept() [][]domain.Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.batches
}

func (m *memory) tries() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tried
}

// outcomes collects what done was called with.
type outcomes struct {
	mu   sync.Mutex
	list []error // guarded by mu
}

func (o *outcomes) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, err)
}

func (o *outcomes) all() []error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.list
}

func candidate(no domain.PersonNo) domain.Actor {
	return domain.Actor{Organisation: 1, Kind: domain.ActorPerson, ID: "c", No: no, Role: domain.RoleCandidate}
}

// bench is a recorder in a bubble of its own time.
func bench(t *testing.T, o inbox.RecorderOptions, run func(t *testing.T, r *inbox.Recorder, m *memory)) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		o.Store, o.Clock, o.Log = m, clock.System{}, zerolog.Nop()
		r := inbox.NewRecorder(o)
		r.Start(t.Context())
		run(t, r, m)
		if err := r.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestReceiptsAreGathered(t *testing.T) {
	bench(t, inbox.RecorderOptions{}, func(t *testing.T, r *inbox.Recorder, m *memory) {
		var done atomic.Int32
		for no := range domain.PersonNo(50) {
			r.Record(candidate(no+1), domain.Delivered, []int64{7}, func(err error) {
				if err != nil {
					t.Error(err)
				}
				done.Add(1)
			})
			r.Record(candidate(no+1), domain.Displayed, []int64{7, 8}, func(error) { done.Add(1) })
		}
		<-time.After(149 * time.Millisecond)
		synctest.Wait()
		if len(m.kept()) != 0 || done.Load() != 0 {
			t.Error("it did not wait for more")
		}
		<-time.After(2 * time.Millisecond)
		synctest.Wait()
		if len(m.kept()) != 1 || len(m.kept()[0]) != 100 || done.Load() != 100 {
			t.Fatalf("%d batches, %d done", len(m.kept()), done.Load())
		}
		for _, mark := range m.kept()[0] {
			if mark.State() != domain.Displayed || mark.Delivered.IsZero() {
				t.Errorf("%+v", mark)
			}
		}
	})
}

func TestFullBatchDoesNotWait(t *testing.T) {
	bench(t, inbox.RecorderOptions{Batch: 10}, func(t *testing.T, r *inbox.Recorder, m *memory) {
		start := time.Now()
		done := make(chan error, 1)
		r.Record(candidate(1), domain.Displayed, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, func(err error) { done <- err })
		if err := <-done; err != nil || time.Since(start) != 0 || len(m.kept()) != 1 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// While the store is away receipts wait, are bounded, and are written when it is back.
func TestStoreAway(t *testing.T) {
	bench(t, inbox.RecorderOptions{Pending: 5}, func(t *testing.T, r *inbox.Recorder, m *memory) {
		m.err = fault.New(fault.Unavailable, "away")
		var seen outcomes
		note := seen.note
		r.Record(candidate(1), domain.Displayed, []int64{1, 2, 3}, note)
		<-time.After(30 * time.Second)
		synctest.Wait()
		if len(seen.all()) != 0 || m.tries() < 5 || m.tries() > 20 {
			t.Errorf("%v after %d tries", seen.all(), m.tries())
		}
		r.Record(candidate(1), domain.Displayed, []int64{4, 5, 6}, note)
		if len(seen.all()) != 1 || !fault.Is(seen.all()[0], fault.Unavailable) {
			t.Fatalf("%v, want the sixth refused", seen.all())
		}
		m.mu.Lock()
		m.err = nil
		m.mu.Unlock()
		<-time.After(10 * time.Second)
		synctest.Wait()
		if len(seen.all()) != 2 || seen.all()[1] != nil || len(m.kept()) != 1 {
			t.Errorf("%v, %d batches", seen.all(), len(m.kept()))
		}
		r.Record(candidate(1), domain.Displayed, []int64{4, 5, 6, 7, 8}, note) // there is room again
		<-time.After(time.Second)
		synctest.Wait()
		if len(seen.all()) != 3 || seen.all()[2] != nil {
			t.Errorf("%v", seen.all())
		}
	})
}

func TestLastingFaultIsTold(t *testing.T) {
	bench(t, inbox.RecorderOptions{}, func(t *testing.T, r *inbox.Recorder, m *memory) {
		m.err = errors.New("broken")
		done := make(chan error, 1)
		r.Record(candidate(1), domain.Displayed, []int64{1}, func(err error) { done <- err })
		if err := <-done; err == nil || m.tries() != 1 {
			t.Errorf("%v after %d tries", err, m.tries())
		}
	})
}

func TestStopFlushes(t *testing.T) {
	bench(t, inbox.RecorderOptions{}, func(t *testing.T, r *inbox.Recorder, m *memory) {
		start := time.Now()
		done := make(chan error, 2)
		r.Record(candidate(1), domain.Displayed, []int64{1}, func(err error) { done <- err })
		if err := r.Stop(t.Context()); err != nil || len(m.kept()) != 1 || time.Since(start) != 0 {
			t.Errorf("%v, %d batches, %v", err, len(m.kept()), time.Since(start))
		}
		r.Record(candidate(1), domain.Displayed, []int64{2}, func(err error) { done <- err })
		if first, second := <-done, <-done; first != nil || !fault.Is(second, fault.Unavailable) {
			t.Errorf("%v, %v", first, second)
		}
	})
}

func TestStopGivesUp(t *testing.T) {
	bench(t, inbox.RecorderOptions{}, func(t *testing.T, r *inbox.Recorder, m *memory) {
		m.hangs = true
		done := make(chan error, 1)
		r.Record(candidate(1), domain.Displayed, []int64{1}, func(err error) { done <- err })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := r.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := <-done; !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRecordRefuses(t *testing.T) {
	bench(t, inbox.RecorderOptions{}, func(t *testing.T, r *inbox.Recorder, _ *memory) {
		for _, c := range []struct {
			actor domain.Actor
			state domain.ReceiptState
			code  fault.Code
		}{
			{domain.Actor{Organisation: 1, Kind: domain.ActorPerson, No: 1, Role: domain.RolePlanner}, domain.Displayed, fault.Forbidden},
			{domain.Actor{Organisation: 1, Kind: domain.ActorAPIKey, Role: domain.RoleCandidate}, domain.Displayed, fault.Forbidden},
			{candidate(1), domain.Queued, fault.Invalid},
			{candidate(1), "read", fault.Invalid},
		} {
			var got error
			r.Record(c.actor, c.state, []int64{1}, func(err error) { got = err })
			if !fault.Is(got, c.code) {
				t.Errorf("%s as %s: %v", c.state, c.actor.Role, got)
			}
		}
	})
}
