package slips_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/fault"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/slips"
	"caotang/ui"
)

type object = map[string]any

// fixture is a world with a class of three pupils, its school's administrator and slips with a clock of their own.
type fixture struct {
	*roomtest.World
	slips  *slips.Service
	admin  roomtest.Person
	class  roster.Class
	pupils []roster.Entry
	ahead  atomic.Int64 // how far the clock is ahead
	used   int
}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := &fixture{World: roomtest.New(t, d, roomtest.Rules())}
		printing := slips.Printing{Fonts: ui.Fonts(), PublicURL: "https://edu.example.cn/"}
		f.slips = slips.New(d, f.Vault, f.Accounts, f.Roster, f.Verification, printing, slips.Config{TTL: 30 * 24 * time.Hour, Tries: 3}, f.now)
		f.slips.Mount(f.Server)
		f.admin = f.Administrator(t, access.School, f.Here.ID)
		f.class = f.Class(t, f.Here.ID, 1)
		for _, name := range []string{"韩梅梅", "李雷", "林涛"} {
			f.pupils = append(f.pupils, f.pupil(t, name, f.class))
		}
		test(t, f)
	})
}

func (f *fixture) now() time.Time          { return time.Now().Add(time.Duration(f.ahead.Load())) }
func (f *fixture) forward(d time.Duration) { f.ahead.Add(int64(d)) }

func (f *fixture) pupil(t *testing.T, name string, class roster.Class) roster.Entry {
	t.Helper()
	f.used++
	return f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(f.used), SchoolID: class.School.ID, ClassID: class.ID})
}

// as is a context of a person's own.
func (f *fixture) as(t *testing.T, p roomtest.Person) context.Context {
	t.Helper()
	actor, err := f.Accounts.Resolve(t.Context(), p.Token)
	if err != nil {
		t.Fatal(err)
	}
	return access.WithActor(t.Context(), actor)
}

func (f *fixture) order(entries ...string) slips.Order {
	return slips.Order{Group: slips.Group{ClassID: f.class.ID}, EntryIDs: entries}
}

// print prints as the school's administrator and gives the codes by name.
func (f *fixture) print(t *testing.T, order slips.Order) map[string]string {
	t.Helper()
	sheets, err := f.slips.Print(f.as(t, f.admin), order)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	for _, slip := range sheets.Slips {
		codes[slip.Name] = slip.Code
	}
	return codes
}

func (f *fixture) register(t *testing.T, code, username string) roomtest.Answer {
	t.Helper()
	return f.Do(t, roomtest.Person{}, "POST", "/api/v1/slips/accounts", object{"code": code, "username": username, "password": roomtest.Password})
}

func (f *fixture) check(t *testing.T, code string) roomtest.Answer {
	t.Helper()
	return f.Do(t, roomtest.Person{}, "POST", "/api/v1/slips/check", object{"code": code})
}

func (f *fixture) list(t *testing.T) roomtest.Answer {
	t.Helper()
	a := f.Do(t, f.admin, "GET", "/api/v1/slips?class_id="+f.class.ID, nil)
	expect(t, a, 200, "")
	return a
}

// holder is somebody of the list.
func (f *fixture) holder(t *testing.T, name string) object {
	t.Helper()
	for _, item := range f.list(t).Items() {
		if item["name"] == name {
			return item
		}
	}
	t.Fatalf("%s is not in the list", name)
	return nil
}

func expect(t *testing.T, a roomtest.Answer, status int, code string) {
	t.Helper()
	if a.Status != status || code != "" && a.Get("code") != code {
		t.Fatalf("got %v, want %d %s", a, status, code)
	}
}

func person(a roomtest.Answer) roomtest.Person {
	return roomtest.Person{ID: fmt.Sprint(a.Get("account.id")), Username: fmt.Sprint(a.Get("account.username")), Token: fmt.Sprint(a.Get("token"))}
}

