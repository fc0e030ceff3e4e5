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
	run, err := s.openRun(ctx, r, content, s.limits.Limits)
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
