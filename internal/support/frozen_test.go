package support_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/sms"
)

// A parent is nobody in the registry: the school of their child makes sure that it is them.
func TestAFrozenParentIsTheirChildsSchoolsToRestore(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		mother := w.Person(t, "parent")
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林小涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.Bind(t, mother, child, "parent")
		admin := w.Administrator(t, access.School, w.Here.ID)
		phone := "13900000077"
		expect(t, w.Do(t, admin, "PUT", "/api/v1/admin/accounts/"+mother.ID+"/phone", object{"phone": phone, "reason": "本人换号"}), 200, "")
		if told := freeze(t, w, mother); told.Get("school") != w.Here.Name {
			t.Errorf("the owner is told %v", told)
		}
		if list := w.Do(t, admin, "GET", "/api/v1/admin/accounts?frozen=true", nil); len(list.Items()) != 1 {
			t.Errorf("among the frozen accounts: %v", list)
		}
		tickets := openTickets(t, w, admin)
		if len(tickets) != 1 {
			t.Fatalf("tickets %v", tickets)
		}
		path := "/api/v1/admin/tickets/" + tickets[0]["id"].(string)
		read := w.Do(t, admin, "GET", path, nil)
		if read.Get("asked.entry_kind") != "parent" || read.Get("asked.name") != child.Name {
			t.Errorf("the administrator reads %v", read)
		}
		second := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林小波", IDNumber: roomtest.IDNumber(3), SchoolID: w.Nearby.ID})
		w.Bind(t, mother, second, "parent")
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "本人来校"}), 403, "frozen_beyond")
		done := w.Do(t, w.Administrator(t, access.County, w.Here.Region), "POST", path+"/complete", object{"answer": "本人来校"})
		expect(t, done, 200, "")
		in := w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": mother.Phone, "password": done.Get("code.one_time_code")})
		expect(t, in, 201, "")
	})
}

// freeze has the owner answer "this was not me" to the newest notice.
func freeze(t *testing.T, w *roomtest.World, p roomtest.Person) roomtest.Answer {
	t.Helper()
	_, token, found := strings.Cut(w.Texts(t, p.Phone)[0], "/n#")
	if !found {
		t.Fatal("the newest notice has no link")
	}
	a := w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/freeze", object{"token": token})
	expect(t, a, 200, "")
	return a
}

func openTickets(t *testing.T, w *roomtest.World, admin roomtest.Person) []map[string]any {
	t.Helper()
	return w.Do(t, admin, "GET", "/api/v1/admin/tickets?state=open", nil).Items()
}

