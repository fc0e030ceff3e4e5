package recovery

import (
	"context"
	"errors"
	"slices"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/blob"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// Approve gives the account back to whoever asked: they set a new password with the contact phone. accountID says which,
// where several stand for the entry. The account's phone is told, and may object. Errors: not_found also outside the
// actor's scope; recovery_closed when it has been decided; recovery_moot when no account stands for the person any more;
// recovery_phone_in_use when the contact phone is another account's by now; recovery_of_administrator; recovery_beyond when it stands for
// people beyond the actor's scope, too; recovery_unopened while
// there is a copy that the actor has not opened; recovery_objected when the account's phone has said "this was not me".
func (s *Service) Approve(ctx context.Context, id, accountID, reason string) (Request, error) {
	return s.decide(ctx, id, Approved, reason, func(tx *db.Tx, r row) error {
		if unopened, err := unopened(ctx, tx, r); err != nil {
			return err
		} else if len(unopened) > 0 {
			return errUnopened.New()
		}
		account, err := s.chosen(ctx, tx, r, accountID)
		if err != nil {
			return err
		}
		if account.Objected {
			return errObjected.New(fault.Next("reject", ""))
		}
		if beyond, err := s.accounts.ReachesBeyond(ctx, tx, account.ID); err != nil {
			return err
		} else if beyond {
			return errAdministrator.New(fault.Next("reject", ""))
		}
		if beyond, err := s.accounts.LiesBeyond(ctx, tx, account.ID, r.proof.action()); err != nil {
			return err
		} else if beyond {
			return errBeyond.New()
		}
		if holder, err := s.accounts.AccountOfPhone(ctx, tx, r.content.Phone); err != nil {
			return err
		} else if holder != "" && holder != account.ID {
			masked, err := s.accounts.MaskedOf(ctx, tx, holder)
			if err != nil {
				return err
			}
			return errPhoneInUse.New(fault.Arg("username", masked.MaskedUsername), fault.Next("reject", ""))
		}
		if _, err := tx.Exec(ctx, `UPDATE recoveries SET account_id = $1 WHERE id = $2`, account.ID, id); err != nil {
			return err
		}
		if err := s.accounts.StopClosing(ctx, tx, account.ID); err != nil { // somebody else may have asked for it
			return err
		}
		if err := s.record(ctx, tx, r, "recovery.approve", r.reason, map[string]any{"proof": r.proof, "account_id": account.ID}); err != nil {
			return err
		}
		if !account.SamePhone {
			if err := s.warn(ctx, tx, r, account.ID); err != nil {
				return err
			}
		}
		return s.sms.Notify(ctx, tx, r.content.Phone, "notice.recovery_approved", map[string]any{
			"number": r.content.Number, "where": s.where(r.content.Number), "days": int(finishWithin.Hours() / 24),
		})
	})
}

// chosen is the account that is given back: one of those that stand for the person now.
func (s *Service) chosen(ctx context.Context, tx *db.Tx, r row, accountID string) (Account, error) {
	found, err := s.findings(ctx, tx, r)
	if err != nil {
		return Account{}, err
	}
	if len(found.Accounts) == 0 {
		return Account{}, errMoot.New(fault.Next("reject", ""))
	}
	if accountID == "" && len(found.Accounts) == 1 {
		return found.Accounts[0], nil
	}
	if accountID == "" {
		return Account{}, fault.ErrInvalid.New(fault.Field("account_id", "missing"))
	}
	at := slices.IndexFunc(found.Accounts, func(a Account) bool { return a.ID == accountID })
	if at < 0 {
		return Account{}, errMoot.New(fault.Next("reject", ""))
	}
	return found.Accounts[at], nil
}

// Reject ends a request with the reason, which the person is told. Errors: not_found, recovery_closed, invalid without a
// reason.
func (s *Service) Reject(ctx context.Context, id, reason string) (Request, error) {
	return s.decide(ctx, id, Rejected, reason, func(tx *db.Tx, r row) error {
		if err := free(ctx, tx, id); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "recovery.reject", r.reason, map[string]any{"proof": r.proof}); err != nil {
			return err
		}
		return s.sms.Notify(ctx, tx, r.content.Phone, "notice.recovery_rejected", map[string]any{"number": r.content.Number, "reason": r.reason})
	})
}

// decide takes an open request to its decision and does what follows, all or nothing. do gets the request with the reason.
func (s *Service) decide(ctx context.Context, id string, to State, reason string, do func(tx *db.Tx, r row) error) (decided Request, err error) {
	if reason, err = audit.Reason(reason); err != nil {
		return Request{}, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.decidable(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.move(ctx, tx, id, to, Open); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE recoveries SET reason = $1, decided_by = $2, decided_at = $3 WHERE id = $4`,
			reason, access.ActorFrom(ctx).AccountID, db.At(s.now()), id); err != nil {
			return err
		}
		r.reason = reason
		if err := do(tx, r); err != nil {
			return err
		}
		if r, err = s.byID(ctx, tx, id); err == nil {
			decided = s.request(r)
		}
		return err
	})
	return decided, err
}

// Look opens a copy for somebody who may decide the request, and records the look: neither is done without the other. The caller
// closes it.
func (s *Service) Look(ctx context.Context, id string, name Copy) (file *blob.File, mediaType string, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.decidable(ctx, tx, id)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(r.copies, func(c copyRow) bool { return c.name == name })
		if at < 0 {
			return fault.ErrNotFound.New()
		}
		mediaType = r.copies[at].mediaType
		if file, err = s.files.Open(r.copies[at].blobID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO recovery_looks (recovery_id, copy, account_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			id, string(name), access.ActorFrom(ctx).AccountID); err != nil {
			return err
		}
		return s.record(ctx, tx, r, "recovery.look", "", map[string]any{"copy": name})
	})
	if err != nil && file != nil {
		return nil, "", errors.Join(err, file.Close())
	}
	return file, mediaType, err
}

// unopened are the copies of a request that the actor has yet to open.
func unopened(ctx context.Context, q db.Querier, r row) ([]Copy, error) {
	opened, err := db.Collect(ctx, q, `SELECT copy FROM recovery_looks WHERE recovery_id = $1 AND account_id = $2`, []any{r.id, access.ActorFrom(ctx).AccountID},
		func(c *Copy) []any { return []any{c} })
	left := []Copy{}
	for _, c := range r.copies {
		if !slices.Contains(opened, c.name) {
			left = append(left, c.name)
		}
	}
	return left, err
}
