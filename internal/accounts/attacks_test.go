package accounts_test

import (
	"fmt"
	"testing"
	"time"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/guard"
	"caotang/internal/guard/guardtest"
	"caotang/internal/sms"
)

// What people try who want into other people's accounts, or to annoy them, and how far they get. The rules here are
// stricter than an operator's, so that the tests are short: what counts is the shape.
var strict = guard.Rules{Account: 8, Phone: 4, Address: 5} // and 20 for a network

// solving calls once more with the solution of the captcha that the first call was refused with.
func (c caller) solving(t *testing.T, method, path string, body map[string]any) reply {
	t.Helper()
	refused := c.call(t, method, path, body).want(t, 403, "captcha_required")
	if step, _ := refused.body["next_step"].(map[string]any); step["action"] != "solve_captcha" || step["label"] == "" {
		t.Errorf("next step %v", refused.body["next_step"])
	}
	return c.call(t, method, path, body, "Captcha-Solution", guardtest.Solve(t, refused.body["captcha"]))
}

// Credential stuffing: many accounts, few passwords each, from many addresses of one network.
func TestAttackPasswordsOfElsewhereTriedOnManyAccounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newGuarded(t, d, strict)
		victim := f.person(t, "victim01")
		home := f.from("203.0.113.7")
		home.signIn(t, victim.username, password).want(t, 201, "") // known from now on
		neighbour := f.from("198.51.100.200")                      // an owner in the attackers' own network
		neighbour.signIn(t, victim.username, password).want(t, 201, "")

		before := accounts.HashesMade()
		outcomes := map[string]int{}
		for i := range 60 {
			bot := f.from(fmt.Sprintf("198.51.100.%d", i%30))
			outcomes[bot.signIn(t, fmt.Sprintf("account%02d", i), another).code()]++
		}
		// 20 guesses of the network were looked at; the rest was refused before any password was compared.
		if outcomes["credentials_wrong"] != 20 || outcomes["captcha_required"] != 40 || accounts.HashesMade()-before != 20 {
			t.Errorf("%v, and %d passwords compared", outcomes, accounts.HashesMade()-before)
		}
		f.from("198.51.100.77").signIn(t, victim.username, password).want(t, 403, "captcha_required") // also with the right password

		// Owners get in meanwhile from where they are known, and nobody elsewhere notices anything.
		home.signIn(t, victim.username, password).want(t, 201, "")
		neighbour.signIn(t, victim.username, password).want(t, 201, "")
		f.from("192.0.2.1").signIn(t, victim.username, password).want(t, 201, "")

		// Whoever does the work for each guess is slowed down all the same.
		bot := f.from("198.51.100.1")
		for i := range 3 {
			bot.solving(t, "POST", "/api/v1/sessions", map[string]any{"login": fmt.Sprintf("account%02d", i), "password": another}).want(t, 401, "credentials_wrong")
		}
		f.counted(t, "address@198.51.100.0/24", 799)
		bot.solving(t, "POST", "/api/v1/sessions", map[string]any{"login": "account09", "password": another}).want(t, 401, "credentials_wrong")
		bot.signIn(t, "account10", another).want(t, 429, "too_many_attempts")
		neighbour.signIn(t, victim.username, password).want(t, 201, "")
	})
}

// counted sets how often something has happened.
func (f *fixture) counted(t *testing.T, key string, times int) {
	t.Helper()
	result, err := f.db.Exec(t.Context(), `UPDATE attempts SET failures = $1, last_at = $2 WHERE attempt_key = $3`, times, db.At(f.now()), key)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("nothing is counted as %s (%v)", key, err)
	}
}

// One account, attacked from all over the world.
func TestAttackOneAccountFromEverywhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newGuarded(t, d, strict)
		owner := f.person(t, "victim01")
		home := f.from("203.0.113.7")
		home.signIn(t, owner.username, password).want(t, 201, "")
		outcomes := map[string]int{}
		for i := range 40 {
			outcomes[f.from(fmt.Sprintf("100.%d.0.1", i)).signIn(t, owner.username, another).code()]++
			if i%10 == 0 {
				home.signIn(t, owner.username, password).want(t, 201, "")
			}
		}
		if outcomes["credentials_wrong"] != 8 || outcomes["captcha_required"] != 32 {
			t.Errorf("%v", outcomes)
		}
		// The owner on a new device: the page does the work for them.
		f.from("192.0.2.9").solving(t, "POST", "/api/v1/sessions", map[string]any{"login": owner.username, "password": password}).want(t, 201, "")
		home.signIn(t, owner.phone, password).want(t, 201, "")
	})
}

