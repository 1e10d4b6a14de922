package mailin

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"crier/internal/shorten"
)

// Text is what an HTML text says, as plain text: nothing of it is fetched or run. It is parsed as
// browsers do, so that an element that is never closed hides no more than it would there. Quoted
// parts are led by "> ", so that they are cut like those of plain mails.
func Text(source string) string {
	w := textWriter{}
	if doc, err := html.Parse(strings.NewReader(source)); err == nil {
		w.node(doc)
	} else { // nested too deeply for the parser
		w.tokens(source)
	}
	return w.text()
}

// hidden are the elements whose text nobody sees.
var hidden = map[atom.Atom]bool{
	atom.Head: true, atom.Script: true, atom.Style: true, atom.Title: true, atom.Template: true,
	atom.Noscript: true, atom.Svg: true, atom.Iframe: true, atom.Noembed: true, atom.Noframes: true,
}

func (w *textWriter) node(n *html.Node) {
	if w.b.Len() > textMost {
		return
	}
	switch n.Type {
	case html.TextNode:
		w.words(n.Data)
	case html.ElementNode:
		if hidden[n.DataAtom] {
			return
		}
		t := html.Token{Type: html.StartTagToken, DataAtom: n.DataAtom, Data: n.Data, Attr: n.Attr}
		w.open(t)
		defer w.close(t)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

// tokens reads tag by tag, without a tree. The content of script and style is raw text to the
// tokenizer; all else is shown.
func (w *textWriter) tokens(source string) {
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(textMost)
	raw := false
	for w.b.Len() <= textMost {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if !raw {
				w.words(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			raw = t.DataAtom == atom.Script || t.DataAtom == atom.Style || t.DataAtom == atom.Title
			w.open(t)
		case html.EndTagToken:
			raw = false
			w.close(z.Token())
		}
	}
}

type textWriter struct {
	b      strings.Builder
	quotes int // how deep in quotations
	pre    int
	space  bool // a space is due before the next word
	breaks int  // line breaks that end what is written
	begun  bool // the present line has something
	link   string
	linked strings.Builder
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
		if outlookQuote(t) {
			w.write(strings.Repeat("_", 32))
			w.newline(1)
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
			w.write("[" + shorten.Text(alt, 100) + "]")
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
	case atom.Div, atom.Tr, atom.Li, atom.Option:
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
