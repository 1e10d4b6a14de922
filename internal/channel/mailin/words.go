package mailin

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// encodedWord is RFC 2047 section 2; spaces within are tolerated, as some programs write them.
var encodedWord = regexp.MustCompile(`=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=`)

// decodeWords decodes the encoded words of a header field. Neighbours of one charset are joined
// before they are decoded: some programs break them within a character.
func decodeWords(s string) string {
	var out strings.Builder
	var pending []byte // bytes of the words before, in the charset label
	label, last := "", 0
	flush := func() {
		if pending != nil {
			out.WriteString(decode(pending, label, false))
			pending = nil
		}
	}
	for _, at := range encodedWord.FindAllStringSubmatchIndex(s, -1) {
		between := s[last:at[0]]
		name, _, _ := strings.Cut(strings.ToLower(s[at[2]:at[3]]), "*") // RFC 2231 section 5: a language
		if pending == nil || strings.TrimSpace(between) != "" {
			flush()
			out.WriteString(mendUTF8([]byte(between)))
		} else if name != label {
			flush()
		}
		label, last = name, at[1]
		text := s[at[6]:at[7]]
		if s[at[4]] == 'b' || s[at[4]] == 'B' {
			pending = append(pending, unbase64([]byte(text))...)
		} else {
			pending = append(pending, unquoted([]byte(strings.ReplaceAll(text, "_", " ")))...)
		}
		if pending == nil {
			pending = []byte{}
		}
	}
	flush()
	out.WriteString(mendUTF8([]byte(s[last:])))
	return out.String()
}

// untransferred undoes a part's transfer encoding (RFC 2045 section 6), as far as it can be; known
// is false for an encoding that nobody knows, whose bytes stay as they are.
func untransferred(b []byte, encoding string) (out []byte, known bool) {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if i := strings.IndexAny(encoding, " \t;("); i >= 0 {
		encoding = encoding[:i]
	}
	switch encoding {
	case "base64":
		return unbase64(b), true
	case "quoted-printable":
		return unquoted(b), true
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "none":
		return b, true
	}
	return b, false
}

// unbase64 decodes what there is of base64, with or without padding, over lines and spaces. Padding
// in the middle begins a new text, as it does where two are joined.
func unbase64(b []byte) []byte {
	out := make([]byte, 0, base64.StdEncoding.DecodedLen(len(b)))
	var quantum [4]byte
	n := 0
	flush := func() {
		if n > 1 {
			var three [3]byte
			if m, err := base64.RawStdEncoding.Decode(three[:], quantum[:n]); err == nil || m > 0 {
				out = append(out, three[:m]...)
			}
		}
		n = 0
	}
	for _, c := range b {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
			quantum[n] = c
			if n++; n == 4 {
				flush()
			}
		case c == '=':
			flush()
		}
	}
	flush()
	return out
}

// unquoted decodes quoted-printable (RFC 2045 section 6.7). An "=" that is followed by neither two
// hexadecimal digits nor a line break stands for itself.
func unquoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '=' {
			out = append(out, b[i])
			continue
		}
		if i+2 < len(b) {
			if hi, lo := unhex(b[i+1]), unhex(b[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		end := i + 1
		for end < len(b) && (b[end] == ' ' || b[end] == '\t') {
			end++
		}
		switch {
		case end == len(b):
			i = end
		case b[end] == '\n':
			i = end
		case b[end] == '\r':
			if i = end; end+1 < len(b) && b[end+1] == '\n' {
				i = end + 1
			}
		default:
			out = append(out, '=')
		}
	}
	return out
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
