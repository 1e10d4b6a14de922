package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/service/attachment"
)

// Attachment takes files in and hands them out.
type Attachment interface {
	Upload(ctx context.Context, actor domain.Actor, person domain.PersonID, in attachment.Incoming) (attachment.Attachment, error)
	UploadOwn(ctx context.Context, actor domain.Actor, in attachment.Incoming) (attachment.Attachment, error)
	Discard(ctx context.Context, actor domain.Actor, id domain.AttachmentID) error
	Open(ctx context.Context, actor domain.Actor, id domain.AttachmentID) (*attachment.File, error)
	Preview(ctx context.Context, actor domain.Actor, id domain.AttachmentID) (*attachment.File, error)
	Documents(ctx context.Context, actor domain.Actor, person domain.PersonID, q string, limit int, after string) (attachment.Documents, error)
	Transcript(ctx context.Context, actor domain.Actor, person domain.PersonID, format string) (*attachment.Transcript, error)

	RequestExport(ctx context.Context, actor domain.Actor, in attachment.ExportRequest) (attachment.Export, error)
	Exports(ctx context.Context, actor domain.Actor) ([]attachment.Export, error)
	Export(ctx context.Context, actor domain.Actor, id string) (attachment.Export, error)
	ExportFile(ctx context.Context, actor domain.Actor, id string) (*attachment.File, error)
	CancelExport(ctx context.Context, actor domain.Actor, id string) error
}

func (s *Server) attachmentRoutes() []route {
	return []route{
		{"POST", "/conversations/{person}/attachments", s.signedIn(s.uploadAttachment)},
		{"POST", "/inbox/attachments", s.signedIn(s.uploadOwnAttachment)},
		{"GET", "/attachments/{attachment}", s.orPage(filePage, s.downloadAttachment)},
		{"DELETE", "/attachments/{attachment}", s.signedIn(s.discardAttachment)},
		{"GET", "/attachments/{attachment}/preview", s.signedIn(s.previewAttachment)},
		{"GET", "/conversations/{person}/documents", s.signedIn(s.listDocuments)},
		{"GET", "/conversations/{person}/transcript", s.signedIn(s.downloadTranscript)},
	}
}

func (s *Server) uploadAttachment(x *exchange, actor domain.Actor) error {
	return x.upload(func(in attachment.Incoming) (attachment.Attachment, error) {
		return s.Attachment.Upload(x.r.Context(), actor, domain.PersonID(x.path("person")), in)
	})
}

func (s *Server) uploadOwnAttachment(x *exchange, actor domain.Actor) error {
	return x.upload(func(in attachment.Incoming) (attachment.Attachment, error) {
		return s.Attachment.UploadOwn(x.r.Context(), actor, in)
	})
}

// anyBytes is the media type of an upload: what it really is, its content says.
const anyBytes = "application/octet-stream"

// uploadTime is how long a file may take to arrive: 10 MB over a slow telephone line.
const uploadTime = 5 * time.Minute

// upload hands the request's body to take as it comes.
func (x *exchange) upload(take func(attachment.Incoming) (attachment.Attachment, error)) error {
	q := x.query()
	name := q.text("name")
	if err := q.err(); err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || kind != anyBytes {
		return malformed("Content-Type", "the body must be the file itself, with Content-Type: %s", anyBytes)
	}
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Now().Add(uploadTime)) // else the server's own holds
	a, err := take(attachment.Incoming{Name: name, Size: x.r.ContentLength, Body: x.r.Body})
	if err != nil {
		// A browser that still sends would meet a closed connection before it reads the answer.
		_, _ = io.CopyN(io.Discard, x.r.Body, drained)
		return err
	}
	return x.json(http.StatusCreated, map[string]any{"attachment": a})
}

// drained is how much of a refused body is read, in bytes.
const drained = 32 << 20

func (s *Server) discardAttachment(x *exchange, actor domain.Actor) error {
	if err := s.Attachment.Discard(x.r.Context(), actor, domain.AttachmentID(x.path("attachment"))); err != nil {
		return err
	}
	return x.empty()
}

func (s *Server) downloadAttachment(x *exchange, actor domain.Actor) error {
	f, err := s.Attachment.Open(x.r.Context(), actor, domain.AttachmentID(x.path("attachment")))
	if err != nil {
		return err
	}
	return x.download(f)
}

// downloadPolicy lets nothing run and nothing load, should a browser show what it was
// told to save.
const downloadPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// download answers with a file, never as a page. Parts of it can be asked for (Range); who may
// have it is asked every time.
func (x *exchange) download(f *attachment.File) error {
	defer f.Content.Close()
	h := x.w.Header()
	h.Set("Content-Type", f.Type)
	if f.Type == domain.MailType { // some browsers would show it
		h.Set("Content-Type", anyBytes)
	}
	h.Set("Content-Disposition", disposition(f.Name))
	h.Set("Content-Security-Policy", downloadPolicy)
	h.Set("Cache-Control", "private, no-store")
	h.Set("ETag", `"`+f.ETag+`"`)
	http.ServeContent(x.w, x.r, "", f.ModTime, f.Content)
	return nil
}

func (s *Server) previewAttachment(x *exchange, actor domain.Actor) error {
	f, err := s.Attachment.Preview(x.r.Context(), actor, domain.AttachmentID(x.path("attachment")))
	if err != nil {
		return err
	}
	defer f.Content.Close()
	h := x.w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", "inline")
	h.Set("Content-Security-Policy", downloadPolicy)
	h.Set("Cache-Control", "private, no-cache") // kept, but asked for anew each time
	h.Set("ETag", `"`+f.ETag+`"`)
	http.ServeContent(x.w, x.r, "", time.Time{}, f.Content)
	return nil
}

// disposition names a download: in ASCII for those who know no better, and in full (RFC
// 6266, RFC 8187). Every file is one.
func disposition(name string) string {
	var plain, full strings.Builder
	for _, r := range name {
		if r >= ' ' && r <= '~' && r != '"' && r != '\\' && r != '%' {
			plain.WriteRune(r)
		} else {
			plain.WriteByte('_')
		}
	}
	for _, b := range []byte(name) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("!#$&+-.^_`|~", b) >= 0 {
			full.WriteByte(b)
		} else {
			full.WriteString("%" + strings.ToUpper(hexByte(b)))
		}
	}
	return `attachment; filename="` + plain.String() + `"; filename*=UTF-8''` + full.String()
}

func hexByte(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func (s *Server) listDocuments(x *exchange, actor domain.Actor) error {
	q := x.query()
	text, limit, after := q.text("q"), q.limit(pageUsual, pageMost), q.text("after")
	if err := q.err(); err != nil {
		return err
	}
	page, err := s.Attachment.Documents(x.r.Context(), actor, domain.PersonID(x.path("person")), text, limit, after)
	if err != nil {
		return err
	}
	return x.json(http.StatusOK, page)
}

func (s *Server) downloadTranscript(x *exchange, actor domain.Actor) error {
	q := x.query()
	format := q.text("format")
	if err := q.err(); err != nil {
		return err
	}
	t, err := s.Attachment.Transcript(x.r.Context(), actor, domain.PersonID(x.path("person")), format)
	if err != nil {
		return err
	}
	h := x.w.Header()
	return t.Write(x.r.Context(), onFirstWrite{x.w, func() {
		h.Set("Content-Type", t.Type)
		h.Set("Content-Disposition", disposition(t.Name))
		h.Set("Content-Security-Policy", downloadPolicy+"; style-src 'unsafe-inline'")
		h.Set("Cache-Control", "private, no-store")
	}, x})
}
