package statistics_test

import (
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/statistics"
)

func TestWherePeopleGetStuckIsCountedWhereItIsKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		statistics.New(d, w.Roster).Mount(w.Server)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.Bind(t, w.Person(t, "student"), e, roster.Student)
		p := w.Person(t, "student")
		claim := func(number, name string) {
			w.Do(t, p, "POST", "/api/v1/me/binding", map[string]any{"kind": "student", "id_type": "resident_id", "id_number": number, "name": name})
		}
		claim(roomtest.IDNumber(1), "韩梅梅") // held by another
		claim(roomtest.IDNumber(1), "李雷")
		claim(roomtest.IDNumber(2), "李雷")
		claim("510104201203150012", "李雷")
		claim("李雷", roomtest.IDNumber(2))
		w.Do(t, p, "POST", "/api/v1/me/tickets", map[string]any{
			"kind": "missing_entry", "school_id": w.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(2), "name": "李雷",
		})
		for _, c := range []struct {
			level access.Level
			scope string
			want  map[string]float64
		}{
			{access.Province, "510000", map[string]float64{"already_bound": 1, "no_match": 2, "id_number_invalid": 1, "fields_swapped": 1, "missing_entry": 1}},
			{access.County, "510104", map[string]float64{"already_bound": 1, "missing_entry": 1}},
			{access.School, w.Here.ID, map[string]float64{"already_bound": 1, "missing_entry": 1}},
			{access.School, w.Nearby.ID, map[string]float64{}},
		} {
			a := w.Do(t, w.Administrator(t, c.level, c.scope), "GET", "/api/v1/admin/statistics/stuck?days=7", nil)
			reasons, _ := a.Body["reasons"].([]any)
			for _, one := range reasons {
				r := one.(map[string]any)
				if name := r["reason"].(string); r["times"] != c.want[name] {
					t.Errorf("%s %s: %v times, want %v", c.level, name, r["times"], c.want[name])
				}
			}
			if want := map[access.Level]int{access.Province: 7, access.County: 3, access.School: 3}[c.level]; len(reasons) != want {
				t.Errorf("%s: %v, want %d reasons", c.level, a, want)
			}
			days, _ := a.Body["days"].([]any)
			schools, _ := a.Body["schools"].([]any)
			if len(days) != 7 || len(schools) != min(1, len(c.want)) {
				t.Errorf("%s: %v", c.level, a)
			}
		}
	})
}
