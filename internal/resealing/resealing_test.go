package resealing_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/resealing"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/vault"
)

type world struct {
	*roomtest.World
	*resealing.Service
	path string // of the key file
}

func newWorld(t *testing.T, d *db.DB) world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "caotang.key")
	v, err := vault.OpenFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	w := roomtest.WithKeys(t, d, roomtest.Rules(), v)
	return world{w, resealing.New(d, v, w.Jobs, w.CopiesDir), path}
}

// addKey adds a key that has been in use for a while, and has this process know it.
func (w world) addKey(t *testing.T, suite vault.Suite) {
	t.Helper()
	if _, err := vault.AddKey(w.path, suite, time.Now().Add(-2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := w.Vault.Refresh(); err != nil {
		t.Fatal(err)
	}
}

const old = 1200 // accounts: more than two batches

func oldPhone(i int) string { return fmt.Sprintf("138%08d", i) }

// fill puts something sealed into most tables, and a file, and gives the file's id.
func (w world) fill(t *testing.T) (copyID string) {
	t.Helper()
	var table strings.Builder
	table.WriteString("username,hash,phone\n")
	for i := range old {
		fmt.Fprintf(&table, "old%05d,%x,%s\n", i, md5.Sum([]byte(roomtest.Password)), oldPhone(i))
	}
	sum, err := w.Accounts.ImportAccounts(t.Context(), accounts.OldAccounts{ReaderAt: strings.NewReader(table.String()), Size: int64(table.Len()), Scheme: "md5"},
		func(accounts.Finding) error { return nil }, func(accounts.Imported) {})
	if err != nil || sum.Taken != old {
		t.Fatalf("%+v, %v", sum, err)
	}
	p := w.Person(t, "student")
	e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID, StudentNumber: "G" + roomtest.IDNumber(1)})
	w.Bind(t, p, e, roster.Student)
	if a := w.Do(t, p, "POST", "/api/v1/me/tickets", map[string]any{"kind": "correction", "name": "韩梅"}); a.Status != 201 {
		t.Fatalf("ticket: %v", a)
	}
	ids, err := db.Collect(t.Context(), w.DB, `SELECT id FROM accounts WHERE username LIKE 'old%' ORDER BY id LIMIT 600`, nil, func(id *string) []any { return []any{id} })
	if err != nil {
		t.Fatal(err)
	}
	w.InTx(t, func(tx *db.Tx) error {
		var rows [][]any
		for i, id := range ids {
			rows = append(rows, []any{w.Vault.Index("phone", oldPhone(i/5)), i % 5, id, w.Vault.Seal("phone", oldPhone(i)), db.Now()})
		}
		return tx.Insert(t.Context(), "recovery_contacts", []string{"phone_index", "slot", "account_id", "phone_sealed", "confirmed_at"}, rows)
	})
	if copyID, err = w.Copies.Put(strings.NewReader("a copy")); err != nil {
		t.Fatal(err)
	}
	return copyID
}

// under counts what a key has sealed.
func (w world) under(t *testing.T, key byte) (n int64) {
	t.Helper()
	uses, err := w.Uses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range uses {
		if u.Key == key {
			n += u.Values
		}
	}
	return n
}

