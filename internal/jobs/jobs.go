// Package jobs does work in the background that was enqueued in the transaction that wants it: when that commits the work
// will be done, at least once, across restarts and crashes; when it does not, the work was never there.
//
// A worker leases a job and renews the lease while it works. A handler must therefore be able to run again after it was
// cut off anywhere.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"caotang/internal/db"
)

const (
	lease       = time.Minute
	pollEvery   = 2 * time.Second
	maxAttempts = 10
	maxBackoff  = 10 * time.Minute
)

// Job is one piece of work.
type Job struct {
	ID      string
	Payload []byte
	Attempt int  // from 1
	Last    bool // no further attempt follows a failure
}

// Handler does a job. An error means that it is tried again, later and later, until its last attempt.
type Handler func(ctx context.Context, job Job) error

// Runner holds the handlers and runs them.
type Runner struct {
	db       *db.DB
	log      *slog.Logger
	name     string
	handlers map[string]*handler
}

type handler struct {
	run     Handler
	workers int
	wake    chan struct{}
}

// New makes a runner. Add handlers, then call Run.
func New(d *db.DB, log *slog.Logger) *Runner {
	return &Runner{db: d, log: log, name: db.NewID(), handlers: map[string]*handler{}}
}

// Handle registers the handler of a kind of job and how many may run at once in this process.
func (r *Runner) Handle(kind string, workers int, run Handler) {
	r.handlers[kind] = &handler{run: run, workers: workers, wake: make(chan struct{}, 1)}
}

// Enqueue adds a job to the transaction.
func (r *Runner) Enqueue(ctx context.Context, tx *db.Tx, kind string, payload []byte) (string, error) {
	h, ok := r.handlers[kind]
	if !ok {
		return "", fmt.Errorf("jobs: no handler for %q", kind)
	}
	id, now := db.NewID(), db.Now()
	_, err := tx.Exec(ctx, `INSERT INTO jobs (id, kind, payload, attempts, run_at, holder, created_at)
		VALUES ($1, $2, $3, 0, $4, '', $4)`, id, kind, payload, now)
	if err != nil {
		return "", fmt.Errorf("enqueue: %w", err)
	}
	tx.AfterCommit(func() {
		select {
		case h.wake <- struct{}{}:
		default: // a wake-up is pending already
		}
	})
	return id, nil
}

// Run works until ctx ends, then waits for the handlers, whose context ends with it; what they leave is resumed later.
func (r *Runner) Run(ctx context.Context) {
	if r.db.Dialect() == db.SQLite {
		// One process owns the file, so whoever held a lease is gone.
		if _, err := r.db.Exec(ctx, `UPDATE jobs SET holder = '', run_at = $1 WHERE holder <> ''`, db.Now()); err != nil {
			r.log.Error("jobs: freeing leases", "error", err)
		}
	}
	var workers sync.WaitGroup
	for kind, h := range r.handlers {
		for range h.workers {
			workers.Go(func() { r.work(ctx, kind, h) })
		}
	}
	workers.Wait()
}

func (r *Runner) work(ctx context.Context, kind string, h *handler) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		for r.runNext(ctx, kind, h) {
		}
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-poll.C:
		}
	}
}

// runNext runs the next job that is due and reports whether there was one.
func (r *Runner) runNext(ctx context.Context, kind string, h *handler) bool {
	job, err := r.claim(ctx, kind)
	if errors.Is(err, sql.ErrNoRows) || ctx.Err() != nil {
		return false
	}
	if err != nil {
		r.log.Error("jobs: claiming", "kind", kind, "error", err)
		return false
	}
	jobCtx, cancel := context.WithCancel(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		r.renew(jobCtx, cancel, job.ID)
	}()
	err = runSafely(jobCtx, h.run, job)
	cancel()
	<-renewed
	r.finish(ctx, kind, job, err)
	return true
}

func runSafely(ctx context.Context, run Handler, job Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return run(ctx, job)
}

// claim leases the job that has been due the longest, or answers sql.ErrNoRows. Workers who come at once get one each: on
// SQLite they take turns, on PostgreSQL each passes over what another is taking.
func (r *Runner) claim(ctx context.Context, kind string) (Job, error) {
	var job Job
	now := db.Now()
	var due bool // looked at first, for an idle worker is not to take a turn at writing
	err := r.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE kind = $1 AND run_at <= $2)`, kind, now).Scan(&due)
	if err != nil {
		return job, err
	}
	if !due {
		return job, sql.ErrNoRows
	}
	passOver := ""
	if r.db.Dialect() == db.PostgreSQL {
		passOver = "FOR UPDATE SKIP LOCKED"
	}
	err = r.db.InTx(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `UPDATE jobs SET holder = $1, run_at = $2, attempts = attempts + 1
			WHERE id = (SELECT id FROM jobs WHERE kind = $3 AND run_at <= $4 ORDER BY run_at LIMIT 1 `+passOver+`)
			RETURNING id, payload, attempts`,
			r.name, db.At(now.Add(lease)), kind, now).Scan(&job.ID, &job.Payload, &job.Attempt)
	})
	job.Last = job.Attempt >= maxAttempts
	return job, err
}

// renew keeps the lease until ctx ends; a lease that is lost ends the job.
func (r *Runner) renew(ctx context.Context, cancel context.CancelFunc, id string) {
	tick := time.NewTicker(lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		result, err := r.db.Exec(ctx, `UPDATE jobs SET run_at = $1 WHERE id = $2 AND holder = $3`, db.At(time.Now().Add(lease)), id, r.name)
		if err != nil {
			continue // the lease outlasts two failures
		}
		if n, err := result.RowsAffected(); err == nil && n == 0 {
			cancel()
			return
		}
	}
}

// finish removes a job that is done or has failed for the last time, and puts any other back.
func (r *Runner) finish(ctx context.Context, kind string, job Job, failure error) {
	stopping := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	var err error
	switch {
	case failure == nil || job.Last && !stopping:
		_, err = r.db.Exec(ctx, `DELETE FROM jobs WHERE id = $1 AND holder = $2`, job.ID, r.name)
	case stopping: // not the job's fault: it resumes with the next start
		_, err = r.db.Exec(ctx, `UPDATE jobs SET holder = '', run_at = $1, attempts = attempts - 1 WHERE id = $2 AND holder = $3`,
			db.Now(), job.ID, r.name)
	default:
		_, err = r.db.Exec(ctx, `UPDATE jobs SET holder = '', run_at = $1 WHERE id = $2 AND holder = $3`,
			db.At(time.Now().Add(backoff(job.Attempt))), job.ID, r.name)
	}
	if failure != nil && !stopping {
		r.log.Error("job failed", "kind", kind, "job", job.ID, "attempt", job.Attempt, "last", job.Last, "error", failure)
	}
	if err != nil {
		r.log.Error("jobs: finishing", "kind", kind, "job", job.ID, "error", err)
	}
}

// backoff is the wait after a failed attempt: 1 s, 4 s, 9 s … up to ten minutes.
func backoff(attempt int) time.Duration {
	return min(time.Duration(attempt*attempt)*time.Second, maxBackoff)
}
