package attachment

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync/atomic"

	"crier/internal/domain"
	"crier/internal/failpoint"
	"crier/internal/fault"
)

// exportBytes is how much the files of one export may be together.
const exportBytes = 20 << 30

// job is one attempt at one export. It holds the names of its conversations and of
// what was sent to many in memory, and of the rest one page at a time.
type job struct {
	s   *Service
	x   domain.Export
	ctx context.Context // of the attempt; its cause says why it ended early

	done, total atomic.Int64

	// Of the goroutine that writes; read once it has ended.
	conversations, files int
	sum                  string

	seen    domain.Seen
	upTo    int64
	people  []domain.PersonRef
	folders []string                         // of people, unique
	shared  map[domain.AttachmentID]string   // path of what was sent to many
	inside  map[string]bool                  // names taken in sharedFolder
	written map[domain.AttachmentID]struct{} // of shared: those that are in the .zip
	missing []string
}

// progress is the export as far as it has come.
func (j *job) progress() domain.Export {
	x := j.x
	x.Done, x.Total = j.done.Load(), j.total.Load()
	return x
}

// holds is whose conversations are in the .zip, and as far as whom they are seen.
func (j *job) holds() *domain.ExportHolds {
	h := &domain.ExportHolds{Seen: j.seen, People: make([]domain.PersonNo, len(j.people))}
	for i, p := range j.people {
		h.People[i] = p.No
	}
	return h
}

func (j *job) by() domain.ActorRef { return domain.System(j.x.Organisation).Ref() }

// write writes the .zip: the index, then conversation by conversation.
func (j *job) write(w io.Writer) error {
	actor, err := j.s.staff(j.ctx, j.x.Organisation, j.x.Staff)
	if err != nil {
		return err
	}
	if j.seen, err = actor.Seen(domain.ActConversationExport); err != nil {
		return err
	}
	organisation, err := j.s.o.Store.Organisation(j.ctx, j.x.Organisation)
	if err != nil {
		return err
	}
	if j.upTo, err = j.s.o.Store.Head(j.ctx, j.x.Organisation); err != nil {
		return err
	}
	if j.people, err = j.s.o.Store.FilePeopleByNo(j.ctx, j.x.Organisation, j.x.Request.People, j.seen); err != nil {
		return err
	}
	if len(j.people) == 0 {
		return fault.New(fault.Forbidden, "none of the conversations is among yours any more")
	}
	j.folders, j.shared, j.inside = folders(j.people), map[domain.AttachmentID]string{}, map[string]bool{}
	j.written = map[domain.AttachmentID]struct{}{}
	z := zip.NewWriter(w)
	if err := j.index(z); err != nil {
		return err
	}
	for i, p := range j.people {
		if err := j.conversation(z, organisation, actor, i, p); err != nil {
			return err
		}
		j.conversations++
	}
	if len(j.missing) > 0 {
		if err := j.text(z, "missing.txt", "These files could not be found where they are kept:\n\n"+strings.Join(j.missing, "\n")+"\n"); err != nil {
			return err
		}
	}
	return z.Close()
}

// staff is who asked, as they stand now.
func (s *Service) staff(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Actor, error) {
	p, err := s.o.Store.PersonByNo(ctx, org, no)
	if err != nil {
		return domain.Actor{}, err
	}
	if p.Kind != domain.KindStaff || p.State == domain.PersonLocked {
		return domain.Actor{}, fault.New(fault.Forbidden, "whoever asked for the export may no longer do so")
	}
	scopes, err := s.o.Store.ScopesOf(ctx, org, no)
	return domain.Actor{Organisation: org, Kind: domain.ActorPerson, ID: string(p.ID), No: p.No, Name: p.Name(), Role: p.Role, Scopes: scopes}, err
}

// each calls fn with every file of a conversation, oldest first, and its place.
func (j *job) each(i int, fn func(f domain.SentFile, path string) error) error {
	const page = 200
	used := map[string]bool{"transcript.txt": true, "transcript.html": true}
	q := domain.FileQuery{UpTo: j.upTo, Oldest: true}
	for {
		files, err := j.s.o.Store.SentFiles(j.ctx, j.x.Organisation, j.people[i].No, j.seen, q, page)
		if err != nil {
			return err
		}
		for _, f := range files {
			q.AtOffset, q.AtID = f.Offset, f.ID
			if err := fn(f, j.place(j.folders[i], used, f)); err != nil {
				return err
			}
		}
		if len(files) < page {
			return nil
		}
	}
}

// conversation writes one conversation's folder.
func (j *job) conversation(z *zip.Writer, organisation domain.Organisation, actor domain.Actor, i int, p domain.PersonRef) error {
	if j.x.Request.Transcript {
		for _, format := range []string{formatText, formatHTML} {
			t := j.s.transcript(organisation, p, actor.Name, j.seen, j.upTo, format)
			ending := map[string]string{formatText: "txt", formatHTML: "html"}[format]
			to, err := z.CreateHeader(&zip.FileHeader{Name: j.folders[i] + "/transcript." + ending, Method: zip.Deflate, Modified: j.s.o.Clock.Now()})
			if err != nil {
				return err
			}
			if err := t.Write(j.ctx, to); err != nil {
				return err
			}
		}
		j.done.Add(1)
	}
	return j.each(i, func(f domain.SentFile, path string) error {
		if _, there := j.written[f.ID]; there {
			return nil
		}
		if f.Shared {
			j.written[f.ID] = struct{}{}
		}
		err := j.file(z, f, path)
		j.done.Add(1)
		return err
	})
}

// file copies one file into the .zip.
func (j *job) file(z *zip.Writer, f domain.SentFile, path string) error {
	r, err := j.s.o.Blobs.Get(j.ctx, string(f.ID), 0, -1)
	if fault.Is(err, fault.NotFound) {
		j.s.o.Log.Error().Str("file", string(f.ID)).Msg("the bytes of a file are not there")
		j.missing = append(j.missing, path)
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	failpoint.Hit(failpoint.ExportAmid)
	method := zip.Deflate
	if isStored(f.Type) {
		method = zip.Store
	}
	to, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: method, Modified: f.At})
	if err != nil {
		return err
	}
	n, err := io.Copy(to, r)
	if err == nil && n != f.Size {
		err = fmt.Errorf("file %s has %d bytes instead of %d: %w", f.ID, n, f.Size, errLost)
	}
	j.files++
	return err
}

func (j *job) text(z *zip.Writer, name, text string) error {
	to, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: j.s.o.Clock.Now()})
	if err != nil {
		return err
	}
	_, err = io.WriteString(to, text)
	return err
}

// summed hashes what passes.
type summed struct {
	r io.Reader
	h hash.Hash
}

func newSum(r io.Reader) *summed { return &summed{r, sha256.New()} }

// Read implements io.Reader.
func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.h.Write(p[:n])
	return n, err
}

func (s *summed) hex() string { return hex.EncodeToString(s.h.Sum(nil)) }
