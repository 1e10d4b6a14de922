package hub_test

import "time"

// pass lets time go by inside a synctest bubble: the bubble's clock moves on, nobody
// waits.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
}
