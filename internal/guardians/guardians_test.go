package guardians_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/replacement"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/verification"
)

type object = map[string]any

// family is a world with a class, its class teacher and its school's administrator.
type family struct {
	*roomtest.World
	class   roster.Class
	teacher roomtest.Person
	school  roomtest.Person
	number  int
}

func each(t *testing.T, test func(t *testing.T, f *family)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := &family{World: roomtest.New(t, d, roomtest.Rules())}
		f.Roster.Mount(f.Server)
		replacement.New(d, replacement.Rooms{Accounts: f.Accounts, Roster: f.Roster, Support: f.Support, Transfers: f.Transfers, Recovery: f.Recovery}).Mount(f.Server)
		f.class, f.teacher, f.school = f.Class(t, f.Here.ID, 1), f.Person(t, "teacher"), f.Administrator(t, access.School, f.Here.ID)
		f.number = 500
		own := f.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "杜鹃", IDNumber: f.next(), SchoolID: f.Here.ID})
		f.Bind(t, f.teacher, own, "teacher")
		path := "/api/v1/admin/classes/" + f.class.ID + "/teachers"
		f.ok(t, f.school, 200, "PUT", path, object{"teacher_ids": []string{own.ID}, "class_teacher_ids": []string{own.ID}})
		test(t, f)
	})
}

// next is the number of a child of some ten years.
func (f *family) next() string {
	f.number++
	digits := fmt.Sprintf("510104%d0101%03d", time.Now().Year()-10, f.number)
	return digits + string(identity.CheckCharacter(digits))
}

func (f *family) ok(t *testing.T, p roomtest.Person, status int, method, path string, body any) roomtest.Answer {
	t.Helper()
	a := f.Do(t, p, method, "/api/v1"+strings.TrimPrefix(path, "/api/v1"), body)
	if a.Status != status {
		t.Fatalf("%s %s: %v, want %d", method, path, a, status)
	}
	return a
}

func (f *family) refused(t *testing.T, p roomtest.Person, status int, code, method, path string, body any) {
	t.Helper()
	if a := f.ok(t, p, status, method, path, body); a.Get("code") != code {
		t.Errorf("%s %s: %v, want %s", method, path, a, code)
	}
}

// pupil adds a pupil of the class and answers the entry and its number.
func (f *family) pupil(t *testing.T) (roster.Entry, string) {
	number := f.next()
	return f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: number, SchoolID: f.Here.ID, ClassID: f.class.ID}), number
}

// grown adds a pupil who is fourteen or more.
func (f *family) grown(t *testing.T) (roster.Entry, string) {
	number := "440524188001010014"
	return f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: number, SchoolID: f.Here.ID, ClassID: f.class.ID}), number
}

// ask asks to be the guardian, and answers the request's id.
func (f *family) ask(t *testing.T, p roomtest.Person, number string) string {
	t.Helper()
	a := f.ok(t, p, 201, "POST", "/me/binding", claimOf(number))
	if a.Get("state") != "asked" {
		t.Fatalf("not asked: %v", a)
	}
	return a.Get("id").(string)
}

func claimOf(number string) object {
	return object{"kind": "parent", "id_type": "resident_id", "id_number": number, "name": "韩梅梅", "guardian_name": "韩父", "relation": "father"}
}

func decision(confirm bool, ids ...string) object {
	return object{"ids": ids, "confirm": confirm, "reason": "不认识"}
}

func (f *family) decide(t *testing.T, p roomtest.Person, confirm bool, ids ...string) roomtest.Answer {
	t.Helper()
	return f.Do(t, p, "POST", "/api/v1/guardianships/decide", decision(confirm, ids...))
}

