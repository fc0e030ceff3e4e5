package roster_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

// Whatever the filter and the size of a page, going through the pages shows everybody of the scope once, before the counts are folded as
// well as after.
func TestThePagesOfTheRegistryShowEverybodyOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		class, left := w.Class(t, w.Nearby.ID, 1), w.Class(t, w.Nearby.ID, 2)
		type of struct{ school, kind, class, name string }
		people := map[string]of{}
		add := func(n int, school roster.School, kind, class, name string) roster.Entry {
			e := w.Entry(t, roster.NewEntry{Kind: kind, Name: name, IDNumber: roomtest.IDNumber(n), SchoolID: school.ID, ClassID: class})
			people[e.ID] = of{school.ID, kind, class, name}
			return e
		}
		bound := map[string]bool{}
		for n := range 24 {
			school := []roster.School{w.Here, w.Nearby, w.Elsewhere}[n%3]
			kind, in := roster.Student, ""
			if n%4 == 0 {
				kind = roster.Teacher
			} else if school.ID == w.Nearby.ID {
				if in = class.ID; n%2 == 0 {
					in = left.ID
				}
			}
			e := add(n+1, school, kind, in, []string{"林涛", "林涛", "林小涛", "魏林"}[n%4])
			if n < 5 {
				p := w.Person(t, kind)
				w.Bind(t, p, e, kind)
				bound[e.ID] = true
			}
		}
		w.InTx(t, func(tx *db.Tx) error {
			_, _, err := w.Roster.Graduate(t.Context(), tx, left)
			return err
		})
		readers := map[string]roomtest.Person{
			"province": w.Administrator(t, access.Province, "510000"), "county": w.Administrator(t, access.County, "510104"), "school": w.Administrator(t, access.School, w.Here.ID),
		}
		filters := map[string]func(id string, p of) bool{
			"":                              func(string, of) bool { return true },
			"kind=teacher":                  func(_ string, p of) bool { return p.kind == roster.Teacher },
			"bound=true":                    func(id string, _ of) bool { return bound[id] },
			"bound=false&kind=student":      func(id string, p of) bool { return !bound[id] && p.kind == roster.Student },
			"class_id=none":                 func(_ string, p of) bool { return p.class == "" && p.kind == roster.Student },
			"graduated=true":                func(_ string, p of) bool { return p.class == left.ID },
			"class_id=" + left.ID:           func(_ string, p of) bool { return p.class == left.ID },
			"class_id=" + class.ID:          func(_ string, p of) bool { return p.class == class.ID },
			"name=" + url.QueryEscape("林"):  func(_ string, p of) bool { return p.name[:3] == "林" },
			"name=" + url.QueryEscape("林涛"): func(_ string, p of) bool { return p.name == "林涛" },
		}
		all := func() {
			t.Helper()
			for name, reader := range readers {
				for filter, holds := range filters {
					var want []string
					for id, p := range people {
						within := name == "province" || name == "county" && p.school != w.Elsewhere.ID || p.school == w.Here.ID
						if filter != "graduated=true" && filter != "class_id="+left.ID && p.class == left.ID {
							continue
						}
						if within && (holds(id, p) || name == "school" && filter == "name="+url.QueryEscape("林")) { // a part, within one school
							want = append(want, id)
						}
					}
					slices.Sort(want)
					for _, limit := range []int{1, 3, 50} {
						var got []string
						for cursor, pages := "", 0; pages <= len(people); pages++ {
							a := w.Do(t, reader, http.MethodGet, fmt.Sprintf("/api/v1/admin/registry?limit=%d&cursor=%s&%s", limit, url.QueryEscape(cursor), filter), nil)
							if a.Status != http.StatusOK || len(a.Items()) > limit {
								t.Fatal(a)
							}
							for _, item := range a.Items() {
								got = append(got, item["id"].(string))
							}
							if cursor, _ = a.Get("next_cursor").(string); cursor == "" {
								break
							}
						}
						slices.Sort(got)
						if !slices.Equal(got, want) {
							t.Errorf("%s, %q by %d: %d people, want %d: %v, %v", name, filter, limit, len(got), len(want), got, want)
						}
					}
				}
			}
		}
		all()
		if err := tally.Fold(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		all()
		want(t, w.Do(t, readers["county"], http.MethodGet, "/api/v1/admin/registry?cursor=nonsense", nil), 422, "invalid")
		want(t, w.Do(t, readers["county"], http.MethodGet, "/api/v1/admin/registry?cursor=nonsense&name=x", nil), 422, "invalid")
	})
}
