package moves_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/moves"
	"caotang/internal/replacement"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

type object = map[string]any

// pupils is how many Here has: more than one batch.
const pupils = 60

// world is Here with a full class, a teacher who teaches it and a pupil without a class, and the administrator of the county.
type world struct {
	*roomtest.World
	*moves.Service
	county  roomtest.Person
	class   roster.Class
	entries []roster.Entry // pupils of the class
	teacher roster.Entry
	pupil   roomtest.Person // bound to the first pupil
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{World: roomtest.New(t, d, roomtest.Rules())}
		w.Roster.Mount(w.Server)
		w.Service = moves.New(d, w.Jobs, moves.Rooms{Accounts: w.Accounts, Roster: w.Roster, Verification: w.Verification, Transfers: w.Transfers}, "https://edu.example.cn/", nil)
		w.Mount(w.Server)
		w.county = w.Administrator(t, access.County, "510104")
		w.class = w.Class(t, w.Here.ID, 1)
		for i := range pupils {
			w.entries = append(w.entries, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID, ClassID: w.class.ID}))
		}
		w.teacher = w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "李老师", IDNumber: roomtest.IDNumber(500), SchoolID: w.Here.ID})
		w.do(t, w.county, http.StatusOK, "PUT", "/api/v1/admin/classes/"+w.class.ID+"/teachers", object{"teacher_ids": []string{w.teacher.ID}, "class_teacher_ids": []string{w.teacher.ID}})
		w.pupil = w.Person(t, "student")
		w.Bind(t, w.pupil, w.entries[0], "student")
		test(t, w)
	})
}

func (w *world) do(t *testing.T, p roomtest.Person, status int, method, path string, body any) roomtest.Answer {
	t.Helper()
	a := w.Do(t, p, method, path, body)
	if a.Status != status {
		t.Fatalf("%s %s: %v", method, path, a)
	}
	return a
}

