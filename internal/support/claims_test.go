package support_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/calendar"
	"caotang/internal/deadlines"

	"pgregory.net/rapid"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/support"
	"caotang/internal/verification"
)

// work does this room's jobs and no other's until none is left.
func work(t *testing.T, w *roomtest.World) {
	t.Helper()
	runner := jobs.New(w.DB, slog.New(slog.DiscardHandler))
	support.New(w.DB, w.Vault, runner, w.Accounts, w.Roster, w.Verification, deadlines.In(calendar.Default()), nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); runner.Run(ctx) }()
	defer func() { stop(); <-done }()
	deadline := time.Now().Add(30 * time.Second)
	for look := time.NewTicker(5 * time.Millisecond); ; <-look.C {
		if w.Count(t, `SELECT count(*) FROM jobs WHERE kind IN ('support.match', 'support.gather')`) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the jobs do not end")
		}
	}
}

func mine(t *testing.T, w *roomtest.World, p roomtest.Person) map[string]any {
	t.Helper()
	items := w.Do(t, p, "GET", "/api/v1/me/tickets", nil).Items()
	if len(items) == 0 {
		t.Fatal("the person has no ticket")
	}
	return items[0]
}

func boundTo(t *testing.T, w *roomtest.World, p roomtest.Person, name string) bool {
	t.Helper()
	return w.Count(t, `SELECT count(*) FROM bindings b JOIN registry_entries e ON e.id = b.entry_id WHERE b.account_id = $1 AND e.name = $2`, p.ID, name) == 1
}

func TestAClaimCompletesByItself(t *testing.T) {
	const name = "韩梅梅"
	number := roomtest.IDNumber(1)
	for about, how := range map[string]struct {
		school string
		comes  func(t *testing.T, w *roomtest.World, admin roomtest.Person)
	}{
		"added": {"草堂中学", func(t *testing.T, w *roomtest.World, admin roomtest.Person) {
			expect(t, w.Do(t, admin, "POST", "/api/v1/admin/registry", object{
				"kind": "student", "name": name, "id_type": "resident_id", "id_number": number, "school_id": w.Here.ID,
			}), 201, "")
		}},
		"renamed": {"草堂中学", func(t *testing.T, w *roomtest.World, admin roomtest.Person) {
			e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩每每", IDNumber: number, SchoolID: w.Here.ID})
			work(t, w)
			expect(t, w.Do(t, admin, "PATCH", "/api/v1/admin/registry/"+e.ID, object{"name": name}), 200, "")
		}},
		"given its right number": {"草堂中学", func(t *testing.T, w *roomtest.World, _ roomtest.Person) {
			e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(9), SchoolID: w.Here.ID})
			work(t, w)
			w.InTx(t, func(tx *db.Tx) error {
				_, err := w.Roster.Replace(t.Context(), tx, e, roster.Document{Type: identity.ResidentID, Number: number}, "抄错一位")
				return err
			})
		}},
		"imported": {"草堂中学", func(t *testing.T, w *roomtest.World, _ roomtest.Person) {
			file := "姓名,身份证号,年级,班级\n李雷," + roomtest.IDNumber(2) + ",,\n" + name + "," + number + ",,\n"
			got, err := w.Roster.Import(t.Context(), roster.ImportSource{
				ReaderAt: bytes.NewReader([]byte(file)), Size: int64(len(file)), Filename: "名册.csv", Kind: roster.Student, SchoolID: w.Here.ID,
			}, nil)
			if err != nil || got.Accepted != 2 {
				t.Fatalf("the import took %d rows: %v", got.Accepted, err)
			}
		}},
		"at another school": {"盐都中学", func(t *testing.T, w *roomtest.World, _ roomtest.Person) {
			w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: number, SchoolID: w.Elsewhere.ID})
		}},
	} {
		t.Run(about, func(t *testing.T) {
			each(t, func(t *testing.T, w *roomtest.World) {
				w.Roster.Mount(w.Server)
				admin, p := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "student")
				path := ask(t, w, p, at(person("student", 1, name), w.Here.ID))
				if one := mine(t, w, p); one["waits"] != true || one["held"] != nil {
					t.Errorf("the person reads %v", one)
				}
				how.comes(t, w, admin)
				if boundTo(t, w, p, name) {
					t.Fatal("the claim completed before its job ran: this test proves nothing")
				}
				work(t, w)
				if !boundTo(t, w, p, name) {
					t.Fatal("the person is not bound")
				}
				one := mine(t, w, p)
				if answer, _ := one["answer"].(string); one["state"] != "done" || one["ending"] != "verified" || one["waits"] != nil ||
					one["answered_at"] == nil || !strings.Contains(answer, "自动完成：") || !strings.Contains(answer, how.school) {
					t.Errorf("the person reads %v", one)
				}
				if w.Told(t, p, "已完成实名认证（"+how.school+"）") != 1 {
					t.Errorf("the person was told %q", w.Texts(t, p.Phone))
				}
				if event := w.Do(t, p, "GET", "/api/v1/me/security-events", nil).Items()[0]; event["kind"] != "bound" || event["by"] != "platform" {
					t.Errorf("the security log tells %v", event)
				}
				if n := len(openTickets(t, w, admin)); n != 0 {
					t.Errorf("%d tickets wait for the administrator", n)
				}
				if read := w.Do(t, admin, "GET", path, nil); read.Get("state") != "done" || read.Get("ending") != "verified" {
					t.Errorf("the administrator reads %v", read)
				}
				if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'ticket.done' AND actor_id = '' AND details LIKE '%verified%'`); n != 1 {
					t.Errorf("%d records, want 1", n)
				}
				expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 409, "ticket_closed")
				if n := w.Count(t, `SELECT count(*) FROM waiting_claims`); n != 0 {
					t.Errorf("%d claims wait on", n)
				}
			})
		})
	}
}

func TestAParentsClaimAsksForTheChild(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p, other := w.Person(t, "parent"), w.Person(t, "parent")
		ask(t, w, p, at(asked(0, "韩父"), w.Here.ID))
		ask(t, w, other, at(asked(0, "韩叔"), w.Here.ID))
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(41), SchoolID: w.Here.ID})
		work(t, w)
		if n := w.Count(t, `SELECT count(*) FROM guardian_requests WHERE state = 'asked'`); n != 2 || mine(t, w, p)["state"] != "done" || mine(t, w, other)["state"] != "done" {
			t.Errorf("%d guardians", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM guardian_requests WHERE guardian_name IN ('韩父', '韩叔') AND relation = 'father'`); n != 2 {
			t.Error("their names and relations did not go along")
		}
		if w.Told(t, p, "等班主任或学校确认") != 1 {
			t.Errorf("told %v", w.Texts(t, p.Phone))
		}
	})
}

