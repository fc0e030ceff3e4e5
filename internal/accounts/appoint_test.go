package accounts_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

func inWorld(t *testing.T, test func(t *testing.T, w *roomtest.World)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, roomtest.New(t, d, roomtest.Rules())) })
}

func expect(t *testing.T, a roomtest.Answer, status int, code string) roomtest.Answer {
	t.Helper()
	if got, _ := a.Get("code").(string); a.Status != status || got != code {
		t.Fatalf("got %v, want %d %q", a, status, code)
	}
	return a
}

const administrators = "/api/v1/admin/administrators"

func appointment(username, level, scope string) map[string]any {
	return map[string]any{"username": username, "level": level, "scope_id": scope}
}

func TestASchoolThatIsPartOfAnotherGetsNoAdministrators(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county := w.Administrator(t, access.County, "510104")
		if _, err := w.DB.Exec(t.Context(), `UPDATE schools SET merged_into = $1, merged_at = 1 WHERE id = $2`, w.Nearby.ID, w.Here.ID); err != nil {
			t.Fatal(err)
		}
		refused := w.Do(t, county, "POST", administrators, appointment("caotang01", "school", w.Here.ID))
		if refused.Status != 409 || refused.Get("code") != "scope_merged" || !strings.Contains(refused.Text, w.Nearby.Name) {
			t.Errorf("the county reads %v", refused)
		}
		existing := appointment(w.Person(t, "teacher").Username, "school", w.Here.ID)
		existing["existing"] = true
		expect(t, w.Do(t, county, "POST", administrators, existing), 409, "scope_merged")
		expect(t, w.Do(t, county, "POST", administrators, appointment("caotang01", "school", w.Nearby.ID)), 201, "")
	})
}

func TestWhoeverIsAppointedAgainIsToldOfTheMergerNoMore(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county, former := w.Administrator(t, access.County, "510104"), w.Person(t, "teacher")
		w.InTx(t, func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE schools SET merged_into = $1, merged_at = 1 WHERE id = $2`, w.Nearby.ID, w.Here.ID); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `INSERT INTO merged_grants (account_id, school_id) VALUES ($1, $2)`, former.ID, w.Here.ID)
			return err
		})
		expect(t, w.Do(t, former, "GET", administrators, nil), 403, "administration_merged")
		body := appointment(former.Username, "school", w.Nearby.ID)
		body["existing"] = true
		expect(t, w.Do(t, county, "POST", administrators, body), 201, "")
		dismissal := map[string]any{"account_id": former.ID, "level": "school", "scope_id": w.Nearby.ID, "reason": "调离"}
		expect(t, w.Do(t, county, "POST", administrators+"/dismiss", dismissal), 204, "")
		expect(t, w.Do(t, former, "GET", administrators, nil), 403, "forbidden")
	})
}

func TestACountyAppointsItsSchoolsAdministratorsAndNobodyClimbs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county, city := w.Administrator(t, access.County, "510104"), w.Administrator(t, access.City, "510100")
		school := w.Administrator(t, access.School, w.Here.ID)
		made := expect(t, w.Do(t, county, "POST", administrators, appointment("caotang01", "school", w.Here.ID)), 201, "")
		code, _ := made.Get("one_time_code.one_time_code").(string)
		if made.Get("scope_name") != w.Here.Name || len(code) != 14 || made.Get("ready") != false {
			t.Errorf("the appointment reads %v", made)
		}
		in := expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", map[string]any{"login": "caotang01", "password": code}), 201, "")
		token, _ := in.Get("token").(string)
		if in.Get("must") == nil || roomtest.Do(t, w.Server, token, "GET", administrators, nil).Status != 403 {
			t.Error("the one-time code lets in before it is replaced")
		}
		for _, c := range []struct {
			name         string
			who          roomtest.Person
			level, scope string
		}{
			{"a county its own level", county, "county", "510104"},
			{"a county the city above", county, "city", "510100"},
			{"a county another's school", county, "school", w.Elsewhere.ID},
			{"a school its own level", school, "school", w.Here.ID},
			{"a city the province", city, "province", "510000"},
			{"a level that is none", city, "emperor", "510104"},
			{"a scope that is none", city, "county", "519999"},
		} {
			if a := w.Do(t, c.who, "POST", administrators, appointment("climber01", c.level, c.scope)); a.Status != 404 {
				t.Errorf("%s: %v", c.name, a)
			}
		}
		expect(t, w.Do(t, city, "POST", administrators, appointment("county0101", "county", "510104")), 201, "")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'account.create_administrator' AND region = '510104' AND details LIKE '%masked_username%'`); n != 2 {
			t.Errorf("%d appointments recorded where they lie, want 2", n)
		}
	})
}

