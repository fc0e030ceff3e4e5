package roster

import (
	"context"
	"maps"
	"slices"

	"caotang/internal/db"
)

// Absence is who stands at the one school that a file is about and not in the file: half a roster looks like a whole one otherwise. An
// import leaves them as they are.
type Absence struct {
	Absent      int            `json:"absent" doc:"People of the school and kind who are not in the file, graduates apart; 0 where the file is about several schools"`
	AbsentFirst []AbsentPerson `json:"absent_first" doc:"The first of them, by class"`
}

// AbsentPerson is one of them.
type AbsentPerson struct {
	Name  string    `json:"name"`
	Class *ClassRef `json:"class"`
}

const (
	absentNamed = 200
	// absentRead is how many people a school may have for this to be told: more are no school.
	absentRead = 20_000
)

// seen is which schools a file is about, and which entries it names.
type seen struct{ schools, entries map[string]bool }

func newSeen() seen { return seen{map[string]bool{}, map[string]bool{}} }

func (s seen) add(b *batch, o *outcome) {
	for i := range b.candidates {
		s.schools[b.candidates[i].school.ID] = true
	}
	for _, id := range o.met {
		s.entries[id] = true
	}
}

// absence reads who stands at the school and was not seen.
func (run *importRun) absence(ctx context.Context, s seen) (a Absence, err error) {
	a.AbsentFirst = []AbsentPerson{}
	if len(s.schools) != 1 {
		return a, nil
	}
	school := slices.Collect(maps.Keys(s.schools))[0]
	ids, err := db.Collect(ctx, run.s.db, `SELECT e.id FROM registry_entries e LEFT JOIN classes c ON c.id = e.class_id
		WHERE e.school_id = $1 AND e.kind = $2 AND c.graduated_at IS NULL ORDER BY c.stage, c.entry_year DESC, c.number, e.id LIMIT $3`,
		[]any{school, run.record.kind, absentRead + 1}, func(id *string) []any { return []any{id} })
	if err != nil || len(ids) > absentRead {
		return a, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return s.entries[id] })
	a.Absent = len(ids)
	ids = ids[:min(len(ids), absentNamed)]
	entries, err := run.s.EntriesByID(ctx, run.s.db, ids)
	for _, id := range ids {
		if e, there := entries[id]; there {
			a.AbsentFirst = append(a.AbsentFirst, AbsentPerson{e.Name, e.Class.Ref()})
		}
	}
	return a, err
}
