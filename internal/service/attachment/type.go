package attachment

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"crier/internal/fault"
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
}

// textual are types that are read as plain text: data, nothing that anything runs.
var textual = []string{"application/json", "application/geo+json", "application/x-ndjson", "text/tab-separated-values"}

// wholeHead lets the library look at as much as it is given: some programs write office
// documents whose telling part comes late.
var wholeHead = sync.OnceFunc(func() { mimetype.SetLimit(headSize) })

const taken = "pictures (png, jpeg, gif, webp), PDF, plain text, CSV, office documents (docx, xlsx, pptx, odt, ods, odp) and zip"

// typeOf tells by its first bytes (up to headSize) what a file is; name only
// decides between plain text and CSV. Errors: Invalid (field "file").
func typeOf(head []byte, name string) (fileType, error) {
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
