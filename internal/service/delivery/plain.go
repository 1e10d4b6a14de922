package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"crier/internal/channel"
	"crier/internal/domain"
	"crier/internal/shorten"
)

// Plain composes without more ado: what it takes for SMS and push, and for mails where nothing better is wired.
type Plain struct {
	Link string // public address of the pages, "" for no links
}

// textMost is the most characters of an SMS: what lies beyond stands in the pages.
const textMost = 1500

// Compose implements Composer.
func (p Plain) Compose(_ context.Context, l *domain.Letter, address string) (channel.Outgoing, error) {
	out := channel.Outgoing{ID: l.Delivery.ID, Address: address, Name: l.Name, Locale: l.Locale, Subject: l.Subject, Text: l.Body, From: l.Org.Name,
		About: l.Group.Name, Sender: l.SenderName, Link: p.link(l.Org.Settings)}
	if l.Kind == domain.DeliverAnswer {
		return answered(out, l)
	}
	switch l.Channel {
	case domain.ChannelSMS:
		out.Text = p.Text(l.Org, l.Subject, l.Body)
	case domain.ChannelPush:
		return p.pushed(l, out), nil
	}
	return out, nil
}

// Text is a message as an SMS: the organisation's name first, the page last.
func (p Plain) Text(org domain.Organisation, subject, body string) string {
	var b strings.Builder
	b.WriteString(org.Name)
	b.WriteString(": ")
	if subject = strings.TrimSpace(subject); subject != "" {
		b.WriteString(subject)
		b.WriteString("\n")
	}
	b.WriteString(strings.TrimSpace(body))
	text := b.String()
	link := p.link(org.Settings)
	if link != "" {
		link = "\n" + link
	}
	return shorten.With(text, textMost-utf8.RuneCountInString(link), "...") + link
}

// answered is the server's own answer. It asks for none.
func answered(out channel.Outgoing, l *domain.Letter) (channel.Outgoing, error) {
	var p domain.AnswerPayload
	if err := json.Unmarshal(l.Payload, &p); err != nil {
		return out, fmt.Errorf("what an answer carries: %w", err)
	}
	out.Automatic, out.Subject, out.Text, out.InReplyTo = true, p.Subject, p.Text, p.InReplyTo
	out.Link, out.About, out.Sender = "", "", ""
	return out, nil
}

// link is where the recipient reads and answers. Who meets conversations by email and SMS alone gets none.
func (p Plain) link(set domain.Settings) string {
	if p.Link == "" || set.StaffChatOnly {
		return ""
	}
	return p.Link + "/"
}
