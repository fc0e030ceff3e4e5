package factors

import (
	"context"
	"crypto/rand"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/lookup"
)

const (
	recoveryCodes   = 10
	recoveryLength  = 10                                 // 50 random bits
	recoveryLetters = "23456789abcdefghijkmnpqrstuvwxyz" // 32, none of which looks like another
	recoveryPurpose = "recovery_code"
)

// RenewRecoveryCodes replaces the actor's recovery codes by ten new ones, which are shown to nobody again.
func (s *Service) RenewRecoveryCodes(ctx context.Context, confirmation string) (codes []string, err error) {
	if err := s.confirmed(ctx, confirmation); err != nil {
		return nil, err
	}
	accountID := access.ActorFrom(ctx).AccountID
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		has, err := s.of(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if len(has.kinds()) == 0 {
			return ErrNone.New()
		}
		if codes, err = s.newRecoveryCodes(ctx, tx, accountID); err != nil {
			return err
		}
		_, err = s.changed(ctx, tx, accountID, noticeRenewed, audit.Event{Action: "account.renew_recovery_codes"})
		return err
	})
	return codes, err
}

// newRecoveryCodes makes ten codes in place of those before. Only their keyed hashes are kept.
func (s *Service) newRecoveryCodes(ctx context.Context, tx *db.Tx, accountID string) ([]string, error) {
	if err := s.forgetRecoveryCodes(ctx, tx, accountID); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	rows := make([][]any, recoveryCodes)
	for i := range codes {
		code := newRecoveryCode()
		codes[i] = code[:recoveryLength/2] + "-" + code[recoveryLength/2:]
		index, err := lookup.Value(ctx, tx, s.vault, s.recoveryIndex(accountID, code))
		if err != nil {
			return nil, err
		}
		rows[i] = []any{accountID, index, db.At(s.now())}
	}
	return codes, tx.Insert(ctx, "recovery_codes", []string{"account_id", "code_index", "created_at"}, rows)
}

func newRecoveryCode() string {
	var code strings.Builder
	var random [recoveryLength]byte
	_, _ = rand.Read(random[:]) // never fails, by its contract
	for _, b := range random {
		code.WriteByte(recoveryLetters[b&31])
	}
	return code.String()
}

func (s *Service) recoveryIndex(accountID, code string) []byte {
	return s.vault.Index(recoveryPurpose, accountID+":"+code)
}

// useRecoveryCode tells whether the code is one of the account's that is still good. Its use is recorded, and told to the
// account's phone with how many are left.
func (s *Service) useRecoveryCode(ctx context.Context, tx *db.Tx, accountID, code string) (bool, error) {
	now, before := s.vault.Asked(s.recoveryIndex(accountID, code))
	result, err := tx.Exec(ctx, `UPDATE recovery_codes SET used_at = $1 WHERE account_id = $2 AND code_index IN ($3, $4) AND used_at IS NULL`,
		db.At(s.now()), accountID, now, before)
	if err != nil {
		return false, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	has, err := s.of(ctx, tx, accountID)
	if err != nil {
		return false, err
	}
	left := map[string]any{"left": has.RecoveryCodesLeft}
	if err := s.accounts.Record(ctx, tx, accountID, audit.Event{Action: "account.use_recovery_code", Details: left}); err != nil {
		return false, err
	}
	return true, s.accounts.Tell(ctx, tx, accountID, noticeUsed, left)
}

func (s *Service) forgetRecoveryCodes(ctx context.Context, tx *db.Tx, accountID string) error {
	_, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE account_id = $1`, accountID)
	return err
}
