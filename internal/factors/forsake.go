package factors

import (
	"context"

	"caotang/internal/db"
)

// Forsake removes every factor of an account that is being closed, in the caller's transaction.
func (s *Service) Forsake(ctx context.Context, tx *db.Tx, accountID string) error {
	for _, table := range []string{"authenticators", "passkeys", "passkey_challenges", "recovery_codes"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE account_id = $1", accountID); err != nil {
			return err
		}
	}
	return nil
}