func (w world) sealedPhone(t *testing.T, username string) (sealed []byte) {
	t.Helper()
	if err := w.DB.QueryRow(t.Context(), `SELECT phone_sealed FROM accounts WHERE username = $1`, username).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestAllIsSealedAnewWhileThePlatformRuns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		copyID := w.fill(t)
		straggler := w.sealedPhone(t, "old00007")
		if err := w.Check(t.Context()); err != nil || w.Count(t, `SELECT count(*) FROM jobs WHERE kind = 'reseal'`) != 0 {
			t.Fatalf("one key alone: something to do, or %v", err)
		}
		w.addKey(t, vault.SM)
		if err := w.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Check(t.Context()); err != nil || w.Count(t, `SELECT count(*) FROM jobs WHERE kind = 'reseal'`) != 1 {
			t.Fatalf("asked for twice: %v", err)
		}

		running, stop := context.WithCancel(t.Context())
		var work, writers sync.WaitGroup
		work.Go(func() { w.Jobs.Run(running) })
		// Meanwhile people change their phones, register and sign in.
		newPhone := func(i int) string { return fmt.Sprintf("139%08d", i) }
		writers.Go(func() {
			for i := 0; i < old && running.Err() == nil; i += 3 {
				if _, err := d.Exec(running, `UPDATE accounts SET phone_sealed = $1 WHERE username = $2`, w.Vault.Seal("phone", newPhone(i)), fmt.Sprintf("old%05d", i)); err != nil {
					t.Error(err)
				}
			}
		})
		registered := w.Person(t, "public")
		for deadline := time.Now().Add(time.Minute); w.Count(t, `SELECT count(*) FROM resealings WHERE done_at IS NOT NULL`) == 0; {
			if time.Now().After(deadline) {
				t.Fatal("it does not come to an end")
			}
		}
		if a := w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", map[string]any{"login": "old00001", "password": roomtest.Password}); a.Status != 201 {
			t.Errorf("an old account, whose hash was sealed anew: %v", a)
		}
		writers.Wait()
		stop()
		work.Wait()

		if n := w.under(t, 1); n != 0 {
			t.Errorf("%d values are still sealed with the old key", n)
		}
		rows, err := db.Collect(t.Context(), d, `SELECT username, phone_sealed FROM accounts WHERE username LIKE 'old%'`, nil, func(r *struct {
			name   string
			sealed []byte
		},
		) []any {
			return []any{&r.name, &r.sealed}
		})
		if err != nil || len(rows) != old {
			t.Fatalf("%d accounts: %v", len(rows), err)
		}
		for _, r := range rows {
			var i int
			if _, err := fmt.Sscanf(r.name, "old%05d", &i); err != nil {
				t.Fatal(err)
			}
			want := oldPhone(i)
			if i%3 == 0 {
				want = newPhone(i)
			}
			if phone, err := w.Vault.Open("phone", r.sealed); err != nil || phone != want {
				t.Fatalf("%s has %q, not %q: %v", r.name, phone, want, err)
			}
		}
		if phone, err := w.Accounts.PhoneOf(t.Context(), d, registered.ID); err != nil || phone != registered.Phone {
			t.Errorf("who registered meanwhile has %q: %v", phone, err)
		}

		// A process that was slow has left something: the key stays, and it is looked at again.
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE accounts SET phone_sealed = $1 WHERE username = 'old00007'`, straggler)
			return err
		})
		if err := w.Retire(t.Context(), w.path, 1); err == nil || !strings.Contains(err.Error(), "1 values") {
			t.Errorf("a key that is needed was retired: %v", err)
		}
		if err := w.Retire(t.Context(), w.path, 1); err == nil || !strings.Contains(err.Error(), "not all") {
			t.Errorf("before it was looked at: %v", err)
		}
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Retire(t.Context(), w.path, 2); err == nil {
			t.Error("the key in use was retired")
		}
		if err := w.Retire(t.Context(), w.path, 1); err != nil {
			t.Fatal(err)
		}
		v, err := vault.OpenFile(w.path, false)
		if err != nil {
			t.Fatal(err)
		}
		if phone, err := v.Open("phone", w.sealedPhone(t, "old00007")); err != nil || phone != oldPhone(7) {
			t.Errorf("after the old key has gone: %q, %v", phone, err)
		}
		if _, err := v.Open("phone", straggler); err == nil {
			t.Error("the old key is still there")
		}
		if key, err := vault.KeyOfFile(filepath.Join(w.CopiesDir, copyID)); err != nil || key != 2 {
			t.Errorf("the copy is sealed with key %d: %v", key, err)
		}
		f, err := w.Copies.Open(copyID)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'keys.retire'`); n != 1 {
			t.Errorf("%d records of a key's end", n)
		}
	})
}

func TestWhatWasCutOffGoesOnWhereItWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.fill(t)
		w.addKey(t, vault.AES)
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO resealings (generation, begun_at) VALUES (2, $1)`, db.Now())
			return err
		})
		if err := w.Batch(t.Context(), "accounts"); err != nil {
			t.Fatal(err)
		}
		before, half := w.sealedPhone(t, "old00000"), w.under(t, 2)
		if before[0] != 2 || half == 0 {
			t.Fatalf("after one batch: %d values", half)
		}
		if p, err := w.ProgressOf(t.Context(), 2); err != nil || p.Rows != 500 || p.Tables != 0 || p.Done.Valid {
			t.Errorf("progress %+v: %v", p, err)
		}
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(before, w.sealedPhone(t, "old00000")) {
			t.Error("it began anew")
		}
		p, err := w.ProgressOf(t.Context(), 2)
		if rows := int64(old + 1 + 1 + 1 + 600); err != nil || !p.Done.Valid || p.Tables != resealing.TableCount() || p.Rows < rows {
			t.Errorf("progress %+v, want %d rows: %v", p, rows, err)
		}
		if n := w.under(t, 1); n != 0 {
			t.Errorf("%d values are still sealed with the old key", n)
		}
	})
}

// Whoever adds a column of sealed values adds it to the list.
func TestEverySealedColumnIsKnown(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	found, err := db.Collect(t.Context(), d, `SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND lower(c.type) = 'bytea' AND (c.name = 'sealed' OR c.name LIKE '%\_sealed' ESCAPE '\' OR c.name = 'answer')`, nil,
		func(name *string) []any { return []any{name} })
	if err != nil {
		t.Fatal(err)
	}
	known := slices.DeleteFunc(resealing.Columns(), func(name string) bool { return name == "accounts.password_hash" }) // some of whose values are sealed
	slices.Sort(found)
	slices.Sort(known)
	if !slices.Equal(found, known) {
		t.Errorf("sealed are\n%v, known are\n%v", found, known)
	}
}
