package transfers

import (
	"context"
	"slices"
	"time"

	"caotang/internal/db"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

// AllOf lists the requests that an account made, the newest first, up to limit, for their author alone.
func (s *Service) AllOf(ctx context.Context, q db.Querier, accountID string, limit int) ([]Transfer, error) {
	all, err := s.rows(ctx, q, " WHERE t.account_id = $1 ORDER BY t.id DESC LIMIT $2", accountID, limit)
	own := make([]Transfer, len(all))
	for i, r := range all {
		own[i] = r.forReader(accountID)
	}
	return own, err
}

// Opposed is a change of school that a guardian objected to, in their own words.
type Opposed struct {
	MaskedName string           `json:"masked_name" doc:"The child's"`
	FromSchool roster.SchoolRef `json:"from_school"`
	ToSchool   roster.SchoolRef `json:"to_school"`
	Reason     string           `json:"reason"`
	At         time.Time        `json:"at"`
}

// OpposedBy lists what an account said against children's changes of school and has not taken back, the newest request first, up
// to limit, for its author alone.
func (s *Service) OpposedBy(ctx context.Context, q db.Querier, accountID string, limit int) ([]Opposed, error) {
	type said struct {
		id, reason string
		at         db.Time
	}
	all, err := db.Collect(ctx, q, `SELECT transfer_id, reason, at FROM transfer_objections WHERE account_id = $1 ORDER BY transfer_id DESC LIMIT $2`, []any{accountID, limit},
		func(o *said) []any { return []any{&o.id, &o.reason, &o.at} })
	if err != nil || len(all) == 0 {
		return []Opposed{}, err
	}
	ids := make([]string, len(all))
	for i, o := range all {
		ids[i] = o.id
	}
	requests, err := s.rows(ctx, q, " WHERE t.id IN ("+db.Placeholders(len(ids))+")", db.Args(ids)...)
	if err != nil {
		return nil, err
	}
	opposed := make([]Opposed, len(all))
	for i, o := range all {
		r := requests[slices.IndexFunc(requests, func(r row) bool { return r.ID == o.id })]
		opposed[i] = Opposed{vault.MaskName(r.Name), r.FromSchool, r.ToSchool, o.reason, o.at.Time}
	}
	return opposed, nil
}

// Forsake ends the pending requests of an account that is being closed, and removes from all of them what it wrote, in the
// caller's transaction. That an entry was moved, or was to be, stays for the schools.
func (s *Service) Forsake(ctx context.Context, tx *db.Tx, accountID string) error {
	pending, err := s.rows(ctx, tx, " WHERE t.account_id = $1 AND t.state = $2", accountID, string(Pending))
	if err != nil {
		return err
	}
	for _, r := range pending {
		if err := s.close(ctx, tx, r, Cancelled, moot); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "moot", ""); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM transfer_objections WHERE account_id = $1`, accountID); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE transfers SET reason = '' WHERE account_id = $1`, accountID)
	return err
}

// Succeed lets a pending request go on for the entry that took the place of the one that it was made for, in the caller's
// transaction, which holds that one.
func (s *Service) Succeed(ctx context.Context, tx *db.Tx, oldID, newID string) error {
	if _, err := tx.Exec(ctx, `UPDATE transfers SET entry_id = $1 WHERE id = (SELECT transfer_id FROM open_transfers WHERE entry_id = $2)`, newID, oldID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE open_transfers SET entry_id = $1 WHERE entry_id = $2`, newID, oldID)
	return err
}
