package accounts

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/sms"
)

// Registration is what a person types to get an account.
type Registration struct {
	Username string
	Password string
	Phone    string
	Code     string
	Role     string
	PhoneAs  PhoneAs // PhoneAsLogin when empty
	Begin    Begin
}

// SignedIn is a new session.
type SignedIn struct {
	Account Account
	Must    []string
	session
}

// Register makes an account and signs it in. Every part of the input that breaks a rule is named at once, under the code
// of the first. Of registrations that compete for one username or phone exactly one succeeds, and whoever fails may use
// their code again. That a phone is taken is told to nobody but its holder; a pupil, whose phone may well be a guardian's,
// may then use it as their recovery contact instead, by the same code. After a burst of registrations from one address or
// network it asks for a captcha, then for patience.
func (s *Service) Register(ctx context.Context, r Registration) (SignedIn, error) {
	phone, err := s.checkRegistration(r)
	if err != nil {
		return SignedIn{}, err
	}
	burst := s.guard.From(ctx, "register")
	if _, err := s.guard.Check(ctx, burst...); err != nil {
		return SignedIn{}, err
	}
	proof, err := s.sms.Guess(ctx, phone, sms.Register, r.Code)
	if err != nil {
		return SignedIn{}, err
	}
	hash, err := s.hasher.hash(ctx, r.Password)
	if err != nil {
		return SignedIn{}, err
	}
	made := record{id: db.NewID(), username: r.Username, role: r.Role, createdAt: db.At(s.now())}
	if r.PhoneAs == PhoneAsContact {
		made.contact = phone
	} else {
		made.phone = phone
	}
	var begun session
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := proof.Use(ctx, tx); err != nil {
			return err
		}
		if err := s.insert(ctx, tx, made, hash); err != nil {
			return err
		}
		if err := s.takePhone(ctx, tx, made); err != nil {
			return err
		}
		if err := s.guard.CountIn(ctx, tx, burst...); err != nil {
			return err
		}
		begun, err = s.begin(ctx, tx, made.id, r.Begin, db.NullTime{})
		return err
	})
	return SignedIn{made.shown(), made.must(), begun}, err
}

// takePhone makes a new account's phone its login, or its recovery contact.
func (s *Service) takePhone(ctx context.Context, tx *db.Tx, made record) error {
	if made.contact != "" {
		return s.takeContact(ctx, tx, made.id, made.contact)
	}
	free, err := s.takePhoneLogin(ctx, tx, made.phone, made.id)
	switch {
	case err != nil || free:
		return err
	case made.role == RoleStudent:
		return phoneOfAGuardian()
	}
	return ErrPhoneTaken.New(fault.Field("phone", "phone_taken"), toSignIn)
}

// checkRegistration answers the phone in canonical form.
func (s *Service) checkRegistration(r Registration) (phone string, err error) {
	username := usernameFaults(r.Username)
	password := s.config.Password.faults("password", r.Password)
	phone, phoneErr := sms.ParsePhone("phone", r.Phone)
	all := append(slices.Concat(username, password), s.config.Password.args()...)
	if f := asFault(phoneErr); f != nil {
		for _, field := range f.Fields {
			all = append(all, fault.FieldWith(field.Field, field.Code, field.Args))
		}
	}
	var role []fault.Option
	if !slices.Contains(roles, r.Role) {
		role = append(role, fault.Field("role", "not_allowed"))
	} else if r.PhoneAs == PhoneAsContact && r.Role != RoleStudent {
		role = append(role, fault.Field("phone_as", "contact_for_pupils"))
	}
	all = append(all, role...)
	switch {
	case len(username) > 0:
		return "", ErrUsernameInvalid.New(all...)
	case len(password) > 0:
		return "", ErrPasswordInvalid.New(all...)
	case phoneErr != nil:
		return "", sms.ErrPhoneInvalid.New(all...)
	case len(role) > 0:
		return "", fault.ErrInvalid.New(all...)
	}
	return phone, nil
}

