package gateway

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// heard is what others are told, and when.
type heard struct {
	began time.Time
	said  []string
}

func (h *heard) tell(before, now string) {
	h.said = append(h.said, time.Since(h.began).String()+" "+before+" "+now)
}

func TestAttention(t *testing.T) {
	type step struct {
		after time.Duration
		do    string // typing, idle, end
	}
	for name, c := range map[string]struct {
		rest  string
		steps []step
		want  []string
	}{
		"looks, and is said again": {viewing, []step{{12 * time.Second, "end"}}, []string{
			"0s idle viewing", "5s viewing viewing", "10s viewing viewing", "12s viewing idle"}},
		"typing ends by itself": {viewing, []step{{2 * time.Second, typing}, {9 * time.Second, "end"}}, []string{
			"0s idle viewing", "2s viewing typing", "7s typing typing", "8s typing viewing", "11s viewing idle"}},
		"typing goes on as long as it is said": {viewing, []step{{2 * time.Second, typing}, {4 * time.Second, typing}, {4 * time.Second, typing}, {time.Second, "idle"}, {0, "end"}}, []string{
			"0s idle viewing", "2s viewing typing", "7s typing typing", "11s typing viewing", "11s viewing idle"}},
		"at most once a second": {viewing, []step{{0, typing}, {100 * time.Millisecond, "idle"}, {100 * time.Millisecond, typing}, {100 * time.Millisecond, "idle"}, {100 * time.Millisecond, typing},
			{2 * time.Second, "end"}}, []string{"0s idle viewing", "1s viewing typing", "2.4s typing idle"}},
		"a flicker is not said": {viewing, []step{{2 * time.Second, typing}, {100 * time.Millisecond, "idle"}, {100 * time.Millisecond, typing}, {time.Second, "idle"}, {time.Second, "end"}}, []string{
			"0s idle viewing", "2s viewing typing", "3.2s typing viewing", "4.2s viewing idle"}},
		"a candidate who does nothing says nothing": {idle, []step{{time.Minute, "idle"}, {time.Minute, "end"}}, nil},
		"a candidate types": {idle, []step{{time.Second, typing}, {10 * time.Second, typing}, {time.Second, "end"}, {time.Second, typing}, {time.Minute, "idle"}}, []string{
			"1s idle typing", "6s typing typing", "7s typing idle", "11s idle typing", "12s typing idle"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &heard{began: time.Now()}
				a := newAttention(c.rest, h.tell)
				for _, s := range c.steps {
					pass(s.after)
					synctest.Wait()
					switch s.do {
					case "end":
						a.end()
					default:
						a.types(s.do == typing)
					}
				}
				pass(time.Minute)
				if !slices.Equal(h.said, c.want) {
					t.Errorf("%q\nnot %q", h.said, c.want)
				}
			})
		})
	}
}
