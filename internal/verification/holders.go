package verification

import (
	"context"
	"time"

	"caotang/internal/db"
	"caotang/internal/roster"
)

// Holder is an account that stands for an entry.
type Holder struct {
	AccountID string
	BoundAt   time.Time

	GuardianName string // of a guardian: what they are called, as they told it
	Relation     Relation
}

// HoldersOf lists the accounts that stand for an entry as kind: the guardians of a student for a parent, and otherwise the
// one that the entry is bound to, if any.
func (s *Service) HoldersOf(ctx context.Context, q db.Querier, entry roster.Entry, kind string) ([]Holder, error) {
	query := `SELECT account_id, bound_at, '', '' FROM bindings WHERE entry_id = $1`
	if kind == Parent && entry.Kind == Student {
		query = `SELECT l.account_id, l.created_at, coalesce(g.guardian_name, ''), coalesce(g.relation, '') FROM guardian_links l
			LEFT JOIN guardian_requests g ON g.id = l.id WHERE l.entry_id = $1 ORDER BY l.id`
	}
	rows, err := q.Query(ctx, query, entry.ID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []Holder
	for rows.Next() {
		var h Holder
		var at db.Time
		if err := rows.Scan(&h.AccountID, &at, &h.GuardianName, &h.Relation); err != nil {
			return nil, err
		}
		h.BoundAt = at.Time
		all = append(all, h)
	}
	return all, rows.Err()
}
