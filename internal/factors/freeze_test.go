package factors_test

import (
	"fmt"
	"strings"
	"testing"

	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
)

// The first step's ticket, the app's codes and the recovery codes may all be a thief's: none of them passes a freeze.
func TestNoSecondStepPassesAFreeze(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		a, recovery := f.enrol(t, p)
		ticket := f.ticket(t, p)
		_, token, _ := strings.Cut(f.Texts(t, p.Phone)[0], "/n#")
		want(t, f.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/freeze", object{"token": token}), 200, "")
		want(t, f.finish(t, ticket, code(a.next(t))), 403, "account_frozen")
		want(t, f.signIn(t, p), 403, "account_frozen")
		for _, shown := range []string{a.next(t), recovery[0]} {
			body := object{"username": p.Username, "code": shown, "new_password": "Another2026"}
			want(t, f.Do(t, roomtest.Person{}, "POST", "/api/v1/password-resets/by-factor", body), 403, "account_frozen")
		}
		if n := f.Count(t, `SELECT count(*) FROM sessions WHERE account_id = $1`, p.ID); n != 0 {
			t.Errorf("%d sessions of a frozen account", n)
		}
	})
}

func TestTheSecondStepKeepsWhatWasSaidOfTheComputer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		a, _ := f.enrol(t, p)
		for _, trusted := range []bool{false, true} {
			first := want(t, f.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": p.Username, "password": roomtest.Password, "trusted": trusted}), 401, "second_factor_needed")
			done := want(t, f.finish(t, fmt.Sprint(first.Get("ticket")), code(a.next(t))), 201, "")
			if kept := strings.Contains(done.Header.Get("Set-Cookie"), "Expires="); kept != trusted {
				t.Errorf("trusted %v: the cookie is %s", trusted, done.Header.Get("Set-Cookie"))
			}
		}
	})
}
