package accounts

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
)

// Failed attempts slow the next ones down (F-10). Three things are counted: a login from one address, a login from
// everywhere, and an address. Where an account has signed in before, only that address's own failures count for it, so
// that nobody can lock its owner out from elsewhere; and every wait is short, and ends with a password reset.
//
// Attempts at one login from one address take turns, so that guesses made at once count like guesses made one after
// another, while any number of people who know the password get in.
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

// blocked answers too_many_attempts while one of the allowances is used up, and else tells whether any failure is counted.
func (s *Service) blocked(ctx context.Context, allowances ...allowance) (counted bool, err error) {
	var longest time.Duration
	for _, a := range allowances {
		var until db.Time
		err := s.db.QueryRow(ctx, `SELECT blocked_until FROM attempts WHERE attempt_key = $1`, a.key).Scan(&until)
		if err == nil {
			counted, longest = true, max(longest, until.Sub(s.now()))
		} else if !errors.Is(err, sql.ErrNoRows) {
			return counted, err
		}
	}
	if longest > 0 {
		return counted, ErrTooManyAttempts.New(fault.RetryAfter(longest), toReset)
	}
	return counted, nil
}

// failed counts a failure for each allowance, and begins the wait of those that are used up.
func (s *Service) failed(ctx context.Context, allowances ...allowance) error {
	now := db.At(s.now())
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		for _, a := range allowances {
			var failures int
			err := tx.QueryRow(ctx, `INSERT INTO attempts (attempt_key, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0)
				ON CONFLICT (attempt_key) DO UPDATE SET last_at = excluded.last_at,
					failures = CASE WHEN attempts.last_at < $3 THEN 1 ELSE attempts.failures + 1 END
				RETURNING failures`, a.key, now, db.At(now.Add(-attemptMemory))).Scan(&failures)
			if err != nil {
				return err
			}
			if failures < a.tries {
				continue
			}
			wait := min(a.wait<<min(failures-a.tries, 10), a.most)
			if _, err := tx.Exec(ctx, `UPDATE attempts SET blocked_until = $1 WHERE attempt_key = $2`, db.At(now.Add(wait)), a.key); err != nil {
				return err
			}
		}
		return nil
	})
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

// gates let one attempt through at a time, per key.
type gates struct {
	mu   sync.Mutex
	gate map[string]*gate
}

type gate struct {
	turn  chan struct{}
	users int // who is inside or waits
}

// enter waits for the key's turn, until the context ends with its cause. Call the function it gives to let the next in.
func (g *gates) enter(ctx context.Context, key string) (leave func(), err error) {
	g.mu.Lock()
	it := g.gate[key]
	if it == nil {
		it = &gate{turn: make(chan struct{}, 1)}
		g.gate[key] = it
	}
	it.users++
	g.mu.Unlock()
	forget := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if it.users--; it.users == 0 {
			delete(g.gate, key)
		}
	}
	select {
	case it.turn <- struct{}{}:
		return func() { <-it.turn; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, context.Cause(ctx)
	}
}
