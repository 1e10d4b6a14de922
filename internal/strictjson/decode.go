// Package strictjson decodes JSON from strangers: one object, valid UTF-8, no NUL, no
// unknown, repeated or mistyped field, bounded nesting. Every fault names the
// field.
package strictjson

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"crier/internal/fault"
)

// DepthLimit is how deeply JSON may be nested (design.md section 5).
const DepthLimit = 16

// Decode reads one JSON object into dst, a pointer to a struct, or to a
// map[string]json.RawMessage where any names may stand. Errors:
// fault.Malformed, naming the field where there is one.
func Decode(body []byte, dst any) error {
	if !utf8.Valid(body) {
		return malformed("", "the body is not valid UTF-8")
	}
	// Strings are checked for NUL and nesting for depth while walking; nesting is
	// bounded before, since a hostile depth would cost the decoder memory.
	c := checker{dec: json.NewDecoder(bytes.NewReader(body))}
	c.dec.UseNumber()
	if err := c.value(reflect.TypeOf(dst).Elem(), "", 0); err != nil {
		return err
	}
	if _, err := c.dec.Token(); err != io.EOF {
		return malformed("", "the body has something after the JSON object")
	}
	if err := json.Unmarshal(body, dst); err != nil {
		return fault.Wrap(err, fault.Malformed, "the body does not fit what this address takes")
	}
	return nil
}

func malformed(field, format string, args ...any) error {
	e := fault.New(fault.Malformed, format, args...)
	e.Field = field
	return e
}

// checker walks JSON beside the Go type it is meant for.
type checker struct{ dec *json.Decoder }

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

func (c *checker) value(t reflect.Type, path string, depth int) error {
	token, err := c.dec.Token()
	if err != nil {
		return malformed(path, "the body is not JSON, or ends too early")
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == rawType { // whatever it is, its taker looks at it
		t = nil
	}
	switch v := token.(type) {
	case json.Delim:
		if depth++; depth > DepthLimit {
			e := fault.New(fault.Malformed, "the body is nested more than %d deep", DepthLimit)
			e.Field, e.Limit = path, DepthLimit
			return e
		}
		if v == '{' {
			return c.object(t, path, depth)
		}
		return c.array(t, path, depth)
	case nil:
		if t == nil {
			return nil
		}
		// null is never the same as leaving a field out, except where nothing is meant by it.
		return malformed(path, "must be %s, not null; leave the field out instead", expected(t))
	case string:
		if strings.ContainsRune(v, 0) {
			return malformed(path, "must not contain NUL")
		}
		if t == nil || t.Kind() == reflect.String {
			return nil
		}
		if t == timeType {
			if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
				return malformed(path, "must be a time as in 2026-05-04T09:00:00Z")
			}
			return nil
		}
	case json.Number:
		if t == nil {
			return nil
		}
		if k := t.Kind(); k >= reflect.Int && k <= reflect.Int64 {
			if _, err := strconv.ParseInt(v.String(), 10, t.Bits()); err == nil {
				return nil
			}
		}
	case bool:
		if t == nil || t.Kind() == reflect.Bool {
			return nil
		}
	}
	return malformed(path, "must be %s", expected(t))
}

func (c *checker) object(t reflect.Type, path string, depth int) error {
	named := t != nil && t.Kind() == reflect.Map
	if t != nil && !named && (t.Kind() != reflect.Struct || t == timeType) {
		return malformed(path, "must be %s, not an object", expected(t))
	}
	seen := map[string]bool{}
	for c.dec.More() {
		token, err := c.dec.Token()
		if err != nil {
			return malformed(path, "the body is not JSON, or ends too early")
		}
		name, _ := token.(string) // what stands before a colon is a string
		at := name
		if path != "" {
			at = path + "." + name
		}
		if len(at) > 200 {
			at = at[:200]
		}
		if seen[name] {
			return malformed(at, "stands twice")
		}
		seen[name] = true
		var ft reflect.Type
		switch {
		case named:
			if strings.ContainsRune(name, 0) {
				return malformed(path, "must not contain NUL")
			}
			ft = t.Elem()
		case t != nil:
			f, ok := fieldNamed(t, name)
			if !ok {
				return malformed(at, "is not a field of this request")
			}
			ft = f
		}
		if err := c.value(ft, at, depth); err != nil {
			return err
		}
	}
	return c.close(path)
}

func (c *checker) array(t reflect.Type, path string, depth int) error {
	var elem reflect.Type
	if t != nil {
		if t.Kind() != reflect.Slice {
			return malformed(path, "must be %s, not a list", expected(t))
		}
		elem = t.Elem()
	}
	for i := 0; c.dec.More(); i++ {
		if err := c.value(elem, path+"["+strconv.Itoa(i)+"]", depth); err != nil {
			return err
		}
	}
	return c.close(path)
}

func (c *checker) close(path string) error {
	if _, err := c.dec.Token(); err != nil {
		return malformed(path, "the body is not JSON, or ends too early")
	}
	return nil
}

// fieldNamed finds the type of the field that JSON calls name, exactly so.
func fieldNamed(t reflect.Type, name string) (reflect.Type, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			if ft, ok := fieldNamed(f.Type, name); ok {
				return ft, true
			}
			continue
		}
		if tag == name && f.IsExported() && tag != "" && tag != "-" {
			return f.Type, true
		}
	}
	return nil, false
}

func expected(t reflect.Type) string {
	switch {
	case t == nil:
		return "a JSON value"
	case t == timeType:
		return "a time as in 2026-05-04T09:00:00Z"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a whole number"
	}
}
