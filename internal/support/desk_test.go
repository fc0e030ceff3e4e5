package support_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/calendar"
	"caotang/internal/deadlines"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/support"
)

// later is the room as it is when so much time has passed.
func later(w *roomtest.World, by time.Duration) *support.Service {
	return support.New(w.DB, w.Vault, w.Jobs, w.Accounts, w.Roster, w.Verification, deadlines.In(calendar.Default()),
		func() time.Time { return time.Now().Add(by) })
}

const month = 30 * 24 * time.Hour // longer than every deadline and holiday

func TestATicketBelongsToTheLowestLevelThatSomebodyAdministers(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		for i, want := range []struct{ level, scope string }{{"province", "四川省"}, {"city", "成都市"}, {"county", "锦江区"}, {"school", "草堂中学"}} {
			p := w.Person(t, "student")
			ask(t, w, p, at(person("student", i+1, "韩梅梅"), w.Here.ID))
			mine := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()[0]["waiting"].(object)
			if mine["level"] != want.level || mine["scope"] != want.scope || mine["overdue"] != false {
				t.Errorf("waits for %v, want %v", mine, want)
			}
			// From the widest scope down, each appointment takes the next ticket lower.
			if i < 3 {
				w.Administrator(t, []access.Level{access.City, access.County, access.School}[i], []string{"510100", "510104", w.Here.ID}[i])
			}
		}
	})
}

func TestWhatASchoolLeavesUnansweredGoesUpLevelByLevelAndBothAreToldOnce(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		school, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		province := w.Administrator(t, access.Province, "510000") // nobody administers the city: it is passed over
		p, other := w.Person(t, "student"), w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		ask(t, w, other, at(person("student", 2, "李雷"), w.Here.ID))

		up := func(after time.Duration) {
			t.Helper()
			if err := later(w, after).Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.Accounts.TellHandedUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		wants := func(level string, told, countyTold, provinceTold int) {
			t.Helper()
			if is := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()[0]["waiting"].(object); is["level"] != level || is["overdue"] != (level != "school") {
				t.Errorf("waits for %v, want the %s", is, level)
			}
			if w.Told(t, p, "没有按时答复") != told || w.Told(t, county, "有 2 个师生请求") != countyTold || w.Told(t, province, "有 2 个师生请求") != provinceTold {
				t.Errorf("at the %s: told %v, the county %v, the province %v", level, w.Texts(t, p.Phone), w.Texts(t, county.Phone), w.Texts(t, province.Phone))
			}
		}
		up(0)
		wants("school", 0, 0, 0)
		up(month)
		up(month)
		wants("county", 1, 1, 0)
		for _, admin := range []roomtest.Person{school, county} {
			if waiting := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.escalate'`); waiting != 2 {
				t.Errorf("%d records of handing up, want 2", waiting)
			}
			expect(t, w.Do(t, admin, "GET", path, nil), 200, "")
		}
		up(3 * month)
		up(6 * month)
		wants("province", 2, 1, 1)

		expect(t, w.Do(t, county, "POST", path+"/decline", object{"canned": "not_ours"}), 200, "")
		up(9 * month)
		if items := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items(); items[0]["waiting"] != nil || items[0]["state"] != "declined" {
			t.Errorf("an answered ticket waits: %v", items[0])
		}
	})
}

func TestAReadyAnswerToAGuardianSpeaksOfTheChild(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin, mother := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "parent")
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩小妹", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID})
		w.Bind(t, mother, e, "parent")
		for _, asked := range []object{
			at(person("parent", 1, "韩梅梅"), w.Here.ID), {"kind": "correction", "name": "韩小梅"}, {"kind": "missing_class", "stage": "primary", "entry_year": 2024, "number": 9, "school_id": w.Here.ID},
		} {
			path := ask(t, w, mother, asked)
			declined := ""
			for _, one := range w.Do(t, admin, "GET", path, nil).Get("ready").([]any) {
				if r := one.(object); r["for"] == "declined" {
					declined = fmt.Sprint(r["name"])
					if text := fmt.Sprint(r["text"]); !strings.Contains(text, "孩子") {
						t.Errorf("to the mother: %q", text)
					}
				}
			}
			expect(t, w.Do(t, admin, "POST", path+"/decline", object{"canned": "held"}), 422, "invalid")
			expect(t, w.Do(t, admin, "POST", path+"/decline", object{"canned": declined}), 200, "")
			if got := w.Do(t, mother, "GET", "/api/v1/me/tickets", nil).Items()[0]["answer"]; got != "请带您和孩子的证件到学校教务处核实。" {
				t.Errorf("the mother reads %q", got)
			}
		}
	})
}

