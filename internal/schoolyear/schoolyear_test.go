package schoolyear_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/schoolyear"
	"caotang/internal/tally"
)

type object = map[string]any

// world is the school Here with two junior classes of three pupils each, one in its last year, and a clock.
type world struct {
	*roomtest.World
	*schoolyear.Service
	school, county roomtest.Person
	year           int // the coming one
	clock          atomic.Int64

	leaving, rising roster.Class
	graduates       []roster.Entry
	pupil           roomtest.Person // bound to the first of them
}

func (w *world) at(year int, month time.Month, day int) {
	w.clock.Store(time.Date(year, month, day, 0, 0, 0, 0, calendar.Shanghai).UnixMilli())
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{World: roomtest.New(t, d, roomtest.Rules()), year: roster.SchoolYear(time.Now()) + 1}
		w.Roster.Mount(w.Server)
		w.Service = schoolyear.New(d, w.Jobs, w.Roster, func() time.Time { return time.UnixMilli(w.clock.Load()) })
		w.Mount(w.Server)
		w.at(w.year, time.July, 1)
		w.school, w.county = w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		w.leaving, w.rising = w.class(t, w.year-3, 1), w.class(t, w.year-1, 1)
		w.class(t, w.year-1, 2)
		for i := range 6 {
			n := roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID, ClassID: w.leaving.ID}
			if i > 2 {
				n.ClassID = w.rising.ID
			}
			if e := w.Entry(t, n); i < 3 {
				w.graduates = append(w.graduates, e)
			}
		}
		w.pupil = w.Person(t, "student")
		w.Bind(t, w.pupil, w.graduates[0], "student")
		test(t, w)
	})
}

func (w *world) class(t *testing.T, entryYear, number int) (c roster.Class) {
	t.Helper()
	w.InTx(t, func(tx *db.Tx) (err error) {
		c, err = w.Roster.CreateClass(t.Context(), tx, roster.NewClass{SchoolID: w.Here.ID, Stage: roster.Junior, EntryYear: entryYear, Number: number})
		return err
	})
	return c
}

func (w *world) path() string { return "/api/v1/admin/school-years/" + w.Here.ID }

func (w *world) plan(t *testing.T, more object) roomtest.Answer {
	t.Helper()
	body := object{"year": w.year, "leave_out": []string{}, "new": []object{}}
	for name, value := range more {
		body[name] = value
	}
	return w.Do(t, w.school, http.MethodPut, w.path(), body)
}

func (w *world) view(t *testing.T) roomtest.Answer {
	t.Helper()
	a := w.Do(t, w.school, http.MethodGet, fmt.Sprintf("%s?year=%d", w.path(), w.year), nil)
	if a.Status != http.StatusOK {
		t.Fatal(a)
	}
	return a
}

