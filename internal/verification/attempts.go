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

// beginAttempt counts an attempt for the account, or answers how long it has to wait. Whether its address or network has to is
// for [Service.Vigilance] to say.
func (s *Service) beginAttempt(ctx context.Context, tx *db.Tx, accountID string) (*attempt, time.Duration, error) {
	a := &attempt{s: s, now: db.Now(), account: counted{accountAttempts(accountID), s.config.AccountAttempts}}
	for _, l := range s.guard.FromWith(ctx, attemptKind, s.config.AddressAttempts) {
		a.places = append(a.places, counted{l.Key, l.Tries})
	}
	if counted, err := db.Changed(a.count(ctx, tx, a.account)); counted || err != nil {
		return a, 0, err
	}
	var until db.Time
	err := tx.QueryRow(ctx, `SELECT coalesce(max(blocked_until), 0) FROM attempts WHERE attempt_key = $1`, a.account.key).Scan(&until)
	return nil, max(until.Sub(a.now.Time), time.Second), err
}

// count counts one more, unless there is a wait.
func (a *attempt) count(ctx context.Context, tx *db.Tx, c counted) (sql.Result, error) {
	return tx.Exec(ctx, `INSERT INTO attempts (attempt_key, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0)
		ON CONFLICT (attempt_key) DO UPDATE SET last_at = excluded.last_at,
			failures = CASE WHEN attempts.last_at < $3 THEN 1 ELSE attempts.failures + 1 END
		WHERE attempts.blocked_until <= $2`,
		c.key, a.now, db.At(a.now.Add(-a.s.config.Wait)))
}

// failed lets the count stand, counts for the address and the network, always in this order, and begins the wait of whoever has used their
// attempts up.
func (a *attempt) failed(ctx context.Context, tx *db.Tx) error {
	for _, c := range a.places {
		if _, err := a.count(ctx, tx, c); err != nil {
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
