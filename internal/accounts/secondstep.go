package accounts

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
)

// The codes of signing in in two steps.
var (
	ErrSecondFactorNeeded = fault.Define(fault.Unauthenticated, "second_factor_needed")
	ErrSignInExpired      = fault.Define(fault.Unauthenticated, "sign_in_expired")
)

// ticketTTL is how long a right password is good for, until the second step is done.
const ticketTTL = 10 * time.Minute

const ticketPurpose = "sign_in_ticket"

// ticket says that its holder knew the password of an account. It is sealed, and kept nowhere: it ends with its time, or
// when that password is replaced.
type ticket struct {
	AccountID string    `json:"account_id"`
	Digest    []byte    `json:"digest"` // of the password's hash
	Begin     Begin     `json:"begin"`
	Expires   time.Time `json:"expires"`
}

// factorDue is the SQL condition that account a has no second factor and administers a scope of one of the levels.
func factorDue(levels []access.Level) string {
	if len(levels) == 0 {
		return "false"
	}
	quoted := make([]string, len(levels))
	for i, level := range levels {
		quoted[i] = "'" + string(level) + "'"
	}
	return fmt.Sprintf(`a.factors = '' AND EXISTS (SELECT 1 FROM grants f WHERE f.account_id = a.id AND f.level IN (%s))`, strings.Join(quoted, ", "))
}

// secondStep is the answer to a right password of an account that has a second factor; renewed is what the password is
// stored as now, "" for as before.
func (s *Service) secondStep(account *record, renewed string, how Begin) error {
	if renewed == "" {
		renewed = account.passwordHash
	}
	digest := sha256.Sum256([]byte(renewed))
	plain, err := json.Marshal(ticket{account.id, digest[:], how, s.now().Add(ticketTTL)})
	if err != nil {
		return err
	}
	return ErrSecondFactorNeeded.New(
		fault.Detail("ticket", base64.RawURLEncoding.EncodeToString(s.vault.Seal(ticketPurpose, string(plain)))),
		fault.Detail("factors", strings.Fields(account.factors)), fault.Detail("expires_in", int(ticketTTL.Seconds())))
}

// Pending is a sign-in whose password was right, and whose second step is still to come.
type Pending struct {
	AccountID string
	account   *record
	begin     Begin
}

// Pending finds whose sign-in a ticket is: sign_in_expired when its time is over, or the password has been replaced since.
func (s *Service) Pending(ctx context.Context, text string) (Pending, error) {
	expired := ErrSignInExpired.New(toSignIn)
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Pending{}, expired
	}
	plain, err := s.vault.Open(ticketPurpose, sealed)
	if err != nil {
		return Pending{}, expired
	}
	var held ticket
	if err := json.Unmarshal([]byte(plain), &held); err != nil || !held.Expires.After(s.now()) {
		return Pending{}, expired
	}
	account, err := s.load(ctx, s.db, held.AccountID)
	if err != nil {
		return Pending{}, err
	}
	if digest := sha256.Sum256([]byte(account.passwordHash)); subtle.ConstantTimeCompare(digest[:], held.Digest) != 1 {
		return Pending{}, expired
	}
	return Pending{account.id, account, held.Begin}, nil
}

// FinishSignIn begins the session of a sign-in whose second step has been done in the transaction.
func (s *Service) FinishSignIn(ctx context.Context, tx *db.Tx, p Pending) (SignedIn, error) {
	if err := s.stillOpens(ctx, tx, p.account, ""); err != nil {
		return SignedIn{}, err
	}
	begun, err := s.begin(ctx, tx, p.account.id, p.begin, db.NullTime{})
	return SignedIn{p.account.shown(), p.account.must(), begun}, err
}

// SetFactors keeps with the account which kinds of second factor it has now. It asks for them when no other transaction
// changes the account any more.
func (s *Service) SetFactors(ctx context.Context, tx *db.Tx, accountID string, kinds func() ([]string, error)) error {
	if _, err := tx.Exec(ctx, `UPDATE accounts SET updated_at = $1 WHERE id = $2`, db.At(s.now()), accountID); err != nil {
		return err
	}
	now, err := kinds()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE accounts SET factors = $1 WHERE id = $2`, strings.Join(now, " "), accountID)
	return err
}

// SecondFactorRequired reports whether the policy asks the actor for a second factor.
func (s *Service) SecondFactorRequired(actor access.Actor) bool {
	return slices.ContainsFunc(actor.Grants, func(g access.Grant) bool { return slices.Contains(s.config.SecondFactor, g.Level) })
}

// Guess lets one guess at a time at a secret of an account through, and tells whether it was right; what names the secret.
// Wrong guesses slow the next ones down like wrong passwords do, and are counted before it returns: call it outside a
// transaction. Guesses at the short codes of an app wait longer the longer they go on, so that years do not suffice.
func (s *Service) Guess(ctx context.Context, accountID, what string, right func() (bool, error)) (bool, error) {
	var known bool
	err := s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM known_addresses WHERE account_id = $1 AND address = $2)`, accountID, guard.Home(access.ClientFrom(ctx).Address)).Scan(&known)
	if err != nil {
		return false, err
	}
	return s.guess(ctx, what+":"+accountID, known, right)
}