// exact checks that nobody is lost, doubled or miscounted, and that bindings stand where their entries do.
func (w *world) exact(t *testing.T, people int) {
	t.Helper()
	differences, err := tally.Verify(t.Context(), w.DB, 10)
	if err != nil || len(differences) > 0 {
		t.Errorf("the counts differ from the registry: %+v, %v", differences, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM registry_entries`); n != people {
		t.Errorf("%d people are there, not %d", n, people)
	}
	if n := w.Count(t, `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id WHERE e.school_id <> b.school_id`); n != 0 {
		t.Errorf("%d bindings stand elsewhere than their entries", n)
	}
	if n := w.Count(t, `SELECT count(*) FROM registry_entries e JOIN classes c ON c.id = e.class_id WHERE e.school_id <> c.school_id`); n != 0 {
		t.Errorf("%d people are in a class of another school", n)
	}
}

func (w *world) at(t *testing.T, school roster.School) int {
	t.Helper()
	return w.Count(t, `SELECT count(*) FROM registry_entries WHERE school_id = $1`, school.ID)
}

func (w *world) work(t *testing.T) {
	t.Helper()
	if err := w.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAWholeClassGoesToAnotherSchoolTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		to := w.Class(t, w.Nearby.ID, 7)
		asks := w.do(t, w.pupil, http.StatusCreated, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Elsewhere.ID, "reason": "搬家"})
		body := object{"from_school_id": w.Here.ID, "to_school_id": w.Nearby.ID, "class_ids": []string{w.class.ID}, "entry_ids": []string{w.entries[0].ID, w.teacher.ID}, "to_class_id": to.ID}
		p := w.do(t, w.county, http.StatusOK, "POST", "/api/v1/admin/moves/preview", body)
		if p.Get("people") != float64(pupils+1) || p.Get("verified") != 1.0 || p.Get("transfers") != 1.0 {
			t.Fatal(p)
		}
		body["confirmed"] = pupils
		if a := w.Do(t, w.county, "POST", "/api/v1/admin/moves", body); a.Get("code") != "move_unconfirmed" || w.at(t, w.Nearby) != 0 {
			t.Fatal(a)
		}
		body["confirmed"] = pupils + 1
		m := w.do(t, w.county, http.StatusAccepted, "POST", "/api/v1/admin/moves", body)
		id := m.Get("id").(string)
		if err := w.CutOff(t.Context(), id); err != nil { // and goes on
			t.Fatal(err)
		}
		if n := w.at(t, w.Nearby); n == 0 || n == pupils+1 {
			t.Fatalf("%d people after the first batch", n)
		}
		w.exact(t, pupils+1)
		// Who has gone elsewhere meanwhile stays there.
		var gone string
		if err := w.DB.QueryRow(t.Context(), `SELECT entry_id FROM move_entries WHERE state = 'waiting' LIMIT 1`).Scan(&gone); err != nil {
			t.Fatal(err)
		}
		w.InTx(t, func(tx *db.Tx) error {
			_, err := w.Roster.Move(t.Context(), tx, gone, w.Here.ID, w.Elsewhere.ID, "")
			return err
		})
		w.work(t)
		w.exact(t, pupils+1)
		if here, nearby, elsewhere := w.at(t, w.Here), w.at(t, w.Nearby), w.at(t, w.Elsewhere); here != 0 || nearby != pupils || elsewhere != 1 {
			t.Errorf("%d, %d and %d people", here, nearby, elsewhere)
		}
		if a := w.do(t, w.county, http.StatusOK, "GET", "/api/v1/admin/moves/"+id, nil); a.Get("state") != "done" || a.Get("moved") != float64(pupils) {
			t.Error(a)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE batch = $1 AND action = 'registry.move'`, id); n != pupils {
			t.Errorf("%d people are on record under the move", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'transfer.moot' AND batch = ''`); n != 2 {
			t.Errorf("%d records of the person's own request, want one for each school by itself", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM transfers WHERE id = $1 AND state = 'cancelled'`, asks.Get("id")); n != 1 {
			t.Error("the person's own request goes on")
		}
		if w.Told(t, w.pupil, w.Nearby.Name) != 1 {
			t.Error("the person was not told")
		}
		if n := w.Count(t, `SELECT count(*) FROM registry_entries WHERE class_id = $1 AND kind = 'student'`, to.ID); n < pupils-1 {
			t.Errorf("%d are in the class", n)
		}
		history := w.do(t, w.Administrator(t, access.School, w.Nearby.ID), http.StatusOK, "GET", "/api/v1/admin/registry/history/"+w.entries[0].ID, nil)
		if len(history.Items()) == 0 || history.Items()[0]["action"] != "registry.move" {
			t.Errorf("the history does not tell: %v", history)
		}
	})
}

