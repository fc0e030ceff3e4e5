package roster

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/sheet"
)

// States of an import.
const (
	stateQueued  = "queued"
	stateRunning = "running"
	stateDone    = "done"
	stateFailed  = "failed"
)

// codeInterrupted is why an import failed whose file went with the process that read it.
const codeInterrupted = "interrupted"

// codeUnexpected is why an import failed for a reason that only the log knows.
const codeUnexpected = "unexpected"

// importRecord is an import as the database keeps it.
type importRecord struct {
	id, account, kind, school, scopes, filename, state, failure, headings string
	size, read, rowsDone, accepted, rejected                              int64
	createdAt, progressAt                                                 db.Time
	startedAt, finishedAt                                                 db.NullTime
	schoolName, schoolRegion                                              string
	choice                                                                Choice
	changes                                                               Changes
	columns                                                               *Columns // as they were chosen; nil where the headings tell
	allSheets                                                             bool
	fileHash                                                              string // of a command's alone; written, not read
	undo, undoneBy                                                        string
	undone                                                                Undo
	rejectedKept                                                          bool
}

const importSelect = `SELECT i.id, i.account_id, i.kind, coalesce(i.school_id, ''), i.scopes, i.filename, i.state, i.failure, i.headings,
	i.size_bytes, i.read_bytes, i.rows_done, i.accepted, i.rejected, i.created_at, i.started_at, i.finished_at, coalesce(s.name, ''), coalesce(s.region, ''),
	i.updates, i.renames, i.added, i.completed, i.moved, i.renamed, i.unchanged, i.columns, i.all_sheets, i.undo, i.undone_by, i.removed, i.restored, i.kept, i.progress_at,
	EXISTS (SELECT 1 FROM roster_rejects x WHERE x.import_id = i.id)
	FROM roster_imports i LEFT JOIN schools s ON s.id = i.school_id`

func (r *importRecord) scan() []any {
	return []any{
		&r.id, &r.account, &r.kind, &r.school, &r.scopes, &r.filename, &r.state, &r.failure, &r.headings,
		&r.size, &r.read, &r.rowsDone, &r.accepted, &r.rejected, &r.createdAt, &r.startedAt, &r.finishedAt, &r.schoolName, &r.schoolRegion, &r.choice.Updates, &r.choice.Renames,
		&r.changes.Added, &r.changes.Completed, &r.changes.Moved, &r.changes.Renamed, &r.changes.Unchanged, &r.columns, &r.allSheets, &r.undo, &r.undoneBy, &r.undone.Removed, &r.undone.Restored, &r.undone.Kept, &r.progressAt, &r.rejectedKept,
	}
}

func (r *importRecord) place() access.Place {
	if r.school != "" {
		return access.Place{Region: r.schoolRegion, School: r.school}
	}
	first, _, _ := strings.Cut(r.scopes, ",")
	return access.Place{Region: first}
}

// batch is what the record names that stands above what an import does: "" where that is more than one school's, whose readers would not
// find it, or a command's, which has none.
func (r *importRecord) batch() string {
	if r.school == "" || r.account == "" {
		return ""
	}
	return r.id
}

// under has what an import does recorded under the record of its beginning.
func (r *importRecord) under(ctx context.Context) context.Context {
	return audit.InBatch(ctx, r.batch())
}

// ImportSource is a roster to import.
type ImportSource struct {
	io.ReaderAt
	Size     int64
	Filename string
	Kind     string // Teacher or Student
	SchoolID string // "" when the file names the schools
	Choice   Choice
}

// Result is what came of an import.
type Result struct {
	ID       string
	Accepted int64
	Rejected int64
}

// Progress is how far an import is.
type Progress struct {
	Accepted int64
	Rejected int64
	Done     float64 // part of the file that has been read, 0 to 1
}

