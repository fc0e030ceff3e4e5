package roster

import (
	"context"
	"fmt"

	"caotang/internal/db"
	"caotang/internal/divisions"
)

// LoadRegions gives a new database the divisions of Sichuan. One that has regions keeps them.
func LoadRegions(ctx context.Context, d *db.DB) error {
	return d.InTx(ctx, func(tx *db.Tx) error {
		var loaded bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM regions)`).Scan(&loaded); err != nil || loaded {
			return err
		}
		var rows [][]any
		for _, r := range divisions.Sichuan() {
			rows = append(rows, []any{r.Code, r.Level, r.Name, textOrNull(r.Parent)})
		}
		if err := tx.Insert(ctx, "regions", []string{"code", "level", "name", "parent"}, rows); err != nil {
			return fmt.Errorf("loading the divisions: %w", err)
		}
		return nil
	})
}
