package audit_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/vault"
	"caotang/internal/vault/vaulttest"
)

type chain struct {
	t *testing.T
	*db.DB
	v *vault.Vault
}

func (c chain) record(n int) {
	c.t.Helper()
	ctx := access.WithActor(c.t.Context(), access.Actor{AccountID: "somebody"})
	err := c.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: "registry.rename", Target: "entry", TargetID: fmt.Sprint("entry", n), Place: access.Place{Region: "510104", School: "school"},
			Details: map[string]any{"masked_name": "李*"},
		})
	})
	if err != nil {
		c.t.Error(err)
	}
}

func (c chain) seal() {
	c.t.Helper()
	if err := audit.Seal(c.t.Context(), c.DB, c.v); err != nil {
		c.t.Error(err)
	}
}

func (c chain) head() audit.Link {
	c.t.Helper()
	head, err := audit.Head(c.t.Context(), c.DB)
	if err != nil {
		c.t.Fatal(err)
	}
	return head
}

// broken lists what a check finds, as "2 changed".
func (c chain) broken(noted audit.Link) (found []string) {
	c.t.Helper()
	sum, err := audit.Verify(c.t.Context(), c.DB, c.v, noted, 10)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, b := range sum.Breaks {
		found = append(found, fmt.Sprint(b.Block, " ", b.Kind))
	}
	return found
}

func (c chain) exec(query string, args ...any) {
	c.t.Helper()
	if _, err := c.Exec(c.t.Context(), query, args...); err != nil {
		c.t.Fatal(err)
	}
}

func each(t *testing.T, test func(t *testing.T, c chain)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, chain{t, d, vaulttest.New(t)}) })
}

func TestEveryRecordIsSealedOnceWhoeverSealsMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, c chain) {
		const writers, perWriter = 4, 40
		var work sync.WaitGroup
		for n := range writers {
			work.Go(func() {
				for i := range perWriter {
					c.record(n*perWriter + i)
				}
			})
			work.Go(func() {
				for range 5 {
					c.seal()
				}
			})
		}
		work.Wait()
		c.seal()
		sum, err := audit.Verify(t.Context(), c.DB, c.v, audit.Link{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(sum.Breaks) > 0 || sum.Records != writers*perWriter || sum.Waiting != 0 || sum.Blocks != sum.Head.Number {
			t.Errorf("%+v", sum)
		}
		before := c.head()
		c.seal()
		if after := c.head(); after.Number != before.Number {
			t.Errorf("with nothing to seal block %d was made", after.Number)
		}
	})
}

func TestWhatIsDoneToTheRecordAfterwardsIsFound(t *testing.T) {
	each(t, func(t *testing.T, c chain) {
		for block := range 5 {
			for i := range 3 {
				c.record(10*block + i)
			}
			c.seal()
		}
		noted := c.head()
		if found := c.broken(noted); len(found) > 0 {
			t.Fatalf("untouched, the chain has %v", found)
		}
		for what, does := range tampering() {
			restore := c.copyOf()
			c.exec(does[0])
			if found := fmt.Sprint(c.broken(noted)); found != does[1] {
				t.Errorf("%s: found %s, want %s", what, found, does[1])
			}
			restore()
		}
		if found := c.broken(noted); len(found) > 0 {
			t.Fatalf("restored, the chain has %v", found)
		}
	})
}

// tampering is what can be done to the tables, and what a check finds then.
func tampering() map[string][2]string {
	all := map[string][2]string{
		"removed":      {"DELETE FROM audit_records WHERE id = (SELECT min(id) FROM audit_records WHERE block = 2)", "[2 removed]"},
		"moved":        {"UPDATE audit_records SET block = 4 WHERE id = (SELECT min(id) FROM audit_records WHERE block = 2)", "[2 removed 4 added]"},
		"unsealed":     {"UPDATE audit_records SET block = NULL WHERE block = 5", "[5 removed]"},
		"a block gone": {"DELETE FROM audit_blocks WHERE number = 5", "[5 missing]"},
		"a hash":       {"UPDATE audit_blocks SET hash = (SELECT hash FROM audit_blocks WHERE number = 1) WHERE number = 2", "[2 changed 3 changed]"},
	}
	for _, column := range []string{"at", "actor_id", "action", "target", "target_id", "region", "school_id", "reason", "details", "address", "request_id", "batch"} {
		value := "'x'"
		if column == "at" {
			value = "1"
		}
		all[column] = [2]string{"UPDATE audit_records SET " + column + " = " + value + " WHERE id = (SELECT max(id) FROM audit_records WHERE block = 3)", "[3 changed]"}
	}
	return all
}

