package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// unsentFile is a file that its uploader has not sent yet.
type unsentFile struct {
	domain.Attachment
	uploader string
	person   domain.PersonNo
}

// unsent reads, and keeps from being removed, those of the files that are not sent yet.
func (t *Tx) unsent(ctx context.Context, ids []domain.AttachmentID) (map[domain.AttachmentID]unsentFile, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct {
		ID       string
		Uploader string
		Person   int64 `db:"person_no"`
		Name     string
		Type     string
		Size     int64
		Width    int
		Height   int
	}
	err := t.Select(ctx, &rows, `SELECT id, uploader, person_no, name, type, size, width, height FROM attachments
		WHERE organisation_id = $1 AND "offset" = 0 AND id IN `+t.s.d.Texts("$2")+` ORDER BY id`+t.s.d.forUpdate, t.org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	out := make(map[domain.AttachmentID]unsentFile, len(rows))
	for _, r := range rows {
		id := domain.AttachmentID(r.ID)
		out[id] = unsentFile{uploader: r.Uploader, person: domain.PersonNo(r.Person),
			Attachment: domain.Attachment{ID: id, Name: r.Name, Type: r.Type, Size: r.Size, Width: r.Width, Height: r.Height}}
	}
	return out, nil
}

// pick chooses the files of one message, in the order in which they were named; person
// 0: of a sending to many. Each can be sent once. Errors: Invalid naming attachments[i].
func pick(have map[domain.AttachmentID]unsentFile, uploader string, person domain.PersonNo, ids []domain.AttachmentID) ([]domain.Attachment, error) {
	var out []domain.Attachment
	for i, id := range ids {
		f, ok := have[id]
		if !ok || f.uploader != uploader || f.person != person {
			return nil, fault.Field(fmt.Sprintf("attachments[%d]", i), "no file of yours that waits to be sent here")
		}
		out = append(out, f.Attachment)
	}
	return out, nil
}

// binding is one file and the message it is sent with.
type binding struct {
	id     domain.AttachmentID
	offset int64
	group  domain.GroupID
}

// bind makes files part of their messages.
func (t *Tx) bind(ctx context.Context, list []binding) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]any, len(list))
	for i, b := range list {
		rows[i] = []any{b.id, b.offset, b.group}
	}
	n, err := t.Exec(ctx, `UPDATE attachments SET "offset" = r.o, group_id = r.g FROM `+t.s.d.Rows("$2", "id text", "o", "g text")+` AS r
		WHERE attachments.organisation_id = $1 AND attachments.id = r.id AND attachments."offset" = 0`, t.org, jsonOf(rows))
	if err != nil {
		return fmt.Errorf("bind files: %w", err)
	}
	if n != int64(len(list)) {
		return fmt.Errorf("bound %d files of %d", n, len(list))
	}
	return nil
}

// AppendWithFiles is Append for a sending to many with files that e's actor has uploaded
// for one: payload makes the entry's payload of them. Errors as of Append, and Invalid
// naming attachments[i].
func (s *Store) AppendWithFiles(ctx context.Context, e *journal.Entry, ids []domain.AttachmentID, payload func([]domain.Attachment) (json.RawMessage, error)) (stored *journal.Entry, fresh bool, err error) {
	if err := e.Seal(); err != nil { // before the journal is locked
		return nil, false, err
	}
	err = s.write(ctx, e.Organisation, func(tx *Tx) error {
		head, err := tx.Lock(ctx)
		if err != nil {
			return err
		}
		used, err := tx.begin(ctx, head, []keyUse{{e.Actor.ID, e.RequestKey}})
		if err != nil {
			return err
		}
		if at := used[keyUse{e.Actor.ID, e.RequestKey}]; at != 0 {
			return tx.repeated(ctx, e, at)
		}
		have, err := tx.unsent(ctx, ids)
		if err != nil {
			return err
		}
		files, err := pick(have, e.Actor.ID, 0, ids)
		if err != nil {
			return err
		}
		if e.Payload, err = payload(files); err != nil {
			return err
		}
		if err := tx.appendAll(ctx, head, s.clock.Now(), []*journal.Entry{e}); err != nil {
			return err
		}
		list := make([]binding, len(files))
		for i, f := range files {
			list[i] = binding{f.ID, e.Offset, e.Group}
		}
		return tx.bind(ctx, list)
	})
	if d, ok := errors.AsType[*Duplicate](err); ok {
		return d.Entry, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return e, true, nil
}
