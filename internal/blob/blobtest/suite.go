// Package blobtest holds what every blob.Store must pass, and a fake S3 server to run
// it against.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"crier/internal/blob"
	"crier/internal/fault"
)

// Run runs the suite. open returns an empty store. large is a size in bytes that
// takes several parts where a store has parts.
func Run(t *testing.T, large int64, open func(t *testing.T) blob.Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s blob.Store)
	}{
		{"what is put is got", roundTrip},
		{"large and of unknown size", func(t *testing.T, s blob.Store) { largeFile(t, s, large) }},
		{"parts", parts},
		{"what is not there", absent},
		{"deleted", deleted},
		{"a reader that fails", func(t *testing.T, s blob.Store) { failing(t, s, large) }},
		{"another size than announced", wrongSize},
		{"a context that ends", cancelled},
		{"ids that are none", badIDs},
		{"many at once", concurrent},
		{"sweeping an empty store", func(t *testing.T, s blob.Store) {
			if err := s.Sweep(t.Context(), 1<<60); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// Pattern is n bytes that differ from place to place.
func Pattern(n int64) io.Reader { return &pattern{left: n} }

type pattern struct{ at, left int64 }

// Read implements io.Reader.
func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), p.left))
	for i := range n {
		b[i] = byte((p.at+int64(i))*2654435761>>13) ^ byte(p.at+int64(i))
	}
	p.at += int64(n)
	p.left -= int64(n)
	return n, nil
}

func put(t *testing.T, s blob.Store, id string, b []byte) {
	t.Helper()
	n, err := s.Put(t.Context(), id, bytes.NewReader(b), int64(len(b)))
	if err != nil || n != int64(len(b)) {
		t.Fatalf("put %d bytes: %d, %v", len(b), n, err)
	}
}

func get(t *testing.T, s blob.Store, id string, from, n int64) []byte {
	t.Helper()
	r, err := s.Get(t.Context(), id, from, n)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// gone fails unless nothing is under the id.
func gone(t *testing.T, s blob.Store, id string) {
	t.Helper()
	if _, err := s.Size(t.Context(), id); !fault.Is(err, fault.NotFound) {
		t.Errorf("size: %v, want not found", err)
	}
	r, err := s.Get(t.Context(), id, 0, -1)
	if err == nil {
		_, err = io.ReadAll(r)
		_ = r.Close()
	}
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("get: %v, want not found", err)
	}
}

func roundTrip(t *testing.T, s blob.Store) {
	for i, size := range []int64{0, 1, 4095, 128 << 10, 1<<20 + 7} {
		for _, announced := range []int64{size, -1} {
			id := fmt.Sprintf("file-%d-%d", i, announced+1)
			want, err := io.ReadAll(Pattern(size))
			if err != nil {
				t.Fatal(err)
			}
			n, err := s.Put(t.Context(), id, Pattern(size), announced)
			if err != nil || n != size {
				t.Fatalf("%s: %d, %v", id, n, err)
			}
			if got, err := s.Size(t.Context(), id); err != nil || got != size {
				t.Errorf("%s: size %d, %v", id, got, err)
			}
			if !bytes.Equal(get(t, s, id, 0, -1), want) {
				t.Errorf("%s: other bytes", id)
			}
		}
	}
}

