package slips

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/server"
	"caotang/internal/verification"
)

// GroupQuery names a group in an address.
type GroupQuery struct {
	ClassID  string `query:"class_id" maxLength:"64" doc:"The pupils of a class; either this or school_id"`
	SchoolID string `query:"school_id" maxLength:"64" doc:"The teachers of a school"`
}

// GroupBody names a group, or some of it.
type GroupBody struct {
	ClassID  string   `json:"class_id,omitempty" maxLength:"64" doc:"The pupils of a class; either this or school_id"`
	SchoolID string   `json:"school_id,omitempty" maxLength:"64" doc:"The teachers of a school"`
	EntryIDs []string `json:"entry_ids,omitempty" maxItems:"500" doc:"Some of them; everybody who is not activated when empty"`
}

func (b GroupBody) group() Group { return Group{b.ClassID, b.SchoolID} }

type listInput struct {
	server.PageInput
	GroupQuery
}

type listOutput struct{ Body *Overview }

type printInput struct {
	Here
	Body struct {
		GroupBody
		Replace bool `json:"replace,omitempty" doc:"Print anew for those too whose slip still works; that one ends"`
	}
}

// Here is the address that a request came to.
type Here struct{ here string }

// Resolve implements huma.Resolver.
func (h *Here) Resolve(c huma.Context) []error {
	scheme := "http://"
	if c.TLS() != nil || c.Header("X-Forwarded-Proto") == "https" {
		scheme = "https://"
	}
	h.here = scheme + c.Host()
	return nil
}

type endInput struct{ Body GroupBody }

type endOutput struct {
	Body struct {
		Ended int `json:"ended" doc:"How many slips worked until now"`
	}
}

type slipCodeInput struct {
	Body struct {
		Code string `json:"code" maxLength:"200" doc:"As typed: letter case, spaces and dashes do not matter"`
	}
}

type checkOutput struct{ Body Shown }

type registerBySlipInput struct {
	Body struct {
		Code     string `json:"code" maxLength:"200"`
		Username string `json:"username" maxLength:"1000"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type passwordBySlipInput struct {
	Body struct {
		Code     string `json:"code" maxLength:"200"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type signedInOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Account accounts.Account `json:"account"`
		Token   string           `json:"token" doc:"For clients that are no browsers: the bearer token of the new session"`
	}
}

func signedIn(in accounts.SignedIn, err error) (*signedInOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &signedInOutput{SetCookie: in.Cookie()}
	out.Body.Account, out.Body.Token = in.Account, in.Token()
	return out, nil
}

type bindingOutput struct{ Body *verification.Binding }

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/slips", ID: "list-slips", Tag: "slips", Rule: server.Ready,
		Summary: "Whose activation slips have come how far, in a class or among a school's teachers; for its administrators and the class's teachers",
	}, func(ctx context.Context, in *listInput) (*listOutput, error) {
		overview, err := s.Overview(ctx, Group(in.GroupQuery), in.PageInput)
		return &listOutput{overview}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/slips", ID: "print-slips", Tag: "slips", Rule: server.Ready,
		Summary: "Print activation slips: a PDF, the only place where their codes stand",
	}, s.print)
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/slips/end", ID: "end-slips", Tag: "slips", Rule: server.Ready,
		Summary: "End slips that still work",
	}, func(ctx context.Context, in *endInput) (*endOutput, error) {
		out := &endOutput{}
		var err error
		out.Body.Ended, err = s.End(ctx, in.Body.group(), in.Body.EntryIDs)
		return out, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/slips/check", ID: "check-slip", Tag: "slips", Captcha: true,
		Summary: "Whose a slip is, masked",
	}, func(ctx context.Context, in *slipCodeInput) (*checkOutput, error) {
		shown, err := s.Check(ctx, in.Body.Code)
		return &checkOutput{shown}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/slips/accounts", ID: "register-by-slip", Tag: "slips", Captcha: true, Status: 201,
		Summary: "Make an account without a phone by a slip, verified and signed in",
	}, func(ctx context.Context, in *registerBySlipInput) (*signedInOutput, error) {
		return signedIn(s.Register(ctx, in.Body.Code, in.Body.Username, in.Body.Password))
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/slips/passwords", ID: "set-password-by-slip", Tag: "slips", Captcha: true, Status: 201,
		Summary: "Set the password of an account without a phone anew by a slip; its sessions end, and one begins",
	}, func(ctx context.Context, in *passwordBySlipInput) (*signedInOutput, error) {
		return signedIn(s.SetPassword(ctx, in.Body.Code, in.Body.Password))
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/binding/slip", ID: "bind-me-by-slip", Tag: "slips", Rule: server.Ready, Status: 201, Captcha: true,
		Summary: "Bind one's account by a slip",
	}, func(ctx context.Context, in *slipCodeInput) (*bindingOutput, error) {
		binding, err := s.BindSelf(ctx, in.Body.Code)
		return &bindingOutput{binding}, err
	})
}

// print loads the fonts before it makes a code: a slip that cannot be printed must not end another.
func (s *Service) print(ctx context.Context, in *printInput) (*huma.StreamResponse, error) {
	fonts, leave, err := s.press.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	sheets, err := s.Print(ctx, Order{in.Body.group(), in.Body.EntryIDs, in.Body.Replace})
	if err != nil {
		return nil, err
	}
	language := access.ClientFrom(ctx).Language
	content, err := render(sheets, fonts, s.press.page(in.here), language)
	if err != nil {
		return nil, err
	}
	return server.Download("application/pdf", sheets.filename(language), "slips.pdf", func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}), nil
}
