package replacement_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/replacement"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

type object = map[string]any

func each(t *testing.T, test func(t *testing.T, w *roomtest.World)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rules := roomtest.Rules()
		rules.AccountAttempts, rules.AddressAttempts = 1<<30, 1<<30 // however many courses are tried
		w := roomtest.New(t, d, rules)
		w.Roster.Mount(w.Server)
		replacement.New(d, replacement.Rooms{
			Accounts: w.Accounts, Roster: w.Roster, Support: w.Support, Transfers: w.Transfers, Recovery: w.Recovery,
		}).Mount(w.Server)
		test(t, w)
	})
}

func expect(t *testing.T, a roomtest.Answer, status int, code string) roomtest.Answer {
	t.Helper()
	got, _ := a.Get("code").(string)
	if a.Status != status || got != code {
		t.Fatalf("got %v, want %d %q", a, status, code)
	}
	return a
}

func field(a roomtest.Answer, name string) string {
	list, _ := a.Get("fields").([]any)
	for _, f := range list {
		if f := f.(object); f["field"] == name {
			return f["code"].(string)
		}
	}
	return ""
}

func replace(t *testing.T, w *roomtest.World, admin roomtest.Person, entryID, number string) roomtest.Answer {
	t.Helper()
	return w.Do(t, admin, http.MethodPost, "/api/v1/admin/registry/"+entryID+"/replacement",
		object{"id_type": "resident_id", "id_number": number, "reason": "录入时输错一位"})
}

func exact(t *testing.T, w *roomtest.World) {
	t.Helper()
	differences, err := tally.Verify(t.Context(), w.DB, 10)
	if err != nil || len(differences) > 0 {
		t.Errorf("the counts differ from the registry: %+v %v", differences, err)
	}
}

// Everything that belonged to the person belongs to the new entry, and the wrong number is nobody's.
func TestReplacingANumberKeepsAllThatBelongsToThePerson(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		class, other := w.Class(t, w.Here.ID, 1), w.Class(t, w.Here.ID, 2)
		pupil, guardian := w.Person(t, "student"), w.Person(t, "parent")
		old := w.Entry(t, roster.NewEntry{
			Kind: roster.Student, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID, ClassID: class.ID, StudentNumber: "G" + roomtest.IDNumber(1),
		})
		w.Bind(t, pupil, old, "student")
		w.Bind(t, guardian, old, "parent")
		before := expect(t, w.Do(t, pupil, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Elsewhere.ID, "reason": "搬家"}), 201, "")
		correction := expect(t, w.Do(t, pupil, "POST", "/api/v1/me/tickets", object{"kind": "correction", "class_id": other.ID}), 201, "")
		if _, err := w.DB.Exec(t.Context(), `INSERT INTO activation_slips (entry_id, code_index, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
			old.ID, []byte("slip"), db.Now(), db.At(time.Now().Add(time.Hour))); err != nil {
			t.Fatal(err)
		}

		made := expect(t, replace(t, w, admin, old.ID, roomtest.IDNumber(2)), 201, "")
		id := made.Get("id").(string)
		if id == old.ID || made.Get("name") != "林涛" || made.Get("class.id") != class.ID || made.Get("account.id") != pupil.ID ||
			made.Get("masked_student_number") == nil || made.Get("masked_id_number") != "510104********"+roomtest.IDNumber(2)[14:] {
			t.Errorf("the new entry is %v", made)
		}
		expect(t, w.Do(t, admin, "GET", "/api/v1/admin/registry/"+old.ID, nil), 404, "not_found")
		if found := w.Do(t, admin, "GET", "/api/v1/admin/registry?id_number="+roomtest.IDNumber(1), nil).Items(); len(found) != 0 {
			t.Errorf("the wrong number still finds %v", found)
		}
		for name, query := range map[string]string{
			"binding": "bindings", "guardian link": "guardian_links", "document": "documents", "place of the open transfer": "open_transfers",
		} {
			if w.Count(t, "SELECT count(*) FROM "+query+" WHERE entry_id = $1", id) != 1 || w.Count(t, "SELECT count(*) FROM "+query+" WHERE entry_id = $1", old.ID) != 0 {
				t.Errorf("the %s did not go over to the new entry", name)
			}
		}
		if w.Count(t, "SELECT count(*) FROM activation_slips") != 0 {
			t.Error("a slip of the old entry still works")
		}
		for _, number := range []string{roomtest.IDNumber(1), roomtest.IDNumber(2)} {
			if strings.Contains(strings.Join(w.Texts(t, pupil.Phone), " "), number) {
				t.Error("a text holds a number in full")
			}
		}
		if w.Told(t, pupil, "更正您登记的证件号码") != 1 || w.Told(t, guardian, "更正您登记的证件号码") != 0 {
			t.Errorf("the owner was told %q", w.Texts(t, pupil.Phone))
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.replace' AND target_id = $1 AND reason <> '' AND actor_id = $2`, id, admin.ID); n != 1 {
			t.Errorf("%d records of the replacement", n)
		}
		exact(t, w)

		// What was asked for goes on: the correction is the school's to complete, and the change of school moves the new entry.
		expect(t, w.Do(t, admin, "POST", "/api/v1/admin/tickets/"+correction.Get("id").(string)+"/complete", object{}), 200, "")
		path := "/api/v1/admin/transfers/" + before.Get("id").(string) + "/approve"
		expect(t, w.Do(t, admin, "POST", path, nil), 200, "")
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Elsewhere.ID), "POST", path, nil), 200, "")
		moved, err := w.Roster.EntryByID(t.Context(), w.DB, id)
		if err != nil || moved.School.ID != w.Elsewhere.ID || moved.AccountID != pupil.ID {
			t.Errorf("after the change of school the entry is %+v, %v", moved, err)
		}
		exact(t, w)
	})
}

