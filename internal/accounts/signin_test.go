package accounts_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sms"
)

func TestUsernameAndPhoneSignInAndCaseMatters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		for _, login := range []string{"Zhang01", p.phone, "+86 " + p.phone[:3] + "-" + p.phone[3:]} {
			r := f.anyone().signIn(t, login, password).want(t, 201, "")
			if must, ok := r.body["must"].([]any); !ok || len(must) != 0 {
				t.Errorf("%s: must %v", login, r.body["must"])
			}
			if !f.holding(r.token()).signedIn(t) {
				t.Errorf("%s: the token does not sign in", login)
			}
		}
		for _, pair := range [][2]string{{"zhang01", password}, {"Zhang01", strings.ToUpper(password)}, {"Zhang01", ""}, {"", password}, {"", ""}} {
			f.anyone().signIn(t, pair[0], pair[1]).want(t, 401, "credentials_wrong")
		}
		f.anyone().call(t, "POST", "/api/v1/sessions", map[string]any{"login": 1}).want(t, 422, "invalid")
	})
}

// Nobody registers under a phone, and accounts of the old system that bear one share its login with its owner.
func TestAUsernameThatIsSomebodysPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		holder, namesake := f.register(t, "holder1"), f.register(t, "namesake1")
		r := f.anyone().call(t, "POST", "/api/v1/accounts/username-checks", map[string]any{"username": holder.phone}).want(t, 422, "username_invalid")
		if fields := r.fields(); !slices.Equal(fields, []string{"username username_is_phone"}) {
			t.Errorf("fields %q", fields)
		}
		f.holding(namesake.token).call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": password, "new_password": another}).want(t, 204, "")
		for _, statement := range []string{`UPDATE accounts SET username = $1 WHERE id = $2`, `UPDATE logins SET login_key = 'u:' || $1 WHERE account_id = $2 AND login_key = 'u:namesake1'`} {
			if _, err := f.db.Exec(t.Context(), statement, holder.phone, namesake.id); err != nil {
				t.Fatal(err)
			}
		}
		for secret, want := range map[string]string{password: holder.id, another: namesake.id} {
			r := f.anyone().signIn(t, holder.phone, secret).want(t, 201, "")
			if account, _ := r.body["account"].(map[string]any); account["id"] != want {
				t.Errorf("password %s signs in %v", secret, account["username"])
			}
		}
		// Who knows one of the two passwords gets no more guesses at the other.
		guesses := 0
		for range 10 {
			for range 4 {
				if f.from("10.9.0.1").signIn(t, holder.phone, "Falsch2026").status != 401 {
					break
				}
				guesses++
			}
			f.from("10.9.0.1").signIn(t, holder.phone, another)
		}
		if guesses > 8 {
			t.Errorf("%d guesses without a wait", guesses)
		}
	})
}

func TestAStrangerCannotTellWhichHalfIsWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		told := func(login string) (answers []string) {
			for range 8 { // beyond the point where waiting begins
				r := f.from("10.9.0.1").signIn(t, login, another)
				delete(r.body, "request_id")
				answers = append(answers, fmt.Sprint(r.status, r.header.Get("Retry-After"), r.body))
			}
			return answers
		}
		want := told("Zhang01")
		for _, login := range []string{p.phone, "nobody1", newPhone(), "zhang01x"} {
			for i, answer := range told(login) {
				if answer != want[i] {
					t.Errorf("attempt %d as %s: %s; with an account: %s", i, login, answer, want[i])
				}
			}
		}
	})
}

// An answer without a hash would come sooner, and tell that there is no such account.
func TestALoginOfNobodyCostsAHashToo(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	f.register(t, "Zhang01")
	config := accounts.DefaultConfig()
	config.LoginWait = time.Millisecond
	hurried := accounts.New(f.db, f.vault, f.sms, config, f.now)
	defer hurried.Occupy()()
	for _, login := range []string{"Zhang01", "nobody1", newPhone()} {
		if _, err := hurried.SignIn(t.Context(), login, password, accounts.Begin{}); err == nil || !strings.HasPrefix(err.Error(), "server_busy") {
			t.Errorf("%s: %v, want server_busy", login, err)
		}
	}
	if got, want := strings.Split(accounts.NobodysHash(), "$")[:4], strings.Split(accounts.HashPassword(password), "$")[:4]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("a hash of %v, where accounts have %v", got, want)
	}
}

