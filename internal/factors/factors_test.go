package factors_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/factors"
	"caotang/internal/fault"
	"caotang/internal/roomtest"
)

func nothing(context.Context, *struct{}) (*struct{}, error) { return nil, nil }

func TestNoSessionBeginsBeforeTheSecondStep(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		want(t, f.signIn(t, p), 201, "")
		a, _ := f.enrol(t, p)
		sessions := f.Count(t, `SELECT count(*) FROM sessions`)

		first := want(t, f.signIn(t, p), 401, "second_factor_needed")
		if first.Header.Get("Set-Cookie") != "" || first.Get("token") != nil || f.Count(t, `SELECT count(*) FROM sessions`) != sessions {
			t.Errorf("a session began: %s", first)
		}
		if kinds := fmt.Sprint(first.Get("factors")); kinds != "[authenticator]" {
			t.Errorf("factors %s", kinds)
		}
		ticket := fmt.Sprint(first.Get("ticket"))
		if f.open(t, ticket) {
			t.Error("the ticket is a session")
		}
		want(t, f.finish(t, ticket, code("000000")), 422, "second_factor_wrong")
		want(t, f.finish(t, ticket, object{}), 422, "second_factor_wrong")
		want(t, f.finish(t, "nonsense", code(a.next(t))), 401, "sign_in_expired")
		done := want(t, f.finish(t, ticket, code(a.code(t))), 201, "")
		if !f.open(t, done.Get("token")) || done.Get("account.username") != p.Username || done.Header.Get("Set-Cookie") == "" {
			t.Errorf("the second step answered %s", done)
		}
	})
}

func TestNoCodeOfAnAppWorksTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		a, _ := f.enrol(t, p)
		want(t, f.finish(t, f.ticket(t, p), code(a.code(t))), 422, "second_factor_wrong") // it was the enrolment's
		shown := a.next(t)
		want(t, f.finish(t, f.ticket(t, p), code(" "+shown[:3]+" "+shown[3:])), 201, "")
		want(t, f.finish(t, f.ticket(t, p), code(shown)), 422, "second_factor_wrong")
		// An older one, of a step that the slack would still allow.
		f.forward(30 * time.Second)
		want(t, f.finish(t, f.ticket(t, p), code(shown)), 422, "second_factor_wrong")
		want(t, f.finish(t, f.ticket(t, p), code(a.code(t))), 201, "")
		// Full-width digits of a Chinese keyboard.
		wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, a.next(t))
		want(t, f.finish(t, f.ticket(t, p), code(wide)), 201, "")
	})
}

func TestWrongCodesSlowTheNextOnesDownAndRecoveryStaysOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		a, recovery := f.enrol(t, p)
		ticket := f.ticket(t, p)
		for range 5 {
			if r := want(t, f.finish(t, ticket, code("000000")), 422, "second_factor_wrong"); fields(r) != "code authenticator_wrong;" {
				t.Errorf("fields %s", fields(r))
			}
		}
		r := want(t, f.finish(t, ticket, code(a.early(t, 30*time.Second))), 429, "too_many_attempts")
		if r.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		want(t, f.finish(t, ticket, code(recovery[0])), 201, "")
		f.forward(time.Minute)
		want(t, f.finish(t, ticket, code(a.code(t))), 201, "")
		// A phone whose clock is half a minute ahead will do; one that is further, not.
		f.forward(time.Minute)
		want(t, f.finish(t, f.ticket(t, p), code(a.early(t, 2*time.Minute))), 422, "second_factor_wrong")
		want(t, f.finish(t, f.ticket(t, p), code(a.early(t, 30*time.Second))), 201, "")
	})
}

