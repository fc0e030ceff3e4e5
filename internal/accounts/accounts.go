package accounts

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/identity"
	"caotang/internal/lookup"
	"caotang/internal/server"
	"caotang/internal/sms"
	"caotang/internal/vault"
)

// Codes of the contract.
var (
	ErrUsernameInvalid    = fault.Define(fault.Invalid, "username_invalid")
	ErrPasswordInvalid    = fault.Define(fault.Invalid, "password_invalid")
	ErrUsernameTaken      = fault.Define(fault.Conflict, "username_taken")
	ErrPhoneTaken         = fault.Define(fault.Conflict, "phone_taken")
	ErrCredentialsWrong   = fault.Define(fault.Unauthenticated, "credentials_wrong")
	ErrOneTimeCodeExpired = fault.Define(fault.Unauthenticated, "one_time_code_expired")
	ErrPasswordWrong      = fault.Define(fault.Invalid, "password_wrong")
	ErrAccountFrozen      = fault.Define(fault.Forbidden, "account_frozen")
	ErrNotFrozen          = fault.Define(fault.Conflict, "account_not_frozen")
	errStillFrozen        = fault.Define(fault.Conflict, "account_still_frozen")
	errLinkEnded          = fault.Define(fault.Gone, "notice_link_ended")

	errAccountThere         = fault.Define(fault.Conflict, "account_there")
	ErrAlreadyAdministrator = fault.Define(fault.Conflict, "already_administrator")
)

// Where the ways out lead.
var (
	toSignIn = fault.Next("sign_in", "/login")
	toReset  = fault.Next("reset_password", "/reset-password")
)

// Config are the rules that an operator may change.
type Config struct {
	Password       PasswordPolicy
	LoginTries     int               // failed sign-ins of one login from one address before it must wait
	LoginWait      time.Duration     // longest wait for a turn to hash a password
	Sessions       map[Face]Lifetime // of those begun on a computer that their person trusts, and by programs
	Untrusted      Lifetime          // of those begun on any other computer
	OneTimeCodeTTL time.Duration     // how long an administrator's one-time code is valid
	NoticeTTL      time.Duration     // how long the link in a notice works, and a phone that was replaced may take its account back
	PublicURL      string            // what links in notices begin with; without it they have none
	Addresses      *Addresses        // where addresses are; nil when the operator has not said
	SecondFactor   []access.Level    // whose administrators must have a second factor
	ClosingWait    time.Duration     // how long an account that is being closed may still be kept
	RealnameProof  string            // one_number or two_numbers: shown in the settings
	Demo           bool              // shown in the settings
	Guard          guard.Rules       // what is suspicious; nothing when zero
}

// DefaultConfig is the requirements'.
func DefaultConfig() Config {
	return Config{
		Password: DefaultPasswordPolicy(), LoginTries: 5, LoginWait: 5 * time.Second,
		Sessions:  map[Face]Lifetime{Web: {Idle: 14 * 24 * time.Hour, Whole: 90 * 24 * time.Hour}, API: {Idle: 14 * 24 * time.Hour, Whole: 90 * 24 * time.Hour}},
		Untrusted: Lifetime{Idle: 2 * time.Hour, Whole: 12 * time.Hour}, OneTimeCodeTTL: 24 * time.Hour, NoticeTTL: 7 * 24 * time.Hour,
		ClosingWait:   15 * 24 * time.Hour,
		RealnameProof: "one_number",
	}
}

// Service is the room. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	vault  *vault.Vault
	sms    *sms.Service
	config Config
	guard  *guard.Guard
	hasher *hasher
	gates  gates
	watch  Watcher // nil where nobody answers requests
	now    func() time.Time

	factorDue string // an SQL condition: the account a must set up a second factor
}

