package domain

import (
	"errors"
	"testing"

	"crier/internal/fault"
)

// Where a message belongs, or why it is refused: the rules that need no database.
func TestDecide(t *testing.T) {
	pool := Membership{Group: "pool", Kind: KindPool, Name: "Pool", State: EnrolmentMember}
	room := Membership{Group: "test", Kind: KindTest, Name: "Test", Room: "A"}
	left := Membership{Group: "old", Kind: KindPool, Name: "Old", State: EnrolmentLeft}
	job := Membership{Group: "job", Kind: KindJob, Name: "Job", State: EnrolmentDeclined}
	all := Seen{All: true}
	within := func(places ...Place) Seen { return Seen{Places: places} }
	invited := Membership{Group: "new", Kind: KindPool, Name: "New", State: EnrolmentInvited}
	job2 := Membership{Group: "job2", Kind: KindJob, Name: "Second job", State: EnrolmentDeclined}
	spokenNowhere := func(a *Addressee) { a.Spoken[""] = 9 } // staff have written in no group's name
	question := &About{Kind: AboutQuestion, Group: "job"}
	for name, c := range map[string]struct {
		groups []Membership
		person PersonState
		m      NewMessage
		change func(*Addressee)
		group  GroupID
		code   fault.Code
		field  string
	}{
		"the only group":                    {groups: []Membership{pool}, m: NewMessage{Seen: all}, group: "pool"},
		"the only one that is not left":     {groups: []Membership{pool, left}, m: NewMessage{Seen: all}, group: "pool"},
		"the only one of mine":              {groups: []Membership{pool, room}, m: NewMessage{Seen: within(Place{"test", "A", ""})}, group: "test"},
		"of two, none":                      {groups: []Membership{pool, room}, m: NewMessage{Seen: all}},
		"one of two":                        {groups: []Membership{pool, room}, m: NewMessage{Seen: all, Group: "test"}, group: "test"},
		"in no group at all":                {m: NewMessage{Seen: all}},
		"in no group, not mine":             {m: NewMessage{Seen: within(Place{"pool", "", ""})}, code: fault.NotFound},
		"another room":                      {groups: []Membership{room}, m: NewMessage{Seen: within(Place{"test", "B", ""})}, code: fault.NotFound},
		"a group of theirs, not mine":       {groups: []Membership{pool, room}, m: NewMessage{Seen: within(Place{"test", "A", ""}), Group: "pool"}, code: fault.Invalid, field: "group"},
		"a group that they left":            {groups: []Membership{pool, left}, m: NewMessage{Seen: all, Group: "old"}, code: fault.Conflict, field: "person"},
		"who left all":                      {groups: []Membership{left}, m: NewMessage{Seen: all}, code: fault.Conflict, field: "person"},
		"who left all, by their old staff":  {groups: []Membership{left}, m: NewMessage{Seen: within(Place{"old", "", ""})}, code: fault.Conflict, field: "person"},
		"a locked person":                   {groups: []Membership{pool}, person: PersonLocked, m: NewMessage{Seen: all}, code: fault.Conflict, field: "person"},
		"a declined one can be told":        {groups: []Membership{job}, m: NewMessage{Seen: all}, group: "job"},
		"a file says it all":                {groups: []Membership{pool}, m: NewMessage{Seen: all, Body: " ", Attachments: []AttachmentID{"f"}}, group: "pool"},
		"nothing says anything":             {groups: []Membership{pool}, m: NewMessage{Seen: all, Body: " \n"}, code: fault.Invalid, field: "body"},
		"claimed by another":                {groups: []Membership{pool}, m: NewMessage{Seen: all, ActorNo: 1}, change: func(a *Addressee) { a.Assigned = 2 }, code: fault.Conflict, field: "assigned"},
		"claimed by another, for a machine": {groups: []Membership{pool}, m: NewMessage{Seen: all}, change: func(a *Addressee) { a.Assigned = 2 }, code: fault.Conflict, field: "assigned"},
		"claimed by me":                     {groups: []Membership{pool}, m: NewMessage{Seen: all, ActorNo: 2}, change: func(a *Addressee) { a.Assigned = 2 }, group: "pool"},
		"taken over":                        {groups: []Membership{pool}, m: NewMessage{Seen: all, ActorNo: 1, TakeOver: true}, change: func(a *Addressee) { a.Assigned = 2 }, group: "pool"},
		"answered meanwhile": {groups: []Membership{pool}, m: NewMessage{Seen: all, SeenUpTo: 5}, change: func(a *Addressee) { a.Answers = []Answer{{Offset: 6, By: ActorRef{ID: "other"}}} },
			code: fault.Conflict, field: "seen"},
		"answered by myself":        {groups: []Membership{pool}, m: NewMessage{Seen: all, SeenUpTo: 5}, change: func(a *Addressee) { a.Answers = []Answer{{Offset: 6, By: ActorRef{ID: "me"}}} }, group: "pool"},
		"answered before I looked":  {groups: []Membership{pool}, m: NewMessage{Seen: all, SeenUpTo: 6}, change: func(a *Addressee) { a.Answers = []Answer{{Offset: 6, By: ActorRef{ID: "other"}}} }, group: "pool"},
		"nobody asks":               {groups: []Membership{pool}, m: NewMessage{Seen: all}, change: func(a *Addressee) { a.Answers = []Answer{{Offset: 6, By: ActorRef{ID: "other"}}} }, group: "pool"},
		"answered where I see none": {groups: []Membership{pool, room}, m: NewMessage{Seen: within(Place{"test", "A", ""}), SeenUpTo: 5}, change: func(a *Addressee) { a.Answers = []Answer{{Offset: 6, Group: "pool", By: ActorRef{ID: "other"}}} }, group: "test"},

		"a reply to what they got":       {groups: []Membership{pool, room}, m: NewMessage{Inbound: true, ReplyTo: 3}, group: "pool"},
		"a reply to another's":           {groups: []Membership{pool}, m: NewMessage{Inbound: true, ReplyTo: 4}, code: fault.Invalid, field: "reply_to"},
		"a reply in a group since left":  {groups: []Membership{room}, m: NewMessage{Inbound: true, ReplyTo: 3}, code: fault.Conflict, field: "group"},
		"a reply from elsewhere":         {groups: []Membership{pool, room}, m: NewMessage{Inbound: true, ReplyTo: 3, Group: "test"}, code: fault.Invalid, field: "reply_to"},
		"a reply that names nothing":     {groups: []Membership{room, pool}, m: NewMessage{Inbound: true}, group: "pool"},
		"of two, to the newest":          {groups: []Membership{pool, {Group: "p2", Kind: KindPool, State: EnrolmentMember}}, m: NewMessage{Inbound: true}, change: func(a *Addressee) { a.Spoken["p2"] = 4 }, group: "p2"},
		"the newest may not be answered": {groups: []Membership{pool, job}, m: NewMessage{Inbound: true}, change: func(a *Addressee) { a.Spoken["job"] = 9 }, group: "pool"},
		"of no group, where they may":    {groups: []Membership{pool}, m: NewMessage{Inbound: true}, change: func(a *Addressee) { a.Spoken[""] = 1 }},
		"nobody has written":             {groups: []Membership{room}, m: NewMessage{Inbound: true}, code: fault.Conflict, field: "group"},
		"a group of others":              {groups: []Membership{pool}, m: NewMessage{Inbound: true, Group: "job"}, code: fault.Invalid, field: "group"},
		"who begins":                     {groups: []Membership{room}, m: NewMessage{Inbound: true, Group: "test"}, code: fault.Conflict, field: "group"},
		"a declined one":                 {groups: []Membership{job}, m: NewMessage{Inbound: true, Group: "job"}, change: func(a *Addressee) { a.Spoken["job"] = 9 }, code: fault.Conflict, field: "group"},
		"a declined one, of no group":    {groups: []Membership{job, left, invited}, m: NewMessage{Inbound: true}, change: spokenNowhere, code: fault.Conflict, field: "group"},
		"declined here, still there":     {groups: []Membership{job, pool}, m: NewMessage{Inbound: true}, change: spokenNowhere},
		"a declined one, placed":         {groups: []Membership{job}, m: NewMessage{Inbound: true, Placed: true}, change: spokenNowhere},
		"a declined one is written to":   {groups: []Membership{job, job2}, m: NewMessage{Seen: all}},
		"a question may begin":           {groups: []Membership{job}, m: NewMessage{Inbound: true, Group: "job", About: question}, group: "job"},
		"a question of who left":         {groups: []Membership{left}, m: NewMessage{Inbound: true, Group: "old", About: question}, code: fault.Conflict, field: "group"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &Addressee{No: 9, Name: "Sara Amin", State: PersonActive, Groups: c.groups, Spoken: map[GroupID]int64{"pool": 3}, Received: map[int64]GroupID{3: "pool"}}
			if c.person != "" {
				a.State = c.person
			}
			if c.change != nil {
				c.change(a)
			}
			m := c.m
			m.Actor.ID = "me"
			if m.Body == "" {
				m.Body = "Hello"
			}
			in, err := m.Decide(a)
			if c.code != "" {
				if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != c.code || f.Field != c.field {
					t.Errorf("%v, want %s of %q", err, c.code, c.field)
				}
				return
			}
			var got GroupID
			if in != nil {
				got = in.Group
			}
			if err != nil || got != c.group {
				t.Errorf("it belongs to %q, %v; want %q", got, err, c.group)
			}
		})
	}
}
