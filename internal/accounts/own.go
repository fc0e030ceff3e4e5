package accounts

import (
	"context"
	"slices"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
)

var errRoleVerified = fault.Define(fault.Conflict, "role_verified")

// AllowExport confirms that whoever holds the session knows the password before all of the account's data is handed over, and
// records that it was. Errors: password_wrong, too_many_attempts.
func (s *Service) AllowExport(ctx context.Context, password string) error {
	accountID := access.ActorFrom(ctx).AccountID
	if err := s.CheckPassword(ctx, accountID, password); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		return s.record(ctx, tx, accountID, audit.Event{Action: "account.export_data"})
	})
}

// ChooseRole changes what the actor registered as, while no registry entry says who they are: role_verified then.
func (s *Service) ChooseRole(ctx context.Context, role string) (Account, error) {
	accountID := access.ActorFrom(ctx).AccountID
	if !slices.Contains(roles, role) {
		return Account{}, fault.ErrInvalid.New(fault.Field("role", "not_allowed"))
	}
	var after *record
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		result, err := tx.Exec(ctx, `UPDATE accounts SET role = $1, updated_at = $2 WHERE id = $3
			AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.account_id = accounts.id)
			AND NOT EXISTS (SELECT 1 FROM guardian_links g WHERE g.account_id = accounts.id)`, role, db.At(s.now()), accountID)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errRoleVerified.New(fault.Field("role", "role_verified"), fault.Next("my_binding", "/me"))
		}
		if err := s.record(ctx, tx, accountID, audit.Event{Action: "account.choose_role", Details: map[string]any{"role": role}}); err != nil {
			return err
		}
		after, err = s.load(ctx, tx, accountID)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return after.shown(), nil
}
