package slips

import (
	"context"

	"caotang/internal/db"
)

// Forsake removes the slips that made an account that is being closed, or were to set its password, in the caller's
// transaction.
func (s *Service) Forsake(ctx context.Context, tx *db.Tx, accountID string) error {
	_, err := tx.Exec(ctx, `DELETE FROM activation_slips WHERE account_id = $1 OR used_by = $1`, accountID)
	return err
}
