package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"crier/internal/domain"
)

// standingColumns are what decides whether copies go to person p of organisation o, in group g with enrolment e.
const standingColumns = `p.no, p.id AS person_id, p.kind AS person_kind, p.given_name, p.family_name, p.locale, p.state AS person_state, p.email, p.email_state, p.phone, p.phone_e164,
	p.time_zone, p.quiet_from, p.quiet_to, o.settings, coalesce(g.id, '') AS group_id, coalesce(g.kind, '') AS group_kind, coalesce(g.name, '') AS group_name,
	coalesce(e.state, '') AS enrolment, CASE WHEN e.person_no IS NULL THEN 0 ELSE 1 END AS enrolled,
	(SELECT count(*) FROM enrolments x WHERE x.organisation_id = p.organisation_id AND x.person_no = p.no) AS groups,
	(SELECT count(*) FROM enrolments x WHERE x.organisation_id = p.organisation_id AND x.person_no = p.no AND x.state NOT IN ('left', 'invited')) AS active,
	coalesce((SELECT c.state FROM consents c WHERE c.organisation_id = p.organisation_id AND c.person_no = p.no AND c.channel = 'sms' ORDER BY c.at DESC LIMIT 1), '') AS consent`

type standingRow struct {
	No         int64
	PersonID   string `db:"person_id"`
	PersonKind string `db:"person_kind"`
	GivenName  string `db:"given_name"`
	FamilyName string `db:"family_name"`
	Locale     string
	State      string `db:"person_state"`
	Email      string
	EmailState string `db:"email_state"`
	Phone      string
	PhoneE164  string `db:"phone_e164"`
	TimeZone   string `db:"time_zone"`
	QuietFrom  int    `db:"quiet_from"`
	QuietTo    int    `db:"quiet_to"`
	Settings   string
	GroupID    string `db:"group_id"`
	GroupKind  string `db:"group_kind"`
	GroupName  string `db:"group_name"`
	Enrolment  string
	Enrolled   int
	Groups     int
	Active     int
	Consent    string
}

func (r *standingRow) name() string {
	return domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name()
}

func (r *standingRow) standing(set domain.Settings) domain.ChannelStanding {
	s := domain.Standing{Person: domain.PersonState(r.State), Group: domain.GroupID(r.GroupID), Kind: domain.GroupKind(r.GroupKind), State: domain.EnrolmentState(r.Enrolment),
		In: r.Enrolled == 1, Groups: r.Groups, Active: r.Active, Settings: set}
	return domain.ChannelStanding{Blocked: s.SendBlocked(), Elsewhere: set.Elsewhere(s.Kind), Email: r.Email, EmailState: r.EmailState, Phone: r.Phone, PhoneE164: r.PhoneE164,
		SMS: domain.Consent(r.Consent), Quiet: set.QuietHours(r.TimeZone, r.QuietFrom, r.QuietTo)}
}

// settingsCache reads each organisation's settings once.
type settingsCache map[string]domain.Settings

func (c settingsCache) of(text string) (domain.Settings, error) {
	if set, ok := c[text]; ok {
		return set, nil
	}
	var set domain.Settings
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return set, fmt.Errorf("settings of an organisation: %w", err)
	}
	c[text] = set
	return set, nil
}