func (w *world) work(t *testing.T) {
	t.Helper()
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// pupils is how many of them the school's count has, and how many are activated; the count is exact.
func (w *world) pupils(t *testing.T) (entries, activated int64) {
	t.Helper()
	differences, err := tally.Verify(t.Context(), w.DB, 10)
	if err != nil || len(differences) > 0 {
		t.Errorf("the counts differ from the registry: %+v, %v", differences, err)
	}
	counts, err := tally.Counts(t.Context(), w.DB, tally.School, w.Here.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		entries, activated = entries+c.Entries, activated+c.Activated
	}
	return entries, activated
}

func (w *world) listed(t *testing.T, query string) int {
	t.Helper()
	return len(w.Do(t, w.school, http.MethodGet, "/api/v1/admin/registry?"+query, nil).Items())
}

func TestAPlannedTurnRunsOnTheFirstOfSeptember(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.view(t)
		if v.Get("state") != "open" || v.Get("at_once") != false || len(v.Get("leaving").([]any)) != 1 || len(v.Get("rising").([]any)) != 2 || len(v.Get("without_head").([]any)) != 2 {
			t.Fatal(v)
		}
		rises := v.Get("rising").([]any)[0].(object)
		if rises["from"] != "七年级1班" || rises["to"] != "八年级1班" || v.Get("leaving").([]any)[0].(object)["name"] != "九年级1班" {
			t.Errorf("%v", v)
		}
		suggested := v.Get("new").([]any)[0].(object)
		if suggested["count"] != 2.0 || suggested["stage"] != "junior" || suggested["grade"] != "七年级" || len(suggested["taken"].([]any)) != 0 {
			t.Errorf("%v", suggested)
		}
		w.class(t, w.year, 2)
		if known := w.view(t).Get("new").([]any)[0].(object); fmt.Sprint(known["taken"]) != "[2]" {
			t.Errorf("which numbers are taken is not told: %v", known)
		}
		if a := w.plan(t, object{"new": []object{{"stage": "junior", "schooling_years": 3, "count": 3}}}); a.Status != http.StatusOK || a.Get("state") != "planned" {
			t.Fatal(a)
		}
		w.work(t)
		if n, _ := w.pupils(t); n != 6 || w.view(t).Get("state") != "planned" {
			t.Fatal("it ran before its day")
		}
		w.at(w.year, time.September, 1)
		w.work(t)
		v = w.view(t)
		if v.Get("state") != "done" || v.Get("result.classes") != 1.0 || v.Get("result.pupils") != 3.0 || v.Get("result.made") != 2.0 {
			t.Errorf("%v", v)
		}
		if n, activated := w.pupils(t); n != 3 || activated != 0 {
			t.Errorf("the school counts %d pupils, %d activated", n, activated)
		}
		if all, graduated, ofClass := w.listed(t, "limit=50"), w.listed(t, "graduated=true"), w.listed(t, "class_id="+w.leaving.ID); all != 3 || graduated != 3 || ofClass != 3 {
			t.Errorf("listed: %d, %d graduated, %d of the class", all, graduated, ofClass)
		}
		if n := w.Count(t, `SELECT count(*) FROM bindings WHERE account_id = $1`, w.pupil.ID); n != 1 {
			t.Error("a graduate has lost their binding")
		}
		// Nothing is done twice.
		if _, err := w.DB.Exec(t.Context(), `UPDATE school_years SET state = 'running'`); err != nil {
			t.Fatal(err)
		}
		w.work(t)
		if v := w.view(t); v.Get("result.pupils") != 3.0 || v.Get("result.made") != 2.0 {
			t.Errorf("done again: %v", v)
		}
		w.pupils(t)
		if a := w.plan(t, object{"confirmed": object{"classes": 0, "pupils": 0, "made": 0}}); a.Get("code") != "school_year_done" {
			t.Error(a)
		}
	})
}

func TestATurnWhoseDayHasPassedAsksForItsNumbers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.at(w.year, time.November, 28)
		if v := w.view(t); v.Get("at_once") != true {
			t.Fatal(v)
		}
		if a := w.plan(t, nil); a.Get("code") != "school_year_unconfirmed" || a.Get("numbers.pupils") != 3.0 {
			t.Error(a)
		}
		if a := w.plan(t, object{"confirmed": object{"classes": 1, "pupils": 2, "made": 2}}); a.Get("code") != "school_year_unconfirmed" {
			t.Error(a)
		}
		if a := w.plan(t, object{"leave_out": []string{w.leaving.ID}, "confirmed": object{"classes": 0, "pupils": 0, "made": 2}}); a.Status != http.StatusOK || a.Get("state") != "running" {
			t.Error(a)
		}
		w.work(t)
		if n, _ := w.pupils(t); n != 6 || w.view(t).Get("result.made") != 2.0 {
			t.Error("a class that was left out has graduated, or no class was made")
		}
		if a := w.plan(t, object{"year": w.year + 1}); a.Get("code") != "school_year_closed" {
			t.Error(a)
		}
	})
}

