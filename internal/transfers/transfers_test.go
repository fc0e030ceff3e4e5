package transfers_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/transfers"
	"caotang/internal/vault"
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

// somebody is a person of Here who is verified.
func somebody(t *testing.T, w *roomtest.World, kind string, number int) (roomtest.Person, roster.Entry) {
	t.Helper()
	n := roster.NewEntry{Kind: kind, Name: "林涛", IDNumber: roomtest.IDNumber(number), SchoolID: w.Here.ID}
	if kind == roster.Student {
		n.ClassID = w.Class(t, w.Here.ID, number).ID
	}
	e, p := w.Entry(t, n), w.Person(t, kind)
	w.Bind(t, p, e, kind)
	return p, e
}

func request(t *testing.T, w *roomtest.World, p roomtest.Person, to roster.School) (id string) {
	t.Helper()
	a := w.Do(t, p, "POST", "/api/v1/me/transfers", object{"to_school_id": to.ID, "reason": "搬家"})
	expect(t, a, 201, "")
	return a.Get("id").(string)
}

func schoolOf(t *testing.T, w *roomtest.World, e roster.Entry) string {
	t.Helper()
	now, err := w.Roster.EntryByID(t.Context(), w.DB, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if stale := w.Count(t, `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id WHERE b.school_id <> e.school_id`); stale != 0 {
		t.Errorf("%d bindings stand at another school than their entry", stale)
	}
	return now.School.Name
}

func path(id, step string) string { return "/api/v1/admin/transfers/" + id + step }

func TestAPupilMovesWithBothSchoolsInEitherOrder(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		here, there := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Elsewhere.ID)
		for number, order := range [][]roomtest.Person{{here, there}, {there, here}} {
			p, e := somebody(t, w, roster.Student, number+1)
			id := request(t, w, p, w.Elsewhere)

			if seen := w.Do(t, order[0], "GET", path(id, ""), nil); seen.Get("class") == nil || seen.Get("masked_id_number") != vault.MaskIDNumber(roomtest.IDNumber(number+1)) {
				t.Errorf("whoever decides reads %v", seen)
			}
			first := w.Do(t, order[0], "POST", path(id, "/approve"), nil)
			expect(t, first, 200, "")
			if first.Get("state") != "pending" || schoolOf(t, w, e) != w.Here.Name {
				t.Errorf("one approval of two came to %v", first)
			}
			again := w.Do(t, order[0], "POST", path(id, "/approve"), nil)
			if expect(t, again, 200, ""); again.Get("state") != "pending" {
				t.Error("one school's second approval counts for the other's")
			}
			last := w.Do(t, order[1], "POST", path(id, "/approve"), nil)
			expect(t, last, 200, "")
			if last.Get("state") != "completed" || schoolOf(t, w, e) != w.Elsewhere.Name {
				t.Errorf("both approvals came to %v", last)
			}
			me := w.Do(t, p, "GET", "/api/v1/me/transfers", nil)
			if items := me.Items(); len(items) != 1 || items[0]["state"] != "completed" || len(items[0]["approvals"].([]any)) != 2 {
				t.Errorf("the person reads %v", me)
			}
			if w.Notices(t, p) != 3 {
				t.Errorf("%d notices, want one of the binding and one for each step", w.Notices(t, p))
			}
			expect(t, w.Do(t, here, "POST", path(id, "/reject"), object{"reason": "晚了"}), 409, "transfer_closed")
		}
		// Both schools read whose approval it was, of what, and about whom.
		said := `%"by":"` + w.Here.Name + `"%"from":"` + w.Here.Name + `"%"masked_id_number":"510104********%"masked_name":"林*"%"to":"` + w.Elsewhere.Name + `"%`
		for _, school := range []roster.School{w.Here, w.Elsewhere} {
			if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'transfer.approve' AND school_id = $1 AND details LIKE $2`, school.ID, said); n != 2 {
				t.Errorf("%d approvals of the school before are on record at %s, want 2", n, school.Name)
			}
		}
		if n := w.Count(t, `SELECT count(*) FROM registry_entries WHERE class_id IS NOT NULL`); n != 0 {
			t.Error("a class of the school before came along")
		}
		if n := w.Count(t, `SELECT count(*) FROM open_transfers`); n != 0 {
			t.Errorf("%d requests are still open", n)
		}
	})
}

func TestCustomerServiceFollowsAndDecidesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		pupil, mother, _, _ := child(t, w)
		id := request(t, w, pupil, w.Elsewhere)
		expect(t, w.Do(t, mother, "PUT", "/api/v1/me/children/transfers/"+id+"/objection", object{"reason": "离家太远"}), 204, "")
		service, abroad := w.Administrator(t, access.Service, "510000"), w.Administrator(t, access.Service, "510700")
		if items := w.Do(t, service, "GET", "/api/v1/admin/transfers", nil).Items(); len(items) != 1 {
			t.Errorf("customer service finds %v", items)
		}
		seen := w.Do(t, service, "GET", path(id, ""), nil)
		if seen.Status != 200 || len(seen.Get("approvals").([]any)) != 2 || len(seen.Get("sides").([]any)) != 0 {
			t.Errorf("customer service reads %v", seen)
		}
		for _, kept := range []string{"搬家", "离家太远"} {
			if strings.Contains(seen.Text, kept) {
				t.Errorf("customer service reads %q, which is for the schools", kept)
			}
		}
		expect(t, w.Do(t, service, "POST", path(id, "/approve"), nil), 403, "forbidden")
		expect(t, w.Do(t, service, "POST", path(id, "/reject"), object{"reason": "不行"}), 403, "forbidden")
		expect(t, w.Do(t, abroad, "GET", path(id, ""), nil), 404, "not_found")
	})
}

// child is a pupil of Here under fourteen, bound to an account, with two confirmed guardians.
func child(t *testing.T, w *roomtest.World) (pupil, mother, father roomtest.Person, e roster.Entry) {
	t.Helper()
	digits := fmt.Sprintf("510104%d0101001", time.Now().Year()-10)
	e = w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: digits + string(identity.CheckCharacter(digits)), SchoolID: w.Here.ID, ClassID: w.Class(t, w.Here.ID, 9).ID})
	pupil, mother, father = w.Person(t, "student"), w.Person(t, "parent"), w.Person(t, "parent")
	w.Bind(t, pupil, e, "student")
	w.Bind(t, mother, e, "parent")
	w.Bind(t, father, e, "parent")
	return pupil, mother, father, e
}

func TestGuardiansOfAChildAreToldAndMayObject(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		here, there := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Elsewhere.ID)
		pupil, mother, father, e := child(t, w)
		grown, _ := somebody(t, w, roster.Student, 3)
		other := request(t, w, grown, w.Elsewhere)
		id := request(t, w, pupil, w.Elsewhere)
		if w.Told(t, mother, "韩*梅申请从"+w.Here.Name) != 1 || w.Told(t, father, "韩*梅申请从") != 1 || w.Told(t, pupil, "申请从") != 0 {
			t.Errorf("asked for: the guardians were told %q", w.Texts(t, mother.Phone))
		}
		mine := w.Do(t, mother, "GET", "/api/v1/me/children/transfers", nil)
		if items := mine.Items(); len(items) != 1 || items[0]["id"] != id || items[0]["own"] != false || items[0]["objection"] != nil || items[0]["reason"] != "" {
			t.Errorf("a guardian reads %v", mine)
		}
		if items := w.Do(t, mother, "GET", "/api/v1/me/transfers", nil).Items(); len(items) != 1 || items[0]["id"] != id || items[0]["own"] != false || items[0]["reason"] != "" {
			t.Errorf("a guardian's list: %v", items)
		}
		objection := func(id string) string { return "/api/v1/me/children/transfers/" + id + "/objection" }
		expect(t, w.Do(t, mother, "PUT", objection(id), object{"reason": " "}), 422, "invalid")
		expect(t, w.Do(t, mother, "PUT", objection(other), object{"reason": "太远"}), 404, "not_found")
		expect(t, w.Do(t, grown, "PUT", objection(id), object{"reason": "太远"}), 404, "not_found")
		expect(t, w.Do(t, mother, "PUT", objection(id), object{"reason": "太远"}), 204, "")
		expect(t, w.Do(t, mother, "PUT", objection(id), object{"reason": "每天要走两小时"}), 204, "")
		expect(t, w.Do(t, mother, "PUT", objection(id), object{"reason": "每天要走两小时"}), 204, "")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE target_id = $1 AND action = 'transfer.object'`, id); n != 4 {
			t.Errorf("%d records of two reasons at two schools", n)
		}
		seen := w.Do(t, there, "GET", path(id, ""), nil).Get("objections").([]any)
		if len(seen) != 1 || seen[0].(object)["reason"] != "每天要走两小时" {
			t.Errorf("the school reads %v", seen)
		}
		if w.Do(t, pupil, "GET", "/api/v1/me/transfers", nil).Items()[0]["objected_at"] == nil || w.Do(t, father, "GET", "/api/v1/me/transfers", nil).Items()[0]["objected_at"] != nil {
			t.Error("whoever asked does not see that a guardian objects, or another guardian does")
		}
		if read := w.Do(t, father, "GET", "/api/v1/me/children/transfers", nil).Items(); read[0]["objection"] != nil {
			t.Error("a guardian reads another's objection")
		}
		together := w.Do(t, here, "POST", "/api/v1/admin/transfers/approve", object{"ids": []string{id, other}}).Items()
		if together[0]["code"] != "transfer_objected" || together[1]["code"] != nil {
			t.Errorf("approved together: %v", together)
		}
		expect(t, w.Do(t, mother, "DELETE", objection(id), nil), 204, "")
		if again := w.Do(t, here, "POST", "/api/v1/admin/transfers/approve", object{"ids": []string{id}}).Items(); again[0]["code"] != nil {
			t.Errorf("approved together, after the objection was taken back: %v", again)
		}
		expect(t, w.Do(t, mother, "PUT", objection(id), object{"reason": "太远"}), 204, "")
		expect(t, w.Do(t, there, "POST", path(id, "/approve"), nil), 409, "transfer_objected") // it came while the request was open
		newest := func() any {
			return w.Do(t, there, "GET", path(id, ""), nil).Get("objections").([]any)[0].(object)["at"]
		}
		before := newest()
		expect(t, w.Do(t, mother, "PUT", objection(id), object{"reason": "法院有判决"}), 204, "")
		expect(t, w.Do(t, there, "POST", path(id, "/approve"), object{"objections_read": before}), 409, "transfer_objected")
		read := newest()
		if last := w.Do(t, there, "POST", path(id, "/approve"), object{"objections_read": read}); last.Get("state") != "completed" || schoolOf(t, w, e) != w.Elsewhere.Name {
			t.Errorf("the school has read why, and decides: %v", last)
		}
		if told := w.Told(t, pupil, "表示不同意"); told != 1 {
			t.Errorf("whoever asked is told %d times of objections, the last after one was taken back", told)
		}
		if w.Told(t, mother, "已由"+w.Here.Name+"转到") != 1 || w.Told(t, father, "已由") != 1 {
			t.Error("the guardians do not learn that the child has moved")
		}
		expect(t, w.Do(t, mother, "DELETE", objection(id), nil), 409, "transfer_closed")
		// What is over stays to be read, with the reason; of a child of their own age it is the child's alone.
		refused := request(t, w, pupil, w.Nearby)
		expect(t, w.Do(t, there, "POST", path(refused, "/reject"), object{"reason": "学籍未结清"}), 200, "")
		if items := w.Do(t, father, "GET", "/api/v1/me/transfers", nil).Items(); len(items) != 2 || items[0]["closing_reason"] != "学籍未结清" || items[1]["state"] != "completed" {
			t.Errorf("a guardian reads %v", items)
		}
		fourteen, ofAge := somebody(t, w, roster.Student, 5)
		w.Bind(t, mother, ofAge, "parent")
		request(t, w, fourteen, w.Elsewhere)
		if items := w.Do(t, mother, "GET", "/api/v1/me/transfers", nil).Items(); len(items) != 2 {
			t.Errorf("a guardian reads %d, one of them a grown child's", len(items))
		}
	})
}

