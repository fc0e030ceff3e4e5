package tally

import (
	"context"
	"time"

	"caotang/internal/db"
)

// Day is a day of China, which has no summer time, counted from 1970-01-01.
type Day int64

// DayOf is the day of an instant.
func DayOf(t time.Time) Day { return Day((t.UnixMilli() + chinaAhead) / dayLong) }

// String writes the day as 2026-11-25.
func (d Day) String() string { return time.UnixMilli(int64(d) * dayLong).UTC().Format(time.DateOnly) }

// In milliseconds.
const (
	chinaAhead = 8 * 60 * 60 * 1000
	dayLong    = 24 * 60 * 60 * 1000
)

// Change is so many more people, or fewer, who are alike in all that is counted.
type Change struct {
	County, School, Class string // Class "" for people without one
	Kind, Stage           string // Stage is the class's, "" without one
	Entries, Activated    int64
}

var changeColumns = []string{"id", "county", "school_id", "class_id", "kind", "stage", "day", "entries", "activated"}

// Add counts many changes at once, which an import knows without asking.
func Add(ctx context.Context, tx *db.Tx, at time.Time, changes []Change) error {
	day, rows := DayOf(at), make([][]any, len(changes))
	for i, c := range changes {
		rows[i] = []any{db.NewID(), c.County, c.School, c.Class, c.Kind, c.Stage, int64(day), c.Entries, c.Activated}
	}
	return tx.Insert(ctx, "tally_changes", changeColumns, rows)
}

// Leave takes an entry out of the count where it stands now, with its binding, and holds it until the transaction ends: before
// it moves, changes its class or is removed. An entry that does not exist counts nowhere.
func Leave(ctx context.Context, tx *db.Tx, at time.Time, entryID string) error {
	// Whoever binds or unbinds the entry waits from here on, so that what is taken out is what will have stood there.
	if err := tx.Hold(ctx, "registry_entries", entryID); err != nil {
		return err
	}
	return count(ctx, tx, at, entryID, -1)
}

// Enter counts an entry where it stands now, with its binding: after it was added, has moved or has changed its class.
func Enter(ctx context.Context, tx *db.Tx, at time.Time, entryID string) error {
	return count(ctx, tx, at, entryID, 1)
}

func count(ctx context.Context, tx *db.Tx, at time.Time, entryID string, sign int64) error {
	return change(ctx, tx, at, entryID, sign, "CAST($3 AS bigint)",
		"CASE WHEN EXISTS (SELECT 1 FROM bindings b WHERE b.entry_id = e.id) THEN CAST($3 AS bigint) ELSE 0 END")
}

// Activate counts that an entry, which the transaction holds, was bound (+1) or unbound (-1).
func Activate(ctx context.Context, tx *db.Tx, at time.Time, entryID string, more int64) error {
	return change(ctx, tx, at, entryID, more, "0", "CAST($3 AS bigint)")
}

// change appends a change of so many people where an entry stands now; entries and activated say in SQL how many of them, $3,
// each column takes. Whoever is in a class that has graduated counts nowhere; nobody makes it graduate, or takes that back, until
// the transaction ends.
func change(ctx context.Context, tx *db.Tx, at time.Time, entryID string, more int64, entries, activated string) error {
	_, err := tx.Exec(ctx, `INSERT INTO tally_changes (id, county, school_id, class_id, kind, stage, day, entries, activated)
		SELECT CAST($1 AS text), s.region, e.school_id, coalesce(e.class_id, ''), e.kind, coalesce(c.stage, ''), CAST($2 AS bigint),
			`+entries+`, `+activated+`
		FROM registry_entries e JOIN schools s ON s.id = e.school_id LEFT JOIN (
			SELECT id, stage, graduated_at FROM classes WHERE id = (SELECT class_id FROM registry_entries WHERE id = $4)`+tx.ForShare()+`) c ON c.id = e.class_id
		WHERE e.id = $4 AND c.graduated_at IS NULL`, db.NewID(), int64(DayOf(at)), more, entryID)
	return err
}

// LeaveClass takes everybody of a class out of the count, whose row the transaction has changed: before it is of another stage,
// or when it has graduated.
func LeaveClass(ctx context.Context, tx *db.Tx, at time.Time, classID string) error {
	return countClass(ctx, tx, at, classID, -1)
}

// EnterClass counts everybody of such a class: when it is of another stage, or has graduated no longer.
func EnterClass(ctx context.Context, tx *db.Tx, at time.Time, classID string) error {
	return countClass(ctx, tx, at, classID, 1)
}

func countClass(ctx context.Context, tx *db.Tx, at time.Time, classID string, sign int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO tally_changes (id, county, school_id, class_id, kind, stage, day, entries, activated)
		SELECT CAST($1 AS text) || e.kind, s.region, c.school_id, c.id, e.kind, c.stage, CAST($2 AS bigint),
			CAST($3 AS bigint) * count(*), CAST($3 AS bigint) * count(b.entry_id)
		FROM classes c JOIN schools s ON s.id = c.school_id JOIN registry_entries e ON e.school_id = c.school_id AND e.class_id = c.id
			LEFT JOIN bindings b ON b.entry_id = e.id
		WHERE c.id = $4 GROUP BY s.region, c.school_id, c.id, e.kind, c.stage`, db.NewID(), int64(DayOf(at)), sign, classID)
	return err
}

// Recount counts the registry anew, by the days on which its people came and were bound; who has left meanwhile is forgotten.
// It is for a registry that was filled past this package, as the demo's is. Nobody may change the registry meanwhile.
func Recount(ctx context.Context, tx *db.Tx) error {
	for _, table := range []string{"tally_changes", "tally_totals", "tally_days"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	for _, part := range []struct{ name, at, from, entries, activated string }{
		{"came", "e.created_at", "registry_entries e", "count(*)", "0"},
		{"bound", "b.bound_at", "bindings b JOIN registry_entries e ON e.id = b.entry_id", "0", "count(*)"},
	} {
		day := "(" + part.at + " + 28800000) / 86400000"
		alike := "s.region, e.school_id, coalesce(e.class_id, ''), e.kind, coalesce(c.stage, ''), " + day
		if _, err := tx.Exec(ctx, `INSERT INTO tally_changes (county, school_id, class_id, kind, stage, day, id, entries, activated)
			SELECT `+alike+`, e.school_id || '/' || coalesce(e.class_id, '') || '/' || e.kind || '/' || (`+day+`) || '/`+part.name+`',
				`+part.entries+`, `+part.activated+`
			FROM `+part.from+` JOIN schools s ON s.id = e.school_id LEFT JOIN classes c ON c.id = e.class_id
			WHERE c.graduated_at IS NULL
			GROUP BY `+alike); err != nil {
			return err
		}
	}
	return nil
}

// recounted counts the registry itself, alike people in one row.
const recounted = `SELECT s.region AS county, e.school_id AS school_id, coalesce(e.class_id, '') AS class_id, e.kind AS kind,
		coalesce(c.stage, '') AS stage, count(*) AS entries, count(b.entry_id) AS activated
	FROM registry_entries e JOIN schools s ON s.id = e.school_id LEFT JOIN classes c ON c.id = e.class_id
		LEFT JOIN bindings b ON b.entry_id = e.id
	WHERE c.graduated_at IS NULL
	GROUP BY s.region, e.school_id, coalesce(e.class_id, ''), e.kind, coalesce(c.stage, '')`
