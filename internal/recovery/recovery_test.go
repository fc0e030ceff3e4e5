package recovery_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

const newPassword = "Huanhua2027"

func TestTheSchoolVouchesAndTheAccountComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		admin := w.Administrator(t, access.School, w.Here.ID)
		number := file(t, w, phone)
		if !regexp.MustCompile(`^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$`).MatchString(number) {
			t.Errorf("tracking number %q", number)
		}
		contains(t, newest(t, w, phone), number)
		told := status(t, w, strings.ToLower(strings.ReplaceAll(number, "-", " ")))
		if told.Get("state") != "open" || told.Get("waiting") != "school" || told.Get("until") == nil {
			t.Errorf("the person reads %v", told)
		}

		path := onlyRequest(t, w, admin)
		read := w.Do(t, admin, "GET", path, nil)
		expect(t, read, 200, "")
		contains(t, read.Text, owner.Phone[:3]+"****"+owner.Phone[7:], "pe******01", "510104********")
		for _, secret := range []string{roomtest.IDNumber(1), owner.Phone, phone, owner.Username, number} {
			if strings.Contains(read.Text, secret) {
				t.Errorf("the administrator reads %q unmasked", secret)
			}
		}
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": " "}), 422, "invalid")
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 200, "")
		contains(t, newest(t, w, phone), number)
		contains(t, newest(t, w, owner.Phone), phone[:3]+"****"+phone[7:])
		if told := status(t, w, number); told.Get("state") != "approved" || told.Get("waiting") != "person" || told.Get("reason") != "当面核实" {
			t.Errorf("the person reads %v", told)
		}

		finish := "/api/v1/recovery/password" + of(number)
		expect(t, w.Do(t, roomtest.Person{}, "POST", finish, object{"sms_code": code(t, w, phone), "new_password": "short"}), 422, "password_invalid")
		expect(t, w.Do(t, roomtest.Person{}, "POST", finish, object{"sms_code": "000000", "new_password": newPassword}), 422, "sms_code_wrong")
		done := w.Do(t, roomtest.Person{}, "POST", finish, object{"sms_code": code(t, w, phone), "new_password": newPassword})
		expect(t, done, 200, "")
		if done.Get("username") != owner.Username {
			t.Errorf("the username shown is %v, want %s", done.Get("username"), owner.Username)
		}
		for _, login := range []string{owner.Username, phone} {
			if _, err := w.Accounts.SignIn(t.Context(), login, newPassword, accounts.Begin{}); err != nil {
				t.Errorf("signing in as %s: %v", login, err)
			}
		}
		if _, err := w.Accounts.SignIn(t.Context(), owner.Phone, newPassword, accounts.Begin{}); err == nil {
			t.Error("the phone before still opens the account")
		}
		expect(t, w.Do(t, owner, "DELETE", "/api/v1/me/binding", object{"password": newPassword}), 401, "unauthenticated") // the sessions before have ended
		expect(t, w.Do(t, roomtest.Person{}, "POST", finish, object{"sms_code": "000000", "new_password": newPassword}), 409, "recovery_closed")
		for _, action := range []string{"recovery.file", "recovery.approve", "recovery.complete", "account.recover", "account.change_phone"} {
			if w.Count(t, `SELECT count(*) FROM audit_records WHERE action = $1 AND school_id = $2`, action, w.Here.ID) != 1 {
				t.Errorf("%s is not in the school's record", action)
			}
		}
	})
}

func TestNoAnswerTellsAStrangerWhoIsEnrolled(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		number := file(t, w, phone)
		unknown := file(t, w, "13890001235", object{"id_number": roomtest.IDNumber(2)})
		misnamed := file(t, w, "13890001236", object{"name": "林滔"})
		shape := func(number string) string {
			a := status(t, w, number)
			text := strings.NewReplacer(number, "N", a.Get("masked_phone").(string), "P").Replace(a.Text)
			return regexp.MustCompile(`\d{4}-\d\d-\d\dT[^"]*`).ReplaceAllString(text, "T")
		}
		if known := shape(number); known != shape(unknown) || known != shape(misnamed) {
			t.Errorf("the answers differ:\n%s\n%s\n%s", known, shape(unknown), shape(misnamed))
		}
		if strings.Contains(status(t, w, number).Text, w.Here.Name) {
			t.Error("the status names the entry's school")
		}
	})
}