func TestARecoveryCodeWorksOnceAndIsKeptUnreadable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p, other := f.Person(t, "teacher"), f.Person(t, "teacher")
		a, codes := f.enrol(t, p)
		_, others := f.enrol(t, other)
		if len(codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 10 {
			t.Fatalf("codes %q", codes)
		}
		notices := f.Notices(t, p)
		want(t, f.finish(t, f.ticket(t, p), code(others[0])), 422, "second_factor_wrong")
		want(t, f.finish(t, f.ticket(t, p), code(strings.ToUpper(codes[3]))), 201, "")
		want(t, f.finish(t, f.ticket(t, p), code(codes[3])), 422, "second_factor_wrong")
		want(t, f.finish(t, f.ticket(t, p), code(strings.ReplaceAll(codes[4], "-", " "))), 201, "")
		if left := f.Do(t, p, "GET", "/api/v1/me/factors", nil).Get("recovery_codes_left"); left != 8.0 {
			t.Errorf("%v left, want 8", left)
		}
		if f.Notices(t, p) != notices+2 || f.recorded(t, p, "account.use_recovery_code") != 2 {
			t.Error("the use of a recovery code was not told or not recorded")
		}

		renewed := codesOf(want(t, f.Do(t, p, "POST", "/api/v1/me/factors/recovery-codes", object{"confirmation": f.confirm(t, p, code(a.next(t)))}), 201, ""))
		want(t, f.finish(t, f.ticket(t, p), code(codes[5])), 422, "second_factor_wrong")
		want(t, f.finish(t, f.ticket(t, p), code(renewed[0])), 201, "")
		rows, err := d.Query(t.Context(), `SELECT code_index FROM recovery_codes WHERE account_id = $1`, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var stored []byte
			if err := rows.Scan(&stored); err != nil {
				t.Fatal(err)
			}
			for _, c := range renewed {
				if strings.Contains(string(stored), strings.ReplaceAll(c, "-", "")) {
					t.Error("a recovery code stands in the database")
				}
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTheSecretIsSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		a, _ := f.enrol(t, p)
		var stored []byte
		if err := d.QueryRow(t.Context(), `SELECT secret_sealed FROM authenticators WHERE account_id = $1`, p.ID).Scan(&stored); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(stored), a.secret) {
			t.Error("the secret stands in the database")
		}
		plain, err := f.Vault.Open("authenticator", stored)
		if err != nil || plain != a.secret {
			t.Errorf("the vault opens %q, %v", plain, err)
		}
	})
}

func TestANewPasswordEndsASignInUnderWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		a, _ := f.enrol(t, p)
		old := f.ticket(t, p)
		want(t, f.Do(t, p, "PUT", "/api/v1/me/password", object{"current_password": roomtest.Password, "new_password": "Another2026"}), 204, "")
		want(t, f.finish(t, old, code(a.next(t))), 401, "sign_in_expired")
		want(t, f.Do(t, p, "PUT", "/api/v1/me/password", object{"current_password": "Another2026", "new_password": roomtest.Password}), 204, "")
		late := f.ticket(t, p)
		f.forward(11 * time.Minute)
		want(t, f.finish(t, late, code(a.code(t))), 401, "sign_in_expired")
	})
}

func TestChangingFactorsAsksForThePasswordAndAFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p, other := f.Person(t, "teacher"), f.Person(t, "teacher")
		confirmations := "/api/v1/me/factors/confirmations"
		want(t, f.Do(t, p, "POST", confirmations, object{"password": "Wrong2026"}), 422, "password_wrong")
		want(t, f.Do(t, p, "POST", "/api/v1/me/factors/enrolments", object{"confirmation": ""}), 403, "confirmation_needed")
		want(t, f.Do(t, p, "POST", "/api/v1/me/factors/enrolments", object{"confirmation": f.confirm(t, other, nil)}), 403, "confirmation_needed")
		early := f.confirm(t, p, nil)
		a, _ := f.enrol(t, p)

		if r := want(t, f.Do(t, p, "POST", confirmations, object{"password": roomtest.Password}), 422, "second_factor_wrong"); fields(r) != "code missing;" {
			t.Errorf("fields %s", fields(r))
		}
		want(t, f.Do(t, p, "POST", confirmations, object{"password": roomtest.Password, "code": "000000"}), 422, "second_factor_wrong")
		f.forward(11 * time.Minute)
		want(t, f.Do(t, p, "DELETE", "/api/v1/me/factors/authenticator", object{"confirmation": early}), 403, "confirmation_needed")
		want(t, f.signIn(t, p), 401, "second_factor_needed")

		notices := f.Notices(t, p)
		want(t, f.Do(t, p, "DELETE", "/api/v1/me/factors/authenticator", object{"confirmation": f.confirm(t, p, code(a.code(t)))}), 204, "")
		want(t, f.signIn(t, p), 201, "")
		if n := f.Count(t, `SELECT count(*) FROM recovery_codes WHERE account_id = $1`, p.ID); n != 0 {
			t.Errorf("%d recovery codes are left of an account without a factor", n)
		}
		if f.Notices(t, p) != notices+1 || f.recorded(t, p, "account.add_factor") != 1 || f.recorded(t, p, "account.remove_factor") != 1 {
			t.Error("a change was not told or not recorded")
		}
		want(t, f.Do(t, p, "POST", "/api/v1/me/factors/recovery-codes", object{"confirmation": f.confirm(t, p, nil)}), 409, "no_second_factor")
	})
}

