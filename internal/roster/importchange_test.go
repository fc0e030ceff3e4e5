package roster_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

// outcome is what an import or a preview says of the people whom it takes.
func outcome(a roomtest.Answer) string {
	return fmt.Sprint("added ", a.Get("added"), " completed ", a.Get("completed"), " moved ", a.Get("moved"), " renamed ", a.Get("renamed"),
		" unchanged ", a.Get("unchanged"), " rejected ", a.Get("rejected"))
}

func with(form map[string]string, more ...string) map[string]string {
	all := maps.Clone(form)
	for _, name := range more {
		all[name] = "true"
	}
	return all
}

// A school of ten pupils in class 1 of the first year.
func tenPupils(t *testing.T, w *roomtest.World, admin roomtest.Person) (file func(class string, change map[int]string) []byte) {
	t.Helper()
	file = func(class string, change map[int]string) []byte {
		var b strings.Builder
		b.WriteString("姓名,身份证号,年级,班级\n")
		for n := 1; n <= 10; n++ {
			text := row(pupil(n), n, class)
			if other, ok := change[n]; ok {
				text = other
			}
			b.WriteString(text)
		}
		return []byte(b.String())
	}
	if a := imported(t, w, admin, file("1班", nil), ofStudents); counts(a) != "done 10 10 0" {
		t.Fatal(a)
	}
	return file
}

func pupil(n int) string { return fmt.Sprintf("学生%c", '甲'+rune(n)) }

func row(name string, n int, class string) string {
	return fmt.Sprintf("%s,%s,七年级,%s\n", name, roomtest.IDNumber(n), class)
}

// Half a roster looks like a whole one, unless somebody says who is not in it. What is wrong with a file comes before what is not.
func TestAPreviewSaysWhoIsNotInTheFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		tenPupils(t, w, admin)
		w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "李老师", IDNumber: roomtest.IDNumber(500), SchoolID: w.Here.ID})
		half := "姓名,身份证号,年级,班级\n" + row(pupil(1), 1, "1班") + row(pupil(2), 2, "1班") + row("别人", 3, "1班") + row("新来的", 33, "1班")
		a := send(t, w, admin, "?dry_run=true", []byte(half), ofStudents)
		absent := a.Get("absent_first").([]any)
		if a.Get("absent") != 7.0 || len(absent) != 7 {
			t.Fatalf("%v are not in the file: %v", a.Get("absent"), absent)
		}
		for i, one := range absent {
			if one := one.(fields); one["name"] != pupil(i+4) || one["class"].(fields)["name"] != "七年级1班" {
				t.Errorf("the %dth is %v", i+1, one)
			}
		}
		if rejects := a.Get("rejects").([]any); a.Get("rejected") != 3.0 || a.Get("already") != 2.0 || rejects[0].(fields)["code"] != "name_differs" {
			t.Errorf("%v", a)
		}
	})
}

func TestAnImportUpdatesWhoIsThereOnlyWhereItWasChosen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		file := tenPupils(t, w, admin)
		mixed := file("1班", map[int]string{
			1: row(pupil(1), 1, "2班"), // another class
			2: row("别人", 2, "1班"),     // another name
			3: row("新来的", 33, "1班"),
		})
		a := send(t, w, admin, "?dry_run=true", mixed, ofStudents)
		if outcome(a) != "added 1 completed 0 moved 0 renamed 0 unchanged 0 rejected 9" {
			t.Errorf("without the choice: %s", outcome(a))
		}
		if a.Get("already") != 7.0 {
			t.Errorf("%v of them are there already", a.Get("already"))
		}
		for _, reject := range a.Get("rejects").([]any) {
			switch reject := reject.(fields); reject["name"] {
			case pupil(1):
				if reject["code"] != "class_differs" || !strings.Contains(reject["reason"].(string), "七年级1班") {
					t.Errorf("of another class: %v", reject)
				}
			case pupil(3):
				if reject["code"] != "entry_exists_here" {
					t.Errorf("of the same class: %v", reject)
				}
			}
		}
		a = send(t, w, admin, "?dry_run=true", mixed, with(ofStudents, "update"))
		if outcome(a) != "added 1 completed 0 moved 1 renamed 0 unchanged 7 rejected 1" {
			t.Errorf("with update: %s", outcome(a))
		}
		if examples, _ := a.Get("changes").([]any); len(examples) != 1 || examples[0].(fields)["what"] != "moved" || examples[0].(fields)["from"] != "七年级1班" || examples[0].(fields)["to"] != "七年级2班" {
			t.Errorf("the examples are %v", examples)
		}
		a = send(t, w, admin, "?dry_run=true", mixed, with(ofStudents, "update", "rename"))
		if outcome(a) != "added 1 completed 0 moved 1 renamed 1 unchanged 7 rejected 0" || a.Get("most.percent") != 20.0 || a.Get("confirm_changes") != false {
			t.Errorf("with update and rename: %v", a)
		}
		if n := w.Count(t, `SELECT count(*) FROM registry_entries WHERE name = '别人'`); n != 0 {
			t.Error("a preview renamed somebody")
		}

		a = imported(t, w, admin, mixed, with(ofStudents, "update", "rename"))
		if outcome(a) != "added 1 completed 0 moved 1 renamed 1 unchanged 7 rejected 0" || a.Get("update") != true {
			t.Errorf("the import: %v", a)
		}
		for name, query := range map[string]string{
			"class 2":       `SELECT count(*) FROM registry_entries e JOIN classes c ON c.id = e.class_id WHERE c.number = 2`,
			"the new name":  `SELECT count(*) FROM registry_entries WHERE name = '别人' AND name_key = '别人'`,
			"records":       `SELECT count(*) / 2 FROM audit_records WHERE action = 'registry.change' AND target = 'entry' AND details LIKE '%import_id%'`,
			"its own entry": `SELECT count(*) / 11 FROM registry_entries`,
		} {
			if n := w.Count(t, query); n != 1 {
				t.Errorf("%s: %d", name, n)
			}
		}
		history := w.Do(t, admin, "GET", "/api/v1/admin/registry/history/"+named(t, w, "别人"), nil)
		if refs, _ := history.Get("imports").([]any); len(refs) != 1 || refs[0].(fields)["id"] != a.Get("id") || refs[0].(fields)["filename"] != "名册.csv" {
			t.Errorf("by which import the name was changed: %v", history)
		}
		// The same again changes nothing.
		if a := imported(t, w, admin, mixed, with(ofStudents, "update", "rename")); outcome(a) != "added 0 completed 0 moved 0 renamed 0 unchanged 10 rejected 0" {
			t.Errorf("once more: %s", outcome(a))
		}
		differences, err := tally.Verify(t.Context(), d, 10)
		if err != nil || len(differences) > 0 {
			t.Errorf("the counts differ from the registry: %+v %v", differences, err)
		}
	})
}

