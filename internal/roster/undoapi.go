package roster

import (
	"context"
	"io"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/server"
	"caotang/internal/sheet"
	"caotang/internal/vault"
)

func (s *Service) mountUndo(srv *server.Server, op func(method, path, id, summary string) server.Op) {
	undo := op("POST", "/imports/{id}/undo", "undo-import", "Undo an import of the last day in the background, or with dry_run see what that would do (answers 200)")
	undo.Status = 202
	server.Register(srv, undo, func(ctx context.Context, in *struct {
		ByID
		DryRun bool `query:"dry_run" doc:"Answer what the undo would do, and do nothing"`
	},
	) (*undoOutput, error) {
		if in.DryRun {
			plan, err := s.planUndo(ctx, in.ID)
			return &undoOutput{200, plan}, err
		}
		return &undoOutput{202, nil}, s.askUndo(ctx, in.ID)
	})
	server.Register(srv, op("GET", "/imports/{id}/kept.xlsx", "download-kept-entries", "The people whom an undo leaves as they are, with their reasons: beforehand as they stand now, afterwards as it found them"),
		func(ctx context.Context, in *ByID) (*huma.StreamResponse, error) { return s.downloadKept(ctx, in.ID) })
}

type undoOutput struct {
	Status int
	Body   *UndoPlan
}

func (s *Service) downloadKept(ctx context.Context, id string) (*huma.StreamResponse, error) {
	r, err := s.visibleImport(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !r.finishedAt.Valid, r.undo == undoQueued, r.undo == undoRunning:
		return nil, ErrImportNotDone.New(fault.RetryAfter(5 * time.Second))
	}
	if err := s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{Action: "registry.download_kept", Target: "import", TargetID: id, Place: r.place()})
	}); err != nil {
		return nil, err
	}
	language := access.ClientFrom(ctx).Language
	name := messages.Text(language, "file.kept", map[string]any{"day": r.createdAt.In(calendar.Shanghai).Format(time.DateOnly)})
	return server.Download(server.Workbook, name, "kept.xlsx", func(w io.Writer) error { return s.writeKept(ctx, r, language, w) }), nil
}

// writeKept writes who stays, by piece, in constant memory.
func (s *Service) writeKept(ctx context.Context, r *importRecord, language string, w io.Writer) error {
	var head []string
	for _, column := range []string{"column.name", "column.id_number", "column.school", "column.class", "column.kept_reason"} {
		head = append(head, messages.Text(language, column, nil))
	}
	x, err := sheet.NewWriter(w, messages.Text(language, "column.kept_sheet", nil), head, []float64{14, 24, 24, 14, 44})
	if err != nil {
		return err
	}
	undone := r.undo == undoDone || r.undo == undoFailed
	if err := s.eachTrace(ctx, r.id, undone, func(t *trace, d *deed) error {
		if !undone {
			f, err := s.fateOf(ctx, s.db, t, d)
			if err != nil {
				return err
			}
			d.Kept = f.kept
		}
		return s.writeKeptOf(ctx, d.Kept, language, x)
	}); err != nil {
		return err
	}
	return x.Close()
}

// writeKeptOf writes who stays as they stand now: whoever's number has been replaced, by the new one.
func (s *Service) writeKeptOf(ctx context.Context, all []kept, language string, x *sheet.Writer) error {
	why, ids := map[string]string{}, make([]string, len(all))
	for i, k := range all {
		ids[i] = k.EntryID
	}
	follows, err := successors(ctx, s.db, ids)
	if err != nil {
		return err
	}
	for i, k := range all {
		if id, replaced := follows[k.EntryID]; replaced {
			ids[i] = id
		}
		why[ids[i]] = k.Why
	}
	return inPieces(ids, func(args []any) error {
		found, err := s.entries(ctx, s.db, ` WHERE e.id IN (`+db.Placeholders(len(args))+`)`, args...)
		if err != nil {
			return err
		}
		for _, e := range found {
			number, err := s.IDNumber(e)
			if err != nil {
				return err
			}
			class := ""
			if e.Class != nil {
				class = e.Class.DisplayName
			}
			if err := x.Row([]string{e.Name, vault.MaskIDNumber(number), e.School.Name, class, keptWords(language, why[e.ID])}); err != nil {
				return err
			}
		}
		return nil
	})
}
