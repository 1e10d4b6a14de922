// Package config is the one description of Crier's settings: the struct Config
// carries flags, environment variables, the file's keys and the documentation
// table. With nothing set at all the program starts.
//
// The order of precedence is flag, environment (CRIER_…), file of a secret
// (CRIER_…_FILE), configuration file (JSON), default. Every fault is found before
// any is reported, and they are reported together.
package config

import (
	"net"
	"net/netip"
	"net/url"
	"sort"
	"strings"
	"time"

	"crier/internal/fault"
	"crier/internal/peer"
)

// Config is all that a node can be told. A field tagged secret can also be
// given as the path of a file that holds it, by the environment variable's name with
// _FILE.
type Config struct {
	File string `name:"config" help:"JSON file with any of these settings, by their flag's name." placeholder:"PATH"`

	Addr      string `name:"addr" default:"127.0.0.1:8080" help:"Address the pages, the API and the sockets are served on."`
	AdminAddr string `name:"admin-addr" help:"Address for /metrics and /debug/pprof; empty: not served. Keep it private." placeholder:"ADDR"`

	Data     string `name:"data" default:"data" help:"Folder of the embedded database and of files."`
	Database string `name:"database" secret:"" help:"PostgreSQL URL (postgres://user:password@host/name); empty: the embedded database in the data folder." placeholder:"URL"`

	Files       string `name:"files" help:"Folder of the files that people send each other; several nodes need one that they share. Empty: files in the data folder." placeholder:"PATH"`
	S3Endpoint  string `name:"s3-endpoint" help:"An S3-compatible store for the files instead of a folder: https://HOST, or http://HOST:PORT without TLS." placeholder:"URL"`
	S3Bucket    string `name:"s3-bucket" help:"Bucket of the S3 store; it must exist. What is ours lies under crier/ in it." placeholder:"NAME"`
	S3Region    string `name:"s3-region" help:"Region of the S3 store; empty: as the store says." placeholder:"NAME"`
	S3AccessKey string `name:"s3-access-key" help:"Access key of the S3 store." placeholder:"KEY"`
	S3SecretKey string `name:"s3-secret-key" secret:"" help:"Secret key of the S3 store." placeholder:"SECRET"`
	Clamd       string `name:"clamd" help:"Where clamd scans files before they are taken: a path of a socket, or HOST:PORT; empty: no scanning. While it is away no file is taken." placeholder:"ADDR"`

	SMTPAddr     string `name:"smtp-addr" help:"Mail server that mails are handed to; empty: see outbox." placeholder:"HOST:PORT"`
	SMTPTLS      string `name:"smtp-tls" default:"opportunistic" help:"opportunistic (STARTTLS where it is offered), required (STARTTLS with a valid certificate), implicit (TLS from the first byte, as on port 465) or none."`
	SMTPUser     string `name:"smtp-user" help:"User at the mail server; empty: no authentication." placeholder:"NAME"`
	SMTPPassword string `name:"smtp-password" secret:"" help:"Password at the mail server." placeholder:"SECRET"`
	MailDomain   string `name:"mail-domain" help:"Domain of mails' addresses; answers and bounces come back to addresses in it." placeholder:"DOMAIN"`
	MailFrom     string `name:"mail-from" help:"Address that mails come from; empty: crier@ the mail domain." placeholder:"ADDRESS"`
	DKIMKey      string `name:"dkim-key" help:"PEM file of the private key (RSA or Ed25519) that mails are signed with; empty: they are not signed here." placeholder:"PATH"`
	DKIMSelector string `name:"dkim-selector" help:"Selector of the DKIM key: its public half stands in DNS at SELECTOR._domainkey of the mail domain." placeholder:"NAME"`
	LMTPAddr     string `name:"lmtp-addr" help:"Address that answers and bounces come in to by LMTP, from a mail server in front; keep it private. Empty: not served." placeholder:"ADDR"`
	SMTPInAddr   string `name:"smtp-in-addr" help:"The same by SMTP, without a mail server in front. Empty: not served." placeholder:"ADDR"`

	MailInCert          string `name:"mail-in-cert" help:"PEM file of the certificate (with its chain) that both listeners offer STARTTLS with; read again when it changes. Empty: no TLS." placeholder:"PATH"`
	MailInKey           string `name:"mail-in-key" help:"PEM file of its private key." placeholder:"PATH"`
	MailInConnections   int    `name:"mail-in-connections" default:"100" help:"Most connections at once to each listener."`
	SMTPInPerAddress    int    `name:"smtp-in-per-address" default:"10" help:"Most connections at once of one remote address (IPv6: of one /64) by SMTP."`
	SMTPInPerMinute     int    `name:"smtp-in-per-minute" default:"120" help:"Most mails a minute of one remote address by SMTP; more are told to come again. By LMTP there is no bound: the mail server in front has one address."`
	MailAuthResultsFrom string `name:"mail-auth-results-from" help:"Name (authserv-id) of the mail server in front, as its Authentication-Results headers have it: what they say of a sender by SPF, DKIM and DMARC is believed in mails that come by LMTP. It must remove such headers of others that bear its name. Empty: no sender by email is verified, and messages say so." placeholder:"NAME"`
	MailReplyDays       int    `name:"mail-reply-days" default:"90" help:"For how many days the address for answers to a mail holds; what comes to it later waits in Unmatched. 0: for good."`
	MailOriginalsDays   int    `name:"mail-originals-days" default:"365" help:"For how many days mails that came in are kept as they came, beside the messages that they became; 0: for good. What waits in Unmatched is kept until it is dealt with."`

	TwilioURL      string   `name:"twilio-url" default:"https://api.twilio.com" help:"Where Twilio's HTTP API is, or one that speaks it." placeholder:"URL"`
	TwilioAccount  string   `name:"twilio-account" help:"Account SID at Twilio; with neither it nor kannel-url: see outbox." placeholder:"SID"`
	TwilioToken    string   `name:"twilio-token" secret:"" help:"Auth token at Twilio; it signs webhooks too." placeholder:"SECRET"`
	TwilioFrom     string   `name:"twilio-from" help:"Number in E.164, or SID of a messaging service, that SMS come from." placeholder:"NUMBER"`
	KannelURL      string   `name:"kannel-url" help:"The sendsms service of a Kannel gateway, as in http://127.0.0.1:13013." placeholder:"URL"`
	KannelUser     string   `name:"kannel-user" help:"User at the gateway." placeholder:"NAME"`
	KannelPassword string   `name:"kannel-password" secret:"" help:"Password at the gateway." placeholder:"SECRET"`
	KannelFrom     string   `name:"kannel-from" help:"Number or name that SMS come from." placeholder:"NUMBER"`
	KannelToken    string   `name:"kannel-token" secret:"" help:"Secret that the gateway shows with everything it tells: the token of its webhooks' addresses." placeholder:"SECRET"`
	KannelAllow    []string `name:"kannel-allow" help:"Addresses, or networks as in 192.0.2.0/24, that the gateway calls from, as this server sees them; others are refused. Empty: any." placeholder:"ADDR"`

	Outbox  string `name:"outbox" default:"auto" help:"auto: on the embedded database with neither a mail server nor an SMS provider, mails and SMS are kept on the Outbox page and go nowhere, and admins and planners can answer there as the recipients would. off: nothing is kept. Where nothing is kept, a channel without a provider does not exist."`
	WebPush string `name:"web-push" default:"auto" help:"auto: browsers that ask for it get pushes, by their makers' push services; the server's key is made on first start. off: none do."`

	Redis          string   `name:"redis" secret:"" help:"Redis URL (redis://:password@host:6379/0, rediss:// for TLS); empty: this node is alone." placeholder:"URL"`
	RedisSentinels []string `name:"redis-sentinels" help:"Addresses of Redis Sentinels, instead of a URL; needs redis-master." placeholder:"HOST:PORT"`
	RedisMaster    string   `name:"redis-master" help:"Name of the master that the Sentinels watch." placeholder:"NAME"`
	RedisCluster   []string `name:"redis-cluster" help:"Addresses of Redis Cluster nodes, instead of a URL." placeholder:"HOST:PORT"`
	RedisUsername  string   `name:"redis-username" help:"User for Sentinel and Cluster." placeholder:"NAME"`
	RedisPassword  string   `name:"redis-password" secret:"" help:"Password for Sentinel and Cluster." placeholder:"SECRET"`

	Origins       []string `name:"origins" help:"The public addresses of the pages, exactly as browsers see them (https://crier.example.org); empty: http://127.0.0.1:PORT and http://localhost:PORT." placeholder:"URL"`
	Proxies       []string `name:"trusted-proxies" help:"Addresses and networks of the proxies in front of this node, as in 10.0.0.0/8; X-Forwarded-For is read from these alone. API keys that are bound to addresses need it behind a proxy." placeholder:"CIDR"`
	SecureCookies string   `name:"secure-cookies" default:"auto" help:"Whether cookies are for https alone: auto (when every origin is https), always or never."`

	CSPReport string `name:"csp-report-uri" help:"Where browsers report what the pages' Content-Security-Policy stopped; empty: nowhere." placeholder:"URL"`

	LogLevel  string `name:"log-level" default:"info" help:"debug, info, warn or error."`
	LogFormat string `name:"log-format" default:"json" help:"json, or text for people."`

	MaxRecipients int `name:"max-recipients" default:"1500" help:"Most recipients of one sending."`
	MaxSubject    int `name:"max-subject" default:"200" help:"Most characters of a subject."`
	MaxBody       int `name:"max-body" default:"4000" help:"Most characters of a message."`
	MaxItems      int `name:"max-items" default:"5000" help:"Most items of one provisioning request."`
	MaxImport     int `name:"max-import" default:"20000" help:"Most rows of one imported roster."`
	MaxFile       int `name:"max-file" default:"10485760" help:"Most bytes of one attached file."`

	SessionLength time.Duration `name:"session-length" default:"12h" help:"How long a sign-in lasts."`
	DrainTime     time.Duration `name:"drain-time" default:"5s" help:"Over how long a stopping node asks its sockets to come back elsewhere."`
}

