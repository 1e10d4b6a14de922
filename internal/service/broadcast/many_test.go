package broadcast_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/limit"
	"crier/internal/service/broadcast"
	"crier/internal/testkit"
)

// pools is a hall with two pools beside its tests: "yard" with the first six people
// (the fifth has left, the sixth is only invited), "dock" with the third and the seventh.
// The second person is locked.
type pools struct {
	*hall
	yard, dock domain.GroupID
}

// bothPools runs fn on each database.
func bothPools(t *testing.T, fn func(t *testing.T, p *pools)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newPools(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))) })
	t.Run("postgres", func(t *testing.T) { fn(t, newPools(t, testkit.Postgres(t))) })
}

func newPools(t *testing.T, dsn string) *pools {
	t.Helper()
	p := &pools{hall: newHallOn(t, 8, dsn)}
	by, at := domain.System(p.org), func(f string) string { return f }
	_, _, err := p.store.UpsertGroups(t.Context(), by, []domain.GroupSpec{{Where: at, Kind: domain.KindPool, ExternalID: "yard"}, {Where: at, Kind: domain.KindPool, ExternalID: "dock"}})
	p.must(err)
	var specs []domain.EnrolmentSpec
	for i := range 6 {
		state := map[int]domain.EnrolmentState{4: domain.EnrolmentLeft, 5: domain.EnrolmentInvited}[i]
		if state == "" {
			state = domain.EnrolmentMember
		}
		specs = append(specs, domain.EnrolmentSpec{Where: at, Kind: domain.KindPool, Exam: "yard", Person: fmt.Sprintf("C%04d", i), State: &state})
	}
	for _, i := range []int{2, 6} {
		specs = append(specs, domain.EnrolmentSpec{Where: at, Kind: domain.KindPool, Exam: "dock", Person: fmt.Sprintf("C%04d", i)})
	}
	_, _, err = p.store.UpsertEnrolments(t.Context(), by, specs)
	p.must(err)
	p.lock(1)
	groups, err := p.store.Groups(t.Context(), p.org, nil, nil)
	p.must(err)
	for _, g := range groups {
		switch g.ExternalID {
		case "yard":
			p.yard = g.ID
		case "dock":
			p.dock = g.ID
		}
	}
	return p
}

func (p *pools) lock(i int) {
	p.t.Helper()
	locked := domain.PersonLocked
	_, _, err := p.store.UpsertPeople(p.t.Context(), domain.System(p.org), []domain.PersonSpec{{Where: func(f string) string { return f }, ExternalID: fmt.Sprintf("C%04d", i),
		Kind: domain.KindCandidate, Role: domain.RoleCandidate, GivenName: "Sara", FamilyName: fmt.Sprintf("Amin %d", i), State: &locked}})
	p.must(err)
}

// coordinator works in these groups.
func (p *pools) coordinator(name string, groups ...domain.GroupID) domain.Actor {
	a := domain.Actor{Organisation: p.org, Kind: domain.ActorPerson, ID: name, No: 7000, Name: name, Role: domain.RoleCoordinator}
	for _, g := range groups {
		a.Scopes = append(a.Scopes, domain.Scope{Exam: g})
	}
	return a
}

// many is a valid request under a new key, to all whom the sender may reach.
func many(group domain.GroupID) broadcast.ManyRequest {
	keys++
	return broadcast.ManyRequest{Key: fmt.Sprintf("key-%08d", keys), Group: group, Subject: "Saturday", Body: "Who can come?", Recipients: broadcast.People{Filter: &domain.PeopleFilter{}}}
}

func (p *pools) sendMany(a domain.Actor, r broadcast.ManyRequest) broadcast.Broadcast {
	p.t.Helper()
	b, fresh, err := p.SendMany(p.t.Context(), a, r)
	p.must(err)
	if !fresh {
		p.t.Fatal("the key was used before")
	}
	return b
}

