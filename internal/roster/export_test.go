package roster

import (
	"context"
	"time"

	"caotang/internal/jobs"
)

// BatchRows is how many rows one transaction decides.
const BatchRows = batchRows

// SetClock lets a test be at another time.
func (s *Service) SetClock(now func() time.Time) { s.now = now }

// RunImport does what the background job of an import does.
func (s *Service) RunImport(ctx context.Context, id string) error {
	return s.runImportJob(ctx, jobs.Job{Payload: []byte(id), Attempt: 1})
}

// RunBatches begins an import and leaves it, as a process does that is killed, after so many batches were committed and
// the next was written but not committed.
func (s *Service) RunBatches(ctx context.Context, id string, batches int) error {
	r, err := s.importByID(ctx, id)
	if err != nil {
		return err
	}
	f, content, _, err := s.openUpload(id)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	run, err := s.openRun(ctx, r, content, s.limits.Limits, nil)
	if err != nil {
		return err
	}
	for range batches {
		if err := run.commit(ctx, run.parser.next()); err != nil {
			return err
		}
	}
	ended, end := context.WithCancel(ctx)
	end()
	_ = run.commit(ended, run.parser.next())
	return nil
}

// TraceSize is how many new entries one piece of an undo holds.
const TraceSize = addedPerTrace

// RunUndo does what the background job of an undo does.
func (s *Service) RunUndo(ctx context.Context, id string) error {
	return s.runUndoJob(ctx, jobs.Job{Payload: []byte(id), Attempt: 1})
}

// RunUndoPieces begins an undo and leaves it after so many pieces, as a process does that is killed.
func (s *Service) RunUndoPieces(ctx context.Context, id string, pieces int) error {
	r, err := s.importByID(ctx, id)
	if err != nil {
		return err
	}
	all, err := s.traces(ctx, s.db, id, false, "", pieces)
	for i := range all {
		d, err := s.deedOf(&all[i])
		if err != nil {
			return err
		}
		if err := s.undoPiece(ctx, r, &all[i], &d); err != nil {
			return err
		}
	}
	return err
}

// RunDuplicates does what the background job of a search for duplicates does.
func (s *Service) RunDuplicates(ctx context.Context, scope string) error {
	return s.runDuplicatesJob(ctx, jobs.Job{Payload: []byte(scope), Attempt: 1})
}
