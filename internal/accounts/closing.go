package accounts

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/sms"
	"caotang/internal/vault"
)

// Closing an account takes a while, so that nobody loses it in anger or to somebody who sat down at their computer: until
// then it signs in for nothing but to be kept, or to fetch its data. A freeze and a lost account's return end the wait, for
// somebody else may have asked. What is left afterwards is a row without anything personal, which old tickets and records
// refer to.

var errLastAdministrator = fault.Define(fault.Conflict, "last_administrator")

// Closing tells how closing an account stands.
type Closing struct {
	WaitDays int        `json:"wait_days" doc:"How long an account may still be kept after its owner asked to close it"`
	ClosesAt *time.Time `json:"closes_at" doc:"When it will be closed; null unless that has been asked for"`
	LastOf   []string   `json:"last_administrator_of" doc:"Scopes that nobody else administers: they must be handed over first"`
}

// ClosingOf tells how closing the actor's account stands.
func (s *Service) ClosingOf(ctx context.Context) (Closing, error) {
	accountID := access.ActorFrom(ctx).AccountID
	r, err := s.load(ctx, s.db, accountID)
	if err != nil {
		return Closing{}, err
	}
	last, err := lastOf(ctx, s.db, accountID)
	return Closing{WaitDays: s.closingDays(), ClosesAt: r.closesAt.Ptr(), LastOf: last}, err
}

// closingDays rounds up: nobody is told of more time than they have had.
func (s *Service) closingDays() int {
	const day = 24 * time.Hour
	return int((s.config.ClosingWait + day - 1) / day)
}

// AskClosing begins the wait at whose end the actor's account is closed, and ends its other sessions. It asks for the
// password and, where a phone is bound, for a code of that phone; the phone is told. Asking again changes nothing. Errors:
// password_wrong, sms_code_wrong, last_administrator while nobody else administers a scope of theirs.
func (s *Service) AskClosing(ctx context.Context, password, code string) (Closing, error) {
	actor := access.ActorFrom(ctx)
	if err := s.CheckPassword(ctx, actor.AccountID, password); err != nil {
		return Closing{}, err
	}
	account, err := s.load(ctx, s.db, actor.AccountID)
	if err != nil {
		return Closing{}, err
	}
	var proof sms.Proof
	if account.phone != "" {
		if proof, err = s.sms.Guess(ctx, account.phone, sms.CloseAccount, code); err != nil {
			return Closing{}, err
		}
	}
	closes := db.At(s.now().Add(s.config.ClosingWait))
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if account.phone != "" {
			if err := proof.Use(ctx, tx); err != nil {
				return err
			}
		}
		if err := holdScopes(ctx, tx, actor.AccountID); err != nil {
			return err
		}
		if last, err := lastOf(ctx, tx, actor.AccountID); err != nil {
			return err
		} else if len(last) > 0 {
			return errLastAdministrator.New(fault.Arg("scope", last[0]), fault.Detail("scopes", last))
		}
		asked, err := tx.Exec(ctx, `UPDATE accounts SET closes_at = $1, updated_at = $2 WHERE id = $3 AND closes_at IS NULL`,
			closes, db.At(s.now()), actor.AccountID)
		if err != nil {
			return err
		}
		if n, err := asked.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := s.unfrozen(ctx, tx, actor.AccountID); err != nil { // since the password was looked at
			return err
		}
		if _, err := endSessions(ctx, tx, actor.AccountID, actor.SessionID); err != nil {
			return err
		}
		if err := s.record(ctx, tx, actor.AccountID, audit.Event{
			Action: "account.ask_closing", Details: map[string]any{"closes_at": closes.Format(time.RFC3339)},
		}); err != nil {
			return err
		}
		return s.Tell(ctx, tx, actor.AccountID, ClosingAsked, map[string]any{"date": chineseDay(closes)})
	})
	if err != nil {
		return Closing{}, err
	}
	return s.ClosingOf(ctx)
}

// CancelClosing keeps the actor's account, and tells its phone. Errors: not_found when nobody asked to close it.
func (s *Service) CancelClosing(ctx context.Context) error {
	accountID := access.ActorFrom(ctx).AccountID
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		kept, err := s.keep(ctx, tx, accountID)
		if err == nil && !kept {
			err = fault.ErrNotFound.New()
		}
		if err != nil {
			return err
		}
		return s.Tell(ctx, tx, accountID, ClosingCancelled, nil)
	})
}

// StopClosing keeps an account that is being closed where its owner may not be who asked for it. The caller tells them.
func (s *Service) StopClosing(ctx context.Context, tx *db.Tx, accountID string) error {
	_, err := s.keep(ctx, tx, accountID)
	return err
}

// keep ends the wait at whose end an account is closed, and reports whether there was one.
func (s *Service) keep(ctx context.Context, tx *db.Tx, accountID string) (bool, error) {
	kept, err := tx.Exec(ctx, `UPDATE accounts SET closes_at = NULL, updated_at = $1
		WHERE id = $2 AND closes_at IS NOT NULL AND closed_at IS NULL`, db.At(s.now()), accountID)
	if err != nil {
		return false, err
	}
	if n, err := kept.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	return true, s.record(ctx, tx, accountID, audit.Event{Action: "account.cancel_closing"})
}

