// Package dbtest runs a test on both engines, each time on a fresh, migrated database.
package dbtest

import (
	"context"
	"errors"
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
	migrated, err := sqliteOnce()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "caotang.db")
	if err := os.WriteFile(file, migrated, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, file)
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
	if err := onServer(server, "CREATE DATABASE "+name+" "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onServer(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return open(t, withDatabase(server, name))
}

func open(t testing.TB, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// sqliteOnce makes one migrated database per test binary, and gives the content of its file.
var sqliteOnce = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "caotang-migrated-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "caotang.db")
	if err := migrate(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// migrate leaves all in the database's one file: SQLite's log is emptied into it when the last connection closes.
func migrate(dsn string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, dsn)
	if err != nil {
		return err
	}
	return errors.Join(d.Migrate(ctx), d.Close())
}

var template struct {
	sync.Once
	copied string // how a database is made as a copy of it
	err    error
}

// templateOnce makes one migrated database per test binary, which every test's own is a copy of.
func templateOnce(server string) (string, error) {
	template.Do(func() {
		name := "template_" + db.NewID()
		template.copied = "TEMPLATE " + name
		if template.err = onServer(server, "CREATE DATABASE "+name); template.err != nil {
			return
		}
		if template.err = migrate(withDatabase(server, name)); template.err != nil {
			return
		}
		// From version 15 on each page is logged unless the files are asked for, which is half the work.
		var version int
		if version, template.err = versionOf(server); version >= 150000 {
			template.copied += " STRATEGY file_copy"
		}
	})
	return template.copied, template.err
}

func versionOf(server string) (version int, err error) {
	d, err := db.Open(context.Background(), server)
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.Close() }()
	return version, d.QueryRow(context.Background(), "SELECT current_setting('server_version_num')::integer").Scan(&version)
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
