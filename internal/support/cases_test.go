package support_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// contested is a teacher's entry, its holder, whoever else asks for it, and the ticket's path for administrators.
func contested(t *testing.T, w *roomtest.World) (e roster.Entry, holder, asker roomtest.Person, path string) {
	t.Helper()
	e = w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
	holder, asker = w.Person(t, "teacher"), w.Person(t, "teacher")
	expect(t, w.Do(t, holder, "POST", "/api/v1/me/binding", claim("teacher", 1, "林涛")), 201, "")
	return e, holder, asker, ask(t, w, asker, as(person("teacher", 1, "林涛"), "not_me"))
}

// of is the path of a case for its sides.
func of(path string) string { return strings.Replace(path, "/admin/tickets/", "/me/cases/", 1) }

func holds(t *testing.T, w *roomtest.World, e roster.Entry, p roomtest.Person) bool {
	t.Helper()
	return w.Count(t, `SELECT count(*) FROM bindings WHERE entry_id = $1 AND account_id = $2`, e.ID, p.ID) == 1
}

func TestNobodyTakesAContestedEntryFromItsHolderBeforeTheCaseIsDecided(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Roster.Mount(w.Server)
		e, holder, asker, path := contested(t, w)
		admin := w.Administrator(t, access.School, w.Here.ID)
		w.Administrator(t, access.County, "510104")
		unbind := func() roomtest.Answer {
			return w.Do(t, admin, "DELETE", "/api/v1/admin/accounts/"+holder.ID+"/binding", object{"reason": "本人要求"})
		}
		remove := func() roomtest.Answer {
			return w.Do(t, admin, "DELETE", "/api/v1/admin/registry/"+e.ID+"?unbind=true", object{"reason": "重复录入"})
		}
		for _, a := range []roomtest.Answer{unbind(), remove()} {
			expect(t, a, 409, "entry_contested")
			if next := "/admin/tickets?ticket=" + path[strings.LastIndex(path, "/")+1:]; !strings.Contains(a.Text, next) {
				t.Errorf("the refusal leads not to %s: %s", next, a)
			}
		}
		if !holds(t, w, e, holder) {
			t.Fatal("the holder lost the entry")
		}
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "已核实是原账号本人"}), 200, "")
		expect(t, w.Do(t, asker, "POST", of(path)+"/appeal", object{"note": "我有工作证"}), 201, "")
		if a := unbind(); a.Get("code") != "entry_contested" || a.Get("next_step") != nil {
			t.Errorf("the school is led to an appeal that is not its own: %v", a)
		}
		if _, err := w.DB.Exec(t.Context(), `UPDATE bindings SET bound_at = $1 WHERE account_id = $2`, db.At(time.Now().Add(time.Second)), holder.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, unbind(), 204, "") // bound since, so the case is about another entry
	})
}

