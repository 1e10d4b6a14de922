package clock

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1234*time.Nanosecond + time.Hour)
		got := System{}.Now()
		if got.Location() != time.UTC || got.Nanosecond()%1000 != 0 {
			t.Errorf("%v is not UTC in whole microseconds", got)
		}
		if d := time.Since(got); d < 0 || d >= time.Microsecond {
			t.Errorf("%v away from the machine's time", d)
		}
	})
}

func TestFixed(t *testing.T) {
	at := time.Date(2026, 5, 4, 11, 0, 0, 1999, time.FixedZone("CEST", 2*3600))
	c := NewFixed(at)
	want := time.Date(2026, 5, 4, 9, 0, 0, 1000, time.UTC)
	if got := c.Now(); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("%v, not %v", got, want)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			c.Advance(time.Second)
			c.Now()
		})
	}
	wg.Wait()
	if got := c.Now(); !got.Equal(want.Add(10 * time.Second)) {
		t.Errorf("after 10 s: %v", got)
	}
	c.Advance(-time.Minute)
	if got := c.Now(); !got.Equal(want.Add(-50 * time.Second)) {
		t.Errorf("set back: %v", got)
	}
}
