package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"crier/internal/domain"
)

// Option is one line of the documentation table.
type Option struct {
	Flag    string // without the dashes; also the key in the file
	Env     string
	Default string
	Help    string
	Secret  bool // may also be given as Env + "_FILE"
}

// EnvName is the environment variable of a flag.
func EnvName(flag string) string {
	return "CRIER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Table lists every setting, in the struct's order.
func Table() []Option {
	var out []Option
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		_, secret := tag.Lookup("secret")
		name := tag.Get("name")
		out = append(out, Option{Flag: name, Env: EnvName(name), Default: tag.Get("default"), Help: tag.Get("help"), Secret: secret})
	}
	return out
}

// WriteTable writes the table as Markdown, for the README.
func WriteTable(w io.Writer) {
	fmt.Fprintln(w, "| flag | environment | default | meaning |")
	fmt.Fprintln(w, "|---|---|---|---|")
	for _, o := range Table() {
		env := "`" + o.Env + "`"
		if o.Secret {
			env += ", `…_FILE`"
		}
		def := ""
		if o.Default != "" {
			def = "`" + o.Default + "`"
		}
		fmt.Fprintf(w, "| `--%s` | %s | %s | %s |\n", o.Flag, env, def, o.Help)
	}
}

// Default is the configuration with nothing set.
func Default() Config {
	return Config{
		Addr: "127.0.0.1:8080", Data: "data", SMTPTLS: "opportunistic", MailInConnections: 100, SMTPInPerAddress: 10, SMTPInPerMinute: 120, MailReplyDays: 90, MailOriginalsDays: 365, TwilioURL: "https://api.twilio.com", Outbox: "auto", WebPush: "auto", SecureCookies: "auto", LogLevel: "info", LogFormat: "json",
		MaxRecipients: 1500, MaxSubject: 200, MaxBody: 4000, MaxItems: 5000, MaxImport: 20000, MaxFile: 10 << 20,
		SessionLength: 12 * time.Hour, DrainTime: 5 * time.Second,
	}
}

// Limits are the sizes that the services enforce.
func (c *Config) Limits() domain.Limits {
	return domain.Limits{Recipients: c.MaxRecipients, Subject: c.MaxSubject, Body: c.MaxBody, Items: c.MaxItems, Import: c.MaxImport}
}

func fields() map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		out[t.Field(i).Tag.Get("name")] = t.Field(i)
	}
	return out
}
