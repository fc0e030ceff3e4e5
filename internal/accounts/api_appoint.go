package accounts

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/server"
)

type administratorsInput struct {
	server.PageInput
	Level    access.Level `query:"level" enum:"province,city,county,school,service"`
	SchoolID string       `query:"school_id" maxLength:"100"`
}

type administratorsOutput struct{ Body server.Page[Administrator] }

type appointInput struct {
	Body struct {
		Username string       `json:"username" maxLength:"1000"`
		Level    access.Level `json:"level" maxLength:"20" doc:"city, county, school, or service for customer service: below the caller's own"`
		ScopeID  string       `json:"scope_id" maxLength:"100" doc:"The division's code, or the school's id"`
		Existing bool         `json:"existing,omitempty" doc:"Whether the username is that of an account which exists"`
	}
}

type appointOutput struct{ Body Appointment }

type dismissInput struct {
	Body struct {
		AccountID string       `json:"account_id" maxLength:"100"`
		Level     access.Level `json:"level" maxLength:"20"`
		ScopeID   string       `json:"scope_id" maxLength:"100"`
		Reason    string       `json:"reason" maxLength:"1000"`
	}
}

func (s *Service) mountAppointments(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/administrators", ID: "list-administrators", Tag: "accounts", Rule: server.Administrator,
		Summary: "The administrators of one's scope",
	}, func(ctx context.Context, in *administratorsInput) (*administratorsOutput, error) {
		page, err := s.Administrators(ctx, AdministratorFilter{in.Level, in.SchoolID}, in.PageInput)
		return &administratorsOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/administrators", ID: "appoint-administrator", Tag: "accounts", Rule: server.Administrator, Status: 201,
		Summary: "Appoint an administrator of a scope below one's own",
	}, func(ctx context.Context, in *appointInput) (*appointOutput, error) {
		made, err := s.Appoint(ctx, in.Body.Username, access.Grant{Level: in.Body.Level, ScopeID: in.Body.ScopeID}, in.Body.Existing)
		return &appointOutput{made}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/administrators/dismiss", ID: "dismiss-administrator", Tag: "accounts", Rule: server.Administrator, Status: 204,
		Summary: "Take the administration of a scope below one's own from an account",
	}, func(ctx context.Context, in *dismissInput) (*empty, error) {
		return nil, s.Dismiss(ctx, in.Body.AccountID, access.Grant{Level: in.Body.Level, ScopeID: in.Body.ScopeID}, in.Body.Reason)
	})
}
