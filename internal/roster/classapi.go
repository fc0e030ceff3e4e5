package roster

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/server"
)

type listClassesInput struct {
	server.PageInput
	SchoolID  string `query:"school_id" maxLength:"64"`
	Stage     string `query:"stage" enum:"kindergarten,primary,junior,senior,vocational,special"`
	EntryYear int    `query:"entry_year" minimum:"1900" maximum:"2199"`
	Graduated string `query:"graduated" enum:"true" doc:"Those that have graduated, instead of those that have not"`
}

type classBody struct {
	SchoolID       string `json:"school_id" maxLength:"64"`
	Stage          Stage  `json:"stage" maxLength:"20" doc:"kindergarten, primary, junior, senior, vocational or special"`
	EntryYear      int    `json:"entry_year"`
	Number         int    `json:"number"`
	SchoolingYears int    `json:"schooling_years,omitempty" doc:"0 for what is usual"`
	Name           string `json:"name,omitempty" maxLength:"500"`
}

type bulkBody struct {
	SchoolID       string `json:"school_id" maxLength:"64"`
	Stage          Stage  `json:"stage" maxLength:"20"`
	EntryYear      int    `json:"entry_year"`
	SchoolingYears int    `json:"schooling_years,omitempty" doc:"0 for what is usual"`
	Count          int    `json:"count" doc:"Classes 1 to this"`
}

type changeClassInput struct {
	ByID
	Body struct {
		SchoolID       *string `json:"school_id,omitempty" maxLength:"64" doc:"The class's own: a class stays at its school"`
		Stage          *Stage  `json:"stage,omitempty" maxLength:"20"`
		EntryYear      *int    `json:"entry_year,omitempty"`
		Number         *int    `json:"number,omitempty"`
		SchoolingYears *int    `json:"schooling_years,omitempty"`
		Name           *string `json:"name,omitempty" maxLength:"500" doc:"Empty removes it"`
	}
}

func (s *Service) mountClasses(srv *server.Server) {
	op := func(method, path, id, summary string, status int) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin/classes" + path, ID: id, Summary: summary, Tag: "classes", Rule: server.Administrator, Status: status}
	}
	server.Register(srv, op("GET", "", "list-classes", "The classes in one's scope", 0),
		func(ctx context.Context, in *listClassesInput) (*body[server.Page[Class]], error) {
			found, err := s.listClasses(ctx, in)
			return &body[server.Page[Class]]{server.NewPage(found, in.Limit, func(c Class) string { return c.ID })}, err
		})
	server.Register(srv, op("POST", "", "create-class", "Add a class", 201),
		func(ctx context.Context, in *body[classBody]) (*body[Class], error) {
			b := in.Body
			var class Class
			err := s.db.InTx(ctx, func(tx *db.Tx) (err error) {
				if _, err := s.reachable(ctx, tx, access.ClassesManage, b.SchoolID); err != nil {
					return err
				}
				class, err = s.CreateClass(ctx, tx, NewClass(b))
				return err
			})
			return &body[Class]{class}, err
		})
	server.Register(srv, op("POST", "/bulk", "create-classes", "Add classes 1 to count of a cohort; those that are there stay as they are", 201),
		func(ctx context.Context, in *body[bulkBody]) (*body[server.Page[Class]], error) {
			b := in.Body
			created, err := s.createBulk(ctx, NewClass{SchoolID: b.SchoolID, Stage: b.Stage, EntryYear: b.EntryYear, SchoolingYears: b.SchoolingYears}, b.Count)
			return &body[server.Page[Class]]{server.NewPage(created, len(created), func(c Class) string { return c.ID })}, err
		})
	server.Register(srv, op("PATCH", "/{id}", "change-class", "Change a class", 0),
		func(ctx context.Context, in *changeClassInput) (*body[Class], error) {
			b := in.Body
			class, err := s.changeClass(ctx, in.ID, func(n *NewClass) {
				set(&n.Stage, b.Stage)
				set(&n.EntryYear, b.EntryYear)
				set(&n.Number, b.Number)
				set(&n.SchoolingYears, b.SchoolingYears)
				set(&n.Name, b.Name)
			})
			return &body[Class]{class}, err
		})
	server.Register(srv, op("DELETE", "/{id}", "delete-class", "Remove a class that nobody is in", 204),
		func(ctx context.Context, in *ByID) (*empty, error) { return nil, s.deleteClass(ctx, in.ID) })
	s.mountClassTeachers(srv)
	server.Register(srv, op("POST", "/{id}/pupils", "put-pupils-into-class", "Put pupils of the school into the class, all or none", 0),
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				EntryIDs []string `json:"entry_ids" minItems:"1" maxItems:"200" doc:"Entries of pupils of the same school"`
			}
		},
		) (*body[putBody], error) {
			put, err := s.putPupils(ctx, in.ID, in.Body.EntryIDs)
			return &body[putBody]{put}, err
		})
}

type putBody struct {
	Put   int    `json:"put" doc:"How many were not in the class yet"`
	Class string `json:"class" doc:"What the class is called"`
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
