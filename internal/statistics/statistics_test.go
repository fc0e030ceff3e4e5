package statistics_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/statistics"
	"caotang/internal/tally"
)

// world has two teachers and two pupils here, of whom one each have activated their space; a pupil without a class nearby;
// and a teacher elsewhere, who has.
func world(t *testing.T, d *db.DB) *roomtest.World {
	w := roomtest.New(t, d, roomtest.Rules())
	statistics.New(d, w.Roster).Mount(w.Server)
	class := w.Class(t, w.Here.ID, 1).ID
	add := func(n int, kind string, school roster.School, class string, bound bool) {
		e := w.Entry(t, roster.NewEntry{Kind: kind, Name: "韩梅梅", IDNumber: roomtest.IDNumber(n), SchoolID: school.ID, ClassID: class})
		if bound {
			w.Bind(t, w.Person(t, kind), e, kind)
		}
	}
	add(1, roster.Teacher, w.Here, "", true)
	add(2, roster.Teacher, w.Here, "", false)
	add(3, roster.Student, w.Here, class, true)
	add(4, roster.Student, w.Here, class, false)
	add(5, roster.Student, w.Nearby, "", false)
	add(6, roster.Teacher, w.Elsewhere, "", true)
	return w
}

func statisticsOf(t *testing.T, w *roomtest.World, p roomtest.Person, query string) roomtest.Answer {
	t.Helper()
	a := w.Do(t, p, "GET", "/api/v1/admin/statistics"+query, nil)
	if a.Status != 200 {
		t.Fatal(a)
	}
	return a
}

// numbers are a row's: teachers, of whom activated, pupils, of whom activated.
func numbers(row any) [4]any {
	r := row.(map[string]any)
	of := func(kind, what string) any { return r[kind].(map[string]any)[what] }
	return [4]any{of("teacher", "entries"), of("teacher", "activated"), of("student", "entries"), of("student", "activated")}
}

func names(t *testing.T, a roomtest.Answer) (all []any) {
	t.Helper()
	for _, item := range a.Get("children.items").([]any) {
		all = append(all, item.(map[string]any)["name"])
	}
	return all
}

func TestEveryLevelIsCountedDownToTheClass(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		province := w.Administrator(t, access.Province, "510000")
		for _, folded := range []bool{false, true} {
			if folded {
				if err := tally.Fold(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range []struct {
				scope string
				want  [4]any
				below []any
			}{
				{"", [4]any{3., 2., 3., 1.}, []any{"成都市", "自贡市"}},
				{"510100", [4]any{2., 1., 3., 1.}, []any{"锦江区"}},
				{"510104", [4]any{2., 1., 3., 1.}, []any{"草堂中学", "浣花中学"}},
				{w.Here.ID, [4]any{2., 1., 2., 1.}, []any{"七年级1班"}},
				{w.Nearby.ID, [4]any{0., 0., 1., 0.}, []any{""}},
			} {
				a := statisticsOf(t, w, province, "?scope="+c.scope)
				if got := numbers(a.Get("scope")); got != c.want {
					t.Errorf("folded %v: %q counts %v, want %v", folded, c.scope, got, c.want)
				}
				got := names(t, a)
				if c.scope == w.Here.ID && len(got) == 1 {
					continue // the class's name follows from the school year
				}
				if !reflect.DeepEqual(got, c.below) {
					t.Errorf("below %q are %v, want %v", c.scope, got, c.below)
				}
			}
		}
		a := statisticsOf(t, w, province, "?scope="+w.Here.ID)
		if got := a.Get("path").([]any); len(got) != 3 || got[0].(map[string]any)["id"] != "510000" || got[2].(map[string]any)["name"] != "锦江区" {
			t.Errorf("the way down is %v", got)
		}
	})
}

