package accounts

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
)

// Failed attempts slow the next ones down (F-10). Three things are counted: a login from one address, a login from
// everywhere, and an address. Where an account has signed in before, only that address's own failures count for it, so
// that nobody can lock its owner out from elsewhere; and every wait is short, and ends with a password reset.
//
// Keys hold the login that was typed, not the account: two logins of one account, or a login of none, look alike.

// attemptMemory is how long a failure counts.
const attemptMemory = time.Hour

// allowance is how many attempts something has, and how long it waits after: twice as long after each further failure.
type allowance struct {
	key   string
	tries int
	wait  time.Duration
	most  time.Duration
}

func (s *Service) loginHere(login, address string) allowance {
	return allowance{s.loginKey(login) + "@" + address, s.config.LoginTries, 15 * time.Second, 5 * time.Minute}
}

func (s *Service) loginAnywhere(login string) allowance {
	return allowance{s.loginKey(login), 4 * s.config.LoginTries, 15 * time.Second, time.Minute}
}

// fromAddress is generous: a whole school may stand behind one address.
func (s *Service) fromAddress(address string) allowance {
	return allowance{"address:" + address, 40 * s.config.LoginTries, 10 * time.Second, time.Minute}
}

func (s *Service) ownPassword(accountID string) allowance {
	return allowance{"password:" + accountID, s.config.LoginTries, 15 * time.Second, 5 * time.Minute}
}

func (s *Service) loginKey(login string) string {
	if phone, problem := identity.ParseMobile(login); problem == nil {
		login = phone
	}
	return "login:" + hex.EncodeToString(s.vault.Index("login", strings.ToLower(login)))
}

// attempt counts one attempt for each allowance before its outcome is known, so that any number made at once count like
// attempts made one after another. It fails with too_many_attempts, and then counts nothing.
func (s *Service) attempt(ctx context.Context, allowances ...allowance) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		for _, a := range allowances {
			if err := s.count(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) count(ctx context.Context, tx *db.Tx, a allowance) error {
	now := db.At(s.now())
	var failures int
	err := tx.QueryRow(ctx, `INSERT INTO attempts (attempt_key, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0)
		ON CONFLICT (attempt_key) DO UPDATE SET last_at = excluded.last_at,
			failures = CASE WHEN attempts.last_at < $3 THEN 1 ELSE attempts.failures + 1 END
		WHERE attempts.blocked_until <= $2 RETURNING failures`, a.key, now, db.At(now.Add(-attemptMemory))).Scan(&failures)
	if errors.Is(err, sql.ErrNoRows) {
		return s.blocked(ctx, tx, a)
	}
	if err != nil || failures < a.tries {
		return err
	}
	wait := min(a.wait<<min(failures-a.tries, 10), a.most)
	_, err = tx.Exec(ctx, `UPDATE attempts SET blocked_until = $1 WHERE attempt_key = $2`, db.At(now.Add(wait)), a.key)
	return err
}

// blocked answers too_many_attempts while the allowance is used up.
func (s *Service) blocked(ctx context.Context, q db.Querier, a allowance) error {
	var until db.Time
	err := q.QueryRow(ctx, `SELECT blocked_until FROM attempts WHERE attempt_key = $1`, a.key).Scan(&until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if wait := until.Sub(s.now()); wait > 0 {
		return ErrTooManyAttempts.New(fault.RetryAfter(wait), toReset)
	}
	return nil
}

// forgive clears what was counted: whoever asks has proved who they are.
func (s *Service) forgive(ctx context.Context, tx *db.Tx, allowances ...allowance) error {
	for _, a := range allowances {
		if _, err := tx.Exec(ctx, `DELETE FROM attempts WHERE attempt_key = $1`, a.key); err != nil {
			return err
		}
	}
	return nil
}
