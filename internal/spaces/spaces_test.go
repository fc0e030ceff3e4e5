package spaces_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/desk"
	"caotang/internal/identity"
	"caotang/internal/looks"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/spaces"
)

func each(t *testing.T, test func(t *testing.T, w *roomtest.World)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, world(t, d)) })
}

func world(t testing.TB, d *db.DB) *roomtest.World {
	w := roomtest.New(t, d, roomtest.Rules())
	spaces.New(d, w.Accounts, w.Roster, w.Verification, w.Support, w.Transfers, w.Recovery, w.Guardians,
		desk.New(w.Support, w.Recovery, w.Transfers), looks.New(d, w.Roster, nil)).Mount(w.Server)
	return w
}

func get(t *testing.T, w *roomtest.World, p roomtest.Person, path string) roomtest.Answer {
	t.Helper()
	a := w.Do(t, p, "GET", path, nil)
	if a.Status != 200 {
		t.Fatalf("%s: %v", path, a)
	}
	return a
}

func steps(a roomtest.Answer) string {
	var actions []string
	list, _ := a.Body["next_steps"].([]any)
	for _, step := range list {
		s, _ := step.(map[string]any)
		actions = append(actions, s["action"].(string))
	}
	return strings.Join(actions, " ")
}

func TestWhoAmI(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		newcomer := get(t, w, w.Newcomer(t, "teacher"), "/api/v1/me")
		want := map[string]any{
			"account": map[string]any{
				"id": newcomer.Get("account.id"), "username": "person0001", "role": "teacher", "masked_phone": nil, "masked_recovery_contact": nil,
				"created_at": newcomer.Get("account.created_at"),
			},
			"binding": nil, "children": []any{}, "roles": []any{"teacher"}, "must": []any{"bind_phone"}, "admin_grants": []any{},
		}
		if !reflect.DeepEqual(newcomer.Body, want) {
			t.Errorf("a newcomer is %v, want %v", newcomer.Body, want)
		}

		school := w.Administrator(t, access.School, w.Here.ID)
		if a := get(t, w, school, "/api/v1/me"); !reflect.DeepEqual(a.Body["admin_grants"], []any{
			map[string]any{"level": "school", "scope_id": w.Here.ID, "scope_name": w.Here.Name},
		}) || a.Get("account.masked_phone") != "138****0002" {
			t.Errorf("an administrator is %v", a)
		}
	})
}

func TestATeacherWhoIsAParentIsBoth(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		own := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "韩父", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(2), SchoolID: w.Nearby.ID})
		p := w.Person(t, "public")
		w.Bind(t, p, child, "parent")
		a := get(t, w, p, "/api/v1/me")
		if a.Get("binding.kind") != "parent" || a.Get("binding.name") != "韩梅梅" || !reflect.DeepEqual(a.Body["roles"], []any{"parent", "public"}) {
			t.Errorf("a parent is %v", a)
		}
		if name := get(t, w, p, "/api/v1/me/space").Get("greeting_name"); name != "韩梅梅家长" {
			t.Errorf("a parent is greeted as %v", name)
		}
		sister := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩小妹", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID})
		w.Bind(t, p, sister, "parent")
		w.Bind(t, p, own, "teacher")
		a = get(t, w, p, "/api/v1/me")
		if a.Get("binding.kind") != "teacher" || a.Get("account.role") != "teacher" || !reflect.DeepEqual(a.Body["roles"], []any{"teacher", "parent"}) {
			t.Errorf("a teacher who is a parent is %v", a)
		}
		var children []string
		for _, one := range a.Body["children"].([]any) {
			child := roomtest.Answer{Body: one.(map[string]any)}
			children = append(children, fmt.Sprintf("%v of %v", child.Get("name"), child.Get("school.name")))
		}
		if want := []string{"韩梅梅 of " + w.Nearby.Name, "韩小妹 of " + w.Here.Name}; !slices.Equal(children, want) {
			t.Errorf("the children are %q, want %q", children, want)
		}
		// Each role has its space, and whoever asks for one that is none of theirs gets the most their own (F-31).
		for as, want := range map[string]string{"": "teacher 韩父", "teacher": "teacher 韩父", "parent": "parent 韩梅梅、韩小妹家长", "student": "teacher 韩父"} {
			space := get(t, w, p, "/api/v1/me/space?as="+as)
			if got := fmt.Sprintf("%v %v", space.Get("role"), space.Get("greeting_name")); got != want {
				t.Errorf("as %q: %s, want %s", as, got, want)
			}
		}
	})
}