// Import reads a roster into the registry, in batches that are each committed at once, and calls progress after each.
// It is for the command line: no scope is checked, a whole province may come in one file, and that need not be kept. A file that is no
// roster is refused with a *sheet.Problem before anything is written; one whose import was cut off within a day is gone on with, or
// [ErrImporting] while that may be at work. Rejected rows can be had by [Service.WriteRejected].
func (s *Service) Import(ctx context.Context, source ImportSource, progress func(Progress)) (Result, error) {
	if source.Kind != Teacher && source.Kind != Student {
		return Result{}, fault.ErrInvalid.New(fault.Field("kind", "not_allowed"))
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(source, 0, source.Size)); err != nil {
		return Result{}, err
	}
	r := &importRecord{
		id: db.NewID(), kind: source.Kind, school: source.SchoolID, filename: shortened(source.Filename), state: stateRunning, size: source.Size,
		createdAt: db.At(s.now()), choice: source.Choice, fileHash: hex.EncodeToString(hash.Sum(nil)),
	}
	begin := insertImport
	if before, err := s.cutOff(ctx, r); err == nil {
		r, begin = before, s.goOn
	} else if !errors.Is(err, sql.ErrNoRows) {
		return Result{}, err
	}
	run, err := s.openRun(ctx, r, source.ReaderAt, sheet.OwnLimits(source.Size), nil)
	if err != nil {
		return Result{}, err
	}
	if err := s.db.InTx(ctx, func(tx *db.Tx) error { return begin(ctx, tx, r) }); err != nil {
		return Result{}, err
	}
	if err := run.all(ctx, progress); err != nil {
		return Result{}, errors.Join(err, s.fail(context.WithoutCancel(ctx), r, err))
	}
	return Result{r.id, r.accepted, r.rejected}, nil
}

// cutOff finds the latest import by command of the same file, in the same way, that did not come to its end within the time in which it
// can be undone; sql.ErrNoRows if there is none.
func (s *Service) cutOff(ctx context.Context, like *importRecord) (*importRecord, error) {
	var r importRecord
	err := s.db.QueryRow(ctx, importSelect+` WHERE i.account_id = '' AND i.file_hash = $1 AND i.kind = $2 AND coalesce(i.school_id, '') = $3
			AND i.updates = $4 AND i.renames = $5 AND i.state IN ('running', 'failed')
			AND i.undo = '' AND coalesce(i.finished_at, i.progress_at) >= $6 ORDER BY i.id DESC LIMIT 1`,
		like.fileHash, like.kind, like.school, like.choice.Updates, like.choice.Renames, db.At(s.now().Add(-undoFor))).Scan(r.scan()...)
	return &r, err
}

// stillness is how long an import must have written nothing to be taken for cut off, where its process did not live to say so.
const stillness = time.Minute

// ErrImporting is that a file is being imported, or was until a moment ago.
var ErrImporting = fmt.Errorf("this file is being imported; if that was cut off, repeat the command in %v", stillness)

// goOn has an import run again that was cut off, unless it is at work: [ErrImporting].
func (s *Service) goOn(ctx context.Context, tx *db.Tx, r *importRecord) error {
	now := s.now()
	still, err := db.Changed(tx.Exec(ctx, `UPDATE roster_imports SET state = $1, failure = '', finished_at = NULL, progress_at = $2
		WHERE id = $3 AND rows_done = $4 AND undo = '' AND (state = 'failed' OR state = 'running' AND progress_at < $5)`,
		stateRunning, db.At(now), r.id, r.rowsDone, db.At(now.Add(-stillness))))
	if err == nil && !still {
		err = ErrImporting
	}
	return err
}

func insertImport(ctx context.Context, tx *db.Tx, r *importRecord) error {
	if r.school != "" {
		if err := holdSchool(ctx, tx, r.school); err != nil {
			return err
		}
	}
	return tx.Insert(ctx, "roster_imports", []string{
		"id", "account_id", "kind", "school_id", "scopes", "filename", "state", "failure", "headings",
		"size_bytes", "read_bytes", "rows_done", "accepted", "rejected", "created_at", "updates", "renames",
		"columns", "all_sheets", "file_hash", "progress_at",
	},
		[][]any{{
			r.id, r.account, r.kind, textOrNull(r.school), r.scopes, r.filename, r.state, "", "", r.size, int64(0), int64(0), int64(0), int64(0), r.createdAt, r.choice.Updates, r.choice.Renames,
			r.columns.text(), r.allSheets, r.fileHash, r.createdAt,
		}})
}

// importRun is an import at work: one goroutine reads and seals, another writes.
type importRun struct {
	s      *Service
	record *importRecord
	table  *table
	parser *parser
	writer *writer
}

