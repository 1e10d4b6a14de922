package gateway

import (
	"slices"
	"time"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/journal"
	"crier/internal/protocol"
)

const (
	atOnce    = 10                   // so many pages may read again at the same moment
	spreadFor = 5 * time.Millisecond // time that each further page adds
	maxSpread = 10 * time.Second
)

// scheduleFrame asks the pages of n candidates to read their tests and shifts again, spread
// over a time that grows with n.
func scheduleFrame(n int) *hub.Frame {
	f := protocol.Schedule{Type: "schedule"}
	if n > atOnce {
		f.WithinMS = min(time.Duration(n)*spreadFor, maxSpread).Milliseconds()
	}
	return hub.NewFrame(protocol.Encode(f))
}

// planRoster tells the candidates concerned that a test or another group of theirs changed, or
// their place in it. The frame says nothing of what changed or of anybody else: each page
// reads what is its own. concerned is changed.
func planRoster(concerned []domain.PersonNo) hub.Plan {
	slices.Sort(concerned)
	concerned = slices.Compact(concerned)
	frame := scheduleFrame(len(concerned))
	var plan hub.Plan
	for _, no := range concerned {
		plan.Direct = append(plan.Direct, hub.Direct{Person: int64(no), Frame: frame})
	}
	return plan
}

// planProgress tells candidates that they have started or submitted. The frame carries the
// fact: when a hall starts, no page needs to ask.
func planProgress(test domain.GroupID, p *journal.ProgressChanged) hub.Plan {
	type step struct {
		progress domain.Progress
		at       int64
	}
	frames := map[step]*hub.Frame{} // many of an entry are the same
	var plan hub.Plan
	for _, c := range p.Changes {
		k := step{c.Progress, c.At.UnixMicro()}
		if frames[k] == nil {
			frames[k] = hub.NewFrame(protocol.Encode(protocol.OwnProgress{
				Type: "progress", Test: string(test), Progress: string(c.Progress), At: c.At,
			}))
		}
		plan.Direct = append(plan.Direct, hub.Direct{Person: int64(c.Person), Frame: frames[k]})
	}
	return plan
}

// planSelf tells people that their own name or language changed.
func planSelf(p *journal.PeopleUpserted) hub.Plan {
	frame := hub.NewFrame(protocol.Encode(protocol.Self{Type: "self"}))
	var plan hub.Plan
	for _, r := range p.People {
		plan.Direct = append(plan.Direct, hub.Direct{Person: int64(r.No), Frame: frame})
	}
	return plan
}
