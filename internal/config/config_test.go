package config

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"crier/internal/fault"
)

type line struct {
	Config `embed:""`
}

func load(t *testing.T, args []string, env map[string]string) (Config, error) {
	t.Helper()
	l := NewLoader(args, func(k string) string { return env[k] })
	var c line
	k, err := kong.New(&c, l.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Parse(args); err != nil {
		t.Fatal(err)
	}
	return c.Config, l.Err(&c.Config)
}

func TestNothingAtAllStarts(t *testing.T) {
	c, err := load(t, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := Default(); !reflect.DeepEqual(c, want) {
		t.Fatalf("loaded %+v\nDefault is %+v", c, want)
	}
}

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "c.json"), filepath.Join(dir, "secret")
	os.WriteFile(file, []byte(`{"addr":"1.1.1.1:1","data":"from-file","max-recipients":7,"origins":["https://a.example","https://b.example"],"log-level":"debug"}`), 0o600)
	os.WriteFile(secret, []byte("postgres://u:hunter2@db/crier\n"), 0o600)
	c, err := load(t, []string{"--addr", "3.3.3.3:3"}, map[string]string{
		"CRIER_CONFIG": file, "CRIER_ADDR": "2.2.2.2:2", "CRIER_DATA": "from-env", "CRIER_DATABASE_FILE": secret, "CRIER_SESSION_LENGTH": "30m",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "3.3.3.3:3" || c.Data != "from-env" || c.MaxRecipients != 7 || c.LogLevel != "debug" || c.SessionLength != 30*time.Minute {
		t.Errorf("wrong precedence: %+v", c)
	}
	if c.Database != "postgres://u:hunter2@db/crier" {
		t.Errorf("secret from file: %q", c.Database)
	}
	if !c.CookiesSecure() || len(c.Origins) != 2 {
		t.Errorf("origins %v, secure %v", c.Origins, c.CookiesSecure())
	}
}

func TestAllFaultsTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.json")
	os.WriteFile(file, []byte(`{"adr":"x","max-body":"many","log-format":"xml"}`), 0o600)
	_, err := load(t, []string{"--config", file, "--max-recipients", "0", "--session-length", "soon"}, map[string]string{
		"CRIER_DATABASE":        "mysql://root:hunter2@db/x",
		"CRIER_REDIS_FILE":      filepath.Join(t.TempDir(), "none"),
		"CRIER_ORIGINS":         "https://ok.example,https://bad.example/",
		"CRIER_REDIS_SENTINELS": "a:1,b:2",
		"CRIER_ADDR":            "8080",
	})
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, d := range f.Details {
		got = append(got, d.Field)
	}
	want := []string{"addr", "adr", "database", "log-format", "max-body", "max-recipients", "origins", "redis", "redis-master", "session-length"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("faults of %v\nwant     %v", got, want)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the report repeats a secret: %v", err)
	}
}

func TestWhereFilesLie(t *testing.T) {
	s3 := []string{"--s3-endpoint=https://s3.example.org", "--s3-bucket=b", "--s3-access-key=a", "--s3-secret-key=hunter2"}
	for name, c := range map[string]struct {
		args []string
		bad  []string // fields
	}{
		"nothing":                {nil, nil},
		"a folder":               {[]string{"--files=/srv/files"}, nil},
		"S3":                     {s3, nil},
		"S3 without TLS":         {append([]string{"--s3-endpoint=http://127.0.0.1:9000"}, s3[1:]...), nil},
		"S3 without a bucket":    {s3[:1], []string{"s3-bucket"}},
		"S3 without an endpoint": {s3[1:], []string{"s3-endpoint"}},
		"S3 by host alone":       {append([]string{"--s3-endpoint=s3.example.org"}, s3[1:]...), []string{"s3-endpoint"}},
		"S3 with a path":         {append([]string{"--s3-endpoint=https://s3.example.org/bucket"}, s3[1:]...), []string{"s3-endpoint"}},
		"both":                   {append([]string{"--files=/srv/files"}, s3...), []string{"files"}},
		"reports":                {[]string{"--csp-report-uri=https://reports.example.org/csp?of=crier"}, nil},
		"reports to nowhere":     {[]string{"--csp-report-uri=/csp"}, []string{"csp-report-uri"}},
		"reports with a policy":  {[]string{"--csp-report-uri=https://x.example/;script-src *"}, []string{"csp-report-uri"}},
		"clamd's socket":         {[]string{"--clamd=/run/clamav/clamd.ctl"}, nil},
		"clamd elsewhere":        {[]string{"--clamd=127.0.0.1:3310"}, nil},
		"clamd nowhere":          {[]string{"--clamd=clamd"}, []string{"clamd"}},
		"files of no size":       {[]string{"--max-file=0"}, []string{"max-file"}},
		"files of 1 GiB":         {[]string{"--max-file=1073741824"}, nil},
		"files of more":          {[]string{"--max-file=1073741825"}, []string{"max-file"}},
	} {
		_, err := load(t, c.args, nil)
		var got []string
		if f, ok := errors.AsType[*fault.Error](err); ok {
			for _, d := range f.Details {
				got = append(got, d.Field)
			}
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, c.bad) {
			t.Errorf("%s: faults of %v, want %v", name, got, c.bad)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the report repeats a secret: %v", name, err)
		}
	}
}

func TestOriginsOfLoopback(t *testing.T) {
	c := Default()
	got := c.PublicOrigins(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8099})
	if want := []string{"http://127.0.0.1:8099", "http://localhost:8099"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c.CookiesSecure() {
		t.Error("cookies for https alone would not reach a loopback page")
	}
}

func TestTableKnowsEverySetting(t *testing.T) {
	for _, o := range Table() {
		if o.Flag == "" || o.Help == "" {
			t.Errorf("setting %q lacks its name or help", o.Flag)
		}
	}
}

// TestReadme keeps the README's table equal to the struct. CRIER_UPDATE=1 writes it.
func TestReadme(t *testing.T) {
	const path, begin, end = "../../README.md", "go test ./internal/config -->\n", "<!-- end of settings -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	table, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md lacks the marks of the settings' table")
	}
	var want strings.Builder
	WriteTable(&want)
	if table == want.String() {
		return
	}
	if os.Getenv("CRIER_UPDATE") == "" {
		t.Fatal("README.md's table of settings is not that of config.Config: CRIER_UPDATE=1 go test ./internal/config writes it")
	}
	if err := os.WriteFile(path, []byte(head+begin+want.String()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
