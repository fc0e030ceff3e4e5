package roster_test

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
)

func choosing(columns string) map[string]string {
	form := maps.Clone(ofStudents)
	form["columns"] = columns
	return form
}

func TestSomebodySaysWhichColumnIsWhichAndTheNextFileIsReadAlike(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		id := roomtest.IDNumber
		file := func(n int) []byte {
			return []byte(fmt.Sprintf("八年级名单,,\n谁,哪个班,号\n韩梅梅,八年级1班,%s\n李雷,八年级2班,%s\n", id(n), id(n+1)))
		}
		a := send(t, w, admin, "?dry_run=true", file(1), ofStudents)
		want(t, a, 415, "unsupported_file")
		first := a.Get("first_rows").([]any)[0].(fields)["rows"].([]any)
		if len(first) != 4 || first[2].(fields)["line"] != 3.0 || strings.Contains(a.Text, id(1)) {
			t.Fatalf("the first rows to choose by: %v", first)
		}

		for columns, code := range map[string]string{
			`{"header_row":2,"fields":["name","class"]}`:                           "column_missing",
			`{"header_row":2,"fields":["name","name","id_number"]}`:                "column_twice",
			`{"header_row":2,"fields":["name","birthday","id_number"]}`:            "column_unknown",
			`{"header_row":29,"fields":["name","class","id_number"]}`:              "header_row_gone",
			`{"header_row":-1,"fields":["name","class","id_number"]}`:              "columns_unreadable",
			`{"header_row":2,"fields":"name"}`:                                     "columns_unreadable",
			`{"header_row":2,"fields":[` + strings.Repeat(`"",`, 6000):             "too_long",
			`{"header_row":2,"fields":[` + strings.Repeat(`"",`, 300) + `"name"]}`: "column_unknown",
		} {
			a := send(t, w, admin, "?dry_run=true", file(1), choosing(columns))
			want(t, a, 422, "invalid")
			if got := fieldCodes(a)["columns"]; got != code {
				t.Errorf("%.60s: %q, want %q", columns, got, code)
			}
		}

		chosen := choosing(`{"header_row":2,"fields":["name","class","id_number"]}`)
		a = send(t, w, admin, "?dry_run=true", file(1), chosen)
		if a.Status != 200 || a.Get("accepted") != 2.0 || a.Get("header_row") != 2.0 || a.Get("as_last_time") != false {
			t.Fatal(a)
		}
		want(t, send(t, w, admin, "?dry_run=true", file(1), ofStudents), 415, "unsupported_file") // a preview remembers nothing
		if a := imported(t, w, admin, file(1), chosen); counts(a) != "done 2 2 0" {
			t.Fatal(a)
		}
		a = send(t, w, admin, "?dry_run=true", file(11), ofStudents)
		if a.Status != 200 || a.Get("accepted") != 2.0 || a.Get("as_last_time") != true || a.Get("columns").([]any)[1].(fields)["field"] != "class" {
			t.Fatalf("the next file: %v", a)
		}
		if a := imported(t, w, admin, file(11), ofStudents); counts(a) != "done 2 2 0" {
			t.Error(a)
		}
		want(t, send(t, w, other, "?dry_run=true", file(21), ofStudents), 415, "unsupported_file") // another school's choice
		// A choice is changed by choosing again.
		if a := imported(t, w, admin, file(31), choosing(`{"header_row":2,"fields":["name","","id_number"]}`)); counts(a) != "done 2 2 0" {
			t.Error(a)
		}
		if a := send(t, w, admin, "?dry_run=true", file(41), ofStudents); a.Get("classless") != 2.0 {
			t.Errorf("after the class was left out: %v", a)
		}

		// A file without any headings, whose rejected rows come back with some.
		bare := []byte("韩梅梅," + id(51) + "\n李雷," + id(52)[:17] + "\n")
		a = imported(t, w, admin, bare, choosing(`{"header_row":0,"fields":["name","id_number"]}`))
		if counts(a) != "done 2 1 1" {
			t.Fatal(a)
		}
		rejected := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+a.Get("id").(string)+"/rejected.xlsx", nil)
		if a := send(t, w, admin, "?dry_run=true", []byte(rejected.Text), ofStudents); a.Status != 200 || a.Get("total") != 1.0 {
			t.Errorf("its rejected rows: %v", a)
		}
	})
}

