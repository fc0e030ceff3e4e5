package accounts

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
)

// HashedPassword is a password that meets the policy, in the form in which it is stored.
type HashedPassword struct{ hash string }

// NewPassword checks a password that somebody chose and hashes it, or answers password_invalid for the field. It waits for
// a turn at the cores: call it outside a transaction.
func (s *Service) NewPassword(ctx context.Context, field, password string) (HashedPassword, error) {
	if err := s.config.Password.check(field, password); err != nil {
		return HashedPassword{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	return HashedPassword{hash}, err
}

// Recover gives an account back to its owner (F-08): a new password, the phone that they proved to have, every session ended,
// its freeze with them, its closing, and its recovery contact, who may be whoever had got in: the owner sets theirs again. All
// phones are told; those of before, which may be lost or stolen, take nothing back. It answers the username. The caller has made
// sure whose the account is. Errors: not_found, phone_taken.
func (s *Service) Recover(ctx context.Context, tx *db.Tx, accountID, phone string, password HashedPassword) (username string, err error) {
	before, err := s.load(ctx, tx, accountID)
	if err != nil {
		return "", err
	}
	// Signing in, freezing and giving back take turns by this row.
	if _, err := tx.Exec(ctx, `UPDATE accounts SET updated_at = $1 WHERE id = $2`, db.At(s.now()), accountID); err != nil {
		return "", err
	}
	if err := s.StopClosing(ctx, tx, accountID); err != nil {
		return "", err
	}
	if _, frozen, err := s.freezeOf(ctx, tx, accountID); err != nil {
		return "", err
	} else if frozen {
		if err := s.thaw(ctx, tx, accountID, ""); err != nil {
			return "", err
		}
	}
	if before.contact != "" {
		if err := s.removeContact(ctx, tx, accountID, false); err != nil {
			return "", err
		}
	}
	if before.phone != phone {
		if err := s.setPhone(ctx, tx, accountID, phone, PhoneReplaced, phoneAssigned, audit.Event{Action: "account.change_phone"}); err != nil {
			return "", err
		}
	}
	address := access.ClientFrom(ctx).Address
	for _, login := range []string{before.username, phone} {
		if err := s.guard.Forgive(ctx, tx, s.loginHere(login, address), s.loginAnywhere(login)); err != nil {
			return "", err
		}
	}
	if err := s.guard.Forgive(ctx, tx, s.ownPassword(accountID)); err != nil {
		return "", err
	}
	return before.username, s.setPassword(ctx, tx, accountID, password.hash, "", "account.recover")
}

// AccountOfPhone gives the account that a phone is bound to, "" when there is none.
func (s *Service) AccountOfPhone(ctx context.Context, q db.Querier, phone string) (accountID string, err error) {
	now, before := s.phoneKeys(phone)
	err = q.QueryRow(ctx, `SELECT account_id FROM logins WHERE login_key IN ($1, $2)`, now, before).Scan(&accountID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return accountID, err
}

// AppointedSince reports whether the account was given anything to administer since then.
func (s *Service) AppointedSince(ctx context.Context, q db.Querier, accountID string, since time.Time) (appointed bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM grants WHERE account_id = $1 AND created_at >= $2)`, accountID, db.At(since)).Scan(&appointed)
	return appointed, err
}

// LiesBeyond reports whether the account stands for anybody where the actor may not do the action: who vouches for somebody's child
// knows nothing of what else is theirs.
func (s *Service) LiesBeyond(ctx context.Context, q db.Querier, accountID string, action access.Action) (bool, error) {
	actor := access.ActorFrom(ctx)
	places, _, err := s.placesOf(ctx, q, accountID)
	return slices.ContainsFunc(places, func(p access.Place) bool { return !actor.Can(action, p) }), err
}

// ReachesBeyond reports whether the account administers anything that the actor does not: whoever gives such an account
// to somebody would climb by it.
func (s *Service) ReachesBeyond(ctx context.Context, q db.Querier, accountID string) (bool, error) {
	actor := access.ActorFrom(ctx)
	held, err := grantsOf(ctx, q, accountID)
	return slices.ContainsFunc(held, func(g heldGrant) bool { return !commands(actor, g.level, g.place) }), err
}
