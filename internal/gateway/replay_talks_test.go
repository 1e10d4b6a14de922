package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"crier/internal/domain"
	"crier/internal/service/conversation"
)

// talks are the lines about conversations: who does it, and what.
var talks = map[string]func(w *world, ctx context.Context, t *testing.T, who, rest string) error{
	"replies": func(w *world, ctx context.Context, _ *testing.T, who, rest string) error {
		v, err := unmarshal([]byte(rest))
		if err != nil {
			return err
		}
		if v, err = w.fill(ctx, who, v); err != nil {
			return err
		}
		var r conversation.Reply
		if err := json.Unmarshal([]byte(written(v)), &r); err != nil {
			return err
		}
		r.Key = w.key()
		_, _, err = w.node.Conversation.Reply(ctx, w.people[who].actor, r)
		return err
	},
	"writes": func(w *world, ctx context.Context, _ *testing.T, who, rest string) error {
		to, rest, _ := strings.Cut(rest, " ")
		var r conversation.Request
		if err := json.Unmarshal([]byte(rest), &r); err != nil {
			return err
		}
		r.Key = w.key()
		_, _, err := w.node.Conversation.Send(ctx, w.people[who].actor, w.id(to), r)
		return err
	},
	"notes": func(w *world, ctx context.Context, _ *testing.T, who, rest string) error {
		of, rest, _ := strings.Cut(rest, " ")
		var r struct {
			Body     string
			Mentions []string
		}
		if err := json.Unmarshal([]byte(rest), &r); err != nil {
			return err
		}
		n := conversation.NoteRequest{Key: w.key(), Body: r.Body}
		for _, m := range r.Mentions {
			n.Mentions = append(n.Mentions, w.id(m))
		}
		_, _, err := w.node.Conversation.AddNote(ctx, w.people[who].actor, w.id(of), n)
		return err
	},
	"acts": func(w *world, ctx context.Context, _ *testing.T, who, rest string) error {
		words := strings.Fields(rest)
		a := conversation.Action{Action: words[0]}
		for _, of := range words[1:] {
			a.People = append(a.People, w.id(of))
		}
		changed, err := w.node.Conversation.Act(ctx, w.people[who].actor, a)
		if err == nil && changed == 0 {
			err = fmt.Errorf("%s changes nothing", rest)
		}
		return err
	},
	"claims": func(w *world, ctx context.Context, _ *testing.T, who, of string) error {
		_, err := w.node.Conversation.Claim(ctx, w.people[who].actor, w.id(of), false)
		return err
	},
	"releases": func(w *world, ctx context.Context, _ *testing.T, who, of string) error {
		_, err := w.node.Conversation.Release(ctx, w.people[who].actor, w.id(of))
		return err
	},
	"assigns": func(w *world, ctx context.Context, _ *testing.T, who, rest string) error {
		of, to, _ := strings.Cut(rest, " ")
		_, err := w.node.Conversation.Assign(ctx, w.people[who].actor, w.id(of), w.id(to))
		return err
	},
	"chats": func(w *world, ctx context.Context, _ *testing.T, who, rest string) error {
		thread, body, _ := strings.Cut(rest, " ")
		kind, name, _ := strings.Cut(thread, ".")
		id := string(w.tests[name])
		if kind == "direct" {
			id = string(w.id(name))
		}
		_, _, err := w.node.Team.Send(ctx, w.people[who].actor, kind+"."+id, w.key(), body)
		return err
	},
	"says": func(w *world, ctx context.Context, t *testing.T, who, rest string) error {
		v, err := unmarshal([]byte(rest))
		if err != nil {
			return err
		}
		if v, err = w.fill(ctx, who, v); err != nil {
			return err
		}
		return w.say(ctx, t, who, v.(map[string]any))
	},
}

func (w *world) id(who string) domain.PersonID { return domain.PersonID(w.people[who].actor.ID) }

// key makes a new key of a request.
func (w *world) key() string {
	w.keys++
	return fmt.Sprintf("transcript-key-%d", w.keys)
}
