package roster

import (
	"context"

	"caotang/internal/audit"
	"caotang/internal/db"
)

// dismissRejected removes the rejected rows of an import, which somebody has mended or does not want: nobody is reminded of them again.
// Which row of a later file mends which of an earlier one cannot be told. It answers [ErrImportNotDone] while the import goes on.
func (s *Service) dismissRejected(ctx context.Context, id string) error {
	r, err := s.visibleImport(ctx, id)
	if err != nil {
		return err
	}
	if err := r.ended(); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		gone, err := db.Changed(tx.Exec(ctx, `DELETE FROM roster_rejects WHERE import_id = $1`, id))
		if err != nil || !gone {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.dismiss_rejected", Target: "import", TargetID: id, Place: r.place(), Details: map[string]any{"rows": r.rejected},
		})
	})
}