func TestNobodyWaitsForAHashBeyondTheDeadline(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	config := accounts.DefaultConfig()
	config.LoginWait = 20 * time.Millisecond
	hurried := accounts.New(f.db, f.vault, f.sms, config, f.now)
	f.Service = hurried
	release := hurried.Occupy()
	_, err := hurried.HashInTurn(t.Context(), password)
	release()
	if err == nil {
		t.Fatal("hashed although every turn is taken")
	}
	if _, err := hurried.HashInTurn(t.Context(), password); err != nil {
		t.Errorf("with turns free again: %v", err)
	}
}

func TestFailuresSlowDownTheNextAttempts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.register(t, "Zhang01")
		stranger := f.from("10.9.0.1")
		for range 5 {
			stranger.signIn(t, "Zhang01", another).want(t, 401, "credentials_wrong")
		}
		r := stranger.signIn(t, "Zhang01", password).want(t, 429, "too_many_attempts")
		if r.header.Get("Retry-After") != "15" {
			t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
		}
		if step, _ := r.body["next_step"].(map[string]any); step["action"] != "reset_password" {
			t.Errorf("next step %v", step)
		}
		stranger.signIn(t, "zhang01", another).want(t, 429, "too_many_attempts") // another spelling gives no more attempts
		f.forward(15 * time.Second)
		stranger.signIn(t, "Zhang01", another).want(t, 401, "credentials_wrong")
		if wait := stranger.signIn(t, "Zhang01", another).want(t, 429, "").header.Get("Retry-After"); wait != "30" {
			t.Errorf("Retry-After %q after one more", wait)
		}
		f.forward(30 * time.Second)
		stranger.signIn(t, "Zhang01", password).want(t, 201, "")
		for range 4 {
			stranger.signIn(t, "Zhang01", another).want(t, 401, "credentials_wrong") // counting begins anew
		}
		f.forward(time.Hour + time.Second)
		for range 5 {
			stranger.signIn(t, "Zhang01", another).want(t, 401, "credentials_wrong") // old failures are forgotten
		}
	})
}

func TestGuessesMadeAtOnceCountLikeGuessesOneAfterAnother(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.register(t, "Zhang01")
		outcomes := atOnce(16, func(int) reply { return f.from("10.9.0.1").signIn(t, "Zhang01", another) })
		if outcomes["credentials_wrong"] != 5 || outcomes["too_many_attempts"] != 11 {
			t.Errorf("outcomes %v", outcomes)
		}
	})
}

func TestAnyNumberWhoKnowThePasswordGetIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.register(t, "Zhang01")
		if outcomes := atOnce(16, func(int) reply { return f.from("10.9.0.1").signIn(t, "Zhang01", password) }); outcomes["201"] != 16 {
			t.Errorf("outcomes %v", outcomes)
		}
		if n := f.Trying(); n != 0 {
			t.Errorf("%d gates are kept after everybody has left", n)
		}
	})
}

func TestAnOldPasswordOpensNothingAfterItsReplacement(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.register(t, "Zhang01")
		release := f.Occupy()
		answer := make(chan reply)
		go func() { answer <- f.anyone().signIn(t, "Zhang01", password) }()
		for f.Trying() == 0 { // until it has read the old hash and waits for its turn
			runtime.Gosched()
		}
		if _, err := d.Exec(t.Context(), `UPDATE accounts SET password_hash = $1`, accounts.HashPassword(another)); err != nil {
			t.Fatal(err)
		}
		release()
		(<-answer).want(t, 401, "credentials_wrong")
	})
}

func TestNobodyLocksAnOwnerOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01") // from 10.0.0.1
		for i := range 20 {
			f.from(fmt.Sprintf("10.9.1.%d", i)).signIn(t, "Zhang01", another).want(t, 401, "credentials_wrong")
		}
		elsewhere := f.from("10.9.2.1")
		elsewhere.signIn(t, "Zhang01", password).want(t, 429, "too_many_attempts")
		f.anyone().signIn(t, "Zhang01", password).want(t, 201, "") // where the owner has been before

		// Elsewhere a wait ends within a minute, however many failures there were, and a reset ends it at once.
		for i := range 40 {
			f.from(fmt.Sprintf("10.9.3.%d", i)).signIn(t, "Zhang01", another)
		}
		if wait := one[int64](t, f, `SELECT max(blocked_until) FROM attempts`) - f.now().UnixMilli(); wait > time.Minute.Milliseconds() {
			t.Errorf("a wait of %d ms", wait)
		}
		elsewhere.call(t, "POST", "/api/v1/password-resets", map[string]any{
			"username": "Zhang01", "phone": p.phone, "sms_code": f.codeLater(t, p.phone), "new_password": another,
		}).want(t, 204, "")
		elsewhere.signIn(t, "Zhang01", another).want(t, 201, "")
	})
}

