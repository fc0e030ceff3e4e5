package spaces

import (
	"context"
	"slices"

	"caotang/internal/access"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/verification"
)

// Pupil is somebody of a class as its teachers see it: by name alone.
type Pupil struct {
	Name string `json:"name"`
}

// pupils lists a class that the caller teaches; fault.ErrNotFound for any other, whether or not there is one.
func (s *Service) pupils(ctx context.Context, classID string, page server.PageInput) (server.Page[Pupil], error) {
	var none server.Page[Pupil]
	own, err := s.verification.BindingOf(ctx, s.db, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return none, err
	}
	if own == nil || own.Kind != verification.Teacher {
		return none, fault.ErrNotFound.New()
	}
	taught, err := s.roster.ClassesTaught(ctx, own.EntryID)
	if err != nil {
		return none, err
	}
	if !slices.ContainsFunc(taught, func(c roster.Class) bool { return c.ID == classID }) {
		return none, fault.ErrNotFound.New(fault.Next("home", "/space"))
	}
	found, err := s.roster.PupilsOfClass(ctx, classID, page.Cursor, page.Limit)
	if err != nil {
		return none, err
	}
	entries := server.NewPage(found, page.Limit, func(c roster.Classmate) string { return c.EntryID })
	class := server.Page[Pupil]{Items: make([]Pupil, len(entries.Items)), NextCursor: entries.NextCursor}
	for i, c := range entries.Items {
		class.Items[i] = Pupil{c.Name}
	}
	return class, nil
}

type pupilsInput struct {
	server.PageInput
	ID string `path:"id" maxLength:"100"`
}

type pupilsOutput struct{ Body server.Page[Pupil] }

func (s *Service) mountTaught(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/classes/{id}/pupils", ID: "list-pupils-taught", Tag: "spaces", Rule: server.Verified,
		Summary: "The pupils of a class that one teaches, by name",
	}, func(ctx context.Context, in *pupilsInput) (*pupilsOutput, error) {
		page, err := s.pupils(ctx, in.ID, in.PageInput)
		return &pupilsOutput{page}, err
	})
}
