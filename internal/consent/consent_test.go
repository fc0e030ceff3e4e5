package consent_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/consent"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/identity"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

type object = map[string]any

// family is a class with a child of ten, their guardian and the school's administrator.
type family struct {
	*roomtest.World
	class         roster.Class
	child         roster.Entry
	mother, admin roomtest.Person
}

func number(age, n int) string {
	digits := fmt.Sprintf("510104%d0101%03d", time.Now().Year()-age, n)
	return digits + string(identity.CheckCharacter(digits))
}

func each(t *testing.T, test func(t *testing.T, f *family)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := &family{World: roomtest.New(t, d, roomtest.Rules())}
		f.class, f.mother, f.admin = f.Class(t, f.Here.ID, 1), f.Person(t, "parent"), f.Administrator(t, access.School, f.Here.ID)
		f.child = f.pupil(t, 10, 1)
		f.Bind(t, f.mother, f.child, "parent")
		test(t, f)
	})
}

func (f *family) pupil(t *testing.T, age, n int) roster.Entry {
	return f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: number(age, n), SchoolID: f.Here.ID, ClassID: f.class.ID})
}

func (f *family) ok(t *testing.T, p roomtest.Person, status int, method, path string, body any) roomtest.Answer {
	t.Helper()
	a := f.Do(t, p, method, "/api/v1"+path, body)
	if a.Status != status {
		t.Fatalf("%s %s: %v, want %d", method, path, a, status)
	}
	return a
}

func (f *family) link(t *testing.T) (id string) {
	t.Helper()
	if err := f.DB.QueryRow(t.Context(), `SELECT id FROM guardian_links WHERE account_id = $1`, f.mother.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func said(given bool) []object {
	return []object{{"purpose": "third_party_apps", "version": 1, "given": given}}
}

func (f *family) say(t *testing.T, given bool) {
	t.Helper()
	f.ok(t, f.mother, 204, "POST", "/me/consents", object{"guardianship_id": f.link(t), "decisions": said(given)})
}

func (f *family) given(t *testing.T, e roster.Entry) bool {
	t.Helper()
	given, err := f.Consent.Given(t.Context(), f.DB, e.ID, consent.ThirdPartyApps)
	if err != nil {
		t.Fatal(err)
	}
	return given
}

func (f *family) state(t *testing.T) any {
	t.Helper()
	purposes := f.ok(t, f.mother, 200, "GET", "/me/consents", nil).Items()[0]["purposes"].([]any)
	return purposes[1].(object)["state"]
}

func TestAConsentIsGivenWithdrawnAndKept(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		if f.given(t, f.child) || f.state(t) != "not_asked" {
			t.Error("given before anybody was asked")
		}
		for _, step := range []struct {
			given bool
			state string
		}{{false, "refused"}, {true, "given"}, {true, "given"}, {false, "withdrawn"}, {true, "given"}} {
			f.say(t, step.given)
			if f.given(t, f.child) != step.given || f.state(t) != step.state {
				t.Errorf("after %v it is %v", step, f.state(t))
			}
		}
		history := f.ok(t, f.mother, 200, "GET", "/me/consents/history?guardianship_id="+f.link(t), nil).Items()
		if len(history) != 4 || history[0]["decision"] != "given" || history[1]["decision"] != "withdrawn" || len(history[0]["text_hash"].(string)) != 64 {
			t.Errorf("the history is %v", history)
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'consent.say'`); n != 4 {
			t.Errorf("%d records", n)
		}
		a := f.ok(t, f.mother, 409, "POST", "/me/consents", object{"guardianship_id": f.link(t), "decisions": []object{{"purpose": "third_party_apps", "version": 2, "given": true}}})
		if a.Get("code") != "consent_text_changed" {
			t.Error(a)
		}
		f.ok(t, f.Person(t, "parent"), 404, "POST", "/me/consents", object{"guardianship_id": f.link(t), "decisions": said(true)})
		f.ok(t, f.Person(t, "parent"), 404, "GET", "/me/consents/history?guardianship_id="+f.link(t), nil)
	})
}

func TestFromFourteenOnNobodyIsAsked(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		grown := f.pupil(t, 15, 2)
		if !f.given(t, grown) {
			t.Error("a guardian is asked for somebody of fifteen")
		}
		other := f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "安娜", IDType: "passport", IDNumber: "P1234567", SchoolID: f.Here.ID})
		if f.given(t, other) {
			t.Error("whose age nobody knows is taken for grown up")
		}
	})
}

// With the end of custody what was given ends too, and a new text asks again; both are kept.
func TestWhatWasGivenEndsWithCustodyAndWithTheText(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		f.say(t, true)
		f.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE consent_records SET version = 0`)
			return err
		})
		if f.given(t, f.child) || f.state(t) != "outdated" {
			t.Error("what was given to another text counts")
		}
		f.say(t, true)
		if !f.given(t, f.child) || f.Count(t, `SELECT count(*) FROM consent_records`) != 2 {
			t.Error("the older record has gone, or the new one does not count")
		}
		f.ok(t, f.admin, 204, "POST", "/admin/guardianships/"+f.link(t)+"/end", object{"reason": "法院判决"})
		if f.given(t, f.child) {
			t.Error("what a guardian gave outlives their custody")
		}
		f.Bind(t, f.mother, f.child, "parent")
		if f.given(t, f.child) || f.state(t) != "lapsed" {
			t.Error("a new link brings back what the old one gave")
		}
	})
}

