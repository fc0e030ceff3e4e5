package owndata_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/factors"
	"caotang/internal/identity"
	"caotang/internal/looks"
	"caotang/internal/owndata"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

type object = map[string]any

type world struct {
	*roomtest.World
	*owndata.Service
}

func each(t *testing.T, test func(t *testing.T, w world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world{World: roomtest.New(t, d, roomtest.Rules())}
		w.Service = owndata.New(d, owndata.Rooms{
			Accounts: w.Accounts, Roster: w.Roster, Verification: w.Verification, Support: w.Support, Transfers: w.Transfers, Recovery: w.Recovery,
			Factors: factors.New(d, w.Vault, w.Accounts, factors.Config{}, nil),
			Slips:   w.Slips, Consent: w.Consent, Guardians: w.Guardians,
		})
		w.Mount(w.Server)
		test(t, w)
	})
}

func expect(t *testing.T, a roomtest.Answer, status int, code string) roomtest.Answer {
	t.Helper()
	got, _ := a.Get("code").(string)
	if a.Status != status || got != code {
		t.Fatalf("got %v, want %d %q", a, status, code)
	}
	return a
}

// pupil makes somebody who is bound to an entry.
func (w world) pupil(t *testing.T, number int, name string) (roomtest.Person, roster.Entry) {
	t.Helper()
	e := w.Entry(t, roster.NewEntry{
		Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(number), SchoolID: w.Here.ID, StudentNumber: "G" + roomtest.IDNumber(number),
	})
	p := w.Person(t, "student")
	w.Bind(t, p, e, roster.Student)
	return p, e
}

// lost makes a request of somebody who had lost the account and got it back, and gives its id.
func (w world) lost(t *testing.T, p roomtest.Person, name string) string {
	t.Helper()
	id := db.NewID()
	sealed := w.Vault.Seal("recovery", `{"number":"ABCD-EFGH","kind":"student","name":"`+name+`","phone":"13990001234","note":"换了手机"}`)
	if _, err := w.DB.Exec(t.Context(), `INSERT INTO recoveries (id, number_index, state, proof, person_index, phone_index, sealed, address, region, account_id,
			reason, decided_by, created_at, decided_at, ended_at) VALUES ($1, $2, 'completed', 'school', $2, $2, $3, '', '510104', $4, '认得', '', $5, $5, $5)`,
		id, []byte(id), sealed, p.ID, db.Now()); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAPersonSeesTheirDataMaskedAndNobodyElses(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		p, _ := w.pupil(t, 1, "韩梅梅")
		w.pupil(t, 2, "李雷")
		a := expect(t, w.Do(t, p, "GET", "/api/v1/me/data", nil), 200, "")
		people, _ := a.Body["people"].([]any)
		sessions, _ := a.Body["sessions"].([]any)
		if len(people) != 1 || len(sessions) != 1 || a.Get("account.username") != p.Username || a.Get("closing.wait_days") != 15.0 {
			t.Fatalf("data %v", a)
		}
		own, _ := people[0].(map[string]any)
		if own["name"] != "韩梅梅" || own["id_number"] != "510104********"+roomtest.IDNumber(1)[14:] || strings.Contains(a.Text, roomtest.IDNumber(1)) {
			t.Errorf("the entry is shown as %v", own)
		}
		if strings.Contains(a.Text, "李雷") || strings.Contains(a.Text, p.Phone) {
			t.Errorf("too much is shown: %v", a)
		}
	})
}

