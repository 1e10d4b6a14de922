package people

import (
	"context"
	"maps"
	"slices"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Person is a row of a people list.
type Person struct {
	ID         domain.PersonID    `json:"id"`
	Name       string             `json:"name"`
	GivenName  string             `json:"given_name"`
	FamilyName string             `json:"family_name"`
	ExternalID string             `json:"external_id"`
	Email      string             `json:"email"`
	Phone      string             `json:"phone"`
	Address    string             `json:"address"`
	City       string             `json:"city"`
	Postcode   string             `json:"postcode"`
	Tags       []string           `json:"tags"`
	Skills     []string           `json:"skills"`
	Fields     map[string]string  `json:"fields"`
	State      domain.PersonState `json:"state"`
	Presence   domain.Presence    `json:"presence"`
	Blocked    *domain.Blocked    `json:"blocked,omitempty"`   // why they cannot be written to in the list's group
	Enrolment  *Enrolment         `json:"enrolment,omitempty"` // in the list's group, if it is of one
	Groups     []domain.GroupMark `json:"groups"`              // of those the actor sees
}

// Enrolment is where a person stands in the list's group.
type Enrolment struct {
	State domain.EnrolmentState `json:"state"`
	Room  string                `json:"room,omitempty"`
	Seat  string                `json:"seat,omitempty"`
}

// Page is a part of a people list.
type Page struct {
	People []Person `json:"people"`
	Total  int      `json:"total"` // how many match in all
	Next   string   `json:"next"`  // hand it back as after; "" at the end
}

// peopleMost is how many people one page holds at most.
const peopleMost = 200

// List returns a page of those candidates of the actor's whom the filter chooses. With
// exactly one group in the filter the rows are of that group: their enrolment, and
// whether they can be written to there. after is the Next of the page before. Errors: Forbidden; NotFound (a group that is not the actor's); Invalid.
func (s *Service) List(ctx context.Context, actor domain.Actor, f domain.PeopleFilter, sort domain.PeopleSort, limit int, after string) (Page, error) {
	see, err := seen(actor)
	if err != nil {
		return Page{}, err
	}
	if err := f.Validate(""); err != nil {
		return Page{}, err
	}
	for _, id := range f.Group {
		if !seesGroup(see, id) {
			return Page{}, noGroup()
		}
	}
	org, err := s.store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return Page{}, err
	}
	if err := actor.MayFilter(org.Settings, "", f); err != nil {
		return Page{}, err
	}
	if limit <= 0 || limit > peopleMost {
		limit = peopleMost
	}
	if sort, err = domain.ParsePeopleSort("sort", string(sort)); err != nil {
		return Page{}, err
	}
	if sort == domain.SortPeopleCity && see.ContextOnly {
		e := fault.New(fault.Forbidden, "your role (%s) does not see people's addresses", actor.Role)
		e.Field = "sort"
		return Page{}, e
	}
	last, lang, err := s.openPlace(actor, after)
	if err != nil {
		return Page{}, err
	}
	if after == "" {
		lang = org.Settings.SortLanguage()
	}
	q := domain.PeopleQuery{Filter: f, Seen: see, Sort: sort, After: last, Limit: limit + 1, Language: lang}
	var rows []domain.Listed
	page := Page{}
	if len(f.Presence) > 0 {
		rows, page.Total, err = s.present(ctx, actor.Organisation, q)
	} else {
		if rows, err = s.store.People(ctx, actor.Organisation, q); err != nil {
			return Page{}, err
		}
		if page.Total = len(rows); after != "" || len(rows) > limit { // else this page is the whole list
			page.Total, err = s.store.CountPeople(ctx, actor.Organisation, f, see)
		}
	}
	if err != nil {
		return Page{}, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		page.Next = s.place(actor, rows[limit-1].ID, lang)
	}
	page.People = make([]Person, len(rows))
	var group domain.GroupID
	if len(f.Group) == 1 {
		group = f.Group[0]
	}
	for i, r := range rows {
		page.People[i] = s.person(actor, org.Settings, see, group, r)
	}
	return page, nil
}

