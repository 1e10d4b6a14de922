package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"crier/internal/channel/mailin"
	"crier/internal/domain"
	"crier/internal/service/attachment"
	"crier/internal/service/inbound"
)

// openInbound makes the service of what comes in. What it answers goes as copies do.
func (n *Node) openInbound(limiter inbound.Limiter) {
	o := inbound.Options{
		Store: n.Store, Writer: n.Conversation, Intake: intake{n.Files}, Blobs: n.blobs, Addresses: n.addresses(), Answers: n.Delivery.Enabled(), Queued: n.Delivery.Wake, Sealer: n.sealer, Clock: n.clock,
		Log: n.log.With().Str("room", "inbound").Logger(), Limits: n.cfg.Limits(),
		Limiter: limiter, MailFrom: n.cfg.MailFromAddress(), AuthServer: n.cfg.MailAuthResultsFrom, ReplyFor: time.Duration(n.cfg.MailReplyDays) * 24 * time.Hour, KeepOriginals: time.Duration(n.cfg.MailOriginalsDays) * 24 * time.Hour,
	}
	if n.cfg.TwilioAccount != "" {
		o.Twilio = n.twilio()
	}
	if n.cfg.KannelURL != "" {
		o.Kannel = n.kannel()
		o.KannelFrom, _ = n.cfg.KannelFromAddresses() // Check has refused what is none
	}
	n.Inbound = inbound.New(o)
}

// refusedMail counts the mails that a listener refuses.
func (n *Node) refusedMail(lmtp bool) func(mailin.Refusal) {
	source := domain.FromSMTP
	if lmtp {
		source = domain.FromLMTP
	}
	return func(r mailin.Refusal) {
		n.Inbound.Refused(source, "", n.Inbound.OrganisationOf(r.To), domain.RefusedWhy(r.Why), r.Detail)
	}
}

// intake takes in files that came by mail as if their sender had uploaded them.
type intake struct{ files *attachment.Service }

// TakeIn implements inbound.Intake.
func (i intake) TakeIn(ctx context.Context, actor domain.Actor, name string, size int64, body io.Reader) (domain.AttachmentID, error) {
	a, err := i.files.UploadOwn(ctx, actor, attachment.Incoming{Name: name, Size: size, Body: body})
	return a.ID, err
}

// What one connection by SMTP may do before it has to come again.
const (
	mailsPerConnection   = 100
	refusedPerConnection = 20
)

// mailServers listen for mails.
type mailServers []*mailin.Server

// listenMail begins to listen where the configuration says.
func (n *Node) listenMail(ctx context.Context) (mailServers, error) {
	var out mailServers
	var config *tls.Config
	if n.cfg.MailInCert != "" {
		cert, err := newCertificate(n.cfg.MailInCert, n.cfg.MailInKey, n.log)
		if err != nil {
			return nil, fmt.Errorf("mail-in-cert: %w", err)
		}
		config = &tls.Config{GetCertificate: cert.get, MinVersion: tls.VersionTLS12}
	}
	for _, l := range []struct {
		name, addr string
		lmtp       bool
	}{{"lmtp-addr", n.cfg.LMTPAddr, true}, {"smtp-in-addr", n.cfg.SMTPInAddr, false}} {
		if l.addr == "" {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", l.addr)
		if err != nil {
			return out, fmt.Errorf("listen for mails (%s): %w", l.name, err)
		}
		limits := mailin.Limits{Connections: n.cfg.MailInConnections}
		if !l.lmtp { // strangers, not our own mail server
			limits.PerAddress, limits.PerMinute, limits.PerConnection, limits.Refused = n.cfg.SMTPInPerAddress, n.cfg.SMTPInPerMinute, mailsPerConnection, refusedPerConnection
		}
		s := mailin.NewServer(mailin.Options{LMTP: l.lmtp, Domain: n.cfg.MailDomainName(), Receiver: n.Inbound, Refused: n.refusedMail(l.lmtp), Log: n.log.With().Str("room", "mailin").Logger(),
			TLS: config, Limits: limits, Clock: n.clock})
		s.Start(listener)
		out = append(out, s)
		n.log.Info().Str("addr", listener.Addr().String()).Bool("lmtp", l.lmtp).Msg("taking mails")
	}
	return out, nil
}

// close takes no new mails and waits for those in hand.
func (m mailServers) close(ctx context.Context) error {
	var err error
	for _, s := range m {
		err = errors.Join(err, s.Close(ctx))
	}
	return err
}
