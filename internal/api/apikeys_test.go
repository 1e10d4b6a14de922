package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"crier/internal/config"
	"crier/internal/domain"
	"crier/internal/testkit"
)

type apiKey struct {
	ID, Name, Secret string
	SenderName       string `json:"sender_name"`
	Rights           []domain.Right
	Addresses        []string
	ExpiresAt        time.Time `json:"expires_at"`
	LastUsedAt       time.Time `json:"last_used_at"`
}

// key makes an API key as who.
func (f *fixture) key(t *testing.T, who string, in item) apiKey {
	t.Helper()
	var out struct{ Key apiKey }
	f.must(t, who, "POST", "/api-keys", in).into(t, &out)
	return out.Key
}

// as gives a key a name that requests can be made as.
func (f *fixture) as(name string, k apiKey) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens["north/"+name] = k.Secret
	return "north/" + name
}

// A key without the right staff changes nothing of staff, by whatever way.
func TestKeysAndStaff(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		platform := f.as("platform", f.key(t, "north/admin", item{"name": "platform",
			"rights": []string{"provision", "tickets", "send", "read", "settings", "sessions"}}))
		staff := item{"external_id": "s-anna", "kind": "staff", "role": "invigilator", "given_name": "anna", "family_name": canary("north", "anna")}
		changed := func(field string, value any) item {
			out := item{}
			for k, v := range staff {
				out[k] = v
			}
			out[field] = value
			return out
		}
		var before, after struct{ Entries int }
		f.must(t, "north/admin", "GET", "/log/verify", nil).into(t, &before)
		candidate := item{"external_id": "c-new", "kind": "candidate", "given_name": "C", "family_name": "New", "password": password}
		for name, it := range map[string]item{
			"a new admin": {"external_id": "s-evil", "kind": "staff", "role": "admin", "given_name": "E", "family_name": "vil", "login": "evil", "password": password},
			"a role":      changed("role", "admin"), "a login": changed("login", "anna2"), "a password": changed("password", "another horse"),
			"a state": changed("state", "locked"), "nothing": staff,
		} {
			a := f.call(t, platform, "PUT", "/provisioning/people", item{"items": []item{candidate, it}})
			if r := a.refused(t); a.status != 403 || r.Error.Field != "items[1]" || !strings.Contains(r.Error.Message, "staff") {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		for name, it := range map[string]item{
			"a candidate becomes staff": {"external_id": "a1", "kind": "staff", "role": "admin", "given_name": "a1", "family_name": "x"},
			"an admin as a candidate":   {"external_id": "s-admin", "kind": "candidate", "given_name": "x", "family_name": "y", "password": "another horse"},
			"a candidate takes a login": {"external_id": "a1", "kind": "candidate", "given_name": "a1", "family_name": "x", "login": "admin"},
			"a candidate with a role":   {"external_id": "a1", "kind": "candidate", "role": "admin", "given_name": "a1", "family_name": "x"},
			"a person of no kind":       {"external_id": "a1", "role": "admin", "given_name": "a1", "family_name": "x"},
		} {
			if a := f.call(t, platform, "PUT", "/provisioning/people", item{"items": []item{it}}); a.status < 400 || a.status >= 500 {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		if a := f.call(t, platform, "PUT", "/provisioning/staff-scopes", item{"items": []item{{"person": "s-anna", "test": "T2"}}}); a.status != 403 {
			t.Errorf("scopes: %d %s", a.status, a.body)
		}
		for _, method := range []string{"GET", "POST"} {
			if a := f.call(t, platform, method, "/api-keys", item{"name": "more", "rights": []string{"staff"}}); a.status != 403 {
				t.Errorf("%s /api-keys: %d %s", method, a.status, a.body)
			}
		}
		if f.must(t, "north/admin", "GET", "/log/verify", nil).into(t, &after); after != before {
			t.Errorf("the journal had %d entries and has %d", before.Entries, after.Entries)
		}
		if a := f.call(t, "", "POST", "/session", item{"organisation": "north", "login": "admin", "password": password}); a.status != 201 {
			t.Errorf("the admin's password: %d %s", a.status, a.body)
		}
		f.must(t, platform, "PUT", "/provisioning/people", item{"items": []item{candidate}})
		hr := f.as("hr", f.key(t, "north/admin", item{"name": "hr", "rights": []string{"staff"}}))
		f.must(t, hr, "PUT", "/provisioning/people", item{"items": []item{changed("role", "planner")}})
		if a := f.call(t, hr, "PUT", "/provisioning/people", item{"items": []item{candidate}}); a.status != 403 {
			t.Errorf("a candidate by a key for staff: %d %s", a.status, a.body)
		}
	})
}

// The log says who changed whose role and password, and never the password.
func TestLogNamesRolesAndPasswords(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		f.must(t, "north/admin", "PUT", "/provisioning/people", item{"items": []item{
			{"external_id": "s-bert", "kind": "staff", "role": "planner", "given_name": "Bert", "family_name": "Dahl", "login": "bert.dahl", "password": "an entirely new one"},
			{"external_id": "s-new", "kind": "staff", "role": "admin", "given_name": "Nora", "family_name": "Ny", "login": "nora", "password": "an entirely new one"},
			{"external_id": "a2", "kind": "candidate", "given_name": "Only", "family_name": "Renamed"},
		}})
		var list struct {
			Entries []struct {
				ID, Summary string
				Actor       struct{ Name string }
			}
		}
		f.must(t, "north/admin", "GET", "/log?kind=people.upserted", nil).into(t, &list)
		e := list.Entries[0]
		for _, want := range []string{"Bert Dahl (role from invigilator to planner, login from bert to bert.dahl, password changed)", "Nora Ny (new staff, role admin, password set)"} {
			if !strings.Contains(e.Summary, want) {
				t.Errorf("%q lacks %q", e.Summary, want)
			}
		}
		a := f.must(t, "north/admin", "GET", "/log/"+e.ID, nil)
		var detail struct {
			People []struct{ Name, What string }
		}
		a.into(t, &detail)
		if len(detail.People) != 2 || detail.People[0].What == "" || strings.Contains(string(a.body), "entirely") {
			t.Errorf("%s", a.body)
		}
	})
}

