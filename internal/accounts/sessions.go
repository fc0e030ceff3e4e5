package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"caotang/internal/access"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/guard"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// Face is what a session was begun with. How long it lasts follows from its face, and from whether the computer is trusted.
type Face string

// The faces that there are: the web pages, and programs, which say nothing of a computer and keep their token themselves.
const (
	Web Face = "web"
	API Face = "api"
)

// Lifetime is how long a session lasts: unused, and however much it is used.
type Lifetime struct{ Idle, Whole time.Duration }

// lifetime is that of a session. Of a face that the configuration does not name it is the web's.
func (c Config) lifetime(face Face, trusted bool) Lifetime {
	if !trusted {
		return c.Untrusted
	}
	if of, ok := c.Sessions[face]; ok {
		return of
	}
	return c.Sessions[Web]
}

// Begin says how a session begins. Trusted is what its person said of the computer; a program, which says nothing, is of
// the face API.
type Begin struct {
	Face    Face
	Trusted bool
}

// shared is how a session begins on a computer of which nobody says anything, such as a school's.
var shared = Begin{Web, false}

// BeginBy reads what a request says of the computer, as its own or not; nil for nothing.
func BeginBy(trusted *bool) Begin {
	if trusted == nil {
		return Begin{API, true}
	}
	return Begin{Web, *trusted}
}

const (
	tokenBytes    = 32
	touchEvery    = 5 * time.Minute        // how exactly a session's last use is known at least
	touchPatience = 100 * time.Millisecond // what a request waits for that at most, while a long write runs
	rememberEvery = 24 * time.Hour         // how exactly an address's last sign-in is known
)

// session is one that has just begun. The token is known to nobody but its holder: the database keeps its hash.
type session struct {
	token string
	keep  time.Time // until when a browser keeps the cookie; zero for until it is closed
}

// Token is for clients that are no browsers.
func (s session) Token() string { return s.token }

// Cookie is for browsers.
func (s session) Cookie() http.Cookie { return server.SessionCookie(s.token, s.keep) }

func hashToken(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}

// begin starts a session for whoever makes the request, and remembers their address as one of the account's, unless it
// was seen there within a day.
func (s *Service) begin(ctx context.Context, tx *db.Tx, accountID string, how Begin, seen db.NullTime) (session, error) {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails, by its contract
	client, now := access.ClientFrom(ctx), db.At(s.now())
	begun := session{token: base64.RawURLEncoding.EncodeToString(raw)}
	expires := now.Add(s.config.lifetime(how.Face, how.Trusted).Whole)
	if how.Face == Web && how.Trusted {
		begun.keep = expires
	}
	_, err := tx.Exec(ctx, `INSERT INTO sessions (token_hash, id, account_id, face, trusted, address, user_agent, created_at, used_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`, hashToken(begun.token), db.NewID(), accountID, string(how.Face), how.Trusted,
		client.Address, client.UserAgent, now, db.At(expires))
	if err != nil || seen.Valid && now.Sub(seen.Time.Time) < rememberEvery {
		return begun, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO known_addresses (account_id, address, seen_at) VALUES ($1, $2, $3)
		ON CONFLICT (account_id, address) DO UPDATE SET seen_at = excluded.seen_at`, accountID, guard.Home(client.Address), now)
	return begun, err
}

// Resolve gives the actor of a session token, or the anonymous actor when the session is unknown or has ended. It costs one
// query, which has a row for each grant of an administrator and one row for everybody else, and another where there is no such session:
// whoever was signed out by a new password or a freeze is told ([access.Ended]).
func (s *Service) Resolve(ctx context.Context, token string) (access.Actor, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return access.Actor{}, nil
	}
	hash := hashToken(token)
	a, times, err := s.actorOf(ctx, hash)
	if err == nil && a.Anonymous() {
		ended, err := s.endedBy(ctx, hash)
		return access.Actor{Ended: ended}, err
	}
	now, idle := s.now(), s.config.lifetime(times.face, times.trusted).Idle
	if err != nil || !times.expires.After(now) || !times.used.Add(idle).After(now) {
		return access.Actor{}, err
	}
	if now.Sub(times.used.Time) >= min(touchEvery, idle/4) {
		s.touch(ctx, hash, db.At(now))
	}
	return a, nil
}

// times are what tells whether a session lives.
type times struct {
	face          Face
	trusted       bool
	used, expires db.Time
}

// actorOf gives a session's actor and times; an unknown one has expired long since.
func (s *Service) actorOf(ctx context.Context, tokenHash []byte) (a access.Actor, of times, err error) {
	rows, err := s.db.Query(s.db.Brief(ctx), `SELECT s.id, s.face, s.trusted, s.used_at, s.expires_at, a.id, a.username, a.role, a.phone_sealed, `+contactSQL+`,
			a.created_at, a.phone_free, a.closes_at IS NOT NULL, a.replace_password, `+s.factorDue+`, EXISTS (SELECT 1 FROM bindings b WHERE b.account_id = a.id)
				OR EXISTS (SELECT 1 FROM guardian_links l WHERE l.account_id = a.id), g.level, g.scope_id
		FROM sessions s JOIN accounts a ON a.id = s.account_id LEFT JOIN grants g ON g.account_id = a.id
		WHERE s.token_hash = $1 ORDER BY g.level, g.scope_id`, tokenHash)
	if err != nil {
		return a, of, err
	}
	defer func() { _ = rows.Close() }()
	var phone, contact []byte
	var phoneFree, closing, replacePassword, factorDue bool
	for rows.Next() {
		var registered db.Time
		var level, scope *string
		if err := rows.Scan(&a.SessionID, &of.face, &of.trusted, &of.used, &of.expires, &a.AccountID, &a.Username, &a.Role, &phone, &contact,
			&registered, &phoneFree, &closing, &replacePassword, &factorDue, &a.Verified, &level, &scope); err != nil {
			return a, of, err
		}
		a.RegisteredAt = registered.Time
		if level != nil {
			a.Grants = append(a.Grants, access.Grant{Level: access.Level(*level), ScopeID: *scope})
		}
	}
	a.Must = mustOf(closing, replacePassword, phoneSettled(a.Role, phone != nil, phoneFree, contact != nil), factorDue)
	for sealed, shown := range map[*[]byte]*string{&phone: &a.MaskedPhone, &contact: &a.MaskedContact} {
		plain, err := s.openPhone(*sealed)
		if err != nil {
			return a, of, err
		}
		*shown = vault.MaskPhone(plain)
	}
	return a, of, rows.Err()
}

// touch notes that a session is in use, and from where. When the database is busy the next request does it.
func (s *Service) touch(ctx context.Context, tokenHash []byte, now db.Time) {
	ctx, cancel := context.WithTimeout(ctx, touchPatience)
	defer cancel()
	_, _ = s.db.Exec(ctx, `UPDATE sessions SET used_at = $1, address = $3 WHERE token_hash = $2 AND used_at < $1`,
		now, tokenHash, access.ClientFrom(ctx).Address)
}

// SignOut ends the session that makes the request.
func (s *Service) SignOut(ctx context.Context) error {
	_, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE id = $1`, access.ActorFrom(ctx).SessionID)
	return err
}

