package transfers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

const rowSelect = `SELECT t.id, t.account_id, t.entry_id, t.kind, t.name, t.reason, t.state, t.created_at, t.due_at, t.expires_at, t.escalated_at,
		t.from_approved_at, t.to_approved_at, t.closed_at, coalesce(t.closed_by, ''), t.closing_reason, t.rejected_sides,
		f.id, f.name, f.region, s.id, s.name, s.region, a.username
	FROM transfers t JOIN schools f ON f.id = t.from_school_id JOIN schools s ON s.id = t.to_school_id JOIN accounts a ON a.id = t.account_id`

func (s *Service) rows(ctx context.Context, q db.Querier, tail string, args ...any) ([]row, error) {
	found, err := q.Query(ctx, rowSelect+tail, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var all []row
	at := map[string]int{}
	for found.Next() {
		var r row
		var created, expires db.Time
		var escalated, closed db.NullTime
		if err := found.Scan(&r.ID, &r.accountID, &r.entryID, &r.Kind, &r.Name, &r.Reason, &r.State, &created, &r.due, &expires, &escalated,
			&r.fromApproved, &r.toApproved, &closed, &r.closedBy, &r.ClosingReason, &r.rejectedSides,
			&r.FromSchool.ID, &r.FromSchool.Name, &r.from.Region, &r.ToSchool.ID, &r.ToSchool.Name, &r.to.Region, &r.username); err != nil {
			return nil, err
		}
		r.CreatedAt, r.ExpiresAt, r.EscalatedAt, r.ClosedAt = created.Time, expires.Time, escalated.Ptr(), closed.Ptr()
		r.from.School, r.to.School = r.FromSchool.ID, r.ToSchool.ID
		r.Approvals = r.approvals()
		at[r.ID] = len(all)
		all = append(all, r)
	}
	if err := found.Err(); err != nil || len(all) == 0 {
		return all, err
	}
	return all, objections(ctx, q, func(id string) *row { return &all[at[id]] }, slices.Collect(maps.Keys(at)))
}

// pendingOf is the condition that a request is a person's pending one.
const pendingOf = " WHERE t.id = (SELECT transfer_id FROM open_transfers WHERE entry_id = $1)"

// one is a request by its id, or fault.ErrNotFound.
func (s *Service) one(ctx context.Context, q db.Querier, id string) (row, error) {
	all, err := s.rows(ctx, q, " WHERE t.id = $1", id)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return row{}, err
	}
	return all[0], nil
}

// forAdmin is a request as the actor sees it: why it was made or rejected, and what guardians say against it, is for the schools and those above
// them alone.
func (s *Service) forAdmin(ctx context.Context, r row) AdminTransfer {
	actor := access.ActorFrom(ctx)
	t := AdminTransfer{
		Transfer: r.Transfer, Objections: []Objection{}, MaskedUsername: vault.MaskUsername(r.username),
		Overdue: r.State == Pending && r.due.Before(s.now()), Sides: r.wanted(actor),
	}
	if r.concerns(actor, access.TransfersDecide) {
		t.Objections = append(t.Objections, r.objections...)
	} else {
		t.Reason = ""
		if r.State == Rejected {
			t.ClosingReason = ""
		}
	}
	return t
}

// concerning is the condition that a request is the caller's, whose bindings these are, or about them or a child under age whose
// guardian they are.
func (s *Service) concerning(ctx context.Context, bindings []verification.Binding) (condition string, args []any, err error) {
	args = []any{access.ActorFrom(ctx).AccountID}
	condition = "t.account_id = $1"
	for _, b := range bindings {
		if b.Guardian {
			entry, err := s.roster.EntryByID(ctx, s.db, b.EntryID)
			if err != nil {
				return "", nil, err
			}
			if ofAge, err := s.roster.OfOwnAge(entry); err != nil {
				return "", nil, err
			} else if ofAge {
				continue
			}
		}
		args = append(args, b.EntryID)
		condition += fmt.Sprintf(" OR t.entry_id = $%d", len(args))
	}
	return "(" + condition + ")", args, nil
}

// mine lists the requests that the caller made, and those about them or a child under age whose guardian they are, the newest first.
func (s *Service) mine(ctx context.Context, page server.PageInput) (server.Page[Transfer], error) {
	accountID := access.ActorFrom(ctx).AccountID
	bindings, err := s.verification.BindingsOf(ctx, s.db, accountID)
	if err != nil {
		return server.Page[Transfer]{}, err
	}
	condition, args, err := s.concerning(ctx, bindings)
	if err != nil {
		return server.Page[Transfer]{}, err
	}
	condition = " WHERE " + condition
	if page.Cursor != "" {
		args = append(args, page.Cursor)
		condition += fmt.Sprintf(" AND t.id < $%d", len(args))
	}
	args = append(args, page.Limit+1)
	all, err := s.rows(ctx, s.db, fmt.Sprintf("%s ORDER BY t.id DESC LIMIT $%d", condition, len(args)), args...)
	if err != nil {
		return server.Page[Transfer]{}, err
	}
	own := make([]Transfer, len(all))
	for i, r := range all {
		own[i] = r.forReader(accountID)
	}
	return server.NewPage(own, page.Limit, func(t Transfer) string { return t.ID }), nil
}

