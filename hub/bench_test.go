package hub_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crier/hub"
)

// sink is a socket that takes everything and counts it.
type sink struct {
	frames *atomic.Int64 // all sockets' frames, by size
	size   int64         // of one frame
	done   func(left int64)
}

func (s *sink) TryWrite(p []byte) (int, error) {
	if int64(len(p)) >= s.size {
		s.done(s.frames.Add(-int64(len(p)) / s.size))
	}
	return len(p), nil
}
func (s *sink) Write([]byte) error { return nil }
func (s *sink) Close(int, string)  {}

// BenchmarkDispatch writes bursts of messages to all connections, from Committed until the
// last socket has the last frame; what the kernel takes for a write is not in it.
func BenchmarkDispatch(b *testing.B) {
	for _, conns := range []int64{1500, 10_000} {
		for _, burst := range []int{1, 100} {
			b.Run(fmt.Sprintf("conns=%d/burst=%d", conns, burst), func(b *testing.B) { benchmarkDispatch(b, conns, burst) })
		}
	}
}

func benchmarkDispatch(b *testing.B, conns int64, burst int) {
	j := newJournal()
	h := hub.New(hub.Options{Node: "bench", Compare: time.Hour, Beat: time.Hour, Silence: time.Hour}, j, mute{j}, still{}, hub.NewLocal())
	h.Start()
	defer h.Stop()
	people := make([]int64, conns)
	for i := range people {
		people[i] = int64(i)
	}
	message := sending{People: people, Body: strings.Repeat("x", 300)}
	var left atomic.Int64
	last := make(chan struct{}, 1)
	done := func(n int64) {
		if n == 0 {
			last <- struct{}{}
		}
	}
	var attached sync.WaitGroup
	for _, person := range people {
		s := &sink{frames: &left, size: int64(len(message.frame().Bytes())), done: done}
		attached.Go(func() { h.Attach(s, hub.Identity{Org: acme, Person: person, Stream: true}, 0, false) })
	}
	attached.Wait()
	for h.Stats().CatchUps < conns { // each reads one empty page, then it is live
		pass(time.Millisecond)
	}
	pass(10 * time.Millisecond)
	offset := int64(0)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		left.Store(conns * int64(burst))
		for range burst {
			offset++
			message.Offset = offset
			h.Committed(acme, hub.Entry{Offset: offset, Value: message})
		}
		<-last
	}
	frames := float64(b.N) * float64(conns) * float64(burst)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/frames, "ns/frame")
}

// still stamps as fast as can be, so that the hub alone is measured; internal/cursor has
// its own benchmark.
type still struct{}

func (still) Stamp(dst []byte, _, _, _ int64) { copy(dst, "0000000000000000000000") }
