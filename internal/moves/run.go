package moves

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
)

const job = "moves.run"

// run does a move, or goes on with one that was cut off.
func (s *Service) run(ctx context.Context, j jobs.Job) error {
	m, err := s.move(ctx, s.db, string(j.Payload))
	if fault.Is(err, fault.ErrNotFound) || err == nil && m.State == done {
		return nil
	}
	if err != nil {
		return err
	}
	ctx = access.WithActor(ctx, access.Actor{AccountID: m.account})
	if m.Kind == kindMerger {
		return s.merge(ctx, m)
	}
	for {
		more, err := s.batch(ctx, m)
		if err != nil {
			return err
		}
		if !more {
			return s.db.InTx(ctx, func(tx *db.Tx) error { return s.finish(ctx, tx, m) })
		}
	}
}

func (s *Service) finish(ctx context.Context, tx *db.Tx, m Move) error {
	_, err := tx.Exec(ctx, `UPDATE moves SET state = $1, done_at = $2 WHERE id = $3`, done, db.At(s.now()), m.ID)
	return err
}

// Sweep begins again with moves whose work was given up, as after ten failures. Call it now and then; what is under way already is done once.
func (s *Service) Sweep(ctx context.Context) error {
	left, err := db.Collect(ctx, s.db, `SELECT id FROM moves WHERE state = $1`, []any{running}, scanText)
	if err != nil {
		return err
	}
	for _, id := range left {
		if err := s.db.InTx(ctx, func(tx *db.Tx) error {
			var waits bool
			if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE kind = $1 AND payload = $2)`, job, []byte(id)).Scan(&waits); err != nil || waits {
				return err
			}
			_, err := s.jobs.Enqueue(ctx, tx, job, []byte(id))
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
