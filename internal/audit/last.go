package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
)

// LastActor answers who did one of the actions to a target last, of those whose details mention a word; "" when nobody has.
// The target's place narrows the search to its school's records.
func LastActor(ctx context.Context, q db.Querier, place access.Place, target, id, mentioning string, actions ...string) (actor string, err error) {
	args := []any{place.School, target, id, "%" + mentioning + "%"}
	var list []string
	for _, action := range actions {
		args = append(args, action)
		list = append(list, fmt.Sprintf("$%d", len(args)))
	}
	err = q.QueryRow(ctx, `SELECT actor_id FROM audit_records WHERE school_id = $1 AND target = $2 AND target_id = $3 AND details LIKE $4
		AND action IN (`+strings.Join(list, ", ")+`) ORDER BY id DESC LIMIT 1`, args...).Scan(&actor)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return actor, err
}

// LastWith answers who did an action to a target last, of the records whose details mention a word, and whether the same
// request did another action to it; the actor is "" where it happened by itself. Not found, it was never done.
func LastWith(ctx context.Context, q db.Querier, target, id, mentioning, action, other string) (actor string, with, found bool, err error) {
	err = q.QueryRow(ctx, `SELECT r.actor_id, r.request_id <> '' AND EXISTS (SELECT 1 FROM audit_records o
			WHERE o.target_id = r.target_id AND o.target = r.target AND o.action = $5 AND o.request_id = r.request_id)
		FROM audit_records r WHERE r.target_id = $1 AND r.target = $2 AND r.action = $3 AND r.details LIKE $4 ORDER BY r.id DESC LIMIT 1`,
		id, target, action, "%"+mentioning+"%", other).Scan(&actor, &with)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, false, nil
	}
	return actor, with, err == nil, err
}