func TestASpaceSaysWhatToDoNext(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		class := w.Class(t, w.Here.ID, 1)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		p, admin := w.Person(t, "student"), w.Administrator(t, access.School, w.Here.ID)
		if got := steps(get(t, w, p, "/api/v1/me/space")); got != "verify" {
			t.Errorf("unverified: %q", got)
		}
		if got := steps(get(t, w, admin, "/api/v1/me/space")); got != "manage_registry" {
			t.Errorf("administrator without requests: %q", got)
		}
		w.Bind(t, p, e, "student")
		if stage := get(t, w, p, "/api/v1/me/space").Get("stage"); stage != "junior" {
			t.Errorf("a pupil without a class of a junior school is of stage %v", stage)
		}
		a := w.Do(t, p, "POST", "/api/v1/me/tickets", map[string]any{
			"kind": "missing_class", "school_id": w.Here.ID, "stage": "junior", "entry_year": class.EntryYear, "number": 2,
		})
		if a.Status != 201 {
			t.Fatal(a)
		}
		if got := steps(get(t, w, p, "/api/v1/me/space")); got != "choose_class see_tickets" {
			t.Errorf("without a class, waiting: %q", got)
		}
		if got := steps(get(t, w, admin, "/api/v1/me/space")); got != "answer_tickets manage_registry" {
			t.Errorf("administrator with a request: %q", got)
		}
		other := w.Administrator(t, access.School, w.Nearby.ID)
		if got := steps(get(t, w, other, "/api/v1/me/space")); got != "manage_registry" {
			t.Errorf("administrator of another school: %q", got)
		}
	})
}

func TestAGuardianIsToldOfEachChildByName(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		parent, class := w.Person(t, "parent"), w.Class(t, w.Here.ID, 1)
		for i, name := range []string{"韩梅梅", "韩冬冬"} {
			w.Bind(t, parent, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID}), "parent")
		}
		space := get(t, w, parent, "/api/v1/me/space")
		if space.Get("greeting_name") != "韩梅梅、韩冬冬家长" || space.Get("school") != nil {
			t.Errorf("a parent of two reads %v", space)
		}
		next := space.Get("next_steps").([]any)
		if len(next) != 2 || !strings.HasPrefix(fmt.Sprint(next[1].(map[string]any)["title"]), "韩冬冬在"+w.Here.Name) {
			t.Fatalf("to do: %v", next)
		}
		_, second, _ := strings.Cut(fmt.Sprint(next[1].(map[string]any)["href"]), "of=")
		a := w.Do(t, parent, "PUT", "/api/v1/me/binding/class", map[string]any{"class_id": class.ID, "binding_id": second})
		if a.Status != 200 || a.Get("name") != "韩冬冬" || a.Get("class.id") != class.ID {
			t.Errorf("the second child's class: %v", a)
		}
		if anew := get(t, w, parent, "/api/v1/me/space").Get("classes_choosable").([]any); !slices.Equal(anew, []any{second}) {
			t.Errorf("to be chosen anew: %v, want the second child's", anew)
		}
		if a := w.Do(t, w.Person(t, "parent"), "PUT", "/api/v1/me/binding/class", map[string]any{"class_id": class.ID, "binding_id": second}); a.Status != 403 {
			t.Errorf("a stranger chose it: %v", a)
		}
		other := w.Person(t, "parent")
		w.Bind(t, other, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: roomtest.IDNumber(7), SchoolID: w.Here.ID}), "parent")
		if a := w.Do(t, other, "PUT", "/api/v1/me/binding/class", map[string]any{"class_id": class.ID, "binding_id": second}); a.Status != 404 {
			t.Errorf("another child's guardian chose it: %v", a)
		}
	})
}

