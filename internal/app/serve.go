package app

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"crier/internal/api"
	"crier/internal/config"
	"crier/internal/fault"
	"crier/internal/gateway"
	"crier/internal/limit"
	"crier/internal/protocol"
	"crier/web"
)

// Run opens a node and serves until ctx ends, then stops it gracefully. ready, if not
// nil, is called once with the address it listens on.
func Run(ctx context.Context, cfg config.Config, log zerolog.Logger, ready func(addr net.Addr)) error {
	n, err := Open(ctx, cfg, log, Options{})
	if err != nil {
		return err
	}
	demo, err := n.Store.IsDemo(ctx)
	if err == nil && demo {
		err = fault.New(fault.Conflict, "this database holds the demo's data, whose passwords everyone knows; "+
			"run crier demo, or give --data or --database for data of your own")
	}
	if err != nil {
		return errors.Join(err, n.Close())
	}
	return n.Serve(ctx, ready)
}

// Times of a stop.
const (
	emptyTime    = 5 * time.Second  // for the last sockets to go after the drain
	shutdownTime = 10 * time.Second // for open requests to be answered
	flushTime    = 5 * time.Second  // for receipts to be written
)

// Serve listens and serves until ctx ends; then it says so to the load balancer,
// sends the sockets elsewhere, answers what is open, writes the receipts it holds and
// closes the node.
func (n *Node) Serve(ctx context.Context, ready func(addr net.Addr)) (err error) {
	defer func() { err = errors.Join(err, n.Close()) }()
	proxies, err := n.cfg.TrustedProxies()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", n.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	origins := n.cfg.PublicOrigins(listener.Addr())
	sockets := gateway.New(gateway.Options{Origins: origins, Cookie: api.SessionCookie(n.cfg.CookiesSecure()), Clock: n.clock, Log: n.log.With().Str("room", "gateway").Logger()},
		n.hub, n.Access, n.receipts, n.Monitor, n.Live, n.feed, n.sealer)
	n.sockets.Store(sockets)
	rest, err := api.New(api.Options{
		Access: n.Access, Roster: n.Roster, Broadcast: n.Broadcast, Inbox: n.Inbox, Monitor: n.Monitor, Record: n.Record, Schedule: n.Schedule, Settings: n.Settings, Attachment: n.Files, Team: n.Team, Desk: n.Desk, People: n.People, Conversation: n.Conversation, Delivery: n.Delivery, Unmatched: n.Inbound, Originals: n.Inbound, Webhooks: n.Inbound, Pushes: n.Delivery, Outbox: n.outbox(), Stops: n.stops(), Downloads: n.Files,
		Log: n.log.With().Str("room", "api").Logger(), Clock: n.clock, Origins: origins, Proxies: proxies, SecureCookies: n.cfg.CookiesSecure(), CSPReport: n.cfg.CSPReport,
		Web: web.Dist(), AsyncAPI: protocol.Description, Ready: n.Ready,
		Degraded: func() bool { return n.hub.Stats().Degraded },
		Reads:    limit.For(n.limits, limit.Reads), Tickets: limit.For(n.limits, limit.Tickets), Observe: n.metrics.Request,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/socket", sockets)
	mux.Handle("/", progressing(rest, stallTime))
	server := n.server(mux)
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	admin, err := n.admin(ctx, failed)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	mails, err := n.listenMail(ctx)
	if err != nil {
		within(shutdownTime, func(c context.Context) { err = errors.Join(err, mails.close(c)) })
		return errors.Join(err, server.Close())
	}

	if os.Getenv("GOGC") == "" {
		// Idle sockets are long-lived and small: collecting at half the usual growth keeps
		// a node with many of them lean.
		debug.SetGCPercent(50)
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	n.hub.Start()
	n.expander.Start(work)
	n.receipts.Start(work)
	n.Monitor.Start(work)
	n.Live.Start(work)
	n.Files.Start(work)
	n.Delivery.Start(work)
	n.Notifier.Start(work)
	n.Inbound.Start(work)
	n.Access.Start(work)
	n.log.Info().Str("addr", listener.Addr().String()).Strs("origins", origins).Msg("serving")
	if ready != nil {
		ready(listener.Addr())
	}

	select {
	case <-ctx.Done():
	case err = <-failed:
		n.log.Error().Err(err).Msg("the server ended by itself")
	}
	n.stopping.Store(true)
	n.log.Info().Msg("stopping")
	sockets.Refuse()
	n.hub.Drain(n.cfg.DrainTime)
	within(n.cfg.DrainTime+emptyTime, n.hub.Empty)
	within(shutdownTime, func(c context.Context) { err = errors.Join(err, server.Shutdown(c)) })
	within(shutdownTime, func(c context.Context) { err = errors.Join(err, mails.close(c)) })
	n.Inbound.Stop()
	sockets.Stop()
	within(flushTime, func(c context.Context) { err = errors.Join(err, n.receipts.Stop(c), n.Conversation.Stop(c)) })
	n.Notifier.Stop()
	within(flushTime, func(c context.Context) { err = errors.Join(err, ignoreDeadline(n.Delivery.Stop(c))) })
	n.Access.Stop()
	n.Live.Stop()
	n.Files.Stop()
	n.Monitor.Stop()
	n.expander.Stop()
	n.hub.Stop()
	within(flushTime, func(c context.Context) { err = errors.Join(err, ignoreDeadline(n.feed.Stop(c))) })
	if admin != nil {
		err = errors.Join(err, admin.Close())
	}
	n.log.Info().Msg("stopped")
	return err
}

// Ready says whether this node should get requests.
func (n *Node) Ready(ctx context.Context) error {
	if n.stopping.Load() {
		return fault.New(fault.Unavailable, "this node is stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return n.Store.Ping(ctx)
}

func (n *Node) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: stdlog.New(serverLog{n.log}, "", 0), //nolint:forbidigo // the only type net/http takes; it ends in zerolog
	}
}

// admin serves metrics and profiles on their own address, nil when there is none.
func (n *Node) admin(ctx context.Context, failed chan<- error) (*http.Server, error) {
	if n.cfg.AdminAddr == "" {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", n.cfg.AdminAddr)
	if err != nil {
		return nil, fmt.Errorf("listen for the admin address: %w", err)
	}
	n.measure()
	server := n.server(n.metrics.Admin())
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	n.log.Info().Str("addr", listener.Addr().String()).Msg("serving metrics and profiles")
	return server, nil
}

// measure adds what the hub knows to the metrics.
func (n *Node) measure() {
	m := n.metrics
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	m.Gauge("crier_connections", "Sockets open on this node.", func() float64 { return float64(n.hub.Stats().Connections) })
	m.Gauge("crier_followed_journals", "Organisations with sockets on this node.", func() float64 { return float64(n.hub.Stats().Followers) })
	m.Gauge("crier_broker_degraded", "1 while the other nodes are not heard.", func() float64 { return truth(n.hub.Stats().Degraded) })
	m.Gauge("crier_store_down", "1 while the database cannot be reached.", func() float64 { return truth(n.hub.Stats().StoreDown) })
	m.Counter("crier_catch_up_pages_total", "Pages of missed messages read for connections.", func() float64 { return float64(n.hub.Stats().CatchUps) })
	m.Counter("crier_journal_pages_total", "Pages of the journal read because the broker had not brought the entry.", func() float64 { return float64(n.hub.Stats().JournalReads) })
	m.Counter("crier_overflows_total", "Connections that were too slow and fell back to the journal.", func() float64 { return float64(n.hub.Stats().Overflows) })
	m.Counter("crier_bells_lost_total", "Doorbells that could not be rung.", func() float64 { return float64(n.hub.Stats().BellsLost) })
	m.Counter("crier_signals_lost_total", "Signals (who types, who looks) that other nodes did not get.", func() float64 { return float64(n.hub.Stats().SignalsLost) })
	if r, ok := n.limits.(*limit.Redis); ok {
		m.Counter("crier_limits_alone_total", "Times that Redis did not answer and this node's own rate limits held.", func() float64 { return float64(r.Failures()) })
	}
	m.Counter("crier_letters_refused_total", "Letters through the broker that were forged, altered, old or repeated.", func() float64 { return float64(n.hub.Stats().Refused) })
	m.Counter("crier_subscriptions_rebuilt_total", "Subscriptions rebuilt because they had gone deaf.", func() float64 { return float64(n.hub.Stats().Rebuilt) })
	m.Counters("crier_inbound_refused_total", "Requests and mails that came in and were refused.", []string{"source", "reason"}, func(add func(v float64, labels ...string)) {
		for k, n := range n.Inbound.RefusalTotals() {
			add(float64(n), string(k.Source), string(k.Reason))
		}
	})
}

// ignoreDeadline drops the error of copies that were still in hand: they go again when their lease is over.
func ignoreDeadline(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// within runs f with a deadline of its own.
func within(d time.Duration, f func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	f(ctx)
}

// serverLog takes what net/http would print.
type serverLog struct{ log zerolog.Logger }

// Write implements io.Writer.
func (l serverLog) Write(p []byte) (int, error) {
	l.log.Debug().Str("room", "http").Msg(string(p))
	return len(p), nil
}
