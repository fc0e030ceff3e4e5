package support_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

func TestCustomerServiceReadsARequestMaskedWritesToWhoeverAskedAndSettlesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		school, service := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.Service, "510100")
		p := w.Person(t, "student")
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))

		if full := w.Do(t, school, "GET", path, nil); full.Get("may_answer") != true || full.Get("registry") != "here_differs" {
			t.Fatalf("the school reads %v", full)
		}
		read := w.Do(t, service, "GET", path, nil)
		expect(t, read, 200, "")
		for _, hidden := range []string{"registry", "entry_id", "holder", "sides", "ready"} {
			if _, there := read.Body[hidden]; there {
				t.Errorf("customer service reads %s: %v", hidden, read.Body[hidden])
			}
		}
		if read.Get("may_answer") != false || read.Get("asked.masked_id_number") == nil || strings.Contains(read.Text, roomtest.IDNumber(1)) {
			t.Errorf("customer service reads %v", read)
		}
		for verb, body := range map[string]any{"complete": object{}, "decline": object{"canned": "not_ours"}, "reveal": object{"reason": "核对"}, "take": nil, "release": nil} {
			expect(t, w.Do(t, service, "POST", path+"/"+verb, body), 404, "not_found")
		}

		expect(t, w.Do(t, service, "POST", path+"/tell", object{"words": " "}), 422, "invalid")
		told := w.Do(t, service, "POST", path+"/tell", object{"words": "已转告学校，请等两天。"})
		expect(t, told, 200, "")
		for who, a := range map[string]object{"whoever asked": w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()[0], "the school": w.Do(t, school, "GET", path, nil).Body} {
			if word, _ := a["word"].(object); word["text"] != "已转告学校，请等两天。" || word["at"] == nil || a["state"] != "open" {
				t.Errorf("%s reads %v", who, a)
			}
		}
		if w.Told(t, p, "客服") != 1 || w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.tell' AND target_id = $1`, path[len("/api/v1/admin/tickets/"):]) != 1 {
			t.Error("a word was not sent, or is not on record")
		}
		expect(t, w.Do(t, w.Administrator(t, access.Service, "510300"), "POST", path+"/tell", object{"words": "你好"}), 404, "not_found")
		expect(t, w.Do(t, school, "POST", path+"/decline", object{"canned": "not_ours"}), 200, "")
		expect(t, w.Do(t, service, "POST", path+"/tell", object{"words": "你好"}), 409, "ticket_closed")
	})
}

func TestCustomerServiceHandsARequestUpAndToTheSchoolThatShouldHaveBeenAsked(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		here, nearby := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		county, service := w.Administrator(t, access.County, "510104"), w.Administrator(t, access.Service, "510000")
		p := w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		waits := func() object { return w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()[0]["waiting"].(object) }

		expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"reason": ""}), 422, "invalid")
		expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"school_id": w.Here.ID, "reason": "填错学校"}), 422, "invalid")
		expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"school_id": "nowhere", "reason": "填错学校"}), 422, "invalid")
		if _, err := w.DB.Exec(t.Context(), `UPDATE tickets SET escalated_at = 1`); err != nil { // the other school has let it wait
			t.Fatal(err)
		}
		expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"school_id": w.Nearby.ID, "reason": "填错学校"}), 200, "")
		if n := w.Count(t, `SELECT count(*) FROM tickets WHERE escalated_at IS NOT NULL`); n != 0 {
			t.Error("the school that is asked now seems to have been asked by another's delay")
		}
		for _, school := range []string{w.Here.ID, w.Nearby.ID} {
			if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.hand_on' AND school_id = $1`, school); n != 1 {
				t.Errorf("%d records of handing on at a school of the two, want 1", n)
			}
		}
		if is := waits(); is["level"] != "school" || is["scope"] != w.Nearby.Name || is["overdue"] != false {
			t.Errorf("waits for %v", is)
		}
		expect(t, w.Do(t, here, "GET", path, nil), 404, "not_found")
		expect(t, w.Do(t, nearby, "GET", path, nil), 200, "")
		if w.Told(t, p, "转给"+w.Nearby.Name) != 1 {
			t.Errorf("whoever asked reads %v", w.Texts(t, p.Phone))
		}
		again := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		expect(t, w.Do(t, service, "POST", again+"/hand-on", object{"school_id": w.Nearby.ID, "reason": "填错学校"}), 409, "ticket_alike")

		expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"reason": "学校说不清"}), 200, "")
		if err := w.Accounts.TellHandedUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if is := w.Do(t, service, "GET", path, nil).Get("waiting.level"); is != "county" || w.Told(t, county, "客服转来 1 个师生请求") != 1 || w.Told(t, county, "没有按时答复") != 0 {
			t.Errorf("waits for %v; the county reads %v", is, w.Texts(t, county.Phone))
		}
		for range 2 { // nobody administers the city, and above the province is nobody
			expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"reason": "区县说不清"}), 200, "")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.hand_on'`); n != 4 {
			t.Errorf("%d records of handing on, want 4", n)
		}
	})
}
