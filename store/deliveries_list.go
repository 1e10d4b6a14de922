package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// countMost is the most deliveries of a state that are counted: more read as this many.
const countMost = 10000

// chosen is the condition that a delivery d of an organisation ($1) is chosen by q, its state aside.
func chosen(q domain.DeliveryQuery, args *[]any) string {
	out := ""
	add := func(text string, arg any) {
		*args = append(*args, arg)
		out += fmt.Sprintf(text, "$"+strconv.Itoa(len(*args)))
	}
	if q.Channel != "" {
		add(` AND d.channel = %s`, q.Channel)
	}
	if q.Person != "" {
		add(` AND d.person_no = (SELECT w.no FROM people w WHERE w.organisation_id = $1 AND w.id = %s)`, q.Person)
	}
	if q.Message != 0 {
		add(` AND d."offset" = %s`, q.Message)
	}
	return out
}

// seesDelivery adds "this delivery d is seen" to a statement: the message that it is a copy of is, or if it is of none, what
// belongs to no group is seen of the person.
func (s *Store) seesDelivery(seen domain.Seen, args *[]any) string {
	if seen.All {
		return ""
	}
	return s.seesPerson("d.person_no", seen, args) + ` AND (d."offset" = 0` + s.seesLoose("d.person_no", seen, args) + `
		OR d."offset" <> 0 AND EXISTS (SELECT 1 FROM messages m
			WHERE m.organisation_id = $1 AND m."offset" = d."offset" AND m.person_no = d.person_no` +
		s.seesGroup("m.group_id", "m.person_no", seen, args) + `))`
}

type deliveryListRow struct {
	deliveryRow
	PersonID   string `db:"person_id"`
	GivenName  string `db:"given_name"`
	FamilyName string `db:"family_name"`
}

const deliveryPerson = `coalesce(p.id, '') AS person_id, coalesce(p.given_name, '') AS given_name, coalesce(p.family_name, '') AS family_name`