// Latest is what there is to know of the newest request that concerns the caller; News is empty where nothing is.
type Latest struct {
	News   string // objected: the guardian of a pupil who asked does not agree; rejected: lately
	Name   string // of whom it is about
	School string // where they were to go
}

// newsLasts is for how long a refusal is pointed to.
const newsLasts = 14 * 24 * time.Hour

// Latest says what is new of the newest request that concerns the caller, whose bindings these are, and was not theirs to say.
func (s *Service) Latest(ctx context.Context, bindings []verification.Binding) (Latest, error) {
	condition, args, err := s.concerning(ctx, bindings)
	if err != nil {
		return Latest{}, err
	}
	newest, err := s.rows(ctx, s.db, " WHERE "+condition+" ORDER BY t.id DESC LIMIT 1", args...)
	if err != nil || len(newest) == 0 {
		return Latest{}, err
	}
	r := newest[0]
	l := Latest{Name: r.Name, School: r.ToSchool.Name}
	switch {
	case r.State == Pending && len(r.objections) > 0 && r.accountID == access.ActorFrom(ctx).AccountID:
		l.News = "objected"
	case r.State == Rejected && s.now().Sub(*r.ClosedAt) < newsLasts:
		l.News = "rejected"
	}
	return l, nil
}

// filter narrows the requests of a scope; an empty one does not.
type filter struct {
	state    State
	schoolID string
	overdue  bool
}

// queue lists the requests that concern the caller's scope, the newest first.
func (s *Service) queue(ctx context.Context, f filter, page server.PageInput) (server.Page[AdminTransfer], error) {
	condition, args := inReach(access.ActorFrom(ctx), 1)
	add := func(sql string, value any) {
		args = append(args, value)
		condition += fmt.Sprintf(sql, len(args))
	}
	if f.state != "" {
		add(" AND t.state = $%d", string(f.state))
	}
	if f.schoolID != "" {
		add(" AND $%d IN (t.from_school_id, t.to_school_id)", f.schoolID)
	}
	if f.overdue {
		add(" AND t.state = 'pending' AND t.due_at < $%d", db.At(s.now()))
	}
	if page.Cursor != "" {
		add(" AND t.id < $%d", page.Cursor)
	}
	args = append(args, page.Limit+1)
	all, err := s.rows(ctx, s.db, fmt.Sprintf(" WHERE %s ORDER BY t.id DESC LIMIT $%d", condition, len(args)), args...)
	if err != nil {
		return server.Page[AdminTransfer]{}, err
	}
	shown := make([]AdminTransfer, len(all))
	for i, r := range all {
		shown[i] = s.forAdmin(ctx, r)
	}
	return server.NewPage(shown, page.Limit, func(t AdminTransfer) string { return t.ID }), nil
}

// inReach is the condition that one of the two schools lies within the actor's scope.
func inReach(actor access.Actor, firstArg int) (string, []any) {
	reach := actor.Reach(access.TransfersRead)
	from, args := reach.SQL("f.region", "t.from_school_id", firstArg)
	to, more := reach.SQL("s.region", "t.to_school_id", firstArg+len(args))
	return "((" + from + ") OR (" + to + "))", append(args, more...)
}

// OpenOf counts an account's pending requests.
func (s *Service) OpenOf(ctx context.Context, q db.Querier, accountID string) (open int, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FROM transfers WHERE account_id = $1 AND state = 'pending'`, accountID).Scan(&open)
	return open, err
}

// WaitingIn counts the pending requests that wait for an answer from within the actor's scope.
func (s *Service) WaitingIn(ctx context.Context, actor access.Actor) (waiting int, err error) {
	reach := actor.Reach(access.TransfersDecide)
	from, args := reach.SQL("f.region", "t.from_school_id", 1)
	to, more := reach.SQL("s.region", "t.to_school_id", 1+len(args))
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM transfers t JOIN schools f ON f.id = t.from_school_id JOIN schools s ON s.id = t.to_school_id
		WHERE t.state = 'pending' AND ((t.kind = 'student' AND t.from_approved_at IS NULL AND (`+from+`))
			OR (t.to_approved_at IS NULL AND (`+to+`)))`, append(args, more...)...).Scan(&waiting)
	return waiting, err
}