func TestAPhoneHasOneRequestAndIsLedToIt(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		number := file(t, w, phone)
		again := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recoveries", claim(phone, code(t, w, phone)))
		expect(t, again, 409, "recovery_open")
		if again.Get("tracking_number") != number {
			t.Errorf("led to %v, want %s", again.Get("tracking_number"), number)
		}
		file(t, w, "13890001235") // somebody else, who claims to be the same person: the school decides, and is told
		admin := w.Administrator(t, access.County, "510104")
		list := w.Do(t, admin, "GET", "/api/v1/admin/recoveries", nil).Items()
		if len(list) != 2 {
			t.Fatalf("%d requests in the list", len(list))
		}
		read := w.Do(t, admin, "GET", "/api/v1/admin/recoveries/"+list[0]["id"].(string), nil)
		if read.Get("findings.others") != 1.0 {
			t.Errorf("the administrator is not told of the other request: %v", read)
		}
		expect(t, w.Do(t, roomtest.Person{}, "DELETE", "/api/v1/recovery"+of(number), nil), 200, "")
		expect(t, w.Do(t, roomtest.Person{}, "DELETE", "/api/v1/recovery"+of(number), nil), 200, "") // a repeat
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'recovery.withdraw'`); n != 1 {
			t.Errorf("withdrawn %d times", n)
		}
		file(t, w, phone)
	})
}

func TestOfManyClicksOneRequestIsMade(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		body := claim(phone, code(t, w, phone))
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { w.Do(t, roomtest.Person{}, "POST", "/api/v1/recoveries", body) })
		}
		all.Wait()
		if n := w.Count(t, `SELECT count(*) FROM recoveries`); n != 1 {
			t.Errorf("%d requests of six clicks at once", n)
		}
	})
}

func TestAPhoneOfAnotherAccountIsToldBeforeAnybodyIsAsked(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		other := w.Person(t, "teacher")
		a := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recoveries", claim(other.Phone, code(t, w, other.Phone)))
		expect(t, a, 409, "recovery_phone_in_use")
		contains(t, a.Text, "pe******02")
		file(t, w, owner.Phone) // one's own phone is welcome: the name and password are what is lost
		admin := w.Administrator(t, access.School, w.Here.ID)
		path := onlyRequest(t, w, admin)
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 200, "")
		if strings.Contains(newest(t, w, owner.Phone), "有人申请") {
			t.Error("the owner is warned of themselves")
		}
	})
}

func TestARejectionSaysWhyAndLetsThePersonAskAgain(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		number, admin := file(t, w, phone), w.Administrator(t, access.School, w.Here.ID)
		path := onlyRequest(t, w, admin)
		expect(t, w.Do(t, admin, "POST", path+"/reject", object{"reason": ""}), 422, "invalid")
		expect(t, w.Do(t, admin, "POST", path+"/reject", object{"reason": "请到教务处核实"}), 200, "")
		contains(t, newest(t, w, phone), "请到教务处核实", number)
		if told := status(t, w, number); told.Get("state") != "rejected" || told.Get("reason") != "请到教务处核实" {
			t.Errorf("the person reads %v", told)
		}
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "好"}), 409, "recovery_closed")
		file(t, w, phone)
	})
}

func TestOfTwoWhoDecideAtOnceOneDoes(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		file(t, w, phone)
		admins := []roomtest.Person{
			w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104"),
			w.Administrator(t, access.City, "510100"), w.Administrator(t, access.Province, "510000"),
		}
		path := onlyRequest(t, w, admins[0])
		answers := make([]roomtest.Answer, len(admins))
		var all sync.WaitGroup
		for i, admin := range admins {
			how := []string{"/approve", "/reject"}[i%2]
			all.Go(func() { answers[i] = w.Do(t, admin, "POST", path+how, object{"reason": "核实"}) })
		}
		all.Wait()
		done := 0
		for _, a := range answers {
			if a.Status == 200 {
				done++
			} else {
				expect(t, a, 409, "recovery_closed")
			}
		}
		decided := w.Count(t, `SELECT count(*) FROM audit_records WHERE action IN ('recovery.approve', 'recovery.reject')`)
		if done != 1 || decided != 1 {
			t.Errorf("%d decided, %d recorded", done, decided)
		}
	})
}

// The account's phone is told of the approval with a link that says "this was not me": it freezes the account, which is not given
// back then. What was said of an earlier request does not stand in the way of one that is approved afterwards.
func TestThePhoneOfTheAccountObjects(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		admin := w.Administrator(t, access.School, w.Here.ID)
		approve := func() (number string) {
			number = file(t, w, phone)
			expect(t, w.Do(t, admin, "POST", onlyRequest(t, w, admin)+"/approve", object{"reason": "当面核实"}), 200, "")
			return number
		}
		finish := func(number string) roomtest.Answer {
			return w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/password"+of(number), object{"sms_code": code(t, w, phone), "new_password": newPassword})
		}
		for range 2 { // the second time of an account that is frozen already
			number := approve()
			_, token, found := strings.Cut(newest(t, w, owner.Phone), "/n#")
			if !found {
				t.Fatalf("the phone reads %q", newest(t, w, owner.Phone))
			}
			expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/freeze", object{"token": token}), 200, "")
			stopped := func(when string) {
				t.Helper()
				if told := status(t, w, number); told.Get("state") != "expired" || told.Get("stopped") != true || told.Get("waiting") != "nobody" {
					t.Errorf("%s the person reads %v", when, told)
				}
			}
			stopped("before anything is tried")
			expect(t, finish(number), 409, "recovery_objected")
			stopped("afterwards")
			if told := status(t, w, number); !strings.Contains(told.Text, `"step":"stopped"`) {
				t.Errorf("the person reads %v", told)
			}
		}
		if n := w.Count(t, `SELECT count(*) FROM freezes WHERE account_id = $1`, owner.ID); n != 1 {
			t.Error("the account is not frozen")
		}
		if _, err := w.Accounts.SignIn(t.Context(), owner.Username, newPassword, accounts.Begin{}); err == nil {
			t.Error("the account was given away")
		}
		sweeping := approve()
		_, token, _ := strings.Cut(newest(t, w, owner.Phone), "/n#")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/freeze", object{"token": token}), 200, "")
		if err := after(w, 0).Sweep(t.Context()); err != nil || w.Count(t, `SELECT count(*) FROM recoveries WHERE state = 'approved'`) != 0 {
			t.Errorf("a request that was stopped goes on: %v, %v", err, status(t, w, sweeping))
		}
		expect(t, finish(approve()), 200, "")
	})
}

// Whoever has lost the SMS stops it from within the account, with the password, and is as safe as by its link.
func TestTheOwnerDeniesARequestWithinTheAccount(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		admin, other := w.Administrator(t, access.School, w.Here.ID), w.Person(t, "teacher")
		asking := func(p roomtest.Person) []map[string]any {
			t.Helper()
			a := w.Do(t, p, "GET", "/api/v1/me/recoveries", nil)
			expect(t, a, 200, "")
			return a.Items()
		}
		deny := func(p roomtest.Person, password string) roomtest.Answer {
			return w.Do(t, p, "POST", "/api/v1/me/recoveries/deny", object{"password": password})
		}
		expect(t, deny(owner, roomtest.Password), 404, "not_found")
		number := file(t, w, phone)
		if all := asking(owner); len(all) != 1 || all[0]["state"] != "open" || all[0]["masked_phone"] != "138****1234" || all[0]["among"] != false || strings.Contains(fmt.Sprint(all), number) {
			t.Fatalf("the owner reads %v", all)
		}
		if len(asking(other)) != 0 {
			t.Error("somebody else reads of it")
		}
		expect(t, deny(other, roomtest.Password), 404, "not_found")
		expect(t, deny(owner, "Wrong2026"), 422, "password_wrong")
		told := deny(owner, roomtest.Password)
		expect(t, told, 200, "")
		if told.Get("state") != "frozen" || told.Get("masked_phone") != "138****"+owner.Phone[7:] || told.Get("school") != w.Here.Name {
			t.Errorf("the owner is told %v", told)
		}
		expect(t, w.Do(t, owner, "GET", "/api/v1/me/recoveries", nil), 401, "unauthenticated")
		path := onlyRequest(t, w, admin)
		if accounts := w.Do(t, admin, "GET", path, nil).Get("findings.accounts").([]any); accounts[0].(map[string]any)["objected"] != true {
			t.Errorf("whoever decides reads %v", accounts)
		}
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 409, "recovery_objected")
		if n := w.Count(t, `SELECT count(*) FROM tickets WHERE kind = 'frozen' AND state = 'open' AND account_id = $1`, owner.ID); n != 1 {
			t.Error("the school is not asked to restore the account")
		}

		// Back again, the owner is not asked anew.
		code, err := w.Accounts.Unfreeze(access.WithActor(t.Context(), access.Actor{AccountID: admin.ID, Grants: []access.Grant{{Level: access.School, ScopeID: w.Here.ID}}}), owner.ID, "本人来校", "")
		if err != nil {
			t.Fatal(err)
		}
		in := w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": owner.Username, "password": code.OneTimeCode})
		expect(t, in, 201, "")
		owner.Token = in.Get("token").(string)
		if all := asking(owner); len(all) != 0 {
			t.Errorf("what has been denied is asked again: %v", all)
		}

		// What is asked for later was not denied with it: the owner is told anew, and may be given the account back.
		file(t, w, "13880005678")
		if all := asking(owner); len(all) != 1 || all[0]["masked_phone"] != "138****5678" {
			t.Errorf("of a later request the owner reads %v", all)
		}
		if n := w.Count(t, `SELECT count(*) FROM recoveries r JOIN notice_links l ON l.event_id = r.asked_event WHERE l.used_at IS NULL AND r.told_at IS NOT NULL`); n != 1 {
			t.Errorf("%d links to the later request", n)
		}
	})
}

// The account that stood for the person when it was asked for is not the one that says "not me" now.
func TestARequestThatAnotherHolderWasToldOfIsDenied(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		before, e := lost(t, w)
		file(t, w, phone)
		if _, err := w.DB.Exec(t.Context(), `DELETE FROM bindings WHERE account_id = $1`, before.ID); err != nil {
			t.Fatal(err)
		}
		owner := w.Person(t, "teacher")
		w.Bind(t, owner, e, roster.Teacher)
		expect(t, w.Do(t, owner, "POST", "/api/v1/me/recoveries/deny", object{"password": roomtest.Password}), 200, "")
		admin := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, admin, "POST", onlyRequest(t, w, admin)+"/approve", object{"reason": "当面核实"}), 409, "recovery_objected")
	})
}

// Who was not yet verified when somebody asked has had no SMS, and may say so all the same.
func TestARequestFromBeforeTheVerificationIsDenied(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e := w.Entry(t, roster.NewEntry{Kind: roster.Teacher, Name: "林涛", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		number := file(t, w, phone)
		owner := w.Person(t, "teacher")
		w.Bind(t, owner, e, roster.Teacher)
		expect(t, w.Do(t, owner, "POST", "/api/v1/me/recoveries/deny", object{"password": roomtest.Password}), 200, "")
		admin := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, admin, "POST", onlyRequest(t, w, admin)+"/approve", object{"reason": "当面核实"}), 409, "recovery_objected")
		if told := status(t, w, number); told.Get("state") != "open" {
			t.Errorf("whoever asked reads %v", told)
		}
	})
}

// After an approved recovery the phone of before takes nothing back, and nobody says so.
func TestThePhoneBeforeARecoveryTakesNothingBack(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		admin := w.Administrator(t, access.School, w.Here.ID)
		number := file(t, w, phone)
		expect(t, w.Do(t, admin, "POST", onlyRequest(t, w, admin)+"/approve", object{"reason": "当面核实"}), 200, "")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/password"+of(number), object{"sms_code": code(t, w, phone), "new_password": newPassword}), 200, "")
		_, token, _ := strings.Cut(newest(t, w, owner.Phone), "/n#")
		told := w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/freeze", object{"token": token})
		expect(t, told, 200, "")
		refused := w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": owner.Username, "password": newPassword})
		expect(t, refused, 403, "account_frozen")
		freeze, err := w.Accounts.FreezeOf(t.Context(), w.DB, owner.ID)
		if err != nil {
			t.Fatal(err)
		}
		if told.Get("masked_phone") != nil || freeze.MaskedPhone != nil || refused.Get("next_step") != nil || strings.Contains(refused.Text, "****") {
			t.Errorf("the page tells %v, signing in %v, the ticket %v", told, refused, freeze)
		}
	})
}

// Whose account is asked for hears of it at once, and may stop it before anybody decides; whoever decides sees that.
func TestTheOwnerHearsOfARequestWhenItIsFiled(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		file(t, w, phone)
		admin := w.Administrator(t, access.School, w.Here.ID)
		path := onlyRequest(t, w, admin)
		contains(t, newest(t, w, owner.Phone), "正在核实", "138****1234")
		accounts := func() object {
			return w.Do(t, admin, "GET", path, nil).Get("findings.accounts").([]any)[0].(object)
		}
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO tickets (id, kind, state, account_id, school_id, sealed, answer, created_at, holder_id) VALUES ('1', 'not_me', 'open', $1, $2, $3, '', 0, $4)`,
				admin.ID, w.Here.ID, []byte{}, owner.ID)
			return err
		})
		if a := accounts(); a["contested"] != true || a["objected"] != false {
			t.Errorf("the decider sees %v", a)
		}
		_, token, _ := strings.Cut(newest(t, w, owner.Phone), "/n#")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/freeze", object{"token": token}), 200, "")
		if a := accounts(); a["objected"] != true {
			t.Errorf("the decider sees %v", a)
		}
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 409, "recovery_objected")
	})
}

