package accounts

import (
	"context"

	"caotang/internal/fault"
	"caotang/internal/server"
)

// CheckUsername says before the rest of a registration is typed whether its username could be taken: username_invalid or
// username_taken, as registering would. Registering would tell the same to anybody with a phone; here each name that is
// found taken counts for the address that asks, so that whoever goes through a list is asked for a captcha, then for
// patience (F-11).
func (s *Service) CheckUsername(ctx context.Context, username string) error {
	if faults := usernameFaults(username); len(faults) > 0 {
		return ErrUsernameInvalid.New(faults...)
	}
	burst := s.guard.From(ctx, "username")
	if _, err := s.guard.Check(ctx, burst...); err != nil {
		return err
	}
	var taken bool
	err := s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM logins WHERE login_key = $1)`, usernameKey(username)).Scan(&taken)
	if err != nil || !taken {
		return err
	}
	if err := s.guard.Count(ctx, burst...); err != nil {
		return err
	}
	return ErrUsernameTaken.New(fault.Field("username", "username_taken"), toSignIn)
}

type usernameInput struct {
	Body struct {
		Username string `json:"username" maxLength:"1000"`
	}
}

func (s *Service) mountUsernames(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/accounts/username-checks", ID: "check-username", Tag: "accounts", Status: 204, Captcha: true,
		Summary: "Whether a username is free, for a form that is being filled in",
	}, func(ctx context.Context, in *usernameInput) (*empty, error) {
		return nil, s.CheckUsername(ctx, in.Body.Username)
	})
}
