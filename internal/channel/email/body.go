package email

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"

	"crier/internal/channel"
)

// textOf is the plain part.
func textOf(w *Words, o channel.Outgoing, linked []channel.File) string {
	var b strings.Builder
	para := func(lines ...string) {
		for _, l := range lines {
			if l != "" {
				b.WriteString(l + "\n")
			}
		}
		b.WriteString("\n")
	}
	para(heads(w, o)...)
	para(body(o.Text))
	if len(linked) > 0 {
		lines := []string{w.Files}
		for _, f := range linked {
			lines = append(lines, "- "+fileLine(f))
			if l := link(f.Link); l != "" {
				lines = append(lines, "  "+l)
			}
		}
		if o.FilesUntil != "" {
			lines = append(lines, Say(w.FilesOnce, o.FilesUntil))
		}
		para(lines...)
	}
	b.WriteString("-- \n") // RFC 3676, section 4.3: a signature, cut when one answers
	if l := link(o.Link); l != "" {
		para(w.Open+":", l)
	}
	if !o.Automatic {
		para(answer(w, o))
	}
	b.WriteString(Say(w.Footer, line(o.From, nameMost)) + "\n")
	if l := link(o.Stop); l != "" {
		b.WriteString(w.StopLine + ": " + l + "\n")
	}
	return b.String()
}

// heads are the lines above the text: who writes, and on what.
func heads(w *Words, o channel.Outgoing) []string {
	var out []string
	if s := line(o.Sender, nameMost); s != "" {
		out = append(out, Say(w.From, s+", "+line(o.From, nameMost)))
	}
	if s := line(o.About, nameMost); s != "" {
		out = append(out, Say(w.About, s))
	}
	return out
}

func answer(w *Words, o channel.Outgoing) string {
	if o.ReplyTo == "" {
		return w.NoAnswer
	}
	if o.Link == "" { // there is no conversation on a page
		return w.AnswerMail
	}
	return w.Answer
}

// body is the text with line ends as ours and without control characters.
func body(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == 0x2028 || r == 0x2029:
			return '\n'
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, text))
}

// htmlOf is the HTML part: one column, real headings and links, the reader's own colours and sizes, so that dark screens and large
// letters work; nothing is loaded from anywhere.
func htmlOf(w *Words, o channel.Outgoing, subject string, linked []channel.File) string {
	var b strings.Builder
	esc := html.EscapeString
	fmt.Fprintf(&b, `<!DOCTYPE html>
<html lang="%[1]s" dir="%[2]s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>%[3]s</title>
</head>
<body lang="%[1]s" dir="%[2]s" style="margin:0;padding:16px;color-scheme:light dark;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Arial,sans-serif;font-size:16px;line-height:1.5">
<main style="max-width:600px;margin:0 auto">
`, w.Lang, w.Dir, esc(subject))
	fmt.Fprintf(&b, "<p style=\"margin:0 0 8px;font-weight:600\" dir=\"auto\">%s</p>\n", esc(line(o.From, nameMost)))
	fmt.Fprintf(&b, "<h1 style=\"margin:0 0 8px;font-size:20px;line-height:1.3\" dir=\"auto\">%s</h1>\n", esc(subject))
	for _, l := range heads(w, o) {
		fmt.Fprintf(&b, "<p style=\"margin:0 0 4px\">%s</p>\n", esc(l))
	}
	fmt.Fprintf(&b, "<div style=\"margin:16px 0;padding:0\" dir=\"auto\">\n%s</div>\n", paragraphs(body(o.Text)))
	if len(linked) > 0 {
		fmt.Fprintf(&b, "<p style=\"margin:16px 0 4px\">%s</p>\n<ul style=\"margin:0 0 16px\">\n", esc(w.Files))
		for _, f := range linked {
			if l := link(f.Link); l != "" {
				fmt.Fprintf(&b, "<li><a href=\"%s\">%s</a></li>\n", esc(l), esc(fileLine(f)))
			} else {
				fmt.Fprintf(&b, "<li>%s</li>\n", esc(fileLine(f)))
			}
		}
		b.WriteString("</ul>\n")
		if o.FilesUntil != "" {
			fmt.Fprintf(&b, "<p style=\"margin:0 0 16px;font-size:14px\">%s</p>\n", esc(Say(w.FilesOnce, o.FilesUntil)))
		}
	}
	if l := link(o.Link); l != "" {
		fmt.Fprintf(&b, "<p style=\"margin:24px 0\"><a href=\"%s\" style=\"display:inline-block;padding:12px 20px;border:2px solid;border-radius:6px;font-weight:600\">%s</a></p>\n", esc(l), esc(w.Open))
	}
	b.WriteString("<hr style=\"border:0;border-top:1px solid;opacity:.4;margin:24px 0 12px\">\n")
	if !o.Automatic {
		fmt.Fprintf(&b, "<p style=\"margin:0 0 4px;font-size:14px\">%s</p>\n", esc(answer(w, o)))
	}
	fmt.Fprintf(&b, "<p style=\"margin:0;font-size:14px\">%s</p>\n", esc(Say(w.Footer, line(o.From, nameMost))))
	if l := link(o.Stop); l != "" {
		fmt.Fprintf(&b, "<p style=\"margin:4px 0 0;font-size:14px\"><a href=\"%s\">%s</a></p>\n", esc(l), esc(w.StopLine))
	}
	b.WriteString("</main>\n</body>\n</html>\n")
	return b.String()
}

// paragraphs is text as HTML: an empty line parts, a line end breaks, a web address links.
func paragraphs(text string) string {
	var b strings.Builder
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.Trim(p, "\n"); p == "" {
			continue
		}
		b.WriteString("<p style=\"margin:0 0 12px\">")
		for i, l := range strings.Split(p, "\n") {
			if i > 0 {
				b.WriteString("<br>\n")
			}
			linkify(&b, l)
		}
		b.WriteString("</p>\n")
	}
	return b.String()
}

// linkify writes a line with its web addresses as links.
func linkify(b *strings.Builder, text string) {
	for text != "" {
		i := strings.Index(text, "http")
		if i < 0 {
			break
		}
		end := strings.IndexFunc(text[i:], func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>"'\`, r) })
		if end < 0 {
			end = len(text) - i
		}
		found := strings.TrimRight(text[i:i+end], ".,;:!?)]")
		if l := link(found); l != "" && len(l) > len("https://") {
			b.WriteString(html.EscapeString(text[:i]))
			fmt.Fprintf(b, "<a href=\"%[1]s\">%[1]s</a>", html.EscapeString(l))
			text = text[i+len(found):]
			continue
		}
		b.WriteString(html.EscapeString(text[:i+4]))
		text = text[i+4:]
	}
	b.WriteString(html.EscapeString(text))
}

func fileLine(f channel.File) string { return fileName(f.Name) + " (" + size(f.Size) + ")" }

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
	case n >= 1<<10:
		return strconv.FormatInt(n>>10, 10) + " kB"
	}
	return strconv.FormatInt(max(n, 0), 10) + " B"
}
