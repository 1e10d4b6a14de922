package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crier/internal/auth"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
	"crier/internal/service/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSignIn(t *testing.T) {
	n := start(t)
	out := n.in(t, " North ", " ANNA ")
	if auth.KindOf(out.Session.Token) != auth.Session || !out.Session.ExpiresAt.Equal(n.clock.Now().Add(access.SessionIdle)) {
		t.Errorf("%+v", out.Session)
	}
	if me := out.Me; me.Name != "north invigilator" || me.Kind != "staff" || me.Organisation.Slug != "north" || !me.Organisation.SubjectRequired || !slices.Contains(me.Permissions, domain.ActBroadcastSend) {
		t.Errorf("%+v", me)
	}
	a, err := n.Authenticate(t.Context(), out.Session.Token)
	if err != nil || a.Role != domain.RoleInvigilator || len(a.Scopes) != 1 || a.Scopes[0].Room != "A" || a.Session == "" {
		t.Errorf("%+v, %v", a, err)
	}
	if n.last().Kind != journal.KindSessionStarted || strings.Contains(string(n.last().Payload), out.Session.Token) {
		t.Errorf("entry %s %s", n.last().Kind, n.last().Payload)
	}
	same := map[string]bool{}
	for name, c := range map[string]access.Credentials{
		"wrong password":       {Organisation: "north", Login: "anna", Password: "wrong horse"},
		"unknown login":        {Organisation: "north", Login: "nobody", Password: password},
		"unknown organisation": {Organisation: "west", Login: "anna", Password: password},
		"no password stored":   {Organisation: "north", Login: "ola", Password: password},
	} {
		_, err := n.SignIn(t.Context(), c)
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
		same[fault.Public(err).Message] = true
	}
	if len(same) != 1 {
		t.Errorf("the answers tell what is wrong: %v", same)
	}
	for field, c := range map[string]access.Credentials{
		"organisation": {Login: "anna", Password: password},
		"login":        {Organisation: "north", Login: "an\x00na", Password: password},
		"password":     {Organisation: "north", Login: "anna"},
	} {
		_, err := n.SignIn(t.Context(), c)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Invalid || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	long := access.Credentials{Organisation: "north", Login: "anna", Password: strings.Repeat("x", auth.MaxPassword+1)}
	if _, err := n.SignIn(t.Context(), long); !fault.Is(err, fault.TooLarge) {
		t.Errorf("long password: %v", err)
	}
}

func TestSessionsSlideAndEnd(t *testing.T) {
	n := start(t)
	token := n.in(t, "north", "anna").Session.Token
	begun := n.clock.Now()
	for n.clock.Now().Before(begun.Add(access.SessionMost - time.Hour)) {
		n.clock.Advance(access.SessionIdle - time.Hour)
		if n.clock.Now().After(begun.Add(access.SessionMost)) {
			break
		}
		if _, err := n.Authenticate(t.Context(), token); err != nil {
			t.Fatalf("used every 11 hours, after %v: %v", n.clock.Now().Sub(begun), err)
		}
	}
	n.clock.Advance(begun.Add(access.SessionMost).Sub(n.clock.Now()))
	if _, err := n.Authenticate(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after 30 days: %v", err)
	}
	token = n.in(t, "north", "anna").Session.Token
	n.clock.Advance(access.SessionIdle)
	if _, err := n.Authenticate(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after 12 hours without use: %v", err)
	}
	if err := n.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n.last().Kind != journal.KindSessionEnded || !strings.Contains(string(n.last().Payload), "expired") {
		t.Errorf("the end was not recorded: %s %s", n.last().Kind, n.last().Payload)
	}
}