func TestTheHolderIsToldAndAnswersAndTheAdministratorSeesBothSides(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e, holder, asker, path := contested(t, w)
		admin := w.Administrator(t, access.School, w.Here.ID)
		if w.Told(t, holder, "是我本人，保留") != 1 || !holds(t, w, e, holder) {
			t.Errorf("the holder was told %q", w.Texts(t, holder.Phone))
		}
		list := w.Do(t, holder, "GET", "/api/v1/me/cases", nil).Items()
		if len(list) != 1 || list[0]["state"] != "open" || list[0]["kept_at"] != nil || list[0]["appeal_to"] != nil || list[0]["by"] != "四川省" ||
			!strings.Contains(list[0]["summary"].(string), "510104********") {
			t.Fatalf("the holder reads %v", list)
		}
		if n := len(w.Do(t, asker, "GET", "/api/v1/me/cases", nil).Items()); n != 0 {
			t.Error("whoever asks is shown as the holder")
		}
		expect(t, w.Do(t, asker, "POST", of(path)+"/keep", nil), 404, "not_found")
		expect(t, w.Do(t, w.Person(t, "teacher"), "POST", of(path)+"/keep", nil), 404, "not_found")
		expect(t, w.Do(t, holder, "POST", of(path)+"/keep", object{"note": strings.Repeat("好", 501)}), 422, "invalid")
		kept := w.Do(t, holder, "POST", of(path)+"/keep", object{"note": "我教初二语文"})
		expect(t, kept, 200, "")
		if kept.Get("kept_at") == nil || kept.Get("state") != "open" {
			t.Errorf("the holder answers and reads %v", kept)
		}

		read := w.Do(t, admin, "GET", path, nil)
		today := time.Now().In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)
		for at, want := range map[string]any{
			"sides.asker.account.id": asker.ID, "sides.asker.account.masked_phone": "138****" + asker.Phone[7:], "sides.asker.bound_at": nil, "sides.asker.way": nil,
			"sides.holder.account.id": holder.ID, "sides.holder.account.masked_phone": "138****" + holder.Phone[7:], "sides.holder.way": "own",
			"sides.holder.kept_note": "我教初二语文", "sides.holder.last_sign_in_day": nil, "sides.first": nil,
		} {
			if got := read.Get(at); got != want {
				t.Errorf("%s is %v, want %v", at, got, want)
			}
		}
		if read.Get("sides.holder.bound_at") == nil || read.Get("sides.holder.kept_at") == nil || read.Get("sides.asker.created_at") == nil {
			t.Errorf("the administrator reads %v", read.Get("sides"))
		}
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": holder.Username, "password": roomtest.Password}), 201, "")
		if got := w.Do(t, admin, "GET", path, nil).Get("sides.holder.last_sign_in_day"); got != today {
			t.Errorf("the holder signed in last on %v, want %v", got, today)
		}

		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "没有核实到您是本人"}), 200, "")
		if w.Told(t, holder, "您的认证不变") != 1 || w.Told(t, asker, "没有办成") != 1 || !holds(t, w, e, holder) {
			t.Errorf("told: the holder %q, whoever asked %q", w.Texts(t, holder.Phone), w.Texts(t, asker.Phone))
		}
		expect(t, w.Do(t, holder, "POST", of(path)+"/keep", nil), 409, "ticket_answered")
		if one := w.Do(t, holder, "GET", "/api/v1/me/cases", nil).Items()[0]; one["answer"] != nil {
			t.Errorf("the holder reads what was written to whoever asked: %v", one)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.keep' AND actor_id = $1`, holder.ID); n != 1 {
			t.Errorf("%d records of the answer, want 1", n)
		}
	})
}

func TestTheGuardiansOfAPupilWhoCannotHearOfItAloneAreTold(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.County, "510104")
		for name, c := range map[string]struct {
			number int
			phone  bool
			told   int
		}{"under fourteen": {9001, true, 1}, "without a phone": {1, false, 1}, "of their own age, with a phone": {2, true, 0}} {
			e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(c.number), SchoolID: w.Here.ID})
			holder, mother, waits := w.Newcomer(t, "student"), w.Person(t, "parent"), w.Person(t, "parent")
			if c.phone {
				holder = w.Person(t, "student")
			} else { // whose texts go to the mother, who reads one of each
				w.Contact(t, holder, mother.Phone)
			}
			w.Bind(t, holder, e, "student")
			w.Bind(t, mother, e, "parent")
			expect(t, w.Do(t, waits, "POST", "/api/v1/me/binding", claim("parent", c.number, "韩梅梅")), 201, "")
			contest := func() string {
				return ask(t, w, w.Person(t, "student"), as(person("student", c.number, "韩梅梅"), "not_me"))
			}
			tells := func(part string) {
				t.Helper()
				if w.Told(t, mother, part) != c.told || w.Told(t, waits, "孩子") != 0 {
					t.Errorf("%s: %q, %q", name, w.Texts(t, mother.Phone), w.Texts(t, waits.Phone))
				}
			}
			path := contest()
			tells("您的孩子韩*梅账号绑定的实名信息是他本人的")
			expect(t, w.Do(t, admin, "POST", path+"/decline", object{"canned": "not_proven"}), 200, "")
			tells("孩子的认证不变")
			expect(t, w.Do(t, admin, "POST", contest()+"/complete", object{"answer": "当面核实", "holder_unanswered": true}), 200, "")
			tells("转给另一个账号")
		}
	})
}

func TestHowTheHolderCameToTheEntryIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		holder, asker := w.Person(t, "teacher"), w.Person(t, "teacher")
		expect(t, w.Do(t, admin, "POST", ask(t, w, holder, at(person("teacher", 1, "林涛"), w.Here.ID))+"/complete", nil), 200, "")
		path := ask(t, w, asker, as(person("teacher", 1, "林涛"), "not_me"))
		if way := w.Do(t, admin, "GET", path, nil).Get("sides.holder.way"); way != "administrator" {
			t.Errorf("the way is %v", way)
		}
		w.InTx(t, func(tx *db.Tx) error { // as a slip leaves it: both in one request
			_, err := tx.Exec(t.Context(), `INSERT INTO audit_records (id, at, actor_id, action, target, target_id, region, school_id, reason, details, address, request_id)
				SELECT $1, at, actor_id, 'slip.use', target, target_id, region, school_id, '', details, '', request_id FROM audit_records WHERE action = 'binding.bind' AND target_id = $2`,
				db.NewID(), e.ID)
			return err
		})
		if way := w.Do(t, admin, "GET", path, nil).Get("sides.holder.way"); way != "slip" {
			t.Errorf("the way is %v", way)
		}
	})
}

func TestWhoeverLosesAppealsToTheCountyOnce(t *testing.T) {
	for about, taken := range map[string]bool{"declined": false, "handed over": true} {
		t.Run(about, func(t *testing.T) {
			each(t, func(t *testing.T, w *roomtest.World) {
				e, holder, asker, path := contested(t, w)
				school, county, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104"), w.Administrator(t, access.County, "510302")
				loser, winner := asker, holder
				if taken {
					loser, winner = holder, asker
					expect(t, w.Do(t, school, "POST", path+"/complete", object{"answer": "核对过身份证", "holder_unanswered": true}), 200, "")
				} else {
					expect(t, w.Do(t, school, "POST", path+"/decline", object{"reason": "没有来校"}), 200, "")
				}
				expect(t, w.Do(t, winner, "POST", of(path)+"/appeal", nil), 409, "case_not_lost")
				expect(t, w.Do(t, w.Person(t, "teacher"), "POST", of(path)+"/appeal", nil), 404, "not_found")

				// Of two clicks one appeals.
				answers := make([]roomtest.Answer, 2)
				var all sync.WaitGroup
				for i := range answers {
					all.Go(func() { answers[i] = w.Do(t, loser, "POST", of(path)+"/appeal", object{"note": "我有证件"}) })
				}
				all.Wait()
				filed := answers[0]
				if filed.Status != 201 {
					answers[0], answers[1] = answers[1], answers[0]
					filed = answers[0]
				}
				expect(t, filed, 201, "")
				if c := answers[1].Get("code"); answers[1].Status != 409 || c != "appealed" {
					t.Errorf("the second click: %v", answers[1])
				}
				if w.Told(t, winner, "向锦江区申诉") != 1 || !holds(t, w, e, winner) {
					t.Error("the other side was not told of the appeal and who decides, or lost the entry by it")
				}
				if one := w.Do(t, winner, "GET", "/api/v1/me/cases", nil).Items()[0]; one["appeal"] != true || one["kept_before"] != false {
					t.Errorf("whoever has answered nothing reads %v", one)
				}
				appeal := "/api/v1/admin/tickets/" + filed.Get("id").(string)
				expect(t, w.Do(t, school, "GET", appeal, nil), 404, "not_found")
				expect(t, w.Do(t, school, "POST", appeal+"/decline", object{"reason": "不"}), 404, "not_found")
				expect(t, w.Do(t, other, "GET", appeal, nil), 404, "not_found")
				if len(openTickets(t, w, school)) != 0 || len(openTickets(t, w, county)) != 1 {
					t.Error("the appeal waits for the school, or not for the county")
				}
				read := w.Do(t, county, "GET", appeal, nil)
				wantState, wantAnswer := "declined", "没有来校"
				if taken {
					wantState, wantAnswer = "done", "核对过身份证"
				}
				if read.Get("appeal") != true || read.Get("sides.first.state") != wantState || read.Get("sides.first.answer") != wantAnswer || read.Get("sides.first.by") != w.Here.Name || read.Get("final") != true ||
					read.Get("sides.asker.account.id") != loser.ID || read.Get("sides.holder.account.id") != winner.ID || read.Get("asked.note") != "我有证件" {
					t.Errorf("the county reads %v", read)
				}

				// The county's word is the last, whatever it is.
				expect(t, w.Do(t, county, "POST", appeal+"/complete", nil), 422, "invalid")
				expect(t, w.Do(t, county, "POST", appeal+"/complete", object{"answer": "到校核对过", "holder_unanswered": true}), 200, "")
				if !holds(t, w, e, loser) || w.Told(t, loser, "锦江区已复核") != 1 || w.Told(t, winner, "转给另一个账号") == 0 {
					t.Errorf("told: %q and %q", w.Texts(t, loser.Phone), w.Texts(t, winner.Phone))
				}
				expect(t, w.Do(t, winner, "POST", of(appeal)+"/appeal", nil), 409, "appeal_final")
				expect(t, w.Do(t, winner, "POST", "/api/v1/me/tickets", as(person("teacher", 1, "林涛"), "not_me")), 409, "case_decided")
			})
		})
	}
}

