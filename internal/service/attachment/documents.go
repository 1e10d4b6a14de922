package attachment

import (
	"context"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Document is a file of a conversation.
type Document struct {
	Attachment
	At        time.Time     `json:"at"`
	From      From          `json:"from"`
	Direction string        `json:"direction"` // in: the candidate sent it; out
	Message   domain.ItemID `json:"message"`
}

// From is who sent it, as they were called then.
type From struct {
	Name string      `json:"name"`
	Role domain.Role `json:"role"`
}

// Documents is a page of a conversation's files, newest first. Next is "" on the last.
type Documents struct {
	Documents []Document `json:"documents"`
	Next      string     `json:"next"`
}

const documentsMost = 200

// Documents lists the files of a person's conversation. Every word of q is the beginning of a
// word of the file's name or of the sender's; accents do not matter. after is the Next of the page before.
// Errors: Forbidden, NotFound, Invalid (fields "q", "after").
func (s *Service) Documents(ctx context.Context, actor domain.Actor, person domain.PersonID, q string, limit int, after string) (Documents, error) {
	out := Documents{Documents: []Document{}}
	p, seen, err := s.conversation(ctx, actor, domain.ActConversationView, person)
	if err != nil {
		return out, err
	}
	query := domain.FileQuery{}
	if err := domain.CheckText("q", q, 200, true, false); err != nil {
		return out, err
	}
	if strings.TrimSpace(q) != "" {
		if query.Terms = domain.QueryTerms(q); len(query.Terms) == 0 {
			return out, nil // nothing has such a name
		}
	}
	if after != "" {
		item, id, _ := strings.Cut(after, ".")
		if query.AtOffset, err = s.o.Sealer.Open(int64(actor.Organisation), 0, item); err != nil || query.AtOffset == 0 {
			return out, fault.Field("after", "not the end of a page of documents")
		}
		query.AtID = domain.AttachmentID(id)
	}
	if limit <= 0 || limit > documentsMost {
		limit = documentsMost
	}
	files, err := s.o.Store.SentFiles(ctx, actor.Organisation, p.No, seen, query, limit+1)
	if err != nil {
		return out, err
	}
	for i, f := range files {
		if i == limit {
			last := out.Documents[limit-1]
			out.Next = string(last.Message) + "." + string(last.ID)
			break
		}
		d := Document{Attachment: attachment(f.Attachment), At: f.At, From: From{f.From, f.FromRole}, Direction: "out", Message: s.itemID(actor.Organisation, f.Offset)}
		if f.Inbound {
			d.Direction = "in"
		}
		out.Documents = append(out.Documents, d)
	}
	return out, nil
}

// conversation returns whose conversation it is, if the actor sees it, and how much of
// it. Errors: Forbidden, NotFound.
func (s *Service) conversation(ctx context.Context, actor domain.Actor, action domain.Action, person domain.PersonID) (domain.PersonRef, domain.Seen, error) {
	seen, err := actor.Seen(action)
	if err != nil {
		return domain.PersonRef{}, seen, err
	}
	p, err := s.o.Store.FilePerson(ctx, actor.Organisation, person, seen)
	return p, seen, err
}
