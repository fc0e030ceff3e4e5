package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/server"
)

// Administrators are appointed from above: the province's for cities, counties, schools and customer service, a city's for its counties and
// schools, a county's for its schools. Nobody grants as much as they have themselves; the province's own are made by
// `caotang admin create`.

// Administrator is a grant and the account that holds it, as those see it who stand above it.
type Administrator struct {
	AccountID   string       `json:"account_id"`
	Username    string       `json:"username"`
	Name        string       `json:"name,omitempty" doc:"Of the person, where the account is verified"`
	MaskedPhone *string      `json:"masked_phone"`
	Level       access.Level `json:"level" enum:"province,city,county,school,service"`
	ScopeID     string       `json:"scope_id"`
	ScopeName   string       `json:"scope_name"`
	GrantedAt   time.Time    `json:"granted_at"`
	Ready       bool         `json:"ready" doc:"False until a first sign-in has replaced the one-time code"`
	MayDismiss  bool         `json:"may_dismiss" doc:"Whether the caller stands above the scope"`
}

// Appointment is a new administrator. A new account comes with a one-time code, which is shown to nobody again.
type Appointment struct {
	Administrator
	OneTimeCode *OneTimeCode `json:"one_time_code" doc:"Null for an account that existed already"`
}

// scope is a grant on something: a division or a school that exists, and where it lies.
type scope struct {
	access.Grant
	name  string
	place access.Place
	into  string // the school that a school has become part of
}

// open answers scope_merged for a school that has become part of another: who administers it could do nothing there.
func (on scope) open() error {
	if on.into == "" {
		return nil
	}
	return errScopeMerged.New(fault.Field("scope_id", "school_merged_into"), fault.Arg("from", on.name), fault.Arg("school", on.into))
}

// notice is the key of what the holder of the grant is told.
func (on scope) notice(what string) string {
	if on.Level == access.Service {
		what += "_service"
	}
	return "notice." + what
}

// scopeOf finds what a grant is on, or answers not_found for the field.
func (s *Service) scopeOf(ctx context.Context, q db.Querier, g access.Grant) (scope, error) {
	found := scope{Grant: g, place: access.Place{Region: g.ScopeID}}
	var err error
	if g.Level == access.School {
		found.place.School = g.ScopeID
		err = q.QueryRow(ctx, `SELECT s.name, s.region, coalesce(m.name, '') FROM schools s LEFT JOIN schools m ON m.id = s.merged_into WHERE s.id = $1`, g.ScopeID).
			Scan(&found.name, &found.place.Region, &found.into)
	} else {
		err = q.QueryRow(ctx, `SELECT name FROM regions WHERE code = $1 AND $2 IN (level, 'service')`, g.ScopeID, string(g.Level)).Scan(&found.name)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return found, fault.ErrNotFound.New(fault.Field("scope_id", "not_found"))
	}
	return found, err
}

// openScope finds what a grant that is about to be written is on: no merger of the school begins before the transaction ends. Errors:
// those of scopeOf; scope_merged.
func (s *Service) openScope(ctx context.Context, tx *db.Tx, g access.Grant) (scope, error) {
	var held string
	if err := tx.QueryRow(ctx, `SELECT coalesce(max(id), '') FROM (SELECT id FROM schools WHERE id = $1`+tx.ForShare()+`) s`, g.ScopeID).Scan(&held); err != nil {
		return scope{}, err
	}
	on, err := s.scopeOf(ctx, tx, g)
	if err == nil {
		err = on.open()
	}
	return on, err
}

// Appoint gives an account a grant on a scope below the actor's own. Without existing, the account is made, with a one-time
// code for its first sign-in; with it, the account of that username, which the actor must be able to help already, gets the grant and is told by
// SMS. Errors: username_invalid; invalid for one's own account, for one beyond the actor's scope, and for one whose one-time code is open; account_there where existing was not asked for; not_found for a scope that the actor does not reach, and
// for a username that nobody has; already_administrator; scope_merged.
func (s *Service) Appoint(ctx context.Context, username string, g access.Grant, existing bool) (Appointment, error) {
	place, err := s.scopeOf(ctx, s.db, g)
	if err != nil {
		return Appointment{}, err
	}
	if !access.ActorFrom(ctx).MayGrant(g.Level, place.place) {
		return Appointment{}, fault.ErrNotFound.New(fault.Field("scope_id", "not_found"))
	}
	username = strings.TrimSpace(username)
	var code *OneTimeCode
	if existing {
		err = s.promote(ctx, username, g)
	} else {
		var made OneTimeCode
		made, err = s.CreateAdministrator(ctx, NewAdministrator{username, g})
		code = &made
		if fault.Is(err, ErrUsernameTaken) {
			err = errAccountThere.New(fault.Field("username", "account_there"), fault.Next("appoint_existing", ""))
		}
	}
	if err != nil {
		return Appointment{}, err
	}
	all, err := s.administrators(ctx, `a.id = (SELECT l.account_id FROM logins l WHERE l.login_key = $1) AND g.level = $2 AND g.scope_id = $3`, usernameKey(username), string(g.Level), g.ScopeID)
	if err != nil || len(all) == 0 {
		return Appointment{}, err
	}
	return Appointment{all[0], code}, nil
}

