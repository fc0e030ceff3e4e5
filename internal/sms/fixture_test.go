package sms_test

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/messages"
	"caotang/internal/sms"
	"caotang/internal/sms/smstest"
	"caotang/internal/vault/vaulttest"
)

const (
	phone   = "13880001234" // of Sichuan
	another = "13880005678"
)

// clock stands still until it is moved.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time           { return time.UnixMilli(c.ms.Load()) }
func (c *clock) forward(d time.Duration)  { c.ms.Add(d.Milliseconds()) }
func newClock(shanghai string) (c *clock) { c = &clock{}; c.set(shanghai); return c }
func (c *clock) set(shanghai string) {
	c.ms.Store(must(time.Parse(time.RFC3339, shanghai+"+08:00")).UnixMilli())
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type fixture struct {
	*sms.Service
	*clock
	inbox *smstest.Inbox
	db    *db.DB
}

// newFixture makes a service at ten in the morning of Asia/Shanghai. Nothing is sent until the test delivers it.
func newFixture(t *testing.T, d *db.DB, change func(*sms.Limits)) *fixture {
	t.Helper()
	f := &fixture{clock: newClock("2026-09-01T10:00:00"), inbox: smstest.NewInbox(), db: d}
	limits := sms.DefaultLimits()
	if change != nil {
		change(&limits)
	}
	quiet := slog.New(slog.DiscardHandler)
	f.Service = sms.New(sms.Options{
		DB: d, Vault: vaulttest.New(t), Jobs: jobs.New(d, quiet), Log: quiet, Gateway: f.inbox, Limits: limits, Now: f.now,
	})
	return f
}

// send asks for a code and delivers it.
func (f *fixture) send(t *testing.T, phone string, purpose sms.Purpose) (sms.Promise, string) {
	t.Helper()
	promise, err := f.SendCode(t.Context(), phone, purpose)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.deliver(t, promise.MessageID, 1); err != nil {
		t.Fatal(err)
	}
	return promise, f.inbox.Code(t, phone, promise.MessageID)
}

func (f *fixture) deliver(t *testing.T, messageID string, attempt int) error {
	t.Helper()
	return sms.Deliver(f.Service, t.Context(), jobs.Job{Payload: []byte(messageID), Attempt: attempt})
}

func (f *fixture) use(t *testing.T, proof sms.Proof) error {
	t.Helper()
	return f.db.InTx(t.Context(), func(tx *db.Tx) error { return proof.Use(t.Context(), tx) })
}

func (f *fixture) state(t *testing.T, id string) sms.Status {
	t.Helper()
	status, err := f.Status(t.Context(), id, messages.English)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func expect(t *testing.T, err error, code fault.Code) {
	t.Helper()
	_ = faultOf(t, err, code)
}

// faultOf is the error, which must have the code.
func faultOf(t *testing.T, err error, code fault.Code) *fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code.Name() {
		t.Fatalf("error %v, want %s", err, code.Name())
	}
	return f
}

// otherThan gives a code that is wrong.
func otherThan(code string) string {
	if code == "111111" {
		return "222222"
	}
	return "111111"
}
