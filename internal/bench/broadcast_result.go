package bench

import (
	"context"
	"net/http"
	"slices"
)

// Result is what was measured. Times count from just before the POST is written.
type Result struct {
	Recipients int `json:"recipients"`
	Publishes  int `json:"publishes"`

	Delivered  int64 `json:"delivered"`    // frames of measured sendings, each once
	Lost       int64 `json:"lost"`         // of all sendings, warm-up too: frames that never came
	Duplicates int64 `json:"duplicates"`   // … that came twice
	OutOfOrder int64 `json:"out_of_order"` // … whose prev was not the screen's cursor, or whose number was not higher

	Last      Spread   `json:"last_ms"`      // until the last screen has it, per sending
	Recipient Spread   `json:"recipient_ms"` // until a screen has it, per screen and sending
	SameNode  *Spread  `json:"same_node_ms,omitempty"`
	OtherNode *Spread  `json:"other_node_ms,omitempty"` // screens on the nodes that did not get the POST
	Commit    Spread   `json:"commit_ms"`               // until the sender has read the answer, which follows COMMIT
	Memory    *float64 `json:"rss_kb_per_conn"`         // of all nodes; null when their processes are not ours
	LimitLast *Spread  `json:"limit_last_ms,omitempty"` // the raw writer: until the last socket has it
	RatioLast *float64 `json:"ratio_last_p50,omitempty"`

	Nodes        int    `json:"nodes"`
	Database     string `json:"database"` // sqlite, postgres; empty for a node that ran already
	Broker       string `json:"broker"`   // local, redis; likewise
	FrameBytes   int    `json:"frame_bytes"`
	Receipts     string `json:"receipts"`
	Disconnected int64  `json:"disconnected"` // screens that the server closed
	Refused      int64  `json:"refused"`      // receipts answered with an error
	BoardAgrees  bool   `json:"board_agrees"` // the delivery board shows every measured sending with its recipients, and as delivered if there were receipts
	ChainOK      bool   `json:"chain_ok"`     // the journal's verification found every entry in order
}

func (b *run) result(ctx context.Context, memory *float64) (*Result, error) {
	t, all := &b.reader.tally, int64(b.Recipients)*int64(b.sent)
	r := &Result{
		Recipients: b.Recipients, Publishes: b.Publishes, Delivered: int64(len(b.times.each)),
		Lost:       all - (t.messages.Load() - t.duplicates.Load() - t.foreign.Load()),
		Duplicates: t.duplicates.Load(), OutOfOrder: t.outOfOrder.Load(),
		Last: spread(b.times.last), Recipient: spread(b.times.each), Commit: spread(b.times.commit), Memory: memory,
		Nodes: len(b.servers), FrameBytes: b.size, Receipts: b.Receipts, Disconnected: t.closed.Load(), Refused: t.refused.Load(),
	}
	if len(b.servers) > 1 {
		same, other := spread(b.times.same), spread(b.times.other)
		r.SameNode, r.OtherNode = &same, &other
	}
	if b.raw != nil {
		limit := spread(b.times.limit)
		over := ratio(r.Last.P50, limit.P50)
		r.LimitLast, r.RatioLast = &limit, &over
	}
	if b.URL == "" {
		r.Database, r.Broker = "sqlite", "local"
		if b.Servers.Database != "" {
			r.Database = "postgres"
		}
		if b.Redis != "" {
			r.Broker = "redis"
		}
	}
	var err error
	if r.BoardAgrees, err = b.board(ctx); err != nil {
		return nil, err
	}
	var chain struct {
		OK bool `json:"ok"`
	}
	if err := b.rest().call(ctx, http.MethodGet, "/log/verify", nil, &chain); err != nil {
		return nil, err
	}
	r.ChainOK = chain.OK
	b.say("last screen p50 %.2f ms, p99 %.2f; answered p50 %.2f ms; %d lost, %d twice, %d out of order", r.Last.P50, r.Last.P99, r.Commit.P50, r.Lost, r.Duplicates, r.OutOfOrder)
	if r.LimitLast != nil {
		b.say("raw writer p50 %.2f ms, p99 %.2f: ratio %.2f", r.LimitLast.P50, r.LimitLast.P99, *r.RatioLast)
	}
	return r, nil
}

// board asks the delivery board whether it agrees.
func (b *run) board(ctx context.Context) (bool, error) {
	agrees := true
	for _, id := range slices.Compact(b.ids) {
		var out struct {
			Broadcast struct {
				Counts struct {
					Recipients int `json:"recipients"`
					Delivered  int `json:"delivered"`
				} `json:"counts"`
			} `json:"broadcast"`
		}
		if err := b.rest().call(ctx, http.MethodGet, "/broadcasts/"+id, nil, &out); err != nil {
			return false, err
		}
		c := out.Broadcast.Counts
		if c.Recipients != b.Recipients || b.Receipts != ReceiptsNone && c.Delivered != b.Recipients {
			b.say("the board shows %d recipients and %d delivered for sending %s", c.Recipients, c.Delivered, id)
			agrees = false
		}
	}
	return agrees, nil
}