// However often, and from however many phones, somebody asks within a day, the owner hears once, and what they answer stops all
// that came before it. What comes after it they hear of anew: it may be their own.
func TestTheOwnerHearsOnceADayOfAllWhoAsk(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		admin := w.Administrator(t, access.School, w.Here.ID)
		told := func(want int) {
			t.Helper()
			if n := askedFor(t, w, owner.Phone); n != want {
				t.Errorf("told %d times, want %d", n, want)
			}
		}
		first := file(t, w, phone)
		expect(t, w.Do(t, roomtest.Person{}, "DELETE", "/api/v1/recovery"+of(first), nil), 200, "")
		file(t, w, phone)
		file(t, w, "13890001235")
		told(1)
		_, token, _ := strings.Cut(newest(t, w, owner.Phone), "/n#")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/notice-links/freeze", object{"token": token}), 200, "")
		file(t, w, "13890001236")
		file(t, w, "13890001237")
		told(2)
		got := []int{}
		for _, r := range w.Do(t, admin, "GET", "/api/v1/admin/recoveries?state=open", nil).Items() { // the newest first
			got = append(got, w.Do(t, admin, "POST", "/api/v1/admin/recoveries/"+r["id"].(string)+"/approve", object{"reason": "当面核实"}).Status)
		}
		if !slices.Equal(got, []int{200, 200, 409, 409}) {
			t.Errorf("approving answers %v: the answer stops what came before it, and nothing else", got)
		}
		w.InTx(t, func(tx *db.Tx) error { // a day passes
			_, err := tx.Exec(t.Context(), `UPDATE recoveries SET told_at = told_at - 86400000`)
			return err
		})
		file(t, w, "13890001238")
		told(3)
	})
}

