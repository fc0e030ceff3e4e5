package transfers

import (
	"context"
	"errors"

	"caotang/internal/access"
	"caotang/internal/db"
)

// sweepAtOnce bounds what one transaction of a sweep holds.
const sweepAtOnce = 100

// Sweep hands what is overdue up to the counties, and ends what has expired or lost its ground. Call it now and then;
// cut off anywhere, the next goes on.
func (s *Service) Sweep(ctx context.Context) error {
	now := db.At(s.now())
	return errors.Join(
		s.each(ctx, "t.state = 'pending' AND t.expires_at < $1", now, func(tx *db.Tx, r row) error {
			if err := s.close(ctx, tx, r, Expired, ""); err != nil {
				return err
			}
			return s.told(ctx, tx, r, "expire", "notice.transfer_expired")
		}),
		s.each(ctx, "t.state = 'pending' AND t.due_at < $1 AND t.escalated_at IS NULL", now, func(tx *db.Tx, r row) error {
			if gone, err := s.closeMoot(ctx, tx, r.ID); err != nil || gone {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE transfers SET escalated_at = $1 WHERE id = $2`, now, r.ID); err != nil {
				return err
			}
			for _, side := range []Side{From, To} {
				if r.needs(side) && r.approvedAt(side) == nil {
					if _, err := s.accounts.HandUp(ctx, tx, access.School, r.place(side)); err != nil {
						return err
					}
				}
			}
			return s.told(ctx, tx, r, "escalate", "notice.transfer_escalated")
		}),
	)
}

func (s *Service) told(ctx context.Context, tx *db.Tx, r row, step, notice string) error {
	if err := s.record(ctx, tx, r, step, ""); err != nil {
		return err
	}
	return s.accounts.Notify(ctx, tx, r.accountID, notice, map[string]any{"school": r.ToSchool.Name})
}

// each does something to every request of a condition, one transaction each.
func (s *Service) each(ctx context.Context, condition string, now db.Time, do func(tx *db.Tx, r row) error) error {
	after := ""
	for {
		all, err := s.rows(ctx, s.db, " WHERE "+condition+" AND t.id > $2 ORDER BY t.id LIMIT $3", now, after, sweepAtOnce)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, r := range all {
			// Whoever answered it meanwhile has been faster.
			if err := unless(s.db.InTx(ctx, func(tx *db.Tx) error { return do(tx, r) }), ErrClosed); err != nil {
				return err
			}
		}
		after = all[len(all)-1].ID
	}
}