// Check finds what is wrong with the values as they stand together. One detail
// per fault, named by the flag.
func (c *Config) Check() []fault.Detail {
	var out []fault.Detail
	bad := func(field, message string) { out = append(out, fault.Detail{Field: field, Message: message}) }

	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		bad("addr", "must be host:port, as in 127.0.0.1:8080")
	}
	if c.AdminAddr != "" {
		if _, _, err := net.SplitHostPort(c.AdminAddr); err != nil {
			bad("admin-addr", "must be host:port, as in 127.0.0.1:9090")
		}
	}
	if c.Database == "" && c.Data == "" {
		bad("data", "must name a folder when no database is given")
	}
	if c.Database != "" {
		// The parser's own error would repeat the password.
		if u, err := url.Parse(c.Database); err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" && u.Query().Get("host") == "" {
			bad("database", "must be a URL as in postgres://user:password@host/name")
		}
	}
	if c.S3Endpoint == "" {
		if c.S3Bucket+c.S3Region+c.S3AccessKey+c.S3SecretKey != "" {
			bad("s3-endpoint", "is needed with the other settings of S3")
		}
	} else {
		if u, err := url.Parse(c.S3Endpoint); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" {
			bad("s3-endpoint", "must be a URL as in https://s3.example.org, without a path")
		}
		if c.S3Bucket == "" || c.S3AccessKey == "" || c.S3SecretKey == "" {
			bad("s3-bucket", "s3-bucket, s3-access-key and s3-secret-key are needed with s3-endpoint")
		}
		if c.Files != "" {
			bad("files", "give either a folder or an S3 store")
		}
	}
	if c.Clamd != "" && !strings.HasPrefix(c.Clamd, "/") {
		if _, _, err := net.SplitHostPort(c.Clamd); err != nil {
			bad("clamd", "must be the path of a socket, or host:port as in 127.0.0.1:3310")
		}
	}
	if c.CSPReport != "" {
		u, err := url.Parse(c.CSPReport)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(c.CSPReport, " ;,\"'\\") {
			bad("csp-report-uri", "must be a URL as in https://reports.example.org/csp, without spaces, quotes, commas and semicolons")
		}
	}
	out = append(out, c.checkMail()...)
	out = append(out, c.checkInbound()...)
	out = append(out, c.checkSMS()...)
	ways := 0
	if c.Redis != "" {
		ways++
		if u, err := url.Parse(c.Redis); err != nil || (u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix") {
			bad("redis", "must be a URL as in redis://:password@host:6379/0")
		}
	}
	if len(c.RedisSentinels) > 0 {
		ways++
		if c.RedisMaster == "" {
			bad("redis-master", "is needed with redis-sentinels")
		}
	}
	if len(c.RedisCluster) > 0 {
		ways++
	}
	if ways > 1 {
		bad("redis", "give only one of redis, redis-sentinels and redis-cluster")
	}
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
			bad("origins", "\""+o+"\" must be scheme and host alone, as in https://crier.example.org, without a slash at the end")
		}
	}
	if _, err := c.TrustedProxies(); err != nil {
		bad("trusted-proxies", "must be addresses or networks, as in 10.0.0.0/8 or 192.0.2.7")
	}
	oneOf := func(field, value string, allowed ...string) {
		for _, a := range allowed {
			if a == value {
				return
			}
		}
		bad(field, "must be one of "+strings.Join(allowed, ", ")+", not \""+value+"\"")
	}
	oneOf("outbox", c.Outbox, "auto", "off")
	oneOf("web-push", c.WebPush, "auto", "off")
	oneOf("secure-cookies", c.SecureCookies, "auto", "always", "never")
	oneOf("smtp-tls", c.SMTPTLS, "opportunistic", "required", "implicit", "none")
	oneOf("log-level", c.LogLevel, "debug", "info", "warn", "error")
	oneOf("log-format", c.LogFormat, "json", "text")
	for _, n := range []struct {
		field string
		value int
		most  int
	}{
		{"max-recipients", c.MaxRecipients, 100000}, {"max-subject", c.MaxSubject, 1000}, {"max-body", c.MaxBody, 10000},
		{"max-items", c.MaxItems, 100000}, {"max-import", c.MaxImport, 1000000}, {"max-file", c.MaxFile, 1 << 30},
	} {
		if n.value < 1 || n.value > n.most {
			bad(n.field, "must be from 1 to "+itoa(n.most))
		}
	}
	if c.SessionLength < time.Minute || c.SessionLength > 90*24*time.Hour {
		bad("session-length", "must be from 1m to 2160h")
	}
	if c.DrainTime < 0 || c.DrainTime > 5*time.Minute {
		bad("drain-time", "must be from 0s to 5m")
	}
	return out
}

// PublicOrigins returns the origins that pages may come from: those
// configured, else the loopback names with the port of the listening address.
func (c *Config) PublicOrigins(listening net.Addr) []string {
	if len(c.Origins) > 0 {
		return c.Origins
	}
	_, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return nil
	}
	return []string{"http://127.0.0.1:" + port, "http://localhost:" + port}
}

// TrustedProxies returns the networks of the proxies in front of this node.
func (c *Config) TrustedProxies() ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(c.Proxies))
	for i, text := range c.Proxies {
		p, err := peer.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// CookiesSecure says whether the session cookie is for https alone.
func (c *Config) CookiesSecure() bool {
	switch c.SecureCookies {
	case "always":
		return true
	case "never":
		return false
	}
	for _, o := range c.Origins {
		if !strings.HasPrefix(o, "https://") {
			return false
		}
	}
	return len(c.Origins) > 0
}

// sortDetails puts faults in the order of their names, so that a report is the same
// each time.
func sortDetails(d []fault.Detail) {
	sort.SliceStable(d, func(i, j int) bool { return d[i].Field < d[j].Field })
}
