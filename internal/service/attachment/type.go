package attachment

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/picture"
)

// headSize is how much of a file its type is told by.
const headSize = 64 << 10

// fileType is a kind of content that is taken. The first ending is what such a
// file is called when its own does not fit.
type fileType struct {
	mime    string
	endings []string
	picture bool
	stored  bool // compressed already: a .zip gains nothing by deflating it
}

func (t fileType) has(ending string) bool { return slices.Contains(t.endings, ending) }

var plainText = fileType{mime: "text/plain", endings: []string{".txt", ".text", ".log", ".md", ".json", ".tsv"}}
var commaText = fileType{mime: "text/csv", endings: []string{".csv"}}

// mailText is a mail as a file: a download only, never shown as a page.
var mailText = fileType{mime: domain.MailType, endings: []string{".eml"}}

// types is the whole allow-list. Anything else is refused, whatever it is called.
var types = []fileType{
	{"image/png", []string{".png"}, true, true},
	{"image/jpeg", []string{".jpg", ".jpeg", ".jpe", ".jfif"}, true, true},
	{"image/gif", []string{".gif"}, true, true},
	{"image/webp", []string{".webp"}, true, true},
	{"application/pdf", []string{".pdf"}, false, true},
	plainText, commaText,
	{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{".docx"}, false, true},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{".xlsx"}, false, true},
	{"application/vnd.openxmlformats-officedocument.presentationml.presentation", []string{".pptx"}, false, true},
	{"application/vnd.oasis.opendocument.text", []string{".odt"}, false, true},
	{"application/vnd.oasis.opendocument.spreadsheet", []string{".ods"}, false, true},
	{"application/vnd.oasis.opendocument.presentation", []string{".odp"}, false, true},
	{"application/zip", []string{".zip"}, false, true},
	// Downloads only: no browser here shows them.
	{picture.HEIC, []string{".heic", ".heif", ".hif"}, false, true},
	{picture.HEIF, []string{".heif", ".heic", ".hif"}, false, true},
	mailText,
}

// textual are types that are read as plain text: data, nothing that anything runs.
var textual = []string{"application/json", "application/geo+json", "application/x-ndjson", "text/tab-separated-values"}

// wholeHead lets the library look at as much as it is given: some programs write office
// documents whose telling part comes late.
var wholeHead = sync.OnceFunc(func() { mimetype.SetLimit(headSize) })

const taken = "pictures (png, jpeg, gif, webp, heic), PDF, plain text, CSV, office documents " +
	"(docx, xlsx, pptx, odt, ods, odp), mails (eml) and zip"

// typeOf tells by its first bytes (up to headSize) what a file is; name only
// decides between plain text, CSV and mail. Errors: Invalid (field "file").
func typeOf(head []byte, name string) (fileType, error) {
	if strings.HasSuffix(strings.ToLower(name), mailText.endings[0]) && isMail(head) {
		return mailText, nil
	}
	wholeHead()
	found := mimetype.Detect(head)
	for m := found; m != nil; m = m.Parent() {
		// Only the type itself counts: a program in a zip is no zip to us. Text is the
		// exception, of which some kinds are harmless data.
		mime, _, _ := strings.Cut(m.String(), ";")
		if slices.Contains(textual, mime) {
			continue
		}
		for _, t := range types {
			if t.mime == mime {
				return textChecked(t, head, name)
			}
		}
		break
	}
	what, _, _ := strings.Cut(found.String(), ";")
	return fileType{}, fault.Field("file", "files of this type (%s) are not taken; possible are %s", what, taken)
}

// textChecked refuses text that something might run or show as a page, and looks at the
// name for what cannot be told from the content.
func textChecked(t fileType, head []byte, name string) (fileType, error) {
	if t.mime == mailText.mime && plainText.has(strings.ToLower(path.Ext(name))) {
		t = plainText // notes that begin as a mail does
	}
	if t.mime != plainText.mime && t.mime != commaText.mime {
		return t, nil
	}
	if what := active(head); what != "" {
		return fileType{}, fault.Field("file", "files of this type (%s) are not taken, whatever they are called; possible are %s", what, taken)
	}
	if strings.HasSuffix(strings.ToLower(name), ".csv") {
		return commaText, nil
	}
	return t, nil
}

// mailField is a line that begins a field of a mail's header (RFC 5322, section 2.2).
var mailField = regexp.MustCompile(`^[!-9;-~]+[ \t]*:`)

// isMail reports whether a file begins with the header of a mail: fields alone up to an empty line,
// and among them one that mails have.
func isMail(head []byte) bool {
	known := false
	for n := 0; len(head) > 0; n++ {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		switch {
		case len(line) == 0 || len(rest) == 0: // the text follows, or more of the header than is looked at
			return known
		case bytes.IndexByte(line, 0) >= 0:
			return false
		case line[0] == ' ' || line[0] == '\t':
			if n == 0 {
				return false
			}
		case n == 0 && bytes.HasPrefix(line, []byte("From ")): // as mailboxes have it
		case !mailField.Match(line):
			return false
		default:
			field, _, _ := bytes.Cut(bytes.ToLower(line), []byte(":"))
			switch strings.TrimSpace(string(field)) {
			case "from", "date", "message-id", "received":
				known = true
			}
		}
		head = rest
	}
	return known
}

// active names what a text is if a browser or a shell could take it for more. The length
// is the one of the MIME Sniffing Standard, section 5.2.
func active(head []byte) string {
	const sniffed = 1445
	text := bytes.ToLower(head[:min(len(head), 4*sniffed)])
	text = bytes.ReplaceAll(text, []byte{0}, nil) // as UTF-16 has them
	text = bytes.TrimLeft(text, "\xef\xbb\xbf\xff\xfe \t\r\n\f")
	text = text[:min(len(text), sniffed)]
	for _, tag := range []string{"<!doctype html", "<html", "<script", "<svg", "<iframe", "<body", "<head", "<object", "<embed", "<?xml", "<?php", "<%"} {
		if bytes.Contains(text, []byte(tag)) {
			return "HTML, SVG, XML or script"
		}
	}
	for _, start := range []string{"#!", "@echo off", "mz"} {
		if bytes.HasPrefix(text, []byte(start)) && (start != "mz" || !utf8.Valid(head)) {
			return "script or program"
		}
	}
	return ""
}

// isStored reports whether the content is compressed already.
func isStored(mime string) bool {
	for _, t := range types {
		if t.mime == mime {
			return t.stored
		}
	}
	return false
}
