package support

import (
	"context"
	"fmt"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/roster"
)

// lateSQL is the condition that an open ticket is late, here or at a level below; the argument is now.
const lateSQL = `(t.escalated_at IS NOT NULL OR t.due_at < $%d)`

// waitsSQL is the condition that an open ticket waits for the actor: one of their grants covers it, and it has come up to
// their level.
func waitsSQL(actor access.Actor, firstArg int) (condition string, args []any) {
	parts := []string{"1 = 0"}
	for _, grant := range actor.GrantsFor(access.TicketsAnswer) {
		within, more := access.Actor{Grants: []access.Grant{grant}}.Reach(access.TicketsAnswer).SQL(regionSQL, "t.school_id", firstArg+len(args))
		parts, args = append(parts, within+ownedSQL[grant.Level]), append(args, more...)
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

// ownedSQL narrows what a grant of a level covers to what that level owns, or those above it.
var ownedSQL = map[access.Level]string{
	access.School:   " AND t.appeals IS NULL",
	access.County:   " AND t.level <> 'school'",
	access.City:     " AND t.level IN ('city', 'province')",
	access.Province: " AND t.level = 'province'",
}

// Desk lists tickets of the caller's scope, the newest first, up to the limit.
func (s *Service) Desk(ctx context.Context, wanted deadlines.Wanted) ([]AdminTicket, error) {
	actor := access.ActorFrom(ctx)
	condition, args := reachSQL(actor.Reach(access.TicketsRead), regionSQL)
	and := func(sql string, more ...any) {
		condition, args = condition+" AND "+sql, append(args, more...)
	}
	if wanted.View == deadlines.Ended {
		and("t.state <> 'open'")
	} else if wanted.ID == "" {
		and("t.state = 'open'")
	}
	switch wanted.View {
	case deadlines.Waiting:
		waits, more := waitsSQL(actor, len(args)+1)
		and(waits, more...)
	case deadlines.Taken:
		and(fmt.Sprintf("t.taken_by = $%d", len(args)+1), actor.AccountID)
	case deadlines.Overdue:
		and(fmt.Sprintf(lateSQL, len(args)+1), db.At(s.now()))
	}
	for _, filter := range []struct{ sql, value string }{
		{"t.kind = $%d", string(wanted.Kind)}, {"t.school_id = $%d", wanted.SchoolID}, {"t.id < $%d", wanted.Before}, {"t.id >= $%d", wanted.ID}, {"t.id <= $%d", wanted.LastID()},
	} {
		if filter.value != "" {
			and(fmt.Sprintf(filter.sql, len(args)+1), filter.value)
		}
	}
	all, err := s.rows(ctx, s.db, fmt.Sprintf(" WHERE %s ORDER BY t.id DESC LIMIT %d", condition, wanted.Limit), args...)
	if err != nil {
		return nil, err
	}
	tickets := make([]AdminTicket, len(all))
	for i, r := range all {
		if tickets[i], err = s.forAdmin(r); err != nil {
			return nil, err
		}
		tickets[i].TakenMe = r.takenBy == actor.AccountID
	}
	return tickets, nil
}

// Late is a school with tickets that are late.
type Late struct {
	School roster.SchoolRef `json:"school"`
	Late   int              `json:"late"`
}

// LateSchools lists the schools of the caller's scope with the most late tickets, up to the limit.
func (s *Service) LateSchools(ctx context.Context, limit int) ([]Late, error) {
	within, args := reachSQL(access.ActorFrom(ctx).Reach(access.TicketsRead), "s.region")
	args = append(args, db.At(s.now()))
	return db.Collect(ctx, s.db, fmt.Sprintf(`SELECT s.id, s.name, count(*) FROM tickets t JOIN schools s ON s.id = t.school_id
		WHERE t.state = 'open' AND %s AND %s GROUP BY s.id, s.name ORDER BY count(*) DESC, s.id LIMIT %d`,
		fmt.Sprintf(lateSQL, len(args)), within, limit), args, func(l *Late) []any { return []any{&l.School.ID, &l.School.Name, &l.Late} })
}

// DeskCounts counts the open tickets of the caller's scope by kind.
func (s *Service) DeskCounts(ctx context.Context) ([]deadlines.Counts, error) {
	actor := access.ActorFrom(ctx)
	within, args := reachSQL(actor.Reach(access.TicketsRead), regionSQL)
	waits, more := waitsSQL(actor, len(args)+1)
	args = append(append(args, more...), actor.AccountID, db.At(s.now()))
	query := fmt.Sprintf(`SELECT kind, count(*), sum(waits), sum(taken), sum(late) FROM (
		SELECT t.kind, CASE WHEN %s THEN 1 ELSE 0 END AS waits, CASE WHEN t.taken_by = $%d THEN 1 ELSE 0 END AS taken,
			CASE WHEN %s THEN 1 ELSE 0 END AS late
		FROM tickets t LEFT JOIN schools s ON s.id = t.school_id WHERE t.state = 'open' AND %s LIMIT %d) AS o GROUP BY kind ORDER BY kind`,
		waits, len(args)-1, fmt.Sprintf(lateSQL, len(args)), within, deadlines.Most)
	return db.Collect(ctx, s.db, query, args, func(c *deadlines.Counts) []any {
		return []any{&c.Kind, &c.Open, &c.Waiting, &c.Taken, &c.Overdue}
	})
}
