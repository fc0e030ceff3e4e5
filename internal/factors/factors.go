package factors

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/vault"
)

// Codes of the contract.
var (
	ErrWrong               = fault.Define(fault.Invalid, "second_factor_wrong")
	ErrPasskeyRefused      = fault.Define(fault.Invalid, "passkey_refused")
	ErrPasskeysUnavailable = fault.Define(fault.Conflict, "passkeys_unavailable")
	ErrConfirmationNeeded  = fault.Define(fault.Forbidden, "confirmation_needed")
	ErrNone                = fault.Define(fault.Conflict, "no_second_factor")
)

// The kinds of second factor.
const (
	Authenticator = "authenticator"
	Passkey       = "passkey"
	recovery      = "recovery"
)

// Config says where people reach the platform.
type Config struct {
	PublicURL string // "" when only this machine does
}

// Service is the room. It is safe for concurrent use.
type Service struct {
	db       *db.DB
	vault    *vault.Vault
	accounts *accounts.Service
	config   Config
	now      func() time.Time
}

// New makes the room. now is its clock; time.Now when nil.
func New(d *db.DB, v *vault.Vault, a *accounts.Service, config Config, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{db: d, vault: v, accounts: a, config: config, now: now}
}

// Factors are what an account has.
type Factors struct {
	Authenticator     *AuthenticatorApp `json:"authenticator,omitempty" doc:"Absent when there is none"`
	Passkeys          []StoredPasskey   `json:"passkeys"`
	RecoveryCodesLeft int               `json:"recovery_codes_left"`
	Required          bool              `json:"required" doc:"An administrator of this level must have a second factor"`
}

// AuthenticatorApp is an app that makes codes.
type AuthenticatorApp struct {
	CreatedAt time.Time `json:"created_at"`
}

// StoredPasskey is a passkey as its owner sees it.
type StoredPasskey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

// Own lists what the actor has.
func (s *Service) Own(ctx context.Context) (Factors, error) {
	actor := access.ActorFrom(ctx)
	f, err := s.of(ctx, s.db, actor.AccountID)
	f.Required = s.accounts.SecondFactorRequired(actor)
	return f, err
}

// Confirmation lets the actor's session change factors for a while.
type Confirmation struct {
	Confirmation string `json:"confirmation"`
	ExpiresIn    int    `json:"expires_in" doc:"In seconds"`
}

const (
	confirmFor          = 10 * time.Minute
	confirmationPurpose = "factor_confirmation"
)

// sealed is what a client keeps for us: for one session and one account, until a time.
type sealed struct {
	Session string    `json:"session"`
	Account string    `json:"account"`
	Shared  string    `json:"shared,omitempty"` // with an app
	Expires time.Time `json:"expires"`
}

func (s *Service) seal(purpose string, held sealed) (string, error) {
	plain, err := json.Marshal(held)
	return base64.RawURLEncoding.EncodeToString(s.vault.Seal(purpose, string(plain))), err
}

// unseal reports false for what was sealed for somebody else, or is too old.
func (s *Service) unseal(ctx context.Context, purpose, text string) (sealed, bool) {
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return sealed{}, false
	}
	plain, err := s.vault.Open(purpose, content)
	if err != nil {
		return sealed{}, false
	}
	var held sealed
	actor := access.ActorFrom(ctx)
	if err := json.Unmarshal([]byte(plain), &held); err != nil {
		return sealed{}, false
	}
	return held, held.Session == actor.SessionID && held.Account == actor.AccountID && held.Expires.After(s.now())
}

// Confirm has the actor prove who they are before they change factors: by the password, and by a factor when they have one.
func (s *Service) Confirm(ctx context.Context, password string, proof Proof) (Confirmation, error) {
	actor := access.ActorFrom(ctx)
	if err := s.accounts.CheckPassword(ctx, actor.AccountID, password); err != nil {
		return Confirmation{}, err
	}
	has, err := s.of(ctx, s.db, actor.AccountID)
	if err != nil {
		return Confirmation{}, err
	}
	if len(has.kinds()) > 0 {
		if err := s.check(ctx, actor.AccountID, proof, func(*db.Tx) error { return nil }); err != nil {
			return Confirmation{}, err
		}
	}
	token, err := s.seal(confirmationPurpose, sealed{Session: actor.SessionID, Account: actor.AccountID, Expires: s.now().Add(confirmFor)})
	return Confirmation{token, int(confirmFor.Seconds())}, err
}

func (s *Service) confirmed(ctx context.Context, confirmation string) error {
	if _, ok := s.unseal(ctx, confirmationPurpose, confirmation); !ok {
		return ErrConfirmationNeeded.New(fault.Next("confirm", ""))
	}
	return nil
}

// kinds names what the account has, as the room of accounts keeps it.
func (f Factors) kinds() []string {
	var kinds []string
	if f.Authenticator != nil {
		kinds = append(kinds, Authenticator)
	}
	if len(f.Passkeys) > 0 {
		kinds = append(kinds, Passkey)
	}
	return kinds
}

// changed ends every change of an account's factors: it keeps which kinds there are now, records the change and tells the
// account's phone. The first factor brings recovery codes, which it answers; with the last one they go.
func (s *Service) changed(ctx context.Context, tx *db.Tx, accountID string, notice accounts.Notice, event audit.Event) (codes []string, err error) {
	err = s.accounts.SetFactors(ctx, tx, accountID, func() ([]string, error) {
		has, err := s.of(ctx, tx, accountID)
		if err != nil {
			return nil, err
		}
		switch kinds := has.kinds(); {
		case len(kinds) == 0:
			return nil, s.forgetRecoveryCodes(ctx, tx, accountID)
		case has.RecoveryCodesLeft == 0 && notice == noticeAdded:
			codes, err = s.newRecoveryCodes(ctx, tx, accountID)
			return kinds, err
		default:
			return kinds, nil
		}
	})
	if err != nil {
		return nil, err
	}
	if err := s.accounts.Record(ctx, tx, accountID, event); err != nil {
		return nil, err
	}
	return codes, s.accounts.Tell(ctx, tx, accountID, notice, nil)
}

// What an account's owner is told of.
const (
	noticeAdded   accounts.Notice = "factor_added"
	noticeRemoved accounts.Notice = "factor_removed"
	noticeReset   accounts.Notice = "factors_reset"
	noticeRenewed accounts.Notice = "recovery_codes_renewed"
	noticeUsed    accounts.Notice = "recovery_code_used"
)

func kindOf(kind string) map[string]any { return map[string]any{"kind": kind} }
