package api_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"crier/internal/domain"
	"crier/internal/service/access"
)

// bare makes an organisation in which every list is empty: staff of each role without scopes, a
// candidate c1 without groups, the test T1 without candidates and the pool P1 without members.
func (f *fixture) bare(t *testing.T) map[string]string {
	t.Helper()
	org, err := f.node.Roster.EnsureOrganisation(t.Context(), "bare", "Bare")
	if err != nil {
		t.Fatal(err)
	}
	key, err := f.node.Access.CreateAPIKey(t.Context(), domain.System(org.ID), access.NewAPIKey{Name: "exam platform", Rights: domain.Rights})
	if err != nil {
		t.Fatal(err)
	}
	f.tokens["bare/key"] = key.Secret
	people := []item{{"external_id": "c1", "kind": "candidate", "given_name": "c1", "family_name": "Bare", "login": "c1", "password": password}}
	for login, role := range staffRoles {
		people = append(people, item{"external_id": "s-" + login, "kind": "staff", "role": role, "given_name": login, "family_name": "Bare", "login": login, "password": password})
	}
	f.must(t, "bare/key", "PUT", "/provisioning/people", item{"items": people})
	f.must(t, "bare/key", "PUT", "/provisioning/tests", item{"items": []item{{"external_id": "T1", "name": "T1"}}})
	f.must(t, "bare/key", "PUT", "/provisioning/groups", item{"items": []item{{"external_id": "P1", "kind": "pool", "name": "P1"}}})
	var list struct {
		Groups []struct{ ID, Kind string }
		People []struct{ ID string }
	}
	f.must(t, "bare/key", "GET", "/groups", nil).into(t, &list)
	f.must(t, "bare/key", "GET", "/people", nil).into(t, &list)
	ids := map[string]string{"{person}": list.People[0].ID}
	for _, g := range list.Groups {
		if ids["{group}"] = g.ID; g.Kind == "test" {
			ids["{test}"], ids["{thread}"] = g.ID, "group."+g.ID
		}
	}
	return ids
}

// TestOperationsOnEmptyLists calls every operation of the description, on both databases, as each
// kind of caller, where there is nothing to list: none fails on the server, and each answer is as
// described (see send).
func TestOperationsOnEmptyLists(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		ids := f.bare(t)
		const last = "DELETE /session" // it ends the sessions that the others need
		for _, name := range slices.Sorted(maps.Keys(f.addresses(t))) {
			if name != last {
				f.onEmpty(t, name, ids)
			}
		}
		f.onEmpty(t, last, ids)
	})
}

// onEmpty calls one operation of the bare organisation as everybody.
func (f *fixture) onEmpty(t *testing.T, name string, ids map[string]string) {
	t.Helper()
	method, path, _ := strings.Cut(name, " ")
	described := f.doc.Paths.Find("/api/v1" + path)
	outside := described == nil
	if outside {
		described = f.doc.Paths.Find(path)
	}
	kind, body := "", ""
	if in := described.GetOperation(method).RequestBody; in != nil {
		if kind = slices.Sorted(maps.Keys(in.Value.Content))[0]; kind == "application/json" {
			body = "{}"
		}
	}
	path = parameter.ReplaceAllStringFunc(path, func(p string) string {
		if id, ok := ids[p]; ok {
			return id
		}
		return "none"
	})
	if outside {
		path = "/" + path // see send
	}
	for _, login := range append(slices.Sorted(maps.Keys(staffRoles)), "c1", "key", "") {
		token := ""
		if login != "" {
			token = f.token(t, "bare/"+login)
		}
		a := f.send(t, token, method, path, kind, []byte(body))
		if a.status >= 500 {
			t.Errorf("%s as %q: %d %s", name, login, a.status, a.body)
		}
	}
}

// TestEntryOfNobodySeen: a sending that reached nobody in an invigilator's rooms is not in their
// log, by its id either.
func TestEntryOfNobodySeen(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		f.must(t, "north/bert", "POST", "/tests/"+f.ids["north/T1"]+"/broadcasts", item{"key": "nobody-seen", "subject": "s", "body": "b", "recipients": item{"filter": item{}}})
		var list struct{ Entries []struct{ ID string } }
		f.must(t, "north/planner", "GET", "/log?kind=broadcast.sent", nil).into(t, &list)
		if a := f.call(t, "north/anna", "GET", "/log/"+list.Entries[0].ID, nil); a.status != 404 {
			t.Errorf("the entry of a sending to room B, read from room A: %d %s", a.status, a.body)
		}
	})
}