func TestAPersonReadsWhoLookedAtThemAndWhy(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		p, e := w.pupil(t, 1, "韩梅梅")
		other, _ := w.pupil(t, 2, "李雷")
		admin := w.Administrator(t, access.School, w.Here.ID)
		looks.New(w.DB, w.Roster, nil).Mount(w.Server)
		w.Roster.Mount(w.Server)
		expect(t, w.Do(t, admin, "POST", "/api/v1/admin/registry/"+e.ID+"/reveal", object{"reason": "核对学籍"}), 200, "")
		expect(t, w.Do(t, admin, "PATCH", "/api/v1/admin/registry/"+e.ID, object{"name": "韩美美"}), 200, "")
		a := expect(t, w.Do(t, p, "GET", "/api/v1/me/data/records?limit=2", nil), 200, "")
		items := a.Items()
		if len(items) != 2 || items[0]["what"] != "修改了实名信息：姓名" || items[1]["what"] != "查看了完整的证件号码" || items[1]["reason"] != "核对学籍" {
			t.Fatalf("records %v", a)
		}
		if who, _ := items[1]["who"].(string); !strings.HasPrefix(who, "草堂中学的管理员") || items[1]["self"] != false {
			t.Errorf("the administrator is called %v", items[1]["who"])
		}
		rest := expect(t, w.Do(t, p, "GET", "/api/v1/me/data/records?limit=200&cursor="+a.Get("next_cursor").(string), nil), 200, "").Items()
		if len(rest) != 2 || rest[1]["what"] != "把实名信息录入了校验库" {
			t.Errorf("the rest is %v", rest)
		}
		if strings.Contains(expect(t, w.Do(t, other, "GET", "/api/v1/me/data/records", nil), 200, "").Text, "核对学籍") {
			t.Error("somebody reads what was done to another")
		}
	})
}

// Whoever made their account with a slip did it themselves, though nobody was signed in; the platform is not somebody with a slip.
func TestWhoMadeTheirAccountWithASlipReadsThatTheyDidIt(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		class := w.Class(t, w.Here.ID, 1)
		e := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID, ClassID: class.ID})
		code := w.Slip(t, w.Administrator(t, access.School, w.Here.ID), class.ID, e.ID)
		client := access.WithClient(t.Context(), access.Client{Address: "192.0.2.7"})
		made, err := w.Slips.Register(client, code, "Slip01", roomtest.Password)
		if err != nil {
			t.Fatal(err)
		}
		p := roomtest.Person{ID: made.Account.ID, Token: made.Token()}
		who := map[string]any{}
		for _, r := range expect(t, w.Do(t, p, "GET", "/api/v1/me/data/records?limit=100", nil), 200, "").Items() {
			who[r["what"].(string)] = r["self"]
		}
		if who["账号与实名信息绑定（学生）"] != true || who["用了一张激活码条"] != true {
			t.Errorf("the records are by themselves: %v", who)
		}
	})
}

func TestAGuardianReadsWhoLookedAtAChildUntilItIsOfItsOwnAge(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		entry := func(years int, name string) roster.Entry {
			born := fmt.Sprintf("510104%d0101%03d", time.Now().Year()-years, years)
			return w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: born + string(identity.CheckCharacter(born)), SchoolID: w.Here.ID})
		}
		young, grown := entry(9, "韩小妹"), entry(16, "韩大哥")
		mother := w.Person(t, "parent")
		w.Bind(t, mother, young, "parent")
		w.Bind(t, mother, grown, "parent")
		admin := w.Administrator(t, access.School, w.Here.ID)
		looks.New(w.DB, w.Roster, nil).Mount(w.Server)
		for _, e := range []roster.Entry{young, grown} {
			expect(t, w.Do(t, admin, "POST", "/api/v1/admin/registry/"+e.ID+"/reveal", object{"reason": "核对学籍"}), 200, "")
		}
		ticket := expect(t, w.Do(t, mother, "POST", "/api/v1/me/tickets", object{"kind": "correction", "name": "韩晓妹"}), 201, "").Get("id").(string)
		expect(t, w.Do(t, admin, "POST", "/api/v1/admin/tickets/"+ticket+"/reveal", object{"reason": "联系家长"}), 200, "")
		items := expect(t, w.Do(t, mother, "GET", "/api/v1/me/data/records?limit=100", nil), 200, "").Items()
		var looked []string
		for _, r := range items {
			if r["reason"] != nil {
				looked = append(looked, fmt.Sprintf("%v %v %v", r["of_name"], r["what"], r["reason"]))
			}
		}
		want := []string{"<nil> 查看了请求的完整号码：更正实名信息 联系家长", "韩小妹 查看了完整的证件号码 核对学籍"}
		if !slices.Equal(looked, want) {
			t.Errorf("a mother reads %q, want %q", looked, want)
		}
		for i := 1; i < len(items); i++ {
			if items[i-1]["id"].(string) <= items[i]["id"].(string) {
				t.Errorf("the records are not the newest first: %v", items)
			}
		}
		first := w.Do(t, mother, "GET", "/api/v1/me/data/records?limit=1", nil)
		second := w.Do(t, mother, "GET", "/api/v1/me/data/records?limit=1&cursor="+first.Get("next_cursor").(string), nil)
		if second.Items()[0]["id"] != items[1]["id"] {
			t.Errorf("page by page: %v after %v", second, first)
		}
	})
}

