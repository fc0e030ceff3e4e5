package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/vault"
)

// ErrTooManyAttempts tells to wait, with Retry-After.
var ErrTooManyAttempts = fault.Define(fault.TooMany, "too_many_attempts")

// memory is how long something counts after the last of its kind.
const memory = time.Hour

// Rules say how much within an hour is suspicious, so that a captcha is asked for. Zero never is.
type Rules struct {
	Account int // failed sign-ins to one account
	Phone   int // wrong codes of one phone
	Address int // failures, registrations, or phones that codes are sent to, of one address; four times as many of its network
}

// Guard counts in the database, so that several processes count together. It is safe for concurrent use.
type Guard struct {
	Rules
	db    *db.DB
	vault *vault.Vault
	now   func() time.Time
}

// New makes a guard. now is its clock; time.Now when nil.
func New(d *db.DB, v *vault.Vault, rules Rules, now func() time.Time) *Guard {
	if now == nil {
		now = time.Now
	}
	return &Guard{Rules: rules, db: d, vault: v, now: now}
}

// Limit is what is counted under one key, and what follows from it.
type Limit struct {
	Key     string
	Captcha int           // from this count on a captcha is asked for; 0 for never
	Tries   int           // from this count on the next attempt waits; 0 for never
	Wait    time.Duration // after the count has reached Tries; twice as long after each further one
	Most    time.Duration // the longest wait
}

// generous is how many times a suspicious address's count may grow before it waits: a whole school may stand behind it.
const generous = 20

// networkFactor is how many more a network is allowed than an address.
const networkFactor = 4

// From gives the limits of the address that makes the request and of its network, for one kind of thing that is counted;
// none outside a request, and none for an address that tells nobody apart.
func (g *Guard) From(ctx context.Context, kind string) []Limit {
	return g.FromWith(ctx, kind, generous*g.Address)
}

// FromWith is [Guard.From] with the count of an address from which on it waits.
func (g *Guard) FromWith(ctx context.Context, kind string, tries int) []Limit {
	host, network := places(access.ClientFrom(ctx).Address)
	if host == "" {
		return nil
	}
	return []Limit{
		{kind + "@" + host, g.Address, tries, 10 * time.Second, time.Minute},
		{kind + "@" + network, networkFactor * g.Address, networkFactor * tries, 10 * time.Second, time.Minute},
	}
}

// Check refuses with too_many_attempts while one of the limits waits, with captcha_required while one is suspicious and
// the request brings no solution, and else tells whether anything is counted.
func (g *Guard) Check(ctx context.Context, limits ...Limit) (counted bool, err error) {
	if len(limits) == 0 {
		return false, nil
	}
	standing, err := g.standing(ctx, limits)
	if err != nil || len(standing) == 0 {
		return false, err
	}
	now := g.now()
	var wait time.Duration
	suspicion := -1
	for _, l := range limits {
		s, ok := standing[l.Key]
		if !ok {
			continue
		}
		wait = max(wait, s.until.Sub(now))
		if l.Captcha > 0 && s.count >= l.Captcha && s.last.After(now.Add(-memory)) {
			suspicion = max(suspicion, levelOf(s.count/l.Captcha))
		}
	}
	if wait > 0 {
		return true, ErrTooManyAttempts.New(fault.RetryAfter(wait))
	}
	if suspicion >= 0 {
		return true, g.demand(ctx, suspicion)
	}
	return true, nil
}

type standing struct {
	count       int
	last, until db.Time
}

// standing reads what is counted, all in one query: every sign-in asks.
func (g *Guard) standing(ctx context.Context, limits []Limit) (map[string]standing, error) {
	keys := make([]any, len(limits))
	places := make([]string, len(limits))
	for i, l := range limits {
		keys[i], places[i] = l.Key, fmt.Sprintf("$%d", i+1)
	}
	rows, err := g.db.Query(g.db.Brief(ctx), `SELECT attempt_key, failures, last_at, blocked_until FROM attempts
		WHERE attempt_key IN (`+strings.Join(places, ", ")+`)`, keys...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found map[string]standing
	for rows.Next() {
		var key string
		var s standing
		if err := rows.Scan(&key, &s.count, &s.last, &s.until); err != nil {
			return nil, err
		}
		if found == nil {
			found = map[string]standing{}
		}
		found[key] = s
	}
	return found, rows.Err()
}

// Count counts one for each limit, and begins the wait of those that have been reached.
func (g *Guard) Count(ctx context.Context, limits ...Limit) error {
	if len(limits) == 0 {
		return nil
	}
	return g.db.InTx(ctx, func(tx *db.Tx) error { return g.CountIn(ctx, tx, limits...) })
}

// CountIn is [Guard.Count] in a transaction of the caller's: what is rolled back has not been counted.
func (g *Guard) CountIn(ctx context.Context, tx *db.Tx, limits ...Limit) error {
	now := db.At(g.now())
	for _, l := range limits {
		n, err := g.count(ctx, tx, l.Key, now)
		if err != nil {
			return err
		}
		if l.Tries == 0 || n < l.Tries {
			continue
		}
		wait := min(l.Wait<<min(n-l.Tries, 10), l.Most)
		if _, err := tx.Exec(ctx, `UPDATE attempts SET blocked_until = $1 WHERE attempt_key = $2`, db.At(now.Add(wait)), l.Key); err != nil {
			return err
		}
	}
	return nil
}

// Another counts one for each limit when the thing under the key is the first of its kind within the hour: the same phone
// twice is one phone.
func (g *Guard) Another(ctx context.Context, tx *db.Tx, key string, limits ...Limit) error {
	if len(limits) == 0 {
		return nil
	}
	n, err := g.count(ctx, tx, limits[0].Key+":"+key, db.At(g.now()))
	if err != nil || n > 1 {
		return err
	}
	return g.CountIn(ctx, tx, limits...)
}

func (g *Guard) count(ctx context.Context, tx *db.Tx, key string, now db.Time) (n int, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO attempts (attempt_key, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0)
		ON CONFLICT (attempt_key) DO UPDATE SET last_at = excluded.last_at,
			failures = CASE WHEN attempts.last_at < $3 THEN 1 ELSE attempts.failures + 1 END
		RETURNING failures`, key, now, db.At(now.Add(-memory))).Scan(&n)
	return n, err
}

// Forgive clears what was counted: whoever asks has proved who they are.
func (g *Guard) Forgive(ctx context.Context, tx *db.Tx, limits ...Limit) error {
	for _, l := range limits {
		if _, err := tx.Exec(ctx, `DELETE FROM attempts WHERE attempt_key = $1`, l.Key); err != nil {
			return err
		}
	}
	return nil
}

// Forget removes what no longer counts. Call it now and then.
func (g *Guard) Forget(ctx context.Context) error {
	now := g.now()
	_, err1 := g.db.Exec(ctx, `DELETE FROM attempts WHERE last_at < $1 AND blocked_until < $2`, db.At(now.Add(-24*time.Hour)), db.At(now))
	_, err2 := g.db.Exec(ctx, `DELETE FROM captchas WHERE expires_at < $1`, db.At(now))
	return errors.Join(err1, err2)
}
