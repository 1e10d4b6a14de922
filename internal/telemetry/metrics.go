package telemetry

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is one node's registry. Names begin with crier_, times are seconds.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	receipts prometheus.Histogram
}

// NewMetrics returns a registry with the process's own metrics and those of
// HTTP and receipts; the rest is added by Gauge and Counter from whoever knows it.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "crier_http_request_seconds", Help: "Time to answer a request, by route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
		receipts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "crier_receipts_batch_size", Help: "Receipts written by one statement.",
			Buckets: []float64{1, 3, 10, 30, 100, 300, 1000, 3000},
		}),
	}
	m.registry.MustRegister(m.requests, m.receipts, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts one answered request. Route is the template, never the path.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// ReceiptBatch counts one written batch of n receipts.
func (m *Metrics) ReceiptBatch(n int) { m.receipts.Observe(float64(n)) }

// Gauge adds a value read at every scrape. It panics on a name used twice.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Counter adds an ever growing value read at every scrape. It panics on a name
// used twice.
func (m *Metrics) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
}

// Counters adds ever growing values with labels, read at every scrape: read calls add for each.
func (m *Metrics) Counters(name, help string, labels []string, read func(add func(v float64, labels ...string))) {
	m.registry.MustRegister(labelled{prometheus.NewDesc(name, help, labels, nil), read})
}

// labelled is a collector of counters whose labels are known only when they are read.
type labelled struct {
	desc *prometheus.Desc
	read func(add func(v float64, labels ...string))
}

// Describe implements prometheus.Collector.
func (l labelled) Describe(to chan<- *prometheus.Desc) { to <- l.desc }

// Collect implements prometheus.Collector.
func (l labelled) Collect(to chan<- prometheus.Metric) {
	l.read(func(v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(l.desc, prometheus.CounterValue, v, labels...)
	})
}

// Admin serves /metrics and /debug/pprof/, without cmdline: flags may hold secrets. Give it a
// private address: neither of them
// asks who is there.
func (m *Metrics) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
