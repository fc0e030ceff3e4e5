package support_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

func TestAPupilSaysThatAGuardianIsNotTheirs(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		pupil, mother, stranger := w.Person(t, "student"), w.Person(t, "parent"), w.Person(t, "parent")
		w.Bind(t, pupil, e, "student")
		w.Bind(t, mother, e, "parent")
		w.Bind(t, stranger, e, "parent")
		say := func(status int, code string) {
			t.Helper()
			_, token, _ := strings.Cut(w.Texts(t, pupil.Phone)[0], "/n#")
			a := w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/object", object{"token": token})
			expect(t, a, status, code)
			if status == 200 && (a.Get("state") != "objected" || a.Get("event.kind") != "child_linked") {
				t.Errorf("told %v", a)
			}
		}
		say(200, "")
		say(200, "") // as good as once
		list := openTickets(t, w, admin)
		if len(list) != 1 || list[0]["kind"] != "correction" || list[0]["summary"] != "更正韩梅梅的实名信息：监护人" {
			t.Fatalf("the school reads %v", list)
		}
		if w.Count(t, `SELECT count(*) FROM freezes`) != 0 {
			t.Error("the account was frozen")
		}
		path := "/api/v1/admin/tickets/" + list[0]["id"].(string)
		if wrong := w.Do(t, admin, "GET", path, nil).Get("wrong").([]any); len(wrong) != 1 || wrong[0].(map[string]any)["field"] != "guardian" {
			t.Errorf("what is wrong: %v", wrong)
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "电话核实不是家长"}), 200, "")
		if w.Count(t, `SELECT count(*) FROM guardian_links WHERE account_id = $1`, stranger.ID) != 0 || w.Count(t, `SELECT count(*) FROM guardian_links WHERE account_id = $1`, mother.ID) != 1 ||
			w.Count(t, `SELECT count(*) FROM guardian_requests WHERE account_id = $1 AND state = 'ended' AND reason = '学生本人说这不是自己的监护人，学校核实后解除：电话核实不是家长'`, stranger.ID) != 1 {
			t.Error("not the stranger's link, or not it alone, has ended")
		}

		// In their own space one says it of whom one sees; nobody says it of somebody else's guardian.
		id := w.Do(t, pupil, "GET", "/api/v1/me/guardians", nil).Items()[0]["id"]
		body := object{"kind": "correction", "guardian_id": id}
		expect(t, w.Do(t, mother, "POST", "/api/v1/me/tickets", body), 422, "invalid")
		expect(t, w.Do(t, pupil, "POST", "/api/v1/me/tickets", object{"kind": "correction", "guardian_id": "unknown"}), 422, "invalid")
		again := ask(t, w, pupil, body)
		expect(t, w.Do(t, admin, "POST", again+"/decline", object{"reason": "核对过，是母亲"}), 200, "")
		if w.Count(t, `SELECT count(*) FROM guardian_links WHERE account_id = $1`, mother.ID) != 1 {
			t.Error("the mother's link has ended")
		}
		// Whoever is denied decides nothing about it, whatever they administer; several are denied at once.
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, 'school', $2, $3)`, mother.ID, w.Here.ID, db.Now())
			return err
		})
		late := ask(t, w, pupil, body)
		w.Bind(t, stranger, e, "parent")
		for _, other := range w.Do(t, pupil, "GET", "/api/v1/me/guardians", nil).Items() {
			if other["id"] != id {
				ask(t, w, pupil, object{"kind": "correction", "guardian_id": other["id"]})
			}
		}
		expect(t, w.Do(t, mother, "POST", late+"/complete", nil), 403, "guardian_own_request")
		expect(t, w.Do(t, mother, "POST", late+"/decline", object{"reason": "核对过"}), 403, "guardian_own_request")
		expect(t, w.Do(t, admin, "POST", "/api/v1/admin/guardianships/"+id.(string)+"/end", object{"reason": "监护权已变更"}), 204, "")
		expect(t, w.Do(t, admin, "POST", late+"/complete", nil), 409, "ticket_moot")
	})
}

func TestAnObjectionIsToANoticeOfAGuardianAlone(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "teacher")
		w.Bind(t, p, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID}), roster.Teacher)
		_, token, _ := strings.Cut(w.Texts(t, p.Phone)[0], "/n#")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/object", object{"token": token}), 410, "notice_link_ended")
		freeze(t, w, p) // the link has not been used by it
	})
}
