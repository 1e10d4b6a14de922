package attachment

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"crier/internal/fault"
	"crier/internal/shorten"
)

// What a file's name may be, in characters and, since file systems count those, bytes.
const (
	nameRunes = 200
	nameBytes = 240
)

// askedName checks a name as it was given. Errors: Invalid (field "name").
func askedName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fault.Field("name", "the file's name is not valid UTF-8")
	}
	if len(name) > 4096 {
		e := fault.Field("name", "the file's name is too long")
		e.Limit, e.Actual = 4096, int64(len(name))
		return "", e
	}
	return name, nil
}

// safeName makes of any name one that is a plain file name everywhere: one path
// part, nothing that cannot be seen or that turns the writing direction, no name that
// Windows keeps for itself, at most 200 characters, and the ending of the content's
// type. An empty one becomes "file".
func safeName(name string, t fileType) string {
	base := plainName(name)
	ext := path.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	ending := strings.ToLower(ext)
	if !t.has(ending) {
		if !isEnding(ending) { // "invoice 2.1" has none
			stem = base
		}
		ending = t.endings[0]
	}
	if stem = trim(stem); stem == "" {
		stem = "file"
	}
	return fit(unreserved(stem), ending)
}

// isEnding tells ".exe" from the ".1" of a version.
func isEnding(ext string) bool {
	if len(ext) < 2 || len(ext) > 6 {
		return false
	}
	letter := false
	for _, c := range []byte(ext[1:]) {
		letter = letter || c >= 'a' && c <= 'z'
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return letter
}

// folderName is safeName for a folder.
func folderName(name string) string {
	name = trim(plainName(name))
	if name == "" {
		name = "conversation"
	}
	return fit(unreserved(name), "")
}

// plainName keeps the last part of a path, and of that what can be read.
func plainName(name string) string {
	name = norm.NFC.String(name)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200c' || r == '\u200d': // joiners: Persian and emoji need them
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point), r == utf8.RuneError:
			return -1 // bidi overrides and isolates are of Cf
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	return trim(name)
}

func trim(s string) string { return strings.Trim(s, " .") }

// unreserved leads with "_" what Windows takes for a device, whatever its ending.
func unreserved(stem string) string {
	device, _, _ := strings.Cut(strings.ToUpper(stem), ".")
	device = strings.TrimRight(device, " ")
	reserved := device == "CON" || device == "PRN" || device == "AUX" || device == "NUL" || device == "CONIN$" || device == "CONOUT$"
	if rest, ok := strings.CutPrefix(device, "COM"); ok || strings.HasPrefix(device, "LPT") {
		if !ok {
			rest = strings.TrimPrefix(device, "LPT")
		}
		reserved = reserved || utf8.RuneCountInString(rest) == 1 && strings.ContainsAny(rest, "0123456789¹²³")
	}
	if reserved {
		return "_" + stem
	}
	return stem
}

// fit shortens the stem so that name and ending are within the limits.
func fit(stem, ext string) string {
	return trim(shorten.Fit(stem, nameRunes-len(ext), nameBytes-len(ext))) + ext
}

// numbered is a name with a number before its ending: what a second file of the same
// name in a folder is called.
func numbered(name, n string) string {
	ext := path.Ext(name)
	return fit(strings.TrimSuffix(name, ext)+" ("+n+")", ext)
}
