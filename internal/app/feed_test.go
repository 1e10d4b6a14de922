package app

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"crier/hub"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/protocol"
)

func sending() *domain.Entry {
	text, _ := json.Marshal(domain.BroadcastSent{ExamName: "Mathematics \"1\"", Subject: strings.Repeat("_", 22), Body: `","prev":"x`, Level: domain.LevelPopup,
		SenderName: "Anna", SenderRole: domain.RoleInvigilator, Recipients: 3})
	return &domain.Entry{Organisation: 7, Offset: 12, Kind: domain.EntryBroadcastSent, At: time.Date(2026, 5, 4, 9, 0, 0, 123000, time.UTC), Exam: "t1",
		Actor: domain.ActorRef{Kind: domain.ActorPerson, ID: "p1", Name: "Anna", Role: domain.RoleInvigilator}, Payload: text,
		Audience: json.RawMessage(`[{"room":"A","people":[1,2]},{"room":"B","people":[9]}]`)}
}

// TestSlots: the places where cursors are stamped are exactly the blanks of the
// frame's own fields, whatever the text contains.
func TestSlots(t *testing.T) {
	f := &feed{sealer: cursor.NewSealer(make([]byte, 32))}
	plan := f.Plan(7, hub.Entry{Offset: 12, Value: sending()})
	if len(plan.Messages) != 2 || !reflect.DeepEqual(plan.Messages[0].People, []int64{1, 2}) || !reflect.DeepEqual(plan.Messages[1].People, []int64{9}) {
		t.Fatalf("plan %+v", plan)
	}
	b := plan.Messages[1].Frame.JSON()
	for _, at := range []int{slotOwn, slotPrev, slotID} {
		if !bytes.Equal(b[at:at+cursor.Width], []byte(blank)) {
			t.Errorf("at %d stands %q", at, b[at:at+cursor.Width])
		}
	}
	var m protocol.MessageFrame
	if err := json.Unmarshal(b, &m); err != nil || m.Message.Room != "B" || m.Message.Body != `","prev":"x` || m.Message.State != "queued" {
		t.Errorf("frame %s (%v)", b, err)
	}
}

func TestEntriesTravel(t *testing.T) {
	f := &feed{}
	e := sending()
	got, err := f.Decode(7, f.Encode(7, hub.Entry{Offset: 12, Value: e}))
	if err != nil || got.Offset != 12 || !reflect.DeepEqual(got.Value, e) {
		t.Errorf("got %+v (%v)", got.Value, err)
	}
	e.Payload = json.RawMessage(`"` + strings.Repeat("x", bellMost) + `"`)
	if f.Encode(7, hub.Entry{Offset: 12, Value: e}) != nil {
		t.Error("a large entry should not travel with its bell")
	}
	if _, err := f.Decode(7, []byte("{")); err == nil {
		t.Error("decoded nonsense")
	}
}

func TestReceiptsReachOtherTabs(t *testing.T) {
	f := &feed{sealer: cursor.NewSealer(make([]byte, 32))}
	payload, _ := json.Marshal(domain.ReceiptsRecorded{Items: []domain.ReceiptItem{
		{Broadcast: 12, State: domain.Displayed, People: []domain.PersonNo{1}},
		{Broadcast: 12, State: domain.Acknowledged, People: []domain.PersonNo{2}},
	}})
	plan := f.Plan(7, hub.Entry{Offset: 13, Value: &domain.Entry{Organisation: 7, Kind: domain.EntryReceiptsRecorded, Payload: payload}})
	if len(plan.Direct) != 1 || plan.Direct[0].Person != 2 || !bytes.Contains(plan.Direct[0].Frame.JSON(), []byte(f.sealer.Seal(7, 2, 12))) {
		t.Errorf("plan %+v", plan)
	}
	ended := f.Plan(7, hub.Entry{Value: &domain.Entry{Kind: domain.EntrySessionEnded, Payload: json.RawMessage(`{"sessions":["s1"]}`)}})
	if !reflect.DeepEqual(ended.Sessions, []string{"s1"}) {
		t.Errorf("sessions %v", ended.Sessions)
	}
}