func TestAnImportThatChangesMuchOfASchoolAsksForAConfirmation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		file := tenPupils(t, w, admin)
		moved := func() int {
			return w.Count(t, `SELECT count(*) FROM registry_entries e JOIN classes c ON c.id = e.class_id WHERE c.number = 2`)
		}
		some := map[int]string{}
		for n := 4; n <= 10; n++ {
			some[n] = row(pupil(n), n, "1班")
		}
		// Three of ten are the limit, not beyond it; all ten are.
		if a := imported(t, w, admin, file("2班", some), with(ofStudents, "update")); a.Get("moved") != 3.0 || moved() != 3 {
			t.Errorf("three of ten: %v", a)
		}
		a := send(t, w, admin, "", file("2班", nil), with(ofStudents, "update"))
		want(t, a, 409, "import_changes_many")
		if a.Get("most.changes") != 7.0 || a.Get("most.people") != 10.0 || a.Get("most.percent") != 70.0 || a.Get("limit_percent") != 30.0 ||
			a.Get("next_step.action") != "confirm_changes" || !strings.Contains(a.Text, "70%") {
			t.Errorf("the refusal: %v", a)
		}
		if moved() != 3 || w.Count(t, `SELECT count(*) FROM roster_imports`) != 2 {
			t.Error("an import that was not confirmed has begun")
		}
		// Without the choice the same file changes nobody, and needs no confirmation.
		if a := imported(t, w, admin, file("2班", nil), ofStudents); a.Get("moved") != 0.0 || moved() != 3 {
			t.Errorf("without the choice: %v", a)
		}
		if a := imported(t, w, admin, file("2班", nil), with(ofStudents, "update", "confirm_changes")); a.Get("moved") != 7.0 || moved() != 10 {
			t.Errorf("confirmed: %v", a)
		}
	})
}

// A file that names somebody twice with different classes says nothing of them, however far apart the rows lie.
func TestAnUpdatingImportTakesNobodyTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		one := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "张三", IDType: "home_return_permit", IDNumber: number(900_000), SchoolID: w.Here.ID, ClassID: w.Class(t, w.Here.ID, 1).ID})
		w.Class(t, w.Here.ID, 2)
		head := "姓名,证件类型,证件号码,年级,班级\n张三,回乡证," + number(900_000) + ",七年级,2班\n"
		var b strings.Builder
		b.WriteString(head)
		for n := range roster.BatchRows {
			fmt.Fprintf(&b, "李四,回乡证,%s,,\n", number(n))
		}
		b.WriteString("张三,回乡证," + number(900_000) + ",七年级,1班\n")
		a := imported(t, w, admin, []byte(b.String()), with(ofStudents, "update", "confirm_changes"))
		if a.Get("moved") != 1.0 || a.Get("rejected") != 1.0 {
			t.Errorf("%s", outcome(a))
		}
		now, err := w.Roster.EntryByID(t.Context(), d, one.ID)
		if err != nil || now.Class.Number != 2 {
			t.Errorf("%+v %v", now.Class, err)
		}
	})
}

// At a school of both systems a label such as 七年级3班 means the class that is there, of whichever system; a new one is of the system
// that most classes have.
func TestARosterMeansTheClassOfWhicheverSystemIsThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, year := w.Administrator(t, access.School, w.Here.ID), roster.SchoolYear(time.Now())
		of := func(entryYear, number, years int) (c roster.Class) {
			w.InTx(t, func(tx *db.Tx) (err error) {
				c, err = w.Roster.CreateClass(t.Context(), tx, roster.NewClass{SchoolID: w.Here.ID, Stage: roster.Junior, EntryYear: entryYear, Number: number, SchoolingYears: years})
				return err
			})
			return c
		}
		short, long := of(year, 1, 3), of(year-1, 3, 4) // both are 七年级
		of(year, 2, 3)
		text := "姓名,身份证号,年级,班级\n"
		for n, class := range []string{"1班", "3班", "4班"} {
			text += row(pupil(n), n, class)
		}
		if a := imported(t, w, admin, []byte(text), ofStudents); counts(a) != "done 3 3 0" || len(a.Get("new_classes").([]any)) != 1 {
			t.Fatal(a)
		}
		for n, want := range []string{short.ID, long.ID, ""} {
			e, err := w.Roster.EntryByID(t.Context(), d, named(t, w, pupil(n)))
			if err != nil || e.Class == nil {
				t.Fatal(e, err)
			}
			if want != "" && e.Class.ID != want || want == "" && (e.Class.SchoolingYears != 3 || e.Class.Number != 4) {
				t.Errorf("%s is in %+v", e.Name, e.Class)
			}
		}
	})
}
