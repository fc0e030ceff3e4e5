package support_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

func (c correction) entry(t *testing.T, w *roomtest.World) (roomtest.Person, roster.Entry) {
	t.Helper()
	e := w.Entry(t, roster.NewEntry{
		Kind: c.kind, Name: c.name, IDNumber: roomtest.IDNumber(c.number), SchoolID: w.Here.ID, StudentNumber: c.student,
	})
	p := w.Person(t, c.kind)
	w.Bind(t, p, e, c.kind)
	return p, e
}

type correction struct {
	kind    string
	number  int
	name    string
	student string
}

func TestAWrongFactIsShownBesideTheRightOneAndCorrectedInOneStep(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		right, wrong := "G"+roomtest.IDNumber(1), "G"+roomtest.IDNumber(1)[:16]+"0"+roomtest.IDNumber(1)[17:]
		p, e := correction{"student", 1, "韩美美", wrong}.entry(t, w)
		class := w.Class(t, w.Here.ID, 1)
		admin := w.Administrator(t, access.School, w.Here.ID)
		path := ask(t, w, p, object{"kind": "correction", "name": "韩梅梅", "class_id": class.ID, "student_number": right, "note": "户口本为准"})
		if one := mine(t, w, p); !strings.Contains(one["summary"].(string), class.DisplayName) {
			t.Errorf("whoever asks reads %v, without the class %s", one["summary"], class.DisplayName)
		}

		read := w.Do(t, admin, "GET", path, nil)
		expect(t, read, 200, "")
		facts, _ := read.Body["wrong"].([]any)
		if len(facts) != 3 || read.Get("entry_id") != e.ID || read.Get("registry") != "here" {
			t.Fatalf("the administrator reads %v", read)
		}
		for i, want := range []object{
			{"field": "name", "now": "韩美美", "right": "韩梅梅"},
			{"field": "class", "now": "", "right": "七年级1班"},
		} {
			if fact, _ := facts[i].(map[string]any); fact["field"] != want["field"] || fact["now"] != want["now"] || fact["right"] != want["right"] {
				t.Errorf("fact %v, want %v", fact, want)
			}
		}
		number, _ := facts[2].(map[string]any)
		if number["now"] == number["right"] || strings.Contains(read.Text, right) || strings.Contains(read.Text, wrong) {
			t.Errorf("numbers cannot be compared, or stand there in full: %v", number)
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "已更正"}), 200, "")
		var after roster.Entry
		after, err := w.Roster.EntryByID(t.Context(), w.DB, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		student, err := w.Roster.StudentNumber(after)
		if err != nil || after.Name != "韩梅梅" || after.Class == nil || after.Class.ID != class.ID || student != right {
			t.Errorf("the entry is %v, student number %s, %v", after, student, err)
		}
		if w.Notices(t, p) != 2 { // of the binding, and of the answer
			t.Error("the person was not told")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.change' AND target_id = $1 AND actor_id = $2`, e.ID, admin.ID); n != 1 {
			t.Errorf("%d records of the change", n)
		}
	})
}

func TestWhatACorrectionMayAskFor(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p, _ := correction{"student", 1, "韩梅梅", ""}.entry(t, w)
		foreign := w.Class(t, w.Nearby.ID, 1)
		for _, c := range []struct {
			about, field, code string
			body               object
		}{
			{"a document number", "id_number", "id_number_fixed", object{"id_number": roomtest.IDNumber(9)}},
			{"nothing", "correction", "nothing_to_correct", object{}},
			{"what is so already", "correction", "nothing_to_correct", object{"name": "韩梅梅"}},
			{"another school's class", "class_id", "not_found", object{"class_id": foreign.ID}},
			{"a teacher's number of a pupil", "certificate_number", "not_allowed", object{"certificate_number": "20155100412345678"}},
			{"a name that is none", "name", "name_characters", object{"name": "12345"}},
		} {
			a := w.Do(t, p, "POST", "/api/v1/me/tickets", as(c.body, "correction"))
			expect(t, a, 422, "invalid")
			fields, _ := a.Body["fields"].([]any)
			if first, _ := fields[0].(map[string]any); first["field"] != c.field || c.about != "a name that is none" && first["code"] != c.code {
				t.Errorf("%s: %v", c.about, a)
			}
		}
		expect(t, w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/tickets", object{"kind": "correction", "name": "李雷"}), 404, "not_found")
	})
}

func TestACorrectionIsAnsweredWhileTheEntryIsThePersons(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		p, e := correction{"student", 1, "韩美美", ""}.entry(t, w)
		path := ask(t, w, p, object{"kind": "correction", "name": "韩梅梅"})
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Nearby.ID), "POST", path+"/complete", nil), 404, "not_found")
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 409, "ticket_moot")
		if after, err := w.Roster.EntryByID(t.Context(), w.DB, e.ID); err != nil || after.Name != "韩美美" {
			t.Errorf("the entry is %v, %v", after.Name, err)
		}

		// A parent asks for their child, by the link.
		mother := w.Person(t, "parent")
		w.Bind(t, mother, e, "parent")
		second := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩小妹", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID})
		w.Bind(t, mother, second, "parent")
		var link string
		if err := w.DB.QueryRow(t.Context(), `SELECT id FROM guardian_links WHERE entry_id = $1`, second.ID).Scan(&link); err != nil {
			t.Fatal(err)
		}
		path = ask(t, w, mother, object{"kind": "correction", "binding_id": link, "name": "韩小梅"})
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 200, "")
		if after, err := w.Roster.EntryByID(t.Context(), w.DB, second.ID); err != nil || after.Name != "韩小梅" {
			t.Errorf("the child is %v, %v", after.Name, err)
		}
	})
}
