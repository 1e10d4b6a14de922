package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"crier/internal/channel"
	"crier/internal/channel/email"
	"crier/internal/domain"
)

// Files gives the bytes of attachments, by their id: n bytes from a place.
type Files interface {
	Get(ctx context.Context, id string, from, n int64) (io.ReadCloser, error)
}

// Mails composes mails: messages, and the server's own.
type Mails struct {
	Link      string // public address of the pages, without a slash at the end
	Addresses email.Addresses
	Answers   bool  // mails to the reply and bounce addresses come in; else bounces go to the sender's own
	Files     Files // nil: attachments are linked to
}

// Compose implements Composer.
func (m Mails) Compose(_ context.Context, l *domain.Letter, address string) (channel.Outgoing, error) {
	org := int64(l.Org.ID)
	out := channel.Outgoing{Organisation: org, Person: int64(l.Person), ID: l.Delivery.ID, Address: address, Name: l.Name, Locale: l.Locale, From: l.Org.Name,
		MessageID: l.Delivery.ID + "@" + m.Addresses.Domain}
	if m.Answers {
		out.ReturnTo = m.Addresses.Bounce(org, l.Delivery.ID)
	}
	switch l.Kind {
	case domain.DeliverNotify:
		return out, m.notify(&out, l)
	case domain.DeliverMention:
		return out, m.mention(&out, l)
	case domain.DeliverExport:
		return out, m.export(&out, l)
	case domain.DeliverAnswer:
		return answered(out, l)
	}
	out.Subject, out.Text, out.About, out.Sender = l.Subject, l.Body, l.Group.Name, l.SenderName
	out.InReplyTo = "c." + m.Addresses.Tokens.Thread(org, int64(l.Person)) + "@" + m.Addresses.Domain
	if m.Answers {
		out.ReplyTo = m.Addresses.Reply(email.Reply{Organisation: org, Person: int64(l.Person), Message: l.Delivery.Offset, Sent: l.SentAt})
	}
	pages := Plain{Link: m.Link}.link(l.Org.Settings)
	out.Link = pages
	until := l.SentAt.Add(domain.DownloadFor)
	if pages == "" && m.Link != "" {
		out.FilesUntil = until.In(l.Org.Settings.QuietHours("", -1, -1).Zone).Format(timeFormat)
	}
	for _, a := range l.Files {
		f := channel.File{Name: a.Name, Type: a.Type, Size: a.Size}
		if pages != "" {
			f.Link = pages + "files/" + url.PathEscape(string(a.ID))
		} else if m.Link != "" {
			f.Link = m.downloadLink(l, a.ID, until)
		}
		if m.Files != nil {
			f.Open = func(ctx context.Context) (channel.ReadCloser, error) {
				return m.Files.Get(ctx, string(a.ID), 0, a.Size)
			}
		}
		out.Files = append(out.Files, f)
	}
	return out, nil
}

// timeFormat is how mails write times.
const timeFormat = "2006-01-02 15:04 MST"

// downloadLink is a link to a file for a recipient without pages: it works once, without signing in.
func (m Mails) downloadLink(l *domain.Letter, file domain.AttachmentID, until time.Time) string {
	token := m.Addresses.Tokens.Download(email.Download{
		Organisation: int64(l.Org.ID), Delivery: l.Delivery.ID, Attachment: string(file), Until: until,
	})
	if token == "" {
		return ""
	}
	return m.Link + "/download/" + token
}

// notify is one mail to a staff member about all conversations with new replies.
func (m Mails) notify(out *channel.Outgoing, l *domain.Letter) error {
	var p domain.NotifyPayload
	if err := json.Unmarshal(l.Payload, &p); err != nil {
		return fmt.Errorf("what a notification carries: %w", err)
	}
	w := email.WordsOf(l.Locale)
	out.Automatic, out.Link = true, m.Link+"/staff/messages"
	out.Subject = email.Count(w.NewMany, p.Count, l.Org.Name)
	if p.Count == 1 {
		out.Subject = email.Say(w.NewOne, l.Org.Name)
	}
	var b strings.Builder
	b.WriteString(w.NewIntro + "\n\n")
	for _, c := range p.Conversations {
		b.WriteString(c.Name + "\n" + m.Link + "/staff/messages?open=" + url.QueryEscape(string(c.Person)) + "\n\n")
	}
	if more := p.Count - len(p.Conversations); more > 0 {
		b.WriteString(email.Count(w.NewMore, more, "") + "\n")
	}
	out.Text = b.String()
	out.Stop = m.Link + "/api/v1/notifications/stop/" + m.Addresses.Tokens.Stop(int64(l.Org.ID), int64(l.Person))
	return nil
}

// mention is one mail to a staff member about the notes that mention them.
func (m Mails) mention(out *channel.Outgoing, l *domain.Letter) error {
	var p domain.MentionPayload
	if err := json.Unmarshal(l.Payload, &p); err != nil {
		return fmt.Errorf("what a mail about mentions carries: %w", err)
	}
	w := email.WordsOf(l.Locale)
	out.Automatic, out.Subject = true, email.Say(w.Mentioned, l.Org.Name)
	var b strings.Builder
	for _, one := range p.Mentions {
		b.WriteString(strings.NewReplacer("%by", one.By, "%s", one.Name).Replace(w.MentionedBy) + "\n" +
			m.Link + "/staff/messages?open=" + url.QueryEscape(string(one.Person)) + "\n\n")
	}
	if more := p.Count - len(p.Mentions); more > 0 {
		b.WriteString(email.Count(w.NewMore, more, "") + "\n\n")
	}
	out.Text = b.String() + w.MentionsAll + ":\n" + m.Link + "/staff/mentions"
	out.Stop = m.Link + "/api/v1/notifications/stop/" + m.Addresses.Tokens.StopMentions(int64(l.Org.ID), int64(l.Person))
	return nil
}

// export tells a staff member that an export of theirs can be fetched (product row V17). Its link leads to the page of exports,
// which asks them to sign in, and works until the export expires.
func (m Mails) export(out *channel.Outgoing, l *domain.Letter) error {
	var p domain.ExportPayload
	if err := json.Unmarshal(l.Payload, &p); err != nil {
		return fmt.Errorf("what a mail about an export carries: %w", err)
	}
	w := email.WordsOf(l.Locale)
	zone := l.Org.Settings.QuietHours("", -1, -1).Zone
	out.Automatic, out.Subject = true, w.ExportReady
	out.Text = w.ExportIntro + "\n\n" + w.ExportOpen + ":\n" + m.Link + "/staff/exports?fetch=" + url.QueryEscape(p.Export) + "\n\n" +
		email.Say(w.ExportUntil, p.Expires.In(zone).Format(timeFormat))
	out.Link = ""
	return nil
}
