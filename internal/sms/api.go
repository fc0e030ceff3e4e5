package sms

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/server"
)

type sendInput struct {
	Body struct {
		Phone   string  `json:"phone" maxLength:"100"`
		Purpose Purpose `json:"purpose" enum:"register,bind_phone,change_phone,reset_password,recover_account,recovery_contact,close_account"`
	}
}

type sendOutput struct{ Body Promise }

type statusInput struct {
	ID string `path:"message_id" maxLength:"100"`
}

type statusOutput struct{ Body Status }

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/sms-codes", ID: "send-sms-code", Tag: "sms", Status: 202, Captcha: true,
		Summary: "Send a verification code to a phone",
	}, func(ctx context.Context, in *sendInput) (*sendOutput, error) {
		phone, err := ParsePhone("phone", in.Body.Phone)
		if err != nil {
			return nil, err
		}
		promise, err := s.SendCode(ctx, phone, in.Body.Purpose)
		return &sendOutput{promise}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/sms-messages/{message_id}", ID: "get-sms-message", Tag: "sms",
		Summary: "How far a code has come on its way",
	}, func(ctx context.Context, in *statusInput) (*statusOutput, error) {
		status, err := s.Status(ctx, in.ID, access.ClientFrom(ctx).Language)
		return &statusOutput{status}, err
	})
}
