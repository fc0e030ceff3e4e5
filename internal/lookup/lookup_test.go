package lookup_test

import (
	"bytes"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/lookup"
	"caotang/internal/vault"
)

func newVault(t *testing.T) (*vault.Vault, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "caotang.key")
	v, err := vault.OpenFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	return v, path
}

func addKey(t *testing.T, v *vault.Vault, path string) {
	t.Helper()
	if _, err := vault.AddLookUp(path, vault.AES, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(); err != nil {
		t.Fatal(err)
	}
}

func inTx(t *testing.T, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.InTx(t.Context(), f); err != nil {
		t.Error(err)
	}
}

// add writes a login for a phone unless there is one, as registration does, and reports whether it did.
func add(t *testing.T, tx *db.Tx, v *vault.Vault, phone, account string) (added bool, err error) {
	index, err := lookup.Claim(t.Context(), tx, v, lookup.Logins, v.Index("phone", phone))
	if err != nil {
		return false, err
	}
	return db.Changed(tx.Exec(t.Context(), `INSERT INTO logins (login_key, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, lookup.Logins.Stored(index), account))
}

func TestWhoeverWritesWhileAKeyComesIntoUseIsWaitedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v, path := newVault(t)
		addKey(t, v, path)
		begun := make(chan error, 1)
		inTx(t, d, func(tx *db.Tx) error {
			index, err := lookup.Claim(t.Context(), tx, v, lookup.Logins, v.Index("phone", "13800000000"))
			if err != nil || len(index) != 16 {
				t.Errorf("before it is in use: %x, %v", index, err)
			}
			go func() {
				begun <- d.InTx(t.Context(), func(tx *db.Tx) error { return lookup.Begin(t.Context(), tx, v) })
			}()
			for waits := 0; d.Dialect() == db.PostgreSQL && waits == 0; { // until it waits for this transaction
				select {
				case err := <-begun:
					t.Fatalf("the key came into use while somebody writes without it: %v", err)
				default:
				}
				if err := d.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_database b ON b.oid = l.database
					WHERE b.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`).Scan(&waits); err != nil {
					return err
				}
			}
			_, err = tx.Exec(t.Context(), `INSERT INTO logins (login_key, account_id) VALUES ($1, 'first')`, lookup.Logins.Stored(index))
			return err
		})
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
		inTx(t, d, func(tx *db.Tx) error {
			added, err := add(t, tx, v, "13800000000", "second")
			if added {
				t.Error("one phone has two logins")
			}
			return err
		})
		var key string
		if err := d.QueryRow(t.Context(), `SELECT login_key FROM logins`).Scan(&key); err != nil || !strings.HasPrefix(key, "p:02") {
			t.Errorf("the login has not been moved: %s, %v", key, err)
		}
	})
}

func TestDocumentsMoveWithAllThatHoldsTheirs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v, path := newVault(t)
		documents := make([][]byte, 500)
		rows := make([][]any, len(documents))
		for i := range documents {
			documents[i] = v.Index("id_number", string(rune('a'+i)))
			rows[i] = []any{documents[i], db.NewID()}
		}
		inTx(t, d, func(tx *db.Tx) error {
			if err := tx.Insert(t.Context(), "documents", []string{"document_index", "entry_id"}, rows[:400]); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `INSERT INTO registry_entries (id, kind, name, name_key, id_type, id_number_sealed, document_index, school_id, created_at, updated_at)
				VALUES ($1, 'student', '李雷', '李雷', 'resident_id', $2, $2, 'school', 0, 0)`, rows[399][1], documents[399])
			return err
		})
		addKey(t, v, path)
		inTx(t, d, func(tx *db.Tx) error { return lookup.Begin(t.Context(), tx, v) })
		inTx(t, d, func(tx *db.Tx) error {
			claimed, err := lookup.ClaimAll(t.Context(), tx, v, lookup.Documents, documents[100:])
			for i, index := range claimed {
				if now, before := v.Asked(documents[100+i]); !bytes.Equal(index, now) || bytes.Equal(index, before) || vault.IndexKey(index) != 2 {
					t.Errorf("%d is written as %x", i, index)
				}
			}
			return err
		})
		for query, want := range map[string]int{
			`SELECT count(*) FROM documents WHERE length(document_index) = 16`:                                100,
			`SELECT count(*) FROM documents WHERE length(document_index) = 17`:                                300,
			`SELECT count(*) FROM registry_entries e JOIN documents d ON d.document_index = e.document_index`: 1,
			`SELECT count(*) FROM registry_entries WHERE length(document_index) = 17`:                         1,
		} {
			var n int
			if err := d.QueryRow(t.Context(), query).Scan(&n); err != nil || n != want {
				t.Errorf("%s: %d, want %d: %v", query, n, want, err)
			}
		}
	})
}