func (f *family) state(t *testing.T, id string) (state string) {
	t.Helper()
	if err := f.DB.QueryRow(t.Context(), `SELECT state FROM guardian_requests WHERE id = $1`, id).Scan(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

// own is a guardian's only request, as they see it.
func (f *family) own(t *testing.T, p roomtest.Person) roomtest.Answer {
	t.Helper()
	a := f.ok(t, p, 200, "GET", "/me/guardianships", nil)
	return roomtest.Answer{Body: a.Items()[0], Text: a.Text}
}

func TestWhoDecidesSeesByWhatOtherNameTheAccountIsAGuardian(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, first := f.pupil(t)
		_, second := f.pupil(t)
		p := f.Person(t, "parent")
		if a := f.decide(t, f.teacher, true, f.ask(t, p, first)); a.Status != 200 {
			t.Fatal(a)
		}
		waiting := func(name string) any {
			claim := claimOf(second)
			claim["guardian_name"] = name
			id := f.ok(t, p, 201, "POST", "/me/binding", claim).Get("id").(string)
			names := f.ok(t, f.teacher, 200, "GET", "/guardianships?state=asked", nil).Items()[0]["other_names"]
			f.ok(t, p, 200, "POST", "/me/guardianships/"+id+"/withdraw", nil)
			return names
		}
		if names := waiting("韩父"); len(names.([]any)) != 0 {
			t.Errorf("the same name is shown as another: %v", names)
		}
		if names := waiting("李四"); fmt.Sprint(names) != "[韩*]" {
			t.Errorf("the class teacher reads %v", names)
		}
	})
}

func TestOfEachChildAGuardianSeesWhatIsAndNotWhatWasBefore(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		p := f.Person(t, "parent")
		f.decide(t, f.school, false, f.ask(t, p, number))
		if seen := f.own(t, p); seen.Get("state") != "declined" || seen.Get("channel") != "school" {
			t.Errorf("who was declined sees %v", seen.Text)
		}
		again := f.ask(t, p, number)
		f.decide(t, f.school, true, again)
		if all := f.ok(t, p, 200, "GET", "/me/guardianships", nil).Items(); len(all) != 1 || all[0]["id"] != again {
			t.Errorf("whose child it is now sees %v", all)
		}
	})
}

func TestUntilItIsConfirmedAGuardianSeesThatItWaitsAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		p := f.Person(t, "parent")
		id := f.ask(t, p, number)
		seen := f.own(t, p)
		if seen.Get("state") != "asked" || seen.Get("child") != nil || seen.Get("asked_name") != "韩*梅" || seen.Get("expires_at") == nil {
			t.Errorf("whoever waits sees %v", seen.Text)
		}
		for _, secret := range []string{f.Here.Name, "七年级", number} {
			if strings.Contains(seen.Text, secret) {
				t.Errorf("whoever waits learns %q: %s", secret, seen.Text)
			}
		}
		f.refused(t, p, 403, "realname_required", "PUT", "/me/binding/class", object{"class_id": f.class.ID})

		queue := f.ok(t, f.teacher, 200, "GET", "/guardianships?state=asked", nil).Items()
		if len(queue) != 1 || queue[0]["child"] != "韩梅梅" || queue[0]["guardian_name"] != "韩父" || queue[0]["relation"] != "father" || queue[0]["masked_phone"] == "" {
			t.Fatalf("the class teacher sees %v", queue)
		}
		if a := f.decide(t, f.teacher, true, id); a.Status != 200 || a.Get("decided") != 1.0 {
			t.Fatal(a)
		}
		seen = f.own(t, p)
		if seen.Get("state") != "confirmed" || seen.Get("child.school.name") != f.Here.Name || seen.Get("channel") != "class_teacher" {
			t.Errorf("once confirmed: %v", seen.Text)
		}
		if f.Told(t, p, "已被确认") != 1 {
			t.Error("the guardian was not told")
		}
	})
}