// place is where the actor's page ends in a list that is sorted by the rules of a language. It is sealed, so that it tells nobody whether a
// person exists, and nobody can ask by another person's id.
func (s *Service) place(actor domain.Actor, last domain.PersonID, lang string) string {
	return s.sealer.Wrap(int64(actor.Organisation), placesOf(actor), []byte(lang+" "+string(last)))
}

// openPlace returns the last person of the page that ended there, and the language of the list; "" for "".
func (s *Service) openPlace(actor domain.Actor, after string) (domain.PersonID, string, error) {
	if after == "" {
		return "", "", nil
	}
	b, err := s.sealer.Unwrap(int64(actor.Organisation), placesOf(actor), after)
	if err != nil {
		return "", "", noPlace()
	}
	lang, last, ok := strings.Cut(string(b), " ")
	if !ok {
		return "", "", noPlace()
	}
	return domain.PersonID(last), lang, nil
}

func placesOf(actor domain.Actor) string { return "places of people for " + actor.ID }

func noPlace() error { return fault.Field("after", "not where a page of this list ends") }

// present is a page of a list that is filtered by presence, which no database knows.
func (s *Service) present(ctx context.Context, org domain.OrganisationID, q domain.PeopleQuery) ([]domain.Listed, int, error) {
	all, err := s.store.PeopleNumbers(ctx, org, q)
	if err != nil {
		return nil, 0, err
	}
	var nos []domain.PersonNo
	total, begun := 0, q.After == ""
	for _, p := range all {
		here := begun
		begun = begun || p.ID == q.After // its place holds even if it matches no longer
		if now, _ := s.presence.Presence(org, p.No); !slices.Contains(q.Filter.Presence, now) {
			continue
		}
		total++
		if here && len(nos) < q.Limit {
			nos = append(nos, p.No)
		}
	}
	if !begun {
		return nil, 0, noPlace()
	}
	rows, err := s.store.PeopleNumbered(ctx, org, nos)
	return rows, total, err
}

// person is a candidate as the actor sees them: contact data and the organisation's own fields are
// left empty for those who do not see them.
func (s *Service) person(actor domain.Actor, set domain.Settings, see domain.Seen, group domain.GroupID, r domain.Listed) Person {
	out := Person{
		ID: r.ID, Name: r.Name(), GivenName: r.GivenName, FamilyName: r.FamilyName, ExternalID: r.ExternalID,
		Tags: list(r.Tags), Skills: list(r.Skills), Fields: set.VisibleFields(actor.Role, r.Fields), State: r.State, Groups: r.Marks(see),
	}
	if !see.ContextOnly {
		out.Email, out.Phone, out.Address, out.City, out.Postcode = r.Email, r.Phone, r.Address, r.City, r.Postcode
	}
	out.Presence, _ = s.presence.Presence(actor.Organisation, r.No)
	if b := r.Standing(group).SendBlocked(); b.Is() {
		out.Blocked = &b
	}
	for _, m := range r.Groups {
		if group != "" && m.Group == group {
			out.Enrolment = &Enrolment{State: m.State, Room: m.Room, Seat: m.Seat}
		}
	}
	return out
}

// Facets returns what filters of the list of a group ("" = of all of the actor's people)
// offer. Errors: Forbidden; NotFound.
func (s *Service) Facets(ctx context.Context, actor domain.Actor, group domain.GroupID) (domain.PeopleFacets, error) {
	see, err := seen(actor)
	if err != nil {
		return domain.PeopleFacets{}, err
	}
	if err := domain.CheckText("group", string(group), 100, true, false); err != nil {
		return domain.PeopleFacets{}, err
	}
	if group != "" && !seesGroup(see, group) {
		return domain.PeopleFacets{}, noGroup()
	}
	org, err := s.store.Organisation(ctx, actor.Organisation)
	if err != nil {
		return domain.PeopleFacets{}, err
	}
	f, err := s.store.PeopleFacets(ctx, actor.Organisation, see, group)
	if see.ContextOnly {
		f.Cities = []string{}
	}
	maps.DeleteFunc(f.Fields, func(name string, _ []string) bool { return !org.Settings.SeesField(actor.Role, name) })
	return f, err
}
