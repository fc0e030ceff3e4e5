package verification

import (
	"context"
	"database/sql"
	"time"

	"caotang/internal/db"
)

// attempt is one match of an account, counted before its outcome is known, so that any number of guesses by an account at
// once are counted like guesses one after another.
//
// An address and a network are shared by many, who would all wait for one another if each held their count until the end: of
// them only failures are counted, when they are known. Whoever guesses from many accounts at once gets past their limits by no
// more guesses than the server answers at a time.
type attempt struct {
	s       *Service
	now     db.Time
	account counted
	places  []counted // the address and the network
}

// counted is what failures are counted of, and with how many of them it waits.
type counted struct {
	key   string
	limit int
}

func accountAttempts(accountID string) string { return "realname:account:" + accountID }

// attemptKind is what failed claims of an address and a network are counted as.
const attemptKind = "realname"

// beginAttempt counts an attempt for the account, or answers how long it, its address or its network has to wait.
func (s *Service) beginAttempt(ctx context.Context, tx *db.Tx, accountID string) (*attempt, time.Duration, error) {
	a := &attempt{s: s, now: db.Now(), account: counted{accountAttempts(accountID), s.config.AccountAttempts}}
	var address, network string
	if from := s.guard.FromWith(ctx, attemptKind, s.config.AddressAttempts); from != nil {
		address, network = from[0].Key, from[1].Key
		a.places = []counted{{address, from[0].Tries}, {network, from[1].Tries}}
	}
	if counted, err := db.Changed(a.count(ctx, tx, a.account, address, network)); counted || err != nil {
		return a, 0, err
	}
	var until db.Time
	err := tx.QueryRow(ctx, `SELECT coalesce(max(blocked_until), 0) FROM attempts WHERE attempt_key IN ($1, $2, $3)`, a.account.key, address, network).Scan(&until)
	return nil, max(until.Sub(a.now.Time), time.Second), err
}

// count counts one more, unless that or one of two others has to wait.
func (a *attempt) count(ctx context.Context, tx *db.Tx, c counted, other, another string) (sql.Result, error) {
	return tx.Exec(ctx, `INSERT INTO attempts (attempt_key, failures, last_at, blocked_until)
		SELECT CAST($1 AS text), 1, CAST($2 AS bigint), 0 WHERE NOT EXISTS (SELECT 1 FROM attempts w WHERE w.attempt_key IN ($4, $5) AND w.blocked_until > $2)
		ON CONFLICT (attempt_key) DO UPDATE SET last_at = excluded.last_at,
			failures = CASE WHEN attempts.last_at < $3 THEN 1 ELSE attempts.failures + 1 END
		WHERE attempts.blocked_until <= $2`,
		c.key, a.now, db.At(a.now.Add(-a.s.config.Wait)), other, another)
}

// failed lets the count stand, counts for the address and the network, always in this order, and begins the wait of whoever has used their
// attempts up.
func (a *attempt) failed(ctx context.Context, tx *db.Tx) error {
	for _, c := range a.places {
		if _, err := a.count(ctx, tx, c, "", ""); err != nil {
			return err
		}
	}
	for _, c := range append([]counted{a.account}, a.places...) {
		if _, err := tx.Exec(ctx, `UPDATE attempts SET blocked_until = $1 WHERE attempt_key = $2 AND failures >= $3 AND blocked_until <= $4`,
			db.At(a.now.Add(a.s.config.Wait)), c.key, c.limit, a.now); err != nil {
			return err
		}
	}
	return nil
}

// succeeded takes the count back: only failures count.
func (a *attempt) succeeded(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE attempts SET failures = failures - 1 WHERE attempt_key = $1 AND blocked_until <= $2`, a.account.key, a.now)
	return err
}
