package accounts

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/sms"
)

func asFault(err error) *fault.Error {
	var f *fault.Error
	errors.As(err, &f)
	return f
}

// CheckPassword confirms that whoever holds a session also knows the account's password: password_wrong for the field
// otherwise, and too_many_attempts after some of those. Counts are committed before it returns: call it outside a
// transaction.
func (s *Service) CheckPassword(ctx context.Context, accountID, password string) error {
	account, err := s.load(ctx, s.db, accountID)
	if err != nil {
		return err
	}
	return s.checkPassword(ctx, account, "password", password)
}

func (s *Service) checkPassword(ctx context.Context, account *record, field, password string) error {
	if password == "" {
		return ErrPasswordWrong.New(fault.Field(field, "missing"))
	}
	limit := s.ownPassword(account.id)
	patient, cancel := s.hasher.patience(ctx)
	defer cancel()
	leave, err := s.gates.enter(patient, limit.Key)
	if err != nil {
		return err
	}
	defer leave()
	counted, err := s.guard.Check(ctx, limit)
	if err != nil {
		return offerReset(err)
	}
	ok, _, err := s.check(patient, account, password)
	if err != nil {
		return err
	}
	if !ok {
		if err := s.guard.Count(ctx, limit); err != nil {
			return err
		}
		return ErrPasswordWrong.New(fault.Field(field, "password_wrong"), toReset)
	}
	if !counted {
		return nil
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error { return s.guard.Forgive(ctx, tx, limit) })
}

// ChangePassword replaces the actor's password by another and ends their other sessions. Errors: password_invalid,
// password_wrong, too_many_attempts; invalid for the password that it is already, which only who knows it is told.
func (s *Service) ChangePassword(ctx context.Context, current, replacement string) error {
	actor := access.ActorFrom(ctx)
	if err := s.config.Password.check("new_password", replacement); err != nil {
		return err
	}
	account, err := s.load(ctx, s.db, actor.AccountID)
	if err != nil {
		return err
	}
	if err := s.checkPassword(ctx, account, "current_password", current); err != nil {
		return err
	}
	// Whoever gave a one-time code knows it, in whatever way it is written.
	if replacement == current || account.passwordExpires.Valid && asOneTimeCode(replacement) == asOneTimeCode(current) {
		return fault.ErrInvalid.New(fault.Field("new_password", "same_as_before"))
	}
	hash, err := s.hasher.hash(ctx, replacement)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		return s.setPassword(ctx, tx, actor.AccountID, hash, actor.SessionID, "account.change_password")
	})
}

// setPassword stores a password that its owner chose, ends every other session, records it and tells the owner.
func (s *Service) setPassword(ctx context.Context, tx *db.Tx, accountID, hash, keepSession, action string) error {
	if err := s.storePassword(ctx, tx, accountID, hash); err != nil {
		return err
	}
	if err := s.endSessionsBy(ctx, tx, strings.TrimPrefix(action, "account."), accountID, keepSession); err != nil {
		return err
	}
	if err := s.record(ctx, tx, accountID, audit.Event{Action: action}); err != nil {
		return err
	}
	return s.Tell(ctx, tx, accountID, PasswordChanged, nil)
}

func (s *Service) storePassword(ctx context.Context, tx *db.Tx, accountID, hash string) error {
	_, err := tx.Exec(ctx, `UPDATE accounts SET password_hash = $1, replace_password = false, password_expires = NULL, updated_at = $2
		WHERE id = $3`, hash, db.At(s.now()), accountID)
	return err
}

// ChangePhone binds a phone to the actor's account, in place of the one before if there is one. The code is of purpose
// bind_phone for a first phone and change_phone for another. Both phones are told.
func (s *Service) ChangePhone(ctx context.Context, password, phoneTyped, code string) (Account, error) {
	actor := access.ActorFrom(ctx)
	phone, err := sms.ParsePhone("phone", phoneTyped)
	if err != nil {
		return Account{}, err
	}
	if err := s.CheckPassword(ctx, actor.AccountID, password); err != nil {
		return Account{}, err
	}
	before, err := s.load(ctx, s.db, actor.AccountID)
	if err != nil {
		return Account{}, err
	}
	purpose := sms.BindPhone
	if before.phone != "" {
		purpose = sms.ChangePhone
	}
	proof, err := s.sms.Guess(ctx, phone, purpose, code)
	if err != nil {
		return Account{}, err
	}
	var after *record
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := proof.Use(ctx, tx); err != nil {
			return err
		}
		if err := s.setPhone(ctx, tx, actor.AccountID, phone, PhoneChanged, phoneNow, audit.Event{Action: "account.change_phone"}); err != nil {
			return err
		}
		after, err = s.load(ctx, tx, actor.AccountID)
		return err
	})
	if fault.Is(err, ErrPhoneTaken) && before.role == RoleStudent {
		return Account{}, phoneOfAGuardian()
	}
	if err != nil {
		return Account{}, err
	}
	return after.shown(), nil
}

