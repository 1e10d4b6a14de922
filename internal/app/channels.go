package app

import (
	"context"
	"sync"
	"time"

	"crier/internal/channel"
	"crier/internal/channel/email"
	"crier/internal/channel/sms"
	"crier/internal/domain"
	"crier/internal/service/delivery"
)

// link is the public address of the pages, as texts that leave them have it.
func (n *Node) link() string {
	if len(n.cfg.Origins) > 0 {
		return n.cfg.Origins[0]
	}
	return "http://" + n.cfg.Addr
}

// addresses are those that answers and bounces come back to.
func (n *Node) addresses() email.Addresses {
	return email.Addresses{Domain: n.cfg.MailDomainName(), ReplyPrefix: email.ReplyPrefix, BouncePrefix: email.BouncePrefix, Tokens: email.NewTokens(n.Store.SealKey())}
}

// mailTimeout is for one mail, which may carry 7 MB.
const mailTimeout = time.Minute

// openWays makes the ways out that the configuration names; if it names none, the Outbox page keeps what would have gone.
func (n *Node) openWays(ctx context.Context, o Options) (ways map[domain.Channel]delivery.Way, pushKey string, err error) {
	composer := &email.Composer{From: n.cfg.MailFromAddress(), Clock: n.clock}
	answers := n.cfg.Captures() || n.cfg.LMTPAddr != "" || n.cfg.SMTPInAddr != ""
	mails := delivery.Way{From: n.cfg.MailFromAddress(), Composer: delivery.Mails{Link: n.link(), Addresses: n.addresses(), Answers: answers, Files: n.blobs}, Timeout: mailTimeout}
	switch {
	case n.cfg.Captures():
		mails.Sender = n.captureMails(composer)
	case n.cfg.SMTPAddr != "":
		s, err := email.NewSender(email.Server{Addr: n.cfg.SMTPAddr, User: n.cfg.SMTPUser, Password: n.cfg.SMTPPassword, TLS: email.TLS(n.cfg.SMTPTLS), Hello: n.cfg.MailDomain,
			DKIMDomain: n.cfg.MailDomainName(), DKIMSelector: n.cfg.DKIMSelector, DKIMKey: n.cfg.DKIMKey}, composer)
		if err != nil {
			return nil, "", err
		}
		mails.Sender = s
	}
	texts := delivery.Way{}
	switch {
	case n.cfg.TwilioAccount != "":
		texts.From = n.cfg.TwilioFrom
		texts.Sender = n.reporting("twilio", func(status string) channel.Sender { t := n.twilio(); t.Status = status; return t })
	case n.cfg.KannelURL != "":
		texts.From = n.cfg.KannelFrom
		texts.Sender = n.reporting("kannel", func(status string) channel.Sender { k := n.kannel(); k.Status = status; return k })
	case n.cfg.Captures():
		texts.Sender = n.captureTexts()
	}
	ways = map[domain.Channel]delivery.Way{domain.ChannelEmail: mails, domain.ChannelSMS: texts}
	if n.cfg.WebPush != "off" {
		if ways[domain.ChannelPush], pushKey, err = n.openPush(ctx, o); err != nil {
			return nil, "", err
		}
	}
	for c, w := range ways {
		if w.Sender == nil {
			delete(ways, c)
		}
	}
	return ways, pushKey, nil
}

// openDelivery makes the service of copies.
func (n *Node) openDelivery(ctx context.Context, o Options) error {
	ways, key, err := n.openWays(ctx, o)
	if err != nil {
		return err
	}
	n.Delivery = delivery.New(delivery.Options{Store: n.Store, Ways: ways, Sealer: n.sealer, Clock: n.clock, Log: n.log.With().Str("room", "delivery").Logger(),
		Link: n.link(), PushKey: key})
	n.Notifier = n.newNotifier()
	n.openInbound(o.Writers)
	return nil
}

// openLink opens the token of a link to a file in a mail.
func (n *Node) openLink(token string) (domain.DownloadLink, error) {
	d, err := email.NewTokens(n.Store.SealKey()).OpenDownload(token)
	return domain.DownloadLink{
		Organisation: domain.OrganisationID(d.Organisation), Delivery: d.Delivery,
		Attachment: domain.AttachmentID(d.Attachment), Until: d.Until,
	}, err
}

// checkReach asks who knows the ways out whether a message would reach anybody.
func (n *Node) checkReach(ctx context.Context, actor domain.Actor, group domain.GroupID, people []domain.PersonID, channels []domain.Channel) error {
	return n.Delivery.CheckReach(ctx, actor, group, people, channels)
}

// expandPause is how long expanding leaves the processor to others after each slice.
const expandPause = 10 * time.Millisecond

// expand makes the message rows of sendings, and has their copies go.
func (n *Node) expand(ctx context.Context, org domain.OrganisationID) error {
	err := n.Store.ExpandGently(ctx, org, expandPause)
	if err == nil {
		n.Delivery.Wake()
	}
	return err
}

// twilio is the configured account, without the address of its reports.
func (n *Node) twilio() *sms.Twilio {
	return &sms.Twilio{Base: n.cfg.TwilioURL, Account: n.cfg.TwilioAccount, Token: n.cfg.TwilioToken, From: n.cfg.TwilioFrom}
}

// kannel is the configured gateway, without the address of its reports.
func (n *Node) kannel() *sms.Kannel {
	return &sms.Kannel{Base: n.cfg.KannelURL, Username: n.cfg.KannelUser, Password: n.cfg.KannelPassword, From: n.cfg.KannelFrom, Token: n.cfg.KannelToken}
}

// reporting is a sender whose provider reports each organisation's SMS to an address of its own.
func (n *Node) reporting(provider string, to func(status string) channel.Sender) channel.Sender {
	return &perOrganisation{name: provider, of: map[int64]channel.Sender{}, make: func(ctx context.Context, id int64) (channel.Sender, error) {
		org, err := n.Store.Organisation(ctx, domain.OrganisationID(id))
		if err != nil {
			return nil, err
		}
		return to(n.link() + "/api/v1/webhooks/" + provider + "/" + org.Slug + "/status"), nil
	}}
}

// perOrganisation sends by a sender of each organisation.
type perOrganisation struct {
	name string
	make func(ctx context.Context, org int64) (channel.Sender, error)
	mu   sync.Mutex
	of   map[int64]channel.Sender
}

// Name implements channel.Sender.
func (p *perOrganisation) Name() string { return p.name }

// Send implements channel.Sender.
func (p *perOrganisation) Send(ctx context.Context, o channel.Outgoing) (channel.Accepted, error) {
	p.mu.Lock()
	s := p.of[o.Organisation]
	p.mu.Unlock()
	if s == nil {
		made, err := p.make(ctx, o.Organisation)
		if err != nil {
			return channel.Accepted{}, err
		}
		p.mu.Lock()
		p.of[o.Organisation] = made
		p.mu.Unlock()
		s = made
	}
	return s.Send(ctx, o)
}
