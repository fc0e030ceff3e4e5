package guardians

import (
	"context"

	"caotang/internal/server"
)

// ByID is a request or link, by its id.
type ByID struct {
	ID string `path:"id" maxLength:"100"`
}

type body[T any] struct{ Body T }

type empty struct{}

type ownInput struct{ server.PageInput }

type listInput struct {
	server.PageInput
	State   string `query:"state" enum:"asked,confirmed,declined,withdrawn,expired,left,ended"`
	ClassID string `query:"class_id" maxLength:"100"`
	EntryID string `query:"entry_id" maxLength:"100" doc:"Of one pupil"`
}

type slipInput struct {
	ByID
	Body struct {
		Code string `json:"code" maxLength:"200" doc:"Of the child's slip, as typed"`
	}
}

type leaveInput struct {
	ByID
	Body struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

type answerInput struct {
	ByID
	Body struct {
		Confirm bool `json:"confirm"`
	}
}

type decideInput struct {
	Body struct {
		IDs     []string `json:"ids" minItems:"1" maxItems:"100"`
		Confirm bool     `json:"confirm"`
		Reason  string   `json:"reason,omitempty" maxLength:"1000" doc:"For the guardian, of a refusal"`
	}
}

type endInput struct {
	ByID
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	op := func(method, path, id, summary string, rule server.Rule, status int) server.Op {
		return server.Op{Method: method, Path: "/api/v1" + path, ID: id, Summary: summary, Tag: "guardians", Rule: rule, Status: status}
	}
	server.Register(srv, op("GET", "/me/guardianships", "list-my-guardianships", "Whose guardian one is, or asks to be", server.Ready, 0),
		func(ctx context.Context, in *ownInput) (*body[server.Page[Guardianship]], error) {
			page, err := s.Own(ctx, in.PageInput)
			return &body[server.Page[Guardianship]]{page}, err
		})
	bySlip := op("POST", "/me/guardianships/{id}/slip", "confirm-guardianship-by-slip", "Have the child's slip confirm that one is the guardian", server.Ready, 0)
	bySlip.Captcha = true
	server.Register(srv, bySlip, func(ctx context.Context, in *slipInput) (*body[Guardianship], error) {
		g, err := s.confirmBySlip(ctx, in.ID, in.Body.Code)
		return &body[Guardianship]{g}, err
	})
	server.Register(srv, op("POST", "/me/guardianships/{id}/withdraw", "withdraw-guardianship", "Take one's request back", server.Ready, 0),
		func(ctx context.Context, in *ByID) (*body[Guardianship], error) {
			g, err := s.withdraw(ctx, in.ID)
			return &body[Guardianship]{g}, err
		})
	server.Register(srv, op("POST", "/me/guardianships/{id}/leave", "leave-guardianship", "Be a child's guardian no longer", server.Ready, 204),
		func(ctx context.Context, in *leaveInput) (*empty, error) {
			return nil, s.leave(ctx, in.ID, in.Body.Password)
		})
	server.Register(srv, op("GET", "/me/guardians", "list-my-guardians", "A pupil's own guardians", server.Verified, 0),
		func(ctx context.Context, _ *struct{}) (*body[OwnGuardians], error) {
			seen, err := s.OfPupil(ctx)
			return &body[OwnGuardians]{seen}, err
		})
	server.Register(srv, op("POST", "/me/guardians/{id}/answer", "answer-my-guardian", "A pupil of fourteen or more says whether somebody is their guardian", server.Verified, 204),
		func(ctx context.Context, in *answerInput) (*empty, error) {
			return nil, s.answerAsChild(ctx, in.ID, in.Body.Confirm)
		})
	server.Register(srv, op("GET", "/guardianships", "list-guardianships", "Guardians and requests of one's scope, or of the classes whose class teacher one is", server.Ready, 0),
		func(ctx context.Context, in *listInput) (*body[server.Page[Request]], error) {
			page, err := s.list(ctx, filter{in.State, in.ClassID, in.EntryID}, in.PageInput)
			return &body[server.Page[Request]]{page}, err
		})
	server.Register(srv, op("POST", "/guardianships/decide", "decide-guardianships", "Confirm or decline guardians", server.Ready, 0),
		func(ctx context.Context, in *decideInput) (*body[Outcome], error) {
			outcome, err := s.decide(ctx, in.Body.IDs, in.Body.Confirm, in.Body.Reason)
			return &body[Outcome]{outcome}, err
		})
	server.Register(srv, op("POST", "/admin/guardianships/{id}/end", "end-guardianship", "End a guardian's link to a child", server.Administrator, 204),
		func(ctx context.Context, in *endInput) (*empty, error) { return nil, s.end(ctx, in.ID, in.Body.Reason) })
}
