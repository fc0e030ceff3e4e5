package factors

import (
	"context"

	"caotang/internal/accounts"
	"caotang/internal/server"
)

type empty struct{}

type ownOutput struct{ Body Factors }

type confirmMeInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
		Proof
	}
}

type confirmOutput struct{ Body Confirmation }

type confirmedInput struct {
	Body struct {
		Confirmation string `json:"confirmation" maxLength:"1000" doc:"From POST /api/v1/me/factors/confirmations"`
	}
}

type enrolmentOutput struct{ Body Enrolment }

type setAuthenticatorInput struct {
	Body struct {
		Enrolment string `json:"enrolment" maxLength:"1000"`
		Code      string `json:"code" maxLength:"100" doc:"What the app shows"`
	}
}

// recoveryCodesOutput holds recovery codes, which are never shown again; none where the account keeps those it has.
type recoveryCodesOutput struct {
	Body struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
}

func codesOutput(codes []string) *recoveryCodesOutput {
	out := &recoveryCodesOutput{}
	out.Body.RecoveryCodes = append([]string{}, codes...)
	return out
}

type newPasskeyInput struct {
	Origin string `header:"Origin"`
	Body   struct {
		Confirmation string `json:"confirmation" maxLength:"1000"`
	}
}

type challengeOutput struct{ Body Challenge }

type addPasskeyInput struct {
	Origin string `header:"Origin"`
	Body   struct {
		PasskeyAnswer
		Name string `json:"name" maxLength:"1000" doc:"By which its owner knows it, up to 40 characters"`
	}
}

type removePasskeyInput struct {
	ID string `path:"id" maxLength:"100"`
	confirmedInput
}

type askPasskeyInput struct {
	Origin string `header:"Origin"`
	Body   struct {
		Ticket string `json:"ticket,omitempty" maxLength:"1000" doc:"Of a sign-in; absent for one's own session"`
	}
}

type secondStepInput struct {
	Body struct {
		Ticket string `json:"ticket" maxLength:"1000" doc:"From the answer second_factor_needed"`
		Proof
	}
}

type resetByFactorInput struct {
	Body struct {
		Username    string `json:"username" maxLength:"1000"`
		Code        string `json:"code" maxLength:"100" doc:"Six digits of the app, or a recovery code"`
		NewPassword string `json:"new_password" maxLength:"1000"`
	}
}

type resetFactorsInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

// Mount adds the room's operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/sessions/second-step", ID: "finish-sign-in", Tag: "factors", Status: 201,
		Summary: "The second step of signing in",
	}, func(ctx context.Context, in *secondStepInput) (*accounts.SignInOutput, error) {
		signedIn, err := s.SignIn(ctx, in.Body.Ticket, in.Body.Proof)
		if err != nil {
			return nil, err
		}
		return signedIn.Output(), nil
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/passkey-challenges", ID: "ask-passkey", Tag: "factors", Status: 201,
		Summary: "Ask a passkey to prove that it is there, for a sign-in or for one's own session",
	}, func(ctx context.Context, in *askPasskeyInput) (*challengeOutput, error) {
		challenge, err := s.AskPasskey(ctx, in.Body.Ticket, in.Origin)
		return &challengeOutput{challenge}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/password-resets/by-factor", ID: "reset-password-by-factor", Tag: "factors", Status: 204,
		Summary: "Set a new password by username and a code of the authenticator app; every session ends",
	}, func(ctx context.Context, in *resetByFactorInput) (*empty, error) {
		return nil, s.ResetPassword(ctx, in.Body.Username, in.Body.Code, in.Body.NewPassword)
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/admin/accounts/{id}/factors", ID: "reset-factors", Tag: "factors", Rule: server.Administrator, Status: 204,
		Summary: "Take the second factor from an account whose owner has lost it",
	}, func(ctx context.Context, in *resetFactorsInput) (*empty, error) {
		return nil, s.Reset(ctx, in.ID, in.Body.Reason)
	})
	s.mountOwn(srv)
}

// mountOwn adds what people do to their own factors. They may while something else is outstanding too: a second factor may
// be what is.
func (s *Service) mountOwn(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/me/factors", ID: "list-my-factors", Tag: "factors", Rule: server.SignedIn,
		Summary: "One's second factors",
	}, func(ctx context.Context, _ *struct{}) (*ownOutput, error) {
		own, err := s.Own(ctx)
		return &ownOutput{own}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/factors/confirmations", ID: "confirm-me", Tag: "factors", Rule: server.SignedIn, Status: 201,
		Summary: "Prove who one is before changing factors: by the password, and by a factor if there is one",
	}, func(ctx context.Context, in *confirmMeInput) (*confirmOutput, error) {
		confirmation, err := s.Confirm(ctx, in.Body.Password, in.Body.Proof)
		return &confirmOutput{confirmation}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/factors/enrolments", ID: "enrol-authenticator", Tag: "factors", Rule: server.SignedIn, Status: 201,
		Summary: "Make the secret for an authenticator app",
	}, func(ctx context.Context, in *confirmedInput) (*enrolmentOutput, error) {
		enrolment, err := s.Enrol(ctx, in.Body.Confirmation)
		return &enrolmentOutput{enrolment}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/factors/authenticator", ID: "set-authenticator", Tag: "factors", Rule: server.SignedIn, Status: 201,
		Summary: "Take the app by its first code, in place of the one before",
	}, func(ctx context.Context, in *setAuthenticatorInput) (*recoveryCodesOutput, error) {
		codes, err := s.SetAuthenticator(ctx, in.Body.Enrolment, in.Body.Code)
		return codesOutput(codes), err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/factors/authenticator", ID: "remove-authenticator", Tag: "factors", Rule: server.SignedIn, Status: 204,
		Summary: "Take the app away",
	}, func(ctx context.Context, in *confirmedInput) (*empty, error) {
		return nil, s.RemoveAuthenticator(ctx, in.Body.Confirmation)
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/factors/passkeys/challenges", ID: "ask-new-passkey", Tag: "factors", Rule: server.SignedIn, Status: 201,
		Summary: "Begin to make a passkey",
	}, func(ctx context.Context, in *newPasskeyInput) (*challengeOutput, error) {
		challenge, err := s.AskNewPasskey(ctx, in.Body.Confirmation, in.Origin)
		return &challengeOutput{challenge}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/factors/passkeys", ID: "add-passkey", Tag: "factors", Rule: server.SignedIn, Status: 201,
		Summary: "Take the passkey that was made",
	}, func(ctx context.Context, in *addPasskeyInput) (*recoveryCodesOutput, error) {
		codes, err := s.AddPasskey(ctx, in.Body.PasskeyAnswer, in.Body.Name, in.Origin)
		return codesOutput(codes), err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/factors/passkeys/{id}", ID: "remove-passkey", Tag: "factors", Rule: server.SignedIn, Status: 204,
		Summary: "Take a passkey away",
	}, func(ctx context.Context, in *removePasskeyInput) (*empty, error) {
		return nil, s.RemovePasskey(ctx, in.Body.Confirmation, in.ID)
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/me/factors/recovery-codes", ID: "renew-recovery-codes", Tag: "factors", Rule: server.SignedIn, Status: 201,
		Summary: "Ten new recovery codes in place of those before",
	}, func(ctx context.Context, in *confirmedInput) (*recoveryCodesOutput, error) {
		codes, err := s.RenewRecoveryCodes(ctx, in.Body.Confirmation)
		return codesOutput(codes), err
	})
}
