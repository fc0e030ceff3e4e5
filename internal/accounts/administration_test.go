package accounts_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/sms"
)

// province is a fixture with people of two schools, one without, and administrators of every level.
type province struct {
	*fixture
	first, second, nobody                          person // of school1, of school2, unbound
	overProvince, overCity, overCounty, overSchool person
}

var (
	idNumber      = resident("51010419900101123")
	otherIDNumber = resident("51070319900101123")
)

// resident adds the check character.
func resident(digits string) string { return digits + string(identity.CheckCharacter(digits)) }

func newProvince(t *testing.T, d *db.DB) *province {
	f := newFixture(t, d)
	f.places(t)
	p := &province{
		fixture: f, first: f.person(t, "first01"), second: f.person(t, "second1"), nobody: f.person(t, "nobody1"),
		overProvince: f.person(t, "prov001"), overCity: f.person(t, "city001"), overCounty: f.person(t, "county1"), overSchool: f.person(t, "school1"),
	}
	f.bind(t, p.first.id, "school1", "张三", idNumber)
	f.bind(t, p.second.id, "school2", "李四", otherIDNumber)
	f.grant(t, p.overProvince.id, access.Province, "510000")
	f.grant(t, p.overCity.id, access.City, "510100")
	f.grant(t, p.overCounty.id, access.County, "510703")
	f.grant(t, p.overSchool.id, access.School, "school1")
	return p
}

// found searches, and names those of the three people who are found.
func (p *province) found(t *testing.T, by person, query string) []string {
	t.Helper()
	r := by.call(t, "GET", "/api/v1/admin/accounts?limit=200&"+query, nil).want(t, 200, "")
	known := map[string]string{p.first.id: "first", p.second.id: "second", p.nobody.id: "nobody"}
	names := []string{}
	items, _ := r.body["items"].([]any)
	for _, item := range items {
		account, _ := item.(map[string]any)
		if name := known[fmt.Sprint(account["id"])]; name != "" {
			names = append(names, name)
		}
	}
	return names
}

func TestAdministratorsFindTheAccountsOfTheirScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		for _, c := range []struct {
			by    person
			query string
			want  string
		}{
			{p.overProvince, "", "first second nobody"},
			{p.overCity, "", "first"},
			{p.overCounty, "", "second"},
			{p.overSchool, "", "first"},
			{p.overSchool, "id_number=" + idNumber, "first"},
			{p.overSchool, "id_number=" + url.QueryEscape(" "+idNumber[:6]+" "+idNumber[6:14]+" "+idNumber[14:]), "first"},
			{p.overSchool, "id_number=" + otherIDNumber, ""},
			{p.overProvince, "id_number=" + otherIDNumber, "second"},
			{p.overSchool, "name=" + url.QueryEscape("张三"), "first"},
			{p.overSchool, "name=" + url.QueryEscape("李四"), ""},
			{p.overSchool, "username=FIRST01", "first"},
			{p.overSchool, "username=second1", ""},
			{p.overSchool, "username=nobody1", ""},
			{p.overProvince, "username=nobody1", "nobody"},
			{p.overProvince, "phone=" + p.second.phone, "second"},
			{p.overCity, "phone=" + p.second.phone, ""},
			{p.overProvince, "phone=" + p.second.phone + "&username=first01", ""},
		} {
			if got := strings.Join(p.found(t, c.by, c.query), " "); got != c.want {
				t.Errorf("%s searches %q: %q, want %q", c.by.username, c.query, got, c.want)
			}
		}
		p.first.call(t, "GET", "/api/v1/admin/accounts", nil).want(t, 403, "forbidden")
		p.anyone().call(t, "GET", "/api/v1/admin/accounts", nil).want(t, 401, "unauthenticated")
		for number, want := range map[string]string{"5101": "id_number id_length", "51010419900101123" + "?": "id_number id_characters", mistyped(): "id_number id_checksum"} {
			r := p.overProvince.call(t, "GET", "/api/v1/admin/accounts?id_number="+url.QueryEscape(number), nil).want(t, 422, "invalid")
			if fields := r.fields(); !slices.Equal(fields, []string{want}) {
				t.Errorf("%s: fields %q, want %s", number, fields, want)
			}
		}
	})
}

// mistyped is an ID number with a wrong check character.
func mistyped() string {
	if strings.HasSuffix(idNumber, "0") {
		return idNumber[:17] + "1"
	}
	return idNumber[:17] + "0"
}

