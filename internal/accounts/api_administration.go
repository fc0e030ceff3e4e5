package accounts

import (
	"context"

	"caotang/internal/server"
)

type searchInput struct {
	server.PageInput
	IDNumber string `query:"id_number" maxLength:"200" doc:"Whole, of whom the account is bound to or of a child whose guardian it is; every such search is recorded"`
	Name     string `query:"name" maxLength:"500" doc:"Whole, likewise"`
	Username string `query:"username" maxLength:"1000" doc:"Whole, whatever its case"`
	Phone    string `query:"phone" maxLength:"100" doc:"Whole"`
	Frozen   bool   `query:"frozen" doc:"Only accounts that their owners have frozen"`
}

type searchOutput struct{ Body server.Page[Found] }

type issueInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

type issueOutput struct{ Body OneTimeCode }

type replacePhoneInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Phone  string `json:"phone" maxLength:"100"`
		Reason string `json:"reason" maxLength:"1000"`
	}
}

type foundOutput struct{ Body Found }

func (s *Service) mountAdministration(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/accounts", ID: "search-accounts", Tag: "accounts", Rule: server.Administrator,
		Summary: "Find accounts of one's scope",
	}, func(ctx context.Context, in *searchInput) (*searchOutput, error) {
		page, err := s.Search(ctx, Search{in.IDNumber, in.Name, in.Username, in.Phone, in.Frozen, in.Limit, in.Cursor})
		return &searchOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/accounts/{id}/password-reset", ID: "issue-one-time-code", Tag: "accounts", Rule: server.Administrator,
		Summary: "Replace an account's password by a one-time code, shown once",
	}, func(ctx context.Context, in *issueInput) (*issueOutput, error) {
		code, err := s.IssueCode(ctx, in.ID, in.Body.Reason)
		return &issueOutput{code}, err
	})
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/admin/accounts/{id}/phone", ID: "replace-phone", Tag: "accounts", Rule: server.Administrator,
		Summary: "Give an account another phone",
	}, func(ctx context.Context, in *replacePhoneInput) (*foundOutput, error) {
		found, err := s.ReplacePhone(ctx, in.ID, in.Body.Phone, in.Body.Reason)
		return &foundOutput{found}, err
	})
}
