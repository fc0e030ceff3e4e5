package accounts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/sms"
)

// OneTimeCode lets the owner of an account in once, to set a password of their own. It is shown to nobody again.
type OneTimeCode struct {
	OneTimeCode string    `json:"one_time_code" doc:"In groups; it opens the account in any letter case, with or without them"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// oneTimeAlphabet has no 0 1 i l o, which are mistaken for others, and small letters, which are easy to type on a phone.
const (
	oneTimeAlphabet = "23456789abcdefghjkmnpqrstuvwxyz"
	oneTimeLength   = 12
)

// newOneTimeCode makes 60 random bits into twelve characters, shown in groups of four, and the hash that they are stored as.
func (s *Service) newOneTimeCode(ctx context.Context) (made OneTimeCode, hash string, err error) {
	var code strings.Builder
	for code.Len() < oneTimeLength {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails, by its contract
		if n := int(b[0] & 31); n < len(oneTimeAlphabet) {
			code.WriteByte(oneTimeAlphabet[n])
		}
	}
	plain := code.String()
	hash, err = s.hasher.hash(ctx, plain)
	return OneTimeCode{plain[:4] + "-" + plain[4:8] + "-" + plain[8:], db.At(s.now().Add(s.config.OneTimeCodeTTL)).Time}, hash, err
}

// asOneTimeCode is a one-time code as it is stored, however it was typed: in capitals, with spaces or dashes. What has not the shape of
// one is left as it is.
func asOneTimeCode(typed string) string {
	code := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, identity.Fold(typed)))
	if len(code) != oneTimeLength || strings.Trim(code, oneTimeAlphabet) != "" {
		return typed
	}
	return code
}

// NewAdministrator is an account with a grant on a scope that exists.
type NewAdministrator struct {
	Username string
	Grant    access.Grant
}

// CreateAdministrator makes an account that administers a scope. It has no password but a one-time code, which its owner
// replaces at the first sign-in, and no phone, which they bind then.
func (s *Service) CreateAdministrator(ctx context.Context, a NewAdministrator) (OneTimeCode, error) {
	if faults := usernameFaults(a.Username); len(faults) > 0 {
		return OneTimeCode{}, ErrUsernameInvalid.New(faults...)
	}
	code, hash, err := s.newOneTimeCode(ctx)
	if err != nil {
		return OneTimeCode{}, err
	}
	made := record{
		id: db.NewID(), username: a.Username, role: RolePublic, createdAt: db.At(s.now()),
		replacePassword: true, passwordExpires: db.NullTime{Time: db.At(code.ExpiresAt), Valid: true},
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		on, err := s.openScope(ctx, tx, a.Grant)
		if err != nil {
			return err
		}
		if err := s.insert(ctx, tx, made, hash); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, $2, $3, $4)`,
			made.id, string(a.Grant.Level), a.Grant.ScopeID, made.createdAt)
		if err != nil {
			return err
		}
		return s.recordGrant(ctx, tx, "account.create_administrator", made.id, on, "")
	})
	return code, err
}

// IssueCode replaces the password of an account in the administrator's scope by a one-time code and ends its sessions
// (F-28). The account's phone is told.
func (s *Service) IssueCode(ctx context.Context, accountID, reason string) (OneTimeCode, error) {
	reason, err := audit.Reason(reason)
	if err != nil {
		return OneTimeCode{}, err
	}
	code, hash, err := s.newOneTimeCode(ctx)
	if err != nil {
		return OneTimeCode{}, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := s.manage(ctx, tx, accountID); err != nil {
			return err
		}
		if err := s.storeCode(ctx, tx, accountID, hash, code); err != nil {
			return err
		}
		if _, frozen, err := s.freezeOf(ctx, tx, accountID); err != nil {
			return err
		} else if frozen { // a code alone would let nobody in
			return errStillFrozen.New(fault.Next("unfreeze", ""))
		}
		if err := s.endSessionsBy(ctx, tx, "issue_code", accountID, ""); err != nil {
			return err
		}
		if err := s.record(ctx, tx, accountID, audit.Event{Action: "account.issue_code", Reason: reason}); err != nil {
			return err
		}
		return s.Tell(ctx, tx, accountID, CodeIssued, nil)
	})
	return code, err
}

// storeCode makes a one-time code an account's password.
func (s *Service) storeCode(ctx context.Context, tx *db.Tx, accountID, hash string, code OneTimeCode) error {
	_, err := tx.Exec(ctx, `UPDATE accounts SET password_hash = $1, replace_password = true, password_expires = $2, updated_at = $3
		WHERE id = $4`, hash, db.At(code.ExpiresAt), db.At(s.now()), accountID)
	return err
}

