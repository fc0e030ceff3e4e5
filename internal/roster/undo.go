package roster

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// An import can be undone for a day: who came by it leaves, who was changed by it is again as before, and the classes go that it
// made and nobody is in. Whoever has become something else since stays: whom an account is bound to, whom somebody changed,
// moved or replaced. It is done piece by piece, each in a transaction that holds its entries first, as whoever binds them does:
// an entry that was bound never vanishes, and one that has gone is bound by nobody.

const undoJob = "roster.undo"

// undoFor is how long after its end an import can be undone.
const undoFor = day

// States of an undo; "" where nobody has asked for one.
const (
	undoQueued  = "queued"
	undoRunning = "running"
	undoDone    = "done"
	undoFailed  = "failed" // what was undone stays so, and asking again goes on with the rest
)

// Undo is what was undone of an import, or would be.
type Undo struct {
	Removed  int64 `json:"removed" doc:"People who came by the import and leave the registry"`
	Restored int64 `json:"restored" doc:"People who are again as they were before it"`
	Kept     int64 `json:"kept" doc:"People who have become something else since, and stay as they are"`
}

// undoUntil is until when an import can be undone; nil when it cannot.
func (r *importRecord) undoUntil(now time.Time) *time.Time {
	if !r.finishedAt.Valid || r.undo != "" && r.undo != undoFailed {
		return nil
	}
	until := r.finishedAt.Time.Add(undoFor)
	if now.After(until) {
		return nil
	}
	return &until
}

// undoable answers an import of the actor's scope that can be undone: import_not_done while it runs; import_undone when that is
// asked for already; import_too_old after a day, or when it left no trace.
func (s *Service) undoable(ctx context.Context, id string) (*importRecord, error) {
	r, err := s.visibleImport(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !r.finishedAt.Valid:
		return nil, ErrImportNotDone.New(fault.RetryAfter(5 * time.Second))
	case r.undo != "" && r.undo != undoFailed:
		return nil, ErrImportUndone.New()
	case r.undoUntil(s.now()) == nil:
		return nil, ErrImportTooOld.New()
	}
	var traced bool
	if err := s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM roster_traces WHERE import_id = $1)`, id).Scan(&traced); err != nil {
		return nil, err
	}
	if c := r.changes; !traced && c.Added+c.Completed+c.Moved+c.Renamed > 0 {
		return nil, ErrImportTooOld.New()
	}
	return r, nil
}

// askUndo has an import undone in the background, and records who asked.
func (s *Service) askUndo(ctx context.Context, id string) error {
	r, err := s.undoable(ctx, id)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		first, err := db.Changed(tx.Exec(ctx, `UPDATE roster_imports SET undo = $1, undone_by = $2, undone_at = $3 WHERE id = $4 AND undo IN ('', $5)`,
			undoQueued, access.ActorFrom(ctx).AccountID, db.At(s.now()), id, undoFailed))
		if err != nil {
			return err
		}
		if !first {
			return ErrImportUndone.New()
		}
		if err := audit.Record(ctx, tx, audit.Event{
			Action: "registry.undo_import", Target: "import", TargetID: id, Place: r.place(), Details: map[string]any{"kind": r.kind, "filename": r.filename},
		}); err != nil {
			return err
		}
		_, err = s.jobs.Enqueue(ctx, tx, undoJob, []byte(id))
		return err
	})
}
