package support_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/roomtest"
)

// way tells a ticket's way in short.
func way(t *testing.T, ticket object) string {
	t.Helper()
	steps, _ := ticket["way"].([]any)
	told := make([]string, len(steps))
	for i, one := range steps {
		step := one.(object)
		if step["at"] == nil {
			t.Errorf("no moment: %v", step)
		}
		told[i] = strings.ReplaceAll(fmt.Sprintf("%v|%v|%v|%v|%v", step["what"], step["by"], step["from"], step["to"], step["words"]), "<nil>", "")
	}
	return strings.Join(told, " ")
}

// gather forgets all ways and has the migration find them again.
func gather(t *testing.T, w *roomtest.World) {
	t.Helper()
	file := map[db.Dialect]string{db.SQLite: "sqlite", db.PostgreSQL: "postgres"}[w.DB.Dialect()]
	text, err := os.ReadFile("../db/migrations/0046_ways_and_mergers." + file + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	_, found, ok := strings.Cut(string(text), "WITH passed")
	found, _, more := strings.Cut(found, "-- Since when")
	if !ok || !more {
		t.Fatal("the migration looks different")
	}
	for _, statement := range append([]string{`DELETE FROM ticket_steps`}, strings.Split(strings.TrimSpace("WITH passed"+found), ";")...) {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := w.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestATicketsWayIsReadByWhoeverWaitsAndByWhoeverAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Administrator(t, access.School, w.Here.ID)
		nearby, county := w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.County, "510104")
		service := w.Administrator(t, access.Service, "510100")
		p := w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		expect(t, w.Do(t, service, "POST", path+"/hand-on", object{"school_id": w.Nearby.ID, "reason": "提错了学校"}), 200, "")
		if err := later(w, month).Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := "filed|||草堂中学| handed_on|成都市|草堂中学|浣花中学|提错了学校 escalated||浣花中学|锦江区|"
		wants := func(who string, ticket object) {
			t.Helper()
			if got := way(t, ticket); got != want {
				t.Errorf("%s reads\n%s\nwant\n%s", who, got, want)
			}
		}
		wants("whoever waits", mine(t, w, p))
		wants("the school", w.Do(t, nearby, "GET", path, nil).Body)
		wants("customer service", w.Do(t, service, "GET", path, nil).Body)
		expect(t, w.Do(t, county, "POST", path+"/decline", object{"canned": "not_ours"}), 200, "")
		wants("whoever waited", mine(t, w, p))
		if one := mine(t, w, p); one["decided_by"] != "锦江区" {
			t.Errorf("answered by %v", one["decided_by"])
		}
		if text := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Text; strings.Contains(text, service.Username) || strings.Contains(text, county.Username) {
			t.Errorf("whoever waits reads who acted: %s", text)
		}

		// What older requests are given from the record is the same, but for what it does not say, or was not said to whoever waits.
		gather(t, w)
		want = strings.NewReplacer("成都市", "", "提错了学校", "").Replace(want)
		wants("whoever waited before", mine(t, w, p))

		w.InTx(t, func(tx *db.Tx) error { return w.Support.Anonymise(t.Context(), tx, p.ID) })
		if n := w.Count(t, `SELECT count(*) FROM ticket_steps WHERE words <> ''`); n != 0 {
			t.Error("the words outlive the account")
		}
	})
}

func TestACaseAgainstAHolderWhoHasNotAnsweredIsDecidedKnowingly(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e, holder, asker, path := contested(t, w)
		admin := w.Administrator(t, access.Province, "510000")
		if read := w.Do(t, admin, "GET", path, nil); read.Get("sides.holder.told_at") != read.Get("created_at") || read.Get("sides.holder.kept_at") != nil {
			t.Errorf("the administrator reads %v", read.Get("sides"))
		}
		for _, body := range []object{{"answer": "核对过身份证"}, {"answer": "核对过身份证", "holder_unanswered": false}} {
			expect(t, w.Do(t, admin, "POST", path+"/complete", body), 409, "holder_unanswered")
		}
		if !holds(t, w, e, holder) || w.Count(t, `SELECT count(*) FROM tickets WHERE sides_sealed IS NOT NULL`) != 0 {
			t.Error("a refused decision has left something")
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "核对过身份证", "holder_unanswered": true}), 200, "")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.unheard' AND actor_id = $1`, admin.ID); n != 1 || !holds(t, w, e, asker) {
			t.Errorf("%d records that nobody had answered, want 1", n)
		}
	})
	each(t, func(t *testing.T, w *roomtest.World) {
		e, holder, asker, path := contested(t, w)
		admin := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, holder, "POST", of(path)+"/keep", nil), 200, "")
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "核对过身份证", "holder_unanswered": true}), 409, "holder_answered")
		expect(t, w.Do(t, admin, "POST", path+"/complete", object{"answer": "核对过身份证"}), 200, "")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.unheard'`); n != 0 || !holds(t, w, e, asker) {
			t.Errorf("%d records that nobody had answered, want none", n)
		}
	})
}