// Who knows the student number instead of the document's is asked and answered alike, and learns as little.
func TestAGuardianNamesTheChildByStudentNumber(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		const student = "L510104201801010001"
		number := f.next()
		f.pupil(t) // another of that name, whose student number nobody has entered
		child := f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: number, SchoolID: f.Here.ID, ClassID: f.class.ID, StudentNumber: student})
		p := f.Person(t, "parent")
		claim := func(change object) object {
			c := object{"kind": "parent", "student_number": student, "name": "韩梅梅", "guardian_name": "韩父", "relation": "father"}
			for name, value := range change {
				c[name] = value
			}
			return c
		}
		for what, wrong := range map[string]object{"the number": {"student_number": "L510104201801010002"}, "the name": {"name": "韩雪"}} {
			a := f.ok(t, p, 422, "POST", "/me/binding", claim(wrong))
			if a.Get("code") != "realname_no_match" || a.Get("next_step.action") != "request_entry" {
				t.Errorf("%s is wrong: %v", what, a)
			}
		}
		for field, wrong := range map[string]object{"student_number": {"student_number": "5101042018"}, "name": {"name": "7"}} {
			if a := f.ok(t, p, 422, "POST", "/me/binding", claim(wrong)); a.Get("code") != "invalid" || !strings.Contains(a.Text, `"`+field+`"`) {
				t.Errorf("%s is wrong: %v", field, a)
			}
		}
		f.refused(t, p, 422, "fields_swapped", "POST", "/me/binding", claim(object{"student_number": "韩梅梅", "name": student}))
		f.refused(t, f.Person(t, "student"), 422, "invalid", "POST", "/me/binding", claim(object{"kind": "student"}))

		a := f.ok(t, p, 201, "POST", "/me/binding", claim(object{"student_number": strings.ToLower(student)}))
		seen := f.own(t, p)
		if a.Get("state") != "asked" || a.Get("school") != nil || seen.Get("asked_number") != "l51010*********0001" || strings.Contains(seen.Text, f.Here.Name) || strings.Contains(a.Text, number) {
			t.Errorf("whoever waits sees %v, %v", a, seen.Text)
		}
		if id := f.ask(t, p, number); id != a.Get("id") {
			t.Error("by the document it is another request")
		}
		f.decide(t, f.teacher, true, a.Get("id").(string))
		if n := f.Count(t, `SELECT count(*) FROM guardian_links WHERE entry_id = $1`, child.ID); n != 1 {
			t.Error("the child has no guardian")
		}

		guesses := f.Person(t, "parent")
		for range roomtest.Rules().AccountAttempts {
			f.refused(t, guesses, 422, "realname_no_match", "POST", "/me/binding", claim(object{"student_number": "L510104201801010003"}))
		}
		f.refused(t, guesses, 429, "too_many_attempts", "POST", "/me/binding", claim(nil))
		f.refused(t, guesses, 429, "too_many_attempts", "POST", "/me/binding", claimOf(number))
	})
}

func TestWhoMayDecide(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		colleague := f.Person(t, "teacher")
		e := f.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: f.next(), SchoolID: f.Here.ID})
		f.Bind(t, colleague, e, "teacher")
		f.InTx(t, func(tx *db.Tx) error { // teaches the class, and is not its class teacher
			_, err := tx.Exec(t.Context(), `INSERT INTO class_teachers (class_id, entry_id) VALUES ($1, $2)`, f.class.ID, e.ID)
			return err
		})
		id := f.ask(t, f.Person(t, "parent"), number)
		for _, p := range []roomtest.Person{colleague, f.Person(t, "parent"), f.Administrator(t, access.School, f.Nearby.ID), f.Administrator(t, access.County, "510302")} {
			if a := f.decide(t, p, true, id); a.Status != 404 {
				t.Errorf("a stranger's decision: %v", a)
			}
			if n := len(f.ok(t, p, 200, "GET", "/guardianships", nil).Items()); n != 0 {
				t.Errorf("a stranger sees %d requests", n)
			}
		}
		f.refused(t, f.school, 422, "invalid", "POST", "/guardianships/decide", object{"ids": []string{id}, "confirm": false, "reason": " "})
		_, second := f.pupil(t)
		other := f.ask(t, f.Person(t, "parent"), second)
		if a := f.decide(t, f.school, false, id, other, "unknown"); a.Status != 200 || a.Get("decided") != 2.0 || len(a.Body["refused"].([]any)) != 1 {
			t.Errorf("in bulk: %v", a)
		}
		if f.state(t, id) != "declined" {
			t.Error(f.state(t, id))
		}
	})
}

