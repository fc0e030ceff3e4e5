package accounts_test

import (
	"fmt"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sms"
)

// pupil registers with a guardian's phone behind the account.
func (f *fixture) pupil(t *testing.T, username, phone string) person {
	t.Helper()
	body := registration(username, phone, f.code(t, phone, sms.Register))
	body["role"], body["phone_as"] = "student", "recovery_contact"
	r := f.anyone().call(t, "POST", "/api/v1/accounts", body).want(t, 201, "")
	account, _ := r.body["account"].(map[string]any)
	return person{f.holding(r.token()), fmt.Sprint(account["id"]), username, phone}
}

func nextStep(r reply) any {
	step, _ := r.body["next_step"].(map[string]any)
	return step["action"]
}

func TestAFamilyWithOnePhoneHasAnAccountForEverybody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		mother := f.register(t, "mother01")
		f.forward(time.Minute)

		// The pupil is told that the phone is taken only after the right code, which then goes on.
		body := registration("pupil01", mother.phone, f.code(t, mother.phone, sms.Register))
		body["role"] = "student"
		if refused := f.anyone().call(t, "POST", "/api/v1/accounts", body).want(t, 409, "phone_taken"); nextStep(refused) != "use_as_recovery_contact" {
			t.Errorf("the way out is %v", nextStep(refused))
		}
		body["phone_as"] = "recovery_contact"
		made := f.anyone().call(t, "POST", "/api/v1/accounts", body).want(t, 201, "")
		account, _ := made.body["account"].(map[string]any)
		if account["masked_phone"] != nil || account["masked_recovery_contact"] != mother.phone[:3]+"****"+mother.phone[7:] {
			t.Errorf("the pupil's account is %v", account)
		}
		for i := 2; i <= 3; i++ {
			f.forward(time.Minute)
			f.pupil(t, fmt.Sprintf("pupil%02d", i), mother.phone)
		}

		// None of them has to bind a phone, and the phone signs its owner in and nobody else.
		for _, name := range []string{"pupil01", "pupil02", "pupil03"} {
			r := f.anyone().signIn(t, name, password).want(t, 201, "")
			if must, _ := r.body["must"].([]any); len(must) != 0 {
				t.Errorf("%s must %v", name, must)
			}
			if f.holding(r.token()).call(t, "GET", "/api/v1/test/ready", nil).status != 204 {
				t.Errorf("%s is not ready", name)
			}
		}
		signedIn := f.anyone().signIn(t, mother.phone, password).want(t, 201, "")
		if who, _ := signedIn.body["account"].(map[string]any); who["username"] != "mother01" {
			t.Errorf("the phone signs in %v", who)
		}
	})
}

func TestOnlyPupilsHaveARecoveryContact(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		phone := newPhone()
		body := registration("teacher1", phone, f.code(t, phone, sms.Register))
		body["role"], body["phone_as"] = "teacher", "recovery_contact"
		f.anyone().call(t, "POST", "/api/v1/accounts", body).want(t, 422, "invalid")
		p := f.person(t, "public01")
		f.forward(time.Minute)
		p.call(t, "PUT", "/api/v1/me/recovery-contact", map[string]any{
			"password": password, "phone": phone, "sms_code": f.code(t, phone, sms.RecoveryContact),
		}).want(t, 403, "recovery_contact_for_pupils")

		// Whoever turns out to be no pupil binds a phone of their own after all.
		f.forward(time.Minute)
		pupil := f.pupil(t, "pupil01", phone)
		pupil.call(t, "PUT", "/api/v1/me/role", map[string]any{"role": "teacher"}).want(t, 200, "")
		pupil.call(t, "GET", "/api/v1/test/ready", nil).want(t, 403, "phone_required")
	})
}

