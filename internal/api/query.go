package api

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"crier/internal/fault"
)

// query reads the request's parameters strictly; the first fault is kept and
// returned by err.
type query struct {
	values url.Values
	known  map[string]bool
	fault  error
}

// query parses the URL's parameters.
func (x *exchange) query() *query {
	q := &query{known: map[string]bool{}}
	values, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		q.fault = fault.New(fault.Malformed, "the address's parameters are not well encoded")
	}
	q.values = values
	for name, all := range values {
		for _, v := range all {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				q.bad(name, "must be valid UTF-8 without NUL")
			}
			if len(v) > 1000 {
				q.bad(name, "is longer than 1000 bytes")
			}
		}
	}
	return q
}

func (q *query) bad(field, message string) {
	if q.fault == nil {
		q.fault = fault.Field(field, "%s", message)
	}
}

// text returns a parameter that may stand once.
func (q *query) text(name string) string {
	q.known[name] = true
	if len(q.values[name]) > 1 {
		q.bad(name, "stands more than once")
	}
	return q.values.Get(name)
}

// list returns a parameter that may be repeated.
func (q *query) list(name string) []string {
	q.known[name] = true
	return q.values[name]
}

// limit returns the parameter limit, a whole number from 1 to most; def when it is
// absent.
func (q *query) limit(def, most int) int {
	s := q.text("limit")
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		if q.fault == nil {
			q.fault = &fault.Error{Code: fault.Invalid, Field: "limit", Limit: int64(most), Message: fmt.Sprintf("must be a whole number from 1 to %d", most)}
		}
		return def
	}
	return n
}

// yesNo returns a parameter that is yes or no; nil when absent.
func (q *query) yesNo(name string) *bool {
	switch q.text(name) {
	case "":
		return nil
	case "yes":
		t := true
		return &t
	case "no":
		f := false
		return &f
	}
	q.bad(name, "must be yes or no")
	return nil
}

// time returns a time parameter, zero when absent.
func (q *query) time(name string) time.Time {
	s := q.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		q.bad(name, "must be a time as in 2026-05-04T09:00:00Z")
	}
	return t.UTC()
}

// err returns the first fault, a parameter that nobody asked for included.
func (q *query) err() error {
	for name := range q.values {
		if !q.known[name] {
			if len(name) > 100 {
				name = name[:100]
			}
			q.bad(name, "is not a parameter of this address")
		}
	}
	return q.fault
}
