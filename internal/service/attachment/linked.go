package attachment

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// LinkState says what a link to a file still does.
type LinkState string

// The states.
const (
	LinkReady   LinkState = "ready"
	LinkUsed    LinkState = "used"
	LinkExpired LinkState = "expired"
	LinkGone    LinkState = "gone" // the recipient may not have the file any more
)

// Linked is a link to a file as its page shows it.
type Linked struct {
	State        LinkState
	Name         string
	Size         int64
	Organisation string
	Locale       string    // the recipient's, "" if they have none
	Until        time.Time // in the organisation's time zone
}

// Linked says what a link in a mail leads to, and changes nothing: programs look at links too. Errors: NotFound
// for a token that is none; Unavailable.
func (s *Service) Linked(ctx context.Context, token string) (Linked, error) {
	out, _, _, err := s.linked(ctx, token)
	return out, err
}

// TakeLinked hands out the file of a link, once. Without a file the state says why. giveBack makes the link work
// again; call it when the file was not handed over in full. Errors: as of Linked.
func (s *Service) TakeLinked(ctx context.Context, token string) (l Linked, f *File, giveBack func(), err error) {
	l, link, file, err := s.linked(ctx, token)
	if err != nil || l.State != LinkReady {
		return l, nil, nil, err
	}
	size, err := s.o.Blobs.Size(ctx, string(file.ID))
	if err != nil || size != file.Size {
		return l, nil, nil, s.lost(file, size, err)
	}
	fresh, err := s.o.Store.UseDownload(ctx, link)
	if err != nil {
		return l, nil, nil, err
	}
	if !fresh {
		l.State = LinkUsed
		return l, nil, nil, nil
	}
	giveBack = func() {
		if err := s.o.Store.ReturnDownload(context.WithoutCancel(ctx), link); err != nil {
			s.o.Log.Warn().Err(err).Str("attachment", string(file.ID)).Msg("a link whose download broke off does not work again")
		}
	}
	return l, &File{Name: file.Name, Type: file.Type, Size: file.Size, ETag: file.SHA256, ModTime: file.CreatedAt,
		Content: newSeeker(ctx, s.o.Blobs, string(file.ID), file.Size)}, giveBack, nil
}

func (s *Service) linked(ctx context.Context, token string) (l Linked, link domain.DownloadLink, f domain.StoredFile, err error) {
	if link, err = s.o.OpenLink(token); err != nil {
		return l, link, f, fault.New(fault.NotFound, "this link leads to no file")
	}
	found, err := s.o.Store.LinkedFile(ctx, link)
	if err != nil {
		return l, link, f, err
	}
	l = Linked{State: LinkReady, Name: found.File.Name, Size: found.File.Size, Organisation: found.Organisation.Name,
		Locale: found.Locale, Until: link.Until.In(found.Organisation.Settings.QuietHours("", -1, -1).Zone)}
	switch {
	case !s.o.Clock.Now().Before(link.Until):
		l.State = LinkExpired
	case !found.Seen || found.State == domain.PersonLocked:
		l.State = LinkGone
	case found.Used:
		l.State = LinkUsed
	}
	return l, link, found.File, nil
}