// file opens the exported .zip.
func file(t *testing.T, a roomtest.Answer) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(a.Text), int64(len(a.Text)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		if age := time.Since(f.Modified); age < -time.Minute || age > time.Minute {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files
}

func TestTheFileHoldsThePersonsOwnNumbersAndNobodyElses(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		p, _ := w.pupil(t, 1, "韩梅梅")
		mother := w.Person(t, "parent")
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩小梅", IDNumber: roomtest.IDNumber(3), SchoolID: w.Here.ID})
		w.Bind(t, mother, child, "parent")
		w.pupil(t, 2, "李雷")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", object{"kind": "correction", "name": "韩梅", "note": "少一个字"}), 201, "")

		w.lost(t, p, "韩梅梅")
		if _, err := w.DB.Exec(t.Context(), `INSERT INTO sessions (token_hash, id, account_id, address, user_agent, face, trusted, created_at, used_at, expires_at)
			VALUES ($1, $2, $3, '10.0.0.9', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 MicroMessenger/7.0', 'web', false, $4, $4, $5)`,
			[]byte("a session"), db.NewID(), p.ID, db.Now(), db.At(time.Now().Add(time.Hour))); err != nil {
			t.Fatal(err)
		}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/data/export", object{"password": "Wrong2026"}), 422, "password_wrong")
		a := w.Do(t, p, "POST", "/api/v1/me/data/export", object{"password": roomtest.Password})
		if a.Status != 200 || a.Header.Get("Content-Type") != "application/zip" || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("export: %d %v", a.Status, a.Header)
		}
		files := file(t, a)
		var data map[string]any
		if err := json.Unmarshal([]byte(files["data.json"]), &data); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			for _, own := range []string{"韩梅梅", roomtest.IDNumber(1), p.Phone, p.Username, "草堂中学", "少一个字", "139****1234", "换了手机"} {
				if !strings.Contains(content, own) {
					t.Errorf("%s lacks %s", name, own)
				}
			}
			for _, foreign := range []string{"李雷", roomtest.IDNumber(2), "韩小梅"} {
				if strings.Contains(content, foreign) {
					t.Errorf("%s holds %s", name, foreign)
				}
			}
			if strings.Contains(content, "own.") || strings.Contains(content, "record.") {
				t.Errorf("%s holds a key without words", name)
			}
		}
		// The record, the notice, the device and its place.
		for _, words := range []string{"导出了全部数据", "完成了实名认证", "Windows 10/11 · 微信 7", "本地网络"} {
			if !strings.Contains(files["data.html"], words) {
				t.Errorf("the page lacks %s", words)
			}
		}
		if events, _ := data["security_events"].([]any); len(events) != 1 {
			t.Errorf("security events %v", data["security_events"])
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'account.export_data' AND target_id = $1`, p.ID); n != 1 {
			t.Errorf("%d records of one export", n)
		}
		guardians := file(t, w.Do(t, mother, "POST", "/api/v1/me/data/export", object{"password": roomtest.Password}))["data.json"]
		if !strings.Contains(guardians, "韩小梅") || strings.Contains(guardians, roomtest.IDNumber(3)) {
			t.Error("a guardian's file lacks the child, or holds the child's number")
		}
	})
}

func TestWhatGuardiansSaidStandsInTheFilesOfBothAndInNobodyElses(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		born := fmt.Sprintf("510104%d0315001", time.Now().Year()-8)
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩小梅", IDNumber: born + string(identity.CheckCharacter(born)), SchoolID: w.Here.ID})
		pupil, mother, stranger := w.Person(t, "student"), w.Person(t, "parent"), w.Person(t, "parent")
		w.Bind(t, pupil, child, roster.Student)
		w.Bind(t, mother, child, "parent")
		asked := w.Do(t, mother, "GET", "/api/v1/me/consents", nil).Items()[0]
		expect(t, w.Do(t, mother, "POST", "/api/v1/me/consents", object{"guardianship_id": asked["guardianship_id"], "decisions": []object{
			{"purpose": "third_party_apps", "version": 1, "given": true},
		}}), 204, "")
		transfer := expect(t, w.Do(t, pupil, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Nearby.ID, "reason": "搬家到浣花"}), 201, "").Get("id").(string)
		expect(t, w.Do(t, mother, "PUT", "/api/v1/me/children/transfers/"+transfer+"/objection", object{"reason": "每天要走两小时"}), 204, "")
		for who, p := range map[string]roomtest.Person{"the pupil's": pupil, "the mother's": mother} {
			files := file(t, w.Do(t, p, "POST", "/api/v1/me/data/export", object{"password": roomtest.Password}))
			for _, words := range []string{"监护人的意见", "同意", "在空间里"} {
				if !strings.Contains(files["data.html"], words) {
					t.Errorf("%s page lacks %s", who, words)
				}
			}
			if !strings.Contains(files["data.json"], "third_party_apps") || strings.Contains(files["data.html"], "own.") {
				t.Errorf("%s file lacks the consent, or words", who)
			}
			if (p == mother) != strings.Contains(files["data.html"], "我的孩子") {
				t.Errorf("%s page: the link", who)
			}
			if said := strings.Count(files["data.html"]+files["data.json"], "每天要走两小时"); (p == mother) != (said >= 2) || p == pupil && said > 0 {
				t.Errorf("%s file holds the mother's objection %d times", who, said)
			}
		}
		if read := w.Do(t, stranger, "GET", "/api/v1/me/data", nil).Text; strings.Contains(read, "third_party_apps") || strings.Contains(read, "韩小梅") {
			t.Errorf("a stranger reads %s", read)
		}
	})
}

func TestAnAccountIsClosedAndACaseAgainstItDecidedWithoutWaitingForEachOther(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		admin := w.Administrator(t, access.School, w.Here.ID)
		for i := range 8 {
			holder, _ := w.pupil(t, i+1, "韩梅梅")
			ticket := expect(t, w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/tickets", object{
				"kind": "not_me", "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(i + 1), "name": "韩梅梅",
			}), 201, "").Get("id").(string)
			if _, err := w.DB.Exec(t.Context(), `UPDATE accounts SET closes_at = $1 WHERE id = $2`, db.At(time.Now().Add(-time.Minute)), holder.ID); err != nil {
				t.Fatal(err)
			}
			var both sync.WaitGroup
			both.Go(func() {
				if err := w.CloseDue(t.Context()); err != nil {
					t.Errorf("closing: %v", err)
				}
			})
			both.Go(func() {
				if a := w.Do(t, admin, "POST", "/api/v1/admin/tickets/"+ticket+"/decline", object{"reason": "没有来校"}); a.Status != 200 {
					t.Errorf("deciding: %v", a)
				}
			})
			both.Wait()
			if n := w.Count(t, `SELECT count(*) FROM tickets t JOIN accounts a ON a.id = t.sides_holder_id WHERE a.closed_at IS NOT NULL`); n != 0 {
				t.Errorf("what was weighed outlives the account in %d cases", n)
			}
		}
	})
}

func TestAClosedAccountLeavesTheSchoolsEntryAndNothingPersonal(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		p, e := w.pupil(t, 1, "韩梅梅")
		path := "/api/v1/me/tickets"
		ticket, _ := expect(t, w.Do(t, p, "POST", path, object{"kind": "correction", "name": "韩梅", "note": "我叫韩梅"}), 201, "").Get("id").(string)
		transfer, _ := expect(t, w.Do(t, p, "POST", "/api/v1/me/transfers", object{"to_school_id": w.Nearby.ID, "reason": "搬家到浣花"}), 201, "").Get("id").(string)
		lost := w.lost(t, p, "韩梅梅")
		if _, err := w.DB.Exec(t.Context(), `INSERT INTO activation_slips (entry_id, code_index, created_at, expires_at, used_at, used_by) VALUES ($1, $2, $3, $3, $3, $4)`,
			e.ID, []byte("slip"), db.Now(), p.ID); err != nil {
			t.Fatal(err)
		}
		ask := func() { // the wait has been over for a minute
			if _, err := w.DB.Exec(t.Context(), `UPDATE accounts SET closes_at = $1 WHERE id = $2`, db.At(time.Now().Add(-time.Minute)), p.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.CloseDue(t.Context()); err != nil || w.Do(t, p, "GET", path, nil).Status != 200 {
			t.Fatalf("an account that nobody asked to close is gone: %v", err)
		}
		ask()
		for range 2 { // cut off and begun again, it changes nothing more
			if err := w.CloseDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, w.Do(t, p, "GET", "/api/v1/me/data", nil), 401, "unauthenticated")
		expect(t, w.Do(t, roomtest.Person{}, "POST", "/api/v1/sessions", object{"login": p.Username, "password": roomtest.Password}), 401, "credentials_wrong")
		for _, table := range []string{"logins", "sessions", "known_addresses", "bindings", "guardian_links", "recovery_contacts", "grants", "passkeys", "authenticators", "recovery_codes", "security_events", "recoveries"} {
			if n := w.Count(t, `SELECT count(*) FROM `+table+` WHERE account_id = $1`, p.ID); n != 0 {
				t.Errorf("%s keeps %d rows", table, n)
			}
		}
		if n := w.Count(t, `SELECT count(*) FROM accounts WHERE id = $1 AND username = '' AND password_hash = '' AND phone_sealed IS NULL AND closed_at IS NOT NULL`, p.ID); n != 1 {
			t.Error("the account's row holds something personal")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'account.close' AND target_id = $1 AND details NOT LIKE '%' || $2 || '%'`, p.ID, p.Username); n != 1 {
			t.Errorf("%d records of one closing", n)
		}
		if n := w.Notices(t, p); n != 2 { // the binding's, and the last
			t.Errorf("%d notices of a binding and a closing", n)
		}
		admin := w.Administrator(t, access.School, w.Here.ID)
		read := expect(t, w.Do(t, admin, "GET", "/api/v1/admin/tickets/"+ticket, nil), 200, "")
		if read.Get("state") != "withdrawn" || read.Get("asked.note") != nil || strings.Contains(read.Text, "韩梅") || strings.Contains(read.Text, p.Username) {
			t.Errorf("the ticket is kept as %v", read)
		}

		if n := w.Count(t, `SELECT count(*) FROM transfers WHERE id = $1 AND state = 'cancelled' AND reason = ''`, transfer); n != 1 {
			t.Error("the change of school is still open, or holds what the person wrote")
		}
		var sealed []byte
		if err := w.DB.QueryRow(t.Context(), `SELECT sealed FROM recoveries WHERE id = $1 AND reason = ''`, lost).Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		if kept, err := w.Vault.Open("recovery", sealed); err != nil || strings.Contains(kept, "韩梅梅") || strings.Contains(kept, "1399000") {
			t.Errorf("the request for the lost account is kept as %s, %v", kept, err)
		}
		if n := w.Count(t, `SELECT count(*) FROM activation_slips WHERE used_by = $1`, p.ID) + w.Count(t, `SELECT count(*) FROM notice_links`); n != 0 {
			t.Errorf("%d slips and links are kept", n)
		}
		if err := w.Transfers.Sweep(t.Context()); err != nil {
			t.Error(err)
		}

		// The entry is free for another account, and the username and phone are as well.
		next := w.Person(t, "student")
		expect(t, w.Do(t, next, "POST", "/api/v1/me/binding", object{
			"kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(1), "name": "韩梅梅",
		}), 201, "")
		if n := w.Count(t, `SELECT count(*) FROM bindings WHERE entry_id = $1 AND account_id = $2`, e.ID, next.ID); n != 1 {
			t.Error("the entry is not the next account's")
		}
		if differ, err := tally.Verify(t.Context(), w.DB, 10); err != nil || len(differ) != 0 {
			t.Errorf("the count of the activated is wrong: %v, %v", differ, err)
		}
	})
}

func TestAnAccountThatWasKeptIsNotClosed(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		p, _ := w.pupil(t, 1, "韩梅梅")
		if _, err := w.DB.Exec(t.Context(), `UPDATE accounts SET closes_at = $1 WHERE id = $2`, db.At(time.Now().Add(time.Hour)), p.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.CloseDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, w.Do(t, p, "GET", "/api/v1/me/data", nil), 200, "")
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/closing", nil), 204, "")
		if err := w.DB.InTx(t.Context(), func(tx *db.Tx) error {
			erased, err := w.Accounts.Erase(t.Context(), tx, p.ID)
			if erased {
				t.Error("an account that was kept is closed")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}
