package desk

import (
	"context"

	"caotang/internal/deadlines"
	"caotang/internal/server"
)

type listInput struct {
	server.PageInput
	View     deadlines.View `query:"view" enum:"waiting,taken,overdue,open,ended" doc:"waiting, for the caller's own level, when absent"`
	Kind     deadlines.Kind `query:"kind" enum:"missing_entry,missing_class,not_me,correction,frozen,lost_account,transfer"`
	SchoolID string         `query:"school_id" maxLength:"100"`
}

type listOutput struct{ Body server.Page[Request] }

type countsOutput struct {
	Body struct {
		Items []deadlines.Counts `json:"items" doc:"By kind, without those that there are none of; counted up to 10,000 each"`
	}
}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/requests", ID: "list-requests", Tag: "desk", Rule: server.Administrator,
		Summary: "All that people ask of the caller's scope, of whatever kind, the newest first",
	}, func(ctx context.Context, in *listInput) (*listOutput, error) {
		v, err := view(in.View)
		if err != nil {
			return nil, err
		}
		page, err := s.List(ctx, deadlines.Wanted{View: v, Kind: in.Kind, SchoolID: in.SchoolID, Before: in.Cursor, Limit: in.Limit})
		return &listOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/requests/counts", ID: "count-requests", Tag: "desk", Rule: server.Administrator,
		Summary: "How many open requests of each kind there are in the caller's scope",
	}, func(ctx context.Context, _ *struct{}) (*countsOutput, error) {
		counts, err := s.Counts(ctx)
		out := &countsOutput{}
		out.Body.Items = append([]deadlines.Counts{}, counts...)
		return out, err
	})
}