// Six digits are a million: guess a few times at the codes of as many phones as there are.
func TestAttackGuessingCodesOfManyPhones(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newGuarded(t, d, strict)
		outcomes := map[string]int{}
		guess := func(c caller, phone, code string) string {
			return c.call(t, "POST", "/api/v1/accounts", registration(fmt.Sprintf("robot%s", phone[6:]), phone, code)).code()
		}
		for range 20 {
			phone := newPhone()
			wrong := otherThan(f.code(t, phone, sms.Register))
			for range 2 {
				outcomes[guess(f.from("198.51.100.1"), phone, wrong)]++
			}
		}
		if outcomes["sms_code_wrong"] != 5 || outcomes["captcha_required"] != 35 {
			t.Errorf("from one address: %v", outcomes)
		}
		clear(outcomes)
		for i := range 30 {
			phone := newPhone()
			outcomes[guess(f.from(fmt.Sprintf("198.51.100.%d", 100+i)), phone, otherThan(f.code(t, phone, sms.Register)))]++
		}
		if outcomes["sms_code_wrong"] != 15 || outcomes["captcha_required"] != 15 { // 20 of the network, 5 of them above
			t.Errorf("from one network: %v", outcomes)
		}
		clear(outcomes)
		victim := f.person(t, "victim01")
		for i := range 12 {
			if i%3 == 0 {
				f.code(t, victim.phone, sms.ResetPassword) // a code stands three guesses, then another comes
				f.forward(time.Minute)
			}
			outcomes[f.from(fmt.Sprintf("100.%d.0.1", i)).call(t, "POST", "/api/v1/password-resets", map[string]any{
				"username": victim.username, "phone": victim.phone, "sms_code": "000000", "new_password": another,
			}).code()]++
		}
		if outcomes["captcha_required"] < 8 || outcomes["sms_code_wrong"] > 4 {
			t.Errorf("at one phone from everywhere: %v", outcomes)
		}
		// Its owner resets the password all the same.
		f.from("203.0.113.7").solving(t, "POST", "/api/v1/password-resets", map[string]any{
			"username": victim.username, "phone": victim.phone, "sms_code": f.codeLater(t, victim.phone), "new_password": another,
		}).want(t, 204, "")
	})
}

func otherThan(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// Many addresses send codes to one phone, to annoy whoever has it.
func TestAttackBombingOnePhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newGuarded(t, d, strict)
		phone, outcomes := newPhone(), map[string]int{}
		for i := range 60 {
			r := f.from(fmt.Sprintf("100.%d.0.1", i)).call(t, "POST", "/api/v1/sms-codes", map[string]any{"phone": phone, "purpose": "register"})
			if r.status == 202 {
				outcomes["202"]++
				f.inbox.Code(t, phone, fmt.Sprint(r.body["message_id"])) // has come, before the clock goes on
			} else {
				outcomes[r.code()]++
			}
			f.forward(30 * time.Second)
		}
		if outcomes["202"] != 10 || outcomes["sms_cooldown"]+outcomes["sms_quota_exceeded"] != 50 {
			t.Errorf("%v", outcomes)
		}
	})
}

