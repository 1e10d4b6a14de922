package attachment

import (
	"bufio"
	"context"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Transcript is a conversation to take away: its messages alone, never what the team
// wrote about them.
type Transcript struct {
	Name string // of the file
	Type string // media type

	s      *Service
	format string
	head   transcriptHead
	org    domain.OrganisationID
	seen   domain.Seen
	upTo   int64
}

// The formats.
const (
	formatText = "text"
	formatHTML = "html"
)

type transcriptHead struct {
	Organisation string
	Person       domain.PersonRef
	By           string
	At           time.Time
}

// Transcript prepares a transcript as text or html of what the actor sees of a person's
// conversation now. Errors: Forbidden, NotFound, Invalid (field "format").
func (s *Service) Transcript(ctx context.Context, actor domain.Actor, person domain.PersonID, format string) (*Transcript, error) {
	if format != formatText && format != formatHTML {
		return nil, fault.Field("format", "format must be text or html, not %q", format)
	}
	p, seen, err := s.conversation(ctx, actor, domain.ActConversationExport, person)
	if err != nil {
		return nil, err
	}
	organisation, err := s.o.Store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return nil, err
	}
	upTo, err := s.o.Store.Head(ctx, actor.Organisation)
	if err != nil {
		return nil, err
	}
	t := s.transcript(organisation, p, actor.Name, seen, upTo, format)
	t.Name = folderName("Conversation with "+p.Name) + map[string]string{formatText: ".txt", formatHTML: ".html"}[format]
	return t, nil
}

func (s *Service) transcript(org domain.Organisation, p domain.PersonRef, by string, seen domain.Seen, upTo int64, format string) *Transcript {
	t := &Transcript{Type: "text/plain; charset=utf-8", s: s, format: format, org: org.ID, seen: seen, upTo: upTo,
		head: transcriptHead{Organisation: org.Name, Person: p, By: by, At: s.o.Clock.Now()}}
	if format == formatHTML {
		t.Type = "text/html; charset=utf-8"
	}
	return t
}

// transcriptPage is how many messages are read at a time.
const transcriptPage = 200

// Write writes the transcript, reading as it goes.
func (t *Transcript) Write(ctx context.Context, to io.Writer) error {
	w := bufio.NewWriterSize(to, 32<<10)
	var out transcriptWriter = textTranscript{w}
	if t.format == formatHTML {
		out = htmlTranscript{w}
	}
	if err := out.begin(t.head); err != nil {
		return err
	}
	n := 0
	for after := int64(0); ; {
		page, err := t.s.o.Store.SentTexts(ctx, t.org, t.head.Person.No, t.seen, after, t.upTo, transcriptPage)
		if err != nil {
			return err
		}
		for _, m := range page {
			n++
			after = m.Offset
			if err := out.message(line(m)); err != nil {
				return err
			}
		}
		if len(page) < transcriptPage {
			break
		}
	}
	if err := out.end(n); err != nil {
		return err
	}
	return w.Flush()
}

type transcriptWriter interface {
	begin(transcriptHead) error
	message(transcriptLine) error
	end(messages int) error
}

// transcriptLine is a message in words.
type transcriptLine struct {
	Time, Date, Clock string
	From, Role        string
	Context           string // what it belongs to
	Inbound           bool
	Subject, Body     string
	Files             []string
}

func line(m domain.SentText) transcriptLine {
	at := m.At.UTC()
	l := transcriptLine{Time: at.Format(time.RFC3339), Date: at.Format("2 January 2006"), Clock: at.Format("15:04:05"), From: visible(m.From), Role: roleWord(m.FromRole),
		Inbound: m.Inbound, Subject: visible(m.Subject), Body: visible(m.Body)}
	var about []string
	if m.Many {
		about = append(about, "sent to many")
	}
	if word := viaWords[m.Via]; word != "" {
		about = append(about, word)
	}
	if m.Trial != "" {
		about = append(about, "a trial, typed by "+visible(m.Trial)+" on the Outbox page")
	}
	if m.Stopped {
		about = append(about, "never delivered")
	}
	if m.Group != "" {
		about = append(about, visible(m.Group))
	}
	l.Context = strings.Join(about, ", ")
	for _, f := range m.Files {
		l.Files = append(l.Files, fmt.Sprintf("%s (%s)", f.Name, bytesWord(f.Size)))
	}
	return l
}

// viaWords say what a candidate's message came by; those written in the pages say nothing.
var viaWords = map[domain.Channel]string{domain.ChannelEmail: "by email", domain.ChannelSMS: "by SMS"}

