package accounts

import (
	"context"

	"caotang/internal/server"
)

type roleInput struct {
	Body struct {
		Role string `json:"role" maxLength:"100" doc:"teacher, student, parent or public"`
	}
}

type closingInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
		SMSCode  string `json:"sms_code,omitempty" maxLength:"100" doc:"Of purpose close_account, to the bound phone; needed where one is bound"`
	}
}

type closingOutput struct{ Body Closing }

func (s *Service) mountClosing(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/me/role", ID: "choose-my-role", Tag: "accounts", Rule: server.SignedIn,
		Summary: "Change what one registered as, while one is not verified",
	}, func(ctx context.Context, in *roleInput) (*accountOutput, error) {
		account, err := s.ChooseRole(ctx, in.Body.Role)
		return &accountOutput{account}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/closing", ID: "get-my-closing", Tag: "accounts", Rule: server.SignedIn,
		Summary: "Whether and when one's account will be closed, and what stands in the way",
	}, func(ctx context.Context, _ *struct{}) (*closingOutput, error) {
		closing, err := s.ClosingOf(ctx)
		return &closingOutput{closing}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/closing", ID: "close-my-account", Tag: "accounts", Rule: server.SignedIn,
		Summary: "Ask to close one's account; it may be kept until the wait is over",
	}, func(ctx context.Context, in *closingInput) (*closingOutput, error) {
		closing, err := s.AskClosing(ctx, in.Body.Password, in.Body.SMSCode)
		return &closingOutput{closing}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/closing", ID: "keep-my-account", Tag: "accounts", Rule: server.SignedIn, Status: 204,
		Summary: "Keep one's account after all",
	}, func(ctx context.Context, _ *struct{}) (*empty, error) {
		return nil, s.CancelClosing(ctx)
	})
}
