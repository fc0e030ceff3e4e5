package roster

import (
	"context"
	"slices"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// Person is a registry entry as an administrator sees it: its numbers masked.
type Person struct {
	ID                      string        `json:"id"`
	Kind                    string        `json:"kind" enum:"teacher,student"`
	Name                    string        `json:"name"`
	IDType                  identity.Type `json:"id_type"`
	MaskedIDNumber          string        `json:"masked_id_number"`
	MaskedStudentNumber     string        `json:"masked_student_number,omitempty"`
	MaskedCertificateNumber string        `json:"masked_certificate_number,omitempty"`
	School                  SchoolRef     `json:"school"`
	Class                   *ClassRef     `json:"class"`
	Bound                   bool          `json:"bound"`
	Graduated               bool          `json:"graduated" doc:"In a class that has graduated: off the school's books, account and space unchanged"`
	Account                 *Holder       `json:"account" doc:"Of whoever is bound to the entry"`
	CreatedAt               time.Time     `json:"created_at"`
	UpdatedAt               time.Time     `json:"updated_at"`
}

// ClassRef names a class.
type ClassRef struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Stage     Stage  `json:"stage"`
	Grade     string `json:"grade"`
	EntryYear int    `json:"entry_year"`
	Number    int    `json:"number"`
}

// Ref names the class as it is called now; nil for none.
func (c *Class) Ref() *ClassRef {
	if c == nil {
		return nil
	}
	return &ClassRef{c.ID, c.DisplayName, c.Stage, c.Grade, c.EntryYear, c.Number}
}

// Holder is an account, masked.
type Holder struct {
	ID             string  `json:"id"`
	MaskedUsername string  `json:"masked_username"`
	MaskedPhone    *string `json:"masked_phone"`
}

// PersonOf masks an entry.
func (s *Service) PersonOf(e Entry) (Person, error) {
	p := Person{
		ID: e.ID, Kind: e.Kind, Name: e.Name, IDType: e.IDType, School: SchoolRef{e.School.ID, e.School.Name},
		Bound: e.AccountID != "", CreatedAt: e.CreatedAt.Time, UpdatedAt: e.UpdatedAt.Time,
	}
	if c := e.Class; c != nil {
		p.Graduated = c.GraduatedAt != nil
	}
	p.Class = e.Class.Ref()
	n, err := s.NumbersOf(e)
	if err != nil {
		return p, err
	}
	p.MaskedIDNumber = vault.MaskIDNumber(n.IDNumber)
	p.MaskedStudentNumber = vault.MaskIDNumber(n.StudentNumber)
	p.MaskedCertificateNumber = vault.MaskIDNumber(n.CertificateNumber)
	if p.Bound {
		p.Account = &Holder{ID: e.AccountID, MaskedUsername: vault.MaskUsername(e.username)}
		if len(e.phone) > 0 {
			phone, err := s.vault.Open(purposePhone, e.phone)
			if err != nil {
				return p, err
			}
			masked := vault.MaskPhone(phone)
			p.Account.MaskedPhone = &masked
		}
	}
	return p, nil
}

// Numbers are an entry's, in full.
type Numbers struct {
	IDNumber          string `json:"id_number"`
	StudentNumber     string `json:"student_number,omitempty"`
	CertificateNumber string `json:"certificate_number,omitempty"`
}

// NumbersOf opens an entry's numbers. Whoever calls it records the look.
func (s *Service) NumbersOf(e Entry) (n Numbers, err error) {
	if n.IDNumber, err = s.IDNumber(e); err != nil {
		return n, err
	}
	if n.StudentNumber, err = s.StudentNumber(e); err != nil {
		return n, err
	}
	n.CertificateNumber, err = s.CertificateNumber(e)
	return n, err
}

// ByID is the id in a path. It is exported because huma sets no fields of an unexported embedded type.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}

type listEntriesInput struct {
	server.PageInput
	SchoolID  string `query:"school_id" maxLength:"64"`
	Region    string `query:"region" maxLength:"6" doc:"A division's code: the entries within it"`
	ClassID   string `query:"class_id" maxLength:"64" doc:"none: the pupils without a class"`
	Kind      string `query:"kind" enum:"teacher,student"`
	Bound     string `query:"bound" enum:"true,false"`
	Graduated string `query:"graduated" enum:"true" doc:"Those who have graduated, instead of those who have not; a class or a number finds both"`
	Name      string `query:"name" maxLength:"200" doc:"Part of the name within one school; how it begins where several are searched"`
	IDNumber  string `query:"id_number" maxLength:"100" doc:"The whole number, on whatever kind of document"`
}