func roleWord(r domain.Role) string {
	return strings.ReplaceAll(string(r), "_", " ")
}

// visible takes the characters that turn the writing direction out of a text, so that
// what is printed is what was meant to be read.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, s)
}

const rule = "----------------------------------------------------------------------"

// textTranscript writes plain text. Lines of a body are led by "| ", so that no text can
// pass for a separator or for another message.
type textTranscript struct{ w *bufio.Writer }

func (t textTranscript) begin(h transcriptHead) error {
	_, err := fmt.Fprintf(t.w, "%s\nConversation with %s\n\nMade by %s on %s. All times are UTC.\n", visible(h.Organisation), named(h.Person), visible(h.By), moment(h.At))
	return err
}

func (t textTranscript) message(l transcriptLine) error {
	fmt.Fprintf(t.w, "\n%s\n%s %s UTC  %s (%s)", rule, l.Date, l.Clock, l.From, l.Role)
	if l.Context != "" {
		fmt.Fprintf(t.w, " - %s", l.Context)
	}
	fmt.Fprint(t.w, "\n")
	if l.Subject != "" {
		fmt.Fprintf(t.w, "Subject: %s\n", l.Subject)
	}
	for _, row := range strings.Split(strings.TrimRight(l.Body, "\n"), "\n") {
		fmt.Fprintf(t.w, "| %s\n", row)
	}
	for _, f := range l.Files {
		fmt.Fprintf(t.w, "File: %s\n", f)
	}
	return nil // the buffer keeps the first error until Flush
}

func (t textTranscript) end(n int) error {
	_, err := fmt.Fprintf(t.w, "\n%s\nEnd: %s.\n", rule, messagesWord(n))
	return err
}

// htmlTranscript writes a page that holds no script, loads nothing and can be printed.
type htmlTranscript struct{ w *bufio.Writer }

var pages = template.Must(template.New("begin").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conversation with {{.Person}}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
article { border: 1px solid #767676; border-radius: .5rem; padding: .75rem 1rem; margin: 1rem 0; overflow-wrap: anywhere; break-inside: avoid; }
article.in { border-left: .5rem solid #1a5fb4; }
article.out { border-right: .5rem solid #26734d; }
article header { font-size: .9rem; }
article h3 { font-size: 1rem; margin: .5rem 0 0; }
.body { white-space: pre-wrap; margin: .5rem 0 0; }
@media print { body { margin: 0; max-width: none; } }
</style>
</head>
<body>
<header>
<p>{{.Organisation}}</p>
<h1>Conversation with {{.Person}}</h1>
<p>Made by {{.By}} on {{.At}}. All times are UTC.</p>
</header>
<main>
<h2>Messages</h2>
`))

var _ = template.Must(pages.New("message").Parse(`<article class="{{if .Inbound}}in{{else}}out{{end}}">
<header><strong dir="auto">{{.From}}</strong> ({{.Role}}), <time datetime="{{.Time}}">{{.Date}} {{.Clock}} UTC</time>{{if .Context}}, {{.Context}}{{end}}</header>
{{if .Subject}}<h3 dir="auto">{{.Subject}}</h3>
{{end}}<p class="body" dir="auto">{{.Body}}</p>
{{if .Files}}<ul aria-label="Files">{{range .Files}}<li dir="auto">{{.}}</li>{{end}}</ul>
{{end}}</article>
`))

var _ = template.Must(pages.New("end").Parse(`</main>
<footer><p>End: {{.}}.</p></footer>
</body>
</html>
`))

func (t htmlTranscript) begin(h transcriptHead) error {
	return pages.ExecuteTemplate(t.w, "begin", map[string]string{"Organisation": visible(h.Organisation), "Person": named(h.Person), "By": visible(h.By), "At": moment(h.At)})
}

func (t htmlTranscript) message(l transcriptLine) error {
	return pages.ExecuteTemplate(t.w, "message", l)
}

func (t htmlTranscript) end(n int) error {
	return pages.ExecuteTemplate(t.w, "end", messagesWord(n))
}

func named(p domain.PersonRef) string {
	if p.ExternalID == "" {
		return visible(p.Name)
	}
	return visible(p.Name + " (" + p.ExternalID + ")")
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04") }

func messagesWord(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// bytesWord is a size for people: 1 KB = 1024 bytes.
func bytesWord(n int64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%.0f KB", float64(n)/(1<<10))
	}
	return megabytes(n)
}

func megabytes(n int64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/(1<<20)), ".0") + " MB"
}
