package moves_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
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
		w.Service = moves.New(d, w.Jobs, moves.Rooms{Accounts: w.Accounts, Roster: w.Roster, Verification: w.Verification, Transfers: w.Transfers, Tickets: w.Support}, "https://edu.example.cn/", nil)
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
		if a := w.do(t, w.county, http.StatusOK, "GET", "/api/v1/admin/moves/"+id, nil); a.Get("state") != "done" || a.Get("moved") != float64(pupils) || !strings.Contains(a.Text, `"classes":[{"id":"`+w.class.ID+`"`) {
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

// born is a pupil of a year.
func (w *world) born(t *testing.T, year int) roster.Entry {
	t.Helper()
	digits := fmt.Sprintf("510104%d0101001", year)
	return w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林小涛", IDNumber: digits + string(identity.CheckCharacter(digits)), SchoolID: w.Here.ID})
}

func TestGuardiansOfAChildAreToldOfAMove(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		child, grown := w.born(t, time.Now().Year()-10), w.born(t, time.Now().Year()-16)
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
		merger := object{"into": w.Here.ID, "code": w.Here.Code, "administrators": "end"}
		// A class of the school that they leave.
		misplaced := object{"from_school_id": w.Here.ID, "to_school_id": w.Nearby.ID, "class_ids": []string{w.class.ID}, "to_class_id": w.class.ID}
		confirmed := maps.Clone(misplaced)
		confirmed["confirmed"], confirmed["knowing"] = pupils, true
		for name, c := range map[string]struct {
			a     roomtest.Answer
			field string
		}{
			"a move into itself":             {w.Do(t, w.county, "POST", "/api/v1/admin/moves", body(w.Here)), "to_school_id"},
			"a merger with itself":           {w.Do(t, w.county, "POST", "/api/v1/admin/schools/"+w.Here.ID+"/merger", merger), "into"},
			"a preview of that":              {w.Do(t, w.county, "GET", "/api/v1/admin/schools/"+w.Here.ID+"/merger?into="+w.Here.ID, nil), "into"},
			"a class of another school":      {w.Do(t, w.county, "POST", "/api/v1/admin/moves/preview", misplaced), "to_class_id"},
			"a move into that class":         {w.Do(t, w.county, "POST", "/api/v1/admin/moves", confirmed), "to_class_id"},
			"a class that nobody moves from": {w.Do(t, w.county, "POST", "/api/v1/admin/moves", object{"from_school_id": w.Here.ID, "to_school_id": w.Nearby.ID, "class_ids": []string{"x"}, "confirmed": 1}), "class_ids"},
		} {
			if c.a.Status != 422 || !strings.Contains(c.a.Text, `"fields":[{"field":"`+c.field+`"`) {
				t.Errorf("%s is not told at %s: %v", name, c.field, c.a)
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