func TestNobodyDecidesTheirOwnRequest(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		child, number := f.pupil(t)
		code := f.Slip(t, f.school, f.class.ID, child.ID)
		for _, p := range []roomtest.Person{f.teacher, f.school} {
			id, others := f.ask(t, p, number), f.ask(t, f.Person(t, "parent"), number)
			f.refused(t, p, 403, "guardian_own_request", "POST", "/me/guardianships/"+id+"/slip", object{"code": code}) // they may print it
			f.refused(t, p, 403, "guardian_own_request", "POST", "/guardianships/decide", decision(true, id))
			f.refused(t, p, 403, "guardian_own_request", "POST", "/guardianships/decide", decision(false, id))
			for _, one := range f.ok(t, p, 200, "GET", "/guardianships?state=asked", nil).Items() {
				if one["id"] == id {
					t.Error("their own request is offered to them")
				}
			}
			if a := f.decide(t, p, true, id, others); a.Get("decided") != 1.0 || f.state(t, id) != "asked" || f.state(t, others) != "confirmed" {
				t.Errorf("in bulk: %v", a)
			}
		}
		// The class teacher's own waits for the school, and the administrator's for the class teacher.
		if a := f.ok(t, f.teacher, 200, "GET", "/guardianships?state=asked", nil); len(a.Items()) != 1 {
			t.Errorf("the class teacher sees %v", a)
		}
		for _, one := range f.ok(t, f.school, 200, "GET", "/guardianships?state=asked", nil).Items() {
			if a := f.decide(t, f.school, true, one["id"].(string)); a.Get("decided") != 1.0 {
				t.Error(a)
			}
		}
	})
}

func TestTheOtherGuardiansAreToldWhoComesAndGoes(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		mother, father, waits := f.Person(t, "parent"), f.Person(t, "parent"), f.Person(t, "parent")
		f.decide(t, f.school, true, f.ask(t, mother, number))
		id := f.ask(t, father, number)
		f.ask(t, waits, number)
		f.decide(t, f.school, true, id)
		f.ok(t, f.school, 204, "POST", "/admin/guardianships/"+id+"/end", object{"reason": "监护权已变更"})
		if f.Told(t, mother, "您的孩子韩*梅（"+f.Here.Name+"）又确认了一位家长") != 1 || f.Told(t, mother, "另一位家长已解除") != 1 {
			t.Errorf("the other guardian was told %q", f.Texts(t, mother.Phone))
		}
		if f.Told(t, father, "又确认") != 0 || f.Told(t, father, "另一位家长") != 0 || f.Told(t, waits, "孩子") != 0 {
			t.Error("somebody else was told")
		}
	})
}

