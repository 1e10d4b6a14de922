package team

import (
	"crier/internal/domain"
	"crier/internal/journal"
)

// Event is the socket frame of a new message. Thread is named as its hearer names it.
type Event struct {
	Type    string  `json:"type"` // team
	Thread  string  `json:"thread"`
	Message Message `json:"message"`
}

// Entry hears of messages among staff, and tells the pages here.
func (s *Service) Entry(e *journal.Entry) {
	text, err := journal.As[journal.TeamMessage](e)
	if err != nil {
		return
	}
	thread, ok := domain.ParseTeamThread(text.Thread)
	if !ok {
		return
	}
	event := Event{Type: "team", Message: s.message(e.Organisation, journal.TeamItem{Offset: e.Offset, At: e.At, From: e.Actor, Text: *text})}
	if thread.Group != "" {
		event.Thread = "group." + string(thread.Group)
		s.Pages.Team(e.Organisation, thread.Group, event)
		return
	}
	if len(text.People) != 2 || len(text.PeopleIDs) != 2 {
		return
	}
	for i, no := range text.People { // each hears of the chat with the other
		event.Thread = "direct." + string(text.PeopleIDs[1-i])
		s.Pages.Person(e.Organisation, no, event)
	}
}
