package mailin

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// TestQuotations: texts of mails from the field, and what must and must not be left of them.
func TestQuotations(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Text   string
			Keep, Drop []string
		}
	}
	read(t, "quotations.json", &file)
	for _, c := range file.Cases {
		got := Cut(c.Text)
		for _, k := range c.Keep {
			if !strings.Contains(got, k) {
				t.Errorf("%s: %q lacks %q", c.ID, got, k)
			}
		}
		for _, d := range c.Drop {
			if strings.Contains(got, d) {
				t.Errorf("%s: %q has %q", c.ID, got, d)
			}
		}
	}
}

// TestMails: whole mails from the field, their text and the names of their files.
func TestMails(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Text string
			Raw      []byte
			Files    []string
		}
	}
	read(t, "mails.json", &file)
	for _, c := range file.Cases {
		m, err := Parse(c.Raw)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		if want := strings.TrimSpace(c.Text); m.Reply != want {
			t.Errorf("%s: %q, want %q (all of it: %q)", c.ID, m.Reply, want, m.Text)
		}
		if c.Files == nil {
			continue
		}
		var names []string
		for _, f := range m.Files {
			names = append(names, f.Name)
		}
		if !slices.Equal(names, c.Files) {
			t.Errorf("%s: files %q, want %q", c.ID, names, c.Files)
		}
	}
}

// TestWhoWrote: mails from the field, written by people, by programs that answer for them, and by
// servers that say what became of a mail.
func TestWhoWrote(t *testing.T) {
	var file struct {
		People []struct {
			ID, About, Auto string
			Raw             []byte
		}
		Bounces []struct {
			ID, About string
			Raw       []byte
			Bounce    bool
			Permanent *bool
		}
	}
	read(t, "automatic.json", &file)
	for _, c := range file.People {
		if m, err := Parse(c.Raw); err != nil || string(m.Auto) != c.Auto {
			t.Errorf("%s (%s): %q, want %q, %v", c.ID, c.About, m.Auto, c.Auto, err)
		}
	}
	for _, c := range file.Bounces {
		m, err := Parse(c.Raw)
		if err != nil || (m.Bounce != nil) != c.Bounce {
			t.Errorf("%s (%s): bounce %+v, want %v, %v", c.ID, c.About, m.Bounce, c.Bounce, err)
			continue
		}
		if c.Permanent != nil && m.Bounce.Worst().Permanent() != *c.Permanent {
			t.Errorf("%s (%s): permanent is not %v", c.ID, c.About, *c.Permanent)
		}
	}
}
