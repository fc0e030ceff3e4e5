package owndata

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/server"
)

type dataOutput struct{ Body Data }

type recordsInput struct{ server.PageInput }

type recordsOutput struct{ Body server.Page[Record] }

type exportInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: http.MethodGet, Path: "/api/v1/me/data", ID: "get-my-data", Tag: "own data", Rule: server.SignedIn,
		Summary: "What the platform holds about oneself",
	}, func(ctx context.Context, _ *struct{}) (*dataOutput, error) {
		data, err := s.Read(ctx)
		return &dataOutput{data}, err
	})
	server.Register(srv, server.Op{
		Method: http.MethodGet, Path: "/api/v1/me/data/records", ID: "list-my-records", Tag: "own data", Rule: server.SignedIn,
		Summary: "Who looked at or changed one's data, the newest first",
	}, func(ctx context.Context, in *recordsInput) (*recordsOutput, error) {
		page, err := s.Records(ctx, in.PageInput)
		return &recordsOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: http.MethodPost, Path: "/api/v1/me/data/export", ID: "export-my-data", Tag: "own data", Rule: server.SignedIn,
		Summary: "All of one's data as one .zip file: data.json for programs, data.html for people",
	}, func(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
		packed, err := s.Export(ctx, in.Body.Password)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			c.SetHeader("Content-Type", "application/zip")
			c.SetHeader("Content-Disposition", `attachment; filename="caotang-my-data.zip"`)
			c.SetHeader("Cache-Control", "no-store")
			_, _ = c.BodyWriter().Write(packed)
		}}, nil
	})
}
