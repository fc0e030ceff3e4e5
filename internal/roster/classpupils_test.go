package roster_test

import (
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

func TestPupilsWithoutAClassAreFoundAndPutIntoOneTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		class := w.Class(t, w.Here.ID, 1)
		pupil := func(n int, school, class string) string {
			return w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(n), SchoolID: school, ClassID: class}).ID
		}
		first, second, placed, foreign := pupil(1, w.Here.ID, ""), pupil(2, w.Here.ID, ""), pupil(3, w.Here.ID, class.ID), pupil(4, w.Nearby.ID, "")
		teacher := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(5), SchoolID: w.Here.ID}).ID
		without := func() int {
			return len(w.Do(t, admin, "GET", "/api/v1/admin/registry?class_id=none", nil).Items())
		}
		if n := without(); n != 2 {
			t.Fatalf("%d pupils are listed as without a class", n)
		}
		put := func(ids ...string) roomtest.Answer {
			return w.Do(t, admin, "POST", "/api/v1/admin/classes/"+class.ID+"/pupils", fields{"entry_ids": ids})
		}
		for _, other := range []string{teacher, foreign, "nobody"} {
			want(t, put(first, other), 422, "invalid")
		}
		if n := without(); n != 2 {
			t.Fatalf("some were put into the class with one who cannot be: %d are left", n)
		}
		if a := put(first, second, placed, first); a.Status != 200 || a.Get("put") != 2.0 || a.Get("class") != class.DisplayName {
			t.Fatal(a)
		}
		if n := without(); n != 0 {
			t.Errorf("%d pupils are still without a class", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.set_class' AND actor_id = $1 AND batch <> '' AND details LIKE $2`, admin.ID, "%"+class.DisplayName+"%"); n != 2 {
			t.Errorf("%d records of two pupils under one", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records a WHERE action = 'class.put_pupils' AND target_id = $1 AND EXISTS (SELECT 1 FROM audit_records b WHERE b.batch <> '' AND a.details LIKE '%' || b.batch || '%')`, class.ID); n != 1 {
			t.Errorf("%d records above them", n)
		}
		if a := put(first); a.Status != 200 || a.Get("put") != 0.0 || w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'class.put_pupils'`) != 1 {
			t.Errorf("nobody was put into the class, which says %v", a)
		}
	})
}
