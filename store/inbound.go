package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

const inboundColumns = `i.organisation_id, i.id, i.channel, i.dedupe, i.sender, i.recipient, i.subject, i.body, i.raw, i.files, i.state, i.why, i.person_no, i."offset", i.received_at, i.handled_at, i.handled_by`

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
}

func (r inboundRow) inbound() (domain.Inbound, error) {
	in := domain.Inbound{
		Organisation: domain.OrganisationID(r.Organisation), ID: r.ID, Channel: domain.Channel(r.Channel), Dedupe: r.Dedupe, Sender: r.Sender, Recipient: r.Recipient,
		Subject: r.Subject, Body: r.Body, Raw: r.Raw, State: domain.InboundState(r.State), Why: domain.InboundWhy(r.Why), Person: domain.PersonNo(r.Person), Offset: r.Offset,
		ReceivedAt: timeOf(r.ReceivedAt), HandledAt: timeOf(r.HandledAt), HandledBy: r.HandledBy,
	}
	if err := json.Unmarshal([]byte(r.Files), &in.Files); err != nil {
		return in, fmt.Errorf("files of what came in as %s: %w", r.ID, err)
	}
	return in, nil
}

// AddInbound keeps what came in, unless it came before: then what was kept is returned, and fresh is false.
func (s *Store) AddInbound(ctx context.Context, in domain.Inbound) (kept domain.Inbound, fresh bool, err error) {
	if in.Files == nil {
		in.Files = []domain.InboundFile{}
	}
	err = s.write(ctx, in.Organisation, func(tx *Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO inbound (organisation_id, id, channel, dedupe, sender, recipient, subject, body, raw, files, state, why, person_no, received_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
			in.Organisation, in.ID, in.Channel, in.Dedupe, in.Sender, in.Recipient, in.Subject, in.Body, in.Raw, jsonOf(in.Files), in.State, in.Why, in.Person, micros(in.ReceivedAt))
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

// SettleInbound says what became of something that waits. It is recorded, but for what was matched: that is a message of its
// own. settled is false, and nothing changes, if it waits no more, or waits already for that reason. Errors: NotFound.
func (s *Store) SettleInbound(ctx context.Context, org domain.OrganisationID, id string, to domain.Settlement) (entry *domain.Entry, settled bool, err error) {
	err = s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var row inboundRow
		err := tx.Get(ctx, &row, `SELECT `+inboundColumns+` FROM inbound i WHERE i.organisation_id = $1 AND i.id = $2`+tx.s.d.forUpdate, org, id)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "nothing like that came in")
		}
		if err != nil {
			return err
		}
		state, why := domain.InboundState(row.State), domain.InboundWhy(row.Why)
		if state != domain.InboundUnmatched || to.State == state && (to.Why == why || why != domain.WhyPending) {
			return nil
		}
		settled = true
		if to.Person == 0 {
			to.Person = domain.PersonNo(row.Person)
		}
		handled, by := int64(0), ""
		if to.State != domain.InboundUnmatched {
			handled, by = micros(tx.s.clock.Now()), to.By.Name
		}
		_, err = tx.Exec(ctx, `UPDATE inbound SET state = $3, why = $4, person_no = $5, "offset" = $6, handled_at = $7, handled_by = $8
			WHERE organisation_id = $1 AND id = $2`, org, id, to.State, to.Why, to.Person, to.Offset, handled, by)
		if err != nil {
			return err
		}
		switch to.State {
		case domain.InboundUnmatched:
			entry = &domain.Entry{Kind: domain.EntryInboundReceived, Payload: payload(domain.InboundReceived{ID: id, Channel: domain.Channel(row.Channel), Why: to.Why})}
		case domain.InboundAssigned, domain.InboundDiscarded:
			entry = &domain.Entry{Kind: domain.EntryInboundHandled, Payload: payload(domain.InboundHandled{ID: id, Channel: domain.Channel(row.Channel), State: to.State, Person: to.Person, Note: to.Note})}
		default:
			return nil
		}
		entry.Actor = to.By.Ref()
		return tx.Append(ctx, entry)
	})
	if err != nil {
		return nil, false, fmt.Errorf("settle what came in: %w", err)
	}
	return entry, settled, nil
}

// Inbound returns what came in under an id. Errors: NotFound.
func (s *Store) Inbound(ctx context.Context, org domain.OrganisationID, id string) (domain.Inbound, error) {
	var row inboundRow
	err := s.get(ctx, &row, `SELECT `+inboundColumns+` FROM inbound i WHERE i.organisation_id = $1 AND i.id = $2`, org, id)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.Inbound{}, fault.New(fault.NotFound, "nothing like that came in")
	}
	if err != nil {
		return domain.Inbound{}, fmt.Errorf("read what came in: %w", err)
	}
	return row.inbound()
}

