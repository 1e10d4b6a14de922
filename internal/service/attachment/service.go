// Package attachment takes files in, hands them out to those who may have them, lists
// a conversation's files, and makes transcripts and exports of conversations.
//
// A file's bytes lie in the blob store under its id; what it is called, whose it is and
// which message it was sent in stand in the database. Who sends it binds it, in the
// transaction of the message; here it is only read.
package attachment

import (
	"context"
	"io"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/blob"
	"crier/internal/clock"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/journal"
)

// Sizes and times.
const (
	DefaultLimit = 10 << 20 // bytes of one file: 10 MB

	unsentMost = 50             // files of one uploader that wait to be sent
	unsentTime = 24 * time.Hour // how long they wait

	peopleMost   = 500  // conversations of one export, one by one
	filteredMost = 5000 // conversations of one export, by a filter
	exportsMost  = 5    // exports of one staff member that are not done
	exportTime   = 24 * time.Hour
	exportsShown = 50
	exportsKept  = 30 * 24 * time.Hour // how long an export is listed
)

// Store is what the service needs of the database.
type Store interface {
	FilePerson(ctx context.Context, org domain.OrganisationID, id domain.PersonID, seen domain.Seen) (domain.PersonRef, error)
	FilePeople(ctx context.Context, org domain.OrganisationID, ids []domain.PersonID, seen domain.Seen) ([]domain.PersonRef, error)
	FilePeopleByNo(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo, seen domain.Seen) ([]domain.PersonRef, error)
	AddFile(ctx context.Context, f domain.StoredFile, most int) error
	FinishFile(ctx context.Context, f domain.StoredFile) error
	RemoveFile(ctx context.Context, org domain.OrganisationID, id domain.AttachmentID) error
	CondemnFile(ctx context.Context, org domain.OrganisationID, id domain.AttachmentID, uploader string) (bool, error)
	CondemnFiles(ctx context.Context, before time.Time, limit int) ([]domain.StoredFile, error)
	File(ctx context.Context, org domain.OrganisationID, id domain.AttachmentID) (domain.StoredFile, error)
	FileSeen(ctx context.Context, f domain.StoredFile, no domain.PersonNo, seen domain.Seen) (bool, error)
	LinkedFile(ctx context.Context, l domain.DownloadLink) (domain.LinkedFile, error)
	UseDownload(ctx context.Context, l domain.DownloadLink) (bool, error)
	ReturnDownload(ctx context.Context, l domain.DownloadLink) error
	SentFiles(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, seen domain.Seen, q domain.FileQuery, limit int) ([]domain.SentFile, error)
	SentTexts(ctx context.Context, org domain.OrganisationID, no domain.PersonNo, seen domain.Seen, after, upTo int64, limit int) ([]domain.SentText, error)

	AddExport(ctx context.Context, x domain.Export, by domain.ActorRef, most int) error
	Export(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string) (domain.Export, error)
	Exports(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, limit int) ([]domain.Export, error)
	CancelExport(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string, by domain.ActorRef) (*journal.Entry, error)
	ExpireExport(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, id string) error
	ClaimExport(ctx context.Context, worker, blob string, until time.Time) (x *domain.Export, earlier string, err error)
	KeepExport(ctx context.Context, x domain.Export, worker string, until time.Time) (bool, error)
	EndExport(ctx context.Context, x domain.Export, worker string, by domain.ActorRef, ended journal.ExportEnded) (*journal.Entry, error)
	UselessExports(ctx context.Context, limit int) ([]domain.Export, error)
	ForgetExportFile(ctx context.Context, x domain.Export) error
	DropExports(ctx context.Context, before time.Time) error

	Desk(ctx context.Context, org domain.OrganisationID, staff domain.PersonNo, seen domain.Seen, f domain.DeskFilter, after *domain.DeskPlace, limit int) ([]domain.DeskPlace, error)
	Organisation(ctx context.Context, org domain.OrganisationID) (domain.Organisation, error)
	PersonByNo(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Person, error)
	ScopesOf(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) ([]domain.Scope, error)
	Head(ctx context.Context, org domain.OrganisationID) (int64, error)
}

// Scanner looks for malware: nil, Invalid (field "file") naming what it found, or
// Unavailable.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) error
}

// Pages sends an event to the pages that one person has open, on any node.
type Pages interface {
	Person(org domain.OrganisationID, no domain.PersonNo, event any)
}

// Options are what the service is built from. Scanner and Pages may be nil: no scanning,
// nobody is told.
type Options struct {
	Store   Store
	Blobs   blob.Store
	Scanner Scanner
	Pages   Pages
	Sealer  *cursor.Sealer
	Clock   clock.Clock
	Log     zerolog.Logger
	Limit   int64 // bytes of one file; 0 means DefaultLimit
	// OpenLink opens the token of a link in a mail.
	OpenLink func(token string) (domain.DownloadLink, error)
}

// Service takes in and hands out files. Safe for concurrent use.
type Service struct {
	o        Options
	light    *turns // of pictures that are decoded in a moment
	heavy    *turns // of those that take much memory or work
	exporter *Exporter
}

// New makes the service.
func New(o Options) *Service {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	s := &Service{o: o, light: newTurns(lightTurns), heavy: newTurns(1)}
	s.exporter = newExporter(s)
	return s
}

// Attachment is a file as messages and lists name it.
type Attachment struct {
	ID      domain.AttachmentID `json:"id"`
	Name    string              `json:"name"`
	Type    string              `json:"type"`
	Size    int64               `json:"size"`
	Width   int                 `json:"width,omitempty"`
	Height  int                 `json:"height,omitempty"`
	Picture bool                `json:"picture"`
}

func attachment(a domain.Attachment) Attachment {
	return Attachment{ID: a.ID, Name: a.Name, Type: a.Type, Size: a.Size, Width: a.Width, Height: a.Height, Picture: a.Picture()}
}

// itemID is how staff name what stands in a conversation.
func (s *Service) itemID(org domain.OrganisationID, offset int64) domain.ItemID {
	return domain.ItemID(s.o.Sealer.Seal(int64(org), 0, offset))
}
