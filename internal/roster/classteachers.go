package roster

import (
	"context"
	"slices"
	"strings"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// ClassTeacher is somebody who teaches a class.
type ClassTeacher struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Head     bool      `json:"head" doc:"The class teacher, or one of them"`
	Subjects []Subject `json:"subjects" enum:"chinese,maths,english,physics,chemistry,biology,politics,history,geography,science,technology,sports,music,art,labour,psychology,other"`
}

// ClassesTaught answers the classes that a teacher teaches, those that have graduated left out.
func (s *Service) ClassesTaught(ctx context.Context, entryID string) ([]Class, error) {
	return s.classes(ctx, s.db, ` JOIN class_teachers t ON t.class_id = c.id WHERE t.entry_id = $1 AND c.graduated_at IS NULL
		ORDER BY c.stage, c.entry_year DESC, c.number`, entryID)
}

// ClassesHeaded answers the ids of the classes whose class teacher somebody is.
func (s *Service) ClassesHeaded(ctx context.Context, q db.Querier, entryID string) ([]string, error) {
	return db.Collect(ctx, q, `SELECT class_id FROM class_teachers WHERE entry_id = $1 AND head ORDER BY class_id`, []any{entryID},
		func(id *string) []any { return []any{id} })
}

// SubjectsTaught answers what a teacher teaches which of their classes, by the classes' ids.
func (s *Service) SubjectsTaught(ctx context.Context, q db.Querier, entryID string) (map[string][]Subject, error) {
	type row struct{ class, subjects string }
	rows, err := db.Collect(ctx, q, `SELECT class_id, subjects FROM class_teachers WHERE entry_id = $1`, []any{entryID},
		func(r *row) []any { return []any{&r.class, &r.subjects} })
	taught := map[string][]Subject{}
	for _, r := range rows {
		taught[r.class] = subjectsIn(r.subjects)
	}
	return taught, err
}

func teachersOf(ctx context.Context, q db.Querier, classID string) ([]ClassTeacher, error) {
	type row struct {
		ClassTeacher
		subjects string
	}
	rows, err := db.Collect(ctx, q, `SELECT e.id, e.name, t.head, t.subjects FROM class_teachers t JOIN registry_entries e ON e.id = t.entry_id
		WHERE t.class_id = $1 ORDER BY e.id`, []any{classID}, func(r *row) []any { return []any{&r.ID, &r.Name, &r.Head, &r.subjects} })
	all := make([]ClassTeacher, len(rows))
	for i, r := range rows {
		all[i] = r.ClassTeacher
		all[i].Subjects = subjectsIn(r.subjects)
	}
	return all, err
}

func (s *Service) classTeachers(ctx context.Context, classID string) (*body[server.Page[ClassTeacher]], error) {
	all, err := teachersOf(ctx, s.db, classID)
	return &body[server.Page[ClassTeacher]]{server.NewPage(all, len(all), func(t ClassTeacher) string { return t.ID })}, err
}

// setTeachers makes exactly these teachers of the same school the class's, these among them its class teachers, and says what each
// teaches: nil, or a teacher who is not named, leaves what was. The record keeps who they were when.
func (s *Service) setTeachers(ctx context.Context, classID string, teachers []string, heads *[]string, subjects map[string][]Subject) error {
	slices.Sort(teachers)
	teachers = slices.Compact(teachers)
	if err := checkSubjects(subjects); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		class, err := s.managedClass(ctx, tx, classID)
		if err != nil {
			return err
		}
		if err := tx.Hold(ctx, "registry_entries", teachers...); err != nil { // who is being replaced or moved takes turns
			return err
		}
		type row struct {
			id, subjects string
			head         bool
		}
		rows, err := db.Collect(ctx, tx, "DELETE FROM class_teachers WHERE class_id = $1 RETURNING entry_id, head, subjects", []any{classID},
			func(r *row) []any { return []any{&r.id, &r.head, &r.subjects} })
		if err != nil {
			return err
		}
		before := map[string]row{}
		var changed []string // who teaches it no more, or otherwise
		for _, r := range rows {
			before[r.id] = r
			if !slices.Contains(teachers, r.id) {
				changed = append(changed, r.id)
			}
		}
		isHead := func(teacher string) bool { return before[teacher].head }
		if heads != nil {
			for _, teacher := range *heads {
				if !slices.Contains(teachers, teacher) {
					return fault.ErrInvalid.New(fault.Field("class_teacher_ids", "not_found"))
				}
			}
			isHead = func(teacher string) bool { return slices.Contains(*heads, teacher) }
		}
		for _, teacher := range teachers {
			taught := before[teacher].subjects
			if said, named := subjects[teacher]; named {
				taught = subjectsText(said)
			}
			was, there := before[teacher]
			if !there || was.head != isHead(teacher) || was.subjects != taught {
				changed = append(changed, teacher)
			}
			added, err := db.Changed(tx.Exec(ctx, `INSERT INTO class_teachers (class_id, entry_id, head, subjects)
				SELECT $1, id, $4, $5 FROM registry_entries WHERE id = $2 AND school_id = $3 AND kind = 'teacher'`, classID, teacher, class.School.ID, isHead(teacher), taught))
			if err != nil {
				return err
			}
			if !added {
				return fault.ErrInvalid.New(fault.Field("teacher_ids", "not_found"))
			}
		}
		return s.recordTeachers(ctx, tx, class, changed)
	})
}

