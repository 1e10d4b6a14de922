package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"crier/internal/app"
	"crier/internal/domain"
)

type importCmd struct {
	Organisation string `required:"" help:"The organisation's slug."`
	Roster       string `arg:"" help:"CSV file, - for standard input. Columns: test_id, test_name, candidate_id, given_name, family_name, login, password, email, phone, room, seat, extra_minutes, tags."`
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
		out, err := n.Roster.Import(ctx, actor, in)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "People: %d new, %d changed, %d as before. Tests: %d new, %d changed. Enrolments: %d new, %d changed, %d as before.\n",
			out.People.Created, out.People.Updated, out.People.Unchanged, out.Exams.Created, out.Exams.Updated,
			out.Enrolments.Created, out.Enrolments.Updated, out.Enrolments.Unchanged)
		return err
	})
}
