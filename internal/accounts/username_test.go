package accounts_test

import (
	"fmt"
	"testing"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
)

func TestAUsernameIsToldTakenBeforeTheRestIsTyped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newGuarded(t, d, strict)
		f.person(t, "zhang01")
		check := func(from, name string) reply {
			return f.from(from).call(t, "POST", "/api/v1/accounts/username-checks", map[string]any{"username": name})
		}
		check("192.0.2.1", "wang01").want(t, 204, "")
		check("192.0.2.1", "ZHANG01").want(t, 409, "username_taken")
		check("192.0.2.1", "wang").want(t, 422, "username_invalid")
		if n := one[int](t, f, `SELECT COUNT(*) FROM logins WHERE login_key = 'u:wang01'`); n != 0 {
			t.Error("asking for a name took it")
		}

		// Whoever goes through a list is stopped; a class that registers from one address, each with a free name, is not.
		for range strict.Address {
			check("203.0.113.7", "zhang01").want(t, 409, "username_taken")
		}
		check("203.0.113.7", "zhang01").want(t, 403, "captcha_required")
		for i := range 4 * strict.Address {
			check("198.51.100.7", fmt.Sprintf("pupil%04d", i)).want(t, 204, "")
		}
	})
}
