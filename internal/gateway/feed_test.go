package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/hub"
	"crier/internal/domain"
	"crier/internal/journal"
)

// An entry arrives at another node as it was hashed, whatever its JSON looks like; a changed one is refused.
func TestFeedCarriesEntries(t *testing.T) {
	for _, c := range []struct {
		name              string
		payload, audience json.RawMessage
	}{
		{"as PostgreSQL writes lists", json.RawMessage(`{"body":"a < b & c"}`), json.RawMessage("[{\"room\" : \"A\", \"people\" : [1, 2]}, \n {\"room\" : \"B\", \"people\" : [3]}]")},
		{"escaped", json.RawMessage(`{"body":"a \u003c b"}`), json.RawMessage(`[]`)},
		{"without an audience", json.RawMessage(`{}`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &journal.Entry{
				Organisation: 7, Offset: 3, Kind: journal.KindBroadcastSent, At: time.UnixMicro(1_700_000_000_000_001).UTC(), Group: "x",
				Actor:   domain.ActorRef{Kind: domain.ActorPerson, ID: "p", Name: "Ingrid <Solberg>", Role: domain.RolePlanner},
				Payload: c.payload, Audience: c.audience, RequestKey: "key", RequestHash: []byte{1}, Prev: make([]byte, 32),
			}
			e.Hash = journal.HashOf(e)
			var f Feed
			b := f.Encode(7, hub.Entry{Offset: 3, Value: e})
			got, err := f.Decode(7, b)
			if err != nil {
				t.Fatal(err)
			}
			back, ok := got.Value.(*journal.Entry)
			if !ok || got.Offset != 3 || string(back.Audience) != string(c.audience) || string(back.Payload) != string(c.payload) || back.Actor != e.Actor {
				t.Errorf("arrived as %+v", got.Value)
			}
			if _, err := f.Decode(8, b); err == nil {
				t.Error("taken for another organisation's")
			}
			e.Actor.Name = "Somebody Else"
			if _, err := f.Decode(7, f.Encode(7, hub.Entry{Offset: 3, Value: e})); err == nil {
				t.Error("an entry that was changed on its way was taken")
			}
		})
	}
}

// A message of a conversation becomes one frame, for its candidate alone, with what is
// theirs to know.
func TestFeedPlansMessages(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	sent := journal.MessageSent{
		Person: 7, PersonID: "person-7", PersonName: "Sara Amin", GroupName: "Gala", GroupKind: domain.KindActivity, Subject: "Shift", Body: "Can you come?",
		SenderName: "Ines Vogel", SenderRole: domain.RoleCoordinator, Reach: []domain.Place{{Group: "canary-of-another-group"}},
		Attachments: []domain.Attachment{{ID: "file-1", Name: "map.png", Type: "image/png", Size: 77, Width: 8, Height: 9}},
	}
	own := journal.MessageSent{Person: 7, GroupName: "Gala", GroupKind: domain.KindActivity, Body: "No", Inbound: true, SenderName: "Sara Amin", SenderRole: domain.RoleCandidate,
		About: &domain.About{Kind: domain.AboutUnavailable, Group: "gala", StartsAt: at}}
	alone := journal.MessageSent{Person: 7, Body: "In no group", SenderName: "Ines Vogel", SenderRole: domain.RolePlanner}
	const head = `{"type":"message","cursor":"                      ","prev":"                      ","message":{"id":"                      ",`
	for _, c := range []struct {
		group   domain.GroupID
		payload journal.MessageSent
		want    string
	}{
		{"gala", sent, `"group":{"id":"gala","kind":"activity","name":"Gala"},"room":"","subject":"Shift","body":"Can you come?","level":"chat","from":{"name":"Ines Vogel","role":"coordinator"},` +
			`"at":"2026-05-04T09:00:00Z","reminder":false,"state":"queued","mine":false,"attachments":[{"id":"file-1","name":"map.png","type":"image/png","size":77,"width":8,"height":9,"picture":true}]}}`},
		{"gala", own, `"group":{"id":"gala","kind":"activity","name":"Gala"},"room":"","subject":"","body":"No","level":"chat","from":{"name":"Sara Amin","role":"candidate"},` +
			`"at":"2026-05-04T09:00:00Z","reminder":false,"state":"acknowledged","mine":true,"via":"app","about":{"kind":"unavailable","group":{"id":"gala","kind":"activity","name":"Gala"},"starts_at":"2026-05-04T09:00:00Z"}}}`},
		{"", alone, `"group":null,"room":"","subject":"","body":"In no group","level":"chat","from":{"name":"Ines Vogel","role":"planner"},` +
			`"at":"2026-05-04T09:00:00Z","reminder":false,"state":"queued","mine":false}}`},
	} {
		payload, err := json.Marshal(c.payload)
		if err != nil {
			t.Fatal(err)
		}
		e := &journal.Entry{Organisation: 1, Offset: 5, Kind: journal.KindMessageSent, At: at, Group: c.group, Payload: payload, Actor: domain.ActorRef{ID: "canary-actor"}}
		p := (&Feed{}).Plan(1, hub.Entry{Offset: 5, Value: e})
		if len(p.Messages) != 1 || len(p.Messages[0].People) != 1 || p.Messages[0].People[0] != 7 || p.Direct != nil || p.Sessions != nil {
			t.Fatalf("%+v", p)
		}
		if got := string(p.Messages[0].Frame.JSON()); got != head+c.want {
			t.Errorf("%s\nwant\n%s", got, head+c.want)
		}
	}
}