func TestRevocationHoldsAtOnce(t *testing.T) {
	a := start(t)
	b := another(a.store, a.clock)
	admin := a.role(t, "north", domain.RoleAdmin)
	both := func(token string) (out []error) {
		for _, n := range []*node{a, b} {
			_, err := n.Authenticate(t.Context(), token)
			out = append(out, err)
		}
		return out
	}
	anna := a.in(t, "north", "anna")
	keys, err := a.CreateAPIKey(t.Context(), admin, access.NewAPIKey{Name: "platform", Rights: domain.Rights})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		end   func() error
	}{
		"sign out": {a.in(t, "north", "planner").Session.Token, nil},
		"revoked":  {anna.Session.Token, func() error { return a.EndSessions(t.Context(), admin, domain.PersonID(anna.Me.ID)) }},
		"key":      {keys.Secret, func() error { return a.RevokeAPIKey(t.Context(), admin, keys.ID) }},
		"password": {a.in(t, "north", "chief").Session.Token, func() error { return a.ResetPassword(t.Context(), admin, "Chief", "another horse") }},
	} {
		if got := both(c.token); got[0] != nil || got[1] != nil { // both nodes remember it now
			t.Fatalf("%s: before: %v", name, got)
		}
		if c.end == nil {
			actor, _ := a.Authenticate(t.Context(), c.token)
			c.end = func() error { return a.SignOut(t.Context(), actor) }
		}
		if err := c.end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b.Invalidate(a.last()) // as the followed journal does
		for i, err := range both(c.token) {
			if !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: node %d still lets it in: %v", name, i, err)
			}
		}
	}
}

// A node that hears nothing of the organisation is late by two seconds at most.
func TestRevocationWithoutTheJournal(t *testing.T) {
	a := start(t)
	b := another(a.store, a.clock)
	anna := a.in(t, "north", "anna")
	if _, err := b.Authenticate(t.Context(), anna.Session.Token); err != nil {
		t.Fatal(err)
	}
	if err := a.SignOut(t.Context(), anna.Actor); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(2 * time.Second)
	if _, err := b.Authenticate(t.Context(), anna.Session.Token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("got %v", err)
	}
}

func TestScopesChangeAtOnce(t *testing.T) {
	n := start(t)
	anna := n.in(t, "north", "anna")
	if _, err := n.Authenticate(t.Context(), anna.Session.Token); err != nil {
		t.Fatal(err)
	}
	_, entries, err := n.store.ReplaceScopes(t.Context(), domain.System(anna.Actor.Organisation), []domain.ScopeSpec{{Where: at(0), Exam: "M1", Person: "anna", Rooms: []string{"B"}}})
	if err != nil {
		t.Fatal(err)
	}
	n.Invalidate(entries[0])
	a, err := n.Authenticate(t.Context(), anna.Session.Token)
	if err != nil || len(a.Scopes) != 1 || a.Scopes[0].Room != "B" {
		t.Errorf("%+v, %v", a.Scopes, err)
	}
}

func TestTokensThatAreNone(t *testing.T) {
	n := start(t)
	ticket, err := n.Ticket(t.Context(), n.role(t, "north", domain.RoleCandidate))
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "x", auth.NewToken(auth.Session), auth.NewToken(auth.APIKey), ticket.Ticket, "cs_" + strings.Repeat("A", 43), strings.Repeat("cs_", 1000)} {
		if _, err := n.Authenticate(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%.20q: %v", token, err)
		}
	}
	session := n.in(t, "north", "sara").Session.Token
	for _, token := range []string{"", "x", session, auth.NewToken(auth.Ticket)} {
		if _, err := n.Redeem(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("as a ticket, %.20q: %v", token, err)
		}
	}
}