func TestWhatDoesNotProveTheEntryLearnsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		strangers := map[string]roomtest.Person{"another name": w.Person(t, "student"), "another kind": w.Person(t, "teacher")}
		ask(t, w, strangers["another name"], at(person("student", 1, "韩美美"), w.Here.ID))
		ask(t, w, strangers["another kind"], at(person("teacher", 1, "韩梅梅"), w.Here.ID))
		before := map[string]object{}
		for about, p := range strangers {
			before[about] = mine(t, w, p)
		}
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		holder := w.Person(t, "student")
		expect(t, w.Do(t, holder, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 201, "")
		work(t, w)
		for about, p := range strangers {
			if after := mine(t, w, p); fmt.Sprint(after) != fmt.Sprint(before[about]) || w.Notices(t, p) != 0 {
				t.Errorf("%s: read %v before and %v after, told %q", about, before[about], after, w.Texts(t, p.Phone))
			}
		}
	})
}

// Whoever files a claim, withdraws it and files the next is told nothing of who is there already: filing looks at nothing.
func TestFilingAClaimIsNoGuess(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		work(t, w)
		p := w.Person(t, "student")
		ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		work(t, w)
		if boundTo(t, w, p, "韩梅梅") {
			t.Fatal("filing a claim tells at once whether it is right")
		}
		if err := w.Support.MatchClaims(t.Context()); err != nil || !boundTo(t, w, p, "韩梅梅") {
			t.Errorf("whoever is there already is not found now and then: %v", err)
		}
	})
}

func TestTheSecondNumberIsAskedOfAClaim(t *testing.T) {
	rules := roomtest.Rules()
	rules.Proof = verification.TwoNumbers
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, rules)
		w.Roster.Mount(w.Server)
		p := w.Person(t, "student")
		body := at(person("student", 1, "韩梅梅"), w.Here.ID)
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", body), 422, "invalid")
		body["second_number"] = "G" + roomtest.IDNumber(1)
		ask(t, w, p, body)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		work(t, w)
		if boundTo(t, w, p, "韩梅梅") {
			t.Fatal("bound by one number")
		}
		admin := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, admin, "PATCH", "/api/v1/admin/registry/"+e.ID, object{"student_number": "G" + roomtest.IDNumber(1)}), 200, "")
		work(t, w)
		if !boundTo(t, w, p, "韩梅梅") {
			t.Error("not bound by both numbers")
		}
	})
}

