package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// UpsertPeople creates and changes people, all or none, and records it. External
// ids must differ from each other. People whose role or password changes are
// signed out everywhere, and so is who is locked now; what still waited for those is
// stopped. The names in the desk's lists follow. Errors: Conflict with details (a login that is taken, a
// candidate who should become staff), domain.ErrStale.
func (s *Store) UpsertPeople(ctx context.Context, actor domain.Actor, specs []domain.PersonSpec) (domain.Tally, []*journal.Entry, error) {
	return provision(ctx, s, actor, specs, (*Tx).upsertPeople)
}

// personPlan is what upsertPeople makes of the specs.
type personPlan struct {
	created, changed  []personRow
	relogged, signOut []int64 // changed people whose login changes; who must sign in again
	renamed, locked   []int64 // changed people who are sorted elsewhere; who may no longer be written to
	keys              *domain.Collation
	faults            faults
}

func (t *Tx) upsertPeople(ctx context.Context, actor domain.Actor, specs []domain.PersonSpec) (c domain.Tally, entries []*journal.Entry, err error) {
	ids := make([]string, len(specs))
	for i, p := range specs {
		ids[i] = p.ExternalID
	}
	stored, err := t.s.peopleRows(ctx, t.Select, t.org, ids)
	if err != nil {
		return c, nil, err
	}
	plan, err := t.planPeople(ctx, specs, stored)
	if err != nil {
		return c, nil, err
	}
	c = domain.Tally{Created: len(plan.created), Updated: len(plan.changed)}
	c.Unchanged = len(specs) - c.Created - c.Updated
	if err := t.writePeople(ctx, plan); err != nil {
		return c, nil, err
	}
	agreed, err := t.consent(ctx, actor, specs, stored, plan)
	if err != nil {
		return c, nil, err
	}
	entries = append(entries, agreed...)
	var records []journal.PersonRecord
	for _, r := range slices.Concat(plan.created, plan.changed) {
		old, existed := stored[r.ExternalID]
		records = append(records, r.changedFrom(old, existed))
	}
	for _, part := range chunks(records, perEntry) {
		e := &journal.Entry{Kind: journal.KindPeopleUpserted, Actor: actor.Ref(), Payload: payload(journal.PeopleUpserted{People: part})}
		if err := t.Append(ctx, e); err != nil {
			return c, nil, err
		}
		entries = append(entries, e)
	}
	if len(plan.signOut) > 0 {
		ended, err := t.endSessions(ctx, actor, "changed", `organisation_id = $1 AND person_no IN `+t.s.d.Ints("$2"), t.org, jsonOf(plan.signOut))
		if err != nil {
			return c, nil, err
		}
		entries = append(entries, ended...)
	}
	return c, entries, nil
}