// Letters reads what claimed deliveries are judged by and composed from, in two statements whatever their number (three, if
// there are pushes), in their order. One whose person or message is gone is left out.
func (s *Store) Letters(ctx context.Context, claimed []domain.Delivery) ([]domain.Letter, error) {
	if len(claimed) == 0 {
		return nil, nil
	}
	asked := make([][]any, len(claimed))
	type place struct{ org, offset int64 }
	places := map[place]bool{}
	pushes := false
	for i, d := range claimed {
		asked[i] = []any{i, d.Organisation, d.Person, d.Offset}
		if d.Offset != 0 {
			places[place{int64(d.Organisation), d.Offset}] = true
		}
		pushes = pushes || d.Channel == domain.ChannelPush
	}
	var rows []struct {
		I       int
		Slug    string
		OrgName string `db:"org_name"`
		standingRow
		InTest       bool `db:"in_test"`
		Stopped      string
		Displayed    int64
		Acknowledged int64
	}
	err := s.list(ctx, &rows, `SELECT r.i, o.slug, o.name AS org_name, `+standingColumns+`,
			`+inOtherTest("coalesce(m.group_id, '')", "$2")+` AS in_test, coalesce(m.stopped, '') AS stopped, coalesce(m.displayed_at, 0) AS displayed, coalesce(m.acknowledged_at, 0) AS acknowledged
		FROM `+s.d.Rows("$1", "i", "org", "p", "o")+` AS r
		JOIN people p ON p.organisation_id = r.org AND p.no = r.p
		JOIN organisations o ON o.id = r.org + 0 -- else PostgreSQL, before its statistics, looks for people by their organisation alone
		LEFT JOIN messages m ON m.organisation_id = r.org AND m."offset" = r.o AND m.person_no = r.p
		LEFT JOIN groups g ON g.organisation_id = r.org AND g.id = m.group_id
		LEFT JOIN enrolments e ON e.organisation_id = r.org AND e.group_id = m.group_id AND e.person_no = r.p
		ORDER BY r.i`, jsonOf(asked), micros(s.clock.Now()))
	if err != nil {
		return nil, fmt.Errorf("read whom deliveries go to: %w", err)
	}
	pairs := make([][2]int64, 0, len(places))
	for p := range places {
		pairs = append(pairs, [2]int64{p.org, p.offset})
	}
	texts, err := s.texts(ctx, pairs)
	if err != nil {
		return nil, err
	}
	cache := settingsCache{}
	out := make([]domain.Letter, 0, len(rows))
	for _, r := range rows {
		d := claimed[r.I]
		set, err := cache.of(r.Settings)
		if err != nil {
			return nil, err
		}
		l := domain.Letter{Delivery: d, Org: domain.Organisation{ID: d.Organisation, Slug: r.Slug, Name: r.OrgName, Settings: set}, Standing: r.standing(set),
			PersonID: domain.PersonID(r.PersonID), PersonKind: domain.PersonKind(r.PersonKind), Name: r.name(), Locale: r.Locale,
			Group:  domain.GroupMark{ID: domain.GroupID(r.GroupID), Kind: domain.GroupKind(r.GroupKind), Name: r.GroupName},
			InTest: r.InTest, Read: r.Displayed != 0 || r.Acknowledged != 0, Stopped: domain.BlockedCode(r.Stopped)}
		if d.Offset != 0 {
			t, ok := texts[[2]int64{int64(d.Organisation), d.Offset}]
			if !ok {
				continue
			}
			l.Subject, l.Body, l.SenderName, l.Files, l.SentAt = t.Subject, t.Body, t.SenderName, t.Attachments, t.at
		}
		out = append(out, l)
	}
	if pushes {
		return out, s.subscribe(ctx, out)
	}
	return out, nil
}

// letterText is what a message says.
type letterText struct {
	Subject     string              `json:"subject"`
	Body        string              `json:"body"`
	SenderName  string              `json:"sender_name"`
	Attachments []domain.Attachment `json:"attachments"`
	at          time.Time
}

// texts reads messages at pairs of organisation and offset.
func (s *Store) texts(ctx context.Context, pairs [][2]int64) (map[[2]int64]letterText, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	var rows []struct {
		Organisation int64 `db:"organisation_id"`
		Offset       int64
		At           int64
		Payload      string
	}
	err := s.list(ctx, &rows, `SELECT e.organisation_id, e."offset", e.at, e.payload FROM `+s.d.Rows("$1", "org", "o")+` AS r
		JOIN entries e ON e.organisation_id = r.org AND e."offset" = r.o WHERE e.kind IN ('message.sent', 'broadcast.sent')`, jsonOf(pairs))
	if err != nil {
		return nil, fmt.Errorf("read what deliveries carry: %w", err)
	}
	out := make(map[[2]int64]letterText, len(rows))
	for _, r := range rows {
		var t letterText
		if err := json.Unmarshal([]byte(r.Payload), &t); err != nil {
			return nil, fmt.Errorf("entry %d: %w", r.Offset, err)
		}
		t.at = timeOf(r.At)
		out[[2]int64{r.Organisation, r.Offset}] = t
	}
	return out, nil
}