// What somebody else has begun, and one has to answer or to stop, is said; to whom it does not concern nothing is.
func TestASpaceSaysWhatOthersHaveBegun(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		class := w.Class(t, w.Here.ID, 1)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(9001), SchoolID: w.Here.ID, ClassID: class.ID})
		pupil, mother, father, stranger := w.Person(t, "student"), w.Person(t, "parent"), w.Person(t, "parent"), w.Person(t, "student")
		w.Bind(t, pupil, e, "student")
		w.Bind(t, mother, e, "parent")
		w.Bind(t, father, e, "parent")
		expect := func(p roomtest.Person, want string) {
			t.Helper()
			if got := steps(get(t, w, p, "/api/v1/me/space")); got != want {
				t.Errorf("to do: %q, want %q", got, want)
			}
		}
		expect(pupil, "")
		do := func(p roomtest.Person, status int, method, path string, body any) roomtest.Answer {
			t.Helper()
			a := w.Do(t, p, method, "/api/v1"+path, body)
			if a.Status != status {
				t.Fatalf("%s: %v", path, a)
			}
			return a
		}
		id := do(stranger, 201, "POST", "/me/tickets", map[string]any{"kind": "not_me", "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(9001), "name": "韩梅梅"}).Get("id").(string)
		expect(pupil, "answer_case")
		expect(mother, "")
		do(pupil, 200, "POST", "/me/cases/"+id+"/keep", nil)
		expect(pupil, "")

		lost := func(kind, phone string) (withdraw func()) {
			t.Helper()
			w.InTx(t, func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE sms_quotas SET last_sent_at = 0`)
				return err
			})
			do(roomtest.Person{}, 202, "POST", "/sms-codes", map[string]any{"phone": phone, "purpose": "recover_account"})
			_, code := w.Text(t, phone, "recover_account")
			number := do(roomtest.Person{}, 201, "POST", "/recoveries", map[string]any{
				"kind": kind, "id_type": "resident_id", "id_number": roomtest.IDNumber(9001), "name": "韩梅梅", "phone": phone, "sms_code": code, "proof": "school",
			}).Get("tracking_number").(string)
			return func() { do(roomtest.Person{}, 200, "DELETE", "/recovery?number="+number, nil) }
		}
		reads := func(p roomtest.Person, want string) {
			t.Helper()
			if next := get(t, w, p, "/api/v1/me/space").Get("next_steps").([]any)[0].(map[string]any); !strings.Contains(next["title"].(string), want) {
				t.Errorf("%q is not in what one reads: %v", want, next)
			}
		}
		const phone = "13890001234"
		withdraw := lost("student", phone)
		expect(pupil, "see_recovery")
		reads(pupil, "在那里说“不是我”")
		if next := get(t, w, pupil, "/api/v1/me/space").Get("next_steps").([]any)[0].(map[string]any); next["href"] != "/me/security#recovery" {
			t.Errorf("it leads to %v", next["href"])
		}
		expect(mother, "") // it is not a guardian's account that is asked for
		withdraw()
		expect(pupil, "")
		withdraw = lost("parent", mother.Phone) // by the phone that is hers: nobody is alarmed
		expect(mother, "")
		expect(father, "")
		withdraw()
		withdraw = lost("parent", phone)
		expect(mother, "see_recovery")
		expect(father, "see_recovery")
		reads(father, "一位家长的账号") // of several nobody has a link
		expect(pupil, "")
		withdraw()

		moving := do(pupil, 201, "POST", "/me/transfers", map[string]any{"to_school_id": w.Nearby.ID, "reason": "搬家"}).Get("id").(string)
		expect(pupil, "see_transfers")
		expect(mother, "answer_childs_transfer")
		if next := get(t, w, mother, "/api/v1/me/space").Get("next_steps").([]any)[0].(map[string]any); next["title"] != "韩梅梅要转到"+w.Nearby.Name+"，不同意可以说" || !strings.HasPrefix(next["href"].(string), "/me#child-") {
			t.Errorf("a guardian reads %v", next)
		}
		do(mother, 204, "PUT", "/me/children/transfers/"+moving+"/objection", map[string]any{"reason": "不搬"})
		expect(mother, "")
		expect(father, "answer_childs_transfer")
		expect(pupil, "see_transfers")
		reads(pupil, "家长不同意韩梅梅转到"+w.Nearby.Name)
		do(w.Administrator(t, access.School, w.Nearby.ID), 200, "POST", "/admin/transfers/"+moving+"/reject", map[string]any{"reason": "学位已满"})
		for _, p := range []roomtest.Person{pupil, mother, father} {
			expect(p, "see_transfers")
			reads(p, "没有通过，看看原因")
		}
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE transfers SET closed_at = $1`, db.At(time.Now().AddDate(0, 0, -15)))
			return err
		})
		expect(pupil, "")
	})
}

