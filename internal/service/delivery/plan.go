package delivery

import (
	"context"
	"slices"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// planStore is what a plan needs of the database.
type planStore interface {
	Reachables(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, ids []domain.PersonID) ([]domain.Reachable, error)
	Organisation(ctx context.Context, org domain.OrganisationID) (domain.Organisation, error)
	// GroupFor returns the group to which a message to a candidate belongs. Errors: Invalid (group).
	GroupFor(ctx context.Context, org domain.OrganisationID, seen domain.Seen, person domain.PersonID, named domain.GroupID) (domain.GroupMark, error)
}

// Plan says whom a message would reach, and by what (product row N3). A copy in the message centre goes to all, unless candidates meet messages by email and SMS alone.
type Plan struct {
	Counts    PlanCounts   `json:"counts"`
	Elsewhere bool         `json:"elsewhere,omitempty"` // it will not stand on the candidates' pages
	Email     PlanChannel  `json:"email"`
	SMS       PlanChannel  `json:"sms"`
	People    []PlanPerson `json:"people,omitempty"`
}

// PlanCounts count people.
type PlanCounts struct {
	People int `json:"people"`
	App    int `json:"app"`
	Email  int `json:"email"`
	SMS    int `json:"sms"`
}

// PlanChannel is what one channel would do. Those who wait (quiet hours) are among To.
type PlanChannel struct {
	To    int          `json:"to"`
	Parts int          `json:"parts,omitempty"` // of all SMS together
	Not   []PlanReason `json:"not"`
}

// PlanReason counts why copies do not go, or wait.
type PlanReason struct {
	Reason domain.ChannelReason `json:"reason"`
	Count  int                  `json:"count"`
}

// PlanPerson is one person's part of it. A channel that was not asked for is absent.
type PlanPerson struct {
	ID    domain.PersonID `json:"id"`
	Name  string          `json:"name"`
	Email *PlanCopy       `json:"email,omitempty"`
	SMS   *PlanCopy       `json:"sms,omitempty"`
}

// PlanCopy says where a copy goes, or why it does not; with Until it waits.
type PlanCopy struct {
	Address string               `json:"address,omitempty"`
	Reason  domain.ChannelReason `json:"reason,omitempty"`
	Until   time.Time            `json:"until,omitzero"`
}

// PlanRequest asks for a plan.
type PlanRequest struct {
	Group    domain.GroupID // "": what the message will belong to if none is named
	People   []domain.PersonID
	Channels []domain.Channel
	Subject  string // for the number of SMS parts
	Body     string
	Each     bool // name the people
}

// Plan says what would become of the copies now, by the rule that the workers go by later. People whom the actor does not see are
// left out. Errors: Forbidden; Invalid (channels).
func (s *Service) Plan(ctx context.Context, actor domain.Actor, r PlanRequest) (Plan, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return Plan{}, err
	}
	if err := domain.CheckChannels(r.Channels); err != nil {
		return Plan{}, err
	}
	org, err := s.o.Store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return Plan{}, err
	}
	people, err := s.o.Store.Reachables(ctx, actor.Organisation, seen, r.Group, r.People)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Email: PlanChannel{Not: []PlanReason{}}, SMS: PlanChannel{Not: []PlanReason{}}}
	now := s.o.Clock.Now()
	parts := 0
	if slices.Contains(r.Channels, domain.ChannelSMS) && strings.TrimSpace(r.Subject+r.Body) != "" {
		parts = partsOf(Plain{Link: s.o.Link}.Text(org, r.Subject, r.Body))
	}
	for _, of := range people {
		p.Counts.People++
		p.Elsewhere = of.Standing.Elsewhere
		if !of.Standing.Blocked.Is() && !p.Elsewhere {
			p.Counts.App++
		}
		one := PlanPerson{ID: of.ID, Name: of.Name}
		of.Standing.Enabled = s.enabled
		for _, c := range r.Channels {
			v := of.Standing.Judge(c, now)
			copied := &PlanCopy{Address: v.Address, Reason: v.Reason, Until: v.Until}
			if seen.ContextOnly {
				copied.Address = ""
			}
			if c == domain.ChannelEmail {
				p.Email.add(v)
				one.Email = copied
			} else {
				p.SMS.add(v)
				one.SMS = copied
			}
		}
		if r.Each {
			p.People = append(p.People, one)
		}
	}
	p.Counts.Email, p.Counts.SMS, p.SMS.Parts = p.Email.To, p.SMS.To, parts*p.SMS.To
	return p, nil
}

