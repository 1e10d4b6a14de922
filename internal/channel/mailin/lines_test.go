package mailin

import (
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/fault"
)

// heard collects refusals.
type heard struct {
	mu   sync.Mutex
	list []Refusal
}

func (h *heard) add(r Refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, r)
}

func (h *heard) reasons() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, r := range h.list {
		out = append(out, string(r.Why)+" "+r.To)
	}
	return strings.Join(out, ", ")
}

// TestLongLines takes lines as long as a mail may be, in the body; the line of a command
// stays short.
func TestLongLines(t *testing.T) {
	for name, lmtp := range map[string]bool{"lmtp": true, "smtp": false} {
		t.Run(name, func(t *testing.T) {
			d := &desk{}
			h := &heard{}
			at := serve(t, Options{LMTP: lmtp, Receiver: d, Refused: h.add})
			c := dial(t, at, "127.0.0.1")
			c.want("220")
			c.say(map[bool]string{true: "LHLO x", false: "EHLO x"}[lmtp], "250")
			for i, n := range []int{4001, 70 << 10, 900 << 10} {
				for _, encoding := range []string{"7bit", "8bit"} {
					c.say("MAIL FROM:<sara@example.org>", "250")
					c.say("RCPT TO:<"+one+">", "250")
					c.say("DATA", "354")
					c.say("Content-Transfer-Encoding: "+encoding+"\r\n"+head+"\r\n"+strings.Repeat("word ", n/5)+"\r\n.", "250")
					if got := d.got[len(d.got)-1].Mail.Reply; len(got) < min(n-10, textMost-10) {
						t.Errorf("%d %s: %d bytes of the text are read", i, encoding, len(got))
					}
				}
			}
			c.say("MAIL FROM:<sara@example.org>", "250")
			c.say("RCPT TO:<"+one+">", "250")
			c.say("DATA", "354")
			c.say(head+"\r\n"+strings.Repeat("a", 1100<<10)+"\r\n.", "552")
			if got := h.reasons(); got != "too_large "+one {
				t.Errorf("refused: %s", got)
			}
			if _, err := c.conn.Write([]byte("MAIL FROM:<" + strings.Repeat("a", 200<<10))); err == nil {
				c.want("421")
			}
		})
	}
}

// TestRefusalsAreHeard: whatever is refused is told to whoever counts it.
func TestRefusalsAreHeard(t *testing.T) {
	d := &desk{fail: map[string]error{two: fault.New(fault.RateLimited, "too many"), three: fault.New(fault.Unavailable, "away")}}
	h := &heard{}
	at := serve(t, Options{LMTP: true, Receiver: d, Refused: h.add, Timeout: time.Minute})
	c := dial(t, at, "127.0.0.1")
	c.want("220")
	c.say("LHLO x", "250")
	c.say("MAIL FROM:<sara@example.org>", "250")
	c.say("RCPT TO:<nobody@mail.example.org>", "550")
	for _, to := range []string{one, two, three} {
		c.say("RCPT TO:<"+to+">", "250")
	}
	c.say("DATA", "354")
	c.say(head+"\r\nYes\r\n.", "250")
	c.want("451 4.7.1 <" + two)
	c.want("451 4.3.0 <" + three)
	c.say("MAIL FROM:<sara@example.org>", "250")
	c.say("RCPT TO:<"+one+">", "250")
	c.say("DATA", "354")
	c.say(OwnHeader+": 1\r\n"+head+"\r\nround\r\n.", "554")
	if got, want := h.reasons(), "address , limit "+two+", later "+three+", loop "+one; got != want {
		t.Errorf("refused: %s, want %s", got, want)
	}
}