// A key is refused after its time, and from where it may not be used.
func TestKeysExpireAndAreBound(t *testing.T) {
	f := start(t, func(c *config.Config) { c.Proxies = []string{"127.0.0.1", "192.0.2.0/24"} })
	for field, in := range map[string]item{
		"name":         {"name": "", "rights": []string{"read"}},
		"rights":       {"name": "k", "rights": []string{}},
		"rights ":      {"name": "k", "rights": []string{"root"}},
		"expires_at":   {"name": "k", "rights": []string{"read"}, "expires_at": "2020-01-01T00:00:00Z"},
		"addresses[1]": {"name": "k", "rights": []string{"read"}, "addresses": []string{"10.0.0.0/8", "10.0.0.0/99"}},
		"sender_name":  {"name": "k", "rights": []string{"read"}, "sender_name": "North"},
	} {
		if a := f.call(t, "north/admin", "POST", "/api-keys", in); a.status != 422 || a.refused(t).Error.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %d %s", field, a.status, a.body)
		}
	}
	k := f.key(t, "north/admin", item{"name": "bound", "rights": []string{"read"}, "addresses": []string{"10.0.0.0/8", "2001:db8::/32"}})
	for forwarded, status := range map[string]int{
		"": 403, "10.1.2.3": 200, "2001:db8::7": 200, "11.1.2.3": 403,
		"10.1.2.3, 11.1.2.3": 403, // what a stranger claims stands further left
		"11.1.2.3, 10.1.2.3": 200, "10.1.2.3, 192.0.2.8": 200, "nonsense": 403,
	} {
		h := map[string]string{"Authorization": "Bearer " + k.Secret}
		if forwarded != "" {
			h["X-Forwarded-For"] = forwarded
		}
		a := f.raw(t, "GET", "/api/v1/tests", nil, h)
		if a.status != status || status == 403 && !strings.Contains(string(a.body), "address") {
			t.Errorf("from %q: %d %s", forwarded, a.status, a.body)
		}
	}
	soon := f.key(t, "north/admin", item{"name": "soon over", "rights": []string{"read"}, "expires_at": time.Now().Add(2 * time.Second)})
	who := f.as("soon", soon)
	f.must(t, who, "GET", "/tests", nil)
	var a answer
	testkit.Eventually(t, 10*time.Second, "the key expires", func() error {
		if a = f.call(t, who, "GET", "/tests", nil); a.status == http.StatusOK {
			return errors.New("it is accepted")
		}
		return nil
	})
	if a.status != 401 || !strings.Contains(a.refused(t).Error.Message, "expired") {
		t.Errorf("%d %s", a.status, a.body)
	}
	var list struct{ Keys []apiKey }
	f.must(t, "north/admin", "GET", "/api-keys", nil).into(t, &list)
	for _, k := range list.Keys {
		if k.Name == "soon over" && (k.LastUsedAt.IsZero() || k.ExpiresAt.IsZero() || k.Secret != "") {
			t.Errorf("%+v", k)
		}
	}
}

// What a key sends carries its public name; the log knows the key's own.
func TestKeysSenderName(t *testing.T) {
	both(t, func(t *testing.T, f *fixture) {
		named := f.key(t, "north/admin", item{"name": "integration-3", "rights": []string{"send"}, "sender_name": "The exam office"})
		plain := f.key(t, "north/admin", item{"name": "integration-4", "rights": []string{"send"}})
		if named.SenderName != "The exam office" || plain.SenderName != canary("north", "organisation") {
			t.Fatalf("%+v %+v", named, plain)
		}
		to := item{"people": []string{f.ids["north/a1"]}}
		f.must(t, f.as("named", named), "POST", "/tests/"+f.ids["north/T1"]+"/broadcasts", item{"key": "sender-0001", "subject": "s", "body": "b", "recipients": to})
		f.must(t, f.as("plain", plain), "POST", "/broadcasts", item{"key": "sender-0002", "subject": "s", "body": "b", "recipients": to})
		f.must(t, "north/named", "POST", "/conversations/"+f.ids["north/a1"]+"/messages", item{"key": "sender-0003", "body": "b", "group": f.ids["north/T1"]})
		a := f.must(t, "north/a1", "GET", "/inbox", nil)
		var inbox struct {
			Messages []struct{ From struct{ Name string } }
		}
		a.into(t, &inbox)
		names := map[string]int{}
		for _, m := range inbox.Messages {
			names[m.From.Name]++
		}
		if names["The exam office"] != 2 || names[canary("north", "organisation")] != 1 || strings.Contains(string(a.body), "integration-") {
			t.Errorf("%s", a.body)
		}
		log := f.must(t, "north/admin", "GET", "/log?kind=broadcast.sent", nil)
		if s := string(log.body); !strings.Contains(s, "integration-3") || !strings.Contains(s, "integration-4") {
			t.Errorf("%s", s)
		}
	})
}