// codeLater is a code to reset a password, of a phone that had another code just before.
func (f *fixture) codeLater(t *testing.T, phone string) string {
	t.Helper()
	f.forward(time.Minute)
	return f.code(t, phone, sms.ResetPassword)
}

func TestAnAddressThatFailsEverywhereIsSlowedDown(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	f.register(t, "Zhang01")
	f.insert(t, "attempts", []string{"attempt_key", "failures", "last_at", "blocked_until"}, []any{"address@10.9.0.1", 199, db.At(f.now()), 0})
	f.from("10.9.0.1").signIn(t, "nobody1", another).want(t, 401, "credentials_wrong")
	if wait := f.from("10.9.0.1").signIn(t, "Zhang01", password).want(t, 429, "too_many_attempts").header.Get("Retry-After"); wait != "10" {
		t.Errorf("Retry-After %q", wait)
	}
	f.from("10.9.0.2").signIn(t, "Zhang01", password).want(t, 201, "")
	f.forward(10 * time.Second)
	f.from("10.9.0.1").signIn(t, "Zhang01", password).want(t, 201, "")
}

func TestSessionsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		idle, used, out := f.holding(f.anyone().signIn(t, "Zhang01", password).token()), p.caller, f.holding(f.anyone().signIn(t, "Zhang01", password).token())
		r := out.call(t, "DELETE", "/api/v1/sessions/current", nil).want(t, 204, "")
		if cookie := r.header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=0") {
			t.Errorf("cookie %q", cookie)
		}
		if out.signedIn(t) {
			t.Error("signed out, and still in")
		}
		for day := range 90 {
			if !used.signedIn(t) {
				t.Fatalf("a session in use ended after %d days", day)
			}
			if day == 13 && !idle.signedIn(t) {
				t.Error("a session ended before 14 idle days")
			}
			if day == 27 && idle.signedIn(t) {
				t.Error("a session lives after 14 idle days")
			}
			f.forward(24 * time.Hour)
		}
		if used.signedIn(t) {
			t.Error("a session lives after 90 days")
		}
		for _, token := range []string{"x", strings.Repeat("A", 43), strings.Repeat("A", 200)} {
			if f.holding(token).signedIn(t) {
				t.Errorf("the token %q signs in", token)
			}
		}
		if err := f.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM sessions`); n != 0 {
			t.Errorf("%d ended sessions are kept", n)
		}
	})
}

func TestASessionIsWrittenAtMostEveryFiveMinutes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.register(t, "Zhang01")
		begun := f.now()
		for _, c := range []struct{ after, used time.Duration }{{time.Minute, 0}, {4 * time.Minute, 5 * time.Minute}, {4 * time.Minute, 5 * time.Minute}} {
			f.forward(c.after)
			if !p.signedIn(t) {
				t.Fatal("not signed in")
			}
			if used := one[int64](t, f, `SELECT used_at FROM sessions`); used != begun.Add(c.used).UnixMilli() {
				t.Errorf("used %d ms after the beginning, want %s", used-begun.UnixMilli(), c.used)
			}
		}
	})
}

func TestTheActorOfASession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.places(t)
		p := f.register(t, "Zhang01")
		actor, err := f.Resolve(t.Context(), p.token)
		if err != nil || actor.AccountID != p.id || actor.Username != "Zhang01" || actor.Role != "public" || actor.SessionID == "" ||
			actor.Verified || len(actor.Must) != 0 || len(actor.Grants) != 0 {
			t.Errorf("actor %+v, %v", actor, err)
		}
		f.bind(t, p.id, "school1", "张三", "510104199001011234")
		f.grant(t, p.id, access.School, "school1")
		if actor, err = f.Resolve(t.Context(), p.token); err != nil || !actor.Verified || fmt.Sprint(actor.Grants) != "[{school school1}]" {
			t.Errorf("actor %+v, %v", actor, err)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM sessions WHERE token_hash = $1`, []byte(p.token)); n != 0 {
			t.Error("the token itself is stored")
		}
	})
}
