package factors

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
)

const (
	challengeFor   = 5 * time.Minute
	maxPasskeys    = 10
	maxPasskeyName = 40 // characters

	toRegister = "register"
	toProve    = "prove"
)

// Challenge is what the browser asks a passkey to do.
type Challenge struct {
	ChallengeID string `json:"challenge_id"`
	Options     any    `json:"options" doc:"For navigator.credentials, binary members in base64url"`
}

// party is us, as passkeys know us: by the host that people reach us at. A passkey made for one host works at no other; on
// a machine without a public address, localhost is one.
func (s *Service) party(origin string) (*webauthn.WebAuthn, error) {
	ours := strings.TrimSuffix(s.config.PublicURL, "/")
	public, err := url.Parse(ours)
	if ours == "" || err != nil {
		ours, public = "http://localhost", &url.URL{Scheme: "http", Host: "localhost"}
	}
	here, err := url.Parse(origin)
	local := s.config.PublicURL == "" && err == nil && here.Hostname() == "localhost"
	if net.ParseIP(public.Hostname()) != nil || !local && !strings.EqualFold(origin, public.Scheme+"://"+public.Host) {
		return nil, ErrPasskeysUnavailable.New(fault.Arg("address", ours))
	}
	return webauthn.New(&webauthn.Config{RPID: public.Hostname(), RPDisplayName: issuer, RPOrigins: []string{origin}})
}

// AskNewPasskey begins the making of a passkey for the actor. It is to be discoverable, so that the device can offer it by
// the account's name.
func (s *Service) AskNewPasskey(ctx context.Context, confirmation, origin string) (Challenge, error) {
	if err := s.confirmed(ctx, confirmation); err != nil {
		return Challenge{}, err
	}
	party, err := s.party(origin)
	if err != nil {
		return Challenge{}, err
	}
	actor := access.ActorFrom(ctx)
	h, err := s.holder(ctx, s.db, actor.AccountID, actor.Username)
	if err != nil {
		return Challenge{}, err
	}
	if len(h.credentials) >= maxPasskeys {
		return Challenge{}, fault.ErrInvalid.New(fault.FieldWith("passkeys", "too_many_passkeys", map[string]any{"max": maxPasskeys}))
	}
	options, session, err := party.BeginRegistration(h,
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation),
		webauthn.WithExclusions(webauthn.Credentials(h.credentials).CredentialDescriptors()))
	if err != nil {
		return Challenge{}, err
	}
	id, err := s.keepChallenge(ctx, toRegister, actor.AccountID, session)
	return Challenge{id, options}, err
}

// AddPasskey takes the passkey that was made. The first factor of an account brings recovery codes.
func (s *Service) AddPasskey(ctx context.Context, answer PasskeyAnswer, name, origin string) (codes []string, err error) {
	name = identity.Clean(name)
	switch {
	case name == "":
		return nil, fault.ErrInvalid.New(fault.Field("name", "missing"))
	case utf8.RuneCountInString(name) > maxPasskeyName:
		return nil, fault.ErrInvalid.New(fault.Field("name", "too_long"))
	}
	party, err := s.party(origin)
	if err != nil {
		return nil, err
	}
	actor := access.ActorFrom(ctx)
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		session, found, err := s.takeChallenge(ctx, tx, answer.ChallengeID, toRegister, actor.AccountID)
		if err != nil {
			return err
		}
		if !found {
			return ErrConfirmationNeeded.New(fault.Next("confirm", ""))
		}
		credential, refused := newCredential(party, holder{id: actor.AccountID, username: actor.Username}, session, answer)
		if refused != nil {
			return ErrPasskeyRefused.New(fault.Cause(refused))
		}
		text, err := json.Marshal(credential)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO passkeys (id, account_id, credential_id, credential, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			db.NewID(), actor.AccountID, credential.ID, string(text), name, db.At(s.now()))
		if db.IsUnique(err) {
			return ErrPasskeyRefused.New(fault.Cause(err))
		}
		if err != nil {
			return err
		}
		codes, err = s.changed(ctx, tx, actor.AccountID, noticeAdded, audit.Event{Action: "account.add_factor", Details: kindOf(Passkey)})
		return err
	})
	return codes, err
}

func newCredential(party *webauthn.WebAuthn, h holder, session webauthn.SessionData, answer PasskeyAnswer) (*webauthn.Credential, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer.Credential)
	if err != nil {
		return nil, err
	}
	return party.CreateCredential(h, session, parsed)
}

// RemovePasskey takes one of the actor's passkeys away; nothing happens when there is no such one.
func (s *Service) RemovePasskey(ctx context.Context, confirmation, id string) error {
	if err := s.confirmed(ctx, confirmation); err != nil {
		return err
	}
	return s.remove(ctx, Passkey, `DELETE FROM passkeys WHERE account_id = $1 AND id = $2`, access.ActorFrom(ctx).AccountID, id)
}

// AskPasskey asks a passkey of the account whose sign-in the ticket is, or of the actor's when there is no ticket, to prove
// that it is there.
func (s *Service) AskPasskey(ctx context.Context, ticket, origin string) (Challenge, error) {
	actor := access.ActorFrom(ctx)
	accountID := actor.AccountID
	if ticket != "" {
		pending, err := s.accounts.Pending(ctx, ticket)
		if err != nil {
			return Challenge{}, err
		}
		accountID = pending.AccountID
	} else if actor.Anonymous() {
		return Challenge{}, fault.ErrUnauthenticated.New(fault.Next("sign_in", "/login"))
	}
	party, err := s.party(origin)
	if err != nil {
		return Challenge{}, err
	}
	h, err := s.holder(ctx, s.db, accountID, "")
	if err != nil {
		return Challenge{}, err
	}
	if len(h.credentials) == 0 {
		return Challenge{}, ErrPasskeyRefused.New()
	}
	options, session, err := party.BeginLogin(h)
	if err != nil {
		return Challenge{}, err
	}
	session.Origin = origin
	id, err := s.keepChallenge(ctx, toProve, accountID, session)
	return Challenge{id, options}, err
}

// usePasskey tells whether the passkey has signed what it was asked. A counter that went backwards means that it was copied.
func (s *Service) usePasskey(ctx context.Context, tx *db.Tx, accountID string, answer PasskeyAnswer) (bool, error) {
	session, found, err := s.takeChallenge(ctx, tx, answer.ChallengeID, toProve, accountID)
	if err != nil || !found {
		return false, err
	}
	party, err := s.party(session.Origin)
	if err != nil {
		return false, err
	}
	h, err := s.holder(ctx, tx, accountID, "")
	if err != nil {
		return false, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer.Credential)
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be read proves nothing
	}
	credential, err := party.ValidateLogin(h, session, parsed)
	if err != nil || credential.Authenticator.CloneWarning {
		return false, nil //nolint:nilerr // a signature that does not fit proves nothing
	}
	text, err := json.Marshal(credential)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `UPDATE passkeys SET credential = $1, used_at = $2 WHERE account_id = $3 AND credential_id = $4`,
		string(text), db.At(s.now()), accountID, credential.ID)
	return err == nil, err
}
