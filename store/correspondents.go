package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crier/internal/domain"
	"crier/internal/fault"
)

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

// SeenCorrespondents keeps those of whom what belongs to no group is seen, in their order.
func (s *Store) SeenCorrespondents(
	ctx context.Context, org domain.OrganisationID, seen domain.Seen, list []domain.Correspondent,
) ([]domain.Correspondent, error) {
	if seen.All || len(list) == 0 {
		return list, nil
	}
	nos := make([]domain.PersonNo, len(list))
	for i, c := range list {
		nos[i] = c.No
	}
	args := []any{org, jsonOf(nos)}
	var kept []domain.PersonNo
	where := s.d.AmongInts("p.no", "$2") + s.seesLoose("p.no", seen, &args)
	err := s.list(ctx, &kept, `SELECT p.no FROM people p WHERE p.organisation_id = $1 AND `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read who is seen: %w", err)
	}
	unseen := func(c domain.Correspondent) bool { return !slices.Contains(kept, c.No) }
	return slices.DeleteFunc(slices.Clone(list), unseen), nil
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

// CandidateOrganisations returns up to 20 organisations that have a candidate with an email address.
func (s *Store) CandidateOrganisations(ctx context.Context, address string) (out []domain.OrganisationID, err error) {
	if address == "" {
		return nil, nil
	}
	err = s.list(ctx, &out, `SELECT o.id FROM organisations o WHERE EXISTS (SELECT 1 FROM people p WHERE p.organisation_id = o.id AND p.email IN ($1, $2) AND p.kind = 'candidate') ORDER BY o.id LIMIT 20`,
		address, strings.ToLower(address))
	if err != nil {
		return nil, fmt.Errorf("read who has an address: %w", err)
	}
	return out, nil
}

// OnlyOrganisation returns the only organisation of this database, 0 if there are several.
func (s *Store) OnlyOrganisation(ctx context.Context) (domain.OrganisationID, error) {
	var list []domain.OrganisationID
	if err := s.list(ctx, &list, `SELECT id FROM organisations ORDER BY id LIMIT 2`); err != nil {
		return 0, fmt.Errorf("read the organisations: %w", err)
	}
	if len(list) != 1 {
		return 0, nil
	}
	return list[0], nil
}

// DeliveryAddress returns where a delivery went. Errors: NotFound.
func (s *Store) DeliveryAddress(ctx context.Context, org domain.OrganisationID, id string) (address string, err error) {
	err = s.get(ctx, &address, `SELECT address FROM deliveries WHERE organisation_id = $1 AND id = $2`, org, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.NotFound, "no such delivery")
	}
	if err != nil {
		return "", fmt.Errorf("read where a delivery went: %w", err)
	}
	return address, nil
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
