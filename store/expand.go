package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"time"

	"crier/internal/domain"
)

// A sending to many is one entry with its frozen audience. Expanding it makes what reading needs of
// it: a row of messages for each recipient, its copies and pushes, the words it is found by, and
// then the places of its conversations in lists. That takes a while for many recipients, and SQLite
// has one writer; so it is done in slices of a few milliseconds, between which others write. Two
// cursors in expansions say how far it has come, so that all nodes and readers share the work:
//
//	sendings   1 ········ 2 ········ 3 ········ 4
//	messages   ━━━━━━━━━━━━━━━━━━━━━━━━━━━▶             expanded = 2, part = recipients of 3 that have theirs
//	lists      ━━━━━━━━━━▶                              listed = 1
//
// Lists are moved for several sendings together: a person's conversation moves once for all of them.
// Whoever needs the messages of a few people alone makes these people's rows and waits for nobody
// (ExpandFor).

// sliceMax is how many recipients, or conversations, one transaction expands. Tests make it small.
var sliceMax = 250

// expandBatch is how many sendings are looked at together at most.
const expandBatch = 16

// toExpand says whether there is a sending that is not expanded yet, in its messages or in lists.
const toExpand = `SELECT EXISTS (SELECT 1 FROM entries e WHERE e.organisation_id = $1 AND e.kind = 'broadcast.sent'
	AND e."offset" > (SELECT listed FROM expansions WHERE organisation_id = $1))`

// Expand makes the per-person message rows of every sending up to the journal's head, stopped for
// those who are blocked (stop.go), moves their conversations, and makes the sendings findable. It is
// idempotent and belongs to nobody: whoever reads or writes messages calls it first, so no reader
// sees a table that lags. When nothing is to be done it costs one small query and takes no lock.
func (s *Store) Expand(ctx context.Context, org domain.OrganisationID) error {
	return s.ExpandGently(ctx, org, 0)
}

// ExpandGently is Expand with a pause after each slice: for whoever expands before anybody needs it, so
// that a sending that comes meanwhile has the processor too.
func (s *Store) ExpandGently(ctx context.Context, org domain.OrganisationID, pause time.Duration) error {
	for {
		var behind bool
		err := s.get(ctx, &behind, toExpand, org)
		if err != nil {
			return fmt.Errorf("compare expansion: %w", err)
		}
		if !behind {
			return nil
		}
		if err := s.write(ctx, org, func(tx *Tx) error { return tx.expand(ctx) }); err != nil {
			return fmt.Errorf("expand: %w", err)
		}
		if pause > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		}
	}
}

// expansion is a row of expansions.
type expansion struct {
	Expanded   int64
	Part       int
	Listed     int64
	ListTo     int64 `db:"list_to"`
	ListPerson int64 `db:"list_person"`
}

// expand does one slice. The lock order is journals, then expansions; this reads entries without a
// lock on journals and so can hold expansions alone. Commit order is offset order: whatever is
// before a sending that can be seen can be seen.
func (t *Tx) expand(ctx context.Context) error {
	var x expansion
	err := t.Get(ctx, &x, `SELECT expanded, part, listed, list_to, list_person FROM expansions WHERE organisation_id = $1`+t.s.d.forUpdate, t.org)
	if err != nil {
		return err
	}
	pending, err := t.s.sendings(ctx, t.Select, t.org, x.Expanded, 1<<62)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		err = t.expandMessages(ctx, &x, pending)
	} else {
		err = t.expandLists(ctx, &x)
	}
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `UPDATE expansions SET expanded = $2, part = $3, listed = $4, list_to = $5, list_person = $6 WHERE organisation_id = $1`,
		t.org, x.Expanded, x.Part, x.Listed, x.ListTo, x.ListPerson)
	return err
}

// expandMessages makes the messages of one slice: of a part of a sending, or of several small ones.
func (t *Tx) expandMessages(ctx context.Context, x *expansion, pending []*audience) error {
	set, err := t.settings(ctx)
	if err != nil {
		return err
	}
	var rows newMessages
	left := sliceMax
	for _, a := range pending {
		if left == 0 {
			break
		}
		people := a.part(x.Part, left)
		if x.Part == 0 {
			err := t.index(ctx, []searchRow{{offset: a.offset, group: a.group, kind: searchMessage,
				words: searchWords(a.text.Subject, a.text.Body, fileNames(a.text.Attachments))}})
			if err != nil {
				return err
			}
		}
		rows.add(a, people)
		if err := t.expandCopies(ctx, set, a, people); err != nil {
			return err
		}
		left -= len(people)
		if x.Part += len(people); x.Part < a.total {
			break
		}
		x.Expanded, x.Part = a.offset, 0
	}
	if err := t.insertMessages(ctx, rows); err != nil {
		return err
	}
	return t.expandPushes(ctx, rows)
}

// newMessage is a message to be made.
type newMessage struct {
	offset    int64
	person    domain.PersonNo
	group     domain.GroupID
	room      string
	elsewhere bool      // the person meets it by its copies alone
	of        *audience // the sending that it is of
}