func TestAnAppealThatTheCountyDeclinesIsFinal(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e, holder, asker, path := contested(t, w)
		county := w.Administrator(t, access.County, "510104")
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Here.ID), "POST", path+"/decline", object{"reason": "没有来校"}), 200, "")
		if one := mine(t, w, asker); one["appeal_to"] != "county" || one["decided_by"] != w.Here.Name || one["final"] != nil {
			t.Errorf("whoever asked reads %v", one)
		}
		filed := w.Do(t, asker, "POST", of(path)+"/appeal", nil)
		expect(t, filed, 201, "")
		appeal := "/api/v1/admin/tickets/" + filed.Get("id").(string)
		expect(t, w.Do(t, county, "POST", appeal+"/decline", object{"reason": "维持"}), 200, "")
		for _, one := range w.Do(t, asker, "GET", "/api/v1/me/tickets", nil).Items() {
			if one["appeal_to"] != nil || (one["final"] == true) != (one["appeal"] == true) {
				t.Errorf("there is another appeal: %v", one)
			}
		}
		expect(t, w.Do(t, asker, "POST", of(appeal)+"/appeal", nil), 409, "appeal_final")
		expect(t, w.Do(t, asker, "POST", "/api/v1/me/tickets", as(person("teacher", 1, "林涛"), "not_me")), 409, "case_decided")
		if !holds(t, w, e, holder) || w.Told(t, holder, "您的认证不变") != 2 {
			t.Errorf("the holder was told %q", w.Texts(t, holder.Phone))
		}
	})
}