func TestTheChildsSlipConfirmsAtOnceAndIsNotUsedUp(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		child, number := f.pupil(t)
		other, _ := f.pupil(t)
		printed := func(e roster.Entry) string { return f.Slip(t, f.school, f.class.ID, e.ID) }
		mother, father := f.Person(t, "parent"), f.Person(t, "parent")
		path := "/me/guardianships/" + f.ask(t, mother, number) + "/slip"
		wrong := object{"code": "2222-2222-2222"}
		f.refused(t, mother, 422, "slip_invalid", "POST", path, wrong)
		// Whoever is signed in is not advised to register; whoever is not, is.
		for _, p := range []roomtest.Person{mother, {}} {
			if a := f.ok(t, p, 422, "POST", "/slips/consents/read", wrong); strings.Contains(a.Text, "/register") != (p.ID == "") {
				t.Errorf("%v", a)
			}
		}
		f.refused(t, mother, 422, "slip_invalid", "POST", path, object{"code": printed(other)})
		code := printed(child)
		f.ok(t, father, 404, "POST", path, object{"code": code})
		if a := f.ok(t, mother, 200, "POST", path, object{"code": code}); a.Get("state") != "confirmed" || a.Get("child.name") != "韩梅梅" {
			t.Errorf("by slip: %v", a)
		}
		if _, err := f.Slips.Check(t.Context(), code); err != nil {
			t.Errorf("the child cannot use the slip any more: %v", err)
		}
		if _, err := f.Slips.Register(t.Context(), code, "hanmeimei1", roomtest.Password); err != nil {
			t.Fatal(err)
		}
		f.ok(t, father, 200, "POST", "/me/guardianships/"+f.ask(t, father, number)+"/slip", object{"code": code})
		if others := f.own(t, father).Body["others"].([]any); len(others) != 1 || others[0].(object)["masked_name"] != "韩*" {
			t.Errorf("the father sees of the mother: %v", others)
		}
		late := f.Person(t, "parent")
		id := f.ask(t, late, number)
		f.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE activation_slips SET expires_at = $1 WHERE entry_id = $2`, db.At(time.Now().Add(-time.Hour)), child.ID)
			return err
		})
		f.refused(t, late, 422, "slip_expired", "POST", "/me/guardianships/"+id+"/slip", object{"code": code})
	})
}

func TestAChildOfFourteenSeesAndConfirms(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		young, youngNumber := f.pupil(t)
		old, number := f.grown(t)
		small, grown, p := f.Person(t, "student"), f.Person(t, "student"), f.Person(t, "parent")
		f.Bind(t, small, young, "student")
		f.Bind(t, grown, old, "student")
		id := f.ask(t, p, number)
		mother, other := f.ask(t, f.Person(t, "parent"), youngNumber), f.ask(t, f.Person(t, "parent"), youngNumber)
		f.decide(t, f.school, true, mother)
		if a := f.ok(t, small, 200, "GET", "/me/guardians", nil); a.Get("of_own_age") != false || len(a.Items()) != 1 || a.Items()[0]["id"] != mother || a.Items()[0]["relation"] != "father" {
			t.Errorf("a child of less than fourteen sees %v", a)
		}
		f.ok(t, small, 404, "POST", "/me/guardians/"+other+"/answer", object{"confirm": true})
		a := f.ok(t, grown, 200, "GET", "/me/guardians", nil)
		if len(a.Items()) != 1 || a.Items()[0]["name"] != "韩父" || a.Items()[0]["state"] != "asked" {
			t.Errorf("of fourteen: %v", a)
		}
		f.ok(t, small, 404, "POST", "/me/guardians/"+id+"/answer", object{"confirm": true})
		f.ok(t, grown, 204, "POST", "/me/guardians/"+id+"/answer", object{"confirm": true})
		if f.own(t, p).Get("channel") != "child" {
			t.Error(f.own(t, p).Text)
		}
	})
}

func TestTheEndOfCustody(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		child, number := f.pupil(t)
		self, p := f.Person(t, "student"), f.Person(t, "parent")
		f.Bind(t, self, child, "student")
		id := f.ask(t, p, number)
		f.decide(t, f.teacher, true, id)
		path := "/admin/guardianships/" + id + "/end"
		f.ok(t, f.teacher, 403, "POST", path, object{"reason": "法院判决"})
		f.ok(t, f.Administrator(t, access.School, f.Nearby.ID), 404, "POST", path, object{"reason": "法院判决"})
		f.refused(t, f.school, 422, "invalid", "POST", path, object{"reason": ""})
		f.ok(t, f.school, 204, "POST", path, object{"reason": "法院判决"})
		f.ok(t, f.school, 404, "POST", path, object{"reason": "法院判决"})
		if f.Told(t, p, "管理员已解除") != 1 || f.Told(t, self, "管理员解除了一位家长") != 1 {
			t.Error("both sides were not told")
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'guardian.end' AND reason = '法院判决'`); n != 1 {
			t.Errorf("%d records", n)
		}
		if seen := f.own(t, p); seen.Get("state") != "ended" || seen.Get("child") != nil || seen.Get("reason") != "法院判决" {
			t.Errorf("whose custody has ended sees %v", seen.Text)
		}
		again := f.ask(t, p, number)
		if a := f.decide(t, f.teacher, true, again); a.Status != 403 || a.Get("code") != "guardian_school_only" {
			t.Errorf("the class teacher gives back what the school took: %v", a)
		}
		if a := f.decide(t, f.school, true, again); a.Status != 200 {
			t.Error(a)
		}
		f.refused(t, p, 422, "password_wrong", "POST", "/me/guardianships/"+again+"/leave", object{"password": "Wrong2026"})
		f.ok(t, p, 204, "POST", "/me/guardianships/"+again+"/leave", object{"password": roomtest.Password})
		if f.state(t, again) != "left" || f.Count(t, `SELECT count(*) FROM guardian_links`) != 0 {
			t.Error("the guardian has not left")
		}
	})
}

