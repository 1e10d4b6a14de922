package domain

import "time"

// Captured is what the embedded default would have sent, as it would have gone out.
type Captured struct {
	Organisation OrganisationID
	ID           string
	Delivery     string // the delivery that it is of
	Channel      Channel
	Person       PersonNo
	From, To     string
	Subject      string
	Text         string
	HTML         string // of a mail; "" for an SMS
	Raw          string // of a mail: the message as SMTP would carry it
	At           time.Time

	PersonID   PersonID // filled in by reading
	PersonName string
}

// CapturedMost is how many of them an organisation keeps: the newest.
const CapturedMost = 2000

// DeliveryTopic is heard by the staff who manage deliveries, of the whole organisation or of their own people. What it brings
// names nobody.
const DeliveryTopic = "delivery"
