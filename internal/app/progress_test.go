package app

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestReaderThatStallsIsGivenUp: an answer that nobody takes ends; one that is read slowly, and a
// second one on its connection, do not.
func TestReaderThatStallsIsGivenUp(t *testing.T) {
	const limit = 300 * time.Millisecond
	ended := make(chan error, 4)
	chunk, took := make([]byte, 1<<20), make([]byte, 1<<20)
	s := httptest.NewServer(progressing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/empty" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		var err error
		for i := 0; i < 64 && err == nil; i++ {
			_, err = w.Write(chunk)
		}
		ended <- err
	}), limit))
	defer s.Close()
	stalled, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close() //nolint:errcheck // the server has given it up
	if _, err := fmt.Fprintf(stalled, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("64 MiB were taken by one who does not read")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the answer is held for one who does not read")
	}

	client := s.Client()
	resp, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	began, read := time.Now(), 0
	tick := time.NewTicker(limit / 10)
	defer tick.Stop()
	for time.Since(began) < 3*limit { // slowly: for longer than a stalled one is kept
		<-tick.C
		n, err := io.ReadFull(resp.Body, took)
		if read += n; err != nil {
			t.Fatalf("after %d bytes: %v", read, err)
		}
	}
	rest, err := io.Copy(io.Discard, resp.Body)
	if err != nil || read+int(rest) != 64<<20 {
		t.Errorf("%d bytes, %v", read+int(rest), err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	<-ended
	for time.Since(began) < 10*limit { // the connection is used again after its old deadline
		<-tick.C
	}
	resp, err = client.Get(s.URL + "/empty")
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%v, %v", resp, err)
	}
	_ = resp.Body.Close()
}
