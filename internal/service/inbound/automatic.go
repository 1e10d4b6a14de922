package inbound

import (
	"context"

	"crier/internal/channel/mailin"
	"crier/internal/domain"
)

// automatic puts a program's answer ("away until 7 December") into the conversation of the candidate it answers for,
// quietly: nothing is unread, nobody waits, nothing is answered. placed is false if it has to wait for staff: nobody
// vouches for its sender, or it does not fit there. message is what it answers, 0 if that is not known.
func (s *Service) automatic(ctx context.Context, in domain.Inbound, m *mailin.Mail, p domain.Correspondent, message int64) (placed bool, err error) {
	if m.Auto != mailin.AutoReply || m.Bounce != nil || in.Verified == domain.VerifiedNo || p.Kind != domain.KindCandidate || !wrote(p, m) {
		return false, nil
	}
	answered, err := s.answered(ctx, in.Organisation, p.No, m)
	if err != nil {
		return false, err
	}
	if answered == 0 {
		answered = message
	}
	if answered == 0 {
		if answered, err = s.o.Store.NewestDelivered(ctx, in.Organisation, p.No, domain.ChannelEmail); err != nil {
			return false, err
		}
	}
	out := s.message(in, p, answered, true)
	out.Automatic = true
	_, err = s.write(ctx, in, p, m, out)
	if handled(err) {
		return true, nil
	}
	if whyNot(err) != "" {
		return false, nil
	}
	return err == nil, err
}

// automaticOf is automatic for an answer to the address that a delivery's bounces go to.
func (s *Service) automaticOf(ctx context.Context, in domain.Inbound, m *mailin.Mail, delivery string) (placed bool, err error) {
	people, err := s.o.Store.CandidatesByEmail(ctx, in.Organisation, m.From)
	if err != nil {
		return false, err
	}
	for _, p := range people {
		message, err := s.o.Store.DeliveredMessage(ctx, in.Organisation, p.No, delivery)
		if err != nil {
			return false, err
		}
		if message != 0 {
			return s.automatic(ctx, in, m, p, message)
		}
	}
	return false, nil
}
