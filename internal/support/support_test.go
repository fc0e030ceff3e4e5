package support_test

import (
	"strings"
	"sync"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

type object = map[string]any

func each(t *testing.T, test func(t *testing.T, w *roomtest.World)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, roomtest.New(t, d, roomtest.Rules())) })
}

func expect(t *testing.T, a roomtest.Answer, status int, code string) {
	t.Helper()
	got, _ := a.Get("code").(string)
	if a.Status != status || got != code {
		t.Fatalf("got %v, want %d %q", a, status, code)
	}
}

func person(kind string, number int, name string) object {
	return object{"kind": "missing_entry", "entry_kind": kind, "id_type": "resident_id", "id_number": roomtest.IDNumber(number), "name": name}
}

func at(o object, school string) object { o["school_id"] = school; return o }

func as(o object, kind string) object { o["kind"] = kind; return o }

func claim(kind string, number int, name string) object {
	return object{"kind": kind, "id_type": "resident_id", "id_number": roomtest.IDNumber(number), "name": name}
}

// ask files a ticket that must be taken, and gives its path for administrators.
func ask(t *testing.T, w *roomtest.World, p roomtest.Person, body object) string {
	t.Helper()
	a := w.Do(t, p, "POST", "/api/v1/me/tickets", body)
	expect(t, a, 201, "")
	return "/api/v1/admin/tickets/" + a.Get("id").(string)
}

