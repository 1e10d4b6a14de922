package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

type result struct {
	code     int
	out, err string
}

func run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := Run(t.Context(), args, func(string) string { return "" }, strings.NewReader(stdin), &out, &err)
	return result{code, out.String(), err.String()}
}

func TestMisuse(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want []string // in the report
	}{
		{"unknown command", []string{"shout"}, []string{"shout"}},
		{"unknown flag", []string{"serve", "--loud"}, []string{"--loud"}},
		{"missing flags", []string{"admin", "create-organisation"}, []string{"--slug", "--name"}},
		{"bad settings", []string{"migrate", "--addr", "nowhere", "--max-body", "much"}, []string{"addr: ", "max-body: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, "", c.args...)
			if r.code != exitMisuse {
				t.Errorf("exit %d", r.code)
			}
			for _, w := range c.want {
				if !strings.Contains(r.err, w) {
					t.Errorf("%q does not name %q", r.err, w)
				}
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	if r := run(t, "", "--help"); r.code != exitOK || !strings.Contains(r.out, "create-api-key") || !strings.Contains(r.out, "--redis-sentinels") {
		t.Errorf("%+v", r)
	}
	if r := run(t, "", "version"); r.code != exitOK || r.out != Version+"\n" {
		t.Errorf("%+v", r)
	}
}

// TestAdministration goes through an installation's first hour.
func TestAdministration(t *testing.T) {
	data := t.TempDir()
	do := func(stdin string, args ...string) result { return run(t, stdin, append(args, "--data", data)...) }
	ok := func(r result, want string) {
		t.Helper()
		if r.code != exitOK || !strings.Contains(r.out, want) {
			t.Errorf("exit %d, out %q, err %q; want %q", r.code, r.out, r.err, want)
		}
	}
	refused := func(r result, want string) {
		t.Helper()
		if r.code != exitFailed || !strings.Contains(r.err, want) {
			t.Errorf("exit %d, out %q, err %q; want it to fail with %q", r.code, r.out, r.err, want)
		}
	}
	ok(do("", "migrate"), "up to date")
	ok(do("", "admin", "create-organisation", "--slug", "north", "--name", "North University"), "north")
	refused(do("", "admin", "create-organisation", "--slug", "No Slug", "--name", "x"), "slug")
	ada := do("", "admin", "create-admin", "--organisation", "north", "--login", "ada", "--name", "Ada Berg")
	ok(ada, "ada can sign in with the password ")
	if !regexp.MustCompile(`password [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\n$`).MatchString(ada.out) {
		t.Errorf("the password that was made: %q", ada.out)
	}
	refused(do("short\n", "admin", "create-admin", "--organisation", "north", "--login", "bo", "--name", "Bo", "--password-file", "-"), "password")
	ok(do("a longer one\n", "admin", "reset-password", "--organisation", "north", "--login", "ada", "--password-file", "-"), "ada can sign in.")
	refused(do("", "admin", "reset-password", "--organisation", "north", "--login", "nobody"), "no such person")
	refused(do("", "admin", "create-api-key", "--organisation", "south", "--name", "x"), "organisation")
	key := do("", "admin", "create-api-key", "--organisation", "north", "--name", "exam platform")
	ok(key, "ck_")
	if strings.Count(key.out, "\n") != 1 || strings.ContainsAny(strings.TrimSpace(key.out), " \t") {
		t.Errorf("the secret should stand alone on its line: %q", key.out)
	}

	refused(do("", "admin", "create-api-key", "--organisation", "north", "--name", "x", "--right", "root"), "there is no right")
	refused(do("", "admin", "create-api-key", "--organisation", "north", "--name", "x", "--address", "10.0.0.0/99"), "addresses[0]")
	refused(do("", "admin", "create-api-key", "--organisation", "north", "--name", "x", "--expires", "2020-01-01"), "expires_at")
	ok(do("", "admin", "create-api-key", "--organisation", "north", "--name", "narrow", "--right", "send,read", "--right", "tickets",
		"--sender-name", "The exam office", "--expires", "2099-01-01", "--address", "10.0.0.0/8", "--address", "192.0.2.7"), "ck_")

	roster := filepath.Join(data, "roster.csv")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(roster, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("test_id,test_name,candidate_id,given_name,family_name,room,seat,extra_minutes\nM1,Mathematics 1,c1,Sara,Amin,A,1,\nM1,Mathematics 1,c2,Ola,Berg,A,2,soon\n")
	refused(do("", "import", roster, "--organisation", "north"), "row 3, column extra_minutes")
	write("test_id,test_name,candidate_id,given_name,family_name,room,seat,extra_minutes\nM1,Mathematics 1,c1,Sara,Amin,A,1,\nM1,Mathematics 1,c2,Ola,Berg,A,2,15\n")
	ok(do("", "import", roster, "--organisation", "north"), "People: 2 new, 0 changed, 0 as before.")
	ok(do("", "import", roster, "--organisation", "north"), "People: 0 new, 0 changed, 2 as before.")
	ok(do("", "admin", "verify", "--organisation", "north"), "all in order")
}

// TestServeStops: a stopped server is no failure.
func TestServeStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	errs := &signalled{want: `"serving"`, seen: cancel}
	code := Run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--data", t.TempDir(), "--drain-time", "0s"}, func(string) string { return "" }, strings.NewReader(""), &out, errs)
	if code != exitOK || !strings.Contains(errs.b.String(), `"stopped"`) {
		t.Errorf("exit %d\n%s", code, errs.b.String())
	}
}

// signalled calls seen when a line with want is written.
type signalled struct {
	b    bytes.Buffer
	want string
	seen func()
}

func (s *signalled) Write(p []byte) (int, error) {
	s.b.Write(p)
	if strings.Contains(string(p), s.want) {
		s.seen()
	}
	return len(p), nil
}
