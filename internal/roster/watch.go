package roster

import (
	"context"

	"caotang/internal/db"
)

// Watcher is told of people who have come into the registry, or are called otherwise there, in the transaction that did it.
type Watcher interface {
	// EntryChanged tells that an entry was added, or its name or a further number changed.
	EntryChanged(ctx context.Context, tx *db.Tx, entryID string) error
	// Imported tells that an import has ended, well or not: any number of entries may have come or changed.
	Imported(ctx context.Context, tx *db.Tx) error
}

// Watch names whoever is told; nobody is until then. It is for the assembly of the rooms alone.
func (s *Service) Watch(w Watcher) { s.watcher = w }

// unwatched is nobody.
type unwatched struct{}

func (unwatched) EntryChanged(context.Context, *db.Tx, string) error { return nil }
func (unwatched) Imported(context.Context, *db.Tx) error             { return nil }