// MarshalJSON makes the array that dialect.Rows reads with newMessageColumns.
func (r newMessage) MarshalJSON() ([]byte, error) {
	elsewhere := 0
	if r.elsewhere {
		elsewhere = 1
	}
	return json.Marshal([]any{r.offset, r.person, r.group, r.room, elsewhere})
}

type newMessages []newMessage

func (r *newMessages) add(a *audience, people []recipient) {
	for _, p := range people {
		*r = append(*r, newMessage{a.offset, p.no, a.group, p.room, a.text.Elsewhere, a})
	}
}

// moving says how the messages move conversations, by person.
func (r newMessages) moving() []moving {
	all := movings{}
	for _, row := range r {
		all.add(row.person, row.group, row.offset)
	}
	return all.sorted()
}

// newMessageColumns describe newMessages to dialect.Rows.
var newMessageColumns = []string{"o", "p", "g text", "room text", "elsewhere"}

// insertMessages makes rows that are not there yet. Who was resolved may have been locked, or have
// left, since.
func (t *Tx) insertMessages(ctx context.Context, rows newMessages) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := t.Exec(ctx, `INSERT INTO messages (organisation_id, "offset", person_no, group_id, room, elsewhere, stopped, seat)
		SELECT $1, r.o, r.p, r.g, r.room, r.elsewhere, CASE WHEN r.elsewhere = 1 THEN '' ELSE coalesce(
			(SELECT 'locked' FROM people b WHERE b.organisation_id = $1 AND b.no = r.p AND b.state = 'locked'),
			CASE WHEN e.state = 'left' THEN 'left' END, '') END, e.seat
		FROM `+t.s.d.Rows("$2", newMessageColumns...)+` AS r
		LEFT JOIN enrolments e ON e.organisation_id = $1 AND e.group_id = r.g AND e.person_no = r.p
		WHERE true ORDER BY r.o, r.p ON CONFLICT DO NOTHING`, t.org, jsonOf(rows))
	if err != nil {
		return fmt.Errorf("make messages: %w", err)
	}
	return nil
}

// ExpandFor makes the messages of these people alone, of every sending up to the journal's head: what
// reading their messages needs. It does not wait for a sending's other recipients, and it moves
// nothing in lists. When nothing is to be done it costs one small query and takes no lock.
func (s *Store) ExpandFor(ctx context.Context, org domain.OrganisationID, people ...domain.PersonNo) error {
	rows, err := s.unexpanded(ctx, s.list, org, people, false)
	if err == nil && len(rows) > 0 {
		err = s.write(ctx, org, func(tx *Tx) error { return tx.insertMessages(ctx, rows) })
	}
	if err != nil {
		return fmt.Errorf("expand for some people: %w", err)
	}
	return nil
}

// expandThreadsFor is ExpandFor and moves the conversations and threads of these people as well: what
// deciding on their own messages needs.
func (s *Store) expandThreadsFor(ctx context.Context, org domain.OrganisationID, people ...domain.PersonNo) error {
	rows, err := s.unexpanded(ctx, s.list, org, people, true)
	if err == nil && len(rows) > 0 {
		err = s.write(ctx, org, func(tx *Tx) error {
			if err := tx.insertMessages(ctx, rows); err != nil {
				return err
			}
			return tx.moveLists(ctx, rows.moving())
		})
	}
	if err != nil {
		return fmt.Errorf("expand for some people: %w", err)
	}
	return nil
}

// expandFor is Store.ExpandFor of what the transaction sees; it makes the copies as well.
func (t *Tx) expandFor(ctx context.Context, people []domain.PersonNo) error {
	rows, err := t.s.unexpanded(ctx, t.Select, t.org, people, false)
	if err == nil && len(rows) > 0 {
		err = t.insertMessages(ctx, rows)
	}
	var set domain.Settings
	if err == nil && len(rows) > 0 {
		set, err = t.settings(ctx)
	}
	for i := 0; i < len(rows) && err == nil; {
		a := rows[i].of
		var some []recipient
		for ; i < len(rows) && rows[i].of == a; i++ {
			some = append(some, recipient{rows[i].person, rows[i].room})
		}
		err = t.expandCopies(ctx, set, a, some)
	}
	if err != nil {
		return fmt.Errorf("expand for some people: %w", err)
	}
	return nil
}

