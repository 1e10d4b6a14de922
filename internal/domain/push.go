package domain

// StaffPush is the payload of a push to staff. Of a note it says that there is one: what stands in notes never leaves.
type StaffPush struct {
	Person PersonID `json:"person"` // whose conversation
	Name   string   `json:"name"`
	By     string   `json:"by,omitempty"`   // who has mentioned them, "" if Line is the candidate's
	Line   string   `json:"line,omitempty"` // what the candidate has written, in one line
}
