package tally

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"caotang/internal/db"
)

// foldAtOnce is how many changes one transaction adds to the totals.
const foldAtOnce = 400

// Fold adds the changes so far to the totals. Nobody's reading differs by it, and it may be cut off anywhere. Several processes
// may fold at once.
func Fold(ctx context.Context, d *db.DB) error {
	for {
		folded := 0
		err := d.InTx(ctx, func(tx *db.Tx) (err error) {
			folded, err = foldSome(ctx, tx)
			return err
		})
		if err != nil || folded == 0 {
			return err
		}
	}
}

// key is a row of the totals, whose part is the stage, or of the days.
type key[P cmp.Ordered] struct {
	scope, kind string
	part        P
}

type sum struct{ entries, activated int64 }

func (k key[P]) compare(other key[P]) int {
	return cmp.Or(cmp.Compare(k.scope, other.scope), cmp.Compare(k.kind, other.kind), cmp.Compare(k.part, other.part))
}

func foldSome(ctx context.Context, tx *db.Tx) (folded int, err error) {
	// What another process has taken away meanwhile does not come back from this.
	rows, err := tx.Query(ctx, `DELETE FROM tally_changes WHERE id IN (SELECT id FROM tally_changes ORDER BY id LIMIT $1)
		RETURNING county, school_id, class_id, kind, stage, day, entries, activated`, foldAtOnce)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	totals, days := map[key[string]]sum{}, map[key[int64]]sum{}
	for rows.Next() {
		var county, school, class, kind, stage string
		var day int64
		var more sum
		if err := rows.Scan(&county, &school, &class, &kind, &stage, &day, &more.entries, &more.activated); err != nil {
			return 0, err
		}
		folded++
		for _, scope := range []string{class, school, county, county[:4] + "00", county[:2] + "0000"} {
			if scope == "" {
				continue
			}
			add(totals, key[string]{scope, kind, stage}, more)
			if scope != class {
				add(days, key[int64]{scope, kind, day}, more)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if err := write(ctx, tx, "tally_totals", "stage", totals); err != nil {
		return 0, err
	}
	return folded, write(ctx, tx, "tally_days", "day", days)
}

func add[P cmp.Ordered](to map[key[P]]sum, at key[P], more sum) {
	to[at] = sum{to[at].entries + more.entries, to[at].activated + more.activated}
}

// write adds the sums, in the order of their keys: two processes that do so never wait for each other in a circle.
func write[P cmp.Ordered](ctx context.Context, tx *db.Tx, table, part string, sums map[key[P]]sum) error {
	for _, at := range slices.SortedFunc(maps.Keys(sums), key[P].compare) {
		more := sums[at]
		if more == (sum{}) {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO `+table+` (scope, kind, `+part+`, entries, activated) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (scope, kind, `+part+`) DO UPDATE SET entries = `+table+`.entries + excluded.entries,
				activated = `+table+`.activated + excluded.activated`, at.scope, at.kind, at.part, more.entries, more.activated); err != nil {
			return err
		}
	}
	return nil
}
