package roster

import (
	"context"
	"encoding/json"
	"strings"

	"caotang/internal/db"
)

// trace is a piece of what an import did at one school, kept so that it can be undone.
type trace struct {
	id, school string
	at         db.Time // what updated_at of its entries is as long as nobody has changed them since
	added      string  // ids of new entries, one after another
	sealed     []byte  // a deed
}

// deed is what a piece has to say besides.
type deed struct {
	Before  []former `json:"before,omitempty"`  // what entries were that stood there already
	Classes []string `json:"classes,omitempty"` // that the import made
	Kept    []kept   `json:"kept,omitempty"`    // once undone: what stays
}

// former is what an import changed of an entry, as it was before.
type former struct {
	EntryID string  `json:"id"`
	Class   *string `json:"class,omitempty"` // "" for none; nil where it is the same
	Name    string  `json:"name,omitempty"`  // "" where it is the same
	// What the entry lacked, and the import filled in.
	Student     bool `json:"student,omitempty"`
	Certificate bool `json:"certificate,omitempty"`

	// The class that it had graduated with at another school, before the import took it on; "" for whoever was not.
	Graduated string `json:"graduated,omitempty"`
}

// How much a piece holds: what one transaction can undo without making others wait.
const (
	addedPerTrace  = 1000
	beforePerTrace = 200
)

const idLength = 26

// ids are those of the new entries.
func (t *trace) ids() []string {
	all := make([]string, 0, len(t.added)/idLength)
	for from := 0; from < len(t.added); from += idLength {
		all = append(all, t.added[from:from+idLength])
	}
	return all
}

// keep writes what an outcome did, within its transaction. Ids go as they are: of 20,000 rows they take half a megabyte, and no
// index grows by them.
func (w *writer) keep(ctx context.Context, tx *db.Tx, importID string, o *outcome) error {
	var rows [][]any
	add := func(school, added string, d deed) error {
		plain, err := json.Marshal(d)
		if err != nil {
			return err
		}
		rows = append(rows, []any{importID, db.NewID(), school, o.at, added, w.s.vault.Seal(purposeTraces, string(plain)), false})
		return nil
	}
	for school, ids := range o.newcomers {
		all := ids.String()
		for from := 0; from < len(all); from += addedPerTrace * idLength {
			if err := add(school, all[from:min(from+addedPerTrace*idLength, len(all))], deed{}); err != nil {
				return err
			}
		}
	}
	for school, before := range o.before {
		for from := 0; from < len(before); from += beforePerTrace {
			if err := add(school, "", deed{Before: before[from:min(from+beforePerTrace, len(before))]}); err != nil {
				return err
			}
		}
	}
	for school, classes := range o.classes {
		d := deed{}
		for _, id := range classes {
			d.Classes = append(d.Classes, id)
		}
		if err := add(school, "", d); err != nil {
			return err
		}
	}
	return tx.Insert(ctx, "roster_traces", []string{"import_id", "id", "school_id", "at", "added", "sealed", "undone"}, rows)
}

// newcomer notes an entry that the outcome adds.
func (o *outcome) newcomer(school, id string) {
	ids := o.newcomers[school]
	if ids == nil {
		ids = &strings.Builder{}
		o.newcomers[school] = ids
	}
	ids.WriteString(id)
}

// traces answers the pieces of an import that are undone, or are not, up to limit by id after one.
func (s *Service) traces(ctx context.Context, q db.Querier, importID string, undone bool, after string, limit int) ([]trace, error) {
	return db.Collect(ctx, q, `SELECT id, school_id, at, added, sealed FROM roster_traces
		WHERE import_id = $1 AND undone = $2 AND id > $3 ORDER BY id LIMIT $4`, []any{importID, undone, after, limit},
		func(t *trace) []any { return []any{&t.id, &t.school, &t.at, &t.added, &t.sealed} })
}

func (s *Service) deedOf(t *trace) (d deed, err error) {
	plain, err := s.vault.Open(purposeTraces, t.sealed)
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal([]byte(plain), &d)
}

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

func (d *deed) entries() []string {
	all := make([]string, len(d.Before))
	for i, f := range d.Before {
		all[i] = f.EntryID
	}
	return all
}