// Whatever else the journal holds, and however much it looks like a message, becomes no
// frame of a candidate: notes, marks, assignments, what staff write to each other.
func TestFeedKeepsStaffsOwn(t *testing.T) {
	canary := json.RawMessage(`{"person":7,"person_id":"p","person_name":"Sara","body":"canary","subject":"canary","sender_name":"canary","note":"canary","people":[7],"mentions":[7],"reach":[],"items":[]}`)
	spoken := map[journal.Kind]bool{journal.KindBroadcastSent: true, journal.KindMessageSent: true}
	checked := 0
	for _, kind := range journal.Kinds() {
		e := &journal.Entry{Organisation: 1, Offset: 5, Kind: kind, Payload: canary, Audience: json.RawMessage(`[{"room":"","people":[7]}]`)}
		p := (&Feed{}).Plan(1, hub.Entry{Offset: 5, Value: e})
		if spoken[kind] {
			if len(p.Messages) != 1 {
				t.Errorf("%s makes %d frames: the test proves nothing", kind, len(p.Messages))
			}
			continue
		}
		checked++
		// A word that the schedule is another, and nothing of why.
		p.Direct = slices.DeleteFunc(p.Direct, func(d hub.Direct) bool { return string(d.Frame.JSON()) == `{"type":"schedule"}` })
		if len(p.Direct) == 0 {
			p.Direct = nil
		}
		if p.Messages != nil || p.Direct != nil {
			t.Errorf("%s reaches a candidate", kind)
		}
	}
	if checked < 20 {
		t.Errorf("only %d kinds were checked", checked)
	}
}

// What changes a candidate's schedule is told to them, and to nobody else.
func TestFeedTellsOfTheSchedule(t *testing.T) {
	f := &Feed{}
	for kind, told := range map[journal.Kind]bool{
		journal.KindAssignmentDeleted: true, journal.KindAssignmentRestored: true, journal.KindUnavailabilityAdded: true, journal.KindUnavailabilityRemoved: true, journal.KindNoteAdded: false,
	} {
		plan := f.Plan(1, hub.Entry{Offset: 1, Value: &journal.Entry{Kind: kind, Payload: json.RawMessage(`{"person":7,"person_id":"p"}`)}})
		if !told {
			if len(plan.Direct)+len(plan.Messages) != 0 {
				t.Errorf("%s: told as %+v", kind, plan)
			}
			continue
		}
		if len(plan.Direct) != 1 || plan.Direct[0].Person != 7 || string(plan.Direct[0].Frame.JSON()) != `{"type":"schedule"}` || len(plan.Messages) != 0 {
			t.Errorf("%s: told as %+v", kind, plan)
		}
	}
	if plan := f.Plan(1, hub.Entry{Value: &journal.Entry{Kind: journal.KindAssignmentDeleted, Payload: json.RawMessage(`{}`)}}); len(plan.Direct) != 0 {
		t.Errorf("of nobody: told as %+v", plan)
	}
}