// promote gives an account that is there already a grant.
func (s *Service) promote(ctx context.Context, username string, g access.Grant) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		on, err := s.openScope(ctx, tx, g)
		if err != nil {
			return err
		}
		id, err := s.appointable(ctx, tx, username)
		if err != nil {
			return err
		}
		added, err := tx.Exec(ctx, `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			id, string(g.Level), g.ScopeID, db.At(s.now()))
		if err != nil {
			return err
		}
		if n, err := added.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return ErrAlreadyAdministrator.New(fault.Field("username", "already_administrator"), fault.Arg("scope", on.name))
		}
		// An account that its owner's school could give a new password by a slip needs a phone from now on.
		if _, err := tx.Exec(ctx, `UPDATE accounts SET phone_free = false WHERE id = $1`, id); err != nil {
			return err
		}
		// Whoever administers again is told of no merger when that has ended, too.
		if _, err := tx.Exec(ctx, `DELETE FROM merged_grants WHERE account_id = $1`, id); err != nil {
			return err
		}
		if err := s.recordGrant(ctx, tx, "account.appoint", id, on, ""); err != nil {
			return err
		}
		return s.Notify(ctx, tx, id, on.notice("appointed"), map[string]any{"scope": on.name})
	})
}

// appointable is the account of a username, held, which the actor may give a grant: one that they help already, for a grant puts it within
// their reach, and none that somebody below them has just prepared a one-time code for. Errors: not_found and invalid, for the username.
func (s *Service) appointable(ctx context.Context, tx *db.Tx, username string) (id string, err error) {
	refused := func(why string) error { return fault.ErrInvalid.New(fault.Field("username", why)) }
	id, err = idOf(ctx, tx, username)
	switch {
	case fault.Is(err, fault.ErrNotFound):
		return "", fault.ErrNotFound.New(fault.Field("username", "not_found"))
	case err != nil:
		return "", err
	case id == access.ActorFrom(ctx).AccountID:
		return "", refused("own_account")
	}
	err = s.manage(ctx, tx, id)
	if fault.Is(err, fault.ErrNotFound) { // of a school that has become part of another its administrator may go on here
		condition, args := access.ActorFrom(ctx).Reach(access.AdministratorsManage).SQL("s.region", "s.id", 2)
		var merged bool
		if failed := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM merged_grants m JOIN schools s ON s.id = m.school_id WHERE m.account_id = $1 AND `+condition+`)`,
			append([]any{id}, args...)...).Scan(&merged); failed != nil {
			return "", failed
		}
		if merged {
			err = nil
		}
	}
	switch {
	case fault.Is(err, fault.ErrNotFound), fault.Is(err, fault.ErrForbidden):
		return "", refused("account_beyond_scope")
	case err != nil:
		return "", err
	}
	account, err := s.load(ctx, tx, id)
	if err == nil && account.passwordExpires.Valid && account.passwordExpires.Time.After(s.now()) {
		err = refused("one_time_code_open")
	}
	return id, err
}

