package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

const inboundColumns = `i.organisation_id, i.id, i.channel, i.dedupe, i.sender, i.recipient, i.subject, i.body, i.raw, i.files, i.state, i.why, i.person_no, i."offset", i.received_at, i.handled_at, i.handled_by, i.trial, i.verified, i.cut`

type inboundRow struct {
	Organisation int64 `db:"organisation_id"`
	ID           string
	Channel      string
	Dedupe       string
	Sender       string
	Recipient    string
	Subject      string
	Body         string
	Raw          string
	Files        string
	State        string
	Why          string
	Person       int64 `db:"person_no"`
	Offset       int64
	ReceivedAt   int64  `db:"received_at"`
	HandledAt    int64  `db:"handled_at"`
	HandledBy    string `db:"handled_by"`
	Trial        string
	Verified     string
	Cut          int
}

func (r inboundRow) inbound() (domain.Inbound, error) {
	in := domain.Inbound{
		Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Channel: domain.Channel(r.Channel), Dedupe: r.Dedupe, Sender: r.Sender, Recipient: r.Recipient,
		Subject: r.Subject, Body: r.Body, Raw: r.Raw, State: domain.InboundState(r.State), Why: domain.InboundWhy(r.Why), Person: domain.PersonNo(r.Person), Offset: r.Offset,
		ReceivedAt: timeOf(r.ReceivedAt), HandledAt: timeOf(r.HandledAt), HandledBy: r.HandledBy, Verified: domain.Verified(r.Verified),
		Cut: r.Cut != 0,
	}
	if err := json.Unmarshal([]byte(r.Files), &in.Files); err != nil {
		return in, fmt.Errorf("files of what came in as %s: %w", r.ID, err)
	}
	if r.Trial != "" {
		if err := json.Unmarshal([]byte(r.Trial), &in.Trial); err != nil {
			return in, fmt.Errorf("who tried what came in as %s: %w", r.ID, err)
		}
	}
	return in, nil
}

// AddInbound keeps what came in, unless it came before: then what was kept is returned, and fresh is false.
func (s *Store) AddInbound(ctx context.Context, in domain.Inbound) (kept domain.Inbound, fresh bool, err error) {
	if in.Files == nil {
		in.Files = []domain.InboundFile{}
	}
	trial := ""
	if in.Trial != nil {
		trial = jsonOf(in.Trial)
	}
	removed := 0
	if in.Cut {
		removed = 1
	}
	err = s.write(ctx, in.Organisation, func(tx *Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO inbound (organisation_id, id, channel, dedupe, sender, recipient, subject, body, raw, files, state, why, person_no, received_at, trial, verified, cut)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
			in.Organisation, in.ID, in.Channel, in.Dedupe, in.Sender, in.Recipient, in.Subject, in.Body, in.Raw, jsonOf(in.Files), in.State, in.Why, in.Person, micros(in.ReceivedAt), trial, in.Verified, removed)
		if err != nil {
			return err
		}
		fresh = n == 1
		var row inboundRow
		if err := tx.Get(ctx, &row, `SELECT `+inboundColumns+` FROM inbound i WHERE i.organisation_id = $1 AND i.channel = $2 AND i.dedupe = $3`, in.Organisation, in.Channel, in.Dedupe); err != nil {
			return err
		}
		kept, err = row.inbound()
		return err
	})
	if err != nil {
		return domain.Inbound{}, false, fmt.Errorf("keep what came in: %w", err)
	}
	return kept, fresh, nil
}

// seesInbound adds "this of what came in, i, is seen" to a statement: it is, or seems to be, of a candidate who is seen
// where things of no group are, or such a candidate has the address or number that it came from.
func (s *Store) seesInbound(seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return ` AND (i.person_no <> 0` + s.seesLoose("i.person_no", seen, args) + `
		OR i.channel = 'sms' AND EXISTS (SELECT 1 FROM people w
			WHERE w.organisation_id = $1 AND w.phone_e164 = i.sender AND w.phone_e164 <> '' AND w.kind = 'candidate'` + s.seesLoose("w.no", seen, args) + `)
		OR i.channel = 'email' AND EXISTS (SELECT 1 FROM people w
			WHERE w.organisation_id = $1 AND w.email IN (i.sender, lower(i.sender)) AND w.email <> '' AND w.kind = 'candidate'` + s.seesLoose("w.no", seen, args) + `))`
}

// Inbound returns what came in under an id. Errors: NotFound, also for what is not seen.
func (s *Store) Inbound(ctx context.Context, org domain.OrganisationID, seen domain.Seen, id string) (domain.Inbound, error) {
	args := []any{org, id}
	var row inboundRow
	err := s.get(ctx, &row, `SELECT `+inboundColumns+` FROM inbound i WHERE i.organisation_id = $1 AND i.id = $2`+s.seesInbound(seen, &args), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.Inbound{}, fault.New(fault.NotFound, "nothing like that came in")
	}
	if err != nil {
		return domain.Inbound{}, fmt.Errorf("read what came in: %w", err)
	}
	return row.inbound()
}

// unmatched is the statement's part from FROM on that chooses what waits for staff and is seen. What was stored after
// pending ($2) and no more is left out: somebody is at work on it.
func (s *Store) unmatched(seen domain.Seen, args *[]any) string {
	return ` FROM inbound i WHERE i.organisation_id = $1 AND i.state = 'unmatched'
		AND (i.why <> 'pending' OR i.received_at < $2)` + s.seesInbound(seen, args)
}

// Unmatched returns up to limit of what waits for staff and is seen, oldest first. What was stored after pending and no more
// is left out.
func (s *Store) Unmatched(ctx context.Context, org domain.OrganisationID, seen domain.Seen, pending time.Time, after domain.InboundPlace, limit int) ([]domain.Inbound, error) {
	args := []any{org, micros(pending), micros(after.At), after.ID, limit}
	var rows []inboundRow
	err := s.list(ctx, &rows, `SELECT `+inboundColumns+s.unmatched(seen, &args)+`
		AND (i.received_at > $3 OR i.received_at = $3 AND i.id > $4) ORDER BY i.received_at, i.id LIMIT $5`, args...)
	if err != nil {
		return nil, fmt.Errorf("read what matches nobody: %w", err)
	}
	out := make([]domain.Inbound, len(rows))
	for i, r := range rows {
		if out[i], err = r.inbound(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CountUnmatched counts what waits for staff now and is seen, no further than domain.DeskCountMost.
func (s *Store) CountUnmatched(ctx context.Context, org domain.OrganisationID, seen domain.Seen) (n int, err error) {
	args := []any{org, micros(s.clock.Now().Add(-domain.InboundPendingTime))}
	text := `SELECT count(*) FROM (SELECT 1` + s.unmatched(seen, &args) + fmt.Sprintf(` LIMIT %d) AS x`, domain.DeskCountMost)
	if err := s.get(ctx, &n, text, args...); err != nil {
		return 0, fmt.Errorf("count what matches nobody: %w", err)
	}
	return n, nil
}
