package roster

import (
	"context"
	"strings"

	"caotang/internal/access"
)

// AddedClasses are the classes that an import makes because its file names them, or has made.
type AddedClasses struct {
	NewClasses     []AddedClass `json:"new_classes" doc:"Classes that the file names and the school had not: the first of them"`
	NewClassesMore int          `json:"new_classes_more" doc:"How many there are beyond those"`
}

// AddedClass is one of them, by what it is called.
type AddedClass struct {
	School SchoolRef `json:"school"`
	Name   string    `json:"name"`
	Grade  string    `json:"grade"`
	Over   bool      `json:"years_over" doc:"Its years are over: its pupils are on the books until it graduates"`
}

// maxAddedClasses is how many classes are named: more than one school's roster brings.
const maxAddedClasses = 60

func (a *AddedClasses) none() { a.NewClasses = []AddedClass{} }

func (a *AddedClasses) add(more []AddedClass) {
	named := min(len(more), maxAddedClasses-len(a.NewClasses))
	a.NewClasses = append(a.NewClasses, more[:named]...)
	a.NewClassesMore += len(more) - named
}

func addedClass(school *School, m labelMeaning, schoolYear int) AddedClass {
	grade := GradeOf(m.key.stage, m.key.entry, m.years, schoolYear)
	return AddedClass{
		School: SchoolRef{school.ID, school.Name},
		Name:   ClassName(m.key.stage, m.key.entry, m.years, m.key.number, schoolYear),
		Grade:  grade.Name,
		Over:   grade == Over,
	}
}

// ImportReport is an import with what it has come to.
type ImportReport struct {
	Import
	AddedClasses
}

// report adds the classes that a finished import has made: those of its schools that came while it ran.
func (s *Service) report(ctx context.Context, r *importRecord) (*ImportReport, error) {
	report := &ImportReport{Import: r.public(access.ClientFrom(ctx).Language, s.now())}
	report.none()
	if r.kind != Student || !r.startedAt.Valid || !r.finishedAt.Valid {
		return report, nil
	}
	for scope := range strings.SplitSeq(r.scopes, ",") {
		var c conditions
		switch {
		case r.school != "":
			c.add("c.school_id = $%d", r.school)
		case scope != "":
			c.region(scope)
		}
		c.add("c.created_at BETWEEN $%d AND $%d", r.startedAt.Time, r.finishedAt.Time)
		found, err := s.classes(ctx, s.db, c.where()+" ORDER BY s.code, c.stage, c.entry_year DESC, c.number", c.args...)
		if err != nil {
			return nil, err
		}
		added := make([]AddedClass, len(found))
		for i, class := range found {
			added[i] = AddedClass{class.School, class.DisplayName, class.Grade, class.YearsOver()}
		}
		report.add(added)
	}
	return report, nil
}