// longestGuessWait is shorter than an hour, for which the guard remembers: whoever comes back right after it is known.
const longestGuessWait = 50 * time.Minute

func (s *Service) guess(ctx context.Context, key string, known bool, right func() (bool, error)) (bool, error) {
	own := []guard.Limit{{
		Key: key + "@" + guard.Home(access.ClientFrom(ctx).Address), Captcha: s.guard.Account,
		Tries: s.config.LoginTries, Wait: 15 * time.Second, Most: longestGuessWait,
	}}
	if !known {
		own = append(own, guard.Limit{Key: key, Captcha: s.guard.Account, Tries: 4 * s.config.LoginTries, Wait: 15 * time.Second, Most: longestGuessWait})
	}
	all := append(slices.Clone(own), s.fromHere(ctx, known)...)
	patient, cancel := s.hasher.patience(ctx)
	defer cancel()
	leave, err := s.gates.enter(patient, own[0].Key)
	if err != nil {
		return false, err
	}
	defer leave()
	counted, err := s.guard.Check(ctx, all...)
	if err != nil {
		return false, err
	}
	ok, err := right()
	if err != nil {
		return false, err
	}
	if !ok {
		return false, s.guard.Count(ctx, all...)
	}
	if !counted {
		return true, nil
	}
	return true, s.db.InTx(ctx, func(tx *db.Tx) error { return s.guard.Forgive(ctx, tx, own...) })
}

// ResetPasswordBy sets a new password for whoever proves by something else than an SMS that the account is theirs, and ends
// every session (F-07, F-12). prove decides in the transaction. An account that does not exist and a proof that does not
// fit look alike, after the same work: it reports false (F-11).
func (s *Service) ResetPasswordBy(ctx context.Context, username, replacement string, prove func(tx *db.Tx, accountID string) (bool, error)) (bool, error) {
	if err := s.config.Password.check("new_password", replacement); err != nil {
		return false, err
	}
	candidates, known, err := s.candidates(ctx, username, access.ClientFrom(ctx).Address)
	if err != nil {
		return false, err
	}
	accountID := ""
	for _, c := range candidates {
		if c.username == username {
			accountID = c.id
		}
	}
	return s.guess(ctx, "reset:"+s.loginKey(username), known, func() (bool, error) {
		hash, err := s.hasher.hash(ctx, replacement)
		if err != nil {
			return false, err
		}
		fits := false
		err = s.db.InTx(ctx, func(tx *db.Tx) error {
			if fits, err = prove(tx, accountID); err != nil || !fits {
				return err
			}
			address := access.ClientFrom(ctx).Address
			if err := s.guard.Forgive(ctx, tx, s.loginHere(username, address), s.loginAnywhere(username), s.ownPassword(accountID)); err != nil {
				return err
			}
			if err := s.unfrozen(ctx, tx, accountID); err != nil { // whoever took the account may have set the factor up
				return err
			}
			return s.setPassword(ctx, tx, accountID, hash, "", "account.reset_password_by_factor")
		})
		return fits && err == nil, err
	})
}

// Record adds an event about an account to the transaction, at the place where the account lies.
func (s *Service) Record(ctx context.Context, tx *db.Tx, accountID string, e audit.Event) error {
	return s.record(ctx, tx, accountID, e)
}

// IDOf gives the id of the account with the username, whatever its case, or not_found.
func (s *Service) IDOf(ctx context.Context, username string) (string, error) {
	return idOf(ctx, s.db, username)
}

func idOf(ctx context.Context, q db.Querier, username string) (string, error) {
	var id string
	err := q.QueryRow(ctx, `SELECT account_id FROM logins WHERE login_key = $1`, usernameKey(username)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.ErrNotFound.New()
	}
	return id, err
}