func TestAReadyAnswerIsReadInTheLanguageOfWhoeverAsked(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		read := w.Do(t, admin, "GET", path, nil)
		ready, _ := read.Get("ready").([]any)
		if len(ready) != 8 || ready[2].(object)["name"] != "not_ours" || ready[2].(object)["for"] != "declined" {
			t.Fatalf("ready are %v", ready)
		}
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"canned": "class_added"}), 422, "invalid")
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{}), 422, "invalid")
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"canned": "not_ours", "reason": "二年级没有您。"}), 200, "")
		if got := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()[0]["answer"]; got != "不在我校名册中，请核对所选的学校。 二年级没有您。" {
			t.Errorf("in Chinese: %v", got)
		}
		if kept := w.Count(t, `SELECT count(*) FROM tickets WHERE canned = 'not_ours' AND answer = '二年级没有您。'`); kept != 1 {
			t.Error("the ready answer is kept as words")
		}
	})
}

func TestAnAdministratorTakesATicketOnAndLeavesItAgain(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		one, two := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Here.ID)
		p := w.Person(t, "student")
		path := ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		taken := w.Do(t, one, "POST", path+"/take", nil)
		expect(t, taken, 200, "")
		if taken.Get("taken_by_me") != true || w.Do(t, two, "GET", path, nil).Get("taken_by") != "pe******01" {
			t.Errorf("taken: %v", taken)
		}
		if w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()[0]["waiting"].(object)["taken_at"] == nil {
			t.Error("whoever waits does not see that somebody has begun")
		}
		expect(t, w.Do(t, two, "POST", path+"/take", nil), 200, "")
		expect(t, w.Do(t, two, "POST", path+"/release", nil), 200, "")
		if again := w.Do(t, one, "GET", path, nil); again.Get("taken_by") != nil {
			t.Errorf("released: %v", again)
		}
		expect(t, w.Do(t, one, "POST", path+"/decline", object{"canned": "come_by"}), 200, "")
		expect(t, w.Do(t, one, "POST", path+"/take", nil), 409, "ticket_closed")
	})
}

func TestTheDeskListsAndCountsWhatWaitsForEachLevel(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		school, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		other, province := w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.Province, "510000")
		ask(t, w, w.Person(t, "student"), at(person("student", 1, "韩梅梅"), w.Here.ID))
		check := func(room *support.Service, p roomtest.Person, level access.Level, scope string, want map[deadlines.View]int) {
			t.Helper()
			ctx := access.WithActor(t.Context(), access.Actor{AccountID: p.ID, Grants: []access.Grant{{Level: level, ScopeID: scope}}})
			counted := map[deadlines.View]int{}
			counts, err := room.DeskCounts(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range counts {
				counted = map[deadlines.View]int{deadlines.Waiting: c.Waiting, deadlines.Overdue: c.Overdue, deadlines.Open: c.Open, deadlines.Taken: c.Taken}
			}
			for _, view := range []deadlines.View{deadlines.Waiting, deadlines.Overdue, deadlines.Open, deadlines.Taken, deadlines.Ended} {
				listed, err := room.Desk(ctx, deadlines.Wanted{View: view, Limit: 10})
				if err != nil || len(listed) != want[view] || view != deadlines.Ended && counted[view] != want[view] {
					t.Errorf("%s of the %s: %d listed, %d counted, want %d (%v)", view, level, len(listed), counted[view], want[view], err)
				}
			}
		}
		type views = map[deadlines.View]int
		check(w.Support, school, access.School, w.Here.ID, views{deadlines.Waiting: 1, deadlines.Open: 1})
		check(w.Support, county, access.County, "510104", views{deadlines.Open: 1})
		check(w.Support, other, access.School, w.Nearby.ID, views{})
		late := later(w, month)
		check(late, county, access.County, "510104", views{deadlines.Open: 1, deadlines.Overdue: 1})
		if err := late.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(w.Support, school, access.School, w.Here.ID, views{deadlines.Waiting: 1, deadlines.Open: 1, deadlines.Overdue: 1})
		check(w.Support, county, access.County, "510104", views{deadlines.Waiting: 1, deadlines.Open: 1, deadlines.Overdue: 1})
		check(w.Support, province, access.Province, "510000", views{deadlines.Open: 1, deadlines.Overdue: 1})
	})
}
