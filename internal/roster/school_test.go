package roster_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
)

func TestSchoolsAreAddedByThoseAboveThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		county := w.Administrator(t, access.County, w.Here.Region)
		add := func(who roomtest.Person, change fields) roomtest.Answer {
			body := fields{"code": "2151000001", "name": " 浣花 小学 ", "region": w.Here.Region}
			for k, v := range change {
				body[k] = v
			}
			return w.Do(t, who, "POST", "/api/v1/admin/schools", body)
		}
		made := add(county, nil)
		if made.Status != 201 || made.Get("name") != "浣花 小学" {
			t.Fatal(made)
		}
		want(t, add(county, nil), 409, "school_exists")
		want(t, add(county, fields{"region": w.Elsewhere.Region, "code": "2151000002"}), 403, "forbidden")
		want(t, add(w.Administrator(t, access.School, w.Here.ID), fields{"code": "2151000003"}), 403, "forbidden")
		bad := add(county, fields{"code": "12", "name": "  "})
		want(t, bad, 422, "invalid")
		if codes := fieldCodes(bad); codes["code"] == "" || codes["code"] == "no message" || codes["name"] != "missing" {
			t.Errorf("%v", codes)
		}
		id, _ := made.Get("id").(string)
		renamed := w.Do(t, county, "PATCH", "/api/v1/admin/schools/"+id, fields{"name": "浣花小学"})
		if renamed.Status != 200 || renamed.Get("name") != "浣花小学" {
			t.Fatal(renamed)
		}
		want(t, w.Do(t, county, "PATCH", "/api/v1/admin/schools/"+w.Elsewhere.ID, fields{"name": "别的"}), 404, "not_found")
	})
}

func TestAListOfSchoolsComesInOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		list := "学校名称,区划代码,学校标识码\n浣花小学," + w.Here.Region + ",2151000001\n无区小学,999999,2151000002\n锦城小学," + w.Here.Region + ",2151000003\n"
		for _, added := range []int{2, 0} {
			result, err := w.Roster.ImportSchools(t.Context(), strings.NewReader(list), int64(len(list)))
			if err != nil || result.Added != added || result.Known != 2-added || result.RejectedRows != 1 ||
				result.Rejected[0].Line != 3 || result.Rejected[0].Field != "region" {
				t.Errorf("%+v: %v", result, err)
			}
		}
	})
}
