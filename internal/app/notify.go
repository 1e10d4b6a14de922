package app

import (
	"crier/internal/channel/email"
	"crier/internal/service/delivery"
)

// newNotifier makes who looks for staff to be mailed about replies.
func (n *Node) newNotifier() *delivery.Notifier {
	return delivery.NewNotifier(delivery.NotifierOptions{
		Store: n.Store, Presence: presence{n.hub}, Clock: n.clock, Log: n.log.With().Str("room", "notify").Logger(), Queued: n.Delivery.Wake,
	})
}

// stops ends those mails by their links.
func (n *Node) stops() delivery.Stops {
	return delivery.Stops{Store: n.Store, Tokens: email.NewTokens(n.Store.SealKey())}
}
