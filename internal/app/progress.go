package app

import (
	"net/http"
	"time"
)

// stallTime is how long the reader of an answer may take nothing before it is given up.
const stallTime = time.Minute

// progressing gives up the answer to whoever takes nothing of it for limit. An answer may take
// as long as it likes while its reader reads.
func progressing(h http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &progress{ResponseWriter: w, control: http.NewResponseController(w), limit: limit}
		p.extend() // the connection's earlier deadline is over
		h.ServeHTTP(p, r)
	})
}

// progress is a ResponseWriter whose deadline moves on with each write.
type progress struct {
	http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

// progressBytes is written under one deadline: a reader of 1 KiB a second is no stalled one.
const progressBytes = 32 << 10

// Unwrap lets http.ResponseController find the rest.
func (p *progress) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *progress) extend() {
	_ = p.control.SetWriteDeadline(time.Now().Add(p.limit)) // a writer without deadlines is a test's
}

// Write implements http.ResponseWriter.
func (p *progress) Write(b []byte) (n int, err error) {
	for {
		part := b[n:min(len(b), n+progressBytes)]
		p.extend()
		wrote, err := p.ResponseWriter.Write(part)
		if n += wrote; err != nil || n == len(b) {
			p.extend() // for what still stands in buffers
			return n, err
		}
	}
}
