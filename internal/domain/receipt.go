package domain

import "crier/internal/fault"

// ReceiptState is how far a message has come to one person. It only rises.
type ReceiptState string

// The states, in order.
const (
	Queued       ReceiptState = "queued"       // stored, waiting for a device
	Delivered    ReceiptState = "delivered"    // a device says it has it
	Displayed    ReceiptState = "displayed"    // it stood on a visible screen
	Acknowledged ReceiptState = "acknowledged" // the candidate closed or confirmed it
)

var receiptRank = map[ReceiptState]int{Queued: 0, Delivered: 1, Displayed: 2, Acknowledged: 3}

// Rank orders the states: a later one includes those before it. -1 for an unknown state.
func (s ReceiptState) Rank() int {
	if r, ok := receiptRank[s]; ok {
		return r
	}
	return -1
}

// ParseReceipt returns the state a client may report: any but queued.
func ParseReceipt(s string) (ReceiptState, error) {
	if r := ReceiptState(s); r.Rank() > 0 {
		return r, nil
	}
	return "", fault.Field("state", "state must be delivered, displayed or acknowledged, not %q", s)
}
