package domain

import (
	"slices"
	"time"

	"crier/internal/fault"
)

// NewMessage asks for one message of one conversation. Its texts have been checked;
// what depends on who is where and who has claimed what is decided by Decide, inside
// the transaction that stores it.
type NewMessage struct {
	Actor      ActorRef
	ActorNo    PersonNo // who writes; 0 for an API key
	SenderName string   // the name that the candidate sees; "" = the actor's
	Seen       Seen     // what of candidates the actor may see; of no meaning for Inbound

	Person  PersonID // whose conversation; of an inbound one the actor's own
	Inbound bool     // written by the candidate

	Key  string // the actor's own key of the request: unique per actor for good
	Hash []byte // SHA-256 of what was asked under that key

	Subject, Body string
	Group         GroupID        // "": the writer names none
	Attachments   []AttachmentID // uploaded by the actor for this conversation, not sent yet

	Channels []Channel // staff: copies that are asked for
	Via      Channel   // inbound: what it came by, "" for the pages

	SeenUpTo int64 // staff: offset of the last item on the writer's screen; 0: not asked
	TakeOver bool  // staff: write although a colleague has claimed it, and claim it

	ReplyTo int64  // inbound: offset of the message of theirs that is answered, 0 if none
	About   *About // inbound: a question or a report, which closed replies do not stop
	Placed  bool   // inbound: staff have put it here, or it is a word like STOP: nothing stops it

	Automatic  bool        // inbound: a program of the candidate's wrote it; it makes nothing unread and nobody wait
	Unverified bool        // inbound, by email: nobody vouches for the sender
	Trial      *PersonName // inbound: who of the staff typed it on the Outbox page
	Settles    *Settles    // inbound: what came in and becomes this message
}

// Settles ties a message to what came in: it waits, becomes the message, and is settled in one transaction. Whoever comes second,
// whatever person they mean, is refused with a Conflict that names who was first.
type Settles struct {
	ID    string       // of the Inbound
	State InboundState // InboundMatched or InboundAssigned
	Why   InboundWhy   // as it stays on record
	By    Actor        // who assigned it
}

// Addressee is a candidate as a message in their conversation is decided on.
type Addressee struct {
	No       PersonNo
	ID       PersonID
	Name     string
	SortName string
	State    PersonState
	Settings Settings // the organisation's
	Groups   []Membership

	Assigned     PersonNo // who has claimed the conversation, 0 if nobody
	AssignedName string
	Answers      []Answer          // by staff to this person since what a writer has seen
	Spoken       map[GroupID]int64 // where staff have written to them, and their newest message there
	Received     map[int64]GroupID // of the messages that are asked about: theirs, and where each belongs
}

// Membership is one enrolment, and the group it is in.
type Membership struct {
	Group    GroupID
	Kind     GroupKind
	Name     string
	Room     string
	Seat     string
	State    EnrolmentState
	Policy   GroupPolicy
	StartsAt time.Time
	EndsAt   time.Time
}

// Answer is a message that a member of staff has written.
type Answer struct {
	Offset int64
	Group  GroupID
	By     ActorRef
}

// Reach is the places of enrolments that have not ended: whose staff hear of a message.
func (a *Addressee) Reach() []Place {
	out := make([]Place, 0, len(a.Groups))
	for _, g := range a.Groups {
		if g.State != EnrolmentLeft {
			out = append(out, Place{Group: g.Group, Room: g.Room})
		}
	}
	return out
}

// places are those through which staff see the person: whoever sees one of them may look at the
// history.
func (a *Addressee) places() []Place {
	out := make([]Place, 0, len(a.Groups))
	for _, g := range a.Groups {
		if g.State.Reaches(g.Kind) {
			out = append(out, g.place())
		}
	}
	return out
}

func (m Membership) place() Place { return Place{Group: m.Group, Room: m.Room} }

// Membership returns the enrolment in a group, nil if there is none.
func (a *Addressee) Membership(group GroupID) *Membership {
	i := slices.IndexFunc(a.Groups, func(m Membership) bool { return m.Group == group })
	if i < 0 {
		return nil
	}
	return &a.Groups[i]
}

// Standing is the person's in the context of one of their groups, nil for none.
func (a *Addressee) Standing(in *Membership) Standing {
	s := Standing{Person: a.State, Groups: len(a.Groups), Settings: a.Settings}
	for _, g := range a.Groups {
		if g.State != EnrolmentLeft && g.State != EnrolmentInvited {
			s.Active++
		}
		if g.State == EnrolmentDeclined {
			s.Declined++
		}
	}
	if in != nil {
		s.Group, s.Kind, s.State, s.In, s.Policy = in.Group, in.Kind, in.State, true, in.Policy
	}
	return s
}

