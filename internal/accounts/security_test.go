package accounts_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sms"
)

func TestChangingThePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		other := f.holding(f.anyone().signIn(t, "Zhang01", password).token())
		change := func(current, replacement string) reply {
			return p.call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": current, "new_password": replacement})
		}
		f.anyone().call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": password, "new_password": another}).want(t, 401, "unauthenticated")
		if fields := change(password, "short").want(t, 422, "password_invalid").fields(); !slices.Contains(fields, "new_password too_short") {
			t.Errorf("fields %q", fields)
		}
		if fields := change(another, another).want(t, 422, "password_wrong").fields(); !slices.Equal(fields, []string{"current_password password_wrong"}) {
			t.Errorf("fields %q", fields)
		}
		if fields := change(password, password).want(t, 422, "invalid").fields(); !slices.Equal(fields, []string{"new_password same_as_before"}) {
			t.Errorf("fields %q", fields)
		}
		if !other.signedIn(t) {
			t.Error("a password that stays what it is ends a session")
		}
		change(password, another).want(t, 204, "")
		if other.signedIn(t) || !p.signedIn(t) {
			t.Error("the change must end the other sessions, and not its own")
		}
		f.anyone().signIn(t, "Zhang01", password).want(t, 401, "credentials_wrong")
		f.anyone().signIn(t, "Zhang01", another).want(t, 201, "")
		f.notice(t, p.phone, "密码已修改")
		// Whoever finds a session open cannot try passwords for long.
		for range 5 {
			change("Guess2026", password).want(t, 422, "password_wrong")
		}
		change(another, password).want(t, 429, "too_many_attempts")
		f.forward(15 * time.Second)
		change(another, password).want(t, 204, "")
		if n := one[int](t, f, `SELECT COUNT(*) FROM audit_records WHERE action = 'account.change_password' AND target_id = $1 AND actor_id = $1`, p.id); n != 2 {
			t.Errorf("%d changes recorded, want 2", n)
		}
	})
}

