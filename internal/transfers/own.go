package transfers

import (
	"context"

	"caotang/internal/db"
)

// AllOf lists the requests that an account made, the newest first, up to limit, for their author alone.
func (s *Service) AllOf(ctx context.Context, q db.Querier, accountID string, limit int) ([]Transfer, error) {
	all, err := s.rows(ctx, q, " WHERE t.account_id = $1 ORDER BY t.id DESC LIMIT $2", accountID, limit)
	own := make([]Transfer, len(all))
	for i, r := range all {
		own[i] = r.Transfer
	}
	return own, err
}

// Forsake ends the pending requests of an account that is being closed, and removes from all of them what it wrote, in the
// caller's transaction. That an entry was moved, or was to be, stays for the schools.
func (s *Service) Forsake(ctx context.Context, tx *db.Tx, accountID string) error {
	pending, err := s.rows(ctx, tx, " WHERE t.account_id = $1 AND t.state = $2", accountID, string(Pending))
	if err != nil {
		return err
	}
	for _, r := range pending {
		if err := s.close(ctx, tx, r, Cancelled, moot); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "moot", ""); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM transfer_objections WHERE account_id = $1`, accountID); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE transfers SET reason = '' WHERE account_id = $1`, accountID)
	return err
}

// Succeed lets a pending request go on for the entry that took the place of the one that it was made for, in the caller's
// transaction, which holds that one.
func (s *Service) Succeed(ctx context.Context, tx *db.Tx, oldID, newID string) error {
	if _, err := tx.Exec(ctx, `UPDATE transfers SET entry_id = $1 WHERE id = (SELECT transfer_id FROM open_transfers WHERE entry_id = $2)`, newID, oldID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE open_transfers SET entry_id = $1 WHERE entry_id = $2`, newID, oldID)
	return err
}