func TestAMissingPersonIsAddedAndBoundInOneStep(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		class := w.Class(t, w.Here.ID, 1)
		admin, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))

		read := w.Do(t, admin, "GET", path, nil)
		expect(t, read, 200, "")
		if read.Get("registry") != "absent" || read.Get("asked.name") != "韩梅梅" || read.Get("account.masked_phone") != "138****0002" {
			t.Errorf("the administrator reads %v", read)
		}
		if strings.Contains(read.Text, roomtest.IDNumber(1)) {
			t.Error("the administrator reads a full ID number")
		}
		done := w.Do(t, admin, "POST", path+"/complete", object{"class_id": class.ID, "answer": "已补录"})
		expect(t, done, 200, "")

		me := w.Do(t, p, "GET", "/api/v1/me/tickets", nil)
		expect(t, me, 200, "")
		if items := me.Items(); len(items) != 1 || items[0]["state"] != "done" || items[0]["answer"] != "已补录" || items[0]["answered_at"] == nil ||
			items[0]["summary"] != "补录 韩梅梅（510104********"+roomtest.IDNumber(1)[14:]+"）" {
			t.Errorf("the person reads %v", me)
		}
		if n := w.Count(t, `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id
			WHERE b.account_id = $1 AND e.school_id = $2 AND e.class_id = $3`, p.ID, w.Here.ID, class.ID); n != 1 {
			t.Error("the person is not bound to an entry of the school and class")
		}
		if w.Told(t, p, "请求已办好") != 1 || w.Told(t, p, "已完成实名认证") != 1 {
			t.Error("the person was not told by SMS")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action IN ('ticket.open', 'ticket.done', 'registry.create', 'binding.bind')`); n != 4 {
			t.Errorf("%d records, want 4", n)
		}
	})
}

func TestWhatWasAskedForIsSealed(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		ask(t, w, w.Person(t, "student"), at(person("student", 1, "Han Meimei"), w.Here.ID))
		var sealed []byte
		if err := w.DB.QueryRow(t.Context(), `SELECT sealed FROM tickets`).Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		if s := string(sealed); strings.Contains(s, "Meimei") || strings.Contains(s, roomtest.IDNumber(1)[6:14]) {
			t.Error("the ticket is readable at rest")
		}
	})
}

func TestAParentAsksForTheirChild(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.County, "510104")
		for i, known := range []bool{false, true} {
			p := w.Person(t, "parent")
			path := ask(t, w, p, at(asked(i, "韩父"), w.Here.ID))
			read := w.Do(t, admin, "GET", path, nil)
			if read.Get("asked.guardian_name") != "韩父" || read.Get("asked.relation") != "father" || !strings.HasPrefix(read.Get("summary").(string), "韩父（父亲）申请成为韩梅梅（") {
				t.Errorf("who asks: %v", read)
			}
			done := w.Do(t, admin, "POST", path+"/complete", object{"known_guardian": known, "answer": "已录入"})
			expect(t, done, 200, "")
			state, told, waits := "asked", 0, 1
			if known {
				state, told, waits = "confirmed", 1, 0
			}
			if n := w.Count(t, `SELECT count(*) FROM guardian_requests g JOIN registry_entries e ON e.id = g.entry_id
				WHERE g.account_id = $1 AND e.kind = 'student' AND g.state = $2 AND g.guardian_name = '韩父' AND g.relation = 'father'`, p.ID, state); n != 1 {
				t.Errorf("known %v: not %s", known, state)
			}
			if w.Told(t, p, "您已被确认") != told || w.Told(t, p, "等班主任或学校确认") != waits {
				t.Errorf("known %v: told %v", known, w.Texts(t, p.Phone))
			}
			if mine := mine(t, w, p); !strings.Contains(mine["answer"].(string), "已录入") || (mine["ending"] == "guardian_asked") == known {
				t.Errorf("known %v: the parent reads %v", known, mine)
			}
		}
	})
}

// asked is a parent's request for a missing child.
func asked(number int, guardian string) object {
	o := person("parent", 41+number, "韩梅梅")
	o["guardian_name"], o["relation"] = guardian, "father"
	return o
}

func TestNobodyConfirmsThemselvesAsTheGuardianOfAMissingChild(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.County, "510104")
		path := ask(t, w, admin, at(asked(0, "韩父"), w.Here.ID))
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"known_guardian": true}), 403, "guardian_own_request")
		if n := w.Count(t, `SELECT count(*) FROM registry_entries`); n != 0 {
			t.Error("the child was entered all the same")
		}
	})
}

func TestAMissingPersonWhomTheRegistryHas(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		entry := func(number int, name, school string) {
			w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(number), SchoolID: school})
		}
		entry(1, "韩梅梅", w.Here.ID)
		entry(2, "李蕾", w.Here.ID)
		entry(3, "林涛", w.Elsewhere.ID)
		entry(4, "魏华", w.Here.ID)
		holder := w.Person(t, "student")
		expect(t, w.Do(t, holder, "POST", "/api/v1/me/binding", claim("student", 4, "魏华")), 201, "")

		for _, c := range []struct {
			number         int
			name, registry string
			status         int
			code           string
		}{
			{1, "韩梅梅", "here", 200, ""},
			{2, "李雷", "here_differs", 409, "entry_exists_here"},
			{3, "林涛", "elsewhere", 409, "entry_exists_elsewhere"},
			{4, "魏华", "here", 409, "already_bound"},
		} {
			p := w.Person(t, "student")
			path := ask(t, w, p, at(person("student", c.number, c.name), w.Here.ID))
			if read := w.Do(t, admin, "GET", path, nil); read.Get("registry") != c.registry {
				t.Errorf("%s: the registry is told to have it %v, want %s", c.name, read.Get("registry"), c.registry)
			} else if c.number == 4 && read.Get("holder.masked_phone") != "138****0002" {
				t.Errorf("the holder is told as %v", read.Get("holder"))
			}
			expect(t, w.Do(t, admin, "POST", path+"/complete", object{}), c.status, c.code)
			state, bound := "open", 0
			if c.status == 200 {
				state, bound = "done", 1
			}
			if read := w.Do(t, admin, "GET", path, nil); read.Get("state") != state {
				t.Errorf("%s: the ticket is %v, want %s", c.name, read.Get("state"), state)
			}
			if n := w.Count(t, `SELECT count(*) FROM bindings WHERE account_id = $1`, p.ID); n != bound {
				t.Errorf("%s: %d bindings, want %d", c.name, n, bound)
			}
		}
	})
}

func TestAMissingClassIsAddedWithThePupilInIt(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		year := w.Class(t, w.Here.ID, 1).EntryYear
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		admin, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "student")
		class := func(number int, school string) object {
			return object{"kind": "missing_class", "school_id": school, "stage": "junior", "entry_year": year, "number": number}
		}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", class(2, w.Here.ID)), 422, "invalid") // nobody at this school yet
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 201, "")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", class(2, w.Nearby.ID)), 422, "invalid")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", class(0, w.Here.ID)), 422, "invalid")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", class(1, w.Here.ID)), 409, "class_exists")
		path := ask(t, w, p, class(2, w.Here.ID))
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 200, "")
		if n := w.Count(t, `SELECT count(*) FROM registry_entries e JOIN classes c ON c.id = e.class_id WHERE c.number = 2`); n != 1 {
			t.Error("the pupil is not in the new class")
		}

		path = ask(t, w, p, class(3, w.Here.ID))
		third := w.Class(t, w.Here.ID, 3) // added by hand meanwhile
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 200, "")
		if n := w.Count(t, `SELECT count(*) FROM registry_entries WHERE class_id = $1`, third.ID); n != 1 {
			t.Error("the pupil is not in the class that was there")
		}
	})
}

func TestATeacherAsksForAClassOfTheirsBeItThereOrNot(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		first := w.Class(t, w.Here.ID, 1)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		admin, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "teacher")
		w.Bind(t, p, e, "teacher")
		for number, name := range []string{"七年级1班", "七年级2班"} {
			class := object{"kind": "missing_class", "school_id": w.Here.ID, "stage": "junior", "entry_year": first.EntryYear, "number": number + 1}
			path := ask(t, w, p, class)
			if one := mine(t, w, p); !strings.HasPrefix(one["summary"].(string), "登记任教 ") {
				t.Errorf("asking for %s reads %v", name, one["summary"])
			}
			read := w.Do(t, admin, "GET", path, nil)
			if strings.Contains(read.Text, "在列表里选择") || !strings.Contains(read.Text, "已登记您任教这个班") || read.Get("asked.entry_kind") != "teacher" {
				t.Errorf("the administrator answers by %v", read.Get("ready"))
			}
			expect(t, w.Do(t, admin, "POST", path+"/complete", object{"canned": "class_taught"}), 200, "")
			if n := w.Count(t, `SELECT count(*) FROM class_teachers t JOIN classes c ON c.id = t.class_id WHERE t.entry_id = $1 AND c.number = $2 AND NOT t.head`, e.ID, number+1); n != 1 {
				t.Errorf("the teacher does not teach class %d", number+1)
			}
			if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'class.teachers'`); n != number+1 {
				t.Errorf("%d records of who teaches", n)
			}
			if again := w.Do(t, p, "POST", "/api/v1/me/tickets", class); again.Get("code") != "class_exists" || !strings.Contains(again.Text, "已经登记为这个班的教师") {
				t.Errorf("asking again reads %v", again)
			}
		}
	})
}