func TestWhoeverIsSignedOutByANewPasswordIsToldWhyAndNobodyElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		why := func(c caller) any {
			t.Helper()
			r := c.call(t, "GET", "/api/v1/me/sessions", nil).want(t, 401, "unauthenticated")
			if by := r.body["ended_by"]; by != nil && !strings.Contains(fmt.Sprint(r.body["detail"]), f.now().In(calendar.Shanghai).Format("2006-01-02 15:04")) {
				t.Errorf("%v: %v", by, r.body)
			}
			return r.body["ended_by"]
		}
		left := f.holding(f.anyone().signIn(t, "Zhang01", password).token())
		left.call(t, "DELETE", "/api/v1/sessions/current", nil).want(t, 204, "")
		f.reset(t, "Zhang01", p.phone, another).want(t, 204, "")
		if why(p.caller) != "reset_password" || why(left) != nil || why(f.holding(strings.Repeat("A", 43))) != nil || why(f.anyone()) != nil {
			t.Errorf("the owner is told %v, whoever left %v", why(p.caller), why(left))
		}
		f.forward(time.Minute)
		office, there := f.person(t, "office01"), f.holding(f.anyone().signIn(t, "Zhang01", another).token())
		f.places(t)
		f.grant(t, office.id, access.Province, "510000")
		office.call(t, "POST", "/api/v1/admin/accounts/"+p.id+"/password-reset", map[string]any{"reason": "本人要求"}).want(t, 200, "")
		if by := why(there); by != "issue_code" {
			t.Errorf("by an administrator: %v", by)
		}
		f.forward(400 * 24 * time.Hour)
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM ended_sessions`); n != 0 {
			t.Errorf("%d ended sessions are kept for good", n)
		}
	})
}

func TestChangingThePhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p, rival := f.register(t, "Zhang01"), f.register(t, "Rival01")
		change := func(secret, phone, code string) reply {
			return p.call(t, "PUT", "/api/v1/me/phone", map[string]any{"password": secret, "phone": phone, "sms_code": code})
		}
		phone := newPhone()
		code := f.code(t, phone, sms.ChangePhone)
		wrong := "111111"
		if code == wrong {
			wrong = "222222"
		}
		change(another, phone, code).want(t, 422, "password_wrong")
		change(password, "12345", code).want(t, 422, "phone_invalid")
		change(password, phone, wrong).want(t, 422, "sms_code_wrong")
		r := change(password, phone, code).want(t, 200, "")
		if r.body["masked_phone"] != phone[:3]+"****"+phone[7:] || r.body["id"] != p.id {
			t.Errorf("account %v", r.body)
		}
		f.anyone().signIn(t, phone, password).want(t, 201, "")
		f.anyone().signIn(t, p.phone, password).want(t, 401, "credentials_wrong")
		f.notice(t, p.phone, phone[:3]+"****"+phone[7:])
		change(password, phone, code).want(t, 422, "sms_code_expired")

		// A phone that is taken says so to whoever holds it, and to nobody else.
		f.forward(time.Minute)
		change(password, rival.phone, "000000").want(t, 422, "sms_code_wrong")
		change(password, rival.phone, f.code(t, rival.phone, sms.ChangePhone)).want(t, 409, "phone_taken")
		f.anyone().signIn(t, phone, password).want(t, 201, "")
		f.anyone().signIn(t, rival.phone, password).want(t, 201, "")
		// The phone that was given up is free.
		next := registration("zhang02", p.phone, f.code(t, p.phone, sms.Register))
		f.anyone().call(t, "POST", "/api/v1/accounts", next).want(t, 201, "")
	})
}

func TestOfTwoAccountsThatTakeOnePhoneOneGetsIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		people := []person{f.register(t, "zhang01"), f.register(t, "zhang02"), f.register(t, "zhang03")}
		phone := newPhone()
		code := f.code(t, phone, sms.ChangePhone)
		outcomes := atOnce(len(people), func(i int) reply {
			return people[i].call(t, "PUT", "/api/v1/me/phone", map[string]any{"password": password, "phone": phone, "sms_code": code})
		})
		if outcomes["200"] != 1 || outcomes["sms_code_expired"]+outcomes["phone_taken"] != 2 {
			t.Errorf("outcomes %v", outcomes)
		}
		for _, p := range people {
			held, err := f.PhoneOf(t.Context(), f.db, p.id)
			if err != nil || held == "" {
				t.Errorf("%s holds %q, %v", p.username, held, err)
			}
			f.anyone().signIn(t, held, password).want(t, 201, "")
		}
	})
}

func TestResettingThePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		reset := func(username, phone, code, secret string) reply {
			return f.anyone().call(t, "POST", "/api/v1/password-resets", map[string]any{"username": username, "phone": phone, "sms_code": code, "new_password": secret})
		}
		code := f.codeLater(t, p.phone)
		reset("Zhang01", p.phone, code, "short").want(t, 422, "password_invalid")
		reset("Zhang01", "12345", code, another).want(t, 422, "phone_invalid")
		reset("Zhang02", p.phone, code, another).want(t, 422, "sms_code_wrong")
		reset("zhang01", p.phone, code, another).want(t, 422, "sms_code_wrong")
		reset("Zhang01", p.phone, code, another).want(t, 204, "")
		if p.signedIn(t) {
			t.Error("a session outlived the reset")
		}
		f.anyone().signIn(t, "Zhang01", another).want(t, 201, "")
		f.anyone().signIn(t, "Zhang01", password).want(t, 401, "credentials_wrong")
		f.notice(t, p.phone, "密码已修改")
		reset("Zhang01", p.phone, code, password).want(t, 422, "sms_code_expired")
	})
}

func TestAResetTellsAStrangerNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		f.forward(time.Minute)
		told := func(username, phone string) string {
			var answers string
			note := func(r reply) {
				delete(r.body, "request_id")
				delete(r.body, "message_id")
				answers += fmt.Sprintln(r.status, r.body)
			}
			ask := map[string]any{"phone": phone, "purpose": "reset_password"}
			try := map[string]any{"username": username, "phone": phone, "sms_code": "not it", "new_password": another}
			note(f.anyone().call(t, "POST", "/api/v1/password-resets", try))
			note(f.anyone().call(t, "POST", "/api/v1/sms-codes", ask))
			note(f.anyone().call(t, "POST", "/api/v1/sms-codes", ask))
			for range 6 {
				note(f.anyone().call(t, "POST", "/api/v1/password-resets", try))
			}
			f.forward(time.Minute)
			return answers
		}
		// The quota of the registered phone shows one code more: the one it was registered with. So does this one's.
		spent := newPhone()
		f.code(t, spent, sms.Register)
		f.forward(time.Minute)
		want := told("Zhang01", p.phone)
		if got := told("Zhang01", spent); got != want {
			t.Errorf("with another phone:\n%swith the account's:\n%s", got, want)
		}
		other := f.register(t, "Other01")
		f.forward(time.Minute)
		if got := told("nobody1", other.phone); got != want {
			t.Errorf("with an unknown username:\n%swith the account's:\n%s", got, want)
		}
		f.inbox.Await(t, p.phone, func(m sms.Message) bool { return m.Purpose == sms.ResetPassword })
		for _, m := range f.inbox.Messages(spent) {
			if m.Purpose == sms.ResetPassword {
				t.Error("a code went to a phone without an account")
			}
		}
	})
}

// Whoever gave the code would know the password, in whatever way it is written.
func TestAOneTimeCodeIsNoPasswordInAnotherSpelling(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.places(t)
		for tries, refused := 0, false; !refused; tries++ {
			username := fmt.Sprintf("Admin%02d", tries)
			made, err := f.CreateAdministrator(t.Context(), accounts.NewAdministrator{Username: username, Grant: access.Grant{Level: access.City, ScopeID: "510100"}})
			if err != nil || tries == 50 {
				t.Fatalf("no code of %d has both a letter and a digit: %v", tries, err)
			}
			plain := strings.ReplaceAll(made.OneTimeCode, "-", "")
			letter := strings.IndexFunc(plain, unicode.IsLower)
			if letter < 0 || !strings.ContainsAny(plain, "23456789") {
				continue
			}
			spelt := plain[:letter] + strings.ToUpper(plain[letter:letter+1]) + plain[letter+1:]
			admin := f.holding(f.anyone().signIn(t, username, made.OneTimeCode).want(t, 201, "").token())
			r := admin.call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": made.OneTimeCode, "new_password": spelt})
			if refused = r.status == 422 && strings.Contains(fmt.Sprint(r.body), "same_as_before"); !refused && r.status != 422 {
				t.Fatalf("the code became the password: %v", r)
			}
		}
	})
}

func TestAnAdministratorBeginsWithAOneTimeCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.places(t)
		made, err := f.CreateAdministrator(t.Context(), accounts.NewAdministrator{Username: "Admin01", Grant: access.Grant{Level: access.City, ScopeID: "510100"}})
		if err != nil || len(made.OneTimeCode) != 14 || !made.ExpiresAt.Equal(f.now().Add(24*time.Hour)) {
			t.Fatalf("%+v, %v", made, err)
		}
		plain := strings.ReplaceAll(made.OneTimeCode, "-", "")
		for _, typed := range []string{plain, strings.ToUpper(made.OneTimeCode), " " + strings.ReplaceAll(made.OneTimeCode, "-", " "), strings.ReplaceAll(made.OneTimeCode, "-", "－")} {
			f.anyone().signIn(t, "Admin01", typed).want(t, 201, "")
		}
		f.anyone().signIn(t, "Admin01", plain[:11]).want(t, 401, "credentials_wrong")
		r := f.anyone().signIn(t, "Admin01", made.OneTimeCode).want(t, 201, "")
		if must := fmt.Sprint(r.body["must"]); must != "[replace_password bind_phone]" {
			t.Errorf("must %s", must)
		}
		admin := f.holding(r.token())
		admin.call(t, "GET", "/api/v1/test/ready", nil).want(t, 403, "password_replacement_required")
		admin.call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": made.OneTimeCode, "new_password": password}).want(t, 204, "")
		admin.call(t, "GET", "/api/v1/test/ready", nil).want(t, 403, "phone_required")
		admin.call(t, "GET", "/api/v1/admin/accounts", nil).want(t, 403, "phone_required")
		phone := newPhone()
		bind := map[string]any{"password": password, "phone": phone, "sms_code": f.code(t, phone, sms.BindPhone)}
		admin.call(t, "PUT", "/api/v1/me/phone", bind).want(t, 200, "")
		admin.call(t, "GET", "/api/v1/test/ready", nil).want(t, 204, "")
		admin.call(t, "GET", "/api/v1/admin/accounts", nil).want(t, 200, "")
		grants, err := f.Grants(t.Context(), fmt.Sprint(r.body["account"].(map[string]any)["id"]))
		if err != nil || len(grants) != 1 || grants[0] != (accounts.Grant{Level: access.City, ScopeID: "510100", ScopeName: "成都市"}) {
			t.Errorf("grants %v, %v", grants, err)
		}

		if _, err := f.CreateAdministrator(t.Context(), accounts.NewAdministrator{Username: "admin01"}); err == nil {
			t.Error("a username that differs in case alone was given out again")
		}
		late, err := f.CreateAdministrator(t.Context(), accounts.NewAdministrator{Username: "Admin02", Grant: access.Grant{Level: access.School, ScopeID: "school1"}})
		if err != nil {
			t.Fatal(err)
		}
		f.forward(24 * time.Hour)
		f.anyone().signIn(t, "Admin02", another).want(t, 401, "credentials_wrong")
		f.anyone().signIn(t, "Admin02", late.OneTimeCode).want(t, 401, "one_time_code_expired")
	})
}

func TestDoors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		actor, err := f.Resolve(t.Context(), p.token)
		if err != nil {
			t.Fatal(err)
		}
		if a := accounts.Own(access.WithActor(t.Context(), actor)); a.ID != p.id || a.Username != "Zhang01" || a.Role != "public" ||
			*a.MaskedPhone != p.phone[:3]+"****"+p.phone[7:] || !a.CreatedAt.Equal(f.now()) {
			t.Errorf("account %+v", a)
		}
		if m, err := f.MaskedOf(t.Context(), f.db, p.id); err != nil || m != (accounts.Masked{MaskedUsername: "Zh***01", MaskedPhone: p.phone[:3] + "****" + p.phone[7:]}) {
			t.Errorf("masked %+v, %v", m, err)
		}
		if err := f.CheckPassword(t.Context(), p.id, password); err != nil {
			t.Error(err)
		}
		if err := f.CheckPassword(t.Context(), p.id, another); err == nil {
			t.Error("a wrong password was accepted")
		}
		err = d.InTx(t.Context(), func(tx *db.Tx) error {
			if err := f.SetRole(t.Context(), tx, p.id, accounts.RoleTeacher); err != nil {
				return err
			}
			return f.Notify(t.Context(), tx, p.id, "notice.phone_assigned", nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		f.notice(t, p.phone, "绑定到您的账号")
		if role := one[string](t, f, `SELECT role FROM accounts`); role != accounts.RoleTeacher {
			t.Errorf("role %s", role)
		}
		for name, ask := range map[string]func(context.Context) error{
			"MaskedOf": func(ctx context.Context) error { _, err := f.MaskedOf(ctx, f.db, "unknown"); return err },
			"PhoneOf":  func(ctx context.Context) error { _, err := f.PhoneOf(ctx, f.db, "unknown"); return err },
		} {
			if err := ask(t.Context()); err == nil || err.Error() != "not_found" {
				t.Errorf("%s of an unknown account: %v", name, err)
			}
		}
	})
}
