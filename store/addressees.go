package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Addressee returns a candidate as messages in their conversation are decided on,
// with where staff have spoken to them. Errors: NotFound, Unavailable.
func (s *Store) Addressee(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (*domain.Addressee, error) {
	if err := s.expandThreadsFor(ctx, org, no); err != nil {
		return nil, err
	}
	r := addresseeReader{d: s.d, list: s.list, org: org}
	found, err := r.people(ctx, `p.no = $2`, no)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "no such candidate")
	}
	if err := r.groups(ctx, found); err != nil {
		return nil, err
	}
	return found[0].Addressee, r.spoken(ctx, found)
}

// addressee is one with what the store alone needs of them.
type addressee struct {
	*domain.Addressee
	out int64 // offset of the newest message to them
}

// addresseeReader reads candidates, inside a transaction or outside.
type addresseeReader struct {
	d    *dialect
	list selector
	org  domain.OrganisationID
}

// people reads candidates themselves and who has claimed them. where may use $2 and on.
func (r addresseeReader) people(ctx context.Context, where string, args ...any) ([]*addressee, error) {
	var rows []struct {
		No         int64
		ID         string
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
		State      string
		SortName   string `db:"sort_name"`
		Settings   string
		Assigned   int64
		OutOffset  int64 `db:"out_offset"`
	}
	const of = ` FROM conversations c WHERE c.organisation_id = $1 AND c.person_no = p.no), 0) AS `
	err := r.list(ctx, &rows, `SELECT p.no, p.id, p.given_name, p.family_name, p.state, p.sort_name, (SELECT o.settings FROM organisations o WHERE o.id = $1) AS settings,
			coalesce((SELECT c.assigned_no`+of+`assigned, coalesce((SELECT c.out_offset`+of+`out_offset
		FROM people p WHERE p.organisation_id = $1 AND p.kind = 'candidate' AND `+where, append([]any{r.org}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read whom it goes to: %w", err)
	}
	out := make([]*addressee, len(rows))
	for i, row := range rows {
		a := &domain.Addressee{
			No: domain.PersonNo(row.No), ID: domain.PersonID(row.ID), Name: domain.Person{GivenName: row.GivenName, FamilyName: row.FamilyName}.Name(),
			SortName: row.SortName, State: domain.PersonState(row.State), Assigned: domain.PersonNo(row.Assigned),
			Spoken: map[domain.GroupID]int64{}, Received: map[int64]domain.GroupID{},
		}
		if i > 0 && row.Settings == rows[0].Settings {
			a.Settings = out[0].Settings
		} else if err := json.Unmarshal([]byte(row.Settings), &a.Settings); err != nil {
			return nil, fmt.Errorf("settings of organisation %d: %w", r.org, err)
		}
		out[i] = &addressee{Addressee: a, out: row.OutOffset}
	}
	return out, r.assigned(ctx, out)
}

// assigned reads the names of who has claimed their conversations.
func (r addresseeReader) assigned(ctx context.Context, of []*addressee) error {
	var nos []domain.PersonNo
	for _, a := range of {
		if a.Assigned != 0 {
			nos = append(nos, a.Assigned)
		}
	}
	if len(nos) == 0 {
		return nil
	}
	var rows []struct {
		No         int64
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
	}
	err := r.list(ctx, &rows, `SELECT no, given_name, family_name FROM people WHERE organisation_id = $1 AND no IN `+inline(nos), r.org)
	if err != nil {
		return fmt.Errorf("read who has claimed it: %w", err)
	}
	names := map[domain.PersonNo]string{}
	for _, row := range rows {
		names[domain.PersonNo(row.No)] = domain.Person{GivenName: row.GivenName, FamilyName: row.FamilyName}.Name()
	}
	for _, a := range of {
		a.AssignedName = cmp.Or(names[a.Assigned], "a colleague")
	}
	return nil
}

// groups reads which groups they are and were in.
func (r addresseeReader) groups(ctx context.Context, of []*addressee) error {
	if len(of) == 0 {
		return nil
	}
	var rows []struct {
		Person   int64 `db:"person_no"`
		Group    string
		Room     string
		Seat     string
		State    string
		Kind     string
		Name     string
		Replies  string
		Starts   string
		StartsAt int64 `db:"starts_at"`
		EndsAt   int64 `db:"ends_at"`
	}
	err := r.list(ctx, &rows, `SELECT e.person_no, e.group_id AS "group", e.room, e.seat, e.state, g.kind, g.name, g.replies, g.starts, g.starts_at, g.ends_at
		FROM enrolments e JOIN groups g ON g.organisation_id = e.organisation_id AND g.id = e.group_id
		WHERE e.organisation_id = $1 AND e.person_no IN `+inline(numbers(of))+` ORDER BY e.person_no, g.starts_at, g.name, g.id`, r.org)
	if err != nil {
		return fmt.Errorf("read the groups of whom it goes to: %w", err)
	}
	byNo := byNumber(of)
	for _, row := range rows {
		a := byNo[domain.PersonNo(row.Person)]
		a.Groups = append(a.Groups, domain.Membership{
			Group: domain.GroupID(row.Group), Kind: domain.GroupKind(row.Kind), Name: row.Name, Room: row.Room, Seat: row.Seat, State: domain.EnrolmentState(row.State),
			Policy:   domain.GroupPolicy{Replies: domain.Choice(row.Replies), Starts: domain.Choice(row.Starts)},
			StartsAt: timeOf(row.StartsAt), EndsAt: timeOf(row.EndsAt),
		})
	}
	return nil
}

// spoken reads where staff have written to them.
func (r addresseeReader) spoken(ctx context.Context, of []*addressee) error {
	if len(of) == 0 {
		return nil
	}
	var rows []struct {
		Person int64  `db:"person_no"`
		Group  string `db:"group_id"`
		Out    int64  `db:"out_offset"`
	}
	err := r.list(ctx, &rows, `SELECT person_no, group_id, out_offset FROM threads WHERE organisation_id = $1 AND out_offset <> 0 AND person_no IN `+inline(numbers(of)), r.org)
	if err != nil {
		return fmt.Errorf("read where staff have written: %w", err)
	}
	byNo := byNumber(of)
	for _, row := range rows {
		byNo[domain.PersonNo(row.Person)].Spoken[domain.GroupID(row.Group)] = row.Out
	}
	return nil
}

// received reads where the messages belong that candidates answer: pairs of offset and
// person.
func (r addresseeReader) received(ctx context.Context, of []*addressee, asked [][2]int64) error {
	if len(asked) == 0 {
		return nil
	}
	var rows []struct {
		Person int64 `db:"person_no"`
		Offset int64
		Group  string `db:"group_id"`
	}
	err := r.list(ctx, &rows, `SELECT m.person_no, m."offset", m.group_id FROM `+r.d.Rows("$2", "o", "p")+` AS r
		JOIN messages m ON m.organisation_id = $1 AND m."offset" = r.o AND m.person_no = r.p`, r.org, jsonOf(asked))
	if err != nil {
		return fmt.Errorf("read what is answered: %w", err)
	}
	byNo := byNumber(of)
	for _, row := range rows {
		byNo[domain.PersonNo(row.Person)].Received[row.Offset] = domain.GroupID(row.Group)
	}
	return nil
}

// answers reads what staff have written since: pairs of offset and person.
func (r addresseeReader) answers(ctx context.Context, of []*addressee, since [][2]int64) error {
	if len(since) == 0 {
		return nil
	}
	var rows []struct {
		Person    int64 `db:"person_no"`
		Offset    int64
		Group     string `db:"group_id"`
		ActorKind string `db:"actor_kind"`
		ActorID   string `db:"actor_id"`
		ActorName string `db:"actor_name"`
		ActorRole string `db:"actor_role"`
	}
	err := r.list(ctx, &rows, `SELECT DISTINCT m.person_no, m."offset", m.group_id, e.actor_kind, e.actor_id, e.actor_name, e.actor_role
		FROM `+r.d.Rows("$2", "o", "p")+` AS r
		JOIN messages m ON m.organisation_id = $1 AND m.person_no = r.p AND m."offset" > r.o AND m.inbound = 0
		JOIN entries e ON e.organisation_id = $1 AND e."offset" = m."offset" AND e.kind = 'message.sent' ORDER BY m."offset"`, r.org, jsonOf(since))
	if err != nil {
		return fmt.Errorf("read who has answered: %w", err)
	}
	byNo := byNumber(of)
	for _, row := range rows {
		a := byNo[domain.PersonNo(row.Person)]
		a.Answers = append(a.Answers, domain.Answer{Offset: row.Offset, Group: domain.GroupID(row.Group),
			By: domain.ActorRef{Kind: domain.ActorKind(row.ActorKind), ID: row.ActorID, Name: row.ActorName, Role: domain.Role(row.ActorRole)}})
	}
	return nil
}

func numbers(of []*addressee) []domain.PersonNo {
	out := make([]domain.PersonNo, len(of))
	for i, a := range of {
		out[i] = a.No
	}
	return out
}

func byNumber(of []*addressee) map[domain.PersonNo]*addressee {
	out := make(map[domain.PersonNo]*addressee, len(of))
	for _, a := range of {
		out[a.No] = a
	}
	return out
}

// inline is a list of numbers inside a statement, and parameters one of texts. The planner
// sees how few they are and looks each up in an index; of a JSON array it does not know, and
// reads whole tables.
func inline(nos []domain.PersonNo) string {
	var b strings.Builder
	for i, no := range nos {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(int64(no), 10))
	}
	return "(" + b.String() + ")"
}

func parameters[T ~string](list []T, args *[]any) string {
	texts := make([]string, len(list))
	for i, t := range list {
		*args = append(*args, string(t))
		texts[i] = "$" + strconv.Itoa(len(*args)+1) // $1 is the organisation
	}
	return "(" + strings.Join(texts, ",") + ")"
}