// openRun opens the file, which keeps to the limits, and finds out which schools it may reach. remembered are headings of before: none for an import that
// has begun, which knows its own.
func (s *Service) openRun(ctx context.Context, r *importRecord, file io.ReaderAt, limits sheet.Limits, remembered map[string][]string) (*importRun, error) {
	place := &placeReader{ReaderAt: file}
	t, err := openTable(place, r.size, limits, reading{r.columns, remembered, r.allSheets})
	if err != nil {
		return nil, err
	}
	if !t.fits(r.kind) {
		return nil, &sheet.Problem{Code: codeWrongKind}
	}
	run := &importRun{s: s, record: r, table: t, writer: newWriter(s, r.kind, r.choice)}
	run.parser = &parser{table: t, vault: s.vault, kind: r.kind, today: s.now(), skip: int(r.rowsDone), seen: map[uint64]line{}, whole: r.choice.Updates, read: place.at.Load}
	if r.school != "" {
		school, err := s.SchoolByID(ctx, s.db, r.school)
		if err != nil {
			return nil, err
		}
		run.parser.fixed = &school
		return run, nil
	}
	if t.at[colSchool] < 0 && t.at[colSchoolCode] < 0 {
		return nil, fault.ErrInvalid.New(fault.Field("school_id", "school_not_named"))
	}
	schools, err := s.schoolsWithin(ctx, r.scopes)
	if err != nil {
		return nil, err
	}
	run.parser.schools = indexSchools(schools)
	return run, nil
}

