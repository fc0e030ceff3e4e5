package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/vault"
)

// Entry is a record as an administrator reads it.
type Entry struct {
	ID       string         `json:"id"`
	At       time.Time      `json:"at"`
	Actor    *Actor         `json:"actor" doc:"Null for the system itself"`
	Action   string         `json:"action"`
	What     string         `json:"what" doc:"The action in words, in the reader's language"`
	Target   string         `json:"target"`
	TargetID string         `json:"target_id"`
	About    string         `json:"about,omitempty" doc:"To whom it was done, masked as it was recorded"`
	School   string         `json:"school,omitempty" doc:"Where it belongs, by the school's name; absent where that is a whole region, or gone"`
	Reason   string         `json:"reason"`
	Address  string         `json:"address"`
	Details  map[string]any `json:"details" doc:"What changed, and of whom, masked: masked_name, masked_id_number, masked_username"`
	Gone     bool           `json:"gone,omitempty" doc:"What it was done to exists no more"`
	Batch    string         `json:"batch,omitempty" doc:"Of a record that work in the background followed: what lists what that did"`
	Under    int            `json:"under,omitempty" doc:"In the list: how many records the batch holds, up to 10,000"`
}

// Actor is who did it.
type Actor struct {
	ID             string `json:"id"`
	MaskedUsername string `json:"masked_username" doc:"Empty for an account that has been closed"`
	Username       string `json:"username,omitempty" doc:"Of an administrator, who answers for what they do, and of the reader"`
}

type listInput struct {
	server.PageInput
	Action   string    `query:"action" maxLength:"100" doc:"Only this action, or, ending in a dot, all that begin with it"`
	Actor    string    `query:"actor" maxLength:"100" doc:"Only what this administrator did, by the whole username, or this account, by its id"`
	TargetID string    `query:"target_id" maxLength:"100" doc:"Only what was done to this person, account, class …"`
	From     time.Time `query:"from" doc:"Not before"`
	To       time.Time `query:"to" doc:"Before"`
	Batch    string    `query:"batch" maxLength:"100" doc:"Only what this batch holds"`
	Folded   bool      `query:"folded" doc:"Without what a batch holds, where the record above it is listed"`
}

type listOutput struct{ Body server.Page[Entry] }

// Service reads the record, within the reader's scope.
type Service struct {
	db     *db.DB
	tables map[string]string
	most   int // records in a file
}

// New makes it. tables names, for each kind of target that may go, the table that holds those that are still there, by their id.
func New(d *db.DB, tables map[string]string) *Service { return &Service{d, tables, maxExport} }

// Mount adds the operations.
func (s *Service) Mount(srv *server.Server) {
	server.Register(srv, server.Op{
		Method: "GET", Path: "/api/v1/admin/audit", ID: "list-audit", Tag: "audit", Rule: server.Administrator,
		Summary: "What was done in one's scope, newest first",
	}, func(ctx context.Context, in *listInput) (*listOutput, error) {
		page, err := s.list(ctx, Filter{
			Action: in.Action, Actor: in.Actor, TargetID: in.TargetID, From: in.From, To: in.To, Batch: in.Batch, Folded: in.Folded,
		}, in.PageInput)
		return &listOutput{page}, err
	})
	server.Register(srv, server.Op{
		Method: "POST", Path: "/api/v1/admin/audit/export", ID: "export-audit", Tag: "audit", Rule: server.Administrator,
		Summary: "The same as a workbook, which says who took it and when, as the record does",
	}, s.export)
}

func (s *Service) list(ctx context.Context, f Filter, page server.PageInput) (server.Page[Entry], error) {
	entries, err := s.some(ctx, f, page.Cursor, page.Limit+1)
	if err != nil {
		return server.Page[Entry]{}, err
	}
	if err := markGone(ctx, s.db, s.tables, entries); err != nil {
		return server.Page[Entry]{}, err
	}
	for i, e := range entries {
		if e.Batch == "" {
			continue
		}
		if entries[i].Under, err = s.Count(ctx, Filter{Batch: e.Batch}, mostUnder); err != nil {
			return server.Page[Entry]{}, err
		}
	}
	return server.NewPage(entries, page.Limit, func(e Entry) string { return e.ID }), nil
}

// mostUnder is how far what a batch holds is counted.
const mostUnder = 10_000

// some reads up to limit records of the reader's scope, the newest first, before the cursor when there is one.
func (s *Service) some(ctx context.Context, f Filter, cursor string, limit int) ([]Entry, error) {
	c, err := conditionsOf(ctx, s.db, f)
	if err != nil {
		return nil, err
	}
	if cursor != "" {
		c.add("a.id < $%d", cursor)
	}
	return read(ctx, s.db, c.sql+fmt.Sprintf(" ORDER BY a.id DESC LIMIT $%d", len(c.args)+1), append(c.args, limit)...)
}

// About lists up to limit records about things with these ids, of actions that begin so, the newest first, before the record cursor
// when there is one. Whoever asks has made sure that the reader may know of all such that was done to them.
func About(ctx context.Context, q db.Querier, actions string, targets []string, cursor string, limit int) ([]Entry, error) {
	return about(ctx, q, "a.action LIKE $1 AND ", []any{actions + "%"}, targets, cursor, limit)
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
	language := cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese)
	rows, err := q.Query(ctx, `SELECT a.id, a.at, a.actor_id, coalesce(u.username, ''), a.action, a.target, a.target_id, coalesce(s.name, ''), a.reason,
		a.address, a.details, EXISTS (SELECT 1 FROM grants g WHERE g.account_id = a.actor_id)
		FROM audit_records a LEFT JOIN accounts u ON u.id = a.actor_id LEFT JOIN schools s ON s.id = a.school_id WHERE `+condition, args...)
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
		if err := rows.Scan(&e.ID, &at, &actorID, &username, &e.Action, &e.Target, &e.TargetID, &e.School, &e.Reason, &e.Address, &details, &administrator); err != nil {
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
		e.Batch, _ = e.Details[Batch].(string)
		e.word(language)
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
