// Package blob keeps files sealed in a local directory of its own. A file is whole or not there: it is synced before its
// id is told. Who may read one, and for how long it is kept, its room decides.
package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"caotang/internal/db"
	"caotang/internal/vault"
)

// Store is a directory of sealed files. It is safe for concurrent use.
type Store struct {
	dir   string
	vault *vault.Vault
}

// New makes a store over a directory, which is made with the first file.
func New(dir string, v *vault.Vault) *Store { return &Store{dir: dir, vault: v} }

// Put seals what in holds under a new id.
func (s *Store) Put(in io.Reader) (id string, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", err
	}
	id = db.NewID()
	f, err := os.OpenFile(s.path(id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(s.path(id))
			id = ""
		}
	}()
	sealed, err := s.vault.SealStream(f)
	if err != nil {
		return id, err
	}
	if _, err := io.Copy(sealed, in); err != nil {
		return id, err
	}
	if err := sealed.Close(); err != nil {
		return id, err
	}
	return id, f.Sync()
}

// File is a sealed file being read, by one reader at a time.
type File struct {
	*io.SectionReader
	file *os.File
}

// Close ends the reading.
func (f *File) Close() error { return f.file.Close() }

// Open opens a file to be read; fs.ErrNotExist when there is none. The caller closes it.
func (s *Store) Open(id string) (*File, error) {
	if !valid(id) {
		return nil, fs.ErrNotExist
	}
	f, err := os.Open(s.path(id))
	if err != nil {
		return nil, err
	}
	opened, err := s.vault.OpenStream(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &File{io.NewSectionReader(opened, 0, opened.Size()), f}, nil
}

// Remove removes a file; one that is not there is no error.
func (s *Store) Remove(id string) error {
	if !valid(id) {
		return nil
	}
	if err := os.Remove(s.path(id)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Sweep removes files that are older than a time and that nobody wants any more: what a crash leaves behind.
func (s *Store) Sweep(ctx context.Context, before time.Time, wanted func(ctx context.Context, id string) (bool, error)) error {
	files, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.ModTime().After(before) {
			continue // gone meanwhile, or still arriving
		}
		keep, err := wanted(ctx, f.Name())
		if err != nil {
			return err
		}
		if !keep {
			if err := s.Remove(f.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) path(id string) string { return filepath.Join(s.dir, id) }

// valid keeps what is no id of ours, such as a path, away from the disk.
func valid(id string) bool {
	return len(id) == 26 && strings.Trim(id, "0123456789abcdefghjkmnpqrstvwxyz") == ""
}