func (s *Service) schoolsWithin(ctx context.Context, scopes string) ([]School, error) {
	var all []School
	for scope := range strings.SplitSeq(scopes, ",") {
		var c conditions
		if scopes != "" {
			c.region(scope)
		}
		found, err := db.Collect(ctx, s.db, "SELECT "+schoolColumns+" FROM schools s"+c.where(), c.args, (*School).scan)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// somebody refuses a file whose headings nobody stands beneath. It uses up the rows before the first person.
func (run *importRun) somebody() error {
	for {
		row, err := run.table.next()
		switch {
		case errors.Is(err, io.EOF):
			return &sheet.Problem{Code: codeNoRows}
		case err != nil:
			return err
		case !run.parser.blank(row.Cells) && !run.table.repeatsHeadings(row.Cells):
			return nil
		}
	}
}

// placeReader remembers where the file was read last.
type placeReader struct {
	io.ReaderAt
	at atomic.Int64
}

func (p *placeReader) ReadAt(b []byte, offset int64) (int, error) {
	n, err := p.ReaderAt.ReadAt(b, offset)
	p.at.Store(offset + int64(n))
	return n, err
}

// batches reads ahead by one batch while another is written.
func (run *importRun) batches(ctx context.Context) <-chan *batch {
	out := make(chan *batch)
	go func() {
		defer close(out)
		defer func() { _ = run.table.rows.Close() }()
		for {
			b := run.parser.next()
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
			if b.end || b.err != nil {
				return
			}
		}
	}()
	return out
}

// all writes the rows that are not decided yet, and ends the import.
func (run *importRun) all(ctx context.Context, progress func(Progress)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for b := range run.batches(ctx) {
		if b.err != nil {
			return b.err
		}
		if err := run.commit(ctx, b); err != nil {
			return err
		}
		if progress != nil {
			r := run.record
			progress(Progress{r.accepted, r.rejected, progressOf(r)})
		}
	}
	return ctx.Err()
}

// attempts bounds how often a batch is tried whose documents or classes another import adds at the same moment.
const attempts = 5

func (run *importRun) commit(ctx context.Context, b *batch) error {
	for try := 1; ; try++ {
		err := run.tryCommit(ctx, b)
		if !db.IsUnique(err) || try == attempts {
			return err
		}
		run.writer.forget()
		run.writer.trusting = false
	}
}

// errOvertaken ends an import that another process works on.
var errOvertaken = errors.New("roster: the import has gone on elsewhere")

func (run *importRun) tryCommit(ctx context.Context, b *batch) error {
	r := *run.record
	if !r.startedAt.Valid {
		r.startedAt = db.NullTime{Time: db.At(run.s.now()), Valid: true}
	}
	run.writer.started = r.startedAt
	var o *outcome
	err := run.s.db.InBatch(ctx, func(tx *db.Tx) (err error) {
		if err := run.writer.claim(ctx, tx, b); err != nil {
			return err
		}
		if o, err = run.writer.decide(ctx, tx, b); err != nil {
			return err
		}
		if err := run.writer.write(r.under(ctx), tx, r.id, o); err != nil {
			return err
		}
		r.read = max(r.read, b.read)
		r.rowsDone += int64(b.rows)
		r.accepted += int64(o.accepted)
		r.rejected += int64(len(o.rejects))
		r.changes.add(o.changes)
		r.state = stateRunning
		if b.end {
			r.state, r.read, r.finishedAt = stateDone, r.size, db.NullTime{Time: db.At(run.s.now()), Valid: true}
		}
		if r.headings == "" {
			headings, err := json.Marshal(run.table.headings)
			if err != nil {
				return err
			}
			r.headings = string(headings)
		}
		same, err := db.Changed(tx.Exec(ctx, `UPDATE roster_imports SET state = $1, headings = $2, read_bytes = $3, rows_done = $4,
			accepted = $5, rejected = $6, started_at = $7, finished_at = $8, added = $11, completed = $12, moved = $13, renamed = $14, unchanged = $15, progress_at = $16
			WHERE id = $9 AND rows_done = $10 AND state IN ('queued', 'running')`,
			r.state, r.headings, r.read, r.rowsDone, r.accepted, r.rejected, r.startedAt, r.finishedAt, r.id, run.record.rowsDone,
			r.changes.Added, r.changes.Completed, r.changes.Moved, r.changes.Renamed, r.changes.Unchanged, db.At(run.s.now())))
		if err != nil {
			return err
		}
		if !same {
			return errOvertaken
		}
		if !b.end {
			return nil
		}
		if err := run.s.watcher.Imported(ctx, tx); err != nil {
			return err
		}
		place := r.place()
		if place == (access.Place{}) { // by the operator, for all schools
			if place, err = audit.Everywhere(ctx, tx); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.imported", Target: "import", TargetID: r.id, Place: place,
			Details: map[string]any{"kind": r.kind, "accepted": r.accepted, "rejected": r.rejected, "moved": r.changes.Moved, "renamed": r.changes.Renamed},
		})
	})
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	run.writer.remember(o)
	// Asking first costs a tenth of the time, being refused half a batch's: so ask while files bring what is known.
	run.writer.trusting = o.known == 0
	*run.record = r
	return nil
}

// fail records that an import has come to nothing more; what was committed stays, and is counted.
func (s *Service) fail(ctx context.Context, r *importRecord, cause error) error {
	code := codeUnexpected
	var p *sheet.Problem
	var f *fault.Error
	switch {
	case errors.As(cause, &p):
		code = p.Code
		if args, err := json.Marshal(p.Args); err == nil && len(p.Args) > 0 {
			code += " " + string(args) // for the message's places
		}
	case errors.Is(cause, context.Canceled):
		code = codeInterrupted
	case errors.As(cause, &f) && len(f.Fields) > 0:
		code = f.Fields[0].Code
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		ended, err := db.Changed(tx.Exec(ctx, "UPDATE roster_imports SET state = $1, failure = $2, finished_at = $3 WHERE id = $4 AND state IN ('queued', 'running')",
			stateFailed, code, db.At(s.now()), r.id))
		if err != nil || !ended {
			return err
		}
		return s.watcher.Imported(ctx, tx)
	})
}

// progressOf is the part of the file that has been decided. Only a finished import is at 1.
func progressOf(r *importRecord) float64 {
	if r.state == stateDone {
		return 1
	}
	if r.size == 0 {
		return 0
	}
	return math.Min(0.99, math.Floor(100*float64(r.read)/float64(r.size))/100)
}

// importByID answers an import, sql.ErrNoRows if there is none.
func (s *Service) importByID(ctx context.Context, id string) (*importRecord, error) {
	all, err := db.Collect(ctx, s.db, importSelect+" WHERE i.id = $1", []any{id}, (*importRecord).scan)
	if err == nil && len(all) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}
