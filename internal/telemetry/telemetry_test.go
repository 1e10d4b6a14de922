package telemetry

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLevelAndFormat(t *testing.T) {
	var b bytes.Buffer
	l := NewLogger(&b, "warn", "json")
	l.Info().Msg("quiet")
	l.Warn().Msg("loud")
	if got := b.String(); strings.Contains(got, "quiet") || !strings.Contains(got, `"message":"loud"`) {
		t.Errorf("log is %q", got)
	}
	b.Reset()
	text := NewLogger(&b, "", "text")
	text.Info().Msg("shown")
	if got := b.String(); !strings.Contains(got, "shown") || strings.HasPrefix(got, "{") {
		t.Errorf("text log is %q", got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAFailingLogFailsNobody(t *testing.T) {
	if n, err := (unfailing{broken{}}).Write([]byte("abc")); n != 3 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestAdminServesWhatWasCounted(t *testing.T) {
	m := NewMetrics()
	m.Request(http.MethodGet, "/api/v1/tests", 200, 3*time.Millisecond)
	m.ReceiptBatch(12)
	m.Gauge("crier_connections", "Live sockets.", func() float64 { return 42 })
	w := httptest.NewRecorder()
	m.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{`crier_http_request_seconds_count{method="GET",route="/api/v1/tests",status="200"} 1`, "crier_receipts_batch_size_sum 12", "crier_connections 42", "go_goroutines"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics lack %q", want)
		}
	}
	w = httptest.NewRecorder()
	m.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/", nil))
	if w.Code != 200 {
		t.Errorf("pprof answers %d", w.Code)
	}
	// Flags may hold secrets.
	for _, path := range []string{"/debug/pprof/cmdline", "/debug/vars"} {
		w = httptest.NewRecorder()
		m.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != 404 || strings.Contains(w.Body.String(), os.Args[0]) {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
}
