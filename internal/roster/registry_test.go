package roster_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/looks"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

type fields = map[string]any

// world is the rooms with the registry's operations mounted.
func world(t *testing.T, d *db.DB) *roomtest.World {
	w := roomtest.New(t, d, roomtest.Rules())
	w.Roster.Mount(w.Server)
	looks.New(d, w.Roster, nil).Mount(w.Server)
	return w
}

func want(t *testing.T, a roomtest.Answer, status int, code string) {
	t.Helper()
	got, _ := a.Get("code").(string)
	if a.Status != status || got != code {
		t.Fatalf("want %d %s, got %v", status, code, a)
	}
}

// fieldCodes are the codes of an answer's fields, by field.
func fieldCodes(a roomtest.Answer) map[string]string {
	codes := map[string]string{}
	list, _ := a.Get("fields").([]any)
	for _, f := range list {
		f := f.(map[string]any)
		codes[f["field"].(string)] = f["code"].(string)
		if f["message"] == "field."+f["code"].(string) {
			codes[f["field"].(string)] = "no message"
		}
	}
	return codes
}

func student(_ *roomtest.World, school roster.School, n int, name string) roster.NewEntry {
	return roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(n), SchoolID: school.ID}
}

func TestAddingAPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		class := w.Class(t, w.Here.ID, 3)
		foreign := w.Class(t, w.Nearby.ID, 3)
		w.Entry(t, student(w, w.Nearby, 2, "李四"))
		post := func(change fields) roomtest.Answer {
			body := fields{"kind": "student", "name": "张三", "id_type": "resident_id", "id_number": roomtest.IDNumber(1), "school_id": w.Here.ID}
			for k, v := range change {
				body[k] = v
			}
			return w.Do(t, admin, "POST", "/api/v1/admin/registry", body)
		}
		created := post(fields{"class_id": class.ID, "student_number": "G" + roomtest.IDNumber(1)})
		if created.Status != 201 || created.Get("class.grade") != "七年级" || created.Get("school.name") != "草堂中学" || created.Get("bound") != false {
			t.Fatal(created)
		}
		if strings.Contains(created.Text, roomtest.IDNumber(1)) || !strings.Contains(created.Text, `"masked_id_number":"510104********`) {
			t.Errorf("the number is not masked: %v", created)
		}
		want(t, post(nil), 409, "entry_exists_here")
		known := post(fields{"id_number": roomtest.IDNumber(2), "name": "李 四"})
		want(t, known, 409, "entry_exists_elsewhere")
		if !strings.Contains(known.Text, "浣花中学") {
			t.Errorf("the other school is not named to one who knows the name: %v", known)
		}
		stranger := post(fields{"id_number": roomtest.IDNumber(2), "name": "李五"})
		want(t, stranger, 409, "entry_exists_elsewhere")
		if strings.Contains(stranger.Text, "浣花中学") || strings.Contains(stranger.Text, "李四") {
			t.Errorf("the other school is named to a stranger: %v", stranger)
		}
		want(t, post(fields{"id_number": "张三", "name": roomtest.IDNumber(1)}), 422, "fields_swapped")
		wrong := post(fields{"id_number": "110105194912310021"})
		want(t, wrong, 422, "id_number_invalid")
		if fieldCodes(wrong)["id_number"] != "id_checksum" {
			t.Error(wrong)
		}
		several := post(fields{"id_number": "1", "name": "", "kind": "parent", "student_number": "x"})
		want(t, several, 422, "invalid")
		if codes := fieldCodes(several); codes["name"] != "name_required" || codes["kind"] != "not_allowed" || codes["student_number"] != "student_number_format" || codes["id_number"] != "id_length" {
			t.Error(several)
		}
		want(t, post(fields{"id_number": roomtest.IDNumber(3), "school_id": w.Nearby.ID}), 404, "not_found")
		want(t, post(fields{"id_number": roomtest.IDNumber(3), "school_id": "nowhere"}), 404, "not_found")
		if codes := fieldCodes(post(fields{"id_number": roomtest.IDNumber(3), "class_id": foreign.ID})); codes["class_id"] != "not_found" {
			t.Error("a person was put into another school's class")
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM registry_entries"); n != 2 {
			t.Errorf("%d entries stand in the registry", n)
		}
	})
}

