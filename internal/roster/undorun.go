package roster

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/tally"
)

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

// undoPiece undoes one piece and keeps in its place what stays, in one transaction.
func (s *Service) undoPiece(ctx context.Context, r *importRecord, t *trace, d *deed) error {
	return s.db.InBatch(ctx, func(tx *db.Tx) error {
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
	if before.Graduated != "" {
		return s.sendBack(ctx, tx, e, before.Graduated)
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

// sendBack puts a graduate whom an import took on among the graduates of their class again, with account and binding; at the school
// that the class belongs to now, where theirs has become part of another.
func (s *Service) sendBack(ctx context.Context, tx *db.Tx, e Entry, classID string) error {
	class, err := s.ClassByID(ctx, tx, classID)
	if err != nil {
		return err
	}
	if _, err := s.Move(ctx, tx, e.ID, e.School.ID, class.School.ID, class.ID); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE bindings SET school_id = $1 WHERE entry_id = $2`, class.School.ID, e.ID)
	return err
}
