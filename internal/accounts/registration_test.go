package accounts_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sms"
)

func TestRegisteringSignsIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		phone := newPhone()
		r := f.anyone().call(t, "POST", "/api/v1/accounts", registration("Zhang01", "+86 "+phone, f.code(t, phone, sms.Register))).want(t, 201, "")
		account, _ := r.body["account"].(map[string]any)
		if account["username"] != "Zhang01" || account["role"] != "public" || account["masked_phone"] != phone[:3]+"****"+phone[7:] ||
			account["created_at"] != "2026-09-01T02:00:00Z" {
			t.Errorf("account %v", account)
		}
		if !f.holding(r.token()).signedIn(t) {
			t.Error("the token does not sign in")
		}
		cookies := (&http.Response{Header: r.header}).Cookies()
		if len(cookies) != 1 || cookies[0].Value != r.token() || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode ||
			!cookies[0].Expires.IsZero() { // nobody has said that the computer is trusted
			t.Errorf("cookies %v", cookies)
		}
		if f.anyone().call(t, "GET", "/api/v1/test/ready", nil, "Cookie", cookies[0].Name+"="+cookies[0].Value).status != 204 {
			t.Error("the cookie does not sign in")
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM accounts WHERE password_hash LIKE '%' || $1 || '%'`, password); n != 0 {
			t.Error("the password is stored")
		}
	})
}

func TestARegistrationNamesEveryFaultAtOnceAndCostsNoCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		phone := newPhone()
		code := f.code(t, phone, sms.Register)
		for range 6 { // more than a code has guesses
			r := f.anyone().call(t, "POST", "/api/v1/accounts", map[string]any{
				"username": "ab c", "password": "caotang", "phone": "1388", "sms_code": "x", "role": "king",
			}).want(t, 422, "username_invalid")
			want := []string{
				"username username_too_short", "username username_space", "password too_short", "password missing_digit", "password missing_upper",
				"phone phone_length", "role not_allowed",
			}
			if got := r.fields(); !slices.Equal(got, want) {
				t.Fatalf("fields %q, want %q", got, want)
			}
		}
		body := registration("zhang01", phone, code)
		for field, c := range map[string][2]string{
			"password": {"caotang2026", "password_invalid"}, "phone": {"", "phone_invalid"}, "role": {"king", "invalid"},
		} {
			bad := registration("zhang01", phone, code)
			bad[field] = c[0]
			f.anyone().call(t, "POST", "/api/v1/accounts", bad).want(t, 422, c[1])
		}
		f.anyone().call(t, "POST", "/api/v1/accounts", body).want(t, 201, "")
	})
}

func TestAUsernameAndAPhoneStandForOneAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		first := f.register(t, "Zhang01")
		phone := newPhone()
		code := f.code(t, phone, sms.Register)
		r := f.anyone().call(t, "POST", "/api/v1/accounts", registration("zHANG01", phone, code)).want(t, 409, "username_taken")
		if step, _ := r.body["next_step"].(map[string]any); step["action"] != "sign_in" || step["href"] != "/login" {
			t.Errorf("next step %v", step)
		}
		// The same code goes on.
		f.anyone().call(t, "POST", "/api/v1/accounts", registration("zhang02", phone, code)).want(t, 201, "")

		f.forward(time.Minute)
		right := f.code(t, first.phone, sms.Register) // asking does not tell
		wrong := "111111"
		if right == wrong {
			wrong = "222222"
		}
		f.anyone().call(t, "POST", "/api/v1/accounts", registration("zhang03", first.phone, wrong)).want(t, 422, "sms_code_wrong")
		f.anyone().call(t, "POST", "/api/v1/accounts", registration("zhang03", first.phone, right)).want(t, 409, "phone_taken")
		if n := one[int](t, f, `SELECT COUNT(*) FROM logins WHERE login_key = 'u:zhang03'`); n != 0 {
			t.Error("a refused registration left its username taken")
		}
	})
}

// atOnce makes calls at the same time and counts their outcomes.
func atOnce(n int, call func(i int) reply) map[string]int {
	var mu sync.Mutex
	outcomes := map[string]int{}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r := call(i)
			outcome := fmt.Sprint(r.status)
			if r.status >= 400 {
				outcome = r.code()
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		})
	}
	all.Wait()
	return outcomes
}

func TestOfRegistrationsThatCompeteOneWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		phone := newPhone()
		code := f.code(t, phone, sms.Register)
		forOnePhone := atOnce(8, func(i int) reply {
			return f.anyone().call(t, "POST", "/api/v1/accounts", registration(fmt.Sprintf("wang0%d", i), phone, code))
		})
		if forOnePhone["201"] != 1 || forOnePhone["sms_code_expired"]+forOnePhone["phone_taken"] != 7 {
			t.Errorf("eight registrations of one phone: %v", forOnePhone)
		}
		spellings := []string{"lihua01", "LiHua01", "LIHUA01", "liHUA01"}
		bodies := make([]map[string]any, len(spellings))
		for i, spelling := range spellings {
			phone := newPhone()
			bodies[i] = registration(spelling, phone, f.code(t, phone, sms.Register))
		}
		forOneName := atOnce(len(bodies), func(i int) reply { return f.anyone().call(t, "POST", "/api/v1/accounts", bodies[i]) })
		if forOneName["201"] != 1 || forOneName["username_taken"] != 3 {
			t.Errorf("four registrations of one username: %v", forOneName)
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM accounts`); n != 2 {
			t.Errorf("%d accounts, want 2", n)
		}
	})
}

func TestARepeatedRegistrationGetsOneAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		phone := newPhone()
		body := registration("zhang01", phone, f.code(t, phone, sms.Register))
		var mu sync.Mutex
		tokens := map[string]bool{}
		outcomes := atOnce(4, func(int) reply {
			r := f.anyone().call(t, "POST", "/api/v1/accounts", body, "Idempotency-Key", "one click")
			mu.Lock()
			defer mu.Unlock()
			tokens[r.token()] = true
			return r
		})
		if outcomes["201"] != 4 || len(tokens) != 1 {
			t.Errorf("outcomes %v, %d different tokens", outcomes, len(tokens))
		}
		if n := one[int](t, f, `SELECT COUNT(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
	})
}

func TestSettings(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	r := f.anyone().call(t, "GET", "/api/v1/settings", nil).want(t, 200, "")
	got := strings.ReplaceAll(fmt.Sprint(r.body), "map", "")
	want := "[demo:false password_policy:[allow_special:false max:15 min:8 require_digit:true require_lower:true require_upper:true]" +
		" realname_proof:one_number roles:[teacher student parent public] sms:[code_ttl:300 cooldown:60 daily_limit:10 provinces:[四川] provinces_english:[Sichuan]] username:[max:16 min:6]]"
	if got != want {
		t.Errorf("settings\n%s, want\n%s", got, want)
	}
}
