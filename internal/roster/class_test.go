package roster_test

import (
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
)

func TestClassesAreListedByAYearThatIsOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		for _, year := range []string{"2147483648", "-2147483649", "9223372036854775807", "0", "2200"} {
			if a := w.Do(t, admin, "GET", "/api/v1/admin/classes?entry_year="+year, nil); a.Status != 422 || fieldCodes(a)["entry_year"] != "out_of_range" {
				t.Errorf("%s: %v", year, a)
			}
		}
		if a := w.Do(t, admin, "GET", "/api/v1/admin/classes?entry_year=1999", nil); a.Status != 200 {
			t.Error(a)
		}
	})
}