// Whoever has asked to be verified, or to be a guardian, reads that it waits, in whatever role, and not that it is yet to be done.
func TestASpaceSaysWhatWaits(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		ask := func(p roomtest.Person, path string, body map[string]any) {
			t.Helper()
			body["id_type"] = "resident_id"
			if a := w.Do(t, p, "POST", "/api/v1/me/"+path, body); a.Status != 201 {
				t.Fatal(a)
			}
		}
		reads := func(p roomtest.Person, waits any, next string) {
			t.Helper()
			if a := get(t, w, p, "/api/v1/me/space"); a.Get("waits") != waits || steps(a) != next {
				t.Errorf("waits for %v, to do: %q; want %v, %q", a.Get("waits"), steps(a), waits, next)
			}
		}
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		childs := func() map[string]any {
			return map[string]any{"kind": "parent", "id_number": roomtest.IDNumber(1), "name": "韩梅梅"}
		}
		parent, teacher, pupil := w.Person(t, "parent"), w.Person(t, "teacher"), w.Person(t, "student")
		ask(parent, "binding", childs())
		reads(parent, "guardian", "see_guardianship")
		w.Bind(t, teacher, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID}), "teacher")
		ask(teacher, "binding", childs())
		reads(teacher, nil, "see_guardianship")
		ask(pupil, "tickets", map[string]any{"kind": "missing_entry", "entry_kind": "student", "id_number": roomtest.IDNumber(3), "name": "李雷", "school_id": w.Here.ID})
		reads(pupil, "school", "see_tickets")
	})
}

func TestAPupilOfTheirOwnAgeIsAskedWhoTheirGuardianIs(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		for years, want := range map[int]string{10: "", 16: "answer_guardian"} {
			digits := fmt.Sprintf("510104%d0101%03d", time.Now().Year()-years, years)
			number := digits + string(identity.CheckCharacter(digits))
			class := w.Class(t, w.Here.ID, years)
			pupil, parent := w.Person(t, "student"), w.Person(t, "parent")
			w.Bind(t, pupil, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: number, SchoolID: w.Here.ID, ClassID: class.ID}), "student")
			if a := w.Do(t, parent, "POST", "/api/v1/me/binding", map[string]any{"kind": "parent", "id_type": "resident_id", "id_number": number, "name": "韩梅梅"}); a.Status != 201 {
				t.Fatal(a)
			}
			if got := steps(get(t, w, pupil, "/api/v1/me/space")); got != want {
				t.Errorf("at %d: %q, want %q", years, got, want)
			}
		}
	})
}