// New makes the room. now is its clock; time.Now when nil. Codes to reset a password go to phones that have an account, or
// stand behind one as its recovery contact.
func New(d *db.DB, v *vault.Vault, messages *sms.Service, config Config, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	s := &Service{
		db: d, vault: v, sms: messages, config: config, guard: guard.New(d, v, config.Guard, now), hasher: newHasher(config.LoginWait), now: now,
		factorDue: factorDue(config.SecondFactor),
	}
	s.gates.gate = map[string]*gate{}
	messages.Restrict(sms.ResetPassword, func(ctx context.Context, q db.Querier, phone string) (bool, error) {
		var known bool
		err := q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM logins WHERE login_key IN ($1, $2)) OR EXISTS (SELECT 1 FROM freezes WHERE phone_index IN ($3, $4))
			OR EXISTS (SELECT 1 FROM recovery_contacts WHERE phone_index IN ($3, $4))`, s.phoneAsked(phone)...).Scan(&known)
		return known, err
	})
	return s
}

// Account is an account as its owner sees it.
type Account struct {
	ID            string    `json:"id"`
	Username      string    `json:"username"`
	Role          string    `json:"role" enum:"teacher,student,parent,public"`
	MaskedPhone   *string   `json:"masked_phone" doc:"Null until a phone is bound"`
	MaskedContact *string   `json:"masked_recovery_contact" doc:"A guardian's phone behind a pupil's account; null without one"`
	CreatedAt     time.Time `json:"created_at"`
}

// record is a row of accounts.
type record struct {
	id              string
	username        string
	passwordHash    string
	role            string
	phone           string // "" when none is bound
	phoneFree       bool   // the owner's school has vouched for them: no phone is asked for
	contact         string // the recovery contact's phone, "" when there is none
	replacePassword bool
	passwordExpires db.NullTime
	closesAt        db.NullTime
	createdAt       db.Time
	factors         string // kinds of second factor, '' for none
	factorDue       bool
	seenHere        db.NullTime // among candidates: when it last signed in from the address that asks
}

// columns are what scan reads of accounts a.
func (s *Service) columns() string {
	return `a.id, a.username, a.password_hash, a.role, a.phone_sealed, ` + contactSQL + `, a.phone_free, a.replace_password, a.password_expires, a.closes_at,
		a.created_at, a.factors, ` + s.factorDue
}

// scan reads columns, then what more the query asks for.
func (s *Service) scan(row interface{ Scan(...any) error }, more ...any) (*record, error) {
	var r record
	var phone, contact []byte
	columns := []any{
		&r.id, &r.username, &r.passwordHash, &r.role, &phone, &contact, &r.phoneFree, &r.replacePassword, &r.passwordExpires, &r.closesAt, &r.createdAt,
		&r.factors, &r.factorDue,
	}
	if err := row.Scan(append(columns, more...)...); err != nil {
		return nil, err
	}
	var err error
	if r.phone, err = s.openPhone(phone); err != nil {
		return nil, err
	}
	r.contact, err = s.openPhone(contact)
	return &r, err
}

// load answers not_found for an unknown id, and for an account that has been closed.
func (s *Service) load(ctx context.Context, q db.Querier, id string) (*record, error) {
	r, err := s.scan(q.QueryRow(ctx, `SELECT `+s.columns()+` FROM accounts a WHERE a.id = $1 AND a.closed_at IS NULL`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.ErrNotFound.New()
	}
	return r, err
}

// reach is the phone that is told of what happens to an account: its own or, where it has none, its recovery contact; ""
// where there is neither.
func (r *record) reach() string { return cmp.Or(r.phone, r.contact) }

func (r *record) shown() Account {
	return Account{
		ID: r.id, Username: r.username, Role: r.role, MaskedPhone: masked(r.phone), MaskedContact: masked(r.contact), CreatedAt: r.createdAt.Time,
	}
}

func (r *record) must() []string {
	return mustOf(r.closesAt.Valid, r.replacePassword, phoneSettled(r.role, r.phone != "", r.phoneFree, r.contact != ""), r.factorDue)
}

// phoneSettled tells whether an account is asked for no phone of its own any more: it has one, its school has vouched for
// its owner (see [Service.CreateVouched]), or it is a pupil's with a guardian's phone behind it.
func phoneSettled(role string, phone, phoneFree, contact bool) bool {
	return phone || phoneFree || contact && role == RoleStudent
}

// mustOf lists what an account has to do before anything else, in the order in which the screens ask for it.
func mustOf(closing, replacePassword, phoneSettled, factorDue bool) []string {
	must := []string{}
	if closing {
		must = append(must, server.MustCancelClosing)
	}
	if replacePassword {
		must = append(must, server.MustReplacePassword)
	}
	if !phoneSettled {
		must = append(must, server.MustBindPhone)
	}
	if factorDue {
		must = append(must, server.MustSecondFactor)
	}
	return must
}

func masked(phone string) *string {
	if phone == "" {
		return nil
	}
	shown := vault.MaskPhone(phone)
	return &shown
}

const phonePurpose = "phone"

// usernameKey, exactKey and phoneKeyOf are the keys of table logins. Usernames that differ in case alone have one key; the
// exact one is for accounts of the old system, whose username came second to another that differs in case alone.
func usernameKey(username string) string { return "u:" + strings.ToLower(username) }

func exactKey(username string) string { return "e:" + username }

func phoneKeyOf(index []byte) string { return "p:" + hex.EncodeToString(index) }

// phoneKeys are both keys that a phone may stand as.
func (s *Service) phoneKeys(phone string) (now, before string) {
	index, other := s.vault.Asked(s.phoneIndex(phone))
	return phoneKeyOf(index), phoneKeyOf(other)
}

// phoneAsked are both keys that a phone may stand as among logins, and both its indexes elsewhere: $1 to $4.
func (s *Service) phoneAsked(phone string) []any {
	now, before := s.vault.Asked(s.phoneIndex(phone))
	return []any{phoneKeyOf(now), phoneKeyOf(before), now, before}
}

func (s *Service) phoneIndex(phone string) []byte { return s.vault.Index(phonePurpose, phone) }

// takePhoneLogin makes a phone the account's login, unless it is another's: then it reports false.
func (s *Service) takePhoneLogin(ctx context.Context, tx *db.Tx, phone, accountID string) (bool, error) {
	index, err := lookup.Claim(ctx, tx, s.vault, lookup.Logins, s.phoneIndex(phone))
	if err != nil {
		return false, err
	}
	return takeLogin(ctx, tx, phoneKeyOf(index), accountID)
}

// dropPhoneLogin takes a phone that is the account's login from it.
func (s *Service) dropPhoneLogin(ctx context.Context, tx *db.Tx, phone, accountID string) error {
	now, before := s.phoneKeys(phone)
	_, err := tx.Exec(ctx, `DELETE FROM logins WHERE login_key IN ($1, $2) AND account_id = $3`, now, before, accountID)
	return err
}

// takeLogin gives a login key to the account, unless another has it: then it reports false.
func takeLogin(ctx context.Context, tx *db.Tx, key, accountID string) (bool, error) {
	result, err := tx.Exec(ctx, `INSERT INTO logins (login_key, account_id) VALUES ($1, $2) ON CONFLICT (login_key) DO NOTHING`, key, accountID)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// candidates finds whom a login may mean: a username as it was typed at registration, or a phone. Both may fit, when
// somebody's username is another's phone; the username comes first. They are known where each has signed in from the address before.
func (s *Service) candidates(ctx context.Context, login, address string) (found []*record, known bool, err error) {
	phoneNow, phoneBefore := "", ""
	if phone, problem := identity.ParseMobile(login); problem == nil {
		phoneNow, phoneBefore = s.phoneKeys(phone)
	}
	rows, err := s.db.Query(s.db.Brief(ctx), `SELECT `+s.columns()+`, l.login_key, k.seen_at FROM logins l
		JOIN accounts a ON a.id = l.account_id LEFT JOIN known_addresses k ON k.account_id = a.id AND k.address = $3
		WHERE l.login_key IN ($1, $2, $4, $5) ORDER BY l.login_key DESC`, usernameKey(login), phoneNow, guard.Home(address), exactKey(login), phoneBefore)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key string
		var seen db.NullTime
		r, err := s.scan(rows, &key, &seen)
		if err != nil {
			return nil, false, err
		}
		r.seenHere = seen
		if key == phoneNow || key == phoneBefore || r.username == login {
			found = append(found, r)
			known = (known || len(found) == 1) && seen.Valid
		}
	}
	return found, known, rows.Err()
}
