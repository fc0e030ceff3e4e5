package roster

import (
	"context"
	"database/sql"
	"slices"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
)

// entryColumns are the columns of registry_entries in the order in which entries are inserted.
var entryColumns = []string{
	"id", "kind", "name", "name_key", "id_type", "id_number_sealed", "document_index", "student_number_sealed",
	"certificate_number_sealed", "school_id", "class_id", "created_at", "updated_at",
}

// entrySelect reads an entry with its school and class, and the account that is bound to it.
const entrySelect = `SELECT e.id, e.kind, e.name, e.id_type, e.id_number_sealed, e.student_number_sealed, e.certificate_number_sealed,
	e.created_at, e.updated_at, s.id, s.code, s.name, s.region, c.id, c.stage, c.entry_year, c.number, c.schooling_years, c.name, c.graduated_at,
	coalesce(b.account_id, ''), coalesce(a.username, ''), a.phone_sealed FROM ` + entryFrom

const entryFrom = `registry_entries e JOIN schools s ON s.id = e.school_id LEFT JOIN classes c ON c.id = e.class_id
	LEFT JOIN bindings b ON b.entry_id = e.id LEFT JOIN accounts a ON a.id = b.account_id`

// entryRow is an entry as it is read, its class in parts that may be null.
type entryRow struct {
	Entry
	classID, stage, className sql.NullString
	entryYear, number, years  sql.NullInt64
	graduated                 db.NullTime
}

func (r *entryRow) scan() []any {
	e := &r.Entry
	return []any{
		&e.ID, &e.Kind, &e.Name, &e.IDType, &e.idNumber, &e.student, &e.certificate, &e.CreatedAt, &e.UpdatedAt,
		&e.School.ID, &e.School.Code, &e.School.Name, &e.School.Region,
		&r.classID, &r.stage, &r.entryYear, &r.number, &r.years, &r.className, &r.graduated, &e.AccountID, &e.username, &e.phone,
	}
}

// entry is the row as an entry of a school year.
func (r *entryRow) entry(year int) Entry {
	e := r.Entry
	if r.classID.Valid {
		e.Class = &Class{
			ID: r.classID.String, School: SchoolRef{e.School.ID, e.School.Name}, Stage: Stage(r.stage.String),
			EntryYear: int(r.entryYear.Int64), Number: int(r.number.Int64), SchoolingYears: int(r.years.Int64), Name: r.className.String,
			GraduatedAt: r.graduated.Ptr(), place: e.Place(),
		}
		e.Class.derive(year)
	}
	return e
}

func (s *Service) entries(ctx context.Context, q db.Querier, tail string, args ...any) ([]Entry, error) {
	rows, err := db.Collect(ctx, q, entrySelect+tail, args, (*entryRow).scan)
	if err != nil {
		return nil, err
	}
	year := SchoolYear(s.now())
	all := make([]Entry, len(rows))
	for i := range rows {
		all[i] = rows[i].entry(year)
	}
	return all, nil
}

// noClass stands for the pupils without a class where a class's id may stand.
const noClass = "none"

// filter narrows a list of entries; an empty part does not.
type filter struct {
	SchoolID, Region, ClassID, Kind, Bound, Graduated, Name, IDNumber string
}

// conditionsOf limits to the entries to which the actor may do the action, and that a filter leaves.
func (s *Service) conditionsOf(ctx context.Context, f filter, may access.Action) (conditions, error) {
	return s.conditionsIn(ctx, "s.region", f, may)
}

