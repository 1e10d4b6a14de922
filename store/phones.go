package store

import (
	"context"
	"fmt"

	"crier/internal/domain"
	"crier/internal/journal"
)

// number is a phone number in E.164, "" if it is none.
func (s *Store) number(phone, region string) string {
	if phone == "" || s.options.Number == nil {
		return ""
	}
	return s.options.Number(phone, region)
}

// region is that of the organisation's phone numbers without a country code.
func (t *Tx) region(ctx context.Context) (string, error) {
	set, err := t.settings(ctx)
	return set.PhoneRegion(), err
}

// renumber normalises the phone numbers of everyone in the organisation anew.
func (t *Tx) renumber(ctx context.Context, region string) error {
	for after := int64(0); ; {
		var page []struct {
			No    int64
			Phone string
		}
		err := t.Select(ctx, &page, `SELECT no, phone FROM people WHERE organisation_id = $1 AND no > $2 AND phone <> '' ORDER BY no LIMIT $3`, t.org, after, foldPage)
		if err != nil {
			return fmt.Errorf("read phone numbers: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		rows := make([][]any, len(page))
		for i, p := range page {
			rows[i] = []any{p.No, t.s.number(p.Phone, region)}
			after = p.No
		}
		_, err = t.Exec(ctx, `UPDATE people SET phone_e164 = r.number FROM `+t.s.d.Rows("$2", "rno", "number text")+` AS r
			WHERE people.organisation_id = $1 AND people.no = r.rno AND people.phone_e164 <> r.number`, t.org, jsonOf(rows))
		if err != nil {
			return fmt.Errorf("write phone numbers: %w", err)
		}
	}
}

// numbered is the key in meta that says that phone numbers from before they were normalised have been.
const numbered = "phones_numbered"

// numberAll normalises, once, the phone numbers that were stored before version 4.
func (s *Store) numberAll(ctx context.Context) error {
	if s.options.Number == nil {
		return nil
	}
	return s.oncePerOrganisation(ctx, numbered, "1", func(tx *Tx) error {
		region, err := tx.region(ctx)
		if err != nil {
			return err
		}
		return tx.renumber(ctx, region)
	})
}

// consent writes the consents that a request brings, where they are not what provisioning said last. A yes
// that the person has taken back since does not count again by being repeated.
func (t *Tx) consent(ctx context.Context, actor domain.Actor, specs []domain.PersonSpec, stored map[string]personRow, plan *personPlan) ([]*journal.Entry, error) {
	nos := map[string]int64{}
	for id, r := range stored {
		nos[id] = r.No
	}
	for _, r := range plan.created {
		nos[r.ExternalID] = r.No
	}
	var people []int64
	for _, s := range specs {
		if s.SMSConsent != nil {
			people = append(people, nos[s.ExternalID])
		}
	}
	if len(people) == 0 {
		return nil, nil
	}
	said, err := t.provisioned(ctx, people)
	if err != nil {
		return nil, err
	}
	var list []newConsent
	for _, s := range specs {
		c := s.SMSConsent
		if c == nil {
			continue
		}
		no := nos[s.ExternalID]
		if was, ok := said[no]; ok && was.State == c.State && was.Words == c.Words && (c.At.IsZero() || c.At.Equal(was.At)) {
			continue
		}
		at := c.At
		if at.IsZero() {
			at = t.s.clock.Now()
		}
		list = append(list, newConsent{no, domain.ConsentRecord{Channel: domain.ChannelSMS, State: c.State, Source: domain.ConsentByProvisioning, Words: c.Words, By: actor.Name, At: at}})
	}
	return t.addConsents(ctx, actor.Ref(), list)
}