func reasons(list []broadcast.Blocked) string {
	var out []string
	for _, b := range list {
		out = append(out, strings.TrimPrefix(b.Name, "Sara ")+" "+string(b.Reason.Code))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestSendManyLeavesOut(t *testing.T) {
	bothPools(t, func(t *testing.T, p *pools) {
		maria := p.coordinator("maria", p.yard)
		const left = "Amin 1 locked, Amin 4 left, Amin 5 invited"
		preview, err := p.PreviewMany(t.Context(), maria, p.yard, broadcast.People{Filter: &domain.PeopleFilter{}})
		if err != nil || preview.Counts != (broadcast.ManyCounts{Total: 3, PresenceCounts: domain.PresenceCounts{Offline: 3}}) || reasons(preview.LeftOut) != left || preview.Limit != 1500 {
			t.Errorf("preview %+v, %v", preview, err)
		}
		r := many(p.yard)
		b := p.sendMany(maria, r)
		if b.Counts.Recipients != 3 || reasons(b.LeftOut) != left || b.Level != domain.LevelChat || b.Test.Name != "yard" || b.Kind != domain.KindPool {
			t.Errorf("sent %+v", b)
		}
		var text journal.BroadcastSent
		e := p.committed[len(p.committed)-1]
		if err := json.Unmarshal(e.Payload, &text); err != nil || fmt.Sprint(text.LeftOut) != fmt.Sprint(map[domain.BlockedCode][]domain.PersonNo{
			domain.BlockedLocked: {p.nos[1]}, domain.BlockedLeft: {p.nos[4]}, domain.BlockedInvited: {p.nos[5]}}) {
			t.Errorf("the entry keeps %v, %v", text.LeftOut, err)
		}
		// The same under the same key is the same sending, though the pool has changed.
		p.lock(0)
		head := p.head()
		again, fresh, err := p.SendMany(t.Context(), maria, r)
		if err != nil || fresh || again.ID != b.ID || reasons(again.LeftOut) != left || p.head() != head {
			t.Errorf("again %+v, %v, %v", again, fresh, err)
		}
		r.Body = "Another"
		_, _, err = p.SendMany(t.Context(), maria, r)
		want(t, err, fault.Conflict, "key")
		if got, err := p.Get(t.Context(), maria, b.ID); err != nil || reasons(got.LeftOut) != left {
			t.Errorf("the sender reads %+v, %v", got, err)
		}
		// A colleague of the pool sees the sending, and its board.
		other := p.coordinator("omar", p.yard)
		board, err := p.Recipients(t.Context(), other, b.ID, "", 0, "")
		if err != nil || board.Total != 3 || board.Recipients[0].Stopped == nil || board.Recipients[0].Stopped.Code != domain.BlockedLocked {
			t.Errorf("board %+v, %v", board, err)
		}
		_, err = p.Get(t.Context(), p.coordinator("stranger", p.dock), b.ID)
		want(t, err, fault.NotFound, "")
	})
}

func TestSendManyRefuses(t *testing.T) {
	bothPools(t, func(t *testing.T, p *pools) {
		maria := p.coordinator("maria", p.yard)
		people := func(ids ...domain.PersonID) broadcast.People { return broadcast.People{People: ids} }
		head := p.head()
		for name, c := range map[string]struct {
			actor  domain.Actor
			change func(*broadcast.ManyRequest)
			code   fault.Code
			field  string
		}{
			"all blocked":              {maria, func(r *broadcast.ManyRequest) { r.Recipients = people(p.people[1], p.people[4]) }, fault.Conflict, "recipients"},
			"someone not hers":         {maria, func(r *broadcast.ManyRequest) { r.Recipients = people(p.people[0], p.people[6]) }, fault.Invalid, "recipients"},
			"someone unknown":          {maria, func(r *broadcast.ManyRequest) { r.Recipients = people("nobody") }, fault.Invalid, "recipients"},
			"of another group":         {p.as(domain.RolePlanner), func(r *broadcast.ManyRequest) { r.Recipients = people(p.people[6]) }, fault.Invalid, "recipients"},
			"nobody matches":           {maria, func(r *broadcast.ManyRequest) { r.Recipients.Filter.Q = "nobody" }, fault.Invalid, "recipients"},
			"no recipients":            {maria, func(r *broadcast.ManyRequest) { r.Recipients = broadcast.People{} }, fault.Invalid, "recipients"},
			"both":                     {maria, func(r *broadcast.ManyRequest) { r.Recipients.People = p.people[:1] }, fault.Invalid, "recipients"},
			"another group's filter":   {maria, func(r *broadcast.ManyRequest) { r.Recipients.Filter.Group = []domain.GroupID{p.dock} }, fault.Invalid, "recipients.filter.group"},
			"a group that is not hers": {maria, func(r *broadcast.ManyRequest) { r.Group = p.dock }, fault.NotFound, ""},
			"no group at all":          {p.as(domain.RolePlanner), func(r *broadcast.ManyRequest) { r.Group = "nothing" }, fault.NotFound, ""},
			"a test":                   {p.as(domain.RolePlanner), func(r *broadcast.ManyRequest) { r.Group = p.bio }, fault.Invalid, "group"},
			"a state that is none":     {maria, func(r *broadcast.ManyRequest) { r.Recipients.Filter.State = []string{"gone"} }, fault.Invalid, "recipients.filter.state"},
			"no subject":               {maria, func(r *broadcast.ManyRequest) { r.Subject = " " }, fault.Invalid, "subject"},
			"no body":                  {maria, func(r *broadcast.ManyRequest) { r.Body = "" }, fault.Invalid, "body"},
			"a file that is not hers":  {maria, func(r *broadcast.ManyRequest) { r.Attachments = []domain.AttachmentID{"none"} }, fault.Invalid, "attachments[0]"},
			"a file twice":             {maria, func(r *broadcast.ManyRequest) { r.Attachments = []domain.AttachmentID{"a", "a"} }, fault.Invalid, "attachments[1]"},
			"a short key":              {maria, func(r *broadcast.ManyRequest) { r.Key = "short" }, fault.Invalid, "key"},
			"a candidate":              {p.as(domain.RoleCandidate), func(*broadcast.ManyRequest) {}, fault.Forbidden, ""},
		} {
			t.Run(name, func(t *testing.T) {
				r := many(p.yard)
				c.change(&r)
				_, _, err := p.SendMany(t.Context(), c.actor, r)
				want(t, err, c.code, c.field)
			})
		}
		if p.head() != head {
			t.Error("something was stored")
		}
		_, err := p.PreviewMany(t.Context(), maria, p.dock, people(p.people[2]))
		want(t, err, fault.NotFound, "")
	})
}

// TestSendManyLimit: exactly the limit goes, one more does not; who is left out does not
// count.
func TestSendManyLimit(t *testing.T) {
	p := newPools(t, "sqlite:"+filepath.Join(t.TempDir(), "crier.db"))
	maria := p.coordinator("maria", p.yard)
	p.limits.Recipients = 3
	p.build(limit.Unlimited{})
	p.sendMany(maria, many(p.yard))
	p.limits.Recipients = 2
	p.build(limit.Unlimited{})
	_, _, err := p.SendMany(t.Context(), maria, many(p.yard))
	if f := want(t, err, fault.TooLarge, "recipients"); f.Limit != 2 || f.Actual != 3 {
		t.Errorf("limit %d, actual %d", f.Limit, f.Actual)
	}
	p.limits.Recipients = 1 // six match: more than can be looked at
	p.build(limit.Unlimited{})
	_, err = p.PreviewMany(t.Context(), maria, p.yard, broadcast.People{Filter: &domain.PeopleFilter{}})
	want(t, err, fault.TooLarge, "recipients")
}

// TestSendToAllOfMine: a sending of no group goes to the sender's people alone, and
// colleagues see of it only their own people.
func TestSendToAllOfMine(t *testing.T) {
	bothPools(t, func(t *testing.T, p *pools) {
		maria, omar := p.coordinator("maria", p.yard, p.dock), p.coordinator("omar", p.dock)
		b := p.sendMany(maria, many(""))
		// The first, third, fourth and seventh; the fifth has left the pool but sits a test,
		// the sixth is invited there alone but sits it too.
		if b.Counts.Recipients != 6 || reasons(b.LeftOut) != "Amin 1 locked" || b.Test.ID != "" || b.Kind != "" {
			t.Errorf("%+v", b)
		}
		got, err := p.Get(t.Context(), omar, b.ID)
		if err != nil || got.Counts.Recipients != 2 || got.LeftOut != nil {
			t.Errorf("omar sees %+v, %v", got, err)
		}
		board, err := p.Recipients(t.Context(), omar, b.ID, "", 0, "")
		if err != nil || board.Total != 2 {
			t.Errorf("omar's board %+v, %v", board, err)
		}
		_, err = p.Get(t.Context(), p.coordinator("stranger", p.chem), b.ID)
		want(t, err, fault.NotFound, "")
		if _, err := p.Told(t.Context(), omar, b.ID, []domain.PersonID{p.people[6]}, "on the phone"); err != nil {
			t.Error(err)
		}
		_, err = p.Told(t.Context(), omar, b.ID, []domain.PersonID{p.people[0]}, "")
		want(t, err, fault.Invalid, "people")
		r, fresh, err := p.Remind(t.Context(), omar, b.ID, "remind-1", "displayed")
		if err != nil || !fresh || r.Counts.Recipients != 1 || r.Subject != "Reminder: Saturday" {
			t.Errorf("reminder %+v, %v", r, err)
		}
	})
}

func TestReplies(t *testing.T) {
	bothPools(t, func(t *testing.T, p *pools) {
		maria := p.coordinator("maria", p.yard)
		first := p.sendMany(maria, many(p.yard))
		second := p.sendMany(maria, many(p.yard))
		offset, err := cursor.NewSealer(p.store.SealKey()).Open(int64(p.org), 0, string(first.ID))
		p.must(err)
		write := func(i int, group domain.GroupID, body string, replyTo int64) {
			t.Helper()
			keys++
			sent, err := p.store.SendMessages(t.Context(), p.org, []domain.NewMessage{{
				Actor: domain.ActorRef{Kind: domain.ActorPerson, ID: string(p.people[i]), Name: "Sara", Role: domain.RoleCandidate}, ActorNo: p.nos[i], Person: p.people[i], Inbound: true,
				Key: fmt.Sprintf("key-%08d", keys), Hash: []byte(body), Body: body, Group: group, ReplyTo: replyTo,
			}})
			p.must(err)
			p.must(sent[0].Err)
		}
		write(0, p.yard, "to the first, by name", offset)
		write(0, p.yard, "and once more", offset)
		write(2, p.yard, "just so", 0) // after both: it answers either
		write(2, p.yard, "another thing", 0)
		show := func(b broadcast.Broadcast) string {
			t.Helper()
			got, err := p.Replies(t.Context(), maria, b.ID, 0, "")
			p.must(err)
			out := fmt.Sprintf("%d of %d:", got.Replied, got.Recipients)
			for _, r := range got.Replies {
				out += " " + r.Message.Body + ";"
				if r.Message.Direction != domain.DirectionIn || r.Person.Name == "" {
					t.Errorf("%+v", r)
				}
			}
			return out
		}
		if got := show(first); got != "2 of 3: just so; and once more;" {
			t.Errorf("the first: %s", got)
		}
		if got := show(second); got != "1 of 3: just so;" {
			t.Errorf("the second: %s", got)
		}
		page, err := p.Replies(t.Context(), maria, first.ID, 1, "")
		if err != nil || len(page.Replies) != 1 || page.Next == "" || page.Replied != 2 {
			t.Fatalf("%+v, %v", page, err)
		}
		if page, err = p.Replies(t.Context(), maria, first.ID, 1, page.Next); err != nil || len(page.Replies) != 1 || page.Next != "" || page.Replies[0].Message.Body != "and once more" {
			t.Errorf("the second page: %+v, %v", page, err)
		}
		_, err = p.Replies(t.Context(), p.coordinator("omar", p.dock), first.ID, 0, "")
		want(t, err, fault.NotFound, "")
		_, err = p.Replies(t.Context(), maria, first.ID, 0, "nothing")
		want(t, err, fault.Invalid, "after")
	})
}

// TestRepliesWithinReach: a reply belongs to a conversation, so only those see it who see that
// part of the conversation now: not the sender once the candidate is no longer theirs, and in a test
// the room where the candidate sits now counts.
func TestRepliesWithinReach(t *testing.T) {
	bothPools(t, func(t *testing.T, p *pools) {
		maria := p.coordinator("maria", p.yard, p.dock)
		b := p.sendMany(maria, many(""))
		write := func(i int, group domain.GroupID) {
			t.Helper()
			var about *domain.About
			if group == p.bio { // in a test replies are closed, questions are not
				about = &domain.About{Kind: domain.AboutQuestion, Group: group}
			}
			keys++
			sent, err := p.store.SendMessages(t.Context(), p.org, []domain.NewMessage{{
				Actor: domain.ActorRef{Kind: domain.ActorPerson, ID: string(p.people[i]), Name: "Sara", Role: domain.RoleCandidate}, ActorNo: p.nos[i], Person: p.people[i], Inbound: true,
				Key: fmt.Sprintf("key-%08d", keys), Hash: []byte("h"), Body: "secret", Group: group, About: about,
			}})
			p.must(err)
			p.must(sent[0].Err)
		}
		write(0, "")
		write(6, "")
		replies := func(who domain.Actor, b broadcast.Broadcast) int {
			t.Helper()
			got, err := p.Replies(t.Context(), who, b.ID, 0, "")
			p.must(err)
			if got.Replied != len(got.Replies) {
				t.Errorf("%d replied, %d replies", got.Replied, len(got.Replies))
			}
			return got.Replied
		}
		if got := replies(maria, b); got != 2 {
			t.Errorf("with both pools: %d", got)
		}
		maria.Scopes = maria.Scopes[1:] // the dock alone, where the seventh is
		if got := replies(maria, b); got != 1 {
			t.Errorf("with the dock alone: %d", got)
		}
		chief, watcher := p.as(domain.RoleChiefInvigilator, ""), p.as(domain.RoleInvigilator, "A")
		keys++
		b, _, err := p.Send(t.Context(), chief, p.bio, broadcast.Request{Key: fmt.Sprintf("key-%08d", keys), Subject: "Paper", Body: "Who needs some?",
			Recipients: broadcast.Recipients{People: []domain.PersonID{p.people[2], p.people[3]}}})
		p.must(err)
		write(2, p.bio)
		write(3, p.bio)
		room := "B"
		_, _, err = p.store.UpsertEnrolments(t.Context(), domain.System(p.org), []domain.EnrolmentSpec{{Where: func(f string) string { return f }, Exam: "bio", Person: "C0003", Room: &room}})
		p.must(err)
		if got := replies(chief, b); got != 2 {
			t.Errorf("the chief: %d", got)
		}
		if got := replies(watcher, b); got != 1 {
			t.Errorf("of room A: %d", got)
		}
	})
}

// TestSendManyElsewhere: where candidates meet messages by their copies alone, a sending outside tests, and a reminder of one, needs a
// channel, and its entry says that their pages do not have it.
func TestSendManyElsewhere(t *testing.T) {
	bothPools(t, func(t *testing.T, p *pools) {
		maria := p.coordinator("maria", p.yard)
		before := p.sendMany(maria, many(p.yard))
		_, err := p.store.ChangeSettings(t.Context(), domain.System(p.org), func(set *domain.Settings) { set.StaffChatOnly = true })
		p.must(err)
		head := p.head()
		_, _, err = p.SendMany(t.Context(), maria, many(p.yard))
		want(t, err, fault.Invalid, "channels")
		_, _, err = p.Remind(t.Context(), maria, before.ID, "key-remind-elsewhere", "acknowledged")
		want(t, err, fault.Invalid, "channels")
		if p.head() != head {
			t.Error("what was refused is in the journal")
		}
		r := many(p.yard)
		r.Channels = []domain.Channel{domain.ChannelEmail}
		p.sendMany(maria, r)
		var text journal.BroadcastSent
		if err := json.Unmarshal(p.committed[len(p.committed)-1].Payload, &text); err != nil || !text.Elsewhere {
			t.Errorf("the entry keeps %+v, %v", text, err)
		}
	})
}
