package sms_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/jobs"
	"caotang/internal/sms"
)

// fail makes the gateway fail for one message, so that it is known to be busy.
func (f *fixture) fail(t *testing.T) {
	t.Helper()
	f.inbox.Fail(&sms.Congested{RetryAfter: 40 * time.Second})
	promise, err := f.SendCode(t.Context(), another, sms.Register)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.deliver(t, promise.MessageID, 3); err != nil {
		t.Fatal(err)
	}
}

// release sends what waits, as the gateway's return would.
func (f *fixture) release(t *testing.T) {
	t.Helper()
	if err := sms.Release(f.Service, t.Context()); err != nil {
		t.Fatal(err)
	}
}

// jobsFor counts the jobs that would send a message.
func (f *fixture) jobsFor(t *testing.T, id string) (n int) {
	t.Helper()
	if err := f.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM jobs WHERE payload = $1`, []byte(id)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (f *fixture) ask(t *testing.T, phone string) sms.Promise {
	t.Helper()
	promise, err := f.SendCodeWhenPossible(t.Context(), phone, sms.Register)
	if err != nil {
		t.Fatal(err)
	}
	return promise
}

func TestWhoWaitsGetsACodeWhenAGatewayIsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.fail(t)
		_, err := f.SendCode(t.Context(), phone, sms.Register)
		if busy := faultOf(t, err, sms.ErrGatewayBusy); busy.RetryAfter != 40*time.Second || busy.Next == nil || busy.Next.Action != "wait_for_code" {
			t.Errorf("without the wish to wait: %+v", busy)
		}
		promise := f.ask(t, phone)
		if !promise.Waiting || promise.WaitsFor != 1800 || promise.RemainingToday != 10 || promise.ResendAfter != 0 {
			t.Errorf("promise %+v", promise)
		}
		if again := f.ask(t, phone); again.MessageID != promise.MessageID {
			t.Error("asking again makes a second request")
		}
		f.release(t) // the gateway is to be left alone
		f.forward(10 * time.Minute)
		if got := f.state(t, promise.MessageID); got.State != sms.Queued || !got.Waiting || got.WaitsFor != 1200 || got.ExpiresIn != 300 ||
			got.Reason != "The SMS gateway is busy for now. The code will be sent by itself when it is back" {
			t.Errorf("while it waits: %+v", got)
		}
		_, err = f.Guess(t.Context(), phone, sms.Register, "123456")
		expect(t, err, sms.ErrCodeWrong)

		f.release(t) // tries, and the gateway still fails
		if n := f.jobsFor(t, promise.MessageID); n != 1 {
			t.Fatalf("%d jobs would send it", n)
		}
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		if got := f.state(t, promise.MessageID); !got.Waiting {
			t.Errorf("after a try in vain: %+v", got)
		}
		f.inbox.Fail(nil)
		f.forward(5 * time.Minute)
		f.release(t)
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		if got := f.state(t, promise.MessageID); got.State != sms.HandedOver || got.Waiting || got.ExpiresIn != 300 {
			t.Errorf("after it was sent: %+v", got)
		}
		if n := len(f.inbox.Messages(phone)); n != 1 {
			t.Fatalf("%d messages arrived", n)
		}
		code := f.inbox.Code(t, phone, promise.MessageID)
		f.forward(4 * time.Minute) // its time began when it was sent
		proof, err := f.Guess(t.Context(), phone, sms.Register, code)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.use(t, proof); err != nil {
			t.Fatal(err)
		}
		if next, _ := f.send(t, phone, sms.Register); next.RemainingToday != 8 {
			t.Errorf("%d left, want 8: one was sent, tries in vain cost nothing", next.RemainingToday)
		}
	})
}

func TestARequestThatIsNeverSentCostsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.fail(t)
		promise := f.ask(t, phone)
		f.forward(29 * time.Minute)
		f.release(t)
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		f.forward(2 * time.Minute)
		f.release(t)
		if got := f.state(t, promise.MessageID); got.State != sms.Failed || got.Waiting || !strings.Contains(got.Reason, "not sent in time") {
			t.Errorf("after half an hour: %+v", got)
		}
		f.inbox.Fail(nil)
		if next, _ := f.send(t, phone, sms.Register); next.RemainingToday != 9 {
			t.Errorf("%d left, want 9", next.RemainingToday)
		}
	})
}

func TestANewerCodeTakesThePlaceOfOneThatWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.fail(t)
		waiting := f.ask(t, phone)
		f.inbox.Fail(nil)
		f.forward(time.Minute)
		_, code := f.send(t, phone, sms.Register)
		f.forward(time.Minute)
		f.release(t)
		if got := f.state(t, waiting.MessageID); got.State != sms.Failed || f.jobsFor(t, waiting.MessageID) != 0 {
			t.Errorf("the one that waited: %+v", got)
		}
		if _, err := f.Guess(t.Context(), phone, sms.Register, code); err != nil {
			t.Errorf("the newer code: %v", err)
		}
	})
}

func TestWaitingKeepsWithinTheRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, func(l *sms.Limits) { l.Daily = 2 })
		f.fail(t)
		promise := f.ask(t, phone)
		f.inbox.Fail(nil)
		for range 2 {
			f.forward(time.Minute)
			if _, err := f.SendCode(t.Context(), phone, sms.BindPhone); err != nil {
				t.Fatal(err)
			}
			if got := f.state(t, promise.MessageID); !got.Waiting {
				t.Fatalf("within the cooldown of the other code: %+v", got)
			}
			f.release(t)
		}
		if got := f.state(t, promise.MessageID); got.State != sms.Failed || !strings.Contains(got.Reason, "used up") {
			t.Errorf("with the day's codes used: %+v", got)
		}
		f.inbox.Fail(&sms.Congested{RetryAfter: time.Minute})
		if err := f.deliver(t, must(f.SendCode(t.Context(), "13880009999", sms.Register)).MessageID, 3); err != nil {
			t.Fatal(err)
		}
		_, err := f.SendCodeWhenPossible(t.Context(), phone, sms.Register)
		expect(t, err, sms.ErrQuotaExceeded)
		_, err = f.SendCodeWhenPossible(t.Context(), "13800138000", sms.Register)
		expect(t, err, sms.ErrRegionUnsupported)
	})
}

// Whoever chose to wait before the outage was known waits too, instead of failing after three tries.
func TestWhoWouldWaitWaitsWhenTheGatewayFailsMeanwhile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		promise := f.ask(t, phone)
		if promise.Waiting || promise.RemainingToday != 9 {
			t.Fatalf("promise %+v", promise)
		}
		f.inbox.Fail(errors.New("down"))
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		if got := f.state(t, promise.MessageID); !got.Waiting {
			t.Errorf("after the failure: %+v", got)
		}
		// Another job for the same message finds nothing to send.
		if err := f.deliver(t, promise.MessageID, 2); err != nil {
			t.Error(err)
		}
		f.inbox.Fail(nil)
		f.forward(time.Minute)
		f.release(t)
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		if got := f.state(t, promise.MessageID); got.State != sms.HandedOver {
			t.Errorf("when it is back: %+v", got)
		}
	})
}

func TestOneGoesAheadWhileNobodyKnowsWhetherTheGatewayIsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.fail(t)
		phones := []string{"13880000001", "13880000002", "13880000003"}
		var ids []string
		for _, p := range phones {
			ids = append(ids, f.ask(t, p).MessageID)
		}
		released := func() (n int) {
			for _, id := range ids {
				n += f.jobsFor(t, id)
			}
			return n
		}
		f.forward(time.Minute)
		f.release(t)
		if n := released(); n != 1 {
			t.Fatalf("%d go ahead, want 1", n)
		}
		f.inbox.Fail(nil)
		for _, id := range ids {
			if err := f.deliver(t, id, 1); err != nil {
				t.Fatal(err)
			}
		}
		f.release(t)
		if n := released(); n != 3 {
			t.Errorf("%d were sent after the first had passed, want all", n)
		}
	})
}

func TestWhoWaitsWithoutAnAccountCannotTell(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.Restrict(sms.ResetPassword, func(_ context.Context, _ db.Querier, p string) (bool, error) { return p == phone, nil })
		f.fail(t)
		var ids []string
		for _, p := range []string{phone, "13880000001"} {
			promise, err := f.SendCodeWhenPossible(t.Context(), p, sms.ResetPassword)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, promise.MessageID)
		}
		alike := func(when string) {
			t.Helper()
			if known, unknown := f.state(t, ids[0]), f.state(t, ids[1]); known != unknown {
				t.Errorf("%s: %+v with an account, %+v without", when, known, unknown)
			}
		}
		try := func() {
			f.release(t)
			f.release(t)
			for _, id := range ids {
				_ = f.deliver(t, id, 1)
			}
			f.release(t)
			for _, id := range ids {
				_ = f.deliver(t, id, 1)
			}
		}
		alike("while they wait")
		f.forward(41 * time.Second)
		try()
		alike("after a try in vain")
		f.inbox.Fail(nil)
		f.forward(41 * time.Second)
		try()
		alike("when the gateway is back")
		if got := f.state(t, ids[0]); got.State != sms.HandedOver {
			t.Errorf("%+v", got)
		}
		if n := len(f.inbox.Messages("13880000001")); n != 0 {
			t.Errorf("%d messages to a phone without an account", n)
		}
	})
}

// The request stands in the database: another process, or the next start, sends it.
func TestAStandingRequestSurvivesARestart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.fail(t)
		promise := f.ask(t, phone)
		f.inbox.Fail(nil)
		runner := jobs.New(d, f.Log)
		next := f.Options
		next.Jobs = runner
		s := sms.New(next)
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { defer close(stopped); runner.Run(ctx) }()
		defer func() { stop(); <-stopped }()
		f.forward(time.Minute)
		if err := sms.Release(s, ctx); err != nil {
			t.Fatal(err)
		}
		if got := f.inbox.Await(t, phone, func(m sms.Message) bool { return m.Code != "" }); got.ID != promise.MessageID {
			t.Errorf("message %s arrived, want %s", got.ID, promise.MessageID)
		}
	})
}
