package api_test

import (
	"slices"
	"strings"
	"testing"
)

// TestSendingToTestsScreens: who may not send to a test does not reach its candidates by choosing them through
// it, or one by one, in a sending to many; the reason is in the preview and in the answer.
func TestSendingToTestsScreens(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		t1, p1 := f.ids["north/T1"], f.ids["north/P1"]
		through := func(groups ...string) item { return item{"filter": item{"group": groups}} }
		named := item{"people": []string{f.ids["north/a1"], f.ids["north/a2"]}}
		type list []struct {
			ID, Name string
			Reason   struct{ Code string }
		}
		names := func(l list) string {
			var out []string
			for _, p := range l {
				s, _, _ := strings.Cut(p.Name, " ")
				if p.Reason.Code != "" {
					s += " " + p.Reason.Code
				}
				out = append(out, s)
			}
			slices.Sort(out)
			return strings.Join(out, ", ")
		}
		for i, c := range []struct {
			who          string
			to           item
			reached, out string
		}{
			{"planner", through(t1), "a1, a2, b1, b2", ""},
			{"chief", through(t1), "a1, a2, b1, b2", ""},
			{"anna", through(t1), "a1, a2", ""},
			{"key", through(t1), "a1, a2, b1, b2", ""},
			{"admin", through(t1), "", "a1 test, a2 test, b1 test, b2 test"},
			{"coordinator", through(t1), "", "a1 test, a2 test, b1 test, b2 test"},
			{"admin", through(t1, p1), "a1, b1", "a2 test, b2 test"},
			{"coordinator", through(p1), "a1, b1", ""},
			{"coordinator", item{"filter": item{}}, "a1, b1", "a2 test, b2 test"},
			{"admin", named, "a1", "a2 test"},
			{"planner", named, "a1, a2", ""},
		} {
			var preview struct {
				Recipients list
				LeftOut    list `json:"left_out"`
			}
			f.must(t, "north/"+c.who, "POST", "/broadcasts/preview", item{"recipients": c.to}).into(t, &preview)
			if got, out := names(preview.Recipients), names(preview.LeftOut); got != c.reached || out != c.out {
				t.Errorf("%d: %s to %v would reach %q, without %q; want %q, %q", i, c.who, c.to, got, out, c.reached, c.out)
			}
			a := f.call(t, "north/"+c.who, "POST", "/broadcasts", item{"key": "screens-" + string(rune('a'+i)) + "000", "subject": "s", "body": "b", "recipients": c.to})
			if c.reached == "" {
				if a.status != 409 || a.refused(t).Error.Field != "recipients" || !strings.Contains(string(a.body), "may not send to that test") {
					t.Errorf("%d: %s to %v: %d %s", i, c.who, c.to, a.status, a.body)
				}
				continue
			}
			var sent struct {
				Broadcast struct {
					Counts  struct{ Recipients int }
					LeftOut list `json:"left_out"`
				}
			}
			if a.into(t, &sent); a.status != 201 || sent.Broadcast.Counts.Recipients != len(strings.Split(c.reached, ", ")) || names(sent.Broadcast.LeftOut) != c.out {
				t.Errorf("%d: %s to %v: %d %s", i, c.who, c.to, a.status, a.body)
			}
		}
	})
}