func TestThereIsRoomForSoManyAndNoMore(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		late := f.ask(t, f.Person(t, "parent"), number)
		for range verification.MostGuardians {
			if a := f.decide(t, f.school, true, f.ask(t, f.Person(t, "parent"), number)); a.Status != 200 {
				t.Fatal(a)
			}
		}
		if a := f.decide(t, f.school, true, late); a.Status != 409 || a.Get("code") != "guardians_full" || !strings.Contains(a.Text, fmt.Sprint(verification.MostGuardians)) {
			t.Errorf("one more: %v", a)
		}
		if f.state(t, late) != "asked" {
			t.Error("a refusal for want of room decided the request")
		}
		f.refused(t, f.Person(t, "parent"), 409, "guardians_full", "POST", "/me/binding", claimOf(number))

		many := f.Person(t, "parent")
		for range verification.MostChildren {
			_, number := f.pupil(t)
			f.ask(t, many, number)
		}
		_, number = f.pupil(t)
		f.refused(t, many, 409, "children_full", "POST", "/me/binding", claimOf(number))

		again := f.Person(t, "parent")
		for range verification.MostAsked {
			f.ok(t, again, 200, "POST", "/me/guardianships/"+f.ask(t, again, number)+"/withdraw", nil)
		}
		f.refused(t, again, 429, "too_many_attempts", "POST", "/me/binding", claimOf(number))
	})
}

func TestWhatNobodyAnswersExpires(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		p := f.Person(t, "parent")
		id := f.ask(t, p, number)
		if err := f.Guardians.Sweep(t.Context()); err != nil || f.state(t, id) != "asked" {
			t.Fatalf("%s, %v", f.state(t, id), err)
		}
		f.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE guardian_requests SET expires_at = $1`, db.At(time.Now().Add(-time.Second)))
			return err
		})
		for range 2 {
			if err := f.Guardians.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if f.state(t, id) != "expired" || f.Told(t, p, "已过期") != 1 {
			t.Errorf("%s, told %d times", f.state(t, id), f.Told(t, p, "已过期"))
		}
	})
}

// An account of a parent has several children: an administrator says which one it is about, and each is named to the guardian.
func TestAnAdministratorUnbindsAParentFromTheChildTheyChoose(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		p, outside := f.Person(t, "parent"), f.Administrator(t, access.School, f.Nearby.ID)
		var links []string
		for _, name := range []string{"韩梅梅", "韩小梅", "韩大梅"} {
			number := f.next()
			f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: number, SchoolID: f.Here.ID, ClassID: f.class.ID})
			claim := claimOf(number)
			claim["name"] = name
			links = append(links, f.ok(t, p, 201, "POST", "/me/binding", claim).Get("id").(string))
		}
		f.decide(t, f.school, true, links...)
		found := f.ok(t, f.Administrator(t, access.Province, "510000"), 200, "GET", "/admin/accounts?phone="+p.Phone, nil).Items()[0]["children"].([]any)
		if len(found) != 3 || found[1].(object)["id"] != links[1] || found[1].(object)["name"] != "韩小梅" {
			t.Fatalf("the search shows %v", found)
		}

		path := "/admin/accounts/" + p.ID + "/binding"
		f.refused(t, f.school, 422, "invalid", "DELETE", path, object{"reason": "核对"})
		f.refused(t, outside, 404, "not_found", "DELETE", path, object{"reason": "核对", "binding_ids": links[:1]})
		f.refused(t, f.school, 404, "not_found", "DELETE", path, object{"reason": "核对", "binding_ids": []string{links[1], "elsewhere"}})
		f.ok(t, f.school, 204, "DELETE", path, object{"reason": "核对", "binding_ids": links[1:]})
		if f.state(t, links[0])+f.state(t, links[1])+f.state(t, links[2]) != "confirmedendedended" {
			t.Errorf("%s, %s, %s", f.state(t, links[0]), f.state(t, links[1]), f.state(t, links[2]))
		}
		if f.Told(t, p, "韩*梅（"+f.Here.Name+"）的亲子关系") != 2 {
			t.Error("the guardian was not told of each child by name")
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'guardian.end' AND reason = '核对' AND details LIKE '%韩*梅%'`); n != 2 {
			t.Errorf("%d records name the child", n)
		}
	})
}

