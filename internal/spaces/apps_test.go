package spaces_test

import (
	"strings"
	"testing"

	"caotang/internal/db"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// TestAppsOpenWithVerification: F-20, by what each person is.
func TestAppsOpenWithVerification(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		apps := func(p roomtest.Person) string {
			var ids []string
			for _, one := range get(t, w, p, "/api/v1/me/apps").Items() {
				ids = append(ids, one["id"].(string))
				if one["title"] == "" || one["detail"] == "" || one["href"] == "" {
					t.Errorf("an application without words or address: %v", one)
				}
			}
			return strings.Join(ids, " ")
		}
		class := w.Class(t, w.Here.ID, 1)
		pupil := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID, ClassID: class.ID})
		sister := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩小梅", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID, ClassID: class.ID})
		head := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID})
		colleague := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "魏华", IDNumber: roomtest.IDNumber(4), SchoolID: w.Here.ID})
		w.InTx(t, func(tx *db.Tx) error {
			return tx.Insert(t.Context(), "class_teachers", []string{"class_id", "entry_id"}, [][]any{{class.ID, head.ID}})
		})
		for _, c := range []struct {
			role    string
			entries []roster.Entry
			want    string
		}{
			{"student", []roster.Entry{pupil}, "class transfer"},
			{"parent", []roster.Entry{pupil, sister}, "family"},
			{"teacher", []roster.Entry{head}, "teaching slips transfer"},
			{"teacher", []roster.Entry{colleague}, "transfer"},
		} {
			p := w.Person(t, c.role)
			if a := w.Do(t, p, "GET", "/api/v1/me/apps", nil); a.Status != 403 || a.Get("code") != "realname_required" || a.Get("next_step.href") != "/verify" {
				t.Errorf("an unverified %s: %v", c.role, a)
			}
			for _, e := range c.entries {
				w.Bind(t, p, e, c.role)
			}
			if got := apps(p); got != c.want {
				t.Errorf("a %s with %d entries may open %q, want %q", c.role, len(c.entries), got, c.want)
			}
		}
	})
}