func TestKeyFileAndDatabaseMustBelongTogether(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	v, path := newVault(t)
	without, err := vault.OpenFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	addKey(t, v, path)
	inTx(t, d, func(tx *db.Tx) error { return lookup.Begin(t.Context(), tx, v) })
	if err := lookup.Check(t.Context(), d, v); err != nil {
		t.Error(err)
	}
	if err := vault.SettleLookUp(path); err != nil {
		t.Fatal(err)
	}
	settled, err := vault.OpenFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	inTx(t, d, func(tx *db.Tx) error { _, err := add(t, tx, v, "13800000001", "somebody"); return err })
	if err := lookup.Check(t.Context(), d, settled); err == nil || !strings.Contains(err.Error(), "key file of its time") {
		t.Errorf("a backup from while all was moved: %v", err)
	}
	inTx(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE lookup_keys SET done_at = 1`)
		return err
	})
	if err := lookup.Check(t.Context(), d, settled); err != nil {
		t.Error(err)
	}
	old, _ := newVault(t)
	if err := lookup.Check(t.Context(), d, old); err == nil || !strings.Contains(err.Error(), "lacks look-up key 2") {
		t.Errorf("a file without the key: %v", err)
	}
	if err := d.InTx(t.Context(), func(tx *db.Tx) error {
		_, err := lookup.Value(t.Context(), tx, without, without.Index("phone", "13800000000"))
		return err
	}); err != nil {
		t.Errorf("a process that knows of no change asks for nothing: %v", err)
	}

	fresh := dbtest.OpenSQLite(t)
	for range 2 { // at the second start there is somebody
		if err := lookup.Check(t.Context(), fresh, settled); err != nil {
			t.Errorf("a new database: %v", err)
		}
		inTx(t, fresh, func(tx *db.Tx) error { _, err := add(t, tx, settled, "13800000000", "somebody"); return err })
	}
	restored := dbtest.OpenSQLite(t)
	inTx(t, restored, func(tx *db.Tx) error { _, err := add(t, tx, old, "13800000000", "somebody"); return err })
	if err := lookup.Check(t.Context(), restored, settled); err == nil || !strings.Contains(err.Error(), "key file of its time") {
		t.Errorf("a backup from before: %v", err)
	}
	addKey(t, settled, path) // another, by which not all is moved yet
	if err := lookup.Check(t.Context(), restored, settled); err == nil || !strings.Contains(err.Error(), "key file of its time") {
		t.Errorf("a backup from before: %v", err)
	}
}

// Whoever adds a column of bytes says what it holds.
func TestEveryColumnOfIndexesIsKnown(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	found, err := db.Collect(t.Context(), d, `SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND lower(c.type) IN ('bytea', 'blob') AND c.name <> 'sealed' AND c.name NOT LIKE '%\_sealed' ESCAPE '\'`, nil,
		func(name *string) []any { return []any{name} })
	if err != nil {
		t.Fatal(err)
	}
	others := []string{ // hashes without a key, of what is random; what is sealed; and what is of no person
		"sessions.token_hash", "ended_sessions.token_hash", "notice_links.token_hash", "consent_links.token_hash", "passkeys.credential_id", "jobs.payload", "idempotency_keys.answer",
		"audit_blocks.hash", "roster_headings.fingerprint",
	}
	known := others
	for _, c := range lookup.Columns {
		if c != lookup.Logins { // text
			known = append(known, c.String())
		}
	}
	slices.Sort(found)
	slices.Sort(known)
	if !slices.Equal(found, known) {
		t.Errorf("of bytes are\n%v, known are\n%v", found, known)
	}
}

func TestAColumnReadsWhatItHolds(t *testing.T) {
	index := bytes.Repeat([]byte{7}, 16)
	for _, c := range []*lookup.Column{lookup.Logins, lookup.Documents} {
		if got := c.Read(c.Stored(index)); !bytes.Equal(got, index) {
			t.Errorf("%s: %x", c, got)
		}
	}
	for _, value := range []any{nil, "u:teacher1", "p:zz", "p:" + hex.EncodeToString(index[:8]), []byte{}} {
		if got := lookup.Logins.Read(value); got != nil {
			t.Errorf("%v: %x", value, got)
		}
	}
}