// Nobody ends by unbinding what they may not end as a guardian's link.
func TestAnAdministratorUnbindsNobodyFromAChildOfTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		mother, father := f.Administrator(t, access.School, f.Here.ID), f.Person(t, "parent")
		ids := []string{f.ask(t, mother, number), f.ask(t, father, number)}
		f.decide(t, f.school, true, ids...)
		f.refused(t, mother, 403, "guardian_own_request", "DELETE", "/admin/accounts/"+father.ID+"/binding", object{"reason": "核对", "binding_ids": ids[1:]})
	})
}

// A guardian whose phone is the recovery contact of the child's account, or of a sibling's, reads one text of what concerns them.
func TestAPhoneBehindTwoAccountsIsToldOnce(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		child, number := f.pupil(t)
		pupil, mother, father := f.Newcomer(t, "student"), f.Person(t, "parent"), f.Person(t, "parent")
		f.Bind(t, pupil, child, "student")
		f.Contact(t, pupil, mother.Phone)
		ids := []string{f.ask(t, mother, number), f.ask(t, father, number)}
		for _, step := range []struct {
			do       func()
			told     string
			toFather int
		}{
			{func() { f.decide(t, f.school, true, ids[0]) }, "您已被确认", 0},
			{func() { f.decide(t, f.school, true, ids[1]) }, "一位家长已被确认为韩*梅", 1},
			{func() {
				f.ok(t, f.school, 204, "POST", "/admin/guardianships/"+ids[1]+"/end", object{"reason": "核对"})
			}, "管理员解除了一位家长与韩*梅", 1},
			{func() {
				f.ok(t, f.school, 204, "POST", "/admin/guardianships/"+ids[0]+"/end", object{"reason": "核对"})
			}, "管理员已解除您与孩子", 0},
		} {
			before, others := len(f.Texts(t, mother.Phone)), len(f.Texts(t, father.Phone))
			step.do()
			if after := f.Texts(t, mother.Phone); len(after) != before+1 || !strings.Contains(after[0], step.told) {
				t.Errorf("the mother reads %q", after[:len(after)-before])
			}
			if now := len(f.Texts(t, father.Phone)); now != others+step.toFather {
				t.Errorf("the father was told %d times of %q", now-others, step.told)
			}
		}
		if n := f.Count(t, `SELECT count(*) FROM security_events WHERE account_id = $1`, pupil.ID); n != 5 { // the binding, too
			t.Errorf("the child's account keeps %d events", n)
		}
	})
}