// Deliveries returns an organisation's deliveries that are seen, the latest made first, with their attempts.
func (s *Store) Deliveries(ctx context.Context, org domain.OrganisationID, seen domain.Seen, q domain.DeliveryQuery) ([]domain.DeliveryRow, error) {
	args := []any{org}
	where := chosen(q, &args) + s.seesDelivery(seen, &args)
	if q.State != "" {
		args = append(args, q.State)
		where += fmt.Sprintf(` AND d.state = $%d`, len(args))
	}
	if q.After != "" {
		args = append(args, q.After)
		where += fmt.Sprintf(` AND d.id < $%d`, len(args))
	}
	args = append(args, q.Limit)
	var rows []deliveryListRow
	err := s.list(ctx, &rows, `SELECT `+deliveryColumns+`, `+deliveryPerson+` FROM deliveries d LEFT JOIN people p ON p.organisation_id = d.organisation_id AND p.no = d.person_no
		WHERE d.organisation_id = $1`+where+fmt.Sprintf(` ORDER BY d.id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return s.withAttempts(ctx, org, rows)
}

// DeliveriesOf returns the deliveries of one message to those people who are seen, where the message is; of one
// person, or with "" of all. It expands first.
func (s *Store) DeliveriesOf(ctx context.Context, org domain.OrganisationID, seen domain.Seen, offset int64, person domain.PersonID) ([]domain.DeliveryRow, error) {
	if err := s.Expand(ctx, org); err != nil {
		return nil, err
	}
	args := []any{org, offset}
	where := ""
	if person != "" {
		args = append(args, person)
		where = ` AND p.id = $3`
	}
	var rows []deliveryListRow
	err := s.list(ctx, &rows, `SELECT `+deliveryColumns+`, `+deliveryPerson+` FROM messages m
		JOIN deliveries d ON d.organisation_id = $1 AND d."offset" = m."offset" AND d.person_no = m.person_no AND d."offset" <> 0
		JOIN people p ON p.organisation_id = $1 AND p.no = m.person_no
		WHERE m.organisation_id = $1 AND m."offset" = $2`+where+s.seesPerson("m.person_no", seen, &args)+s.seesGroup("m.group_id", "m.person_no", seen, &args)+`
		ORDER BY p.sort_name, p.no, d.channel`, args...)
	if err != nil {
		return nil, fmt.Errorf("read a message's deliveries: %w", err)
	}
	return s.withAttempts(ctx, org, rows)
}

func (s *Store) withAttempts(ctx context.Context, org domain.OrganisationID, rows []deliveryListRow) ([]domain.DeliveryRow, error) {
	out := make([]domain.DeliveryRow, len(rows))
	at := make(map[string]int, len(rows))
	ids := make([]string, len(rows))
	for i, r := range rows {
		out[i] = domain.DeliveryRow{Delivery: r.delivery(), PersonID: domain.PersonID(r.PersonID), Name: domain.Person{GivenName: r.GivenName, FamilyName: r.FamilyName}.Name()}
		at[r.ID], ids[i] = i, r.ID
	}
	if len(ids) == 0 {
		return out, nil
	}
	var tried []struct {
		ID      string `db:"delivery_id"`
		N       int
		At      int64
		Outcome string
		Code    string
		Detail  string
	}
	err := s.list(ctx, &tried, `SELECT delivery_id, n, at, outcome, code, detail FROM delivery_attempts WHERE organisation_id = $1 AND delivery_id IN `+s.d.Texts("$2")+`
		ORDER BY delivery_id, n`, org, jsonOf(ids))
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	for _, a := range tried {
		r := &out[at[a.ID]]
		r.Tried = append(r.Tried, domain.Attempt{N: a.N, At: timeOf(a.At), Outcome: domain.Outcome(a.Outcome), Code: a.Code, Detail: a.Detail})
	}
	return out, nil
}

// deliveryStates are all of them.
var deliveryStates = []domain.DeliveryState{domain.DeliveryWaiting, domain.DeliverySending, domain.DeliverySent, domain.DeliveryDelivered, domain.DeliveryFailed,
	domain.DeliverySuppressed, domain.DeliveryCancelled}

// CountDeliveries counts what q chooses and is seen, by state, its own state aside; each at most 10,000, which reads "10,000 or more".
func (s *Store) CountDeliveries(ctx context.Context, org domain.OrganisationID, seen domain.Seen, q domain.DeliveryQuery) (map[domain.DeliveryState]int, error) {
	args := []any{org}
	where := chosen(q, &args) + s.seesDelivery(seen, &args)
	text := `SELECT `
	for i, st := range deliveryStates {
		if i > 0 {
			text += `, `
		}
		text += `(SELECT count(*) FROM (SELECT 1 FROM deliveries d WHERE d.organisation_id = $1 AND d.state = '` + string(st) + `'` + where + ` LIMIT ` + strconv.Itoa(countMost) + `) AS c` + strconv.Itoa(i) + `) AS ` + string(st)
	}
	var n struct{ Waiting, Sending, Sent, Delivered, Failed, Suppressed, Cancelled int }
	if err := s.get(ctx, &n, text, args...); err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	return map[domain.DeliveryState]int{domain.DeliveryWaiting: n.Waiting, domain.DeliverySending: n.Sending, domain.DeliverySent: n.Sent, domain.DeliveryDelivered: n.Delivered,
		domain.DeliveryFailed: n.Failed, domain.DeliverySuppressed: n.Suppressed, domain.DeliveryCancelled: n.Cancelled}, nil
}

// RetryDeliveries has failed deliveries that are seen go again, from the beginning of their attempts. It returns how many;
// those that have not failed stay.
func (s *Store) RetryDeliveries(ctx context.Context, by domain.Actor, seen domain.Seen, at time.Time, ids []string) (n int, err error) {
	err = s.write(ctx, by.Organisation, func(tx *Tx) error {
		if _, err := tx.Lock(ctx); err != nil {
			return err
		}
		args := []any{tx.org, micros(at), jsonOf(ids)}
		var rows []deliveryRow
		err := tx.Select(ctx, &rows, `UPDATE deliveries AS d SET state = 'waiting', due_at = $2, attempts = 0, reason = '', detail = '', changed_at = $2
			WHERE organisation_id = $1 AND state = 'failed' AND `+s.d.Among("id", "$3")+s.seesDelivery(seen, &args)+`
			RETURNING `+strings.ReplaceAll(deliveryColumns, "d.", ""), args...)
		if err != nil {
			return err
		}
		items := make([]journal.DeliveryItem, len(rows))
		for i, r := range rows {
			items[i] = journal.DeliveryItem{ID: r.ID, Message: r.Offset, Person: domain.PersonNo(r.Person), Channel: domain.Channel(r.Channel), State: domain.DeliveryWaiting}
		}
		n = len(rows)
		_, err = tx.tellDeliveries(ctx, by.Ref(), items)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("retry deliveries: %w", err)
	}
	return n, nil
}

// DeliveryStates says how the copies of messages stand: by offset, of one person.
func (s *Store) DeliveryStates(ctx context.Context, org domain.OrganisationID, person domain.PersonNo, offsets []int64) (map[int64][]domain.DeliveryView, error) {
	if len(offsets) == 0 {
		return nil, nil
	}
	rows, err := s.deliveryStates(ctx, `d.organisation_id = $1 AND d.person_no = $2 AND d."offset" <> 0 AND d."offset" IN `+s.d.Ints("$3"), org, person, jsonOf(offsets))
	out := map[int64][]domain.DeliveryView{}
	for _, r := range rows {
		out[r.Offset] = append(out[r.Offset], r.view())
	}
	return out, err
}

// SendingStates says how the copies of one sending stand, by person.
func (s *Store) SendingStates(ctx context.Context, org domain.OrganisationID, offset int64) (map[domain.PersonNo][]domain.DeliveryView, error) {
	rows, err := s.deliveryStates(ctx, `d.organisation_id = $1 AND d."offset" = $2 AND d."offset" <> 0`, org, offset)
	out := map[domain.PersonNo][]domain.DeliveryView{}
	for _, r := range rows {
		no := domain.PersonNo(r.Person)
		out[no] = append(out[no], r.view())
	}
	return out, err
}

type deliveryStateRow struct {
	Offset  int64
	Person  int64 `db:"person_no"`
	Channel string
	State   string
	Reason  string
	At      int64
}

func (r deliveryStateRow) view() domain.DeliveryView {
	return domain.DeliveryView{Channel: domain.Channel(r.Channel), State: domain.DeliveryState(r.State), Reason: r.Reason, At: timeOf(r.At)}
}

// deliveryStates leaves out escalations that wait or were not needed, and pushes: they are no copies that somebody chose.
func (s *Store) deliveryStates(ctx context.Context, where string, args ...any) ([]deliveryStateRow, error) {
	var rows []deliveryStateRow
	err := s.list(ctx, &rows, `SELECT d."offset", d.person_no, d.channel, d.state, d.reason, d.changed_at AS at FROM deliveries d WHERE `+where+`
		AND d.channel <> 'push' AND NOT (d.only_unread = 1 AND d.state IN ('waiting', 'cancelled'))`, args...)
	if err != nil {
		return nil, fmt.Errorf("read how copies stand: %w", err)
	}
	slices.SortStableFunc(rows, func(a, b deliveryStateRow) int {
		if a.Channel < b.Channel {
			return -1
		}
		return 1
	})
	return rows, nil
}
