package recovery

import (
	"context"
	"fmt"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/deadlines"
)

// due is by when a request that is somebody's to decide from now on should be.
func (s *Service) due() db.NullTime {
	return db.NullTime{Time: db.At(s.deadlines.After(s.now(), deadlines.LostAccount)), Valid: true}
}

// handUp hands what nobody has decided in time up: from a school to the next level that somebody administers, from customer
// service to the province. Whoever asked is told.
func (s *Service) handUp(ctx context.Context) error {
	now := db.At(s.now())
	return s.each(ctx, " WHERE r.state = 'open' AND r.due_at < $1 AND r.escalated_at IS NULL", []any{now}, func(tx *db.Tx, r row) error {
		handed, err := tx.Exec(ctx, `UPDATE recoveries SET escalated_at = $1 WHERE id = $2 AND state = 'open' AND escalated_at IS NULL`, now, r.id)
		if err != nil {
			return err
		}
		if n, err := handed.RowsAffected(); err != nil || n == 0 {
			return err
		}
		from := access.School
		if r.proof == ByCopies {
			from = access.City // the province stands next above customer service
		}
		level, err := s.accounts.HandUp(ctx, tx, from, r.place)
		if err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "recovery.escalate", "", map[string]any{"to": level}); err != nil {
			return err
		}
		return s.sms.Notify(ctx, tx, r.content.Phone, "notice.recovery_escalated", map[string]any{"number": r.content.Number})
	})
}

// lateSQL is the condition that an open request is late; the argument is now.
const lateSQL = "r.due_at < $%d"

// waitsSQL is the condition that an open request waits for the actor: a school's own, a copy's for whoever looks at copies,
// and above the school what is late by now.
func waitsSQL(actor access.Actor, firstArg int, now db.Time) (condition string, args []any) {
	var schools, others access.Actor
	for _, grant := range actor.GrantsFor(access.RecoveryVouch) {
		if grant.Level == access.School {
			schools.Grants = append(schools.Grants, grant)
		} else {
			others.Grants = append(others.Grants, grant)
		}
	}
	own, args := schools.Reach(access.RecoveryVouch).SQL(regionColumn, "s.id", firstArg)
	below, more := others.Reach(access.RecoveryVouch).SQL(regionColumn, "s.id", firstArg+len(args))
	args = append(append(args, more...), now)
	return fmt.Sprintf("(r.proof = 'copies' OR %s OR %s AND "+lateSQL+")", own, below, firstArg+len(args)-1), args
}

// Desk lists requests that the caller may decide, or has, the newest first, up to the limit. Nobody takes one for themselves.
func (s *Service) Desk(ctx context.Context, wanted deadlines.Wanted) ([]Request, error) {
	if wanted.View == deadlines.Taken || wanted.Kind != "" && wanted.Kind != deadlines.LostAccount {
		return nil, nil
	}
	condition, args := reach(ctx)
	if wanted.View == deadlines.Ended {
		condition += " AND r.state <> 'open'"
	} else if wanted.ID == "" {
		condition += " AND r.state = 'open'"
	}
	switch wanted.View {
	case deadlines.Waiting:
		waits, more := waitsSQL(access.ActorFrom(ctx), len(args)+1, db.At(s.now()))
		condition, args = condition+" AND "+waits, append(args, more...)
	case deadlines.Overdue:
		args = append(args, db.At(s.now()))
		condition += fmt.Sprintf(" AND "+lateSQL, len(args))
	}
	for _, filter := range []struct{ sql, value string }{{" AND s.id = $%d", wanted.SchoolID}, {" AND r.id < $%d", wanted.Before}, {" AND r.id >= $%d", wanted.ID}, {" AND r.id <= $%d", wanted.LastID()}} {
		if filter.value != "" {
			args = append(args, filter.value)
			condition += fmt.Sprintf(filter.sql, len(args))
		}
	}
	found, err := s.rows(ctx, s.db, fmt.Sprintf(" WHERE %s ORDER BY r.id DESC LIMIT %d", condition, wanted.Limit), args...)
	all := make([]Request, len(found))
	for i, r := range found {
		all[i] = s.request(r)
	}
	return all, err
}

// IDOf answers the id of the request with a tracking number, as typed; fault.ErrNotFound if there is none. Whoever asks must
// check the scope.
func (s *Service) IDOf(ctx context.Context, number string) (string, error) {
	r, err := s.byNumber(ctx, s.db, number)
	return r.id, err
}

// DeskCounts counts the open requests that the caller may decide.
func (s *Service) DeskCounts(ctx context.Context) (deadlines.Counts, error) {
	c := deadlines.Counts{Kind: deadlines.LostAccount}
	now := db.At(s.now())
	within, args := reach(ctx)
	waits, more := waitsSQL(access.ActorFrom(ctx), len(args)+1, now)
	args = append(append(args, more...), now)
	err := s.db.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), coalesce(sum(waits), 0), coalesce(sum(late), 0) FROM (
		SELECT CASE WHEN %s THEN 1 ELSE 0 END AS waits, CASE WHEN %s THEN 1 ELSE 0 END AS late%s WHERE r.state = 'open' AND %s LIMIT %d) AS o`,
		waits, fmt.Sprintf(lateSQL, len(args)), rowTables, within, deadlines.Most), args...).Scan(&c.Open, &c.Waiting, &c.Overdue)
	return c, err
}
