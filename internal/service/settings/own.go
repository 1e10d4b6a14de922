package settings

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/shorten"
)

// View is a saved filter of the Messages page.
type View struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Query string `json:"query"` // the page's address after "?"
}

// Sizes of what one person keeps.
const (
	viewsMost       = 50
	queryMost       = 1000 // characters
	preferencesMost = 50
	preferenceMost  = 2000 // bytes of JSON
)

var preferenceNames = regexp.MustCompile(`^[a-z_]{1,40}$`)

// Views returns the actor's saved filters, by name. Errors: Forbidden.
func (s *Service) Views(ctx context.Context, actor domain.Actor) ([]View, error) {
	if err := person(actor, domain.ActConversationView); err != nil {
		return nil, err
	}
	list, err := s.Store.SavedViews(ctx, actor.Organisation, actor.No)
	out := make([]View, len(list))
	for i, v := range list {
		out[i] = View(v)
	}
	return out, err
}

// AddView keeps a filter. Errors: Forbidden, naming query.… for a condition that
// the actor's role may not ask; Invalid naming name or query; TooLarge (there are 50).
func (s *Service) AddView(ctx context.Context, actor domain.Actor, name, query string) (View, error) {
	if err := person(actor, domain.ActConversationView); err != nil {
		return View{}, err
	}
	name = domain.Tidy(name)
	if err := domain.CheckText("name", name, 100, false, false); err != nil {
		return View{}, err
	}
	if err := domain.CheckText("query", query, queryMost, true, false); err != nil {
		return View{}, err
	}
	asked, err := url.ParseQuery(query)
	if err != nil {
		return View{}, fault.Field("query", "query is what stands after the ? of the page's address")
	}
	if err := s.mayKeep(ctx, actor, asked); err != nil {
		return View{}, err
	}
	v := View{ID: uuid.Must(uuid.NewV7()).String(), Name: name, Query: query}
	return v, s.Store.AddView(ctx, actor.Organisation, actor.No, domain.SavedView(v), viewsMost)
}

// mayKeep refuses a filter that the actor's role may not ask.
func (s *Service) mayKeep(ctx context.Context, actor domain.Actor, query url.Values) error {
	org, err := s.Store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return err
	}
	f := domain.PeopleFilter{City: query["city"], Postcode: query["postcode"], Fields: map[string][]string{}}
	for name, values := range query {
		if field, ok := strings.CutPrefix(name, "field."); ok {
			f.Fields[field] = values
		}
	}
	return actor.MayFilter(org.Settings, "query", f)
}

// RemoveView forgets a filter. Errors: Forbidden, NotFound.
func (s *Service) RemoveView(ctx context.Context, actor domain.Actor, id string) error {
	if err := person(actor, domain.ActConversationView); err != nil {
		return err
	}
	return s.Store.RemoveView(ctx, actor.Organisation, actor.No, id)
}

// Preferences returns what the actor's pages remember, by name. Errors: Forbidden.
func (s *Service) Preferences(ctx context.Context, actor domain.Actor) (map[string]json.RawMessage, error) {
	if err := person(actor, domain.ActSocketOpen); err != nil {
		return nil, err
	}
	stored, err := s.Store.Preferences(ctx, actor.Organisation, actor.No)
	out := make(map[string]json.RawMessage, len(stored))
	for name, v := range stored {
		out[name] = json.RawMessage(v)
	}
	return out, err
}

// SetPreferences remembers the named values beside those that are remembered already; null forgets
// one. Errors: Forbidden; Invalid naming the preference; TooLarge (more than 50).
func (s *Service) SetPreferences(ctx context.Context, actor domain.Actor, values map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	if err := person(actor, domain.ActSocketOpen); err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(values))
	for name, v := range values {
		if !preferenceNames.MatchString(name) {
			return nil, fault.Field(cut(name, 60), "a preference's name is 1 to 40 small letters and underscores")
		}
		if len(v) > preferenceMost {
			return nil, fault.Over(name, preferenceMost, int64(len(v)), "%d bytes; at most %d are kept", len(v), preferenceMost)
		}
		if name == domain.NotifyEmail && !slices.Contains([]string{"null", domain.NotifyEmailGrouped, domain.NotifyEmailOff}, string(v)) {
			return nil, fault.Field(name, "this preference is off or grouped")
		}
		if name == domain.NotifyMentions && !slices.Contains([]string{"null", domain.NotifyMentionsEmail, domain.NotifyMentionsOff}, string(v)) {
			return nil, fault.Field(name, "this preference is off or email")
		}
		if texts[name] = string(v); string(v) == "null" {
			texts[name] = ""
		}
	}
	if err := s.Store.SetPreferences(ctx, actor.Organisation, actor.No, texts, preferencesMost); err != nil {
		return nil, err
	}
	return s.Preferences(ctx, actor)
}

func cut(s string, n int) string {
	return shorten.Clip(strings.ToValidUTF8(s, ""), n)
}
