package audit

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

// maxExport is how many records one file holds: a large county's of several months.
const maxExport = 100_000

// ErrExportTooMany says that the filters leave more records than one file holds.
var ErrExportTooMany = fault.Define(fault.Invalid, "audit_export_too_many")

type auditExportInput struct {
	Body struct {
		Action   string    `json:"action,omitempty" maxLength:"100" doc:"As in the list"`
		Actor    string    `json:"actor,omitempty" maxLength:"100" doc:"Likewise"`
		TargetID string    `json:"target_id,omitempty" maxLength:"100" doc:"Likewise"`
		From     time.Time `json:"from,omitzero" required:"false" doc:"Not before"`
		To       time.Time `json:"to,omitzero" required:"false" doc:"Before"`
		Batch    string    `json:"batch,omitempty" maxLength:"100" doc:"As in the list"`
	}
}

// export records who takes which records along, and answers the file. Error: audit_export_too_many.
func (s *Service) export(ctx context.Context, in *auditExportInput) (*huma.StreamResponse, error) {
	f := Filter{Action: in.Body.Action, Actor: in.Body.Actor, TargetID: in.Body.TargetID, From: in.Body.From, To: in.Body.To, Batch: in.Body.Batch}
	filters, now := f.names(), time.Now()
	if f.To.IsZero() {
		f.To = now // what comes while it is written stays out, so that the count is the file's
	}
	rows, err := s.Count(ctx, f, s.most+1)
	if err != nil {
		return nil, err
	}
	if rows > s.most {
		return nil, ErrExportTooMany.New(fault.Arg("max", s.most))
	}
	if err := RecordTaken(ctx, s.db, "audit.export", map[string]any{"rows": rows, "filters": filters}); err != nil {
		return nil, err
	}
	language := cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese)
	day := map[string]any{"day": now.In(calendar.Shanghai).Format("20060102")}
	return server.Download(server.Workbook, messages.Text(language, "audit.export.file", day), "audit.xlsx", func(w io.Writer) error {
		return s.WriteSheet(ctx, w, f, Mark(ctx, now))
	}), nil
}

// Mark tells who took a file along, and when, in the reader's language.
func Mark(ctx context.Context, at time.Time) string {
	return messages.Text(cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese), "audit.export.mark",
		map[string]any{"by": access.ActorFrom(ctx).Username, "at": at.In(calendar.Shanghai).Format("2006-01-02 15:04")})
}

// Count counts the records of the reader's scope, up to most.
func (s *Service) Count(ctx context.Context, f Filter, most int) (n int, err error) {
	c, err := conditionsOf(ctx, s.db, f)
	if err != nil {
		return 0, err
	}
	return n, s.db.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM audit_records a WHERE %s LIMIT $%d) few", c.sql, len(c.args)+1), append(c.args, most)...).Scan(&n)
}

// inPiece is how many records are in memory at once.
const inPiece = 1000

// WriteSheet writes the records of the reader's scope as a workbook, the newest first, piece by piece.
func (s *Service) WriteSheet(ctx context.Context, w io.Writer, f Filter, mark string) error {
	language := cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese)
	var head []string
	for _, column := range []string{"at", "what", "about", "kind", "by", "reason", "school", "address"} {
		head = append(head, messages.Text(language, "audit.column."+column, nil))
	}
	x, err := sheet.NewWriter(w, messages.Text(language, "audit.sheet", nil), head, []float64{18, 40, 30, 10, 20, 30, 26, 18})
	if err != nil {
		return err
	}
	x.Footer(mark)
	for cursor := ""; ; {
		entries, err := s.some(ctx, f, cursor, inPiece)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := x.Row(e.cells(language)); err != nil {
				return err
			}
		}
		if len(entries) < inPiece {
			break
		}
		cursor = entries[inPiece-1].ID
	}
	if err := x.Row([]string{mark}); err != nil {
		return err
	}
	return x.Close()
}

func (e Entry) cells(language string) []string {
	kind, _ := e.Details["kind"].(string)
	if e.Target != "entry" {
		kind = "" // of something else
	}
	return []string{
		e.At.In(calendar.Shanghai).Format("2006-01-02 15:04"), e.What, e.About, named(language, "record.kind."+kind, kind), e.by(language), e.Reason, e.School, e.Address,
	}
}

// by says who did it.
func (e Entry) by(language string) string {
	switch {
	case e.Actor != nil && e.Actor.MaskedUsername == "":
		return messages.Text(language, "record.who.closed", nil)
	case e.Actor != nil:
		return cmp.Or(e.Actor.Username, e.Actor.MaskedUsername)
	case e.Address != "":
		return messages.Text(language, "record.who.by_code", nil)
	default:
		return messages.Text(language, "record.who.platform", nil)
	}
}

// Times is how often somebody did something.
type Times struct {
	Action string
	What   string // in words that name no details
	By     string
	Times  int
}

// Times counts the records of the reader's scope by action and by who did it, most first.
func (s *Service) Times(ctx context.Context, f Filter) ([]Times, error) {
	c, err := conditionsOf(ctx, s.db, f)
	if err != nil {
		return nil, err
	}
	language := cmp.Or(access.ClientFrom(ctx).Language, messages.Chinese)
	type row struct {
		Times
		actorID, username string
		administrator     bool
	}
	found, err := db.Collect(ctx, s.db, `SELECT t.action, t.actor_id, coalesce(u.username, ''), EXISTS (SELECT 1 FROM grants g WHERE g.account_id = t.actor_id), t.times
		FROM (SELECT a.action, a.actor_id, count(*) AS times FROM audit_records a WHERE `+c.sql+` GROUP BY a.action, a.actor_id) t
		LEFT JOIN accounts u ON u.id = t.actor_id ORDER BY t.times DESC, t.action, t.actor_id`, c.args, func(r *row) []any {
		return []any{&r.Action, &r.actorID, &r.username, &r.administrator, &r.Times.Times}
	})
	all := make([]Times, len(found))
	for i, r := range found {
		all[i] = r.Times
		all[i].What = General(language, r.Action)
		e := Entry{Address: "-"} // nobody signed in does so by a code or a slip
		if r.actorID != "" {
			e.Actor = &Actor{ID: r.actorID, MaskedUsername: vault.MaskUsername(r.username)}
			if r.administrator {
				e.Actor.Username = r.username
			}
		}
		all[i].By = e.by(language)
	}
	return all, err
}

// RecordTaken records that the reader took something of the record along, where the widest of their scopes is.
func RecordTaken(ctx context.Context, d *db.DB, action string, details map[string]any) error {
	return d.InTx(ctx, func(tx *db.Tx) error {
		reach := access.ActorFrom(ctx).Reach(access.AuditRead)
		var at access.Place
		if divisions := reach.Divisions(); len(divisions) > 0 {
			at.Region = divisions[0]
		} else if schools := reach.Schools(); len(schools) > 0 {
			at.School = schools[0]
			if err := tx.QueryRow(ctx, `SELECT region FROM schools WHERE id = $1`, at.School).Scan(&at.Region); err != nil {
				return err
			}
		}
		return Record(ctx, tx, Event{Action: action, Target: "audit", Place: at, Details: details})
	})
}
