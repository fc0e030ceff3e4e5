package sms_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/sms"
)

func TestACodeArrivesAndServesOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		promise, code := f.send(t, phone, sms.Register)
		if promise.ExpiresIn != 300 || promise.ResendAfter != 60 || promise.RemainingToday != 9 || promise.MessageID == "" {
			t.Errorf("promise %+v", promise)
		}
		if text := f.inbox.Messages(phone)[0].Text; text != "【草堂】正在用您的手机号注册，验证码 "+code+"，5 分钟内有效。您的孩子在注册，可以告诉孩子；请勿告诉其他人。" {
			t.Errorf("text %q", text)
		}
		if got := f.state(t, promise.MessageID); got.State != "sent" || got.Reason != "" {
			t.Errorf("status %+v", got)
		}
		_, err := f.Guess(t.Context(), phone, sms.ChangePhone, code)
		expect(t, err, sms.ErrCodeWrong) // of another purpose
		_, err = f.Guess(t.Context(), another, sms.Register, code)
		expect(t, err, sms.ErrCodeWrong) // of another phone
		// As a Chinese keyboard types it.
		proof, err := f.Guess(t.Context(), phone, sms.Register, " "+fullWidth(code)+" ")
		if err != nil {
			t.Fatal(err)
		}
		failed := errors.New("the caller's work failed")
		if err := d.InTx(t.Context(), func(tx *db.Tx) error { return errors.Join(proof.Use(t.Context(), tx), failed) }); !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if err := f.use(t, proof); err != nil {
			t.Errorf("a use that was rolled back cost the code: %v", err)
		}
		expect(t, f.use(t, proof), sms.ErrCodeExpired)
		_, err = f.Guess(t.Context(), phone, sms.Register, code)
		expect(t, err, sms.ErrCodeExpired)
	})
}

func fullWidth(digits string) string {
	wide := []rune(digits)
	for i := range wide {
		wide[i] += 0xfee0
	}
	return string(wide)
}

func TestANewerCodeEndsTheOlder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		_, older := f.send(t, phone, sms.Register)
		proof, err := f.Guess(t.Context(), phone, sms.Register, older)
		if err != nil {
			t.Fatal(err)
		}
		f.forward(time.Minute)
		_, newer := f.send(t, phone, sms.Register)
		expect(t, f.use(t, proof), sms.ErrCodeExpired)
		if older != newer {
			_, err = f.Guess(t.Context(), phone, sms.Register, older)
			expect(t, err, sms.ErrCodeWrong)
		}
		if _, err := f.Guess(t.Context(), phone, sms.Register, newer); err != nil {
			t.Error(err)
		}
	})
}

func TestACodeEndsAfterFiveMinutes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		_, code := f.send(t, phone, sms.Register)
		f.forward(5*time.Minute - time.Millisecond)
		if _, err := f.Guess(t.Context(), phone, sms.Register, code); err != nil {
			t.Error(err)
		}
		f.forward(time.Millisecond)
		_, err := f.Guess(t.Context(), phone, sms.Register, code)
		expect(t, err, sms.ErrCodeExpired)
	})
}

func TestFiveWrongGuessesEndACodeHoweverManyAreMadeAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		_, code := f.send(t, phone, sms.Register)
		var wrong, expired atomic.Int32
		var all sync.WaitGroup
		for range 24 {
			all.Go(func() {
				switch _, err := f.Guess(t.Context(), phone, sms.Register, otherThan(code)); {
				case fault.Is(err, sms.ErrCodeWrong):
					wrong.Add(1)
				case fault.Is(err, sms.ErrCodeExpired):
					expired.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if wrong.Load() != 5 || expired.Load() != 19 {
			t.Errorf("%d guesses were compared, %d not; want 5 and 19", wrong.Load(), expired.Load())
		}
		_, err := f.Guess(t.Context(), phone, sms.Register, code)
		expect(t, err, sms.ErrCodeExpired)
	})
}

func TestOfTwoUsesAtOnceOneSucceeds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		_, code := f.send(t, phone, sms.Register)
		var used atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				proof, err := f.Guess(t.Context(), phone, sms.Register, code)
				if err == nil {
					err = f.use(t, proof)
				}
				if err == nil {
					used.Add(1)
				} else if !fault.Is(err, sms.ErrCodeExpired) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if used.Load() != 1 {
			t.Errorf("the code served %d times", used.Load())
		}
	})
}

