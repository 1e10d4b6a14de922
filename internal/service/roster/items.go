package roster

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
)

// Person is one person as the request gives them. A field left out keeps what is
// stored; on creation it is empty, but a candidate's login, which is the external id.
type Person struct {
	ExternalID string            `json:"external_id"`
	Kind       domain.PersonKind `json:"kind"`
	Role       domain.Role       `json:"role"` // staff only
	GivenName  string            `json:"given_name"`
	FamilyName string            `json:"family_name"`
	Login      *string           `json:"login"`
	Password   *string           `json:"password"` // 8 characters or more; hashing thousands takes a while: 33 ms of one core each
	Email      *string           `json:"email"`
	Phone      *string           `json:"phone"`
	Locale     *string           `json:"locale"` // BCP 47
	Tags       *[]string         `json:"tags"`
	Skills     *[]string         `json:"skills"`
	Address    *string           `json:"address"` // street and number
	City       *string           `json:"city"`
	Postcode   *string           `json:"postcode"`
	// Fields are what else the organisation filters by: all of them, a name that is
	// absent is taken away.
	Fields *map[string]string  `json:"fields"`
	State  *domain.PersonState `json:"state"`

	SMSConsent *Consent `json:"sms_consent"`
	TimeZone   *string  `json:"time_zone"`  // IANA; "" = the organisation's
	QuietFrom  *int     `json:"quiet_from"` // minutes of the day; -1 = the organisation's
	QuietTo    *int     `json:"quiet_to"`
}

// Consent is what a person has agreed to by other ways, with its proof. Repeating what was said last changes nothing.
type Consent struct {
	State domain.Consent `json:"state"`
	Words string         `json:"words"`
	At    *time.Time     `json:"at"` // now, if left out
}

// Exam is one test as the request gives it.
type Exam struct {
	ExternalID string     `json:"external_id"`
	Name       *string    `json:"name"`
	StartsAt   *time.Time `json:"starts_at"`
	EndsAt     *time.Time `json:"ends_at"`
}

// Group is one group of any kind as the request gives it.
type Group struct {
	ExternalID string           `json:"external_id"`
	Kind       domain.GroupKind `json:"kind"`
	Name       *string          `json:"name"`
	StartsAt   *time.Time       `json:"starts_at"`
	EndsAt     *time.Time       `json:"ends_at"`
	Place      *string          `json:"place"`
	Replies    *domain.Choice   `json:"replies"`
	Starts     *domain.Choice   `json:"starts"`
}

// Enrolment puts a candidate in a group; both are named by external id.
//
// The group is a test alone, or any group with its kind.
type Enrolment struct {
	Exam         string                 `json:"test"`
	Group        string                 `json:"group"`
	Kind         domain.GroupKind       `json:"kind"`
	Person       string                 `json:"person"`
	State        *domain.EnrolmentState `json:"state"`
	Room         *string                `json:"room"`
	Seat         *string                `json:"seat"`
	ExtraMinutes *int                   `json:"extra_minutes"`
	Progress     *domain.Progress       `json:"progress"`
}

// Scope replaces what a staff member sees of a group. Without rooms: all of them;
// with Remove: none.
type Scope struct {
	Exam   string           `json:"test"`
	Group  string           `json:"group"`
	Kind   domain.GroupKind `json:"kind"`
	Person string           `json:"person"`
	Rooms  []string         `json:"rooms"`
	Remove bool             `json:"remove"`
}

// Progress says where a candidate stands in a test since At; now, if left out.
type Progress struct {
	Exam     string          `json:"test"`
	Person   string          `json:"person"`
	Progress domain.Progress `json:"progress"`
	At       *time.Time      `json:"at"`
}

// The sizes of an item's texts, in characters.
const (
	idMost    = 100
	nameMost  = 200
	placeMost = 100
	tagsMost  = 50
	extraMost = 24 * 60 // minutes
	placeText = 300     // where an activity happens, or someone lives
)

// item is one element of a request: it checks itself and says what to store. key is what
// must not occur twice.
type item[S any] interface {
	spec(w domain.Where, c *check) S
	key() (id, field string)
}

// check gathers the faults of a request.
type check struct {
	now     time.Time
	details []fault.Detail
}

func (c *check) add(w domain.Where, field, format string, args ...any) {
	c.details = append(c.details, fault.Detail{Field: w(field), Message: fmt.Sprintf(format, args...)})
}

// text checks one text of an item.
func (c *check) text(w domain.Where, field, s string, most int, mayBeEmpty bool) {
	if err := domain.CheckText(field, s, most, mayBeEmpty, false); err != nil {
		c.add(w, field, "%s", fault.Public(err).Message)
	}
}

func (c *check) optional(w domain.Where, field string, s *string, most int) {
	if s != nil {
		c.text(w, field, *s, most, true)
	}
}

