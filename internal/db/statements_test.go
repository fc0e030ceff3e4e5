package db_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
)

// What transactions say again and again is kept prepared: it answers the same after an error, after a rollback, from many at once, and
// when the table has changed meanwhile.
func TestAStatementThatIsKeptAnswersAsOneThatIsNot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if _, err := d.Exec(ctx, `CREATE TABLE things (id text PRIMARY KEY, n bigint NOT NULL)`); err != nil {
			t.Fatal(err)
		}
		const insert, raise = `INSERT INTO things (id, n) VALUES ($1, $2)`, `UPDATE things SET n = n + 1 WHERE id = $1 RETURNING n`
		undone := errors.New("undone")
		add := func(id string) error {
			return d.InTx(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, insert, id, 0)
				return err
			})
		}
		for i := range 6 {
			id := fmt.Sprint("thing", i)
			if err := add(id); err != nil {
				t.Fatal(err)
			}
			if err := add(id); !db.IsUnique(err) {
				t.Errorf("a thing twice: %v", err)
			}
			if err := d.InTx(ctx, func(tx *db.Tx) error {
				var n int
				for want := range 3 {
					if err := tx.QueryRow(ctx, raise, id).Scan(&n); err != nil || n != want+1 {
						t.Errorf("%s is %d, want %d: %v", id, n, want+1, err)
					}
				}
				return undone
			}); !errors.Is(err, undone) {
				t.Error(err)
			}
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := d.InTx(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, raise, "thing0").Scan(new(int)) }); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if _, err := d.Exec(ctx, `ALTER TABLE things ADD COLUMN more text`); err != nil {
			t.Fatal(err)
		}
		if err := add("after"); err != nil {
			t.Error(err)
		}
		var things, sum int
		if err := d.QueryRow(ctx, `SELECT count(*), CAST(sum(n) AS bigint) FROM things`).Scan(&things, &sum); err != nil || things != 7 || sum != 20 {
			t.Errorf("%d things of %d, want 7 of 20: %v", things, sum, err)
		}
	})
}
