package sms

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Received is an SMS that came in.
type Received struct {
	ID   string // the provider's: the same for each time it tells; "" if it gave none
	From string // E.164, or what the network gave; "" if it gave nothing
	To   string
	Text string
	// Bytes is what an SMS carries that is no text, or no text that can be read; else nil.
	Bytes []byte
	// Pictures and Files count what came along and is not taken.
	Pictures, Files int
	// Says is the keyword that the provider has already acted on, and answered; NoKeyword if it has not.
	Says Keyword
}

// Body is what staff read: the text, and notes on what is not shown or not taken.
func (r Received) Body() string {
	parts := make([]string, 0, 3)
	if text := strings.TrimSpace(r.Text); text != "" {
		parts = append(parts, text)
	}
	if r.Bytes != nil {
		parts = append(parts, fmt.Sprintf("[%s, not a text: %s]", count(len(r.Bytes), "byte"), hex.EncodeToString(r.Bytes)))
	}
	var left []string
	if r.Pictures > 0 {
		left = append(left, count(r.Pictures, "picture"))
	}
	if r.Files > 0 {
		left = append(left, count(r.Files, "file"))
	}
	if len(left) > 0 {
		parts = append(parts, "["+strings.Join(left, " and ")+", not taken]")
	}
	if len(parts) == 0 {
		return "[no text]"
	}
	return strings.Join(parts, "\n\n")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Report is what a provider says later of an SMS it took.
type Report struct {
	ProviderID        string
	Delivered, Failed bool
	OptedOut          bool // it failed because the recipient has told the provider to stop
	Code, Detail      string
}

// isID reports whether a text can be a provider's name of an SMS.
func isID(s string) bool {
	return s != "" && len(s) <= 200 && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// readable returns bytes that claim to be text as UTF-8: windows-1252 where they are none.
func readable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return out
}
