package attachment

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/picture"
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
	if err := actor.MayAny(domain.ActConversationSend, domain.ActReplySend); err != nil {
		return err
	}
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
	m := &metered{r: body, limit: s.o.Limit}
	shape, n, err := s.store(ctx, f, m, size)
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
	open := func() (io.ReadCloser, error) { return s.o.Blobs.Get(ctx, string(f.ID), 0, -1) }
	if s.o.Scanner != nil {
		if err := scan(ctx, s.o.Scanner, open); err != nil {
			return err
		}
	}
	if kind.picture {
		return s.addPreview(ctx, f, shape, open)
	}
	return nil
}

// store puts the bytes into the blob store: a picture without what its camera wrote about place and
// owner, unless the organisation keeps that. It fills in size and hash of what was stored.
func (s *Service) store(ctx context.Context, f *domain.StoredFile, in io.Reader, size int64) (shape picture.Shape, n int64, err error) {
	hash := sha256.New()
	if !picture.Known(f.Type) {
		n, err = s.o.Blobs.Put(ctx, string(f.ID), io.TeeReader(in, hash), size)
	} else {
		org, err := s.o.Store.Organisation(ctx, f.Organisation)
		if err != nil {
			return shape, 0, err
		}
		if !org.Settings.KeepLocation {
			size = -1 // of the copy: not known before
		}
		if shape, n, err = s.storePicture(ctx, f, in, hash, size, org.Settings.KeepLocation); err != nil {
			return shape, n, err
		}
	}
	f.Size, f.SHA256 = n, hex.EncodeToString(hash.Sum(nil))
	return shape, n, err
}

// storePicture copies a picture into the blob store while it comes in.
func (s *Service) storePicture(ctx context.Context, f *domain.StoredFile, in io.Reader, hash io.Writer, size int64, keep bool) (picture.Shape, int64, error) {
	type result struct {
		shape picture.Shape
		err   error
	}
	copied := make(chan result, 1)
	r, w := io.Pipe()
	go func() {
		shape, err := picture.Copy(w, in, f.Type, keep)
		w.CloseWithError(err) // nil: the end
		copied <- result{shape, err}
	}()
	n, err := s.o.Blobs.Put(ctx, string(f.ID), io.TeeReader(r, hash), size)
	r.CloseWithError(errNotStored) // if the store ended early, so does the copy
	got := <-copied
	if got.err != nil && !errors.Is(got.err, errNotStored) {
		err = got.err // the store reports it as its own
	}
	return got.shape, n, err
}

var errNotStored = errors.New("the blob store stopped reading")

func scan(ctx context.Context, scanner Scanner, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	return scanner.Scan(ctx, r)
}

// decodeTime is how long one picture may be decoded. The limits of package picture keep it far below
// that on a machine that is not overloaded.
const decodeTime = 20 * time.Second

// Pictures that take no more than this are light: any ordinary photograph is.
const (
	lightMemory = 64 << 20
	lightWork   = 100_000_000
	lightTurns  = 4
)

// addPreview makes and stores the small picture.
func (s *Service) addPreview(ctx context.Context, f *domain.StoredFile, shape picture.Shape, open func() (io.ReadCloser, error)) error {
	queue := s.light
	if shape.Memory > lightMemory || shape.Work > lightWork {
		queue = s.heavy
	}
	leave, err := queue.enter(ctx, f.Organisation, f.Uploader)
	if err != nil {
		return err
	}
	small, err := decode(ctx, shape, open)
	leave()
	if err != nil || small == nil {
		return err
	}
	if _, err := s.o.Blobs.Put(ctx, previewID(f.ID), newReader(small), int64(len(small))); err != nil {
		return err
	}
	f.Width, f.Height = shape.Shown()
	return nil
}

// decode makes the small picture within decodeTime.
func decode(ctx context.Context, shape picture.Shape, open func() (io.ReadCloser, error)) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, decodeTime)
	defer cancel()
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	small, err := picture.Preview(limited, r, shape)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fault.New(fault.Unavailable, "the picture could not be read within %s; try again later", decodeTime)
	}
	return small, err
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

// metered counts what passes and stops one byte after the limit.
type metered struct {
	r     io.Reader
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
	if err != nil && !errors.Is(err, io.EOF) {
		m.failed = err
	}
	return n, err
}

var errTooLarge = errors.New("the file is larger than the limit")
