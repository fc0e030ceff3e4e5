package transfers_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// Whatever people and offices do at the same time, every answer is one of the contract's, an entry has at most one pending
// request, only completed requests move anybody, and a binding stands where its entry stands.
func TestEntriesMoveOnlyByCompletedRequestsUnderAnyInterleaving(t *testing.T) {
	roomtest.Interleavings(t, 20)
	each(t, func(t *testing.T, w *roomtest.World) {
		schools := []roster.School{w.Here, w.Nearby, w.Elsewhere}
		offices := []roomtest.Person{
			w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID),
			w.Administrator(t, access.School, w.Elsewhere.ID), w.Administrator(t, access.Province, "510000"),
		}
		kinds := []string{roster.Student, roster.Teacher}
		people, entries := make([]roomtest.Person, 2), make([]roster.Entry, 2)
		for i, kind := range kinds {
			people[i], entries[i] = somebody(t, w, kind, i+1)
		}
		claim := func(i int) object {
			return object{"kind": kinds[i], "id_type": "resident_id", "id_number": roomtest.IDNumber(i + 1), "name": "林涛"}
		}
		allowed := map[int]bool{200: true, 201: true, 204: true, 403: true, 404: true, 409: true, 422: true}
		rapid.Check(t, func(r *rapid.T) {
			type step struct{ what, who, where int }
			steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
				return step{rapid.IntRange(0, 5).Draw(r, "what"), rapid.IntRange(0, 1).Draw(r, "who"), rapid.IntRange(0, 3).Draw(r, "where")}
			}), 5, 14).Draw(r, "steps")
			latest := func(p roomtest.Person) string {
				items := w.Do(t, p, http.MethodGet, "/api/v1/me/transfers?limit=1", nil).Items()
				if len(items) == 0 {
					return "none"
				}
				return fmt.Sprint(items[0]["id"])
			}
			var all sync.WaitGroup
			wrong := make([]string, len(steps))
			for i, s := range steps {
				all.Go(func() {
					p, office := people[s.who], offices[s.where]
					var a roomtest.Answer
					switch s.what {
					case 0:
						a = w.Do(t, p, http.MethodPost, "/api/v1/me/transfers", object{"to_school_id": schools[s.where%3].ID, "reason": "搬家"})
					case 1:
						a = w.Do(t, office, http.MethodPost, path(latest(p), "/approve"), nil)
					case 2:
						a = w.Do(t, office, http.MethodPost, path(latest(p), "/reject"), object{"reason": "不收"})
					case 3:
						a = w.Do(t, p, http.MethodDelete, "/api/v1/me/transfers/"+latest(p), nil)
					case 4:
						a = w.Do(t, offices[3], http.MethodDelete, "/api/v1/admin/accounts/"+p.ID+"/binding", object{"reason": "核对"})
					case 5:
						a = w.Do(t, p, http.MethodPost, "/api/v1/me/binding", claim(s.who))
					}
					if !allowed[a.Status] {
						wrong[i] = a.String()
					}
				})
			}
			all.Wait()
			for i, a := range wrong {
				if a != "" {
					r.Fatalf("step %+v: %s", steps[i], a)
				}
			}
			for name, query := range map[string]string{
				"bindings that stand elsewhere than their entry": `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id WHERE b.school_id <> e.school_id`,
				"entries with two pending requests":              `SELECT count(*) FROM (SELECT entry_id FROM transfers WHERE state = 'pending' GROUP BY entry_id HAVING count(*) > 1) x`,
				"pending requests that hold no place":            `SELECT count(*) FROM transfers t WHERE state = 'pending' AND NOT EXISTS (SELECT 1 FROM open_transfers o WHERE o.transfer_id = t.id)`,
				"places held by ended requests":                  `SELECT count(*) FROM open_transfers o JOIN transfers t ON t.id = o.transfer_id WHERE t.state <> 'pending'`,
				"pupils moved on one approval": `SELECT count(*) FROM transfers WHERE state = 'completed' AND (to_approved_at IS NULL
					OR kind = 'student' AND from_approved_at IS NULL)`,
			} {
				if n := w.Count(t, query); n != 0 {
					r.Fatalf("%d %s", n, name)
				}
			}
			// Nobody is where their last completed request did not take them.
			for _, e := range entries {
				completed := w.Count(t, `SELECT count(*) FROM transfers WHERE entry_id = $1 AND state = 'completed'`, e.ID)
				moves := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.move' AND target_id = $1`, e.ID)
				if completed != moves {
					r.Fatalf("%d completed requests moved an entry %d times", completed, moves)
				}
			}
		})
	})
}
