package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// Entry is a record as an administrator reads it.
type Entry struct {
	ID       string         `json:"id"`
	At       time.Time      `json:"at"`
	Actor    *Actor         `json:"actor" doc:"Null for the system itself"`
	Action   string         `json:"action"`
	Target   string         `json:"target"`
	TargetID string         `json:"target_id"`
	Reason   string         `json:"reason"`
	Address  string         `json:"address"`
	Details  map[string]any `json:"details" doc:"What changed, and of whom, masked: masked_name, masked_id_number, masked_username"`
	Gone     bool           `json:"gone,omitempty" doc:"What it was done to exists no more"`
}

// Actor is who did it.
type Actor struct {
	ID             string `json:"id"`
	MaskedUsername string `json:"masked_username" doc:"Empty for an account that has been closed"`
	Username       string `json:"username,omitempty" doc:"Of an administrator, who answers for what they do, and of the reader"`
}

type listInput struct {
	server.PageInput
	Action string    `query:"action" maxLength:"100" doc:"Only this action, or, ending in a dot, all that begin with it"`
	From   time.Time `query:"from" doc:"Not before"`
	To     time.Time `query:"to" doc:"Before"`
}

type listOutput struct{ Body server.Page[Entry] }

// Mount adds the operation that reads the record, newest first, within the reader's scope. tables names, for each kind of
// target that may go, the table that holds those that are still there, by their id.
func Mount(s *server.Server, d *db.DB, tables map[string]string) {
	server.Register(s, server.Op{
		Method: "GET", Path: "/api/v1/admin/audit", ID: "list-audit", Tag: "audit", Rule: server.Administrator,
		Summary: "What was done in one's scope, newest first",
	}, func(ctx context.Context, in *listInput) (*listOutput, error) {
		page, err := list(ctx, d, tables, in)
		return &listOutput{page}, err
	})
}

func list(ctx context.Context, d *db.DB, tables map[string]string, in *listInput) (server.Page[Entry], error) {
	var none server.Page[Entry]
	reader := access.ActorFrom(ctx)
	reach := reader.Reach(access.AuditRead)
	if reach.Empty() {
		return none, fault.ErrForbidden.New()
	}
	condition, args := reach.SQL("a.region", "a.school_id", 1)
	add := func(sql string, value any) {
		args = append(args, value)
		condition += fmt.Sprintf(sql, len(args))
	}
	if prefix, isPrefix := strings.CutSuffix(in.Action, "."); isPrefix {
		add(" AND a.action LIKE $%d", strings.NewReplacer("%", "", "_", "").Replace(prefix)+".%")
	} else if in.Action != "" {
		add(" AND a.action = $%d", in.Action)
	}
	if !in.From.IsZero() {
		add(" AND a.at >= $%d", db.At(in.From))
	}
	if !in.To.IsZero() {
		add(" AND a.at < $%d", db.At(in.To))
	}
	if in.Cursor != "" {
		add(" AND a.id < $%d", in.Cursor)
	}
	args = append(args, in.Limit+1)
	entries, err := read(ctx, d, fmt.Sprintf("%s ORDER BY a.id DESC LIMIT $%d", condition, len(args)), args...)
	if err != nil {
		return none, err
	}
	if err := markGone(ctx, d, tables, entries); err != nil {
		return none, err
	}
	return server.NewPage(entries, in.Limit, func(e Entry) string { return e.ID }), nil
}

// About lists up to limit records about things with these ids, the newest first, before the record cursor when there is
// one. Whoever asks has made sure that the reader may know of all that was done to them.
func About(ctx context.Context, q db.Querier, targets []string, cursor string, limit int) ([]Entry, error) {
	return about(ctx, q, "", nil, targets, cursor, limit)
}

// Within is [About] for a reader who may know of what was done within their scope, and of an action wherever it was done.
func Within(ctx context.Context, q db.Querier, anywhere string, targets []string, cursor string, limit int) ([]Entry, error) {
	condition, args := access.ActorFrom(ctx).Reach(access.AuditRead).SQL("a.region", "a.school_id", 2)
	return about(ctx, q, "(a.action = $1 OR "+condition+") AND ", append([]any{anywhere}, args...), targets, cursor, limit)
}

func about(ctx context.Context, q db.Querier, condition string, args []any, targets []string, cursor string, limit int) ([]Entry, error) {
	var list []string
	for _, id := range targets {
		args = append(args, id)
		list = append(list, fmt.Sprintf("$%d", len(args)))
	}
	condition += "a.target_id IN (" + strings.Join(list, ", ") + ")"
	if cursor != "" {
		args = append(args, cursor)
		condition += fmt.Sprintf(" AND a.id < $%d", len(args))
	}
	args = append(args, limit)
	return read(ctx, q, fmt.Sprintf("%s ORDER BY a.id DESC LIMIT $%d", condition, len(args)), args...)
}

func read(ctx context.Context, q db.Querier, condition string, args ...any) ([]Entry, error) {
	reader := access.ActorFrom(ctx)
	rows, err := q.Query(ctx, `SELECT a.id, a.at, a.actor_id, coalesce(u.username, ''), a.action, a.target, a.target_id, a.reason,
		a.address, a.details, EXISTS (SELECT 1 FROM grants g WHERE g.account_id = a.actor_id)
		FROM audit_records a LEFT JOIN accounts u ON u.id = a.actor_id WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var at db.Time
		var actorID, username, details string
		var administrator bool
		if err := rows.Scan(&e.ID, &at, &actorID, &username, &e.Action, &e.Target, &e.TargetID, &e.Reason, &e.Address, &details, &administrator); err != nil {
			return nil, err
		}
		e.At = at.Time
		if actorID != "" {
			e.Actor = &Actor{ID: actorID, MaskedUsername: vault.MaskUsername(username)}
			if administrator || actorID == reader.AccountID {
				e.Actor.Username = username
			}
		}
		if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// markGone finds out which targets exist no more.
func markGone(ctx context.Context, d *db.DB, tables map[string]string, entries []Entry) error {
	for target, table := range tables {
		var ids []any
		for _, e := range entries {
			if e.Target == target && e.TargetID != "" {
				ids = append(ids, e.TargetID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		found, err := db.Collect(ctx, d, `SELECT id FROM `+table+` WHERE id IN (`+db.Placeholders(len(ids))+`)`, ids, func(id *string) []any { return []any{id} })
		if err != nil {
			return err
		}
		there := map[string]bool{}
		for _, id := range found {
			there[id] = true
		}
		for i := range entries {
			if e := &entries[i]; e.Target == target {
				e.Gone = !there[e.TargetID]
			}
		}
	}
	return nil
}