func TestAGuardianWhoAsksIsToldOfTheChildNotAsThePupil(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		_, mother, father, _ := child(t, w)
		id := request(t, w, mother, w.Elsewhere)
		if w.Told(t, mother, "申请从") != 0 || w.Told(t, father, "申请从") != 1 {
			t.Error("whoever asks is told that they asked, or the other guardian is not")
		}
		if own := w.Do(t, mother, "GET", "/api/v1/me/children/transfers", nil).Items(); len(own) != 1 || own[0]["own"] != true {
			t.Errorf("%v", own)
		}
		expect(t, w.Do(t, mother, "PUT", "/api/v1/me/children/transfers/"+id+"/objection", object{"reason": "x"}), 404, "not_found")
		here := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, father, "PUT", "/api/v1/me/children/transfers/"+id+"/objection", object{"reason": "太远"}), 204, "")
		against := func() int { return len(w.Do(t, here, "GET", path(id, ""), nil).Get("objections").([]any)) }
		if n := against(); n != 1 {
			t.Errorf("%d objections of the other guardian", n)
		}
		if _, err := w.DB.Exec(t.Context(), `DELETE FROM guardian_links WHERE account_id = $1`, father.ID); err != nil {
			t.Fatal(err)
		}
		if n := against(); n != 0 {
			t.Error("somebody objects who is no guardian any more")
		}
		if together := w.Do(t, here, "POST", "/api/v1/admin/transfers/approve", object{"ids": []string{id}}).Items(); together[0]["code"] != nil {
			t.Errorf("approved together, after the only objector ceased to be a guardian: %v", together)
		}
		expect(t, w.Do(t, here, "POST", path(id, "/reject"), object{"reason": "材料不全"}), 200, "")
		if w.Told(t, mother, "您的孩子韩*梅转到"+w.Elsewhere.Name+"的申请没有通过") != 1 || w.Told(t, mother, "您转到") != 0 {
			t.Errorf("the mother is told %q", w.Texts(t, mother.Phone))
		}
	})
}

