package accounts

import (
	"context"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
)

var errRoleVerified = fault.Define(fault.Conflict, "role_verified")

// OwnSession is a device on which an account is signed in, as its owner sees it.
type OwnSession struct {
	Current   bool      `json:"current" doc:"The session that asks"`
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// maxOwnSessions bounds the list: nobody reads more.
const maxOwnSessions = 100

// OwnSessions lists the actor's sessions, the latest used first.
func (s *Service) OwnSessions(ctx context.Context) ([]OwnSession, error) {
	actor := access.ActorFrom(ctx)
	rows, err := s.db.Query(ctx, `SELECT id, address, user_agent, created_at, used_at, expires_at FROM sessions
		WHERE account_id = $1 AND expires_at > $2 AND used_at > $3 ORDER BY used_at DESC LIMIT $4`,
		actor.AccountID, db.At(s.now()), db.At(s.now().Add(-s.config.SessionIdle)), maxOwnSessions)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	sessions := []OwnSession{}
	for rows.Next() {
		var one OwnSession
		var id string
		var created, used, expires db.Time
		if err := rows.Scan(&id, &one.Address, &one.UserAgent, &created, &used, &expires); err != nil {
			return nil, err
		}
		one.Current, one.CreatedAt, one.UsedAt, one.ExpiresAt = id == actor.SessionID, created.Time, used.Time, expires.Time
		sessions = append(sessions, one)
	}
	return sessions, rows.Err()
}

// AllowExport confirms that whoever holds the session knows the password before all of the account's data is handed over, and
// records that it was. Errors: password_wrong, too_many_attempts.
func (s *Service) AllowExport(ctx context.Context, password string) error {
	accountID := access.ActorFrom(ctx).AccountID
	if err := s.CheckPassword(ctx, accountID, password); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		return s.record(ctx, tx, accountID, audit.Event{Action: "account.export_data"})
	})
}

// ChooseRole changes what the actor registered as, while no registry entry says who they are: role_verified then.
func (s *Service) ChooseRole(ctx context.Context, role string) (Account, error) {
	accountID := access.ActorFrom(ctx).AccountID
	if !slices.Contains(roles, role) {
		return Account{}, fault.ErrInvalid.New(fault.Field("role", "not_allowed"))
	}
	var after *record
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		result, err := tx.Exec(ctx, `UPDATE accounts SET role = $1, updated_at = $2 WHERE id = $3
			AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.account_id = accounts.id)
			AND NOT EXISTS (SELECT 1 FROM guardian_links g WHERE g.account_id = accounts.id)`, role, db.At(s.now()), accountID)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errRoleVerified.New(fault.Field("role", "role_verified"), fault.Next("my_binding", "/me"))
		}
		if err := s.record(ctx, tx, accountID, audit.Event{Action: "account.choose_role", Details: map[string]any{"role": role}}); err != nil {
			return err
		}
		after, err = s.load(ctx, tx, accountID)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return after.shown(), nil
}
