package roster_test

import (
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
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

func TestASchoolAddedByMistakeGoesAndOneInUseStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		county := w.Administrator(t, access.County, w.Here.Region)
		made := w.Do(t, county, "POST", "/api/v1/admin/schools", fields{"code": "2151000001", "name": "浣花小学", "region": w.Here.Region})
		id, _ := made.Get("id").(string)
		path := "/api/v1/admin/schools/" + id

		want(t, w.Do(t, county, "PATCH", path, fields{"code": w.Here.Code}), 409, "school_exists")
		want(t, w.Do(t, county, "PATCH", path, fields{"code": "21"}), 422, "invalid")
		if a := w.Do(t, county, "PATCH", path, fields{"code": "2151000009"}); a.Status != 200 || a.Get("code") != "2151000009" || a.Get("name") != "浣花小学" {
			t.Errorf("corrected to %v", a)
		}

		want(t, w.Do(t, county, "DELETE", path+"?code=2151000001", nil), 422, "invalid") // the code of before
		want(t, w.Do(t, w.Administrator(t, access.City, "510300"), "DELETE", path+"?code=2151000009", nil), 404, "not_found")
		administrator := w.Administrator(t, access.School, id)
		want(t, w.Do(t, administrator, "DELETE", path+"?code=2151000009", nil), 404, "not_found")
		want(t, w.Do(t, county, "DELETE", path+"?code=2151000009", nil), 409, "school_in_use")
		want(t, w.Do(t, county, "DELETE", path+"?dry_run=true", nil), 409, "school_in_use")
		want(t, w.Do(t, administrator, "DELETE", path+"?dry_run=true", nil), 404, "not_found")
		if _, err := d.Exec(t.Context(), `DELETE FROM grants WHERE account_id = $1`, administrator.ID); err != nil {
			t.Fatal(err)
		}

		// A class or a person keeps it, and its code.
		class := w.Class(t, id, 1)
		want(t, w.Do(t, county, "DELETE", path+"?code=2151000009", nil), 409, "school_in_use")
		want(t, w.Do(t, county, "DELETE", "/api/v1/admin/classes/"+class.ID, nil), 204, "")
		pupil := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: id})
		want(t, w.Do(t, county, "DELETE", path+"?code=2151000009", nil), 409, "school_in_use")
		want(t, w.Do(t, county, "PATCH", path, fields{"code": "2151000008"}), 409, "school_in_use")
		want(t, w.Do(t, county, "DELETE", "/api/v1/admin/registry/"+pupil.ID, nil), 204, "")

		want(t, w.Do(t, county, "DELETE", path+"?dry_run=true&code=2151000009", nil), 204, "")
		if n := w.Count(t, `SELECT count(*) FROM schools WHERE id = $1`, id); n != 1 {
			t.Error("a look has removed the school")
		}
		want(t, w.Do(t, county, "DELETE", path+"?code=2151000009", nil), 204, "")
		if n := w.Count(t, `SELECT count(*) FROM schools WHERE id = $1`, id); n != 0 {
			t.Error("the school is still there")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE target_id = $1 AND action IN ('school.change_code', 'school.delete')`, id); n != 2 {
			t.Errorf("%d of two changes are on record", n)
		}
		want(t, w.Do(t, county, "POST", "/api/v1/admin/registry", fields{
			"kind": "student", "name": "李雷", "id_type": "resident_id", "id_number": roomtest.IDNumber(2), "school_id": id,
		}), 404, "not_found")
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
