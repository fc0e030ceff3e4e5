package support_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

func TestASchoolHoldsARequestAgainstItsPapers(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		admin := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, admin, "POST", path+"/reveal", object{"reason": " "}), 422, "invalid")
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Nearby.ID), "POST", path+"/reveal", object{"reason": "核对"}), 404, "not_found")
		shown := w.Do(t, admin, "POST", path+"/reveal", object{"reason": "与学生档案核对"})
		expect(t, shown, 200, "")
		if shown.Get("id_number") != roomtest.IDNumber(1) || shown.Get("username") != "person0001" || !strings.HasPrefix(shown.Get("phone").(string), "138") {
			t.Errorf("shown in full: %v", shown)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.reveal' AND reason = '与学生档案核对'`); n != 1 {
			t.Errorf("%d looks recorded, want 1", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE details LIKE '%`+roomtest.IDNumber(1)[6:14]+`%' OR details LIKE '%韩梅梅%'`); n != 0 {
			t.Error("a record holds the number or the name in full")
		}
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "查无此人"}), 200, "")
		expect(t, w.Do(t, admin, "POST", path+"/reveal", object{"reason": "再看一眼"}), 409, "ticket_closed")
	})
}

// Above the school a full number takes a second person; a ticket shows it there only once it has come to that level.
func TestAboveTheSchoolATicketShowsItsNumberOnceItHasComeThere(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		school, county, province := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104"), w.Administrator(t, access.Province, "510000")
		path := ask(t, w, w.Person(t, "student"), at(person("student", 1, "韩梅梅"), w.Here.ID))
		sees := func(p roomtest.Person, number bool, instead any) {
			t.Helper()
			if read := w.Do(t, p, "GET", path, nil); read.Get("number_for") != instead {
				t.Errorf("told that %v sees the number, want %v", read.Get("number_for"), instead)
			}
			shown := w.Do(t, p, "POST", path+"/reveal", object{"reason": "核对"})
			expect(t, shown, 200, "")
			if strings.Contains(shown.Text, roomtest.IDNumber(1)) != number || shown.Get("username") == "" {
				t.Errorf("number %v: %v", number, shown)
			}
		}
		sees(school, true, nil)
		sees(county, false, w.Here.Name)
		sees(province, false, w.Here.Name)
		service := w.Administrator(t, access.Service, "510000")
		expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"reason": "请上一级办理"}), 200, "")
		sees(school, true, nil)
		sees(county, true, nil)
		sees(province, false, "锦江区")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.reveal_contact' AND details NOT LIKE '%masked_id_number%'`); n != 3 {
			t.Errorf("%d looks at the contact alone are on record as that, want 3", n)
		}
	})
}

func TestWhoAsksWhileBeingSomebodyElseIsToldOf(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		for i, name := range []string{"林涛", "魏华"} {
			w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: name, IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID})
		}
		admin, holder, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "teacher"), w.Person(t, "teacher")
		expect(t, w.Do(t, holder, "POST", "/api/v1/me/binding", claim("teacher", 1, "林涛")), 201, "")
		path := ask(t, w, p, as(person("teacher", 1, "林涛"), "not_me"))
		if read := w.Do(t, admin, "GET", path, nil); read.Get("in_the_way") != nil {
			t.Errorf("nothing stands in the way yet, but %v", read.Get("in_the_way"))
		}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("teacher", 2, "魏华")), 201, "")
		if read := w.Do(t, admin, "GET", path, nil); read.Get("in_the_way.masked_name") != "魏*" || read.Get("in_the_way.kind") != "teacher" {
			t.Errorf("the administrator reads %v", read)
		}
		refused := w.Do(t, admin, "POST", path+"/complete", object{"answer": "核对过身份证", "holder_unanswered": true})
		expect(t, refused, 409, "asker_bound")
		if !strings.Contains(refused.Text, "魏*") || refused.Get("next_step.action") != "decline" {
			t.Errorf("the administrator is told %v", refused)
		}
		if n := w.Count(t, `SELECT count(*) FROM bindings WHERE account_id = $1`, holder.ID); n != 1 {
			t.Error("the holder lost the entry to nobody")
		}
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "核对过身份证", "holder_unanswered": true}), 200, "")
	})
}

func TestAnOpenRequestIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		mine := strings.Replace(path, "/admin/", "/me/", 1)
		expect(t, w.Do(t, w.Person(t, "student"), "DELETE", mine, nil), 404, "not_found")
		expect(t, w.Do(t, p, "DELETE", mine, nil), 204, "")
		expect(t, w.Do(t, p, "DELETE", mine, nil), 204, "")
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 409, "ticket_closed")
		if items := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items(); len(items) != 1 || items[0]["state"] != "withdrawn" {
			t.Errorf("the person reads %v", items)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.withdrawn'`); n != 1 {
			t.Errorf("%d records, want 1", n)
		}
		again := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID)) // nothing waits any more
		expect(t, w.Do(t, admin, "POST", again+"/decline", object{"reason": "查无此人"}), 200, "")
		expect(t, w.Do(t, p, "DELETE", strings.Replace(again, "/admin/", "/me/", 1), nil), 409, "ticket_answered")
	})
}
