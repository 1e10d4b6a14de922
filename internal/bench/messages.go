package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/app"
	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/limit"
	"crier/internal/service/conversation"
)

// Messages measures how many one-to-one messages a second one organisation stores
// durably: through the service, inside a node, each sender waiting for its message before it
// writes the next. In the same run, in turns: every message in a transaction of its
// own, and group commit.
type Messages struct {
	Config     config.Config // without a Database: SQLite in a folder of its own
	Candidates int
	Senders    int           // half of them staff, half candidates who answer
	Turn       time.Duration // how long each way has, in each round
	Rounds     int
	Size       int // characters of a body
}

// MessagesResult is what was measured.
type MessagesResult struct {
	Database string  `json:"database"`
	Senders  int     `json:"senders"`
	OneByOne Flow    `json:"one_by_one"`
	Group    Flow    `json:"group_commit"`
	Ratio    float64 `json:"ratio"`      // of the rates
	Entries  int64   `json:"entries"`    // in the journal afterwards
	ChainOK  bool    `json:"chain_ok"`   // their hashes fit
	Stored   bool    `json:"all_stored"` // every answered message is in the journal, and no other
}

// Flow is how messages went.
type Flow struct {
	Messages int64   `json:"messages"`
	Rate     float64 `json:"per_second"`
	Took     Spread  `json:"took_ms"` // from the call to its answer
}

// writers is one run's people, and what has been written.
type writers struct {
	Messages
	org    domain.OrganisationID
	key    string
	pool   domain.GroupID
	people []domain.PersonRef
	head   int64 // of the journal, before the first message
	count  atomic.Int64
}

