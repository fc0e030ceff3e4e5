package slips

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Where the ways out lead.
var toSignIn = fault.Next("sign_in", "/login")

// asGuardian leads a parent to what a child's slip is for in their hands: to confirm that they are the guardian (F-21).
var asGuardian = fault.Next("use_as_guardian", "/verify?child=")

// toRegister leads to an account without a slip; whoever is signed in has one, and is led nowhere.
func toRegister(ctx context.Context) fault.Option {
	if access.ActorFrom(ctx).AccountID != "" {
		return func(*fault.Error) {}
	}
	return fault.Next("register_with_phone", "/register")
}

// Shown is what a valid slip tells whoever holds it: enough to see that it is theirs.
type Shown struct {
	Purpose        string    `json:"purpose" enum:"activate,reset_password"`
	Kind           string    `json:"kind" enum:"teacher,student"`
	MaskedName     string    `json:"masked_name"`
	School         string    `json:"school"`
	Class          string    `json:"class,omitempty"`
	MaskedUsername string    `json:"masked_username,omitempty" doc:"Of the account whose password the slip sets anew"`
	ExpiresAt      time.Time `json:"expires_at"`
}

// Check shows whose a slip is. Errors: slip_invalid, slip_expired, slip_used; too_many_attempts, captcha_required.
func (s *Service) Check(ctx context.Context, typed string) (Shown, error) {
	_, p, entry, err := s.open(ctx, typed)
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{Purpose: p.purpose(), Kind: entry.Kind, MaskedName: vault.MaskName(entry.Name), School: entry.School.Name, ExpiresAt: p.expiresAt}
	if entry.Class != nil {
		shown.Class = entry.Class.DisplayName
	}
	if p.accountID != "" {
		holder, err := s.accounts.MaskedOf(ctx, s.db, p.accountID)
		if err != nil {
			return Shown{}, err
		}
		shown.MaskedUsername = holder.MaskedUsername
	}
	return shown, nil
}

// open answers the slip that was typed and its entry when it may be used now.
func (s *Service) open(ctx context.Context, typed string) (code string, p slip, entry roster.Entry, err error) {
	if code, p, err = s.look(ctx, typed); err != nil {
		return code, p, entry, err
	}
	entry, err = s.usable(ctx, s.db, p)
	return code, p, entry, err
}

// look answers the slip that was typed, and counts an unknown one against the address that tries it. What cannot be a code at
// all is not counted: no guess is won by it.
func (s *Service) look(ctx context.Context, typed string) (code string, p slip, err error) {
	code, well := readCode(typed)
	if !well {
		return code, p, ErrSlipInvalid.New(fault.Field("code", "slip_mistyped"), toRegister(ctx))
	}
	guesses := s.guard.FromWith(ctx, "slip", s.config.Tries)
	if _, err := s.guard.Check(ctx, guesses...); err != nil {
		return code, p, err
	}
	p, found, err := s.find(ctx, s.db, code)
	if err != nil || found {
		return code, p, err
	}
	if err := s.guard.Count(ctx, guesses...); err != nil {
		return code, p, err
	}
	return code, p, invalid(ctx)
}

func invalid(ctx context.Context) error {
	return ErrSlipInvalid.New(fault.Field("code", "slip_unknown"), toRegister(ctx))
}

// usable answers a slip's entry when the slip may be used now, and else why not.
func (s *Service) usable(ctx context.Context, q db.Querier, p slip) (roster.Entry, error) {
	switch p.state {
	case Expired:
		return roster.Entry{}, ErrSlipExpired.New(fault.Field("code", "slip_expired"), toRegister(ctx))
	case Ended, None:
		return roster.Entry{}, invalid(ctx)
	case Used, Unused:
	}
	entry, err := s.roster.EntryByID(ctx, q, p.entryID)
	if err != nil {
		return entry, err
	}
	if p.state == Used || entry.AccountID != p.accountID {
		return entry, s.used(ctx, q, entry)
	}
	return entry, nil
}

// used says that the entry has its account already, and masks which; and what kind of person it is, for whoever is not signed in may be
// the guardian. When that has been parted from it since, the paper
// is of no more use.
func (s *Service) used(ctx context.Context, q db.Querier, entry roster.Entry) error {
	if entry.AccountID == "" {
		return ErrSlipUsed.New(fault.Field("code", "slip_used"), toRegister(ctx))
	}
	holder, err := s.accounts.MaskedOf(ctx, q, entry.AccountID)
	if err != nil {
		return err
	}
	return ErrSlipUsed.New(fault.Field("code", "slip_used"), fault.Detail("masked_username", holder.MaskedUsername), fault.Detail("kind", entry.Kind), afterUse(ctx, entry))
}

// afterUse leads to signing in; whoever is signed in has done so, and uses the slip of a pupil as their guardian, or not at all.
func afterUse(ctx context.Context, entry roster.Entry) fault.Option {
	switch actor := access.ActorFrom(ctx); {
	case actor.AccountID == "":
		return toSignIn
	case entry.Kind == roster.Student && actor.Role != roster.Student:
		return asGuardian
	}
	return func(*fault.Error) {}
}

