package looks_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/looks"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

type object = map[string]any

// world is a pupil of a school, an administrator of that school, two of the county, one of another school, and the clock.
type world struct {
	*roomtest.World
	now                          time.Time
	entry                        roster.Entry
	own, county, second, another roomtest.Person
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{World: roomtest.New(t, d, roomtest.Rules()), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
		room := looks.New(d, w.Roster, func() time.Time { return w.now })
		room.Mount(w.Server)
		w.entry = w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.own, w.another = w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		w.county, w.second = w.Administrator(t, access.County, "510104"), w.Administrator(t, access.County, "510104")
		test(t, w)
	})
}

var because = object{"reason": "与纸质材料核对"}

func (w *world) reveal(t *testing.T, p roomtest.Person) roomtest.Answer {
	return w.Do(t, p, "POST", "/api/v1/admin/registry/"+w.entry.ID+"/reveal", because)
}

func (w *world) ask(t *testing.T, p roomtest.Person) string {
	t.Helper()
	a := w.Do(t, p, "POST", "/api/v1/admin/registry/"+w.entry.ID+"/looks", because)
	expect(t, a, 201, "")
	return a.Get("id").(string)
}

func (w *world) decide(t *testing.T, p roomtest.Person, id, how string) roomtest.Answer {
	return w.Do(t, p, "POST", "/api/v1/admin/looks/"+id+"/"+how, because)
}

func (w *world) listed(t *testing.T, p roomtest.Person, query string) int {
	t.Helper()
	a := w.Do(t, p, "GET", "/api/v1/admin/looks"+query, nil)
	expect(t, a, 200, "")
	return len(a.Items())
}

func expect(t *testing.T, a roomtest.Answer, status int, code string) {
	t.Helper()
	if got, _ := a.Get("code").(string); a.Status != status || got != code {
		t.Fatalf("%v, want %d %s", a, status, code)
	}
}

func TestOnesOwnSchoolIsSeenAtOnceAndTheRestByASecondPersonsLeave(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.reveal(t, w.own)
		expect(t, a, 200, "")
		if a.Get("id_number") != roomtest.IDNumber(1) {
			t.Error(a)
		}
		expect(t, w.reveal(t, w.another), 404, "not_found")
		a = w.reveal(t, w.county)
		expect(t, a, 403, "second_person_required")
		if a.Get("next_step.action") != "ask_look" || a.Get("id_number") != nil {
			t.Error(a)
		}

		id := w.ask(t, w.county)
		if again := w.ask(t, w.county); again != id {
			t.Error("asking twice made two requests")
		}
		expect(t, w.reveal(t, w.county), 403, "second_person_required")
		// Neither who asked, nor who could not see the number either.
		expect(t, w.decide(t, w.county, id, "allow"), 403, "look_own")
		expect(t, w.decide(t, w.another, id, "allow"), 404, "not_found")
		for p, n := range map[roomtest.Person]int{w.county: 0, w.another: 0, w.own: 1, w.second: 1} {
			if got := w.listed(t, p, ""); got != n {
				t.Errorf("%s may decide %d, want %d", p.Username, got, n)
			}
		}
		a = w.decide(t, w.second, id, "allow")
		expect(t, a, 200, "")
		if a.Get("state") != "allowed" || a.Get("decided_by") != w.second.Username || a.Get("asked_by") != w.county.Username {
			t.Error(a)
		}
		expect(t, w.decide(t, w.own, id, "refuse"), 409, "look_closed")
		expect(t, w.reveal(t, w.second), 403, "second_person_required") // who allowed it may not look by that

		expect(t, w.reveal(t, w.county), 200, "")
		expect(t, w.reveal(t, w.county), 403, "second_person_required")
		if w.listed(t, w.county, "?mine=true") != 1 {
			t.Error("whoever asked does not see what came of it")
		}
		var details string
		if err := w.DB.QueryRow(t.Context(), `SELECT details FROM audit_records WHERE action = 'registry.reveal' AND actor_id = $1`, w.county.ID).Scan(&details); err != nil {
			t.Fatal(err)
		}
		if want := `"allowed_by":"` + w.second.Username + `"`; !strings.Contains(details, want) {
			t.Errorf("the record says %s, want %s in it", details, want)
		}
	})
}

func TestALookThatIsRefusedOrLateIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.ask(t, w.county)
		expect(t, w.Do(t, w.own, "POST", "/api/v1/admin/looks/"+id+"/refuse", object{"reason": " "}), 422, "invalid")
		expect(t, w.decide(t, w.own, id, "refuse"), 200, "")
		expect(t, w.reveal(t, w.county), 403, "second_person_required")

		id = w.ask(t, w.county)
		w.now = w.now.Add(looks.WaitsFor)
		expect(t, w.decide(t, w.own, id, "allow"), 409, "look_closed")
		if w.listed(t, w.own, "") != 0 {
			t.Error("a look beyond its time still waits")
		}

		id = w.ask(t, w.county)
		expect(t, w.decide(t, w.own, id, "allow"), 200, "")
		w.now = w.now.Add(looks.AllowedFor)
		expect(t, w.reveal(t, w.county), 403, "second_person_required")
		again := w.ask(t, w.county)
		if again == id {
			t.Error("one whose time is up stands in the way of another")
		}
		// The person leaves the registry: nothing waits for anybody.
		if _, err := w.DB.Exec(t.Context(), `DELETE FROM registry_entries WHERE id = $1`, w.entry.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, w.decide(t, w.own, again, "allow"), 404, "not_found")
	})
}

func TestAnAllowedLookIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 10 {
			expect(t, w.decide(t, w.own, w.ask(t, w.county), "allow"), 200, "")
			statuses := make([]int, 4)
			var all sync.WaitGroup
			for i := range statuses {
				all.Go(func() { statuses[i] = w.reveal(t, w.county).Status })
			}
			all.Wait()
			taken := 0
			for _, status := range statuses {
				if status == 200 {
					taken++
				}
			}
			if taken != 1 {
				t.Fatalf("taken %d times: %v", taken, statuses)
			}
		}
	})
}
