package server

import (
	"context"
	"log/slog"
	"testing"
)

// A deadline for the body, which has been read by then, would end whatever takes longer: a large export after five seconds.
func TestNoHandlerIsHeldToADeadlineForItsBody(t *testing.T) {
	s, err := New(Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	Register(s, Op{Method: "POST", Path: "/api/v1/slow", ID: "slow", Rule: Anyone}, func(context.Context, *struct{ Body struct{} }) (*struct{}, error) {
		return nil, nil
	})
	if limit := s.api.OpenAPI().Paths["/api/v1/slow"].Post.BodyReadTimeout; limit >= 0 {
		t.Errorf("a body must have been read within %v", limit)
	}
}
