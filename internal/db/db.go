// Package db opens the database, SQLite by default or PostgreSQL by its DSN, and hides the few places where they
// differ. Everything above it writes one portable dialect of SQL with $n placeholders (docs/adr/0002-portable-sql.md).
package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// Dialect tells the engines apart for the few who must know.
type Dialect string

// The engines.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgres"
)

// DB is an open database. Reads outside a transaction go to a pool of readers; every write goes through [DB.InTx] or
// [DB.Exec]. On SQLite there is one writer, so that writers queue instead of failing, and the readers are read-only.
type DB struct {
	dialect    Dialect
	writer     *sql.DB
	reader     *sql.DB
	mu         sync.RWMutex
	statements map[string]*sql.Stmt // SQLite's readers: parsing costs more than most look-ups
	turns      *turns               // SQLite's writers'; nil on PostgreSQL
}

// Querier is what reads and writes alike can be made with: a [DB] or a [Tx].
type Querier interface {
	Exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// Open connects to "postgres://…" (or "postgresql://…"), or opens the SQLite file that any other DSN names. It does not
// migrate. An answer was acknowledged only after it is on disk: SQLite syncs every commit.
func Open(ctx context.Context, dsn string) (*DB, error) {
	d := &DB{statements: map[string]*sql.Stmt{}}
	var err error
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		d.dialect = PostgreSQL
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, fmt.Errorf("open PostgreSQL: %w", err)
		}
		d.writer = stdlib.OpenDB(*config)
		d.writer.SetMaxOpenConns(8 * runtime.NumCPU())
		d.writer.SetMaxIdleConns(4 * runtime.NumCPU())
		d.writer.SetConnMaxIdleTime(5 * time.Minute)
		d.reader = d.writer
	} else {
		d.dialect = SQLite
		if d.writer, err = sql.Open("sqlite", sqliteDSN(dsn, "cache_size(-65536)")); err != nil {
			return nil, fmt.Errorf("open SQLite: %w", err)
		}
		d.writer.SetMaxOpenConns(1)
		d.turns = &turns{writer: d.writer, handOnFor: handOnFor, statements: &statements{kept: map[string]*sql.Stmt{}, used: map[string]int{}}}
		if d.reader, err = sql.Open("sqlite", sqliteDSN(dsn, "query_only(1)", "cache_size(-4096)")); err != nil {
			return nil, fmt.Errorf("open SQLite: %w", err)
		}
		d.reader.SetMaxOpenConns(2 * runtime.NumCPU())
		d.reader.SetMaxIdleConns(2 * runtime.NumCPU())
	}
	if err := d.writer.PingContext(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return d, nil
}

func sqliteDSN(path string, pragmas ...string) string {
	pragmas = append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"journal_size_limit(67108864)", "temp_store(MEMORY)",
		"wal_autocheckpoint(16384)", // 64 MB, as the log may grow: an import writes the same pages again and again
	}, pragmas...)
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	return "file:" + path + "?" + q.Encode()
}

// Dialect tells which engine this is.
func (d *DB) Dialect() Dialect { return d.dialect }

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.reader.PingContext(ctx) }

// Close ends all connections.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.statements {
		_ = s.Close()
	}
	d.statements = map[string]*sql.Stmt{}
	if d.turns != nil {
		d.turns.statements.close()
	}
	if d.reader != nil && d.reader != d.writer {
		_ = d.reader.Close()
	}
	return d.writer.Close()
}

// Exec runs one statement as a transaction of its own.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return d.writer.ExecContext(ctx, query, args...)
}

// Query reads outside a transaction.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := d.prepared(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return d.reader.QueryContext(ctx, query, planned(ctx, d.dialect, args)...)
}

// planned makes PostgreSQL plan a list for what it asks: the plan that serves a county of 100 people does not serve the province.
// What is [DB.Brief] goes by its key, whose plan is always the same and takes longer to make than to run.
func planned(ctx context.Context, dialect Dialect, args []any) []any {
	if dialect != PostgreSQL || ctx.Value(byKey{}) != nil {
		return args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}

// QueryRow reads one row outside a transaction. It is a [DB.Brief] query.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	if s := d.prepared(ctx, query); s != nil {
		return s.QueryRowContext(d.Brief(ctx), args...)
	}
	return d.reader.QueryRowContext(ctx, query, args...)
}

// Brief is the context for a query that finds its few rows by an index. On SQLite such a query runs to its end once it has
// begun: watching for the end of its context takes two goroutines, which cost more than the query does. On PostgreSQL its plan is
// kept.
func (d *DB) Brief(ctx context.Context) context.Context {
	if d.dialect == PostgreSQL {
		return context.WithValue(ctx, byKey{}, true)
	}
	return brief(ctx, d.dialect)
}

// byKey marks the context of a query that is brief.
type byKey struct{}

func brief(ctx context.Context, dialect Dialect) context.Context {
	if dialect != SQLite || ctx.Err() != nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// maxStatements bounds the statements kept: queries with lists of varying length would fill memory.
const maxStatements = 256

// prepared gives the kept statement for a query, or nil where none is kept. pgx keeps its own on PostgreSQL.
func (d *DB) prepared(ctx context.Context, query string) *sql.Stmt {
	if d.dialect != SQLite {
		return nil
	}
	d.mu.RLock()
	s, full := d.statements[query], len(d.statements) >= maxStatements
	d.mu.RUnlock()
	if s != nil || full {
		return s
	}
	s, err := d.reader.PrepareContext(ctx, query)
	if err != nil {
		return nil // the query itself will report it
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if other := d.statements[query]; other != nil {
		_ = s.Close()
		return other
	}
	d.statements[query] = s
	return s
}