// What a candidate meets by its copies alone becomes no frame of theirs, sent to one or to many.
func TestFeedLeavesOutWhatIsElsewhere(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		list := map[journal.Kind]any{
			journal.KindMessageSent:   journal.MessageSent{Person: 7, Body: "Hello", Elsewhere: elsewhere},
			journal.KindBroadcastSent: journal.BroadcastSent{GroupKind: domain.KindPool, Body: "Hello", Elsewhere: elsewhere},
		}
		for kind, text := range list {
			payload, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			p := (&Feed{}).Plan(1, hub.Entry{Value: &journal.Entry{Kind: kind, Payload: payload, Audience: json.RawMessage(`[{"room":"","people":[7]}]`)}})
			if got := len(p.Messages) == 0; got != elsewhere {
				t.Errorf("%s, elsewhere %v: %+v", kind, elsewhere, p)
			}
		}
	}
}

// crowdJournal takes a second for each statement and counts them.
type crowdJournal struct {
	Journal
	starts, looks, heads, pages int // statements
}

func (j *crowdJournal) Beginnings(_ context.Context, _ domain.OrganisationID, people []domain.PersonNo) (map[domain.PersonNo]int64, error) {
	time.Sleep(time.Second) //nolint:forbidigo // the clock of a bubble
	j.starts++
	out := map[domain.PersonNo]int64{}
	for _, no := range people {
		if no != 7 { // has no messages
			out[no] = int64(no) * 10
		}
	}
	return out, nil
}

func (j *crowdJournal) Missing(_ context.Context, _ domain.OrganisationID, at []domain.Position) ([]bool, int64, error) {
	time.Sleep(time.Second) //nolint:forbidigo // the clock of a bubble
	j.looks++
	out := make([]bool, len(at))
	for i, p := range at {
		out[i] = p.Person == 3 && p.After < 5
	}
	return out, 99, nil
}

func (j *crowdJournal) Heads(context.Context, ...domain.OrganisationID) (map[domain.OrganisationID]int64, error) {
	time.Sleep(time.Second) //nolint:forbidigo // the clock of a bubble
	j.heads++
	return map[domain.OrganisationID]int64{1: 99}, nil
}

func (j *crowdJournal) MessagesSince(context.Context, domain.OrganisationID, domain.PersonNo, int64, int) ([]domain.Message, int64, error) {
	j.pages++
	return []domain.Message{{Offset: 5}}, 100, nil
}

// TestACrowdSharesStatements: connections that come together are looked up together; only who has
// missed something reads a page.
func TestACrowdSharesStatements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &crowdJournal{}
		f := NewFeed(j, nil)
		var all sync.WaitGroup
		for no := int64(1); no <= 200; no++ {
			all.Go(func() {
				ctx := t.Context()
				start, err := f.Start(ctx, 1, no)
				if want := no * 10; err != nil || no != 7 && start != want || no == 7 && start != 0 {
					t.Errorf("person %d starts after %d, %v", no, start, err)
				}
				list, head, err := f.Missed(ctx, 1, no, 0, 10)
				if err != nil || (no == 3) != (len(list) == 1) || no == 3 && (head != 100 || list[0].Offset != 5) || no != 3 && head != 99 {
					t.Errorf("person %d missed %v up to %d, %v", no, list, head, err)
				}
				if head, err := f.Head(ctx, 1); err != nil || head != 99 {
					t.Errorf("head %d, %v", head, err)
				}
			})
			if no == 1 {
				synctest.Wait() // it is under way when the others come
			}
		}
		all.Wait()
		if j.starts != 2 || j.looks > 3 || j.heads > 4 || j.pages != 1 {
			t.Errorf("%d, %d, %d statements and %d pages", j.starts, j.looks, j.heads, j.pages)
		}
		if err := f.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
