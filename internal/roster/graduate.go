package roster

import (
	"context"
	"encoding/json"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/tally"
)

// holdClass makes whoever counts the class's people, changes it or lets it graduate wait until the transaction ends.
func holdClass(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE classes SET name = name WHERE id = $1`, id)
	return err
}

// takeOut takes the people of a class out of the count as it stands now.
func (s *Service) takeOut(ctx context.Context, tx *db.Tx, id string) error {
	if err := holdClass(ctx, tx, id); err != nil {
		return err
	}
	return tally.LeaveClass(ctx, tx, s.now(), id)
}

// Graduate takes a class and its pupils off the school's books within the transaction and records it; it answers how many they
// are, and whether the class was on the books. The pupils keep account, binding and space. It locks nothing but the class. The
// caller decides who may.
func (s *Service) Graduate(ctx context.Context, tx *db.Tx, class Class) (pupils int64, graduated bool, err error) {
	graduated, err = db.Changed(tx.Exec(ctx, `UPDATE classes SET graduated_at = $1 WHERE id = $2 AND graduated_at IS NULL`, db.At(s.now()), class.ID))
	if err != nil || !graduated {
		return 0, false, err
	}
	if err := tally.LeaveClass(ctx, tx, s.now(), class.ID); err != nil {
		return 0, false, err
	}
	pupils, err = pupilsOf(ctx, tx, class)
	if err != nil {
		return 0, false, err
	}
	return pupils, true, s.recordClass(ctx, tx, "class.graduate", class, pupils)
}

// TakeBack puts a class that has graduated on the school's books again, with whoever is still in it; otherwise as [Service.Graduate].
func (s *Service) TakeBack(ctx context.Context, tx *db.Tx, class Class) (pupils int64, back bool, err error) {
	back, err = db.Changed(tx.Exec(ctx, `UPDATE classes SET graduated_at = NULL WHERE id = $1 AND graduated_at IS NOT NULL`, class.ID))
	if err != nil || !back {
		return 0, false, err
	}
	if err := tally.EnterClass(ctx, tx, s.now(), class.ID); err != nil {
		return 0, false, err
	}
	pupils, err = pupilsOf(ctx, tx, class)
	if err != nil {
		return 0, false, err
	}
	return pupils, true, s.recordClass(ctx, tx, "class.take_back", class, pupils)
}

func pupilsOf(ctx context.Context, q db.Querier, class Class) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM registry_entries WHERE school_id = $1 AND class_id = $2 AND kind = 'student'`, class.School.ID, class.ID).Scan(&n)
	return n, err
}

func (s *Service) recordClass(ctx context.Context, tx *db.Tx, action string, class Class, pupils int64) error {
	return audit.Record(ctx, tx, audit.Event{
		Action: action, Target: "class", TargetID: class.ID, Place: class.place,
		Details: map[string]any{"class": class.DisplayName, "pupils": pupils},
	})
}

// MovedOn is somebody who left a school for another.
type MovedOn struct {
	EntryID string    `json:"entry_id"`
	Name    string    `json:"name"`
	School  SchoolRef `json:"school"`
}

// movedOnAtOnce bounds how many records one query looks at.
const movedOnAtOnce = 500

// MovedOnFrom answers up to limit people who have left a school since an id was made, having been in one of these classes, by where
// they stand now.
func (s *Service) MovedOnFrom(ctx context.Context, schoolID string, classes map[string]bool, after string, limit int) ([]MovedOn, error) {
	type record struct{ id, entry, details string }
	var ids []string
	for len(ids) < limit {
		found, err := db.Collect(ctx, s.db, `SELECT id, target_id, details FROM audit_records WHERE school_id = $1 AND id > $2 AND action = 'registry.move'
			ORDER BY id LIMIT $3`, []any{schoolID, after, movedOnAtOnce}, func(r *record) []any { return []any{&r.id, &r.entry, &r.details} })
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			var d struct {
				Class string `json:"from_class_id"`
			}
			if err := json.Unmarshal([]byte(r.details), &d); err != nil {
				return nil, err
			}
			if classes[d.Class] && len(ids) < limit {
				ids = append(ids, r.entry)
			}
		}
		if len(found) < movedOnAtOnce {
			break
		}
		after = found[len(found)-1].id
	}
	entries, err := s.EntriesByID(ctx, s.db, ids)
	all := make([]MovedOn, 0, len(ids))
	for _, id := range ids {
		if e, there := entries[id]; there && e.School.ID != schoolID {
			all = append(all, MovedOn{id, e.Name, SchoolRef{e.School.ID, e.School.Name}})
			delete(entries, id) // who has moved twice stands here once
		}
	}
	return all, err
}

// ClassesWithHead answers which classes of a school have a class teacher.
func (s *Service) ClassesWithHead(ctx context.Context, q db.Querier, schoolID string) (map[string]bool, error) {
	ids, err := db.Collect(ctx, q, `SELECT DISTINCT t.class_id FROM class_teachers t JOIN classes c ON c.id = t.class_id WHERE c.school_id = $1 AND t.head`,
		[]any{schoolID}, func(id *string) []any { return []any{id} })
	headed := map[string]bool{}
	for _, id := range ids {
		headed[id] = true
	}
	return headed, err
}
