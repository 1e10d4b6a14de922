// Package app wires a node: the one place where store, hub, services, gateway and
// API meet.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"crier/hub"
	"crier/internal/auth"
	"crier/internal/blob"
	"crier/internal/channel/sms"
	"crier/internal/clock"
	"crier/internal/config"
	"crier/internal/cursor"
	"crier/internal/domain"
	"crier/internal/gateway"
	"crier/internal/journal"
	"crier/internal/limit"
	"crier/internal/service/access"
	"crier/internal/service/attachment"
	"crier/internal/service/broadcast"
	"crier/internal/service/conversation"
	"crier/internal/service/delivery"
	"crier/internal/service/desk"
	"crier/internal/service/inbound"
	"crier/internal/service/inbox"
	"crier/internal/service/monitor"
	"crier/internal/service/people"
	"crier/internal/service/record"
	"crier/internal/service/roster"
	"crier/internal/service/schedule"
	"crier/internal/service/settings"
	"crier/internal/service/team"
	"crier/internal/telemetry"
	"crier/store"
)

// Node is an opened node: its services work; it listens only while it serves.
type Node struct {
	Access    *access.Service
	Roster    *roster.Service
	Broadcast *broadcast.Service
	Inbox     *inbox.Service
	Monitor   *monitor.Service
	Record    *record.Service
	Schedule  *schedule.Service
	Settings  *settings.Service
	Files     *attachment.Service
	Desk      *desk.Service
	People    *people.Service
	Team      *team.Service
	Delivery  *delivery.Service
	Notifier  *delivery.Notifier
	Inbound   *inbound.Service
	Store     *store.Store

	Conversation *conversation.Service
	Live         *conversation.Live // of Conversation

	cfg      config.Config
	log      zerolog.Logger
	clock    clock.Clock
	sealer   *cursor.Sealer
	hub      *hub.Hub
	feed     *gateway.Feed                   // what the hub reads
	sockets  atomic.Pointer[gateway.Gateway] // nil until the node serves
	broker   hub.Broker
	limits   limit.Limiter
	blobs    blob.Store
	scanner  attachment.Scanner // nil: files are not scanned
	receipts *inbox.Recorder
	expander *broadcast.Expander
	metrics  *telemetry.Metrics
	stopping atomic.Bool
}

// Options change what tests and measurements need changed. The zero value is a
// node as it runs in production.
type Options struct {
	Clock   clock.Clock       // default: the machine's
	Limiter broadcast.Limiter // how fast staff send; default: limit.Sendings
	// Writers bounds how fast candidates write; default: limit.Messages.
	Writers conversation.Limiter
	// Batch bounds how many messages of conversations one transaction holds; default: the
	// service's own.
	Batch int
	// Demo is for demo data: the database is marked, and one that holds other data is refused.
	Demo bool
	// DSN is the database; default: the one that the configuration names. A test can so have
	// PostgreSQL with what the embedded database alone has, such as the Outbox page.
	DSN string
	// PushClient takes the requests to push services; default: one that reaches public addresses alone.
	PushClient *http.Client
}

// Open opens the database named by cfg, brings its schema up to date and builds the
// services. Close it, or let Serve do so.
func Open(ctx context.Context, cfg config.Config, log zerolog.Logger, o Options) (*Node, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	st, err := openStore(ctx, cfg, log, o)
	if err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, log: log, clock: o.Clock, Store: st, metrics: telemetry.NewMetrics()}
	if err := st.Migrate(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if o.Demo {
		if err := st.MarkDemo(ctx); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	at, err := redisOptions(cfg)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	n.broker = openBroker(at, log)
	n.openLimits(at, &o)
	if n.blobs, n.scanner, err = openFiles(cfg); err != nil {
		return nil, errors.Join(err, n.broker.Close(), st.Close())
	}
	n.build(o)
	if err := n.openDelivery(ctx, o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	n.listen()
	return n, nil
}

// openLimits makes the limiter over the Redis at at, in this process if there is none, and
// fills in what o leaves open.
func (n *Node) openLimits(at *redis.UniversalOptions, o *Options) {
	n.limits = limit.NewLocal(o.Clock)
	if at != nil {
		n.limits = limit.NewRedis(at, n.Store.Epoch(), o.Clock)
	}
	if o.Limiter == nil {
		o.Limiter = limit.For(n.limits, limit.Sendings)
	}
	if o.Writers == nil {
		o.Writers = limit.For(n.limits, limit.Messages)
	}
}

// Migrate brings the schema of the database named by cfg up to date.
func Migrate(ctx context.Context, cfg config.Config, log zerolog.Logger) error {
	st, err := openStore(ctx, cfg, log, Options{Clock: clock.System{}})
	if err != nil {
		return err
	}
	return errors.Join(st.Migrate(ctx), st.Close())
}

func openStore(ctx context.Context, cfg config.Config, log zerolog.Logger, o Options) (*store.Store, error) {
	dsn := cfg.Database
	switch {
	case o.DSN != "":
		dsn = o.DSN
	case dsn == "":
		if err := privateFolder(cfg.Data); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
		dsn = "sqlite:" + filepath.Join(cfg.Data, "crier.db")
	}
	return store.Open(ctx, store.Options{DSN: dsn, Clock: o.Clock, Log: log.With().Str("room", "store").Logger(), Number: sms.Number})
}

// privateFolder makes the data folder, for the server's own user alone. One that is there already is
// changed only if it holds nothing but Crier's files: it may be a folder that others use.
func privateFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	known := []string{"crier.db", "crier.db-wal", "crier.db-shm", "crier.db-journal", "files", "demo"}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) {
			return nil
		}
	}
	if err := os.Chmod(path, 0o700); err != nil && !errors.Is(err, os.ErrPermission) { // another user's
		return err
	}
	return nil
}

