package inbound

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"crier/internal/domain"
	"crier/internal/fault"
)

const (
	refusedFlush   = 5 * time.Second  // between two writes of what was refused
	refusedLine    = 10 * time.Second // between two log lines of the same kind
	maxRefusedKeys = 1000             // kinds of refusals in memory; more are in the log and the metric alone
	refusalDays    = 7                // that staff see
	maxDetail      = 200              // characters
)

// refusals counts what was refused: in memory, written in batches, so that a stranger's request costs no write.
type refusals struct {
	mu      sync.Mutex
	pending map[refusedKey]*domain.Refused
	totals  map[RefusalTotal]int64
	lines   map[RefusalTotal]*rate.Sometimes
	quiet   map[RefusalTotal]int // refusals since the last line of their kind
}

// refusedKey names a figure: of an organisation by its slug, or by its number where the slug is "".
type refusedKey struct {
	slug string
	org  domain.OrganisationID
	RefusalTotal
}

// RefusalTotal names a figure of this node.
type RefusalTotal struct {
	Source domain.InboundSource
	Reason domain.RefusedWhy
}

// Refused notes that something that came in for an organisation was refused: in the log, and among the figures
// that staff see. The organisation is named by its slug, or by its number; by neither if it is not known.
func (s *Service) Refused(source domain.InboundSource, slug string, org domain.OrganisationID, why domain.RefusedWhy, detail string) {
	r, total := &s.refused, RefusalTotal{source, why}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == nil {
		r.pending, r.totals = map[refusedKey]*domain.Refused{}, map[RefusalTotal]int64{}
		r.lines, r.quiet = map[RefusalTotal]*rate.Sometimes{}, map[RefusalTotal]int{}
	}
	r.totals[total]++
	r.quiet[total]++
	if r.lines[total] == nil {
		r.lines[total] = &rate.Sometimes{Interval: refusedLine}
	}
	detail = cut(detail, maxDetail)
	r.lines[total].Do(func() {
		s.o.Log.Warn().Str("source", string(source)).Str("reason", string(why)).Str("organisation", slug).Int("times", r.quiet[total]).Str("detail", detail).
			Msg("something that came in was refused")
		r.quiet[total] = 0
	})
	key := refusedKey{slug, org, total}
	if slug == "" && org == 0 {
		return
	}
	figure := r.pending[key]
	if figure == nil {
		if len(r.pending) >= maxRefusedKeys {
			return
		}
		figure = &domain.Refused{Source: source, Reason: why}
		r.pending[key] = figure
	}
	figure.Count++
	figure.Detail, figure.LastAt = detail, s.o.Clock.Now()
}

// RefusalTotals returns how much this node has refused since its start.
func (s *Service) RefusalTotals() map[RefusalTotal]int64 {
	s.refused.mu.Lock()
	defer s.refused.mu.Unlock()
	out := make(map[RefusalTotal]int64, len(s.refused.totals))
	for k, n := range s.refused.totals {
		out[k] = n
	}
	return out
}

// FlushRefusals writes what was refused since it was last called. What cannot be written now is written later.
func (s *Service) FlushRefusals(ctx context.Context) error {
	r := &s.refused
	r.mu.Lock()
	pending := r.pending
	if pending != nil {
		r.pending = map[refusedKey]*domain.Refused{}
	}
	r.mu.Unlock()
	by := map[domain.OrganisationID][]domain.Refused{}
	known := map[string]domain.OrganisationID{}
	var failed error
	for key, figure := range pending {
		org := key.org
		if org == 0 {
			id, ok := known[key.slug]
			if !ok {
				o, err := s.o.Store.OrganisationBySlug(ctx, key.slug)
				if err != nil && !fault.Is(err, fault.NotFound) {
					failed = err
					s.keepRefused(key, figure)
					continue
				}
				id = o.ID
				known[key.slug] = id
			}
			org = id
		}
		if org != 0 {
			by[org] = append(by[org], *figure)
		}
	}
	for org, list := range by {
		if err := s.o.Store.AddRefusals(ctx, org, merged(list)); err != nil {
			failed = err
			for i := range list {
				s.keepRefused(refusedKey{org: org, RefusalTotal: RefusalTotal{list[i].Source, list[i].Reason}}, &list[i])
			}
		}
	}
	return failed
}

// merged adds up figures of the same kind: one statement may meet each row once.
func merged(list []domain.Refused) []domain.Refused {
	var out []domain.Refused
next:
	for _, r := range list {
		for i := range out {
			if out[i].Source == r.Source && out[i].Reason == r.Reason && out[i].LastAt.YearDay() == r.LastAt.YearDay() {
				out[i].Count += r.Count
				if r.LastAt.After(out[i].LastAt) {
					out[i].LastAt, out[i].Detail = r.LastAt, r.Detail
				}
				continue next
			}
		}
		out = append(out, r)
	}
	return out
}

// keepRefused puts a figure back that could not be written.
func (s *Service) keepRefused(key refusedKey, figure *domain.Refused) {
	s.refused.mu.Lock()
	defer s.refused.mu.Unlock()
	now := s.refused.pending[key]
	if now == nil {
		s.refused.pending[key] = figure
		return
	}
	now.Count += figure.Count
}

// flushing writes what was refused now and then, and once more at the end.
func (s *Service) flushing(ctx context.Context) {
	tick := time.NewTicker(refusedFlush)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusedFlush)
			defer cancel()
			s.logFlush(s.FlushRefusals(last))
			return
		case <-tick.C:
			if err := s.FlushRefusals(ctx); ctx.Err() == nil {
				s.logFlush(err)
			}
		}
	}
}

func (s *Service) logFlush(err error) {
	if err != nil {
		s.o.Log.Warn().Err(err).Msg("what was refused could not be counted yet")
	}
}

// Refusals returns what was refused in the last days, newest first. Errors: Forbidden.
func (s *Service) Refusals(ctx context.Context, actor domain.Actor) ([]domain.Refused, error) {
	if err := actor.May(domain.ActDeliveryAll); err != nil {
		return nil, err
	}
	return s.o.Store.Refusals(ctx, actor.Organisation, s.o.Clock.Now().AddDate(0, 0, 1-refusalDays))
}
