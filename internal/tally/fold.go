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

// totalKey is a row of the totals, whose part is the stage, or of the days.
type totalKey struct {
	scope, kind, part string
	day               int64
}

type sum struct{ entries, activated int64 }

func (k totalKey) compare(other totalKey) int {
	return cmp.Or(cmp.Compare(k.scope, other.scope), cmp.Compare(k.kind, other.kind), cmp.Compare(k.part, other.part), cmp.Compare(k.day, other.day))
}

func foldSome(ctx context.Context, tx *db.Tx) (folded int, err error) {
	// What another process has taken away meanwhile does not come back from this.
	rows, err := tx.Query(ctx, `DELETE FROM tally_changes WHERE id IN (SELECT id FROM tally_changes ORDER BY id LIMIT $1)
		RETURNING county, school_id, class_id, kind, stage, day, entries, activated`, foldAtOnce)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	totals, days := map[totalKey]sum{}, map[totalKey]sum{}
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
			add(totals, totalKey{scope, kind, stage, 0}, more)
			if scope != class {
				add(days, totalKey{scope, kind, "", day}, more)
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

func add(to map[totalKey]sum, key totalKey, more sum) {
	to[key] = sum{to[key].entries + more.entries, to[key].activated + more.activated}
}

// write adds the sums, in the order of their keys: two processes that do so never wait for each other in a circle.
func write(ctx context.Context, tx *db.Tx, table, part string, sums map[totalKey]sum) error {
	for _, key := range slices.SortedFunc(maps.Keys(sums), totalKey.compare) {
		more := sums[key]
		if more == (sum{}) {
			continue
		}
		value := any(key.part)
		if part == "day" {
			value = key.day
		}
		if _, err := tx.Exec(ctx, `INSERT INTO `+table+` (scope, kind, `+part+`, entries, activated) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (scope, kind, `+part+`) DO UPDATE SET entries = `+table+`.entries + excluded.entries,
				activated = `+table+`.activated + excluded.activated`, key.scope, key.kind, value, more.entries, more.activated); err != nil {
			return err
		}
	}
	return nil
}
