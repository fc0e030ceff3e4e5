package roster_test

import (
	"maps"
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
)

func TestWhatAnImportIsAskedForIsSaidInWordsThatAreKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.County, "510104")
		file := []byte("姓名,身份证号\n张三," + roomtest.IDNumber(1) + "\n")
		form := func(change map[string]string) map[string]string {
			all := map[string]string{"kind": "student", "school_id": w.Here.ID}
			maps.Copy(all, change)
			return all
		}
		for name, c := range map[string]struct{ field, value, code string }{
			"a NUL byte":           {"school_id", "a\x00b", "bad_character"},
			"broken UTF-8":         {"school_id", "a\xffb", "bad_character"},
			"a school too long":    {"school_id", strings.Repeat("x", 201), "too_long"},
			"a kind with a NUL":    {"kind", "student\x00", "bad_character"},
			"columns with a NUL":   {"columns", "{\x00}", "bad_character"},
			"an update of x":       {"update", "x", "not_allowed"},
			"a rename of NUL":      {"rename", "\x00", "bad_character"},
			"all sheets, maybe":    {"all_sheets", "maybe", "not_allowed"},
			"a confirmation of -1": {"confirm_changes", "-1", "not_allowed"},
		} {
			for _, query := range []string{"", "?dry_run=true"} {
				a := send(t, w, admin, query, file, form(map[string]string{c.field: c.value}))
				if codes := fieldCodes(a); a.Status != 422 || len(codes) != 1 || codes[c.field] != c.code {
					t.Errorf("%s%s: %v", name, query, a)
				}
			}
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM roster_imports"); n != 0 {
			t.Errorf("%d imports were begun", n)
		}
		for _, no := range []string{"false", "off", "0", ""} {
			if a := send(t, w, admin, "?dry_run=true", file, form(map[string]string{"update": no, "all_sheets": no})); a.Status != 200 {
				t.Errorf("%q for no: %v", no, a)
			}
		}
	})
}

func TestAFileThatIsCalledBySomebodysNumberIsKeptMasked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		number := roomtest.IDNumber(1)
		for name, kept := range map[string]string{
			"张三" + number + " 13880012345.csv": "张三" + number[:6] + "********" + number[14:] + " 138****2345.csv",
			strings.Repeat("长", 185) + number:  strings.Repeat("长", 185) + number[:6] + "********" + number[14:15],
			"2026级七年级名单.csv":                   "2026级七年级名单.csv",
		} {
			a := sendNamed(t, w, admin, "", name, []byte("姓名,身份证号\n张三,"+number+"\n"), ofStudents)
			if a.Status != 202 {
				t.Fatal(a)
			}
			id := a.Get("id").(string)
			if err := w.Roster.RunImport(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if list := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports", nil); list.Items()[0]["filename"] != kept {
				t.Errorf("%q is listed as %v", name, list.Items()[0]["filename"])
			}
			if n := w.Count(t, "SELECT COUNT(*) FROM audit_records WHERE action = 'registry.import' AND target_id = $1 AND details LIKE $2", id, "%"+kept+"%"); n != 1 {
				t.Errorf("%q stands otherwise in the record", name)
			}
		}
	})
}
