package config

import "testing"

// TestCaptures: what has a provider for anything keeps nothing, so that nobody takes a kept SMS for a sent one.
func TestCaptures(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   bool
	}{
		"nothing set":   {func(*Config) {}, true},
		"a mail server": {func(c *Config) { c.SMTPAddr = "mail.example.org:587" }, false},
		"twilio":        {func(c *Config) { c.TwilioAccount = "AC1" }, false},
		"kannel":        {func(c *Config) { c.KannelURL = "http://127.0.0.1:13013" }, false},
		"PostgreSQL":    {func(c *Config) { c.Database = "postgres://db/crier" }, false},
		"off":           {func(c *Config) { c.Outbox = "off" }, false},
	} {
		cfg := Default()
		c.change(&cfg)
		if got := cfg.Captures(); got != c.want {
			t.Errorf("%s: captures %v", name, got)
		}
	}
	cfg := Default()
	cfg.Outbox, cfg.WebPush = "on", "on"
	if d := cfg.Check(); len(d) != 2 || d[0].Field != "outbox" || d[1].Field != "web-push" {
		t.Errorf("%+v", d)
	}
}
