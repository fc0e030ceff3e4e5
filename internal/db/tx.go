package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Tx is a running transaction.
type Tx struct {
	dialect     Dialect
	conn        *sql.Conn
	tx          *sql.Tx
	afterCommit []func()
	kept        *statements          // nil on PostgreSQL
	bound       map[string]*sql.Stmt // those of them that are bound to the transaction
}

// InTx runs fn in a transaction: committed when fn returns nil, rolled back when it returns an error or panics. On
// SQLite it is the only writer meanwhile, and what it writes may be committed together with the changes of those who wait for
// it; on PostgreSQL it is READ COMMITTED, so decide with UPDATE … WHERE state = … RETURNING or with a unique key, never by
// reading first. Do not nest.
func (d *DB) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	return d.inTx(ctx, false, fn)
}

// InBatch is [DB.InTx] for very many rows at once, which take their time: on SQLite nobody's change is committed together with
// them, and so waits for them any longer than it must.
func (d *DB) InBatch(ctx context.Context, fn func(tx *Tx) error) error {
	return d.inTx(ctx, true, fn)
}

func (d *DB) inTx(ctx context.Context, alone bool, fn func(tx *Tx) error) error {
	if d.turns != nil {
		return d.turns.inTurn(ctx, alone, fn)
	}
	conn, err := d.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = conn.Close() }()
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &Tx{dialect: d.dialect, conn: conn, tx: sqlTx}
	defer func() { _ = sqlTx.Rollback() }() // does nothing after a commit
	if err := fn(tx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	tx.committed()
	return nil
}

func (tx *Tx) committed() {
	for _, f := range tx.afterCommit {
		f()
	}
}

// AfterCommit runs f once the transaction has been committed, and never if it is not.
func (tx *Tx) AfterCommit(f func()) { tx.afterCommit = append(tx.afterCommit, f) }

// ForShare is how a query of the transaction ends that keeps the rows which it reads from being changed until the end: others
// may read them so too. On SQLite nobody writes meanwhile anyway.
func (tx *Tx) ForShare() string {
	if tx.dialect == PostgreSQL {
		return " FOR SHARE"
	}
	return ""
}

// ForUpdate is how a query of the transaction ends that keeps the rows which it reads from being changed, removed or held by others
// until the end; they may be referred to. On SQLite nobody writes meanwhile anyway.
func (tx *Tx) ForUpdate() string {
	if tx.dialect == PostgreSQL {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

// Hold is [Tx.ForUpdate] for rows of a table by their ids, taken in the ids' order: so nobody who does likewise waits for each other.
func (tx *Tx) Hold(ctx context.Context, table string, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.onPostgreSQL(ctx, "SELECT 1 FROM "+table+" WHERE id IN ("+Placeholders(len(ids))+") ORDER BY id"+tx.ForUpdate(), Args(ids)...)
}

// HoldTogether keeps whoever would hold a lock alone from it until the transaction ends; any number hold it together. Who comes
// after somebody that waits to hold it alone waits, too. On SQLite every transaction is alone anyway.
func (tx *Tx) HoldTogether(ctx context.Context, lock int64) error {
	return tx.onPostgreSQL(ctx, "SELECT pg_advisory_xact_lock_shared($1)", lock)
}

// HoldAlone waits until nobody holds a lock, and keeps everybody else from it until the transaction ends.
func (tx *Tx) HoldAlone(ctx context.Context, lock int64) error {
	return tx.onPostgreSQL(ctx, "SELECT pg_advisory_xact_lock($1)", lock)
}

// GiveWay has the transaction fail with what [IsGivenWay] knows where a row is held by another for longer than so: before
// anybody who waits for it in turn would have to.
func (tx *Tx) GiveWay(ctx context.Context, after time.Duration) error {
	return tx.onPostgreSQL(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", after.Milliseconds()))
}

func (tx *Tx) onPostgreSQL(ctx context.Context, query string, args ...any) error {
	if tx.dialect != PostgreSQL {
		return nil
	}
	_, err := tx.tx.ExecContext(ctx, query, args...)
	return err
}

// statement gives the kept statement for a query, or nil where none is.
func (tx *Tx) statement(ctx context.Context, query string) *sql.Stmt {
	if tx.kept == nil {
		return nil
	}
	if bound := tx.bound[query]; bound != nil {
		return bound
	}
	kept := tx.kept.find(query)
	if kept == nil {
		return nil
	}
	bound := tx.tx.StmtContext(context.WithoutCancel(ctx), kept) // others may go on with it
	tx.bound[query] = bound
	return bound
}

// whole is the context of a statement: on SQLite one that has begun runs to its end. One that is broken off would take the
// changes of others back that are to be committed with it.
func (tx *Tx) whole(ctx context.Context) context.Context { return brief(ctx, tx.dialect) }

// Exec runs a statement in the transaction.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = tx.whole(ctx)
	if s := tx.statement(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return tx.tx.ExecContext(ctx, query, args...)
}

// Query reads in the transaction. Its statement is not kept: another query may be made while its rows are read.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return tx.tx.QueryContext(tx.whole(ctx), query, planned(ctx, tx.dialect, args)...)
}

// QueryRow reads one row in the transaction, or writes one with RETURNING.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = tx.whole(ctx)
	if s := tx.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return tx.tx.QueryRowContext(ctx, query, args...)
}

// Insert adds many rows: COPY on PostgreSQL, inserts of several rows each on SQLite. After an error the transaction is to be taken back:
// some of the rows may stand in it.
func (tx *Tx) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if tx.dialect == PostgreSQL {
		return tx.conn.Raw(func(driver any) error {
			_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
			return err
		})
	}
	return tx.insertSQLite(tx.whole(ctx), table, columns, rows)
}

// rowsPerInsert balances the cost of a call against that of binding many values, measured with bench/.
const rowsPerInsert = 100

func (tx *Tx) insertSQLite(ctx context.Context, table string, columns []string, rows [][]any) error {
	full, rest := len(rows)/rowsPerInsert, len(rows)%rowsPerInsert
	args := make([]any, 0, rowsPerInsert*len(columns))
	run := func(rows [][]any, stmt *sql.Stmt) error {
		args = args[:0]
		for _, row := range rows {
			args = append(args, row...)
		}
		_, err := stmt.ExecContext(ctx, args...)
		return err
	}
	if full > 0 {
		stmt, err := tx.tx.PrepareContext(ctx, insertSQL(table, columns, rowsPerInsert))
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		for i := range full {
			if err := run(rows[i*rowsPerInsert:(i+1)*rowsPerInsert], stmt); err != nil {
				return err
			}
		}
	}
	if rest == 0 {
		return nil
	}
	stmt, err := tx.tx.PrepareContext(ctx, insertSQL(table, columns, rest))
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	return run(rows[len(rows)-rest:], stmt)
}

func insertSQL(table string, columns []string, rows int) string {
	var b strings.Builder
	// OR FAIL: whoever gets the error takes the whole transaction back, so SQLite need not keep every page as it was before the statement.
	fmt.Fprintf(&b, "INSERT OR FAIL INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	for row := range rows {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for column := range columns {
			if column > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('?') // a number would be a name to SQLite, and finding a value's name takes longer than binding it
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Changed reports whether a statement changed any row.
func Changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// IsUnique reports whether err says that a primary key or unique value is taken.
func IsUnique(err error) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code == "23505"
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		return s.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || s.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsGivenWay reports whether err says that a transaction gave way to others: it may be tried again.
func IsGivenWay(err error) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && (p.Code == "55P03" || p.Code == "40P01")
}
