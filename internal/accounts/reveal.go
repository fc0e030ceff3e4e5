package accounts

import (
	"context"

	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/server"
)

// RevealUsername answers the whole username of an account in the administrator's scope, for an owner who has forgotten it,
// once the look and its reason have been recorded.
func (s *Service) RevealUsername(ctx context.Context, accountID, reason string) (username string, err error) {
	if reason, err = audit.Reason(reason); err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := s.manage(ctx, tx, accountID); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT username FROM accounts WHERE id = $1`, accountID).Scan(&username); err != nil {
			return err
		}
		return s.record(ctx, tx, accountID, audit.Event{Action: "account.reveal_username", Reason: reason})
	})
	if err != nil {
		return "", err
	}
	return username, nil
}

type revealedOutput struct {
	Body struct {
		Username string `json:"username"`
	}
}

func (s *Service) mountReveal(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/accounts/{id}/reveal", ID: "reveal-username", Tag: "accounts", Rule: server.Administrator,
		Summary: "An account's whole username; the look is recorded with its reason",
	}, func(ctx context.Context, in *issueInput) (*revealedOutput, error) {
		username, err := s.RevealUsername(ctx, in.ID, in.Body.Reason)
		out := &revealedOutput{}
		out.Body.Username = username
		return out, err
	})
}
