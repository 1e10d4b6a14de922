package strictjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// Encode returns v as one line of JSON. Unlike json.Marshal, it writes a nil slice as [], because
// the descriptions of the API and of the socket promise a list; a list that may be absent is a
// pointer. It leaves v unchanged, and does not escape HTML.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(withLists(v))
	return b.Bytes(), err
}

// withLists returns v with every nil slice in it made empty. It copies what it changes.
func withLists(v any) any {
	if v == nil {
		return nil
	}
	if made, changed := filled(reflect.ValueOf(v)); changed {
		return made.Interface()
	}
	return v
}

// filled returns v with empty slices in place of nil ones, and whether there were any.
func filled(v reflect.Value) (reflect.Value, bool) {
	t := v.Type()
	if !mayHoldLists(t) {
		return v, false
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		inner, changed := filled(v.Elem())
		if !changed {
			return v, false
		}
		out := reflect.New(inner.Type())
		out.Elem().Set(inner)
		if t.Kind() == reflect.Interface {
			return out.Elem(), true
		}
		return out, true
	case reflect.Slice:
		if v.IsNil() {
			return reflect.MakeSlice(t, 0, 0), true
		}
		return filledElements(v)
	case reflect.Map:
		return filledMap(v)
	default:
		return filledFields(v)
	}
}

func filledElements(v reflect.Value) (reflect.Value, bool) {
	out, changed := v, false
	for i := range v.Len() {
		made, ok := filled(v.Index(i))
		if !ok {
			continue
		}
		if !changed {
			out, changed = reflect.MakeSlice(v.Type(), v.Len(), v.Len()), true
			reflect.Copy(out, v)
		}
		out.Index(i).Set(made)
	}
	return out, changed
}

func filledMap(v reflect.Value) (reflect.Value, bool) {
	out, changed := v, false
	for _, k := range v.MapKeys() {
		made, ok := filled(v.MapIndex(k))
		if !ok {
			continue
		}
		if !changed {
			out, changed = reflect.MakeMapWithSize(v.Type(), v.Len()), true
			for _, key := range v.MapKeys() {
				out.SetMapIndex(key, v.MapIndex(key))
			}
		}
		out.SetMapIndex(k, made)
	}
	return out, changed
}

func filledFields(v reflect.Value) (reflect.Value, bool) {
	out, changed := v, false
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.Anonymous && !f.IsExported() || !encoded(f) || len(f.Index) > 1 && !byUnexported(v.Type(), f.Index) {
			continue
		}
		made, ok := filled(v.FieldByIndex(f.Index))
		if !ok {
			continue
		}
		if !changed {
			out, changed = reflect.New(v.Type()).Elem(), true
			out.Set(v)
		}
		out.FieldByIndex(f.Index).Set(made)
	}
	return out, changed
}

// byUnexported reports whether a promoted field is reached through embedded structs of unexported
// types alone: those cannot be set as a whole.
func byUnexported(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		if f := t.FieldByIndex(index[:i]); f.IsExported() || f.Type.Kind() != reflect.Struct {
			return false
		}
	}
	return true
}

// encoded reports whether encoding/json writes the field when it is an empty list.
func encoded(f reflect.StructField) bool {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return f.IsExported() && name != "-" && !strings.Contains(options, "omitzero")
}

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	holdLists     sync.Map // reflect.Type → bool
)

// mayHoldLists reports whether values of type t can have nil slices that encoding/json writes.
// Types that encode themselves, and bytes, have none.
func mayHoldLists(t reflect.Type) bool {
	if known, ok := holdLists.Load(t); ok {
		return known.(bool) //nolint:forcetypeassert // the only type stored
	}
	holds := searchLists(t, map[reflect.Type]bool{})
	holdLists.Store(t, holds)
	return holds
}

func searchLists(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false // its other fields decide
	}
	seen[t] = true
	if t.Kind() == reflect.Interface {
		return true
	}
	if p := reflect.PointerTo(t); p.Implements(marshaler) || p.Implements(textMarshaler) {
		return false
	}
	switch t.Kind() {
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Uint8
	case reflect.Pointer, reflect.Map:
		return searchLists(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); (encoded(f) || f.Anonymous) && searchLists(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
