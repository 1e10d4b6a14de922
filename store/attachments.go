package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// FilePerson returns the candidate with that id if they are seen, else NotFound.
func (s *Store) FilePerson(ctx context.Context, org domain.OrganisationID, id domain.PersonID, seen domain.Seen) (domain.PersonRef, error) {
	args := []any{org, id}
	list, err := s.filePeople(ctx, ` AND p.id = $2`+s.seesPerson("p.no", seen, &args), args)
	if err != nil {
		return domain.PersonRef{}, err
	}
	if len(list) == 0 {
		return domain.PersonRef{}, fault.New(fault.NotFound, "no such person among yours")
	}
	return list[0], nil
}

// FilePeople returns those of the candidates who are seen, by name.
func (s *Store) FilePeople(ctx context.Context, org domain.OrganisationID, ids []domain.PersonID, seen domain.Seen) ([]domain.PersonRef, error) {
	args := []any{org, jsonOf(ids)}
	return s.filePeople(ctx, ` AND p.id IN `+s.d.Texts("$2")+s.seesPeople(seen, &args), args)
}

// FilePeopleByNo is FilePeople by number.
func (s *Store) FilePeopleByNo(ctx context.Context, org domain.OrganisationID, nos []domain.PersonNo, seen domain.Seen) ([]domain.PersonRef, error) {
	args := []any{org, jsonOf(nos)}
	return s.filePeople(ctx, ` AND p.no IN `+s.d.Ints("$2")+s.seesPeople(seen, &args), args)
}

func (s *Store) filePeople(ctx context.Context, where string, args []any) ([]domain.PersonRef, error) {
	var rows []struct {
		No         int64
		ID         string
		ExternalID string `db:"external_id"`
		GivenName  string `db:"given_name"`
		FamilyName string `db:"family_name"`
	}
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.external_id, p.given_name, p.family_name FROM people p
		WHERE p.organisation_id = $1 AND p.kind = 'candidate'`+where+` ORDER BY p.sort_name, p.no`, args...)
	if err != nil {
		return nil, fmt.Errorf("read whose files they are: %w", err)
	}
	out := make([]domain.PersonRef, len(rows))
	for i, r := range rows {
		out[i] = domain.PersonRef{No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), ExternalID: r.ExternalID,
			Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name()}
	}
	return out, nil
}

// comingTime is longer than any file takes to come in.
const comingTime = 10 * time.Minute

// AddFile makes the row of a file that is coming in, unless its uploader has most
// unsent ones: then TooLarge.
func (s *Store) AddFile(ctx context.Context, f domain.StoredFile, most int) error {
	err := s.write(ctx, f.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil { // two at once would both count one too few
			return err
		}
		var n int
		// What began to come long ago came to nothing, and waits to be swept.
		if err := tx.Get(ctx, &n, `SELECT count(*) FROM attachments WHERE organisation_id = $1 AND uploader = $2 AND "offset" <= 0 AND ("offset" = 0 OR created_at > $3)`,
			f.Organisation, f.Uploader, micros(f.CreatedAt.Add(-comingTime))); err != nil {
			return err
		}
		if n >= most {
			return fault.Over("file", int64(most), int64(n)+1, "%d files wait to be sent; send or remove some first (unsent files are removed after a day)", n)
		}
		_, err := tx.Exec(ctx, `INSERT INTO attachments (organisation_id, id, person_no, uploader, "offset", name, folded, type, size, sha256, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, '', $8)`,
			f.Organisation, f.ID, f.Person, f.Uploader, domain.FileComing, f.Name, foldedName(f.Name), micros(f.CreatedAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("note a file: %w", err)
	}
	return nil
}

// FinishFile completes the row of a file whose bytes are durable: from now on it can be
// sent. Errors: Gone if the row was swept meanwhile.
func (s *Store) FinishFile(ctx context.Context, f domain.StoredFile) error {
	var n int64
	err := s.write(ctx, f.Organisation, func(tx *Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE attachments SET "offset" = 0, name = $3, folded = $4, type = $5, size = $6, width = $7, height = $8, sha256 = $9
			WHERE organisation_id = $1 AND id = $2 AND "offset" = -1`,
			f.Organisation, f.ID, f.Name, foldedName(f.Name), f.Type, f.Size, f.Width, f.Height, f.SHA256)
		return err
	})
	if err != nil {
		return fmt.Errorf("complete a file: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Gone, "the file took too long to arrive")
	}
	return nil
}

