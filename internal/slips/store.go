package slips

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/lookup"
	"caotang/internal/vault"
)

// State is how far somebody's slip has come.
type State string

// The states. Whoever was activated, by a slip or otherwise, has no use for one: see [Holder.Activated].
const (
	None    State = "none"
	Unused  State = "unused"
	Used    State = "used"
	Expired State = "expired"
	Ended   State = "ended"
)

// Holder is somebody of a group, and how far their slip has come.
type Holder struct {
	EntryID        string     `json:"entry_id"`
	Name           string     `json:"name"`
	State          State      `json:"state" enum:"none,unused,used,expired,ended" doc:"Of the slip"`
	Purpose        string     `json:"purpose,omitempty" enum:"activate,reset_password" doc:"What the slip is for; absent without one"`
	ExpiresAt      *time.Time `json:"expires_at" doc:"Until when the slip is valid; null without one"`
	UsedAt         *time.Time `json:"used_at"`
	Activated      bool       `json:"activated" doc:"An account is bound to them, by whatever way"`
	MaskedUsername string     `json:"masked_username,omitempty" doc:"Of that account"`
	CanReset       bool       `json:"can_reset" doc:"That account has no phone and no second factor, and administers nothing: a slip sets its password anew"`

	accountID string
	live      bool // has a slip that still works
}

// holders answers everybody of a group in the order in which the registry took them.
func (s *Service) holders(ctx context.Context, q db.Querier, g group) ([]Holder, error) {
	condition, args := g.condition()
	rows, err := q.Query(ctx, `SELECT e.id, e.name, coalesce(a.id, ''), coalesce(a.username, ''),
			coalesce(`+accounts.ResetVouchedSQL("a")+`, false), p.entry_id IS NOT NULL, p.account_id, p.expires_at, p.used_at, p.ended_at
		FROM registry_entries e LEFT JOIN bindings b ON b.entry_id = e.id LEFT JOIN accounts a ON a.id = b.account_id
		LEFT JOIN activation_slips p ON p.entry_id = e.id
		WHERE `+condition+` ORDER BY e.id`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	now := s.now()
	var all []Holder
	for rows.Next() {
		var h Holder
		var username string
		var has bool
		var resets sql.NullString
		var expires, used, ended db.NullTime
		if err := rows.Scan(&h.EntryID, &h.Name, &h.accountID, &username, &h.CanReset, &has, &resets, &expires, &used, &ended); err != nil {
			return nil, err
		}
		if h.Activated = h.accountID != ""; h.Activated {
			h.MaskedUsername = vault.MaskUsername(username)
		}
		if h.State = None; has {
			h.State, h.ExpiresAt, h.UsedAt = stateOf(expires, used, ended, now), expires.Ptr(), used.Ptr()
			if h.Purpose = Activate; resets.Valid {
				h.Purpose = ResetPassword
			}
			// A slip to activate somebody who has been activated otherwise works no more, and one to reset another's password neither.
			if h.State == Unused && resets.String != h.accountID {
				h.State = Ended
			}
			h.live = h.State == Unused
		}
		all = append(all, h)
	}
	return all, rows.Err()
}

func stateOf(expires, used, ended db.NullTime, now time.Time) State {
	switch {
	case used.Valid:
		return Used
	case ended.Valid:
		return Ended
	case !expires.Time.After(now):
		return Expired
	}
	return Unused
}

// slip is a row of activation_slips.
type slip struct {
	entryID   string
	accountID string // whose password it resets; "" when it activates
	state     State
	expiresAt time.Time
}

func (p slip) purpose() string {
	if p.accountID == "" {
		return Activate
	}
	return ResetPassword
}

// find answers the slip with a code, or false.
func (s *Service) find(ctx context.Context, q db.Querier, code string) (slip, bool, error) {
	var p slip
	var expires, used, ended db.NullTime
	index, before := s.vault.Asked(s.index(code))
	err := q.QueryRow(ctx, `SELECT entry_id, coalesce(account_id, ''), expires_at, used_at, ended_at FROM activation_slips WHERE code_index IN ($1, $2)`,
		index, before).Scan(&p.entryID, &p.accountID, &expires, &used, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	p.state, p.expiresAt = stateOf(expires, used, ended, s.now()), expires.Time.Time
	return p, err == nil, err
}

func (s *Service) index(code string) []byte { return s.vault.Index("activation_slip", code) }

// adult tells whether an account is no pupil's, whatever slip its owner holds: registered as a parent, a guardian's or of somebody who
// asks to be one, or bound as anybody but a pupil.
func (s *Service) adult(ctx context.Context, q db.Querier, accountID string) (adult bool, err error) {
	if adult, err = s.verification.IsGuardian(ctx, q, accountID); err != nil || adult {
		return adult, err
	}
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM accounts WHERE id = $1 AND role = 'parent')
		OR EXISTS (SELECT 1 FROM bindings WHERE account_id = $1 AND kind <> 'student')`, accountID).Scan(&adult)
	return adult, err
}

// put gives an entry a slip in place of the one it has. One that still works stays, and put reports false, unless replace
// says otherwise: it is asked here again, for somebody else may be printing.
func (s *Service) put(ctx context.Context, tx *db.Tx, h Holder, code string, expires db.Time, replace bool) (bool, error) {
	var account any
	if h.accountID != "" {
		account = h.accountID
	}
	index, err := lookup.Value(ctx, tx, s.vault, s.index(code))
	if err != nil {
		return false, err
	}
	now := db.At(s.now())
	result, err := tx.Exec(ctx, `INSERT INTO activation_slips (entry_id, code_index, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (entry_id) DO UPDATE SET code_index = excluded.code_index, account_id = excluded.account_id,
			created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL, used_by = NULL, ended_at = NULL
		WHERE $6 OR activation_slips.used_at IS NOT NULL OR activation_slips.ended_at IS NOT NULL OR activation_slips.expires_at <= $4
			OR coalesce(activation_slips.account_id, '') <> coalesce(excluded.account_id, '')`,
		h.EntryID, index, account, now, expires, replace)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// end ends a slip that still works.
func (s *Service) end(ctx context.Context, tx *db.Tx, entryID string) (bool, error) {
	result, err := tx.Exec(ctx, `UPDATE activation_slips SET ended_at = $1
		WHERE entry_id = $2 AND used_at IS NULL AND ended_at IS NULL AND expires_at > $1`, db.At(s.now()), entryID)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// take uses a slip up. Of any number who take one at once exactly one succeeds.
func (s *Service) take(ctx context.Context, tx *db.Tx, code, accountID string) (taken bool, err error) {
	index, before := s.vault.Asked(s.index(code))
	result, err := tx.Exec(ctx, `UPDATE activation_slips SET used_at = $1, used_by = $2
		WHERE code_index IN ($3, $4) AND used_at IS NULL AND ended_at IS NULL AND expires_at > $1`, db.At(s.now()), accountID, index, before)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}
