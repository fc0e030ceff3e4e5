package slips

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
)

// Vouched answers whose slip a code is that the school has handed out: used or not, it says until its day that whoever holds the
// paper got it from the school, and nothing is used up by it. Errors: slip_invalid, slip_expired; too_many_attempts,
// captcha_required. Call it outside a transaction, and [Service.Vouch] within.
func (s *Service) Vouched(ctx context.Context, typed string) (entryID string, err error) {
	_, p, err := s.look(ctx, typed)
	if err != nil {
		return "", err
	}
	if p.state == Expired || p.state == Used && !p.expiresAt.After(s.now()) {
		return "", ErrSlipExpired.New(fault.Field("code", "slip_expired"))
	}
	if p.state == Ended {
		return "", ErrSlipInvalid.New(fault.Field("code", "slip_unknown"))
	}
	return p.entryID, nil
}

// Vouch makes sure, in the caller's transaction, which holds the entry, that the code still speaks for it: slip_invalid otherwise.
func (s *Service) Vouch(ctx context.Context, tx *db.Tx, typed, entryID string) error {
	code, _ := readCode(typed)
	now, before := s.vault.Asked(s.index(code))
	result, err := tx.Exec(ctx, `UPDATE activation_slips SET created_at = created_at
		WHERE code_index IN ($1, $2) AND entry_id = $3 AND ended_at IS NULL AND expires_at > $4`, now, before, entryID, db.At(s.now()))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrSlipInvalid.New(fault.Field("code", "slip_other"))
}

// Prints tells whether the actor may print somebody's slip: in their hands it proves nothing. Call it outside a transaction.
func (s *Service) Prints(ctx context.Context, entry roster.Entry) (bool, error) {
	actor := access.ActorFrom(ctx)
	if actor.Can(access.AccountsManage, entry.Place()) {
		return true, nil
	}
	if entry.Class == nil {
		return false, nil
	}
	err := s.teaches(ctx, actor, entry.Class.ID)
	if fault.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
