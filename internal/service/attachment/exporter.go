package attachment

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// Times of the work in the background.
const (
	leaseTime = 30 * time.Second // a worker that was silent for so long is believed dead
	keepEvery = time.Second      // how often progress is noted, at most
	lookEvery = 5 * time.Second  // for exports of dead workers, and those other nodes took in
	sweepTime = 10 * time.Minute // between sweeps
	triesMost = 10               // how often an export is begun before it is given up
)

// Exporter makes exports, one at a time on each node, and sweeps what is over: files
// that were never sent, exports that expired.
type Exporter struct {
	s      *Service
	worker string // names this node's worker in the database
	wake   chan struct{}

	mu      sync.Mutex
	current string                  // guarded by mu; id of the export at work, "" if none
	abort   context.CancelCauseFunc // guarded by mu; of the export at work
	left    *domain.Export          // guarded by mu; what this node was at when it was stopped
	stop    context.CancelFunc      // guarded by mu; nil when stopped
	done    sync.WaitGroup
}

func newExporter(s *Service) *Exporter {
	return &Exporter{s: s, worker: uuid.NewString(), wake: make(chan struct{}, 1)}
}

// Start begins the work in the background until Stop or the end of ctx. Starting twice
// does nothing.
func (s *Service) Start(ctx context.Context) {
	x := s.exporter
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stop != nil {
		return
	}
	ctx, x.stop = context.WithCancel(ctx)
	x.done.Go(func() { x.work(ctx) })
	x.done.Go(func() { x.sweeping(ctx) })
}

// Stop ends the work and waits for it. An export at work is left to another node, which
// may begin at once, or to this one when it is back.
func (s *Service) Stop() {
	x := s.exporter
	x.mu.Lock()
	stop := x.stop
	x.stop = nil
	x.mu.Unlock()
	if stop != nil {
		stop()
		x.done.Wait()
		x.release()
	}
}

// Kick says that there may be something to do. It never blocks.
func (x *Exporter) Kick() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// errNotOurs ends the work on an export that was cancelled or taken over.
var errNotOurs = errors.New("the export is no longer this worker's")

// cancelled ends the work on an export if this node is at it.
func (x *Exporter) cancelled(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == id {
		x.abort(errNotOurs)
	}
}

func (x *Exporter) work(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		for {
			more, err := x.one(ctx)
			if err != nil && ctx.Err() == nil {
				x.s.o.Log.Warn().Err(err).Msg("exports have to wait")
			}
			if !more || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		case <-look.C:
		}
	}
}

// one makes the next export; false if there is none. An error means that nothing is known of
// how it ended: whoever takes it over begins again.
func (x *Exporter) one(ctx context.Context) (bool, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return false, err
	}
	s := x.s
	claimed, earlier, err := s.o.Store.ClaimExport(ctx, x.worker, id.String(), s.o.Clock.Now().Add(leaseTime))
	if err != nil || claimed == nil {
		return false, err
	}
	if earlier != "" {
		if err := s.o.Blobs.Delete(ctx, earlier); err != nil {
			s.o.Log.Warn().Err(err).Msg("the file of a dead worker's export could not be removed")
		}
	}
	if claimed.Tries > triesMost { // it may be what kills the workers
		return true, x.finish(ctx, &job{s: s, x: *claimed, ctx: ctx}, "the export was begun several times and never came to its end")
	}
	job, err := x.attempt(ctx, *claimed)
	if err == nil {
		return true, x.finish(ctx, job, "")
	}
	s.discard(ctx, claimed.Blob)
	switch cause := context.Cause(job.ctx); {
	case errors.Is(cause, errNotOurs):
		return true, nil
	case ctx.Err() != nil:
		x.mu.Lock()
		x.left = claimed
		x.mu.Unlock()
		return false, ctx.Err()
	case fault.Is(err, fault.Unavailable) && claimed.Tries < triesMost:
		return false, err // another try once the lease has ended
	}
	reason := "something went wrong on the server; it has been recorded"
	if fault.CodeOf(err) != fault.Internal {
		reason = fault.Public(err).Message
	} else {
		s.o.Log.Error().Err(err).Str("export", claimed.ID).Msg("an export failed")
	}
	return true, x.finish(ctx, job, reason)
}