// Whatever is done to a request at once, one thing has happened to it, and a link is there for a confirmed one and for no other.
func TestOneOutcomeWhateverIsDoneAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		const rounds = 12
		for round := range rounds {
			child, number := f.pupil(t)
			p := f.Person(t, "parent")
			id := f.ask(t, p, number)
			replacement := f.next()
			deeds := map[string]func() roomtest.Answer{
				"confirm":  func() roomtest.Answer { return f.decide(t, f.teacher, true, id) },
				"again":    func() roomtest.Answer { return f.decide(t, f.school, true, id) },
				"decline":  func() roomtest.Answer { return f.decide(t, f.school, false, id) },
				"withdraw": func() roomtest.Answer { return f.Do(t, p, "POST", "/api/v1/me/guardianships/"+id+"/withdraw", nil) },
				"unbind": func() roomtest.Answer {
					return f.Do(t, f.school, "DELETE", "/api/v1/admin/accounts/"+p.ID+"/binding", object{"reason": "核对", "binding_ids": []string{id}})
				},
				"end": func() roomtest.Answer {
					return f.Do(t, f.school, "POST", "/api/v1/admin/guardianships/"+id+"/end", object{"reason": "核对"})
				},
				"replace": func() roomtest.Answer {
					return f.Do(t, f.school, "POST", "/api/v1/admin/registry/"+child.ID+"/replacement",
						object{"id_type": "resident_id", "id_number": replacement, "reason": "录入有误"})
				},
			}
			answers, mutex := map[string]roomtest.Answer{}, sync.Mutex{}
			var all sync.WaitGroup
			for name, do := range deeds {
				all.Go(func() {
					a := do()
					mutex.Lock()
					answers[name] = a
					mutex.Unlock()
				})
			}
			all.Wait()
			won := 0
			for name, a := range answers {
				if a.Status >= 500 {
					t.Fatalf("%s: %v", name, a)
				}
				if name != "replace" && name != "end" && name != "unbind" && a.Status == 200 {
					won++
				}
			}
			if won != 1 {
				t.Fatalf("round %d: %d of them decided it: %v", round, won, answers)
			}
			if answers["replace"].Status != http.StatusCreated {
				t.Fatalf("round %d: %v", round, answers["replace"])
			}
			links := f.Count(t, `SELECT count(*) FROM guardian_links g JOIN guardian_requests r ON r.id = g.id AND r.entry_id = g.entry_id
				JOIN registry_entries e ON e.id = g.entry_id WHERE g.id = $1`, id)
			if state := f.state(t, id); (state == "confirmed") != (links == 1) {
				t.Fatalf("round %d: %s, with %d links", round, state, links)
			}
		}
		if n := f.Count(t, `SELECT count(*) FROM guardian_links g LEFT JOIN guardian_requests r ON r.id = g.id WHERE r.state IS NULL OR r.state <> 'confirmed'`); n != 0 {
			t.Errorf("%d links of what is not confirmed", n)
		}
	})
}

// However many are confirmed at once, there are never more guardians than there is room for.
func TestTheLastPlaceIsGivenOnce(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		ids := make([]string, verification.MostGuardians+3)
		for i := range ids {
			ids[i] = f.ask(t, f.Person(t, "parent"), number)
		}
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() { f.decide(t, f.school, true, id) })
		}
		all.Wait()
		if n := f.Count(t, `SELECT count(*) FROM guardian_links`); n != verification.MostGuardians {
			t.Errorf("%d guardians", n)
		}
	})
}

// A closed account is nobody's guardian, and what its owner said of themselves is forgotten.
func TestAClosedAccountIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		_, number := f.pupil(t)
		_, second := f.pupil(t)
		p := f.Person(t, "parent")
		f.decide(t, f.school, true, f.ask(t, p, number))
		f.ask(t, p, second)
		f.InTx(t, func(tx *db.Tx) error { return f.Verification.PartAll(context.Background(), tx, p.ID) })
		if n := f.Count(t, `SELECT count(*) FROM guardian_requests WHERE state IN ('asked', 'confirmed') OR guardian_name <> ''`); n != 0 {
			t.Errorf("%d remember the closed account", n)
		}
	})
}