func TestATeacherAsksForSeveralClassesAndForNoneThatHasGraduated(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		first := w.Class(t, w.Here.ID, 1)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		admin, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "teacher")
		w.Bind(t, p, e, "teacher")
		class := func(number int) object {
			return object{"kind": "missing_class", "school_id": w.Here.ID, "stage": "junior", "entry_year": first.EntryYear, "number": number}
		}
		path := ask(t, w, p, class(1))
		ask(t, w, p, class(2))
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", class(2)), 409, "ticket_open")
		if _, err := w.DB.Exec(t.Context(), `UPDATE classes SET graduated_at = $1 WHERE id = $2`, db.Now(), first.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 422, "invalid")
		expect(t, w.Do(t, p, "DELETE", strings.Replace(path, "/admin/", "/me/", 1), nil), 204, "")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", class(1)), 422, "invalid")
		if n := w.Count(t, `SELECT count(*) FROM class_teachers`); n != 0 {
			t.Errorf("%d teach a class that has graduated", n)
		}
	})
}

func TestAMissingClassIsThatOfTheChildWhoHasNone(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		first := w.Class(t, w.Here.ID, 1)
		admin, mother := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "parent")
		settled := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩美美", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID, ClassID: first.ID})
		w.Bind(t, mother, settled, "parent")
		unsettled := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩小妹", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID})
		w.Bind(t, mother, unsettled, "parent")
		brother := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩冬冬", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID})
		w.Bind(t, mother, brother, "parent")
		missing := func(e roster.Entry, number int) object {
			var link string
			if err := w.DB.QueryRow(t.Context(), `SELECT id FROM guardian_links WHERE entry_id = $1`, e.ID).Scan(&link); err != nil {
				t.Fatal(err)
			}
			return object{"kind": "missing_class", "school_id": w.Here.ID, "binding_id": link, "stage": "junior", "entry_year": first.EntryYear, "number": number}
		}
		path, his := ask(t, w, mother, missing(unsettled, 5)), ask(t, w, mother, missing(brother, 6))
		expect(t, w.Do(t, mother, "POST", "/api/v1/me/tickets", missing(brother, 7)), 409, "ticket_open")

		// Both sides read which child it is; the number in full is looked at, with a reason.
		if one := mine(t, w, mother); one["of"] != brother.Name {
			t.Errorf("the mother reads %v", one)
		}
		read := w.Do(t, admin, "GET", path, nil)
		if read.Get("asked.name") != unsettled.Name || !strings.Contains(read.Get("asked.masked_id_number").(string), "****") || read.Get("entry_id") != unsettled.ID {
			t.Errorf("the administrator reads %v", read.Get("asked"))
		}
		above := w.Do(t, w.Administrator(t, access.County, "510104"), "POST", path+"/reveal", object{"reason": "核对学籍"})
		if above.Status != 200 || above.Get("id_number") != nil { // that takes a second person
			t.Errorf("the county looks at %v", above)
		}
		shown := w.Do(t, admin, "POST", path+"/reveal", object{"reason": "核对学籍"})
		if shown.Get("id_number") != roomtest.IDNumber(2) {
			t.Errorf("the administrator looks at %v", shown)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.reveal' AND details LIKE '%masked_id_number%'`); n != 1 {
			t.Errorf("%d records of the look say at whom, want 1", n)
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 200, "")
		expect(t, w.Do(t, admin, "POST", his+"/complete", nil), 200, "")
		for e, number := range map[string]int{settled.ID: 1, unsettled.ID: 5, brother.ID: 6} {
			if n := w.Count(t, `SELECT count(*) FROM registry_entries e JOIN classes c ON c.id = e.class_id WHERE e.id = $1 AND c.number = $2`, e, number); n != 1 {
				t.Errorf("%s is not in class %d", e, number)
			}
		}
	})
}

