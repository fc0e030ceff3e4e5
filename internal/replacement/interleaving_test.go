package replacement_test

import (
	"net/http"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// Whatever people and offices do while numbers are replaced, every answer is one of the contract's, one document is one entry
// and one entry one account, nobody is counted twice, and an open change of school is that of somebody who is there.
func TestOneDocumentOneEntryOneAccountUnderAnyInterleaving(t *testing.T) {
	roomtest.Interleavings(t, 15)
	each(t, func(t *testing.T, w *roomtest.World) {
		office := w.Administrator(t, access.Province, "510000")
		people := []roomtest.Person{w.Person(t, "student"), w.Person(t, "student"), w.Person(t, "parent")}
		for i := range 2 {
			e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林涛", IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID})
			w.Bind(t, people[i], e, "student")
		}
		allowed := map[int]bool{200: true, 201: true, 204: true, 404: true, 409: true, 422: true}
		rapid.Check(t, func(r *rapid.T) {
			type step struct{ what, who, number int }
			steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
				return step{rapid.IntRange(0, 5).Draw(r, "what"), rapid.IntRange(0, 1).Draw(r, "who"), rapid.IntRange(1, 4).Draw(r, "number")}
			}), 4, 12).Draw(r, "steps")
			var all sync.WaitGroup
			wrong := make([]string, len(steps))
			for i, s := range steps {
				all.Go(func() {
					p := people[s.who]
					var a roomtest.Answer
					switch s.what {
					case 0, 1:
						entries := w.Do(t, office, http.MethodGet, "/api/v1/admin/registry?limit=2", nil).Items()
						a = replace(t, w, office, entries[s.who%len(entries)]["id"].(string), roomtest.IDNumber(s.number))
					case 2:
						a = w.Do(t, p, http.MethodPost, "/api/v1/me/binding", claim("student", s.number))
					case 3:
						a = w.Do(t, people[2], http.MethodPost, "/api/v1/me/binding", claim("parent", s.number))
					case 4:
						a = w.Do(t, p, http.MethodPost, "/api/v1/me/transfers", object{"to_school_id": w.Nearby.ID, "reason": "搬家"})
					case 5:
						items := w.Do(t, office, http.MethodGet, "/api/v1/admin/transfers?state=pending&limit=1", nil).Items()
						if len(items) == 0 {
							return
						}
						a = w.Do(t, office, http.MethodPost, "/api/v1/admin/transfers/"+items[0]["id"].(string)+"/approve", nil)
					}
					if claimed := s.what == 2 || s.what == 3; !allowed[a.Status] || claimed && a.Status == 404 {
						wrong[i] = a.String()
					}
				})
			}
			all.Wait()
			for i, a := range wrong {
				if a != "" {
					r.Fatalf("step %+v: %s", steps[i], a)
				}
			}
			if n := w.Count(t, `SELECT count(*) FROM registry_entries`); n != 2 {
				r.Fatalf("two people are %d entries", n)
			}
			for name, query := range map[string]string{
				"documents of no entry":       `SELECT count(*) FROM documents d WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = d.entry_id AND e.document_index = d.document_index)`,
				"entries without a document":  `SELECT count(*) FROM registry_entries e WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.entry_id = e.id)`,
				"bindings that went astray":   `SELECT count(*) FROM bindings b LEFT JOIN registry_entries e ON e.id = b.entry_id WHERE e.id IS NULL OR e.school_id <> b.school_id`,
				"open changes of nobody":      `SELECT count(*) FROM open_transfers o WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = o.entry_id)`,
				"changes cancelled as moot":   `SELECT count(*) FROM transfers WHERE state = 'cancelled'`,
				"changes that lost their row": `SELECT count(*) FROM transfers t JOIN open_transfers o ON o.transfer_id = t.id WHERE o.entry_id <> t.entry_id`,
			} {
				if n := w.Count(t, query); n != 0 {
					r.Fatalf("%d %s", n, name)
				}
			}
			if n := w.Count(t, `SELECT count(*) FROM bindings`); n != 2 {
				r.Fatalf("two people who were verified are %d now", n)
			}
			exact(t, w)
		})
	})
}

func claim(kind string, number int) object {
	return object{"kind": kind, "id_type": "resident_id", "id_number": roomtest.IDNumber(number), "name": "林涛"}
}

// A change of school that is asked for, or approved, at the moment at which the number is replaced is that of the new entry.
func TestAChangeOfSchoolGoesOnWhileTheNumberIsReplaced(t *testing.T) {
	const rounds = 25
	each(t, func(t *testing.T, w *roomtest.World) {
		office, there := w.Administrator(t, access.Province, "510000"), w.Administrator(t, access.School, w.Nearby.ID)
		at := func(work ...func()) {
			var all sync.WaitGroup
			for _, f := range work {
				all.Go(f)
			}
			all.Wait()
		}
		class := w.Class(t, w.Here.ID, 1)
		for round := range rounds {
			p := w.Person(t, "teacher")
			e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "杜鹃", IDNumber: roomtest.IDNumber(100 + 3*round), SchoolID: w.Here.ID})
			w.Bind(t, p, e, "teacher")
			var first, second, asked, approved, taught roomtest.Answer
			at(func() {
				asked = w.Do(t, p, http.MethodPost, "/api/v1/me/transfers", object{"to_school_id": w.Nearby.ID, "reason": "调动"})
			}, func() { first = replace(t, w, office, e.ID, roomtest.IDNumber(101+3*round)) }, func() {
				taught = w.Do(t, office, http.MethodPut, "/api/v1/admin/classes/"+class.ID+"/teachers", object{"teacher_ids": []string{e.ID}})
			})
			expect(t, asked, 201, "")
			if taught.Status != 200 && field(taught, "teacher_ids") != "not_found" {
				t.Fatalf("the class's teachers: %v", taught)
			}
			expect(t, first, 201, "")
			at(func() {
				approved = w.Do(t, there, http.MethodPost, "/api/v1/admin/transfers/"+asked.Get("id").(string)+"/approve", nil)
			}, func() {
				second = replace(t, w, office, first.Get("id").(string), roomtest.IDNumber(102+3*round))
			})
			expect(t, approved, 200, "")
			expect(t, second, 201, "")
			now, err := w.Roster.EntryByID(t.Context(), w.DB, second.Get("id").(string))
			if err != nil || now.School.ID != w.Nearby.ID || now.AccountID != p.ID {
				t.Fatalf("round %d: the person is at %s, bound to %q, %v", round, now.School.Name, now.AccountID, err)
			}
		}
		exact(t, w)
	})
}