// err is one fault of all that were found; nil if none. A request of the largest size
// in which everything is wrong is answered with its first 5000 faults.
func (c *check) err() error {
	const most = 5000
	n := len(c.details)
	if n == 0 {
		return nil
	}
	if n > most {
		c.details = c.details[:most]
	}
	return fault.Many(fault.Invalid, c.details, "%d faults in the request; nothing was stored", n)
}

// prepare checks a request whole and says what to store.
func prepare[I item[S], S any](s *Service, actor domain.Actor, items []I) ([]S, error) {
	if err := actor.May(domain.ActProvision); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fault.Field("items", "items is missing or empty")
	}
	if n, most := len(items), s.Limits.Items; n > most {
		return nil, fault.Over("items", int64(most), int64(n), "%d items; at most %d fit one request", n, most)
	}
	return gather(s, items, func(i int) domain.Where {
		return func(field string) string { return fmt.Sprintf("items[%d].%s", i, field) }
	})
}

func gather[I item[S], S any](s *Service, items []I, where func(i int) domain.Where) ([]S, error) {
	c := &check{now: s.Clock.Now()}
	specs := make([]S, len(items))
	first := make(map[string]int, len(items))
	for i, it := range items {
		w := where(i)
		specs[i] = it.spec(w, c)
		id, field := it.key()
		if j, twice := first[id]; twice {
			c.add(w, field, "stands twice: first in %s", where(j)(field))
			continue
		}
		first[id] = i
	}
	return specs, c.err()
}

var (
	slugs   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	locales = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	emails  = regexp.MustCompile(`^[^\s@<>"]+@[^\s@<>"]+$`)
)