// planPeople compares what is asked for with what is stored.
func (t *Tx) planPeople(ctx context.Context, specs []domain.PersonSpec, stored map[string]personRow) (*personPlan, error) {
	rules, err := t.settings(ctx)
	if err != nil {
		return nil, err
	}
	region := rules.PhoneRegion()
	plan := &personPlan{keys: domain.NewCollation(rules.SortLanguage())}
	now := micros(t.s.clock.Now())
	final := map[string]int{}    // login → index of the spec that ends with it
	asked := map[string]int{}    // logins that someone gets who does not have them
	owners := map[int64]string{} // number → final login
	for i, spec := range specs {
		old, exists := stored[spec.ExternalID]
		if exists && old.Kind != string(spec.Kind) {
			plan.faults.add(spec.Where, "kind", "%s is stored as %s, which cannot be changed", spec.ExternalID, old.Kind)
			continue
		}
		if spec.PasswordHash != nil && spec.PasswordWas != old.PasswordHash {
			return nil, domain.ErrStale
		}
		r := old
		if !exists {
			r = personRow{Organisation: int64(t.org), ID: uuid.Must(uuid.NewV7()).String(), ExternalID: spec.ExternalID, Tags: "[]", Skills: "[]", Fields: "{}",
				State: string(domain.PersonActive), CreatedAt: now, QuietFrom: -1, QuietTo: -1}
			if spec.Kind == domain.KindCandidate {
				r.Login = strings.ToLower(spec.ExternalID)
			}
		}
		r.Kind, r.Role, r.GivenName, r.FamilyName = string(spec.Kind), string(spec.Role), spec.GivenName, spec.FamilyName
		r.Login, r.PasswordHash = set(spec.Login, r.Login), set(spec.PasswordHash, r.PasswordHash)
		r.Email, r.Phone, r.Locale = set(spec.Email, r.Email), set(spec.Phone, r.Phone), set(spec.Locale, r.Locale)
		if spec.Tags != nil {
			r.Tags = jsonOf(*spec.Tags)
		}
		if spec.Skills != nil {
			r.Skills = jsonOf(*spec.Skills)
		}
		if spec.Fields != nil {
			fields := map[string]string{}
			maps.Copy(fields, *spec.Fields)
			r.Fields = jsonOf(fields)
		}
		r.Address, r.City, r.Postcode = set(spec.Address, r.Address), set(spec.City, r.City), set(spec.Postcode, r.Postcode)
		if spec.State != nil {
			r.State = string(*spec.State)
		}
		r.TimeZone, r.QuietFrom, r.QuietTo = set(spec.TimeZone, r.TimeZone), set(spec.QuietFrom, r.QuietFrom), set(spec.QuietTo, r.QuietTo)
		if r.Email != old.Email {
			r.EmailState = "" // another address has not bounced
		}
		r.PhoneE164 = t.s.number(r.Phone, region)
		r.SortName = plan.keys.LastName(r.person())
		if r.Login != "" {
			if j, twice := final[r.Login]; twice {
				plan.faults.add(spec.Where, "login", "the login is also that of %s", specs[j].Where("login"))
			}
			final[r.Login] = i
			if r.Login != old.Login {
				asked[r.Login] = i
			}
		}
		if exists {
			owners[old.No] = r.Login
		}
		switch {
		case !exists:
			plan.created = append(plan.created, r)
		case r != old:
			plan.changed = append(plan.changed, r)
			if r.Login != old.Login {
				plan.relogged = append(plan.relogged, old.No)
			}
			locked := r.State == string(domain.PersonLocked) && r.State != old.State
			if r.Role != old.Role || r.PasswordHash != old.PasswordHash || r.State != string(domain.PersonActive) && r.State != old.State {
				plan.signOut = append(plan.signOut, old.No)
			}
			if locked {
				plan.locked = append(plan.locked, old.No)
			}
			if r.SortName != old.SortName {
				plan.renamed = append(plan.renamed, old.No)
			}
		}
	}
	if err := t.checkLogins(ctx, plan, specs, asked, owners); err != nil {
		return nil, err
	}
	return plan, plan.faults.err(fault.Conflict)
}

// checkLogins refuses logins of people who are not part of the request.
func (t *Tx) checkLogins(ctx context.Context, plan *personPlan, specs []domain.PersonSpec, asked map[string]int, owners map[int64]string) error {
	if len(asked) == 0 {
		return nil
	}
	logins := make([]string, 0, len(asked))
	for l := range asked {
		logins = append(logins, l)
	}
	var taken []struct {
		No    int64
		Login string
	}
	err := t.Select(ctx, &taken, `SELECT no, login FROM people WHERE organisation_id = $1 AND login <> '' AND login IN `+t.s.d.Texts("$2"), t.org, jsonOf(logins))
	if err != nil {
		return fmt.Errorf("read logins: %w", err)
	}
	for _, p := range taken {
		if _, ours := owners[p.No]; !ours { // ours: checked against each other already
			plan.faults.add(specs[asked[p.Login]].Where, "login", "someone else has this login")
		}
	}
	return nil
}

