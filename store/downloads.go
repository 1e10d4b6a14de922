package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
)

// LinkedFile returns the file of a link in a mail, and who the mail went to. Errors: NotFound.
func (s *Store) LinkedFile(ctx context.Context, l domain.DownloadLink) (domain.LinkedFile, error) {
	var row struct {
		Person int64 `db:"person_no"`
		Offset int64 `db:"offset"`
		State  string
		Locale string
		Used   bool
	}
	err := s.get(ctx, &row, `SELECT d.person_no, d."offset", p.state, p.locale, EXISTS (SELECT 1 FROM download_uses u
			WHERE u.organisation_id = d.organisation_id AND u.delivery_id = d.id AND u.attachment_id = $3) AS used
		FROM deliveries d JOIN people p ON p.organisation_id = d.organisation_id AND p.no = d.person_no
		WHERE d.organisation_id = $1 AND d.id = $2`, l.Organisation, l.Delivery, l.Attachment)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.LinkedFile{}, fault.New(fault.NotFound, "no such file")
	}
	if err != nil {
		return domain.LinkedFile{}, fmt.Errorf("read the delivery of a link: %w", err)
	}
	out := domain.LinkedFile{
		Person: domain.PersonNo(row.Person), State: domain.PersonState(row.State), Locale: row.Locale, Used: row.Used,
	}
	if out.Organisation, err = s.Organisation(ctx, l.Organisation); err != nil {
		return out, err
	}
	if out.File, err = s.File(ctx, l.Organisation, l.Attachment); err != nil {
		return out, err
	}
	if out.File.Offset != row.Offset {
		return out, fault.New(fault.NotFound, "no such file")
	}
	out.Seen, err = s.FileSeen(ctx, out.File, out.Person, domain.Seen{All: true})
	return out, err
}

// UseDownload notes that a link was used; false if it was before.
func (s *Store) UseDownload(ctx context.Context, l domain.DownloadLink) (bool, error) {
	var n int64
	err := s.write(ctx, l.Organisation, func(tx *Tx) (err error) {
		n, err = tx.Exec(ctx, `INSERT INTO download_uses (organisation_id, delivery_id, attachment_id, used_at)
			VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, l.Organisation, l.Delivery, l.Attachment, micros(s.clock.Now()))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note the use of a link: %w", err)
	}
	return n > 0, nil
}

// ReturnDownload makes a link work again whose file was not handed over in full.
func (s *Store) ReturnDownload(ctx context.Context, l domain.DownloadLink) error {
	err := s.write(ctx, l.Organisation, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM download_uses WHERE organisation_id = $1 AND delivery_id = $2 AND attachment_id = $3`,
			l.Organisation, l.Delivery, l.Attachment)
		return err
	})
	if err != nil {
		return fmt.Errorf("give back the use of a link: %w", err)
	}
	return nil
}
