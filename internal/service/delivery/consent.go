package delivery

import (
	"context"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// consentStore is what consents need of the database.
type consentStore interface {
	SeenCandidates(ctx context.Context, org domain.OrganisationID, seen domain.Seen, ids []domain.PersonID) (map[domain.PersonID]domain.PersonRef, error)
	Consents(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, c domain.Channel) ([]domain.ConsentRecord, error)
	AddConsent(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, person domain.PersonNo, c domain.ConsentRecord) error
}

// Consents are what a person has agreed to, with its proof (product row N4).
type Consents struct {
	SMS     domain.Consent  `json:"sms"`
	History []ConsentChange `json:"history"` // newest first
}

// ConsentChange is one change.
type ConsentChange struct {
	At     time.Time            `json:"at"`
	State  domain.Consent       `json:"state"`
	Source domain.ConsentSource `json:"source"`
	Words  string               `json:"words"`
	By     string               `json:"by,omitempty"`
}

// ConsentRequest notes a change.
type ConsentRequest struct {
	Channel domain.Channel `json:"channel"`
	State   domain.Consent `json:"state"`
	Words   string         `json:"words"` // how they agreed, or said no
}

// wordsMost is the most characters of a proof.
const wordsMost = 500

func (r ConsentRequest) check(mayBeEmpty bool) error {
	if r.Channel != domain.ChannelSMS {
		return fault.Field("channel", "consent is asked for sms")
	}
	if r.State != domain.ConsentIn && r.State != domain.ConsentOut {
		return fault.Field("state", "state must be in or out")
	}
	return domain.CheckText("words", r.Words, wordsMost, mayBeEmpty, true)
}

// Consents returns what a candidate has agreed to. Errors: Forbidden; NotFound (no such candidate among yours).
func (s *Service) Consents(ctx context.Context, actor domain.Actor, person domain.PersonID) (Consents, error) {
	no, err := s.candidate(ctx, actor, domain.ActContactView, person)
	if err != nil {
		return Consents{}, err
	}
	return s.consents(ctx, actor.Organisation, no)
}

// SetConsent notes what a candidate told a member of staff, who says how. Errors: as of Consents; Invalid.
func (s *Service) SetConsent(ctx context.Context, actor domain.Actor, person domain.PersonID, r ConsentRequest) (Consents, error) {
	no, err := s.candidate(ctx, actor, domain.ActConsentManage, person)
	if err != nil {
		return Consents{}, err
	}
	if err := r.check(false); err != nil {
		return Consents{}, err
	}
	return s.note(ctx, actor, no, domain.ConsentRecord{Channel: r.Channel, State: r.State, Source: domain.ConsentByStaff, Words: r.Words, By: actor.Name})
}

// OwnConsents returns what the candidate who asks has agreed to. Errors: Forbidden.
func (s *Service) OwnConsents(ctx context.Context, actor domain.Actor) (Consents, error) {
	if err := own(actor); err != nil {
		return Consents{}, err
	}
	return s.consents(ctx, actor.Organisation, actor.No)
}

// SetOwnConsent notes the candidate's own choice; what they agree to stands in the proof. Errors: Forbidden; Invalid.
func (s *Service) SetOwnConsent(ctx context.Context, actor domain.Actor, r ConsentRequest) (Consents, error) {
	if err := own(actor); err != nil {
		return Consents{}, err
	}
	if err := r.check(true); err != nil {
		return Consents{}, err
	}
	if r.Words == "" {
		r.Words = domain.ConsentWords
		if r.State == domain.ConsentOut {
			r.Words = "No longer: " + domain.ConsentWords
		}
	}
	return s.note(ctx, actor, actor.No, domain.ConsentRecord{Channel: r.Channel, State: r.State, Source: domain.ConsentByPerson, Words: r.Words})
}

func (s *Service) note(ctx context.Context, actor domain.Actor, no domain.PersonNo, c domain.ConsentRecord) (Consents, error) {
	c.At = s.o.Clock.Now()
	err := s.o.Store.AddConsent(ctx, actor.Organisation, actor.Ref(), no, c)
	if err != nil {
		return Consents{}, err
	}
	return s.consents(ctx, actor.Organisation, no)
}

func (s *Service) consents(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (Consents, error) {
	list, err := s.o.Store.Consents(ctx, org, no, domain.ChannelSMS)
	out := Consents{History: []ConsentChange{}}
	for i, c := range list {
		if i == 0 {
			out.SMS = c.State
		}
		out.History = append(out.History, ConsentChange{At: c.At, State: c.State, Source: c.Source, Words: c.Words, By: c.By})
	}
	return out, err
}

// candidate finds one whom the actor sees.
func (s *Service) candidate(ctx context.Context, actor domain.Actor, action domain.Action, person domain.PersonID) (domain.PersonNo, error) {
	seen, err := actor.Seen(action)
	if err != nil {
		return 0, err
	}
	if domain.CheckText("person", string(person), 100, false, false) != nil {
		return 0, notYours()
	}
	found, err := s.o.Store.SeenCandidates(ctx, actor.Organisation, seen, []domain.PersonID{person})
	if err != nil {
		return 0, err
	}
	ref, ok := found[person]
	if !ok {
		return 0, notYours()
	}
	return ref.No, nil
}

// own refuses whoever is no candidate acting for themselves.
func own(actor domain.Actor) error {
	if err := actor.May(domain.ActInboxRead); err != nil {
		return err
	}
	if actor.Kind != domain.ActorPerson || actor.No == 0 {
		return fault.New(fault.Forbidden, "only a candidate has consents")
	}
	return nil
}