func TestAnEntryIsFoundChangedAndRemovedWithinTheScopeAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		other, far := w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.City, "510300")
		one := w.Entry(t, student(w, w.Here, 1, "买买提·吐尔逊"))
		w.Entry(t, student(w, w.Here, 2, "张三丰"))
		w.Entry(t, student(w, w.Nearby, 3, "张三"))
		find := func(p roomtest.Person, query string) (names []string) {
			a := w.Do(t, p, "GET", "/api/v1/admin/registry?"+query, nil)
			if a.Status != http.StatusOK {
				t.Fatal(a)
			}
			for _, item := range a.Items() {
				names = append(names, item["name"].(string))
			}
			slices.Sort(names) // entries of one millisecond stand in no order
			return names
		}
		for _, c := range []struct {
			who   roomtest.Person
			query string
			want  string
		}{
			{admin, "", "买买提·吐尔逊 张三丰"},
			{county, "", "买买提·吐尔逊 张三 张三丰"},
			{county, "region=510100", "买买提·吐尔逊 张三 张三丰"},
			{county, "region=510300", ""},
			{county, "school_id=" + w.Nearby.ID, "张三"},
			{admin, "school_id=" + w.Nearby.ID, ""},
			{far, "", ""},
			{county, "name=%E5%BC%A0%E4%B8%89", "张三 张三丰"},
			{admin, "name=%E2%80%A2%E5%90%90", "买买提·吐尔逊"},                             // any part within a school; another dot
			{county, "name=%E2%80%A2%E5%90%90", ""},                                   // how it begins, over several
			{county, "name=%E2%80%A2%E5%90%90&school_id=" + w.Here.ID, "买买提·吐尔逊"},     // a part again
			{county, "name=%E4%B9%B0%E4%B9%B0%E6%8F%90%E2%80%A2%E5%90%90", "买买提·吐尔逊"}, // another dot
			{county, "name=%25", ""},
			{county, "id_number=" + roomtest.IDNumber(3), "张三"},
			{admin, "id_number=" + roomtest.IDNumber(3), ""},
			{county, "bound=true", ""},
			{county, "kind=teacher", ""},
		} {
			if got := strings.Join(find(c.who, c.query), " "); got != c.want {
				t.Errorf("%q finds %q, want %q", c.query, got, c.want)
			}
		}
		page := w.Do(t, county, "GET", "/api/v1/admin/registry?limit=2", nil)
		if rest := find(county, "limit=2&cursor="+page.Get("next_cursor").(string)); len(page.Items()) != 2 || len(rest) != 1 {
			t.Errorf("pages: %v, then %v", page, rest)
		}
		want(t, w.Do(t, county, "GET", "/api/v1/admin/registry?id_number=5.1E%2B17", nil), 422, "id_number_invalid")

		path := "/api/v1/admin/registry/" + one.ID
		for _, who := range []roomtest.Person{other, far} {
			want(t, w.Do(t, who, "GET", path, nil), 404, "not_found")
			want(t, w.Do(t, who, "PATCH", path, fields{"name": "李四"}), 404, "not_found")
			want(t, w.Do(t, who, "DELETE", path, nil), 404, "not_found")
			want(t, w.Do(t, who, "POST", path+"/reveal", fields{"reason": "x"}), 404, "not_found")
		}
		want(t, w.Do(t, w.Person(t, "teacher"), "GET", path, nil), 403, "forbidden")
		want(t, w.Do(t, roomtest.Person{}, "GET", path, nil), 401, "unauthenticated")

		want(t, w.Do(t, admin, "PATCH", path, fields{"id_number": roomtest.IDNumber(9)}), 422, "invalid")
		want(t, w.Do(t, admin, "PATCH", path, fields{"name": "12"}), 422, "invalid")
		if a := w.Do(t, admin, "PATCH", path, fields{"name": " 买买提•吐尔逊 "}); a.Get("name") != "买买提•吐尔逊" {
			t.Error(a)
		}
		want(t, w.Do(t, admin, "POST", path+"/reveal", fields{"reason": " "}), 422, "invalid")
		if a := w.Do(t, admin, "POST", path+"/reveal", fields{"reason": "核对证件"}); a.Get("id_number") != roomtest.IDNumber(1) {
			t.Error(a)
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM audit_records WHERE action = 'registry.reveal' AND reason = '核对证件' AND actor_id = $1", admin.ID); n != 1 {
			t.Errorf("the look stands %d times in the record", n)
		}

		w.Bind(t, w.Person(t, "student"), one, "student")
		want(t, w.Do(t, admin, "DELETE", path, nil), 409, "already_bound")
		if a := w.Do(t, admin, "GET", path, nil); a.Get("account.masked_phone") == nil || strings.Contains(a.Text, "person0") {
			t.Errorf("the holder: %v", a)
		}
		if a := w.Do(t, admin, "DELETE", path+"?unbind=true", fields{"reason": "重复登记"}); a.Status != 204 {
			t.Fatal(a)
		}
		want(t, w.Do(t, admin, "GET", path, nil), 404, "not_found")
		w.Entry(t, student(w, w.Nearby, 1, "买买提·吐尔逊")) // the number is free again
	})
}