func TestTheSchoolCountsAndReminds(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		f.pupil(t, 10, 2)
		f.pupil(t, 16, 3)
		path := "/classes/" + f.class.ID + "/consents"
		f.ok(t, f.mother, 404, "GET", path, nil)
		f.ok(t, f.Administrator(t, access.School, f.Nearby.ID), 404, "POST", path+"/remind", nil)
		count := func() object {
			a := f.ok(t, f.admin, 200, "GET", path, nil)
			if a.Get("asked") != 2.0 {
				t.Errorf("asked for %v", a.Get("asked"))
			}
			return a.Body["purposes"].([]any)[1].(object)
		}
		if c := count(); c["not_asked"] != 2.0 || c["given"] != 0.0 {
			t.Error(c)
		}
		if a := f.ok(t, f.admin, 200, "GET", path, nil); a.Get("to_remind") != 1.0 || a.Get("no_guardian") != 1.0 {
			t.Errorf("before anybody is reminded: %v", a)
		}
		if a := f.ok(t, f.admin, 200, "POST", path+"/remind", nil); a.Get("sent") != 1.0 || a.Get("no_guardian") != 1.0 {
			t.Errorf("reminded: %v", a)
		}
		linked := 0
		for _, one := range f.ok(t, f.admin, 200, "GET", path+"/pupils", nil).Items() {
			if one["linked"] == true {
				linked++
			}
		}
		if linked != 1 {
			t.Errorf("%d pupils have a guardian who could answer, want one", linked)
		}
		if a := f.ok(t, f.admin, 200, "GET", path, nil); a.Get("to_remind") != 0.0 {
			t.Errorf("after all were reminded: %v", a)
		}
		if a := f.ok(t, f.admin, 200, "POST", path+"/remind", nil); a.Get("sent") != 0.0 || a.Get("lately") != 1.0 {
			t.Errorf("reminded again: %v", a)
		}
		_, token, found := strings.Cut(f.Texts(t, f.mother.Phone)[0], "/consent#")
		if !found {
			t.Fatal(f.Texts(t, f.mother.Phone))
		}
		nobody := roomtest.Person{}
		if a := f.ok(t, nobody, 200, "POST", "/consent-links/read", object{"token": token}); a.Get("masked_child") != "韩*梅" || strings.Contains(a.Text, f.Here.Name) {
			t.Errorf("by link: %v", a)
		}
		var all sync.WaitGroup
		var once sync.Mutex
		answered := map[int]int{}
		for range 4 {
			all.Go(func() {
				status := f.Do(t, nobody, "POST", "/api/v1/consent-links/say", object{"token": token, "decisions": said(true)}).Status
				once.Lock()
				answered[status]++
				once.Unlock()
			})
		}
		all.Wait()
		if answered[204] != 1 || answered[410] != 3 {
			t.Errorf("a link that works once answered %v", answered)
		}
		if c := count(); c["given"] != 1.0 || c["not_asked"] != 1.0 || !f.given(t, f.child) {
			t.Error(c)
		}
		f.ok(t, nobody, 410, "POST", "/consent-links/read", object{"token": token})
	})
}

