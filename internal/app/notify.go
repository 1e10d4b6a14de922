package app

import (
	"crier/internal/channel/email"
	"crier/internal/domain"
	"crier/internal/service/delivery"
)

// newNotifier makes who looks for staff to be mailed about replies; nil if this server sends no mails.
func (n *Node) newNotifier() *delivery.Notifier {
	if !n.Delivery.Enabled()[domain.ChannelEmail] {
		return nil
	}
	return delivery.NewNotifier(delivery.NotifierOptions{
		Store: n.Store, Presence: presence{n.hub}, Clock: n.clock, Log: n.log.With().Str("room", "notify").Logger(), Queued: n.Delivery.Wake,
	})
}

// stops ends those mails by their links.
func (n *Node) stops() delivery.Stops {
	return delivery.Stops{Store: n.Store, Tokens: email.NewTokens(n.Store.SealKey())}
}
