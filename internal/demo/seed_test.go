package demo

import (
	"context"
	"errors"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/roster"
	"caotang/internal/vault/vaulttest"

	"github.com/google/go-cmp/cmp"
)

func count(t *testing.T, d *db.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := d.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSeedFillsAnEmptyDatabaseOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, v := context.Background(), vaulttest.New(t)
		if err := Refuse(ctx, d); err != nil {
			t.Errorf("an empty database is refused: %v", err)
		}
		if err := Seed(ctx, d, v); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d, "SELECT COUNT(*) FROM regions"); n != 1+21+183 {
			t.Errorf("%d regions", n)
		}
		entries := count(t, d, "SELECT COUNT(*) FROM registry_entries")
		if entries < 18000 || entries > 22000 || count(t, d, "SELECT COUNT(*) FROM documents") != entries {
			t.Errorf("%d entries with as many documents, want about 20,000", entries)
		}
		// Every entry lies in a class of its own school, and is looked up by its own document.
		if n := count(t, d, `SELECT COUNT(*) FROM registry_entries e JOIN classes c ON c.id = e.class_id WHERE c.school_id <> e.school_id`); n != 0 {
			t.Errorf("%d entries in another school's class", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM registry_entries e JOIN documents d ON d.entry_id = e.id AND d.document_index = e.document_index`); n != entries {
			t.Errorf("%d entries found by their document, want %d", n, entries)
		}
		if n := count(t, d, "SELECT COUNT(*) FROM registry_entries WHERE kind = 'student' AND class_id IS NULL"); n == 0 {
			t.Error("every pupil has a class")
		}

		if err := Seed(ctx, d, v); err != nil {
			t.Fatal(err)
		}
		if again := count(t, d, "SELECT COUNT(*) FROM registry_entries"); again != entries {
			t.Errorf("a second start made %d entries of %d", again, entries)
		}
		if err := Refuse(ctx, d); !errors.Is(err, ErrDemoData) {
			t.Errorf("in earnest: %v, want ErrDemoData", err)
		}
	})
}

func TestSeedKeepsWhatPeopleChanged(t *testing.T) {
	d, ctx, v := dbtest.OpenSQLite(t), context.Background(), vaulttest.New(t)
	if err := Seed(ctx, d, v); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exec(ctx, "UPDATE schools SET name = 'renamed' WHERE region = $1", showCounty); err != nil {
		t.Fatal(err)
	}
	if err := Seed(ctx, d, v); err != nil {
		t.Fatal(err)
	}
	if count(t, d, "SELECT COUNT(*) FROM schools WHERE name = 'renamed'") == 0 {
		t.Error("a second start undid a change")
	}
}

func TestSeedKeepsAwayFromForeignData(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if _, err := d.Exec(ctx, `INSERT INTO accounts (id, username, password_hash, role, replace_password, created_at, updated_at)
			VALUES ('a', 'somebody', '', 'public', false, 0, 0)`); err != nil {
			t.Fatal(err)
		}
		if err := Seed(ctx, d, vaulttest.New(t)); !errors.Is(err, ErrForeignData) {
			t.Errorf("%v, want ErrForeignData", err)
		}
		if n := count(t, d, "SELECT COUNT(*) FROM registry_entries"); n != 0 {
			t.Errorf("%d entries were added", n)
		}
	})
}

// A start that fails in the middle leaves nothing, and the next one does it all.
func TestSeedIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, v := context.Background(), vaulttest.New(t)
		someone := World(worldSeed, time.Now())[500].Pupils[0]
		number, problem := identity.Parse(someone.IDType, someone.IDNumber)
		if problem != nil {
			t.Fatal(problem)
		}
		if _, err := d.Exec(ctx, "INSERT INTO documents (document_index, entry_id) VALUES ($1, 'in the way')", v.Index("id_number", number.Key())); err != nil {
			t.Fatal(err)
		}
		if err := Seed(ctx, d, v); !db.IsUnique(err) {
			t.Fatalf("%v, want that a document is taken", err)
		}
		for _, table := range []string{"schools", "registry_entries", "accounts"} {
			if n := count(t, d, "SELECT COUNT(*) FROM "+table); n != 0 {
				t.Errorf("%d rows of %s stayed", n, table)
			}
		}
		if seeded, err := Seeded(ctx, d); err != nil || seeded {
			t.Errorf("marked as done: %v, %v", seeded, err)
		}
		if _, err := d.Exec(ctx, "DELETE FROM documents"); err != nil {
			t.Fatal(err)
		}
		if err := Seed(ctx, d, v); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAccountsHaveOneAdministratorPerLevel(t *testing.T) {
	d, ctx := dbtest.OpenSQLite(t), context.Background()
	if err := Seed(ctx, d, vaulttest.New(t)); err != nil {
		t.Fatal(err)
	}
	list, err := Accounts(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, a := range list {
		if a.Scope != nil {
			got[a.Scope.Level] = append(got[a.Scope.Level], a.Scope.Name)
		} else {
			got[a.Role] = append(got[a.Role], a.Username)
		}
	}
	want := map[string][]string{
		string(access.Province): {"四川省"},
		string(access.City):     {"成都市"},
		string(access.County):   {"锦江区"},
		string(access.School):   {"锦江区演示初级中学", "涪城区演示初级中学"},
		"teacher":               {"teacher1", "teacher2", "teacher3", "old_teacher"},
		"student":               {"student1", "student2", "student3", "old_student"},
		"parent":                {"parent1", "old_parent"},
		"public":                {"public1", "old_public"},
		string(access.Service):  {"四川省"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEntriesAreReadyToVerify(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, v := context.Background(), vaulttest.New(t)
		if err := Seed(ctx, d, v); err != nil {
			t.Fatal(err)
		}
		accounts, err := Accounts(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		school := accounts[3].Scope.ID
		for _, test := range []struct{ kind, school string }{{"", ""}, {roster.Teacher, ""}, {roster.Student, school}, {roster.Teacher, school}} {
			list, err := Entries(ctx, d, v, test.kind, test.school)
			if err != nil {
				t.Fatal(err)
			}
			kinds, classless := map[string]int{}, 0
			for _, e := range list {
				kinds[e.Kind]++
				if e.Kind == roster.Student && !e.HasClass {
					classless++
				}
				if test.school != "" && e.School.ID != test.school {
					t.Errorf("%v: %s of another school", test, e.Name)
				}
				number, problem := identity.Parse(identity.ResidentID, e.IDNumber)
				if problem != nil {
					t.Fatalf("%v: %s: %v", test, e.IDNumber, problem)
				}
				index := v.Index("id_number", number.Key())
				if n := count(t, d, `SELECT COUNT(*) FROM documents d JOIN registry_entries e ON e.id = d.entry_id
					WHERE d.document_index = $1 AND e.name = $2 AND e.kind = $3
					AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.entry_id = e.id)`, index, e.Name, e.Kind); n != 1 {
					t.Errorf("%v: %s is not free to be bound", test, e.Name)
				}
			}
			if kinds[roster.Teacher] == 0 != (test.kind == roster.Student) || kinds[roster.Student] == 0 != (test.kind == roster.Teacher) {
				t.Errorf("%v: %v", test, kinds)
			}
			if test.kind != roster.Teacher && classless == 0 {
				t.Errorf("%v: every pupil has a class", test)
			}
		}
	})
}

func BenchmarkSeed(b *testing.B) {
	v := vaulttest.New(b)
	for b.Loop() {
		if err := Seed(context.Background(), dbtest.OpenSQLite(b), v); err != nil {
			b.Fatal(err)
		}
	}
}
