package roster

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// maxDetails is how many faults of one request are named.
const maxDetails = 5000

// The sizes of an item's texts, in characters.
const (
	idMost    = 100
	nameMost  = 200
	placeMost = 100
	tagsMost  = 50
	extraMost = 24 * 60 // minutes
	placeText = 300     // where an activity happens, or someone lives
)

var (
	slugs   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	locales = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

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

// contact checks an address or a number, if nothing else was wrong with it.
func (c *check) contact(w domain.Where, field string, s *string, check func(field, s string) error) {
	if s == nil || len(c.details) > 0 && c.details[len(c.details)-1].Field == w(field) {
		return
	}
	if err := check(field, *s); err != nil {
		c.add(w, field, "%s", fault.Public(err).Message)
	}
}

// err is one fault of all that were found; nil if none. A request of the largest size
// in which everything is wrong is answered with its first faults.
func (c *check) err() error {
	n := len(c.details)
	if n == 0 {
		return nil
	}
	if n > maxDetails {
		c.details = c.details[:maxDetails]
	}
	return fault.Many(fault.Invalid, c.details, "%d faults in the request; nothing was stored", n)
}

func checkSlug(slug string) error {
	if !slugs.MatchString(slug) {
		return fault.Field("slug", "a slug is 1 to 63 small letters, digits and hyphens, as in north-exams")
	}
	return nil
}

func lower(s *string) *string {
	if s == nil {
		return nil
	}
	l := strings.ToLower(*s)
	return &l
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}
