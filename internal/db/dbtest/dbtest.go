// Package dbtest runs a test on both engines, each time on a fresh, migrated database.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"caotang/internal/db"
)

// Each runs the test on SQLite and on PostgreSQL. The PostgreSQL server is the one that CAOTANG_TEST_POSTGRES names, by
// the DSN of a database from which others may be created; `make test` starts one.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, OpenSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, OpenPostgreSQL(t)) })
}

// OpenSQLite opens a fresh SQLite database that ends with the test.
func OpenSQLite(t testing.TB) *db.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "caotang.db"), true)
}

// OpenPostgreSQL opens a fresh PostgreSQL database that ends with the test.
func OpenPostgreSQL(t testing.TB) *db.DB {
	t.Helper()
	server := os.Getenv("CAOTANG_TEST_POSTGRES")
	if server == "" {
		t.Fatal("CAOTANG_TEST_POSTGRES is not set: run the tests through `make test-go`, which starts a PostgreSQL server")
	}
	template, err := templateOnce(server)
	if err != nil {
		t.Fatal(err)
	}
	name := "t_" + db.NewID()
	if err := onServer(server, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onServer(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return open(t, withDatabase(server, name), false)
}

func open(t testing.TB, dsn string, migrate bool) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if migrate {
		if err := d.Migrate(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

var template struct {
	sync.Once
	name string
	err  error
}

// templateOnce makes one migrated database per test binary, which every test's own is a copy of.
func templateOnce(server string) (string, error) {
	template.Do(func() {
		template.name = "template_" + db.NewID()
		if template.err = onServer(server, "CREATE DATABASE "+template.name); template.err != nil {
			return
		}
		d, err := db.Open(context.Background(), withDatabase(server, template.name))
		if err != nil {
			template.err = err
			return
		}
		defer func() { _ = d.Close() }()
		template.err = d.Migrate(context.Background())
	})
	return template.name, template.err
}

func onServer(server, statement string) error {
	d, err := db.Open(context.Background(), server)
	if err != nil {
		return fmt.Errorf("CAOTANG_TEST_POSTGRES: %w", err)
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Exec(context.Background(), statement); err != nil {
		return fmt.Errorf("%s: %w", strings.SplitN(statement, " ", 3)[0], err)
	}
	return nil
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}
