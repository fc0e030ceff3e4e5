package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/fault"
)

// Rule says who may call an operation at all. What an administrator may reach is decided per place, by access.Can.
type Rule int

// The rules, from the widest to the narrowest.
const (
	Anyone        Rule = iota
	SignedIn           // even while the account must still do something first
	Ready              // nothing outstanding: no cancel_closing, no replace_password, no bind_phone, no second_factor
	Verified           // Ready, and bound to a registry entry
	Administrator      // Ready, with at least one grant
)

// What an account may have to do before it gets past [SignedIn].
const (
	MustBindPhone       = "bind_phone"
	MustReplacePassword = "replace_password"
	MustSecondFactor    = "second_factor"
	MustCancelClosing   = "cancel_closing" // it is being closed: whoever wants to go on keeps it
)

var (
	errPhoneRequired    = fault.Define(fault.Forbidden, "phone_required")
	errPasswordRequired = fault.Define(fault.Forbidden, "password_replacement_required")
	errFactorRequired   = fault.Define(fault.Forbidden, "second_factor_required")
	errAccountClosing   = fault.Define(fault.Forbidden, "account_closing")
	errRealnameRequired = fault.Define(fault.Forbidden, "realname_required")
)

// unauthenticated tells whoever was signed out because the account has a new password how that came about, and what to do if it was not
// they (F-05); and whoever was because it is frozen, how it comes back.
func unauthenticated(ended *access.Ended) error {
	out := fault.Next("sign_in", "/login")
	if ended == nil {
		return fault.ErrUnauthenticated.New(out)
	}
	if ended.Way == "freeze" { // no password opens it now
		out = fault.Next("reset_password", "/reset-password")
	}
	return fault.ErrUnauthenticated.New(fault.For(ended.Way), fault.Arg("at", ended.At), fault.Detail("ended_by", ended.Way), out)
}

// Check tells why the actor may not call an operation of this rule, or nil.
func (rule Rule) Check(actor access.Actor) error {
	if rule == Anyone {
		return nil
	}
	if actor.Anonymous() {
		return unauthenticated(actor.Ended)
	}
	if rule == SignedIn {
		return nil
	}
	for _, must := range actor.Must {
		switch must {
		case MustCancelClosing:
			return errAccountClosing.New(fault.Next("keep_account", "/me/closing"))
		case MustReplacePassword:
			return errPasswordRequired.New(fault.Next("replace_password", "/me/security"))
		case MustBindPhone:
			return errPhoneRequired.New(fault.Next("bind_phone", "/me/security"))
		case MustSecondFactor:
			return errFactorRequired.New(fault.Next("set_up_second_factor", "/me/security"))
		}
	}
	if rule == Verified && !actor.Verified {
		return errRealnameRequired.New(fault.Next("verify", "/verify"))
	}
	if rule == Administrator && len(actor.Grants) == 0 {
		return fault.ErrForbidden.New(fault.Next("home", "/"))
	}
	return nil
}

// Op describes an operation of the API.
type Op struct {
	Method  string
	Path    string
	ID      string // kebab-case; the generated clients' name for it
	Summary string
	Tag     string
	Rule    Rule
	Status  int             // of success; 200 when zero
	MaxBody int64           // in bytes, for uploads; 1 MiB when zero
	Hidden  bool            // not part of the contract
	Captcha bool            // may answer captcha_required
	Form    map[string]bool // the fields of an upload beside its file, and whether each must be there
}

// captchaHeader is where a request brings the solution of a captcha.
const captchaHeader = "Captcha-Solution"

// Register adds an operation. The handler runs only for actors whom the rule lets through; its error becomes a problem
// document.
func Register[I, O any](s *Server, op Op, handle func(ctx context.Context, in *I) (*O, error)) {
	s.operations = append(s.operations, op)
	if op.MaxBody > 0 {
		s.uploads[op.Method+" "+op.Path] = op.MaxBody
	}
	status := op.Status
	if status == 0 {
		status = http.StatusOK
	}
	operation := huma.Operation{
		Method: op.Method, Path: op.Path, OperationID: op.ID, Summary: op.Summary, Tags: []string{op.Tag},
		DefaultStatus: status, Hidden: op.Hidden, MaxBodyBytes: -1, // bounded before it gets here
		// Read in time before it gets here: a deadline that passes later ends the context of a handler that takes longer.
		BodyReadTimeout: -1,
	}
	if op.Captcha {
		operation.Parameters = []*huma.Param{{
			Name: captchaHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "After captcha_required: the challenge's token, a colon and the number found",
		}}
	}
	if op.Rule != Anyone {
		operation.Security = []map[string][]string{{"session": {}}, {"bearer": {}}}
	}
	huma.Register(s.api, operation, func(ctx context.Context, in *I) (*O, error) {
		actor := access.ActorFrom(ctx)
		err := op.Rule.Check(actor)
		if fault.Is(err, fault.ErrForbidden) {
			if why := s.sessions.Former(ctx, actor.AccountID); why != nil {
				err = why
			}
		}
		if err != nil {
			return nil, problemOf(ctx, s.log, err)
		}
		out, err := handle(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, s.log, err)
		}
		return out, nil
	})
	if op.MaxBody > 0 {
		// Declared only afterwards: a body that huma knows of, it reads whole and decodes, before the handler can stream it.
		declared := s.api.OpenAPI().Paths[op.Path]
		for _, o := range []*huma.Operation{declared.Post, declared.Put, declared.Patch} {
			if o != nil && o.OperationID == op.ID {
				o.RequestBody = uploadBody(op.Form)
			}
		}
	}
}

// Operations lists everything registered, for the test that holds each against every role.
func (s *Server) Operations() []Op { return s.operations }
