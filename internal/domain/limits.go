package domain

// Limits are an installation's sizes. Zero values are not allowed: start from
// DefaultLimits.
type Limits struct {
	Recipients int // most recipients of one sending (product row S5)
	Subject    int // characters
	Body       int // characters
	Items      int // most items of one provisioning request
	Import     int // most rows of one roster
}

// DefaultLimits are design.md section 5.
var DefaultLimits = Limits{Recipients: 1500, Subject: 200, Body: 4000, Items: 5000, Import: 20000}
