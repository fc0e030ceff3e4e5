package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationsOf are one engine's: those for both, and those whose names end on its own, as 0016_narrow_logins.sqlite.sql.
type migrationsOf struct {
	fs.FS
	others string // how the names of the other engine's end
}

func (m migrationsOf) Glob(pattern string) ([]string, error) {
	all, err := fs.Glob(m.FS, pattern)
	return slices.DeleteFunc(all, func(name string) bool { return strings.HasSuffix(name, m.others) }), err
}

// Migrate brings the schema up to date: one forward-only numbered list, in which a number may have a file for each engine.
// Several processes may call it at once on PostgreSQL; they take turns.
func (d *DB) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect, own := goose.DialectSQLite3, migrationsOf{files, ".postgres.sql"}
	// Work that was begun earlier may be merged later: a database that has met a higher number catches up on a lower one.
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true)}
	if d.dialect == PostgreSQL {
		dialect, own.others = goose.DialectPostgres, ".sqlite.sql"
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, d.writer, own, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