func TestATeacherMovesWithTheReceivingSchoolAlone(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		here, there := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		p, e := somebody(t, w, roster.Teacher, 1)
		id := request(t, w, p, w.Nearby)
		if seen := w.Do(t, here, "GET", path(id, ""), nil); seen.Status != 200 || len(seen.Get("sides").([]any)) != 0 {
			t.Errorf("the school that the teacher leaves reads %v", seen)
		}
		expect(t, w.Do(t, here, "POST", path(id, "/approve"), nil), 403, "forbidden")
		expect(t, w.Do(t, here, "POST", path(id, "/reject"), object{"reason": "不放"}), 403, "forbidden")
		expect(t, w.Do(t, there, "POST", path(id, "/approve"), nil), 200, "")
		if schoolOf(t, w, e) != w.Nearby.Name {
			t.Error("the teacher has not moved")
		}
	})
}

func TestNobodyBeyondTheTwoSchoolsTouchesARequest(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p, e := somebody(t, w, roster.Student, 1)
		other, _ := somebody(t, w, roster.Student, 2)
		id := request(t, w, p, w.Elsewhere)
		for _, stranger := range []roomtest.Person{w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.City, "511300")} {
			expect(t, w.Do(t, stranger, "GET", path(id, ""), nil), 404, "not_found")
			expect(t, w.Do(t, stranger, "POST", path(id, "/approve"), nil), 404, "not_found")
			expect(t, w.Do(t, stranger, "POST", path(id, "/reject"), object{"reason": "x"}), 404, "not_found")
			if a := w.Do(t, stranger, "GET", "/api/v1/admin/transfers", nil); len(a.Items()) != 0 {
				t.Errorf("a stranger lists %v", a)
			}
		}
		expect(t, w.Do(t, other, "DELETE", "/api/v1/me/transfers/"+id, nil), 404, "not_found")
		expect(t, w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/transfers", object{"to_school_id": w.Nearby.ID, "reason": "x"}), 403, "realname_required")
		if schoolOf(t, w, e) != w.Here.Name {
			t.Error("the pupil has moved")
		}
		province := w.Administrator(t, access.Province, "510000")
		if a := w.Do(t, province, "POST", path(id, "/approve"), nil); a.Get("state") != "completed" {
			t.Errorf("whoever stands above both schools answers for both: %v", a)
		}
	})
}

