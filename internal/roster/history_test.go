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

// actions are those of a history, the newest first.
func actions(a roomtest.Answer) string {
	var all []string
	for _, item := range a.Items() {
		all = append(all, item["action"].(string))
	}
	return strings.Join(all, " ")
}

func TestAnEntrysHistoryGoesOnAcrossAReplacementAndStaysWithinScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		here, there := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		history := func(p roomtest.Person, id, query string) roomtest.Answer {
			return w.Do(t, p, "GET", "/api/v1/admin/registry/history/"+id+query, nil)
		}
		e := w.Entry(t, student(w, w.Here, 1, "张三"))
		want(t, w.Do(t, here, "PATCH", "/api/v1/admin/registry/"+e.ID, fields{"name": "张珊"}), 200, "")
		want(t, w.Do(t, here, "POST", "/api/v1/admin/registry/"+e.ID+"/reveal", fields{"reason": "核对"}), 200, "")
		now, err := w.Roster.EntryByID(t.Context(), d, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.InTx(t, func(tx *db.Tx) (err error) {
			e, err = w.Roster.Replace(t.Context(), tx, now, roster.Document{Type: "resident_id", Number: roomtest.IDNumber(2)}, "输错")
			return err
		})
		whole := "registry.replace registry.reveal registry.change registry.create"
		if got := history(here, e.ID, ""); actions(got) != whole || got.Get("origin") != nil {
			t.Errorf("the history is %v", got)
		}
		// Page by page it is the same.
		var paged []string
		for cursor := ""; ; {
			a := history(here, e.ID, "?limit=1&cursor="+cursor)
			paged = append(paged, actions(a))
			next, more := a.Get("next_cursor").(string)
			if !more {
				break
			}
			cursor = next
		}
		if got := strings.Join(paged, " "); got != whole {
			t.Errorf("page by page: %s", got)
		}
		if a := history(there, e.ID, ""); a.Status != 404 {
			t.Errorf("another school reads %v", a)
		}
		w.InTx(t, func(tx *db.Tx) error {
			_, err := w.Roster.Move(t.Context(), tx, e.ID, w.Here.ID, w.Nearby.ID, "")
			return err
		})
		// What the school before did stays with it, but for where the person came from.
		if got := actions(history(there, e.ID, "")); got != "registry.move" {
			t.Errorf("after the change of school the new one reads %q", got)
		}
	})
}

func TestWhoCameWithAnImportSaysWithWhich(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		origin := func() any {
			items := w.Do(t, admin, "GET", "/api/v1/admin/registry?limit=1", nil).Items()
			return w.Do(t, admin, "GET", "/api/v1/admin/registry/history/"+items[0]["id"].(string), nil).Get("origin")
		}
		result := imported(t, w, admin, []byte("姓名,身份证号\n张三,"+roomtest.IDNumber(1)+"\n"), map[string]string{"kind": "student"})
		if got, _ := origin().(fields); got == nil || got["import"] == nil || got["import"].(fields)["id"] != result.Get("id") || got["import"].(fields)["filename"] != result.Get("filename") {
			t.Errorf("the origin is %v", got)
		}
		// Of two imports that ran at that moment neither is named.
		if _, err := d.Exec(t.Context(), `INSERT INTO roster_imports (id, account_id, kind, school_id, scopes, filename, state, failure, headings, size_bytes, read_bytes,
			rows_done, accepted, rejected, created_at, started_at, finished_at) SELECT 'other', account_id, kind, school_id, scopes, filename, state, failure, headings,
			size_bytes, read_bytes, rows_done, accepted, rejected, created_at, started_at, finished_at FROM roster_imports`); err != nil {
			t.Fatal(err)
		}
		if got, _ := origin().(fields); got == nil || got["import"] != nil || got["at"] == nil {
			t.Errorf("of two imports: %v", got)
		}
	})
}
