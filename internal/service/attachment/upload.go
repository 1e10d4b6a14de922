package attachment

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"time"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Many stands for a person in Upload: a file for a sending to many.
const Many = "many"

// Incoming is a file as it is sent here.
type Incoming struct {
	Name string
	Size int64 // as announced, −1 if not
	Body io.Reader
}

// Upload takes a file that staff mean to send in a person's conversation, or to many.
// Errors: Forbidden, NotFound; TooLarge (field "file"): its size, or too many unsent ones;
// Invalid (fields "file", "name"); Unavailable.
func (s *Service) Upload(ctx context.Context, actor domain.Actor, person domain.PersonID, in Incoming) (Attachment, error) {
	seen, err := actor.Seen(domain.ActConversationSend)
	if err != nil {
		return Attachment{}, err
	}
	var no domain.PersonNo
	if person != Many {
		p, err := s.o.Store.FilePerson(ctx, actor.Organisation, person, seen)
		if err != nil {
			return Attachment{}, err
		}
		no = p.No
	}
	return s.take(ctx, actor, no, in)
}

// UploadOwn takes a file that a candidate means to send. Errors: as Upload's.
func (s *Service) UploadOwn(ctx context.Context, actor domain.Actor, in Incoming) (Attachment, error) {
	if err := actor.May(domain.ActReplySend); err != nil {
		return Attachment{}, err
	}
	return s.take(ctx, actor, actor.No, in)
}

// Discard removes a file that the actor has uploaded and not sent. Errors: NotFound.
func (s *Service) Discard(ctx context.Context, actor domain.Actor, id domain.AttachmentID) error {
	f, err := s.o.Store.File(ctx, actor.Organisation, id)
	if err != nil {
		return err
	}
	taken, err := s.o.Store.CondemnFile(ctx, actor.Organisation, id, actor.ID)
	if err != nil {
		return err
	}
	if !taken {
		return notFound()
	}
	return s.remove(ctx, f)
}

// take streams a file to the blob store, looks at it there, and only then makes it one
// that can be sent. What fails on the way leaves nothing; what a crash leaves is swept.
func (s *Service) take(ctx context.Context, actor domain.Actor, no domain.PersonNo, in Incoming) (Attachment, error) {
	name, err := askedName(in.Name)
	if err != nil {
		return Attachment{}, err
	}
	if err := s.fits(in.Size); err != nil {
		return Attachment{}, err
	}
	body := bufio.NewReaderSize(in.Body, headSize)
	head, err := body.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return Attachment{}, interrupted(err)
	}
	if len(head) == 0 {
		return Attachment{}, empty()
	}
	kind, err := typeOf(head, name)
	if err != nil {
		return Attachment{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Attachment{}, err
	}
	f := domain.StoredFile{
		Attachment:   domain.Attachment{ID: domain.AttachmentID(id.String()), Name: safeName(name, kind), Type: kind.mime},
		Organisation: actor.Organisation, Person: no, Uploader: actor.ID, Offset: domain.FileComing, CreatedAt: s.o.Clock.Now(),
	}
	if err := s.o.Store.AddFile(ctx, f, unsentMost); err != nil {
		return Attachment{}, err
	}
	if err := s.receive(ctx, &f, kind, in.Size, body); err != nil {
		s.abandon(ctx, f)
		return Attachment{}, err
	}
	if err := s.o.Store.FinishFile(ctx, f); err != nil {
		s.abandon(ctx, f)
		return Attachment{}, err
	}
	return attachment(f.Attachment), nil
}

// receive stores the bytes and examines them.
func (s *Service) receive(ctx context.Context, f *domain.StoredFile, kind fileType, size int64, body io.Reader) error {
	m := &metered{r: body, hash: sha256.New(), limit: s.o.Limit}
	n, err := s.o.Blobs.Put(ctx, string(f.ID), m, size)
	if m.over {
		return s.fits(s.o.Limit + 1)
	}
	if m.failed != nil && ctx.Err() == nil {
		return interrupted(m.failed)
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return empty()
	}
	f.Size, f.SHA256 = n, hex.EncodeToString(m.hash.Sum(nil))
	open := func() (io.ReadCloser, error) { return s.o.Blobs.Get(ctx, string(f.ID), 0, -1) }
	if s.o.Scanner != nil {
		if err := scan(ctx, s.o.Scanner, open); err != nil {
			return err
		}
	}
	if kind.picture {
		return s.addPreview(ctx, f, open)
	}
	return nil
}

func scan(ctx context.Context, scanner Scanner, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	return scanner.Scan(ctx, r)
}

// addPreview makes and stores the small picture, one at a time per node: decoding takes
// up to half a gigabyte for a moment.
func (s *Service) addPreview(ctx context.Context, f *domain.StoredFile, open func() (io.ReadCloser, error)) error {
	select {
	case s.decoding <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	p, err := makePreview(ctx, open)
	<-s.decoding
	if err != nil || p == nil {
		return err
	}
	if _, err := s.o.Blobs.Put(ctx, previewID(f.ID), newReader(p.bytes), int64(len(p.bytes))); err != nil {
		return err
	}
	f.Width, f.Height = p.width, p.height
	return nil
}

// abandon removes what a failed upload has left; the request may be over.
func (s *Service) abandon(ctx context.Context, f domain.StoredFile) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.remove(ctx, f); err != nil {
		s.o.Log.Warn().Err(err).Str("file", string(f.ID)).Msg("what is left of an upload will be swept later")
	}
}

// remove removes the bytes, then the row.
func (s *Service) remove(ctx context.Context, f domain.StoredFile) error {
	for _, id := range []string{string(f.ID), previewID(f.ID)} {
		if err := s.o.Blobs.Delete(ctx, id); err != nil {
			return err
		}
	}
	return s.o.Store.RemoveFile(ctx, f.Organisation, f.ID)
}

func previewID(id domain.AttachmentID) string { return string(id) + "-preview" }

func (s *Service) fits(size int64) error {
	if size == 0 {
		return empty()
	}
	if size > s.o.Limit {
		return fault.Over("file", s.o.Limit, size, "the file is larger than %s", megabytes(s.o.Limit))
	}
	return nil
}

func empty() error { return fault.Field("file", "the file is empty") }

func notFound() error { return fault.New(fault.NotFound, "no such file") }

func interrupted(err error) error {
	return fault.Wrap(err, fault.Malformed, "the file did not arrive completely")
}

// metered counts and hashes what passes and stops one byte after the limit.
type metered struct {
	r     io.Reader
	hash  hash.Hash
	limit int64

	n      int64
	over   bool
	failed error
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	if m.n > m.limit {
		m.over = true
		return 0, errTooLarge
	}
	m.hash.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		m.failed = err
	}
	return n, err
}

var errTooLarge = errors.New("the file is larger than the limit")
