package schoolyear

import (
	"context"

	"caotang/internal/server"
)

type bySchool struct {
	SchoolID string `path:"school_id" maxLength:"64"`
	Year     int    `query:"year" minimum:"1900" maximum:"2199" doc:"The one that matters now when absent"`
}

type planInput struct {
	SchoolID string `path:"school_id" maxLength:"64"`
	Body     struct {
		Year      int          `json:"year"`
		LeaveOut  []string     `json:"leave_out" maxItems:"999" doc:"Classes whose years are over, and that do not graduate yet"`
		New       []Cohort     `json:"new" maxItems:"12" doc:"Where a stage and system are not named, as many as the youngest cohort has of them"`
		Confirmed *TurnNumbers `json:"confirmed,omitempty" doc:"What the turn comes to, for one that runs at once"`
	}
}

type body[T any] struct{ Body T }

type empty struct{}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	op := func(method, path, id, summary string, status int) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin/school-years" + path, ID: id, Summary: summary, Tag: "school years", Rule: server.Administrator, Status: status}
	}
	server.Register(srv, op("GET", "", "list-school-years", "How far the turn of the school year is at the schools of one's scope", 0),
		func(ctx context.Context, in *yearsInput) (*body[server.Page[SchoolYearLine]], error) {
			page, err := s.list(ctx, in)
			return &body[server.Page[SchoolYearLine]]{page}, err
		})
	server.Register(srv, op("GET", "/summary", "count-school-years", "How many schools of one's scope have planned or run it", 0),
		func(ctx context.Context, _ *struct{}) (*body[*SchoolYearSummary], error) {
			sum, err := s.summary(ctx)
			return &body[*SchoolYearSummary]{sum}, err
		})
	server.Register(srv, op("GET", "/{school_id}", "get-school-year", "What the turn of the school year does at a school, or has done", 0),
		func(ctx context.Context, in *bySchool) (*body[*SchoolYear], error) {
			school, err := s.reachable(ctx, in.SchoolID)
			if err != nil {
				return nil, err
			}
			v, err := s.view(ctx, school, s.year(in.Year))
			return &body[*SchoolYear]{v}, err
		})
	server.Register(srv, op("PUT", "/{school_id}", "plan-school-year", "Plan it for the coming school year, or run it at once for the present one", 0),
		func(ctx context.Context, in *planInput) (*body[*SchoolYear], error) {
			v, err := s.decide(ctx, in.SchoolID, in.Body.Year, plan{in.Body.LeaveOut, in.Body.New}, in.Body.Confirmed)
			return &body[*SchoolYear]{v}, err
		})
	server.Register(srv, op("DELETE", "/{school_id}", "withdraw-school-year", "Withdraw a plan that has not run", 204),
		func(ctx context.Context, in *bySchool) (*empty, error) {
			return nil, s.withdraw(ctx, in.SchoolID, s.year(in.Year))
		})
	server.Register(srv, op("POST", "/{school_id}/take-back", "take-back-school-year", "Take back what was run, within 30 days", 202),
		func(ctx context.Context, in *bySchool) (*empty, error) {
			return nil, s.takeBack(ctx, in.SchoolID, s.year(in.Year))
		})
}

func (s *Service) year(asked int) int {
	if asked == 0 {
		return s.due()
	}
	return asked
}