// One address sends codes to every phone there is: it costs money, and annoys everybody a little.
func TestAttackBombingManyPhones(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newGuarded(t, d, strict)
		send := func(phone string) map[string]any { return map[string]any{"phone": phone, "purpose": "register"} }
		bot, first := f.from("198.51.100.1"), newPhone()
		for range 3 { // the same phone again is one phone: somebody waits for a code that does not come
			bot.call(t, "POST", "/api/v1/sms-codes", send(first)).want(t, 202, "")
			f.forward(time.Minute)
		}
		for range 4 {
			bot.call(t, "POST", "/api/v1/sms-codes", send(newPhone())).want(t, 202, "")
		}
		bot.call(t, "POST", "/api/v1/sms-codes", send(newPhone())).want(t, 403, "captcha_required")
		bot.solving(t, "POST", "/api/v1/sms-codes", send(newPhone())).want(t, 202, "")
		f.counted(t, "codes@198.51.100.1", 99)
		bot.solving(t, "POST", "/api/v1/sms-codes", send(newPhone())).want(t, 202, "")
		wait := bot.call(t, "POST", "/api/v1/sms-codes", send(newPhone())).want(t, 429, "too_many_attempts").header.Get("Retry-After")
		if wait != "10" {
			t.Errorf("Retry-After %q", wait)
		}
		f.from("203.0.113.7").call(t, "POST", "/api/v1/sms-codes", send(newPhone())).want(t, 202, "")
	})
}

// Accounts by the dozen, with phones of one's own.
func TestAttackRegisteringByTheDozen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newGuarded(t, d, strict)
		farm := f.from("198.51.100.1")
		body := func(i int) map[string]any {
			phone := newPhone()
			return registration(fmt.Sprintf("farmed%02d", i), phone, f.code(t, phone, sms.Register))
		}
		for i := range 5 {
			farm.call(t, "POST", "/api/v1/accounts", body(i)).want(t, 201, "")
		}
		farm.solving(t, "POST", "/api/v1/accounts", body(5)).want(t, 201, "")
	})
}

// Whether somebody has an account shows neither in an answer nor in what it costs to give it.
func TestAttackFindingOutWhoHasAnAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.person(t, "somebody")
		f.take(t, "username,hash\nold_name,"+md5Of(password)+"\n", "md5")
		told := func(method, path string, body map[string]any) string {
			t.Helper()
			before := accounts.HashesMade()
			r := f.from("192.0.2.1").call(t, method, path, body)
			delete(r.body, "request_id")
			delete(r.body, "message_id")
			return fmt.Sprint(r.status, r.header.Get("Retry-After"), r.body, " hashes: ", accounts.HashesMade()-before)
		}
		same := func(what string, answers ...string) {
			t.Helper()
			for _, answer := range answers[1:] {
				if answer != answers[0] {
					t.Errorf("%s:\n%s\n%s", what, answers[0], answer)
				}
			}
		}
		signIn := func(login string) string {
			return told("POST", "/api/v1/sessions", map[string]any{"login": login, "password": another})
		}
		same("sign-in", signIn("somebody"), signIn("nobody01"), signIn(p.phone), signIn(newPhone()), signIn("old_name"), signIn("old_nobody"))

		register := func(phone string) string {
			return told("POST", "/api/v1/accounts", registration("newcomer", phone, "000000"))
		}
		same("registration", register(p.phone), register(newPhone()))

		reset := func(username, phone string) string {
			return told("POST", "/api/v1/password-resets", map[string]any{"username": username, "phone": phone, "sms_code": "000000", "new_password": another})
		}
		same("reset", reset("somebody", p.phone), reset("nobody01", p.phone), reset("somebody", newPhone()), reset("old_name", newPhone()))

		send := func(phone, purpose string) string {
			return told("POST", "/api/v1/sms-codes", map[string]any{"phone": phone, "purpose": purpose})
		}
		for i, purpose := range []string{"reset_password", "register", "bind_phone", "change_phone"} {
			holder := f.person(t, fmt.Sprintf("holder%d", i))
			same("code to "+purpose, send(holder.phone, purpose), send(newPhone(), purpose))
		}
	})
}

// A proxy that nobody has named makes all the world call from this machine: nobody is held against anybody then.
func TestThisMachinesOwnAddressIsNobodys(t *testing.T) {
	f := newGuarded(t, dbtest.OpenSQLite(t), strict)
	f.person(t, "victim01")
	for i := range 2 * networkOfStrict {
		f.from("127.0.0.1").signIn(t, fmt.Sprintf("account%02d", i), another).want(t, 401, "credentials_wrong")
	}
	f.from("127.0.0.1").signIn(t, "victim01", password).want(t, 201, "")
}

const networkOfStrict = 20
