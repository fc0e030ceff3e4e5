package verification

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/db"
)

// attempt is one match that has been counted before its outcome is known, so that any number of guesses at once are
// counted like guesses one after another.
type attempt struct {
	s    *Service
	now  db.Time
	keys []attemptKey
}

type attemptKey struct {
	key      string
	failures int // with this one
	limit    int
}

func accountAttempts(accountID string) string { return "realname:account:" + accountID }

// attemptKind is what failed claims of an address and a network are counted as.
const attemptKind = "realname"

// beginAttempt counts an attempt for the account, its address and its network, or answers how long they have to wait. They
// come in this order, always: two transactions never wait for each other in a circle.
func (s *Service) beginAttempt(ctx context.Context, tx *db.Tx, accountID string) (*attempt, time.Duration, error) {
	a := &attempt{s: s, now: db.Now(), keys: []attemptKey{{key: accountAttempts(accountID), limit: s.config.AccountAttempts}}}
	for _, l := range s.guard.FromWith(ctx, attemptKind, s.config.AddressAttempts) {
		a.keys = append(a.keys, attemptKey{key: l.Key, limit: l.Tries})
	}
	for i, k := range a.keys {
		err := tx.QueryRow(ctx, `INSERT INTO attempts (attempt_key, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0)
			ON CONFLICT (attempt_key) DO UPDATE SET last_at = excluded.last_at,
				failures = CASE WHEN attempts.last_at < $3 THEN 1 ELSE attempts.failures + 1 END
			WHERE attempts.blocked_until <= $2 RETURNING failures`,
			k.key, a.now, db.At(a.now.Add(-s.config.Wait))).Scan(&a.keys[i].failures)
		if errors.Is(err, sql.ErrNoRows) {
			var until db.Time
			if err := tx.QueryRow(ctx, `SELECT blocked_until FROM attempts WHERE attempt_key = $1`, k.key).Scan(&until); err != nil {
				return nil, 0, err
			}
			return nil, max(until.Sub(a.now.Time), time.Second), a.withdraw(ctx, tx, i)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return a, 0, nil
}

// failed lets the count stand, and begins the wait of whoever has used their attempts up.
func (a *attempt) failed(ctx context.Context, tx *db.Tx) error {
	for _, k := range a.keys {
		if k.failures < k.limit {
			continue
		}
		_, err := tx.Exec(ctx, `UPDATE attempts SET blocked_until = $1 WHERE attempt_key = $2`,
			db.At(a.now.Add(a.s.config.Wait)), k.key)
		if err != nil {
			return err
		}
	}
	return nil
}

// succeeded takes the count back: only failures count.
func (a *attempt) succeeded(ctx context.Context, tx *db.Tx) error {
	return a.withdraw(ctx, tx, len(a.keys))
}

func (a *attempt) withdraw(ctx context.Context, tx *db.Tx, keys int) error {
	for _, k := range a.keys[:keys] {
		if _, err := tx.Exec(ctx, `UPDATE attempts SET failures = failures - 1 WHERE attempt_key = $1`, k.key); err != nil {
			return err
		}
	}
	return nil
}
