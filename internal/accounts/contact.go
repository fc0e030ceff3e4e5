package accounts

import (
	"context"
	"database/sql"
	"errors"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/lookup"
	"caotang/internal/server"
	"caotang/internal/sms"
)

// A recovery contact is a guardian's phone behind a pupil's account: many pupils have no phone, and one phone is one
// account's login (F-06). It resets a lost password and gets the account's notices, and never signs in. It may stand behind
// several pupils' accounts, and be the login of another.

// maxAccountsPerContact is enough for a family, and for a grandmother with two.
const maxAccountsPerContact = 5

var (
	errContactFull     = fault.Define(fault.Conflict, "recovery_contact_full")
	errContactNotPupil = fault.Define(fault.Forbidden, "recovery_contact_for_pupils")
)

// contactSQL is the sealed phone of an account's recovery contact, null when it has none.
const contactSQL = `(SELECT rc.phone_sealed FROM recovery_contacts rc WHERE rc.account_id = a.id)`

// PhoneAs is what a phone becomes at registration.
type PhoneAs string

// Either the person's own phone, which signs in, or a pupil's guardian's.
const (
	PhoneAsLogin   PhoneAs = "login"
	PhoneAsContact PhoneAs = "recovery_contact"
)

// phoneOfAGuardian is phone_taken with a pupil's way out.
func phoneOfAGuardian() error {
	return ErrPhoneTaken.New(fault.Field("phone", "phone_taken"), fault.Next("use_as_recovery_contact", "/me/security"))
}

// SetContact makes a phone the recovery contact of the actor's account, after their password and a code that its owner has
// read; the account's phone and the contact before are told, and may say that it was not their owner. Whether the phone has an account is not told. Errors: recovery_contact_for_pupils;
// recovery_contact_full when it stands behind as many accounts as it may.
func (s *Service) SetContact(ctx context.Context, password, phoneTyped, code string) (Account, error) {
	actor := access.ActorFrom(ctx)
	phone, err := sms.ParsePhone("phone", phoneTyped)
	if err != nil {
		return Account{}, err
	}
	if actor.Role != RoleStudent {
		return Account{}, errContactNotPupil.New(fault.Next("bind_phone", "/me/security"))
	}
	if err := s.CheckPassword(ctx, actor.AccountID, password); err != nil {
		return Account{}, err
	}
	proof, err := s.sms.Guess(ctx, phone, sms.RecoveryContact, code)
	if err != nil {
		return Account{}, err
	}
	var after *record
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := proof.Use(ctx, tx); err != nil {
			return err
		}
		before, err := s.dropContact(ctx, tx, actor.AccountID)
		if err != nil {
			return err
		}
		if before.phone == phone {
			return fault.ErrInvalid.New(fault.Field("phone", "own_phone"))
		}
		if err := s.takeContact(ctx, tx, actor.AccountID, phone); err != nil {
			return err
		}
		if before.contact != phone {
			what := happened{notice: ContactSet, phone: phone}
			if err := s.tell(ctx, tx, actor.AccountID, what, recipient{before.phone, ContactSet}, recipient{before.contact, ContactRemoved}); err != nil {
				return err
			}
		}
		after, err = s.load(ctx, tx, actor.AccountID)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return after.shown(), nil
}

// RemoveContact takes the recovery contact away, after the actor's password, and tells it and the account's phone. Errors: not_found without one.
func (s *Service) RemoveContact(ctx context.Context, password string) error {
	actor := access.ActorFrom(ctx)
	if err := s.CheckPassword(ctx, actor.AccountID, password); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error { return s.removeContact(ctx, tx, actor.AccountID, true) })
}

