package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
)

// Capture keeps what would have gone out, and forgets what is older than the organisation's newest most.
func (s *Store) Capture(ctx context.Context, c domain.Captured, most int) error {
	err := s.write(ctx, c.Organisation, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO outbox (organisation_id, id, delivery_id, channel, person_no, sender, recipient, subject, content, html, raw, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			c.Organisation, c.ID, c.Delivery, c.Channel, c.Person, c.From, c.To, c.Subject, c.Text, c.HTML, c.Raw, micros(c.At))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM outbox WHERE organisation_id = $1
			AND (at, id) <= (SELECT o.at, o.id FROM outbox o WHERE o.organisation_id = $1 ORDER BY o.at DESC, o.id DESC LIMIT 1 OFFSET $2)`, c.Organisation, most)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep in the outbox: %w", err)
	}
	return nil
}

// Captures returns up to limit of what an organisation would have sent, newest first, those before the one with the id before ("" for
// the newest). Their HTML and raw forms are left out.
func (s *Store) Captures(ctx context.Context, org domain.OrganisationID, before string, limit int) ([]domain.Captured, error) {
	where, args := ``, []any{org, limit}
	if before != "" {
		where = ` AND (x.at, x.id) < (SELECT b.at, b.id FROM outbox b WHERE b.organisation_id = $1 AND b.id = $3)`
		args = append(args, before)
	}
	var rows []capturedRow
	err := s.list(ctx, &rows, `SELECT `+capturedColumns+`, '' AS html, '' AS raw FROM outbox x LEFT JOIN people p ON p.organisation_id = x.organisation_id AND p.no = x.person_no
		WHERE x.organisation_id = $1`+where+` ORDER BY x.at DESC, x.id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	out := make([]domain.Captured, len(rows))
	for i, r := range rows {
		out[i] = r.captured()
	}
	return out, nil
}

// Captured returns one whole. Errors: NotFound.
func (s *Store) Captured(ctx context.Context, org domain.OrganisationID, id string) (domain.Captured, error) {
	var row capturedRow
	err := s.get(ctx, &row, `SELECT `+capturedColumns+`, x.html, x.raw FROM outbox x LEFT JOIN people p ON p.organisation_id = x.organisation_id AND p.no = x.person_no
		WHERE x.organisation_id = $1 AND x.id = $2`, org, id)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.Captured{}, fault.New(fault.NotFound, "no such text in the outbox; it keeps the newest %d", domain.CapturedMost)
	}
	if err != nil {
		return domain.Captured{}, fmt.Errorf("read one of the outbox: %w", err)
	}
	return row.captured(), nil
}

const capturedColumns = `x.organisation_id, x.id, x.delivery_id, x.channel, x.person_no, x.sender, x.recipient, x.subject, x.content, x.at,
	coalesce(p.id, '') AS person_id, coalesce(p.given_name, '') AS given_name, coalesce(p.family_name, '') AS family_name`

type capturedRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Delivery     string `db:"delivery_id"`
	Channel      string
	Person       int64 `db:"person_no"`
	Sender       string
	Recipient    string
	Subject      string
	Content      string
	HTML         string `db:"html"`
	Raw          string
	At           int64
	PersonID     string `db:"person_id"`
	GivenName    string `db:"given_name"`
	FamilyName   string `db:"family_name"`
}

func (r capturedRow) captured() domain.Captured {
	return domain.Captured{
		Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Delivery: r.Delivery, Channel: domain.Channel(r.Channel), Person: domain.PersonNo(r.Person),
		From: r.Sender, To: r.Recipient, Subject: r.Subject, Text: r.Content, HTML: r.HTML, Raw: r.Raw, At: timeOf(r.At),
		PersonID: domain.PersonID(r.PersonID), PersonName: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name(),
	}
}
