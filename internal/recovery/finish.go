package recovery

import (
	"context"
	"fmt"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/retention"
	"caotang/internal/sms"
)

// Finish sets the new password of an account that was given back, and answers its username. The contact phone becomes the
// account's. Errors: not_found; recovery_closed unless it is approved; password_invalid; those of the code;
// phone_taken when the phone is another account's by now; recovery_moot, when the account stands for the person no more or has been appointed to administer since, and
// recovery_objected, when its phone has said "this was not me": both end the request.
func (s *Service) Finish(ctx context.Context, number, code, newPassword string) (username string, err error) {
	r, err := s.byNumber(ctx, s.db, number)
	if err != nil {
		return "", err
	}
	if r.state != Approved {
		return "", errClosed.New()
	}
	password, err := s.accounts.NewPassword(ctx, "new_password", newPassword)
	if err != nil {
		return "", err
	}
	proof, err := s.sms.Guess(ctx, r.content.Phone, sms.RecoverAccount, code)
	if err != nil {
		return "", err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := proof.Use(ctx, tx); err != nil {
			return err
		}
		if err := s.move(ctx, tx, r.id, Completed, Approved); err != nil {
			return err
		}
		if err := s.stillTheirs(ctx, tx, r); err != nil {
			return err
		}
		if err := s.accounts.Hold(ctx, tx, r.accountID); err != nil { // whoever says "this was not me" takes turns with us
			return err
		}
		if objected, err := s.objected(ctx, tx, r.accountID, r); err != nil {
			return err
		} else if objected {
			return errObjected.New()
		}
		if appointed, err := s.accounts.AppointedSince(ctx, tx, r.accountID, r.decidedAt.Time.Time); err != nil {
			return err
		} else if appointed { // whoever decided may not give that back
			return errMoot.New(fault.For("appointed"), fault.Next("recover", "/recover"))
		}
		if username, err = s.accounts.Recover(ctx, tx, r.accountID, r.content.Phone, password); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE recoveries SET ended_at = $1 WHERE id = $2`, db.At(s.now()), r.id); err != nil {
			return err
		}
		if err := free(ctx, tx, r.id); err != nil {
			return err
		}
		return s.record(ctx, tx, r, "recovery.complete", "", map[string]any{"account_id": r.accountID})
	})
	if fault.Is(err, errMoot) || fault.Is(err, errObjected) {
		if ended := s.db.InTx(ctx, func(tx *db.Tx) error { return s.end(ctx, tx, r, Expired, Approved) }); ended != nil && !fault.Is(ended, errClosed) {
			return "", ended
		}
	}
	if fault.Is(err, accounts.ErrPhoneTaken) {
		return "", accounts.ErrPhoneTaken.New(fault.Field("phone", "phone_taken"), fault.Next("sign_in", "/login"))
	}
	return username, err
}

// stillTheirs makes sure that the account still stands for the person, as when it was decided.
func (s *Service) stillTheirs(ctx context.Context, tx *db.Tx, r row) error {
	entry, err := s.match(ctx, tx, r.content)
	if err != nil {
		return err
	}
	if entry != nil {
		holders, err := s.verification.HoldersOf(ctx, tx, *entry, r.content.Kind)
		if err != nil {
			return err
		}
		for _, h := range holders {
			if h.AccountID == r.accountID {
				return nil
			}
		}
	}
	return errMoot.New(fault.Next("recover", "/recover"))
}

// objected tells whether the account's phone has said "this was not me" to what told of this request: that it is asked for, which may
// have told of earlier ones too ([Service.tellHolders]), or that it was approved.
func (s *Service) objected(ctx context.Context, q db.Querier, accountID string, r row) (bool, error) {
	objected, err := s.accounts.Objected(ctx, q, accountID, r.askedEvent)
	if err != nil || objected {
		return objected, err
	}
	return s.accounts.Objected(ctx, q, accountID, r.warnedEvent)
}

// uploadAge is how long a copy may take from the disk into its request: an older file without one was left by a crash.
const uploadAge = time.Hour

// Sweep ends requests that their people left, removes copies 30 days after the decision, and files that a crash left
// behind. Call it at the start and now and then.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	for _, left := range []struct {
		state State
		since string
		after time.Duration
	}{{Collecting, "created_at", collectWithin}, {Approved, "decided_at", finishWithin}} {
		err := s.each(ctx, " WHERE r.state = $1 AND r."+left.since+" < $2", []any{string(left.state), db.At(now.Add(-left.after))},
			func(tx *db.Tx, r row) error {
				if err := s.end(ctx, tx, r, Expired, left.state); err != nil {
					return err
				}
				return s.sms.Notify(ctx, tx, r.content.Phone, "notice.recovery_expired", map[string]any{"number": r.content.Number})
			})
		if err != nil {
			return err
		}
	}
	if err := s.handUp(ctx); err != nil {
		return err
	}
	if err := s.each(ctx, ` WHERE r.state = 'approved' AND EXISTS (SELECT 1 FROM freezes f WHERE f.account_id = r.account_id)`, nil, func(tx *db.Tx, r row) error {
		stopped, err := s.objected(ctx, tx, r.accountID, r)
		if err != nil || !stopped {
			return err
		}
		return s.end(ctx, tx, r, Expired, Approved)
	}); err != nil {
		return err
	}
	err := s.each(ctx, " WHERE r.erased_at IS NULL AND r.state IN ('approved', 'completed', 'rejected') AND r.decided_at < $1",
		[]any{db.At(now.Add(-keepCopies))}, func(tx *db.Tx, r row) error { return s.erase(ctx, tx, r) })
	if err != nil {
		return err
	}
	return s.files.Sweep(ctx, now.Add(-uploadAge), func(ctx context.Context, id string) (wanted bool, err error) {
		err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM recovery_copies WHERE blob_id = $1)`, id).Scan(&wanted)
		return wanted, err
	})
}

// perSweep bounds what one sweep reads; the next goes on.
const perSweep = 500

// each does something to every request that a condition selects, each in a transaction of its own.
func (s *Service) each(ctx context.Context, tail string, args []any, do func(tx *db.Tx, r row) error) error {
	found, err := s.rows(ctx, s.db, fmt.Sprintf("%s ORDER BY r.id LIMIT %d", tail, perSweep), args...)
	if err != nil {
		return err
	}
	for _, r := range found {
		err := s.db.InTx(ctx, func(tx *db.Tx) error { return do(tx, r) })
		if err != nil && !fault.Is(err, errClosed) { // somebody has been faster
			return err
		}
	}
	return nil
}

// Retention tells for how long copies of documents are kept.
func (s *Service) Retention(ctx context.Context) ([]retention.Rule, error) {
	r, err := retention.Check(ctx, s.db, "copies", keepCopies, keepCopies, s.now(),
		`SELECT count(*) FROM recoveries WHERE erased_at IS NULL AND state IN ('approved', 'completed', 'rejected') AND decided_at < $1`)
	return []retention.Rule{r}, err
}