// insert writes the account and its username, or answers username_taken.
func (s *Service) insert(ctx context.Context, tx *db.Tx, r record, hash string) error {
	var phone []byte
	if r.phone != "" {
		phone = s.vault.Seal(phonePurpose, r.phone)
	}
	_, err := tx.Exec(ctx, `INSERT INTO accounts
		(id, username, password_hash, role, phone_sealed, phone_free, replace_password, password_expires, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
		r.id, r.username, hash, r.role, phone, r.phoneFree, r.replacePassword, r.passwordExpires, r.createdAt)
	if err != nil {
		return err
	}
	free, err := takeLogin(ctx, tx, usernameKey(r.username), r.id)
	if err == nil && !free {
		err = ErrUsernameTaken.New(fault.Field("username", "username_taken"), toSignIn)
	}
	return err
}

// SignIn begins a session by username, in its own spelling, or by phone. A wrong pair is credentials_wrong whichever half
// is wrong, after the same work; account_frozen is told to those alone who know both. A password hash of the old system is
// replaced (F-06). An account with a second factor gets no session yet: the answer is second_factor_needed with the ticket
// for the second step, see [Service.Pending].
func (s *Service) SignIn(ctx context.Context, login, password string, how Begin) (SignedIn, error) {
	signedIn, err := s.signIn(ctx, login, password, how)
	if errors.Is(err, errHashRenewed) { // by a sign-in at the same time: the new one says whether the password is right
		return s.signIn(ctx, login, password, how)
	}
	return signedIn, err
}

var errHashRenewed = errors.New("accounts: the old system's hash has just been replaced")

func (s *Service) signIn(ctx context.Context, login, password string, how Begin) (SignedIn, error) {
	address := access.ClientFrom(ctx).Address
	candidates, known, err := s.candidates(ctx, login, address)
	if err != nil {
		return SignedIn{}, err
	}
	own := []guard.Limit{s.loginHere(login, address)}
	if !known {
		own = append(own, s.loginAnywhere(login))
	}
	all := append(slices.Clone(own), s.fromHere(ctx, known)...)
	patient, cancel := s.hasher.patience(ctx)
	defer cancel()
	leave, err := s.gates.enter(patient, own[0].Key)
	if err != nil {
		return SignedIn{}, err
	}
	defer leave()
	counted, err := s.guard.Check(ctx, all...)
	if err != nil {
		return SignedIn{}, offerReset(err)
	}
	account, renewed, err := s.whose(patient, candidates, password)
	if err != nil {
		return SignedIn{}, err
	}
	if account == nil {
		if err := s.guard.Count(ctx, all...); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, ErrCredentialsWrong.New(toReset)
	}
	if account.passwordExpires.Valid && !account.passwordExpires.Time.After(s.now()) {
		return SignedIn{}, ErrOneTimeCodeExpired.New(toReset)
	}
	var begun session
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := s.stillOpens(ctx, tx, account, renewed); err != nil {
			return err
		}
		if counted && len(candidates) == 1 { // whoever signs in to one account does not forgive what was tried at another
			if err := s.guard.Forgive(ctx, tx, own...); err != nil {
				return err
			}
		}
		if account.factors != "" {
			return nil
		}
		begun, err = s.begin(ctx, tx, account.id, how, account.seenHere)
		return err
	})
	if err == nil && account.factors != "" {
		return SignedIn{}, s.secondStep(account, renewed, how)
	}
	return SignedIn{account.shown(), account.must(), begun}, err
}

// stillOpens makes sure that the password has not been replaced while this request waited to check it: a session that began
// then would outlive the replacement, which ends all. The two take turns for the account, and what the password is to be stored as
// from now on is stored, where that is something new. A frozen account opens to nobody: account_frozen.
func (s *Service) stillOpens(ctx context.Context, tx *db.Tx, account *record, renewed string) error {
	query, args := `SELECT id FROM accounts WHERE id = $1 AND password_hash = $2`+tx.ForUpdate(), []any{account.id, account.passwordHash}
	if renewed != "" {
		query = `UPDATE accounts SET updated_at = $3, password_hash = $4 WHERE id = $1 AND password_hash = $2 RETURNING id`
		args = append(args, db.At(s.now()), renewed)
	}
	var id string
	switch err := tx.QueryRow(ctx, query, args...).Scan(&id); {
	case errors.Is(err, sql.ErrNoRows) && renewed != "":
		return errHashRenewed
	case errors.Is(err, sql.ErrNoRows):
		return ErrCredentialsWrong.New(toReset)
	case err != nil:
		return err
	}
	return s.unfrozen(ctx, tx, account.id)
}

// whose finds the candidate whose password it is, and what that is to be stored as if not as it is; nil when it is
// nobody's. It hashes when there is no candidate too.
func (s *Service) whose(ctx context.Context, candidates []*record, password string) (account *record, renewed string, err error) {
	if len(candidates) == 0 {
		_, err := s.hasher.verify(ctx, nobodysHash, password)
		return nil, "", err
	}
	for _, c := range candidates {
		if ok, renewed, err := s.check(ctx, c, password); ok || err != nil {
			return c, renewed, err
		}
	}
	return nil, "", nil
}
