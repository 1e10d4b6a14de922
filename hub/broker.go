package hub

import "context"

// Broker carries small messages between nodes. It may lose, delay or double them: the
// hub relies on it for speed alone. Every implementation passes the suite in
// hub/brokertest.
type Broker interface {
	// Publish sends payload to all subscribers of the channel, this node's own included. It
	// returns within ctx's deadline.
	Publish(ctx context.Context, channel string, payload []byte) error
	// Subscribe delivers the channel's messages to h until the subscription is closed. It
	// does not wait for the subscription to stand and reconnects by itself.
	Subscribe(channel string, h Handler) Subscription
	// Close ends all subscriptions.
	Close() error
}

// Handler hears a subscription. Its methods are called from one goroutine and must not
// wait.
type Handler interface {
	Subscribed()            // the subscription stands, or stands again: messages may have been missed before
	Message(payload []byte) // payload is the handler's to keep
	Lost(err error)         // the subscription does not stand now
}

// Subscription is a standing wish to hear a channel.
type Subscription interface {
	// Close ends it; no handler method is called after Close returns.
	Close()
}