// workbook makes a workbook of sheets in order; a cell "^" is merged with the one above.
func workbook(t *testing.T, names []string, sheets ...[][]any) []byte {
	t.Helper()
	x := excelize.NewFile()
	for i, name := range names {
		if _, err := x.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for line, row := range sheets[i] {
			for column, cell := range row {
				at, err := excelize.CoordinatesToCellName(column+1, line+1)
				if err != nil {
					t.Fatal(err)
				}
				if cell != "^" {
					err = x.SetCellValue(name, at, cell)
				} else if line+1 == len(sheets[i]) || sheets[i][line+1][column] != "^" {
					top := line
					for sheets[i][top][column] == "^" {
						top--
					}
					from, _ := excelize.CoordinatesToCellName(column+1, top+1)
					err = x.MergeCell(name, from, at)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := x.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := x.Write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// Cells that are merged over the pupils of a class say their class, and nothing else is filled.
func TestMergedCellsOfAClassSayItOfAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		id := roomtest.IDNumber
		file := workbook(t, []string{"名册"}, [][]any{
			{"2026年秋季", "", "", ""},
			{"姓名", "身份证号", "年级", "班级"},
			{"一", id(1), "七年级", "1班"},
			{"二", id(2), "^", "^"},
			{"三", id(3), "^", "2班"},
			{"四", id(4), "^", "^"},
			{"五", id(5), "^", ""},
		})
		a := imported(t, w, admin, file, ofStudents)
		if counts(a) != "done 5 5 0" {
			t.Fatal(a)
		}
		got := map[string]any{}
		for _, one := range w.Do(t, admin, "GET", "/api/v1/admin/registry", nil).Items() {
			class, _ := one["class"].(fields)
			got[one["name"].(string)] = class["name"]
		}
		if diff := cmp.Diff(map[string]any{"一": "七年级1班", "二": "七年级1班", "三": "七年级2班", "四": "七年级2班", "五": nil}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A workbook with a sheet for each class is read whole where its administrator says so; its sheets name the classes.
func TestAllSheetsWithTheSameHeadingsAreReadTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		id := roomtest.IDNumber
		file := workbook(t, []string{"七年级1班", "说明", "七年级2班", "教师"},
			[][]any{{"姓名", "身份证号"}, {"一", id(1)}, {"二", id(2)}},
			[][]any{{"填表说明"}},
			[][]any{{"标题"}, {"姓名", "身份证号"}, {"三", id(3)}, {"一", id(1)}, {"坏", "1"}},
			[][]any{{"姓名", "身份证号", "教师资格证编号"}, {"师", id(9), ""}},
		)
		a := send(t, w, admin, "?dry_run=true", file, ofStudents)
		if a.Get("total") != 2.0 || fmt.Sprint(a.Get("sheets_alike")) != "[七年级2班]" || fmt.Sprint(a.Get("other_sheets")) != "[七年级2班 教师]" {
			t.Fatalf("one sheet: %v", a)
		}
		all := with(ofStudents, "all_sheets")
		a = send(t, w, admin, "?dry_run=true", file, all)
		if a.Get("total") != 5.0 || a.Get("accepted") != 3.0 || fmt.Sprint(a.Get("other_sheets")) != "[教师]" || a.Get("classless") != 0.0 {
			t.Fatalf("all sheets: %v", a)
		}
		rejects := a.Get("rejects").([]any)
		if first := rejects[0].(fields); first["sheet"] != "七年级2班" || first["row"] != 4.0 || first["code"] != "duplicate_of_sheet" || first["reason"] != "与工作表“七年级1班”第 2 行重复：同一个证件号码" {
			t.Errorf("a person on two sheets: %v", first)
		}
		a = imported(t, w, admin, file, all)
		if counts(a) != "done 5 3 2" {
			t.Fatal(a)
		}
		if diff := cmp.Diff([]string{"七年级1班", "七年级2班"}, newClasses(a)); diff != "" {
			t.Error(diff)
		}
		rejected := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+a.Get("id").(string)+"/rejected.xlsx", nil)
		x, err := excelize.OpenReader(strings.NewReader(rejected.Text))
		if err != nil {
			t.Fatal(err)
		}
		if cell, err := x.GetCellValue(x.GetSheetName(0), "A2"); err != nil || cell != "七年级2班 4" {
			t.Errorf("the first rejected row is told by %q, %v", cell, err)
		}
	})
}