func TestAnAdministratorWhoIsVerifiedIsListedByName(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county, admin := w.Administrator(t, access.County, "510104"), w.Administrator(t, access.School, w.Here.ID)
		w.Administrator(t, access.School, w.Nearby.ID)
		w.Bind(t, admin, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID}), roster.Teacher)
		names := map[any]any{}
		for _, one := range w.Do(t, county, "GET", administrators, nil).Items() {
			names[one["scope_name"]] = one["name"]
		}
		if names[w.Here.Name] != "林涛" || names[w.Nearby.Name] != nil || len(names) != 3 {
			t.Errorf("listed are %v", names)
		}
	})
}

func TestAnAccountThatExistsIsAppointedOnRequestAndToldSo(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county, teacher := w.Administrator(t, access.County, "510104"), w.Person(t, "teacher")
		w.Bind(t, teacher, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Nearby.ID}), roster.Teacher)
		told := w.Notices(t, teacher)
		body := appointment(teacher.Username, "school", w.Here.ID)
		taken := expect(t, w.Do(t, county, "POST", administrators, body), 409, "account_there")
		if taken.Get("next_step.action") != "appoint_existing" {
			t.Errorf("no way on: %v", taken)
		}
		body["existing"] = true
		made := expect(t, w.Do(t, county, "POST", administrators, body), 201, "")
		if made.Get("one_time_code") != nil || w.Notices(t, teacher) != told+1 {
			t.Errorf("an account with a password of its own got %v", made)
		}
		expect(t, w.Do(t, county, "POST", administrators, body), 409, "already_administrator")
		body["username"] = "nobody0001"
		expect(t, w.Do(t, county, "POST", administrators, body), 404, "not_found")
		if a := w.Do(t, teacher, "GET", "/api/v1/admin/accounts?username=x", nil); a.Status != 200 {
			t.Errorf("the appointed teacher does not administer: %v", a)
		}
	})
}

func TestADismissedAdministratorReachesNothingFromThenOn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county, other := w.Administrator(t, access.County, "510104"), w.Administrator(t, access.County, "510302")
		held := w.Administrator(t, access.School, w.Here.ID)
		body := map[string]any{"account_id": held.ID, "level": "school", "scope_id": w.Here.ID, "reason": "调离"}
		expect(t, w.Do(t, other, "POST", administrators+"/dismiss", body), 404, "not_found")
		expect(t, w.Do(t, held, "POST", administrators+"/dismiss", body), 404, "not_found")
		body["reason"] = " "
		expect(t, w.Do(t, county, "POST", administrators+"/dismiss", body), 422, "invalid")
		body["reason"] = "调离"
		expect(t, w.Do(t, county, "POST", administrators+"/dismiss", body), 204, "")
		expect(t, w.Do(t, county, "POST", administrators+"/dismiss", body), 404, "not_found")
		if a := w.Do(t, held, "GET", administrators, nil); a.Status != 403 {
			t.Errorf("the dismissed administrator still reaches %v", a)
		}
		if w.Notices(t, held) != 1 {
			t.Error("they were not told")
		}
	})
}

func TestTheListHoldsOnesOwnScopeAloneInPages(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county := w.Administrator(t, access.County, "510104")
		w.Administrator(t, access.City, "510300")
		w.Administrator(t, access.School, w.Elsewhere.ID)
		for range 3 {
			w.Administrator(t, access.School, w.Here.ID)
		}
		first := expect(t, w.Do(t, county, "GET", administrators+"?limit=3", nil), 200, "")
		cursor, _ := first.Get("next_cursor").(string)
		second := expect(t, w.Do(t, county, "GET", administrators+"?limit=3&cursor="+cursor, nil), 200, "")
		all := append(first.Items(), second.Items()...)
		if len(all) != 4 || cursor == "" || second.Get("next_cursor") != nil {
			t.Fatalf("listed %v and %v", first, second)
		}
		for _, a := range all {
			if (a["level"] == "school") != (a["may_dismiss"] == true) {
				t.Errorf("listed as %v", a)
			}
		}
	})
}

func TestWhoeverAppointsAnAdministratorCanLetThemInAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		held := w.Administrator(t, access.School, w.Here.ID)
		path := "/api/v1/admin/accounts/" + held.ID + "/password-reset"
		body := map[string]any{"reason": "忘记密码"}
		expect(t, w.Do(t, w.Administrator(t, access.County, "510302"), "POST", path, body), 404, "not_found")
		expect(t, w.Do(t, w.Administrator(t, access.County, "510104"), "POST", path, body), 200, "")
	})
}

