package peer

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestOf(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"203.0.113.7:4000", nil, "203.0.113.7"},
		{"203.0.113.7:4000", []string{"192.0.2.1"}, "203.0.113.7"}, // no proxy of ours: not believed
		{"10.0.0.1:4000", nil, "10.0.0.1"},
		{"10.0.0.1:4000", []string{"192.0.2.1"}, "192.0.2.1"},
		{"10.0.0.1:4000", []string{"198.51.100.1, 192.0.2.1"}, "192.0.2.1"},
		{"10.0.0.1:4000", []string{"198.51.100.1", "192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
		{"10.0.0.1:4000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:4000", []string{"192.0.2.1:5000"}, "192.0.2.1"},
		{"[::1]:4000", []string{"[2001:db8::7]:5000"}, "2001:db8::7"},
		{"[::ffff:10.0.0.1]:4000", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"10.0.0.1:4000", []string{"192.0.2.1, unknown"}, "invalid IP"},
		{"@", []string{"192.0.2.1"}, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := Of(r, trusted).String(); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestParsePrefix(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", " 10.1.2.3/8 ": "10.0.0.0/8", "2001:db8::7/32": "2001:db8::/32",
		"::ffff:192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.0/120": "192.0.2.0/24",
	} {
		if p, err := ParsePrefix(text); err != nil || p.String() != want {
			t.Errorf("%q: %s, %v", text, p, err)
		}
	}
	for _, wrong := range []string{"", "host", "10.0.0.0/33", "10.0.0.0/", "/8", "192.0.2"} {
		if p, err := ParsePrefix(wrong); err == nil {
			t.Errorf("%q: %s", wrong, p)
		}
	}
}