// copyOf keeps the tables, and answers what puts them back.
func (c chain) copyOf() (restore func()) {
	tables := []string{"audit_records", "audit_blocks"}
	for _, table := range tables {
		c.exec("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table)
	}
	return func() {
		for _, table := range tables {
			c.exec("DELETE FROM " + table)
			c.exec("INSERT INTO " + table + " SELECT * FROM kept_" + table)
			c.exec("DROP TABLE kept_" + table)
		}
	}
}

func TestTheChainGoesOnWithANewLookUpKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		path := filepath.Join(t.TempDir(), "caotang.key")
		v, err := vault.OpenFile(path, true)
		if err != nil {
			t.Fatal(err)
		}
		stolen, err := vault.OpenFile(path, false)
		if err != nil {
			t.Fatal(err)
		}
		c := chain{t, d, v}
		c.record(1)
		c.exec(`UPDATE audit_records SET at = $1`, db.At(time.Now().Add(-48*time.Hour)))
		c.seal()
		if _, err := vault.AddLookUp(path, vault.SM, time.Now().Add(-3*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := v.Refresh(); err != nil {
			t.Fatal(err)
		}
		c.record(2)
		c.seal()
		if head := c.head(); head.Number != 2 || len(head.Hash) != 33 || len(c.broken(head)) > 0 {
			t.Errorf("block %d with %x: %v", head.Number, head.Hash, c.broken(head))
		}
		// Whoever knows the key of before makes the newest block anew, with another record in it.
		c.exec(`DELETE FROM audit_blocks WHERE number = 2`)
		c.exec(`UPDATE audit_records SET block = NULL, reason = 'x' WHERE block = 2`)
		chain{t, d, stolen}.seal()
		if found := c.broken(audit.Link{}); fmt.Sprint(found) != "[2 changed]" {
			t.Errorf("a block made by the key of before: %v", found)
		}
	})
}

func TestTheNewestBlocksAreCheckedByThemselves(t *testing.T) {
	each(t, func(t *testing.T, c chain) {
		for i := range 5 {
			c.record(2 * i)
			c.record(2*i + 1)
			c.seal()
		}
		c.exec("UPDATE audit_records SET reason = 'x' WHERE block IN (1, 4)")
		for records, want := range map[int64]string{1: "5 []", 3: "4 [4 changed]", 100: "1 [1 changed 4 changed]"} {
			first, sum, err := audit.VerifyLast(t.Context(), c.DB, c.v, records, 10)
			if err != nil {
				t.Fatal(err)
			}
			found := []string{}
			for _, b := range sum.Breaks {
				found = append(found, fmt.Sprint(b.Block, " ", b.Kind))
			}
			if got := fmt.Sprint(first, " ", found); got != want || sum.Blocks != 6-first {
				t.Errorf("%d records: %s, want %s; %d blocks", records, got, want, sum.Blocks)
			}
		}
	})
}

// Whoever holds the database and no keys can make a chain that hangs together, but none that these keys vouch for; whoever has
// the keys as well is found out by the block that was noted elsewhere.
func TestAChainMadeAnewIsFound(t *testing.T) {
	each(t, func(t *testing.T, c chain) {
		for i := range 2 {
			c.record(i)
			c.seal()
		}
		noted := c.head()
		anew := func(v *vault.Vault) {
			c.exec("DELETE FROM audit_blocks")
			c.exec("UPDATE audit_records SET block = NULL, reason = reason || 'x'")
			if err := audit.Seal(t.Context(), c.DB, v); err != nil {
				t.Fatal(err)
			}
			c.record(9)
			if err := audit.Seal(t.Context(), c.DB, v); err != nil {
				t.Fatal(err)
			}
		}
		others, err := vault.New(bytes.Repeat([]byte{8}, 32))
		if err != nil {
			t.Fatal(err)
		}
		anew(others)
		if found := fmt.Sprint(c.broken(audit.Link{})); found != "[1 changed 2 changed]" {
			t.Errorf("with other keys: %s", found)
		}
		anew(c.v)
		if found := c.broken(audit.Link{}); len(found) > 0 {
			t.Errorf("with the keys: %v", found)
		}
		if found := fmt.Sprint(c.broken(noted)); found != "[2 forged]" {
			t.Errorf("with the keys, against the note: %s", found)
		}
	})
}
