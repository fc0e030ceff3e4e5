package roster

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/messages"
	"caotang/internal/tally"
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

// UndoPlan is what an undo would do: nothing has been changed.
type UndoPlan struct {
	Undo
	Classes int          `json:"classes" doc:"Classes that the import made, of which those go that are empty then"`
	Why     []KeptReason `json:"why" doc:"Why people stay, the most frequent reason first"`
}

// KeptReason is a reason for which people stay.
type KeptReason struct {
	Code   string `json:"code" enum:"bound,guardian,teaches,moved,replaced,changed,class_gone,taken_on"`
	Reason string `json:"reason"`
	People int64  `json:"people"`
}

// Why an entry stays.
const (
	keptBound     = "bound"      // an account was bound to it since
	keptGuardian  = "guardian"   // somebody asked to be its guardian since, or answered as one
	keptTeaches   = "teaches"    // it was set as a class's teacher since
	keptMoved     = "moved"      // it stands at another school
	keptReplaced  = "replaced"   // another entry took its place
	keptChanged   = "changed"    // somebody changed it since
	keptClassGone = "class_gone" // its class of before is no longer there
	keptTakenOn   = "taken_on"   // it had graduated elsewhere, and was taken on by the import
)

// kept is an entry that stays, and why.
type kept struct {
	EntryID string `json:"id"`
	Why     string `json:"why"`
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

// planUndo looks at every piece of an import and changes nothing.
func (s *Service) planUndo(ctx context.Context, id string) (*UndoPlan, error) {
	r, err := s.undoable(ctx, id)
	if err != nil {
		return nil, err
	}
	p := &UndoPlan{Why: []KeptReason{}}
	reasons := map[string]int64{}
	err = s.eachTrace(ctx, r.id, false, func(t *trace, d *deed) error {
		f, err := s.fateOf(ctx, s.db, t, d)
		if err != nil {
			return err
		}
		p.Removed += int64(len(f.leave))
		p.Restored += int64(len(f.restore))
		p.Kept += int64(len(f.kept))
		p.Classes += len(d.Classes)
		for _, k := range f.kept {
			reasons[k.Why]++
		}
		return nil
	})
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		p.Why = append(p.Why, KeptReason{why, keptWords(access.ClientFrom(ctx).Language, why), reasons[why]})
	}
	slices.SortStableFunc(p.Why, func(a, b KeptReason) int { return int(b.People - a.People) })
	return p, err
}

func keptWords(language, why string) string { return messages.Text(language, "kept."+why, nil) }

// eachTrace calls f for the pieces of an import that are undone, or are not.
func (s *Service) eachTrace(ctx context.Context, importID string, undone bool, f func(*trace, *deed) error) error {
	for after := ""; ; {
		all, err := s.traces(ctx, s.db, importID, undone, after, 20)
		if err != nil || len(all) == 0 {
			return err
		}
		for i := range all {
			d, err := s.deedOf(&all[i])
			if err != nil {
				return err
			}
			if err := f(&all[i], &d); err != nil {
				return err
			}
		}
		after = all[len(all)-1].id
	}
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

// runUndoJob undoes an import, or goes on with one that was cut off.
func (s *Service) runUndoJob(ctx context.Context, job jobs.Job) error {
	r, err := s.importByID(ctx, string(job.Payload))
	if errors.Is(err, sql.ErrNoRows) || err == nil && r.undo != undoQueued && r.undo != undoRunning {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.undo(access.WithActor(ctx, access.Actor{AccountID: r.undoneBy}), r)
	if err != nil && ctx.Err() == nil && job.Last {
		_, failed := s.db.Exec(ctx, `UPDATE roster_imports SET undo = $1 WHERE id = $2`, undoFailed, r.id)
		return errors.Join(err, failed)
	}
	return err
}

func (s *Service) undo(ctx context.Context, r *importRecord) error {
	var classes []string
	if err := s.eachTrace(ctx, r.id, true, func(_ *trace, d *deed) error { // of pieces that were undone before it was cut off
		classes = append(classes, d.Classes...)
		return nil
	}); err != nil {
		return err
	}
	if err := s.eachTrace(ctx, r.id, false, func(t *trace, d *deed) error {
		classes = append(classes, d.Classes...)
		return s.undoPiece(ctx, r, t, d)
	}); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		ended, err := db.Changed(tx.Exec(ctx, `UPDATE roster_imports SET undo = $1 WHERE id = $2 AND undo IN ($3, $4)`, undoDone, r.id, undoQueued, undoRunning))
		if err != nil || !ended {
			return err
		}
		for _, id := range classes {
			if _, err := s.DropEmptyClass(ctx, tx, id, map[string]any{"import_id": r.id}); err != nil {
				return err
			}
		}
		var u Undo
		if err := tx.QueryRow(ctx, `SELECT removed, restored, kept FROM roster_imports WHERE id = $1`, r.id).Scan(&u.Removed, &u.Restored, &u.Kept); err != nil {
			return err
		}
		if err := s.watcher.Imported(ctx, tx); err != nil { // some are called otherwise now
			return err
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.import_undone", Target: "import", TargetID: r.id, Place: r.place(),
			Details: map[string]any{"kind": r.kind, "removed": u.Removed, "restored": u.Restored, "kept": u.Kept},
		})
	})
}