// holdScopes makes administrators of one scope who close their accounts at once take turns: the second then counts without
// the first.
func holdScopes(ctx context.Context, tx *db.Tx, accountID string) error {
	for _, hold := range []string{
		`UPDATE regions SET name = name WHERE code IN (SELECT scope_id FROM grants WHERE account_id = $1 AND level <> 'school')`,
		`UPDATE schools SET name = name WHERE id IN (SELECT scope_id FROM grants WHERE account_id = $1 AND level = 'school')`,
	} {
		if _, err := tx.Exec(ctx, hold, accountID); err != nil {
			return err
		}
	}
	return nil
}

// lastOf names the scopes that the account administers and nobody else does, or only somebody whose account is being closed.
func lastOf(ctx context.Context, q db.Querier, accountID string) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT coalesce(r.name, s.name, g.scope_id) FROM grants g
		LEFT JOIN regions r ON g.level <> 'school' AND r.code = g.scope_id
		LEFT JOIN schools s ON g.level = 'school' AND s.id = g.scope_id
		WHERE g.account_id = $1 AND NOT EXISTS (SELECT 1 FROM grants o JOIN accounts a ON a.id = o.account_id
			WHERE o.level = g.level AND o.scope_id = g.scope_id AND o.account_id <> g.account_id AND a.closes_at IS NULL)
		ORDER BY g.level, g.scope_id`, accountID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	last := []string{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		last = append(last, name)
	}
	return last, rows.Err()
}

// WaitingClosing is an account of the actor's scope that will be closed.
type WaitingClosing struct {
	MaskedUsername string
	School         string
	ClosesAt       time.Time
}

// WaitingClosings lists up to limit accounts of the actor's scope that their owners have asked to close, the next first.
func (s *Service) WaitingClosings(ctx context.Context, limit int) ([]WaitingClosing, error) {
	condition, args := access.ActorFrom(ctx).Reach(access.AccountsManage).SQL("s.region", "s.id", 2)
	type row struct {
		WaitingClosing
		closes db.Time
	}
	found, err := db.Collect(ctx, s.db, `SELECT a.username, s.name, a.closes_at FROM accounts a JOIN bindings b ON b.account_id = a.id JOIN schools s ON s.id = b.school_id
		WHERE a.closes_at IS NOT NULL AND `+condition+` ORDER BY a.closes_at, a.id LIMIT $1`, append([]any{limit}, args...), func(r *row) []any {
		return []any{&r.MaskedUsername, &r.School, &r.closes}
	})
	all := make([]WaitingClosing, len(found))
	for i, r := range found {
		all[i] = WaitingClosing{vault.MaskUsername(r.MaskedUsername), r.School, r.closes.Time}
	}
	return all, err
}

// DueClosings names up to limit accounts whose wait is over, the longest over first.
func (s *Service) DueClosings(ctx context.Context, limit int) (ids []string, err error) {
	rows, err := s.db.Query(ctx, `SELECT id FROM accounts WHERE closes_at <= $1 ORDER BY closes_at LIMIT $2`, db.At(s.now()), limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Erase closes an account whose wait is over, within the transaction, and reports whether it did: its owner may just have
// kept it, or another process closed it. Its phone is told, a last time. Username and phone are free again; what other
// rooms keep about the account, the caller removes in the same transaction.
func (s *Service) Erase(ctx context.Context, tx *db.Tx, accountID string) (erased bool, err error) {
	now := db.At(s.now())
	// This comes first, so that of all who would close, keep or freeze the account one goes on.
	due, err := tx.Exec(ctx, `UPDATE accounts SET updated_at = $1 WHERE id = $2 AND closes_at <= $1 AND closed_at IS NULL`, now, accountID)
	if err != nil {
		return false, err
	}
	if n, err := due.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	account, err := s.load(ctx, tx, accountID)
	if err != nil {
		return false, err
	}
	if err := s.record(ctx, tx, accountID, audit.Event{Action: "account.close"}); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `UPDATE accounts SET closed_at = $1, closes_at = NULL, username = '', password_hash = '', role = 'public',
			phone_sealed = NULL, phone_free = false, replace_password = false, password_expires = NULL, factors = '' WHERE id = $2`, now, accountID); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM notice_links WHERE event_id IN (SELECT id FROM security_events WHERE account_id = $1)`, accountID); err != nil {
		return false, err
	}
	phoneNow, phoneBefore := s.phoneKeys(account.phone)
	if _, err := tx.Exec(ctx, `DELETE FROM logins WHERE login_key IN ($1, $2, $3, $4) AND account_id = $5`,
		usernameKey(account.username), exactKey(account.username), phoneNow, phoneBefore, accountID); err != nil {
		return false, err
	}
	for _, table := range []string{"sessions", "known_addresses", "grants", "merged_grants", "recovery_contacts", "security_events"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE account_id = $1", accountID); err != nil {
			return false, err
		}
	}
	if err := s.guard.Forgive(ctx, tx, s.ownPassword(accountID)); err != nil {
		return false, err
	}
	if account.reach() == "" {
		return true, nil
	}
	return true, s.sms.Notify(ctx, tx, account.reach(), "notice.account_closed", nil)
}

// chineseDay is a day in China as a text message names it.
func chineseDay(t db.Time) string { return t.Add(8 * time.Hour).Format("2006年1月2日") }
