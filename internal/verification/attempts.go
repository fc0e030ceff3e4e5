package verification

import (
	"context"
	"hash/fnv"
	"time"

	"caotang/internal/db"
)

func accountAttempts(accountID string) string { return "realname:account:" + accountID }

// attemptKind is what failed claims of an address and a network are counted as.
const attemptKind = "realname"

// attempt takes an account's claim into account, whose outcome nobody has been told yet: it answers how long the account, its address
// or its network has to wait, or counts the claim if it failed. Claims of an account take turns, so that any number of guesses at once
// are counted like guesses one after another.
//
// An address and a network are shared by many, who would all wait for one another if they took turns. Whoever guesses from many
// accounts at once gets past their limits by no more guesses than the server answers at a time.
func (s *Service) attempt(ctx context.Context, tx *db.Tx, accountID string, failed bool) (wait time.Duration, err error) {
	now, keys := db.Now(), []string{accountAttempts(accountID), "", ""}
	limits := []int{s.config.AccountAttempts, 0, 0}
	for i, place := range s.guard.FromWith(ctx, attemptKind, s.config.AddressAttempts) {
		keys[i+1], limits[i+1] = place.Key, place.Tries
	}
	if err := tx.HoldAlone(ctx, turnOf(keys[0])); err != nil {
		return 0, err
	}
	var until db.Time
	err = tx.QueryRow(ctx, `SELECT coalesce(max(blocked_until), 0) FROM attempts WHERE attempt_key IN ($1, $2, $3)`, db.Args(keys)...).Scan(&until)
	if err != nil || until.After(now.Time) {
		return max(until.Sub(now.Time), time.Second), err
	}
	for i, key := range keys { // always in this order
		if !failed || key == "" {
			continue
		}
		if err := s.countFailure(ctx, tx, key, limits[i], now); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// countFailure counts a failure, unless that waits meanwhile, and begins the wait of whoever has used their attempts up.
func (s *Service) countFailure(ctx context.Context, tx *db.Tx, key string, limit int, now db.Time) error {
	const failures = `CASE WHEN attempts.last_at < $3 THEN 1 ELSE attempts.failures + 1 END`
	_, err := tx.Exec(ctx, `INSERT INTO attempts (attempt_key, failures, last_at, blocked_until)
		VALUES ($1, 1, $2, CASE WHEN 1 >= CAST($4 AS bigint) THEN CAST($5 AS bigint) ELSE 0 END)
		ON CONFLICT (attempt_key) DO UPDATE SET last_at = excluded.last_at, failures = `+failures+`,
			blocked_until = CASE WHEN `+failures+` >= CAST($4 AS bigint) THEN CAST($5 AS bigint) ELSE attempts.blocked_until END
		WHERE attempts.blocked_until <= $2`,
		key, now, db.At(now.Add(-s.config.Wait)), limit, db.At(now.Add(s.config.Wait)))
	return err
}

// turnOf is the lock by which the attempts under a key take turns. Two keys may share one, and wait for each other then.
func turnOf(key string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // never fails, by its contract
	return int64(h.Sum64())
}
