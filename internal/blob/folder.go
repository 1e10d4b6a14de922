package blob

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"
)

const retryAfter = 2 * time.Second

// incoming is the folder of what is not complete yet.
const incoming = "incoming"

// Folder keeps files in a folder of this machine, or of a file system that all nodes
// share: two levels of folders named by the id's hash, so that none grows large. It is
// made when the first file comes. Nothing outside it can be reached, by symbolic links
// neither (os.Root).
type Folder struct {
	path string

	mu   sync.Mutex
	root *os.Root // guarded by mu; nil until it is there
}

// NewFolder returns the store in the folder at path.
func NewFolder(path string) *Folder { return &Folder{path: path} }

// Close ends the use of the folder.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root == nil {
		return nil
	}
	err := f.root.Close()
	f.root = nil
	return err
}

// open returns the folder; it makes it if asked to, else it may be nil.
func (f *Folder) open(create bool) (*os.Root, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root != nil {
		return f.root, nil
	}
	if create {
		if err := os.MkdirAll(f.path, 0o700); err != nil {
			return nil, unavailable(err)
		}
	}
	root, err := os.OpenRoot(f.path)
	if errors.Is(err, fs.ErrNotExist) && !create {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable(err)
	}
	f.root = root
	return root, nil
}

// place is where an id lies, and the folder it is in.
func place(id string) (name, dir string) {
	sum := sha256.Sum256([]byte(id))
	dir = path.Join(hex.EncodeToString(sum[:1]), hex.EncodeToString(sum[1:2]))
	return path.Join(dir, id), dir
}

// Put implements Store: a temporary file, fsync, rename, fsync of the folders.
func (f *Folder) Put(ctx context.Context, id string, r io.Reader, size int64) (n int64, err error) {
	if !valid(id) {
		return 0, fmt.Errorf("blob: %q is no id", id)
	}
	root, err := f.open(true)
	if err != nil {
		return 0, err
	}
	if err := root.MkdirAll(incoming, 0o700); err != nil {
		return 0, unavailable(err)
	}
	temporary := path.Join(incoming, id+"."+rand.Text())
	in := &fitting{r: interruptible{ctx, r}}
	if err = f.write(root, temporary, in); err == nil && size >= 0 && in.n != size {
		err = short(size, in.n)
	}
	if err == nil {
		err = f.install(root, temporary, id)
	}
	if err != nil {
		_ = root.Remove(temporary) // what stays is swept
		if in.failed != nil {
			return in.n, in.failed
		}
		return in.n, err
	}
	return in.n, nil
}

func (f *Folder) write(root *os.Root, name string, r io.Reader) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return unavailable(err)
	}
	w := bufio.NewWriterSize(file, 128<<10)
	_, err = io.Copy(w, r)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// install gives a complete file its place.
func (f *Folder) install(root *os.Root, temporary, id string) error {
	name, dir := place(id)
	if err := root.MkdirAll(dir, 0o700); err != nil {
		return unavailable(err)
	}
	if err := root.Rename(temporary, name); err != nil {
		return unavailable(err)
	}
	for _, d := range []string{dir, path.Dir(dir), "."} { // the folders may be new themselves
		if err := syncFolder(root, d); err != nil {
			return unavailable(err)
		}
	}
	return nil
}

func syncFolder(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get implements Store.
func (f *Folder) Get(ctx context.Context, id string, from, n int64) (io.ReadCloser, error) {
	file, err := f.find(id)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return nil, errors.Join(unavailable(err), file.Close())
	}
	var r io.Reader = interruptible{ctx, file}
	if n >= 0 {
		r = io.LimitReader(r, n)
	}
	return struct {
		io.Reader
		io.Closer
	}{r, file}, nil
}

// Size implements Store.
func (f *Folder) Size(_ context.Context, id string) (int64, error) {
	file, err := f.find(id)
	if err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		return 0, unavailable(err)
	}
	return info.Size(), nil
}

func (f *Folder) find(id string) (*os.File, error) {
	if !valid(id) {
		return nil, notFound(id)
	}
	root, err := f.open(false)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, notFound(id)
	}
	name, _ := place(id)
	file, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	return file, nil
}

// Delete implements Store.
func (f *Folder) Delete(_ context.Context, id string) error {
	root, err := f.open(false)
	if err != nil || root == nil || !valid(id) {
		return err
	}
	name, _ := place(id)
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unavailable(err)
	}
	return nil
}

// Sweep implements Store.
func (f *Folder) Sweep(ctx context.Context, before int64) error {
	root, err := f.open(false)
	if err != nil || root == nil {
		return err
	}
	left, err := fs.ReadDir(root.FS(), incoming)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unavailable(err)
	}
	for _, e := range left {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil || info.ModTime().UnixMicro() >= before {
			continue // it is gone, or someone still writes it
		}
		if err := root.Remove(path.Join(incoming, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unavailable(err)
		}
	}
	return nil
}

// interruptible ends with its context.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (i interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