func TestAdministratorsOfThePolicysLevelsMustHaveASecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, access.Province, access.City)
		ready := f.ready()
		province, school, teacher := f.Administrator(t, access.Province, "510000"), f.Administrator(t, access.School, f.Here.ID), f.Person(t, "teacher")
		for _, free := range []roomtest.Person{school, teacher} {
			if must := fmt.Sprint(want(t, f.signIn(t, free), 201, "").Get("must")); must != "[]" {
				t.Errorf("must %s", must)
			}
			want(t, f.Do(t, free, "GET", ready, nil), 204, "")
		}
		if must := fmt.Sprint(want(t, f.signIn(t, province), 201, "").Get("must")); must != "[second_factor]" {
			t.Errorf("must %s", must)
		}
		r := want(t, f.Do(t, province, "GET", ready, nil), 403, "second_factor_required")
		if r.Get("next_step.action") != "set_up_second_factor" {
			t.Errorf("next step %v", r.Get("next_step"))
		}
		if own := f.Do(t, province, "GET", "/api/v1/me/factors", nil); own.Get("required") != true {
			t.Errorf("own %s", own)
		}
		a, _ := f.enrol(t, province)
		want(t, f.Do(t, province, "GET", ready, nil), 204, "")
		if must := fmt.Sprint(want(t, f.finish(t, f.ticket(t, province), code(a.next(t))), 201, "").Get("must")); must != "[]" {
			t.Errorf("must %s", must)
		}
	})
}

func TestAPasswordIsResetByAnAuthenticator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p, plain := f.Person(t, "teacher"), f.Person(t, "teacher")
		a, recovery := f.enrol(t, p)
		reset := func(username, code, replacement string) roomtest.Answer {
			return f.Do(t, roomtest.Person{}, "POST", "/api/v1/password-resets/by-factor", object{"username": username, "code": code, "new_password": replacement})
		}
		// Whatever does not fit, the answer is one.
		shown := a.next(t)
		var answers []string
		for _, username := range []string{p.Username, plain.Username, "nobody99", strings.ToUpper(p.Username)} {
			with := shown
			if username == p.Username {
				with = "000000"
			}
			r := want(t, reset(username, with, "Another2026"), 422, "second_factor_wrong")
			answers = append(answers, fmt.Sprint(r.Get("title"), r.Get("detail"), fields(r)))
		}
		if len(slices.Compact(answers)) != 1 {
			t.Errorf("the answers differ: %q", answers)
		}
		want(t, reset(p.Username, shown, "short"), 422, "password_invalid")
		if !f.open(t, p.Token) {
			t.Error("a reset that failed ended a session")
		}

		notices := f.Notices(t, p)
		want(t, reset(p.Username, shown, "Another2026"), 204, "")
		if f.open(t, p.Token) {
			t.Error("a session outlived the reset")
		}
		if f.Notices(t, p) != notices+1 || f.recorded(t, p, "account.reset_password_by_factor") != 1 {
			t.Error("the reset was not told or not recorded")
		}
		want(t, reset(p.Username, shown, "Another2027"), 422, "second_factor_wrong")
		want(t, f.signIn(t, p), 401, "credentials_wrong")
		want(t, reset(p.Username, recovery[0], roomtest.Password), 204, "")
		want(t, f.finish(t, f.ticket(t, p), code(a.next(t))), 201, "")
	})
}

