package recovery

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/accounts"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/server"
)

type fileRecoveryInput struct {
	Body struct {
		Kind     string        `json:"kind" maxLength:"20" doc:"teacher, student, or parent of a student"`
		IDType   identity.Type `json:"id_type" maxLength:"40"`
		IDNumber string        `json:"id_number" maxLength:"200" doc:"A parent's child's"`
		Name     string        `json:"name" maxLength:"500"`
		SchoolID string        `json:"school_id,omitempty" maxLength:"100" doc:"When the person knows it"`
		Phone    string        `json:"phone" maxLength:"100" doc:"Where the person is told"`
		SMSCode  string        `json:"sms_code" maxLength:"100" doc:"Of purpose recover_account"`
		Proof    Proof         `json:"proof" maxLength:"20" doc:"school: the school vouches; copies: copies of two documents follow"`
		Note     string        `json:"note,omitempty" maxLength:"5000"`
	}
}

type statusOutput struct{ Body Status }

// ByNumber names a request by its tracking number.
type ByNumber struct {
	Number string `query:"number" required:"true" maxLength:"100" doc:"The tracking number"`
}

type copyInput struct {
	server.Upload
	ByNumber
	Copy Copy `path:"copy" enum:"id_card,certificate"`
}

type finishRecoveryInput struct {
	ByNumber
	Body struct {
		SMSCode     string `json:"sms_code" maxLength:"100" doc:"Of purpose recover_account, sent to the contact phone"`
		NewPassword string `json:"new_password" maxLength:"1000"`
	}
}

type finishRecoveryOutput struct {
	Body struct {
		Username string `json:"username"`
	}
}

type askingOutput struct {
	Body struct {
		Items []Asking `json:"items"`
	}
}

type denyInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

type deniedOutput struct{ Body accounts.Told }

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/recoveries", ID: "ask-for-account", Tag: "recovery", Status: 201,
		Summary: "Ask for an account that one lost",
	}, func(ctx context.Context, in *fileRecoveryInput) (*statusOutput, error) {
		b := in.Body
		status, err := s.File(ctx, Claim{b.Kind, b.IDType, b.IDNumber, b.Name, b.SchoolID, b.Phone, b.SMSCode, b.Proof, b.Note})
		return &statusOutput{status}, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/recovery", ID: "get-recovery", Tag: "recovery",
		Summary: "How far a request is",
	}, func(ctx context.Context, in *ByNumber) (*statusOutput, error) {
		status, err := s.Status(ctx, in.Number)
		return &statusOutput{status}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/recovery", ID: "withdraw-recovery", Tag: "recovery",
		Summary: "Withdraw a request; its copies are removed",
	}, func(ctx context.Context, in *ByNumber) (*statusOutput, error) {
		status, err := s.Withdraw(ctx, in.Number)
		return &statusOutput{status}, err
	})
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/recovery/copies/{copy}", ID: "send-copy", Tag: "recovery", MaxBody: maxCopy + 64<<10,
		Summary: "Send a copy: JPEG, PNG, WebP or PDF, up to 10 MB; in place of one that was sent before",
	}, func(ctx context.Context, in *copyInput) (*statusOutput, error) {
		status, err := s.receivePart(ctx, in)
		return &statusOutput{status}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/recovery/submission", ID: "submit-recovery", Tag: "recovery",
		Summary: "Hand a request in once its copies have arrived",
	}, func(ctx context.Context, in *ByNumber) (*statusOutput, error) {
		status, err := s.Submit(ctx, in.Number)
		return &statusOutput{status}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/recovery/password", ID: "finish-recovery", Tag: "recovery",
		Summary: "Set the new password of an account that was given back, with a code to the contact phone",
	}, func(ctx context.Context, in *finishRecoveryInput) (*finishRecoveryOutput, error) {
		out := &finishRecoveryOutput{}
		var err error
		out.Body.Username, err = s.Finish(ctx, in.Number, in.Body.SMSCode, in.Body.NewPassword)
		return out, err
	})
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/recoveries", ID: "list-my-recoveries", Tag: "recovery", Rule: server.SignedIn,
		Summary: "Who asks for one's own account with another phone, and has not come to an end",
	}, func(ctx context.Context, _ *struct{}) (*askingOutput, error) {
		out := &askingOutput{}
		var err error
		out.Body.Items, err = s.WantedNow(ctx, s.db)
		return out, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/recoveries/deny", ID: "deny-my-recoveries", Tag: "recovery", Rule: server.SignedIn,
		Summary: "That was not me: stop the requests for one's account and freeze it, as the link in the notice does",
	}, func(ctx context.Context, in *denyInput) (*deniedOutput, error) {
		told, err := s.Deny(ctx, in.Body.Password)
		return &deniedOutput{told}, err
	})
	s.mountAdministration(srv)
}

