package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
)

var errFailed = errors.New("failed")

// atOnce runs writers of SQLite who go on with one another's transaction: the first is done when all others wait. It answers what
// each heard; a panic counts as errFailed.
func atOnce(ctx context.Context, d *db.DB, writers ...func(tx *db.Tx) error) []error {
	d.HandOnAlways()
	heard := make([]error, len(writers))
	begun := make(chan struct{})
	var all sync.WaitGroup
	run := func(i int, fn func(tx *db.Tx) error) {
		all.Go(func() {
			defer func() {
				if recover() != nil {
					heard[i] = errFailed
				}
			}()
			heard[i] = d.InTx(ctx, fn)
		})
	}
	run(0, func(tx *db.Tx) error {
		close(begun)
		for d.Waiting() < len(writers)-1 {
			runtime.Gosched()
		}
		return writers[0](tx)
	})
	<-begun
	for i, fn := range writers[1:] {
		run(i+1, fn)
	}
	all.Wait()
	return heard
}

func writes(name string) func(tx *db.Tx) error {
	return func(tx *db.Tx) error { return put(tx, name, "") }
}

func names(t *testing.T, d *db.DB) []string {
	t.Helper()
	all, err := db.Collect(ctx, d, "SELECT name FROM meta ORDER BY name", nil, func(s *string) []any { return []any{s} })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWritersAtOnceAreCommittedTogetherAndFailAlone(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	var mu sync.Mutex
	var told, want []string
	var writers []func(tx *db.Tx) error
	for i := range 12 {
		name := fmt.Sprintf("w%02d", i)
		fails := i % 3
		if fails == 0 {
			want = append(want, name)
		}
		writers = append(writers, func(tx *db.Tx) error {
			tx.AfterCommit(func() {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, name)
			})
			if seen := names(t, d); len(seen) > 0 {
				t.Errorf("%s runs when %q are committed", name, seen)
			}
			if err := put(tx, name, ""); err != nil {
				return err
			}
			switch fails {
			case 1:
				return errFailed
			case 2:
				panic("broken")
			}
			return nil
		})
	}
	for i, err := range atOnce(ctx, d, writers...) {
		if failed := i%3 > 0; failed != errors.Is(err, errFailed) || !failed && err != nil {
			t.Errorf("writer %d heard %v", i, err)
		}
	}
	slices.Sort(told)
	if got := names(t, d); !slices.Equal(got, want) || !slices.Equal(told, want) {
		t.Errorf("committed %q, told %q, want %q", got, told, want)
	}
}

func TestTheFirstWritersFailureIsItsOwn(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	heard := atOnce(ctx, d, func(tx *db.Tx) error {
		return errors.Join(put(tx, "a", ""), errFailed)
	}, writes("b"), writes("c"))
	if !errors.Is(heard[0], errFailed) || heard[1] != nil || heard[2] != nil || !slices.Equal(names(t, d), []string{"b", "c"}) {
		t.Errorf("heard %v, committed %q", heard, names(t, d))
	}
}

// A commit that fails, and a transaction that SQLite takes back by itself, are nobody's success.
func TestAllHearThatTheirCommitFailed(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	for _, statement := range []string{"CREATE TABLE parents (id text PRIMARY KEY)", "CREATE TABLE children (parent text REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"} {
		if _, err := d.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	for name, breaks := range map[string]string{"commit": "INSERT INTO children VALUES ('nobody')", "taken back": "ROLLBACK"} {
		t.Run(name, func(t *testing.T) {
			lost := func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, breaks)
				return err
			}
			heard := atOnce(ctx, d, writes("a"), lost)
			if heard[0] == nil || heard[1] == nil || count(t, d) != 0 {
				t.Errorf("heard %v, committed %q", heard, names(t, d))
			}
			if err := d.InTx(ctx, writes("b")); err != nil || count(t, d) != 1 {
				t.Errorf("afterwards: %v, committed %q", err, names(t, d))
			}
			if _, err := d.Exec(ctx, "DELETE FROM meta"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhoGivesUpKeepsNobodyWaiting(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	gone, leave := context.WithCancel(ctx)
	heard := atOnce(gone, d, func(tx *db.Tx) error {
		leave() // too late for this one, which has begun
		return put(tx, "a", "")
	}, writes("b"))
	if heard[0] != nil || !errors.Is(heard[1], context.Canceled) || !slices.Equal(names(t, d), []string{"a"}) {
		t.Errorf("heard %v, committed %q", heard, names(t, d))
	}
}

// A batch takes its time: nobody waits for it longer than for the turn.
func TestABatchIsCommittedAlone(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	d.HandOnAlways()
	var all sync.WaitGroup
	follow := func() {
		all.Go(func() {
			if err := d.InTx(ctx, func(tx *db.Tx) error {
				if got := names(t, d); !slices.Equal(got, []string{"batch"}) {
					t.Errorf("%q are committed after a batch", got)
				}
				return put(tx, "next", "")
			}); err != nil {
				t.Error(err)
			}
		})
		for d.Waiting() < 1 {
			runtime.Gosched()
		}
	}
	if err := d.InBatch(ctx, func(tx *db.Tx) error {
		follow()
		return put(tx, "batch", "")
	}); err != nil {
		t.Error(err)
	}
	all.Wait()
	if got := names(t, d); !slices.Equal(got, []string{"batch", "next"}) {
		t.Errorf("%q are committed", got)
	}
}

func TestAStatementOfOneWhoIsGoneServesTheOthers(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	for _, name := range []string{"a", "b", "c"} { // from then on the statement is kept
		if err := d.InTx(ctx, writes(name)); err != nil {
			t.Fatal(err)
		}
	}
	heard := atOnce(ctx, d, func(tx *db.Tx) error {
		gone, leave := context.WithCancel(ctx)
		leave()
		if _, err := tx.Exec(gone, "INSERT INTO meta (name, value) VALUES ($1, $2)", "nobody", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("who is gone writes: %v", err)
		}
		return nil
	}, writes("d"))
	if heard[0] != nil || heard[1] != nil || !slices.Equal(names(t, d), []string{"a", "b", "c", "d"}) {
		t.Errorf("heard %v, committed %q", heard, names(t, d))
	}
}