// The class teacher and the school see what stands for whom, to which version, since when and how, and what was said before.
func TestTheSchoolSeesWhatStandsForEachPupil(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		f.pupil(t, 10, 2)
		f.pupil(t, 16, 3)
		elsewhere := f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: number(10, 9), SchoolID: f.Here.ID})
		teacher := f.Person(t, "teacher")
		own := f.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "杜鹃", IDNumber: number(40, 7), SchoolID: f.Here.ID})
		f.Bind(t, teacher, own, "teacher")
		teach := func(head bool) {
			f.InTx(t, func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO class_teachers (class_id, entry_id, head) VALUES ($1, $2, $3)
					ON CONFLICT (class_id, entry_id) DO UPDATE SET head = excluded.head`, f.class.ID, own.ID, head)
				return err
			})
		}
		f.say(t, true)
		f.say(t, false)
		path, records := "/classes/"+f.class.ID+"/consents/pupils", "/classes/"+f.class.ID+"/consents/records?entry_id="
		teach(false)
		for _, p := range []roomtest.Person{f.mother, teacher, f.Administrator(t, access.School, f.Nearby.ID)} {
			f.ok(t, p, 404, "GET", path, nil)
			f.ok(t, p, 404, "GET", records+f.child.ID, nil)
		}
		teach(true)
		for _, p := range []roomtest.Person{teacher, f.admin} {
			all := []object{}
			for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
				a := f.ok(t, p, 200, "GET", path+"?limit=2&cursor="+cursor, nil)
				all = append(all, a.Items()...)
				cursor, _ = a.Get("next_cursor").(string)
			}
			if len(all) != 3 || all[0]["asked"] != true || all[1]["asked"] != true || all[2]["asked"] != false || len(all[2]["answers"].([]any)) != 0 {
				t.Fatalf("%v", all)
			}
			first, second := all[0]["answers"].([]any), all[1]["answers"].([]any)
			if a := first[1].(object); a["state"] != "withdrawn" || a["version"] != 1.0 || a["channel"] != "space" || a["at"] == nil {
				t.Errorf("what was said: %v", a)
			}
			if a := second[1].(object); a["state"] != "not_asked" || a["at"] != nil {
				t.Errorf("what nobody has said: %v", a)
			}
			said := f.ok(t, p, 200, "GET", records+f.child.ID, nil).Items()
			if len(said) != 2 || said[0]["decision"] != "withdrawn" || said[1]["decision"] != "given" {
				t.Errorf("%v", said)
			}
			f.ok(t, p, 404, "GET", records+elsewhere.ID, nil)
			f.ok(t, p, 404, "GET", records+own.ID, nil)
		}
	})
}

// The slip answers for a child who has no confirmed guardian; whoever is confirmed later sees it, and changes it.
func TestTheSlipAnswersWhereNoGuardianIsConfirmed(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		child := f.pupil(t, 10, 2)
		code, nobody := f.Slip(t, f.admin, f.class.ID, child.ID), roomtest.Person{}
		if a := f.ok(t, nobody, 200, "POST", "/slips/consents/read", object{"code": code}); a.Get("masked_child") != "韩*梅" || a.Get("by_guardians") != false {
			t.Error(a)
		}
		say := object{"code": code, "name": "", "relation": "mother", "decisions": said(true)}
		f.ok(t, nobody, 422, "POST", "/slips/consents/say", say)
		say["name"] = "王芳"
		for _, given := range []bool{true, false, true} {
			say["decisions"] = said(given)
			f.ok(t, nobody, 204, "POST", "/slips/consents/say", say)
			if f.given(t, child) != given {
				t.Errorf("said %v by slip, and it does not count", given)
			}
		}
		father := f.Person(t, "parent")
		f.Bind(t, father, child, "parent")
		own := f.ok(t, father, 200, "GET", "/me/consents", nil).Items()[0]
		if a := own["purposes"].([]any)[1].(object); a["state"] != "given" || a["channel"] != "slip" {
			t.Errorf("whoever is confirmed later sees %v", a)
		}
		f.ok(t, father, 204, "POST", "/me/consents", object{"guardianship_id": own["guardianship_id"], "decisions": said(false)})
		if f.given(t, child) {
			t.Error("a guardian cannot change what was said by slip")
		}
	})
}

// Whoever holds the slip, the child first of all, says nothing over a guardian, nor instead of one who has yet to answer.
func TestTheSlipSaysNothingOverAGuardian(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		code, nobody := f.Slip(t, f.admin, f.class.ID, f.child.ID), roomtest.Person{}
		say := object{"code": code, "name": "王芳", "relation": "mother", "decisions": said(true)}
		refused := func() {
			t.Helper()
			if a := f.ok(t, nobody, 409, "POST", "/slips/consents/say", say); a.Get("code") != "consent_by_guardians" {
				t.Error(a)
			}
		}
		refused()
		if f.given(t, f.child) || f.state(t) != "not_asked" {
			t.Error("a slip answered instead of the guardian")
		}
		f.say(t, false)
		refused()
		shown := f.ok(t, nobody, 200, "POST", "/slips/consents/read", object{"code": code})
		if stands := shown.Body["purposes"].([]any)[1].(object)["state"]; shown.Get("by_guardians") != true || stands != "refused" || f.state(t) != "refused" {
			t.Errorf("%v, and for the guardian %v", shown, f.state(t))
		}
		f.ok(t, f.admin, 204, "POST", "/admin/guardianships/"+f.link(t)+"/end", object{"reason": "法院判决"})
		f.ok(t, nobody, 204, "POST", "/slips/consents/say", say)
		if !f.given(t, f.child) {
			t.Error("without any guardian the slip does not answer")
		}
	})
}

// Of what two guardians say the latest stands, and who is overruled is told; who says the same, or answers first, tells nobody.
func TestAGuardianIsToldWhenAnotherOverrulesThem(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		father := f.Person(t, "parent")
		f.Bind(t, father, f.child, "parent")
		id := f.ok(t, father, 200, "GET", "/me/consents", nil).Items()[0]["guardianship_id"]
		told := func(p roomtest.Person) (n int) {
			for _, text := range f.Texts(t, p.Phone) {
				if strings.Contains(text, "/space#consents") {
					n++
				}
			}
			return n
		}
		for _, step := range []struct {
			father, given      bool
			toMother, toFather int
		}{{false, false, 0, 0}, {false, true, 0, 0}, {true, true, 0, 0}, {true, false, 1, 0}, {true, true, 1, 0}, {false, false, 1, 1}} {
			if step.father {
				f.ok(t, father, 204, "POST", "/me/consents", object{"guardianship_id": id, "decisions": said(step.given)})
			} else {
				f.say(t, step.given)
			}
			if told(f.mother) != step.toMother || told(father) != step.toFather || f.given(t, f.child) != step.given {
				t.Errorf("after %+v the mother was told %d times and the father %d times", step, told(f.mother), told(father))
			}
		}
	})
}

// What two guardians say at once stands as one of the two, and both are kept.
func TestOneAnswerStands(t *testing.T) {
	each(t, func(t *testing.T, f *family) {
		f.say(t, true)
		for range 6 {
			var all sync.WaitGroup
			for i := range 4 {
				all.Go(func() {
					a := f.Do(t, f.mother, "POST", "/api/v1/me/consents", object{"guardianship_id": f.link(t), "decisions": said(i%2 == 0)})
					if a.Status != 204 {
						t.Error(a)
					}
				})
			}
			all.Wait()
			if n := f.Count(t, `SELECT count(*) FROM consent_records WHERE standing`); n != 1 {
				t.Fatalf("%d answers stand", n)
			}
		}
	})
}

// A text that changes takes a new version: what guardians consented to must be found again by its hash.
func TestTextsStayAsTheyWereReleased(t *testing.T) {
	released := map[consent.Purpose][]string{
		consent.SpaceBeyondClass: {"5aeb96fcca628954b870f5f3eb74b60c51c9c883bbb28317aaf5348c4e83c3a3"},
		consent.ThirdPartyApps:   {"790bf70b654304f310861a93298cee7de3720112e1be8a6fa4a6325cd28bb982"},
	}
	for _, purpose := range consent.Purposes() {
		for i, hash := range released[purpose] {
			if got := consent.HashOf(purpose, i+1); got != hash {
				t.Errorf("version %d of %s has the hash %s now: give a changed text a new version", i+1, purpose, got)
			}
		}
		if got := consent.HashOf(purpose, len(released[purpose])+1); got != "" {
			t.Errorf("a version of %s is not listed here: %s", purpose, got)
		}
	}
}