func TestAPupilOfTheirOwnAgeIsToldOfWhatAGuardianAsksForThem(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		for years, told := range map[int]int{10: 0, 16: 1} {
			digits := fmt.Sprintf("510104%d0101%03d", time.Now().Year()-years, years)
			e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: digits + string(identity.CheckCharacter(digits)), SchoolID: w.Here.ID})
			pupil, mother := w.Person(t, "student"), w.Person(t, "parent")
			w.Bind(t, pupil, e, "student")
			w.Bind(t, mother, e, "parent")
			id := request(t, w, mother, w.Elsewhere)
			if n := w.Told(t, pupil, "家长为您申请从"+w.Here.Name); n != told {
				t.Errorf("a pupil of %d is told %d times, want %d", years, n, told)
			}
			mine := w.Do(t, pupil, "GET", "/api/v1/me/transfers", nil).Items()
			if len(mine) != 1 || mine[0]["id"] != id || mine[0]["own"] != false || mine[0]["reason"] != "" {
				t.Errorf("a pupil of %d reads %v", years, mine)
			}
			expect(t, w.Do(t, pupil, "DELETE", "/api/v1/me/transfers/"+id, nil), 404, "not_found")
			if own := w.Do(t, mother, "GET", "/api/v1/me/transfers", nil).Items(); len(own) != 1 || own[0]["own"] != true || own[0]["reason"] == "" {
				t.Errorf("the mother reads %v", own)
			}
		}
	})
}