// Run makes an organisation of its own, writes and verifies; progress goes to log.
func (m Messages) Run(ctx context.Context, log io.Writer) (r *MessagesResult, err error) {
	if m.Candidates < m.Senders || m.Senders < 2 || m.Rounds < 1 {
		return nil, errors.New("there must be at least 2 senders, as many candidates, and 1 round")
	}
	if m.Config.Database == "" { // never into somebody's own
		if m.Config.Data, err = os.MkdirTemp("", "crier-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(m.Config.Data)) }()
	}
	t := &writers{Messages: m, key: newName()}
	nodes := make([]*app.Node, 2)
	for i, batch := range []int{1, 0} {
		n, err := app.Open(ctx, m.Config, zerolog.Nop(), app.Options{Writers: limit.Unlimited{}, Batch: batch})
		if err != nil {
			return nil, err
		}
		defer func() {
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			err = errors.Join(err, n.Conversation.Stop(stop), n.Close())
		}()
		nodes[i] = n
	}
	fmt.Fprintf(log, "making %d candidates\n", m.Candidates)
	if err := t.fill(ctx, nodes[1]); err != nil {
		return nil, fmt.Errorf("make the candidates: %w", err)
	}
	r = &MessagesResult{Database: "sqlite", Senders: m.Senders}
	if strings.HasPrefix(m.Config.Database, "postgres") {
		r.Database = "postgres"
	}
	var took [2][]time.Duration
	var busy [2]time.Duration
	for range m.Rounds {
		for i, n := range nodes {
			times, turn, err := t.turn(ctx, n)
			if err != nil {
				return nil, err
			}
			took[i], busy[i] = append(took[i], times...), busy[i]+turn
			fmt.Fprintf(log, "%s: %.0f a second\n", []string{"one by one", "group commit"}[i], float64(len(times))/turn.Seconds())
		}
	}
	for i, f := range []*Flow{&r.OneByOne, &r.Group} {
		*f = Flow{Messages: int64(len(took[i])), Rate: ratio(float64(len(took[i])), busy[i].Seconds()), Took: spread(took[i])}
	}
	r.Ratio = ratio(r.Group.Rate, r.OneByOne.Rate)

	chain, err := nodes[0].Store.VerifyChain(ctx, t.org)
	if err != nil {
		return nil, err
	}
	r.Entries, r.ChainOK, r.Stored = chain.Entries, chain.OK, chain.Entries == t.head+t.count.Load()
	fmt.Fprintf(log, "group commit writes %.1f times as many; %d entries, chain ok: %v\n", r.Ratio, r.Entries, r.ChainOK)
	return r, nil
}

// fill makes a pool with everybody in it, and writes to each, so that they may answer.
func (t *writers) fill(ctx context.Context, n *app.Node) error {
	o, err := n.Roster.EnsureOrganisation(ctx, t.key, "Benchmark")
	if err != nil {
		return err
	}
	t.org = o.ID
	where := func(field string) string { return field }
	people, members, ids := make([]domain.PersonSpec, t.Candidates), make([]domain.EnrolmentSpec, t.Candidates), make([]string, t.Candidates)
	for i := range people {
		ids[i] = fmt.Sprintf("%s-%05d", t.key, i)
		people[i] = domain.PersonSpec{Where: where, ExternalID: ids[i], Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Candidate", FamilyName: fmt.Sprint(i)}
		members[i] = domain.EnrolmentSpec{Where: where, Kind: domain.KindPool, Exam: "pool", Person: ids[i]}
	}
	if _, _, err := n.Store.Import(ctx, domain.System(t.org), people, []domain.GroupSpec{{Where: where, Kind: domain.KindPool, ExternalID: "pool"}}, members); err != nil {
		return err
	}
	found, err := n.Store.PeopleByExternalID(ctx, t.org, ids)
	if err != nil {
		return err
	}
	pools, err := n.Store.Groups(ctx, t.org, []domain.GroupKind{domain.KindPool}, nil)
	if err != nil {
		return err
	}
	t.pool = pools[0].ID
	for _, id := range ids {
		p := found[id]
		t.people = append(t.people, domain.PersonRef{No: p.No, ID: p.ID, Name: p.Name()})
	}
	if t.head, err = n.Store.Head(ctx, t.org); err != nil {
		return err
	}
	var all sync.WaitGroup
	failed := make(chan error, t.Senders)
	for s := range t.Senders {
		all.Go(func() {
			for i := s; i < len(t.people); i += t.Senders {
				if err := t.write(ctx, n, t.people[i]); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

// turn lets everybody write for a while, and returns how long each message took.
func (t *writers) turn(ctx context.Context, n *app.Node) (times []time.Duration, took time.Duration, err error) {
	var all sync.WaitGroup
	each, failed := make([][]time.Duration, t.Senders), make(chan error, t.Senders)
	began := time.Now()
	for s := range t.Senders {
		all.Go(func() {
			for i := s; time.Since(began) < t.Turn; i += t.Senders {
				start := time.Now()
				write := t.write
				if s%2 == 1 {
					write = t.answer
				}
				if err := write(ctx, n, t.people[i%len(t.people)]); err != nil {
					failed <- err
					return
				}
				each[s] = append(each[s], time.Since(start))
			}
		})
	}
	all.Wait()
	took = time.Since(began)
	close(failed)
	for _, e := range each {
		times = append(times, e...)
	}
	return times, took, <-failed
}

// write is a message of staff.
func (t *writers) write(ctx context.Context, n *app.Node, to domain.PersonRef) error {
	i := t.count.Add(1)
	by := domain.Actor{Organisation: t.org, Kind: domain.ActorPerson, ID: fmt.Sprintf("staff-%d", i%10), No: domain.PersonNo(1_000_000 + i%10), Name: "Anna", Role: domain.RolePlanner}
	_, _, err := n.Conversation.Send(ctx, by, to.ID, conversation.Request{Key: fmt.Sprintf("%s-%d", t.key, i), Body: bodyOf(int(i), t.Size)})
	return err
}

// answer is a message of a candidate.
func (t *writers) answer(ctx context.Context, n *app.Node, by domain.PersonRef) error {
	i := t.count.Add(1)
	actor := domain.Actor{Organisation: t.org, Kind: domain.ActorPerson, ID: string(by.ID), No: by.No, Name: by.Name, Role: domain.RoleCandidate}
	_, _, err := n.Conversation.Reply(ctx, actor, conversation.Reply{Key: fmt.Sprintf("%s-%d", t.key, i), Body: bodyOf(int(i), t.Size), Group: t.pool})
	return err
}
