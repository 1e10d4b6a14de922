package strictjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"crier/internal/fault"
)

type decoded struct {
	Name  string    `json:"name"`
	Count int       `json:"count,omitempty"`
	Big   int64     `json:"big,omitempty"`
	At    time.Time `json:"at,omitzero"`
	Flag  *bool     `json:"flag,omitempty"`
	Tags  []string  `json:"tags,omitempty"`
	Items []struct {
		Seat string `json:"seat"`
	} `json:"items,omitempty"`
	Fields map[string]string `json:"fields,omitempty"`
	Any    json.RawMessage   `json:"any,omitempty"`
}

func TestDecodeRefusesByName(t *testing.T) {
	deep := strings.Repeat("[", 10000)
	for _, c := range []struct {
		name, body, field string
		limit             int64
	}{
		{"empty", ``, "", 0},
		{"not JSON", `hello`, "", 0},
		{"cut short", `{"name":"a"`, "", 0},
		{"a list", `[1]`, "", 0},
		{"null", `null`, "", 0},
		{"trailing", `{"name":"a"} {}`, "", 0},
		{"trailing brace", `{"name":"a"}}`, "", 0},
		{"unknown field", `{"nmae":"a"}`, "nmae", 0},
		{"unknown in a list", `{"items":[{"seat":"1"},{"seta":"2"}]}`, "items[1].seta", 0},
		{"other case", `{"Name":"a"}`, "Name", 0},
		{"twice", `{"name":"a","name":"b"}`, "name", 0},
		{"number for text", `{"name":1}`, "name", 0},
		{"text for number", `{"count":"1"}`, "count", 0},
		{"fraction", `{"count":1.5}`, "count", 0},
		{"too big", `{"big":99999999999999999999}`, "big", 0},
		{"null text", `{"name":null}`, "name", 0},
		{"text for list", `{"tags":"x"}`, "tags", 0},
		{"wrong in list", `{"tags":["x",2]}`, "tags[1]", 0},
		{"object for text", `{"name":{}}`, "name", 0},
		{"no time", `{"at":"yesterday"}`, "at", 0},
		{"text for flag", `{"flag":"true"}`, "flag", 0},
		{"number for a named text", `{"fields":{"size":44}}`, "fields.size", 0},
		{"a name twice", `{"fields":{"size":"44","size":"45"}}`, "fields.size", 0},
		{"NUL in a name", `{"fields":{"si\u0000ze":"44"}}`, "fields", 0},
		{"list for named texts", `{"fields":["44"]}`, "fields", 0},
		{"NUL", `{"name":"a\u0000b"}`, "name", 0},
		{"invalid UTF-8", "{\"name\":\"\xff\"}", "", 0},
		{"deep", `{"any":` + deep, "any" + strings.Repeat("[0]", 15), 16},
		{"17 deep", `{"any":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, "any" + strings.Repeat("[0]", 15), 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d decoded
			f, ok := errors.AsType[*fault.Error](Decode([]byte(c.body), &d))
			if !ok {
				t.Fatal("accepted")
			}
			if f.Code != fault.Malformed || f.Field != c.field || f.Limit != c.limit {
				t.Errorf("got %v, field %q, limit %d; want malformed, %q, %d", f, f.Field, f.Limit, c.field, c.limit)
			}
		})
	}
}

func TestDecodeAccepts(t *testing.T) {
	for _, body := range []string{
		`{}`, `{"name":"a"}`, ` {"name":"\u00e5 \ud83d\ude00","count":-3,"big":9007199254740993,"flag":false,"at":"2026-05-04T09:00:00.5+02:00","items":[{"seat":"1"}],"tags":[]} `,
		`{"any":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`,
	} {
		var d decoded
		if err := Decode([]byte(body), &d); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	var d decoded
	if err := Decode([]byte(`{"big":9007199254740993}`), &d); err != nil || d.Big != 9007199254740993 {
		t.Errorf("large number became %d (%v)", d.Big, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"a","items":[{"seat":"1"}],"any":{"x":[1,null]}}`))
	f.Add([]byte("{\"name\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var d decoded
		err := Decode(body, &d)
		if err == nil && !json.Valid(body) {
			t.Errorf("accepted what is not JSON: %q", body)
		}
		if err != nil && fault.CodeOf(err) != fault.Malformed {
			t.Errorf("refused %q as %v", body, err)
		}
	})
}