func TestAnAccountThatWasUnboundMeanwhileIsNotGivenAway(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, entry := lost(t, w)
		number, admin := file(t, w, phone), w.Administrator(t, access.School, w.Here.ID)
		unbind := func() {
			w.InTx(t, func(tx *db.Tx) error {
				_, err := w.Verification.Unbind(t.Context(), tx, entry, "test")
				return err
			})
		}
		unbind()
		path := onlyRequest(t, w, admin)
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 409, "recovery_moot")
		if told := status(t, w, number); told.Get("state") != "open" || told.Get("reason") != nil {
			t.Errorf("a failed approval left its mark: %v", told)
		}
		w.Bind(t, owner, entry, roster.Teacher)
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 200, "")
		unbind()
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/password"+of(number),
			object{"sms_code": code(t, w, phone), "new_password": newPassword}), 409, "recovery_moot")
		if _, err := w.Accounts.SignIn(t.Context(), owner.Username, roomtest.Password, accounts.Begin{}); err != nil {
			t.Errorf("the account changed hands: %v", err)
		}
		if told := status(t, w, number); told.Get("state") != "expired" {
			t.Errorf("the request is %v, and its phone cannot ask again", told.Get("state"))
		}
		file(t, w, phone)
	})
}

func TestAPhoneThatIsTakenMeanwhileIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		number, admin := file(t, w, phone), w.Administrator(t, access.School, w.Here.ID)
		path := onlyRequest(t, w, admin)
		take := func() {
			expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/sms-codes", object{"phone": phone, "purpose": "register"}), 202, "")
			_, sms := w.Text(t, phone, "register")
			if _, err := w.Accounts.Register(t.Context(), accounts.Registration{
				Username: "newcomer1", Password: roomtest.Password, Phone: phone, Code: sms, Role: "teacher",
			}); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 200, "")
		sms := code(t, w, phone)
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE sms_quotas SET last_sent_at = 0`)
			return err
		})
		take()
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/password"+of(number), object{"sms_code": sms, "new_password": newPassword}), 409, "phone_taken")
	})
}

func TestAGuardianGetsTheirOwnAccountBack(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID})
		mother, father := w.Person(t, "parent"), w.Person(t, "parent")
		for _, p := range []roomtest.Person{mother, father} {
			w.Bind(t, p, child, "parent")
		}
		file(t, w, phone, object{"kind": "parent", "name": "韩梅梅", "id_number": roomtest.IDNumber(3)})
		admin := w.Administrator(t, access.School, w.Here.ID)
		path := onlyRequest(t, w, admin)
		if _, err := w.DB.Exec(t.Context(), `UPDATE guardian_requests SET guardian_name = '韩父', relation = 'father' WHERE account_id = $1`, father.ID); err != nil {
			t.Fatal(err)
		}
		contains(t, w.Do(t, admin, "GET", path, nil).Text, `"guardian_name":"韩父","relation":"father"`) // of two accounts: which is whose
		for _, p := range []roomtest.Person{mother, father} {                                          // nobody knows which of them is meant: no link may freeze the wrong account
			if told := newest(t, w, p.Phone); !strings.Contains(told, "一位家长的账号") || strings.Contains(told, "/n#") {
				t.Errorf("a guardian reads %q", told)
			}
		}
		file(t, w, "13890001235", object{"kind": "parent", "name": "韩梅梅", "id_number": roomtest.IDNumber(3)})
		if n := askedFor(t, w, mother.Phone); n != 1 {
			t.Errorf("a guardian hears %d times within a day", n)
		}
		w.InTx(t, func(tx *db.Tx) error { // a case about the mother's own entry is none about the child's
			_, err := tx.Exec(t.Context(), `INSERT INTO tickets (id, kind, state, account_id, school_id, sealed, answer, created_at, holder_id) VALUES ('1', 'not_me', 'open', $1, $2, $3, '', 0, $4)`,
				admin.ID, w.Here.ID, []byte{}, mother.ID)
			return err
		})
		if read := w.Do(t, admin, "GET", path, nil); strings.Contains(read.Text, `"contested":true`) {
			t.Errorf("the decider reads of a case about something else: %v", read)
		}
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "家长会上核实"}), 422, "invalid")
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "家长会上核实", "account_id": admin.ID}), 409, "recovery_moot")
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "家长会上核实", "account_id": father.ID}), 200, "")
	})
}

func TestNobodyClimbsByGivingAnAdministratorsAccountAway(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, 'county', '510104', $2)`, owner.ID, db.Now())
			return err
		})
		file(t, w, phone)
		admin := w.Administrator(t, access.School, w.Here.ID)
		path := onlyRequest(t, w, admin)
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 403, "recovery_of_administrator")
		expect(t, w.Do(t, w.Administrator(t, access.City, "510100"), "POST", path+"/approve", object{"reason": "当面核实"}), 200, "")
	})
}

