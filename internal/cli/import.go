package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"crier/internal/app"
	"crier/internal/domain"
)

type importCmd struct {
	Organisation string `required:"" help:"The organisation's slug."`
	Roster       string `arg:"" help:"CSV file, - for standard input. Columns: test_id, test_name, candidate_id, given_name, family_name, login, password, email, phone, room, seat, extra_minutes, tags."`
	DryRun       bool   `help:"Check the roster and say what would be imported; nothing is."`
}

// Run imports a roster: all of it, or, with every fault named by row and column,
// nothing.
func (c importCmd) Run(w *world) error {
	in := w.stdin
	if c.Roster != "-" {
		f, err := os.Open(c.Roster)
		if err != nil {
			return fmt.Errorf("open the roster: %w", err)
		}
		defer func() { _ = f.Close() }() // only read
		in = io.Reader(f)
	}
	return w.in(c.Organisation, func(ctx context.Context, n *app.Node, actor domain.Actor) error {
		do := n.Roster.Import
		if c.DryRun {
			do = n.Roster.TryImport
		}
		out, err := do(ctx, actor, in)
		if err != nil {
			return err
		}
		r := out.Recognised
		if _, err := fmt.Fprintf(w.out, "Recognised: %d rows, separator %q, charset %s, columns %s.\n", r.Rows, r.Separator, r.Charset, strings.Join(r.Columns, ", ")); err != nil {
			return err
		}
		if len(r.Samples) > 0 {
			if _, err := fmt.Fprintf(w.out, "Letters as they were read: %s.\n", strings.Join(r.Samples, "; ")); err != nil {
				return err
			}
		}
		if c.DryRun {
			if _, err := fmt.Fprintln(w.out, "Nothing was imported. It would be:"); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(w.out, "People: %d new, %d changed, %d as before. Tests: %d new, %d changed. Enrolments: %d new, %d changed, %d as before.\n",
			out.People.Created, out.People.Updated, out.People.Unchanged, out.Exams.Created, out.Exams.Updated,
			out.Enrolments.Created, out.Enrolments.Updated, out.Enrolments.Unchanged)
		return err
	})
}
