package mailin

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// decode turns the bytes of a text into UTF-8. label is the charset that the part claims, "" if
// none; markup is true for HTML, which can name its charset itself.
//
// Labels mean what browsers take them for (WHATWG Encoding): iso-8859-1 is windows-1252. A byte
// order mark outranks the label. Text that is valid UTF-8 is UTF-8, whatever single-byte charset it
// claims: a text in such a charset is practically never valid UTF-8 by accident.
func decode(b []byte, label string, markup bool) string {
	label = strings.ToLower(strings.Trim(strings.TrimSpace(label), `"'`))
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return mendUTF8(b[3:])
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return decodeAs(b, unicode.UTF16(unicode.BigEndian, unicode.UseBOM))
	case label == "utf-7" || label == "unicode-1-1-utf-7":
		return utf7(string(b))
	}
	e := encodingOf(label)
	if e == nil && markup {
		_, name, _ := charset.DetermineEncoding(b, "text/html") // by its <meta>
		e = encodingOf(name)
	}
	if e == nil || e == unicode.UTF8 || singleByte(e) && utf8.Valid(b) {
		return mendUTF8(b)
	}
	return decodeAs(b, e)
}

// encodingOf returns the encoding that a label names; nil for none, for an unknown one, and for
// us-ascii, which says nothing about bytes beyond it.
func encodingOf(label string) encoding.Encoding {
	if label == "" || label == "us-ascii" || label == "ascii" || label == "ansi_x3.4-1968" {
		return nil
	}
	if e, err := htmlindex.Get(label); err == nil {
		if name, err := htmlindex.Name(e); err == nil && name == "replacement" {
			return nil
		}
		return e
	}
	for _, name := range []string{label, "cs" + label} {
		if e, err := ianaindex.MIME.Encoding(name); err == nil && e != nil {
			return e
		}
	}
	return nil
}

func singleByte(e encoding.Encoding) bool {
	_, ok := e.(*charmap.Charmap)
	return ok
}

func decodeAs(b []byte, e encoding.Encoding) string {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return mendUTF8(b)
	}
	return string(out)
}

// mendUTF8 reads bytes that should be UTF-8. Where most of what is not ASCII is valid, single bad
// bytes are left out; else the bad bytes are read as windows-1252, one by one.
func mendUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	good, bad := 0, 0
	for rest := b; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		rest = rest[n:]
	}
	var out strings.Builder
	out.Grow(len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r != utf8.RuneError || n > 1:
			out.Write(b[:n])
		case bad >= good:
			out.WriteRune(charmap.Windows1252.DecodeByte(b[0]))
		}
		b = b[n:]
	}
	return out.String()
}

// utf7 decodes RFC 2152. What is malformed stays as it is.
func utf7(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, '+')
		if i < 0 {
			break
		}
		out.WriteString(s[:i])
		s = s[i+1:]
		end := strings.IndexFunc(s, func(r rune) bool {
			return !('A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '+' || r == '/')
		})
		if end < 0 {
			end = len(s)
		}
		code := s[:end]
		s = s[end:]
		closed := strings.HasPrefix(s, "-")
		raw, err := base64.RawStdEncoding.DecodeString(code)
		switch {
		case code == "":
			out.WriteByte('+')
		case err != nil && len(raw) < 2:
			out.WriteString("+" + code)
			continue
		default:
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
			}
			out.WriteString(string(utf16.Decode(units)))
		}
		if closed {
			s = s[1:]
		}
	}
	out.WriteString(s)
	return out.String()
}

// charsetReader decodes the encoded words of headers (mime.WordDecoder).
func charsetReader(label string, input io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(io.LimitReader(input, headerMost))
	if err != nil {
		return nil, err
	}
	return strings.NewReader(decode(b, label, false)), nil
}
