package factors

import (
	"bytes"
	"context"
	"encoding/base64"
	"image/png"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
)

const (
	digits               = 6
	step                 = 30 * time.Second // how long an app shows a code
	slack                = 1                // steps that the phone's clock may be early or late
	qrSize               = 220              // pixels
	enrolFor             = 30 * time.Minute
	enrolmentPurpose     = "authenticator_enrolment"
	authenticatorPurpose = "authenticator"
	issuer               = "草堂"
)

// Enrolment is what an app needs to know. It is shown to nobody again.
type Enrolment struct {
	Enrolment string `json:"enrolment" doc:"To be given back with the first code"`
	Secret    string `json:"secret" doc:"To type where no picture can be read"`
	URI       string `json:"uri" doc:"Opens the app on the same device"`
	QR        string `json:"qr" doc:"The URI as a picture: a data URL"`
}

// Enrol makes a secret for an app. It counts once the app's first code has come back with the enrolment.
func (s *Service) Enrol(ctx context.Context, confirmation string) (Enrolment, error) {
	if err := s.confirmed(ctx, confirmation); err != nil {
		return Enrolment{}, err
	}
	actor := access.ActorFrom(ctx)
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: actor.Username, Period: uint(step.Seconds()), Digits: otp.DigitsSix})
	if err != nil {
		return Enrolment{}, err
	}
	picture, err := key.Image(qrSize, qrSize)
	if err != nil {
		return Enrolment{}, err
	}
	var qr bytes.Buffer
	if err := png.Encode(&qr, picture); err != nil {
		return Enrolment{}, err
	}
	token, err := s.seal(enrolmentPurpose, sealed{
		Session: actor.SessionID, Account: actor.AccountID, Shared: key.Secret(), Expires: s.now().Add(enrolFor),
	})
	return Enrolment{token, key.Secret(), key.URL(), "data:image/png;base64," + base64.StdEncoding.EncodeToString(qr.Bytes())}, err
}

// SetAuthenticator takes the app of an enrolment, in place of the one before if there is one, when its code fits. The first
// factor of an account brings recovery codes.
func (s *Service) SetAuthenticator(ctx context.Context, enrolment, code string) (codes []string, err error) {
	held, ok := s.unseal(ctx, enrolmentPurpose, enrolment)
	if !ok {
		return nil, ErrConfirmationNeeded.New(fault.Next("confirm", ""))
	}
	if typed(code) == "" {
		return nil, ErrWrong.New(fault.Field("code", "missing"))
	}
	at, ok := s.stepOf(held.Shared, typed(code))
	if !ok {
		return nil, ErrWrong.New(fault.Field("code", "authenticator_wrong"))
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO authenticators (account_id, secret_sealed, last_step, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account_id) DO UPDATE SET secret_sealed = excluded.secret_sealed, last_step = excluded.last_step,
				created_at = excluded.created_at`,
			held.Account, s.vault.Seal(authenticatorPurpose, held.Shared), at, db.At(s.now()))
		if err != nil {
			return err
		}
		codes, err = s.changed(ctx, tx, held.Account, noticeAdded, audit.Event{Action: "account.add_factor", Details: kindOf(Authenticator)})
		return err
	})
	return codes, err
}

// RemoveAuthenticator takes the actor's app away; nothing happens when there is none.
func (s *Service) RemoveAuthenticator(ctx context.Context, confirmation string) error {
	if err := s.confirmed(ctx, confirmation); err != nil {
		return err
	}
	return s.remove(ctx, Authenticator, `DELETE FROM authenticators WHERE account_id = $1`, access.ActorFrom(ctx).AccountID)
}

// remove deletes a factor of the actor's.
func (s *Service) remove(ctx context.Context, kind, statement string, args ...any) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		result, err := tx.Exec(ctx, statement, args...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = s.changed(ctx, tx, access.ActorFrom(ctx).AccountID, noticeRemoved, audit.Event{Action: "account.remove_factor", Details: kindOf(kind)})
		return err
	})
}

// stepOf finds the step that a code belongs to, among those that the clocks allow.
func (s *Service) stepOf(secret, code string) (at int64, found bool) {
	now := s.now().Unix() / int64(step.Seconds())
	for at := now - slack; at <= now+slack; at++ {
		ok, err := hotp.ValidateCustom(code, uint64(at), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if ok && err == nil {
			return at, true
		}
	}
	return 0, false
}

// useAuthenticator tells whether the code is the app's and younger than every one used before.
func (s *Service) useAuthenticator(ctx context.Context, tx *db.Tx, accountID, code string) (bool, error) {
	secret, err := s.secretOf(ctx, tx, accountID)
	if err != nil || secret == "" {
		return false, err
	}
	at, ok := s.stepOf(secret, code)
	if !ok {
		return false, nil
	}
	result, err := tx.Exec(ctx, `UPDATE authenticators SET last_step = $1 WHERE account_id = $2 AND last_step < $1`, at, accountID)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}
