package sms_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/messages"
	"caotang/internal/sms"
)

// carrier takes every message, in parts, and tells what became of it when it is asked or told to.
type carrier struct {
	parts    int
	askAfter time.Duration
	early    func(reference string) // called before the answer

	mu     sync.Mutex
	sent   int
	asked  []sms.Inquiry
	answer *sms.Report // to every inquiry; nil for not yet
}

func (c *carrier) Send(_ context.Context, m sms.Message) (sms.Receipt, error) {
	c.mu.Lock()
	c.sent++
	c.mu.Unlock()
	receipt := sms.Receipt{Gateway: "carrier", AskAfter: c.askAfter}
	for i := range c.parts {
		reference := fmt.Sprintf("%s-%d", m.ID, i)
		receipt.References = append(receipt.References, reference)
		if c.early != nil {
			c.early(reference)
		}
	}
	return receipt, nil
}

func (c *carrier) Inquire(_ context.Context, q sms.Inquiry) (sms.Report, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, q)
	if c.answer == nil {
		return sms.Report{}, false, nil
	}
	report := *c.answer
	report.Gateway, report.Reference = q.Gateway, q.Reference
	return report, true, nil
}

func delivered(reference string) sms.Report {
	return sms.Report{Gateway: "carrier", Reference: reference, Delivered: true}
}

func lost(reference, code string) sms.Report {
	return sms.Report{Gateway: "carrier", Reference: reference, Reason: sms.CarrierReason(code), Code: code}
}

// sendBy asks for a code and delivers it through the carrier.
func (f *fixture) sendBy(t *testing.T, c *carrier, phone string, purpose sms.Purpose) sms.Promise {
	t.Helper()
	f.Gateway = c
	promise, err := f.SendCode(t.Context(), phone, purpose)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.deliver(t, promise.MessageID, 1); err != nil {
		t.Fatal(err)
	}
	return promise
}

func (f *fixture) report(t *testing.T, reports ...sms.Report) {
	t.Helper()
	for _, r := range reports {
		if err := sms.Take(f.Service, t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReportsDecideTheState(t *testing.T) {
	for name, c := range map[string]struct {
		parts   int
		reports func(id string) []sms.Report
		want    sms.State
		reason  string // within what the person reads, in Chinese
	}{
		"delivered":              {1, func(id string) []sms.Report { return []sms.Report{delivered(id + "-0")} }, sms.Delivered, ""},
		"phone off":              {1, func(id string) []sms.Report { return []sms.Report{lost(id+"-0", "MK:0024")} }, sms.Failed, "手机可能关机、不在服务区或存储已满，请检查后重新获取 MK:0024"},
		"expired":                {1, func(id string) []sms.Report { return []sms.Report{lost(id+"-0", "EXPIRED")} }, sms.Failed, "EXPIRED"},
		"a code nobody knows":    {1, func(id string) []sms.Report { return []sms.Report{lost(id+"-0", "0x1F")} }, sms.Failed, "短信没有送到手机"},
		"first report stays":     {1, func(id string) []sms.Report { return []sms.Report{delivered(id + "-0"), lost(id+"-0", "UNDELIV")} }, sms.Delivered, ""},
		"twice the same":         {1, func(id string) []sms.Report { return []sms.Report{delivered(id + "-0"), delivered(id + "-0")} }, sms.Delivered, ""},
		"of a message not ours":  {1, func(string) []sms.Report { return []sms.Report{delivered("other")} }, sms.HandedOver, ""},
		"one of two parts":       {2, func(id string) []sms.Report { return []sms.Report{delivered(id + "-1")} }, sms.HandedOver, ""},
		"both parts":             {2, func(id string) []sms.Report { return []sms.Report{delivered(id + "-1"), delivered(id + "-0")} }, sms.Delivered, ""},
		"one part lost":          {2, func(id string) []sms.Report { return []sms.Report{delivered(id + "-0"), lost(id+"-1", "REJECTD")} }, sms.Failed, "REJECTD"},
		"one lost, other not in": {2, func(id string) []sms.Report { return []sms.Report{lost(id+"-1", "DB:0144")} }, sms.Failed, "拒收名单"},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d, nil)
				promise := f.sendBy(t, &carrier{parts: c.parts}, phone, sms.Register)
				if got := f.state(t, promise.MessageID); got.State != sms.HandedOver {
					t.Errorf("before a report: %+v", got)
				}
				f.report(t, c.reports(promise.MessageID)...)
				got, err := f.Status(t.Context(), promise.MessageID, messages.Chinese)
				if err != nil || got.State != c.want || !strings.Contains(got.Reason, c.reason) || (c.reason == "") != (got.Reason == "") {
					t.Errorf("%+v, %v; want %s %q", got, err, c.want, c.reason)
				}
			})
		})
	}
}

func TestAReportMayOvertakeTheCarriersAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		c := &carrier{parts: 2, early: func(reference string) { f.report(t, delivered(reference)) }}
		promise := f.sendBy(t, c, phone, sms.Register)
		if got := f.state(t, promise.MessageID); got.State != sms.Delivered {
			t.Errorf("%+v", got)
		}
	})
}

func TestReportsAtOnceAgree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		const parts = 8
		promise := f.sendBy(t, &carrier{parts: parts}, phone, sms.Register)
		var all sync.WaitGroup
		for i := range 2 * parts {
			all.Go(func() {
				if err := sms.Take(f.Service, t.Context(), delivered(fmt.Sprintf("%s-%d", promise.MessageID, i%parts))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := f.state(t, promise.MessageID); got.State != sms.Delivered {
			t.Errorf("%+v", got)
		}
	})
}

func TestAFaultOfTheCarriersCountsForNoQuota(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		c := &carrier{parts: 1}
		promise := f.sendBy(t, c, phone, sms.Register)
		f.report(t, lost(promise.MessageID+"-0", "MB:0066"), lost(promise.MessageID+"-0", "MB:0066"))
		again := f.sendBy(t, c, phone, sms.Register) // at once: no cooldown either
		if again.RemainingToday != 9 {
			t.Errorf("%d left, want 9", again.RemainingToday)
		}
		f.report(t, lost(again.MessageID+"-0", "MK:0024"))
		_, err := f.SendCode(t.Context(), phone, sms.Register)
		expect(t, err, sms.ErrCooldown)
		f.forward(time.Minute)
		if third := f.sendBy(t, c, phone, sms.Register); third.RemainingToday != 8 {
			t.Errorf("%d left, want 8: a phone that is off is not the carrier's fault", third.RemainingToday)
		}
	})
}

func TestReportsDoNotTellWhoHasAnAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.Restrict(sms.ResetPassword, func(_ context.Context, _ db.Querier, p string) (bool, error) { return p == phone, nil })
		c := &carrier{parts: 1}
		known, unknown := f.sendBy(t, c, phone, sms.ResetPassword), f.sendBy(t, c, another, sms.ResetPassword)
		f.report(t, lost(known.MessageID+"-0", "UNDELIV"))
		if a, b := f.state(t, known.MessageID), f.state(t, unknown.MessageID); a != b {
			t.Errorf("%+v with an account, %+v without", a, b)
		}
		f.forward(time.Minute)
		known, unknown = f.sendBy(t, c, phone, sms.ResetPassword), f.sendBy(t, c, another, sms.ResetPassword)
		f.report(t, delivered(known.MessageID+"-0"))
		if a, b := f.state(t, known.MessageID), f.state(t, unknown.MessageID); a != b || known.RemainingToday != unknown.RemainingToday {
			t.Errorf("%+v, %d left with an account, %+v, %d left without", a, known.RemainingToday, b, unknown.RemainingToday)
		}
	})
}

