package spaces_test

import (
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/desk"
	"caotang/internal/looks"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/spaces"
)

func TestAnOverviewCountsEveryoneOnceHoweverManyGrantsHoldThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		spaces.New(d, w.Accounts, w.Roster, w.Verification, w.Support, w.Transfers, w.Recovery, w.Guardians,
			desk.New(w.Support, w.Recovery, w.Transfers), looks.New(d, w.Roster, nil)).Mount(w.Server)
		class := w.Class(t, w.Here.ID, 1)
		for i, n := range []roster.NewEntry{
			{Kind: roster.Student, SchoolID: w.Here.ID, ClassID: class.ID},
			{Kind: roster.Student, SchoolID: w.Here.ID},
			{Kind: roster.Student, SchoolID: w.Nearby.ID},
			{Kind: roster.Teacher, SchoolID: w.Nearby.ID},
			{Kind: roster.Student, SchoolID: w.Elsewhere.ID},
		} {
			n.Name, n.IDNumber = "韩梅梅", roomtest.IDNumber(i+1)
			w.Entry(t, n)
		}
		grant := func(p roomtest.Person, level access.Level, scope string) roomtest.Person {
			w.InTx(t, func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, $2, $3, $4)`, p.ID, string(level), scope, db.Now())
				return err
			})
			return p
		}
		for name, c := range map[string]struct {
			who                           roomtest.Person
			students, teachers, classless float64
		}{
			"the province":                    {w.Administrator(t, access.Province, "510000"), 4, 1, 3},
			"a county":                        {w.Administrator(t, access.County, "510104"), 3, 1, 2},
			"a school":                        {w.Administrator(t, access.School, w.Here.ID), 2, 0, 1},
			"a county within a city":          {grant(w.Administrator(t, access.County, "510104"), access.City, "510100"), 3, 1, 2},
			"a school within a county":        {grant(w.Administrator(t, access.County, "510104"), access.School, w.Here.ID), 3, 1, 2},
			"a county and a school elsewhere": {grant(w.Administrator(t, access.County, "510104"), access.School, w.Elsewhere.ID), 4, 1, 3},
		} {
			a := w.Do(t, c.who, "GET", "/api/v1/admin/overview", nil)
			if a.Get("entries.student") != c.students || a.Get("entries.teacher") != c.teachers || a.Get("classless") != c.classless {
				t.Errorf("%s: %v, want %v pupils, %v teachers, %v without a class", name, a, c.students, c.teachers, c.classless)
			}
		}
	})
}

func TestAnOverviewTellsASchoolWhichOnesAreItsPart(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		merged := func(at time.Time) {
			if _, err := w.DB.Exec(t.Context(), `UPDATE schools SET merged_into = $1, merged_at = $2 WHERE id = $3`, w.Nearby.ID, db.At(at), w.Here.ID); err != nil {
				t.Fatal(err)
			}
		}
		nearby, elsewhere := w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.School, w.Elsewhere.ID)
		tells := func(p roomtest.Person) []any {
			return w.Do(t, p, "GET", "/api/v1/admin/overview", nil).Get("merged").([]any)
		}
		merged(time.Now())
		if told := tells(nearby); len(told) != 1 || told[0].(map[string]any)["name"] != w.Here.Name || len(tells(elsewhere)) != 0 {
			t.Errorf("the school reads %v", told)
		}
		merged(time.Now().AddDate(0, -3, 0))
		if told := tells(nearby); len(told) != 0 {
			t.Errorf("long after it still reads %v", told)
		}
	})
}

func TestAnOverviewTellsWhoMustAllowALook(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		looks.New(w.DB, w.Roster, nil).Mount(w.Server)
		school, province := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.Province, "510000")
		elsewhere := w.Administrator(t, access.School, w.Elsewhere.ID)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		if a := w.Do(t, province, "POST", "/api/v1/admin/registry/"+e.ID+"/looks", map[string]any{"reason": "核对学籍"}); a.Status != 201 {
			t.Fatal(a)
		}
		for who, p := range map[string]roomtest.Person{"the school": school, "whoever asked": province, "another school": elsewhere} {
			want := 0.0
			if p == school {
				want = 1
			}
			if n := w.Do(t, p, "GET", "/api/v1/admin/overview", nil).Get("open_looks"); n != want {
				t.Errorf("%s has %v to decide, want %v", who, n, want)
			}
		}
	})
}

func TestAnOverviewShowsTheImportsOfOnesOwnAndLeavesASchoolIts(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		school, colleague := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Here.ID)
		county, province := w.Administrator(t, access.County, "510104"), w.Administrator(t, access.Province, "510000")
		for i, p := range []roomtest.Person{school, county} {
			content := "姓名,身份证号\n韩梅梅," + roomtest.IDNumber(i+1) + "\n李雷,1\n"
			done, err := w.Roster.Import(t.Context(), roster.ImportSource{
				ReaderAt: strings.NewReader(content), Size: int64(len(content)), Filename: "名册.csv", Kind: roster.Student, SchoolID: w.Here.ID,
			}, func(roster.Progress) {})
			if err != nil {
				t.Fatal(err)
			}
			w.InTx(t, func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE roster_imports SET account_id = $1 WHERE id = $2`, p.ID, done.ID)
				return err
			})
		}
		for name, c := range map[string]struct {
			who  roomtest.Person
			want int
		}{"the school": {school, 2}, "a colleague": {colleague, 2}, "the county, which began one": {county, 1}, "the province": {province, 0}} {
			a := w.Do(t, c.who, "GET", "/api/v1/admin/overview", nil)
			if shown, _ := a.Get("recent_imports").([]any); len(shown) != c.want {
				t.Errorf("%s sees %d imports, want %d: %v", name, len(shown), c.want, a)
			}
		}
	})
}
