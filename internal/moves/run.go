package moves

import (
	"context"
	"errors"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/messages"
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

// finish ends a move or merger, and tells the administrators of both schools; those of a school that merges were told as it began.
func (s *Service) finish(ctx context.Context, tx *db.Tx, m Move) error {
	ended, err := db.Changed(tx.Exec(ctx, `UPDATE moves SET state = $1, done_at = $2 WHERE id = $3 AND state = $4`, done, db.At(s.now()), m.ID, running))
	if err != nil || !ended {
		return err
	}
	if m, err = s.move(ctx, tx, m.ID); err != nil { // how many have moved is counted in the meantime
		return err
	}
	if m.Kind == kindMerger {
		return s.tell(ctx, tx, m.To.ID, "notice.school_merged", m)
	}
	return errors.Join(s.tell(ctx, tx, m.From.ID, "notice.people_left", m), s.tell(ctx, tx, m.To.ID, "notice.people_came", m))
}

// tell tells a school's administrators who has moved or merged what, and where they see it.
func (s *Service) tell(ctx context.Context, tx *db.Tx, schoolID, key string, m Move) error {
	link := messages.Text(messages.Chinese, "moves.page", nil)
	if s.publicURL != "" {
		link = strings.TrimSuffix(s.publicURL, "/") + "/admin/moves"
	}
	return s.Accounts.TellAdministrators(ctx, tx, access.School, schoolID, key, map[string]any{
		"by": m.By, "n": m.Moved, "from": m.From.Name, "school": m.To.Name, "link": link,
	})
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