func TestALimitOfOnePhoneLeavesTheOthersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		f.inbox.Fail(&sms.Congested{RetryAfter: time.Hour, PhoneOnly: true, Words: "isv.BUSINESS_LIMIT_CONTROL"})
		promise, err := f.SendCode(t.Context(), phone, sms.Register)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.deliver(t, promise.MessageID, 1); err != nil {
			t.Fatal(err)
		}
		if got := f.state(t, promise.MessageID); got.State != sms.Failed || !strings.Contains(got.Reason, "isv.BUSINESS_LIMIT_CONTROL") {
			t.Errorf("%+v", got)
		}
		f.inbox.Fail(nil)
		f.send(t, another, sms.Register)
	})
}

func TestCarriersAreAskedAtGrowingPauses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, nil)
		c := &carrier{parts: 1, askAfter: 4 * time.Second}
		promise := f.sendBy(t, c, phone, sms.Register)
		sent := f.now()
		ask := func() int {
			t.Helper()
			if err := sms.Inquire(f.Service, t.Context(), c); err != nil {
				t.Fatal(err)
			}
			return len(c.asked)
		}
		for _, step := range []struct {
			after time.Duration
			asked int
		}{{0, 0}, {4 * time.Second, 1}, {3 * time.Second, 1}, {time.Second, 2}, {4 * time.Second, 2}, {4 * time.Second, 3}} {
			f.forward(step.after)
			if n := ask(); n != step.asked {
				t.Fatalf("after %s: asked %d times, want %d", f.now().Sub(sent), n, step.asked)
			}
		}
		if q := c.asked[0]; q.Phone != phone || q.Reference != promise.MessageID+"-0" || q.Gateway != "carrier" || !q.SentAt.Equal(sent) {
			t.Errorf("asked for %+v", q)
		}
		report := lost("", "EXPIRED")
		c.answer = &report
		f.forward(time.Hour)
		ask()
		if got := f.state(t, promise.MessageID); got.State != sms.Failed {
			t.Errorf("%+v", got)
		}
		f.forward(time.Hour)
		if n := ask(); n != 4 {
			t.Errorf("asked %d times, want no more once it is known", n)
		}
		// What no carrier ever tells is given up after two days.
		c.answer = nil
		f.sendBy(t, c, another, sms.Register)
		f.forward(49 * time.Hour)
		n := ask()
		f.forward(49 * time.Hour)
		if again := ask(); again != n {
			t.Errorf("asked again after four days")
		}
	})
}

func TestTemplates(t *testing.T) {
	templates, err := sms.ParseTemplates(map[string]string{
		"code": "SMS_1", "reset_password": "SMS_2:minutes+code", "notice": "SMS_3:text", "notice.handed_over": "SMS_4:school",
	})
	if err != nil {
		t.Fatal(err)
	}
	code := sms.Message{Template: "register", Text: "【草堂】验证码", Code: "012345", Args: map[string]string{"code": "012345", "minutes": "5"}}
	reset := code
	reset.Template = "reset_password"
	note := sms.Message{Template: "notice.password_changed", Text: "【草堂】密码【已】改"}
	handed := sms.Message{Template: "notice.handed_over", Args: map[string]string{"school": "一中"}}
	for _, c := range []struct {
		message sms.Message
		want    string
	}{
		{code, "SMS_1 [{code 012345}]"}, {reset, "SMS_2 [{minutes 5} {code 012345}]"}, {note, "SMS_3 [{text 密码【已】改}]"}, {handed, "SMS_4 [{school 一中}]"},
	} {
		if id, params, err := templates.Fill(c.message); err != nil || fmt.Sprint(id, " ", params) != c.want {
			t.Errorf("%s %v, %v; want %s", id, params, err, c.want)
		}
	}
	handed.Args = nil
	if _, _, err := templates.Fill(handed); err == nil {
		t.Error("a template was filled without its variable")
	}
	_, err = sms.ParseTemplates(map[string]string{"code": "SMS 1", "register": ":x"})
	for _, want := range []string{"code=SMS 1", "register=:x", "none for notice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %q", err, want)
		}
	}
}

func TestWordsForTheLogHoldNoPhone(t *testing.T) {
	if got := sms.WithoutPhones("+8613880001234 invalid, 13880005678"); got != "+86… invalid, …" {
		t.Errorf("%q", got)
	}
}
