package support

import (
	"context"
	"database/sql"
	"fmt"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
)

// sweepAtOnce bounds what one query of a sweep brings.
const sweepAtOnce = 100

// Sweep hands tickets that nobody has answered in time up to the next level that somebody administers, which gets as long
// again. Whoever asked is told. Call it now and then; cut off anywhere, the next goes on.
func (s *Service) Sweep(ctx context.Context) error {
	now, after := db.At(s.now()), ""
	for {
		late, err := s.rows(ctx, s.db, fmt.Sprintf(` WHERE t.state = 'open' AND t.due_at < $1 AND t.level <> 'province' AND t.id > $2
			ORDER BY t.id LIMIT %d`, sweepAtOnce), now, after)
		if err != nil || len(late) == 0 {
			return err
		}
		for _, t := range late {
			if err := s.db.InTx(ctx, func(tx *db.Tx) error { return s.escalate(ctx, tx, t, now) }); err != nil && !fault.Is(err, errTicketClosed) {
				return err
			}
		}
		after = late[len(late)-1].ID
	}
}

// deadline is the kind by which a ticket is due.
func (r row) deadline() deadlines.Kind {
	if r.appeals != "" {
		return deadlines.Appeal
	}
	return deadlines.Kind(r.Kind)
}

func (s *Service) escalate(ctx context.Context, tx *db.Tx, t row, now db.Time) error {
	level, err := s.accounts.HandUp(ctx, tx, t.Waiting.Level, t.place)
	if err != nil {
		return err
	}
	handed, err := tx.Exec(ctx, `UPDATE tickets SET level = $1, due_at = $2, escalated_at = $3 WHERE id = $4 AND state = 'open' AND level = $5 AND due_at <= $3`,
		string(level), db.At(s.deadlines.After(now.Time, t.deadline())), now, t.ID, string(t.Waiting.Level))
	if err != nil {
		return err
	}
	if n, err := handed.RowsAffected(); err != nil {
		return err
	} else if n == 0 { // answered, or handed up, at the same moment
		return errTicketClosed.New()
	}
	all, err := s.rows(ctx, tx, " WHERE t.id = $1", t.ID)
	if err != nil {
		return err
	}
	after := all[0]
	if err := pass(ctx, tx, t.ID, Step{What: Escalated, At: now.Time, From: t.Waiting.Scope, To: after.Waiting.Scope}); err != nil {
		return err
	}
	about := after.about()
	about["from"], about["to"] = t.Waiting.Level, level
	if err := audit.Record(ctx, tx, audit.Event{Action: "ticket.escalate", Target: "ticket", TargetID: t.ID, Place: t.place, Details: about}); err != nil {
		return err
	}
	return s.accounts.Notify(ctx, tx, t.accountID, "notice.ticket_escalated", map[string]any{"from": t.Waiting.Scope, "to": after.Waiting.Scope})
}

// Take says that the caller sees to an open ticket; whoever had it has it no longer. Anybody whose it is to answer may still
// answer. Errors: not_found, ticket_closed.
func (s *Service) Take(ctx context.Context, id string) (AdminTicket, error) {
	return s.give(ctx, id, access.ActorFrom(ctx).AccountID, "ticket.take")
}

// Release leaves a ticket to anybody. Errors: those of Take.
func (s *Service) Release(ctx context.Context, id string) (AdminTicket, error) {
	return s.give(ctx, id, "", "ticket.release")
}

func (s *Service) give(ctx context.Context, id, to, action string) (AdminTicket, error) {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		t, err := s.answerable(ctx, tx, id)
		if err != nil || t.takenBy == to && t.State == Open {
			return err
		}
		given, err := tx.Exec(ctx, `UPDATE tickets SET taken_by = $1, taken_at = $2 WHERE id = $3 AND state = 'open'`,
			sql.NullString{String: to, Valid: to != ""}, db.NullTime{Time: db.At(s.now()), Valid: to != ""}, id)
		if err != nil {
			return err
		}
		if n, err := given.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errTicketClosed.New(fault.Next("tickets", "/admin/tickets"))
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, Target: "ticket", TargetID: id, Place: t.place, Details: t.about()})
	})
	if err != nil {
		return AdminTicket{}, err
	}
	return s.Read(ctx, id)
}