func TestAPhoneStandsBehindFiveAccountsAtMost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		phone := newPhone()
		for i := range 4 {
			f.pupil(t, fmt.Sprintf("pupil%02d", i), phone)
			f.forward(time.Minute)
		}
		// One place is left, and two purposes of code may reach for it at once.
		body := registration("pupil99", phone, f.code(t, phone, sms.Register))
		body["role"], body["phone_as"] = "student", "recovery_contact"
		late := f.person(t, "pupil88")
		f.insertRole(t, late.id, "student")
		f.forward(time.Minute)
		contact := map[string]any{"password": password, "phone": phone, "sms_code": f.code(t, phone, sms.RecoveryContact)}
		outcomes := atOnce(2, func(i int) reply {
			if i == 0 {
				return f.anyone().call(t, "POST", "/api/v1/accounts", body)
			}
			return late.call(t, "PUT", "/api/v1/me/recovery-contact", contact)
		})
		if outcomes["recovery_contact_full"] != 1 || outcomes["200"]+outcomes["201"] != 1 {
			t.Errorf("two for one place: %v", outcomes)
		}
		if n := one[int](t, f, `SELECT count(*) FROM recovery_contacts`); n != 5 {
			t.Errorf("%d accounts behind one phone", n)
		}
	})
}

func (f *fixture) insertRole(t *testing.T, accountID, role string) {
	t.Helper()
	if _, err := f.db.Exec(t.Context(), `UPDATE accounts SET role = $1 WHERE id = $2`, role, accountID); err != nil {
		t.Fatal(err)
	}
}

func TestAGuardiansPhoneResetsAPupilsPasswordAndNobodyElses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		phone := newPhone()
		f.pupil(t, "pupil01", phone)
		f.person(t, "stranger1")
		f.forward(time.Minute)
		reset := func(username, code string) reply {
			return f.anyone().call(t, "POST", "/api/v1/password-resets",
				map[string]any{"username": username, "phone": phone, "sms_code": code, "new_password": another})
		}
		code := f.code(t, phone, sms.ResetPassword)
		reset("stranger1", code).want(t, 422, "sms_code_wrong")
		reset("Pupil01", code).want(t, 422, "sms_code_wrong")
		reset("pupil01", code).want(t, 204, "")
		f.anyone().signIn(t, "pupil01", another).want(t, 201, "")
		f.notice(t, phone, "密码已修改")
	})
}

func TestARecoveryContactIsReplacedAndRemoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		first, second := newPhone(), newPhone()
		p := f.pupil(t, "pupil01", first)
		set := func(phone, secret string) reply {
			return p.call(t, "PUT", "/api/v1/me/recovery-contact",
				map[string]any{"password": secret, "phone": phone, "sms_code": f.code(t, phone, sms.RecoveryContact)})
		}
		set(second, "Wrong2026").want(t, 422, "password_wrong")
		f.forward(time.Minute)
		if r := set(second, password).want(t, 200, ""); r.body["masked_recovery_contact"] != second[:3]+"****"+second[7:] {
			t.Errorf("the contact is shown as %v", r.body)
		}
		f.notice(t, first, "不再用本手机号")

		p.call(t, "DELETE", "/api/v1/me/recovery-contact", map[string]any{"password": "Wrong2026"}).want(t, 422, "password_wrong")
		p.call(t, "DELETE", "/api/v1/me/recovery-contact", map[string]any{"password": password}).want(t, 204, "")
		f.notice(t, second, "不再用本手机号")
		p.call(t, "DELETE", "/api/v1/me/recovery-contact", map[string]any{"password": password}).want(t, 404, "not_found")
		p.call(t, "GET", "/api/v1/test/ready", nil).want(t, 403, "phone_required")

		// A pupil whose phone turns out to be another account's is shown this way when binding it, too.
		taken := f.person(t, "mother01")
		f.forward(time.Minute)
		refused := p.call(t, "PUT", "/api/v1/me/phone",
			map[string]any{"password": password, "phone": taken.phone, "sms_code": f.code(t, taken.phone, sms.BindPhone)}).want(t, 409, "phone_taken")
		if nextStep(refused) != "use_as_recovery_contact" {
			t.Errorf("the way out is %v", nextStep(refused))
		}
	})
}