func TestAnEntryGoesFromItsHolderToWhoeverItIs(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		admin := w.Administrator(t, access.City, "510100")
		holder, p := w.Person(t, "teacher"), w.Person(t, "teacher")
		body := as(person("teacher", 1, "林涛"), "not_me")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", body), 409, "entry_not_taken")
		expect(t, w.Do(t, holder, "POST", "/api/v1/me/binding", claim("teacher", 1, "林涛")), 201, "")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", as(person("teacher", 1, "林滔"), "not_me")), 422, "realname_no_match")
		expect(t, w.Do(t, holder, "POST", "/api/v1/me/tickets", body), 409, "already_bound")
		path := ask(t, w, p, at(body, w.Nearby.ID)) // whatever school is named, the entry's own decides
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Nearby.ID), "GET", path, nil), 404, "not_found")
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 422, "invalid")
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "核对过身份证", "holder_unanswered": true}), 200, "")
		if n := w.Count(t, `SELECT count(*) FROM bindings WHERE entry_id = $1 AND account_id = $2`, e.ID, p.ID); n != 1 {
			t.Error("the entry is not bound to whoever asked")
		}
		if w.Told(t, holder, "转给另一个账号") != 1 || w.Told(t, p, "请求已办好") != 1 {
			t.Errorf("told by SMS: the holder %q, the asker %q", w.Texts(t, holder.Phone), w.Texts(t, p.Phone))
		}
	})
}