func TestADecidedCaseKeepsWhatWasWeighed(t *testing.T) {
	for verb, body := range map[string]object{"complete": {"answer": "核对过身份证"}, "decline": {"reason": "没有来校"}} {
		t.Run(verb, func(t *testing.T) {
			each(t, func(t *testing.T, w *roomtest.World) {
				_, holder, asker, path := contested(t, w)
				admin, service := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.Service, "510000")
				expect(t, w.Do(t, holder, "POST", of(path)+"/keep", object{"note": "我教初二语文"}), 200, "")
				before := w.Do(t, admin, "GET", path, nil).Get("sides")
				expect(t, w.Do(t, admin, "POST", path+"/"+verb, body), 200, "")
				read := w.Do(t, admin, "GET", path, nil)
				if fmt.Sprint(read.Get("sides")) != fmt.Sprint(before) || read.Get("decided_by") != w.Here.Name {
					t.Errorf("the administrator reads %v, before %v", read.Get("sides"), before)
				}
				if read.Get("sides.holder.account.id") != holder.ID || read.Get("sides.asker.account.id") != asker.ID {
					t.Errorf("the sides are %v", read.Get("sides"))
				}
				if a := w.Do(t, service, "GET", path, nil); a.Get("sides") != nil {
					t.Errorf("customer service reads %v", a.Get("sides"))
				}
				w.InTx(t, func(tx *db.Tx) error { return w.Support.Anonymise(t.Context(), tx, holder.ID) })
				if a := w.Do(t, admin, "GET", path, nil); a.Get("sides") != nil {
					t.Errorf("what was weighed outlives the account: %v", a.Get("sides"))
				}
			})
		})
	}
}

func TestWhatWasWeighedEndsWithTheAccountThatHeldTheEntryByThen(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e, told, _, path := contested(t, w)
		admin, holder := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "teacher")
		expect(t, w.Do(t, told, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		expect(t, w.Do(t, holder, "POST", "/api/v1/me/binding", claim("teacher", 1, "林涛")), 201, "")
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "没有来校"}), 200, "")
		kept := func() any { return w.Do(t, admin, "GET", path, nil).Get("sides.holder.account.id") }
		w.InTx(t, func(tx *db.Tx) error { return w.Support.Anonymise(t.Context(), tx, told.ID) })
		if !holds(t, w, e, holder) || kept() != holder.ID {
			t.Errorf("the holder was %v, want %s", kept(), holder.ID)
		}
		w.InTx(t, func(tx *db.Tx) error { return w.Support.Anonymise(t.Context(), tx, holder.ID) })
		if kept() != nil || w.Count(t, `SELECT count(*) FROM tickets WHERE sides_sealed IS NOT NULL`) != 0 {
			t.Error("what was weighed outlives the account")
		}
	})
}

func TestTheRequestsOfASchoolThatMergesGoOnAtTheOther(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin, _ := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		asked := func(number int) (p roomtest.Person, path string) {
			p = w.Person(t, "student")
			return p, ask(t, w, p, at(person("student", number, "韩梅梅"), w.Here.ID))
		}
		above, _ := asked(1)
		if err := later(w, month).Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		answered, path := asked(2)
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"canned": "not_ours"}), 200, "")
		waiting, _ := asked(3)
		w.InTx(t, func(tx *db.Tx) error { return w.Support.PassOn(t.Context(), tx, w.Here, w.Nearby) })
		for p, want := range map[roomtest.Person]string{
			above:    "filed|||草堂中学| escalated||草堂中学|锦江区|",
			answered: "filed|||草堂中学|",
			waiting:  "filed|||草堂中学| merged||草堂中学|浣花中学|",
		} {
			one := mine(t, w, p)
			if got := way(t, one); got != want || one["school"].(object)["id"] != w.Nearby.ID {
				t.Errorf("%v\n%s\nwant\n%s", one, got, want)
			}
		}
	})
}
