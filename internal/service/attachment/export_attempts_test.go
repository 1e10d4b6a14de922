package attachment

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"crier/internal/blob"
	"crier/internal/domain"
)

// TestAttemptEnds: nothing of an attempt lives on once it is over, and its cause is kept.
func TestAttemptEnds(t *testing.T) {
	h := one(t)
	h.send("a", "Papers.", h.upload("a", text("a.txt")).ID)
	h.export("planner", false, "a")
	x, _, err := h.store.ClaimExport(t.Context(), h.exporter.worker, "a-blob", h.clock.Now().Add(leaseTime))
	h.must(err)
	j, err := h.exporter.attempt(t.Context(), *x)
	h.must(err)
	if j.ctx.Err() == nil {
		t.Error("the attempt is over and its context goes on")
	}
}

// stalling is a place for files whose Get waits until it is told to go on.
type stalling struct {
	blob.Store
	reached chan struct{}
	goOn    chan struct{}
}

// Get implements blob.Store.
func (s stalling) Get(ctx context.Context, id string, from, n int64) (io.ReadCloser, error) {
	select {
	case s.reached <- struct{}{}:
	default:
	}
	select {
	case <-s.goOn:
		return s.Store.Get(ctx, id, from, n)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stalled is a second node's service whose worker stops amid a file.
func (h *office) stalled() (*Service, stalling) {
	s := stalling{h.files, make(chan struct{}, 1), make(chan struct{})}
	o := h.options()
	o.Blobs = s
	return New(o), s
}

// TestTakenOver: an export whose worker is killed is made by another once the lease has
// ended, and what the dead one left is swept.
func TestTakenOver(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("a", "Papers.", h.upload("a", text("a.txt")).ID)
		x := h.export("planner", true, "a")
		node, files := h.stalled()
		ctx, kill := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := node.exporter.one(ctx)
			ended <- err
		}()
		<-files.reached
		h.work() // nothing: the lease holds
		if got, err := h.Service.Export(t.Context(), h.as("planner"), x.ID); err != nil || got.State != domain.ExportRunning {
			t.Errorf("%+v, %v", got, err)
		}
		kill() // as a node that stops, or dies: it says nothing
		if err := <-ended; err == nil {
			t.Error("a killed worker says that all is well")
		}
		h.work()
		if got, _ := h.Service.Export(t.Context(), h.as("planner"), x.ID); got.State != domain.ExportRunning {
			t.Errorf("taken over before the lease ended: %+v", got)
		}
		h.clock.Advance(leaseTime + time.Second)
		h.work()
		if got := h.unzip("planner", x.ID); len(got) != 4 {
			t.Errorf("%q", slices.Sorted(maps.Keys(got)))
		}
		if n := h.blobs(); n != 2 {
			t.Errorf("%d files, want the attachment and the export", n)
		}
	})
}

// TestSlowWorker: a worker that was believed dead and comes back changes nothing.
func TestSlowWorker(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("a", "Papers.", h.upload("a", text("a.txt")).ID)
		x := h.export("planner", false, "a")
		node, files := h.stalled()
		ended := make(chan error, 1)
		go func() {
			_, err := node.exporter.one(t.Context())
			ended <- err
		}()
		<-files.reached
		h.clock.Advance(leaseTime + time.Second)
		h.work()
		before, err := h.Service.Export(t.Context(), h.as("planner"), x.ID)
		h.must(err)
		h.kinds()
		close(files.goOn)
		if err := <-ended; err != nil {
			t.Errorf("%v", err)
		}
		after, err := h.Service.Export(t.Context(), h.as("planner"), x.ID)
		if err != nil || before.State != domain.ExportReady || after.State != before.State || after.Size != before.Size || len(h.kinds()) != 0 {
			t.Errorf("%+v became %+v, %v", before, after, err)
		}
		if n := h.blobs(); n != 2 {
			t.Errorf("%d files, want the attachment and the export", n)
		}
		h.unzip("planner", x.ID)
	})
}

// TestCancelAtWork: cancelling stops the work and leaves nothing.
func TestCancelAtWork(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("a", "Papers.", h.upload("a", text("a.txt")).ID)
		node, files := h.stalled()
		x, err := node.RequestExport(t.Context(), h.as("planner"), ExportRequest{People: []domain.PersonID{h.ids["a"]}})
		h.must(err)
		ended := make(chan error, 1)
		go func() {
			_, err := node.exporter.one(t.Context())
			ended <- err
		}()
		<-files.reached
		h.must(node.CancelExport(t.Context(), h.as("planner"), x.ID))
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got, err := node.Export(t.Context(), h.as("planner"), x.ID); err != nil || got.State != domain.ExportCancelled {
			t.Errorf("%+v, %v", got, err)
		}
		if n := h.blobs(); n != 1 {
			t.Errorf("%d files, want the attachment", n)
		}
		// Cancelled through another node: the worker notices when it notes its progress.
		y := h.export("planner", false, "a")
		go func() {
			_, err := node.exporter.one(t.Context())
			ended <- err
		}()
		<-files.reached
		h.must(h.CancelExport(t.Context(), h.as("planner"), y.ID))
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := h.blobs(); n != 1 {
			t.Errorf("%d files, want the attachment", n)
		}
	})
}

// TestExportGivenUp: one that kills its workers is not tried for ever.
func TestExportGivenUp(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		x := h.export("planner", false, "a")
		for i := range triesMost {
			claimed, _, err := h.store.ClaimExport(t.Context(), "dead", fmt.Sprintf("attempt-%d", i), h.clock.Now().Add(leaseTime))
			if err != nil || claimed == nil || claimed.Tries != i+1 {
				t.Fatalf("%+v, %v", claimed, err)
			}
			h.clock.Advance(leaseTime + time.Second)
		}
		h.work()
		if got, err := h.Service.Export(t.Context(), h.as("planner"), x.ID); err != nil || got.State != domain.ExportFailed || got.Error == "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
