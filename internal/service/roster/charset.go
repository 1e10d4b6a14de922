package roster

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"

	"crier/internal/fault"
)

// The charsets that are recognised.
const (
	charsetUTF8    = "utf-8"
	charsetUTF16   = "utf-16"
	charsetWestern = "windows-1252"
)

// decode returns a roster's text and the charset that it is in. Errors: Invalid, naming the row
// where the charset cannot be told.
func decode(b []byte) (text, charset string, err error) {
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0")):
		return "", "", fault.Field("roster", "this is a workbook: save it as CSV UTF-8 and import that file")
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return wide(b, utf16.UTF16(utf16.LittleEndian, utf16.ExpectBOM))
	case len(b) >= 4 && b[0] != 0 && b[1] == 0 && b[2] != 0 && b[3] == 0: // a roster begins with ASCII
		return wide(b, utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM))
	case len(b) >= 4 && b[0] == 0 && b[1] != 0 && b[2] == 0 && b[3] != 0:
		return wide(b, utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM))
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if utf8.Valid(b) {
		return string(b), charsetUTF8, nil
	}
	if at := notWestern(b); at >= 0 {
		return "", "", unknownLetters(lineAt(b, at))
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(out), charsetWestern, err
}

func unknownLetters(line int) error {
	return fault.Many(fault.Invalid, []fault.Detail{{Field: fmt.Sprintf("row %d", line), Message: "the letters of this row cannot be read for sure: save the file as CSV UTF-8"}},
		"the roster's charset is not clear; save it as CSV UTF-8 and import it again")
}

// wide decodes UTF-16.
func wide(b []byte, e encoding.Encoding) (string, string, error) {
	out, err := e.NewDecoder().Bytes(b)
	if i := bytes.IndexRune(out, utf8.RuneError); err != nil || i >= 0 || len(b)%2 != 0 {
		if i < 0 {
			i = len(out)
		}
		return "", "", unknownLetters(lineAt(out, i))
	}
	return string(out), charsetUTF16, nil
}

// lineAt is the line of a position, counted as readers count it: by LF, CR LF or CR.
func lineAt(b []byte, at int) int {
	before := bytes.ReplaceAll(b[:at], []byte("\r\n"), []byte("\n"))
	return 1 + bytes.Count(before, []byte("\n")) + bytes.Count(before, []byte("\r"))
}

// notWestern returns where text that is no UTF-8 is not surely windows-1252 either, -1 if it is.
// What speaks against it is what the letters of another charset look like when they are read so:
// bytes that mean nothing, letters in UTF-8 beside others, three accented letters in a row (Greek,
// Cyrillic), words of accented letters alone, capitals within words (Macintosh), and
// signs within words (the DOS charsets, Central Europe).
func notWestern(b []byte) int {
	read := func(i int) rune {
		if i < 0 || i >= len(b) {
			return 0
		}
		return charmap.Windows1252.DecodeByte(b[i])
	}
	high := func(i int) bool { return i >= 0 && i < len(b) && b[i] >= 0x80 && unicode.IsLetter(read(i)) }
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if r, n := utf8.DecodeRune(b[i:]); r != utf8.RuneError && n > 1 {
			return i
		}
		r, before, after := read(i), read(i-1), read(i+1)
		switch {
		case r == utf8.RuneError, r < 0xa0:
			return i
		case unicode.IsLetter(r):
			alone := !unicode.IsLetter(before) && !unicode.IsLetter(after) && !strings.ContainsRune("ÅåÄäÖöØøÆæÉéÈèÀàÁáÍíÓóÚúÜü", r)
			if alone || r == 'ƒ' || r == 'ª' || r == 'º' || high(i-1) && high(i+1) || unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsLetter(before) && unicode.IsLower(after)) {
				return i
			}
			if (high(i-1) || high(i+1)) && !plainBeside(b, i) {
				return i
			}
		case unicode.IsLetter(after) && !strings.ContainsRune("’‘“”«»–—·´\u00a0", r), unicode.IsLetter(before) && unicode.IsLetter(after) && !strings.ContainsRune("’´·–—\u00a0", r):
			return i
		}
	}
	return -1
}

// plainBeside reports whether the run of accented letters at i has an ASCII letter beside it.
func plainBeside(b []byte, i int) bool {
	letter := func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
	from, to := i, i+1
	for from > 0 && b[from-1] >= 0x80 {
		from--
	}
	for to < len(b) && b[to] >= 0x80 {
		to++
	}
	return from > 0 && letter(b[from-1]) || to < len(b) && letter(b[to])
}
