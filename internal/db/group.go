package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// turns lets SQLite's writers take turns, and commits what several of them did at once: to be sure that a commit is on disk
// takes longer than most changes do. Who is done while another waits hands the transaction on to it, and the last commits for
// all. Nobody hears that a change is made before it is on disk; whose change fails takes back no other's, and hears so at once.
type turns struct {
	writer     *sql.DB
	statements *statements
	handOnFor  time.Duration // how long the first of a group waits at most for others to begin

	waiting atomic.Int32
	turn    sync.Mutex
	group   *group // the transaction that was handed on; nil where the next begins one
}

// group is a transaction of one writer or more.
type group struct {
	conn       *sql.Conn
	tx         *sql.Tx
	statements map[string]*sql.Stmt // the kept ones that are bound to the transaction
	begun      time.Time
	ended      chan struct{} // closed when it is committed or has failed
	err        error         // why it failed
}

// handOnFor is what a commit takes, so that nobody waits much longer for others than for the disk.
const handOnFor = 4 * time.Millisecond

// inTurn is [DB.InTx], or [DB.InBatch] for one who is alone.
func (t *turns) inTurn(ctx context.Context, alone bool, fn func(tx *Tx) error) error {
	tx, g, err := t.take(ctx, alone, fn)
	if err != nil {
		return err
	}
	<-g.ended
	if g.err != nil {
		return fmt.Errorf("commit: %w", g.err)
	}
	tx.committed()
	return nil
}

// take waits for the turn, runs fn and ends the turn. Its changes are made once the group has ended well.
func (t *turns) take(ctx context.Context, alone bool, fn func(tx *Tx) error) (*Tx, *group, error) {
	if alone {
		t.turn.Lock()
		t.commit()
		defer t.turn.Unlock()
		defer t.commit()
	} else {
		t.waiting.Add(1)
		t.turn.Lock()
		t.waiting.Add(-1)
		defer t.turn.Unlock()
		defer t.commitOrHandOn()
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("begin: %w", err)
	}
	run := t.part
	if t.group == nil {
		if err := t.begin(context.WithoutCancel(ctx)); err != nil { // others may go on with the transaction
			return nil, nil, fmt.Errorf("begin: %w", err)
		}
		run = t.first
	}
	g := t.group
	tx := &Tx{dialect: SQLite, conn: g.conn, tx: g.tx, kept: t.statements, bound: g.statements}
	return tx, g, run(func() error { return fn(tx) })
}

func (t *turns) begin(ctx context.Context) error {
	t.statements.prepare(ctx, t.writer)
	conn, err := t.writer.Conn(ctx)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	t.group = &group{conn: conn, tx: tx, statements: map[string]*sql.Stmt{}, begun: time.Now(), ended: make(chan struct{})}
	return nil
}

var errTakenBack = errors.New("taken back")

// first runs the group's first writer, whose failure ends the group.
func (t *turns) first(fn func() error) error {
	done := false
	defer func() {
		if !done { // failed, or panics
			t.end(errTakenBack)
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	done = true
	return nil
}

// part runs a writer who goes on with the transaction of others, who lose nothing by its failure.
func (t *turns) part(fn func() error) error {
	if err := t.savepoint("SAVEPOINT part"); err != nil {
		return err
	}
	end := "ROLLBACK TO part"
	defer func() {
		if end != "" {
			_ = t.savepoint(end)
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	end = ""
	return t.savepoint("RELEASE part")
}

// savepoint ends the group where it fails: SQLite has taken the whole transaction back then, as it does when the disk is full.
func (t *turns) savepoint(statement string) error {
	_, err := t.group.tx.ExecContext(context.Background(), statement)
	if err != nil {
		t.end(err)
	}
	return err
}

func (t *turns) commitOrHandOn() {
	if t.group != nil && t.waiting.Load() > 0 && time.Since(t.group.begun) < t.handOnFor {
		return
	}
	t.commit()
}

func (t *turns) commit() {
	if t.group != nil {
		t.end(nil)
	}
}

// end commits the group, or takes it back for a reason, and tells all who wait for it.
func (t *turns) end(reason error) {
	g := t.group
	t.group = nil
	if reason == nil {
		reason = g.tx.Commit()
	} else {
		_ = g.tx.Rollback()
	}
	g.err = reason
	_ = g.conn.Close() // gives the connection back
	close(g.ended)
}
