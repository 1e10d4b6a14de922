package store

import (
	"context"

	"crier/internal/domain"
)

// read reads, in a few statements for the whole batch, all that is decided on.
func (w *messageWriter) read(ctx context.Context) error {
	var keys []keyUse
	var ids []domain.PersonID
	var files []domain.AttachmentID
	var came []string
	inbound := false
	for i := range w.batch {
		m := &w.batch[i]
		keys = append(keys, keyUse{m.Actor.ID, m.Key})
		ids = append(ids, m.Person)
		files = append(files, m.Attachments...)
		inbound = inbound || m.Inbound
		if m.Settles != nil {
			came = append(came, m.Settles.ID)
		}
	}
	var err error
	if w.used, err = w.tx.begin(ctx, w.head, keys); err != nil {
		return err
	}
	r := addresseeReader{d: w.tx.s.d, list: w.tx.Select, org: w.tx.org}
	var args []any
	found, err := r.people(ctx, `p.id IN `+parameters(ids, &args), args...)
	if err != nil {
		return err
	}
	if err := r.groups(ctx, found); err != nil {
		return err
	}
	w.people = make(map[domain.PersonID]*addressee, len(found))
	for _, a := range found {
		w.people[a.ID] = a
	}
	if inbound {
		if err := r.spoken(ctx, found); err != nil {
			return err
		}
	}
	var answered, since [][2]int64
	for i := range w.batch {
		m := &w.batch[i]
		a := w.people[m.Person]
		if a == nil {
			continue
		}
		if m.ReplyTo != 0 {
			answered = append(answered, [2]int64{m.ReplyTo, int64(a.No)})
		}
		if m.SeenUpTo != 0 && a.out > m.SeenUpTo {
			since = append(since, [2]int64{m.SeenUpTo, int64(a.No)})
		}
	}
	if err := r.received(ctx, found, answered); err != nil {
		return err
	}
	if err := r.answers(ctx, found, since); err != nil {
		return err
	}
	if w.came, err = w.tx.inbounds(ctx, came); err != nil {
		return err
	}
	w.files, err = w.tx.unsent(ctx, files)
	return err
}