func TestAnEntryThatAnotherAccountHoldsIsNotGiven(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin, p, holder := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "teacher"), w.Person(t, "teacher")
		path := ask(t, w, p, at(person("teacher", 1, "林涛"), w.Here.ID))
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.Bind(t, holder, e, roster.Teacher)
		work(t, w)
		if err := w.Support.MatchClaims(t.Context()); err != nil {
			t.Fatal(err)
		}
		if one := mine(t, w, p); one["state"] != "open" || one["held"] != true || boundTo(t, w, p, "林涛") {
			t.Errorf("the person reads %v", one)
		}
		if w.Told(t, p, "已由另一个账号认证") != 1 || w.Notices(t, holder) != 1 {
			t.Errorf("the person was told %q", w.Texts(t, p.Phone))
		}
		if read := w.Do(t, admin, "GET", path, nil); read.Get("holder.masked_phone") == nil || read.Get("held") != true {
			t.Errorf("the administrator reads %v", read)
		}
		expect(t, w.Do(t, admin, "POST", path+"/complete", nil), 409, "already_bound")

		expect(t, w.Do(t, holder, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		if err := w.Support.MatchClaims(t.Context()); err != nil || !boundTo(t, w, p, "林涛") || mine(t, w, p)["state"] != "done" {
			t.Errorf("the entry is free, and the person reads %v: %v", mine(t, w, p), err)
		}
	})
}

func TestAClaimEndsWhenItsAccountHasBecomeSomebodyElse(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		other := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID})
		late, early := w.Person(t, "student"), w.Person(t, "student")
		ask(t, w, late, at(person("student", 1, "韩梅梅"), w.Here.ID))
		w.Bind(t, late, other, roster.Student)
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		work(t, w)

		// Where the entry never comes, the claim ends all the same.
		ask(t, w, early, at(person("student", 3, "林涛"), w.Here.ID))
		w.Bind(t, early, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "魏华", IDNumber: roomtest.IDNumber(4), SchoolID: w.Here.ID}), roster.Student)
		if err := w.Support.MatchClaims(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, p := range []roomtest.Person{late, early} {
			one := mine(t, w, p)
			if answer, _ := one["answer"].(string); one["state"] != "declined" || one["ending"] != "account_taken" || !strings.Contains(answer, "解除认证") ||
				w.Told(t, p, "没有办成") != 1 {
				t.Errorf("the person reads %v, told %q", one, w.Texts(t, p.Phone))
			}
		}
		if boundTo(t, w, late, "韩梅梅") || !boundTo(t, w, late, "李雷") {
			t.Error("the account is not who it was")
		}
	})
}

func TestAClaimThatEndedIsNotCompleted(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		admin, left, declined := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "student"), w.Person(t, "student")
		path := ask(t, w, left, at(person("student", 1, "韩梅梅"), w.Here.ID))
		expect(t, w.Do(t, left, "DELETE", strings.Replace(path, "/admin/", "/me/", 1), nil), 204, "")
		path = ask(t, w, declined, at(person("student", 1, "韩梅梅"), w.Here.ID))
		expect(t, w.Do(t, admin, "POST", path+"/decline", object{"reason": "不是我校学生"}), 200, "")
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		work(t, w)
		if n := w.Count(t, `SELECT count(*) FROM bindings`) + w.Count(t, `SELECT count(*) FROM waiting_claims`); n != 0 {
			t.Error("a claim that has ended was completed, or waits on")
		}
	})
}

func TestRequestsFromBeforeClaimsJoinThem(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "student")
		ask(t, w, p, at(person("student", 1, "韩梅梅"), w.Here.ID))
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		w.InTx(t, func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), `DELETE FROM waiting_claims`); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `DELETE FROM jobs WHERE kind = 'support.match'`)
			return err
		})
		if n := w.Count(t, `SELECT count(*) FROM jobs WHERE kind = 'support.gather'`); n != 1 {
			t.Fatalf("the migration left %d jobs, want 1", n)
		}
		work(t, w)
		if !boundTo(t, w, p, "韩梅梅") {
			t.Error("the request was not gathered")
		}
	})
}