// removeContact takes the recovery contact away, records it and tells it, and the account's own phone where that is to know;
// not_found where there is none.
func (s *Service) removeContact(ctx context.Context, tx *db.Tx, accountID string, tellOwner bool) error {
	before, err := s.dropContact(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if before.contact == "" {
		return fault.ErrNotFound.New()
	}
	if err := s.record(ctx, tx, accountID, audit.Event{
		Action: "account.remove_recovery_contact", Details: map[string]any{"masked_phone": masked(before.contact)},
	}); err != nil {
		return err
	}
	told := []recipient{{before.contact, ContactRemoved}}
	if tellOwner {
		told = append(told, recipient{before.phone, ContactRemoved})
	}
	return s.tell(ctx, tx, accountID, happened{notice: ContactRemoved, phone: before.contact}, told...)
}

// dropContact frees the place of an account's recovery contact, and gives the account as it was. Of changes to one account
// at once each waits here for the one before.
func (s *Service) dropContact(ctx context.Context, tx *db.Tx, accountID string) (before *record, err error) {
	if _, err := tx.Exec(ctx, `UPDATE accounts SET updated_at = $1 WHERE id = $2`, db.At(s.now()), accountID); err != nil {
		return nil, err
	}
	if before, err = s.load(ctx, tx, accountID); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM recovery_contacts WHERE account_id = $1`, accountID)
	return before, err
}

// dropDoubtedContact takes away a recovery contact that came while links of notices could still say "this was not me", at
// the end of a freeze: whoever had got in would reset the password by it. The account's owner sets theirs again.
func (s *Service) dropDoubtedContact(ctx context.Context, tx *db.Tx, accountID string) error {
	var sealed []byte
	err := tx.QueryRow(ctx, `DELETE FROM recovery_contacts WHERE account_id = $1
		AND confirmed_at > (SELECT f.frozen_at FROM freezes f WHERE f.account_id = $1) - $2 RETURNING phone_sealed`,
		accountID, s.config.NoticeTTL.Milliseconds()).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	phone, err := s.openPhone(sealed)
	if err != nil {
		return err
	}
	return s.record(ctx, tx, accountID, audit.Event{
		Action: "account.remove_recovery_contact", Details: map[string]any{"masked_phone": masked(phone)},
	})
}

// takeContact puts a phone behind an account that has no recovery contact, and records it; recovery_contact_full when all
// the phone's places are taken.
func (s *Service) takeContact(ctx context.Context, tx *db.Tx, accountID, phone string) error {
	index, err := lookup.Claim(ctx, tx, s.vault, lookup.Contacts, s.phoneIndex(phone))
	if err != nil {
		return err
	}
	for slot := 1; slot <= maxAccountsPerContact; slot++ {
		result, err := tx.Exec(ctx, `INSERT INTO recovery_contacts (phone_index, slot, account_id, phone_sealed, confirmed_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT (phone_index, slot) DO NOTHING`,
			index, slot, accountID, s.vault.Seal(phonePurpose, phone), db.At(s.now()))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 1 {
			return s.record(ctx, tx, accountID, audit.Event{
				Action: "account.set_recovery_contact", Details: map[string]any{"masked_phone": masked(phone)},
			})
		}
	}
	return errContactFull.New(fault.Arg("limit", maxAccountsPerContact), fault.FieldWith("phone", "recovery_contact_full", map[string]any{"limit": maxAccountsPerContact}))
}

type contactInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
		Phone    string `json:"phone" maxLength:"100"`
		SMSCode  string `json:"sms_code" maxLength:"100" doc:"Of purpose recovery_contact: whoever owns the phone tells it"`
	}
}

type passwordOnlyInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

func (s *Service) mountContact(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "PUT", Path: "/api/v1/me/recovery-contact", ID: "set-recovery-contact", Tag: "accounts", Rule: server.SignedIn,
		Summary: "Put a guardian's phone behind one's account, which signs nobody in",
	}, func(ctx context.Context, in *contactInput) (*accountOutput, error) {
		account, err := s.SetContact(ctx, in.Body.Password, in.Body.Phone, in.Body.SMSCode)
		return &accountOutput{account}, err
	})
	server.Register(srv, server.Op{
		Method: "DELETE", Path: "/api/v1/me/recovery-contact", ID: "remove-recovery-contact", Tag: "accounts", Rule: server.SignedIn, Status: 204,
		Summary: "Take the guardian's phone from behind one's account",
	}, func(ctx context.Context, in *passwordOnlyInput) (*empty, error) {
		return nil, s.RemoveContact(ctx, in.Body.Password)
	})
}