func TestAPupilWithoutAPhoneIsActivatedByASlip(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order())["韩梅梅"]
		a := f.check(t, strings.ToLower(code))
		expect(t, a, 200, "")
		if a.Get("masked_name") != "韩*梅" || a.Get("school") != "草堂中学" || a.Get("class") != "七年级1班" || strings.Contains(a.Text, "韩梅梅") {
			t.Errorf("the slip shows %v", a)
		}
		a = f.register(t, code, "hanmeimei")
		expect(t, a, 201, "")
		p := person(a)
		actor, err := f.Accounts.Resolve(t.Context(), p.Token)
		if err != nil || !actor.Verified || len(actor.Must) != 0 || actor.Role != "student" {
			t.Errorf("signed in as %+v, %v: want a verified student who need do nothing first", actor, err)
		}
		if n := f.Count(t, `SELECT count(*) FROM bindings WHERE entry_id = $1 AND account_id = $2 AND kind = 'student'`, f.pupils[0].ID, p.ID); n != 1 {
			t.Error("the account is not bound to the slip's entry")
		}
		// The same password opens the account later, which still asks for no phone.
		signedIn, err := f.Accounts.SignIn(t.Context(), "hanmeimei", roomtest.Password, accounts.Begin{})
		if err != nil || len(signedIn.Must) != 0 {
			t.Errorf("signing in: %v, must %v", err, signedIn.Must)
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'slip.use' AND target_id = $1 AND school_id = $2`, f.pupils[0].ID, f.Here.ID); n != 1 {
			t.Errorf("%d records of the slip's use", n)
		}
		again := f.register(t, code, "somebody1")
		expect(t, again, 409, "slip_used")
		if again.Get("masked_username") != "ha*****ei" || again.Get("next_step.action") != "sign_in" {
			t.Errorf("a used slip answers %v", again)
		}
		if n := f.Count(t, `SELECT count(*) FROM accounts WHERE username = 'somebody1'`); n != 0 {
			t.Error("a used slip made an account")
		}
	})
}

func TestACodeStandsNowhereButOnPaper(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order(f.pupils[0].ID))["韩梅梅"]
		var index []byte
		if err := f.DB.QueryRow(t.Context(), `SELECT code_index FROM activation_slips`).Scan(&index); err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(code, "-", "")
		if strings.Contains(string(index), plain) {
			t.Error("the database holds the code")
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE details LIKE $1 OR details LIKE $2`, "%"+plain+"%", "%"+code+"%"); n != 0 {
			t.Error("the audit record holds the code")
		}
	})
}

func TestOfManyWhoUseOneSlipExactlyOneIsTaken(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order())["李雷"]
		answers := make([]roomtest.Answer, 6)
		begin := make(chan struct{})
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				<-begin
				answers[i] = f.register(t, code, fmt.Sprintf("lilei%03d", i))
			})
		}
		close(begin)
		all.Wait()
		made := 0
		for _, a := range answers {
			if a.Status == 201 {
				made++
			} else if a.Get("code") != "slip_used" {
				t.Errorf("a loser is told %v", a)
			}
		}
		if n := f.Count(t, `SELECT count(*) FROM accounts WHERE username LIKE 'lilei%'`); made != 1 || n != 1 {
			t.Errorf("%d were told they have an account, %d have one", made, n)
		}
	})
}

