package roster

import (
	"context"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// ErrSchoolInUse says that something stands at a school already, which would be lost or go wrong with it.
var ErrSchoolInUse = fault.Define(fault.Conflict, "school_in_use")

// holdSchool keeps a school from being removed until the transaction ends: entries and imports name it without a foreign
// key. fault.ErrNotFound if it is not there.
func holdSchool(ctx context.Context, tx *db.Tx, id string) error {
	there, err := db.Changed(tx.Exec(ctx, `UPDATE schools SET name = name WHERE id = $1`, id))
	if err == nil && !there {
		err = fault.ErrNotFound.New()
	}
	return err
}

// unused answers school_in_use when anything stands at a school, with the way to what it is; the caller holds it.
func (s *Service) unused(ctx context.Context, tx *db.Tx, id string) error {
	var people, classes, administrators, imports, requests bool
	err := tx.QueryRow(ctx, `SELECT
		EXISTS (SELECT 1 FROM registry_entries WHERE school_id = $1),
		EXISTS (SELECT 1 FROM classes WHERE school_id = $1),
		EXISTS (SELECT 1 FROM grants WHERE level = 'school' AND scope_id = $1),
		EXISTS (SELECT 1 FROM roster_imports WHERE state IN ('queued', 'running') AND coalesce(school_id, $1) = $1),
		EXISTS (SELECT 1 FROM tickets WHERE school_id = $1) OR EXISTS (SELECT 1 FROM recoveries WHERE school_id = $1)
			OR EXISTS (SELECT 1 FROM transfers WHERE from_school_id = $1 OR to_school_id = $1)`, id).
		Scan(&people, &classes, &administrators, &imports, &requests)
	switch {
	case err != nil:
		return err
	case people:
		return ErrSchoolInUse.New(fault.Next("show_people", "/admin/registry?school_id="+id))
	case classes:
		return ErrSchoolInUse.New(fault.Next("show_classes", "/admin/classes?school_id="+id))
	case administrators:
		return ErrSchoolInUse.New(fault.Next("show_administrators", "/admin/administrators?school_id="+id))
	case imports:
		return ErrSchoolInUse.New(fault.Next("show_imports", "/admin/registry/import"))
	case requests:
		return ErrSchoolInUse.New(fault.Next("show_tickets", "/admin/tickets"))
	}
	return nil
}

// removeSchool takes a school away that was added by mistake and that nothing stands at. The code repeats which one is meant; to look
// only is to be told whether the school could go. Errors: not_found also outside the actor's scope; school_in_use; invalid
// for another code.
func (s *Service) removeSchool(ctx context.Context, id, code string, lookOnly bool) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		school, err := s.heldSchool(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := school.Open(); err != nil {
			return err
		}
		if err := s.unused(ctx, tx, id); err != nil || lookOnly {
			return err
		}
		if strings.TrimSpace(code) != school.Code {
			return fault.ErrInvalid.New(fault.Field("code", "school_code_differs"))
		}
		if _, err := tx.Exec(ctx, `DELETE FROM schools WHERE id = $1`, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "school.delete", Target: "school", TargetID: id, Place: school.Place(), Details: map[string]any{"code": school.Code, "name": school.Name},
		})
	})
}

// heldSchool answers a school that the actor manages, held; fault.ErrNotFound otherwise, whether or not it exists.
func (s *Service) heldSchool(ctx context.Context, tx *db.Tx, id string) (School, error) {
	school, err := s.reachable(ctx, tx, access.SchoolsManage, id)
	if err == nil {
		err = holdSchool(ctx, tx, id)
	}
	return school, err
}

// changeSchool renames a school, or corrects the code of one that nothing stands at: files and papers of a school in use
// go by its code. Nil leaves a part as it is. Errors: invalid, not_found also outside the actor's scope, school_exists,
// school_in_use, school_merged.
func (s *Service) changeSchool(ctx context.Context, id string, name, code *string) (school School, err error) {
	var bad []fault.Option
	if name != nil {
		clean, problem := schoolName(*name)
		if problem != nil {
			bad = append(bad, problem)
		}
		name = &clean
	}
	if code != nil {
		clean, problem := schoolCode(*code)
		if problem != nil {
			bad = append(bad, problem)
		}
		code = &clean
	}
	if len(bad) > 0 {
		return school, fault.ErrInvalid.New(bad...)
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if school, err = s.heldSchool(ctx, tx, id); err == nil {
			err = school.Open()
		}
		if err != nil {
			return err
		}
		if name != nil && *name != school.Name {
			if err := s.setOfSchool(ctx, tx, school, "school.rename", "name", school.Name, *name); err != nil {
				return err
			}
			school.Name = *name
		}
		if code == nil || *code == school.Code {
			return nil
		}
		if err := s.unused(ctx, tx, id); err != nil {
			return err
		}
		if err := s.setOfSchool(ctx, tx, school, "school.change_code", "code", school.Code, *code); err != nil {
			return err
		}
		school.Code = *code
		return nil
	})
	return school, err
}

// setOfSchool changes one column of a school, and records it.
func (s *Service) setOfSchool(ctx context.Context, tx *db.Tx, school School, action, column, from, to string) error {
	if _, err := tx.Exec(ctx, `UPDATE schools SET `+column+` = $1 WHERE id = $2`, to, school.ID); db.IsUnique(err) {
		return ErrSchoolExists.New(fault.Field("code", "school_exists"))
	} else if err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{
		Action: action, Target: "school", TargetID: school.ID, Place: school.Place(), Details: map[string]any{"name": school.Name, "from": from, "to": to},
	})
}