func TestAnAccountFoundIsMasked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		r := p.overSchool.call(t, "GET", "/api/v1/admin/accounts", nil).want(t, 200, "")
		items, _ := r.body["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("items %v", items)
		}
		got := fmt.Sprint(items[0])
		for _, secret := range []string{p.first.phone, idNumber, "first01"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s stands in %s", secret, got)
			}
		}
		for _, shown := range []string{"masked_username:fi***01", "masked_id_number:510104********" + idNumber[14:], "name:张三", "name:锦江一中", "masked_phone:138****"} {
			if !strings.Contains(got, shown) {
				t.Errorf("%s is missing in %s", shown, got)
			}
		}
	})
}

// A province's accounts are listed by age, those of cities and counties school by school.
func TestThePagesOfAccountsShowEachOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		overBoth := p.person(t, "both001")
		p.grant(t, overBoth.id, access.City, "510100")
		p.grant(t, overBoth.id, access.County, "510703")
		third := p.person(t, "third01")
		p.bind(t, third.id, "school1", "王五", resident("51010419900101158"))
		for _, c := range []struct {
			reader person
			want   int
		}{{p.overProvince, 9}, {overBoth, 3}, {p.overCity, 2}, {p.overCounty, 1}, {p.overSchool, 2}} {
			for _, limit := range []int{1, 2, 50} {
				var seen []string
				for cursor := ""; len(seen) <= c.want; {
					page := c.reader.call(t, "GET", fmt.Sprintf("/api/v1/admin/accounts?limit=%d&cursor=%s", limit, cursor), nil).want(t, 200, "")
					items, _ := page.body["items"].([]any)
					for _, item := range items {
						account, _ := item.(map[string]any)
						seen = append(seen, fmt.Sprint(account["id"]))
					}
					next, more := page.body["next_cursor"]
					if !more {
						break
					}
					cursor = fmt.Sprint(next)
				}
				if slices.Sort(seen); len(slices.Compact(slices.Clone(seen))) != c.want || len(seen) != c.want {
					t.Errorf("pages by %d hold %d accounts, want each of the %d once", limit, len(seen), c.want)
				}
			}
		}
	})
}

func TestASearchByIDNumberIsRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		p.found(t, p.overSchool, "id_number="+idNumber)
		p.found(t, p.overSchool, "id_number="+otherIDNumber)
		p.found(t, p.overSchool, "name="+url.QueryEscape("张三"))
		rows, err := d.Query(t.Context(), `SELECT actor_id, target_id, region, school_id, details FROM audit_records ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var got []string
		for rows.Next() {
			var actor, target, region, school, details string
			if err := rows.Scan(&actor, &target, &region, &school, &details); err != nil {
				t.Fatal(err)
			}
			if actor != p.overSchool.id {
				t.Errorf("actor %s", actor)
			}
			got = append(got, fmt.Sprint(target, " ", region, " ", school, " ", details))
		}
		want := []string{
			p.first.id + ` 510104 school1 {"found":1,"masked_id_number":"510104********` + idNumber[14:] + `","masked_username":"fi***01"}`,
			` 510104 school1 {"found":0,"masked_id_number":"510703********` + otherIDNumber[14:] + `"}`,
		}
		if !slices.Equal(got, want) || rows.Err() != nil {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

func TestAnAdministratorIssuesAOneTimeCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		issue := func(by person, id, reason string) reply {
			return by.call(t, "POST", "/api/v1/admin/accounts/"+id+"/password-reset", map[string]any{"reason": reason})
		}
		for _, c := range []struct {
			by     person
			id     string
			reason string
			status int
			code   string
		}{
			{p.overSchool, p.second.id, "asked", 404, "not_found"},
			{p.overCity, p.second.id, "asked", 404, "not_found"},
			{p.overSchool, p.nobody.id, "asked", 404, "not_found"},
			{p.overProvince, "unknown", "asked", 404, "not_found"},
			{p.overSchool, p.first.id, " ", 422, "invalid"},
			{p.first, p.first.id, "asked", 403, "forbidden"},
		} {
			issue(c.by, c.id, c.reason).want(t, c.status, c.code)
		}
		if !p.first.signedIn(t) {
			t.Error("a refused reset ended a session")
		}
		r := issue(p.overSchool, p.first.id, "forgot it, came with the ID card").want(t, 200, "")
		code := fmt.Sprint(r.body["one_time_code"])
		if r.body["expires_at"] != "2026-09-02T02:00:00Z" || p.first.signedIn(t) {
			t.Errorf("answer %v", r.body)
		}
		p.anyone().signIn(t, "first01", password).want(t, 401, "credentials_wrong")
		session := p.anyone().signIn(t, "first01", code).want(t, 201, "")
		if must := fmt.Sprint(session.body["must"]); must != "[replace_password]" {
			t.Errorf("must %s", must)
		}
		owner := p.holding(session.token())
		owner.call(t, "GET", "/api/v1/test/ready", nil).want(t, 403, "password_replacement_required")
		owner.call(t, "PUT", "/api/v1/me/password", map[string]any{"current_password": code, "new_password": another}).want(t, 204, "")
		owner.call(t, "GET", "/api/v1/test/ready", nil).want(t, 204, "")
		p.anyone().signIn(t, "first01", code).want(t, 401, "credentials_wrong")
		p.notice(t, p.first.phone, "一次性登录码")
		reason := one[string](t, p.fixture, `SELECT reason FROM audit_records WHERE action = 'account.issue_code' AND target_id = $1 AND school_id = 'school1'`, p.first.id)
		if reason != "forgot it, came with the ID card" {
			t.Errorf("recorded reason %q", reason)
		}
		issue(p.overProvince, p.nobody.id, "asked").want(t, 200, "")
	})
}

func TestNobodyClimbsByResettingAPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		// The administrators of the city and the school teach at school1.
		p.bind(t, p.overCity.id, "school1", "王五", resident("51010419900101125"))
		p.bind(t, p.overSchool.id, "school1", "赵六", resident("51010419900101127"))
		// Customer service of the city may look at copies, which the city may not.
		service := p.person(t, "kefu001")
		p.bind(t, service.id, "school1", "孙七", resident("51010419900101129"))
		p.grant(t, service.id, access.Service, "510100")
		if beyond, err := p.ReachesBeyond(access.WithActor(t.Context(), access.Actor{AccountID: p.overCity.id, Grants: []access.Grant{{Level: access.City, ScopeID: "510100"}}}), p.db, service.id); err != nil || !beyond {
			t.Errorf("who gets the account of customer service back from the city climbs by it: %v, %v", beyond, err)
		}
		for _, c := range []struct {
			by, of person
			status int
		}{{p.overSchool, p.overCity, 403}, {p.overCity, p.overSchool, 200}, {p.overCity, service, 403}, {p.overProvince, service, 200}, {p.overProvince, p.overCity, 200}} {
			body := map[string]any{"reason": "asked", "phone": newPhone()}
			c.by.call(t, "PUT", "/api/v1/admin/accounts/"+c.of.id+"/phone", body).want(t, c.status, "")
			delete(body, "phone")
			c.by.call(t, "POST", "/api/v1/admin/accounts/"+c.of.id+"/password-reset", body).want(t, c.status, "")
			if c.status == 200 { // the reset ended their session
				r := p.anyone().signIn(t, c.of.username, password)
				r.want(t, 401, "credentials_wrong")
			}
		}
	})
}

func TestAnAdministratorReplacesAPhoneAndBothAreTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newProvince(t, d)
		replace := func(by person, id, phone, reason string) reply {
			return by.call(t, "PUT", "/api/v1/admin/accounts/"+id+"/phone", map[string]any{"phone": phone, "reason": reason})
		}
		phone := newPhone()
		replace(p.overSchool, p.second.id, phone, "lost").want(t, 404, "not_found")
		replace(p.overSchool, p.first.id, phone, "").want(t, 422, "invalid")
		replace(p.overSchool, p.first.id, "1", "lost").want(t, 422, "phone_invalid")
		if told := replace(p.overSchool, p.first.id, p.second.phone, "lost").want(t, 409, "phone_taken"); strings.Contains(fmt.Sprint(told.body["detail"]), "那就是您的账号") {
			t.Errorf("an administrator is told what its owner should do: %v", told.body)
		}
		r := replace(p.overSchool, p.first.id, phone, "lost").want(t, 200, "")
		if r.body["masked_phone"] != phone[:3]+"****"+phone[7:] || r.body["binding"] == nil {
			t.Errorf("answer %v", r.body)
		}
		p.notice(t, p.first.phone, "管理员已将您的账号改绑手机号 "+phone[:3]+"****"+phone[7:])
		p.notice(t, phone, "管理员已将本手机号绑定到您的账号")
		p.anyone().signIn(t, phone, password).want(t, 201, "")
		p.anyone().signIn(t, p.first.phone, password).want(t, 401, "credentials_wrong")
		details := one[string](t, p.fixture, `SELECT details FROM audit_records WHERE action = 'account.replace_phone' AND reason = 'lost'`)
		if strings.Contains(details, phone) || !strings.Contains(details, phone[:3]+"****"+phone[7:]) {
			t.Errorf("recorded %s", details)
		}
		// The old phone may serve somebody else now.
		body := registration("zhang02", p.first.phone, p.codeAfter(t, p.first.phone))
		p.anyone().call(t, "POST", "/api/v1/accounts", body).want(t, 201, "")
	})
}

func (p *province) codeAfter(t *testing.T, phone string) string {
	t.Helper()
	p.forward(time.Minute)
	return p.code(t, phone, sms.Register)
}
