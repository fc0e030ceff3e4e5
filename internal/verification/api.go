package verification

import (
	"context"

	"caotang/internal/audit"
	"caotang/internal/identity"
	"caotang/internal/server"
)

type bindInput struct {
	Body struct {
		Kind          string        `json:"kind" maxLength:"20" doc:"teacher, student or parent"`
		IDType        identity.Type `json:"id_type,omitempty" maxLength:"40" doc:"resident_id, residence_permit, home_return_permit, permanent_residence, passport or other"`
		IDNumber      string        `json:"id_number,omitempty" maxLength:"200" doc:"Absent only where a guardian names the child's student number"`
		StudentNumber string        `json:"student_number,omitempty" maxLength:"200" doc:"Of a parent's child, instead of the document's number; not where the policy asks for two numbers"`
		Name          string        `json:"name" maxLength:"500"`
		SecondNumber  string        `json:"second_number,omitempty" maxLength:"200" doc:"Student or certificate number, where the policy asks for two numbers"`
		ClassID       string        `json:"class_id,omitempty" maxLength:"100" doc:"One of the school's classes, for an entry without one"`
		GuardianName  string        `json:"guardian_name,omitempty" maxLength:"500" doc:"Of a pupil's parent: what they are called, for whoever confirms it"`
		Relation      string        `json:"relation,omitempty" maxLength:"20" doc:"Of a pupil's parent: father, mother or other"`
	}
}

type bindingOutput struct{ Body *Binding }

type unbindInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

type classInput struct {
	Body struct {
		ClassID   string `json:"class_id" maxLength:"100"`
		BindingID string `json:"binding_id,omitempty" maxLength:"100" doc:"Whom it is for, where one stands for several; the first of one's bindings when absent"`
	}
}

type unbindOtherInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason     string   `json:"reason" maxLength:"1000"`
		BindingIDs []string `json:"binding_ids,omitempty" maxItems:"11" uniqueItems:"true" doc:"Which of its bindings, as the search for accounts lists them: its own, its children; its own when absent"`
	}
}

type empty struct{}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/binding", ID: "bind-me", Tag: "verification", Rule: server.Ready, Status: 201, Captcha: true,
		Summary: "Prove who one is: bind one's account to a registry entry, or ask to be a pupil's guardian",
	}, func(ctx context.Context, in *bindInput) (*bindingOutput, error) {
		b := in.Body
		binding, err := s.BindSelf(ctx, Claim{
			Kind: b.Kind, IDType: b.IDType, IDNumber: b.IDNumber, Name: b.Name, SecondNumber: b.SecondNumber, StudentNumber: b.StudentNumber,
		}, b.ClassID, Guardian{b.GuardianName, Relation(b.Relation)})
		return &bindingOutput{binding}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/binding", ID: "unbind-me", Tag: "verification", Rule: server.Ready, Status: 204,
		Summary: "Part one's account from its registry entry; all else stays",
	}, func(ctx context.Context, in *unbindInput) (*empty, error) {
		return nil, s.UnbindOwn(ctx, in.Body.Password)
	})
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/me/binding/class", ID: "choose-my-class", Tag: "verification", Rule: server.Verified,
		Summary: "Choose one's class among the school's, while the registry names none or one's own choice",
	}, func(ctx context.Context, in *classInput) (*bindingOutput, error) {
		binding, err := s.ChooseClass(ctx, in.Body.BindingID, in.Body.ClassID)
		return &bindingOutput{binding}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/admin/accounts/{id}/binding", ID: "unbind-account", Tag: "accounts", Rule: server.Administrator,
		Status: 204, Summary: "Part an account of one's scope from its registry entry, or from children whose guardian it is",
	}, func(ctx context.Context, in *unbindOtherInput) (*empty, error) {
		reason, err := audit.Reason(in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return nil, s.UnbindOther(ctx, in.ID, in.Body.BindingIDs, reason)
	})
}
