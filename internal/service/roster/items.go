package roster

import (
	"fmt"
	"slices"
	"time"

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
	// ReplyMinutes is how soon candidates' messages should be answered; 0: nothing is expected.
	ReplyMinutes *int `json:"reply_minutes"`
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

// item is one element of a request: it checks itself and says what to store. key is what
// must not occur twice.
type item[S any] interface {
	needs() domain.Action
	spec(w domain.Where, c *check) S
	key() (id, field string)
}

// needs returns the action that changing the person takes. Whoever may provision candidates
// alone neither makes nor changes staff.
func (p Person) needs() domain.Action {
	if p.Kind == domain.KindStaff {
		return domain.ActStaffManage
	}
	return domain.ActProvision
}

func (Exam) needs() domain.Action      { return domain.ActProvision }
func (Group) needs() domain.Action     { return domain.ActProvision }
func (Enrolment) needs() domain.Action { return domain.ActProvision }
func (Progress) needs() domain.Action  { return domain.ActProvision }
func (Scope) needs() domain.Action     { return domain.ActStaffManage }

// mayPut checks that the actor may put each of the items. Errors: Forbidden
// naming the first item that they may not.
func mayPut[I item[S], S any](actor domain.Actor, items []I) error {
	if len(items) == 0 {
		var none I
		return actor.May(none.needs())
	}
	for i, it := range items {
		if err := actor.May(it.needs()); err != nil {
			f := fault.New(fault.Forbidden, "%s", fault.Public(err).Message)
			f.Field = fmt.Sprintf("items[%d]", i)
			return f
		}
	}
	return nil
}

// tidied is a pointer to an item, whose texts can be tidied in place.
type tidied[I any] interface {
	*I
	tidy()
}

// prepare checks a request whole and says what to store.
func prepare[I item[S], S any, P tidied[I]](s *Service, actor domain.Actor, items []I) ([]S, error) {
	if err := mayPut(actor, items); err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fault.Field("items", "items is missing or empty")
	}
	if n, most := len(items), s.Limits.Items; n > most {
		return nil, fault.Over("items", int64(most), int64(n), "%d items; at most %d fit one request", n, most)
	}
	items = slices.Clone(items)
	for i := range items {
		P(&items[i]).tidy()
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