// Whatever people, administrators and the claims' own job do at the same moment, an entry has at most one account, a ticket
// ends once, exactly the open requests wait, and nobody meets an error that is none of the contract's.
func TestClaimsUnderAnyInterleaving(t *testing.T) {
	roomtest.Interleavings(t, 20)
	each(t, func(t *testing.T, w *roomtest.World) {
		const people, documents = 3, 2
		names := []string{"林涛", "魏华"}
		w.Roster.Mount(w.Server)
		admin := w.Administrator(t, access.School, w.Here.ID)
		persons := make([]roomtest.Person, people)
		for i := range persons {
			persons[i] = w.Person(t, "teacher")
		}
		allowed := map[int]bool{200: true, 201: true, 204: true, 404: true, 409: true, 422: true, 429: true}
		rapid.Check(t, func(r *rapid.T) {
			type step struct{ who, what, document int }
			steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
				return step{rapid.IntRange(0, people-1).Draw(r, "who"), rapid.IntRange(0, 8).Draw(r, "what"), rapid.IntRange(0, documents-1).Draw(r, "document")}
			}), 4, 14).Draw(r, "steps")
			failures := make([]string, len(steps))
			var all sync.WaitGroup
			for i, s := range steps {
				all.Go(func() {
					if a := interleave(t, w, admin, persons[s.who], s.what, s.document+1, names[s.document]); a.Status != 0 && !allowed[a.Status] {
						failures[i] = a.String()
					}
				})
			}
			all.Wait()
			for i, failure := range failures {
				if failure != "" {
					r.Fatalf("step %+v: %s", steps[i], failure)
				}
			}
			for about, query := range map[string]string{
				"accounts with two entries": `SELECT count(*) FROM (SELECT account_id FROM bindings GROUP BY account_id HAVING count(*) > 1) b`,
				"bindings to nothing":       `SELECT count(*) FROM bindings b WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = b.entry_id)`,
				"tickets that ended twice": `SELECT count(*) FROM (SELECT target_id FROM audit_records
					WHERE action IN ('ticket.done', 'ticket.declined', 'ticket.withdrawn') GROUP BY target_id HAVING count(*) > 1) t`,
				"requests that do not wait": `SELECT count(*) FROM tickets t WHERE t.state = 'open' AND NOT EXISTS (SELECT 1 FROM waiting_claims w WHERE w.ticket_id = t.id)`,
				"claims without a request":  `SELECT count(*) FROM waiting_claims w WHERE NOT EXISTS (SELECT 1 FROM tickets t WHERE t.id = w.ticket_id AND t.state = 'open')`,
			} {
				if n := w.Count(t, query); n != 0 {
					r.Fatalf("%d %s", n, about)
				}
			}
		})
	})
}

// interleave is one step of somebody; an answer without a status is one that was not asked for.
func interleave(t *testing.T, w *roomtest.World, admin, p roomtest.Person, what, number int, name string) (a roomtest.Answer) {
	each := func(by roomtest.Person, list, method, then string, body any) {
		for _, ticket := range w.Do(t, by, http.MethodGet, list, nil).Items() {
			if ticket["state"] == "open" {
				path, _, _ := strings.Cut(list, "?")
				a = w.Do(t, by, method, fmt.Sprint(path, "/", ticket["id"], then), body)
			}
		}
	}
	switch what {
	case 0, 1:
		return w.Do(t, p, http.MethodPost, "/api/v1/me/tickets", at(person("teacher", number, name), w.Here.ID))
	case 2:
		return w.Do(t, p, http.MethodPost, "/api/v1/me/binding", claim("teacher", number, name))
	case 3:
		return w.Do(t, admin, http.MethodDelete, "/api/v1/admin/accounts/"+p.ID+"/binding", object{"reason": "核对"})
	case 4:
		return w.Do(t, admin, http.MethodPost, "/api/v1/admin/registry", object{
			"kind": "teacher", "name": name, "id_type": "resident_id", "id_number": roomtest.IDNumber(number), "school_id": w.Here.ID,
		})
	case 5:
		each(p, "/api/v1/me/tickets", http.MethodDelete, "", nil)
	case 6:
		each(admin, "/api/v1/admin/tickets?state=open", http.MethodPost, "/complete", nil)
	case 7:
		each(admin, "/api/v1/admin/tickets?state=open", http.MethodPost, "/decline", object{"reason": "不是我校教师"})
	case 8:
		if err := w.Support.MatchClaims(t.Context()); err != nil {
			return roomtest.Answer{Status: http.StatusInternalServerError, Text: err.Error()}
		}
	}
	return a
}
