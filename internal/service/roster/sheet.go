package roster

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"crier/internal/domain"
	"crier/internal/fault"
)

// maxSheet is the most bytes of a roster.
const maxSheet = 64 << 20

// Recognised is what was recognised of a roster before it was read.
type Recognised struct {
	Separator string   `json:"separator"` // ",", ";", "|" or a tab
	Charset   string   `json:"charset"`   // utf-8, utf-16 or windows-1252
	Columns   []string `json:"columns"`   // by their names in Crier, in their order
	Rows      int      `json:"rows"`      // that say something
	Samples   []string `json:"samples"`   // the first cells with letters beyond ASCII, as they were read
}

// maxSamples is how many cells with other letters are shown.
const maxSamples = 5

// separators are those that are recognised, the likeliest first.
var separators = []rune{',', ';', '\t', '|'}

// announced is the line by which a spreadsheet says its separator. No spreadsheet shows it as a row.
var announced = regexp.MustCompile(`(?i)^"?sep=([,;|\t])"?$`)

// readRoster reads the lines of a roster, as spreadsheets write them: in UTF-8, UTF-16 or windows-1252; with
// commas, semicolons, tabs or bars between; with empty rows and columns at the end.
func readRoster(r io.Reader, most int) ([]row, Recognised, error) {
	var found Recognised
	raw, err := io.ReadAll(io.LimitReader(r, maxSheet+1))
	if err != nil {
		return nil, found, fault.Wrap(err, fault.Malformed, "the roster could not be read")
	}
	if len(raw) > maxSheet {
		return nil, found, fault.Over("roster", maxSheet, int64(len(raw)), "the roster is larger than %d bytes", maxSheet)
	}
	text, charset, err := decode(raw)
	if err != nil {
		return nil, found, err
	}
	text = strings.ReplaceAll(text, "\r\r\n", "\n")
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	if domain.Blank(text) {
		return nil, found, fault.Field("roster", "the roster is empty")
	}
	comma, text := separatorOf(text)
	found.Charset, found.Separator = charset, string(comma)
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = comma, -1
	names, err := reader.Read()
	if err != nil {
		return nil, found, badLine(err, 1)
	}
	if err := checkColumns(names); err != nil {
		return nil, found, err
	}
	rows, err := readRows(reader, names, most)
	if err != nil {
		return nil, found, err
	}
	if len(rows) == 0 {
		return nil, found, fault.Field("roster", "the roster has column names and no rows")
	}
	found.Columns = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" })
	found.Rows, found.Samples = len(rows), samples(rows, found.Columns)
	return rows, found, nil
}

// separatorOf returns what stands between a roster's cells, and the text without a line that only says so. It is what
// gives the first row most of the names that columns have.
func separatorOf(text string) (rune, string) {
	first, rest, _ := strings.Cut(text, "\n")
	if m := announced.FindStringSubmatch(strings.TrimRight(first, "\r")); m != nil {
		return []rune(m[1])[0], rest
	}
	best, most := separators[0], -1
	for _, s := range separators {
		known := 0
		for _, name := range strings.Split(first, string(s)) {
			if slices.Contains(columns, columnName(strings.Trim(strings.TrimSpace(name), `"`))) {
				known++
			}
		}
		// One known name is what any separator leaves of a single column.
		if n := 1000*known + strings.Count(first, string(s)); n > most {
			best, most = s, n
		}
	}
	return best, text
}

// columnName is how a column is compared: "Candidate ID" is candidate_id.
func columnName(s string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(domain.Tidy(s)))
}

// readRows reads the rows below the names. Rows and columns without a name in which nothing stands are left out.
func readRows(reader *csv.Reader, names []string, most int) ([]row, error) {
	var rows []row
	var wrong []fault.Detail
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, badLine(err, 0)
		}
		line, _ := reader.FieldPos(0)
		if !slices.ContainsFunc(record, func(c string) bool { return !domain.Blank(c) }) {
			continue
		}
		if len(rows) == most {
			return nil, fault.Over("rows", int64(most), int64(most+1), "the roster has more than %d rows", most)
		}
		if len(record) < len(names) && slices.ContainsFunc(names[len(record):], func(n string) bool { return n != "" }) {
			wrong = append(wrong, fault.Detail{Field: fmt.Sprintf("row %d", line), Message: fmt.Sprintf("this row has %d cells and the first has %d", len(record), len(names))})
			continue
		}
		cells := make(map[string]string, len(names))
		for i, cell := range record {
			if i < len(names) && names[i] != "" {
				cells[names[i]] = domain.Tidy(cell)
			} else if !domain.Blank(cell) {
				wrong = append(wrong, fault.Detail{Field: fmt.Sprintf("row %d, column %d", line, i+1), Message: "this cell stands below no column name"})
			}
		}
		rows = append(rows, row{line, cells})
	}
	if len(wrong) > 0 {
		return nil, fault.Many(fault.Invalid, wrong[:min(len(wrong), maxDetails)], "%d rows do not fit the columns; nothing was imported", len(wrong))
	}
	return rows, nil
}

// samples are the first cells with letters beyond ASCII, each once: whether they are right shows whether the charset is.
func samples(rows []row, columns []string) []string {
	out := []string{}
	for _, r := range rows {
		for _, name := range columns {
			cell := r.cells[name]
			if name == "password" || !strings.ContainsFunc(cell, func(c rune) bool { return c > unicode.MaxASCII && unicode.IsLetter(c) }) || slices.Contains(out, clip(cell)) {
				continue
			}
			if out = append(out, clip(cell)); len(out) == maxSamples {
				return out
			}
		}
	}
	return out
}
