package transfers

import (
	"context"
	"time"

	"caotang/internal/audit"
	"caotang/internal/fault"
	"caotang/internal/server"
)

type requestInput struct {
	Body struct {
		ToSchoolID string `json:"to_school_id" maxLength:"100"`
		Reason     string `json:"reason" maxLength:"5000"`
		BindingID  string `json:"binding_id,omitempty" maxLength:"100" doc:"Whom it is for, where one stands for several; the first of one's bindings when absent"`
	}
}

type transferOutput struct{ Body Transfer }

type mineInput struct{ server.PageInput }

type mineOutput struct{ Body server.Page[Transfer] }

type oneInput struct {
	ID string `path:"id" maxLength:"100"`
}

type objectInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"5000"`
	}
}

type childrenOutput struct {
	Body struct {
		Items []ChildTransfer `json:"items"`
	}
}

type queueInput struct {
	server.PageInput
	State    State  `query:"state" enum:"pending,completed,rejected,cancelled,expired"`
	SchoolID string `query:"school_id" maxLength:"100"`
	Overdue  bool   `query:"overdue" doc:"Only pending ones that a school has left unanswered for too long"`
}

type queueOutput struct{ Body server.Page[AdminTransfer] }

type adminOutput struct{ Body AdminTransfer }

type approveInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body *struct {
		ObjectionsRead time.Time `json:"objections_read" doc:"Of when the newest objection is that whoever approves has read; without a body they have read none"`
	}
}

type rejectInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"5000"`
	}
}

type approveAllInput struct {
	Body struct {
		IDs []string `json:"ids" maxItems:"1000"`
	}
}

type approveAllOutput struct {
	Body struct {
		Items []Outcome `json:"items"`
	}
}

type empty struct{}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/transfers", ID: "request-transfer", Tag: "transfers", Rule: server.Verified, Status: 201,
		Summary: "Ask to move to another school",
	}, func(ctx context.Context, in *requestInput) (*transferOutput, error) {
		t, err := s.Request(ctx, in.Body.BindingID, in.Body.ToSchoolID, in.Body.Reason)
		return &transferOutput{t}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/transfers", ID: "list-my-transfers", Tag: "transfers", Rule: server.Ready,
		Summary: "The requests to change school that one made, or that are about one or a child under age whose guardian one is, the newest first",
	}, func(ctx context.Context, in *mineInput) (*mineOutput, error) {
		page, err := s.mine(ctx, in.PageInput)
		return &mineOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/transfers/{id}", ID: "cancel-my-transfer", Tag: "transfers", Rule: server.Ready, Status: 204,
		Summary: "Take one's pending request back",
	}, func(ctx context.Context, in *oneInput) (*empty, error) {
		return nil, outOfTheWay(s.Cancel(ctx, in.ID))
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/children/transfers", ID: "list-my-childrens-transfers", Tag: "transfers", Rule: server.Verified,
		Summary: "Changes of school of one's children that are under way",
	}, func(ctx context.Context, _ *struct{}) (*childrenOutput, error) {
		items, err := s.OfChildren(ctx)
		out := &childrenOutput{}
		out.Body.Items = items
		return out, err
	})
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/me/children/transfers/{id}/objection", ID: "object-to-transfer", Tag: "transfers", Rule: server.Verified, Status: 204,
		Summary: "Say, as a guardian, that one does not agree to a child's change of school",
	}, func(ctx context.Context, in *objectInput) (*empty, error) {
		why, err := audit.Reason(in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return nil, s.Object(ctx, in.ID, why)
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/children/transfers/{id}/objection", ID: "agree-to-transfer", Tag: "transfers", Rule: server.Verified, Status: 204,
		Summary: "Take back that one does not agree to a child's change of school",
	}, func(ctx context.Context, in *oneInput) (*empty, error) {
		return nil, s.Object(ctx, in.ID, "")
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/transfers", ID: "list-transfers", Tag: "transfers", Rule: server.Administrator,
		Summary: "The requests to change school that concern one's scope, the newest first",
	}, func(ctx context.Context, in *queueInput) (*queueOutput, error) {
		page, err := s.queue(ctx, filter{in.State, in.SchoolID, in.Overdue}, in.PageInput)
		return &queueOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/transfers/{id}", ID: "get-transfer", Tag: "transfers", Rule: server.Administrator,
		Summary: "A request to change school that concerns one's scope",
	}, func(ctx context.Context, in *oneInput) (*adminOutput, error) {
		r, err := s.read(ctx, in.ID)
		return &adminOutput{r}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/transfers/{id}/approve", ID: "approve-transfer", Tag: "transfers", Rule: server.Administrator,
		Summary: "Approve a change of school for the sides that one may answer for; the last approval moves the person",
	}, func(ctx context.Context, in *approveInput) (*adminOutput, error) {
		var read time.Time
		if in.Body != nil {
			read = in.Body.ObjectionsRead
		}
		t, err := s.Approve(ctx, in.ID, read)
		return &adminOutput{t}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/transfers/{id}/reject", ID: "reject-transfer", Tag: "transfers", Rule: server.Administrator,
		Summary: "Reject a change of school, with the reason",
	}, func(ctx context.Context, in *rejectInput) (*adminOutput, error) {
		t, err := s.Reject(ctx, in.ID, in.Body.Reason)
		return &adminOutput{t}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/transfers/approve", ID: "approve-transfers", Tag: "transfers", Rule: server.Administrator,
		Summary: "Approve several changes of school; each stands for itself",
	}, func(ctx context.Context, in *approveAllInput) (*approveAllOutput, error) {
		items, err := s.ApproveAll(ctx, in.Body.IDs)
		out := &approveAllOutput{}
		out.Body.Items = items
		return out, err
	})
}

// outOfTheWay leads the person, who sees no queue, back to their own requests.
func outOfTheWay(err error) error {
	if fault.Is(err, ErrClosed) {
		return ErrClosed.New(fault.Next("my_transfers", "/me/transfers"))
	}
	return err
}