func TestWhoeverLostTheirIdentityIsToldWhereToAppeal(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(9001), SchoolID: w.Here.ID})
		pupil, other := w.Person(t, "student"), w.Person(t, "student")
		w.Bind(t, pupil, e, "student")
		asked := w.Do(t, other, "POST", "/api/v1/me/tickets", map[string]any{"kind": "not_me", "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(9001), "name": "韩梅梅"})
		id, _ := asked.Get("id").(string)
		for _, level := range []access.Level{access.County, access.Province} {
			scope := map[access.Level]string{access.County: "510104", access.Province: "510000"}[level]
			if a := w.Do(t, w.Administrator(t, level, scope), "POST", "/api/v1/admin/tickets/"+id+"/complete", map[string]any{"answer": "当面核实", "holder_unanswered": true}); a.Status != 200 {
				t.Fatal(a)
			}
			want, loser := "appeal_case verify", pupil
			if level == access.Province {
				want, loser = "see_lost_case verify", other
			}
			if got := steps(get(t, w, loser, "/api/v1/me/space")); got != want {
				t.Errorf("%s decided: %q, want %q", level, got, want)
			}
			if level == access.County {
				appeal := w.Do(t, pupil, "POST", "/api/v1/me/cases/"+id+"/appeal", nil)
				id, _ = appeal.Get("id").(string)
				if got := steps(get(t, w, pupil, "/api/v1/me/space")); got != "see_tickets" {
					t.Errorf("appealed: %q", got)
				}
			}
		}
	})
}

func TestAClassIsChosenAnewByWhoChoseIt(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		class, other := w.Class(t, w.Here.ID, 1), w.Class(t, w.Here.ID, 2)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		set := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID, ClassID: class.ID})
		pupil, parent, placed := w.Person(t, "student"), w.Person(t, "parent"), w.Person(t, "student")
		w.Bind(t, pupil, e, "student")
		w.Bind(t, parent, e, "parent")
		w.Bind(t, placed, set, "student")
		choosable := func(p roomtest.Person) []any {
			return get(t, w, p, "/api/v1/me/space").Get("classes_choosable").([]any)
		}
		choose := func(p roomtest.Person, class string) int {
			return w.Do(t, p, "PUT", "/api/v1/me/binding/class", map[string]any{"class_id": class}).Status
		}
		if len(choosable(pupil))+len(choosable(placed)) > 0 {
			t.Error("a class that is missing, or the school's, is offered to be chosen anew")
		}
		if status := choose(pupil, class.ID); status != 200 {
			t.Fatal(status)
		}
		// What is offered is what the server takes.
		for _, c := range []struct {
			who  roomtest.Person
			into string
		}{{pupil, other.ID}, {parent, class.ID}, {placed, other.ID}} {
			if offered, status := choosable(c.who), choose(c.who, c.into); (len(offered) == 1) != (status == 200) {
				t.Errorf("offered %v, answered %d", offered, status)
			}
		}
	})
}

func TestATeacherSeesTheClassesTaught(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		class := w.Class(t, w.Here.ID, 1)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID, ClassID: class.ID})
		w.InTx(t, func(tx *db.Tx) error {
			return tx.Insert(t.Context(), "class_teachers", []string{"class_id", "entry_id", "subjects"}, [][]any{{class.ID, e.ID, "chinese music"}})
		})
		p := w.Person(t, "teacher")
		w.Bind(t, p, e, "teacher")
		a := get(t, w, p, "/api/v1/me/space")
		want := []any{map[string]any{"id": class.ID, "name": "七年级1班", "stage": "junior", "grade": "七年级", "pupils": 1.0, "head": false, "subjects": []any{"chinese", "music"}}}
		if !reflect.DeepEqual(a.Body["classes_taught"], want) || a.Get("greeting_name") != "林涛" || a.Get("school.name") != w.Here.Name {
			t.Errorf("space %v", a)
		}

		pupils := "/api/v1/me/classes/" + class.ID + "/pupils"
		if items := get(t, w, p, pupils).Body["items"]; !reflect.DeepEqual(items, []any{map[string]any{"name": "韩梅梅"}}) {
			t.Errorf("the class's pupils are shown as %v", items)
		}
		// Neither another class of the school, nor the same class to a colleague or a pupil of it.
		other := w.Class(t, w.Here.ID, 2)
		colleague, pupil := w.Person(t, "teacher"), w.Person(t, "student")
		w.Bind(t, colleague, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "魏华", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID}), "teacher")
		w.Bind(t, pupil, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: roomtest.IDNumber(4), SchoolID: w.Here.ID, ClassID: class.ID}), "student")
		for path, who := range map[string]roomtest.Person{"/api/v1/me/classes/" + other.ID + "/pupils": p, pupils: colleague, pupils + "?limit=1": pupil} {
			if a := w.Do(t, who, "GET", path, nil); a.Status != 404 {
				t.Errorf("%s: %v", path, a)
			}
		}
	})
}

