package moves

import (
	"context"

	"caotang/internal/server"
)

type byID struct {
	ID string `path:"id" maxLength:"64"`
}

type peopleInput struct {
	server.PageInput
	ID string `path:"id" maxLength:"64"`
}

type togetherInput struct{ Body Together }

type moveInput struct {
	Body struct {
		Together
		Confirmed int64 `json:"confirmed" doc:"How many people the preview named"`
		Knowing   bool  `json:"knowing,omitempty" doc:"That whoever moves them knows of those whom the preview calls misplaced"`
	}
}

type mergerPreviewInput struct {
	ID   string `path:"id" maxLength:"64"`
	Into string `query:"into" required:"true" maxLength:"64" doc:"The school that it becomes part of"`
}

type mergerInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Into           string `json:"into" maxLength:"64" doc:"The school that it becomes part of"`
		Code           string `json:"code" maxLength:"100" doc:"The code of the school that ends, which says once more which one is meant"`
		Administrators string `json:"administrators" enum:"end,take_over" doc:"What becomes of the school's administrators: they end, or administer the other school"`
	}
}

type listInput struct{ server.PageInput }

type body[T any] struct{ Body T }

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	op := func(method, path, id, summary string, status int) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin" + path, ID: id, Summary: summary, Tag: "moves", Rule: server.Administrator, Status: status}
	}
	server.Register(srv, op("POST", "/moves/preview", "preview-move", "What it comes to when people go to another school together", 0),
		func(ctx context.Context, in *togetherInput) (*body[MovePreview], error) {
			p, _, err := s.preview(ctx, in.Body)
			return &body[MovePreview]{p}, err
		})
	server.Register(srv, op("POST", "/moves", "move-together", "Move people to another school together, being over both", 202),
		func(ctx context.Context, in *moveInput) (*body[Move], error) {
			m, err := s.begin(ctx, in.Body.Together, in.Body.Confirmed, in.Body.Knowing)
			return &body[Move]{m}, err
		})
	server.Register(srv, op("GET", "/moves", "list-moves", "The moves and mergers of the schools of one's scope", 0),
		func(ctx context.Context, in *listInput) (*body[server.Page[Move]], error) {
			page, err := s.list(ctx, in.PageInput)
			return &body[server.Page[Move]]{page}, err
		})
	server.Register(srv, op("GET", "/moves/{id}", "get-move", "How far a move or merger is", 0),
		func(ctx context.Context, in *byID) (*body[Move], error) {
			m, err := s.visible(ctx, in.ID)
			return &body[Move]{m}, err
		})
	server.Register(srv, op("GET", "/moves/{id}/people", "list-moved-people", "Whom a move took along", 0),
		func(ctx context.Context, in *peopleInput) (*body[server.Page[MovedPerson]], error) {
			page, err := s.moved(ctx, in.ID, in.PageInput)
			return &body[server.Page[MovedPerson]]{page}, err
		})
	server.Register(srv, op("GET", "/schools/{id}/merger", "preview-merger", "What becomes of a school that becomes part of another", 0),
		func(ctx context.Context, in *mergerPreviewInput) (*body[MergerPreview], error) {
			p, err := s.previewMerger(ctx, in.ID, in.Into)
			return &body[MergerPreview]{p}, err
		})
	server.Register(srv, op("POST", "/schools/{id}/merger", "merge-school", "Make a school part of another, being over both", 202),
		func(ctx context.Context, in *mergerInput) (*body[Move], error) {
			m, err := s.beginMerger(ctx, in.ID, in.Body.Into, in.Body.Code, in.Body.Administrators == "take_over")
			return &body[Move]{m}, err
		})
}
