package blob_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/internal/blob"
	"crier/internal/blob/blobtest"
	"crier/internal/fault"
)

func TestFolder(t *testing.T) {
	blobtest.Run(t, 3<<20, func(t *testing.T) blob.Store { return folder(t, filepath.Join(t.TempDir(), "files")) })
}

func folder(t *testing.T, path string) *blob.Folder {
	f := blob.NewFolder(path)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestS3 talks to a fake: no real S3 was tried.
func TestS3(t *testing.T) {
	blobtest.Run(t, 33<<20, func(t *testing.T) blob.Store {
		fake := blobtest.NewS3(t)
		t.Cleanup(func() {
			if n := fake.Open(); n != 0 {
				t.Errorf("%d uploads in parts were left open", n)
			}
		})
		return s3(t, fake)
	})
}

func s3(t *testing.T, fake *blobtest.S3) *blob.S3 {
	s, err := blob.NewS3(blob.S3Options{Endpoint: fake.URL, Bucket: fake.Bucket, AccessKey: fake.Access, SecretKey: fake.Secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestS3Requests: what is small is one request, what is large goes in parts.
func TestS3Requests(t *testing.T) {
	fake := blobtest.NewS3(t)
	s := s3(t, fake)
	for _, size := range []int64{10 << 20, -1} {
		if _, err := s.Put(t.Context(), "ten", blobtest.Pattern(10<<20), size); err != nil {
			t.Fatal(err)
		}
	}
	if fake.Requests("put") != 2 || fake.Requests("part") != 0 {
		t.Errorf("10 MB took %d requests and %d parts", fake.Requests("put"), fake.Requests("part"))
	}
	if _, err := s.Put(t.Context(), "forty", blobtest.Pattern(40<<20), -1); err != nil {
		t.Fatal(err)
	}
	if fake.Requests("part") != 3 || fake.Requests("complete") != 1 {
		t.Errorf("40 MB took %d parts, completed %d times", fake.Requests("part"), fake.Requests("complete"))
	}
}

func TestS3Away(t *testing.T) {
	fake := blobtest.NewS3(t)
	s := s3(t, fake)
	if _, err := s.Put(t.Context(), "a", strings.NewReader("a"), 1); err != nil {
		t.Fatal(err)
	}
	other, err := blob.NewS3(blob.S3Options{Endpoint: fake.URL, Bucket: "another", AccessKey: fake.Access, SecretKey: fake.Secret})
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := blob.NewS3(blob.S3Options{Endpoint: fake.URL, Bucket: fake.Bucket, AccessKey: "someone", SecretKey: fake.Secret})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, s blob.Store) {
		t.Helper()
		_, err := s.Size(t.Context(), "a")
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: size: %v", name, err)
		}
		_, err = s.Put(t.Context(), "b", strings.NewReader("b"), 1)
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: put: %v", name, err)
		}
		if strings.Contains(fault.Public(err).Message, fake.URL) {
			t.Errorf("%s: the answer tells where files are kept: %v", name, fault.Public(err))
		}
	}
	check("no such key", stranger)
	_, err = other.Put(t.Context(), "b", strings.NewReader("b"), 1)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("no such bucket: %v", err)
	}
	fake.Down(true)
	check("down", s)
}

// TestSweepUploads: uploads of others in the same bucket are left alone.
func TestSweepUploads(t *testing.T) {
	fake := blobtest.NewS3(t)
	s := s3(t, fake)
	now := time.Now()
	for _, key := range []string{"crier/old", "another-program/old", "old"} {
		fake.Abandon(key, now.Add(-25*time.Hour))
	}
	fake.Abandon("crier/new", now)
	if err := s.Sweep(t.Context(), now.Add(-24*time.Hour).UnixMicro()); err != nil {
		t.Fatal(err)
	}
	if got := fake.Uploads(); !slices.Equal(got, []string{"another-program/old", "crier/new", "old"}) {
		t.Errorf("%q are left, want the new one and those of others", got)
	}
	if _, err := s.Put(t.Context(), "ours", strings.NewReader("o"), 1); err != nil {
		t.Fatal(err)
	}
	if got := fake.Objects(); !slices.Equal(got, []string{"crier/ours"}) {
		t.Errorf("objects %q", got)
	}
}

func TestSweepFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "files")
	f := folder(t, path)
	if _, err := f.Put(t.Context(), "kept", strings.NewReader("kept"), -1); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "new": time.Minute} {
		p := filepath.Join(path, "incoming", name)
		if err := os.WriteFile(p, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Sweep(t.Context(), now.Add(-24*time.Hour).UnixMicro()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(path, "incoming"))
	if err != nil || len(left) != 1 || left[0].Name() != "new" {
		t.Errorf("%v, %v", left, err)
	}
	if n, err := f.Size(t.Context(), "kept"); err != nil || n != 4 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestFolderLayout: files are named by ids alone, two folders deep, for their owner
// alone, and a link that leads outside leads nowhere.
func TestFolderLayout(t *testing.T) {
	base := t.TempDir()
	path := filepath.Join(base, "files")
	f := folder(t, path)
	if _, err := f.Size(t.Context(), "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("before the first file: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made the folder: %v", err)
	}
	if _, err := f.Put(t.Context(), "0198-abc", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	var files []string
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", p, info.Mode())
		}
		if !d.IsDir() {
			rel, _ := filepath.Rel(path, p)
			files = append(files, rel)
		}
		return nil
	})
	if err != nil || len(files) != 1 || strings.Count(files[0], "/") != 2 || !strings.HasSuffix(files[0], "/0198-abc") {
		t.Fatalf("%v, %v", files, err)
	}
	secret := filepath.Join(base, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, files[0])); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(path, files[0])); err != nil {
		t.Fatal(err)
	}
	if r, err := f.Get(t.Context(), "0198-abc", 0, -1); err == nil {
		b, _ := io.ReadAll(r)
		t.Errorf("a link out of the folder was followed: %q", b)
	}
}

func TestFolderCannotBeMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "files")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := folder(t, path).Put(t.Context(), "a", strings.NewReader("a"), 1)
	if !fault.Is(err, fault.Unavailable) || strings.Contains(fault.Public(err).Message, path) {
		t.Errorf("%v", err)
	}
}

func TestEndpoint(t *testing.T) {
	for _, bad := range []string{"", "s3.example.org", "ftp://x", "https://"} {
		if _, err := blob.NewS3(blob.S3Options{Endpoint: bad, Bucket: "b", AccessKey: "a", SecretKey: "s"}); err == nil {
			t.Errorf("%q was taken for an endpoint", bad)
		}
	}
}
