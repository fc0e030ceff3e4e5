package roster_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// born is a valid number by its first 17 characters.
func born(body string) string { return body + string(identity.CheckCharacter(body)) }

func TestWhoMayBeOnePersonIsFoundAndToldApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		county := w.Administrator(t, access.County, "510104")
		add := func(school roster.School, name, body string) roster.Entry {
			return w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: born(body), SchoolID: school.ID})
		}
		for _, p := range []struct {
			school     roster.School
			name, body string
		}{
			{w.Here, "韩梅梅", "51010420120315001"},
			{w.Here, "韩梅梅", "51010420120315010"}, // two digits exchanged, so also one name and date of birth
			{w.Here, "李雷", "51010420120401123"},
			{w.Here, "李蕾", "51010420120402123"},   // one digit, and a similar name
			{w.Here, "王小明", "51010420120501555"},  // …
			{w.Here, "赵铁柱", "51010420120501556"},  // … one digit, and somebody else
			{w.Here, "林涛", "51010420110606777"},   // at two schools under two numbers
			{w.Nearby, "林涛", "51990020110606888"}, // …
			{w.Nearby, "魏华", "51010420110707001"},
			{w.Elsewhere, "魏华", "51010420110707002"}, // beyond the county
		} {
			add(p.school, p.name, p.body)
		}
		const path = "/api/v1/admin/registry/duplicates"
		list := func(p roomtest.Person, query string) map[string]string {
			a := w.Do(t, p, "GET", path+query, nil)
			if a.Status != 200 {
				t.Fatal(a)
			}
			found := map[string]string{}
			for _, one := range a.Items() {
				first, second := one["first"].(fields), one["second"].(fields)
				found[fmt.Sprint(first["name"], " ", second["name"])] = one["why"].(string)
			}
			return found
		}
		search := func(p roomtest.Person, what fields, scope string) {
			want(t, w.Do(t, p, "POST", path+"/search", what), 202, "")
			for range 2 { // at least once
				if err := w.Roster.RunDuplicates(t.Context(), scope); err != nil {
					t.Fatal(err)
				}
			}
		}
		here := "?school_id=" + w.Here.ID
		if a := w.Do(t, admin, "GET", path+here, nil); a.Status != 200 || a.Get("search") != nil || len(a.Items()) != 0 {
			t.Fatalf("before any search: %v", a)
		}
		search(admin, fields{"school_id": w.Here.ID}, w.Here.ID)
		if diff := cmp.Diff(map[string]string{"韩梅梅 韩梅梅": "number", "李雷 李蕾": "number"}, list(admin, here)); diff != "" {
			t.Errorf("within the school: %s", diff)
		}
		a := w.Do(t, admin, "GET", path+here, nil)
		if a.Get("search.state") != "done" || a.Get("search.people") != 7.0 || a.Get("search.pairs") != 2.0 {
			t.Errorf("the search: %v", a)
		}
		for _, one := range a.Items() { // those found within one millisecond stand in no order
			first := one["first"].(fields)
			if first["name"] == "李雷" && first["masked_id_number"] != "510104*******1"+born("51010420120401123")[14:] {
				t.Errorf("what tells the numbers apart is masked: %v", first)
			}
		}

		search(county, fields{"region": "510104"}, "510104")
		if diff := cmp.Diff(map[string]string{"韩梅梅 韩梅梅": "number", "李雷 李蕾": "number", "林涛 林涛": "birth_date"}, list(county, "?region=510104")); diff != "" {
			t.Errorf("within the county: %s", diff)
		}
		if got := list(other, ""); len(got) != 0 {
			t.Errorf("another school sees %v", got)
		}
		if diff := cmp.Diff(map[string]string{"韩梅梅 韩梅梅": "number", "李雷 李蕾": "number"}, list(admin, "")); diff != "" {
			t.Errorf("the school still sees its own: %s", diff)
		}

		for status, what := range map[int]fields{404: {"school_id": w.Nearby.ID}, 422: {}} {
			if a := w.Do(t, admin, "POST", path+"/search", what); a.Status != status {
				t.Errorf("a search of %v: %v", what, a)
			}
		}
		want(t, w.Do(t, admin, "POST", path+"/search", fields{"region": "510104"}), 404, "not_found")
		want(t, w.Do(t, w.Administrator(t, access.Province, "510000"), "POST", path+"/search", fields{"region": "510100"}), 422, "invalid")

		// They are two people: no search shows them again.
		pair := w.Do(t, admin, "GET", path+here, nil).Items()[0]
		want(t, w.Do(t, other, "POST", path+"/"+pair["id"].(string)+"/dismiss", nil), 404, "not_found")
		want(t, w.Do(t, admin, "POST", path+"/"+pair["id"].(string)+"/dismiss", nil), 204, "")
		want(t, w.Do(t, admin, "POST", path+"/"+pair["id"].(string)+"/dismiss", nil), 404, "not_found")
		search(county, fields{"region": "510104"}, "510104")
		if got := list(admin, ""); len(got) != 1 {
			t.Errorf("after one pair was told apart: %v", got)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.two_people' AND actor_id = $1`, admin.ID); n != 2 {
			t.Errorf("%d records of it: each of the two has one", n)
		}
		// Who has gone is in no pair.
		left := w.Do(t, admin, "GET", path+here, nil).Items()[0]
		want(t, w.Do(t, admin, "DELETE", "/api/v1/admin/registry/"+left["first"].(fields)["id"].(string), nil), 204, "")
		if got := list(admin, ""); len(got) != 0 {
			t.Errorf("with one of a pair removed: %v", got)
		}
	})
}
