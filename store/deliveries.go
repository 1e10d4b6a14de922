package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"crier/internal/domain"
)

// newDelivery asks for one copy.
type newDelivery struct {
	id         string // "": a new one
	kind       domain.DeliveryKind
	offset     int64
	person     int64
	channel    domain.Channel
	payload    string
	onlyUnread bool
	due        time.Time
	expires    time.Time
}

// queue writes deliveries in the transaction of what they carry. A second one of the same message, person and channel,
// or of the same id, is ignored.
func (t *Tx) queue(ctx context.Context, at time.Time, list []newDelivery) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]any, len(list))
	for i, d := range list {
		unread, payload := 0, d.payload
		if d.onlyUnread {
			unread = 1
		}
		if payload == "" {
			payload = "{}"
		}
		id := d.id
		if id == "" {
			id = uuid.Must(uuid.NewV7()).String()
		}
		rows[i] = []any{id, d.kind, d.offset, d.person, d.channel, payload, unread, micros(d.due), micros(d.expires)}
	}
	_, err := t.Exec(ctx, `INSERT INTO deliveries (organisation_id, id, kind, "offset", person_no, channel, payload, only_unread, due_at, expires_at, created_at, changed_at)
		SELECT $1, r.id, r.kind, r.o, r.p, r.channel, r.payload, r.unread, r.due, r.expires, $2, $2
		FROM `+t.s.d.Rows("$3", "id text", "kind text", "o", "p", "channel text", "payload text", "unread", "due", "expires")+` AS r WHERE true
		ON CONFLICT DO NOTHING`, t.org, micros(at), jsonOf(rows))
	if err != nil {
		return fmt.Errorf("queue copies: %w", err)
	}
	return nil
}

// copies are the deliveries that a message to these people asks for, and its escalation, if the organisation has one
// and the message is of no test. Who meets messages by their copies alone never reads one on a page: nothing escalates.
func copies(offset int64, people []int64, channels []domain.Channel, kind domain.GroupKind, set domain.Settings, at time.Time) []newDelivery {
	var out []newDelivery
	asked := map[domain.Channel]bool{}
	for _, c := range channels {
		asked[c] = true
	}
	later := domain.Channel(set.EscalateTo)
	if set.EscalateAfter <= 0 || kind == domain.KindTest || set.Elsewhere(kind) || asked[later] {
		later = ""
	}
	for _, p := range people {
		for c := range asked {
			out = append(out, newDelivery{kind: domain.DeliverMessage, offset: offset, person: p, channel: c, due: at})
		}
		if later != "" {
			out = append(out, newDelivery{kind: domain.DeliverMessage, offset: offset, person: p, channel: later, onlyUnread: true, due: at.Add(time.Duration(set.EscalateAfter) * time.Minute)})
		}
	}
	return out
}

// expandCopies makes the deliveries of a sending to some of its recipients.
func (t *Tx) expandCopies(ctx context.Context, set domain.Settings, a *audience, people []recipient) error {
	kind := a.text.GroupKind
	if a.text.Level == domain.LevelPopup {
		kind = domain.KindTest
	}
	if len(a.text.Channels) == 0 && (set.EscalateAfter <= 0 || kind == domain.KindTest) {
		return nil
	}
	nos := make([]int64, len(people))
	for i, p := range people {
		nos[i] = int64(p.no)
	}
	return t.queue(ctx, a.at, copies(a.offset, nos, a.text.Channels, kind, set, a.at))
}

func (t *Tx) settings(ctx context.Context) (set domain.Settings, err error) {
	var text string
	if err := t.Get(ctx, &text, `SELECT settings FROM organisations WHERE id = $1`, t.org); err != nil {
		return set, err
	}
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return set, fmt.Errorf("settings of organisation %d: %w", t.org, err)
	}
	return set, nil
}
