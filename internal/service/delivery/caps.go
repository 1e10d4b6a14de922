package delivery

import (
	"context"
	"maps"
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

// capped parts what is within the organisations' caps from what has to wait. It counts what every node has let through, and what
// was sent: see TakeQuota.
func (w *Worker) capped(ctx context.Context, now time.Time, jobs []job) (within []job, late []domain.DeliveryResult, err error) {
	wishes := map[domain.OrganisationID][]domain.QuotaWish{}
	quotas := map[domain.OrganisationID]domain.Quota{}
	for _, j := range jobs {
		d := j.letter.Delivery
		most, window := capOf(j.letter.Org.Settings, w.c)
		if most <= 0 {
			continue
		}
		need := 1
		if w.c == domain.ChannelSMS {
			out, err := w.way.Composer.Compose(ctx, &j.letter, j.address)
			if err != nil {
				return nil, nil, err
			}
			need = partsOf(out.Text)
		}
		quotas[d.Organisation] = domain.Quota{Organisation: d.Organisation, Channel: w.c, Since: now.Add(-window), Most: most}
		wishes[d.Organisation] = append(wishes[d.Organisation], domain.QuotaWish{ID: d.ID, Fence: d.Fence, Parts: max(need, 1)})
	}
	if len(quotas) == 0 {
		return jobs, nil, nil
	}
	through, again := map[string]bool{}, map[domain.OrganisationID]time.Time{}
	for org, q := range quotas {
		some, oldest, err := w.s.o.Store.TakeQuota(ctx, q, wishes[org])
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(through, some)
		again[org] = now.Add(time.Minute)
		if end := oldest.Add(now.Sub(q.Since)); !oldest.IsZero() && end.After(again[org]) {
			again[org] = end
		}
	}
	for _, j := range jobs {
		d := j.letter.Delivery
		if _, ok := quotas[d.Organisation]; ok && !through[d.ID] {
			late = append(late, waits(d, again[d.Organisation], string(domain.ReasonCap)))
			continue
		}
		within = append(within, j)
	}
	return within, late, nil
}

// partsOf is how many parts a text travels in.
func partsOf(text string) int { return sms.Count(text).Parts }