// DropEmptyClass takes a class away within the transaction that an import or a turn of the school year made, unless somebody uses
// it, and records it with what else there is to say; it answers whether it went.
func (s *Service) DropEmptyClass(ctx context.Context, tx *db.Tx, id string, record map[string]any) (gone bool, err error) {
	if err := holdClass(ctx, tx, id); err != nil {
		return false, err
	}
	class, err := s.ClassByID(ctx, tx, id)
	if fault.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	gone, err = db.Changed(tx.Exec(ctx, `DELETE FROM classes WHERE id = $1 AND name = '' AND NOT EXISTS (SELECT 1 FROM class_teachers WHERE class_id = $1)
		AND NOT EXISTS (SELECT 1 FROM registry_entries WHERE school_id = $2 AND class_id = $1)`, id, class.School.ID))
	if err != nil || !gone {
		return false, err
	}
	record["class"] = class.DisplayName
	return true, audit.Record(ctx, tx, audit.Event{Action: "class.delete", Target: "class", TargetID: id, Place: class.place, Details: record})
}

// undoPiece undoes one piece and keeps in its place what stays, in one transaction.
func (s *Service) undoPiece(ctx context.Context, r *importRecord, t *trace, d *deed) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		taken, err := db.Changed(tx.Exec(ctx, `UPDATE roster_traces SET undone = true WHERE import_id = $1 AND id = $2 AND NOT undone`, r.id, t.id))
		if err != nil || !taken {
			return err
		}
		if err := holdEntries(ctx, tx, slices.Concat(t.ids(), d.entries())); err != nil {
			return err
		}
		f, err := s.fateOf(ctx, tx, t, d)
		if err != nil {
			return err
		}
		if err := s.takeAway(ctx, tx, r.kind, t.school, f.leave); err != nil {
			return err
		}
		for _, before := range f.restore {
			if err := s.restore(ctx, tx, r.id, before); err != nil {
				return err
			}
		}
		plain, err := json.Marshal(deed{Classes: d.Classes, Kept: f.kept})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE roster_traces SET added = '', sealed = $1 WHERE import_id = $2 AND id = $3`,
			s.vault.Seal(purposeTraces, string(plain)), r.id, t.id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE roster_imports SET undo = $1, removed = removed + $2, restored = restored + $3, kept = kept + $4 WHERE id = $5`,
			undoRunning, len(f.leave), len(f.restore), len(f.kept), r.id)
		return err
	})
}

func (d *deed) entries() []string {
	all := make([]string, len(d.Before))
	for i, f := range d.Before {
		all[i] = f.EntryID
	}
	return all
}

// inPieces calls f with the ids as arguments of a query, so many at once.
func inPieces(ids []string, f func(args []any) error) error {
	for part := range slices.Chunk(ids, lookUpAtOnce) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		if err := f(args); err != nil {
			return err
		}
	}
	return nil
}

// holdEntries makes whoever changes or binds one of the entries wait until the transaction ends.
func holdEntries(ctx context.Context, tx *db.Tx, ids []string) error {
	slices.Sort(ids)
	return inPieces(ids, func(args []any) error {
		_, err := tx.Exec(ctx, `UPDATE registry_entries SET updated_at = updated_at WHERE id IN (`+db.Placeholders(len(args))+`)`, args...)
		return err
	})
}

// fate is what becomes of the entries of a piece.
type fate struct {
	leave   []leaving
	restore []former
	kept    []kept
}

// leaving is a new entry that nobody has touched, and its class.
type leaving struct{ id, class string }

// present is an entry as it stands now.
type present struct {
	id, school, class        string
	updated                  db.Time
	bound, guardian, teaches bool // the first two: since the import
}

// fateOf tells what becomes of a piece's entries as they stand now: exactly, where the transaction holds them.
func (s *Service) fateOf(ctx context.Context, q db.Querier, t *trace, d *deed) (f fate, err error) {
	added := t.ids()
	now, err := s.presentOf(ctx, q, slices.Concat(added, d.entries()), t.at)
	if err != nil {
		return f, err
	}
	for _, id := range added {
		p := now[id]
		why, err := t.why(ctx, q, id, p)
		switch {
		case err != nil:
			return f, err
		case why == "" && p != nil && p.teaches:
			why = keptTeaches
		}
		if why != "" {
			f.kept = append(f.kept, kept{id, why})
		} else if p != nil { // else it has left already
			f.leave = append(f.leave, leaving{id, p.class})
		}
	}
	for _, before := range d.Before {
		p := now[before.EntryID]
		why, err := t.why(ctx, q, before.EntryID, p)
		if err == nil && why == "" && p != nil && before.Class != nil && *before.Class != "" {
			why, err = classGone(ctx, q, *before.Class)
		}
		switch {
		case err != nil:
			return f, err
		case why != "":
			f.kept = append(f.kept, kept{before.EntryID, why})
		case before.TakenOn && p != nil:
			f.kept = append(f.kept, kept{before.EntryID, keptTakenOn})
		case p != nil:
			f.restore = append(f.restore, before)
		}
	}
	return f, nil
}

