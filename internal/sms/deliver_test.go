package sms_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/messages"
	"caotang/internal/sms"
	"caotang/internal/sms/smstest"
	"caotang/internal/vault/vaulttest"
)

func TestCongestionCostsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.inbox.Fail(&sms.Congested{RetryAfter: 40 * time.Second})
		promise, err := f.SendCode(t.Context(), phone, sms.Register)
		if err != nil {
			t.Fatal(err)
		}
		for attempt := 1; attempt <= 2; attempt++ {
			if err := f.deliver(t, promise.MessageID, attempt); err == nil {
				t.Fatal("a congested gateway is tried again")
			}
			if got := f.state(t, promise.MessageID); got.State != sms.Queued {
				t.Errorf("status between attempts %+v", got)
			}
		}
		if err := f.deliver(t, promise.MessageID, 3); err != nil {
			t.Fatal(err)
		}
		if got := f.state(t, promise.MessageID); got.State != sms.Failed || got.Reason == "" {
			t.Errorf("status %+v", got)
		}
		_, err = f.SendCode(t.Context(), another, sms.Register)
		if busy := faultOf(t, err, sms.ErrGatewayBusy); busy.RetryAfter != 40*time.Second {
			t.Errorf("retry after %s", busy.RetryAfter)
		}
		f.inbox.Fail(nil)
		f.forward(40 * time.Second) // less than the cooldown, which a failure of ours lifts
		again, _ := f.send(t, phone, sms.Register)
		if again.RemainingToday != 9 {
			t.Errorf("%d left, want 9: the failed one counts for nothing", again.RemainingToday)
		}
	})
}

func TestARejectedMessageSaysWhyAndIsNotTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.inbox.Fail(&sms.Rejected{Words: "停机"})
		promise, err := f.SendCode(t.Context(), phone, sms.Register)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		if got := f.state(t, promise.MessageID); got.State != sms.Failed || got.Reason != "The carrier did not accept the message 停机" {
			t.Errorf("status %+v", got)
		}
		_, err = f.SendCode(t.Context(), phone, sms.Register)
		expect(t, err, sms.ErrCooldown)
		f.inbox.Fail(nil)
		f.forward(time.Minute)
		if again, _ := f.send(t, phone, sms.Register); again.RemainingToday != 9 {
			t.Errorf("%d left, want 9", again.RemainingToday)
		}
	})
}

func TestWhoGetsNothingCannotTell(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.Restrict(sms.ResetPassword, func(_ context.Context, _ db.Querier, p string) (bool, error) { return p == phone, nil })
		walk := func(p string) (answers []any) {
			note := func(err error) {
				var f *fault.Error
				if errors.As(err, &f) {
					answers = append(answers, f.Code, f.RetryAfter)
				} else {
					answers = append(answers, err)
				}
			}
			promise, err := f.SendCode(t.Context(), p, sms.ResetPassword)
			note(err)
			answers = append(answers, f.state(t, promise.MessageID), f.deliver(t, promise.MessageID, 1) == nil, f.state(t, promise.MessageID))
			promise.MessageID = ""
			answers = append(answers, promise)
			_, err = f.SendCode(t.Context(), p, sms.ResetPassword)
			note(err)
			for range 6 {
				_, err := f.Guess(t.Context(), p, sms.ResetPassword, "not it")
				note(err)
			}
			return answers
		}
		known, unknown := walk(phone), walk(another)
		for i := range known {
			if known[i] != unknown[i] {
				t.Errorf("answer %d: %v with an account, %v without", i, known[i], unknown[i])
			}
		}
		if got := f.inbox.Messages(another); len(got) != 0 {
			t.Errorf("sent to a phone without an account: %v", got)
		}
		// Nor when the gateway fails meanwhile.
		f.forward(time.Minute)
		var promised []sms.Promise
		for _, p := range []string{phone, another} {
			promise, err := f.SendCode(t.Context(), p, sms.ResetPassword)
			if err != nil {
				t.Fatal(err)
			}
			promised = append(promised, promise)
		}
		f.inbox.Fail(errors.New("down"))
		for i, promise := range promised {
			for attempt := 1; attempt <= 3; attempt++ {
				if err := f.deliver(t, promise.MessageID, attempt); (err != nil) != (attempt < 3) {
					t.Errorf("message %d, attempt %d: %v", i, attempt, err)
				}
			}
			if got := f.state(t, promise.MessageID); got.State != sms.Failed {
				t.Errorf("message %d: %+v", i, got)
			}
		}
	})
}

func TestNoticesGoOutWithTheTransactionThatWantsThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		inbox := smstest.NewInbox()
		quiet := slog.New(slog.DiscardHandler)
		runner := jobs.New(d, quiet)
		s := sms.New(sms.Options{DB: d, Vault: vaulttest.New(t), Jobs: runner, Log: quiet, Gateway: inbox, Limits: sms.DefaultLimits()})
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { defer close(stopped); runner.Run(ctx) }()
		defer func() { stop(); <-stopped }()

		undone := errors.New("undone")
		for key, end := range map[string]error{"notice.phone_assigned": undone, "notice.password_changed": nil} {
			err := d.InTx(ctx, func(tx *db.Tx) error { return errors.Join(s.Notify(ctx, tx, phone, key, nil), end) })
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
		}
		got := inbox.Await(t, phone, func(sms.Message) bool { return true })
		if want := "【草堂】" + messages.Text(messages.Chinese, "notice.password_changed", nil); got.Text != want || got.Code != "" {
			t.Errorf("arrived %+v, want %q", got, want)
		}
		if n := len(inbox.Messages(phone)); n != 1 {
			t.Errorf("%d notices arrived, want the committed one", n)
		}
		_, err := s.Status(ctx, got.ID, messages.English)
		expect(t, err, fault.ErrNotFound)
	})
}

func TestOldMessagesAreForgottenAndTodaysCountIsNot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		promise, _ := f.send(t, phone, sms.Register)
		f.forward(time.Hour)
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if next, _ := f.send(t, phone, sms.Register); next.RemainingToday != 8 {
			t.Errorf("%d left, want 8", next.RemainingToday)
		}
		f.forward(31 * 24 * time.Hour)
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := f.Status(t.Context(), promise.MessageID, messages.English)
		expect(t, err, fault.ErrNotFound)
	})
}
