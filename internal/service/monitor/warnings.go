package monitor

import (
	"cmp"
	"slices"

	"crier/internal/domain"
)

// Warnings are what is wrong with a test's seating and staff.
type Warnings struct {
	// DoubleSeats are seats that several candidates have who have not submitted.
	DoubleSeats []DoubleSeat `json:"double_seats"`
	// WithoutRoom counts candidates without a room who have not submitted, in a test that has rooms.
	WithoutRoom int `json:"without_room"`
	// Unattended are rooms with candidates that no invigilator is assigned to.
	Unattended []string `json:"unattended"`
}

// DoubleSeat is a seat of several candidates.
type DoubleSeat struct {
	Room       string `json:"room"`
	Seat       string `json:"seat"`
	Candidates int    `json:"candidates"`
}

// warnings looks at a test's enrolments within rooms (nil: all). taken are the rooms with candidates,
// attended those that invigilators are assigned to, "" for all.
func warnings(enrolments []domain.Enrolment, rooms, taken, attended []string) *Warnings {
	w := &Warnings{DoubleSeats: []DoubleSeat{}, Unattended: []string{}}
	seats := map[[2]string]*DoubleSeat{}
	for _, e := range enrolments {
		if e.Progress == domain.Submitted || rooms != nil && !slices.Contains(rooms, e.Room) {
			continue
		}
		if e.Room == "" && len(taken) > 0 {
			w.WithoutRoom++
		}
		if e.Seat == "" {
			continue
		}
		key := [2]string{e.Room, domain.PlaceKey(e.Seat)}
		if seats[key] == nil {
			seats[key] = &DoubleSeat{Room: e.Room, Seat: e.Seat}
		}
		seats[key].Candidates++
	}
	for _, s := range seats {
		if s.Candidates > 1 {
			w.DoubleSeats = append(w.DoubleSeats, *s)
		}
	}
	slices.SortFunc(w.DoubleSeats, func(a, b DoubleSeat) int {
		return cmp.Or(cmp.Compare(domain.PlaceOrder(a.Room), domain.PlaceOrder(b.Room)), cmp.Compare(domain.PlaceOrder(a.Seat), domain.PlaceOrder(b.Seat)))
	})
	if slices.Contains(attended, "") {
		return w
	}
	for _, room := range taken {
		if !slices.Contains(attended, room) {
			w.Unattended = append(w.Unattended, room)
		}
	}
	return w
}