// The administrators of both schools are told who moved whom, and find it in their list, as whoever is over them does.
// Who moved is named, and moves back into the class that they left; who has gone on meanwhile stays where they are.
func TestThoseWhoMovedAreNamedAndMoveBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Class(t, w.Nearby.ID, 7)
		there := object{"from_school_id": w.Here.ID, "to_school_id": w.Nearby.ID, "class_ids": []string{w.class.ID}, "confirmed": pupils}
		id := w.do(t, w.county, http.StatusAccepted, "POST", "/api/v1/admin/moves", there).Get("id").(string)
		w.work(t)
		named := w.do(t, w.Administrator(t, access.School, w.Here.ID), http.StatusOK, "GET", "/api/v1/admin/moves/"+id+"/people?limit=50", nil)
		if len(named.Items()) != 50 || named.Items()[0]["name"] != "韩*梅" || named.Get("next_cursor") == nil {
			t.Errorf("%v", named)
		}
		if a := w.do(t, w.Administrator(t, access.School, w.Nearby.ID), http.StatusOK, "GET", "/api/v1/admin/moves/"+id+"/people?limit=1", nil); a.Items()[0]["name"] != "韩梅梅" {
			t.Errorf("the school where they are reads %v", a)
		}
		w.do(t, w.Administrator(t, access.School, w.Elsewhere.ID), http.StatusNotFound, "GET", "/api/v1/admin/moves/"+id+"/people", nil)
		replacement.New(w.DB, replacement.Rooms{Accounts: w.Accounts, Roster: w.Roster, Support: w.Support, Transfers: w.Transfers, Recovery: w.Recovery}).Mount(w.Server)
		w.do(t, w.county, http.StatusCreated, "POST", "/api/v1/admin/registry/"+w.entries[1].ID+"/replacement",
			object{"id_type": "resident_id", "id_number": roomtest.IDNumber(900), "reason": "录入时输错一位"}) // moves back like the others
		if m := w.do(t, w.county, http.StatusOK, "GET", "/api/v1/admin/moves/"+id, nil); m.Get("returnable") != true || m.Get("returned") != nil {
			t.Errorf("a move that can be taken back: %v", m)
		}
		on := object{"from_school_id": w.Nearby.ID, "to_school_id": w.Here.ID, "entry_ids": []string{w.entries[0].ID}, "confirmed": 1, "knowing": true}
		w.do(t, w.county, http.StatusAccepted, "POST", "/api/v1/admin/moves", on)
		w.work(t)
		back := object{"from_school_id": w.Nearby.ID, "to_school_id": w.Here.ID, "move_id": id, "confirmed": pupils - 1}
		w.do(t, w.county, http.StatusAccepted, "POST", "/api/v1/admin/moves", back)
		w.work(t)
		if n := w.Count(t, `SELECT count(*) FROM registry_entries WHERE class_id = $1 AND kind = 'student'`, w.class.ID); n != pupils-1 {
			t.Errorf("%d are in their class again", n)
		}
		listed := func(id string) object {
			for _, m := range w.do(t, w.county, http.StatusOK, "GET", "/api/v1/admin/moves", nil).Items() {
				if m["id"] == id {
					return m
				}
			}
			return nil
		}
		first := listed(id)
		by, _ := first["returned"].(object)
		if first["returnable"] != false || by == nil || by["moved"] != float64(pupils-1) || listed(by["id"].(string))["back_of"] != id {
			t.Errorf("the move that was taken back: %v", first)
		}
		delete(back, "confirmed")
		if a := w.do(t, w.county, http.StatusUnprocessableEntity, "POST", "/api/v1/admin/moves/preview", back); a.Get("code") != "move_nobody_left" {
			t.Errorf("taken back twice: %v", a)
		}
		back["from_school_id"], back["to_school_id"] = w.Here.ID, w.Nearby.ID
		if a := w.do(t, w.county, http.StatusUnprocessableEntity, "POST", "/api/v1/admin/moves/preview", back); a.Get("code") != "invalid" {
			t.Errorf("another way than the move was moved back: %v", a)
		}
		w.exact(t, pupils+1)
	})
}

func TestWhoeverMovesPupilsWhereTheirGradeIsNotTaughtSaysThatTheyKnow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		body := object{"from_school_id": w.Here.ID, "to_school_id": w.Nearby.ID, "class_ids": []string{w.class.ID}, "entry_ids": []string{w.teacher.ID}}
		p := w.do(t, w.county, http.StatusOK, "POST", "/api/v1/admin/moves/preview", body)
		if got := fmt.Sprint(p.Get("misplaced")); got != fmt.Sprintf("[map[grade:七年级 people:%d]]", pupils) {
			t.Errorf("misplaced: %s", got)
		}
		w.Class(t, w.Nearby.ID, 3)
		if p := w.do(t, w.county, http.StatusOK, "POST", "/api/v1/admin/moves/preview", body); len(p.Get("misplaced").([]any)) != 0 {
			t.Errorf("the grade is taught there: %v", p)
		}
		body["to_school_id"], body["confirmed"] = w.Elsewhere.ID, pupils+1
		province := w.Administrator(t, access.Province, "510000")
		if a := w.do(t, province, http.StatusConflict, "POST", "/api/v1/admin/moves", body); a.Get("code") != "move_misplaced" {
			t.Error(a)
		}
		body["knowing"] = true
		w.do(t, province, http.StatusAccepted, "POST", "/api/v1/admin/moves", body)
	})
}