// receivePart takes the first file of a form.
func (s *Service) receivePart(ctx context.Context, in *copyInput) (Status, error) {
	for {
		part, err := in.NextPart()
		if errors.Is(err, io.EOF) {
			return Status{}, fault.ErrInvalid.New(fault.Field("file", "missing"))
		}
		if err != nil {
			return Status{}, err
		}
		if part.FormName() == "file" {
			return s.Receive(ctx, in.Number, in.Copy, part)
		}
	}
}

type queueInput struct {
	server.PageInput
	State State `query:"state" enum:"open,approved,completed,rejected,withdrawn,expired"`
	Proof Proof `query:"proof" enum:"school,copies"`
}

type queueOutput struct{ Body server.Page[Request] }

type oneInput struct {
	ID string `path:"id" maxLength:"100"`
}

type requestOutput struct{ Body Request }

type lookInput struct {
	ID   string `path:"id" maxLength:"100"`
	Copy Copy   `path:"copy" enum:"id_card,certificate"`
}

type approveRecoveryInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		AccountID string `json:"account_id,omitempty" maxLength:"100" doc:"Which, where several stand for the person"`
		Reason    string `json:"reason" maxLength:"5000" doc:"How one knows: the person reads it"`
	}
}

type rejectRecoveryInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"5000" doc:"And what to do: the person reads it, and is told by SMS"`
	}
}

func (s *Service) mountAdministration(srv *server.Server) {
	op := func(method, path, id, summary string) server.Op {
		return server.Op{Method: method, Path: "/api/v1/admin/recoveries" + path, ID: id, Summary: summary, Tag: "recovery", Rule: server.Administrator}
	}
	server.Register(srv, op("GET", "", "list-recoveries", "The requests for lost accounts that one may decide, the newest first"),
		func(ctx context.Context, in *queueInput) (*queueOutput, error) {
			page, err := s.Queue(ctx, in.State, in.Proof, in.PageInput)
			return &queueOutput{page}, err
		})
	server.Register(srv, op("GET", "/{id}", "read-recovery", "A request, and what the registry and the accounts say to it"),
		func(ctx context.Context, in *oneInput) (*requestOutput, error) {
			request, err := s.Read(ctx, in.ID)
			return &requestOutput{request}, err
		})
	server.Register(srv, op("GET", "/{id}/copies/{copy}", "look-at-copy", "A copy, as a file; every look is recorded"),
		func(ctx context.Context, in *lookInput) (*huma.StreamResponse, error) { return s.send(ctx, in) })
	server.Register(srv, op("POST", "/{id}/approve", "approve-recovery", "Give the account back to whoever asked"),
		func(ctx context.Context, in *approveRecoveryInput) (*requestOutput, error) {
			request, err := s.Approve(ctx, in.ID, in.Body.AccountID, in.Body.Reason)
			return &requestOutput{request}, err
		})
	server.Register(srv, op("POST", "/{id}/reject", "reject-recovery", "Turn a request down, with the reason"),
		func(ctx context.Context, in *rejectRecoveryInput) (*requestOutput, error) {
			request, err := s.Reject(ctx, in.ID, in.Body.Reason)
			return &requestOutput{request}, err
		})
}

// send answers a copy so that no browser takes it for a page, whatever is in it, and nothing keeps it. A PDF opens in the browser's own
// viewer, so that nobody has to save it; a sandbox would keep the viewer out.
func (s *Service) send(ctx context.Context, in *lookInput) (*huma.StreamResponse, error) {
	file, mediaType, err := s.Look(ctx, in.ID, in.Copy)
	if err != nil {
		return nil, err
	}
	name, disposition := string(in.Copy)+".jpg", "attachment"
	if mediaType == mediaPDF {
		name, disposition = string(in.Copy)+".pdf", "inline"
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer func() { _ = file.Close() }()
		c.SetHeader("Content-Type", mediaType)
		c.SetHeader("Content-Disposition", disposition+`; filename="`+name+`"`)
		policy := "default-src 'none'; sandbox"
		if mediaType == mediaPDF {
			policy = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
		}
		c.SetHeader("Content-Security-Policy", policy)
		c.SetHeader("Cross-Origin-Resource-Policy", "same-origin")
		c.SetHeader("Cache-Control", "no-store")
		if _, err := io.Copy(c.BodyWriter(), file); err != nil {
			panic(http.ErrAbortHandler) // the answer has begun: all that is left is to break it off
		}
	}}, nil
}