func TestWhatCannotBeAskedForIsRefusedWithItsReason(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p, _ := somebody(t, w, roster.Student, 1)
		ask := func(to, reason string) roomtest.Answer {
			return w.Do(t, p, "POST", "/api/v1/me/transfers", object{"to_school_id": to, "reason": reason})
		}
		expect(t, ask(w.Nearby.ID, " "), 422, "invalid")
		expect(t, ask("nowhere", "搬家"), 404, "not_found")
		expect(t, ask(w.Here.ID, "搬家"), 422, "transfer_not_needed")
		request(t, w, p, w.Nearby)
		open := ask(w.Elsewhere.ID, "搬家")
		if expect(t, open, 409, "transfer_open"); open.Get("next_step.href") != "/me/transfers" {
			t.Errorf("no way to the open one: %v", open)
		}
	})
}

func TestARejectionSaysWhyAndFreesThePerson(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		there := w.Administrator(t, access.School, w.Nearby.ID)
		p, _ := somebody(t, w, roster.Student, 1)
		id := request(t, w, p, w.Nearby)
		expect(t, w.Do(t, there, "POST", path(id, "/reject"), object{"reason": " "}), 422, "invalid")
		expect(t, w.Do(t, there, "POST", path(id, "/reject"), object{"reason": "学位已满"}), 200, "")
		me := w.Do(t, p, "GET", "/api/v1/me/transfers", nil).Items()
		if me[0]["state"] != "rejected" || me[0]["closing_reason"] != "学位已满" {
			t.Errorf("the person reads %v", me)
		}
		if a := w.Do(t, w.Administrator(t, access.Service, "510000"), "GET", path(id, ""), nil); a.Get("state") != "rejected" || strings.Contains(a.Text, "学位已满") {
			t.Errorf("customer service reads what a school wrote to the person: %v", a)
		}
		// The other school has said nothing.
		if said := me[0]["approvals"].([]any); said[0].(object)["state"] != "ended" || said[1].(object)["state"] != "rejected" {
			t.Errorf("what the schools said: %v", said)
		}
		id = request(t, w, p, w.Elsewhere)
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/transfers/"+id, nil), 204, "")
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/transfers/"+id, nil), 409, "transfer_closed")
		request(t, w, p, w.Nearby)
	})
}

func TestARequestWithoutGroundMovesNobody(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		there := w.Administrator(t, access.School, w.Nearby.ID)
		p, e := somebody(t, w, roster.Teacher, 1)
		id := request(t, w, p, w.Nearby)
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		expect(t, w.Do(t, there, "POST", path(id, "/approve"), nil), 409, "transfer_moot")
		if a := w.Do(t, there, "GET", path(id, ""), nil); a.Get("state") != "cancelled" || a.Get("closing_reason") != "moot" {
			t.Errorf("the request stands as %v", a)
		}
		if schoolOf(t, w, e) != w.Here.Name {
			t.Error("the entry moved on a request that has lost its ground")
		}

		// Another account binds the entry; the open request of the first does not stand in its way.
		second := w.Person(t, "teacher")
		w.Bind(t, second, e, roster.Teacher)
		old := request(t, w, second, w.Nearby)
		expect(t, w.Do(t, second, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		third := w.Person(t, "teacher")
		w.Bind(t, third, e, roster.Teacher)
		request(t, w, third, w.Nearby)
		if a := w.Do(t, there, "GET", path(old, ""), nil); a.Get("state") != "cancelled" {
			t.Errorf("the request of whoever was bound before stands as %v", a)
		}
	})
}

