package spaces

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/verification"
)

// App is one of the platform's applications, worded in the reader's language.
type App struct {
	ID     string `json:"id" enum:"class,teaching,slips,transfer,family"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Href   string `json:"href"`
}

// apps lists what a verified person may open, by what their bindings make of them (F-20). The list is as long as the platform has
// applications.
func (s *Service) apps(ctx context.Context) ([]App, error) {
	actor, language := access.ActorFrom(ctx), access.ClientFrom(ctx).Language
	bindings, err := s.verification.BindingsOf(ctx, s.db, actor.AccountID)
	if err != nil {
		return nil, err
	}
	list := []App{}
	add := func(id, href string) {
		list = append(list, App{id, messages.Text(language, "app."+id+".title", nil), messages.Text(language, "app."+id+".detail", nil), href})
	}
	for i, b := range bindings {
		switch {
		case b.Kind == verification.Teacher:
			taught, err := s.roster.ClassesTaught(ctx, b.EntryID)
			if err != nil {
				return nil, err
			}
			if len(taught) > 0 {
				add("teaching", "/space")
				add("slips", "/slips/"+taught[0].ID)
			}
			add("transfer", "/me/transfers")
		case !b.Guardian && b.EntryKind == roster.Student:
			add("class", "/space")
			add("transfer", "/me/transfers")
		case b.Guardian && (i == 0 || !bindings[i-1].Guardian):
			add("family", "/space")
		}
	}
	return list, nil
}

type appsOutput struct {
	Body struct {
		Items []App `json:"items"`
	}
}

func (s *Service) mountApps(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/apps", ID: "list-my-apps", Tag: "spaces", Rule: server.Verified,
		Summary: "The applications that one may open (F-20)",
	}, func(ctx context.Context, _ *struct{}) (*appsOutput, error) {
		list, err := s.apps(ctx)
		out := &appsOutput{}
		out.Body.Items = list
		return out, err
	})
}
