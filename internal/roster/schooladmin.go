package roster

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/server"
)

// ErrSchoolExists says that a school code is taken: codes are never reused.
var ErrSchoolExists = fault.Define(fault.Conflict, "school_exists")

const maxSchoolName = 60

// NewSchool is a school to add. Region is its county's code.
type NewSchool struct {
	Code   string `json:"code" maxLength:"100" doc:"学校标识码, 10 digits"`
	Name   string `json:"name" maxLength:"500"`
	Region string `json:"region" maxLength:"20" doc:"The county's code"`
}

// check brings the school's parts into form, or names each that is wrong.
func (n *NewSchool) check(ctx context.Context, q db.Querier) error {
	var bad []fault.Option
	code, problem := schoolCode(n.Code)
	if problem != nil {
		bad = append(bad, problem)
	}
	n.Code = code
	name, problem := schoolName(n.Name)
	if problem != nil {
		bad = append(bad, problem)
	}
	n.Name = name
	n.Region = strings.TrimSpace(n.Region)
	var isCounty bool
	err := q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM regions WHERE code = $1 AND level = 'county')`, n.Region).Scan(&isCounty)
	if err != nil {
		return err
	}
	if !isCounty {
		bad = append(bad, fault.Field("region", "not_found"))
	}
	if len(bad) > 0 {
		return fault.ErrInvalid.New(bad...)
	}
	return nil
}

func schoolCode(text string) (string, fault.Option) {
	code, problem := identity.ParseSchoolCode(text)
	if problem != nil {
		return "", fault.FieldWith("code", problem.Code, problem.Args)
	}
	return code, nil
}

func schoolName(text string) (string, fault.Option) {
	name := strings.Join(strings.Fields(text), " ")
	switch length := utf8.RuneCountInString(name); {
	case length == 0:
		return "", fault.Field("name", "missing")
	case length > maxSchoolName:
		return "", fault.Field("name", "too_long")
	}
	return name, nil
}

// CreateSchool adds a school. The caller has checked that the actor may. Errors: invalid, school_exists.
func (s *Service) CreateSchool(ctx context.Context, tx *db.Tx, n NewSchool) (School, error) {
	if err := n.check(ctx, tx); err != nil {
		return School{}, err
	}
	school := School{ID: db.NewID(), Code: n.Code, Name: n.Name, Region: n.Region}
	result, err := tx.Exec(ctx, `INSERT INTO schools (id, code, name, region, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (code) DO NOTHING`, school.ID, school.Code, school.Name, school.Region, db.At(s.now()))
	if err != nil {
		return School{}, err
	}
	if added, err := result.RowsAffected(); err != nil || added == 0 {
		return School{}, errors.Join(err, ErrSchoolExists.New(fault.Field("code", "school_exists")))
	}
	return school, audit.Record(ctx, tx, audit.Event{
		Action: "school.create", Target: "school", TargetID: school.ID, Place: school.Place(),
		Details: map[string]any{"code": school.Code, "name": school.Name},
	})
}

type changeSchoolInput struct {
	ByID
	Body struct {
		Name *string `json:"name,omitempty" maxLength:"500"`
		Code *string `json:"code,omitempty" maxLength:"100" doc:"学校标识码, while nothing stands at the school"`
	}
}

// mountSchools adds what administrators above the schools do with them.
func (s *Service) mountSchools(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/schools", ID: "create-school", Tag: "schools", Rule: server.Administrator, Status: 201,
		Summary: "Add a school to a county in one's scope",
	}, func(ctx context.Context, in *body[NewSchool]) (*body[School], error) {
		var school School
		err := s.db.InTx(ctx, func(tx *db.Tx) (err error) {
			if !access.ActorFrom(ctx).Can(access.SchoolsManage, access.Place{Region: strings.TrimSpace(in.Body.Region)}) {
				return fault.ErrForbidden.New()
			}
			school, err = s.CreateSchool(ctx, tx, in.Body)
			return err
		})
		return &body[School]{school}, err
	})
	server.Register(srv, server.Op{
		Method: "PATCH", Path: "/api/v1/admin/schools/{id}", ID: "change-school", Tag: "schools", Rule: server.Administrator,
		Summary: "Rename a school, or correct the code of one that nothing stands at yet; its county stays",
	}, func(ctx context.Context, in *changeSchoolInput) (*body[School], error) {
		school, err := s.changeSchool(ctx, in.ID, in.Body.Name, in.Body.Code)
		return &body[School]{school}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/admin/schools/{id}", ID: "delete-school", Tag: "schools", Rule: server.Administrator, Status: 204,
		Summary: "Remove a school that was added by mistake, while nothing stands at it",
	}, func(ctx context.Context, in *struct {
		ByID
		Code   string `query:"code" maxLength:"100" doc:"The school's code, which says once more which one is meant"`
		DryRun bool   `query:"dry_run" doc:"Say whether the school could be removed, or its code corrected, and do nothing"`
	},
	) (*empty, error) {
		return nil, s.removeSchool(ctx, in.ID, in.Code, in.DryRun)
	})
}
