package inbound

import (
	"context"

	"crier/internal/channel"
)

// Answered returns once all that was to be answered until now is.
func (s *Service) Answered() {
	done := make(sentinel)
	s.answers <- answer{by: done}
	<-done
}

type sentinel chan struct{}

// Name implements channel.Sender.
func (c sentinel) Name() string { return "sentinel" }

// Send implements channel.Sender.
func (c sentinel) Send(context.Context, channel.Outgoing) (channel.Accepted, error) {
	close(c)
	return channel.Accepted{}, nil
}