// A class whose years are over keeps its pupils on the books until it graduates: it stands in a row, and the rows add up.
func TestAClassWhoseYearsAreOverStandsInARow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		w.Roster.Mount(w.Server)
		admin := w.Administrator(t, access.School, w.Here.ID)
		year := roster.SchoolYear(time.Now()) - 3
		var over roster.Class
		w.InTx(t, func(tx *db.Tx) (err error) {
			over, err = w.Roster.CreateClass(t.Context(), tx, roster.NewClass{SchoolID: w.Here.ID, Stage: roster.Junior, EntryYear: year, Number: 1})
			return err
		})
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林小花", IDNumber: roomtest.IDNumber(7), SchoolID: w.Here.ID, ClassID: over.ID})
		rows := func() (all int, over map[string]any) {
			a := statisticsOf(t, w, admin, "")
			sum := 0.
			for _, item := range a.Get("children.items").([]any) {
				row := item.(map[string]any)
				sum += row["student"].(map[string]any)["entries"].(float64)
				if row["years_over"] == true {
					over = row
				}
			}
			if total := a.Get("scope.student.entries"); total != sum {
				t.Errorf("the rows add up to %v of %v", sum, total)
			}
			return len(a.Get("children.items").([]any)), over
		}
		offered := func() int { return len(w.Do(t, admin, "GET", "/api/v1/schools/"+w.Here.ID+"/classes", nil).Items()) }
		if n, row := rows(); n != 2 || row["name"] != fmt.Sprintf("%d级1班", year) || offered() != 2 {
			t.Errorf("%d rows, %v, %d classes are offered", n, row, offered())
		}
		w.InTx(t, func(tx *db.Tx) error { _, _, err := w.Roster.Graduate(t.Context(), tx, over); return err })
		if n, row := rows(); n != 1 || row != nil || offered() != 1 {
			t.Errorf("after it has graduated there are %d rows, and %d classes are offered", n, offered())
		}
	})
}

func TestNobodySeesBeyondTheirScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		school, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		if got := numbers(statisticsOf(t, w, school, "").Get("scope")); got != [4]any{2., 1., 2., 1.} {
			t.Errorf("the school's administrator begins at %v", got)
		}
		if path := statisticsOf(t, w, county, "?scope="+w.Here.ID).Get("path").([]any); len(path) != 1 {
			t.Errorf("the county sees above itself: %v", path)
		}
		for _, path := range []string{"", "/trend", "/export.xlsx", "/targets"} {
			query := "?scope="
			if path == "/targets" {
				query = "?region="
			}
			for scope, p := range map[string]roomtest.Person{w.Nearby.ID: school, "510104": school, "510100": county, w.Elsewhere.ID: county, "999999": county, "nothing": county} {
				if a := w.Do(t, p, "GET", "/api/v1/admin/statistics"+path+query+scope, nil); a.Status != 404 {
					t.Errorf("%s of %s: %s", path, scope, a)
				}
			}
		}
	})
}

func TestListsAreOrderedAndPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		province := w.Administrator(t, access.Province, "510000")
		for query, first := range map[string]string{
			"?order=name": "成都市", "?order=share": "自贡市", "?order=missing": "成都市", "?order=share&kind=student": "成都市",
		} {
			if got := names(t, statisticsOf(t, w, province, query)); len(got) != 2 || got[0] != first {
				t.Errorf("%s lists %v", query, got)
			}
		}
		one := statisticsOf(t, w, province, "?limit=1")
		two := statisticsOf(t, w, province, "?limit=1&cursor="+one.Get("children.next_cursor").(string))
		if got := append(names(t, one), names(t, two)...); !reflect.DeepEqual(got, []any{"成都市", "自贡市"}) || two.Get("children.next_cursor") != nil {
			t.Errorf("the pages are %v, then %v", got, two.Get("children.next_cursor"))
		}
		if a := w.Do(t, province, "GET", "/api/v1/admin/statistics?cursor=-5", nil); a.Status != 422 {
			t.Error(a)
		}
	})
}

func TestTheNearestTargetHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		province, city, county := w.Administrator(t, access.Province, "510000"), w.Administrator(t, access.City, "510100"), w.Administrator(t, access.County, "510104")
		set := func(p roomtest.Person, region, kind, stage string, percent, want int) {
			t.Helper()
			body := map[string]any{"region": region, "kind": kind, "percent": percent}
			if stage != "" {
				body["stage"] = stage
			}
			if a := w.Do(t, p, "PUT", "/api/v1/admin/statistics/targets", body); a.Status != want {
				t.Errorf("%s %s: %s", region, kind, a)
			}
		}
		target := func(scope, kind string) any {
			return statisticsOf(t, w, province, "?scope="+scope).Get("scope." + kind + ".target")
		}
		if got := target(w.Here.ID, "teacher"); got != nil {
			t.Errorf("there is a target before one was set: %v", got)
		}
		set(province, "510000", "teacher", "", 90, 204)
		set(city, "510100", "teacher", "", 100, 204)
		set(city, "510104", "student", "junior", 30, 204)
		if a, b := target(w.Here.ID, "teacher"), target("510302", "teacher"); a != 100. || b != 90. {
			t.Errorf("here %v, elsewhere %v", a, b)
		}
		// Here all pupils are in junior school; in the county one of three has no class, and so no target.
		if a, b := target(w.Here.ID, "student"), target("510104", "student"); a != 30. || b != 20. {
			t.Errorf("the school's pupils %v, the county's %v", a, b)
		}
		set(county, "510104", "teacher", "", 10, 403)
		set(city, "510302", "teacher", "", 10, 404)
		set(province, w.Here.ID[:6], "teacher", "", 10, 404)
		set(province, "510000", "teacher", "junior", 10, 422)
		set(province, "510000", "teacher", "", 101, 422)
		if list := w.Do(t, county, "GET", "/api/v1/admin/statistics/targets", nil).Items(); len(list) != 3 || list[0]["region"] != "510104" || list[2]["region"] != "510000" {
			t.Errorf("the county reads %v", list)
		}
		if a := w.Do(t, city, "DELETE", "/api/v1/admin/statistics/targets?region=510100&kind=teacher", nil); a.Status != 204 {
			t.Error(a)
		}
		if got := target(w.Here.ID, "teacher"); got != 90. {
			t.Errorf("with the city's target gone it is %v", got)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action IN ('target.set', 'target.remove')`); n != 4 {
			t.Errorf("%d changes of targets are recorded", n)
		}
	})
}

func TestTheTrendEndsAtThePresent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		province := w.Administrator(t, access.Province, "510000")
		// As if one of the teachers had activated their space three days ago.
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE bindings SET bound_at = bound_at - 259200000 WHERE school_id = $1`, w.Elsewhere.ID)
			if err != nil {
				return err
			}
			return tally.Recount(t.Context(), tx)
		})
		points := w.Do(t, province, "GET", "/api/v1/admin/statistics/trend?days=5", nil).Items()
		var got []any
		for _, p := range points {
			got = append(got, p["teacher"].(map[string]any)["activated"])
		}
		if !reflect.DeepEqual(got, []any{0., 1., 1., 1., 2.}) {
			t.Errorf("teachers activated, day by day: %v", got)
		}
		if a := w.Do(t, province, "GET", "/api/v1/admin/statistics/trend?days=5000", nil); a.Status != 422 {
			t.Error(a)
		}
	})
}

func TestATableIsTakenAlongAndRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		county := w.Administrator(t, access.County, "510104")
		for n := range 4 { // one of six: rounded down, as on the screen
			w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(70 + n), SchoolID: w.Here.ID})
		}
		r := httptest.NewRequest(http.MethodGet, "/api/v1/admin/statistics/export.xlsx", nil)
		r.Header.Set("Authorization", "Bearer "+county.Token)
		answer := httptest.NewRecorder()
		w.Server.ServeHTTP(answer, r)
		book, err := excelize.OpenReader(bytes.NewReader(answer.Body.Bytes()))
		if err != nil {
			t.Fatal(err, answer.Code)
		}
		rows, err := book.GetRows(book.GetSheetName(0))
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"草堂中学", w.Here.Code, "6", "1", "16.7", "", "2", "1", "50"}; len(rows) != 5 || !reflect.DeepEqual(rows[2], want) {
			t.Errorf("%q", rows)
		}
		if kind, err := book.GetCellType(book.GetSheetName(0), "C3"); err != nil || kind != excelize.CellTypeUnset { // a number
			t.Errorf("a count is of type %v, %v", kind, err)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'statistics.export'`); n != 1 {
			t.Errorf("%d exports are recorded", n)
		}
	})
}