// A school for which nothing is left to do says so once, and is done.
func TestATurnOfNothingIsConfirmed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.at(w.year, time.November, 28)
		none := []object{{"stage": "junior", "schooling_years": 3, "count": 0}}
		if a := w.plan(t, object{"leave_out": []string{w.leaving.ID}, "new": none, "confirmed": object{"classes": 0, "pupils": 0, "made": 0}}); a.Status != http.StatusOK {
			t.Fatal(a)
		}
		w.work(t)
		if v := w.view(t); v.Get("state") != "done" {
			t.Errorf("%v", v)
		}
		if classes := w.Do(t, w.school, http.MethodGet, "/api/v1/admin/classes?graduated=true&school_id="+w.Here.ID, nil).Items(); len(classes) != 0 {
			t.Errorf("graduated: %v", classes)
		}
	})
}

// A class has one name on every page, and is called graduated once it has; no fewer new classes are suggested than are there.
func TestAClassIsCalledTheSameAllAlong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		over := w.class(t, w.year-4, 1) // whose years are over by the clock of the registry too
		for number := range 3 {
			w.class(t, w.year, number+1)
		}
		w.at(w.year, time.November, 28)
		v := w.view(t)
		if n := v.Get("new").([]any)[0].(object); n["existing"] != 3.0 || n["count"] != 3.0 {
			t.Errorf("new classes: %v", n)
		}
		managed := func(query string) object {
			for _, class := range w.Do(t, w.school, http.MethodGet, "/api/v1/admin/classes?school_id="+w.Here.ID+query, nil).Items() {
				if class["id"] == over.ID {
					return class
				}
			}
			return nil
		}
		name := fmt.Sprintf("%d级1班", w.year-4)
		if class := managed(""); class["display_name"] != name || class["grade"] != "学制已满，待毕业" || v.Get("leaving").([]any)[1].(object)["name"] != name {
			t.Errorf("%v, %v", class, v.Get("leaving"))
		}
		w.InTx(t, func(tx *db.Tx) error { _, _, err := w.Roster.Graduate(t.Context(), tx, over); return err })
		if class := managed("&graduated=true"); class["grade"] != "已毕业" {
			t.Errorf("%v", class)
		}
		w.InTx(t, func(tx *db.Tx) error { _, _, err := w.Roster.TakeBack(t.Context(), tx, over); return err })
		if class := managed(""); class["grade"] != "学制已满，待毕业" {
			t.Errorf("taken back: %v", class)
		}
	})
}

func TestATurnIsTakenBackForThirtyDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plan(t, object{"new": []object{{"stage": "junior", "schooling_years": 3, "count": 2}}})
		w.at(w.year, time.September, 1)
		w.work(t)
		// The next school takes one on by import, another by a change of school; a new class gets a pupil.
		w.importTo(t, w.Nearby, 2, true)
		w.InTx(t, func(tx *db.Tx) error {
			_, err := w.Roster.Move(t.Context(), tx, w.graduates[2].ID, w.Here.ID, w.Elsewhere.ID, "")
			return err
		})
		used := ""
		if err := w.DB.QueryRow(t.Context(), `SELECT id FROM classes WHERE school_id = $1 AND entry_year = $2 AND number = 1`, w.Here.ID, w.year).Scan(&used); err != nil {
			t.Fatal(err)
		}
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林涛", IDNumber: roomtest.IDNumber(20), SchoolID: w.Here.ID, ClassID: used})
		v := w.view(t)
		if moved := v.Get("moved_on").([]any); len(moved) != 2 || moved[0].(object)["school"].(object)["name"] != w.Nearby.Name {
			t.Errorf("%v", v.Get("moved_on"))
		}
		w.pupils(t)
		w.at(w.year, time.October, 2)
		if a := w.Do(t, w.school, http.MethodPost, fmt.Sprintf("%s/take-back?year=%d", w.path(), w.year), nil); a.Get("code") != "school_year_too_late" {
			t.Error(a)
		}
		w.at(w.year, time.September, 30)
		if a := w.Do(t, w.school, http.MethodPost, fmt.Sprintf("%s/take-back?year=%d", w.path(), w.year), nil); a.Status != http.StatusAccepted {
			t.Fatal(a)
		}
		w.work(t)
		if n, activated := w.pupils(t); n != 5 || activated != 1 {
			t.Errorf("%d pupils, %d activated", n, activated)
		}
		if n := w.Count(t, `SELECT count(*) FROM classes WHERE school_id = $1 AND entry_year = $2`, w.Here.ID, w.year); n != 1 {
			t.Errorf("%d new classes are left", n)
		}
		if v := w.view(t); v.Get("state") != "returned" {
			t.Error(v)
		}
		if a := w.plan(t, object{"confirmed": object{"classes": 1, "pupils": 1, "made": 1}}); a.Status != http.StatusOK {
			t.Error(a)
		}
		w.work(t)
		if n, _ := w.pupils(t); n != 4 {
			t.Errorf("run again: %d pupils", n)
		}
	})
}

// importTo imports the nth person as a pupil of a school, moving them there or not.
func (w *world) importTo(t *testing.T, school roster.School, n int, updates bool) roster.Result {
	t.Helper()
	content := strings.NewReader("姓名,身份证号,班级\n韩梅梅," + roomtest.IDNumber(n) + fmt.Sprintf(",%d级1班\n", w.year))
	result, err := w.Roster.Import(t.Context(), roster.ImportSource{
		ReaderAt: content, Size: content.Size(), Filename: "a.csv", Kind: roster.Student, SchoolID: school.ID, Choice: roster.Choice{Updates: updates},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestOnlyGraduatesAreTakenOnByImport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if r := w.importTo(t, w.Nearby, 1, true); r.Accepted != 0 {
			t.Error("a pupil was taken from another school")
		}
		w.plan(t, nil)
		w.at(w.year, time.September, 1)
		w.work(t)
		if r := w.importTo(t, w.Nearby, 1, false); r.Accepted != 0 {
			t.Error("a graduate was taken on by an import that moves nobody")
		}
		if r := w.importTo(t, w.Nearby, 1, true); r.Accepted != 1 {
			t.Error("a graduate was not taken on")
		}
		if n := w.Count(t, `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id WHERE b.account_id = $1 AND b.school_id = $2 AND e.school_id = $2 AND e.class_id IS NOT NULL`,
			w.pupil.ID, w.Nearby.ID); n != 1 {
			t.Error("the binding did not come along")
		}
		if n, activated := w.pupils(t); n != 3 || activated != 0 {
			t.Errorf("%d pupils, %d activated", n, activated)
		}
	})
}

// At a school of 六三制 and 五四制 classes graduate by their own system, and each system has its new classes, numbered together.
func TestASchoolOfBothSystems(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		long := func(entryYear, number int) (c roster.Class) {
			w.InTx(t, func(tx *db.Tx) (err error) {
				c, err = w.Roster.CreateClass(t.Context(), tx, roster.NewClass{SchoolID: w.Here.ID, Stage: roster.Junior, EntryYear: entryYear, Number: number, SchoolingYears: 4})
				return err
			})
			return c
		}
		stays, _ := long(w.year-3, 2), long(w.year-1, 3)
		v := w.view(t)
		leaving, rising := v.Get("leaving").([]any), v.Get("rising").([]any)
		if len(leaving) != 1 || leaving[0].(object)["id"] != w.leaving.ID || leaving[0].(object)["other_years"] != 4.0 {
			t.Errorf("leaving: %v", leaving)
		}
		for _, one := range rising {
			switch one := one.(object); one["id"] {
			case stays.ID:
				if one["to"] != "九年级2班" || one["other_years"] != 3.0 {
					t.Errorf("%v", one)
				}
			case w.rising.ID:
				if one["other_years"] != nil {
					t.Errorf("it does not depend on the system: %v", one)
				}
			}
		}
		suggested := fmt.Sprint(v.Get("new"))
		for _, part := range []string{"count:2 existing:0 grade:七年级 schooling_years:3", "count:1 existing:0 grade:六年级 schooling_years:4"} {
			if !strings.Contains(suggested, part) {
				t.Errorf("%s is not suggested: %s", part, suggested)
			}
		}
		cohort := func(years, count int) object {
			return object{"stage": "junior", "schooling_years": years, "count": count}
		}
		for what, wrong := range map[string][]object{"twice": {cohort(3, 1), cohort(3, 2)}, "no such system": {cohort(5, 1)}} {
			if a := w.plan(t, object{"new": wrong}); a.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %v", what, a)
			}
		}
		long(w.year, 2)
		if a := w.plan(t, object{"new": []object{cohort(3, 2), cohort(4, 2)}}); a.Status != http.StatusOK {
			t.Fatal(a)
		}
		w.at(w.year, time.September, 1)
		w.work(t)
		if v := w.view(t); v.Get("result.classes") != 1.0 || v.Get("result.pupils") != 3.0 || v.Get("result.made") != 3.0 {
			t.Errorf("%v", v)
		}
		type made struct{ number, years int }
		var all []made
		for _, c := range w.Do(t, w.school, http.MethodGet, fmt.Sprintf("/api/v1/admin/classes?school_id=%s&entry_year=%d", w.Here.ID, w.year), nil).Items() {
			all = append(all, made{int(c["number"].(float64)), int(c["schooling_years"].(float64))})
		}
		slices.SortFunc(all, func(a, b made) int { return a.number - b.number })
		if !slices.Equal(all, []made{{1, 3}, {2, 4}, {3, 3}, {4, 4}}) {
			t.Errorf("the new classes by number: %v", all)
		}
	})
}

// Where the registry has the wrong system, whoever plans puts it right, and the class graduates by the right one.
func TestAClassGoesByTheSystemThatSomebodyPutsRight(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		change := func(years int) {
			if a := w.Do(t, w.school, http.MethodPatch, "/api/v1/admin/classes/"+w.leaving.ID, object{"schooling_years": years}); a.Status != http.StatusOK {
				t.Fatal(a)
			}
		}
		if a := w.plan(t, nil); a.Get("state") != "planned" {
			t.Fatal(a)
		}
		change(4)
		if n := len(w.view(t).Get("leaving").([]any)); n != 0 {
			t.Errorf("%d classes graduate", n)
		}
		w.at(w.year, time.September, 1)
		w.work(t)
		if n, _ := w.pupils(t); n != 6 {
			t.Error("a class of the longer system has graduated")
		}
	})
}

func TestAPlanIsChangedAndWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plan(t, nil)
		if a := w.plan(t, object{"leave_out": []string{w.leaving.ID}}); a.Get("leaving").([]any)[0].(object)["left_out"] != true {
			t.Error(a)
		}
		for field, body := range map[string]object{
			"leave_out": {"leave_out": []string{w.rising.ID}}, "new": {"new": []object{{"stage": "junior", "schooling_years": 3, "count": 51}}},
		} {
			if a := w.plan(t, body); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, field) {
				t.Errorf("%s: %v", field, a)
			}
		}
		if a := w.Do(t, w.school, http.MethodDelete, w.path(), nil); a.Status != http.StatusNoContent {
			t.Error(a)
		}
		if a := w.Do(t, w.school, http.MethodDelete, w.path(), nil); a.Status != http.StatusNotFound {
			t.Error(a)
		}
		w.at(w.year, time.September, 1)
		w.work(t)
		if n, _ := w.pupils(t); n != 6 {
			t.Error("a plan that was withdrawn ran")
		}
	})
}

func TestACountySeesWhichSchoolsHavePlanned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plan(t, nil)
		list := func(p roomtest.Person, query string) []map[string]any {
			return w.Do(t, p, http.MethodGet, "/api/v1/admin/school-years"+query, nil).Items()
		}
		if all := list(w.county, ""); len(all) != 2 || all[0]["state"] != "planned" || all[0]["pupils"] != 3.0 || all[1]["state"] != "open" {
			t.Errorf("%v", all)
		}
		if n := len(list(w.county, "?state=open")) + len(list(w.county, "?region=510300")); n != 1 {
			t.Errorf("%d", n)
		}
		first := w.Do(t, w.county, http.MethodGet, "/api/v1/admin/school-years?limit=1", nil)
		if second := list(w.county, "?limit=1&cursor="+fmt.Sprint(first.Get("next_cursor"))); len(second) != 1 || second[0]["state"] != "open" {
			t.Errorf("%v", second)
		}
		if a := w.Do(t, w.county, http.MethodGet, "/api/v1/admin/school-years/summary", nil); a.Get("due") != true || a.Get("open") != 1.0 || a.Get("planned") != 1.0 {
			t.Error(a)
		}
		w.at(w.year, time.November, 1)
		if a := w.Do(t, w.county, http.MethodGet, "/api/v1/admin/school-years/summary", nil); a.Get("due") != false {
			t.Error(a)
		}
		elsewhere := w.Administrator(t, access.School, w.Nearby.ID)
		if a := w.Do(t, elsewhere, http.MethodGet, w.path(), nil); a.Status != http.StatusNotFound {
			t.Error(a)
		}
	})
}

func TestAYearThatIsNoneIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for method, path := range map[string]string{
			"GET": w.path(), "DELETE": w.path(), "POST": w.path() + "/take-back", "GET of all": "/api/v1/admin/school-years",
		} {
			for _, year := range []string{"2147483648", "99999", "10000", "-1", "0"} {
				a := w.Do(t, w.county, strings.TrimSuffix(method, " of all"), path+"?year="+year, nil)
				if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, `"field":"year","code":"out_of_range"`) {
					t.Errorf("%s %s in %s: %v", method, path, year, a)
				}
			}
		}
	})
}

func TestTheComingYearIsPlannedFromJuneOn(t *testing.T) {
	for day, want := range map[string]int{"2027-05-31T23:59:59+08:00": 2026, "2027-06-01T00:00:00+08:00": 2027, "2027-08-31T23:59:59+08:00": 2027, "2027-09-01T00:00:00+08:00": 2027, "2028-01-01T00:00:00+08:00": 2027} {
		at, err := time.Parse(time.RFC3339, day)
		if err != nil {
			t.Fatal(err)
		}
		if years := schoolyear.Years(at); years[len(years)-1] != want {
			t.Errorf("%s: %v", day, years)
		}
	}
}

// Whatever people do to a class and its pupils while it graduates and comes back, the counts are exact.
func TestCountsAreExactWhileAClassGraduates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		people := make([]roomtest.Person, len(w.graduates))
		for i := range people {
			people[i] = w.Person(t, "student")
		}
		steps := []func(r *rand.Rand, i int) error{
			func(*rand.Rand, int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error { _, _, err := w.Roster.Graduate(t.Context(), tx, w.leaving); return err })
			},
			func(*rand.Rand, int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error { _, _, err := w.Roster.TakeBack(t.Context(), tx, w.leaving); return err })
			},
			func(_ *rand.Rand, i int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
					e, err := w.Roster.EntryByID(t.Context(), tx, w.graduates[i].ID)
					if err != nil {
						return err
					}
					return w.Verification.Bind(t.Context(), tx, people[i].ID, e, e.Kind)
				})
			},
			func(_ *rand.Rand, i int) error {
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
					_, err := w.Verification.Unbind(t.Context(), tx, w.graduates[i], "a test")
					return err
				})
			},
			func(r *rand.Rand, i int) error {
				to := []roster.Class{w.leaving, w.rising}[r.IntN(2)]
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error { return w.Roster.SetClass(t.Context(), tx, w.graduates[i].ID, to.ID) })
			},
			func(r *rand.Rand, _ int) error {
				w.importTo(t, w.Here, 30+r.IntN(100), false)
				return nil
			},
			func(r *rand.Rand, i int) error {
				from, to := w.Here.ID, w.Nearby.ID
				if r.IntN(2) == 0 {
					from, to = to, from
				}
				return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
					moved, err := w.Roster.Move(t.Context(), tx, w.graduates[i].ID, from, to, "")
					if err != nil || !moved {
						return err
					}
					return w.Verification.Follow(t.Context(), tx, w.graduates[i].ID, to)
				})
			},
			func(*rand.Rand, int) error { return tally.Fold(t.Context(), w.DB) },
		}
		var working sync.WaitGroup
		for worker := range 4 {
			working.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(worker)))
				for range 40 {
					_ = steps[r.IntN(len(steps))](r, r.IntN(len(w.graduates))) // many are refused, as they should be
				}
			})
		}
		working.Wait()
		w.pupils(t)
	})
}
