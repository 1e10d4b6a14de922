package inbound

import (
	"context"
	"io"
	"time"

	"crier/internal/channel/mailin"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Original is a mail as it came, byte by byte: a stranger's, to be looked at in a program for mails and shown by no page.
type Original struct {
	Name    string // of the file; nothing of it comes from the mail
	Size    int64
	Content io.ReadCloser
}

// Original hands out a mail that waits, waited or was discarded, to those who deal with what waits. Errors: Forbidden; NotFound, also
// for an SMS; Gone once it is kept no longer; Unavailable.
func (s *Service) Original(ctx context.Context, actor domain.Actor, id string) (*Original, error) {
	seen, err := actor.Seen(domain.ActDeliveryManage)
	if err != nil {
		return nil, err
	}
	if err := domain.CheckText("id", id, 100, false, false); err != nil {
		return nil, fault.New(fault.NotFound, "nothing like that came in")
	}
	in, err := s.o.Store.Inbound(ctx, actor.Organisation, seen, id)
	if err != nil {
		return nil, err
	}
	return s.original(ctx, in)
}

// MessageOriginal hands out the mail that became a message, to staff who see that message now. Errors: as of Original; NotFound for
// a message that they do not see or that came another way.
func (s *Service) MessageOriginal(ctx context.Context, actor domain.Actor, item string) (*Original, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return nil, err
	}
	if seen.ContextOnly { // it names addresses
		return nil, fault.New(fault.Forbidden, "your role (%s) does not see contact data, which mails hold", actor.Role)
	}
	offset, err := s.o.Sealer.Open(int64(actor.Organisation), 0, item)
	if err != nil || offset < 1 {
		return nil, fault.New(fault.NotFound, "no such message")
	}
	in, err := s.o.Store.MessageInbound(ctx, actor.Organisation, seen, offset)
	if err != nil {
		return nil, err
	}
	return s.original(ctx, in)
}

// OriginalText is the text of a mail as it was read, before anything was removed from it.
type OriginalText struct {
	Text string `json:"text"`
	Cut  bool   `json:"cut"` // the message lacks some of it
}

// OriginalText returns the text of a mail that Original hands out. Errors: as of Original.
func (s *Service) OriginalText(ctx context.Context, actor domain.Actor, id string) (OriginalText, error) {
	o, err := s.Original(ctx, actor, id)
	return s.textOf(o, err)
}

// MessageOriginalText returns the text of a mail that MessageOriginal hands out. Errors: as of
// MessageOriginal.
func (s *Service) MessageOriginalText(ctx context.Context, actor domain.Actor, item string) (OriginalText, error) {
	o, err := s.MessageOriginal(ctx, actor, item)
	return s.textOf(o, err)
}

func (s *Service) textOf(o *Original, err error) (OriginalText, error) {
	if err != nil {
		return OriginalText{}, err
	}
	m, err := s.parse(o.Content)
	if err != nil {
		return OriginalText{}, err
	}
	return OriginalText{Text: m.Text, Cut: m.WasCut()}, nil
}

// parse reads a mail that is kept as it came, and closes r.
func (s *Service) parse(r io.ReadCloser) (*mailin.Mail, error) {
	defer func() { _ = r.Close() }()
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "the original cannot be read")
	}
	m, err := mailin.ParseFor(raw, s.Known)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "the original cannot be read")
	}
	return m, nil
}

func (s *Service) original(ctx context.Context, in domain.Inbound) (*Original, error) {
	if in.Channel != domain.ChannelEmail {
		return nil, fault.New(fault.NotFound, "this is no mail")
	}
	if in.Raw == "" {
		return nil, s.gone()
	}
	size, err := s.o.Blobs.Size(ctx, in.Raw)
	if err == nil {
		var r io.ReadCloser
		if r, err = s.o.Blobs.Get(ctx, in.Raw, 0, -1); err == nil {
			return &Original{Name: "mail-" + in.ReceivedAt.UTC().Format("20060102-150405") + ".eml", Size: size, Content: r}, nil
		}
	}
	if fault.Is(err, fault.NotFound) { // being removed just now
		err = s.gone()
	}
	return nil, err
}

// gone is the error for a mail whose original was deleted.
func (s *Service) gone() error {
	if days := int(s.o.KeepOriginals / (24 * time.Hour)); days > 0 {
		return fault.New(fault.Gone, "the original was deleted: originals of mails are kept for %d days", days)
	}
	return fault.New(fault.Gone, "the original was deleted")
}

const (
	sweepTime  = 10 * time.Minute // between sweeps
	sweepBatch = 100
)

// sweeping sweeps now and then.
func (s *Service) sweeping(ctx context.Context) {
	tick := time.NewTicker(sweepTime)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Warn().Err(err).Msg("old originals of mails could not be removed")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep removes mails as they came once they are older than Options.KeepOriginals, but for those that wait for staff. What they
// became stays. Several nodes may do so at once: the bytes go first, so that whoever dies in between is finished after.
func (s *Service) Sweep(ctx context.Context) error {
	if s.o.KeepOriginals <= 0 {
		return nil
	}
	before := s.o.Clock.Now().Add(-s.o.KeepOriginals)
	for {
		old, err := s.o.Store.OldOriginals(ctx, before, sweepBatch)
		if err != nil {
			return err
		}
		var failed error
		gone := 0
		for _, in := range old {
			if err := s.o.Blobs.Delete(ctx, in.Raw); err != nil {
				failed = err
				continue
			}
			if err := s.o.Store.ForgetOriginal(ctx, in.Organisation, in.ID); err != nil {
				return err
			}
			gone++
		}
		if len(old) < sweepBatch || gone == 0 {
			return failed
		}
	}
}
