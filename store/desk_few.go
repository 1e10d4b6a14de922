package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
)

// deskPicks is how many conversations are picked before what is seen of them is read.
// Tests make it small.
var deskPicks = 4000

// few limits the question to those who alone can be chosen, if something that few meet
// is asked and an index leads to them: what is unread, what is overdue, and the people themselves.
func (q *deskQuery) few(ctx context.Context) error {
	if q.f.Folder == domain.FolderUnread {
		unread, err := q.s.unread(ctx, q.org, q.staff)
		if err != nil || unread != nil {
			q.only = unread
			return err
		}
	}
	if q.f.Overdue {
		args := []any{q.org}
		overdue, err := q.upTo(ctx, q.overdue(&args), args, deskPicks)
		if err != nil || overdue != nil {
			q.only = overdue
			return err
		}
	}
	people, _ := q.people()
	indexed := people
	indexed.State, indexed.Kind = nil, nil // most are in one of the states and kinds that are asked for
	if indexed.Empty() {
		return nil
	}
	most := deskPicks
	if q.narrowed() {
		most /= 3 // a glance is quicker than to look at so many one by one
	}
	args := []any{q.org}
	chosen, err := q.upTo(ctx, `SELECT p.no FROM people p WHERE p.organisation_id = $1 AND p.kind = 'candidate'`+q.s.matches(people, q.seen, &args)+q.s.seesPeople(q.seen, &args), args, most)
	if err != nil {
		return err
	}
	q.only, q.met = chosen, chosen != nil
	return nil
}

// upTo returns the numbers that a statement selects, nil if they are more than most.
func (q deskQuery) upTo(ctx context.Context, text string, args []any, most int) ([]domain.PersonNo, error) {
	out := []domain.PersonNo{}
	if err := q.s.list(ctx, &out, text+fmt.Sprintf(" LIMIT %d", most+1), args...); err != nil || len(out) > most {
		return nil, err
	}
	return out, nil
}

// picks are those who meet the conditions as whole conversations: who does not, does not
// by a part either. nil: nothing is asked of them, or too many meet it.
func (q deskQuery) picks(ctx context.Context) ([]domain.PersonNo, error) {
	q.v = "c"
	args := []any{q.org}
	conditions := q.conditions(&args)
	with := q.asked(&args)
	if conditions == "" && with == "" && q.shelf() == "0" {
		return nil, nil
	}
	return q.upTo(ctx, with+"SELECT c.person_no FROM conversations c"+q.joins(&args, false)+" WHERE c.organisation_id = $1 AND c.shelf = "+q.shelf()+conditions+
		q.s.seesPerson("c.person_no", q.seen, &args), args, deskPicks)
}
