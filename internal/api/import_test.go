package api_test

import (
	"strings"
	"testing"
)

// TestTriedImport: a dry run says what an import would do and what was recognised, and imports nothing.
func TestTriedImport(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		const sheet = "sep=;\r\ntest_id;test_name;candidate_id;given_name;family_name\r\nD1;Dry;dry1;\xc5se;H\xf8yland\r\n;;;;\r\n"
		var out struct {
			DryRun     bool `json:"dry_run"`
			People     struct{ Created int }
			Recognised struct {
				Separator string
				Charset   string
				Rows      int
				Samples   []string
			}
		}
		found := func() int {
			var list struct{ People []struct{ Name string } }
			f.must(t, "north/planner", "GET", "/people?q=hoyland", nil).into(t, &list)
			return len(list.People)
		}
		for _, dry := range []bool{true, false} {
			path := "/provisioning/import?dry_run=" + map[bool]string{true: "yes", false: "no"}[dry]
			a := f.send(t, f.token(t, "north/key"), "POST", path, "text/csv", []byte(sheet))
			if a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			a.into(t, &out)
			if r := out.Recognised; out.DryRun != dry || out.People.Created != 1 || r.Separator != ";" || r.Charset != "windows-1252" || r.Rows != 1 {
				t.Errorf("%+v", out)
			}
			if got, want := found(), map[bool]int{true: 0, false: 1}[dry]; got != want {
				t.Errorf("dry run %t: %d people are found, want %d", dry, got, want)
			}
		}
		if a := f.send(t, f.token(t, "north/key"), "POST", "/provisioning/import?dry_run=maybe", "text/csv", []byte(sheet)); a.status != 422 || !strings.Contains(string(a.body), `"dry_run"`) {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
