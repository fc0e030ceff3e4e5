package transfers

import (
	"context"
	"fmt"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/deadlines"
)

// waitsSQL is the condition that a pending request waits for the actor: for a school's answer, or, once it was late and handed
// up, for the county's.
func waitsSQL(actor access.Actor, firstArg int) (condition string, args []any) {
	var schools, counties access.Actor
	for _, grant := range actor.GrantsFor(access.TransfersDecide) {
		switch grant.Level {
		case access.School:
			schools.Grants = append(schools.Grants, grant)
		case access.County:
			counties.Grants = append(counties.Grants, grant)
		}
	}
	own, args := wantedSQL(schools.Reach(access.TransfersDecide), firstArg)
	handed, more := wantedSQL(counties.Reach(access.TransfersDecide), firstArg+len(args))
	return "(" + own + " OR t.escalated_at IS NOT NULL AND " + handed + ")", append(args, more...)
}

// wantedSQL is the condition that a school within the reach has still to approve.
func wantedSQL(reach access.Reach, firstArg int) (condition string, args []any) {
	from, args := reach.SQL("f.region", "t.from_school_id", firstArg)
	to, more := reach.SQL("s.region", "t.to_school_id", firstArg+len(args))
	return "(t.kind = 'student' AND t.from_approved_at IS NULL AND " + from + " OR t.to_approved_at IS NULL AND " + to + ")", append(args, more...)
}

// Desk lists the requests that concern the caller's scope, the newest first, up to the limit. Nobody takes one for themselves.
func (s *Service) Desk(ctx context.Context, wanted deadlines.Wanted) ([]AdminTransfer, error) {
	if wanted.View == deadlines.Taken || wanted.Kind != "" && wanted.Kind != deadlines.Transfer {
		return nil, nil
	}
	condition, args := inReach(access.ActorFrom(ctx), 1)
	if wanted.View == deadlines.Ended {
		condition += " AND t.state <> 'pending'"
	} else if wanted.ID == "" {
		condition += " AND t.state = 'pending'"
	}
	switch wanted.View {
	case deadlines.Waiting:
		waits, more := waitsSQL(access.ActorFrom(ctx), len(args)+1)
		condition, args = condition+" AND "+waits, append(args, more...)
	case deadlines.Overdue:
		args = append(args, db.At(s.now()))
		condition += fmt.Sprintf(" AND t.due_at < $%d", len(args))
	}
	for _, filter := range []struct{ sql, value string }{
		{" AND $%d IN (t.from_school_id, t.to_school_id)", wanted.SchoolID}, {" AND t.id < $%d", wanted.Before}, {" AND t.id >= $%d", wanted.ID}, {" AND t.id <= $%d", wanted.LastID()},
	} {
		if filter.value != "" {
			args = append(args, filter.value)
			condition += fmt.Sprintf(filter.sql, len(args))
		}
	}
	found, err := s.rows(ctx, s.db, fmt.Sprintf(" WHERE %s ORDER BY t.id DESC LIMIT %d", condition, wanted.Limit), args...)
	all := make([]AdminTransfer, len(found))
	for i, r := range found {
		all[i] = s.forAdmin(ctx, r)
	}
	return all, err
}

// DeskCounts counts the pending requests that concern the caller's scope.
func (s *Service) DeskCounts(ctx context.Context) (deadlines.Counts, error) {
	c := deadlines.Counts{Kind: deadlines.Transfer}
	actor := access.ActorFrom(ctx)
	within, args := inReach(actor, 1)
	waits, more := waitsSQL(actor, len(args)+1)
	args = append(append(args, more...), db.At(s.now()))
	err := s.db.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), coalesce(sum(waits), 0), coalesce(sum(late), 0) FROM (
		SELECT CASE WHEN %s THEN 1 ELSE 0 END AS waits, CASE WHEN t.due_at < $%d THEN 1 ELSE 0 END AS late
		FROM transfers t JOIN schools f ON f.id = t.from_school_id JOIN schools s ON s.id = t.to_school_id
		WHERE t.state = 'pending' AND %s LIMIT %d) AS o`, waits, len(args), within, deadlines.Most), args...).Scan(&c.Open, &c.Waiting, &c.Overdue)
	return c, err
}
