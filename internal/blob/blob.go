// Package blob is where files lie: bytes under an id, in a folder or in an
// S3-compatible store. It knows nothing of what they are, whose they are or what they
// are called: names given by people never come near a path.
package blob

import (
	"context"
	"io"

	"crier/internal/fault"
)

// Store keeps bytes under ids. An id is 1–64 characters of a–z, 0–9 and "-", and is
// written once. Safe for concurrent use. Errors: Unavailable when the place cannot be
// reached or is full; NotFound for an id that is not there.
type Store interface {
	// Put stores what r gives, until EOF, and returns how many bytes that was; size is
	// how many are expected, −1 if not known. Nothing is seen under the id before all
	// of it is durable. An error of r, or another number of bytes than size, leaves
	// nothing behind and is returned.
	Put(ctx context.Context, id string, r io.Reader, size int64) (int64, error)
	// Get returns the bytes from an offset on, up to n of them (−1 = all). It reads as
	// the caller reads; the caller closes it. ctx holds for the reading too.
	Get(ctx context.Context, id string, from, n int64) (io.ReadCloser, error)
	// Size returns how many bytes are there.
	Size(ctx context.Context, id string) (int64, error)
	// Delete removes what is there. Removing what is not there is no error.
	Delete(ctx context.Context, id string) error
	// Sweep removes what unfinished Puts have left behind if they began before
	// the time, in microseconds since 1970.
	Sweep(ctx context.Context, before int64) error
	// Close ends the use of the store.
	Close() error
}

// valid reports whether id can be an id.
func valid(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func notFound(id string) error { return fault.New(fault.NotFound, "no file %s", id) }

func unavailable(err error) error {
	e := fault.Wrap(err, fault.Unavailable, "the place where files are kept cannot be reached; try again")
	e.RetryAfter = retryAfter
	return e
}

// fitting passes r on and notes how much came and whether r itself failed.
type fitting struct {
	r      io.Reader
	n      int64
	ended  bool  // r has no more
	failed error // r's own error, not EOF
}

// Read implements io.Reader.
func (f *fitting) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	f.n += int64(n)
	switch {
	case err == io.EOF: //nolint:errorlint // Readers return EOF itself
		f.ended = true
	case err != nil:
		f.failed = err
	}
	return n, err
}

// short is the error of a file that ended too early or too late.
func short(size, n int64) error {
	return fault.New(fault.Malformed, "%d bytes were announced, %d came", size, n)
}
