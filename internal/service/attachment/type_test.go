package attachment

import (
	"strings"
	"testing"

	"crier/internal/fault"
)

// TestTypes: the content decides, the name never widens what is taken.
func TestTypes(t *testing.T) {
	script := "<script>alert(document.cookie)</script>"
	for name, c := range map[string]struct {
		file string
		body []byte
		want string // media type; "" = refused
	}{
		"png":                        {"a.png", pngOf(painted(2, 2)), "image/png"},
		"jpeg":                       {"a.jpg", jpegOf(painted(8, 8)), "image/jpeg"},
		"gif":                        {"a.gif", gifOf(painted(2, 2)), "image/gif"},
		"webp":                       {"a.webp", webpOf(), "image/webp"},
		"pdf":                        {"a.pdf", []byte(pdf), "application/pdf"},
		"text":                       {"a.txt", []byte("Good morning, Zoë.\n"), "text/plain"},
		"text in UTF-16":             {"a.txt", utf16Of("Good morning"), "text/plain"},
		"text with tabs":             {"a.tsv", []byte("a\tb\n1\t2\n"), "text/plain"},
		"JSON":                       {"a.json", []byte(`{"a":1}`), "text/plain"},
		"CSV":                        {"a.csv", []byte("name,age\nSara,30\nAli,31\n"), "text/csv"},
		"one column CSV":             {"a.csv", []byte("name\nSara\n"), "text/csv"},
		"docx":                       {"a.docx", office2007("word/document.xml"), types[7].mime},
		"docx whose part comes late": {"a.docx", zipOf(entry{name: "[Content_Types].xml", text: strings.Repeat("<x/>", 5000), store: true}, entry{name: "word/document.xml", text: "<x/>"}), types[7].mime},
		"xlsx":                       {"a.xlsx", office2007("xl/workbook.xml"), types[8].mime},
		"pptx":                       {"a.pptx", office2007("ppt/presentation.xml"), types[9].mime},
		"odt":                        {"a.odt", openDocument("text"), "application/vnd.oasis.opendocument.text"},
		"ods":                        {"a.ods", openDocument("spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"},
		"odp":                        {"a.odp", openDocument("presentation"), "application/vnd.oasis.opendocument.presentation"},
		"zip":                        {"a.zip", zipOf(entry{name: "a", text: "a"}), "application/zip"},
		"a mail that says < >":       {"a.txt", []byte("1 < 2 and 3 > 2\n"), "text/plain"},
		"a mail":                     {"a.eml", []byte("X-Strange: 1\r\nFrom: a@example.org\r\n\r\n<html>" + script), "message/rfc822"},
		"a mail without a name":      {"Shift", []byte("From: a@example.org\r\nTo: b@example.org\r\n\r\nYes"), "message/rfc822"},
		"notes that begin as a mail": {"a.txt", []byte("From: Oslo\nTo: Bergen\n\nat nine"), "text/plain"},
		"HEIC":                       {"a.jpg", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "image/heic"},
		"HEIF":                       {"a.heif", []byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), "image/heif"},

		"a film as HEIC":              {"a.heic", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), ""},
		"a sequence as HEIC":          {"a.heic", []byte("\x00\x00\x00\x18ftyphevc\x00\x00\x00\x00hevcmsf1"), ""},
		"HTML as a mail":              {"a.eml", []byte("<html><body>\nFrom: a\n\n" + script), ""},
		"script as a mail":            {"a.eml", []byte("#!/bin/sh\nFrom: a\n\n"), ""},
		"HTML as notes of a mail":     {"a.txt", []byte("From: Oslo\nTo: Bergen\n\n" + script), ""},
		"HTML":                        {"a.html", []byte("<!DOCTYPE html><html><body>" + script), ""},
		"HTML as picture":             {"a.png", []byte("<html><body>" + script), ""},
		"HTML as text":                {"a.txt", []byte("<html><body>" + script), ""},
		"HTML after white space":      {"a.txt", []byte(strings.Repeat(" \n", 300) + "<html>"), ""},
		"HTML after some words":       {"a.txt", []byte("Dear all,\n" + script), ""},
		"HTML after a comment":        {"a.txt", []byte("<!-- hello -->\n<HTML>"), ""},
		"HTML in UTF-16":              {"a.txt", utf16Of("<html>" + script), ""},
		"HTML after a BOM":            {"a.txt", []byte("\xef\xbb\xbf<html>"), ""},
		"HTML in CSV":                 {"a.csv", []byte("a,b\n" + script + ",1\n2,3\n"), ""},
		"SVG":                         {"a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg">` + script + `</svg>`), ""},
		"SVG as PNG":                  {"a.png", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), ""},
		"SVG as text":                 {"a.txt", []byte(`<svg onload="alert(1)"/>`), ""},
		"XML":                         {"a.xml", []byte(`<?xml version="1.0"?><a/>`), ""},
		"shell script":                {"a.txt", []byte("#!/bin/sh\nrm -rf /\n"), ""},
		"batch file":                  {"a.txt", []byte("@echo off\r\ndel *.*\r\n"), ""},
		"PHP":                         {"a.txt", []byte("<?php system($_GET['c']);"), ""},
		"PHP later":                   {"a.txt", []byte("hello <?php system('id');"), ""},
		"program for Windows":         {"a.txt", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00"), ""},
		"program for Linux":           {"a.pdf", []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00>\x00"), ""},
		"Java program in a zip":       {"a.zip", zipOf(entry{name: "META-INF/MANIFEST.MF", text: "Manifest-Version: 1.0"}, entry{name: "A.class", text: "x"}), ""},
		"Android program in a zip":    {"a.zip", zipOf(entry{name: "AndroidManifest.xml", text: "x"}, entry{name: "classes.dex", text: "x"}), ""},
		"old Word":                    {"a.doc", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 1000)...), ""},
		"TIFF":                        {"a.tif", []byte("II*\x00\x08\x00\x00\x00"), ""},
		"BMP":                         {"a.bmp", append([]byte("BM\x1e\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00"), make([]byte, 30)...), ""},
		"bytes of nothing":            {"a.png", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16}, ""},
		"MP4":                         {"a.mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), ""},
		"RTF, which can hold objects": {"a.txt", []byte(`{\rtf1\ansi hello}`), ""},
	} {
		got, err := typeOf(c.body, c.file)
		switch {
		case c.want == "":
			want(t, name, err, fault.Invalid, "file")
		case err != nil || got.mime != c.want:
			t.Errorf("%s: %q, %v; want %s", name, got.mime, err, c.want)
		}
	}
}

// FuzzTypes: nothing that begins as a page or script is ever taken as text.
func FuzzTypes(f *testing.F) {
	for _, s := range []string{"<html>", "a<script>", "#!/bin/sh", pdf, "x"} {
		f.Add([]byte(s), "a.txt")
	}
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		got, err := typeOf(body, name)
		if err != nil {
			return
		}
		head := strings.ToLower(string(body[:min(len(body), 1000)]))
		if !got.picture && strings.HasPrefix(got.mime, "text/") && (strings.Contains(head, "<script") || strings.HasPrefix(head, "#!")) {
			t.Errorf("%q was taken as %s", body, got.mime)
		}
		safeName(strings.ToValidUTF8(name, ""), got)
	})
}