func largeFile(t *testing.T, s blob.Store, size int64) {
	n, err := s.Put(t.Context(), "large", Pattern(size), -1)
	if err != nil || n != size {
		t.Fatalf("%d, %v", n, err)
	}
	r, err := s.Get(t.Context(), "large", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := same(r, Pattern(size)); err != nil {
		t.Error(err)
	}
}

func same(a, b io.Reader) error {
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := 0; ; {
		n, err := io.ReadFull(a, x)
		m, err2 := io.ReadFull(b, y)
		if n != m || !bytes.Equal(x[:n], y[:m]) {
			return fmt.Errorf("they differ after byte %d", at)
		}
		at += n
		if err != nil || err2 != nil {
			if (err != nil) != (err2 != nil) {
				return fmt.Errorf("one ends at %d: %w, %w", at, err, err2)
			}
			return nil
		}
	}
}

func parts(t *testing.T, s blob.Store) {
	put(t, s, "f", []byte("0123456789"))
	for _, c := range []struct {
		from, n int64
		want    string
	}{{0, -1, "0123456789"}, {0, 3, "012"}, {4, 3, "456"}, {4, -1, "456789"}, {8, 100, "89"}, {9, 1, "9"}, {10, -1, ""}, {3, 0, ""}} {
		if got := string(get(t, s, "f", c.from, c.n)); got != c.want {
			t.Errorf("%d bytes from %d: %q, want %q", c.n, c.from, got, c.want)
		}
	}
}

func absent(t *testing.T, s blob.Store) {
	gone(t, s, "nothing")
	put(t, s, "something", []byte("x"))
	gone(t, s, "nothing")
	gone(t, s, "some")
}

func deleted(t *testing.T, s blob.Store) {
	if err := s.Delete(t.Context(), "never-there"); err != nil {
		t.Error(err)
	}
	put(t, s, "a", []byte("a"))
	put(t, s, "b", []byte("b"))
	for range 2 {
		if err := s.Delete(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	}
	gone(t, s, "a")
	if got := get(t, s, "b", 0, -1); string(got) != "b" {
		t.Errorf("another file: %q", got)
	}
}

var errBroken = errors.New("the line is cut")

func failing(t *testing.T, s blob.Store, large int64) {
	for _, after := range []int64{0, 10, 1 << 20, large - 1} {
		for _, announced := range []int64{-1, 2 << 20} {
			if announced > 0 && after > announced {
				continue
			}
			_, err := s.Put(t.Context(), "broken", io.MultiReader(Pattern(after), broken{}), announced)
			if !errors.Is(err, errBroken) {
				t.Errorf("after %d of %d bytes: %v, want the reader's error", after, announced, err)
			}
			gone(t, s, "broken")
		}
	}
}

type broken struct{}

// Read implements io.Reader.
func (broken) Read([]byte) (int, error) { return 0, errBroken }

func wrongSize(t *testing.T, s blob.Store) {
	for _, announced := range []int64{0, 9, 11, 1000} {
		if _, err := s.Put(t.Context(), "odd", strings.NewReader("0123456789"), announced); err == nil {
			t.Errorf("10 bytes were taken for %d", announced)
		}
		gone(t, s, "odd")
	}
}

func cancelled(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	r := &cancelling{Reader: Pattern(1 << 20), cancel: cancel}
	if _, err := s.Put(ctx, "late", r, -1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
	gone(t, s, "late")
}

type cancelling struct {
	io.Reader
	cancel context.CancelFunc
}

// Read implements io.Reader.
func (c *cancelling) Read(b []byte) (int, error) {
	c.cancel()
	return c.Reader.Read(b[:1])
}

func badIDs(t *testing.T, s blob.Store) {
	for _, id := range []string{"", ".", "..", "../x", "a/b", `a\b`, "A", "ä", "a.b", "a b", "a\x00", strings.Repeat("a", 65)} {
		if _, err := s.Put(t.Context(), id, strings.NewReader("x"), 1); err == nil {
			t.Errorf("%q was taken", id)
		}
		gone(t, s, id)
		if err := s.Delete(t.Context(), id); err != nil {
			t.Errorf("delete %q: %v", id, err)
		}
	}
}

func concurrent(t *testing.T, s blob.Store) {
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			id := fmt.Sprintf("c-%d", i)
			if _, err := s.Put(t.Context(), id, Pattern(int64(i)*1000), -1); err != nil {
				t.Error(err)
			}
			r, err := s.Get(t.Context(), id, 0, -1)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			if err := same(r, Pattern(int64(i)*1000)); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	wg.Wait()
}
