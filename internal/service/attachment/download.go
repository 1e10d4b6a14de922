package attachment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"crier/internal/blob"
	"crier/internal/domain"
	"crier/internal/fault"
)

// File is what is handed out: always as a download, never as a page. Close Content.
type File struct {
	Name    string
	Type    string // media type
	Size    int64
	ETag    string // changes with the bytes
	ModTime time.Time
	Content io.ReadSeekCloser
}

// Open hands out a file to staff who see its message, to the candidate whose
// conversation holds that, and before it is sent to whoever uploaded it. Errors:
// NotFound for everyone else; Unavailable.
func (s *Service) Open(ctx context.Context, actor domain.Actor, id domain.AttachmentID) (*File, error) {
	f, err := s.permitted(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	size, err := s.o.Blobs.Size(ctx, string(f.ID))
	if err != nil || size != f.Size {
		return nil, s.lost(f, size, err)
	}
	return &File{Name: f.Name, Type: f.Type, Size: f.Size, ETag: f.SHA256, ModTime: f.CreatedAt,
		Content: newSeeker(ctx, s.o.Blobs, string(f.ID), f.Size)}, nil
}

// Preview hands out the small picture of a file, to the same people. Errors: NotFound,
// also if there is none; Unavailable.
func (s *Service) Preview(ctx context.Context, actor domain.Actor, id domain.AttachmentID) (*File, error) {
	f, err := s.permitted(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if !f.Picture() {
		return nil, fault.New(fault.NotFound, "this file has no preview")
	}
	r, err := s.o.Blobs.Get(ctx, previewID(f.ID), 0, previewMost)
	if err != nil {
		return nil, s.lost(f, -1, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, s.lost(f, -1, err)
	}
	kind := "image/jpeg"
	if bytes.HasPrefix(b, []byte("\x89PNG")) {
		kind = "image/png"
	}
	return &File{Name: "preview", Type: kind, Size: int64(len(b)), ETag: f.SHA256 + "-preview", ModTime: f.CreatedAt, Content: newReader(b)}, nil
}

// previewMost is more bytes than 640 × 640 pixels can take.
const previewMost = 4 << 20

// lost is the error of a file whose bytes are not where the database says they are.
func (s *Service) lost(f domain.StoredFile, size int64, err error) error {
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return fmt.Errorf("the bytes of file %s are not there, or not all (%d of %d): %w", f.ID, size, f.Size, errLost)
}

var errLost = errors.New("a file is lost")

// permitted returns the file if the actor may have it, else NotFound.
func (s *Service) permitted(ctx context.Context, actor domain.Actor, id domain.AttachmentID) (domain.StoredFile, error) {
	candidate := actor.Role == domain.RoleCandidate
	if candidate {
		if err := actor.May(domain.ActInboxRead); err != nil {
			return domain.StoredFile{}, err
		}
	} else if err := actor.May(domain.ActConversationView); err != nil {
		return domain.StoredFile{}, err
	}
	f, err := s.o.Store.File(ctx, actor.Organisation, id)
	if err != nil {
		return f, err
	}
	if f.Offset <= 0 {
		if f.Offset != domain.FileUnsent || f.Uploader != actor.ID {
			return f, notFound()
		}
		return f, nil
	}
	no, seen := actor.No, domain.Seen{All: true}
	if !candidate {
		no = 0
		if seen, err = actor.Seen(domain.ActConversationView); err != nil {
			return f, err
		}
	} else if no == 0 {
		return f, notFound()
	}
	ok, err := s.o.Store.FileSeen(ctx, f, no, seen)
	if err == nil && !ok {
		err = notFound()
	}
	return f, err
}

// seeker reads a blob wherever it is asked to: it opens one from there when it is
// first read.
type seeker struct {
	ctx   context.Context // of the request that the content is for
	blobs blob.Store
	id    string
	size  int64

	at int64
	r  io.ReadCloser // from at on, nil: not opened
}

func newSeeker(ctx context.Context, blobs blob.Store, id string, size int64) io.ReadSeekCloser {
	return &seeker{ctx: ctx, blobs: blobs, id: id, size: size}
}

// Read implements io.Reader.
func (s *seeker) Read(p []byte) (int, error) {
	if s.at >= s.size {
		return 0, io.EOF
	}
	if s.r == nil {
		r, err := s.blobs.Get(s.ctx, s.id, s.at, -1)
		if err != nil {
			return 0, err
		}
		s.r = r
	}
	n, err := s.r.Read(p)
	s.at += int64(n)
	return n, err
}

// Seek implements io.Seeker.
func (s *seeker) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek to %d", offset)
	}
	if offset != s.at && s.r != nil {
		if err := s.r.Close(); err != nil {
			return 0, err
		}
		s.r = nil
	}
	s.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (s *seeker) Close() error {
	if s.r == nil {
		return nil
	}
	return s.r.Close()
}

// memory is a reader of bytes that can be closed.
type memory struct{ *bytes.Reader }

// Close implements io.Closer.
func (memory) Close() error { return nil }

func newReader(b []byte) io.ReadSeekCloser { return memory{bytes.NewReader(b)} }
