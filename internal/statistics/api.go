package statistics

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/server"
)

type showInput struct {
	server.PageInput
	Scope string `query:"scope" maxLength:"100" doc:"A division code or a school's id; one's own scope when absent"`
	Order Order  `query:"order" enum:"name,share,missing" default:"name"`
	Kind  string `query:"kind" enum:"teacher,student" doc:"Whom the order looks at; both when absent"`
}

type showOutput struct{ Body *Statistics }

type trendInput struct {
	Scope string `query:"scope" maxLength:"100" doc:"A division code or a school's id; one's own scope when absent"`
	Days  int    `query:"days" minimum:"2" maximum:"366" default:"30"`
}

type trendOutput struct {
	Body struct {
		Items []Point `json:"items"`
	}
}

type stuckOutput struct{ Body *Stuck }

type scopeInput struct {
	Scope string `query:"scope" maxLength:"100" doc:"A division code or a school's id; one's own scope when absent"`
}

type targetsInput struct {
	Region string `query:"region" maxLength:"100" doc:"A division code or a school's id; one's own scope when absent"`
}

type targetsOutput struct {
	Body struct {
		Items []Target `json:"items"`
	}
}

type targetInput struct{ Body Target }

type removeTargetInput struct {
	Region string `query:"region" required:"true" maxLength:"6"`
	Kind   string `query:"kind" required:"true" enum:"teacher,student"`
	Stage  string `query:"stage" enum:"kindergarten,primary,junior,senior,vocational,special"`
}

type empty struct{}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/statistics", ID: "get-statistics", Tag: "statistics", Rule: server.Administrator,
		Summary: "How many people of a scope have activated their space, and of what lies right below it",
	}, func(ctx context.Context, in *showInput) (*showOutput, error) {
		of, err := s.find(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		out, err := s.show(ctx, of, in.Order, in.Kind, in.PageInput)
		return &showOutput{out}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/statistics/trend", ID: "get-statistics-trend", Tag: "statistics", Rule: server.Administrator,
		Summary: "The same day by day",
	}, func(ctx context.Context, in *trendInput) (*trendOutput, error) {
		points, err := s.trend(ctx, in.Scope, in.Days)
		out := &trendOutput{}
		out.Body.Items = points
		return out, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/statistics/stuck", ID: "get-stuck", Tag: "statistics", Rule: server.Administrator,
		Summary: "How often people got stuck on the way into their space, by day and reason, as far as is known",
	}, func(ctx context.Context, in *trendInput) (*stuckOutput, error) {
		of, err := s.find(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		found, err := s.stuck(ctx, of, in.Days)
		return &stuckOutput{found}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/statistics/stuck.xlsx", ID: "export-stuck", Tag: "statistics", Rule: server.Administrator,
		Summary: "The same as a workbook",
	}, func(ctx context.Context, in *trendInput) (*huma.StreamResponse, error) {
		t, err := s.exportStuck(ctx, in.Scope, in.Days)
		if err != nil {
			return nil, err
		}
		return server.Download(server.Workbook, t.name(), "stuck.xlsx", t.write), nil
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/statistics/export.xlsx", ID: "export-statistics", Tag: "statistics", Rule: server.Administrator,
		Summary: "The table of a scope as a workbook",
	}, func(ctx context.Context, in *scopeInput) (*huma.StreamResponse, error) {
		t, err := s.export(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		return server.Download(server.Workbook, t.name(), "statistics.xlsx", t.write), nil
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/statistics/targets", ID: "list-targets", Tag: "statistics", Rule: server.Administrator,
		Summary: "The targets that are set for a division and for those above it, the nearest first",
	}, func(ctx context.Context, in *targetsInput) (*targetsOutput, error) {
		list, err := s.listTargets(ctx, in.Region)
		out := &targetsOutput{}
		out.Body.Items = list
		return out, err
	})
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/admin/statistics/targets", ID: "set-target", Tag: "statistics", Rule: server.Administrator, Status: 204,
		Summary: "Set what percentage of a division's people should have activated their space",
	}, func(ctx context.Context, in *targetInput) (*empty, error) { return nil, s.setTarget(ctx, in.Body) })
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/admin/statistics/targets", ID: "remove-target", Tag: "statistics", Rule: server.Administrator, Status: 204,
		Summary: "Take a division's target away: the one of the division above holds again",
	}, func(ctx context.Context, in *removeTargetInput) (*empty, error) {
		return nil, s.removeTarget(ctx, Target{Region: in.Region, Kind: in.Kind, Stage: in.Stage})
	})
}