func TestGuardiansOfAChildAreToldOfAMove(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		born := func(year int) roster.Entry {
			digits := fmt.Sprintf("510104%d0101001", year)
			return w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林小涛", IDNumber: digits + string(identity.CheckCharacter(digits)), SchoolID: w.Here.ID})
		}
		child, grown := born(time.Now().Year()-10), born(time.Now().Year()-16)
		ofChild, ofGrown := w.Person(t, "parent"), w.Person(t, "parent")
		w.Bind(t, ofChild, child, "parent")
		w.Bind(t, ofGrown, grown, "parent")
		body := object{"from_school_id": w.Here.ID, "to_school_id": w.Nearby.ID, "entry_ids": []string{child.ID, grown.ID}, "confirmed": 2}
		w.do(t, w.county, http.StatusAccepted, "POST", "/api/v1/admin/moves", body)
		w.work(t)
		if w.Told(t, ofChild, "您的孩子林*涛已由"+w.Here.Name+"转到"+w.Nearby.Name) != 1 {
			t.Errorf("the guardian of a child reads %q", w.Texts(t, ofChild.Phone))
		}
		if w.Told(t, ofGrown, "林*涛") != 0 {
			t.Error("a pupil of their own age is spoken of to a guardian")
		}
	})
}

func TestTheSchoolsAdministratorsAreToldOfAMove(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		here, nearby, elsewhere := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.School, w.Elsewhere.ID)
		m := w.do(t, w.county, http.StatusAccepted, "POST", "/api/v1/admin/moves",
			object{"from_school_id": w.Here.ID, "to_school_id": w.Nearby.ID, "class_ids": []string{w.class.ID}, "confirmed": pupils, "knowing": true})
		told := fmt.Sprintf("管理员%s已把", w.county.Username)
		if w.Told(t, here, told) != 0 {
			t.Error("told before it was done")
		}
		w.work(t)
		w.work(t)
		for name, p := range map[string]roomtest.Person{"here": here, "nearby": nearby} {
			texts := w.Texts(t, p.Phone)
			if len(texts) != 1 || !strings.Contains(texts[0], told) || !strings.Contains(texts[0], fmt.Sprint(pupils)) || !strings.Contains(texts[0], "https://edu.example.cn/admin/moves") {
				t.Errorf("%s is told %v", name, texts)
			}
		}
		if n := len(w.Texts(t, elsewhere.Phone)); n != 0 {
			t.Error("a school that it does not concern is told")
		}
		second := w.do(t, w.county, http.StatusAccepted, "POST", "/api/v1/admin/moves",
			object{"from_school_id": w.Nearby.ID, "to_school_id": w.Here.ID, "entry_ids": []string{w.entries[1].ID}, "confirmed": 1})
		for _, p := range []roomtest.Person{here, nearby, w.county, w.Administrator(t, access.Province, "510000")} {
			first := w.do(t, p, http.StatusOK, "GET", "/api/v1/admin/moves?limit=1", nil)
			rest := w.do(t, p, http.StatusOK, "GET", "/api/v1/admin/moves?limit=1&cursor="+fmt.Sprint(first.Get("next_cursor")), nil)
			if len(first.Items()) != 1 || first.Items()[0]["id"] != second.Get("id") || len(rest.Items()) != 1 || rest.Get("next_cursor") != nil {
				t.Fatalf("%v, then %v", first, rest)
			}
			if one := rest.Items()[0]; one["id"] != m.Get("id") || one["by"] != w.county.Username || one["moved"] != float64(pupils) || one["done_at"] == nil {
				t.Errorf("%v", one)
			}
			w.do(t, p, http.StatusOK, "GET", "/api/v1/admin/moves/"+fmt.Sprint(m.Get("id")), nil)
		}
		if a := w.do(t, elsewhere, http.StatusOK, "GET", "/api/v1/admin/moves", nil); len(a.Items()) != 0 {
			t.Error(a)
		}
		w.do(t, elsewhere, http.StatusNotFound, "GET", "/api/v1/admin/moves/"+fmt.Sprint(m.Get("id")), nil)
	})
}