func (t *Tx) writePeople(ctx context.Context, plan *personPlan) error {
	if n := len(plan.created); n > 0 {
		first, err := t.People(ctx, n)
		if err != nil {
			return err
		}
		for i := range plan.created {
			plan.created[i].No = int64(first) + int64(i)
		}
	}
	if len(plan.relogged) > 0 { // so that two people can swap their logins
		_, err := t.Exec(ctx, `UPDATE people SET login = '' WHERE organisation_id = $1 AND no IN `+t.s.d.Ints("$2"), t.org, jsonOf(plan.relogged))
		if err != nil {
			return fmt.Errorf("free logins: %w", err)
		}
	}
	rows := slices.Concat(plan.created, plan.changed)
	if len(rows) == 0 {
		return nil
	}
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = []any{r.No, r.ID, r.Kind, r.Role, r.ExternalID, r.Login, r.PasswordHash, r.GivenName, r.FamilyName,
			r.person().SearchWords(), r.Email, r.Phone, r.Locale, r.Tags, r.CreatedAt,
			r.Skills, r.Address, r.City, r.Postcode, r.Fields, r.State, r.SortName,
			r.PhoneE164, r.EmailState, r.TimeZone, r.QuietFrom, r.QuietTo,
			plan.keys.FirstName(r.person()), plan.keys.Text(r.City)}
	}
	_, err := t.Exec(ctx, `INSERT INTO people (organisation_id, no, id, kind, role, external_id, login, password_hash, given_name, family_name,
			folded, email, phone, locale, tags, created_at, updated_at, skills, address, city, postcode, fields, state, sort_name,
			phone_e164, email_state, time_zone, quiet_from, quiet_to, sort_first, sort_city)
		SELECT $1, r.no, r.id, r.kind, r.role, r.external_id, r.login, r.password_hash, r.given_name, r.family_name,
			r.folded, r.email, r.phone, r.locale, r.tags, r.created_at, $3, r.skills, r.address, r.city, r.postcode, r.fields, r.state, r.sort_name,
			r.phone_e164, r.email_state, r.time_zone, r.quiet_from, r.quiet_to, r.sort_first, r.sort_city
		FROM `+t.s.d.Rows("$2", "no", "id text", "kind text", "role text", "external_id text", "login text", "password_hash text", "given_name text",
		"family_name text", "folded text", "email text", "phone text", "locale text", "tags text", "created_at",
		"skills text", "address text", "city text", "postcode text", "fields text", "state text", "sort_name text",
		"phone_e164 text", "email_state text", "time_zone text", "quiet_from", "quiet_to", "sort_first text", "sort_city text")+` AS r WHERE true
		ON CONFLICT (organisation_id, no) DO UPDATE SET role = excluded.role, login = excluded.login, password_hash = excluded.password_hash,
			given_name = excluded.given_name, family_name = excluded.family_name, folded = excluded.folded, email = excluded.email,
			phone = excluded.phone, locale = excluded.locale, tags = excluded.tags, updated_at = excluded.updated_at,
			skills = excluded.skills, address = excluded.address, city = excluded.city, postcode = excluded.postcode,
			fields = excluded.fields, state = excluded.state, sort_name = excluded.sort_name, phone_e164 = excluded.phone_e164,
			email_state = excluded.email_state, time_zone = excluded.time_zone, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
			sort_first = excluded.sort_first, sort_city = excluded.sort_city`,
		t.org, jsonOf(values), micros(t.s.clock.Now()))
	if err != nil {
		return fmt.Errorf("write people: %w", err)
	}
	// In this order: stopping may expand, and an expansion takes its own row before any
	// conversation's.
	if err := t.stopQueued(ctx, "", plan.locked, domain.BlockedLocked); err != nil {
		return err
	}
	return t.renameConversations(ctx, plan.renamed)
}

// renameConversations keeps the lists of conversations sorted by their people's names.
func (t *Tx) renameConversations(ctx context.Context, people []int64) error {
	if len(people) == 0 {
		return nil
	}
	if err := t.hold(ctx, jsonOf(people)); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `UPDATE conversations SET sort_name = (SELECT p.sort_name FROM people p
			WHERE p.organisation_id = conversations.organisation_id AND p.no = conversations.person_no)
		WHERE organisation_id = $1 AND person_no IN `+t.s.d.Ints("$2"), t.org, jsonOf(people))
	if err != nil {
		return fmt.Errorf("rename conversations: %w", err)
	}
	return nil
}

// SetPassword gives a person another password, ends their sessions and records it.
// Errors: NotFound.
func (s *Store) SetPassword(ctx context.Context, actor domain.Actor, no domain.PersonNo, hash string) (entries []*journal.Entry, err error) {
	err = s.write(ctx, actor.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		var old personRow
		err := tx.Get(ctx, &old, `SELECT `+personColumns+` FROM people p WHERE p.organisation_id = $1 AND p.no = $2`, tx.org, no)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "no such person")
		}
		if err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		r := old
		r.PasswordHash = hash
		_, err = tx.Exec(ctx, `UPDATE people SET password_hash = $3, updated_at = $4 WHERE organisation_id = $1 AND no = $2`,
			tx.org, no, hash, micros(s.clock.Now()))
		if err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		e := &journal.Entry{Kind: journal.KindPeopleUpserted, Actor: actor.Ref(),
			Payload: payload(journal.PeopleUpserted{People: []journal.PersonRecord{r.changedFrom(old, true)}})}
		if err := tx.Append(ctx, e); err != nil {
			return err
		}
		ended, err := tx.endSessions(ctx, actor, "changed", `organisation_id = $1 AND person_no = $2`, tx.org, no)
		entries = append([]*journal.Entry{e}, ended...)
		return err
	})
	return entries, err
}