// release ends the lease of what this node was at when it was stopped.
func (x *Exporter) release() {
	x.mu.Lock()
	left := x.left
	x.left = nil
	x.mu.Unlock()
	if left == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := x.s.o.Store.KeepExport(ctx, *left, x.worker, x.s.o.Clock.Now().Add(-time.Second)); err != nil {
		x.s.o.Log.Warn().Err(err).Msg("an export has to wait until its lease ends")
	}
}

// attempt streams the .zip into the blob store while a second goroutine notes progress. The job's context has ended
// when it returns; its cause still says why, if that was before the attempt came to its end.
func (x *Exporter) attempt(ctx context.Context, claimed domain.Export) (*job, error) {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	j := &job{s: x.s, x: claimed, ctx: ctx}
	x.mu.Lock()
	x.current, x.abort = claimed.ID, abort
	x.mu.Unlock()
	stopKeeping := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { x.keep(j, stopKeeping, abort) })

	pr, pw := io.Pipe()
	wg.Go(func() { _ = pw.CloseWithError(j.write(pw)) }) // nil ends it with EOF
	sum := newSum(pr)
	n, err := x.s.o.Blobs.Put(ctx, claimed.Blob, sum, -1)
	_ = pr.CloseWithError(errNotOurs) // a writer that still writes stops
	close(stopKeeping)
	wg.Wait()
	x.mu.Lock()
	x.current, x.abort = "", nil
	x.mu.Unlock()
	j.x.Size, j.sum = n, sum.hex()
	if cause := context.Cause(ctx); err == nil && cause != nil {
		err = cause
	}
	return j, err
}

// keep notes progress when there is some, and that this worker lives.
func (x *Exporter) keep(j *job, stop <-chan struct{}, abort context.CancelCauseFunc) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	noted, silent := int64(-1), 0
	for {
		select {
		case <-stop:
			return
		case <-j.ctx.Done():
			return
		case <-tick.C:
		}
		at := j.progress()
		if silent++; at.Done+at.Total == noted && time.Duration(silent)*keepEvery < leaseTime/6 {
			continue
		}
		ours, err := x.s.o.Store.KeepExport(j.ctx, at, x.worker, x.s.o.Clock.Now().Add(leaseTime))
		switch {
		case err != nil: // the lease may end; then finish says so
		case !ours:
			abort(errNotOurs)
			return
		default:
			if noted != at.Done+at.Total {
				x.s.tell(at)
			}
			noted, silent = at.Done+at.Total, 0
		}
	}
}

// finish ends an export: ready, or failed with a reason.
func (x *Exporter) finish(ctx context.Context, j *job, reason string) error {
	s := x.s
	end := j.progress()
	end.State, end.EndedAt, end.Size = domain.ExportReady, s.o.Clock.Now(), j.x.Size
	end.ExpiresAt = end.EndedAt.Add(exportTime)
	end.Request.Holds = j.holds()
	entry := journal.ExportEnded{Export: end.ID, State: end.State, Conversations: j.conversations, Files: j.files, Size: end.Size, SHA256: j.sum}
	if reason != "" {
		end.State, end.Error, end.Size, end.ExpiresAt = domain.ExportFailed, reason, 0, time.Time{}
		entry = journal.ExportEnded{Export: end.ID, State: end.State, Error: reason}
	}
	e, err := s.o.Store.EndExport(ctx, end, x.worker, j.by(), entry)
	if err != nil {
		return err
	}
	if e == nil { // cancelled or taken over at the last moment
		s.discard(ctx, end.Blob)
		return nil
	}
	s.tell(end)
	return nil
}

// discard removes a file that nobody will get.
func (s *Service) discard(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.o.Blobs.Delete(ctx, id); err != nil {
		s.o.Log.Warn().Err(err).Msg("an export's file could not be removed")
	}
}