func TestMatchesForATicketAreLimitedLikeThoseForABinding(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "teacher")
		for i := range 5 {
			expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", as(person("teacher", i+1, "林涛"), "not_me")), 422, "realname_no_match")
		}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", as(person("teacher", 9, "林涛"), "not_me")), 429, "too_many_attempts")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("teacher", 9, "林涛")), 429, "too_many_attempts")
	})
}

func TestADeclinedTicketSaysWhy(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin, p := w.Administrator(t, access.Province, "510000"), w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": ""}), 422, "invalid")
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "不是我校学生"}), 200, "")
		items := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()
		if items[0]["state"] != "declined" || items[0]["answer"] != "不是我校学生" || w.Notices(t, p) != 1 {
			t.Errorf("the person reads %v", items)
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 409, "ticket_closed")
		if n := w.Count(t, `SELECT count(*) FROM registry_entries`); n != 0 {
			t.Error("a declined ticket was done")
		}
	})
}

func TestADeclinedRequestGoesToAnotherSchoolWithNothingTypedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "parent")
		path := ask(t, w, p, at(asked(0, "韩父"), w.Nearby.ID))
		again := strings.Replace(path, "/admin/tickets/", "/me/tickets/", 1) + "/again"
		body := at(object{"note": "选错了学校"}, w.Here.ID)
		expect(t, w.Do(t, p, "POST", again, body), 404, "not_found") // it waits
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Nearby.ID), "POST", path+"/decline", object{"canned": "not_ours"}), 200, "")
		expect(t, w.Do(t, w.Person(t, "parent"), "POST", again, body), 404, "not_found")
		filed := w.Do(t, p, "POST", again, body)
		expect(t, filed, 201, "")
		read := w.Do(t, w.Administrator(t, access.School, w.Here.ID), "GET", "/api/v1/admin/tickets/"+filed.Get("id").(string), nil)
		if read.Get("asked.guardian_name") != "韩父" || read.Get("asked.name") != "韩梅梅" || read.Get("asked.note") != "选错了学校" || read.Get("waits") != true {
			t.Errorf("the other school reads %v", read)
		}
		expect(t, w.Do(t, p, "POST", again, body), 409, "ticket_open")
	})
}

func TestOfTwoAdministratorsOneAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		path := ask(t, w, w.Person(t, "student"), at(person("student", 1, "韩梅梅"), w.Here.ID))
		admins := []roomtest.Person{
			w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104"),
			w.Administrator(t, access.City, "510100"), w.Administrator(t, access.Province, "510000"),
		}
		answers := make([]roomtest.Answer, len(admins))
		var all sync.WaitGroup
		for i, admin := range admins {
			all.Go(func() { answers[i] = w.Do(t, admin, "POST", path+"/complete", nil) })
		}
		all.Wait()
		done := 0
		for _, a := range answers {
			if a.Status == 200 {
				done++
			} else {
				expect(t, a, 409, "ticket_closed")
			}
		}
		if done != 1 || w.Count(t, `SELECT count(*) FROM registry_entries`) != 1 {
			t.Errorf("%d administrators did it", done)
		}
	})
}

func TestNobodyFloodsASchool(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "parent")
		ask(t, w, p, at(person("parent", 1, "韩梅梅"), w.Here.ID))
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", at(person("parent", 1, "韩小梅"), w.Here.ID)), 409, "ticket_open")
		ask(t, w, p, at(person("parent", 2, "韩小梅"), w.Here.ID)) // another child
		path := ask(t, w, p, at(person("parent", 3, "韩大梅"), w.Elsewhere.ID))
		w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(5), SchoolID: w.Here.ID})
		expect(t, w.Do(t, w.Person(t, "teacher"), "POST", "/api/v1/me/binding", claim("teacher", 5, "林涛")), 201, "")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", as(person("teacher", 5, "林涛"), "not_me")), 409, "ticket_open")
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Elsewhere.ID), "POST", path+"/decline", object{"reason": "查无此人"}), 200, "")
		ask(t, w, p, as(person("teacher", 5, "林涛"), "not_me"))

		hasty := w.Person(t, "student")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { w.Do(t, hasty, "POST", "/api/v1/me/tickets", at(person("student", 7, "李雷"), w.Here.ID)) })
		}
		all.Wait()
		if n := w.Count(t, `SELECT count(*) FROM tickets WHERE account_id = $1`, hasty.ID); n != 1 {
			t.Errorf("%d tickets of eight clicks at once", n)
		}
	})
}

func TestWhatIsWrongWithARequestIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "student")
		number := roomtest.IDNumber(1)
		for about, c := range map[string]struct {
			body object
			code string
		}{
			"no school":    {at(person("student", 1, "韩梅梅"), "nowhere"), "invalid"},
			"no kind":      {at(as(person("student", 1, "韩梅梅"), "favour"), w.Here.ID), "invalid"},
			"no person":    {at(person("principal", 1, "韩梅梅"), w.Here.ID), "invalid"},
			"swapped":      {object{"kind": "missing_entry", "school_id": w.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": "韩梅梅", "name": number}, "fields_swapped"},
			"wrong number": {object{"kind": "missing_entry", "school_id": w.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": number[:17], "name": "韩梅梅"}, "id_number_invalid"},
		} {
			a := w.Do(t, p, "POST", "/api/v1/me/tickets", c.body)
			if a.Status != 422 || a.Get("code") != c.code {
				t.Errorf("%s: %v", about, a)
			}
			if strings.Contains(a.Text, number[:17]) {
				t.Errorf("%s: the answer repeats the number", about)
			}
		}
	})
}

func TestTicketsAreFoundWithinOnesScopeAlone(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		path := ask(t, w, w.Person(t, "student"), at(person("student", 1, "韩梅梅"), w.Here.ID))
		ask(t, w, w.Person(t, "student"), at(person("student", 2, "李雷"), w.Nearby.ID))
		ask(t, w, w.Person(t, "student"), at(person("student", 3, "林涛"), w.Elsewhere.ID))
		for _, c := range []struct {
			level access.Level
			scope string
			sees  int
			may   bool
		}{
			{access.School, w.Here.ID, 1, true},
			{access.School, w.Nearby.ID, 1, false},
			{access.County, "510104", 2, true},
			{access.County, "510302", 1, false},
			{access.City, "510100", 2, true},
			{access.City, "510300", 1, false},
			{access.Province, "510000", 3, true},
		} {
			admin := w.Administrator(t, c.level, c.scope)
			list := w.Do(t, admin, "GET", "/api/v1/admin/tickets?state=open", nil)
			expect(t, list, 200, "")
			if n := len(list.Items()); n != c.sees {
				t.Errorf("%s %s sees %d tickets, want %d", c.level, c.scope, n, c.sees)
			}
			filtered := w.Do(t, admin, "GET", "/api/v1/admin/tickets?school_id="+w.Here.ID, nil)
			if n := len(filtered.Items()); (n == 1) != c.may {
				t.Errorf("%s %s sees %d tickets of the school", c.level, c.scope, n)
			}
			if !c.may {
				expect(t, w.Do(t, admin, "GET", path, nil), 404, "not_found")
				expect(t, w.Do(t, admin, "POST", path+"/complete", object{}), 404, "not_found")
				expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "否"}), 404, "not_found")
			}
		}
		admin := w.Administrator(t, access.Province, "510000")
		first := w.Do(t, admin, "GET", "/api/v1/admin/tickets?limit=2", nil)
		next, _ := first.Get("next_cursor").(string)
		second := w.Do(t, admin, "GET", "/api/v1/admin/tickets?limit=2&cursor="+next, nil)
		if len(first.Items()) != 2 || len(second.Items()) != 1 || second.Get("next_cursor") != nil {
			t.Errorf("pages of two hold %d and %d", len(first.Items()), len(second.Items()))
		}
	})
}
