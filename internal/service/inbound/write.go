package inbound

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"crier/internal/channel/mailin"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// attachmentsMost is how many files one message carries.
const attachmentsMost = 10

// write makes a mail a message of a person's conversation; twice makes one. message is what it becomes, but for what the mail
// says. Errors as of Writer.
func (s *Service) write(ctx context.Context, in domain.Inbound, p domain.Correspondent, m *mailin.Mail, message domain.NewMessage) (journal.Sent, error) {
	actor := p.Actor(in.Organisation)
	message.Subject = cut(domain.Subject(m.Subject), s.o.Limits.Subject)
	message.Body = m.Reply
	if domain.Blank(message.Body) && len(m.Files) == 0 {
		message.Body = message.Subject
	}
	files := m.Files
	if len([]rune(message.Body)) > s.o.Limits.Body {
		// The whole text goes along as a file.
		files = append([]mailin.File{{Name: "message.txt", Type: "text/plain", Bytes: []byte(m.Reply)}}, files...)
	}
	var refused []string
	for i, f := range files {
		name := named(f, i)
		if len(message.Attachments) >= attachmentsMost {
			refused = append(refused, name+" (too many files)")
			continue
		}
		id, err := s.o.Intake.TakeIn(ctx, actor, name, int64(len(f.Bytes)), bytes.NewReader(f.Bytes))
		switch code := fault.CodeOf(err); code {
		case "":
			message.Attachments = append(message.Attachments, id)
		case fault.Invalid, fault.TooLarge, fault.Malformed:
			refused = append(refused, name+" ("+fault.Public(err).Message+")")
		default:
			return journal.Sent{}, err
		}
	}
	message.Body = withNote(message.Body, refused, s.o.Limits.Body)
	if domain.Blank(message.Body) && len(message.Attachments) == 0 {
		return journal.Sent{}, fault.Field("body", "there is nothing in it")
	}
	return s.send(ctx, in.Organisation, message)
}

// message is what something that came in becomes, but for its text. Storing it settles what came in.
func (s *Service) message(in domain.Inbound, p domain.Correspondent, answered int64, placed bool) domain.NewMessage {
	hash := sha256.Sum256([]byte(in.Dedupe))
	return domain.NewMessage{
		Actor: p.Actor(in.Organisation).Ref(), ActorNo: p.No, Person: p.ID, Inbound: true, Via: in.Channel, Key: "inbound-" + in.ID, Hash: hash[:], ReplyTo: answered, Placed: placed,
		Trial: in.Trial, Unverified: in.Verified == domain.VerifiedNo, Settles: &domain.Settles{ID: in.ID, State: domain.InboundMatched, By: domain.System(in.Organisation)},
	}
}

func (s *Service) send(ctx context.Context, org domain.OrganisationID, m domain.NewMessage) (journal.Sent, error) {
	for field, text := range map[string]string{"subject": m.Subject, "body": m.Body} {
		most := s.o.Limits.Body
		if field == "subject" {
			most = s.o.Limits.Subject
		}
		if err := domain.CheckText(field, text, most, true, field == "body"); err != nil {
			return journal.Sent{}, err
		}
	}
	sent, err := s.o.Writer.Write(ctx, org, m)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.Invalid && f.Field == "reply_to" && m.ReplyTo != 0 {
		m.ReplyTo = 0 // what it answers is no longer theirs
		return s.o.Writer.Write(ctx, org, m)
	}
	return sent, err
}

// withNote cuts a text to most characters and names below it the files that were not taken.
func withNote(body string, refused []string, most int) string {
	note := ""
	if len(refused) > 0 {
		note = "[Not taken: " + cut(strings.Join(refused, "; "), min(1000, most/2)) + "]"
	}
	if note == "" {
		return cut(body, most)
	}
	if domain.Blank(body) {
		return note
	}
	return cut(body, most-len([]rune(note))-2) + "\n\n" + note
}

// named is the name of a file, made up where it has none.
func named(f mailin.File, i int) string {
	if f.Name != "" {
		return f.Name
	}
	endings := map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic", "image/heif": ".heif", "application/pdf": ".pdf", "text/plain": ".txt", "text/csv": ".csv", "text/calendar": ".txt"}
	return fmt.Sprintf("file-%d%s", i+1, endings[f.Type])
}