// ReplacePhone gives an account of the administrator's scope another phone, on their word (F-28). Both phones are told.
func (s *Service) ReplacePhone(ctx context.Context, accountID, phoneTyped, reason string) (Found, error) {
	phone, err := sms.ParsePhone("phone", phoneTyped)
	if err != nil {
		return Found{}, err
	}
	if reason, err = audit.Reason(reason); err != nil {
		return Found{}, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := s.manage(ctx, tx, accountID); err != nil {
			return err
		}
		return s.setPhone(ctx, tx, accountID, phone, PhoneReplaced, phoneAssigned, audit.Event{Action: "account.replace_phone", Reason: reason})
	})
	if fault.Is(err, ErrPhoneTaken) {
		err = phoneOfAnother()
	}
	if err != nil {
		return Found{}, err
	}
	return s.one(ctx, accountID)
}

// phoneOfAnother is phone_taken for somebody who acts for the account's owner.
func phoneOfAnother() error {
	return ErrPhoneTaken.New(fault.For("office"), fault.Field("phone", "phone_taken"))
}

// mayManage answers not_found for an account outside the actor's scope and for a closed one, and forbidden for another
// administrator's whose own scope reaches beyond it: nobody climbs by resetting a password.
func (s *Service) mayManage(ctx context.Context, q db.Querier, accountID string) error {
	actor := access.ActorFrom(ctx)
	return s.permitted(ctx, q, accountID, func(level access.Level, scope access.Place) bool { return commands(actor, level, scope) })
}

// manage holds an account that the actor is about to change, and answers as mayManage does: nobody appoints it meanwhile.
func (s *Service) manage(ctx context.Context, tx *db.Tx, accountID string) error {
	if err := s.Hold(ctx, tx, accountID); err != nil {
		return err
	}
	return s.mayManage(ctx, tx, accountID)
}

// commands tells whether the actor administers all that another's grant reaches; that of customer service, which may what its division's
// administrators may not, is commanded from above alone.
func commands(actor access.Actor, level access.Level, scope access.Place) bool {
	if level == access.Service {
		actor = actor.Above(level)
	}
	return actor.Can(access.AccountsManage, scope)
}

// MayResetFactors is as strict as everything that administrators do to an account, and stricter: an administrator's second
// factor is reset from one level above.
func (s *Service) MayResetFactors(ctx context.Context, accountID string) error {
	actor := access.ActorFrom(ctx)
	return s.permitted(ctx, s.db, accountID, func(level access.Level, scope access.Place) bool {
		return actor.Above(level).Can(access.AccountsManage, scope)
	})
}

// heldGrant is what an account administers, and where that lies.
type heldGrant struct {
	level access.Level
	place access.Place
}

func grantsOf(ctx context.Context, q db.Querier, accountID string) ([]heldGrant, error) {
	return db.Collect(ctx, q, `SELECT g.level, coalesce(s.region, g.scope_id), coalesce(s.id, '') FROM grants g
		LEFT JOIN schools s ON g.level = 'school' AND s.id = g.scope_id WHERE g.account_id = $1`, []any{accountID},
		func(g *heldGrant) []any { return []any{&g.level, &g.place.Region, &g.place.School} })
}

// permitted answers not_found for an account outside the actor's scope, and forbidden when the actor is not allowed to deal
// with everything that it administers, or it is their own. An administrator who is nobody in the registry lies where they
// administer, too.
func (s *Service) permitted(ctx context.Context, q db.Querier, accountID string, allowed func(level access.Level, scope access.Place) bool) error {
	actor := access.ActorFrom(ctx)
	if _, err := s.load(ctx, q, accountID); err != nil {
		return err
	}
	places, own, err := s.placesOf(ctx, q, accountID)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.ErrNotFound.New()
	}
	if err != nil {
		return err
	}
	held, err := grantsOf(ctx, q, accountID)
	if err != nil {
		return err
	}
	beyond := func(p access.Place) bool { return !actor.Can(access.AccountsManage, p) }
	reached, forbidden := !slices.ContainsFunc(places, beyond), false
	for _, g := range held {
		reached = reached || !own && actor.Can(access.AccountsManage, g.place)
		forbidden = forbidden || !allowed(g.level, g.place)
	}
	switch {
	case !reached:
		return fault.ErrNotFound.New()
	case accountID == actor.AccountID:
		return fault.ErrForbidden.New(fault.Next("security", "/me/security"))
	case forbidden:
		return fault.ErrForbidden.New()
	}
	return nil
}
