package factors

import (
	"context"

	"caotang/internal/audit"
	"caotang/internal/db"
)

// Reset takes every factor from an account of the administrator's scope, whose owner has lost them. Its phone is told.
func (s *Service) Reset(ctx context.Context, accountID, reason string) error {
	reason, err := audit.Reason(reason)
	if err != nil {
		return err
	}
	if err := s.accounts.MayResetFactors(ctx, accountID); err != nil {
		return err
	}
	return s.reset(ctx, accountID, reason)
}

// ResetByOperator is [Service.Reset] for whoever runs the server, by username: nobody stands above a province's
// administrator.
func (s *Service) ResetByOperator(ctx context.Context, username, reason string) error {
	accountID, err := s.accounts.IDOf(ctx, username)
	if err != nil {
		return err
	}
	return s.reset(ctx, accountID, reason)
}

func (s *Service) reset(ctx context.Context, accountID, reason string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		var removed int64
		for _, table := range []string{"authenticators", "passkeys"} {
			result, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE account_id = $1`, accountID)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			removed += n
		}
		if removed == 0 {
			return ErrNone.New()
		}
		_, err := s.changed(ctx, tx, accountID, noticeReset, audit.Event{Action: "account.reset_factors", Reason: reason})
		return err
	})
}
