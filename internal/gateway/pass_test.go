package gateway

import "time"

// pass lets time go by in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }
