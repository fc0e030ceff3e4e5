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
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// Of a merger the administrators of the school that ends are told as it begins, with what becomes of their grant, and those of
// the other once it is done. Who had become part of the first is part of the other too.
func TestTheSchoolsAdministratorsAreToldOfAMerger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		here, nearby := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		if a := w.Do(t, here, "GET", "/api/v1/admin/moves", nil); a.Status != 200 {
			t.Fatal(a)
		}
		w.merge(t, "end")
		day := time.Now().In(calendar.Shanghai).Format(time.DateOnly)
		if a := w.Do(t, here, "GET", "/api/v1/admin/schools/"+w.Here.ID+"/merger?into="+w.Nearby.ID, nil); a.Status != 403 || a.Get("code") != "administration_merged" || !strings.Contains(a.Text, w.Here.Name+"已于 "+day+" 并入"+w.Nearby.Name) {
			t.Errorf("whose grant has ended reads %v", a)
		}
		if a := w.Do(t, w.Person(t, "student"), "GET", "/api/v1/admin/moves", nil); a.Get("code") != "forbidden" {
			t.Errorf("who never administered anything reads %v", a)
		}
		if w.Told(t, here, "您对"+w.Here.Name+"的管理权限已结束") != 1 || w.Told(t, nearby, "") != 0 {
			t.Errorf("as it begins: %v, %v", w.Texts(t, here.Phone), w.Texts(t, nearby.Phone))
		}
		w.work(t)
		if w.Told(t, here, "") != 1 || w.Told(t, nearby, fmt.Sprintf("已把%s并入%s，%d 人随之转入", w.Here.Name, w.Nearby.Name, pupils+1)) != 1 {
			t.Errorf("once it is done: %v, %v", w.Texts(t, here.Phone), w.Texts(t, nearby.Phone))
		}
		if _, err := w.DB.Exec(t.Context(), `UPDATE schools SET merged_at = 1 WHERE id = $1`, w.Here.ID); err != nil { // long before
			t.Fatal(err)
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
		if lately, err := w.Roster.MergedLately(t.Context(), w.DB, []string{w.Elsewhere.ID}, time.Now().Add(-time.Hour), 5); err != nil || len(lately) != 2 {
			t.Errorf("%d schools became part of it lately, want 2: %v", len(lately), err)
		}
	})
}

const administratorsPath = "/api/v1/admin/administrators"

func TestWhoAdministersSomethingElseIsToldOfNoMergerLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		if _, err := w.DB.Exec(t.Context(), `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, 'school', $2, $3)`, admin.ID, w.Elsewhere.ID, db.Now()); err != nil {
			t.Fatal(err)
		}
		w.merge(t, "end")
		w.do(t, w.Administrator(t, access.County, "510302"), http.StatusNoContent, "POST", administratorsPath+"/dismiss",
			object{"account_id": admin.ID, "level": "school", "scope_id": w.Elsewhere.ID, "reason": "调离"})
		if a := w.Do(t, admin, "GET", administratorsPath, nil); a.Get("code") != "forbidden" {
			t.Errorf("whose other grant ended last reads %v", a)
		}
	})
}

func TestNobodyIsAppointedBesideAMerger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 6 {
			id, code := db.NewID(), fmt.Sprintf("31510001%02d", i)
			if _, err := w.DB.Exec(t.Context(), `INSERT INTO schools (id, code, name, region, created_at) VALUES ($1, $2, $2, '510104', $3)`, id, code, db.Now()); err != nil {
				t.Fatal(err)
			}
			var both sync.WaitGroup
			both.Go(func() {
				if a := w.Do(t, w.county, "POST", "/api/v1/admin/schools/"+id+"/merger", object{"into": w.Nearby.ID, "code": code, "administrators": "end"}); a.Status != http.StatusAccepted {
					t.Errorf("the merger: %v", a)
				}
			})
			both.Go(func() {
				a := w.Do(t, w.county, "POST", administratorsPath, object{"username": "admin" + code, "level": "school", "scope_id": id})
				if a.Status != http.StatusCreated && a.Get("code") != "scope_merged" {
					t.Errorf("the appointment: %v", a)
				}
			})
			both.Wait()
			w.work(t)
			if n := w.Count(t, `SELECT count(*) FROM grants WHERE level = 'school' AND scope_id = $1`, id); n != 0 {
				t.Error("a school that has merged has an administrator")
			}
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

func TestAMergerNamesAndTellsWhomItTook(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		child, grown := w.born(t, time.Now().Year()-10), w.born(t, time.Now().Year()-16)
		ofChild, ofGrown := w.Person(t, "parent"), w.Person(t, "parent")
		w.Bind(t, ofChild, child, "parent")
		w.Bind(t, ofGrown, grown, "parent")
		if p := w.do(t, w.county, http.StatusOK, "GET", "/api/v1/admin/schools/"+w.Here.ID+"/merger?into="+w.Nearby.ID, nil); p.Get("verified") != 1.0 {
			t.Error(p)
		}
		id := w.merge(t, "end")
		w.work(t)
		if w.Told(t, w.pupil, w.Here.Name+"已并入"+w.Nearby.Name) != 1 || w.Told(t, ofChild, "您的孩子林*涛随之转入") != 1 || w.Told(t, ofGrown, "林*涛") != 0 {
			t.Errorf("they read %q, %q, %q", w.Texts(t, w.pupil.Phone), w.Texts(t, ofChild.Phone), w.Texts(t, ofGrown.Phone))
		}
		people := w.do(t, w.Administrator(t, access.School, w.Nearby.ID), http.StatusOK, "GET", "/api/v1/admin/moves/"+id+"/people?limit=100", nil)
		if n := len(people.Items()); n != pupils+3 {
			t.Errorf("%d people are named", n)
		}
	})
}

func TestNoTwoClassesAreCalledAlikeAfterAMerger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		of := func(school roster.School, stage roster.Stage, entryYear int) {
			w.InTx(t, func(tx *db.Tx) error {
				_, err := w.Roster.CreateClass(t.Context(), tx, roster.NewClass{SchoolID: school.ID, Stage: stage, EntryYear: entryYear, Number: 1})
				return err
			})
		}
		year := roster.SchoolYear(time.Now())
		of(w.Here, roster.Special, year-2)
		of(w.Nearby, roster.Primary, year-2)
		p := w.do(t, w.county, http.StatusOK, "GET", "/api/v1/admin/schools/"+w.Here.ID+"/merger?into="+w.Nearby.ID, nil)
		if stages := fmt.Sprint(p.Get("new_stages")); stages != "[junior special]" {
			t.Errorf("new there are %s", stages)
		}
		w.merge(t, "end")
		w.work(t)
		called := map[string]bool{}
		for _, c := range w.do(t, w.pupil, http.StatusOK, "GET", "/api/v1/schools/"+w.Nearby.ID+"/classes", nil).Items() {
			called[fmt.Sprint(c["display_name"])] = true
		}
		if len(called) != 3 || !called["三年级1班"] || !called["三年级2班"] {
			t.Errorf("they are called %v", called)
		}
	})
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
		expect := object{"what": "merged", "from": w.Here.Name, "to": w.Nearby.Name}
		if way, _ := w.do(t, asker, http.StatusOK, "GET", "/api/v1/me/tickets", nil).Items()[0]["way"].([]any); len(way) != 2 {
			t.Errorf("the way of a ticket is %v", way)
		} else {
			for name, want := range expect {
				if got := way[1].(object)[name]; got != want {
					t.Errorf("%s of the ticket's last step is %v, want %v", name, got, want)
				}
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
			"a person":                       w.Do(t, w.county, "POST", "/api/v1/admin/registry", object{"kind": "student", "name": "张三", "id_type": "resident_id", "id_number": roomtest.IDNumber(900), "school_id": w.Here.ID}),
			"a class":                        w.Do(t, w.county, "POST", "/api/v1/admin/classes", object{"school_id": w.Here.ID, "stage": "junior", "entry_year": w.class.EntryYear, "number": 9}),
			"a change of school":             w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/tickets", ask),
			"its new name":                   w.Do(t, w.county, "PATCH", "/api/v1/admin/schools/"+w.Here.ID, object{"name": "草堂初级中学"}),
			"its removal":                    w.Do(t, w.county, "DELETE", "/api/v1/admin/schools/"+w.Here.ID+"?code="+w.Here.Code, nil),
			"a class by those who took over": w.Do(t, admin, "POST", "/api/v1/admin/classes", object{"school_id": w.Here.ID, "stage": "junior", "entry_year": w.class.EntryYear, "number": 9}),
			"a second merger":                w.Do(t, w.county, "POST", "/api/v1/admin/schools/"+w.Here.ID+"/merger", object{"into": w.Nearby.ID, "code": w.Here.Code, "administrators": "end"}),
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