func (s *Service) presentOf(ctx context.Context, q db.Querier, ids []string, since db.Time) (map[string]*present, error) {
	all := map[string]*present{}
	err := inPieces(ids, func(args []any) error {
		n := len(args)
		found, err := db.Collect(ctx, q, `SELECT e.id, e.school_id, coalesce(e.class_id, ''), e.updated_at,
			EXISTS (SELECT 1 FROM bindings b WHERE b.entry_id = e.id AND b.bound_at >= $`+strconv.Itoa(n+1)+`),
			EXISTS (SELECT 1 FROM guardian_requests g WHERE g.entry_id = e.id AND g.asked_at >= $`+strconv.Itoa(n+1)+`)
				OR EXISTS (SELECT 1 FROM consent_records r WHERE r.entry_id = e.id AND r.at >= $`+strconv.Itoa(n+1)+`),
			EXISTS (SELECT 1 FROM class_teachers c WHERE c.entry_id = e.id)
			FROM registry_entries e WHERE e.id IN (`+db.Placeholders(n)+`)`, append(args, since),
			func(p *present) []any {
				return []any{&p.id, &p.school, &p.class, &p.updated, &p.bound, &p.guardian, &p.teaches}
			})
		for i := range found {
			all[found[i].id] = &found[i]
		}
		return err
	})
	return all, err
}

// why answers why an entry stays as it is, "" when it does not; p is nil for one that is no longer there.
func (t *trace) why(ctx context.Context, q db.Querier, id string, p *present) (string, error) {
	switch {
	case p == nil:
		var one int
		err := q.QueryRow(ctx, `SELECT 1 FROM entry_predecessors WHERE predecessor_id = $1`, id).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return "", nil
		}
		return keptReplaced, err
	case p.school != t.school:
		return keptMoved, nil
	case p.bound:
		return keptBound, nil
	case p.guardian:
		return keptGuardian, nil
	case !p.updated.Equal(t.at.Time):
		return keptChanged, nil
	}
	return "", nil
}

func classGone(ctx context.Context, q db.Querier, id string) (string, error) {
	var one int
	err := q.QueryRow(ctx, `SELECT 1 FROM classes WHERE id = $1`, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return keptClassGone, nil
	}
	return "", err
}

// takeAway removes entries of one school that the transaction holds and that nothing refers to, and counts them no longer.
func (s *Service) takeAway(ctx context.Context, tx *db.Tx, kind, schoolID string, all []leaving) error {
	if len(all) == 0 {
		return nil
	}
	school, err := s.SchoolByID(ctx, tx, schoolID)
	if err != nil {
		return err
	}
	ids, of := make([]string, len(all)), map[string]int64{}
	for i, l := range all {
		ids[i] = l.id
		of[l.class]++
	}
	var classes []any
	for class := range of {
		if class != "" {
			classes = append(classes, class)
		}
	}
	stages, err := countedStages(ctx, tx, classes)
	if err != nil {
		return err
	}
	changes := make([]tally.Change, 0, len(of))
	for class, n := range of {
		if _, counted := stages[class]; class != "" && !counted {
			continue
		}
		changes = append(changes, tally.Change{County: school.Region, School: schoolID, Class: class, Kind: kind, Stage: stages[class], Entries: -n})
	}
	if err := tally.Add(ctx, tx, s.now(), changes); err != nil {
		return err
	}
	return inPieces(ids, func(args []any) error {
		these := ` IN (` + db.Placeholders(len(args)) + `)`
		if _, err := tx.Exec(ctx, `DELETE FROM documents WHERE document_index IN (SELECT document_index FROM registry_entries WHERE id`+these+`)`, args...); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM registry_entries WHERE id`+these, args...)
		return err
	})
}

// restore makes an entry that the transaction holds as it was before the import, and records it.
func (s *Service) restore(ctx context.Context, tx *db.Tx, importID string, before former) error {
	e, err := s.EntryByID(ctx, tx, before.EntryID)
	if err != nil {
		return err
	}
	var set conditions
	var parts []string
	if before.Class != nil {
		set.add("class_id = $%d", nullText(*before.Class))
		parts = append(parts, "class")
	}
	if before.Name != "" {
		set.add("name = $%d", before.Name)
		set.add("name_key = $%d", identity.CompareKey(before.Name))
		parts = append(parts, "name")
	}
	if before.Student {
		set.add("student_number_sealed = $%d", []byte(nil))
		parts = append(parts, "student_number")
	}
	if before.Certificate {
		set.add("certificate_number_sealed = $%d", []byte(nil))
		parts = append(parts, "certificate_number")
	}
	return s.assign(ctx, tx, e, set, parts, map[string]any{"undone_import_id": importID})
}
