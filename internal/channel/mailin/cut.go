package mailin

import (
	"strings"
	"unicode"
)

// Cut returns what a person wrote in a mail's text: without the mail it answers and without a
// signature. Programs mark what they quote in a few ways, told apart by their structure (a date,
// an address, a colon) rather than by language:
//
//	On 30 Nov 2026 at 10:12, Hall A <a@example.org> wrote:     an attribution, before
//	> Can you come?                                            quoted lines
//
//	From: Hall A <a@example.org>                               a head, before text without marks
//	Sent: Monday, November 30, 2026 10:12
//	To: Mina
//	Subject: Shift
//
// Text without marks that stands between or below quoted lines stays. So does a mail that the
// author passes on, with its head. When in doubt too much is left; a text of which nothing would be
// left is returned whole.
func Cut(text string) string { return cut(text, nil) }

// cut is Cut. ours tells which addresses are the organisation's; nil: nobody knows.
func cut(text string, ours func(address string) bool) string {
	c := cutter{ours: ours, lines: strings.Split(text, "\n")}
	c.bare = make([]string, len(c.lines))
	for i, l := range c.lines {
		c.bare[i] = bare(l)
	}
	c.run()
	kept := strings.TrimSpace(blanks.ReplaceAllString(strings.Join(c.kept, "\n"), "\n\n"))
	if kept == "" {
		return strings.TrimSpace(text)
	}
	return kept
}

// bare is a line without space around it and without the marks that direct writing, which some
// programs put everywhere.
func bare(line string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '\u200e' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		case r == '\u00a0' || r == '\u202f':
			return ' '
		}
		return r
	}, line))
}

// cutter walks over the lines of a text and keeps those that the author wrote.
type cutter struct {
	ours  func(address string) bool
	lines []string // as they are
	bare  []string // see bare
	kept  []string
}

func (c *cutter) run() {
	for i := 0; i < len(c.lines); {
		switch n, what := c.at(i); what {
		case text:
			c.keep(i)
			i++
		case quoted, attribution:
			c.signOff(true)
			i += n
		case passedOn:
			c.kept = append(c.kept, c.lines[i:]...)
			return
		case answered:
			// All below is the other mail, unless nothing stands above: then the answer is below.
			if c.signOff(true); c.written() {
				return
			}
			i += n
		}
	}
	c.signOff(false)
}

func (c *cutter) keep(i int) {
	c.kept = append(c.kept, strings.TrimRightFunc(c.lines[i], unicode.IsSpace)+c.dashes(i))
}

// dashes gives the line "-- " its space back, by which a signature is known.
func (c *cutter) dashes(i int) string {
	if strings.TrimRight(c.lines[i], "\r") == "-- " {
		return " "
	}
	return ""
}

func (c *cutter) written() bool { return strings.TrimSpace(strings.Join(c.kept, "")) != "" }

// what a line begins.
type what int

const (
	text        what = iota
	quoted           // lines that are marked as quoted
	attribution      // "On … wrote:" before them
	answered         // what leads a mail that is quoted without marks
	passedOn         // a mail that the author passes on
)

// at tells what begins at line i and over how many lines it goes.
func (c *cutter) at(i int) (int, what) {
	l := c.bare[i]
	if l == "" {
		return 1, text
	}
	if strings.HasPrefix(l, ">") {
		n := 1
		for i+n < len(c.bare) && strings.HasPrefix(c.bare[i+n], ">") {
			n++
		}
		if h := headAt(c.unmarked(i, n), 0); h.lines > 0 && c.foreign(h) && c.introduced(i) {
			return n, passedOn
		}
		return n, quoted
	}
	if forwarding.MatchString(l) {
		return 1, passedOn
	}
	if replying.MatchString(l) || underscores.MatchString(l) || between.MatchString(l) {
		end := i // the last line of the head
		h := headAt(c.bare, i)
		if h.lines == 0 {
			next := c.next(i + 1)
			h = headAt(c.bare, next)
			end = next + h.lines - 1
		}
		known := replying.MatchString(l)
		switch {
		case h.lines > 0 && !known && (c.foreign(h) || gmailForward.MatchString(l) && !c.involved(h)):
			return 1, passedOn
		case h.lines > 0:
			return end + 1 - i, answered
		case known:
			return 1, answered
		}
	}
	if h := headAt(c.bare, i); h.lines > 0 {
		if c.foreign(h) {
			return h.lines, passedOn
		}
		return h.lines, answered
	}
	if n, marked := c.attribution(i); n > 0 {
		if marked {
			return n, attribution
		}
		return n, answered
	}
	return 1, text
}

// next is the first line from i on that is not empty.
func (c *cutter) next(i int) int {
	for i < len(c.bare) && c.bare[i] == "" {
		i++
	}
	return i
}

// unmarked are n lines without the marks of quotation.
func (c *cutter) unmarked(i, n int) []string {
	out := make([]string, n)
	for k := range n {
		out[k] = strings.TrimSpace(strings.TrimLeft(c.bare[i+k], "> "))
	}
	return out
}

// introduced reports whether the line before i ends with a colon and names no address, as programs
// introduce a mail that is passed on ("Begin forwarded message:").
func (c *cutter) introduced(i int) bool {
	for i--; i >= 0; i-- {
		if l := c.bare[i]; l != "" {
			return strings.HasSuffix(l, ":") && !strings.Contains(l, "@")
		}
	}
	return false
}

// involved reports whether a head is of a mail from or to us.
func (c *cutter) involved(h mailHead) bool {
	for _, a := range h.addresses {
		local, _, _ := strings.Cut(strings.ToLower(a), "@")
		if strings.HasPrefix(local, "reply+") || c.ours != nil && c.ours(a) {
			return true
		}
	}
	return false
}

// foreign reports whether a head is of a mail that is neither from nor to us, so that the author
// passes it on. If nobody knows our addresses, the words above must say that something is below.
func (c *cutter) foreign(h mailHead) bool {
	return len(h.addresses) > 0 && !c.involved(h) && (c.ours != nil || pointsBelow.MatchString(strings.Join(c.kept, " ")))
}

// signOff removes from the end of what is kept the lines that a program put there: a signature, or
// the name of the program. more is true if something that is cut follows.
func (c *cutter) signOff(more bool) {
	end := len(c.kept)
	for end > 0 && bare(c.kept[end-1]) == "" {
		end--
	}
	tail := c.kept[:end]
	for i := len(tail) - 1; i >= 0 && len(tail)-i <= signatureLines+1; i-- {
		l := tail[i]
		if l == "-- " || (bare(l) == "--" || bare(l) == "—") && nameLike(tail[i+1:]) {
			tail = tail[:i]
			break
		}
	}
	for {
		n := len(tail)
		for n > 0 && bare(tail[n-1]) == "" {
			n--
		}
		if n == 0 || !mobile.MatchString(bare(tail[n-1])) {
			break
		}
		tail = tail[:n-1]
	}
	if len(tail) < end || more {
		c.kept = tail
	}
}

// signatureLines is how long a signature is at most; longer text below "-- " is left.
const signatureLines = 15

// nameLike reports whether lines are a short tail of name and contact: no sentences, no list.
func nameLike(lines []string) bool {
	if len(lines) > 5 {
		return false
	}
	for _, l := range lines {
		l = bare(l)
		if len([]rune(l)) > 60 || listItem.MatchString(l) || l != "" && strings.ContainsAny(l[len(l)-1:], ".?!,;:") {
			return false
		}
	}
	return true
}