func TestAnAppealGoesAboveWhoeverDecidedAndCarriesTheAnswerOfTheHolder(t *testing.T) {
	for decider, want := range map[access.Level]struct {
		scope        string
		administered []access.Level // beside the decider's own level
		to, name     string
	}{
		access.County:   {"510104", []access.Level{access.City, access.Province}, "city", "成都市"},
		access.City:     {"510100", []access.Level{access.County, access.Province}, "province", "四川省"},
		access.Province: {"510000", []access.Level{access.County, access.City}, "", ""},
	} {
		t.Run(string(decider), func(t *testing.T) {
			each(t, func(t *testing.T, w *roomtest.World) {
				e, holder, _, path := contested(t, w)
				scopes := map[access.Level]string{access.County: "510104", access.City: "510100", access.Province: "510000"}
				office, others := w.Administrator(t, decider, want.scope), map[access.Level]roomtest.Person{}
				for _, level := range want.administered {
					others[level] = w.Administrator(t, level, scopes[level])
				}
				if n := len(openTickets(t, w, office)); n != 1 {
					t.Fatalf("the %s reads %d requests, want 1", decider, n)
				}
				expect(t, w.Do(t, holder, "POST", of(path)+"/keep", object{"note": "我教初二语文"}), 200, "")
				if read := w.Do(t, office, "GET", path, nil); read.Get("appeal_to") != nilIfEmpty(want.to) || (read.Get("final") == true) != (want.to == "") {
					t.Errorf("before it decides the %s reads an appeal to %v, final: %v", decider, read.Get("appeal_to"), read.Get("final"))
				}
				expect(t, w.Do(t, office, "POST", path+"/complete", object{"answer": "核对过身份证"}), 200, "")
				lost := w.Do(t, holder, "GET", "/api/v1/me/cases", nil).Items()[0]
				if lost["appeal_to"] != nilIfEmpty(want.to) || lost["final"] != (want.to == "") {
					t.Errorf("whoever lost reads %v", lost)
				}
				filed := w.Do(t, holder, "POST", of(path)+"/appeal", nil)
				if want.to == "" {
					expect(t, filed, 409, "appeal_final")
					expect(t, w.Do(t, holder, "POST", "/api/v1/me/tickets", as(person("teacher", 1, "林涛"), "not_me")), 409, "case_decided")
					return
				}
				expect(t, filed, 201, "")
				if filed.Get("waiting.level") != want.to || filed.Get("waiting.scope") != want.name {
					t.Errorf("the appeal waits for %v", filed.Get("waiting"))
				}
				appeal := "/api/v1/admin/tickets/" + filed.Get("id").(string)
				for verb, body := range map[string]any{"decline": object{"reason": "维持"}, "take": nil, "complete": object{"answer": "维持"}} {
					expect(t, w.Do(t, office, "POST", appeal+"/"+verb, body), 404, "not_found")
				}
				expect(t, w.Do(t, office, "GET", appeal, nil), 404, "not_found")
				waiting := func(level access.Level) (waiting, open int) {
					ctx := access.WithActor(t.Context(), access.Actor{AccountID: office.ID, Grants: []access.Grant{{Level: level, ScopeID: scopes[level]}}})
					listed, err := w.Support.Desk(ctx, deadlines.Wanted{View: deadlines.Waiting, Limit: 10})
					if err != nil {
						t.Fatal(err)
					}
					open, err = w.Support.OpenIn(ctx, access.ActorFrom(ctx).Reach(access.TicketsRead))
					if err != nil {
						t.Fatal(err)
					}
					return len(listed), open
				}
				if n, open := waiting(decider); n != 0 || open != 0 || len(openTickets(t, w, office)) != 0 {
					t.Errorf("%d requests wait for the %s that decided, and it counts %d", n, decider, open)
				}
				above := others[access.Level(want.to)]
				read := w.Do(t, above, "GET", appeal, nil)
				if read.Get("sides.first.by") == "" || read.Get("sides.first.answer") != "核对过身份证" || read.Get("sides.asker.kept_note") != "我教初二语文" || read.Get("final") != true {
					t.Errorf("those above read %v", read)
				}
				if n, open := waiting(access.Level(want.to)); n != 1 || open != 1 {
					t.Errorf("%d requests wait for those above, who count %d; want the appeal", n, open)
				}
				expect(t, w.Do(t, above, "POST", appeal+"/decline", object{"reason": "维持"}), 200, "")
				if holds(t, w, e, holder) || w.Told(t, holder, want.name+"已复核") != 1 {
					t.Errorf("told: %q", w.Texts(t, holder.Phone))
				}
			})
		})
	}
}

// Whoever has answered before reads that those who decide see it, and nobody else does.
func TestAnAppealTellsTheHolderWhetherTheyHaveAnsweredBefore(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		_, holder, asker, path := contested(t, w)
		school, _ := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		expect(t, w.Do(t, holder, "POST", of(path)+"/keep", nil), 200, "")
		expect(t, w.Do(t, school, "POST", path+"/decline", object{"reason": "没有来校"}), 200, "")
		expect(t, w.Do(t, asker, "POST", of(path)+"/appeal", object{"note": "我有证件"}), 201, "")
		if one := w.Do(t, holder, "GET", "/api/v1/me/cases", nil).Items()[0]; one["appeal"] != true || one["kept_at"] != nil || one["kept_before"] != true {
			t.Errorf("the holder reads %v", one)
		}
	})
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func TestAnAppealForAnEntryThatIsFreeIsNotNeeded(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		_, holder, asker, path := contested(t, w)
		expect(t, w.Do(t, w.Administrator(t, access.School, w.Here.ID), "POST", path+"/decline", object{"reason": "没有来校"}), 200, "")
		expect(t, w.Do(t, holder, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		expect(t, w.Do(t, asker, "POST", of(path)+"/appeal", nil), 409, "entry_not_taken")
	})
}