func (p *PlanChannel) add(v domain.Verdict) {
	if v.Reason == "" || !v.Until.IsZero() {
		p.To++
	}
	if v.Reason == "" {
		return
	}
	i := slices.IndexFunc(p.Not, func(r PlanReason) bool { return r.Reason == v.Reason })
	if i < 0 {
		i = len(p.Not)
		p.Not = append(p.Not, PlanReason{Reason: v.Reason})
	}
	p.Not[i].Count++
}

// PlanOne is the plan of a message to one candidate, in the group that it will belong to. Errors: as of Plan; NotFound (no such
// candidate among yours).
func (s *Service) PlanOne(ctx context.Context, actor domain.Actor, person domain.PersonID, r PlanRequest) (Plan, error) {
	seen, err := actor.Seen(domain.ActConversationView)
	if err != nil {
		return Plan{}, err
	}
	if r.Group == "" {
		// Who must name the group learns of it when the message is sent.
		g, err := s.o.Store.GroupFor(ctx, actor.Organisation, seen, person, "")
		if err != nil && !fault.Is(err, fault.Invalid) {
			return Plan{}, err
		}
		r.Group = g.ID
	}
	r.People, r.Each = []domain.PersonID{person}, true
	p, err := s.Plan(ctx, actor, r)
	if err == nil && p.Counts.People == 0 {
		err = notYours()
	}
	return p, err
}

// CheckReach refuses what would reach nobody: a message to people who meet messages by their copies alone, none of whom
// gets one. Errors: Invalid (channels), with the reasons; Unavailable. What else is wrong is found when it is sent.
func (s *Service) CheckReach(ctx context.Context, actor domain.Actor, group domain.GroupID, people []domain.PersonID, channels []domain.Channel) error {
	if len(people) == 0 || len(channels) == 0 {
		return nil
	}
	org, err := s.o.Store.Organisation(ctx, actor.Organisation)
	if err != nil || !org.Settings.StaffChatOnly {
		return err
	}
	r := PlanRequest{Group: group, People: people, Channels: channels}
	var p Plan
	if len(people) == 1 && group == "" {
		p, err = s.PlanOne(ctx, actor, people[0], r)
	} else {
		p, err = s.Plan(ctx, actor, r)
	}
	if err != nil {
		if code := fault.CodeOf(err); code == fault.Unavailable || code == fault.Internal {
			return err
		}
		return nil //nolint:nilerr // what is refused here is refused where the message is stored, in its words
	}
	if !p.Elsewhere || p.Counts.People == 0 || p.Email.To+p.SMS.To > 0 {
		return nil
	}
	var why []string
	for c, of := range map[string]PlanChannel{"email": p.Email, "SMS": p.SMS} {
		for _, n := range of.Not {
			// People who cannot be written to at all are refused, or left out, where the message is stored.
			if n.Reason != domain.ReasonBlocked && n.Reason != domain.ReasonLeft {
				why = append(why, c+": "+n.Reason.Words())
			}
		}
	}
	if len(why) == 0 {
		return nil
	}
	slices.Sort(why)
	return fault.Field("channels", "it would reach nobody (%s)", strings.Join(why, "; "))
}

func notYours() error { return fault.New(fault.NotFound, "no such candidate among yours") }

// ChannelsView says what this server can do, as the pages show it.
type ChannelsView struct {
	Email struct {
		Enabled bool   `json:"enabled"`
		From    string `json:"from"`
	} `json:"email"`
	SMS struct {
		Enabled  bool   `json:"enabled"`
		Provider string `json:"provider"`
	} `json:"sms"`
	Push struct {
		Enabled bool   `json:"enabled"`
		Key     string `json:"key"`
	} `json:"push"`
}

// Channels says what this server can do. Anyone who is signed in may know.
func (s *Service) Channels(_ context.Context, _ domain.Actor) (ChannelsView, error) {
	var v ChannelsView
	if w, ok := s.o.Ways[domain.ChannelEmail]; ok {
		v.Email.Enabled, v.Email.From = true, w.From
	}
	if w, ok := s.o.Ways[domain.ChannelSMS]; ok {
		v.SMS.Enabled, v.SMS.Provider = true, w.Sender.Name()
	}
	if _, ok := s.o.Ways[domain.ChannelPush]; ok {
		v.Push.Enabled, v.Push.Key = true, s.o.PushKey
	}
	return v, nil
}
