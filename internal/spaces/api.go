package spaces

import (
	"context"

	"caotang/internal/server"
)

type meOutput struct{ Body *Me }

type spaceInput struct {
	As string `query:"as" enum:"teacher,student,parent,public" doc:"In which of one's roles; the most one's own when absent"`
}

type spaceOutput struct{ Body *Space }

type classmatesInput struct{ server.PageInput }

type classmatesOutput struct{ Body server.Page[Classmate] }

type overviewOutput struct{ Body *Overview }

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me", ID: "get-me", Tag: "spaces", Rule: server.SignedIn,
		Summary: "Who one is",
	}, func(ctx context.Context, _ *struct{}) (*meOutput, error) {
		me, err := s.me(ctx)
		return &meOutput{me}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/space", ID: "get-my-space", Tag: "spaces", Rule: server.Ready,
		Summary: "One's own space: school, class, classes taught, what to do next",
	}, func(ctx context.Context, in *spaceInput) (*spaceOutput, error) {
		space, err := s.space(ctx, in.As)
		return &spaceOutput{space}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/classmates", ID: "list-my-classmates", Tag: "spaces", Rule: server.Verified,
		Summary: "The pupils of one's class",
	}, func(ctx context.Context, in *classmatesInput) (*classmatesOutput, error) {
		page, err := s.classmates(ctx, in.PageInput)
		return &classmatesOutput{page}, err
	})
	s.mountTaught(srv)
	s.mountApps(srv)
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/overview", ID: "get-overview", Tag: "spaces", Rule: server.Administrator,
		Summary: "How one's scope stands",
	}, func(ctx context.Context, _ *struct{}) (*overviewOutput, error) {
		overview, err := s.overview(ctx)
		return &overviewOutput{overview}, err
	})
}
