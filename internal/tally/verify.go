package tally

import (
	"context"

	"caotang/internal/db"
)

// Difference is a count that is not what the registry says.
type Difference struct {
	Scope, Kind, Stage string
	MissingEntries     int64 // how many the count lacks; negative: has too many
	MissingActivated   int64
}

// Verify counts the registry anew, compares every scope's counts, and gives what differs, at most limit of it. It sees one
// moment, even while people register.
func Verify(ctx context.Context, q db.Querier, limit int) ([]Difference, error) {
	spread := ""
	for i, l := range levels {
		if i > 0 {
			spread += " UNION ALL "
		}
		spread += `SELECT ` + l.scope + ` AS scope, kind, stage, entries, activated FROM uncounted`
	}
	return db.Collect(ctx, q, `WITH uncounted AS (
			SELECT county, school_id, class_id, kind, stage, entries, activated FROM (`+recounted+`) r
			UNION ALL
			SELECT county, school_id, class_id, kind, stage, -entries, -activated FROM tally_changes
		)
		SELECT scope, kind, stage, CAST(sum(entries) AS bigint), CAST(sum(activated) AS bigint) FROM (`+spread+`
			UNION ALL
			SELECT scope, kind, stage, -entries, -activated FROM tally_totals
		) t WHERE scope <> '' GROUP BY scope, kind, stage HAVING sum(entries) <> 0 OR sum(activated) <> 0
		ORDER BY scope, kind, stage LIMIT $1`, []any{limit},
		func(d *Difference) []any {
			return []any{&d.Scope, &d.Kind, &d.Stage, &d.MissingEntries, &d.MissingActivated}
		})
}
