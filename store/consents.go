package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// AddConsent notes that a person agrees, or agrees no longer, to a channel, with its proof, and records it.
func (s *Store) AddConsent(ctx context.Context, org domain.OrganisationID, by domain.ActorRef, person domain.PersonNo, c domain.ConsentRecord) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		_, err := tx.addConsents(ctx, by, []newConsent{{int64(person), c}})
		return err
	})
	if err != nil {
		return fmt.Errorf("note a consent: %w", err)
	}
	return nil
}

// newConsent is a change of one person's consent.
type newConsent struct {
	person int64
	domain.ConsentRecord
}

// addConsents writes changes of consents, each with an entry of its own: what was agreed to must be found by itself. The
// transaction has taken the journal.
func (t *Tx) addConsents(ctx context.Context, by domain.ActorRef, list []newConsent) (entries []*journal.Entry, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	rows := make([][]any, len(list))
	for i, c := range list {
		if c.At.IsZero() {
			c.At = t.s.clock.Now()
		}
		rows[i] = []any{c.person, c.Channel, micros(c.At), c.State, c.Source, c.Words, c.By}
		e := &journal.Entry{Kind: journal.KindConsentChanged, Actor: by, Payload: payload(journal.ConsentChanged{
			Person: domain.PersonNo(c.person), Channel: c.Channel, State: c.State, Source: c.Source, Words: c.Words, At: c.At})}
		if err := t.Append(ctx, e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	// Of two at the same moment the later to be written counts, and both are kept: the second moves on by as little as times can.
	_, err = t.Exec(ctx, `INSERT INTO consents (organisation_id, person_no, channel, at, state, source, words, by_name)
		SELECT $1, r.p, r.channel, CASE WHEN EXISTS (SELECT 1 FROM consents x WHERE x.organisation_id = $1 AND x.person_no = r.p AND x.channel = r.channel AND x.at = r.at)
			THEN (SELECT max(y.at) + 1 FROM consents y WHERE y.organisation_id = $1 AND y.person_no = r.p AND y.channel = r.channel) ELSE r.at END, r.state, r.source, r.words, r.by_name
		FROM `+t.s.d.Rows("$2", "p", "channel text", "at", "state text", "source text", "words text", "by_name text")+` AS r WHERE true`, t.org, jsonOf(rows))
	if err != nil {
		return nil, fmt.Errorf("write consents: %w", err)
	}
	return entries, nil
}

// Consents returns the changes of a person's consent to a channel, newest first: the first one counts.
func (s *Store) Consents(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, c domain.Channel) ([]domain.ConsentRecord, error) {
	var rows []consentRow
	err := s.list(ctx, &rows, `SELECT person_no, channel, at, state, source, words, by_name FROM consents WHERE organisation_id = $1 AND person_no = $2 AND channel = $3 ORDER BY at DESC`, org, person, c)
	if err != nil {
		return nil, fmt.Errorf("read consents: %w", err)
	}
	out := make([]domain.ConsentRecord, len(rows))
	for i, r := range rows {
		out[i] = r.record()
	}
	return out, nil
}

type consentRow struct {
	Person  int64 `db:"person_no"`
	Channel string
	At      int64
	State   string
	Source  string
	Words   string
	By      string `db:"by_name"`
}

func (r consentRow) record() domain.ConsentRecord {
	return domain.ConsentRecord{Channel: domain.Channel(r.Channel), State: domain.Consent(r.State), Source: domain.ConsentSource(r.Source), Words: r.Words, By: r.By, At: timeOf(r.At)}
}

// provisioned reads the newest consents to SMS that came by provisioning, by person.
func (t *Tx) provisioned(ctx context.Context, people []int64) (map[int64]domain.ConsentRecord, error) {
	var rows []consentRow
	err := t.Select(ctx, &rows, `SELECT person_no, channel, at, state, source, words, by_name FROM consents
		WHERE organisation_id = $1 AND person_no IN `+t.s.d.Ints("$2")+` AND channel = 'sms' AND source = 'provisioning' ORDER BY at`, t.org, jsonOf(people))
	if err != nil {
		return nil, fmt.Errorf("read provisioned consents: %w", err)
	}
	out := make(map[int64]domain.ConsentRecord, len(rows))
	for _, r := range rows {
		out[r.Person] = r.record()
	}
	return out, nil
}
