package roster

import (
	"context"
	"slices"
	"strings"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
)

// ClassTeacher is somebody who teaches a class.
type ClassTeacher struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Head bool   `json:"head" doc:"The class teacher, or one of them"`
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

func (s *Service) classTeachers(ctx context.Context, classID string) (*body[server.Page[ClassTeacher]], error) {
	all, err := db.Collect(ctx, s.db, `SELECT e.id, e.name, t.head FROM class_teachers t JOIN registry_entries e ON e.id = t.entry_id
		WHERE t.class_id = $1 ORDER BY e.id`, []any{classID}, func(t *ClassTeacher) []any { return []any{&t.ID, &t.Name, &t.Head} })
	return &body[server.Page[ClassTeacher]]{server.NewPage(all, len(all), func(t ClassTeacher) string { return t.ID })}, err
}

// setTeachers makes exactly these teachers of the same school the class's, and these among them its class teachers: nil leaves
// those who were. The record keeps who they were when.
func (s *Service) setTeachers(ctx context.Context, classID string, teachers []string, heads *[]string) error {
	slices.Sort(teachers)
	teachers = slices.Compact(teachers)
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		class, err := s.managedClass(ctx, tx, classID)
		if err != nil {
			return err
		}
		for _, teacher := range teachers { // who is being replaced or moved takes turns; always in one order
			if _, err := tx.Exec(ctx, "UPDATE registry_entries SET updated_at = updated_at WHERE id = $1", teacher); err != nil {
				return err
			}
		}
		head, err := db.Collect(ctx, tx, "DELETE FROM class_teachers WHERE class_id = $1 RETURNING entry_id, head", []any{classID},
			func(t *ClassTeacher) []any { return []any{&t.ID, &t.Head} })
		if err != nil {
			return err
		}
		isHead := func(teacher string) bool { return slices.Contains(head, ClassTeacher{ID: teacher, Head: true}) }
		if heads != nil {
			for _, teacher := range *heads {
				if !slices.Contains(teachers, teacher) {
					return fault.ErrInvalid.New(fault.Field("class_teacher_ids", "not_found"))
				}
			}
			isHead = func(teacher string) bool { return slices.Contains(*heads, teacher) }
		}
		var headed []string
		for _, teacher := range teachers {
			added, err := changed(tx.Exec(ctx, `INSERT INTO class_teachers (class_id, entry_id, head)
				SELECT $1, id, $4 FROM registry_entries WHERE id = $2 AND school_id = $3 AND kind = 'teacher'`, classID, teacher, class.School.ID, isHead(teacher)))
			if err != nil {
				return err
			}
			if !added {
				return fault.ErrInvalid.New(fault.Field("teacher_ids", "not_found"))
			}
			if isHead(teacher) {
				headed = append(headed, teacher)
			}
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "class.teachers", Target: "class", TargetID: classID, Place: class.place,
			Details: map[string]any{"class": class.DisplayName, "teachers": strings.Join(teachers, " "), "class_teachers": strings.Join(headed, " ")},
		})
	})
}

type setTeachersInput struct {
	ByID
	Body struct {
		TeacherIDs      []string  `json:"teacher_ids" maxItems:"200" doc:"Entries of teachers of the same school"`
		ClassTeacherIDs *[]string `json:"class_teacher_ids,omitempty" maxItems:"10" doc:"Those among them who are its class teachers; who was stays so when absent"`
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
	server.Register(srv, op("PUT", "set-class-teachers", "Make exactly these teachers the class's"),
		func(ctx context.Context, in *setTeachersInput) (*body[server.Page[ClassTeacher]], error) {
			if err := s.setTeachers(ctx, in.ID, in.Body.TeacherIDs, in.Body.ClassTeacherIDs); err != nil {
				return nil, err
			}
			return s.classTeachers(ctx, in.ID)
		})
}