// Decide says where the message belongs, nil for no group, or why it is refused:
// NotFound (a person whom the writer does not see), Invalid (group, subject, body,
// reply_to; two of them in Details), Conflict (person, assigned, seen, group).
func (m *NewMessage) Decide(a *Addressee) (*Membership, error) {
	if m.Inbound {
		return m.decideInbound(a)
	}
	if !m.Seen.Holds(a.places()) {
		return nil, fault.New(fault.NotFound, "no such candidate among yours")
	}
	in, err := m.Seen.GroupFor(m.Group, a.Groups)
	if err != nil {
		return nil, err
	}
	if err := m.missing(a.Settings.ChatSubject); err != nil {
		return nil, err
	}
	if err := NeedsChannel(a.Settings, kindOf(in), m.Channels); err != nil {
		return nil, err
	}
	if b := a.Standing(in).SendBlocked(); b.Is() {
		return nil, conflict("person", "%s cannot be written to: %s", a.Name, b.Text)
	}
	if a.Assigned != 0 && a.Assigned != m.ActorNo && !m.TakeOver {
		return nil, conflict("assigned", "%s has this conversation", a.AssignedName)
	}
	if m.SeenUpTo > 0 {
		for _, by := range slices.Backward(a.Answers) {
			if by.Offset > m.SeenUpTo && by.By.ID != m.Actor.ID && m.Seen.HoldsGroup(by.Group, a.places()) {
				return nil, conflict("seen", "%s has answered since what you saw", by.By.Name)
			}
		}
	}
	return in, nil
}

func (m *NewMessage) decideInbound(a *Addressee) (*Membership, error) {
	group := m.Group
	if m.ReplyTo != 0 {
		of, ok := a.Received[m.ReplyTo]
		switch {
		case !ok:
			return nil, fault.Field("reply_to", "not an id of one of your messages")
		case group == "":
			group = of
		case group != of:
			return nil, fault.Field("reply_to", "that message belongs to another group")
		}
	} else if group == "" && m.About == nil && m.Via == "" {
		group = a.answerable()
	}
	var in *Membership
	if group != "" {
		if in = a.Membership(group); in == nil {
			if m.Group == "" { // the message is of a group that they were taken out of
				return nil, conflict("group", "%s", Block(BlockedLeft).Text)
			}
			return nil, fault.Field("group", "no such group among yours")
		}
	}
	if err := m.missing(a.Settings.ChatSubject && m.ReplyTo == 0 && m.About == nil && m.Via == ""); err != nil {
		return nil, err
	}
	s := a.Standing(in)
	b := s.SendBlocked()
	if m.About == nil {
		if b = s.ReplyBlocked(a.Spoken[group] != 0); m.Via == "" && !b.Is() {
			b = s.ElsewhereBlocked()
		}
	}
	if b.Is() && !m.Placed {
		return nil, conflict("group", "%s", b.Text)
	}
	return in, nil
}

// answerable returns the group in which a candidate's answer belongs that names none: none ("") if they
// may write there, else the one with the newest message of staff among those where they may.
func (a *Addressee) answerable() GroupID {
	may := func(in *Membership, group GroupID) bool {
		s := a.Standing(in)
		reply, elsewhere := s.ReplyBlocked(a.Spoken[group] != 0), s.ElsewhereBlocked()
		return !reply.Is() && !elsewhere.Is()
	}
	if may(nil, "") {
		return ""
	}
	newest, at := GroupID(""), int64(0)
	for i := range a.Groups {
		if g := a.Groups[i].Group; a.Spoken[g] > at && may(&a.Groups[i], g) {
			newest, at = g, a.Spoken[g]
		}
	}
	return newest
}

// missing names what is not written: the body, unless a file says it all, and the
// subject where one is asked for.
func (m *NewMessage) missing(subject bool) error {
	var out []fault.Detail
	if subject && Blank(m.Subject) {
		out = append(out, fault.Detail{Field: "subject", Message: "subject must not be empty"})
	}
	if Blank(m.Body) && len(m.Attachments) == 0 && m.About == nil {
		out = append(out, fault.Detail{Field: "body", Message: "body must not be empty"})
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return fault.Field(out[0].Field, "%s", out[0].Message)
	}
	return fault.Many(fault.Invalid, out, "subject and body must not be empty")
}

func conflict(field, format string, args ...any) error {
	e := fault.New(fault.Conflict, format, args...)
	e.Field = field
	return e
}

// NeedsChannel refuses what would reach nobody: a message without copies where candidates meet messages by their copies
// alone. Errors: Invalid (channels).
func NeedsChannel(set Settings, k GroupKind, channels []Channel) error {
	if set.Elsewhere(k) && len(channels) == 0 {
		return fault.Field("channels", "candidates are reached by email and SMS alone here: choose at least one")
	}
	return nil
}

// kindOf is the kind of a membership's group, "" for none.
func kindOf(in *Membership) GroupKind {
	if in == nil {
		return ""
	}
	return in.Kind
}