func TestTheOwnPhoneIsNoRecoveryContact(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.person(t, "pupil01")
		f.insertRole(t, p.id, "student")
		r := p.call(t, "PUT", "/api/v1/me/recovery-contact",
			map[string]any{"password": password, "phone": p.phone, "sms_code": f.code(t, p.phone, sms.RecoveryContact)}).want(t, 422, "invalid")
		if fields := r.fields(); len(fields) != 1 || fields[0] != "phone own_phone" {
			t.Errorf("fields %v", fields)
		}
	})
}

func TestAContactThatSomebodyElseSetEndsWithTheFreeze(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.places(t)
		mother, thief := newPhone(), newPhone()
		p := f.pupil(t, "pupil01", mother)
		f.bind(t, p.id, "school1", "韩梅梅", "511903201309071230")
		f.forward(8 * 24 * time.Hour)
		admin := f.person(t, "school01")
		f.grant(t, admin.id, access.School, "school1")
		again := f.holding(f.anyone().signIn(t, "pupil01", password).token())
		again.call(t, "PUT", "/api/v1/me/recovery-contact",
			map[string]any{"password": password, "phone": thief, "sms_code": f.code(t, thief, sms.RecoveryContact)}).want(t, 200, "")

		// The contact before says that it was not them, and the one now resets nothing any more.
		told := f.freezeBy(t, f.link(t, mother, "不再用本手机号")).want(t, 200, "")
		if event, _ := told.body["event"].(map[string]any); event["kind"] != "contact_set" || told.body["masked_phone"] != nil {
			t.Errorf("told %v", told.body)
		}
		f.reset(t, "pupil01", thief, another).want(t, 403, "account_frozen")
		code := admin.call(t, "POST", "/api/v1/admin/accounts/"+p.id+"/unfreeze", map[string]any{"reason": "本人到校"}).want(t, 200, "")
		if n := one[int](t, f, `SELECT count(*) FROM recovery_contacts`); n != 0 {
			t.Error("the other one is still the contact")
		}
		back := f.anyone().signIn(t, "pupil01", fmt.Sprint(code.body["one_time_code"])).want(t, 201, "")
		if account, _ := back.body["account"].(map[string]any); account["masked_recovery_contact"] != nil || account["masked_phone"] != nil {
			t.Errorf("the account is given back as %v", account)
		}
	})
}

// Whoever had got in may have set it, and would reset the new password by it.
func TestAContactEndsWhenALostAccountIsGivenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		thief, own := newPhone(), newPhone()
		p := f.pupil(t, "pupil01", thief)
		chosen, err := f.NewPassword(t.Context(), "new_password", another)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.InTx(t.Context(), func(tx *db.Tx) error {
			_, err := f.Recover(t.Context(), tx, p.id, own, chosen)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		f.notice(t, thief, "不再用本手机号")
		if n := one[int](t, f, `SELECT count(*) FROM recovery_contacts`); n != 0 {
			t.Error("the other one is still the contact")
		}
		back := f.anyone().signIn(t, own, another).want(t, 201, "")
		if account, _ := back.body["account"].(map[string]any); account["masked_recovery_contact"] != nil {
			t.Errorf("the account is given back as %v", account)
		}
	})
}

func TestTheContactIsToldOfAPupilsFirstPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		mother, own := newPhone(), newPhone()
		p := f.pupil(t, "pupil01", mother)
		p.call(t, "PUT", "/api/v1/me/phone", map[string]any{"password": password, "phone": own, "sms_code": f.code(t, own, sms.BindPhone)}).want(t, 200, "")
		f.notice(t, own, "已绑定本手机号")
		f.freezeBy(t, f.link(t, mother, "绑定了手机号")).want(t, 200, "")
		if p.signedIn(t) {
			t.Error("a session outlived the freeze")
		}
	})
}
