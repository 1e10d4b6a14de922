package mailin

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Text is what an HTML text says, as plain text: nothing of it is fetched or run. Quoted parts are led
// by "> ", so that they are cut like those of plain mails.
func Text(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(textMost)
	w := textWriter{}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return w.text()
		case html.TextToken:
			if w.hidden == "" {
				w.words(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if w.hidden == "" {
				w.open(t)
			}
		case html.EndTagToken:
			t := z.Token()
			switch {
			case w.hidden == t.Data:
				w.hidden = ""
			case w.hidden == "":
				w.close(t)
			}
		}
		if w.b.Len() > textMost {
			return w.text()
		}
	}
}

type textWriter struct {
	b      strings.Builder
	hidden string // the element within which nothing is text
	quotes int    // how deep in quotations
	pre    int
	space  bool // a space is due before the next word
	breaks int  // line breaks that end what is written
	begun  bool // the present line has something
	link   string
	linked strings.Builder
	divs   []bool // of the open div elements: is it a quotation
}

func (w *textWriter) text() string { return strings.TrimSpace(Clean(w.b.String())) }

func (w *textWriter) newline(n int) {
	if w.b.Len() == 0 {
		return
	}
	for w.breaks < n {
		w.b.WriteByte('\n')
		w.breaks++
	}
	w.space, w.begun = false, false
}

func (w *textWriter) write(s string) {
	if s == "" {
		return
	}
	if !w.begun && w.quotes > 0 {
		w.b.WriteString(strings.Repeat("> ", min(w.quotes, 5)))
	}
	if w.space && w.begun {
		w.b.WriteByte(' ')
	}
	w.b.WriteString(s)
	w.space, w.begun, w.breaks = false, true, 0
	if w.link != "" {
		w.linked.WriteString(s)
	}
}

func (w *textWriter) words(s string) {
	if w.pre > 0 {
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				w.newline(min(w.breaks+1, 2))
			}
			w.write(l)
		}
		return
	}
	fields := strings.Fields(s)
	if s != "" && strings.TrimLeft(s, " \t\r\n") != s {
		w.space = true
	}
	for i, f := range fields {
		if i > 0 {
			w.space = true
		}
		w.write(f)
	}
	if len(fields) > 0 && strings.TrimRight(s, " \t\r\n") != s {
		w.space = true
	}
}

func (w *textWriter) open(t html.Token) {
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript, atom.Object, atom.Svg, atom.Math, atom.Textarea, atom.Select, atom.Iframe:
		if t.Type == html.StartTagToken {
			w.hidden = t.Data
		}
	case atom.Br:
		w.newline(min(w.breaks+1, 2))
	case atom.Hr:
		w.newline(1)
		w.write(strings.Repeat("_", 32))
		w.newline(1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table:
		w.newline(2)
	case atom.Div:
		w.newline(1)
		if t.Type == html.StartTagToken {
			quote := outlookQuote(t)
			w.divs = append(w.divs, quote)
			if quote {
				w.write(strings.Repeat("_", 32))
				w.newline(1)
			}
		}
	case atom.Tr:
		w.newline(1)
	case atom.Td, atom.Th:
		w.space = true
	case atom.Li:
		w.newline(1)
		w.write("- ")
	case atom.Pre:
		w.newline(1)
		w.pre++
	case atom.Blockquote:
		w.newline(1)
		w.quotes++
	case atom.Img:
		if alt := line(attribute(t, "alt")); alt != "" {
			w.write("[" + clip(alt, 100) + "]")
		}
	case atom.A:
		w.link = attribute(t, "href")
		w.linked.Reset()
	}
}

func (w *textWriter) close(t html.Token) {
	switch t.DataAtom {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table:
		w.newline(2)
	case atom.Div:
		w.newline(1)
		if n := len(w.divs); n > 0 {
			w.divs = w.divs[:n-1]
		}
	case atom.Tr, atom.Li:
		w.newline(1)
	case atom.Pre:
		w.newline(1)
		w.pre = max(0, w.pre-1)
	case atom.Blockquote:
		w.newline(1)
		w.quotes = max(0, w.quotes-1)
	case atom.A:
		link, said := w.link, w.linked.String()
		w.link = ""
		if (strings.HasPrefix(link, "http://") || strings.HasPrefix(link, "https://")) && len(link) <= 500 &&
			!strings.Contains(said, strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(link, "https://"), "http://"), "/")) {
			w.space = true
			w.write("<" + line(link) + ">")
		}
	}
}

// outlookQuote reports whether a div is where Outlook begins what it quotes.
func outlookQuote(t html.Token) bool {
	id := attribute(t, "id")
	return id == "divRplyFwdMsg" || id == "x_divRplyFwdMsg"
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
