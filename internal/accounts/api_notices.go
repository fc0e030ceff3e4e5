package accounts

import (
	"context"

	"caotang/internal/server"
)

type eventsInput struct{ server.PageInput }

type eventsOutput struct{ Body server.Page[SecurityEvent] }

// The token stands in the body: an address ends up in logs.
type linkInput struct {
	Body struct {
		Token string `json:"token" maxLength:"200" doc:"What stands after the # of the link in a notice"`
	}
}

type toldOutput struct{ Body Told }

type unfreezeInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
		Phone  string `json:"phone,omitempty" enum:"before,now" doc:"Which phone the account keeps: that of before the change, which is the choice when absent, or the present one"`
	}
}

func (s *Service) mountNotices(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/security-events", ID: "list-my-security-events", Tag: "accounts", Rule: server.SignedIn,
		Summary: "What happened to one's account, the newest first",
	}, func(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
		page, err := s.SecurityEvents(ctx, in.PageInput)
		return &eventsOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/notice-links/read", ID: "read-notice", Tag: "accounts",
		Summary: "What the link in a notice is about; its token is the key",
	}, func(ctx context.Context, in *linkInput) (*toldOutput, error) {
		told, err := s.ReadNotice(ctx, in.Body.Token)
		return &toldOutput{told}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/notice-links/freeze", ID: "freeze-account", Tag: "accounts",
		Summary: "This was not me: freeze the account, and ask those who administer it; the link's token is the key",
	}, func(ctx context.Context, in *linkInput) (*toldOutput, error) {
		told, err := s.FreezeBy(ctx, in.Body.Token)
		return &toldOutput{told}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/notice-links/object", ID: "object-to-notice", Tag: "accounts",
		Summary: "This guardian is not mine: ask the school to look; the account stays as it is, and the link's token is the key",
	}, func(ctx context.Context, in *linkInput) (*toldOutput, error) {
		told, err := s.ObjectBy(ctx, in.Body.Token)
		return &toldOutput{told}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/accounts/{id}/unfreeze", ID: "unfreeze-account", Tag: "accounts", Rule: server.Administrator,
		Summary: "Give a frozen account back to its owner, by a one-time code that is shown once",
	}, func(ctx context.Context, in *unfreezeInput) (*issueOutput, error) {
		code, err := s.Unfreeze(ctx, in.ID, in.Body.Reason, in.Body.Phone)
		return &issueOutput{code}, err
	})
}
