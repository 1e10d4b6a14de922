package attachment

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"crier/internal/fault"
)

func kind(mime string) fileType {
	for _, t := range types {
		if t.mime == mime {
			return t
		}
	}
	panic(mime)
}

func TestSafeName(t *testing.T) {
	txt, pic, doc := plainText, kind("image/png"), kind("application/pdf")
	for name, c := range map[string]struct {
		in   string
		kind fileType
		want string
	}{
		"plain":                     {"Zeugnis 2024.pdf", doc, "Zeugnis 2024.pdf"},
		"other scripts":             {"الشهادة.pdf", doc, "الشهادة.pdf"},
		"emoji of several parts":    {"👩‍🎓.png", pic, "👩‍🎓.png"},
		"upper case ending":         {"A.PDF", doc, "A.pdf"},
		"path":                      {"../../etc/passwd", txt, "passwd.txt"},
		"path of Windows":           {`C:\Users\x\..\a.txt`, txt, "a.txt"},
		"path mixed":                {`a/b\c.txt`, txt, "c.txt"},
		"nothing but a path":        {"../..", txt, "file.txt"},
		"ends in a slash":           {"folder/", txt, "file.txt"},
		"absolute":                  {"/etc/shadow", txt, "shadow.txt"},
		"header":                    {"a\r\nSet-Cookie: x", txt, "a  Set-Cookie_ x.txt"},
		"NUL":                       {"a.txt\x00.exe", txt, "a.txt.txt"},
		"escape":                    {"\x1b[31mred.txt", txt, "[31mred.txt"},
		"right-to-left override":    {"invoice_\u202efdp.exe", doc, "invoice_fdp.pdf"},
		"isolates":                  {"\u2066a\u2069\u200e\u200f\u061c.txt", txt, "a.txt"},
		"zero width":                {"a\u200bb\ufeff.txt", txt, "ab.txt"},
		"line separators":           {"a\u2028b\u2029c.txt", txt, "a b c.txt"},
		"device":                    {"CON.txt", txt, "_CON.txt"},
		"device in lower case":      {"nul", txt, "_nul.txt"},
		"device with two endings":   {"aux.tar.txt", txt, "_aux.tar.txt"},
		"device with a number":      {"COM1.txt", txt, "_COM1.txt"},
		"device with a superscript": {"lpt².txt", txt, "_lpt².txt"},
		"no device":                 {"CONTRACT.txt", txt, "CONTRACT.txt"},
		"no device either":          {"COM10.txt", txt, "COM10.txt"},
		"reserved characters":       {`a<b>c:d"e|f?g*h.txt`, txt, "a_b_c_d_e_f_g_h.txt"},
		"hidden":                    {".htaccess", txt, "htaccess.txt"},
		"dots and spaces":           {" . a . .txt", txt, "a.txt"},
		"dots at the end":           {"a.txt...", txt, "a.txt"},
		"empty":                     {"", pic, "file.png"},
		"white space":               {" \t ", pic, "file.png"},
		"only an ending":            {".png", pic, "png.png"},
		"a program that is a PDF":   {"invoice.exe", doc, "invoice.pdf"},
		"a page that is a picture":  {"a.html", pic, "a.png"},
		"two endings":               {"a.html.png", pic, "a.html.png"},
		"a number, not an ending":   {"Report 2.1", doc, "Report 2.1.pdf"},
		"no ending":                 {"README", txt, "README.txt"},
		"one of several endings":    {"a.jpeg", kind("image/jpeg"), "a.jpeg"},
		"JSON":                      {"a.json", txt, "a.json"},
		"composed":                  {"e\u0301.txt", txt, "é.txt"},
	} {
		if got := safeName(c.in, c.kind); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestNameLength(t *testing.T) {
	for _, c := range []struct {
		in    string
		runes int
	}{
		{strings.Repeat("a", 196) + ".txt", 200}, {strings.Repeat("a", 197) + ".txt", 200}, {strings.Repeat("a", 5000), 200},
		{strings.Repeat("é", 500) + ".txt", 122}, // 240 bytes
	} {
		got := safeName(c.in, plainText)
		if utf8.RuneCountInString(got) != c.runes || !strings.HasSuffix(got, ".txt") || !utf8.ValidString(got) || len(got) > nameBytes {
			t.Errorf("%d characters, %d bytes: %q", utf8.RuneCountInString(got), len(got), got)
		}
	}
	_, err := askedName("a\xff")
	want(t, "invalid UTF-8", err, fault.Invalid, "name")
	_, err = askedName(strings.Repeat("a", 4097))
	want(t, "4097 bytes", err, fault.Invalid, "name")
	if _, err = askedName(strings.Repeat("a", 4096)); err != nil {
		t.Error(err)
	}
}

// FuzzSafeName: whatever comes in, what goes out is one plain file name.
func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a.txt", "../../x", "CON", "a\r\nb", "\u202ex", "", ".", strings.Repeat("ä", 300), "a.", "COM1 .txt"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		in = strings.ToValidUTF8(in, "\ufffd")
		for _, k := range []fileType{plainText, kind("application/pdf")} {
			got := safeName(in, k)
			bad := strings.IndexFunc(got, func(r rune) bool {
				return unicode.IsControl(r) || strings.ContainsRune(`/\<>:"|?*`, r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
			})
			if bad >= 0 || !utf8.ValidString(got) || utf8.RuneCountInString(got) > nameRunes || len(got) > nameBytes || got == "" || got[0] == '.' || got[0] == ' ' {
				t.Errorf("%q becomes %q", in, got)
			}
			if again := safeName(got, k); again != got {
				t.Errorf("%q becomes %q, which becomes %q", in, got, again)
			}
		}
	})
}