type createEntryInput struct {
	Body struct {
		Kind              string        `json:"kind" maxLength:"20" doc:"teacher or student"`
		Name              string        `json:"name" maxLength:"1000"`
		IDType            identity.Type `json:"id_type" maxLength:"40" doc:"resident_id, residence_permit, home_return_permit, permanent_residence, passport or other"`
		IDNumber          string        `json:"id_number" maxLength:"1000"`
		SchoolID          string        `json:"school_id" maxLength:"64"`
		ClassID           string        `json:"class_id,omitempty" maxLength:"64"`
		StudentNumber     string        `json:"student_number,omitempty" maxLength:"1000"`
		CertificateNumber string        `json:"certificate_number,omitempty" maxLength:"1000"`
	}
}

type changeEntryInput struct {
	ByID
	Body struct {
		Name              *string `json:"name,omitempty" maxLength:"1000"`
		ClassID           *string `json:"class_id,omitempty" maxLength:"64" doc:"Empty for no class"`
		StudentNumber     *string `json:"student_number,omitempty" maxLength:"1000" doc:"Empty removes it"`
		CertificateNumber *string `json:"certificate_number,omitempty" maxLength:"1000" doc:"Empty removes it"`
	}
}

type body[T any] struct{ Body T }

type empty struct{}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	s.mountPublic(srv)
	s.mountSchools(srv)
	s.mountClasses(srv)
	s.mountImports(srv)
	s.mountExport(srv)
	op := func(method, path, id, summary string, status int) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin/registry" + path, ID: id, Summary: summary, Tag: "registry", Rule: server.Administrator, Status: status}
	}
	s.mountDuplicates(srv, op)
	server.Register(srv, op("GET", "", "list-registry", "The registry's entries in one's scope: school by school, the newest first; names that begin alike in their order", 0),
		func(ctx context.Context, in *listEntriesInput) (*body[server.Page[Person]], error) {
			found, next, err := s.listEntries(ctx, filter{in.SchoolID, in.Region, in.ClassID, in.Kind, in.Bound, in.Graduated, in.Name, in.IDNumber}, in.Cursor, in.Limit)
			if err != nil {
				return nil, err
			}
			people := make([]Person, len(found))
			for i, e := range found {
				if people[i], err = s.PersonOf(e); err != nil {
					return nil, err
				}
			}
			return &body[server.Page[Person]]{server.Page[Person]{Items: people, NextCursor: next}}, nil
		})
	server.Register(srv, op("POST", "", "create-registry-entry", "Add a person to the registry", 201),
		func(ctx context.Context, in *createEntryInput) (*body[Person], error) {
			b := in.Body
			var e Entry
			var school School
			err := s.db.InTx(ctx, func(tx *db.Tx) (err error) {
				if school, err = s.reachable(ctx, tx, access.RegistryWrite, b.SchoolID); err != nil {
					return err
				}
				e, err = s.CreateEntry(ctx, tx, NewEntry{b.Kind, b.Name, b.IDType, b.IDNumber, b.SchoolID, b.ClassID, b.StudentNumber, b.CertificateNumber})
				return err
			})
			return s.answer(e, s.RecordElsewhere(ctx, school.Place(), b.IDNumber, err))
		})
	server.Register(srv, op("GET", "/{id}", "get-registry-entry", "One entry", 0),
		func(ctx context.Context, in *ByID) (*body[Person], error) {
			return s.answer(s.reachableEntry(ctx, s.db, access.RegistryRead, in.ID))
		})
	server.Register(srv, op("PATCH", "/{id}", "change-registry-entry", "Change a name, a class or a further number; never the document's", 0),
		func(ctx context.Context, in *changeEntryInput) (*body[Person], error) {
			return s.answer(s.changeEntry(ctx, in.ID, Change(in.Body)))
		})
	server.Register(srv, op("DELETE", "/{id}", "delete-registry-entry", "Remove a person from the registry", 204),
		func(ctx context.Context, in *struct {
			ByID
			Unbind bool `query:"unbind" doc:"Also when an account is bound to the entry, which is unbound"`
			Body   *struct {
				Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Recorded with it"`
			}
		},
		) (*empty, error) {
			reason := ""
			if in.Body != nil && in.Body.Reason != "" {
				var err error
				if reason, err = audit.Reason(in.Body.Reason); err != nil {
					return nil, err
				}
			}
			return nil, s.deleteEntry(ctx, in.ID, in.Unbind, reason)
		})
	server.Register(srv, op("GET", "/history/{id}", "get-registry-history", "What happened to an entry, and to those whose place it took, the newest first", 0),
		func(ctx context.Context, in *historyInput) (*body[History], error) {
			h, err := s.history(ctx, in.ID, in.PageInput)
			return &body[History]{h}, err
		})
}

