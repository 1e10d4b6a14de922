package mailin

import (
	"strings"

	"github.com/emersion/go-message"
)

// Results is an Authentication-Results field (RFC 8601): what a server says of who sent a mail.
type Results struct {
	Server string // its authserv-id, in lower case
	Above  bool   // above the topmost Received field: written by the last server that passed the mail on
	Checks []Check
}

// Check is one of its results.
type Check struct {
	Method, Result string            // in lower case, as in dmarc and pass
	Properties     map[string]string // as in header.from; in lower case
}

const maxResults = 20 // fields, and results of each

// results reads the Authentication-Results fields from the top.
func results(h message.Header) []Results {
	var out []Results
	above := true
	for f := h.Fields(); f.Next() && len(out) < maxResults; {
		switch {
		case strings.EqualFold(f.Key(), "Received"):
			above = false
		case strings.EqualFold(f.Key(), "Authentication-Results"):
			r := resultsOf(f.Value())
			r.Above = above
			out = append(out, r)
		}
	}
	return out
}

func resultsOf(field string) Results {
	parts := splitResults(uncommented(field))
	server, _, _ := strings.Cut(strings.TrimSpace(parts[0]), " ")
	r := Results{Server: strings.ToLower(strings.Trim(server, `"`))}
	for _, part := range parts[1:] {
		words := strings.Fields(strings.ReplaceAll(part, `"`, ""))
		if len(words) == 0 || len(r.Checks) >= maxResults {
			continue
		}
		method, result, ok := strings.Cut(strings.ToLower(words[0]), "=")
		if !ok {
			continue
		}
		method, _, _ = strings.Cut(method, "/") // a version
		c := Check{Method: method, Result: result, Properties: map[string]string{}}
		for _, w := range words[1:] {
			if name, value, ok := strings.Cut(strings.ToLower(w), "="); ok {
				c.Properties[name] = value
			}
		}
		r.Checks = append(r.Checks, c)
	}
	return r
}

// uncommented drops what stands in parentheses, and the spaces around "=".
func uncommented(field string) string {
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(field); i++ {
		c := field[i]
		switch {
		case c == '\\' && i+1 < len(field):
			i++
			if depth == 0 {
				b.WriteByte(field[i])
			}
			continue
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
			continue
		case c == ')' && !quoted && depth > 0:
			depth--
			b.WriteByte(' ')
			continue
		}
		if depth == 0 {
			b.WriteByte(c)
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	return strings.ReplaceAll(strings.ReplaceAll(text, " =", "="), "= ", "=")
}

// splitResults splits at semicolons that stand in no quotes.
func splitResults(text string) []string {
	var out []string
	from, quoted := 0, false
	for i := range len(text) {
		switch text[i] {
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				out = append(out, text[from:i])
				from = i + 1
			}
		}
	}
	return append(out, text[from:])
}

// Verified reports whether a server vouches for the author's address: by DMARC; where it says nothing of DMARC, by
// DKIM or SPF of the author's own domain. Of its fields only those that it has written itself count: all above
// the topmost Received field; if there is none, the topmost one alone. A field further down may
// have come with the mail, so the server must remove such fields of others that bear its name (RFC 8601 section 5).
func (m *Mail) Verified(server string) bool {
	_, author, ok := strings.Cut(strings.ToLower(m.From), "@")
	if server == "" || !ok || author == "" {
		return false
	}
	var checks []Check
	own := false
	for _, r := range m.Results {
		if !strings.EqualFold(r.Server, server) {
			if !r.Above {
				break // another server wrote above what follows
			}
			continue
		}
		if !r.Above && own {
			break
		}
		own = true
		checks = append(checks, r.Checks...)
		if !r.Above {
			break
		}
	}
	passed, dmarc := false, false
	for _, c := range checks {
		switch c.Method {
		case "dmarc":
			if c.Result == "none" {
				continue
			}
			dmarc = true
			if from := c.Properties["header.from"]; c.Result != "pass" || from != "" && domainPart(from) != author {
				return false
			}
			passed = true
		case "dkim":
			passed = passed || !dmarc && c.Result == "pass" && aligned(author, c.Properties["header.d"], c.Properties["header.i"])
		case "spf":
			passed = passed || !dmarc && c.Result == "pass" && aligned(author, c.Properties["smtp.mailfrom"])
		}
	}
	return passed
}

// aligned reports whether one of these addresses or domains is the author's domain, or one above it.
func aligned(author string, of ...string) bool {
	for _, text := range of {
		d := domainPart(text)
		if d == author || strings.Contains(d, ".") && strings.HasSuffix(author, "."+d) {
			return true
		}
	}
	return false
}

// domainPart is the domain of an address, or the text itself where it is a domain.
func domainPart(text string) string {
	return strings.Trim(text[strings.LastIndexByte(text, '@')+1:], "<>.")
}
