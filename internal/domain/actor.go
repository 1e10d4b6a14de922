package domain

import "time"

// ActorKind says what sort of someone acts.
type ActorKind string

// The kinds of actor.
const (
	ActorPerson ActorKind = "person"
	ActorAPIKey ActorKind = "api_key"
	ActorSystem ActorKind = "system"
)

// Actor is who does something. It is always an explicit parameter, never hidden
// in a context.
type Actor struct {
	Organisation OrganisationID
	Kind         ActorKind
	ID           string   // PersonID or API key id; "system" for the system
	No           PersonNo // a person's number; 0 for any other kind
	Name         string   // as the record shows it
	Role         Role
	Session      string    // public id of the login in use, "" if none
	Scopes       []Scope   // where staff with a limited reach work; see Reach
	Rights       []Right   // of an API key
	PublicName   string    // of an API key: the name that candidates see; "" = Name
	Ticket       *Ticketed // nil: a sign-in of the actor's own
}

// Ticketed says that the actor's connection was opened by a ticket that somebody else made.
type Ticketed struct {
	Entry int64     `json:"entry"` // offset of the entry that records the making
	Kind  ActorKind `json:"kind"`
	Name  string    `json:"name"`
}

func (t *Ticketed) entry() int64 {
	if t == nil {
		return 0
	}
	return t.Entry
}

// TicketEntry is the offset of the entry that records the ticket of the actor's connection,
// 0 for a sign-in of the actor's own.
func (a Actor) TicketEntry() int64 { return a.Ticket.entry() }

// SenderName is the name that those see whom the actor writes to.
func (a Actor) SenderName() string {
	if a.PublicName != "" {
		return a.PublicName
	}
	return a.Name
}

// Scope is one group, or one room of a test, that a staff member works in.
type Scope struct {
	Exam ExamID
	Room string    // "" means every room of the test
	Kind GroupKind // of the group; "" is read as a group that is not a test

	// Until is when the scope must be read again: the reach through a test ends then, unless
	// somebody has more time. Zero: it does not end.
	Until time.Time
	// Over reports that the reach has ended: the sendings of the test are visible, nothing else.
	Over bool
}

// ActorRef is an actor as the journal keeps them.
type ActorRef struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id"`
	Name string    `json:"name"`
	Role Role      `json:"role"`
}

// Ref returns what the journal keeps of the actor.
func (a Actor) Ref() ActorRef { return ActorRef{Kind: a.Kind, ID: a.ID, Name: a.Name, Role: a.Role} }

// System is the actor of what no person asked for.
func System(org OrganisationID) Actor {
	return Actor{Organisation: org, Kind: ActorSystem, ID: "system", Name: "Crier", Role: RoleSystem}
}