// catchUps is how many connections may be catching up at once. Those that have missed nothing share
// statements (gateway.Feed), so that they are many.
const catchUps = 1024

// build makes the services over the store, and the hub over the store's journals.
func (n *Node) build(o Options) {
	n.sealer = cursor.NewSealer(n.Store.SealKey())
	n.feed = gateway.NewFeed(n.Store, n.sealer)
	n.hub = hub.New(hub.Options{
		Node: nodeName(), Epoch: n.Store.Epoch(), Key: n.sealer.Key("letters between nodes"), Clock: n.clock, Log: n.log.With().Str("room", "hub").Logger(),
		Presence: n.presenceChanged, Entry: n.entryFollowed, Status: n.statusChanged, CatchUps: catchUps,
	}, n.feed, n.feed, n.sealer, n.broker)
	seen := presence{n.hub}
	hasher := auth.NewHasher(0).Keyed(n.sealer.Key("codes"))
	limits := n.cfg.Limits()

	n.expander = broadcast.NewExpander(n.expand, 0, n.log)
	n.receipts = inbox.NewRecorder(inbox.RecorderOptions{Store: n.Store, Clock: n.clock, Log: n.log})
	n.Access = access.New(access.Deps{
		Store: n.Store, Hasher: hasher, Clock: n.clock, Log: n.log, SessionLength: n.cfg.SessionLength, Limits: limits,
		Secret: n.Store.SealKey(),
	})
	n.Roster = roster.New(roster.Deps{Store: n.Store, Hasher: hasher, Clock: n.clock, Limits: limits})
	n.Monitor = monitor.New(monitor.Deps{Store: n.Store, Presence: seen, Publisher: publisher{n.hub}, Clock: n.clock, Log: n.log})
	n.Broadcast = broadcast.New(broadcast.Options{
		Store: n.Store, Presence: seen, Sealer: n.sealer, Clock: n.clock, Limits: limits, Limiter: o.Limiter,
		CheckReach: n.checkReach,
	})
	n.Conversation = conversation.New(conversation.Options{
		Store: n.Store, Presence: seen, Sealer: n.sealer, Clock: n.clock, Log: n.log.With().Str("room", "conversation").Logger(), Limits: limits,
		Limiter: o.Writers, Batch: o.Batch, CheckReach: n.checkReach,
		Read: func(org domain.OrganisationID, staff domain.PersonNo, people []domain.PersonID, unread bool) {
			n.Live.Read(org, staff, people, unread)
		},
	})
	n.Live = conversation.NewLive(n.Conversation, n.Store, publisher{n.hub})
	n.Inbox = inbox.New(n.Store, n.sealer, n.receipts)
	n.Record = record.New(n.Store, n.sealer)
	n.Team = team.New(team.Deps{Store: n.Store, Presence: seen, Pages: pages{n.hub}, Sealer: n.sealer, Clock: n.clock, Limits: limits})
	n.Desk = desk.New(n.Store, seen, n.sealer)
	n.People = people.New(n.Store, seen, n.sealer)
	n.Schedule = schedule.New(schedule.Deps{
		Store: n.Store, Writer: n.Conversation, Limiter: o.Writers, Sealer: n.sealer, Clock: n.clock, Limits: limits,
	})
	n.Files = attachment.New(attachment.Options{
		Store: n.Store, Blobs: n.blobs, Scanner: n.scanner, Pages: everywhere{n.hub}, Sealer: n.sealer, Clock: n.clock,
		Log: n.log.With().Str("room", "attachment").Logger(), Limit: int64(n.cfg.MaxFile),
		OpenLink: n.openLink,
	})
	n.Settings = settings.New(settings.Deps{Store: n.Store, Clock: n.clock, Limits: limits})
}

// Close ends an opened node that does not serve.
func (n *Node) Close() error {
	err := errors.Join(n.broker.Close(), n.Store.Close(), n.blobs.Close())
	if r, ok := n.limits.(*limit.Redis); ok {
		err = errors.Join(err, r.Close())
	}
	return err
}

// listen ties the listeners of the table of kinds to what they do: the one list, in the order in
// which they hear of an entry.
func (n *Node) listen() {
	b := n.Store.Bus()
	b.Listen(journal.Committed, journal.Access, n.Access.Invalidate)
	b.Listen(journal.Committed, journal.Delivery, n.Delivery.Entry)
	b.Listen(journal.Committed, journal.Hub, n.committed)
	b.Listen(journal.Committed, journal.Expansion, n.expander.Entry)
	b.Listen(journal.Committed, journal.Receipts, n.measureReceipts)

	b.Listen(journal.Followed, journal.Access, n.Access.Invalidate)
	b.Listen(journal.Followed, journal.Monitor, n.Monitor.Entry)
	b.Listen(journal.Followed, journal.Team, n.Team.Entry)
	b.Listen(journal.Followed, journal.Conversations, n.Live.Entry)
	// After Access: whoever is connected again is looked up anew.
	b.Listen(journal.Followed, journal.Connections, n.reconnect)
	b.Listen(journal.Followed, journal.Standing, n.standing)
}

// committed has the hub send an entry of this node, here and to the other nodes.
func (n *Node) committed(e *journal.Entry) {
	n.hub.Committed(int64(e.Organisation), gateway.EntryOf(e))
}

// standing passes an entry to the gateway, which is there while the node serves.
func (n *Node) standing(e *journal.Entry) {
	if g := n.sockets.Load(); g != nil {
		g.Entry(e)
	}
}

// nodeName is this process's name among the nodes: the machine's, made unique.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + rand.Text()[:8]
}