// Register makes an account without a phone for whoever holds the slip, binds it to their entry and signs it in. Errors:
// those of [Service.Check]; username_invalid, password_invalid, username_taken.
func (s *Service) Register(ctx context.Context, typed, username, password string) (accounts.SignedIn, error) {
	code, p, entry, err := s.open(ctx, typed)
	if err != nil {
		return accounts.SignedIn{}, err
	}
	if p.accountID != "" {
		return accounts.SignedIn{}, s.used(ctx, s.db, entry)
	}
	prepared, err := s.accounts.PrepareVouched(ctx, username, password, entry.Kind)
	if err != nil {
		return accounts.SignedIn{}, err
	}
	var signedIn accounts.SignedIn
	err = s.db.InTx(ctx, func(tx *db.Tx) (err error) {
		if signedIn, err = s.accounts.CreateVouched(ctx, tx, prepared); err != nil {
			return err
		}
		return s.bind(ctx, tx, p.entryID, code, signedIn.Account.ID)
	})
	if err != nil {
		return accounts.SignedIn{}, err
	}
	signedIn.Account.Role = entry.Kind
	return signedIn, nil
}

// BindSelf binds the caller's account to the entry of the slip they hold, and answers the binding. Errors: those of
// [Service.Check]; slip_of_child when a pupil's slip would make a pupil of a parent or a teacher; already_bound when the account is
// somebody already.
func (s *Service) BindSelf(ctx context.Context, typed string) (*verification.Binding, error) {
	code, p, entry, err := s.open(ctx, typed)
	if err != nil {
		return nil, err
	}
	if p.accountID != "" {
		return nil, s.used(ctx, s.db, entry)
	}
	accountID := access.ActorFrom(ctx).AccountID
	var bound *verification.Binding
	err = s.db.InTx(ctx, func(tx *db.Tx) (err error) {
		if adult, err := s.adult(ctx, tx, accountID); err != nil {
			return err
		} else if adult && entry.Kind == roster.Student {
			return ErrSlipOfChild.New(asGuardian)
		}
		if err = s.bind(ctx, tx, p.entryID, code, accountID); err != nil {
			return err
		}
		bound, err = s.verification.BindingOf(ctx, tx, accountID)
		return err
	})
	return bound, err
}

// bind uses the slip up for an account and binds the account to the slip's entry.
func (s *Service) bind(ctx context.Context, tx *db.Tx, entryID, code, accountID string) error {
	entry, err := s.use(ctx, tx, entryID, code, accountID, Activate)
	if err != nil {
		return err
	}
	if entry.AccountID != "" {
		return s.used(ctx, tx, entry)
	}
	err = s.verification.Bind(ctx, tx, accountID, entry, entry.Kind)
	if fault.Is(err, roster.ErrAlreadyBound) { // somebody else was bound while we looked, or the account is somebody already
		if entry, again := s.roster.EntryByID(ctx, tx, entry.ID); again == nil && entry.AccountID != "" && entry.AccountID != accountID {
			return s.used(ctx, tx, entry)
		}
	}
	return err
}

// use takes the slip of an entry and records it; who comes too late is told what became of it. The entry is held before its
// slip, as whoever removes an entry does, so that nobody waits for each other.
func (s *Service) use(ctx context.Context, tx *db.Tx, entryID, code, accountID, purpose string) (entry roster.Entry, err error) {
	if _, err := verification.Hold(ctx, tx, entryID); fault.Is(err, fault.ErrNotFound) {
		return entry, invalid(ctx)
	} else if err != nil {
		return entry, err
	}
	taken, err := s.take(ctx, tx, code, accountID)
	if err != nil {
		return entry, err
	}
	if !taken {
		p, found, err := s.find(ctx, tx, code)
		if err == nil && found {
			_, err = s.usable(ctx, tx, p)
		}
		if err == nil { // replaced since it was looked at
			err = invalid(ctx)
		}
		return entry, err
	}
	if entry, err = s.roster.EntryByID(ctx, tx, entryID); err != nil {
		return entry, err
	}
	return entry, audit.Record(ctx, tx, audit.Event{
		Action: "slip.use", Target: "entry", TargetID: entryID, Place: entry.Place(), Details: map[string]any{"account_id": accountID, "purpose": purpose},
	})
}

// SetPassword gives the account of the slip's entry another password, ends its sessions and begins one for whoever holds
// the slip. Errors: those of [Service.Check]; password_invalid.
func (s *Service) SetPassword(ctx context.Context, typed, password string) (accounts.SignedIn, error) {
	code, p, entry, err := s.open(ctx, typed)
	if err != nil {
		return accounts.SignedIn{}, err
	}
	if p.accountID == "" {
		return accounts.SignedIn{}, invalid(ctx)
	}
	hashed, err := s.accounts.NewPassword(ctx, "password", password)
	if err != nil {
		return accounts.SignedIn{}, err
	}
	var signedIn accounts.SignedIn
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		now, err := s.use(ctx, tx, p.entryID, code, p.accountID, ResetPassword)
		if err != nil {
			return err
		}
		if now.AccountID != p.accountID {
			return s.used(ctx, tx, now)
		}
		signedIn, err = s.accounts.ResetVouched(ctx, tx, p.accountID, hashed)
		if fault.Is(err, fault.ErrNotFound) { // it has a phone or a second factor by now, which resets its password
			return s.used(ctx, tx, entry)
		}
		return err
	})
	return signedIn, err
}
