package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

const personColumns = `p.organisation_id, p.no, p.id, p.kind, p.role, p.external_id, p.login, p.password_hash, p.given_name, p.family_name,
	p.email, p.phone, p.locale, p.tags, p.skills, p.address, p.city, p.postcode, p.fields, p.state, p.sort_name, p.created_at,
	p.phone_e164, p.email_state, p.time_zone, p.quiet_from, p.quiet_to`

type personRow struct {
	Organisation int64 `db:"organisation_id"`
	No           int64
	ID           string
	Kind         string
	Role         string
	ExternalID   string `db:"external_id"`
	Login        string
	PasswordHash string `db:"password_hash"`
	GivenName    string `db:"given_name"`
	FamilyName   string `db:"family_name"`
	Email        string
	Phone        string
	Locale       string
	Tags         string
	Skills       string
	Address      string
	City         string
	Postcode     string
	Fields       string
	State        string
	SortName     string `db:"sort_name"`
	CreatedAt    int64  `db:"created_at"`
	PhoneE164    string `db:"phone_e164"`
	EmailState   string `db:"email_state"`
	TimeZone     string `db:"time_zone"`
	QuietFrom    int    `db:"quiet_from"`
	QuietTo      int    `db:"quiet_to"`
}

func (r personRow) person() domain.Person {
	return domain.Person{Organisation: domain.OrganisationID(r.Organisation), No: domain.PersonNo(r.No), ID: domain.PersonID(r.ID),
		Kind: domain.PersonKind(r.Kind), Role: domain.Role(r.Role), ExternalID: r.ExternalID, Login: r.Login,
		GivenName: r.GivenName, FamilyName: r.FamilyName, Email: r.Email, Phone: r.Phone, Locale: r.Locale, Tags: tagsOf(r.Tags),
		Skills: tagsOf(r.Skills), Address: r.Address, City: r.City, Postcode: r.Postcode, Fields: fieldsOf(r.Fields), State: domain.PersonState(r.State),
		CreatedAt: timeOf(r.CreatedAt)}
}

// record is how the journal keeps the person.
func (r personRow) record() journal.PersonRecord {
	p := r.person()
	return journal.PersonRecord{No: p.No, ID: p.ID, Kind: p.Kind, Role: p.Role, ExternalID: p.ExternalID, Name: p.Name(), Locked: p.State == domain.PersonLocked}
}

// changedFrom is record, with what changed of what decides about signing in.
func (r personRow) changedFrom(old personRow, existed bool) journal.PersonRecord {
	rec := r.record()
	rec.New = !existed
	switch {
	case r.PasswordHash == old.PasswordHash:
	case old.PasswordHash == "":
		rec.Password = journal.PasswordSet
	default:
		rec.Password = journal.PasswordChanged
	}
	if !existed {
		return rec
	}
	if r.Role != old.Role {
		rec.RoleWas = domain.Role(old.Role)
	}
	if r.Login != old.Login {
		rec.LoginWas, rec.Login = old.Login, r.Login
	}
	return rec
}

func fieldsOf(s string) map[string]string {
	if s == "" || s == "{}" {
		return nil
	}
	var fields map[string]string
	_ = json.Unmarshal([]byte(s), &fields) // written by jsonOf alone
	return fields
}

func tagsOf(s string) []string {
	if s == "" || s == "[]" {
		return nil
	}
	var tags []string
	_ = json.Unmarshal([]byte(s), &tags) // written by jsonOf alone
	return tags
}

// Person returns one person by public id, or NotFound.
func (s *Store) Person(ctx context.Context, org domain.OrganisationID, id domain.PersonID) (domain.Person, error) {
	r, err := s.person(ctx, `p.organisation_id = $1 AND p.id = $2`, org, id)
	return r.person(), err
}

// PersonByNo returns one person by number, or NotFound.
func (s *Store) PersonByNo(ctx context.Context, org domain.OrganisationID, no domain.PersonNo) (domain.Person, error) {
	r, err := s.person(ctx, `p.organisation_id = $1 AND p.no = $2`, org, no)
	return r.person(), err
}

// PersonByLogin returns the person of that login (lower case) and the PHC string
// of their password, "" if they have none; or NotFound.
func (s *Store) PersonByLogin(ctx context.Context, org domain.OrganisationID, login string) (domain.Person, string, error) {
	r, err := s.person(ctx, `p.organisation_id = $1 AND p.login = $2 AND p.login <> '' AND p.state = 'active'`, org, login)
	return r.person(), r.PasswordHash, err
}

// SignInOf returns the person of a login (both lower case) in an organisation, and the PHC string of
// their password, "" if they have none; or NotFound. An organisation that does not exist
// costs as much as a login that does not.
func (s *Store) SignInOf(ctx context.Context, slug, login string) (domain.Person, string, error) {
	r, err := s.person(ctx, `p.organisation_id = (SELECT o.id FROM organisations o WHERE o.slug = $1)
		AND p.login = $2 AND p.login <> '' AND p.state = 'active'`, slug, login)
	return r.person(), r.PasswordHash, err
}

// PeopleByLogin returns the people of these logins (lower case); unknown ones are absent.
func (s *Store) PeopleByLogin(ctx context.Context, org domain.OrganisationID, logins []string) (map[string]domain.Person, error) {
	var rows []personRow
	err := s.list(ctx, &rows, `SELECT `+personColumns+` FROM people p WHERE p.organisation_id = $1 AND p.login <> '' AND p.login IN `+s.d.Texts("$2"), org, jsonOf(logins))
	if err != nil {
		return nil, fmt.Errorf("read people by login: %w", err)
	}
	out := make(map[string]domain.Person, len(rows))
	for _, r := range rows {
		out[r.Login] = r.person()
	}
	return out, nil
}

func (s *Store) person(ctx context.Context, where string, args ...any) (personRow, error) {
	var r personRow
	err := s.get(ctx, &r, `SELECT `+personColumns+` FROM people p WHERE `+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "no such person")
	}
	if err != nil {
		return r, fmt.Errorf("read person: %w", err)
	}
	return r, nil
}

// PeopleByExternalID returns the people of these external ids; unknown ones are
// absent.
func (s *Store) PeopleByExternalID(ctx context.Context, org domain.OrganisationID, ids []string) (map[string]domain.Person, error) {
	rows, err := s.peopleRows(ctx, s.list, org, ids)
	out := make(map[string]domain.Person, len(rows))
	for id, r := range rows {
		out[id] = r.person()
	}
	return out, err
}

// PasswordHashes returns the PHC strings of the people of these external ids;
// unknown people and people without a password are absent.
func (s *Store) PasswordHashes(ctx context.Context, org domain.OrganisationID, ids []string) (map[string]string, error) {
	rows, err := s.peopleRows(ctx, s.list, org, ids)
	out := map[string]string{}
	for id, r := range rows {
		if r.PasswordHash != "" {
			out[id] = r.PasswordHash
		}
	}
	return out, err
}

func (s *Store) peopleRows(ctx context.Context, list selector, org domain.OrganisationID, ids []string) (map[string]personRow, error) {
	var rows []personRow
	err := list(ctx, &rows, `SELECT `+personColumns+` FROM people p
		WHERE p.organisation_id = $1 AND p.external_id <> '' AND p.external_id IN `+s.d.Texts("$2"), org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	out := make(map[string]personRow, len(rows))
	for _, r := range rows {
		out[r.ExternalID] = r
	}
	return out, nil
}
