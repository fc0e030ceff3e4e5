package finder

import (
	"context"

	"caotang/internal/server"
)

// The text is no part of the address, which is logged.
type findInput struct {
	Body struct {
		Text string `json:"text" maxLength:"200"`
	}
}

type findOutput struct{ Body Found }

// Mount adds the room's operation.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/find", ID: "find", Tag: "finder", Rule: server.Administrator,
		Summary: "Find people, accounts, requests and schools of one's scope by whatever is at hand; a look by ID number is recorded",
	}, func(ctx context.Context, in *findInput) (*findOutput, error) {
		found, err := s.Find(ctx, in.Body.Text)
		return &findOutput{found}, err
	})
}