func TestClassmatesAreThoseOfOnesOwnClass(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		mine, other := w.Class(t, w.Here.ID, 1), w.Class(t, w.Here.ID, 2)
		p, parent := w.Person(t, "student"), w.Person(t, "parent")
		if a := w.Do(t, p, "GET", "/api/v1/me/classmates", nil); a.Status != 403 || a.Get("code") != "realname_required" {
			t.Errorf("unverified: %v", a)
		}
		names := []string{"韩梅梅", "李雷", "林涛", "魏华"}
		for i, class := range []string{mine.ID, mine.ID, mine.ID, other.ID} {
			e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: names[i], IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID, ClassID: class})
			if i == 1 {
				w.Bind(t, p, e, "student")
				w.Bind(t, parent, e, "parent")
			}
		}
		seen, pages, cursor := map[string]bool{}, 0, ""
		for {
			a := get(t, w, p, "/api/v1/me/classmates?limit=2&cursor="+cursor)
			for _, one := range a.Items() {
				seen[one["name"].(string)] = one["me"].(bool)
			}
			pages++
			next, more := a.Get("next_cursor").(string)
			if cursor = next; !more {
				break
			}
		}
		if pages != 2 || !reflect.DeepEqual(seen, map[string]bool{"韩梅梅": false, "李雷": true, "林涛": false}) {
			t.Errorf("%d pages of %v", pages, seen)
		}
		if items := get(t, w, parent, "/api/v1/me/classmates").Items(); len(items) != 0 {
			t.Errorf("a parent sees the children of the class: %v", items)
		}
	})
}

func TestTheOverviewCountsOnesScope(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Class(t, w.Here.ID, 1)
		pupil := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(2), SchoolID: w.Nearby.ID})
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: roomtest.IDNumber(3), SchoolID: w.Elsewhere.ID})
		w.Bind(t, w.Person(t, "student"), pupil, "student")
		type counts struct{ teachers, students, active, schools, classes any }
		for _, c := range []struct {
			level access.Level
			scope string
			want  counts
		}{
			{access.School, w.Here.ID, counts{0.0, 1.0, 1.0, 1.0, 1.0}},
			{access.School, w.Nearby.ID, counts{1.0, 0.0, 0.0, 1.0, 0.0}},
			{access.County, "510104", counts{1.0, 1.0, 1.0, 2.0, 1.0}},
			{access.City, "510300", counts{0.0, 1.0, 0.0, 1.0, 0.0}},
			{access.Province, "510000", counts{1.0, 2.0, 1.0, 3.0, 1.0}},
		} {
			a := get(t, w, w.Administrator(t, c.level, c.scope), "/api/v1/admin/overview")
			got := counts{a.Get("entries.teacher"), a.Get("entries.student"), a.Get("activated.student"), a.Get("schools"), a.Get("classes")}
			if got != c.want {
				t.Errorf("%s %s counts %v, want %v", c.level, c.scope, got, c.want)
			}
		}
	})
}

// BenchmarkMe is the cost of who one is, session and all; docs/performance.md holds it to 0.12 ms of CPU.
func BenchmarkMe(b *testing.B) {
	w := world(b, dbtest.OpenSQLite(b))
	e := w.Entry(b, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID, ClassID: w.Class(b, w.Here.ID, 1).ID})
	p := w.Person(b, "student")
	w.Bind(b, p, e, "student")
	for b.Loop() {
		if a := w.Do(b, p, "GET", "/api/v1/me", nil); a.Status != 200 {
			b.Fatal(a)
		}
	}
}