func TestAnAccountThatIsAppointedAfterTheApprovalIsNotGivenAway(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		owner, _ := lost(t, w)
		number := file(t, w, phone)
		admin := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, admin, "POST", onlyRequest(t, w, admin)+"/approve", object{"reason": "当面核实"}), 200, "")
		w.InTx(t, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO grants (account_id, level, scope_id, created_at) VALUES ($1, 'county', '510104', $2)`, owner.ID, db.Now())
			return err
		})
		finish := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recovery/password"+of(number), object{"sms_code": code(t, w, phone), "new_password": newPassword})
		expect(t, finish, 409, "recovery_moot")
		contains(t, finish.Text, "任命")
		if _, err := w.Accounts.SignIn(t.Context(), owner.Username, roomtest.Password, accounts.Begin{}); err != nil {
			t.Errorf("the owner cannot sign in any more: %v", err)
		}
	})
}

// A school knows its pupil's parent, and nothing of who else that account stands for.
func TestASchoolGivesNoAccountAwayThatIsNotItsAlone(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID})
		elsewhere := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩雪", IDNumber: roomtest.IDNumber(5), SchoolID: w.Nearby.ID})
		mother := w.Person(t, "parent")
		w.Bind(t, mother, child, "parent")
		w.Bind(t, mother, elsewhere, "parent")
		number := file(t, w, phone, object{"kind": "parent", "name": "韩梅梅", "id_number": roomtest.IDNumber(3)})
		admin := w.Administrator(t, access.School, w.Here.ID)
		path := onlyRequest(t, w, admin)
		expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "当面核实"}), 403, "recovery_beyond")
		if status(t, w, number).Get("state") != "open" {
			t.Error("the request does not wait for the county")
		}
		expect(t, w.Do(t, w.Administrator(t, access.County, w.Here.Region), "POST", path+"/approve", object{"reason": "当面核实"}), 200, "")
	})
}

func TestRequestsAreSeenWhereTheyLieAlone(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		_, entry := lost(t, w)
		file(t, w, phone, object{"school_id": w.Nearby.ID})                                                                       // the entry's own school decides
		file(t, w, "13890001235", object{"school_id": w.Elsewhere.ID, "id_number": roomtest.IDNumber(2)})                         // nobody known: the school that was named
		file(t, w, "13890001236", object{"id_number": roomtest.IDNumber(4)})                                                      // no school at all: the province
		copies := file(t, w, "13890001237", object{"proof": "copies", "school_id": w.Here.ID, "id_number": roomtest.IDNumber(5)}) // customer service
		sendBoth(t, w, copies)
		path := onlyRequest(t, w, w.Administrator(t, access.School, w.Here.ID))
		for _, c := range []struct {
			level access.Level
			scope string
			sees  int
			may   bool
		}{
			{access.School, w.Here.ID, 1, true},
			{access.School, w.Nearby.ID, 0, false},
			{access.School, w.Elsewhere.ID, 1, false},
			{access.County, "510104", 1, true},
			{access.City, "510300", 1, false},
			{access.Province, "510000", 4, true},
			{access.Service, "510000", 1, false},
			{access.Service, "510104", 1, false},
			{access.Service, "510300", 0, false},
		} {
			admin := w.Administrator(t, c.level, c.scope)
			list := w.Do(t, admin, "GET", "/api/v1/admin/recoveries?state=open", nil)
			expect(t, list, 200, "")
			if n := len(list.Items()); n != c.sees {
				t.Errorf("%s %s sees %d requests, want %d", c.level, c.scope, n, c.sees)
			}
			if !c.may {
				expect(t, w.Do(t, admin, "GET", path, nil), 404, "not_found")
				expect(t, w.Do(t, admin, "POST", path+"/approve", object{"reason": "好"}), 404, "not_found")
				expect(t, w.Do(t, admin, "POST", path+"/reject", object{"reason": "否"}), 404, "not_found")
			}
		}
		w.InTx(t, func(tx *db.Tx) error { // the person has moved: so does the request
			_, err := tx.Exec(t.Context(), `UPDATE registry_entries SET school_id = $1 WHERE id = $2`, w.Nearby.ID, entry.ID)
			return err
		})
		if moved := onlyRequest(t, w, w.Administrator(t, access.School, w.Nearby.ID)); moved != path {
			t.Errorf("the new school sees %s, want %s", moved, path)
		}
		first := w.Do(t, w.Administrator(t, access.Province, "510000"), "GET", "/api/v1/admin/recoveries?proof=school&limit=2", nil)
		if len(first.Items()) != 2 || first.Get("next_cursor") == nil {
			t.Errorf("a page of two of three: %v", first)
		}
	})
}

func TestWhatIsWrongWithAClaimIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		number := roomtest.IDNumber(1)
		for about, c := range map[string]struct {
			change object
			code   string
		}{
			"no kind":      {object{"kind": "public"}, "invalid"},
			"no proof":     {object{"proof": "word"}, "invalid"},
			"swapped":      {object{"name": number, "id_number": "林涛"}, "fields_swapped"},
			"wrong number": {object{"id_number": number[:17]}, "id_number_invalid"},
			"wrong phone":  {object{"phone": "12"}, "phone_invalid"},
			"no school":    {object{"school_id": "nowhere"}, "invalid"},
			"long note":    {object{"note": strings.Repeat("长", 201)}, "invalid"},
			"wrong code":   {object{"sms_code": "999999"}, "sms_code_wrong"},
		} {
			a := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recoveries", claim(phone, "000000", c.change))
			if a.Status != 422 || a.Get("code") != c.code {
				t.Errorf("%s: %v", about, a)
			}
			if strings.Contains(a.Text, number[:17]) {
				t.Errorf("%s: the answer repeats the number", about)
			}
		}
		for _, number := range []string{"AAAA", "AAAA-BBBB-CCCC", "../../etc"} {
			if a := w.Do(t, roomtest.Person{}, "GET", "/api/v1/recovery"+of(number), nil); a.Status != 404 {
				t.Errorf("number %q: %v", number, a)
			}
		}
	})
}

func TestAnAddressFilesSoManyADay(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		file(t, w, phone)
		w.InTx(t, func(tx *db.Tx) error {
			for range 19 {
				if _, err := tx.Exec(t.Context(), `INSERT INTO recoveries (id, number_index, state, proof, person_index, phone_index, sealed, address,
					region, reason, decided_by, created_at) SELECT $1, $2, 'withdrawn', proof, person_index, phone_index, sealed, address, region, '', '', created_at
					FROM recoveries WHERE address <> '' LIMIT 1`, db.NewID(), []byte(db.NewID())); err != nil {
					return err
				}
			}
			return nil
		})
		a := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recoveries", claim("13890001299", "000000"))
		expect(t, a, 429, "recovery_too_many")
		if a.Header.Get("Retry-After") == "" {
			t.Error("nobody is told when to come again")
		}
	})
}

func TestWhatIsNotDecidedInTimeIsOverdueAndWhatIsNotUsedEnds(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		lost(t, w)
		number, admin := file(t, w, phone), w.Administrator(t, access.School, w.Here.ID)
		late := after(w, 30*24*time.Hour)
		if told, err := late.Status(t.Context(), number); err != nil || !told.Overdue || told.State != "open" {
			t.Errorf("after a month: %+v, %v", told, err)
		}
		expect(t, w.Do(t, admin, "POST", onlyRequest(t, w, admin)+"/approve", object{"reason": "当面核实"}), 200, "")
		if err := after(w, 13*24*time.Hour).Sweep(t.Context()); err != nil || status(t, w, number).Get("state") != "approved" {
			t.Errorf("ended too early: %v", err)
		}
		if err := after(w, 15*24*time.Hour).Sweep(t.Context()); err != nil || status(t, w, number).Get("state") != "expired" {
			t.Errorf("an approval lasts for ever: %v", err)
		}
		contains(t, newest(t, w, phone), "已过期")
		file(t, w, phone)
	})
}
