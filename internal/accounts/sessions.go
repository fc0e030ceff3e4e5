package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/guard"
	"caotang/internal/vault"
)

const (
	tokenBytes    = 32
	touchEvery    = 5 * time.Minute        // how exactly a session's last use is known
	touchPatience = 100 * time.Millisecond // what a request waits for that at most, while a long write runs
	rememberEvery = 24 * time.Hour         // how exactly an address's last sign-in is known
)

// session is one that has just begun. The token is known to nobody but its holder: the database keeps its hash.
type session struct {
	token   string
	expires time.Time
}

func hashToken(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}

// begin starts a session for whoever makes the request, and remembers their address as one of the account's, unless it
// was seen there within a day.
func (s *Service) begin(ctx context.Context, tx *db.Tx, accountID string, seen db.NullTime) (session, error) {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails, by its contract
	client, now := access.ClientFrom(ctx), db.At(s.now())
	begun := session{base64.RawURLEncoding.EncodeToString(raw), now.Add(s.config.SessionLifetime)}
	_, err := tx.Exec(ctx, `INSERT INTO sessions (token_hash, id, account_id, address, user_agent, created_at, used_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
		hashToken(begun.token), db.NewID(), accountID, client.Address, client.UserAgent, now, db.At(begun.expires))
	if err != nil || seen.Valid && now.Sub(seen.Time.Time) < rememberEvery {
		return begun, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO known_addresses (account_id, address, seen_at) VALUES ($1, $2, $3)
		ON CONFLICT (account_id, address) DO UPDATE SET seen_at = excluded.seen_at`, accountID, guard.Home(client.Address), now)
	return begun, err
}

// Resolve gives the actor of a session token, or the anonymous actor when the session is unknown or has ended. It costs one
// query, which has a row for each grant of an administrator and one row for everybody else.
func (s *Service) Resolve(ctx context.Context, token string) (access.Actor, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return access.Actor{}, nil
	}
	hash := hashToken(token)
	a, used, expires, err := s.actorOf(ctx, hash)
	now := s.now()
	if err != nil || !expires.After(now) || !used.Add(s.config.SessionIdle).After(now) {
		return access.Actor{}, err
	}
	if now.Sub(used.Time) >= touchEvery {
		s.touch(ctx, hash, db.At(now))
	}
	return a, nil
}

// actorOf gives a session's actor and times; an unknown one has expired long since.
func (s *Service) actorOf(ctx context.Context, tokenHash []byte) (a access.Actor, used, expires db.Time, err error) {
	rows, err := s.db.Query(s.db.Brief(ctx), `SELECT s.id, s.used_at, s.expires_at, a.id, a.username, a.role, a.phone_sealed, `+contactSQL+`, a.created_at,
			a.closes_at IS NOT NULL, a.replace_password, `+s.factorDue+`, EXISTS (SELECT 1 FROM bindings b WHERE b.account_id = a.id)
				OR EXISTS (SELECT 1 FROM guardian_links l WHERE l.account_id = a.id), g.level, g.scope_id
		FROM sessions s JOIN accounts a ON a.id = s.account_id LEFT JOIN grants g ON g.account_id = a.id
		WHERE s.token_hash = $1 ORDER BY g.level, g.scope_id`, tokenHash)
	if err != nil {
		return a, used, expires, err
	}
	defer func() { _ = rows.Close() }()
	var phone, contact []byte
	var closing, replacePassword, factorDue bool
	for rows.Next() {
		var registered db.Time
		var level, scope *string
		if err := rows.Scan(&a.SessionID, &used, &expires, &a.AccountID, &a.Username, &a.Role, &phone, &contact, &registered,
			&closing, &replacePassword, &factorDue, &a.Verified, &level, &scope); err != nil {
			return a, used, expires, err
		}
		a.RegisteredAt = registered.Time
		if level != nil {
			a.Grants = append(a.Grants, access.Grant{Level: access.Level(*level), ScopeID: *scope})
		}
	}
	a.Must = mustOf(closing, replacePassword, reachable(a.Role, phone != nil, contact != nil), factorDue)
	for sealed, shown := range map[*[]byte]*string{&phone: &a.MaskedPhone, &contact: &a.MaskedContact} {
		plain, err := s.openPhone(*sealed)
		if err != nil {
			return a, used, expires, err
		}
		*shown = vault.MaskPhone(plain)
	}
	return a, used, expires, rows.Err()
}

// touch notes that a session is in use. When the database is busy the next request does it.
func (s *Service) touch(ctx context.Context, tokenHash []byte, now db.Time) {
	ctx, cancel := context.WithTimeout(ctx, touchPatience)
	defer cancel()
	_, _ = s.db.Exec(ctx, `UPDATE sessions SET used_at = $1 WHERE token_hash = $2 AND used_at < $1`, now, tokenHash)
}

// SignOut ends the session that makes the request.
func (s *Service) SignOut(ctx context.Context) error {
	_, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE id = $1`, access.ActorFrom(ctx).SessionID)
	return err
}

// endSessions ends the account's sessions, but for the one with the id except.
func endSessions(ctx context.Context, tx *db.Tx, accountID, except string) error {
	_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE account_id = $1 AND id <> $2`, accountID, except)
	return err
}

// addressMemory is how long an address stays one of an account's after its last sign-in from there.
const addressMemory = 180 * 24 * time.Hour

// Forget removes sessions that have ended, failures that no longer count and addresses not seen for half a year. Call it
// now and then.
func (s *Service) Forget(ctx context.Context) error {
	now := s.now()
	_, err1 := s.db.Exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1 OR used_at <= $2`, db.At(now), db.At(now.Add(-s.config.SessionIdle)))
	err2 := s.guard.Forget(ctx)
	_, err3 := s.db.Exec(ctx, `DELETE FROM known_addresses WHERE seen_at < $1`, db.At(now.Add(-addressMemory)))
	return errors.Join(err1, err2, err3)
}
