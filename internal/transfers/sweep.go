package transfers

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
			return s.told(ctx, tx, r, "expire", "expired")
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
			return s.told(ctx, tx, r, "escalate", "escalated")
		}),
	)
}

// Follow has the pending requests of people whom an office takes from one school to another leave from there, within its transaction,
// which holds their entries; those that have come to nothing with it end.
func (s *Service) Follow(ctx context.Context, tx *db.Tx, entries []string, fromSchoolID, toSchoolID string) error {
	args := db.Args(entries)
	if _, err := tx.Exec(ctx, fmt.Sprintf(`UPDATE transfers SET from_school_id = $%d WHERE state = 'pending' AND from_school_id = $%d AND entry_id IN (%s)`,
		len(args)+2, len(args)+1, db.Placeholders(len(args))), append(args, fromSchoolID, toSchoolID)...); err != nil {
		return err
	}
	return s.closeNeedless(ctx, tx, toSchoolID)
}

// Redirect has the pending requests to a school that has become part of another lead there.
func (s *Service) Redirect(ctx context.Context, tx *db.Tx, fromSchoolID, toSchoolID string) error {
	if _, err := tx.Exec(ctx, `UPDATE transfers SET to_school_id = $1 WHERE state = 'pending' AND to_school_id = $2`, toSchoolID, fromSchoolID); err != nil {
		return err
	}
	return s.closeNeedless(ctx, tx, toSchoolID)
}

// closeNeedless ends the pending requests from a school to itself.
func (s *Service) closeNeedless(ctx context.Context, tx *db.Tx, schoolID string) error {
	needless, err := s.rows(ctx, tx, " WHERE t.state = 'pending' AND t.from_school_id = $1 AND t.to_school_id = $1 ORDER BY t.id", schoolID)
	if err != nil {
		return err
	}
	for _, r := range needless {
		if err := s.end(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// EndOf ends a person's pending request, if there is one, within the transaction that moves them and holds their entry.
func (s *Service) EndOf(ctx context.Context, tx *db.Tx, entryID string) error {
	pending, err := s.rows(ctx, tx, pendingOf, entryID)
	if err != nil || len(pending) == 0 {
		return err
	}
	return s.end(ctx, tx, pending[0])
}

func (s *Service) end(ctx context.Context, tx *db.Tx, r row) error {
	if err := s.close(ctx, tx, r, Cancelled, moot); err != nil {
		return unless(err, ErrClosed)
	}
	return s.record(ctx, tx, r, "moot", "")
}

// PendingOf answers how many of the entries have a pending request.
func (s *Service) PendingOf(ctx context.Context, q db.Querier, entries []string) (n int64, err error) {
	for part := range slices.Chunk(entries, sweepAtOnce) {
		var some int64
		if err := q.QueryRow(ctx, `SELECT count(*) FROM open_transfers WHERE entry_id IN (`+db.Placeholders(len(part))+`)`, db.Args(part)...).Scan(&some); err != nil {
			return 0, err
		}
		n += some
	}
	return n, nil
}

func (s *Service) told(ctx context.Context, tx *db.Tx, r row, step, notice string) error {
	if err := s.record(ctx, tx, r, step, ""); err != nil {
		return err
	}
	return s.tell(ctx, tx, r, notice)
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