// unexpanded returns the messages that these people should have and do not have yet, or with lists
// that have not moved their threads yet.
func (s *Store) unexpanded(ctx context.Context, read selector, org domain.OrganisationID, people []domain.PersonNo, lists bool) (rows newMessages, err error) {
	cursor, lags := "expanded", "m.person_no IS NULL"
	if lists {
		cursor, lags = "listed", "(m.person_no IS NULL OR coalesce(t.out_offset, 0) < r.o)"
	}
	var cursors []int64
	if err := read(ctx, &cursors, `SELECT `+cursor+` FROM expansions WHERE organisation_id = $1`, org); err != nil || len(cursors) == 0 {
		return nil, err
	}
	for after := cursors[0]; ; {
		pending, err := s.sendings(ctx, read, org, after, 1<<62)
		if err != nil {
			return nil, err
		}
		for _, a := range pending {
			after = a.offset
			rows.add(a, a.of(people))
		}
		if len(pending) < expandBatch {
			break
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	lagging := map[[2]int64]bool{}
	var pairs []struct {
		Offset int64
		Person int64 `db:"person_no"`
	}
	err = read(ctx, &pairs, `SELECT r.o AS "offset", r.p AS person_no FROM `+s.d.Rows("$2", newMessageColumns...)+` AS r
		LEFT JOIN messages m ON m.organisation_id = $1 AND m."offset" = r.o AND m.person_no = r.p
		LEFT JOIN threads t ON t.organisation_id = $1 AND t.person_no = r.p AND t.group_id = r.g WHERE `+lags, org, jsonOf(rows))
	if err != nil {
		return nil, fmt.Errorf("read which messages are there: %w", err)
	}
	for _, p := range pairs {
		lagging[[2]int64{p.Offset, p.Person}] = true
	}
	return slices.DeleteFunc(rows, func(r newMessage) bool {
		return !lagging[[2]int64{r.offset, int64(r.person)}]
	}), nil
}

// moving is how sendings move one person's conversation.
type moving struct {
	no      domain.PersonNo
	last    int64
	threads map[domain.GroupID]int64
}

type movings map[domain.PersonNo]*moving

func (all movings) add(no domain.PersonNo, group domain.GroupID, offset int64) {
	m := all[no]
	if m == nil {
		m = &moving{no: no, threads: map[domain.GroupID]int64{}}
		all[no] = m
	}
	m.last = max(m.last, offset)
	m.threads[group] = max(m.threads[group], offset)
}

func (all movings) sorted() []moving {
	out := make([]moving, 0, len(all))
	for _, m := range all {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b moving) int { return cmp.Compare(a.no, b.no) })
	return out
}

// expandLists moves one slice of the conversations and threads of who got the sendings after
// x.Listed, for all of these together. That nobody has answered a conversation stays as it is: a
// sending to many is no answer. Rows are taken in the order that touches.write takes them in.
func (t *Tx) expandLists(ctx context.Context, x *expansion) error {
	to := x.ListTo
	if to == 0 {
		to = x.Expanded
	}
	list, err := t.s.sendings(ctx, t.Select, t.org, x.Listed, to)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		x.Listed, x.ListTo, x.ListPerson = x.Expanded, 0, 0
		return nil
	}
	x.ListTo = list[len(list)-1].offset
	slice := nextMoving(list, domain.PersonNo(x.ListPerson), sliceMax)
	if len(slice) > 0 {
		if err := t.moveLists(ctx, slice); err != nil {
			return err
		}
		x.ListPerson = int64(slice[len(slice)-1].no)
	}
	if len(slice) < sliceMax {
		t.s.expanding.drop(t.org, x.ListTo)
		x.Listed, x.ListTo, x.ListPerson = x.ListTo, 0, 0
	}
	return nil
}

// nextMoving returns the n people after one, ascending, whose conversations the sendings move.
func nextMoving(list []*audience, after domain.PersonNo, n int) []moving {
	all := movings{}
	for _, a := range list {
		for _, room := range a.rooms {
			from := sort.Search(len(room.People), func(i int) bool { return room.People[i] > after })
			// Of any room no more than n can be among the first n.
			for _, no := range room.People[from:min(from+n, len(room.People))] {
				all.add(no, a.group, a.offset)
			}
		}
	}
	out := all.sorted()
	return out[:min(n, len(out))]
}

func (t *Tx) moveLists(ctx context.Context, slice []moving) error {
	d := t.s.d
	var conversations, threads [][]any
	for _, m := range slice {
		conversations = append(conversations, []any{m.no, m.last})
		for group, last := range m.threads {
			threads = append(threads, []any{m.no, group, last})
		}
	}
	forward := ` DO UPDATE SET last_offset = ` + d.greatest + `(c.last_offset, excluded.last_offset), out_offset = ` + d.greatest + `(c.out_offset, excluded.out_offset)`
	_, err := t.Exec(ctx, `INSERT INTO conversations AS c (organisation_id, person_no, sort_name, last_offset, out_offset, channels)
		SELECT $1, r.p, coalesce((SELECT p.sort_name FROM people p WHERE p.organisation_id = $1 AND p.no = r.p), ''), r.o, r.o, ''
		FROM `+d.Rows("$2", "p", "o")+` AS r WHERE true ORDER BY r.p
		ON CONFLICT (organisation_id, person_no)`+forward, t.org, jsonOf(conversations))
	if err != nil {
		return fmt.Errorf("move conversations: %w", err)
	}
	_, err = t.Exec(ctx, `INSERT INTO threads AS c (organisation_id, person_no, group_id, last_offset, out_offset)
		SELECT $1, r.p, r.g, r.o, r.o FROM `+d.Rows("$2", "p", "g text", "o")+` AS r WHERE true ORDER BY r.p, r.g
		ON CONFLICT (organisation_id, person_no, group_id)`+forward, t.org, jsonOf(threads))
	if err != nil {
		return fmt.Errorf("move threads: %w", err)
	}
	return nil
}
