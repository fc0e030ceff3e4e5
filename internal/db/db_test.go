package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
)

var ctx = context.Background()

func put(q db.Querier, name, value string) error {
	_, err := q.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", name, value)
	return err
}

func count(t *testing.T, q db.Querier) (n int) {
	t.Helper()
	if err := q.QueryRow(ctx, "SELECT count(*) FROM meta").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		told := 0
		failure := errors.New("no")
		err := d.InTx(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { told++ })
			if err := put(tx, "a", "1"); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) || count(t, d) != 0 || told != 0 {
			t.Fatalf("after a failed transaction: err %v, %d rows, told %d times", err, count(t, d), told)
		}
		err = d.InTx(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { told++ })
			return put(tx, "a", "1")
		})
		if err != nil || count(t, d) != 1 || told != 1 {
			t.Fatalf("after a good transaction: err %v, %d rows, told %d times", err, count(t, d), told)
		}
	})
}

func TestAPanicRollsBackAndFreesTheWriter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		func() {
			defer func() { _ = recover() }()
			_ = d.InTx(ctx, func(tx *db.Tx) error {
				_ = put(tx, "a", "1")
				panic("broken")
			})
		}()
		if err := put(d, "b", "2"); err != nil || count(t, d) != 1 {
			t.Fatalf("err %v, %d rows", err, count(t, d))
		}
	})
}

func TestATakenKeyIsUnique(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := put(d, "a", "1"); err != nil {
			t.Fatal(err)
		}
		if err := put(d, "a", "2"); !db.IsUnique(err) {
			t.Errorf("a second row with the same key: %v", err)
		}
		if _, err := d.Exec(ctx, "INSERT INTO meta (name, value) VALUES ('x', NULL)"); err == nil || db.IsUnique(err) {
			t.Errorf("a missing value counts as taken: %v", err)
		}
	})
}

func TestBulkInsertKeepsEveryRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const n = 100 // more than one statement's rows, and not a multiple of them
		rows := make([][]any, n)
		for i := range rows {
			rows[i] = []any{db.NewID(), "v"}
		}
		err := d.InTx(ctx, func(tx *db.Tx) error { return tx.Insert(ctx, "meta", []string{"name", "value"}, rows) })
		if err != nil || count(t, d) != n {
			t.Fatalf("err %v, %d rows of %d", err, count(t, d), n)
		}
		err = d.InTx(ctx, func(tx *db.Tx) error {
			return tx.Insert(ctx, "meta", []string{"name", "value"}, [][]any{{"new", "v"}, rows[0]})
		})
		if !db.IsUnique(err) || count(t, d) != n {
			t.Fatalf("a taken row in bulk: err %v, %d rows", err, count(t, d))
		}
	})
}

func TestTimesKeepTheirMillisecond(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := db.At(time.Date(2026, 9, 1, 8, 30, 0, 123456789, time.FixedZone("", 8*3600)))
		var got db.Time
		var missing db.NullTime
		err := d.QueryRow(ctx, "SELECT CAST($1 AS bigint), CAST(NULL AS bigint)", at).Scan(&got, &missing)
		if err != nil || !got.Equal(at.Time) || got.Location() != time.UTC || missing.Ptr() != nil {
			t.Errorf("wrote %v, read %v and %v: %v", at, got, missing, err)
		}
	})
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := put(d, "a", "1"); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx); err != nil || count(t, d) != 1 {
			t.Fatalf("err %v, %d rows", err, count(t, d))
		}
	})
}

func TestIDsAreInOrderOfCreation(t *testing.T) {
	now := time.Now()
	ids := []string{db.IDAt(now), db.IDAt(now.Add(time.Millisecond)), db.IDAt(now.Add(24 * time.Hour))}
	if len(ids[0]) != 26 || !slices.IsSorted(ids) {
		t.Errorf("%q", ids)
	}
	var within []string // one millisecond
	for at := now.Truncate(time.Millisecond); at.Before(now.Truncate(time.Millisecond).Add(time.Millisecond)); at = at.Add(time.Microsecond) {
		within = append(within, db.IDAt(at))
	}
	if !slices.IsSorted(within) || within[0] < db.FirstID(now.Truncate(time.Millisecond)) || within[999] >= db.FirstID(now.Truncate(time.Millisecond).Add(time.Millisecond)) {
		t.Errorf("%q", within)
	}
}

// Who holds rows decides by what they read of them, whoever else would: no change is lost, and nobody waits for each other in a ring.
func TestWhoeverHoldsRowsTakesTurns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if _, err := d.Exec(ctx, `CREATE TABLE things (id text PRIMARY KEY, n bigint NOT NULL)`); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Exec(ctx, `INSERT INTO things (id, n) VALUES ('a', 0), ('b', 0)`); err != nil {
			t.Fatal(err)
		}
		raise := func(tx *db.Tx, id string) error {
			var n int
			if err := tx.QueryRow(ctx, `SELECT n FROM things WHERE id = $1`, id).Scan(&n); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE things SET n = $1 WHERE id = $2`, n+1, id)
			return err
		}
		var all sync.WaitGroup
		for i := range 20 {
			ids := []string{"a", "b"}
			if i%2 == 1 {
				slices.Reverse(ids)
			}
			all.Go(func() {
				if err := d.InTx(ctx, func(tx *db.Tx) error {
					if err := tx.Hold(ctx, "things", ids...); err != nil {
						return err
					}
					return errors.Join(raise(tx, ids[0]), raise(tx, ids[1]))
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, id := range []string{"a", "b"} {
			var n int
			if err := d.QueryRow(ctx, `SELECT n FROM things WHERE id = $1`, id).Scan(&n); err != nil || n != 20 {
				t.Errorf("%s was raised to %d, want 20: %v", id, n, err)
			}
		}
	})
}

// What is brief is planned once on PostgreSQL, a list each time anew: for as many people as it asks for.
func TestWhatIsBriefKeepsItsPlan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Dialect() != db.PostgreSQL {
			return // SQLite keeps all
		}
		ctx := t.Context()
		const brief, list = `SELECT code FROM regions WHERE code = $1`, `SELECT code FROM regions WHERE parent = $1`
		var kept []string
		if err := d.InTx(ctx, func(tx *db.Tx) error {
			for query, ctx := range map[string]context.Context{brief: d.Brief(ctx), list: ctx} {
				if _, err := db.Collect(ctx, tx, query, []any{"51"}, func(code *string) []any { return []any{code} }); err != nil {
					return err
				}
			}
			var err error
			kept, err = db.Collect(ctx, tx, `SELECT statement FROM pg_prepared_statements WHERE statement IN ($1, $2)`, []any{brief, list},
				func(s *string) []any { return []any{s} })
			return err
		}); err != nil || !slices.Equal(kept, []string{brief}) {
			t.Errorf("kept are %q: %v", kept, err)
		}
	})
}
