package roster

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/tally"
)

const (
	maxClassNumber = 999
	maxClassName   = 50 // characters
	maxBulkClasses = 50
)

// Class is a class of a school. What it is called is derived from when it entered.
type Class struct {
	ID             string     `json:"id"`
	School         SchoolRef  `json:"school"`
	Stage          Stage      `json:"stage" enum:"kindergarten,primary,junior,senior,vocational,special"`
	EntryYear      int        `json:"entry_year"`
	Number         int        `json:"number"`
	SchoolingYears int        `json:"schooling_years" doc:"Six or five for primary, three or four for junior school (六三制, 五四制)"`
	Name           string     `json:"name" doc:"A name of its own; empty for most"`
	Grade          string     `json:"grade" doc:"In the present school year, such as 七年级; 未入学, 学制已满，待毕业 or 已毕业 outside its years"`
	GradeNumber    int        `json:"grade_number" doc:"1–12, or the year within a kindergarten, vocational or special school; 0 outside its years"`
	DisplayName    string     `json:"display_name"`
	Pupils         int        `json:"pupils"`
	GraduatedAt    *time.Time `json:"graduated_at,omitempty" doc:"Since when the class is off the school's books"`
	place          access.Place
}

// SchoolRef names a school.
type SchoolRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Place is where the class's school lies.
func (c Class) Place() access.Place { return c.place }

// derive fills what follows from the school year.
func (c *Class) derive(schoolYear int) {
	grade := GradeOf(c.Stage, c.EntryYear, c.SchoolingYears, schoolYear)
	if c.GraduatedAt != nil {
		grade = Graduated
	}
	c.Grade, c.GradeNumber = grade.Name, grade.Number
	if c.DisplayName = c.Name; c.DisplayName == "" {
		c.DisplayName = ClassName(c.Stage, c.EntryYear, c.SchoolingYears, c.Number, schoolYear)
	}
}

const classSelect = `SELECT c.id, s.id, s.name, s.region, c.stage, c.entry_year, c.number, c.schooling_years, c.name, c.graduated_at,
	(SELECT COUNT(*) FROM registry_entries e WHERE e.school_id = c.school_id AND e.class_id = c.id AND e.kind = 'student')
	FROM classes c JOIN schools s ON s.id = c.school_id`

// classRow is a class as it is read.
type classRow struct {
	Class
	graduated db.NullTime
}

func (c *classRow) scan() []any {
	return []any{&c.ID, &c.School.ID, &c.School.Name, &c.place.Region, &c.Stage, &c.EntryYear, &c.Number, &c.SchoolingYears, &c.Name, &c.graduated, &c.Pupils}
}

func (s *Service) classes(ctx context.Context, q db.Querier, tail string, args ...any) ([]Class, error) {
	rows, err := db.Collect(ctx, q, classSelect+tail, args, (*classRow).scan)
	year := SchoolYear(s.now())
	all := make([]Class, len(rows))
	for i, r := range rows {
		all[i] = r.Class
		all[i].GraduatedAt, all[i].place.School = r.graduated.Ptr(), r.School.ID
		all[i].derive(year)
	}
	return all, err
}

// ClassByID answers a class; fault.ErrNotFound if there is none.
func (s *Service) ClassByID(ctx context.Context, q db.Querier, id string) (Class, error) {
	all, err := s.classes(ctx, q, " WHERE c.id = $1", id)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return Class{}, err
	}
	return all[0], nil
}

// managedClass answers a class that the actor may manage; fault.ErrNotFound otherwise.
func (s *Service) managedClass(ctx context.Context, q db.Querier, id string) (Class, error) {
	class, err := s.ClassByID(ctx, q, id)
	if err == nil && !access.ActorFrom(ctx).Can(access.ClassesManage, class.place) {
		return Class{}, fault.ErrNotFound.New()
	}
	return class, err
}

// ClassesOnBooks answers the classes of a school that have not graduated, those among them whose years are over, youngest stage
// and latest entry first.
func (s *Service) ClassesOnBooks(ctx context.Context, q db.Querier, schoolID string) ([]Class, error) {
	return s.classes(ctx, q, " WHERE c.school_id = $1 AND c.graduated_at IS NULL ORDER BY c.stage, c.entry_year DESC, c.number", schoolID)
}

// YearsOver tells whether the class should have graduated and has not.
func (c Class) YearsOver() bool { return c.Grade == Over.Name }

// ClassesOfSchool answers those that are there in the present school year or about to enter, and those whose years are over as long
// as they hold pupils, who are on the books.
func (s *Service) ClassesOfSchool(ctx context.Context, schoolID string) ([]Class, error) {
	all, err := s.ClassesOnBooks(ctx, s.db, schoolID)
	return slices.DeleteFunc(all, func(c Class) bool { return c.YearsOver() && c.Pupils == 0 }), err
}

// UsualStage is what most classes of a school are, "" where it has none.
func (s *Service) UsualStage(ctx context.Context, q db.Querier, schoolID string) (stage Stage, err error) {
	err = q.QueryRow(ctx, `SELECT stage FROM classes WHERE school_id = $1 GROUP BY stage ORDER BY count(*) DESC, stage LIMIT 1`, schoolID).Scan(&stage)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return stage, err
}

// NewClass is what a class is made from. SchoolingYears 0 is the usual length for its stage.
type NewClass struct {
	SchoolID       string
	Stage          Stage
	EntryYear      int
	Number         int
	SchoolingYears int
	Name           string
}

// CheckClass says whether a class could be made so: fault.ErrInvalid with fields. Its school is not looked at.
func (s *Service) CheckClass(n NewClass) error { return s.checkClass(&n) }

