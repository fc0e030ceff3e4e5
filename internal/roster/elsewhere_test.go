package roster_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
)

func TestWhoIsToldThatSomebodyStandsElsewhereIsOnRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		id := roomtest.IDNumber
		w.Entry(t, student(w, w.Nearby, 2, "李四"))
		w.Entry(t, student(w, w.Nearby, 3, "李五"))
		w.Entry(t, student(w, w.Here, 4, "李六"))
		recorded := func(action string, details ...string) int {
			query, args := "SELECT COUNT(*) FROM audit_records WHERE action = $1 AND actor_id = $2 AND school_id = $3 AND region = $4", []any{action, admin.ID, w.Here.ID, w.Here.Region}
			for _, d := range details {
				query += " AND details LIKE '%' || '" + d + "' || '%'"
			}
			return w.Count(t, query, args...)
		}
		add := func(n int, name string) roomtest.Answer {
			return w.Do(t, admin, "POST", "/api/v1/admin/registry", fields{"kind": "student", "name": name, "id_type": "resident_id", "id_number": " " + strings.ToLower(id(n)), "school_id": w.Here.ID})
		}

		want(t, add(2, "李四"), 409, "entry_exists_elsewhere")
		want(t, add(3, "别人"), 409, "entry_exists_elsewhere")
		want(t, add(4, "李六"), 409, "entry_exists_here")
		if added := add(5, "李七"); added.Status != 201 {
			t.Fatal(added)
		}
		if n := recorded("registry.found_elsewhere"); n != 2 {
			t.Errorf("%d looks by adding are on record, want 2", n)
		}
		if n := recorded("registry.found_elsewhere", id(2)[:6]+"********"+id(2)[14:]); n == 0 {
			t.Error("the record does not say which number, masked")
		}

		preview := func(people ...string) {
			t.Helper()
			if a := sendNamed(t, w, admin, "?dry_run=true", "全班"+id(9)+".csv", []byte("姓名,身份证号\n"+strings.Join(people, "\n")+"\n"), ofStudents); a.Status != 200 {
				t.Fatal(a)
			}
		}
		preview("李六,"+id(4), "新来,"+id(6))
		if n := recorded("registry.preview_found_elsewhere"); n != 0 {
			t.Errorf("a preview that tells of nobody elsewhere is on record %d times", n)
		}
		preview("李四,"+id(2), "别人,"+id(3), "李六,"+id(4), "新来,"+id(6))
		if n := recorded("registry.preview_found_elsewhere", `"rows":2`, id(9)[:6]+"********"+id(9)[14:]+".csv"); n != 1 {
			t.Errorf("the preview is on record %d times", n)
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM audit_records WHERE details LIKE $1 OR details LIKE $2", "%"+id(2)+"%", "%"+id(9)+"%"); n != 0 {
			t.Error("the record holds a full number")
		}
	})
}

// Who reads is an administrator of the school, or of the county above.
func TestWhatIsSaidOfANumberThatIsThereIsTrueForWhoeverReads(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		w.Entry(t, student(w, w.Here, 1, "李雷"))
		w.Entry(t, student(w, w.Nearby, 2, "李四"))
		for _, admin := range []roomtest.Person{w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")} {
			add := func(n int, name, language string) string {
				body := fmt.Sprintf(`{"kind": "student", "name": %q, "id_type": "resident_id", "id_number": %q, "school_id": %q}`, name, roomtest.IDNumber(n), w.Here.ID)
				r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/admin/registry", strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+admin.Token)
				r.Header.Set("Accept-Language", language)
				a := roomtest.Record(t, w.Server, r)
				if a.Status != 409 {
					t.Fatal(a)
				}
				return a.Text
			}
			for language, c := range map[string]struct {
				own            []string
				unnamed, named string
			}{
				"zh-CN": {[]string{"本校", "您的学校"}, "已登记在其他学校。学校变更", "其他学校“浣花中学”。学校变更"},
				"en":    {[]string{"your school", "your registry"}, "at another school. A change", "at another school, “浣花中学”. A change"},
			} {
				here := add(1, "李雷", language)
				for _, own := range c.own {
					if strings.Contains(here, own) {
						t.Errorf("%s says %q: %s", language, own, here)
					}
				}
				if told := add(2, "别人", language); !strings.Contains(told, c.unnamed) {
					t.Errorf("%s, without the school: %s", language, told)
				}
				if told := add(2, "李四", language); !strings.Contains(told, c.named) {
					t.Errorf("%s, with the school: %s", language, told)
				}
			}
		}
	})
}