func TestPrintingAgainEndsTheOldSlipOnlyWhenAsked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first := f.print(t, f.order(f.pupils[0].ID))["韩梅梅"]
		rest := f.print(t, f.order())
		if len(rest) != 2 || rest["韩梅梅"] != "" {
			t.Errorf("printed for %v, want the two who had none", rest)
		}
		if _, err := f.slips.Print(f.as(t, f.admin), f.order()); !fault.Is(err, slips.ErrSlipNotNeeded) {
			t.Errorf("printing for nobody: %v", err)
		}
		expect(t, f.check(t, first), 200, "")
		anew := f.order()
		anew.Replace = true
		second := f.print(t, anew)
		if len(second) != 3 || second["韩梅梅"] == first {
			t.Errorf("printed again for %v", second)
		}
		expect(t, f.check(t, first), 422, "slip_invalid")
		expect(t, f.register(t, first, "hanmeimei"), 422, "slip_invalid")
		expect(t, f.register(t, second["韩梅梅"], "hanmeimei"), 201, "")
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'slip.print' AND actor_id = $1 AND details LIKE '%"ended":3%'`, f.admin.ID); n != 1 {
			t.Error("the record does not say that three slips were ended")
		}
	})
}

func TestASlipExpires(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order())["林涛"]
		f.forward(31 * 24 * time.Hour)
		expect(t, f.check(t, code), 422, "slip_expired")
		expect(t, f.register(t, code, "lintao"), 422, "slip_expired")
		if h := f.holder(t, "林涛"); h["state"] != "expired" || h["activated"] != false {
			t.Errorf("listed as %v", h)
		}
		expect(t, f.register(t, f.print(t, f.order())["林涛"], "lintao"), 201, "")
	})
}

func TestAnEndedSlipWorksNoMore(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		codes := f.print(t, f.order())
		a := f.Do(t, f.admin, "POST", "/api/v1/slips/end", object{"class_id": f.class.ID, "entry_ids": []string{f.pupils[1].ID}})
		expect(t, a, 200, "")
		if a.Get("ended") != 1.0 || f.holder(t, "李雷")["state"] != "ended" {
			t.Errorf("ended %v, then listed as %v", a, f.holder(t, "李雷"))
		}
		expect(t, f.register(t, codes["李雷"], "lilei001"), 422, "slip_invalid")
		expect(t, f.register(t, codes["韩梅梅"], "hanmeimei"), 201, "")
	})
}

func TestASlipOfSomebodyActivatedMeanwhileIsTurnedAway(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order())["李雷"]
		holder := f.Person(t, "student")
		f.Bind(t, holder, f.pupils[1], roster.Student)
		if a := f.check(t, code); a.Get("code") != "slip_used" || a.Get("kind") != "student" || a.Get("next_step.action") != "sign_in" {
			t.Errorf("whoever holds the slip is told %v", a)
		}
		expect(t, f.register(t, code, "lilei001"), 409, "slip_used")
		if h := f.holder(t, "李雷"); h["activated"] != true || h["state"] != "ended" || h["can_reset"] != false {
			t.Errorf("listed as %v", h)
		}
		// They have a phone: neither a slip to activate nor one for the password is theirs to have.
		order := f.order(f.pupils[1].ID)
		order.Replace = true
		if _, err := f.slips.Print(f.as(t, f.admin), order); !fault.Is(err, slips.ErrSlipNotNeeded) {
			t.Errorf("printing for somebody activated by phone: %v", err)
		}
	})
}

func TestAForgottenPasswordIsSetAnewByASlip(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		first := f.print(t, f.order())["韩梅梅"]
		p := person(f.register(t, first, "hanmeimei"))
		if printed := f.print(t, slips.Order{Group: slips.Group{ClassID: f.class.ID}, Replace: true}); printed["韩梅梅"] != "" {
			t.Error("printing for the class set a pupil's password at stake who was not chosen")
		}
		code := f.print(t, f.order(f.pupils[0].ID))["韩梅梅"]
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'slip.print_reset' AND actor_id = $1 AND target_id = $2 AND school_id = $3
			AND details LIKE '%"masked_name":"韩%' AND details NOT LIKE '%韩梅梅%' AND details LIKE '%"ha*****ei"%'`, f.admin.ID, f.pupils[0].ID, f.Here.ID); n != 1 {
			t.Errorf("%d records say whose account the slip opens", n)
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'slip.print_with_resets' AND target_id = $1 AND details LIKE '%"resets":1%'`, f.class.ID); n != 1 {
			t.Errorf("%d records of the class say how many of the slips were for a new password", n)
		}
		a := f.check(t, code)
		expect(t, a, 200, "")
		if a.Get("purpose") != "reset_password" || a.Get("masked_username") != "ha*****ei" {
			t.Errorf("the slip shows %v", a)
		}
		expect(t, f.register(t, code, "somebody1"), 409, "slip_used")
		set := func(code, password string) roomtest.Answer {
			return f.Do(t, roomtest.Person{}, "POST", "/api/v1/slips/passwords", object{"code": code, "password": password})
		}
		expect(t, set(code, "short"), 422, "password_invalid")
		a = set(code, "Another2026")
		expect(t, a, 201, "")
		if a.Get("account.username") != "hanmeimei" {
			t.Errorf("the pupil is not told their username: %v", a)
		}
		if actor, _ := f.Accounts.Resolve(t.Context(), p.Token); !actor.Anonymous() {
			t.Error("a session from before lives on")
		}
		if actor, _ := f.Accounts.Resolve(t.Context(), person(a).Token); actor.AccountID != p.ID {
			t.Error("the pupil is not signed in")
		}
		if _, err := f.Accounts.SignIn(t.Context(), "hanmeimei", roomtest.Password, accounts.Begin{}); err == nil {
			t.Error("the old password still opens the account")
		}
		expect(t, set(code, "Third2026"), 409, "slip_used")
		expect(t, set(first, "Third2026"), 422, "slip_invalid")
	})
}

// A slip lies on a desk: it opens no account that administers anything, and none that its owner has frozen.
func TestASlipSetsNoPasswordOfAnAdministratorOrAFrozenAccount(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		p := person(f.register(t, f.print(t, f.order())["韩梅梅"], "hanmeimei"))
		code := f.print(t, f.order(f.pupils[0].ID))["韩梅梅"]
		set := func() roomtest.Answer {
			return f.Do(t, roomtest.Person{}, "POST", "/api/v1/slips/passwords", object{"code": code, "password": "Another2026"})
		}
		run := func(statement string, args ...any) {
			t.Helper()
			if _, err := f.DB.Exec(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		run(`INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, 'county', '510104', 0)`, p.ID)
		expect(t, set(), 409, "slip_used")
		if _, err := f.slips.Print(f.as(t, f.admin), f.order(f.pupils[0].ID)); err == nil {
			t.Error("a slip is printed that would open an administrator's account")
		}
		run(`DELETE FROM grants WHERE account_id = $1`, p.ID)
		run(`INSERT INTO security_events (id, account_id, kind, done_by, address, user_agent, masked_phone, at) VALUES ('event', $1, 'bound', 'self', '', '', '', 0)`, p.ID)
		run(`INSERT INTO freezes (account_id, event_id, frozen_at) VALUES ($1, 'event', 0)`, p.ID)
		expect(t, set(), 403, "account_frozen")
		run(`DELETE FROM freezes WHERE account_id = $1`, p.ID)
		expect(t, set(), 201, "")
	})
}

func TestAnAccountWithAPhoneIsBoundByASlip(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		codes := f.print(t, f.order())
		p := f.Person(t, "student")
		a := f.Do(t, p, "POST", "/api/v1/me/binding/slip", object{"code": codes["韩梅梅"]})
		expect(t, a, 201, "")
		if a.Get("name") != "韩梅梅" || a.Get("class.id") != f.class.ID {
			t.Errorf("bound to %v", a)
		}
		// Somebody is one person: the second slip is not used up by trying.
		expect(t, f.Do(t, p, "POST", "/api/v1/me/binding/slip", object{"code": codes["李雷"]}), 409, "already_bound")
		expect(t, f.register(t, codes["李雷"], "lilei001"), 201, "")
		expect(t, f.Do(t, f.Newcomer(t, "student"), "POST", "/api/v1/me/binding/slip", object{"code": codes["林涛"]}), 403, "phone_required")
	})
}

// F-21: a child's slip in a parent's hand confirms the parent; it never makes the parent's account the child's.
func TestAPupilsSlipMakesNoPupilOfAParentOrATeacher(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		codes := f.print(t, f.order())
		bind := func(p roomtest.Person, code string) roomtest.Answer {
			return f.Do(t, p, "POST", "/api/v1/me/binding/slip", object{"code": code})
		}
		parent, asking, teacher := f.Person(t, "parent"), f.Person(t, "public"), f.Person(t, "teacher")
		e := f.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩冬冬", IDNumber: roomtest.IDNumber(501), SchoolID: f.Here.ID})
		expect(t, f.Do(t, asking, "POST", "/api/v1/me/binding", object{"kind": "parent", "id_type": "resident_id", "id_number": roomtest.IDNumber(501), "name": e.Name}), 201, "")
		f.Bind(t, teacher, f.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林老师", IDNumber: roomtest.IDNumber(502), SchoolID: f.Here.ID}), "teacher")
		for _, p := range []roomtest.Person{parent, asking, teacher} {
			a := bind(p, codes["韩梅梅"])
			if expect(t, a, 409, "slip_of_child"); a.Get("next_step.action") != "use_as_guardian" || a.Get("next_step.href") != "/verify?child=" {
				t.Errorf("no way on: %v", a)
			}
		}
		if n := f.Count(t, `SELECT count(*) FROM accounts WHERE role = 'student'`); n != 0 {
			t.Errorf("%d accounts became a pupil's", n)
		}
		expect(t, bind(f.Person(t, "public"), codes["韩梅梅"]), 201, "") // nothing was used up by it
		// Whose slip is used is told how to go on: a parent as the guardian, a pupil not by signing in again.
		if a := f.Do(t, parent, "POST", "/api/v1/slips/check", object{"code": codes["韩梅梅"]}); a.Get("next_step.action") != "use_as_guardian" {
			t.Errorf("a parent with a used slip: %v", a)
		}
		if a := f.Do(t, f.Person(t, "student"), "POST", "/api/v1/slips/check", object{"code": codes["韩梅梅"]}); a.Get("next_step") != nil {
			t.Errorf("a pupil who is signed in: %v", a)
		}
	})
}

func TestWhatIsTypedWrongCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order())["韩梅梅"]
		a := f.register(t, code, "张")
		expect(t, a, 422, "username_invalid")
		f.Person(t, "student") // has the username person0002
		expect(t, f.register(t, code, "PERSON0002"), 409, "username_taken")
		if n := f.Count(t, `SELECT count(*) FROM activation_slips WHERE used_at IS NOT NULL`); n != 0 {
			t.Error("a registration that failed used the slip up")
		}
		expect(t, f.register(t, code, "hanmeimei"), 201, "")
	})
}

func TestGuessingIsSlowedDownAndTypingIsNot(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order())["韩梅梅"]
		for range 10 {
			expect(t, f.check(t, "K7MP-3FQA"), 422, "slip_invalid")
		}
		expect(t, f.check(t, code), 200, "")
		for range 3 {
			a := f.check(t, slips.NewCode())
			expect(t, a, 422, "slip_invalid")
		}
		a := f.check(t, slips.NewCode())
		expect(t, a, 429, "too_many_attempts")
		if a.Header.Get("Retry-After") == "" || a.Get("next_step") != nil {
			t.Errorf("the answer does not say when to go on: %v", a)
		}
	})
}

func TestSlipsArePrintedWithinTheScope(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		path := "/api/v1/slips?class_id=" + f.class.ID
		of := object{"class_id": f.class.ID}
		staff := func(school string, teaches bool) roomtest.Person {
			f.used++
			entry := f.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "魏华", IDNumber: roomtest.IDNumber(f.used), SchoolID: school})
			p := f.Person(t, "teacher")
			f.Bind(t, p, entry, roster.Teacher)
			if teaches {
				f.InTx(t, func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), `INSERT INTO class_teachers (class_id, entry_id) VALUES ($1, $2)`, f.class.ID, entry.ID)
					return err
				})
			}
			return p
		}
		pupil := f.Person(t, "student")
		f.Bind(t, pupil, f.pupils[2], roster.Student)
		for name, outside := range map[string]roomtest.Person{
			"another school": f.Administrator(t, access.School, f.Nearby.ID), "another city": f.Administrator(t, access.City, "510300"),
			"a pupil": pupil, "a colleague": staff(f.Here.ID, false), "nobody verified": f.Person(t, "teacher"),
		} {
			for _, a := range []roomtest.Answer{
				f.Do(t, outside, "GET", path, nil), f.Do(t, outside, "POST", "/api/v1/slips", of), f.Do(t, outside, "POST", "/api/v1/slips/end", of),
			} {
				if a.Status != 404 {
					t.Errorf("%s gets %v", name, a)
				}
			}
		}
		teacher := staff(f.Here.ID, true)
		expect(t, f.Do(t, teacher, "GET", path, nil), 200, "")
		expect(t, f.Do(t, teacher, "POST", "/api/v1/slips", of), 200, "")
		// The teachers of a school are its administrators' to print for.
		expect(t, f.Do(t, teacher, "POST", "/api/v1/slips", object{"school_id": f.Here.ID}), 404, "not_found")
		other := f.pupil(t, "外班生", f.Class(t, f.Here.ID, 2))
		expect(t, f.Do(t, teacher, "POST", "/api/v1/slips", object{"class_id": f.class.ID, "entry_ids": []string{other.ID}}), 422, "invalid")
		for code, of := range map[string]object{"missing": {}, "slips_class_or_school": {"class_id": f.class.ID, "school_id": f.Here.ID}} {
			a := f.Do(t, f.admin, "POST", "/api/v1/slips", of)
			expect(t, a, 422, "invalid")
			if !strings.Contains(a.Text, `"field":"class_id","code":"`+code+`"`) {
				t.Errorf("%v is told %v", of, a)
			}
		}
		expect(t, f.Do(t, f.Administrator(t, access.Province, "510000"), "POST", "/api/v1/slips", object{"class_id": f.class.ID, "replace": true}), 200, "")
	})
}

func TestTeachersOfASchoolGetSlipsToo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "魏华", IDNumber: roomtest.IDNumber(900), SchoolID: f.Here.ID})
		code := f.print(t, slips.Order{Group: slips.Group{SchoolID: f.Here.ID}})["魏华"]
		a := f.register(t, code, "weihua01")
		expect(t, a, 201, "")
		if a.Get("account.role") != "teacher" {
			t.Errorf("registered as %v", a)
		}
	})
}

func TestTheListCountsAndPages(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		codes := f.print(t, f.order(f.pupils[0].ID, f.pupils[1].ID))
		expect(t, f.register(t, codes["韩梅梅"], "hanmeimei"), 201, "")
		a := f.list(t)
		for count, want := range map[string]float64{"people": 3, "activated": 1, "unused": 1, "none": 1, "expired": 0, "ended": 0} {
			if a.Get("counts."+count) != want {
				t.Errorf("%s: %v, want %v", count, a.Get("counts."+count), want)
			}
		}
		if h := f.holder(t, "韩梅梅"); h["state"] != "used" || h["masked_username"] != "ha*****ei" || h["can_reset"] != true {
			t.Errorf("listed as %v", h)
		}
		var names []string
		cursor := ""
		for range 3 {
			a := f.Do(t, f.admin, "GET", "/api/v1/slips?limit=1&class_id="+f.class.ID+"&cursor="+cursor, nil)
			expect(t, a, 200, "")
			names = append(names, fmt.Sprint(a.Items()[0]["name"]))
			cursor, _ = a.Get("next_cursor").(string)
		}
		if cursor != "" || strings.Join(names, " ") != "韩梅梅 李雷 林涛" {
			t.Errorf("pages hold %v, then %q", names, cursor)
		}
	})
}

func TestARemovedEntryTakesItsSlipAlong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		code := f.print(t, f.order())["林涛"]
		f.Roster.Mount(f.Server)
		expect(t, f.Do(t, f.admin, "DELETE", "/api/v1/admin/registry/"+f.pupils[2].ID, nil), 204, "")
		expect(t, f.register(t, code, "lintao01"), 422, "slip_invalid")
	})
}