// endSessions ends the account's sessions, but for the one with the id except, and counts them.
func endSessions(ctx context.Context, tx *db.Tx, accountID, except string) (int64, error) {
	ended, err := tx.Exec(ctx, `DELETE FROM sessions WHERE account_id = $1 AND id <> $2`, accountID, except)
	if err != nil {
		return 0, err
	}
	return ended.RowsAffected()
}

// endSessionsBy is [endSessions] by a new password or a freeze, of which whoever holds their tokens is told; way is how it came about.
func (s *Service) endSessionsBy(ctx context.Context, tx *db.Tx, way, accountID, except string) error {
	_, err := tx.Exec(ctx, `INSERT INTO ended_sessions (token_hash, way, ended_at, expires_at)
		SELECT token_hash, $1, $2, expires_at FROM sessions WHERE account_id = $3 AND id <> $4`, way, db.At(s.now()), accountID, except)
	if err != nil {
		return err
	}
	_, err = endSessions(ctx, tx, accountID, except)
	return err
}

// endedBy tells what ended a session; nil for one that ended by itself, or by its own sign-out.
func (s *Service) endedBy(ctx context.Context, tokenHash []byte) (*access.Ended, error) {
	var ended access.Ended
	var at db.Time
	err := s.db.QueryRow(s.db.Brief(ctx), `SELECT way, ended_at FROM ended_sessions WHERE token_hash = $1`, tokenHash).Scan(&ended.Way, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	ended.At = at.In(calendar.Shanghai).Format("2006-01-02 15:04")
	return &ended, err
}

// addressMemory is how long an address stays one of an account's after its last sign-in from there.
const addressMemory = 180 * 24 * time.Hour

// eventMemory is how long an account's owner can read what happened to it, and others what the owner said of that.
const eventMemory = 365 * 24 * time.Hour

// Forget removes sessions that have ended, failures that no longer count, addresses not seen for half a year, links that
// have ended and security events of more than a year ago. Call it now and then.
func (s *Service) Forget(ctx context.Context) error {
	now := s.now()
	failed := []error{s.guard.Forget(ctx)}
	remove := func(query string, args ...any) {
		_, err := s.db.Exec(ctx, query, args...)
		failed = append(failed, err)
	}
	remove(`DELETE FROM sessions WHERE expires_at <= $1`, db.At(now))
	remove(`DELETE FROM ended_sessions WHERE expires_at <= $1`, db.At(now))
	for _, kind := range s.config.kinds() {
		remove(`DELETE FROM sessions WHERE face = $1 AND trusted = $2 AND used_at <= $3`, string(kind.Face), kind.Trusted,
			db.At(now.Add(-s.config.lifetime(kind.Face, kind.Trusted).Idle)))
	}
	remove(`DELETE FROM known_addresses WHERE seen_at < $1`, db.At(now.Add(-addressMemory)))
	remove(`DELETE FROM notice_links WHERE expires_at <= $1 AND (used_at IS NULL OR used_at < $2)
		AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.event_id = notice_links.event_id)`, db.At(now), db.At(now.Add(-eventMemory)))
	remove(`DELETE FROM security_events WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM freezes f WHERE f.event_id = security_events.id)
		AND NOT EXISTS (SELECT 1 FROM notice_links l WHERE l.event_id = security_events.id)`, db.At(now.Add(-eventMemory)))
	return errors.Join(failed...)
}

// kinds are the ways in which a session may have begun.
func (c Config) kinds() []Begin {
	kinds := make([]Begin, 0, 2*len(c.Sessions))
	for face := range c.Sessions {
		kinds = append(kinds, Begin{face, true}, Begin{face, false})
	}
	return kinds
}
