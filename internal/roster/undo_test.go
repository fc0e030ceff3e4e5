package roster_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

func undo(t *testing.T, w *roomtest.World, p roomtest.Person, id, query string) roomtest.Answer {
	t.Helper()
	return w.Do(t, p, "POST", "/api/v1/admin/registry/imports/"+id+"/undo"+query, nil)
}

func undone(u any) string {
	f := u.(fields)
	return fmt.Sprint("removed ", f["removed"], " restored ", f["restored"], " kept ", f["kept"])
}

// exact fails unless every count is what the registry says, and every document has its entry.
func exact(t *testing.T, w *roomtest.World) {
	t.Helper()
	differences, err := tally.Verify(t.Context(), w.DB, 10)
	if err != nil || len(differences) > 0 {
		t.Errorf("the counts differ from the registry: %+v %v", differences, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM documents d WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = d.entry_id AND e.document_index = d.document_index)`); n != 0 {
		t.Errorf("%d documents of no entry", n)
	}
	if documents, entries := w.Count(t, `SELECT count(*) FROM documents`), w.Count(t, `SELECT count(*) FROM registry_entries`); documents != entries {
		t.Errorf("%d documents of %d entries", documents, entries)
	}
}

// named answers the id of whoever is called so.
func named(t *testing.T, w *roomtest.World, name string) (id string) {
	t.Helper()
	if err := w.DB.QueryRow(t.Context(), `SELECT id FROM registry_entries WHERE name = $1`, name).Scan(&id); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return id
}

func TestAnImportIsUndoneButForWhomSomethingHappenedToSince(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		file := tenPupils(t, w, admin) // 1 to 10, in class 1
		before := w.Entry(t, student(w, w.Here, 50, "无班生"))
		change := map[int]string{}
		for n := 5; n <= 10; n++ {
			change[n] = row(pupil(n), n, "1班") // as they are
		}
		change[1] = row("改名甲", 1, "3班")
		text := string(file("2班", change)) + row("无班生", 50, "2班")
		for i, which := range []string{"甲", "乙", "丙", "丁", "戊", "己", "庚", "辛"} {
			text += row("新生"+which, 21+i, "2班")
		}
		a := imported(t, w, admin, []byte(text), with(ofStudents, "update", "rename", "confirm_changes"))
		if outcome(a) != "added 8 completed 1 moved 4 renamed 1 unchanged 6 rejected 0" || a.Get("undo_until") == nil || a.Get("undo_state") != nil {
			t.Fatal(a)
		}
		id := a.Get("id").(string)
		want(t, undo(t, w, other, id, ""), 404, "not_found")

		// What happens meanwhile: to new people …
		entry := func(name string) roster.Entry {
			e, err := w.Roster.EntryByID(t.Context(), d, named(t, w, name))
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		w.Bind(t, w.Person(t, "student"), entry("新生甲"), roster.Student)
		want(t, w.Do(t, admin, "PATCH", "/api/v1/admin/registry/"+entry("新生乙").ID, fields{"name": "改过乙"}), 200, "")
		moving, replaced := entry("新生丙").ID, entry("新生丁")
		w.InTx(t, func(tx *db.Tx) error {
			if _, err := w.Roster.Move(t.Context(), tx, moving, w.Here.ID, w.Nearby.ID, ""); err != nil {
				return err
			}
			once, err := w.Roster.Replace(t.Context(), tx, replaced, roster.Document{Type: "resident_id", Number: roomtest.IDNumber(60)}, "录错")
			if err != nil {
				return err
			}
			_, err = w.Roster.Replace(t.Context(), tx, once, roster.Document{Type: "resident_id", Number: roomtest.IDNumber(61)}, "又录错") // twice
			return err
		})
		want(t, w.Do(t, admin, "DELETE", "/api/v1/admin/registry/"+entry("新生戊").ID, nil), 204, "")
		answered := named(t, w, "新生己")
		w.InTx(t, func(tx *db.Tx) error {
			return tx.Insert(t.Context(), "consent_records", []string{"id", "entry_id", "purpose", "version", "text_hash", "language", "decision", "channel", "account_id", "link_id", "who", "relation", "at", "standing"},
				[][]any{{db.NewID(), answered, "x", int64(1), "", "zh-CN", "given", "slip", "", "", "", "", db.Now(), true}})
		})
		// … and to those who were changed: bound after the import stays, bound before does not matter.
		w.Bind(t, w.Person(t, "student"), entry(pupil(2)), roster.Student)

		plan := undo(t, w, admin, id, "?dry_run=true")
		if plan.Status != 200 || undone(plan.Body) != "removed 2 restored 4 kept 6" || plan.Get("classes") != 2.0 {
			t.Fatalf("the plan: %v", plan)
		}
		kept := func() map[string]string {
			file := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id+"/kept.xlsx", nil)
			x, err := excelize.OpenReader(strings.NewReader(file.Text))
			if err != nil {
				t.Fatal(err, file)
			}
			rows, err := x.GetRows(x.GetSheetName(0))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, row := range rows[1:] {
				got[row[0]] = row[len(row)-1]
				if !strings.Contains(row[1], "*") {
					t.Errorf("a full number: %v", row)
				}
			}
			return got
		}
		who := map[string]string{
			"新生甲": "导入后已有账号认证", "改过乙": "导入后又有改动", "新生丙": "已转到别的学校", "新生丁": "已更换证件号码", "新生己": "导入后已有家长申请关联或答复", pupil(2): "导入后已有账号认证",
		}
		if diff := cmp.Diff(who, kept()); diff != "" {
			t.Errorf("who would stay: %s", diff)
		}
		if n := w.Count(t, `SELECT count(*) FROM registry_entries WHERE name = '新生庚'`); n != 1 {
			t.Error("a plan took somebody away")
		}

		want(t, undo(t, w, admin, id, ""), 202, "")
		want(t, undo(t, w, admin, id, ""), 409, "import_undone")
		want(t, w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id+"/kept.xlsx", nil), 409, "import_not_done")
		for range 2 { // at least once
			if err := w.Roster.RunUndo(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		a = w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id, nil)
		if a.Get("undo_state") != "done" || undone(a.Get("undone")) != "removed 2 restored 4 kept 6" || a.Get("undo_until") != nil {
			t.Errorf("afterwards: %v", a)
		}
		want(t, undo(t, w, admin, id, "?dry_run=true"), 409, "import_undone")
		if diff := cmp.Diff(who, kept()); diff != "" {
			t.Errorf("who stays: %s", diff)
		}
		// As before the import, but for whom something happened to.
		for name, class := range map[string]string{pupil(1): "七年级1班", pupil(3): "七年级1班", pupil(2): "七年级2班", "新生甲": "七年级2班"} {
			if e := entry(name); e.Class == nil || e.Class.DisplayName != class {
				t.Errorf("%s is in %+v", name, e.Class)
			}
		}
		if e, err := w.Roster.EntryByID(t.Context(), d, before.ID); err != nil || e.Class != nil {
			t.Errorf("who had no class is in %+v, %v", e.Class, err)
		}
		for what, query := range map[string]string{
			"class 3 goes":      `SELECT 1 + count(*) FROM classes WHERE number = 3`,
			"class 2 stays":     `SELECT count(*) FROM classes WHERE number = 2`,
			"its record":        `SELECT count(*) FROM audit_records WHERE action = 'registry.import_undone' AND actor_id <> ''`,
			"records of people": `SELECT count(*) / 4 FROM audit_records WHERE action = 'registry.change' AND details LIKE '%undone_import_id%'`,
			"nobody is new":     `SELECT 1 + count(*) FROM registry_entries WHERE name IN ('新生庚', '新生辛', '改名甲')`,
		} {
			if n := w.Count(t, query); n != 1 {
				t.Errorf("%s: %d", what, n)
			}
		}
		exact(t, w)
	})
}

// Graduates whom an import took on are among the graduates of their class again, with account and binding; who has none to go
// back to stays.
func TestAnUndoSendsGraduatesBackWhomTheImportTookOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		left, gone := w.Class(t, w.Nearby.ID, 1), w.Class(t, w.Nearby.ID, 2)
		text := "姓名,身份证号,年级,班级\n" + row("新来的", 9, "5班")
		var entries []roster.Entry
		for n, class := range []roster.Class{left, left, gone} {
			entries = append(entries, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: pupil(n), IDNumber: roomtest.IDNumber(n), SchoolID: w.Nearby.ID, ClassID: class.ID}))
			text += row(pupil(n), n, "5班")
		}
		w.Bind(t, w.Person(t, "student"), entries[0], roster.Student)
		for _, class := range []roster.Class{left, gone} {
			w.InTx(t, func(tx *db.Tx) error { _, _, err := w.Roster.Graduate(t.Context(), tx, class); return err })
		}
		a := imported(t, w, admin, []byte(text), with(ofStudents, "update"))
		if outcome(a) != "added 1 completed 0 moved 3 renamed 0 unchanged 0 rejected 0" {
			t.Fatal(a)
		}
		want(t, w.Do(t, other, "DELETE", "/api/v1/admin/classes/"+gone.ID, nil), 204, "")
		id := a.Get("id").(string)
		plan := undo(t, w, admin, id, "?dry_run=true")
		if undone(plan.Body) != "removed 1 restored 2 kept 1" || plan.Get("why").([]any)[0].(fields)["code"] != "class_gone" {
			t.Fatalf("the plan: %v", plan)
		}
		want(t, undo(t, w, admin, id, ""), 202, "")
		for range 2 { // at least once
			if err := w.Roster.RunUndo(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		for what, query := range map[string]string{
			"two are with their class again": `SELECT count(*) / 2 FROM registry_entries WHERE class_id = '` + left.ID + `' AND school_id = '` + w.Nearby.ID + `'`,
			"the binding came along":         `SELECT count(*) FROM bindings WHERE entry_id = '` + entries[0].ID + `' AND school_id = '` + w.Nearby.ID + `'`,
			"the third stays":                `SELECT count(*) FROM registry_entries WHERE school_id = '` + w.Here.ID + `'`,
		} {
			if n := w.Count(t, query); n != 1 {
				t.Errorf("%s: %d", what, n)
			}
		}
		exact(t, w)
		if a := imported(t, w, admin, []byte(text), with(ofStudents, "update")); outcome(a) != "added 1 completed 0 moved 2 renamed 0 unchanged 1 rejected 0" {
			t.Errorf("the same file once more: %v", a)
		}
	})
}

func TestAnImportIsUndoneWithinADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		started := send(t, w, admin, "", students(1, 3), ofStudents)
		id := started.Get("id").(string)
		want(t, undo(t, w, admin, id, "?dry_run=true"), 409, "import_not_done")
		if err := w.Roster.RunImport(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			after  time.Duration
			status int
			code   string
			traces bool
		}{{24*time.Hour - time.Minute, 200, "", true}, {24*time.Hour + time.Minute, 409, "import_too_old", false}} {
			w.Roster.SetClock(func() time.Time { return time.Now().Add(c.after) })
			want(t, undo(t, w, admin, id, "?dry_run=true"), c.status, c.code)
			if err := w.Roster.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := w.Count(t, `SELECT count(*) FROM roster_traces`); (n > 0) != c.traces {
				t.Errorf("after %s %d pieces are kept", c.after, n)
			}
		}
	})
}

func TestAnUndoThatIsKilledGoesOnWhereItStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		const n = 2*roster.TraceSize + 17
		id := imported(t, w, admin, students(1, n), ofStudents).Get("id").(string)
		w.Bind(t, w.Person(t, "student"), func() roster.Entry {
			var first string
			if err := d.QueryRow(t.Context(), `SELECT min(id) FROM registry_entries`).Scan(&first); err != nil {
				t.Fatal(err)
			}
			e, err := w.Roster.EntryByID(t.Context(), d, first)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}(), roster.Student)
		want(t, undo(t, w, admin, id, ""), 202, "")
		if err := w.Roster.RunUndoPieces(t.Context(), id, 2); err != nil {
			t.Fatal(err)
		}
		a := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id, nil)
		if left := w.Count(t, `SELECT count(*) FROM registry_entries`); left == n || left == 1 || a.Get("undo_state") != "running" {
			t.Fatalf("cut off: %d are left, %v", left, a)
		}
		exact(t, w)
		if err := w.Roster.RunUndo(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		a = w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id, nil)
		if got := undone(a.Get("undone")); got != fmt.Sprintf("removed %d restored 0 kept 1", n-1) || w.Count(t, `SELECT count(*) FROM registry_entries`) != 1 {
			t.Errorf("%s: %v", got, a)
		}
		if classes := w.Count(t, `SELECT count(*) FROM classes`); classes != 1 {
			t.Errorf("%d classes are left of nine: that of whoever stays", classes)
		}
		exact(t, w)
		if a := imported(t, w, admin, students(1, n), ofStudents); counts(a) != fmt.Sprintf("done %d %d 1", n, n-1) {
			t.Errorf("the same file once more: %v", a)
		}
	})
}

// Whoever is told that they are verified stays in the registry, however an undo falls between; and nobody is verified by an
// entry that has gone.
func TestABoundEntryNeverVanishesByAnUndo(t *testing.T) {
	const rounds, people = 6, 8
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		bound, left := 0, 0
		for round := range rounds {
			var text strings.Builder
			text.WriteString("姓名,身份证号,年级,班级\n")
			persons := make([]roomtest.Person, people)
			for i := range people {
				text.WriteString(row("韩梅梅", 1000+round*people+i, "1班"))
				persons[i] = w.Person(t, "student")
			}
			id := imported(t, w, admin, []byte(text.String()), ofStudents).Get("id").(string)
			want(t, undo(t, w, admin, id, ""), 202, "")
			var all sync.WaitGroup
			answers := make([]roomtest.Answer, people)
			answered := make(chan struct{}, people)
			for i, p := range persons {
				all.Go(func() {
					defer func() { answered <- struct{}{} }()
					answers[i] = w.Do(t, p, "POST", "/api/v1/me/binding", fields{"kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(1000 + round*people + i), "name": "韩梅梅"})
				})
			}
			all.Go(func() {
				for range round { // it falls among the first, or among the last
					<-answered
				}
				if err := w.Roster.RunUndo(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
			all.Wait()
			for i, a := range answers {
				n := w.Count(t, `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id WHERE b.account_id = $1`, persons[i].ID)
				switch {
				case a.Status == 201 && n == 1:
					bound++
				case (a.Status == 404 || a.Status == 422) && n == 0:
					left++
				default:
					t.Errorf("told %v with %d bindings", a, n)
				}
			}
			if n := w.Count(t, `SELECT count(*) FROM bindings b WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = b.entry_id)`); n != 0 {
				t.Errorf("%d bindings to nobody", n)
			}
		}
		t.Logf("%d were bound first, %d left first", bound, left)
		if n := w.Count(t, `SELECT count(*) FROM registry_entries`); n != bound {
			t.Errorf("%d entries of %d bound", n, bound)
		}
		exact(t, w)
	})
}