// Unmatched returns up to limit of what waits for staff, oldest first. What was stored after pending and no more is left out:
// somebody is at work on it.
func (s *Store) Unmatched(ctx context.Context, org domain.OrganisationID, pending time.Time, after domain.InboundPlace, limit int) ([]domain.Inbound, error) {
	var rows []inboundRow
	err := s.list(ctx, &rows, `SELECT `+inboundColumns+` FROM inbound i WHERE i.organisation_id = $1 AND i.state = 'unmatched'
		AND (i.why <> 'pending' OR i.received_at < $2) AND (i.received_at > $3 OR i.received_at = $3 AND i.id > $4) ORDER BY i.received_at, i.id LIMIT $5`,
		org, micros(pending), micros(after.At), after.ID, limit)
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

// ClosedSince says how many mails of a person came in since a time although they may not write.
func (s *Store) ClosedSince(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, since time.Time) (n int, err error) {
	err = s.get(ctx, &n, `SELECT count(*) FROM inbound WHERE organisation_id = $1 AND person_no = $2 AND person_no <> 0 AND why = 'closed' AND received_at > $3`, org, person, micros(since))
	if err != nil {
		return 0, fmt.Errorf("count what came in although it is closed: %w", err)
	}
	return n, nil
}

type correspondentRow struct {
	No         int64
	ID         string
	Kind       string
	Role       string
	GivenName  string `db:"given_name"`
	FamilyName string `db:"family_name"`
	Email      string
	EmailState string `db:"email_state"`
	Phone      string `db:"phone_e164"`
	Locale     string
	SMS        string
}

func (r correspondentRow) correspondent() domain.Correspondent {
	return domain.Correspondent{
		No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID), Kind: domain.PersonKind(r.Kind), Role: domain.Role(r.Role),
		Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name(), Email: r.Email, EmailState: r.EmailState, Phone: r.Phone, Locale: r.Locale, SMS: domain.Consent(r.SMS),
	}
}

func (s *Store) correspondents(ctx context.Context, where string, args ...any) ([]domain.Correspondent, error) {
	var rows []correspondentRow
	err := s.list(ctx, &rows, `SELECT p.no, p.id, p.kind, p.role, p.given_name, p.family_name, p.email, p.email_state, p.phone_e164, p.locale,
			coalesce((SELECT c.state FROM consents c WHERE c.organisation_id = p.organisation_id AND c.person_no = p.no AND c.channel = 'sms' ORDER BY c.at DESC LIMIT 1), '') AS sms
		FROM people p WHERE p.organisation_id = $1 AND `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read who wrote: %w", err)
	}
	out := make([]domain.Correspondent, len(rows))
	for i, r := range rows {
		out[i] = r.correspondent()
	}
	return out, nil
}

// Correspondent returns a person of an organisation. Errors: NotFound.
func (s *Store) Correspondent(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Correspondent, error) {
	return oneCorrespondent(s.correspondents(ctx, `p.no = $2`, org, no))
}

// CorrespondentByID is Correspondent by id.
func (s *Store) CorrespondentByID(ctx context.Context, org domain.OrganisationID, id domain.PersonID) (domain.Correspondent, error) {
	return oneCorrespondent(s.correspondents(ctx, `p.id = $2`, org, id))
}

func oneCorrespondent(list []domain.Correspondent, err error) (domain.Correspondent, error) {
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "no such person")
	}
	if err != nil {
		return domain.Correspondent{}, err
	}
	return list[0], nil
}

// CandidatesByPhone returns up to 20 candidates who have a number (E.164), by name.
func (s *Store) CandidatesByPhone(ctx context.Context, org domain.OrganisationID, number string) ([]domain.Correspondent, error) {
	if number == "" {
		return nil, nil
	}
	return s.correspondents(ctx, `p.phone_e164 = $2 AND p.phone_e164 <> '' AND p.kind = 'candidate' ORDER BY p.sort_name, p.no LIMIT 20`, org, number)
}

// CandidatesByEmail returns up to 20 candidates who have an email address, by name.
func (s *Store) CandidatesByEmail(ctx context.Context, org domain.OrganisationID, address string) ([]domain.Correspondent, error) {
	if address == "" {
		return nil, nil
	}
	return s.correspondents(ctx, `p.email IN ($2, $3) AND p.email <> '' AND p.kind = 'candidate' ORDER BY p.sort_name, p.no LIMIT 20`, org, address, strings.ToLower(address))
}

// DeliveredMessage returns the offset of the message that a delivery carried to a person, 0 if it carried none to them.
func (s *Store) DeliveredMessage(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, delivery string) (int64, error) {
	return s.offsetOf(ctx, `SELECT "offset" FROM deliveries WHERE organisation_id = $1 AND person_no = $2 AND id = $3`, org, person, delivery)
}

// NewestDelivered returns the offset of the newest message that went to a person by a channel, 0 if none did.
func (s *Store) NewestDelivered(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, c domain.Channel) (int64, error) {
	return s.offsetOf(ctx, `SELECT coalesce(max("offset"), 0) FROM deliveries WHERE organisation_id = $1 AND person_no = $2 AND channel = $3 AND state IN ('sending', 'sent', 'delivered')`, org, person, c)
}

func (s *Store) offsetOf(ctx context.Context, query string, args ...any) (offset int64, err error) {
	err = s.get(ctx, &offset, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read what was answered: %w", err)
	}
	return offset, nil
}
