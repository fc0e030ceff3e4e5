package roster

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
	"caotang/internal/vault"
)

// Whether somebody is in the registry of another school is told to whoever tries to enter them at their own. It is recorded as a look by
// number is, for otherwise a list of numbers could be asked about off the record.

// RecordElsewhere answers the error of a transaction that was to enter a number at a place. Where it tells that the number stands at another
// school, that is recorded first, in a transaction of its own: the one that was refused leaves nothing behind.
func (s *Service) RecordElsewhere(ctx context.Context, at access.Place, number string, refused error) error {
	if !fault.Is(refused, ErrEntryExistsElsewhere) {
		return refused
	}
	if err := s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.found_elsewhere", Target: "school", TargetID: at.School, Place: at,
			Details: map[string]any{"masked_id_number": vault.MaskIDNumber(identity.Fold(number))},
		})
	}); err != nil {
		return err
	}
	return refused
}

// recordPreview records of how many people a preview tells that they stand at another school, where there are any.
func (s *Service) recordPreview(ctx context.Context, r *importRecord, p *Preview) error {
	if p.elsewhere == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.preview_found_elsewhere", Target: "import", Place: r.place(),
			Details: map[string]any{"kind": r.kind, "filename": r.filename, "rows": p.elsewhere},
		})
	})
}