func (s *Service) answer(e Entry, err error) (*body[Person], error) {
	if err != nil {
		return nil, err
	}
	p, err := s.PersonOf(e)
	return &body[Person]{p}, err
}

func (s *Service) mountPublic(srv *server.Server) {
	op := func(path, id, summary string) server.Op {
		return server.Op{Method: "GET", Path: "/api/v1" + path, ID: id, Summary: summary, Tag: "schools", Rule: server.Anyone}
	}
	server.Register(srv, op("/regions", "list-regions", "The province's divisions by code"),
		func(ctx context.Context, in *struct {
			server.PageInput
			Parent string `query:"parent" maxLength:"6" doc:"Only what lies directly within this division"`
		},
		) (*body[server.Page[Region]], error) {
			found, err := s.regions(ctx, in.Parent, in.Cursor, in.Limit)
			return &body[server.Page[Region]]{server.NewPage(found, in.Limit, func(r Region) string { return r.Code })}, err
		})
	server.Register(srv, op("/schools", "list-schools", "Schools by division and part of the name"),
		func(ctx context.Context, in *struct {
			server.PageInput
			Region string `query:"region" maxLength:"6" doc:"A division's code: the schools within it"`
			Q      string `query:"q" maxLength:"100" doc:"Part of the name"`
		},
		) (*body[server.Page[School]], error) {
			found, err := s.schools(ctx, in.Region, in.Q, in.Cursor, in.Limit)
			return &body[server.Page[School]]{server.NewPage(found, in.Limit, func(x School) string { return x.Code })}, err
		})
	server.Register(srv, op("/schools/{id}/classes", "list-school-classes", "A school's present classes"),
		func(ctx context.Context, in *ByID) (*body[server.Page[Class]], error) {
			if _, err := s.SchoolByID(ctx, s.db, in.ID); err != nil {
				return nil, err
			}
			found, err := s.ClassesOfSchool(ctx, in.ID)
			for i := range found {
				found[i].Pupils = 0 // not for the public
			}
			return &body[server.Page[Class]]{server.NewPage(found, len(found), func(c Class) string { return c.ID })}, err
		})
}

// listClasses answers up to limit and one classes that the actor may manage, by id.
func (s *Service) listClasses(ctx context.Context, in *listClassesInput) ([]Class, error) {
	var c conditions
	reach := access.ActorFrom(ctx).Reach(access.ClassesManage)
	if reach.Empty() {
		return nil, fault.ErrForbidden.New()
	}
	county := "s.region"
	if slices.ContainsFunc(reach.Divisions(), func(code string) bool { return strings.HasSuffix(code, "0000") }) {
		county = s.aside(county) // nearly all are within the province
	}
	c.reach(reach, county, "c.school_id")
	if in.Graduated != "" {
		c.add("c.graduated_at IS NOT NULL")
	} else {
		c.add("c.graduated_at IS NULL")
	}
	if in.SchoolID != "" {
		c.add("c.school_id = $%d", in.SchoolID)
	}
	if in.Stage != "" {
		c.add("c.stage = $%d", in.Stage)
	}
	if in.EntryYear != 0 {
		c.add("c.entry_year = $%d", in.EntryYear)
	}
	if in.Cursor != "" {
		c.add("c.id > $%d", in.Cursor)
	}
	return s.classes(ctx, s.db, c.where()+" ORDER BY c.id"+c.limit(in.Limit), c.args...)
}