// Of a merger the administrators of the school that ends are told as it begins, with what becomes of their grant, and those of
// the other once it is done. Who had become part of the first is part of the other too.
func TestTheSchoolsAdministratorsAreToldOfAMerger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		here, nearby := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		w.merge(t, "end")
		if w.Told(t, here, "您对"+w.Here.Name+"的管理权限已结束") != 1 || w.Told(t, nearby, "") != 0 {
			t.Errorf("as it begins: %v, %v", w.Texts(t, here.Phone), w.Texts(t, nearby.Phone))
		}
		w.work(t)
		if w.Told(t, here, "") != 1 || w.Told(t, nearby, fmt.Sprintf("已把%s并入%s，%d 人随之转入", w.Here.Name, w.Nearby.Name, pupils+1)) != 1 {
			t.Errorf("once it is done: %v, %v", w.Texts(t, here.Phone), w.Texts(t, nearby.Phone))
		}
		w.do(t, w.Administrator(t, access.Province, "510000"), http.StatusAccepted, "POST", "/api/v1/admin/schools/"+w.Nearby.ID+"/merger",
			object{"into": w.Elsewhere.ID, "code": w.Nearby.Code, "administrators": "take_over"})
		if w.Told(t, nearby, "您改为管理"+w.Elsewhere.Name) != 1 {
			t.Errorf("who takes over: %v", w.Texts(t, nearby.Phone))
		}
		for _, school := range []roster.School{w.Here, w.Nearby} {
			found := w.do(t, nearby, http.StatusOK, "GET", "/api/v1/schools?q="+school.Name, nil)
			if into := found.Items()[0]["merged_into"].(object); into["name"] != w.Elsewhere.Name {
				t.Errorf("%s is part of %v", school.Name, into)
			}
		}
	})
}

func TestOnlyWhoeverIsOverBothSchoolsMovesAnybody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		body := func(to roster.School) object {
			return object{"from_school_id": w.Here.ID, "to_school_id": to.ID, "class_ids": []string{w.class.ID}, "confirmed": pupils, "knowing": true}
		}
		school, city, province := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.City, "510300"), w.Administrator(t, access.Province, "510000")
		for name, c := range map[string]struct {
			who    roomtest.Person
			to     roster.School
			status int
		}{
			"a school's administrator": {school, w.Nearby, 404}, "the county, elsewhere": {w.county, w.Elsewhere, 404},
			"another city": {city, w.Elsewhere, 404}, "into itself": {w.county, w.Here, 422}, "the province": {province, w.Elsewhere, 202},
		} {
			if a := w.Do(t, c.who, "POST", "/api/v1/admin/moves", body(c.to)); a.Status != c.status {
				t.Errorf("%s: %v", name, a)
			}
		}
		other := body(w.Nearby)
		other["class_ids"], other["entry_ids"] = []string{}, []string{w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林涛", IDNumber: roomtest.IDNumber(700), SchoolID: w.Elsewhere.ID}).ID}
		if a := w.Do(t, province, "POST", "/api/v1/admin/moves/preview", other); a.Status != 422 {
			t.Error(a)
		}
		if a := w.Do(t, w.county, "POST", "/api/v1/admin/schools/"+w.Here.ID+"/merger", object{"into": w.Elsewhere.ID, "code": w.Here.Code, "administrators": "end"}); a.Status != 404 {
			t.Error(a)
		}
	})
}

func (w *world) merge(t *testing.T, administrators string) string {
	t.Helper()
	path := "/api/v1/admin/schools/" + w.Here.ID + "/merger"
	if a := w.Do(t, w.county, "POST", path, object{"into": w.Nearby.ID, "code": w.Nearby.Code, "administrators": administrators}); a.Status != 422 {
		t.Fatal(a)
	}
	return w.do(t, w.county, http.StatusAccepted, "POST", path, object{"into": w.Nearby.ID, "code": w.Here.Code, "administrators": administrators}).Get("id").(string)
}

func TestASchoolBecomesPartOfAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		taken := w.Class(t, w.Nearby.ID, 1)
		w.Class(t, w.Nearby.ID, 2)
		admin := w.Administrator(t, access.School, w.Here.ID)
		leaves := w.do(t, w.pupil, http.StatusCreated, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Elsewhere.ID, "reason": "搬家"})
		comes := w.Person(t, "teacher")
		w.Bind(t, comes, w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(600), SchoolID: w.Elsewhere.ID}), "teacher")
		wants := w.do(t, comes, http.StatusCreated, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Here.ID, "reason": "调动"})
		asker := w.Person(t, "student")
		ask := object{"kind": "missing_entry", "school_id": w.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(800), "name": "张三"}
		ticket := w.Do(t, asker, "POST", "/api/v1/me/tickets", ask)

		p := w.do(t, w.county, http.StatusOK, "GET", "/api/v1/admin/schools/"+w.Here.ID+"/merger?into="+w.Nearby.ID, nil)
		if p.Get("pupils") != float64(pupils) || p.Get("teachers") != 1.0 || p.Get("administrators") != 1.0 || p.Get("requests").(float64) < 2 {
			t.Error(p)
		}
		if renumbered := p.Get("renumbered").([]any); len(renumbered) != 1 || renumbered[0].(object)["number"] != 3.0 {
			t.Errorf("%v", p)
		}
		id := w.merge(t, "take_over")
		if err := w.CutOff(t.Context(), id); err != nil { // and goes on
			t.Fatal(err)
		}
		w.work(t)
		w.exact(t, pupils+2)
		if here, nearby := w.at(t, w.Here), w.at(t, w.Nearby); here != 0 || nearby != pupils+1 {
			t.Errorf("%d and %d people", here, nearby)
		}
		if n := w.Count(t, `SELECT count(*) FROM classes WHERE id = $1 AND school_id = $2 AND number = 3`, w.class.ID, w.Nearby.ID); n != 1 || w.Count(t, `SELECT count(*) FROM classes WHERE id = $1 AND number = 1`, taken.ID) != 1 {
			t.Error("the class has not the next free number")
		}
		if n := w.Count(t, `SELECT count(*) FROM class_teachers WHERE class_id = $1 AND entry_id = $2 AND head`, w.class.ID, w.teacher.ID); n != 1 {
			t.Error("the class has lost its teacher")
		}
		if n := w.Count(t, `SELECT count(*) FROM registry_entries WHERE class_id = $1 AND school_id = $2`, w.class.ID, w.Nearby.ID); n != pupils {
			t.Errorf("%d are in the class", n)
		}
		for what, query := range map[string]string{
			"a change of school away": `SELECT count(*) FROM transfers WHERE id = '` + leaves.Get("id").(string) + `' AND state = 'pending' AND from_school_id = $1`,
			"a change of school here": `SELECT count(*) FROM transfers WHERE id = '` + wants.Get("id").(string) + `' AND state = 'pending' AND to_school_id = $1`,
			"its administrator":       `SELECT count(*) FROM grants WHERE level = 'school' AND scope_id = $1`,
		} {
			if w.Count(t, query, w.Nearby.ID) != 1 {
				t.Errorf("%s did not go along", what)
			}
		}
		if ticket.Status == http.StatusCreated && w.Count(t, `SELECT count(*) FROM tickets WHERE school_id = $1`, w.Nearby.ID) != 1 {
			t.Error("a ticket did not go along")
		} else if ticket.Status != http.StatusCreated {
			t.Fatal(ticket)
		}

		// One line says what was done; what became of each class and person, by name, is under it, and what concerns a third school is not.
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE batch = $1 AND action = 'registry.move' AND details LIKE '%"masked_name"%'`, id); n != pupils+1 {
			t.Errorf("%d people are named under the merger", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE batch = $1 AND action NOT IN ('registry.move', 'class.merge')`, id); n != 0 {
			t.Errorf("%d records of something else are under the merger", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'school.merge' AND batch = '' AND details LIKE '%"batch":"'||$1||'"%'`, id); n != 2 {
			t.Errorf("%d lines stand above the merger, want one for each school", n)
		}

		// The school can be found, takes nobody, and says which one does.
		found := w.do(t, admin, http.StatusOK, "GET", "/api/v1/schools?q="+w.Here.Name, nil)
		if into := found.Items()[0]["merged_into"].(object); into["name"] != w.Nearby.Name {
			t.Error(found)
		}
		for what, a := range map[string]roomtest.Answer{
			"a person":           w.Do(t, w.county, "POST", "/api/v1/admin/registry", object{"kind": "student", "name": "张三", "id_type": "resident_id", "id_number": roomtest.IDNumber(900), "school_id": w.Here.ID}),
			"a class":            w.Do(t, w.county, "POST", "/api/v1/admin/classes", object{"school_id": w.Here.ID, "stage": "junior", "entry_year": w.class.EntryYear, "number": 9}),
			"a change of school": w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/tickets", ask),
			"a second merger":    w.Do(t, w.county, "POST", "/api/v1/admin/schools/"+w.Here.ID+"/merger", object{"into": w.Nearby.ID, "code": w.Here.Code, "administrators": "end"}),
		} {
			if a.Get("code") != "school_merged" || !strings.Contains(a.Text, w.Nearby.Name) {
				t.Errorf("%s: %v", what, a)
			}
		}
		content := strings.NewReader("姓名,身份证号,学校标识码\n张三," + roomtest.IDNumber(901) + "," + w.Here.Code + "\n")
		r, err := w.Roster.Import(t.Context(), roster.ImportSource{ReaderAt: content, Size: content.Size(), Filename: "a.csv", Kind: roster.Student}, nil)
		if err != nil || r.Rejected != 1 {
			t.Errorf("an import into it: %+v, %v", r, err)
		}
		w.exact(t, pupils+2)
	})
}

// Whatever people do meanwhile, nobody is lost, doubled or miscounted when a school has become part of another.
func TestNobodyIsLostWhileASchoolBecomesPartOfAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		people := make([]roomtest.Person, len(w.entries))
		for i := range people {
			people[i] = w.Person(t, "student")
		}
		w.merge(t, "end")
		var working sync.WaitGroup
		for worker := range 3 {
			working.Go(func() {
				r := rand.New(rand.NewPCG(2, uint64(worker)))
				for n := range 40 {
					i := 1 + r.IntN(len(w.entries)-1)
					switch r.IntN(4) {
					case 0:
						_ = w.DB.InTx(t.Context(), func(tx *db.Tx) error {
							e, err := w.Roster.EntryByID(t.Context(), tx, w.entries[i].ID)
							if err != nil {
								return err
							}
							return w.Verification.Bind(t.Context(), tx, people[i].ID, e, e.Kind)
						})
					case 1:
						_ = w.DB.InTx(t.Context(), func(tx *db.Tx) error {
							moved, err := w.Roster.Move(t.Context(), tx, w.entries[i].ID, w.Here.ID, w.Elsewhere.ID, "")
							if err != nil || !moved {
								return err
							}
							return w.Verification.Follow(t.Context(), tx, w.entries[i].ID, w.Elsewhere.ID)
						})
					case 2:
						_ = w.DB.InTx(t.Context(), func(tx *db.Tx) error { return w.Roster.SetClass(t.Context(), tx, w.entries[i].ID, w.class.ID) })
					default:
						content := strings.NewReader("姓名,身份证号,班级\n张三," + roomtest.IDNumber(1000+worker*100+n) + ",七年级1班\n")
						_, _ = w.Roster.Import(t.Context(), roster.ImportSource{ReaderAt: content, Size: content.Size(), Filename: "a.csv", Kind: roster.Student, SchoolID: w.Nearby.ID}, nil)
					}
				}
			})
		}
		for tries := 0; ; tries++ { // as the runner would, after a deadlock that the database has broken
			if err := w.Work(t.Context()); err == nil {
				break
			} else if tries == 20 {
				t.Fatal(err)
			}
		}
		working.Wait()
		w.work(t)
		imported := w.Count(t, `SELECT coalesce(sum(accepted), 0) FROM roster_imports`)
		w.exact(t, pupils+1+imported)
		if n := w.at(t, w.Here); n != 0 {
			t.Errorf("%d people are left: %s", n, fmt.Sprint(w.Here.ID))
		}
	})
}
