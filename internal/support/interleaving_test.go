package support_test

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

// Whatever several people and administrators do at the same time, an entry has at most one account and an account at most
// one entry; every answer is one of the contract's; and an account that was told it is bound is, until somebody unbinds.
func TestOneEntryOneAccountUnderAnyInterleaving(t *testing.T) {
	roomtest.Interleavings(t, 25)
	each(t, func(t *testing.T, w *roomtest.World) {
		const people, entries = 3, 2
		admin := w.Administrator(t, access.School, w.Here.ID)
		persons := make([]roomtest.Person, people)
		for i := range persons {
			persons[i] = w.Person(t, "teacher")
		}
		names := []string{"林涛", "魏华"}
		for i := range entries {
			w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: names[i], IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID})
		}
		allowed := map[int]bool{200: true, 201: true, 204: true, 404: true, 409: true}
		rapid.Check(t, func(r *rapid.T) {
			type step struct{ who, what, entry int }
			steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
				return step{rapid.IntRange(0, people-1).Draw(r, "who"), rapid.IntRange(0, 3).Draw(r, "what"), rapid.IntRange(0, entries-1).Draw(r, "entry")}
			}), 4, 12).Draw(r, "steps")
			var all sync.WaitGroup
			answers := make([]string, len(steps))
			for i, s := range steps {
				all.Go(func() {
					p, name := persons[s.who], names[s.entry]
					var a roomtest.Answer
					switch s.what {
					case 0:
						a = w.Do(t, p, http.MethodPost, "/api/v1/me/binding", claim("teacher", s.entry+1, name))
					case 1:
						a = w.Do(t, admin, http.MethodDelete, "/api/v1/admin/accounts/"+p.ID+"/binding", object{"reason": "核对"})
					case 2:
						a = w.Do(t, p, http.MethodPost, "/api/v1/me/tickets", as(person("teacher", s.entry+1, name), "not_me"))
					case 3:
						for _, ticket := range w.Do(t, admin, http.MethodGet, "/api/v1/admin/tickets?state=open", nil).Items() {
							a = w.Do(t, admin, http.MethodPost, fmt.Sprintf("/api/v1/admin/tickets/%s/complete", ticket["id"]), object{"answer": "核对过身份证", "holder_unanswered": true})
							if !allowed[a.Status] {
								break
							}
						}
					}
					if a.Status != 0 && !allowed[a.Status] {
						answers[i] = a.String()
					}
				})
			}
			all.Wait()
			for i, a := range answers {
				if a != "" {
					r.Fatalf("step %+v: %s", steps[i], a)
				}
			}
			bound := w.Count(t, `SELECT count(*) FROM bindings`)
			accounts := w.Count(t, `SELECT count(DISTINCT account_id) FROM bindings`)
			if held := w.Count(t, `SELECT count(DISTINCT entry_id) FROM bindings`); bound != accounts || bound != held {
				r.Fatalf("%d bindings of %d entries and %d accounts", bound, held, accounts)
			}
			for _, p := range persons {
				a := w.Do(t, p, http.MethodPost, "/api/v1/me/binding", claim("teacher", 1, names[0]))
				if has := w.Count(t, `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id
					WHERE b.account_id = $1 AND e.name = $2`, p.ID, names[0]); (a.Status == http.StatusCreated) != (has == 1) {
					r.Fatalf("told %v with %d bindings", a, has)
				}
			}
		})
	})
}

// Each of two people holds what the other has asked for: who decides both cases at once gets an answer to each.
func TestTwoCasesThatCrossDoNotWaitForEachOther(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		names := []string{"林涛", "魏华"}
		for i, name := range names {
			w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: name, IDNumber: roomtest.IDNumber(i + 1), SchoolID: w.Here.ID})
		}
		bind := func(p roomtest.Person, entry int) {
			expect(t, w.Do(t, p, http.MethodPost, "/api/v1/me/binding", claim("teacher", entry+1, names[entry])), 201, "")
		}
		unbind := func(p roomtest.Person) {
			w.Do(t, p, http.MethodDelete, "/api/v1/me/binding", object{"password": roomtest.Password})
		}
		for range 8 {
			askers, holders := [2]roomtest.Person{}, [2]roomtest.Person{}
			var tickets [2]string
			for i := range askers {
				askers[i], holders[i] = w.Person(t, "teacher"), w.Person(t, "teacher")
				bind(holders[i], i)
				filed := w.Do(t, askers[i], http.MethodPost, "/api/v1/me/tickets", as(person("teacher", i+1, names[i]), "not_me"))
				expect(t, filed, 201, "")
				tickets[i] = filed.Get("id").(string)
			}
			for i := range askers {
				unbind(holders[i])
				bind(askers[1-i], i)
			}
			var both sync.WaitGroup
			for _, id := range tickets {
				both.Go(func() {
					a := w.Do(t, admin, http.MethodPost, "/api/v1/admin/tickets/"+id+"/complete", object{"answer": "核对过身份证", "holder_unanswered": true})
					if a.Status != 200 && a.Status != 409 {
						t.Errorf("deciding %s: %v", id, a)
					}
				})
			}
			both.Wait()
			for _, p := range askers {
				unbind(p)
			}
		}
	})
}