func TestAGuardianAsksForTheirChild(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		_, first := somebody(t, w, roster.Student, 1)
		_, second := somebody(t, w, roster.Student, 2)
		parent := w.Person(t, "parent")
		w.Bind(t, parent, first, "parent")
		w.Bind(t, parent, second, "parent")
		all, err := w.Verification.BindingsOf(t.Context(), w.DB, parent.ID)
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		a := w.Do(t, parent, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Nearby.ID, "reason": "搬家", "binding_id": all[1].ID})
		expect(t, a, 201, "")
		county := w.Administrator(t, access.County, "510104")
		expect(t, w.Do(t, county, "POST", path(a.Get("id").(string), "/approve"), nil), 200, "")
		if schoolOf(t, w, first) != w.Here.Name || schoolOf(t, w, second) != w.Nearby.Name {
			t.Error("the wrong child moved")
		}
	})
}

func TestWhatIsLeftUnansweredGoesUpAndThenEnds(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		now := time.Date(2026, 9, 14, 9, 0, 0, 0, calendar.Shanghai) // a Monday
		rules := transfers.Config{AnswerDays: 2, LifeDays: 4, Calendar: calendar.Default()}
		room := transfers.New(w.DB, w.Accounts, w.Roster, w.Verification, rules, func() time.Time { return now })
		p, _ := somebody(t, w, roster.Student, 1)
		asked, err := room.Request(access.WithActor(t.Context(), access.Actor{AccountID: p.ID}), "", w.Nearby.ID, "搬家")
		if err != nil {
			t.Fatal(err)
		}
		state := func() (string, bool) {
			if err := room.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			var state string
			var up bool
			if err := w.DB.QueryRow(t.Context(), `SELECT state, escalated_at IS NOT NULL FROM transfers WHERE id = $1`, asked.ID).Scan(&state, &up); err != nil {
				t.Fatal(err)
			}
			return state, up
		}
		for _, step := range []struct {
			now   time.Time
			state string
			up    bool
		}{
			{now.Add(48 * time.Hour), "pending", false}, // Wednesday: within two working days
			{now.Add(64 * time.Hour), "pending", true},  // Thursday
			{now.Add(111 * time.Hour), "pending", true}, // Friday, the fourth, has just ended …
			{now.Add(112 * time.Hour), "expired", true}, // … an hour later
		} {
			now = step.now
			if state, up := state(); state != step.state || up != step.up {
				t.Errorf("%s: %s, escalated %v", now, state, up)
			}
			now = time.Date(2026, 9, 14, 9, 0, 0, 0, calendar.Shanghai)
		}
		if w.Notices(t, p) != 3 {
			t.Errorf("%d notices, want one each of the binding, the escalation and the end", w.Notices(t, p))
		}
	})
}

func TestSeveralAreApprovedTogetherAndOneFailureHoldsUpNone(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		there := w.Administrator(t, access.School, w.Nearby.ID)
		a, _ := somebody(t, w, roster.Teacher, 1)
		b, _ := somebody(t, w, roster.Teacher, 2)
		ids := []string{request(t, w, a, w.Nearby), "unknown", request(t, w, b, w.Nearby)}
		done := w.Do(t, there, "POST", "/api/v1/admin/transfers/approve", object{"ids": ids})
		expect(t, done, 200, "")
		items := done.Items()
		if len(items) != 3 || items[0]["code"] != nil || items[1]["code"] != "not_found" || items[2]["code"] != nil {
			t.Errorf("outcomes %v", done)
		}
		if n := w.Count(t, `SELECT count(*) FROM transfers WHERE state = 'completed'`); n != 2 {
			t.Errorf("%d completed", n)
		}
		expect(t, w.Do(t, there, "POST", "/api/v1/admin/transfers/approve", object{"ids": []string{}}), 422, "invalid")
	})
}

func TestRequestsAtOnceOpenOne(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p, _ := somebody(t, w, roster.Student, 1)
		var all sync.WaitGroup
		statuses := make([]int, 8)
		for i := range statuses {
			all.Go(func() {
				statuses[i] = w.Do(t, p, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Nearby.ID, "reason": "搬家"}).Status
			})
		}
		all.Wait()
		made := 0
		for _, status := range statuses {
			if status == 201 {
				made++
			} else if status != 409 {
				t.Errorf("status %d", status)
			}
		}
		if made != 1 || w.Count(t, `SELECT count(*) FROM transfers WHERE state = 'pending'`) != 1 {
			t.Errorf("%d requests were made at once", made)
		}
	})
}
