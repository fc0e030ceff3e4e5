package accounts_test

import (
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sms"
)

func (p person) close(t *testing.T, secret, code string) reply {
	t.Helper()
	return p.call(t, "POST", "/api/v1/me/closing", map[string]any{"password": secret, "sms_code": code})
}

func TestAnAccountThatIsBeingClosedIsThereToBeKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.person(t, "zhang01")
		elsewhere := f.anyone().signIn(t, "zhang01", password).want(t, 201, "").token()
		code := f.code(t, p.phone, sms.CloseAccount)
		p.close(t, "Wrong2026", code).want(t, 422, "password_wrong")
		p.close(t, password, "").want(t, 422, "sms_code_wrong")
		if r := p.close(t, password, code).want(t, 200, ""); r.body["closes_at"] != "2026-09-16T02:00:00Z" || r.body["wait_days"] != 15.0 {
			t.Errorf("closing %v", r.body)
		}
		f.notice(t, p.phone, "2026年9月16日")
		if f.holding(elsewhere).signedIn(t) {
			t.Error("another session goes on")
		}
		if refused := p.call(t, "GET", "/api/v1/test/ready", nil).want(t, 403, "account_closing"); nextStep(refused) != "keep_account" {
			t.Errorf("the way out is %v", nextStep(refused))
		}

		f.forward(14 * 24 * time.Hour)
		back := f.anyone().signIn(t, "zhang01", password).want(t, 201, "")
		if must, _ := back.body["must"].([]any); len(must) != 1 || must[0] != "cancel_closing" {
			t.Errorf("whoever comes back must %v", must)
		}
		again := f.holding(back.token())
		again.call(t, "DELETE", "/api/v1/me/closing", nil).want(t, 204, "")
		f.notice(t, p.phone, "取消注销")
		if again.call(t, "GET", "/api/v1/test/ready", nil).status != 204 {
			t.Error("the account was kept, and is not ready")
		}
		again.call(t, "DELETE", "/api/v1/me/closing", nil).want(t, 404, "not_found")
		if due, err := f.DueClosings(t.Context(), 10); err != nil || len(due) != 0 {
			t.Errorf("due %v, %v", due, err)
		}
	})
}

func TestNobodyLeavesAScopeWithoutAnAdministrator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.places(t)
		first, second := f.person(t, "school01"), f.person(t, "school02")
		f.grant(t, first.id, access.School, "school1")
		if r := first.close(t, password, f.code(t, first.phone, sms.CloseAccount)).want(t, 409, "last_administrator"); r.body["detail"] == nil {
			t.Error("nobody says why")
		}
		f.grant(t, second.id, access.School, "school1")
		f.forward(time.Minute)
		codes := []string{f.code(t, first.phone, sms.CloseAccount), f.code(t, second.phone, sms.CloseAccount)}
		outcomes := atOnce(2, func(i int) reply { return []person{first, second}[i].close(t, password, codes[i]) })
		if outcomes["200"] != 1 || outcomes["last_administrator"] != 1 {
			t.Errorf("two administrators of one school close their accounts at once: %v", outcomes)
		}
	})
}

func TestWhoeverDidNotAskToCloseTheAccountStopsItByTheNotice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "zhang01")
		f.forward(time.Minute)
		p.close(t, password, f.code(t, p.phone, sms.CloseAccount)).want(t, 200, "")
		f.freezeBy(t, f.link(t, p.phone, "申请注销")).want(t, 200, "")
		f.forward(16 * 24 * time.Hour)
		if due, err := f.DueClosings(t.Context(), 10); err != nil || len(due) != 0 {
			t.Errorf("due %v, %v", due, err)
		}
		f.reset(t, "zhang01", p.phone, another).want(t, 204, "")
		if must, _ := f.anyone().signIn(t, "zhang01", another).want(t, 201, "").body["must"].([]any); len(must) != 0 {
			t.Errorf("whoever comes back must %v", must)
		}
	})
}
