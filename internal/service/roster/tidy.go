package roster

import "crier/internal/domain"

// The texts of an item are tidied before anything looks at them, so that no two items, and
// nothing stored, differ in what nobody can see. Passwords, and the words of a consent, stay as
// they are.

func (p *Person) tidy() {
	tidy(&p.ExternalID, &p.GivenName, &p.FamilyName)
	optionals(&p.Login, &p.Email, &p.Phone, &p.Locale, &p.Address, &p.City, &p.Postcode, &p.TimeZone)
	labels(&p.Tags, &p.Skills)
	if p.Fields != nil {
		fields := make(map[string]string, len(*p.Fields))
		for name, v := range *p.Fields {
			fields[name] = domain.Tidy(v) // a name is of small ASCII letters, or refused
		}
		p.Fields = &fields
	}
}

func (e *Exam) tidy() {
	tidy(&e.ExternalID)
	optionals(&e.Name)
}

func (g *Group) tidy() {
	tidy(&g.ExternalID)
	optionals(&g.Name, &g.Place)
}

func (e *Enrolment) tidy() {
	tidy(&e.Exam, &e.Group, &e.Person)
	optionals(&e.Room, &e.Seat)
}

func (s *Scope) tidy() {
	tidy(&s.Exam, &s.Group, &s.Person)
	s.Rooms = domain.TidyAll(s.Rooms)
}

func (p *Progress) tidy() { tidy(&p.Exam, &p.Person) }

func tidy(texts ...*string) {
	for _, t := range texts {
		*t = domain.Tidy(*t)
	}
}

func optionals(texts ...**string) {
	for _, t := range texts {
		if *t != nil {
			s := domain.Tidy(**t)
			*t = &s
		}
	}
}

func labels(lists ...**[]string) {
	for _, l := range lists {
		if *l != nil {
			list := domain.TidyAll(**l)
			*l = &list
		}
	}
}
