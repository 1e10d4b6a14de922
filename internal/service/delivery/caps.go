package delivery

import (
	"context"
	"time"

	"crier/internal/channel/sms"
	"crier/internal/domain"
)

// capOf is an organisation's cap on a channel, and the window it is over; 0 for none.
func capOf(set domain.Settings, c domain.Channel) (most int, window time.Duration) {
	switch c {
	case domain.ChannelEmail:
		return set.EmailsPerHour, time.Hour
	case domain.ChannelSMS:
		return set.SMSPerDay, 24 * time.Hour
	}
	return 0, 0
}

// capped parts what is within the organisations' caps from what has to wait. What other workers have in hand counts as one part
// each, so that the cap may be passed by the rest of theirs, and by no more.
func (w *Worker) capped(ctx context.Context, now time.Time, jobs []job) (within []job, late []domain.DeliveryResult, err error) {
	since := map[domain.OrganisationID]time.Time{}
	mine := map[domain.OrganisationID]int{}
	for _, j := range jobs {
		org := j.letter.Delivery.Organisation
		if most, window := capOf(j.letter.Org.Settings, w.c); most > 0 {
			since[org] = now.Add(-window)
			mine[org]++
		}
	}
	if len(since) == 0 {
		return jobs, nil, nil
	}
	sent, err := w.s.o.Store.SentSince(ctx, w.c, since)
	if err != nil {
		return nil, nil, err
	}
	left := map[domain.OrganisationID]int{}
	for _, j := range jobs {
		org := j.letter.Delivery.Organisation
		most, window := capOf(j.letter.Org.Settings, w.c)
		if most <= 0 {
			within = append(within, j)
			continue
		}
		so := sent[org]
		if _, ok := left[org]; !ok {
			used := so.Count
			if w.c == domain.ChannelSMS {
				used = so.Parts
			}
			left[org] = most - used - max(so.Sending-mine[org], 0)
		}
		need := 1
		if w.c == domain.ChannelSMS {
			out, err := w.way.Composer.Compose(ctx, &j.letter, j.address)
			if err != nil {
				return nil, nil, err
			}
			need = partsOf(out.Text)
		}
		if need > left[org] && !(so.Count == 0 && so.Sending <= mine[org] && left[org] == most) { // one that is greater than the whole cap goes alone
			due := now.Add(time.Minute)
			if !so.Oldest.IsZero() && so.Oldest.Add(window).After(due) {
				due = so.Oldest.Add(window)
			}
			late = append(late, waits(j.letter.Delivery, due, string(domain.ReasonCap)))
			continue
		}
		left[org] -= need
		within = append(within, j)
	}
	return within, late, nil
}

// partsOf is how many parts a text travels in.
func partsOf(text string) int { return sms.Count(text).Parts }
