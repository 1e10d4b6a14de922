package strictjson

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

type Inner struct {
	List []string `json:"list"`
}

type hidden struct {
	More []string `json:"more"`
}

type outer struct {
	Inner
	hidden
	Pointer  *Inner             `json:"pointer"`
	Nothing  *Inner             `json:"nothing"`
	Maybe    *[]string          `json:"maybe"`
	Lists    [][]int            `json:"lists"`
	ByName   map[string][]Inner `json:"by_name"`
	Any      any                `json:"any"`
	Omitted  []string           `json:"omitted,omitempty"`
	Unset    []string           `json:"unset,omitzero"`
	Hidden   []string           `json:"-"`
	Raw      json.RawMessage    `json:"raw"`
	At       time.Time          `json:"at"`
	Again    *outer             `json:"again,omitempty"`
	internal []string
}

// TestEncode: a nil slice is [] wherever it stands; all else is as json.Marshal writes it, and the
// value stays as it was.
func TestEncode(t *testing.T) {
	v := outer{Pointer: &Inner{}, Lists: [][]int{nil, {1}}, ByName: map[string][]Inner{"a": nil, "b": {{}}}, Any: map[string]any{"x": []int(nil), "y": "<&>"}, Again: &outer{}}
	was := v
	b, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"list":[],"more":[],"pointer":{"list":[]},"nothing":null,"maybe":null,"lists":[[],[1]],"by_name":{"a":[],"b":[{"list":[]}]},` +
		`"any":{"x":[],"y":"<&>"},"raw":null,"at":"0001-01-01T00:00:00Z","again":{"list":[],"more":[],"pointer":null,"nothing":null,"maybe":null,"lists":[],` +
		`"by_name":null,"any":null,"raw":null,"at":"0001-01-01T00:00:00Z"}}` + "\n"
	if string(b) != want {
		t.Errorf("encoded\n%s\nwant\n%s", b, want)
	}
	if !reflect.DeepEqual(v, was) || v.Pointer.List != nil || v.Lists[0] != nil || v.internal != nil {
		t.Errorf("the value changed: %+v", v)
	}
	if b, err := Encode(map[string]any{"error": nil}); err != nil || string(b) != "{\"error\":null}\n" {
		t.Errorf("nil: %s, %v", b, err)
	}
}

// BenchmarkEncode compares a page of 200 rows with what encoding/json alone costs.
func BenchmarkEncode(b *testing.B) {
	type row struct {
		ID, Name string
		Tags     []string
		At       time.Time
	}
	rows := make([]row, 200)
	for i := range rows {
		rows[i] = row{ID: "0197b5f0-0000-7000-8000-000000000000", Name: "Anna Berg", Tags: []string{"a"}}
	}
	page := map[string]any{"rows": rows}
	b.Run("lists", func(b *testing.B) {
		for b.Loop() {
			if _, err := Encode(page); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if _, err := json.Marshal(page); err != nil {
				b.Fatal(err)
			}
		}
	})
}
