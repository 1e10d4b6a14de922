package domain

import "slices"

// SendingReach decides whom an actor may reach by a sending to many that names no group. Candidates of a
// test sit before its screens, and who may disturb them is decided by broadcast.send: the way in which a
// request chooses them does not change that.
type SendingReach struct {
	chosen []GroupID // the groups that the request chooses people by; none: all groups
	seen   Seen      // the actor's, for conversation.send
	tests  Seen      // the actor's, for broadcast.send; empty without the permission
}

// SendingReach returns whom the actor may reach; chosen are the groups that the request's filter names.
// Errors: Forbidden.
func (a Actor) SendingReach(chosen []GroupID) (SendingReach, error) {
	seen, err := a.Seen(ActConversationSend)
	if err != nil {
		return SendingReach{}, err
	}
	r := SendingReach{chosen: chosen, seen: seen}
	if a.May(ActBroadcastSend) == nil {
		r.tests, err = a.Seen(ActBroadcastSend)
	}
	return r, err
}

// Blocked returns BlockedTest for a person whom the actor reaches through tests alone, in none of which
// the actor may send to the person's room. The ways to a person are the groups that the request names,
// or all if it names none, without those that the person has left or the actor does not see.
func (r SendingReach) Blocked(p Listed) Blocked {
	throughTest := false
	for _, g := range p.Groups {
		here := []Place{{Group: g.Group, Room: g.Room}}
		if g.State == EnrolmentLeft || len(r.chosen) > 0 && !slices.Contains(r.chosen, g.Group) || !r.seen.HoldsMember(g.Group, g.Room, g.Kind, g.State) {
			continue
		}
		if g.Kind != KindTest || r.tests.Holds(here) {
			return Blocked{}
		}
		throughTest = true
	}
	if throughTest {
		return Block(BlockedTest)
	}
	return Blocked{}
}