func (s *Service) checkClass(n *NewClass) error {
	var bad []fault.Option
	year := SchoolYear(s.now())
	if !n.Stage.Valid() {
		bad = append(bad, fault.Field("stage", "not_allowed"))
	} else if n.SchoolingYears == 0 {
		n.SchoolingYears = n.Stage.Years()
	} else if !n.Stage.Lasts(n.SchoolingYears) {
		bad = append(bad, fault.Field("schooling_years", "not_allowed"))
	}
	if n.EntryYear < year-12 || n.EntryYear > year+1 {
		bad = append(bad, fault.FieldWith("entry_year", "entry_year_range", map[string]any{"from": year - 12, "to": year + 1}))
	}
	if n.Number < 1 || n.Number > maxClassNumber {
		bad = append(bad, fault.FieldWith("number", "class_number_range", map[string]any{"max": maxClassNumber}))
	}
	if n.Name = identity.Clean(n.Name); utf8.RuneCountInString(n.Name) > maxClassName {
		bad = append(bad, fault.Field("name", "too_long"))
	}
	if len(bad) > 0 {
		return fault.ErrInvalid.New(bad...)
	}
	return nil
}

// CreateClass adds a class within the transaction and records it: class_exists when the school has it already,
// fault.ErrInvalid with fields, fault.ErrNotFound for an unknown school. The caller decides who may.
func (s *Service) CreateClass(ctx context.Context, tx *db.Tx, n NewClass) (Class, error) {
	if err := s.checkClass(&n); err != nil {
		return Class{}, err
	}
	school, err := s.OpenSchool(ctx, tx, n.SchoolID)
	if err != nil {
		return Class{}, err
	}
	id := db.NewID()
	added, err := db.Changed(tx.Exec(ctx, `INSERT INTO classes (id, school_id, stage, entry_year, number, schooling_years, name, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		id, n.SchoolID, string(n.Stage), n.EntryYear, n.Number, n.SchoolingYears, n.Name, db.At(s.now())))
	if err != nil {
		return Class{}, err
	}
	if !added {
		return Class{}, ErrClassExists.New(fault.Field("number", "class_exists"))
	}
	if err := recordClass(ctx, tx, id, school.Place(), n.Stage, n.EntryYear, n.Number); err != nil {
		return Class{}, err
	}
	return s.ClassByID(ctx, tx, id)
}

// recordClass records that a class was made.
func recordClass(ctx context.Context, tx *db.Tx, id string, place access.Place, stage Stage, entryYear, number int) error {
	return audit.Record(ctx, tx, audit.Event{
		Action: "class.create", Target: "class", TargetID: id, Place: place,
		Details: map[string]any{"stage": stage, "entry_year": entryYear, "number": number},
	})
}

// changeClass changes what a class is, where the actor may; nil leaves a part as it is.
func (s *Service) changeClass(ctx context.Context, id string, change func(*NewClass)) (class Class, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		old, err := s.managedClass(ctx, tx, id)
		if err != nil {
			return err
		}
		n := NewClass{old.School.ID, old.Stage, old.EntryYear, old.Number, old.SchoolingYears, old.Name}
		change(&n)
		if n.Stage != old.Stage && !n.Stage.Lasts(n.SchoolingYears) {
			n.SchoolingYears = 0
		}
		if err := s.checkClass(&n); err != nil {
			return err
		}
		restage := n.Stage != old.Stage && old.GraduatedAt == nil
		if restage {
			if err := s.takeOut(ctx, tx, id); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE classes SET stage = $1, entry_year = $2, number = $3, schooling_years = $4, name = $5 WHERE id = $6`,
			string(n.Stage), n.EntryYear, n.Number, n.SchoolingYears, n.Name, id)
		if db.IsUnique(err) {
			return ErrClassExists.New(fault.Field("number", "class_exists"))
		}
		if err == nil && restage {
			err = tally.EnterClass(ctx, tx, s.now(), id)
		}
		if err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Event{
			Action: "class.change", Target: "class", TargetID: id, Place: old.place,
			Details: map[string]any{"stage": n.Stage, "entry_year": n.EntryYear, "number": n.Number},
		}); err != nil {
			return err
		}
		class, err = s.ClassByID(ctx, tx, id)
		return err
	})
	return class, err
}

// deleteClass removes a class that nobody is in: class_in_use otherwise.
func (s *Service) deleteClass(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		class, err := s.managedClass(ctx, tx, id)
		if err != nil {
			return err
		}
		var one int
		err = tx.QueryRow(ctx, "SELECT 1 FROM registry_entries WHERE school_id = $1 AND class_id = $2 LIMIT 1", class.School.ID, id).Scan(&one)
		if err == nil {
			return ErrClassInUse.New(fault.Next("show_class", "/admin/registry?class_id="+id))
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM class_teachers WHERE class_id = $1", id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM classes WHERE id = $1", id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "class.delete", Target: "class", TargetID: id, Place: class.place, Details: map[string]any{"class": class.DisplayName},
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

// createBulk adds classes 1 to count of a cohort, those that are there already left alone, and answers the new ones.
func (s *Service) createBulk(ctx context.Context, n NewClass, count int) (created []Class, err error) {
	if count < 1 || count > maxBulkClasses {
		return nil, fault.ErrInvalid.New(fault.FieldWith("count", "class_number_range", map[string]any{"max": maxBulkClasses}))
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		created = []Class{}
		if _, err := s.reachable(ctx, tx, access.ClassesManage, n.SchoolID); err != nil {
			return err
		}
		for n.Number = 1; n.Number <= count; n.Number++ {
			class, err := s.CreateClass(ctx, tx, n)
			if fault.Is(err, ErrClassExists) {
				continue
			}
			if err != nil {
				return err
			}
			created = append(created, class)
		}
		return nil
	})
	return created, err
}
