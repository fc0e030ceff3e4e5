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
