package replacement_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"caotang/internal/access"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// Claims, changes of school, approvals, cancellations, imports, unbindings and replacements at the same moment,
// in whatever order they come: one document is one entry, one entry one account and one account one entry; an open change of school is
// of somebody who is there, at most one each; a binding stands where its entry does; and the counts are exact.
func TestTheRegistryHoldsUnderAnyInterleaving(t *testing.T) {
	roomtest.Interleavings(t, 15)
	each(t, func(t *testing.T, w *roomtest.World) {
		office := w.Administrator(t, access.Province, "510000")
		people := []roomtest.Person{w.Person(t, "student"), w.Person(t, "student"), w.Person(t, "student")}
		for i := range 2 {
			e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林涛", IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID})
			w.Bind(t, people[i], e, "student")
		}
		m := model{t, w, office, people}
		rapid.Check(t, func(r *rapid.T) {
			steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
				return step{rapid.SampledFrom(deeds).Draw(r, "what"), rapid.IntRange(0, 2).Draw(r, "who"), rapid.IntRange(1, 4).Draw(r, "number")}
			}), 4, 12).Draw(r, "steps")
			var all sync.WaitGroup
			wrong := make([]string, len(steps))
			for i, s := range steps {
				all.Go(func() { wrong[i] = m.take(s) })
			}
			all.Wait()
			for i, what := range wrong {
				if what != "" {
					r.Fatalf("step %+v: %s", steps[i], what)
				}
			}
			m.check(r)
		})
	})
}

type step struct {
	what        string
	who, number int
}

var deeds = []string{"claim", "ask", "cancel", "approve", "import", "unbind", "replace"}

type model struct {
	t      *testing.T
	w      *roomtest.World
	office roomtest.Person
	people []roomtest.Person
}

// take does a step, and says what is wrong with its answer: one that is not of the contract.
func (m model) take(s step) string {
	allowed := map[int]bool{0: true, 200: true, 201: true, 204: true, 403: true, 404: true, 409: true, 422: true}
	if a := m.do(s); !allowed[a.Status] {
		return a.String()
	}
	return ""
}

func (m model) do(s step) (a roomtest.Answer) {
	t, w, p := m.t, m.w, m.people[s.who]
	first := func(list string) (id string) {
		if items := w.Do(t, m.office, http.MethodGet, list, nil).Items(); len(items) > 0 {
			id, _ = items[s.number%len(items)]["id"].(string)
		}
		return id
	}
	switch s.what {
	case "claim":
		return w.Do(t, p, http.MethodPost, "/api/v1/me/binding", claim("student", s.number))
	case "ask":
		to := []string{w.Here.ID, w.Nearby.ID, w.Elsewhere.ID}[s.number%3]
		return w.Do(t, p, http.MethodPost, "/api/v1/me/transfers", object{"to_school_id": to, "reason": "搬家"})
	case "cancel":
		for _, mine := range w.Do(t, p, http.MethodGet, "/api/v1/me/transfers", nil).Items() {
			if mine["state"] == "pending" {
				return w.Do(t, p, http.MethodDelete, "/api/v1/me/transfers/"+mine["id"].(string), nil)
			}
		}
	case "approve":
		if id := first("/api/v1/admin/transfers?state=pending"); id != "" {
			return w.Do(t, m.office, http.MethodPost, "/api/v1/admin/transfers/"+id+"/approve", nil)
		}
	case "import":
		school := []roster.School{w.Here, w.Nearby, w.Elsewhere}[s.who]
		file := fmt.Appendf(nil, "姓名,身份证号,学校标识码\r\n林涛,%s,%s\r\n", roomtest.IDNumber(s.number), school.Code)
		if _, err := w.Roster.Import(t.Context(), roster.ImportSource{
			ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Filename: "x.csv", Kind: roster.Student, Choice: roster.Choice{Updates: true, Renames: true},
		}, nil); err != nil && !errors.Is(err, roster.ErrImporting) {
			return roomtest.Answer{Status: http.StatusInternalServerError, Text: err.Error()}
		}
	case "unbind":
		return w.Do(t, m.office, http.MethodDelete, "/api/v1/admin/accounts/"+p.ID+"/binding", object{"reason": "核对"})
	case "replace":
		if id := first("/api/v1/admin/registry?limit=10"); id != "" {
			return replace(t, w, m.office, id, roomtest.IDNumber(s.number))
		}
	}
	return a
}

func (m model) check(r *rapid.T) {
	for name, query := range map[string]string{
		"documents of no entry":             `SELECT count(*) FROM documents d WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = d.entry_id AND e.document_index = d.document_index)`,
		"entries without a document":        `SELECT count(*) FROM registry_entries e WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.entry_id = e.id)`,
		"documents of several entries":      `SELECT count(*) - count(DISTINCT document_index) FROM registry_entries`,
		"accounts with several entries":     `SELECT count(*) - count(DISTINCT account_id) FROM bindings`,
		"entries with several accounts":     `SELECT count(*) - count(DISTINCT entry_id) FROM bindings`,
		"bindings that went astray":         `SELECT count(*) FROM bindings b LEFT JOIN registry_entries e ON e.id = b.entry_id WHERE e.id IS NULL OR e.school_id <> b.school_id`,
		"open changes of nobody":            `SELECT count(*) FROM open_transfers o WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = o.entry_id)`,
		"open changes that are decided":     `SELECT count(*) FROM open_transfers o JOIN transfers t ON t.id = o.transfer_id WHERE t.state <> 'pending' OR t.entry_id <> o.entry_id`,
		"pending changes that are not open": `SELECT count(*) FROM transfers t WHERE t.state = 'pending' AND NOT EXISTS (SELECT 1 FROM open_transfers o WHERE o.transfer_id = t.id)`,
	} {
		if n := m.w.Count(m.t, query); n != 0 {
			r.Fatalf("%d %s", n, name)
		}
	}
	exact(m.t, m.w)
}