// TestAPasswordThatWasMade signs in as it is printed and as people type it; the one before does not.
func TestAPasswordThatWasMade(t *testing.T) {
	n := start(t)
	admin, code := n.role(t, "north", domain.RoleAdmin), n.NewPassword()
	for _, login := range []string{"anna", "sara"} {
		if err := n.ResetPassword(t.Context(), admin, login, code); err != nil {
			t.Fatal(err)
		}
		for password, want := range map[string]bool{code: true, strings.ToLower(code): true, strings.ReplaceAll(code, "-", ""): true, password: false, n.NewPassword(): false} {
			_, err := n.SignIn(t.Context(), access.Credentials{Organisation: "north", Login: login, Password: password, Address: "192.0.2.1"})
			if want != (err == nil) || !want && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s with %q: %v", login, password, err)
			}
		}
		if _, err := n.SignIn(t.Context(), access.Credentials{Organisation: "south", Login: login, Password: code, Address: "192.0.2.1"}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s of another organisation: %v", login, err)
		}
	}
}

func TestTicketOpensOnce(t *testing.T) {
	a := start(t)
	b := another(a.store, a.clock)
	sara := a.in(t, "north", "sara")
	ticket, err := a.Ticket(t.Context(), sara.Actor)
	if err != nil || !ticket.ExpiresAt.Equal(a.clock.Now().Add(access.TicketLife)) {
		t.Fatalf("%+v, %v", ticket, err)
	}
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			got, err := []*node{a, b}[i%2].Redeem(t.Context(), ticket.Ticket)
			switch {
			case err == nil && got.No == sara.Actor.No && got.Session == sara.Actor.Session && got.Role == domain.RoleCandidate:
				won.Add(1)
			case !fault.Is(err, fault.Gone):
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("redeemed %d times, want once", won.Load())
	}
	late, _ := a.Ticket(t.Context(), sara.Actor)
	a.clock.Advance(access.TicketLife)
	if _, err := a.Redeem(t.Context(), late.Ticket); !fault.Is(err, fault.Gone) {
		t.Errorf("expired: %v", err)
	}
	orphan, _ := a.Ticket(t.Context(), sara.Actor)
	if err := a.SignOut(t.Context(), sara.Actor); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Redeem(t.Context(), orphan.Ticket); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestTicketsInBulk(t *testing.T) {
	n := start(t)
	admin := n.role(t, "north", domain.RoleAdmin)
	key, err := n.CreateAPIKey(t.Context(), admin, access.NewAPIKey{Name: "load generator", Rights: domain.Rights})
	if err != nil {
		t.Fatal(err)
	}
	by, err := n.Authenticate(t.Context(), key.Secret)
	if err != nil || by.Role != domain.RoleIntegration || by.Kind != domain.ActorAPIKey {
		t.Fatalf("%+v, %v", by, err)
	}
	out, err := n.Tickets(t.Context(), by, []string{"ola", "sara"}, time.Hour)
	if err != nil || len(out.Tickets) != 2 || out.Tickets[0].Person != "ola" || !out.ExpiresAt.Equal(n.clock.Now().Add(time.Hour)) {
		t.Fatalf("%+v, %v", out, err)
	}
	got, err := n.Redeem(t.Context(), out.Tickets[0].Ticket)
	if err != nil || got.Name != "Ola" || got.Session != key.ID {
		t.Errorf("%+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		people []string
		ttl    time.Duration
		fields []string
		code   fault.Code
	}{
		"unknown, staff, twice": {[]string{"nobody", "anna", "ola"}, time.Minute, []string{"people[0]", "people[1]"}, fault.Invalid},
		"twice":                 {[]string{"ola", "sara", "ola"}, time.Minute, []string{"people[2]"}, fault.Invalid},
		"none":                  {nil, time.Minute, nil, fault.Invalid},
		"too long":              {[]string{"ola"}, time.Hour + time.Second, nil, fault.Invalid},
		"too short":             {[]string{"ola"}, 0, nil, fault.Invalid},
		"too many":              {make([]string, 5001), time.Minute, nil, fault.TooLarge},
	} {
		_, err := n.Tickets(t.Context(), by, c.people, c.ttl)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != c.code {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var fields []string
		for _, d := range f.Details {
			fields = append(fields, d.Field)
		}
		if !slices.Equal(fields, c.fields) {
			t.Errorf("%s: %v, want %v", name, fields, c.fields)
		}
	}
	if err := n.RevokeAPIKey(t.Context(), admin, key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Redeem(t.Context(), out.Tickets[1].Ticket); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the key is revoked: %v", err)
	}
}

func TestOptionsNameTheOnlyOrganisation(t *testing.T) {
	n := empty(t)
	for _, c := range []struct{ add, want string }{{"", ""}, {"north", "north"}, {"south", ""}} {
		if c.add != "" {
			fill(t, n.store, c.add)
		}
		o, err := n.Options(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if o.Organisation != nil {
			got = o.Organisation.Slug
		}
		if got != c.want {
			t.Errorf("after adding %q: %q, want %q", c.add, got, c.want)
		}
	}
}

// Who may do what here, role by role: what is not listed must be refused.
func TestPermissions(t *testing.T) {
	n := start(t)
	admin := n.role(t, "north", domain.RoleAdmin)
	victim := domain.PersonID(n.in(t, "north", "sara").Me.ID)
	key, err := n.CreateAPIKey(t.Context(), admin, access.NewAPIKey{Name: "key", Rights: domain.Rights})
	if err != nil {
		t.Fatal(err)
	}
	integration, err := n.Authenticate(t.Context(), key.Secret)
	if err != nil {
		t.Fatal(err)
	}
	actors := map[domain.Role]domain.Actor{domain.RoleIntegration: integration, domain.RoleSystem: domain.System(admin.Organisation)}
	for role := range logins {
		actors[role] = n.role(t, "north", role)
	}
	ctx := t.Context()
	for name, c := range map[string]struct {
		do  func(domain.Actor) error
		may []domain.Role
	}{
		"end sessions":   {func(a domain.Actor) error { return n.EndSessions(ctx, a, victim) }, []domain.Role{domain.RoleAdmin, domain.RoleIntegration, domain.RoleSystem}},
		"reset password": {func(a domain.Actor) error { return n.ResetPassword(ctx, a, "ola", "another horse") }, []domain.Role{domain.RoleAdmin, domain.RoleIntegration, domain.RoleSystem}},
		"list keys":      {func(a domain.Actor) error { _, err := n.APIKeys(ctx, a); return err }, []domain.Role{domain.RoleAdmin, domain.RoleSystem}},
		"create key": {func(a domain.Actor) error {
			_, err := n.CreateAPIKey(ctx, a, access.NewAPIKey{Name: "k", Rights: domain.Rights})
			return err
		}, []domain.Role{domain.RoleAdmin, domain.RoleSystem}},
		"revoke key": {func(a domain.Actor) error { return allowed(n.RevokeAPIKey(ctx, a, "no such")) }, []domain.Role{domain.RoleAdmin, domain.RoleSystem}},
		"bulk tickets": {func(a domain.Actor) error { _, err := n.Tickets(ctx, a, []string{"ola"}, time.Minute); return err },
			[]domain.Role{domain.RoleAdmin, domain.RoleIntegration, domain.RoleSystem}},
		"own ticket": {func(a domain.Actor) error { _, err := n.Ticket(ctx, a); return err },
			[]domain.Role{domain.RoleAdmin, domain.RolePlanner, domain.RoleChiefInvigilator, domain.RoleInvigilator, domain.RoleCoordinator, domain.RoleCandidate}},
	} {
		for role, actor := range actors {
			err := c.do(actor)
			if may := slices.Contains(c.may, role); may && err != nil {
				t.Errorf("%s by %s: %v", name, role, err)
			} else if !may && !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s by %s: got %v, want forbidden", name, role, err)
			}
		}
	}
}

// allowed turns the fault of whoever came past the permission into success.
func allowed(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Nothing of one organisation can be reached or seen from another.
func TestOrganisationsAreApart(t *testing.T) {
	n := start(t)
	ctx := t.Context()
	north, south := n.role(t, "north", domain.RoleAdmin), n.role(t, "south", domain.RoleAdmin)
	sara := n.in(t, "south", "sara")
	key, err := n.CreateAPIKey(ctx, south, access.NewAPIKey{Name: "Canary-south key", Rights: domain.Rights})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.EndSessions(ctx, north, domain.PersonID(sara.Me.ID)); !fault.Is(err, fault.NotFound) {
		t.Errorf("end sessions: %v", err)
	}
	if err := n.RevokeAPIKey(ctx, north, key.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("revoke: %v", err)
	}
	keys, err := n.APIKeys(ctx, north)
	if err != nil {
		t.Fatal(err)
	}
	me, err := n.Me(ctx, north)
	if err != nil {
		t.Fatal(err)
	}
	options, err := n.Options(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tickets, err := n.Tickets(ctx, north, []string{"ola"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	redeemed, err := n.Redeem(ctx, tickets.Tickets[0].Ticket)
	if err != nil || redeemed.Organisation != north.Organisation {
		t.Errorf("%+v, %v", redeemed, err)
	}
	all, err := json.Marshal([]any{keys, me, options, tickets, redeemed})
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{"south", key.ID, sara.Me.ID} {
		if strings.Contains(string(all), canary) {
			t.Errorf("%q of the other organisation is in %s", canary, all)
		}
	}
	if _, err := n.Authenticate(ctx, sara.Session.Token); err != nil {
		t.Errorf("south's session ended: %v", err)
	}
}

func TestSweepRunsUntilStopped(t *testing.T) {
	n := start(t)
	n.Stop() // without Start
	n.Start(t.Context())
	n.Start(t.Context())
	n.Stop()
	n.Stop()
}

// Nothing secret is in an error or an entry.
func TestSecretsStayInside(t *testing.T) {
	n := start(t)
	admin := n.role(t, "north", domain.RoleAdmin)
	secrets := []string{password, passwordHash()}
	for i := range 3 {
		k, err := n.CreateAPIKey(t.Context(), admin, access.NewAPIKey{Name: fmt.Sprint("key ", i), Rights: domain.Rights})
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, k.Secret, n.in(t, "north", "anna").Session.Token)
	}
	_, err := n.SignIn(t.Context(), access.Credentials{Organisation: "north", Login: "anna", Password: password + "!"})
	var text strings.Builder
	text.WriteString(err.Error())
	entries, err := n.store.Entries(t.Context(), admin.Organisation, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fmt.Fprintf(&text, "%s %s %v\n", e.Payload, e.Audience, e.Actor)
	}
	for _, s := range secrets {
		if strings.Contains(text.String(), s) {
			t.Errorf("%.12q… is in the journal or an error", s)
		}
	}
}

// TestNoSessionEndsInATest: a candidate stays signed in while they are in a test, with extra time, on
// every node and past the sweep; others, and they afterwards, are signed out.
func TestNoSessionEndsInATest(t *testing.T) {
	n := start(t)
	other := another(n.store, n.clock)
	by := domain.System(n.role(t, "north", domain.RoleAdmin).Organisation)
	begin := n.clock.Now()
	name, ends, extra, progress := "Long", begin.Add(20*time.Hour), 60, domain.InProgress
	if _, _, err := n.store.UpsertExams(t.Context(), by, []domain.ExamSpec{{Where: at(0), ExternalID: "M1", Name: &name, StartsAt: &begin, EndsAt: &ends}}); err != nil {
		t.Fatal(err)
	}
	enrol := func() {
		t.Helper()
		spec := []domain.EnrolmentSpec{{Where: at(0), Exam: "M1", Person: "sara", ExtraMinutes: &extra, Progress: &progress}}
		if _, _, err := n.store.UpsertEnrolments(t.Context(), by, spec); err != nil {
			t.Fatal(err)
		}
	}
	enrol()
	sara, anna := n.in(t, "north", "sara"), n.in(t, "north", "anna")
	ticket := func(actor domain.Actor) error {
		k, err := other.Ticket(t.Context(), actor)
		if err != nil {
			return err
		}
		_, err = n.Redeem(t.Context(), k.Ticket)
		return err
	}
	n.clock.Advance(access.SessionIdle + time.Hour)
	if err := ticket(sara.Actor); err != nil {
		t.Errorf("a socket in the test: %v", err)
	}
	if err := n.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, node := range []*node{n, other} {
		if _, err := node.Authenticate(t.Context(), sara.Session.Token); err != nil {
			t.Errorf("in the test: %v", err)
		}
		if _, err := node.Authenticate(t.Context(), anna.Session.Token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("staff, after 13 hours without use: %v", err)
		}
	}
	if e, err := n.Expiry(t.Context(), sara.Session.Token); err != nil || e.ExpiresAt.Before(ends.Add(time.Hour)) {
		t.Errorf("%+v, %v", e, err)
	}
	n.clock.Advance(7*time.Hour + 30*time.Minute) // in the extra time
	if _, err := other.Authenticate(t.Context(), sara.Session.Token); err != nil {
		t.Errorf("in the extra time: %v", err)
	}
	progress = domain.Submitted
	enrol()
	n.clock.Advance(access.SessionIdle + time.Minute)
	if _, err := other.Authenticate(t.Context(), sara.Session.Token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("long after it was submitted: %v", err)
	}
}

// TestExpiry: asking is no use, renewing is, up to the maximum.
func TestExpiry(t *testing.T) {
	n := start(t)
	token := n.in(t, "north", "anna").Session.Token
	begun := n.clock.Now()
	for range 11 {
		n.clock.Advance(time.Hour)
		if e, err := n.Expiry(t.Context(), token); err != nil || !e.ExpiresAt.Equal(begun.Add(access.SessionIdle)) || !e.WarnAt.Equal(e.ExpiresAt.Add(-10*time.Minute)) || !e.Now.Equal(n.clock.Now()) {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	e, err := n.Renew(t.Context(), token)
	if err != nil || !e.ExpiresAt.Equal(n.clock.Now().Add(access.SessionIdle)) || !e.EndsAt.Equal(begun.Add(access.SessionMost)) {
		t.Fatalf("%+v, %v", e, err)
	}
	for n.clock.Now().Before(begun.Add(access.SessionMost - 11*time.Hour)) {
		n.clock.Advance(11 * time.Hour)
		if e, err = n.Renew(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if !e.ExpiresAt.Equal(e.EndsAt) {
		t.Errorf("renewed to %v, beyond %v", e.ExpiresAt, e.EndsAt)
	}
	n.clock.Advance(11 * time.Hour)
	for _, ask := range []func(context.Context, string) (access.Expiry, error){n.Expiry, n.Renew} {
		for _, token := range []string{token, "", "x", auth.NewToken(auth.Session)} {
			if _, err := ask(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%.8s: %v", token, err)
			}
		}
		if _, err := ask(t.Context(), auth.NewToken(auth.APIKey)); !fault.Is(err, fault.Invalid) {
			t.Errorf("an API key: %v", err)
		}
	}
}

// TestUnasked: what a page asks by itself does not let a session last; what a person asks does.
func TestUnasked(t *testing.T) {
	n := start(t)
	token := n.in(t, "north", "anna").Session.Token
	end := n.clock.Now().Add(access.SessionIdle)
	for _, c := range []struct {
		ctx  context.Context
		used bool
	}{{access.Unasked(t.Context()), false}, {t.Context(), true}} {
		n.clock.Advance(access.SessionIdle / 3)
		if _, err := n.Authenticate(c.ctx, token); err != nil {
			t.Fatal(err)
		}
		if e, err := n.Expiry(t.Context(), token); err != nil || e.ExpiresAt.After(end) != c.used {
			t.Errorf("used %t: the session ends at %v, before it was %v, %v", c.used, e.ExpiresAt, end, err)
		}
	}
}