// Teaches tells whether a teacher teaches a class.
func (s *Service) Teaches(ctx context.Context, q db.Querier, entryID, classID string) (taught bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM class_teachers WHERE class_id = $1 AND entry_id = $2)`, classID, entryID).Scan(&taught)
	return taught, err
}

// AddTeacher adds a teacher of the same school to those of a class, in the caller's transaction, and records it; what they teach, and
// whether they are its class teacher, the school says under the class. Errors: invalid for a class that has graduated.
func (s *Service) AddTeacher(ctx context.Context, tx *db.Tx, classID, entryID string) error {
	if err := tx.Hold(ctx, "registry_entries", entryID); err != nil { // who is being replaced or moved takes turns
		return err
	}
	class, err := s.ClassByID(ctx, tx, classID)
	if err != nil {
		return err
	}
	if class.GraduatedAt != nil {
		return fault.ErrInvalid.New(fault.Field("class_id", "class_graduated"))
	}
	added, err := db.Changed(tx.Exec(ctx, `INSERT INTO class_teachers (class_id, entry_id, head, subjects)
		SELECT $1, id, $4, '' FROM registry_entries WHERE id = $2 AND school_id = $3 AND kind = 'teacher' ON CONFLICT DO NOTHING`, classID, entryID, class.School.ID, false))
	if err != nil || !added {
		return err
	}
	return s.recordTeachers(ctx, tx, class, []string{entryID})
}

// recordTeachers records who teaches a class now, and, masked, of whom that changed.
func (s *Service) recordTeachers(ctx context.Context, tx *db.Tx, class Class, changed []string) error {
	now, err := teachersOf(ctx, tx, class.ID)
	if err != nil {
		return err
	}
	var all, heads []string
	for _, t := range now {
		all = append(all, t.ID)
		if t.Head {
			heads = append(heads, t.ID)
		}
	}
	people, err := s.EntriesByID(ctx, tx, changed)
	if err != nil {
		return err
	}
	var masked []string
	for _, id := range changed {
		masked = append(masked, vault.MaskName(people[id].Name))
	}
	return audit.Record(ctx, tx, audit.Event{
		Action: "class.teachers", Target: "class", TargetID: class.ID, Place: class.place,
		Details: map[string]any{
			"class": class.DisplayName, "teachers": strings.Join(all, " "), "class_teachers": strings.Join(heads, " "), "masked_names": strings.Join(masked, " "),
		},
	})
}

// leaveClasses takes somebody who goes out of the classes that they teach, and records each.
func (s *Service) leaveClasses(ctx context.Context, tx *db.Tx, entryID string) error {
	classes, err := db.Collect(ctx, tx, `DELETE FROM class_teachers WHERE entry_id = $1 RETURNING class_id`, []any{entryID}, func(id *string) []any { return []any{id} })
	if err != nil {
		return err
	}
	slices.Sort(classes)
	for _, id := range classes {
		class, err := s.ClassByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.recordTeachers(ctx, tx, class, []string{entryID}); err != nil {
			return err
		}
	}
	return nil
}

type setTeachersInput struct {
	ByID
	Body struct {
		TeacherIDs      []string             `json:"teacher_ids" maxItems:"200" doc:"Entries of teachers of the same school"`
		ClassTeacherIDs *[]string            `json:"class_teacher_ids,omitempty" maxItems:"10" doc:"Those among them who are its class teachers; who was stays so when absent"`
		Subjects        map[string][]Subject `json:"subjects,omitempty" doc:"What each of them teaches, by their id: chinese, maths, english, physics, chemistry, biology, politics, history, geography, science, technology, sports, music, art, labour, psychology, other; who is not named keeps what was said"`
	}
}

func (s *Service) mountClassTeachers(srv *server.Server) {
	op := func(method, id, summary string) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin/classes/{id}/teachers", ID: id, Summary: summary, Tag: "classes", Rule: server.Administrator}
	}
	server.Register(srv, op("GET", "list-class-teachers", "A class's teachers"),
		func(ctx context.Context, in *ByID) (*body[server.Page[ClassTeacher]], error) {
			if _, err := s.managedClass(ctx, s.db, in.ID); err != nil {
				return nil, err
			}
			return s.classTeachers(ctx, in.ID)
		})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/classes/{id}/class-teachers", ID: "list-class-teacher-history", Tag: "classes", Rule: server.Administrator,
		Summary: "Who was its class teacher since when, the newest first",
	}, func(ctx context.Context, in *historyInput) (*body[server.Page[Heads]], error) {
		page, err := s.headHistory(ctx, in.ID, in.PageInput)
		return &body[server.Page[Heads]]{page}, err
	})
	server.Register(srv, op("PUT", "set-class-teachers", "Make exactly these teachers the class's"),
		func(ctx context.Context, in *setTeachersInput) (*body[server.Page[ClassTeacher]], error) {
			if err := s.setTeachers(ctx, in.ID, in.Body.TeacherIDs, in.Body.ClassTeacherIDs, in.Body.Subjects); err != nil {
				return nil, err
			}
			return s.classTeachers(ctx, in.ID)
		})
}
