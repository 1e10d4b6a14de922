package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/lib/pq"
	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/domain"
)

// Desk measures the Messages page and the search on PostgreSQL: the time inside a node from
// the service's call to the JSON of its answer, without the network.
type Desk struct {
	Config     config.Config // Database: an empty PostgreSQL database
	Candidates int           // each with a conversation
	Messages   int
	Rounds     int    // times that each question is asked
	Only       string // questions whose name begins so; "": all
	Keep       string // slug of an organisation that an earlier run made; "": a new one
}

// The plan's goals.
const (
	listGoal   = 50 * time.Millisecond
	searchGoal = 150 * time.Millisecond
)

// Asked is what one question took.
type Asked struct {
	Who    string `json:"who"`
	What   string `json:"what"`
	Rows   int    `json:"rows"` // of the last answer
	GoalMS int    `json:"goal_ms"`
	Spread
}

// question is one that is asked many times.
type question struct {
	who, what string
	goal      time.Duration
	ask       func(ctx context.Context, round int) (rows int, answer any, err error)
}

// Run makes the data and asks; progress goes to log, the table to out.
func (d Desk) Run(ctx context.Context, log, out io.Writer) (asked []Asked, err error) {
	n, err := app.Open(ctx, d.Config, zerolog.Nop(), app.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	slug := d.Keep
	if slug == "" {
		slug = "bench-desk"
	}
	org, err := n.Roster.EnsureOrganisation(ctx, slug, "Benchmark")
	if err != nil {
		return nil, err
	}
	if d.Keep == "" {
		if err := d.fill(ctx, org.ID, log); err != nil {
			return nil, fmt.Errorf("make the data: %w", err)
		}
	}
	_, _ = fmt.Fprintf(out, "%-12s %-42s %5s %8s %8s %8s\n", "who", "what", "rows", "p50 ms", "p99 ms", "goal ms")
	for _, q := range d.questions(n, org.ID) {
		if len(q.what) < len(d.Only) || q.what[:len(d.Only)] != d.Only {
			continue
		}
		a, err := d.ask(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", q.who, q.what, err)
		}
		over := ""
		if a.P99 > float64(a.GoalMS) {
			over = " over"
		}
		_, _ = fmt.Fprintf(out, "%-12s %-42s %5d %8.1f %8.1f %8d%s\n", a.Who, a.What, a.Rows, a.P50, a.P99, a.GoalMS, over)
		asked = append(asked, a)
	}
	return asked, nil
}

func (d Desk) fill(ctx context.Context, org domain.OrganisationID, log io.Writer) (err error) {
	c, err := pq.NewConnector(d.Config.Database)
	if err != nil {
		return err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'; SET synchronous_commit = off`); err != nil {
		return err
	}
	return (&history{db: db, org: org, candidates: d.Candidates, messages: d.Messages, out: log}).make(ctx)
}

func (d Desk) ask(ctx context.Context, q question) (Asked, error) {
	a := Asked{Who: q.who, What: q.what, GoalMS: int(q.goal.Milliseconds())}
	var times []time.Duration
	for i := range d.Rounds + 3 { // the first ones are to warm up
		began := time.Now()
		rows, answer, err := q.ask(ctx, i)
		if err == nil {
			_, err = json.Marshal(answer)
		}
		if err != nil {
			return a, err
		}
		if i >= 3 {
			times = append(times, time.Since(began))
		}
		a.Rows = rows
	}
	a.Spread = spread(times)
	return a, nil
}

// questions are those of a planner, of one who has read nothing, and of a coordinator of a
// few groups of thousands.
func (d Desk) questions(n *app.Node, org domain.OrganisationID) []question {
	staff := func(no int, role domain.Role, scopes ...domain.Scope) domain.Actor {
		return domain.Actor{Organisation: org, Kind: domain.ActorPerson, ID: fmt.Sprintf("staff-%d", no), No: domain.PersonNo(d.Candidates + no), Name: "Staff", Role: role, Scopes: scopes}
	}
	actors := []struct {
		name  string
		actor domain.Actor
	}{
		{"planner", staff(1, domain.RolePlanner)},
		{"new planner", staff(3, domain.RolePlanner)},
		{"coordinator", staff(2, domain.RoleCoordinator, domain.Scope{Exam: "pool-1"}, domain.Scope{Exam: "pool-2"}, domain.Scope{Exam: "test-3"}, domain.Scope{Exam: "activity-4"})},
	}
	var out []question
	for _, a := range actors {
		for _, f := range deskQuestions() {
			out = append(out, question{a.name, "list: " + f.name, listGoal, func(ctx context.Context, _ int) (int, any, error) {
				page, err := n.Desk.List(ctx, a.actor, f.filter, 50, "")
				return len(page.Conversations), page, err
			}})
		}
		next := ""
		out = append(out, question{a.name, "list: page after page", listGoal, func(ctx context.Context, _ int) (int, any, error) {
			page, err := n.Desk.List(ctx, a.actor, domain.DeskFilter{}, 50, next)
			next = page.Next
			return len(page.Conversations), page, err
		}}, question{a.name, "counts", listGoal, func(ctx context.Context, _ int) (int, any, error) {
			c, err := n.Desk.Counts(ctx, a.actor)
			return 0, c, err
		}})
		for _, q := range []struct{ name, q string }{
			{"common", syllables(1)}, {"common, two", syllables(1) + " " + syllables(4)}, {"in some", syllables(900)}, {"rare", syllables(25_000)}, {"in one text", "quetzalcoatl"}, {"prefix of all", "b"}, {"prefix of some", syllables(4000)[:3]},
			{"common and rare", syllables(1) + " " + syllables(25_000)}, {"nonsense", "xyzzyqx"}, {"nonsense and common", "xyzzyqx " + syllables(1)}, {"operators", `"a* OR (`}, {"a name", "kowalski"},
		} {
			out = append(out, question{a.name, "search: " + q.name, searchGoal, func(ctx context.Context, _ int) (int, any, error) {
				f, err := n.Desk.Search(ctx, a.actor, q.q, "", 20, "")
				return len(f.Hits), f, err
			}})
		}
		out = append(out, question{a.name, "search: one conversation", searchGoal, func(ctx context.Context, round int) (int, any, error) {
			person := domain.PersonID(fmt.Sprintf("candidate-%d", 1+10*(round%1000)))
			f, err := n.Desk.Search(ctx, a.actor, syllables(3), person, 20, "")
			return len(f.Hits), f, err
		}})
	}
	return out
}

type deskQuestion struct {
	name   string
	filter domain.DeskFilter
}

// deskQuestions are every folder, every order, every filter, and some mixtures.
func deskQuestions() []deskQuestion {
	yes, no := true, false
	var out []deskQuestion
	add := func(name string, f domain.DeskFilter) { out = append(out, deskQuestion{name, f}) }
	for _, f := range []domain.DeskFolder{domain.FolderAll, domain.FolderUnread, domain.FolderReceived, domain.FolderSent, domain.FolderArchived} {
		add(string(f), domain.DeskFilter{Folder: f})
	}
	sorts := []domain.DeskSort{domain.SortOldest, domain.SortLastReceived, domain.SortLastSent, domain.SortLastName, domain.SortUnprocessed, domain.SortWaiting}
	for _, s := range sorts {
		add("by "+string(s), domain.DeskFilter{Sort: s})
	}
	people := func(name string, p domain.PeopleFilter) { add(name, domain.DeskFilter{People: p}) }
	people("one pool", domain.PeopleFilter{Group: []domain.GroupID{"pool-1"}})
	add("written in a pool", domain.DeskFilter{Written: true, People: domain.PeopleFilter{Group: []domain.GroupID{"pool-1"}}})
	people("one test", domain.PeopleFilter{Group: []domain.GroupID{"test-3"}})
	add("all pools", domain.DeskFilter{Kind: []domain.GroupKind{domain.KindPool}})
	add("written in pools", domain.DeskFilter{Written: true, Kind: []domain.GroupKind{domain.KindPool}})
	add("all tests by waiting", domain.DeskFilter{Sort: domain.SortWaiting, Kind: []domain.GroupKind{domain.KindTest}})
	people("name", domain.PeopleFilter{Q: "kowalski"})
	people("name and given name", domain.PeopleFilter{Q: "mar kow"})
	people("nobody's name", domain.PeopleFilter{Q: "xyzzyqx"})
	people("id", domain.PeopleFilter{Q: "C-0077"})
	people("tag", domain.PeopleFilter{Tag: []string{"nurse"}})
	people("rare tag", domain.PeopleFilter{Tag: []string{"diver"}})
	people("skill", domain.PeopleFilter{Skill: []string{"welding"}})
	people("two pools", domain.PeopleFilter{Group: []domain.GroupID{"pool-1", "pool-2"}})
	people("city", domain.PeopleFilter{City: []string{"City 07"}})
	people("postcode", domain.PeopleFilter{Postcode: []string{"101"}})
	people("activity", domain.PeopleFilter{Activity: []domain.GroupID{"activity-4"}})
	people("state left", domain.PeopleFilter{State: []string{"left"}})
	people("state member", domain.PeopleFilter{State: []string{"member"}})
	add("processed", domain.DeskFilter{Processed: &yes})
	add("not processed", domain.DeskFilter{Processed: &no})
	add("mine", domain.DeskFilter{Mine: true})
	add("nobody's", domain.DeskFilter{Nobody: true})
	add("unread of a pool, waiting", domain.DeskFilter{Folder: domain.FolderUnread, Sort: domain.SortWaiting, People: domain.PeopleFilter{Group: []domain.GroupID{"pool-1"}}})
	for _, s := range sorts {
		add("nurses, unprocessed, by "+string(s), domain.DeskFilter{Sort: s, Processed: &no, People: domain.PeopleFilter{Tag: []string{"nurse"}}})
	}
	add("received, city, name", domain.DeskFilter{Folder: domain.FolderReceived, Sort: domain.SortLastName, People: domain.PeopleFilter{City: []string{"City 07"}, Q: "an"}})
	return slices.Clip(out)
}
