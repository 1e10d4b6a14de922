package e2e

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crier/internal/testkit"
)

// TestKilledWhileExporting kills the node that makes an export, with SIGKILL, amid the
// .zip. Another node makes it anew once the dead one's lease has ended.
func TestKilledWhileExporting(t *testing.T) {
	files := filepath.Join(t.TempDir(), "files")
	t.Setenv("CRIER_FILES", files)
	w := build(t, testkit.Postgres(t), 2)
	var list struct {
		Candidates []struct {
			ID string `json:"id"`
		} `json:"candidates"`
	}
	w.call(w.nodes[0], w.boss, http.MethodGet, "/tests/"+w.test+"/candidates", nil, &list)
	person := list.Candidates[0].ID
	want := map[string]string{}
	for i := range 3 {
		text := strings.Repeat(fmt.Sprint("file ", i, "\n"), 1000)
		want[fmt.Sprintf("%d.txt", i)] = text
		id := w.upload(w.nodes[i%2], person, fmt.Sprintf("%d.txt", i), text)
		w.call(w.nodes[0], w.boss, http.MethodPost, "/conversations/"+person+"/messages",
			item{"key": fmt.Sprint("with-a-file-", i), "subject": "s", "body": "b", "attachments": []string{id}}, nil)
	}

	victim := w.start("export.amid:2")
	if a, err := w.request(victim.base, w.boss, http.MethodPost, "/exports", item{"people": []string{person}}); err == nil && a.status != http.StatusAccepted {
		t.Fatalf("%v", a)
	}
	w.deadBefore(victim)
	died := time.Now()
	type export struct {
		ID    string `json:"id"`
		State string `json:"state"`
	}
	state := func() export {
		var out struct {
			Exports []export `json:"exports"`
		}
		w.call(w.nodes[0], w.boss, http.MethodGet, "/exports", nil, &out)
		if len(out.Exports) != 1 {
			t.Fatalf("%+v", out)
		}
		return out.Exports[0]
	}
	if x := state(); x.State != "running" {
		t.Fatalf("after the death: %+v", x)
	}
	if left, err := os.ReadDir(filepath.Join(files, "incoming")); err != nil || len(left) != 1 {
		t.Errorf("the dead node left %v, %v; want its unfinished .zip", left, err)
	}
	testkit.Eventually(t, time.Minute, "another node takes it over", func() error {
		if x := state(); x.State != "ready" {
			return fmt.Errorf("%+v", x)
		}
		return nil
	})
	t.Logf("ready %v after the death", time.Since(died).Round(time.Second))
	a, err := w.request(w.nodes[1].base, w.boss, http.MethodGet, "/exports/"+state().ID+"/file", nil)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%v, %v", a.status, err)
	}
	z, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range z.File {
		r, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(e.Name); want[name] == string(b) {
			delete(want, name)
		}
	}
	if len(want) != 0 {
		t.Errorf("%d files are missing or changed", len(want))
	}
}

// upload takes in a file for a person's conversation and returns its id.
func (w *world) upload(n *node, person, name, text string) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, n.base+"/api/v1/conversations/"+person+"/attachments?name="+name, strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("Authorization", "Bearer "+w.boss)
	resp, err := calls.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it has been read
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusCreated {
		w.t.Fatalf("upload %s: %d %s, %v", name, resp.StatusCode, b, err)
	}
	_, rest, _ := strings.Cut(string(b), `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}
