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
		Wait    bool    `json:"wait,omitempty" doc:"Instead of sms_gateway_busy, let the request stand for half an hour: the code is sent when a gateway is back"`
	}
}

type sendOutput struct{ Body Promise }

type statusInput struct {
	ID string `path:"message_id" maxLength:"100"`
}

type statusOutput struct{ Body Status }

type gatewayOutput struct{ Body GatewayState }

type watchOutput struct{ Body Traffic }

// Mount adds the room's operations and metrics.
func (s *Service) Mount(srv *server.Server) {
	srv.Registry().MustRegister(s)
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/sms-codes", ID: "send-sms-code", Tag: "sms", Status: 202, Captcha: true,
		Summary: "Send a verification code to a phone",
	}, func(ctx context.Context, in *sendInput) (*sendOutput, error) {
		phone, err := ParsePhone("phone", in.Body.Phone)
		if err != nil {
			return nil, err
		}
		send := s.SendCode
		if in.Body.Wait {
			send = s.SendCodeWhenPossible
		}
		promise, err := send(ctx, phone, in.Body.Purpose)
		return &sendOutput{promise}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/sms-messages/{message_id}", ID: "get-sms-message", Tag: "sms",
		Summary: "How far a code has come on its way",
	}, func(ctx context.Context, in *statusInput) (*statusOutput, error) {
		status, err := s.Status(ctx, in.ID, access.ClientFrom(ctx).Language)
		return &statusOutput{status}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/sms-gateway", ID: "get-sms-gateway", Tag: "sms",
		Summary: "Whether codes can be sent now",
	}, func(context.Context, *struct{}) (*gatewayOutput, error) {
		return &gatewayOutput{s.GatewayState()}, nil
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/sms", ID: "watch-sms", Tag: "sms", Rule: server.Administrator,
		Summary: "How gateways and messages fare; for administrators of the province",
	}, func(ctx context.Context, _ *struct{}) (*watchOutput, error) {
		traffic, err := s.Watch(ctx)
		return &watchOutput{traffic}, err
	})
}