// A teacher's classes go along, and an entry that nobody has verified as can be replaced too.
func TestReplacingATeachersNumberKeepsTheClassesTaught(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.County, "510104")
		class := w.Class(t, w.Here.ID, 1)
		old := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "杜鹃", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		expect(t, w.Do(t, admin, "PUT", "/api/v1/admin/classes/"+class.ID+"/teachers", object{"teacher_ids": []string{old.ID}}), 200, "")
		id := expect(t, replace(t, w, admin, old.ID, roomtest.IDNumber(2)), 201, "").Get("id").(string)
		taught, err := w.Roster.ClassesTaught(t.Context(), id)
		if err != nil || len(taught) != 1 {
			t.Errorf("teaches %v, %v", taught, err)
		}
		exact(t, w)
	})
}

func TestWhatCannotBeReplacedSaysWhy(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		entry := func(n int, name string, school roster.School) roster.Entry {
			return w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(n), SchoolID: school.ID})
		}
		own, here := entry(1, "林涛", w.Here), entry(2, "韩梅梅", w.Here)
		entry(3, "林涛", w.Elsewhere)
		entry(4, "李雷", w.Elsewhere)

		wrong := []byte(roomtest.IDNumber(5))
		wrong[17] = '0' + (wrong[17]-'0'+1)%10
		if a := expect(t, replace(t, w, admin, own.ID, string(wrong)), 422, "id_number_invalid"); field(a, "id_number") != "id_checksum" {
			t.Errorf("a wrong last digit: %v", a)
		}
		if a := expect(t, replace(t, w, admin, own.ID, roomtest.IDNumber(1)), 422, "number_unchanged"); field(a, "id_number") != "number_unchanged" {
			t.Errorf("the same number: %v", a)
		}
		if a := expect(t, replace(t, w, admin, own.ID, roomtest.IDNumber(2)), 409, "entry_exists_here"); a.Get("entry_id") != here.ID || !strings.Contains(a.Get("detail").(string), "疑似重复") {
			t.Errorf("a number of this school: %v", a)
		}
		// Another school's name is for whoever knows the person's (F-27).
		if a := expect(t, replace(t, w, admin, own.ID, roomtest.IDNumber(3)), 409, "entry_exists_elsewhere"); a.Get("school.name") != w.Elsewhere.Name {
			t.Errorf("the same person elsewhere: %v", a)
		}
		if a := expect(t, replace(t, w, admin, own.ID, roomtest.IDNumber(4)), 409, "entry_exists_elsewhere"); strings.Contains(a.Text, w.Elsewhere.Name) {
			t.Errorf("a stranger's school is named: %v", a)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.found_elsewhere' AND actor_id = $1 AND school_id = $2`, admin.ID, w.Here.ID); n != 2 {
			t.Errorf("that a number stands elsewhere was told twice, and is on record %d times", n)
		}
		path := "/api/v1/admin/registry/" + own.ID + "/replacement"
		a := expect(t, w.Do(t, admin, "POST", path, object{"id_type": "resident_id", "id_number": roomtest.IDNumber(5), "reason": " "}), 422, "invalid")
		if field(a, "reason") != "missing" {
			t.Errorf("without a reason: %v", a)
		}
		a = expect(t, w.Do(t, admin, "POST", path, object{"id_type": "library_card", "id_number": "1", "reason": "核对"}), 422, "invalid")
		if field(a, "id_type") == "" {
			t.Errorf("a document that there is not: %v", a)
		}
		expect(t, replace(t, w, w.Administrator(t, access.School, w.Nearby.ID), own.ID, roomtest.IDNumber(5)), 404, "not_found")
		if n := w.Count(t, `SELECT count(*) FROM entry_predecessors`); n != 0 {
			t.Errorf("%d entries were replaced after all", n)
		}
		exact(t, w)
	})
}

func TestWhoseNumberWasReplacedTwiceIsKnownByAllOfTheirEntries(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		old := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		second := expect(t, replace(t, w, admin, old.ID, roomtest.IDNumber(2)), 201, "").Get("id").(string)
		third := expect(t, replace(t, w, admin, second, roomtest.IDNumber(3)), 201, "").Get("id").(string)
		lineage, err := w.Roster.Lineage(t.Context(), w.DB, third)
		if err != nil || strings.Join(lineage, " ") != third+" "+second+" "+old.ID {
			t.Errorf("lineage %v, %v", lineage, err)
		}
	})
}
