package accounts_test

import (
	"testing"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
)

func TestAWholeUsernameIsShownWithinTheScopeAndTheLookIsOnRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		path := "/api/v1/admin/accounts/" + p.first.id + "/reveal"
		looks := func() int {
			return one[int](t, p.fixture, `SELECT COUNT(*) FROM audit_records WHERE action = 'account.reveal_username' AND target_id = $1
				AND actor_id = $2 AND school_id = 'school1' AND reason = '忘了用户名' AND details NOT LIKE '%first01%'`, p.first.id, p.overSchool.id)
		}
		p.overSchool.call(t, "POST", path, map[string]any{"reason": " "}).want(t, 422, "invalid")
		p.overCounty.call(t, "POST", path, map[string]any{"reason": "忘了用户名"}).want(t, 404, "not_found")
		p.overSchool.call(t, "POST", "/api/v1/admin/accounts/"+p.second.id+"/reveal", map[string]any{"reason": "忘了用户名"}).want(t, 404, "not_found")
		if n := looks(); n != 0 {
			t.Errorf("%d looks are on record, and nobody saw anything", n)
		}
		r := p.overSchool.call(t, "POST", path, map[string]any{"reason": "忘了用户名"}).want(t, 200, "")
		if r.body["username"] != "first01" || looks() != 1 {
			t.Errorf("shown %v, %d looks on record", r.body, looks())
		}
	})
}
