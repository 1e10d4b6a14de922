package attachment

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/blob"
	"crier/internal/blob/blobtest"
	"crier/internal/domain"
)

// made is a place whose files are made as they are read, 10 MB each, and that counts what
// is put: neither the disk nor the fake takes part in the measurement.
type made struct {
	blob.Store
	put int64
}

// Get implements blob.Store.
func (m *made) Get(context.Context, string, int64, int64) (io.ReadCloser, error) {
	return io.NopCloser(blobtest.Pattern(DefaultLimit)), nil
}

// Put implements blob.Store.
func (m *made) Put(_ context.Context, _ string, r io.Reader, _ int64) (int64, error) {
	n, err := io.Copy(io.Discard, r)
	m.put += n
	return n, err
}

// TestExportMemory: 200 MB of files pass through with a heap that does not grow with them.
func TestExportMemory(t *testing.T) {
	h := one(t)
	h.attach(20)
	m := &made{Store: h.files}
	o := h.options()
	o.Blobs = m
	h.Service = New(o)
	x := h.export("planner", true, "a")
	peak := heapPeak(h.work)
	got, err := h.Service.Export(t.Context(), h.as("planner"), x.ID)
	if err != nil || got.State != domain.ExportReady || m.put < 200<<20 {
		t.Fatalf("%+v, %d bytes, %v", got, m.put, err)
	}
	t.Logf("%d MB passed; the heap grew by at most %.1f MB", m.put>>20, float64(peak)/(1<<20))
	if peak > 32<<20 {
		t.Errorf("the heap grew by %d MB", peak>>20)
	}
}

// attach sends n files of 10 MB in a's conversation, which no compression makes smaller.
func (h *office) attach(n int) {
	h.t.Helper()
	for i := range n {
		a, err := h.try("planner", Incoming{Name: fmt.Sprintf("%d.pdf", i), Size: DefaultLimit, Body: io.MultiReader(strings.NewReader("%PDF-1.7\n"), blobtest.Pattern(DefaultLimit-9))})
		h.must(err)
		h.send("planner", "Here.", a.ID)
	}
}

// heapPeak runs fn and returns by how many bytes the heap grew at most.
func heapPeak(fn func()) uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before, peak := read(), uint64(0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				peak = max(peak, read())
			}
		}
	})
	fn()
	close(stop)
	wg.Wait()
	return max(peak, before) - before
}

// BenchmarkExport makes a .zip of 200 MB of files that lie in a folder, in that folder.
func BenchmarkExport(b *testing.B) {
	if os.Getenv("CRIER_BENCH_EXPORT") == "" {
		b.Skip("set CRIER_BENCH_EXPORT=1: it writes 400 MB")
	}
	b.ReportAllocs()
	for range b.N {
		h := newOffice(b, "sqlite:"+filepath.Join(b.TempDir(), "crier.db"), "north")
		h.attach(20)
		x := h.export("planner", true, "a")
		b.ResetTimer()
		peak := heapPeak(h.work)
		b.StopTimer()
		got, err := h.Service.Export(b.Context(), h.as("planner"), x.ID)
		h.must(err)
		b.SetBytes(got.Size)
		b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
	}
}
