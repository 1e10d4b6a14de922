package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"crier/internal/channel"
	"crier/internal/channel/mailin"
	"crier/internal/domain"
	"crier/internal/service/attachment"
	"crier/internal/service/delivery"
	"crier/internal/service/inbound"
)

// openInbound makes the service of what comes in.
func (n *Node) openInbound(ways map[domain.Channel]delivery.Way) {
	answers := map[domain.Channel]channel.Sender{}
	for _, c := range domain.CopyChannels {
		if w, ok := ways[c]; ok {
			answers[c] = w.Sender
		}
	}
	o := inbound.Options{
		Store: n.Store, Writer: n.Conversation, Intake: intake{n.Files}, Blobs: n.blobs, Addresses: n.addresses(), Answers: answers, Sealer: n.sealer, Clock: n.clock,
		Log: n.log.With().Str("room", "inbound").Logger(), Limits: n.cfg.Limits(), Committed: n.committed,
	}
	if n.cfg.TwilioAccount != "" {
		o.Twilio = n.twilio()
	}
	if n.cfg.KannelURL != "" {
		o.Kannel = n.kannel()
	}
	n.Inbound = inbound.New(o)
}

// intake takes in files that came by mail as if their sender had uploaded them.
type intake struct{ files *attachment.Service }

// TakeIn implements inbound.Intake.
func (i intake) TakeIn(ctx context.Context, actor domain.Actor, name string, size int64, body io.Reader) (domain.AttachmentID, error) {
	a, err := i.files.UploadOwn(ctx, actor, attachment.Incoming{Name: name, Size: size, Body: body})
	return a.ID, err
}

// mailServers listen for mails.
type mailServers []*mailin.Server

// listenMail begins to listen where the configuration says.
func (n *Node) listenMail(ctx context.Context) (mailServers, error) {
	var out mailServers
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
		s := mailin.NewServer(mailin.Options{LMTP: l.lmtp, Domain: n.cfg.MailDomainName(), Receiver: n.Inbound, Log: n.log.With().Str("room", "mailin").Logger()})
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
