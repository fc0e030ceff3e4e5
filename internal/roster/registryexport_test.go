package roster_test

import (
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

func exported(t *testing.T, w *roomtest.World, p roomtest.Person, body fields) (rows [][]string, a roomtest.Answer) {
	t.Helper()
	a = w.Do(t, p, "POST", "/api/v1/admin/registry/export", body)
	if a.Status != 200 {
		t.Fatal(a)
	}
	x, err := excelize.OpenReader(strings.NewReader(a.Text))
	if err != nil {
		t.Fatal(err)
	}
	if rows, err = x.GetRows(x.GetSheetName(0)); err != nil {
		t.Fatal(err)
	}
	foot, err := x.GetHeaderFooter(x.GetSheetName(0))
	if err != nil || !strings.Contains(foot.OddFooter, p.Username) {
		t.Errorf("the foot of a printed page: %+v, %v", foot, err)
	}
	return rows, a
}

func TestTheRegistryIsTakenAlongAsAWorkbook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		class := w.Class(t, w.Here.ID, 3)
		n := student(w, w.Here, 1, "韩梅梅")
		n.ClassID = class.ID
		w.Bind(t, w.Person(t, "student"), w.Entry(t, n), roster.Student)
		w.Entry(t, student(w, w.Here, 2, "-李雷"))
		w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "魏华", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID})
		w.Entry(t, student(w, w.Nearby, 4, "林涛"))

		rows, a := exported(t, w, admin, fields{})
		if len(rows) != 5 || rows[4][0] == "" || !strings.Contains(rows[4][0], admin.Username) || strings.Contains(a.Text, roomtest.IDNumber(1)) {
			t.Fatalf("one's own school, masked: %q", rows)
		}
		if got := strings.Join(rows[1], "|"); got != "1|韩梅梅|学生|居民身份证|510104********001X||七年级|七年级3班|草堂中学|"+w.Here.Code+"|已激活" {
			t.Errorf("a pupil: %s", got)
		}
		want(t, w.Do(t, admin, "POST", "/api/v1/admin/registry/export", fields{"full": true, "reason": "　"}), 422, "invalid")
		want(t, w.Do(t, county, "POST", "/api/v1/admin/registry/export", fields{"full": true, "reason": "核对"}), 422, "invalid")
		want(t, w.Do(t, w.Person(t, "student"), "POST", "/api/v1/admin/registry/export", fields{}), 403, "forbidden")

		if rows, _ := exported(t, w, county, fields{"kind": "student", "bound": "false"}); len(rows) != 4 { // heading, two, mark
			t.Errorf("the county's pupils who are not activated: %q", rows)
		}
		if rows, _ := exported(t, w, admin, fields{"school_id": w.Nearby.ID}); len(rows) != 2 {
			t.Errorf("another school's people: %q", rows)
		}

		rows, a = exported(t, w, admin, fields{"kind": "student", "full": true, "reason": "上报学籍"})
		if rows[1][3] != roomtest.IDNumber(1) || !strings.Contains(rows[3][0], "上报学籍") {
			t.Errorf("with full numbers: %q", rows)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.export_full' AND reason = '上报学籍' AND school_id = $1 AND details LIKE '%"rows":2%'`, w.Here.ID); n != 1 {
			t.Error("taking full numbers along is not on record")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.export' AND region = '510104' AND school_id = '' AND details LIKE '%bound%'`); n != 1 {
			t.Error("the county's file is not on record")
		}
		// What has full numbers can be mended and imported: the mark is nobody's row.
		again := send(t, w, admin, "?dry_run=true", []byte(a.Text), with(ofStudents, "update"))
		if again.Status != 200 || again.Get("total") != 2.0 || again.Get("unchanged") != 2.0 {
			t.Errorf("imported again: %v", again)
		}
	})
}
