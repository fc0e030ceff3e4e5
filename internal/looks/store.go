package looks

import (
	"context"
	"fmt"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
)

// State is how far a look has come.
type State string

// The states. A look that is waiting or allowed beyond its time is shown as expired.
const (
	Waiting State = "waiting"
	Allowed State = "allowed"
	Refused State = "refused"
	Taken   State = "taken"
	Expired State = "expired"
)

// Look is a request to see the full numbers of an entry.
type Look struct {
	ID        string        `json:"id"`
	Person    roster.Person `json:"person"`
	Reason    string        `json:"reason"`
	State     State         `json:"state" enum:"waiting,allowed,refused,taken,expired"`
	AskedAt   time.Time     `json:"asked_at"`
	Until     time.Time     `json:"until" doc:"A waiting one may be decided, an allowed one taken, before"`
	AskedBy   string        `json:"asked_by" doc:"The administrator's username"`
	DecidedBy string        `json:"decided_by,omitempty" doc:"The administrator's username"`
	Refusal   string        `json:"refusal,omitempty"`
	Mine      bool          `json:"mine" doc:"Asked for by the caller"`
}

type row struct {
	ID, entryID, askerID, reason, refusal, asker, decider string
	state                                                 State
	asked, until                                          db.Time
}

func (s *Service) rows(ctx context.Context, q db.Querier, tail string, args ...any) ([]row, error) {
	return db.Collect(ctx, q, `SELECT l.id, l.entry_id, l.asker_id, l.reason, l.refusal, l.state, l.asked_at, l.until,
		coalesce(a.username, ''), coalesce(d.username, '')
		FROM looks l LEFT JOIN accounts a ON a.id = l.asker_id LEFT JOIN accounts d ON d.id = l.decider_id`+tail, args, func(r *row) []any {
		return []any{&r.ID, &r.entryID, &r.askerID, &r.reason, &r.refusal, &r.state, &r.asked, &r.until, &r.asker, &r.decider}
	})
}

func (s *Service) one(ctx context.Context, q db.Querier, id string) (row, error) {
	all, err := s.rows(ctx, q, ` WHERE l.id = $1`, id)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound.New(fault.Next("looks", "/admin/looks"))
	}
	if err != nil {
		return row{}, err
	}
	return all[0], nil
}

func (s *Service) show(ctx context.Context, r row, e roster.Entry) (Look, error) {
	person, err := s.roster.PersonOf(e)
	look := Look{
		ID: r.ID, Person: person, Reason: r.reason, State: r.state, AskedAt: r.asked.Time, Until: r.until.Time, AskedBy: r.asker, DecidedBy: r.decider,
		Refusal: r.refusal, Mine: r.askerID == access.ActorFrom(ctx).AccountID,
	}
	if (look.State == Waiting || look.State == Allowed) && !look.Until.After(s.now()) {
		look.State = Expired
	}
	return look, err
}

// waits is the condition that a look waits for the actor's decision, within their reach.
func (s *Service) waits(actor access.Actor, reach access.Reach) (condition string, args []any) {
	within, more := reach.SQL("l.region", "l.school_id", 3)
	return `l.asker_id <> $1 AND l.state = 'waiting' AND l.until > $2 AND ` + within, append([]any{actor.AccountID, db.At(s.now())}, more...)
}

// Waiting counts the looks that wait for the caller's decision.
func (s *Service) Waiting(ctx context.Context) (n int, err error) {
	actor := access.ActorFrom(ctx)
	reach := actor.Reach(access.RegistryUnmask)
	if reach.Empty() {
		return 0, nil
	}
	condition, args := s.waits(actor, reach)
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM looks l WHERE `+condition, args...).Scan(&n)
	return n, err
}

// list is a page of the looks that the caller may decide, or of those that they asked for, the newest first.
func (s *Service) list(ctx context.Context, mine bool, page server.PageInput) (server.Page[Look], error) {
	var none server.Page[Look]
	actor := access.ActorFrom(ctx)
	condition, args := `l.asker_id = $1`, []any{actor.AccountID}
	if !mine {
		reach := actor.Reach(access.RegistryUnmask)
		if reach.Empty() {
			return none, fault.ErrForbidden.New()
		}
		condition, args = s.waits(actor, reach)
	}
	if page.Cursor != "" {
		args = append(args, page.Cursor)
		condition += fmt.Sprintf(" AND l.id < $%d", len(args))
	}
	args = append(args, page.Limit+1)
	found, err := s.rows(ctx, s.db, fmt.Sprintf(" WHERE %s ORDER BY l.id DESC LIMIT $%d", condition, len(args)), args...)
	if err != nil {
		return none, err
	}
	some := server.NewPage(found, page.Limit, func(r row) string { return r.ID })
	ids := make([]string, len(some.Items))
	for i, r := range some.Items {
		ids[i] = r.entryID
	}
	entries, err := s.roster.EntriesByID(ctx, s.db, ids)
	if err != nil {
		return none, err
	}
	looks := server.Page[Look]{Items: []Look{}, NextCursor: some.NextCursor}
	for _, r := range some.Items {
		e, there := entries[r.entryID]
		if !there {
			continue // gone since
		}
		look, err := s.show(ctx, r, e)
		if err != nil {
			return none, err
		}
		looks.Items = append(looks.Items, look)
	}
	return looks, nil
}
