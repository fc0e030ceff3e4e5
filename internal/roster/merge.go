package roster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/tally"
)

// ErrSchoolMerged says that a school has become part of another, which it names, and takes nobody.
var ErrSchoolMerged = fault.Define(fault.Conflict, "school_merged")

// Open answers school_merged for a school that has become part of another.
func (s School) Open() error {
	if s.MergedInto == nil {
		return nil
	}
	day := ""
	if s.MergedAt != nil {
		day = s.MergedAt.In(calendar.Shanghai).Format(time.DateOnly)
	}
	return ErrSchoolMerged.New(fault.Field("school_id", "school_merged_into"), fault.Arg("from", s.Name), fault.Arg("school", s.MergedInto.Name),
		fault.Arg("day", day), fault.Detail("school", *s.MergedInto))
}

// OpenSchool answers a school that takes people: fault.ErrNotFound if there is none, school_merged for one that is part of another.
// Within a transaction it stays so until the end.
func (s *Service) OpenSchool(ctx context.Context, q db.Querier, id string) (School, error) {
	if tx, within := q.(*db.Tx); within {
		var held string
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(id), '') FROM (SELECT id FROM schools WHERE id = $1`+tx.ForShare()+`) s`, id).Scan(&held); err != nil {
			return School{}, err
		}
	}
	school, err := s.SchoolByID(ctx, q, id)
	if err == nil {
		err = school.Open()
	}
	return school, err
}

// Administered answers a school that the actor manages schools at, held until the transaction ends; fault.ErrNotFound otherwise,
// whether or not it exists.
func (s *Service) Administered(ctx context.Context, tx *db.Tx, id string) (School, error) {
	return s.heldSchool(ctx, tx, id)
}

// Managed answers the same without holding it.
func (s *Service) Managed(ctx context.Context, q db.Querier, id string) (School, error) {
	return s.reachable(ctx, q, access.SchoolsManage, id)
}

// CheckPupilClass answers fault.ErrInvalid, of the field that names it, for a class that pupils of a school cannot be put into.
func (s *Service) CheckPupilClass(ctx context.Context, q db.Querier, field, classID, schoolID string) error {
	return s.checkClassOf(ctx, q, field, classID, Student, schoolID)
}

// HoldEntries makes whoever changes or binds one of the entries wait until the transaction ends; always in one order.
func (s *Service) HoldEntries(ctx context.Context, tx *db.Tx, ids []string) error {
	return holdEntries(ctx, tx, slices.Clone(ids))
}

// MarkMerged closes a school within the transaction that holds it: it has become part of another, and with it, from now on,
// those that had become part of it.
func (s *Service) MarkMerged(ctx context.Context, tx *db.Tx, from, into School) error {
	_, err := tx.Exec(ctx, `UPDATE schools SET merged_into = $1, merged_at = $2 WHERE id = $3 OR merged_into = $3`, into.ID, db.At(s.now()), from.ID)
	return err
}

// MergedLately lists the schools that have become part of one of these since a moment, the latest first, up to the limit.
func (s *Service) MergedLately(ctx context.Context, q db.Querier, schoolIDs []string, since time.Time, limit int) ([]School, error) {
	if len(schoolIDs) == 0 {
		return []School{}, nil
	}
	args := append(db.Args(schoolIDs), db.At(since), limit)
	all, err := db.Collect(ctx, q, fmt.Sprintf(`SELECT %s FROM schools s WHERE s.merged_into IN (%s) AND s.merged_at >= $%d ORDER BY s.merged_at DESC, s.id LIMIT $%d`,
		schoolColumns, db.Placeholders(len(schoolIDs)), len(args)-1, len(args)), args, (*School).scan)
	return append([]School{}, all...), err
}

// EveryClass answers all classes of a school, those that have graduated too, in the order of their stage, year and number.
func (s *Service) EveryClass(ctx context.Context, q db.Querier, schoolID string) ([]Class, error) {
	return s.classes(ctx, q, " WHERE c.school_id = $1 ORDER BY c.stage, c.entry_year DESC, c.number, c.id", schoolID)
}

// NumberFor is the number that a class gets at another school whose classes these are: its own, or where that is taken the next free one.
// It is taken, too, by a class of another stage whose grade is called the same, as 一年级 of special education is: both would be 一年级1班.
func NumberFor(class Class, there []Class) int {
	taken := map[int]bool{}
	for _, c := range there {
		if c.Stage == class.Stage && c.EntryYear == class.EntryYear || c.GradeNumber > 0 && c.Grade == class.Grade {
			taken[c.Number] = true
		}
	}
	number := class.Number
	for taken[number] {
		number++
	}
	return number
}

// GiveClass makes a class one of another school's within the transaction, by a number that is free there, and records it at both. Its
// people stay where they are until [Service.Rehome] takes them along: where they are counted follows from themselves.
func (s *Service) GiveClass(ctx context.Context, tx *db.Tx, class Class, to School, number int) error {
	if _, err := tx.Exec(ctx, `UPDATE classes SET school_id = $1, number = $2 WHERE id = $3`, to.ID, number, class.ID); err != nil {
		return err
	}
	for _, place := range []access.Place{class.place, to.Place()} {
		if err := audit.Record(ctx, tx, audit.Event{
			Action: "class.merge", Target: "class", TargetID: class.ID, Place: place, Details: map[string]any{"class": class.DisplayName, "school": to.Name, "number": number},
		}); err != nil {
			return err
		}
	}
	return nil
}

// Rehome makes people of one school those of another within the transaction, which holds them, with class, binding and the classes
// that teachers teach, and records each.
func (s *Service) Rehome(ctx context.Context, tx *db.Tx, ids []string, from, to School) error {
	people, err := s.EntriesByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := tally.Leave(ctx, tx, s.now(), id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE registry_entries SET school_id = $1, updated_at = $2 WHERE id = $3 AND school_id = $4`, to.ID, db.At(s.now()), id, from.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE bindings SET school_id = $1 WHERE entry_id = $2`, to.ID, id); err != nil {
			return err
		}
		if err := tally.Enter(ctx, tx, s.now(), id); err != nil {
			return err
		}
		if err := s.record(ctx, tx, "registry.move", people[id], "", map[string]any{"to_school_id": to.ID, "school": to.Name}); err != nil {
			return err
		}
	}
	return nil
}
