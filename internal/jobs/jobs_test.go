package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/jobs"
)

var quiet = slog.New(slog.DiscardHandler)

// enqueue adds one job in a transaction that ends as given.
func enqueue(t *testing.T, d *db.DB, r *jobs.Runner, payload string, end error) {
	t.Helper()
	err := d.InTx(t.Context(), func(tx *db.Tx) error {
		if _, err := r.Enqueue(t.Context(), tx, "test", []byte(payload)); err != nil {
			return err
		}
		return end
	})
	if !errors.Is(err, end) {
		t.Fatal(err)
	}
}

// start runs the runner and gives a function that stops it and waits.
func start(t *testing.T, r *jobs.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("waited 30 s in vain")
		panic("unreachable")
	}
}

func TestOnlyCommittedWorkIsDoneAndOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ran := make(chan string, 100)
		r := jobs.New(d, quiet)
		r.Handle("test", 3, func(_ context.Context, job jobs.Job) error { ran <- string(job.Payload); return nil })
		enqueue(t, d, r, "rolled back", errors.New("no"))
		want := map[string]bool{}
		for _, p := range []string{"a", "b", "c", "d", "e", "f"} {
			enqueue(t, d, r, p, nil)
			want[p] = true
		}
		stop := start(t, r)
		for range len(want) {
			p := await(t, ran)
			if !want[p] {
				t.Fatalf("%q ran twice, or was never committed", p)
			}
			delete(want, p)
		}
		stop()
		if len(ran) != 0 {
			t.Errorf("%d more ran", len(ran))
		}
	})
}

func TestAFailedJobIsTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		attempts := make(chan int, 10)
		r := jobs.New(d, quiet)
		r.Handle("test", 1, func(_ context.Context, job jobs.Job) error {
			attempts <- job.Attempt
			if job.Attempt == 1 {
				panic("broken")
			}
			return nil
		})
		start(t, r)
		enqueue(t, d, r, "x", nil)
		if first, second := await(t, attempts), await(t, attempts); first != 1 || second != 2 {
			t.Errorf("attempts %d, %d", first, second)
		}
	})
}

func TestAStoppedJobResumesWithTheNextStart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		begun := make(chan int, 10)
		var finish sync.Once
		handle := func(ctx context.Context, job jobs.Job) error {
			begun <- job.Attempt
			cutOff := false
			finish.Do(func() { cutOff = true })
			if cutOff {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		first := jobs.New(d, quiet)
		first.Handle("test", 1, handle)
		stop := start(t, first)
		enqueue(t, d, first, "x", nil)
		await(t, begun)
		stop()
		second := jobs.New(d, quiet)
		second.Handle("test", 1, handle)
		start(t, second)
		if attempt := await(t, begun); attempt != 1 {
			t.Errorf("a shutdown counted as a failure: attempt %d", attempt)
		}
	})
}