// subscribe reads the browsers of the letters' people.
func (s *Store) subscribe(ctx context.Context, letters []domain.Letter) error {
	asked := make([][2]int64, len(letters))
	for i, l := range letters {
		asked[i] = [2]int64{int64(l.Delivery.Organisation), int64(l.Person)}
	}
	var rows []struct {
		Organisation int64 `db:"organisation_id"`
		Person       int64 `db:"person_no"`
		ID           string
		Endpoint     string
		Keys         string
	}
	err := s.list(ctx, &rows, `SELECT s.organisation_id, s.person_no, s.id, s.endpoint, s.keys FROM (SELECT DISTINCT org, p FROM `+s.d.Rows("$1", "org", "p")+` AS x) AS r
		JOIN push_subscriptions s ON s.organisation_id = r.org AND s.person_no = r.p ORDER BY s.created_at, s.id`, jsonOf(asked))
	if err != nil {
		return fmt.Errorf("read push subscriptions: %w", err)
	}
	by := map[[2]int64][]domain.PushSubscription{}
	for _, r := range rows {
		k := [2]int64{r.Organisation, r.Person}
		by[k] = append(by[k], domain.PushSubscription{ID: r.ID, Endpoint: r.Endpoint, Keys: r.Keys})
	}
	for i := range letters {
		letters[i].Subscriptions = by[asked[i]]
	}
	return nil
}

// Reachables returns these people, of those who are seen, with what decides whether copies go to them in a group ("" = none), in
// their order. One statement whatever their number.
func (s *Store) Reachables(ctx context.Context, org domain.OrganisationID, seen domain.Seen, group domain.GroupID, ids []domain.PersonID) ([]domain.Reachable, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	asked := make([][]any, len(ids))
	for i, id := range ids {
		asked[i] = []any{i, id}
	}
	args := []any{org, jsonOf(asked), group}
	var rows []standingRow
	err := s.list(ctx, &rows, `SELECT `+standingColumns+` FROM `+s.d.Rows("$2", "i", "id text")+` AS r
		JOIN people p ON p.organisation_id = $1 AND p.id = r.id AND p.kind = 'candidate'
		JOIN organisations o ON o.id = $1
		LEFT JOIN groups g ON g.organisation_id = $1 AND g.id = $3
		LEFT JOIN enrolments e ON e.organisation_id = $1 AND e.group_id = $3 AND e.person_no = p.no
		WHERE true`+s.seesPerson("p.no", seen, &args)+` ORDER BY r.i`, args...)
	if err != nil {
		return nil, fmt.Errorf("read whom copies reach: %w", err)
	}
	cache := settingsCache{}
	out := make([]domain.Reachable, len(rows))
	for i, r := range rows {
		set, err := cache.of(r.Settings)
		if err != nil {
			return nil, err
		}
		out[i] = domain.Reachable{No: domain.PersonNo(r.No), ID: domain.PersonID(r.PersonID), Name: r.name(), Standing: r.standing(set)}
	}
	return out, nil
}

// OnlyGroup returns the only group, among those that are seen, in which a candidate is, "" for none or several: the one that a
// message belongs to which names none.
func (s *Store) OnlyGroup(ctx context.Context, org domain.OrganisationID, seen domain.Seen, person domain.PersonID) (domain.GroupID, error) {
	var rows []struct {
		Group string `db:"group_id"`
		Room  string
	}
	err := s.list(ctx, &rows, `SELECT e.group_id, e.room FROM people p JOIN enrolments e ON e.organisation_id = p.organisation_id AND e.person_no = p.no
		WHERE p.organisation_id = $1 AND p.id = $2 AND e.state <> 'left'`, org, person)
	if err != nil {
		return "", fmt.Errorf("read the groups of a person: %w", err)
	}
	only := domain.GroupID("")
	for _, r := range rows {
		if !seen.Holds([]domain.Place{{Group: domain.GroupID(r.Group), Room: r.Room}}) {
			continue
		}
		if only != "" {
			return "", nil
		}
		only = domain.GroupID(r.Group)
	}
	return only, nil
}

// DropSubscription removes a browser that takes no pushes any more.
func (s *Store) DropSubscription(ctx context.Context, org domain.OrganisationID, id string) error {
	err := s.write(ctx, org, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM push_subscriptions WHERE organisation_id = $1 AND id = $2`, org, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove a push subscription: %w", err)
	}
	return nil
}