// RemoveFile removes the row of a file that was not sent.
func (s *Store) RemoveFile(ctx context.Context, org domain.OrganisationID, id domain.AttachmentID) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM attachments WHERE organisation_id = $1 AND id = $2 AND "offset" < 0`, org, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove a file: %w", err)
	}
	return nil
}

// CondemnFile takes an unsent file from its uploader, who can no longer send it:
// false if there is none, or it was sent.
func (s *Store) CondemnFile(ctx context.Context, org domain.OrganisationID, id domain.AttachmentID, uploader string) (bool, error) {
	var n int64
	err := s.write(ctx, org, func(tx *Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE attachments SET "offset" = -2 WHERE organisation_id = $1 AND id = $2 AND uploader = $3 AND "offset" = 0`, org, id, uploader)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take back a file: %w", err)
	}
	return n > 0, nil
}

// CondemnFiles takes up to limit files of any organisation that were never sent and
// are older than before, and those taken earlier whose removal did not end. Nobody can
// send them from then on.
func (s *Store) CondemnFiles(ctx context.Context, before time.Time, limit int) ([]domain.StoredFile, error) {
	var rows []fileRow
	err := s.write(ctx, 0, func(tx *Tx) error {
		// What is said twice is asked again of a row that somebody changed meanwhile.
		return tx.Select(ctx, &rows, `UPDATE attachments SET "offset" = -2 WHERE "offset" <= 0 AND created_at < $1 AND id IN (
			SELECT id FROM attachments WHERE "offset" <= 0 AND created_at < $1 ORDER BY created_at LIMIT $2) RETURNING `+fileColumns, micros(before), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("take unsent files: %w", err)
	}
	return files(rows), nil
}

// File returns a file. Errors: NotFound.
func (s *Store) File(ctx context.Context, org domain.OrganisationID, id domain.AttachmentID) (domain.StoredFile, error) {
	var row fileRow
	err := s.get(ctx, &row, `SELECT `+fileColumns+` FROM attachments WHERE organisation_id = $1 AND id = $2`, org, id)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.StoredFile{}, fault.New(fault.NotFound, "no such file")
	}
	if err != nil {
		return domain.StoredFile{}, fmt.Errorf("read a file: %w", err)
	}
	return row.file(), nil
}

// FileSeen reports whether a sent file is seen: whether one of the conversations that
// its message is in is seen, as far as that message goes. no ≠ 0 narrows that to one
// candidate's own view: what was stopped before it reached them is not in it.
func (s *Store) FileSeen(ctx context.Context, f domain.StoredFile, no domain.PersonNo, seen domain.Seen) (bool, error) {
	if f.Offset <= 0 {
		return false, nil
	}
	own := ""
	if no != 0 {
		own = ` AND m.stopped = ''`
	}
	if f.Person != 0 && no != 0 && f.Person != no {
		return false, nil
	}
	if f.Person != 0 {
		no = f.Person
	}
	expand := func() error { return s.Expand(ctx, f.Organisation) }
	if no != 0 {
		expand = func() error { return s.ExpandFor(ctx, f.Organisation, no) }
	}
	if err := expand(); err != nil {
		return false, err
	}
	args, one := []any{f.Organisation, f.Offset}, []int(nil)
	narrow := ""
	if no != 0 {
		args, narrow = append(args, no), ` AND m.person_no = $3`
	}
	err := s.list(ctx, &one, `SELECT 1 FROM messages m WHERE m.organisation_id = $1 AND m."offset" = $2`+narrow+own+
		s.seesPerson("m.person_no", seen, &args)+s.seesGroup("m.group_id", "m.person_no", seen, &args)+` LIMIT 1`, args...)
	if err != nil {
		return false, fmt.Errorf("ask who sees a file: %w", err)
	}
	return len(one) > 0, nil
}

const fileColumns = `organisation_id, id, person_no, uploader, "offset", name, type, size, width, height, sha256, created_at`

type fileRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Person       int64 `db:"person_no"`
	Uploader     string
	Offset       int64
	Name         string
	Type         string
	Size         int64
	Width        int
	Height       int
	SHA256       string
	CreatedAt    int64 `db:"created_at"`
}

func (r fileRow) file() domain.StoredFile {
	return domain.StoredFile{
		Attachment:   domain.Attachment{ID: domain.AttachmentID(r.ID), Name: r.Name, Type: r.Type, Size: r.Size, Width: r.Width, Height: r.Height},
		Organisation: domain.OrganisationID(r.Organisation), Person: domain.PersonNo(r.Person), Uploader: r.Uploader, Offset: r.Offset,
		SHA256: r.SHA256, CreatedAt: timeOf(r.CreatedAt),
	}
}

func files(rows []fileRow) []domain.StoredFile {
	out := make([]domain.StoredFile, len(rows))
	for i, r := range rows {
		out[i] = r.file()
	}
	return out
}

// foldedName is what a file's name is found by: its words, each led by a space, so
// that "% wor%" finds the beginning of one.
func foldedName(name string) string {
	return " " + domain.SearchWords(name)
}
