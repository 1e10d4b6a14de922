package roster

import (
	"maps"
	"slices"
	"time"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

func (p Person) key() (string, string) { return p.ExternalID, "external_id" }

func (p Person) spec(w domain.Where, c *check) domain.PersonSpec {
	c.text(w, "external_id", p.ExternalID, idMost, false)
	role := p.Role
	switch p.Kind {
	case domain.KindCandidate:
		if role != "" && role != domain.RoleCandidate {
			c.add(w, "role", "a candidate has no role")
		}
		role = domain.RoleCandidate
	case domain.KindStaff:
		if !slices.Contains(domain.StaffRoles, role) {
			c.add(w, "role", "role must be one of %s", words(domain.StaffRoles))
		}
	default:
		c.add(w, "kind", "kind must be candidate or staff")
	}
	c.text(w, "given_name", p.GivenName, nameMost, true)
	c.text(w, "family_name", p.FamilyName, nameMost, true)
	if domain.Blank(p.GivenName + p.FamilyName) {
		c.add(w, "given_name", "the person needs a name")
	}
	c.optional(w, "login", p.Login, idMost)
	c.optional(w, "email", p.Email, 254)
	c.contact(w, "email", p.Email, domain.CheckEmail)
	c.optional(w, "phone", p.Phone, 40)
	c.contact(w, "phone", p.Phone, domain.CheckPhone)
	if p.Locale != nil && *p.Locale != "" && !locales.MatchString(*p.Locale) {
		c.add(w, "locale", "a locale is a language tag, as in nb or en-GB")
	}
	if p.Password != nil {
		if err := auth.CheckPassword("password", *p.Password, strengthFor(p.Kind), known(&p)...); err != nil {
			c.add(w, "password", "%s", fault.Public(err).Message)
		}
	}
	c.labels(w, "tags", p.Tags)
	c.labels(w, "skills", p.Skills)
	c.optional(w, "address", p.Address, placeText)
	c.optional(w, "city", p.City, nameMost)
	c.optional(w, "postcode", p.Postcode, 20)
	c.fields(w, p.Fields)
	if p.State != nil && !p.State.Known() {
		c.add(w, "state", "state must be active, invited or locked")
	}
	consent := c.copies(w, p)
	return domain.PersonSpec{
		SMSConsent: consent, TimeZone: p.TimeZone, QuietFrom: p.QuietFrom, QuietTo: p.QuietTo,
		Where: w, ExternalID: p.ExternalID, Kind: p.Kind, Role: role, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Login: lower(p.Login), Email: p.Email, Phone: p.Phone, Locale: p.Locale, Tags: distinct(p.Tags),
		Skills: distinct(p.Skills), Address: p.Address, City: p.City, Postcode: p.Postcode, Fields: p.Fields, State: p.State,
	}
}

// copies checks what says when and whether copies go.
func (c *check) copies(w domain.Where, p Person) *domain.ConsentSpec {
	if p.TimeZone != nil && *p.TimeZone != "" && !domain.KnownZone(*p.TimeZone) {
		c.add(w, "time_zone", "no such time zone: %q; as in Europe/Oslo", clip(*p.TimeZone))
	}
	for _, q := range []struct {
		field string
		v     *int
	}{{"quiet_from", p.QuietFrom}, {"quiet_to", p.QuietTo}} {
		if q.v != nil && (*q.v < -1 || *q.v >= domain.DayMinutes) {
			c.add(w, q.field, "%s must be from 0 to %d, or -1 for the organisation's", q.field, domain.DayMinutes-1)
		}
	}
	s := p.SMSConsent
	if s == nil {
		return nil
	}
	if p.Kind == domain.KindStaff {
		c.add(w, "sms_consent", "only a candidate has a consent")
	}
	if s.State != domain.ConsentIn && s.State != domain.ConsentOut {
		c.add(w, "sms_consent.state", "state must be in or out")
	}
	if err := domain.CheckText("words", s.Words, 500, false, true); err != nil {
		c.add(w, "sms_consent.words", "%s", fault.Public(err).Message)
	}
	out := &domain.ConsentSpec{State: s.State, Words: s.Words}
	if s.At != nil {
		if out.At = s.At.UTC().Truncate(time.Microsecond); out.At.After(c.now.Add(latest)) {
			c.add(w, "sms_consent.at", "at lies in the future")
		}
	}
	return out
}

// labels checks a list of tags or skills.
func (c *check) labels(w domain.Where, field string, list *[]string) {
	if list == nil {
		return
	}
	if len(*list) > tagsMost {
		c.add(w, field, "%d %s; at most %d are possible", len(*list), field, tagsMost)
	}
	for _, t := range *list {
		c.text(w, field, t, 50, false)
	}
}

// distinct is the list with each label once, in its order.
func distinct(list *[]string) *[]string {
	if list == nil {
		return nil
	}
	out := make([]string, 0, len(*list))
	for _, label := range *list {
		if !slices.Contains(out, label) {
			out = append(out, label)
		}
	}
	return &out
}

// fields checks a person's own fields.
func (c *check) fields(w domain.Where, fields *map[string]string) {
	if fields == nil {
		return
	}
	if n := len(*fields); n > domain.FieldsMost {
		c.add(w, "fields", "%d fields; at most %d are possible", n, domain.FieldsMost)
	}
	for _, name := range slices.Sorted(maps.Keys(*fields)) {
		if err := domain.CheckFieldName("fields", name); err != nil {
			c.add(w, "fields", "%q: %s", clip(name), fault.Public(err).Message)
			continue
		}
		c.text(w, "fields."+name, (*fields)[name], domain.FieldValueMost, true)
	}
}

// strengthFor is what a password must bear.
func strengthFor(k domain.PersonKind) auth.Strength {
	if k == domain.KindCandidate {
		return auth.AnyUncommon
	}
	return auth.Hard
}

// known is what anyone may know of a person: no good for a password.
func known(p *Person) []string {
	out := []string{p.ExternalID, p.GivenName, p.FamilyName}
	for _, s := range []*string{p.Login, p.Email, p.Phone} {
		if s != nil && *s != "" {
			out = append(out, *s)
		}
	}
	return out
}