// conditionsIn is [Service.conditionsOf] with the column of the county.
func (s *Service) conditionsIn(ctx context.Context, county string, f filter, may access.Action) (c conditions, err error) {
	c.reach(access.ActorFrom(ctx).Reach(may), county, "e.school_id")
	switch {
	case f.SchoolID != "" && f.Bound == "true": // where few are bound, nobody else of the school is read
		c.add(s.aside("e.school_id")+" = $%d", f.SchoolID)
		c.add("e.id IN (SELECT entry_id FROM bindings WHERE school_id = $%d)", f.SchoolID)
	case f.SchoolID != "":
		c.add("e.school_id = $%d", f.SchoolID)
	}
	if f.Region != "" {
		c.within(county, f.Region)
	}
	if f.ClassID == noClass {
		c.add("e.class_id IS NULL AND e.kind = $%d", Student)
	} else if f.ClassID != "" {
		c.add("e.class_id = $%d", f.ClassID)
		c.add("e.school_id = (SELECT school_id FROM classes WHERE id = $%d)", f.ClassID) // the index begins with the school
	}
	switch {
	case f.Graduated != "":
		c.add("c.graduated_at IS NOT NULL")
	case f.ClassID == "" && f.IDNumber == "":
		c.add("c.graduated_at IS NULL")
	}
	if f.Kind != "" {
		c.add("e.kind = $%d", f.Kind)
	}
	switch f.Bound {
	case "true":
		c.add("b.entry_id IS NOT NULL")
	case "false":
		c.add("b.entry_id IS NULL")
	}
	if f.Name != "" {
		c.contains("e.name_key", identity.CompareKey(identity.Clean(f.Name)))
	}
	if f.IDNumber != "" {
		err = s.byNumber(&c, f.IDNumber)
	}
	return c, err
}

// byNumber limits to the entry with a document number, on whichever kind of document it stands: the numbers of one
// person who searches are typed without it.
func (s *Service) byNumber(c *conditions, text string) error {
	var first *identity.Problem
	var keys []any
	seen := map[string]bool{}
	for _, t := range identity.Types() {
		number, p := identity.ParseOn(t, text, s.now())
		if p != nil {
			if first == nil {
				first = p // the resident ID's, which nearly everybody means
			}
			continue
		}
		if key := number.Key(); !seen[key] {
			seen[key] = true
			now, before := s.vault.Asked(s.vault.Index(purposeIDNumber, key))
			keys = append(keys, now, before)
		}
	}
	if len(keys) == 0 {
		return ErrIDNumberInvalid.New(fault.FieldWith("id_number", first.Code, first.Args))
	}
	list := ""
	for i := range keys {
		if i > 0 {
			list += ", "
		}
		list += "$%d"
	}
	c.add("e.id IN (SELECT entry_id FROM documents WHERE document_index IN ("+list+"))", keys...)
	return nil
}

// Classmate is somebody of one's class.
type Classmate struct {
	EntryID string
	Name    string
}

// Classmates answers up to limit and one people of a student's class, by id after cursor, the student among them;
// nobody when the entry has no class.
func (s *Service) Classmates(ctx context.Context, entryID, cursor string, limit int) ([]Classmate, error) {
	return db.Collect(ctx, s.db, `SELECT e.id, e.name FROM registry_entries me
		JOIN registry_entries e ON e.school_id = me.school_id AND e.class_id = me.class_id AND e.kind = 'student'
		WHERE me.id = $1 AND e.id > $2 ORDER BY e.id LIMIT $3`, []any{entryID, cursor, limit + 1},
		func(c *Classmate) []any { return []any{&c.EntryID, &c.Name} })
}

// PupilsOfClass answers up to limit and one pupils of a class, by id after cursor. The caller decides who may see them.
func (s *Service) PupilsOfClass(ctx context.Context, classID, cursor string, limit int) ([]Classmate, error) {
	return db.Collect(ctx, s.db, `SELECT e.id, e.name FROM classes c
		JOIN registry_entries e ON e.school_id = c.school_id AND e.class_id = c.id AND e.kind = 'student'
		WHERE c.id = $1 AND e.id > $2 ORDER BY e.id LIMIT $3`, []any{classID, cursor, limit + 1},
		func(c *Classmate) []any { return []any{&c.EntryID, &c.Name} })
}

// inPieces calls f with the ids as arguments of a query, so many at once.
func inPieces(ids []string, f func(args []any) error) error {
	for part := range slices.Chunk(ids, lookUpAtOnce) {
		if err := f(db.Args(part)); err != nil {
			return err
		}
	}
	return nil
}

// holdEntries makes whoever changes or binds one of the entries wait until the transaction ends.
func holdEntries(ctx context.Context, tx *db.Tx, ids []string) error {
	slices.Sort(ids)
	for part := range slices.Chunk(ids, lookUpAtOnce) {
		if err := tx.Hold(ctx, "registry_entries", part...); err != nil {
			return err
		}
	}
	return nil
}
