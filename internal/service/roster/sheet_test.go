package roster

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"

	"crier/internal/fault"
)

func encoded(t *testing.T, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSheets: what spreadsheets write is taken, and said to be what it is.
func TestSheets(t *testing.T) {
	const plain = "test_id;candidate_id;given_name;family_name\nM1;c1;Åse;Bjørnsen-Dæhli\nM1;c2;José;Muñoz\n"
	tabs := strings.ReplaceAll(plain, ";", "\t")
	for name, c := range map[string]struct {
		text, separator, charset string
	}{
		"semicolons":             {plain, ";", "utf-8"},
		"commas":                 {strings.ReplaceAll(plain, ";", ","), ",", "utf-8"},
		"bars":                   {strings.ReplaceAll(plain, ";", "|"), "|", "utf-8"},
		"its separator above":    {"sep=;\r\n" + strings.ReplaceAll(plain, "\n", "\r\n"), ";", "utf-8"},
		"quoted, after a mark":   {"\xef\xbb\xbf\"sep=;\"\n" + plain, ";", "utf-8"},
		"carriage returns alone": {strings.ReplaceAll(plain, "\n", "\r"), ";", "utf-8"},
		"carriage returns twice": {strings.ReplaceAll(plain, "\n", "\r\r\n"), ";", "utf-8"},
		"windows-1252":           {encoded(t, charmap.Windows1252, plain), ";", "windows-1252"},
		"Unicode text":           {encoded(t, utf16.UTF16(utf16.LittleEndian, utf16.UseBOM), tabs), "\t", "utf-16"},
		"big-endian":             {encoded(t, utf16.UTF16(utf16.BigEndian, utf16.UseBOM), tabs), "\t", "utf-16"},
		"UTF-16 without a mark":  {encoded(t, utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM), tabs), "\t", "utf-16"},
		"empty columns and rows": {"test_id;candidate_id;given_name;family_name;;\nM1;c1;Åse;Bjørnsen-Dæhli;;\n;;;;;\nM1;c2;José;Muñoz;;\n;;;;;\n;;\n\n", ";", "utf-8"},
		"empty cells beyond":     {"test_id;candidate_id;given_name;family_name\nM1;c1;Åse;Bjørnsen-Dæhli;;;\nM1;c2;José;Muñoz; ;\u200b\n", ";", "utf-8"},
		"a column between":       {"test_id;;candidate_id;given_name;family_name\nM1;;c1;Åse;Bjørnsen-Dæhli\nM1;;c2;José;Muñoz\n", ";", "utf-8"},
		"names as people write":  {"Test ID;Candidate-ID;Given name;FAMILY NAME\nM1;c1;Åse;Bjørnsen-Dæhli\nM1;c2;José;Muñoz\n", ";", "utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, found, err := readRoster(strings.NewReader(c.text), 10)
			if err != nil {
				t.Fatalf("%v: %+v", err, fault.Public(err).Details)
			}
			if found.Separator != c.separator || found.Charset != c.charset || found.Rows != 2 || !slices.Equal(found.Columns, []string{"test_id", "candidate_id", "given_name", "family_name"}) ||
				!slices.Equal(found.Samples, []string{"Åse", "Bjørnsen-Dæhli", "José", "Muñoz"}) {
				t.Errorf("%+v", found)
			}
			if len(rows) != 2 || rows[0].cells["family_name"] != "Bjørnsen-Dæhli" || rows[1].cells["given_name"] != "José" {
				t.Errorf("%+v", rows)
			}
		})
	}
}

// TestSheetsInDoubt: what may be something else is not taken, and the row is named.
func TestSheetsInDoubt(t *testing.T) {
	const head = "test_id,candidate_id,given_name\nM1,c1,Ann\n"
	for name, c := range map[string]struct{ text, field string }{
		"Macintosh":              {encoded(t, charmap.Macintosh, head+"M1,c2,Kåre\n"), "row 3"},
		"Macintosh, ø":           {encoded(t, charmap.Macintosh, head+"M1,c2,Bjørn\n"), "row 3"},
		"DOS":                    {encoded(t, charmap.CodePage850, head+"M1,c2,Sæther\n"), "row 3"},
		"DOS, å":                 {encoded(t, charmap.CodePage850, head+"M1,c2,Kåre\n"), "row 3"},
		"Cyrillic":               {encoded(t, charmap.Windows1251, head+"M1,c2,Иван\n"), "row 3"},
		"Greek":                  {encoded(t, charmap.Windows1253, head+"M1,c2,Κώστας\n"), "row 3"},
		"Arabic":                 {encoded(t, charmap.Windows1256, head+"M1,c2,محمد\n"), "row 3"},
		"Polish":                 {encoded(t, charmap.Windows1250, head+"M1,c2,Łukasz\n"), "row 3"},
		"Polish, ł":              {encoded(t, charmap.Windows1250, head+"M1,c2,Michał Wałęsa\n"), "row 3"},
		"two charsets":           {head + "M1,c2,K\xe5re\nM1,c3,Åse\n", "row 4"},
		"UTF-16 cut short":       {encoded(t, utf16.UTF16(utf16.LittleEndian, utf16.UseBOM), head) + "a", "row 3"},
		"half a pair":            {encoded(t, utf16.UTF16(utf16.LittleEndian, utf16.UseBOM), head) + "\x00\xd8a\x00\n\x00", "row 3"},
		"a workbook":             {"PK\x03\x04rest", ""},
		"a cell below no name":   {head + "M1,c2,Bo,,stray\n", "row 3, column 5"},
		"below an empty name":    {"test_id,,candidate_id,given_name\nM1,,c1,A\nM1,x,c2,B\n", "row 3, column 2"},
		"rows of a sheet":        {"sep=,\n" + head + "M1,c2\n", "row 3"}, // no spreadsheet shows the first line
		"carriage returns alone": {strings.ReplaceAll(head+"M1,c2\n", "\n", "\r"), "row 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readRoster(strings.NewReader(c.text), 10)
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v", err)
			}
			if d := fault.Public(err).Details; c.field != "" && (len(d) != 1 || d[0].Field != c.field || d[0].Message == "") {
				t.Errorf("%+v, want %s", d, c.field)
			}
		})
	}
}
