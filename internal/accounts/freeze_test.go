package accounts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sms"
)

const linkBegin = "https://edu.example.cn/n#"

// link is the token of the newest notice to a phone that holds the words.
func (f *fixture) link(t *testing.T, phone, words string) string {
	t.Helper()
	m := f.inbox.Await(t, phone, func(m sms.Message) bool {
		return strings.Contains(m.Text, words) && strings.Contains(m.Text, linkBegin)
	})
	_, token, _ := strings.Cut(m.Text, linkBegin)
	return token
}

func (f *fixture) readLink(t *testing.T, token string) reply {
	t.Helper()
	return f.anyone().call(t, "POST", "/api/v1/notice-links/read", map[string]any{"token": token})
}

func (f *fixture) freezeBy(t *testing.T, token string) reply {
	t.Helper()
	return f.anyone().call(t, "POST", "/api/v1/notice-links/freeze", map[string]any{"token": token})
}

func (f *fixture) reset(t *testing.T, username, phone, secret string) reply {
	t.Helper()
	return f.anyone().call(t, "POST", "/api/v1/password-resets", map[string]any{
		"username": username, "phone": phone, "sms_code": f.codeLater(t, phone), "new_password": secret,
	})
}

// stolen is an account whose password somebody else has got, and who changed its phone to their own.
func (f *fixture) stolen(t *testing.T, username string) (owner person, thief caller, thiefsPhone string) {
	t.Helper()
	owner, thiefsPhone = f.register(t, username), newPhone()
	thief = f.from("203.0.113.9").holding(f.from("203.0.113.9").signIn(t, username, password).token())
	thief.call(t, "PUT", "/api/v1/me/phone", map[string]any{
		"password": password, "phone": thiefsPhone, "sms_code": f.code(t, thiefsPhone, sms.ChangePhone),
	}, "User-Agent", "Mozilla/5.0 (Windows NT 6.1) Chrome/64.0").want(t, 200, "")
	return owner, thief, thiefsPhone
}

func TestTheOwnerFreezesAStolenAccountAndTakesItBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		owner, thief, thiefsPhone := f.stolen(t, "Zhang01")
		f.notice(t, thiefsPhone, "已绑定本手机号")
		token := f.link(t, owner.phone, "已改绑手机号")
		told := f.readLink(t, token).want(t, 200, "")
		event, _ := told.body["event"].(map[string]any)
		if told.body["state"] != "open" || told.body["masked_username"] != "Zh***01" || event["kind"] != "phone_changed" || event["by"] != "owner" ||
			fmt.Sprint(event["device"]) != "map[browser:chrome browser_version:64 system:windows system_version:7]" ||
			event["masked_phone"] != thiefsPhone[:3]+"****"+thiefsPhone[7:] {
			t.Errorf("told %v", told.body)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM notice_links WHERE token_hash = $1`, []byte(token)); n != 0 {
			t.Error("a link lies in the database as it is")
		}

		told = f.freezeBy(t, token).want(t, 200, "")
		if told.body["state"] != "frozen" || told.body["masked_phone"] != owner.phone[:3]+"****"+owner.phone[7:] || told.body["school"] != nil {
			t.Errorf("told %v", told.body)
		}
		f.freezeBy(t, token).want(t, 200, "") // a repeat
		if owner.signedIn(t) || thief.signedIn(t) {
			t.Error("a session outlived the freeze")
		}
		for _, login := range []string{"Zhang01", thiefsPhone} {
			r := f.anyone().signIn(t, login, password).want(t, 403, "account_frozen")
			if step, _ := r.body["next_step"].(map[string]any); step["href"] != "/reset-password" {
				t.Errorf("the way out is %v", r.body["next_step"])
			}
		}
		// Whoever does not know the password is told nothing of it.
		f.anyone().signIn(t, "Zhang01", another).want(t, 401, "credentials_wrong")
		f.notice(t, thiefsPhone, "已按您的要求冻结")

		// The thief's phone, which is the account's, brings nothing.
		f.reset(t, "Zhang01", thiefsPhone, another).want(t, 403, "account_frozen")
		f.reset(t, "Rival01", owner.phone, another).want(t, 422, "sms_code_wrong")
		f.anyone().signIn(t, "Zhang01", password).want(t, 403, "account_frozen")
		f.reset(t, "Zhang01", owner.phone, another).want(t, 204, "")
		f.anyone().signIn(t, owner.phone, another).want(t, 201, "")
		f.anyone().signIn(t, thiefsPhone, another).want(t, 401, "credentials_wrong")
		f.notice(t, thiefsPhone, "已由原手机号收回")
		f.notice(t, owner.phone, "已用本手机号恢复")
		if told := f.readLink(t, token).want(t, 200, ""); told.body["state"] != "free" || told.body["masked_phone"] != nil {
			t.Errorf("told %v", told.body)
		}

		// What the thief was sent before is worth nothing any more, nor does the used link serve again.
		f.freezeBy(t, f.link(t, thiefsPhone, "已绑定本手机号")).want(t, 410, "notice_link_ended")
		f.freezeBy(t, token).want(t, 410, "notice_link_ended")
		for _, action := range []string{"account.freeze", "account.take_back"} {
			if n := one[int](t, f, `SELECT COUNT(*) FROM audit_records WHERE action = $1 AND target_id = $2`, action, owner.id); n != 1 {
				t.Errorf("%d records of %s, want 1", n, action)
			}
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM audit_records WHERE details LIKE '%' || $1 || '%'`, owner.phone); n != 0 {
			t.Error("a record holds the phone")
		}
	})
}

func TestALinkEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		owner, _, _ := f.stolen(t, "Zhang01")
		for _, wrong := range []string{"", "x", strings.Repeat("A", 22)} {
			f.readLink(t, wrong).want(t, 410, "notice_link_ended")
			f.freezeBy(t, wrong).want(t, 410, "notice_link_ended")
		}
		token := f.link(t, owner.phone, "已改绑手机号")
		f.forward(7 * 24 * time.Hour)
		f.readLink(t, token).want(t, 410, "notice_link_ended")
		f.freezeBy(t, token).want(t, 410, "notice_link_ended")
		f.anyone().signIn(t, "Zhang01", password).want(t, 201, "")
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM notice_links`); n != 0 {
			t.Errorf("%d links are kept that have ended", n)
		}
	})
}

func TestAFreezeWithoutAChangeOfPhoneEndsWithAReset(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		p.call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": password, "new_password": another}).want(t, 204, "")
		f.freezeBy(t, f.link(t, p.phone, "密码已修改")).want(t, 200, "")
		f.anyone().signIn(t, "Zhang01", another).want(t, 403, "account_frozen")
		f.reset(t, "Zhang01", p.phone, "Third2026").want(t, 204, "")
		f.anyone().signIn(t, "Zhang01", "Third2026").want(t, 201, "")

		// What was said by the link stands as long as what it was said of can be read.
		event := one[string](t, f, `SELECT event_id FROM notice_links WHERE used_at IS NOT NULL`)
		said := func() bool {
			t.Helper()
			if err := f.Forget(t.Context()); err != nil {
				t.Fatal(err)
			}
			objected, err := f.Objected(t.Context(), f.db, p.id, event)
			if err != nil {
				t.Fatal(err)
			}
			return objected
		}
		f.forward(30 * 24 * time.Hour)
		if !said() {
			t.Error("after a month nobody knows what was said")
		}
		f.forward(366 * 24 * time.Hour)
		if said() {
			t.Error("it is kept for more than a year")
		}
	})
}

// A phone that an administrator replaced may have been stolen: it freezes, but takes nothing back.
func TestAPhoneThatAnAdministratorReplacedTakesNothingBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.places(t)
		admin, p := f.register(t, "Admin01"), f.register(t, "Zhang01")
		f.grant(t, admin.id, access.Province, "510000")
		phone := newPhone()
		admin.call(t, "PUT", "/api/v1/admin/accounts/"+p.id+"/phone", map[string]any{"phone": phone, "reason": "手机被偷"}).want(t, 200, "")
		token := f.link(t, p.phone, "管理员已将您的账号改绑")
		if event, _ := f.readLink(t, token).body["event"].(map[string]any); event["by"] != "administrator" || fmt.Sprint(event["place"]) != "map[kind:unknown masked_address: name:]" {
			t.Errorf("told %v", event)
		}
		if told := f.freezeBy(t, token).want(t, 200, ""); told.body["masked_phone"] != nil {
			t.Errorf("told %v", told.body)
		}
		r := f.reset(t, "Zhang01", phone, another).want(t, 403, "account_frozen")
		if r.body["next_step"] != nil || !strings.Contains(fmt.Sprint(r.body["detail"]), "no phone resets the password") {
			t.Errorf("a way that leads nowhere is offered: %v", r.body)
		}

		// A code alone would let nobody in; the administrator unfreezes, and says which phone stays.
		path := "/api/v1/admin/accounts/" + p.id
		admin.call(t, "POST", path+"/password-reset", map[string]any{"reason": "本人来校"}).want(t, 409, "account_still_frozen")
		found := admin.call(t, "GET", "/api/v1/admin/accounts?frozen=true", nil).want(t, 200, "").body["items"].([]any)
		if freeze, _ := found[0].(map[string]any)["freeze"].(map[string]any); len(found) != 1 || freeze["masked_phone_before"] != p.phone[:3]+"****"+p.phone[7:] {
			t.Errorf("found %v", found)
		}
		admin.call(t, "POST", path+"/unfreeze", map[string]any{"reason": " "}).want(t, 422, "invalid")
		code := admin.call(t, "POST", path+"/unfreeze", map[string]any{"reason": "本人来校", "phone": "now"}).want(t, 200, "").body["one_time_code"]
		admin.call(t, "POST", path+"/unfreeze", map[string]any{"reason": "本人来校"}).want(t, 409, "account_not_frozen")
		r = f.anyone().signIn(t, phone, fmt.Sprint(code)).want(t, 201, "")
		if fmt.Sprint(r.body["must"]) != "[replace_password]" {
			t.Errorf("must %v", r.body["must"])
		}
		f.notice(t, phone, "管理员已核实并恢复")
		if found := admin.call(t, "GET", "/api/v1/admin/accounts?frozen=true", nil).want(t, 200, "").body["items"].([]any); len(found) != 0 {
			t.Errorf("found %v", found)
		}
	})
}

func TestAnAdministratorGivesTheFormerPhoneBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.places(t)
		admin := f.register(t, "Admin01")
		f.grant(t, admin.id, access.Province, "510000")
		owner, _, thiefsPhone := f.stolen(t, "Zhang01")
		f.freezeBy(t, f.link(t, owner.phone, "已改绑手机号")).want(t, 200, "")
		code := admin.call(t, "POST", "/api/v1/admin/accounts/"+owner.id+"/unfreeze", map[string]any{"reason": "本人来校"}).want(t, 200, "").body["one_time_code"]
		f.anyone().signIn(t, thiefsPhone, fmt.Sprint(code)).want(t, 401, "credentials_wrong")
		f.anyone().signIn(t, owner.phone, fmt.Sprint(code)).want(t, 201, "")
	})
}

func TestWhoeverIsSignedOutByAFreezeIsToldSoAndHowTheAccountComesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		other := f.holding(f.anyone().signIn(t, "Zhang01", password).token())
		if err := f.db.InTx(t.Context(), func(tx *db.Tx) error { return f.Tell(t.Context(), tx, p.id, "unbound", nil) }); err != nil {
			t.Fatal(err)
		}
		f.freezeBy(t, f.link(t, p.phone, "解除实名认证")).want(t, 200, "")
		r := other.call(t, "GET", "/api/v1/me/sessions", nil).want(t, 401, "unauthenticated")
		if step, _ := r.body["next_step"].(map[string]any); r.body["ended_by"] != "freeze" || !strings.Contains(fmt.Sprint(r.body["title"]), "the account is frozen") || step["href"] != "/reset-password" {
			t.Errorf("the other device is told %v", r.body)
		}
	})
}

// Two holders must not take an account from each other in turns: after the first time a person decides.
func TestAnAccountIsTakenBackOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		owner, _, _ := f.stolen(t, "Zhang01")
		f.freezeBy(t, f.link(t, owner.phone, "已改绑手机号")).want(t, 200, "")
		f.reset(t, "Zhang01", owner.phone, another).want(t, 204, "")
		if told := f.freezeBy(t, f.link(t, owner.phone, "已用本手机号恢复")).want(t, 200, ""); told.body["masked_phone"] != nil {
			t.Errorf("told %v", told.body)
		}
		f.reset(t, "Zhang01", owner.phone, password).want(t, 403, "account_frozen")
	})
}

// Whoever signs in while the owner freezes is out when both are done.
func TestNobodySignsInPastAFreeze(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		owner, _, _ := f.stolen(t, "Zhang01")
		token := f.link(t, owner.phone, "已改绑手机号")
		outcomes := atOnce(6, func(i int) reply {
			if i == 3 {
				return f.freezeBy(t, token)
			}
			return f.anyone().signIn(t, "Zhang01", password)
		})
		if outcomes["200"] != 1 {
			t.Errorf("outcomes %v", outcomes)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM sessions WHERE account_id = $1`, owner.id); n != 0 {
			t.Errorf("%d sessions of a frozen account", n)
		}
	})
}

func TestSecurityEventsAreTheOwnersToRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p, rival := f.register(t, "Zhang01"), f.register(t, "Rival01")
		p.call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": password, "new_password": another}).want(t, 204, "")
		if err := f.db.InTx(t.Context(), func(tx *db.Tx) error {
			return f.Tell(t.Context(), tx, p.id, "bound", map[string]any{"school": "锦江一中"})
		}); err != nil {
			t.Fatal(err)
		}
		f.notice(t, p.phone, "已完成实名认证（锦江一中）")
		r := p.call(t, "GET", "/api/v1/me/security-events?limit=1", nil).want(t, 200, "")
		rest := p.call(t, "GET", fmt.Sprint("/api/v1/me/security-events?cursor=", r.body["next_cursor"]), nil).want(t, 200, "")
		kinds := ""
		for _, each := range append(r.body["items"].([]any), rest.body["items"].([]any)...) {
			kinds += fmt.Sprint(each.(map[string]any)["kind"], " ")
		}
		if kinds != "bound password_changed " {
			t.Errorf("events %s", kinds)
		}
		if items := rival.call(t, "GET", "/api/v1/me/security-events", nil).want(t, 200, "").body["items"].([]any); len(items) != 0 {
			t.Errorf("another reads %v", items)
		}
		f.forward(366 * 24 * time.Hour)
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM security_events`); n != 0 {
			t.Errorf("%d events are kept for more than a year", n)
		}
	})
}