// Dismiss takes a grant below the actor's own away, with a reason, and tells its holder. Errors: not_found also where the
// actor does not stand above the scope; invalid without a reason.
func (s *Service) Dismiss(ctx context.Context, accountID string, g access.Grant, reason string) error {
	reason, err := audit.Reason(reason)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		on, err := s.scopeOf(ctx, tx, g)
		if err != nil {
			return err
		}
		if !access.ActorFrom(ctx).MayGrant(g.Level, on.place) {
			return fault.ErrNotFound.New()
		}
		gone, err := tx.Exec(ctx, `DELETE FROM grants WHERE account_id = $1 AND level = $2 AND scope_id = $3`, accountID, string(g.Level), g.ScopeID)
		if err != nil {
			return err
		}
		if n, err := gone.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return fault.ErrNotFound.New()
		}
		if err := s.recordGrant(ctx, tx, "account.dismiss", accountID, on, reason); err != nil {
			return err
		}
		return s.Notify(ctx, tx, accountID, on.notice("dismissed"), map[string]any{"scope": on.name})
	})
}

// recordGrant records a change of an account's grants where the scope lies, which those above it read.
func (s *Service) recordGrant(ctx context.Context, tx *db.Tx, action, accountID string, on scope, reason string) error {
	account, err := s.MaskedOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	name := on.name
	if on.Level == access.Service {
		name = messages.Text(messages.Chinese, "scope.service", map[string]any{"region": name})
	}
	return audit.Record(ctx, tx, audit.Event{
		Action: action, Target: "account", TargetID: accountID, Place: on.place, Reason: reason,
		Details: map[string]any{"level": on.Level, "scope": name, "masked_username": account.MaskedUsername},
	})
}

// AdministratorFilter narrows the list; an empty part does not.
type AdministratorFilter struct {
	Level    access.Level
	SchoolID string
}

// Administrators lists the grants within the actor's scope, by age of their accounts.
func (s *Service) Administrators(ctx context.Context, f AdministratorFilter, page server.PageInput) (server.Page[Administrator], error) {
	condition, args := access.ActorFrom(ctx).Reach(access.AdministratorsManage).SQL("coalesce(s.region, g.scope_id)", "g.scope_id", 1)
	add := func(sql string, values ...any) {
		numbers := make([]any, len(values))
		for i := range values {
			numbers[i] = len(args) + i + 1
		}
		args = append(args, values...)
		condition += fmt.Sprintf(sql, numbers...)
	}
	if f.Level != "" {
		add(" AND g.level = $%d", string(f.Level))
	}
	if f.SchoolID != "" {
		add(" AND g.level = 'school' AND g.scope_id = $%d", f.SchoolID)
	}
	if after := strings.Split(page.Cursor, ":"); len(after) == 3 {
		add(" AND (g.account_id, g.level, g.scope_id) > ($%d, $%d, $%d)", after[0], after[1], after[2])
	}
	add(" ORDER BY g.account_id, g.level, g.scope_id LIMIT $%d", page.Limit+1)
	all, err := s.administrators(ctx, condition, args...)
	if err != nil {
		return server.Page[Administrator]{}, err
	}
	return server.NewPage(all, page.Limit, func(a Administrator) string {
		return strings.Join([]string{a.AccountID, string(a.Level), a.ScopeID}, ":")
	}), nil
}

func (s *Service) administrators(ctx context.Context, condition string, args ...any) ([]Administrator, error) {
	rows, err := s.db.Query(ctx, `SELECT a.id, a.username, a.phone_sealed, a.replace_password, g.level, g.scope_id, g.created_at,
			coalesce(s.name, r.name, ''), coalesce(s.region, g.scope_id), coalesce(s.id, ''), coalesce(e.name, '')
		FROM grants g JOIN accounts a ON a.id = g.account_id LEFT JOIN bindings b ON b.account_id = a.id LEFT JOIN registry_entries e ON e.id = b.entry_id
		LEFT JOIN schools s ON g.level = 'school' AND s.id = g.scope_id LEFT JOIN regions r ON g.level <> 'school' AND r.code = g.scope_id
		WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	actor := access.ActorFrom(ctx)
	all := []Administrator{}
	for rows.Next() {
		var a Administrator
		var phone []byte
		var waits bool
		var granted db.Time
		var at access.Place
		if err := rows.Scan(&a.AccountID, &a.Username, &phone, &waits, &a.Level, &a.ScopeID, &granted, &a.ScopeName, &at.Region, &at.School, &a.Name); err != nil {
			return nil, err
		}
		if phone != nil {
			plain, err := s.vault.Open(phonePurpose, phone)
			if err != nil {
				return nil, err
			}
			a.MaskedPhone = masked(plain)
		}
		a.GrantedAt, a.Ready, a.MayDismiss = granted.Time, !waits, actor.MayGrant(a.Level, at)
		all = append(all, a)
	}
	return all, rows.Err()
}
