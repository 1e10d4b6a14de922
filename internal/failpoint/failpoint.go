// Package failpoint lets a test end a node at an exact place, as a crash would. In a
// node that was not asked to die it does nothing and costs one comparison.
package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Env names the place to die at: "name", or "name:3" for the third time it is passed.
const Env = "CRIER_FAILPOINT"

// The places.
const (
	BeforeCommit = "broadcast.before_commit" // the sending is written, its transaction is open
	AfterCommit  = "broadcast.after_commit"  // the sending is durable, nobody has been told
	BeforeExpand = "broadcast.before_expand" // the screens may have it, its message rows are not made

	MessageBeforeCommit = "message.before_commit" // messages are written, their transaction is open
	MessageAfterCommit  = "message.after_commit"  // a message is durable, nobody has been told

	ExportAmid           = "export.amid"            // an export's .zip is begun, and about to hold a file
	DeliveryAfterClaim   = "delivery.after_claim"   // copies are claimed, nothing has been handed over
	DeliveryAfterSend    = "delivery.after_send"    // a provider has said yes, nothing is recorded
	DeliveryBeforeCommit = "delivery.before_commit" // what became of copies is written, its transaction is open
)

// plan is what the environment asks for. The zero plan never dies.
type plan struct {
	name string
	left atomic.Int64 // times the place is still to be passed, the deadly one included
}

var planned = newPlan(os.Getenv(Env))

// newPlan reads "name" or "name:N"; an N that is no positive number counts as 1.
func newPlan(text string) *plan {
	name, times, _ := strings.Cut(text, ":")
	p := &plan{name: name}
	n, err := strconv.ParseInt(times, 10, 32)
	if err != nil || n < 1 {
		n = 1
	}
	p.left.Store(n)
	return p
}

// due reports whether passing name now is the deadly time.
func (p *plan) due(name string) bool {
	return p.name != "" && p.name == name && p.left.Add(-1) == 0
}

// Hit kills this process with SIGKILL if the environment asked for that here, and does
// not return then. Nothing is written, flushed or closed.
func Hit(name string) {
	if !planned.due(name) {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}