func TestAFrozenAccountIsItsSchoolsToRestore(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "teacher")
		w.Bind(t, p, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID}), roster.Teacher)
		if told := freeze(t, w, p); told.Get("school") != "草堂中学" {
			t.Errorf("the owner is told %v", told)
		}
		expect(t, w.Do(t, p, "GET", "/api/v1/me/tickets", nil), 401, "unauthenticated")
		admin, nearby := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		tickets := openTickets(t, w, admin)
		if len(tickets) != 1 || tickets[0]["kind"] != "frozen" || tickets[0]["summary"] != "账号被本人冻结，本人说这不是自己做的：完成了实名认证" || len(openTickets(t, w, nearby)) != 0 {
			t.Fatalf("tickets %v", tickets)
		}
		path := "/api/v1/admin/tickets/" + tickets[0]["id"].(string)
		read := w.Do(t, admin, "GET", path, nil)
		if read.Get("freeze.event.kind") != "bound" || read.Get("freeze.frozen_at") == nil || read.Get("freeze.masked_phone_before") != nil || read.Get("freeze.masked_phone") != "138****"+p.Phone[7:] {
			t.Errorf("the administrator reads %v", read)
		}
		expect(t, w.Do(t, nearby, "POST", path+"/complete", object{"answer": "本人来校"}), 404, "not_found")
		// Whatever the account's phone is by now, customer service writes to the one that takes it back.
		service := w.Administrator(t, access.Service, "510000")
		expect(t, w.Do(t, service, "POST", path+"/tell", object{"words": "请带身份证到学校"}), 200, "")
		if w.Told(t, p, "客服给您留言：请带身份证到学校") != 1 {
			t.Errorf("the owner reads %q", w.Texts(t, p.Phone))
		}
		if _, err := w.DB.Exec(t.Context(), `UPDATE freezes SET phone_index = NULL, phone_sealed = NULL WHERE account_id = $1`, p.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, w.Do(t, service, "POST", path+"/tell", object{"words": "请带身份证到学校"}), 409, "frozen_unreachable")
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "没有见到本人"}), 409, "ticket_stays_open")
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 422, "invalid")
		done := w.Do(t, admin, "POST", path+"/complete", object{"answer": "本人来校"})
		expect(t, done, 200, "")
		if done.Get("state") != "done" || done.Get("answer") != "本人来校" || done.Get("decided_by") != w.Here.Name {
			t.Errorf("answered %v", done)
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "本人来校"}), 409, "ticket_closed")
		if again := w.Do(t, admin, "GET", path, nil); again.Get("code") != nil {
			t.Error("the one-time code is shown again")
		}
		in := w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": p.Username, "password": done.Get("code.one_time_code")})
		expect(t, in, 201, "")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action IN ('ticket.open', 'ticket.done', 'account.freeze', 'account.unfreeze') AND school_id = $1`, w.Here.ID); n != 4 {
			t.Errorf("%d records at the school, want 4", n)
		}
	})
}

func TestAFrozenAccountOfNoSchoolIsTheProvincesToRestore(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "public")
		expect(t, w.Do(t, p, "PUT", "/api/v1/me/password", object{"current_password": roomtest.Password, "new_password": "Another2026"}), 204, "")
		if told := freeze(t, w, p); told.Get("school") != nil || told.Get("masked_phone") == nil {
			t.Errorf("the owner is told %v", told)
		}
		province, city := w.Administrator(t, access.Province, "510000"), w.Administrator(t, access.City, "510100")
		tickets := openTickets(t, w, province)
		if len(tickets) != 1 || tickets[0]["school"] != nil || len(openTickets(t, w, city)) != 0 {
			t.Fatalf("tickets %v", tickets)
		}
		for admin, want := range map[roomtest.Person]int{province: 1, city: 0} {
			actor, err := w.Accounts.Resolve(t.Context(), admin.Token)
			if err != nil {
				t.Fatal(err)
			}
			if open, err := w.Support.OpenIn(t.Context(), actor.Reach(access.TicketsAnswer)); err != nil || open != want {
				t.Errorf("%d tickets counted, %v, want %d", open, err, want)
			}
		}
		path := "/api/v1/admin/tickets/" + tickets[0]["id"].(string)
		expect(t, w.Do(t, city, "GET", path, nil), 404, "not_found")
		expect(t, w.Do(t, province, "POST", path+"/complete", object{"answer": "核实过"}), 200, "")
	})
}

// An administrator of a school cannot get into the account of one above it by restoring it.
func TestAFrozenAdministratorIsTheProvincesToRestore(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Administrator(t, access.City, "510100")
		w.Bind(t, p, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID}), roster.Teacher)
		freeze(t, w, p)
		school := w.Administrator(t, access.School, w.Here.ID)
		if len(openTickets(t, w, school)) != 0 || len(openTickets(t, w, w.Administrator(t, access.Province, "510000"))) != 1 {
			t.Error("the ticket is not the province's")
		}
		expect(t, w.Do(t, school, "POST", "/api/v1/admin/accounts/"+p.ID+"/unfreeze", object{"reason": "本人来校"}), 403, "forbidden")
	})
}

func TestATicketEndsWhenItsOwnerTakesTheAccountBack(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "public")
		expect(t, w.Do(t, p, "PUT", "/api/v1/me/password", object{"current_password": roomtest.Password, "new_password": "Another2026"}), 204, "")
		freeze(t, w, p)
		if _, err := w.SMS.SendCode(t.Context(), p.Phone, sms.ResetPassword); err != nil {
			t.Fatal(err)
		}
		_, code := w.Text(t, p.Phone, "reset_password")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/password-resets", object{
			"username": p.Username, "phone": p.Phone, "sms_code": code, "new_password": "Third2026",
		}), 204, "")
		if open := openTickets(t, w, w.Administrator(t, access.Province, "510000")); len(open) != 0 {
			t.Errorf("open tickets %v", open)
		}
		if n := w.Count(t, `SELECT count(*) FROM tickets WHERE kind = 'frozen' AND state = 'done' AND answered_by IS NULL`); n != 1 {
			t.Error("the ticket is not ended by its owner")
		}
	})
}
