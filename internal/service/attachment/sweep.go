package attachment

import (
	"context"
	"time"
)

// sweepBatch is how many things one statement of a sweep takes.
const sweepBatch = 100

// sweeping sweeps now and then.
func (x *Exporter) sweeping(ctx context.Context) {
	tick := time.NewTicker(sweepTime)
	defer tick.Stop()
	for {
		if err := x.s.Sweep(ctx); err != nil && ctx.Err() == nil {
			x.s.o.Log.Warn().Err(err).Msg("files that nobody needs could not be removed")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep removes files that were uploaded a day ago and never sent, the files of
// exports that are over, old exports from the lists, and what broken uploads have left.
// Several nodes may do so at once.
func (s *Service) Sweep(ctx context.Context) error {
	old := s.o.Clock.Now().Add(-unsentTime)
	for {
		files, err := s.o.Store.CondemnFiles(ctx, old, sweepBatch)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := s.remove(ctx, f); err != nil {
				return err
			}
		}
		if len(files) < sweepBatch {
			break
		}
	}
	for {
		over, err := s.o.Store.UselessExports(ctx, sweepBatch)
		if err != nil {
			return err
		}
		for _, x := range over {
			if err := s.o.Blobs.Delete(ctx, x.Blob); err != nil {
				return err
			}
			if err := s.o.Store.ForgetExportFile(ctx, x); err != nil {
				return err
			}
		}
		if len(over) < sweepBatch {
			break
		}
	}
	if err := s.o.Store.DropExports(ctx, s.o.Clock.Now().Add(-exportsKept)); err != nil {
		return err
	}
	return s.o.Blobs.Sweep(ctx, old.UnixMicro())
}
