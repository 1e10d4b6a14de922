package settings

import (
	"context"

	"crier/internal/domain"
)

// Choices are the organisation's rules for messages.
type Choices struct {
	SubjectOptional bool `json:"subject_optional"` // a sending may go without a subject
	ChatSubject     bool `json:"chat_subject"`     // messages of a conversation need one too
	RepliesClosed   bool `json:"replies_closed"`   // candidates may not answer, unless their group says otherwise
	TestReplies     bool `json:"test_replies"`     // answers are open in tests as well
	CandidatesStart bool `json:"candidates_start"` // candidates may begin a conversation
}

// Change is what to change; a nil field keeps what is stored.
type Change struct {
	SubjectOptional *bool `json:"subject_optional"`
	ChatSubject     *bool `json:"chat_subject"`
	RepliesClosed   *bool `json:"replies_closed"`
	TestReplies     *bool `json:"test_replies"`
	CandidatesStart *bool `json:"candidates_start"`
}

func choicesOf(s domain.Settings) Choices {
	return Choices{SubjectOptional: s.SubjectOptional, ChatSubject: s.ChatSubject, RepliesClosed: s.RepliesClosed, TestReplies: s.TestReplies, CandidatesStart: s.CandidatesStart}
}

// Choices returns the organisation's rules. Errors: Forbidden.
func (s *Service) Choices(ctx context.Context, actor domain.Actor) (Choices, error) {
	if err := actor.May(domain.ActSettingsManage); err != nil {
		return Choices{}, err
	}
	o, err := s.Store.Organisation(ctx, actor.Organisation)
	return choicesOf(o.Settings), err
}

// Change changes some of the rules, for all that is sent from now on. Errors: Forbidden.
func (s *Service) Change(ctx context.Context, actor domain.Actor, c Change) (Choices, error) {
	if err := actor.May(domain.ActSettingsManage); err != nil {
		return Choices{}, err
	}
	now, e, err := s.Store.ChangeSettings(ctx, actor, func(to *domain.Settings) {
		set(&to.SubjectOptional, c.SubjectOptional)
		set(&to.ChatSubject, c.ChatSubject)
		set(&to.RepliesClosed, c.RepliesClosed)
		set(&to.TestReplies, c.TestReplies)
		set(&to.CandidatesStart, c.CandidatesStart)
	})
	if err != nil {
		return Choices{}, err
	}
	s.committed(e)
	return choicesOf(now), nil
}

func set(to, asked *bool) {
	if asked != nil {
		*to = *asked
	}
}
