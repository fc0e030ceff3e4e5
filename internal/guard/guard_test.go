package guard_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/guard/guardtest"
	"caotang/internal/vault/vaulttest"
)

type fixture struct {
	*guard.Guard
	ms atomic.Int64
}

func newFixture(t *testing.T, d *db.DB) *fixture {
	t.Helper()
	f := &fixture{}
	f.ms.Store(time.Date(2026, 9, 1, 2, 0, 0, 0, time.UTC).UnixMilli())
	f.Guard = guard.New(d, vaulttest.New(t), guard.Rules{Address: 3}, func() time.Time { return time.UnixMilli(f.ms.Load()) })
	return f
}

func (f *fixture) forward(d time.Duration) { f.ms.Add(d.Milliseconds()) }

// request is one from an address, with a captcha's solution or "".
func request(t *testing.T, address, solution string) context.Context {
	return access.WithClient(t.Context(), access.Client{Address: address, RequestID: db.NewID(), Captcha: solution})
}

func (f *fixture) fail(t *testing.T, address string, times int) {
	t.Helper()
	for range times {
		ctx := request(t, address, "")
		if err := f.Count(ctx, f.From(ctx, "test")...); err != nil {
			t.Fatal(err)
		}
	}
}

// ask makes a request and gives the captcha that it is refused with; nil when it passes.
func (f *fixture) ask(t *testing.T, ctx context.Context) map[string]any { //nolint:revive // t comes first in a test's helper
	t.Helper()
	_, err := f.Check(ctx, f.From(ctx, "test")...)
	if err == nil {
		return nil
	}
	var refused *fault.Error
	if !errors.As(err, &refused) || !fault.Is(err, guard.ErrCaptchaRequired) {
		t.Fatal(err)
	}
	content, err := json.Marshal(refused.Details["captcha"])
	if err != nil {
		t.Fatal(err)
	}
	var captcha map[string]any
	if err := json.Unmarshal(content, &captcha); err != nil {
		t.Fatal(err)
	}
	return captcha
}

func TestASolutionServesItsRequestAndNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		const address = "198.51.100.1"
		f.fail(t, address, 2)
		if f.ask(t, request(t, address, "")) != nil {
			t.Fatal("a captcha on the ordinary path")
		}
		f.fail(t, address, 1)
		solution := guardtest.Solve(t, f.ask(t, request(t, address, "")))
		mine := request(t, address, solution)
		for range 2 { // one request may be asked in several places
			if f.ask(t, mine) != nil {
				t.Fatal("the solution is refused")
			}
		}
		if f.ask(t, request(t, address, solution)) == nil {
			t.Error("the solution serves another request")
		}

		token, _, _ := strings.Cut(solution, ":")
		for _, wrong := range []string{"", "x", ":", token, token + ":", token + ":-1", token + ":x", "x" + solution, strings.Replace(solution, ".", "..", 1), strings.Repeat("x", 2000) + ":1"} {
			if f.ask(t, request(t, address, wrong)) == nil {
				t.Errorf("%.40q passes", wrong)
			}
		}
		late := guardtest.Solve(t, f.ask(t, request(t, address, "")))
		f.forward(5 * time.Minute)
		if f.ask(t, request(t, address, late)) == nil {
			t.Error("a solution passes after its time")
		}
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		var kept int
		if err := d.QueryRow(t.Context(), `SELECT count(*) FROM captchas WHERE expires_at < $1`, f.ms.Load()).Scan(&kept); err != nil || kept > 0 {
			t.Errorf("%d solutions are kept after their time (%v)", kept, err)
		}
		f.forward(time.Hour)
		if f.ask(t, request(t, address, "")) != nil {
			t.Error("old failures are not forgotten")
		}
	})
}

func TestTheWorkGrowsWithTheSuspicionAndAnEasySolutionDoesNotServe(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	const address = "198.51.100.1"
	f.fail(t, address, 3)
	easy := f.ask(t, request(t, address, ""))
	f.fail(t, address, 3)
	harder := f.ask(t, request(t, address, guardtest.Solve(t, easy)))
	if harder == nil || harder["max_number"] != 2*easy["max_number"].(float64) {
		t.Fatalf("%v after %v", harder, easy)
	}
	f.fail(t, address, 30)
	if hardest := f.ask(t, request(t, address, "")); hardest["max_number"] != 4*easy["max_number"].(float64) {
		t.Errorf("%v", hardest["max_number"])
	}
}

func TestWhoIsCountedTogether(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	for _, c := range []struct {
		name, failing, asking string
		times                 int
		suspected             bool
	}{
		{"an address", "198.51.100.1", "198.51.100.1", 3, true},
		{"a neighbour", "198.51.101.1", "198.51.101.2", 3, false},
		{"a network", "198.51.102.1", "198.51.102.2", 12, true},
		{"another network", "198.51.103.1", "198.51.104.1", 50, false},
		{"a phone that changes its IPv6 address", "2001:db8:1:1::1", "2001:db8:1:1:abcd::2", 3, true},
		{"homes of one IPv6 network", "2001:db8:2:1::1", "2001:db8:2:2::1", 3, false},
		{"an IPv6 network", "2001:db8:3:1::1", "2001:db8:3:2::1", 12, true},
		{"IPv4 in the clothes of IPv6", "::ffff:198.51.105.1", "198.51.105.1", 3, true},
		{"this machine", "127.0.0.1", "127.0.0.1", 50, false},
		{"this machine", "::1", "::1", 50, false},
		{"no address", "", "", 50, false},
	} {
		f := newFixture(t, d)
		f.fail(t, c.failing, c.times)
		if suspected := f.ask(t, request(t, c.asking, "")) != nil; suspected != c.suspected {
			t.Errorf("%s: suspected %t", c.name, suspected)
		}
	}
}

func TestTooMuchWaitsAndNobodyIsLockedOut(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	limit := guard.Limit{Key: "x", Tries: 2, Wait: 10 * time.Second, Most: time.Minute}
	var longest time.Duration
	for range 20 {
		if err := f.Count(t.Context(), limit); err != nil {
			t.Fatal(err)
		}
		_, err := f.Check(t.Context(), limit)
		var refused *fault.Error
		if errors.As(err, &refused) {
			longest = max(longest, refused.RetryAfter)
			f.forward(refused.RetryAfter)
		}
		if _, err := f.Check(t.Context(), limit); err != nil {
			t.Fatalf("after the wait: %v", err)
		}
	}
	if longest != time.Minute {
		t.Errorf("the longest wait is %s", longest)
	}
}
