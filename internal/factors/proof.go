package factors

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
)

// Proof is one factor shown: a code, of an app or for recovery, or the answer of a passkey.
type Proof struct {
	Code    string         `json:"code,omitempty" maxLength:"100" doc:"Six digits of the app, or a recovery code"`
	Passkey *PasskeyAnswer `json:"passkey,omitempty" doc:"Instead of a code"`
}

// PasskeyAnswer is what a passkey signed.
type PasskeyAnswer struct {
	ChallengeID string          `json:"challenge_id" maxLength:"100"`
	Credential  json.RawMessage `json:"credential" doc:"The PublicKeyCredential as the browser gave it, binary members in base64url"`
}

// typed is a code as it was meant: spaces and dashes are for the eye, and a Chinese keyboard makes full-width digits.
func typed(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, identity.Fold(code))
}

// kind is which factor a proof shows.
func (p Proof) kind() string {
	switch code := typed(p.Code); {
	case p.Passkey != nil:
		return Passkey
	case len(code) == digits && strings.Trim(code, "0123456789") == "":
		return Authenticator
	default:
		return recovery
	}
}

// use tells whether the proof fits the account, and uses it up. Nothing fits the account "", after the same queries.
func (s *Service) use(ctx context.Context, tx *db.Tx, accountID string, p Proof) (bool, error) {
	switch p.kind() {
	case Passkey:
		return s.usePasskey(ctx, tx, accountID, *p.Passkey)
	case Authenticator:
		return s.useAuthenticator(ctx, tx, accountID, typed(p.Code))
	default:
		return s.useRecoveryCode(ctx, tx, accountID, typed(p.Code))
	}
}

// check uses a proof up and does in the same transaction what it allows.
func (s *Service) check(ctx context.Context, accountID string, p Proof, then func(tx *db.Tx) error) error {
	if p.Passkey == nil && typed(p.Code) == "" {
		return ErrWrong.New(fault.Field("code", "missing"))
	}
	right, err := s.accounts.Guess(ctx, accountID, p.kind(), func() (fits bool, err error) {
		err = s.db.InTx(ctx, func(tx *db.Tx) error {
			if fits, err = s.use(ctx, tx, accountID, p); err != nil || !fits {
				return err
			}
			return then(tx)
		})
		return fits && err == nil, err
	})
	switch {
	case err != nil:
		return err
	case right:
		return nil
	case p.kind() == Passkey:
		return ErrPasskeyRefused.New()
	default:
		return ErrWrong.New(fault.Field("code", p.kind()+"_wrong"))
	}
}

// SignIn does the second step of signing in.
func (s *Service) SignIn(ctx context.Context, ticket string, p Proof) (accounts.SignedIn, error) {
	var signedIn accounts.SignedIn
	pending, err := s.accounts.Pending(ctx, ticket)
	if err != nil {
		return signedIn, err
	}
	err = s.check(ctx, pending.AccountID, p, func(tx *db.Tx) error {
		signedIn, err = s.accounts.FinishSignIn(ctx, tx, pending)
		return err
	})
	return signedIn, err
}

// ResetPassword sets a new password by the username and a code, of the app or for recovery, for whom no SMS reaches (F-12).
// Whatever does not fit, the answer is the same (F-11).
func (s *Service) ResetPassword(ctx context.Context, username, code, replacement string) error {
	p := Proof{Code: code}
	if typed(code) == "" {
		return ErrWrong.New(fault.Field("code", "missing"))
	}
	fits, err := s.accounts.ResetPasswordBy(ctx, username, replacement, func(tx *db.Tx, accountID string) (bool, error) {
		return s.use(ctx, tx, accountID, p)
	})
	if err == nil && !fits {
		err = ErrWrong.New(fault.Field("code", "factor_reset_mismatch"))
	}
	return err
}