func TestClasses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		year := w.Class(t, w.Here.ID, 1).EntryYear
		body := fields{"school_id": w.Here.ID, "stage": "junior", "entry_year": year, "number": 2}
		created := w.Do(t, admin, "POST", "/api/v1/admin/classes", body)
		if created.Status != 201 || created.Get("display_name") != "七年级2班" || created.Get("schooling_years") != 3.0 {
			t.Fatal(created)
		}
		want(t, w.Do(t, admin, "POST", "/api/v1/admin/classes", body), 409, "class_exists")
		want(t, w.Do(t, other, "POST", "/api/v1/admin/classes", body), 404, "not_found")
		wrong := w.Do(t, admin, "POST", "/api/v1/admin/classes", fields{"school_id": w.Here.ID, "stage": "college", "entry_year": 1, "number": 0})
		if codes := fieldCodes(wrong); codes["stage"] != "not_allowed" || codes["entry_year"] != "entry_year_range" || codes["number"] != "class_number_range" {
			t.Error(wrong)
		}
		bulk := w.Do(t, admin, "POST", "/api/v1/admin/classes/bulk", fields{"school_id": w.Here.ID, "stage": "junior", "entry_year": year, "count": 4})
		if bulk.Status != 201 || len(bulk.Items()) != 2 {
			t.Errorf("classes 3 and 4 were to be added: %v", bulk)
		}
		want(t, w.Do(t, admin, "POST", "/api/v1/admin/classes/bulk", fields{"school_id": w.Here.ID, "stage": "junior", "entry_year": year, "count": 1000}), 422, "invalid")

		path := "/api/v1/admin/classes/" + created.Get("id").(string)
		want(t, w.Do(t, other, "PATCH", path, fields{"name": "x"}), 404, "not_found")
		want(t, w.Do(t, admin, "PATCH", path, fields{"number": 1}), 409, "class_exists")
		if a := w.Do(t, admin, "PATCH", path, fields{"name": "火箭班", "entry_year": year - 1}); a.Get("display_name") != "火箭班" || a.Get("grade") != "八年级" {
			t.Error(a)
		}
		teacher := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "王老师", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		foreign := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "李老师", IDNumber: roomtest.IDNumber(2), SchoolID: w.Nearby.ID})
		if a := w.Do(t, admin, "PUT", path+"/teachers", fields{"teacher_ids": []string{teacher.ID, teacher.ID}}); a.Status != 200 || len(a.Items()) != 1 {
			t.Error(a)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'class.teachers' AND details LIKE '%"masked_names":"王*师"%'`); n != 1 {
			t.Error("the record does not say which teacher it is about")
		}
		want(t, w.Do(t, admin, "PUT", path+"/teachers", fields{"teacher_ids": []string{foreign.ID}}), 422, "invalid")
		if a := w.Do(t, admin, "GET", path+"/teachers", nil); len(a.Items()) != 1 || a.Items()[0]["name"] != "王老师" {
			t.Errorf("after a refusal the class has other teachers: %v", a)
		}
		pupil := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "张三", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID, ClassID: created.Get("id").(string)})
		want(t, w.Do(t, admin, "DELETE", path, nil), 409, "class_in_use")
		public := w.Do(t, roomtest.Person{}, "GET", "/api/v1/schools/"+w.Here.ID+"/classes", nil)
		if len(public.Items()) != 4 {
			t.Errorf("the school's classes: %v", public)
		}
		if a := w.Do(t, admin, "PATCH", "/api/v1/admin/registry/"+pupil.ID, fields{"class_id": ""}); a.Get("class") != nil {
			t.Error(a)
		}
		if a := w.Do(t, admin, "DELETE", path, nil); a.Status != 204 {
			t.Error(a)
		}
	})
}

func TestPublicListsOfRegionsAndSchools(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		for query, want := range map[string]string{
			"/api/v1/regions":                              "510000 510100 510104 510300 510302",
			"/api/v1/regions?parent=510000":                "510100 510300",
			"/api/v1/schools":                              "3151000001 3151000002 3151000003",
			"/api/v1/schools?region=510100":                "3151000001 3151000002",
			"/api/v1/schools?region=51":                    "",
			"/api/v1/schools?q=%E8%8D%89%E5%A0%82":         "3151000001",
			"/api/v1/schools?region=510300&q=%E8%8D%89":    "",
			"/api/v1/schools?q=%25":                        "",
			"/api/v1/schools?region=510000&q=%20%E4%B8%AD": "3151000001 3151000002 3151000003",
		} {
			var codes []string
			for _, item := range w.Do(t, roomtest.Person{}, "GET", query, nil).Items() {
				codes = append(codes, item["code"].(string))
			}
			if got := strings.Join(codes, " "); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
	})
}

func TestAClassKnowsWhatItsTeachersTeachAndWhoWasItsClassTeacher(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		w.Roster.Mount(w.Server)
		admin := w.Administrator(t, access.School, w.Here.ID)
		class := w.Class(t, w.Here.ID, 1)
		teachers := make([]string, 2)
		for i, name := range []string{"李老师", "王老师"} {
			teachers[i] = w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: name, IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID}).ID
		}
		path := "/api/v1/admin/classes/" + class.ID
		set := func(status int, heads []string, subjects fields) roomtest.Answer {
			t.Helper()
			body := fields{"teacher_ids": teachers, "class_teacher_ids": heads}
			if subjects != nil {
				body["subjects"] = subjects
			}
			a := w.Do(t, admin, "PUT", path+"/teachers", body)
			if a.Status != status {
				t.Fatal(a)
			}
			return a
		}
		set(422, nil, fields{teachers[0]: []string{"alchemy"}})
		set(200, teachers[:1], fields{teachers[0]: []string{"physics", "maths"}})
		set(200, teachers[:1], fields{teachers[1]: []string{"chinese"}}) // the same class teacher: no change of theirs
		a := set(200, teachers[1:], nil)
		if first := a.Items()[0]["subjects"].([]any); len(first) != 2 || first[0] != "maths" || len(a.Items()[1]["subjects"].([]any)) != 1 {
			t.Errorf("%v", a)
		}
		w.InTx(t, func(tx *db.Tx) error {
			_, err := w.Roster.Move(t.Context(), tx, teachers[1], w.Here.ID, w.Nearby.ID, "")
			return err
		})
		var told []string
		cursor := ""
		for {
			page := w.Do(t, admin, "GET", path+"/class-teachers?limit=1&cursor="+cursor, nil)
			for _, one := range page.Items() {
				told = append(told, fmt.Sprint(one["names"]))
			}
			next, more := page.Get("next_cursor").(string)
			if !more {
				break
			}
			cursor = next
		}
		if diff := cmp.Diff([]string{"[]", "[王老师]", "[李老师]"}, told); diff != "" {
			t.Error(diff)
		}
	})
}