func TestGuessesAtAResetAreSlowedWhetherOrNotTheAccountExists(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		p := f.Person(t, "teacher")
		f.enrol(t, p)
		for _, username := range []string{p.Username, "nobody99"} {
			body := object{"username": username, "code": "000000", "new_password": "Another2026"}
			for range 5 {
				want(t, f.Do(t, roomtest.Person{}, "POST", "/api/v1/password-resets/by-factor", body), 422, "second_factor_wrong")
			}
			want(t, f.Do(t, roomtest.Person{}, "POST", "/api/v1/password-resets/by-factor", body), 429, "too_many_attempts")
		}
	})
}

func TestWhoStandsAboveResetsALostFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		teacher := f.Person(t, "teacher")
		f.Bind(t, teacher, f.entry(t), "teacher")
		own, other := f.Administrator(t, access.School, f.Here.ID), f.Administrator(t, access.School, f.Elsewhere.ID)
		county, peer := f.Administrator(t, access.County, "510104"), f.Administrator(t, access.County, "510104")
		city, province := f.Administrator(t, access.City, "510100"), f.Administrator(t, access.Province, "510000")
		for _, p := range []roomtest.Person{teacher, own, county, province} {
			f.enrol(t, p)
		}
		reset := func(by, of roomtest.Person, reason string) roomtest.Answer {
			return f.Do(t, by, "DELETE", "/api/v1/admin/accounts/"+of.ID+"/factors", object{"reason": reason})
		}
		want(t, reset(own, teacher, " "), 422, "invalid")
		want(t, reset(other, teacher, "lost"), 404, "not_found")
		want(t, reset(teacher, teacher, "lost"), 403, "forbidden")
		want(t, reset(own, own, "lost"), 403, "forbidden")
		want(t, reset(peer, county, "lost"), 403, "forbidden")
		want(t, reset(county, province, "lost"), 404, "not_found")
		for _, p := range []roomtest.Person{teacher, own, county, province} {
			want(t, f.signIn(t, p), 401, "second_factor_needed")
		}

		notices := f.Notices(t, teacher)
		want(t, reset(own, teacher, "lost"), 204, "")
		want(t, f.signIn(t, teacher), 201, "")
		if f.Notices(t, teacher) != notices+1 || f.recorded(t, teacher, "account.reset_factors") != 1 {
			t.Error("the reset was not told or not recorded")
		}
		want(t, reset(own, teacher, "lost"), 409, "no_second_factor")
		want(t, reset(county, own, "lost"), 204, "")
		want(t, reset(city, county, "lost"), 204, "")

		if err := f.factors.ResetByOperator(t.Context(), strings.ToUpper(province.Username), "lost"); err != nil {
			t.Fatal(err)
		}
		want(t, f.signIn(t, province), 201, "")
		if err := f.factors.ResetByOperator(t.Context(), province.Username, "lost"); !fault.Is(err, factors.ErrNone) {
			t.Errorf("a second reset: %v", err)
		}
		if err := f.factors.ResetByOperator(t.Context(), "nobody99", "lost"); !fault.Is(err, fault.ErrNotFound) {
			t.Errorf("nobody's reset: %v", err)
		}
	})
}

// Whoever may reset a factor finds the account by its username, also an administrator who is nobody in the registry.
func TestAnAdministratorIsFoundFromAbove(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		county, city, elsewhere := f.Administrator(t, access.County, "510104"), f.Administrator(t, access.City, "510100"), f.Administrator(t, access.City, "510300")
		f.enrol(t, county)
		find := func(by roomtest.Person, query string) []object {
			return want(t, f.Do(t, by, "GET", "/api/v1/admin/accounts?"+query, nil), 200, "").Items()
		}
		items := find(city, "username="+county.Username)
		if len(items) != 1 || items[0]["id"] != county.ID || items[0]["second_factor"] != true {
			t.Errorf("the city found %v", items)
		}
		if items := find(elsewhere, "username="+county.Username); len(items) != 0 {
			t.Errorf("another city found %v", items)
		}
		if items := find(city, "phone="+county.Phone); len(items) != 1 {
			t.Errorf("by phone the city found %v", items)
		}
	})
}
