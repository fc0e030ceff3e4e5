package roster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/retention"
	"caotang/internal/server"
	"caotang/internal/sheet"
)

const importJob = "roster.import"

// uploadAge is how long an upload may take to arrive and be looked at: a file without an import that is older was left
// behind by a crash.
const uploadAge = time.Hour

func (s *Service) uploadPath(id string) string { return filepath.Join(s.dir, id) }

// upload is a file that was sent, sealed on disk.
type upload struct {
	id   string // of the import it may become
	path string
}

// receive seals what in holds onto disk, and syncs it: an import that was acknowledged has its file after a power cut.
func (s *Service) receive(in io.Reader) (_ *upload, err error) {
	up := &upload{id: db.NewID()}
	up.path = s.uploadPath(up.id)
	if err := os.MkdirAll(filepath.Dir(up.path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(up.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			up.remove()
		}
	}()
	sealed, err := s.vault.SealStream(f)
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(sealed, arriving{io.LimitReader(in, s.limits.FileBytes+1)})
	if err != nil {
		return nil, err
	}
	if n > s.limits.FileBytes {
		return nil, &sheet.Problem{Code: sheet.CodeTooBig, Args: map[string]any{"max_mb": s.limits.FileBytes >> 20}}
	}
	if err := sealed.Close(); err != nil {
		return nil, err
	}
	return up, f.Sync()
}

// arriving tells an upload that breaks off or grows too big from a disk that fails.
type arriving struct{ io.Reader }

func (a arriving) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = server.UploadError(err)
	}
	return n, err
}

func (u *upload) remove() { _ = os.Remove(u.path) }

// openUpload opens a sealed file. The caller closes the file.
func (s *Service) openUpload(id string) (*os.File, io.ReaderAt, int64, error) {
	f, err := os.Open(s.uploadPath(id))
	if err != nil {
		return nil, nil, 0, err
	}
	opened, err := s.vault.OpenStream(f)
	if err != nil {
		return nil, nil, 0, errors.Join(err, f.Close())
	}
	return f, opened, opened.Size(), nil
}

// enqueue makes an import of an upload, to be done in the background.
func (s *Service) enqueue(ctx context.Context, r *importRecord, headings []string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := insertImport(ctx, tx, r); err != nil {
			return err
		}
		if r.school != "" {
			if _, err := s.OpenSchool(ctx, tx, r.school); err != nil {
				return err
			}
		}
		if err := s.remember(ctx, tx, r, headings); err != nil {
			return err
		}
		details := map[string]any{"kind": r.kind, "filename": r.filename}
		if batch := r.batch(); batch != "" {
			details[audit.Batch] = batch
		}
		if err := audit.Record(ctx, tx, audit.Event{Action: "registry.import", Target: "import", TargetID: r.id, Place: r.place(), Details: details}); err != nil {
			return err
		}
		_, err := s.jobs.Enqueue(ctx, tx, importJob, []byte(r.id))
		return err
	})
}

// runImportJob does an import, or goes on with one that was cut off.
func (s *Service) runImportJob(ctx context.Context, job jobs.Job) error {
	r, err := s.importByID(ctx, string(job.Payload))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.state == stateQueued || r.state == stateRunning {
		ctx = access.WithActor(ctx, access.Actor{AccountID: r.account})
		err := s.runUpload(ctx, r)
		var refused *sheet.Problem
		var wrong *fault.Error
		final := errors.As(err, &refused) || errors.As(err, &wrong) || errors.Is(err, fs.ErrNotExist)
		switch {
		case err == nil:
		case ctx.Err() != nil: // stopping: it goes on after the restart
			return err
		case final || job.Last:
			if failed := s.fail(ctx, r, err); failed != nil {
				return failed
			}
		default:
			return err
		}
		if err != nil && !final {
			return fmt.Errorf("import %s: %w", r.id, err)
		}
	}
	(&upload{path: s.uploadPath(r.id)}).remove()
	return nil
}

func (s *Service) runUpload(ctx context.Context, r *importRecord) error {
	f, content, _, err := s.openUpload(r.id)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	run, err := s.openRun(ctx, r, content, s.limits.Limits, nil)
	if err != nil {
		return err
	}
	return run.all(ctx, nil)
}

// Sweep removes uploads that no import waits for and rejected rows that have had their time, and ends imports whose file is gone: what a crash leaves behind. Call
// it at the start and now and then.
func (s *Service) Sweep(ctx context.Context) error {
	files, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	old := s.now().Add(-uploadAge)
	waiting, err := db.Collect(ctx, s.db, importSelect+" WHERE i.state IN ('queued', 'running')", nil, (*importRecord).scan)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for i := range waiting {
		r := &waiting[i]
		kept[r.id] = true
		if _, err := os.Stat(s.uploadPath(r.id)); !errors.Is(err, fs.ErrNotExist) || r.createdAt.After(old) || r.account == "" && r.progressAt.After(old.Add(-day)) {
			continue // a command reads its file where it lies, for hours perhaps
		}
		if err := s.fail(ctx, r, context.Canceled); err != nil {
			return err
		}
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || kept[f.Name()] || info.ModTime().After(old) {
			continue
		}
		if err := os.Remove(s.uploadPath(f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if _, err := s.db.Exec(ctx, `DELETE FROM roster_traces WHERE import_id IN (SELECT id FROM roster_imports
		WHERE undo = '' AND finished_at < $1 OR undo IN ('done', 'failed') AND undone_at < $2)`,
		db.At(s.now().Add(-undoFor)), db.At(s.now().Add(-keepRejects))); err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `DELETE FROM roster_rejects WHERE import_id IN (SELECT id FROM roster_imports WHERE finished_at < $1)`,
		db.At(s.now().Add(-keepRejects)))
	return err
}

const day = 24 * time.Hour

// keepRejects is how long rejected rows can be fetched: long enough to correct them, for they hold people's numbers.
const keepRejects = 30 * day

// Retention tells for how long what imports leave is kept.
func (s *Service) Retention(ctx context.Context) ([]retention.Rule, error) {
	rejects, err := retention.Check(ctx, s.db, "rejects", keepRejects, keepRejects, s.now(),
		`SELECT count(*) FROM roster_rejects WHERE import_id IN (SELECT id FROM roster_imports WHERE finished_at < $1)`)
	if err != nil {
		return nil, err
	}
	traces, err := retention.Check(ctx, s.db, "traces", undoFor, undoFor, s.now(),
		`SELECT count(*) FROM roster_traces WHERE import_id IN (SELECT id FROM roster_imports WHERE undo = '' AND finished_at < $1)`)
	return []retention.Rule{rejects, traces}, err
}