func TestTheProvinceAppointsCustomerServiceAndNobodyElseDoes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		province, city := w.Administrator(t, access.Province, "510000"), w.Administrator(t, access.City, "510100")
		for _, scope := range []string{"510000", "510100"} {
			expect(t, w.Do(t, city, "POST", administrators, appointment("helper01", "service", scope)), 404, "not_found")
		}
		expect(t, w.Do(t, province, "POST", administrators, appointment("helper01", "service", "519999")), 404, "not_found")
		made := expect(t, w.Do(t, province, "POST", administrators, appointment("helper01", "service", "510000")), 201, "")
		id, _ := made.Get("account_id").(string)
		if made.Get("level") != "service" || made.Get("may_dismiss") != true || id == "" {
			t.Fatalf("the appointment reads %v", made)
		}
		listed := w.Do(t, province, "GET", administrators+"?level=service", nil).Items()
		if len(listed) != 1 || listed[0]["username"] != "helper01" {
			t.Errorf("the province's list of customer service: %v", listed)
		}
		code := expect(t, w.Do(t, province, "POST", "/api/v1/admin/accounts/"+id+"/password-reset", map[string]any{"reason": "忘记密码"}), 200, "")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", map[string]any{"login": "helper01", "password": code.Get("one_time_code")}), 201, "")
		dismissal := map[string]any{"account_id": id, "level": "service", "scope_id": "510000", "reason": "换人"}
		expect(t, w.Do(t, city, "POST", administrators+"/dismiss", dismissal), 404, "not_found")
		expect(t, w.Do(t, province, "POST", administrators+"/dismiss", dismissal), 204, "")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'account.dismiss' AND details LIKE '%四川省（客服）%'`); n != 1 {
			t.Errorf("%d dismissals of customer service recorded", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM grants WHERE account_id = $1`, id); n != 0 {
			t.Error("customer service stays appointed")
		}
	})
}

// An appointment puts an account within the reach of whoever appoints it: it must be there before.
func TestNobodyAppointsAnAccountIntoTheirReach(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		county := w.Administrator(t, access.County, "510104")
		pupil, stranger, parent := w.Person(t, "student"), w.Person(t, "public"), w.Person(t, "parent")
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "尹丹鹏", IDNumber: roomtest.IDNumber(1), SchoolID: w.Elsewhere.ID})
		w.Bind(t, pupil, child, roster.Student)
		w.Bind(t, parent, child, "parent")
		for name, p := range map[string]roomtest.Person{"a pupil elsewhere": pupil, "nobody in the registry": stranger, "a parent elsewhere": parent, "oneself": county, "the city's": w.Administrator(t, access.City, "510100")} {
			body := appointment(p.Username, "school", w.Here.ID)
			body["existing"] = true
			if a := w.Do(t, county, "POST", administrators, body); a.Status != 422 || strings.Contains(a.Text, child.Name) || strings.Contains(a.Text, "****") {
				t.Errorf("%s is appointed: %v", name, a)
			}
		}
		expect(t, w.Do(t, county, "POST", "/api/v1/admin/accounts/"+parent.ID+"/password-reset", map[string]any{"reason": "x"}), 404, "not_found")
	})
}

// What a school has arranged for its teacher's account must not open the county's administrator's that it becomes.
func TestAnAppointmentEndsWhatTheSchoolMayDoToTheAccount(t *testing.T) {
	inWorld(t, func(t *testing.T, w *roomtest.World) {
		city, school := w.Administrator(t, access.City, "510100"), w.Administrator(t, access.School, w.Here.ID)
		teacher := w.Person(t, "teacher")
		w.Bind(t, teacher, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID}), roster.Teacher)
		reset := "/api/v1/admin/accounts/" + teacher.ID + "/password-reset"
		code := expect(t, w.Do(t, school, "POST", reset, map[string]any{"reason": "忘记密码"}), 200, "").Get("one_time_code")
		body := appointment(teacher.Username, "county", "510104")
		body["existing"] = true
		if a := w.Do(t, city, "POST", administrators, body); a.Status != 422 || !strings.Contains(a.Text, "one_time_code_open") {
			t.Errorf("whoever holds the school's code becomes the county's administrator: %v", a)
		}
		in := expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", map[string]any{"login": teacher.Username, "password": code}), 201, "")
		token, _ := in.Get("token").(string)
		if a := roomtest.Do(t, w.Server, token, "PUT", "/api/v1/me/password", map[string]any{"current_password": code, "new_password": "Xinmima2026"}); a.Status != 204 {
			t.Fatal(a)
		}
		if _, err := w.DB.Exec(t.Context(), `UPDATE accounts SET phone_free = true WHERE id = $1`, teacher.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, w.Do(t, city, "POST", administrators, body), 201, "")
		expect(t, w.Do(t, school, "POST", reset, map[string]any{"reason": "忘记密码"}), 403, "forbidden")
		if w.Count(t, `SELECT count(*) FROM accounts WHERE id = $1 AND phone_free`, teacher.ID) != 0 {
			t.Error("an administrator needs no phone")
		}
	})
}
