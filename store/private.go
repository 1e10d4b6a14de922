package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// private lets only the server's own user read the embedded database. It makes the file if it is
// missing: SQLite would make it readable for everyone. SQLite gives the files beside it the same
// mode; those that an earlier version has left are changed too.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at the database's files: %w", err)
		}
		if info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err := os.Chmod(name, 0o600); err != nil {
			return fmt.Errorf("make the database private: %w", err)
		}
	}
	return nil
}
