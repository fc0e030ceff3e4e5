package looks

import (
	"context"

	"caotang/internal/roster"
	"caotang/internal/server"
)

type reason struct {
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

type lookOutput struct{ Body Look }

type listInput struct {
	server.PageInput
	Mine bool `query:"mine" doc:"Those that one asked for, instead of those that one may decide"`
}

type listOutput struct{ Body server.Page[Look] }

type numbersOutput struct{ Body roster.Numbers }

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	op := func(method, path, id, summary string, status int) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin" + path, ID: id, Summary: summary, Tag: "looks", Rule: server.Administrator, Status: status}
	}
	server.Register(srv, op("POST", "/registry/{id}/reveal", "reveal-registry-entry", "The full numbers; the look is recorded with its reason", 0),
		func(ctx context.Context, in *struct {
			roster.ByID
			reason
		},
		) (*numbersOutput, error) {
			n, err := s.reveal(ctx, in.ID, in.Body.Reason)
			return &numbersOutput{n}, err
		})
	server.Register(srv, op("POST", "/registry/{id}/looks", "ask-look", "Asks that a second person allow a look at the full numbers", 201),
		func(ctx context.Context, in *struct {
			roster.ByID
			reason
		},
		) (*lookOutput, error) {
			look, err := s.ask(ctx, in.ID, in.Body.Reason)
			return &lookOutput{look}, err
		})
	server.Register(srv, op("GET", "/looks", "list-looks", "Looks that one may decide, or asked for, the newest first", 0),
		func(ctx context.Context, in *listInput) (*listOutput, error) {
			page, err := s.list(ctx, in.Mine, in.PageInput)
			return &listOutput{page}, err
		})
	server.Register(srv, op("POST", "/looks/{id}/allow", "allow-look", "Lets whoever asked take the look once, within a day", 0),
		func(ctx context.Context, in *struct{ roster.ByID }) (*lookOutput, error) {
			look, err := s.decide(ctx, in.ID, Allowed, "")
			return &lookOutput{look}, err
		})
	server.Register(srv, op("POST", "/looks/{id}/refuse", "refuse-look", "Refuses the look for a reason", 0),
		func(ctx context.Context, in *struct {
			roster.ByID
			reason
		},
		) (*lookOutput, error) {
			look, err := s.decide(ctx, in.ID, Refused, in.Body.Reason)
			return &lookOutput{look}, err
		})
}
