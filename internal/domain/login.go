package domain

import (
	"net/netip"
	"time"
)

// Session is one login of a person. Its token is kept nowhere.
type Session struct {
	Organisation OrganisationID
	ID           string // public
	Person       PersonNo
	UserAgent    string
	CreatedAt    time.Time
	ExpiresAt    time.Time // moves on while the session is used
	SeenAt       time.Time
}

// Ticket is a one-use pass that opens one socket as Person. It dies with the
// session or the API key that it was made with.
type Ticket struct {
	Organisation OrganisationID
	Hash         []byte // SHA-256 of the secret
	Person       PersonNo
	Session      string // the login it was made with, "" if an API key was
	APIKey       string // the API key it was made with, "" if a login was
	Entry        int64  // offset of the entry that records its making; 0: made by its own person
	ExpiresAt    time.Time
}

// Redemption is a ticket that somebody presents, and what decides whether it opens a socket.
type Redemption struct {
	Ticket Ticket
	Used   bool
	Person Person // who they are and their state, nothing else; without ID if they do not exist
	Maker  TicketMaker
}

// TicketMaker is the session or API key that a ticket was made with. A ticket that the server's own
// command made has neither.
type TicketMaker struct {
	Found     bool // false: it has ended, or there is none
	Name      string
	ExpiresAt time.Time // zero for an API key that does not expire
}

// APIKey lets a program of the organisation act as RoleIntegration, within its rights.
type APIKey struct {
	Organisation OrganisationID
	ID           string // public
	Name         string
	SenderName   string // the name that candidates see; "" without RightSend
	Rights       []Right
	Addresses    []netip.Prefix // from which it may be used; empty = from everywhere
	CreatedAt    time.Time
	ExpiresAt    time.Time // zero = never
	UsedAt       time.Time // to about a minute; zero = never
}

// Expired reports whether the key's time is over.
func (k APIKey) Expired(now time.Time) bool { return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) }