func checkSlug(slug string) error {
	if !slugs.MatchString(slug) {
		return fault.Field("slug", "a slug is 1 to 63 small letters, digits and hyphens, as in north-exams")
	}
	return nil
}

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
	if strings.TrimSpace(p.GivenName+p.FamilyName) == "" {
		c.add(w, "given_name", "the person needs a name")
	}
	c.optional(w, "login", p.Login, idMost)
	c.optional(w, "email", p.Email, 254)
	if p.Email != nil && *p.Email != "" && !emails.MatchString(*p.Email) {
		c.add(w, "email", "this is no email address")
	}
	c.optional(w, "phone", p.Phone, 40)
	if p.Locale != nil && *p.Locale != "" && !locales.MatchString(*p.Locale) {
		c.add(w, "locale", "a locale is a language tag, as in nb or en-GB")
	}
	if p.Password != nil {
		if err := auth.CheckPassword("password", *p.Password); err != nil {
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
		Where: w, ExternalID: p.ExternalID, Kind: p.Kind, Role: role, GivenName: strings.TrimSpace(p.GivenName), FamilyName: strings.TrimSpace(p.FamilyName),
		Login: lower(p.Login), Email: p.Email, Phone: p.Phone, Locale: p.Locale, Tags: p.Tags,
		Skills: p.Skills, Address: trimmed(p.Address), City: trimmed(p.City), Postcode: trimmed(p.Postcode), Fields: p.Fields, State: p.State,
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

func trimmed(s *string) *string {
	if s == nil {
		return nil
	}
	t := strings.TrimSpace(*s)
	return &t
}

func lower(s *string) *string {
	if s == nil {
		return nil
	}
	l := strings.ToLower(strings.TrimSpace(*s))
	return &l
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

func (e Exam) key() (string, string) { return e.ExternalID, "external_id" }

func (e Exam) spec(w domain.Where, c *check) domain.ExamSpec {
	c.text(w, "external_id", e.ExternalID, idMost, false)
	if e.Name != nil {
		c.text(w, "name", *e.Name, nameMost, false)
	}
	return domain.ExamSpec{Where: w, ExternalID: e.ExternalID, Name: e.Name, StartsAt: e.StartsAt, EndsAt: e.EndsAt}
}

func (g Group) key() (string, string) { return string(g.Kind) + "\x00" + g.ExternalID, "external_id" }

func (g Group) spec(w domain.Where, c *check) domain.GroupSpec {
	c.text(w, "external_id", g.ExternalID, idMost, false)
	if _, err := domain.ParseGroupKind("kind", string(g.Kind)); err != nil {
		c.add(w, "kind", "%s", fault.Public(err).Message)
	}
	if g.Name != nil {
		c.text(w, "name", *g.Name, nameMost, false)
	}
	c.optional(w, "place", g.Place, placeText)
	for _, p := range []struct {
		field  string
		choice *domain.Choice
	}{{"replies", g.Replies}, {"starts", g.Starts}} {
		if p.choice != nil && !p.choice.Known() {
			c.add(w, p.field, `%s must be open, closed, or "" for what the organisation says`, p.field)
		}
	}
	return domain.GroupSpec{Where: w, Kind: g.Kind, ExternalID: g.ExternalID, Name: g.Name, StartsAt: g.StartsAt, EndsAt: g.EndsAt,
		Place: trimmed(g.Place), Replies: g.Replies, Starts: g.Starts}
}

// inGroup is how an item names a group: a test alone, or any group with its kind.
type inGroup struct {
	exam, group string
	kind        domain.GroupKind
}

func (g inGroup) key() string {
	if g.group == "" && g.kind == "" {
		return string(domain.KindTest) + "\x00" + g.exam
	}
	return string(g.kind) + "\x00" + g.group
}

// spec returns the kind and the external id of the group.
func (g inGroup) spec(w domain.Where, c *check) (domain.GroupKind, string) {
	if g.group == "" && g.kind == "" {
		c.text(w, "test", g.exam, idMost, false)
		return domain.KindTest, g.exam
	}
	if g.exam != "" {
		c.add(w, "test", "name a test, or a group with its kind, not both")
	}
	c.text(w, "group", g.group, idMost, false)
	if _, err := domain.ParseGroupKind("kind", string(g.kind)); err != nil {
		c.add(w, "kind", "%s", fault.Public(err).Message)
	}
	return g.kind, g.group
}

func (e Enrolment) in() inGroup { return inGroup{e.Exam, e.Group, e.Kind} }

func (s Scope) in() inGroup { return inGroup{s.Exam, s.Group, s.Kind} }

func (e Enrolment) key() (string, string) { return e.in().key() + "\x00" + e.Person, "person" }

func (e Enrolment) spec(w domain.Where, c *check) domain.EnrolmentSpec {
	kind, group := e.in().spec(w, c)
	c.text(w, "person", e.Person, idMost, false)
	if e.State != nil && *e.State != "" && !e.State.Known() {
		c.add(w, "state", "no such state: %q", clip(string(*e.State)))
	}
	if kind != domain.KindTest {
		c.noSeat(w, e)
	}
	c.optional(w, "room", e.Room, placeMost)
	c.optional(w, "seat", e.Seat, placeMost)
	if e.ExtraMinutes != nil && (*e.ExtraMinutes < 0 || *e.ExtraMinutes > extraMost) {
		c.add(w, "extra_minutes", "extra_minutes must be from 0 to %d", extraMost)
	}
	if e.Progress != nil {
		c.progress(w, *e.Progress)
	}
	return domain.EnrolmentSpec{Where: w, Kind: kind, Exam: group, Person: e.Person, State: e.State, Room: e.Room, Seat: e.Seat, ExtraMinutes: e.ExtraMinutes, Progress: e.Progress}
}

// noSeat refuses what only a test's candidates have.
func (c *check) noSeat(w domain.Where, e Enrolment) {
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"room", e.Room != nil && *e.Room != ""}, {"seat", e.Seat != nil && *e.Seat != ""},
		{"extra_minutes", e.ExtraMinutes != nil}, {"progress", e.Progress != nil},
	} {
		if f.given {
			c.add(w, f.name, "only a test's candidates have this")
		}
	}
}

func (c *check) progress(w domain.Where, p domain.Progress) {
	if _, err := domain.ParseProgress("progress", string(p)); err != nil {
		c.add(w, "progress", "%s", fault.Public(err).Message)
	}
}

func (s Scope) key() (string, string) { return s.in().key() + "\x00" + s.Person, "person" }

func (s Scope) spec(w domain.Where, c *check) domain.ScopeSpec {
	kind, group := s.in().spec(w, c)
	c.text(w, "person", s.Person, idMost, false)
	rooms := slices.Clone(s.Rooms)
	slices.Sort(rooms)
	rooms = slices.Compact(rooms)
	for _, r := range rooms {
		c.text(w, "rooms", r, placeMost, false)
	}
	if s.Remove && len(rooms) > 0 {
		c.add(w, "remove", "remove takes the whole test away: leave rooms out")
	}
	if kind != domain.KindTest && len(rooms) > 0 {
		c.add(w, "rooms", "only a test has rooms")
	}
	return domain.ScopeSpec{Where: w, Kind: kind, Exam: group, Person: s.Person, Rooms: rooms, Remove: s.Remove}
}

func (p Progress) key() (string, string) {
	return p.Exam + "\x00" + p.Person + "\x00" + p.At.String(), "person"
}

func (p Progress) spec(w domain.Where, c *check) domain.ProgressSpec {
	c.text(w, "test", p.Exam, idMost, false)
	c.text(w, "person", p.Person, idMost, false)
	c.progress(w, p.Progress)
	if p.At.After(c.now.Add(latest)) {
		c.add(w, "at", "at lies in the future")
	}
	return domain.ProgressSpec{Where: w, Exam: p.Exam, Person: p.Person, Progress: p.Progress, At: p.At.UTC().Truncate(time.Microsecond)}
}