// setPhone gives the account a phone, or answers phone_taken. It records the event and tells both phones: the one before
// with the notice's own text, this one with another; for a first phone the recovery contact stands in for the one before.
func (s *Service) setPhone(ctx context.Context, tx *db.Tx, accountID, phone string, notice, toNew Notice, event audit.Event) error {
	before, free, err := s.movePhone(ctx, tx, accountID, phone)
	if err != nil {
		return err
	}
	if !free {
		return ErrPhoneTaken.New(fault.Field("phone", "phone_taken"))
	}
	event.Details = map[string]any{"masked_phone": masked(phone), "masked_phone_before": masked(before)}
	if err := s.record(ctx, tx, accountID, event); err != nil || before == phone {
		return err
	}
	if before == "" {
		account, err := s.load(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if notice == PhoneChanged {
			notice = PhoneBound
		}
		return s.tell(ctx, tx, accountID, happened{notice: notice, phone: phone}, recipient{account.contact, PhoneBound}, recipient{phone, toNew})
	}
	return s.tell(ctx, tx, accountID, happened{notice: notice, phone: phone, phoneBefore: before}, recipient{before, notice}, recipient{phone, toNew})
}

// movePhone makes a phone the account's, and answers which it had before ("" for none). Of a phone that is another
// account's it says that it is not free; then the account is left without one.
func (s *Service) movePhone(ctx context.Context, tx *db.Tx, accountID, phone string) (before string, free bool, err error) {
	// The update comes first, for it alone makes two changes of one account take turns.
	if _, err := tx.Exec(ctx, `UPDATE accounts SET phone_sealed = phone_sealed, updated_at = $1 WHERE id = $2`, db.At(s.now()), accountID); err != nil {
		return "", false, err
	}
	account, err := s.load(ctx, tx, accountID)
	if err != nil {
		return "", false, err
	}
	if account.phone != "" {
		if err := s.dropPhoneLogin(ctx, tx, account.phone, accountID); err != nil {
			return "", false, err
		}
	}
	if free, err = s.takePhoneLogin(ctx, tx, phone, accountID); err != nil {
		return "", false, err
	}
	var sealed []byte
	if free {
		sealed = s.vault.Seal(phonePurpose, phone)
	}
	_, err = tx.Exec(ctx, `UPDATE accounts SET phone_sealed = $1 WHERE id = $2`, sealed, accountID)
	return account.phone, free, err
}

// Reset is what a person types who forgot their password.
type Reset struct {
	Username    string
	Phone       string
	Code        string
	NewPassword string
}

// ResetPassword sets a new password by username, bound phone or recovery contact, and code, and ends every session (F-07).
// Whatever does not fit, the username, the phone, the code or their match, the answer is sms_code_wrong (F-11), or
// sms_code_expired for a code that has ended, which a phone without an account gets as well. A frozen account is its owner's
// again when the phone is the one that may take it back; with any other that has proved itself the answer is
// account_frozen, which names that one.
func (s *Service) ResetPassword(ctx context.Context, r Reset) error {
	phone, err := sms.ParsePhone("phone", r.Phone)
	if err != nil {
		return err
	}
	if err := s.config.Password.check("new_password", r.NewPassword); err != nil {
		return err
	}
	proof, err := s.sms.Guess(ctx, phone, sms.ResetPassword, r.Code)
	if fault.Is(err, sms.ErrCodeWrong) {
		return resetMismatch()
	}
	if err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, r.NewPassword)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `SELECT a.id FROM accounts a WHERE a.username = $5 AND a.id IN (
				SELECT l.account_id FROM logins l WHERE l.login_key IN ($1, $2)
				UNION SELECT f.account_id FROM freezes f WHERE f.phone_index IN ($3, $4)
				UNION SELECT c.account_id FROM recovery_contacts c WHERE c.phone_index IN ($3, $4))`,
			append(s.phoneAsked(phone), r.Username)...).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return resetMismatch()
		}
		if err != nil {
			return err
		}
		if err := proof.Use(ctx, tx); err != nil {
			return err
		}
		address := access.ClientFrom(ctx).Address
		for _, login := range []string{r.Username, phone} {
			if err := s.guard.Forgive(ctx, tx, s.loginHere(login, address), s.loginAnywhere(login)); err != nil {
				return err
			}
		}
		if err := s.guard.Forgive(ctx, tx, s.ownPassword(id)); err != nil {
			return err
		}
		frozen, is, err := s.freezeOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if !is {
			return s.setPassword(ctx, tx, id, hash, "", "account.reset_password")
		}
		if frozen.phone != phone {
			return frozen.refusal()
		}
		if err := s.storePassword(ctx, tx, id, hash); err != nil {
			return err
		}
		return s.takeBack(ctx, tx, frozen)
	})
}

func resetMismatch() error {
	return sms.ErrCodeWrong.New(fault.Field("sms_code", "reset_mismatch"))
}
