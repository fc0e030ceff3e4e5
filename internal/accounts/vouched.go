package accounts

import (
	"context"
	"fmt"
	"slices"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// Vouched is an account that is about to be made on the word of its owner's school, without a phone: a pupil of six has
// none.
type Vouched struct {
	record record
	hash   string
}

// PrepareVouched checks username and password by the rules of registration, every broken part named at once, and hashes
// the password. It stands outside the transaction, for it takes long.
func (s *Service) PrepareVouched(ctx context.Context, username, password, role string) (Vouched, error) {
	names, passwords := usernameFaults(username), s.config.Password.faults("password", password)
	all := append(slices.Concat(names, passwords), s.config.Password.args()...)
	switch {
	case len(names) > 0:
		return Vouched{}, ErrUsernameInvalid.New(all...)
	case len(passwords) > 0:
		return Vouched{}, ErrPasswordInvalid.New(all...)
	}
	hash, err := s.hasher.hash(ctx, password)
	return Vouched{record{id: db.NewID(), username: username, role: role, phoneFree: true, createdAt: db.At(s.now())}, hash}, err
}

// CreateVouched makes the account and signs it in, or answers username_taken. The account is asked for no phone, then or
// later; who forgets the password gets a new one on the school's word: see [Service.ResetVouched].
func (s *Service) CreateVouched(ctx context.Context, tx *db.Tx, v Vouched) (SignedIn, error) {
	if err := s.insert(ctx, tx, v.record, v.hash); err != nil {
		return SignedIn{}, err
	}
	begun, err := s.begin(ctx, tx, v.record.id, shared, db.NullTime{})
	return SignedIn{v.record.shown(), v.record.must(), begun}, err
}

// ResetVouchedSQL is the condition, on a row of accounts by its alias, for [Service.ResetVouched] to find it.
func ResetVouchedSQL(a string) string {
	return fmt.Sprintf(`(%[1]s.phone_free AND %[1]s.phone_sealed IS NULL AND %[1]s.factors = '' AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.account_id = %[1]s.id))`, a)
}

// ResetVouched gives an account without a phone another password, ends every session and begins one. An account that has
// a phone or a second factor, administers anything, or was not made on a school's word, is not found: its owner resets the password with
// those, or asks above. Errors: account_frozen.
func (s *Service) ResetVouched(ctx context.Context, tx *db.Tx, accountID string, password HashedPassword) (SignedIn, error) {
	result, err := tx.Exec(ctx, `UPDATE accounts SET updated_at = $1 WHERE id = $2 AND `+ResetVouchedSQL("accounts"), db.At(s.now()), accountID)
	if err != nil {
		return SignedIn{}, err
	}
	if n, err := result.RowsAffected(); err != nil {
		return SignedIn{}, err
	} else if n == 0 {
		return SignedIn{}, fault.ErrNotFound.New()
	}
	if err := s.unfrozen(ctx, tx, accountID); err != nil {
		return SignedIn{}, err
	}
	if err := s.setPassword(ctx, tx, accountID, password.hash, "", "account.reset_by_slip"); err != nil {
		return SignedIn{}, err
	}
	account, err := s.load(ctx, tx, accountID)
	if err != nil {
		return SignedIn{}, err
	}
	address := access.ClientFrom(ctx).Address
	if err := s.guard.Forgive(ctx, tx, s.loginHere(account.username, address), s.loginAnywhere(account.username), s.ownPassword(accountID)); err != nil {
		return SignedIn{}, err
	}
	begun, err := s.begin(ctx, tx, accountID, shared, db.NullTime{})
	return SignedIn{account.shown(), account.must(), begun}, err
}
