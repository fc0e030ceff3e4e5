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
	Details  map[string]any `json:"details"`
}

// Actor is who did it.
type Actor struct {
	ID             string `json:"id"`
	MaskedUsername string `json:"masked_username"`
}

type listInput struct {
	server.PageInput
	Action string    `query:"action" maxLength:"100" doc:"Only this action, or, ending in a dot, all that begin with it"`
	From   time.Time `query:"from" doc:"Not before"`
	To     time.Time `query:"to" doc:"Before"`
}

type listOutput struct{ Body server.Page[Entry] }

// Mount adds the operation that reads the record, newest first, within the reader's scope.
func Mount(s *server.Server, d *db.DB) {
	server.Register(s, server.Op{
		Method: "GET", Path: "/api/v1/admin/audit", ID: "list-audit", Tag: "audit", Rule: server.Administrator,
		Summary: "What was done in one's scope, newest first",
	}, func(ctx context.Context, in *listInput) (*listOutput, error) {
		page, err := list(ctx, d, in)
		return &listOutput{page}, err
	})
}

func list(ctx context.Context, d *db.DB, in *listInput) (server.Page[Entry], error) {
	var none server.Page[Entry]
	reach := access.ActorFrom(ctx).Reach(access.AuditRead)
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
	rows, err := d.Query(ctx, fmt.Sprintf(`SELECT a.id, a.at, a.actor_id, coalesce(u.username, ''), a.action, a.target, a.target_id, a.reason,
		a.address, a.details FROM audit_records a LEFT JOIN accounts u ON u.id = a.actor_id
		WHERE %s ORDER BY a.id DESC LIMIT $%d`, condition, len(args)), args...)
	if err != nil {
		return none, err
	}
	defer func() { _ = rows.Close() }()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var at db.Time
		var actorID, username, details string
		if err := rows.Scan(&e.ID, &at, &actorID, &username, &e.Action, &e.Target, &e.TargetID, &e.Reason, &e.Address, &details); err != nil {
			return none, err
		}
		e.At = at.Time
		if actorID != "" {
			e.Actor = &Actor{actorID, vault.MaskUsername(username)}
		}
		if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
			return none, err
		}
		entries = append(entries, e)
	}
	return server.NewPage(entries, in.Limit, func(e Entry) string { return e.ID }), rows.Err()
}
