package record

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

var csvHeader = []string{"time", "kind", "by", "role", "test", "summary", "subject", "body", "recipients_count", "recipients", "hash"}

// WriteCSV writes every entry that the actor may read and the filter chooses,
// newest first, as it reads them. Recipients are "candidate id (room)". Cells that a
// spreadsheet would take for a formula are led by an apostrophe. Errors: as List's, before
// anything is written.
func (s *Service) WriteCSV(ctx context.Context, actor domain.Actor, f Filter, w io.Writer) error {
	sc, err := scope(actor)
	if err != nil {
		return err
	}
	if err := f.validate(); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return err
	}
	n := 0
	_, _, err = s.walk(ctx, actor, f, 0, int(^uint(0)>>1), func(e Entry, raw *journal.Entry) (bool, error) {
		row := []string{e.At.UTC().Format(time.RFC3339Nano), string(e.Kind), e.Actor.Name, string(e.Actor.Role), "", e.Summary, e.Subject, e.Body, "", "", e.Hash}
		if e.Test != nil {
			row[4] = e.Test.Name
		}
		if raw.Kind == journal.KindBroadcastSent {
			full, err := s.store.Entry(ctx, raw.Organisation, raw.Offset) // lists come without the audience
			if err != nil {
				return false, err
			}
			people, err := s.people(ctx, sc, full)
			if err != nil {
				return false, err
			}
			list := make([]string, len(people))
			for i, p := range people {
				list[i] = p.ExternalID
				if p.Room != "" {
					list[i] += " (" + p.Room + ")"
				}
			}
			row[8], row[9] = strconv.Itoa(len(people)), strings.Join(list, "; ")
		}
		for i := range row {
			row[i] = domain.Cell(row[i])
		}
		if err := out.Write(row); err != nil {
			return false, err
		}
		if n++; n%100 == 0 {
			out.Flush()
		}
		return true, out.Error()
	})
	out.Flush()
	if err != nil {
		return err
	}
	return out.Error()
}