// sendAtOnce asks for many codes in the same millisecond, and gives how many were promised and one of the refusals.
func (f *fixture) sendAtOnce(t *testing.T, n int) (promised int32, refusal error) {
	var passed atomic.Int32
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, err := f.SendCode(t.Context(), phone, sms.Register); err == nil {
				passed.Add(1)
			} else {
				mu.Lock()
				defer mu.Unlock()
				refusal = err
			}
		})
	}
	all.Wait()
	return passed.Load(), refusal
}

func TestTenCodesADayAMinuteApartHoweverManyAreAskedForAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.set("2026-09-01T23:50:30")
		for i := 1; i <= 9; i++ {
			promised, refusal := f.sendAtOnce(t, 6)
			if promised != 1 {
				t.Fatalf("code %d of the day was promised %d times", i, promised)
			}
			if wait := faultOf(t, refusal, sms.ErrCooldown).RetryAfter; wait != time.Minute {
				t.Errorf("wait %s, want 1m", wait)
			}
			f.forward(time.Minute)
		}
		f.set("2026-09-01T23:59:40")
		if promised, _ := f.sendAtOnce(t, 1); promised != 1 {
			t.Fatal("the tenth code was refused")
		}
		_, refusal := f.sendAtOnce(t, 1)
		over := faultOf(t, refusal, sms.ErrQuotaExceeded)
		if over.RetryAfter != 20*time.Second || over.Details["resets_at"] != "2026-09-01T16:00:00Z" {
			t.Errorf("resets after %s at %v", over.RetryAfter, over.Details["resets_at"])
		}
		// Midnight brings ten more, but no earlier than a minute after the last.
		f.set("2026-09-02T00:00:10")
		_, refusal = f.sendAtOnce(t, 1)
		if wait := faultOf(t, refusal, sms.ErrCooldown).RetryAfter; wait != 30*time.Second {
			t.Errorf("wait %s, want 30s", wait)
		}
		f.set("2026-09-02T00:00:40")
		promise, err := f.SendCode(t.Context(), phone, sms.Register)
		if err != nil || promise.RemainingToday != 9 {
			t.Errorf("the next day: %+v, %v", promise, err)
		}
		if _, err := f.SendCode(t.Context(), another, sms.Register); err != nil {
			t.Errorf("another phone is counted on its own: %v", err)
		}
	})
}

func TestTheProvinceOfANumber(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	f := newFixture(t, d, nil)
	refused := faultOf(t, func() error { _, err := f.SendCode(t.Context(), "13800138000", sms.Register); return err }(), sms.ErrRegionUnsupported)
	if refused.Details["province"] != "北京市" {
		t.Errorf("province told: %v", refused.Details)
	}
	for language, want := range map[string]string{messages.Chinese: "北京市 四川", messages.English: "Beijing Sichuan"} {
		words := func(name string) string { return refused.Args[name].(messages.Words).In(language) }
		if got := words("province") + " " + words("provinces"); got != want {
			t.Errorf("in %s the provinces are %q", language, got)
		}
	}
	for _, allowed := range []string{phone, "19900001234"} { // inside; in no data
		if _, err := f.SendCode(t.Context(), allowed, sms.Register); err != nil {
			t.Errorf("%s: %v", allowed, err)
		}
	}
	for _, provinces := range [][]string{nil, {"四川", "北京"}} {
		f := newFixture(t, dbtest.OpenSQLite(t), func(l *sms.Limits) { l.Provinces = provinces })
		if _, err := f.SendCode(t.Context(), "13800138000", sms.Register); err != nil {
			t.Errorf("allowed provinces %v: %v", provinces, err)
		}
	}
}
