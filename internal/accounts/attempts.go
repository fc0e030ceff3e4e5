package accounts

import (
	"context"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/identity"
)

// Failed attempts slow the next ones down (F-10). Four things are counted: a login from one address, a login from
// everywhere, an address, and a network. Where an account has signed in before, only that address's own failures count
// for it, so that nobody can lock its owner out from elsewhere; and every wait is short, and ends with a password reset.
//
// Attempts at one login from one address take turns, so that guesses made at once count like guesses made one after
// another, while any number of people who know the password get in.
//
// Keys hold the login that was typed, not the account: two logins of one account, or a login of none, look alike.

func (s *Service) loginHere(login, address string) guard.Limit {
	return guard.Limit{
		Key: s.loginKey(login) + "@" + guard.Home(address), Captcha: s.guard.Account,
		Tries: s.config.LoginTries, Wait: 15 * time.Second, Most: 5 * time.Minute,
	}
}

func (s *Service) loginAnywhere(login string) guard.Limit {
	return guard.Limit{
		Key: s.loginKey(login), Captcha: s.guard.Account,
		Tries: 4 * s.config.LoginTries, Wait: 15 * time.Second, Most: time.Minute,
	}
}

// fromHere are the limits of the address and its network. Where the account is known the neighbours do not count, and
// nobody waits for the address: whoever guesses from a school's would have all of the school wait.
func (s *Service) fromHere(ctx context.Context, known bool) []guard.Limit {
	const kind = "address"
	if here := s.guard.FromWith(ctx, kind, 0); known && len(here) > 0 {
		return here[:1]
	}
	return s.guard.FromWith(ctx, kind, 40*s.config.LoginTries)
}

func (s *Service) ownPassword(accountID string) guard.Limit {
	return guard.Limit{Key: "password:" + accountID, Tries: s.config.LoginTries, Wait: 15 * time.Second, Most: 5 * time.Minute}
}

func (s *Service) loginKey(login string) string {
	if phone, problem := identity.ParseMobile(login); problem == nil {
		login = phone
	}
	return "login:" + hex.EncodeToString(s.vault.Index("login", strings.ToLower(login)))
}

// offerReset names the way out of a wait.
func offerReset(err error) error {
	if fault.Is(err, guard.ErrTooManyAttempts) {
		toReset(asFault(err))
	}
	return err
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
