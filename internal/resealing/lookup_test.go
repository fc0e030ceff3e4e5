package resealing_test

import (
	"errors"
	"fmt"
	"log/slog"
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
	"caotang/internal/identity"
	"caotang/internal/jobs"
	"caotang/internal/lookup"
	"caotang/internal/resealing"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/slips"
	"caotang/internal/sms"
	"caotang/internal/vault"
)

type object = map[string]any

// beside is another process: it shares the database and the key file.
func (w world) beside(t *testing.T) world {
	t.Helper()
	v, err := vault.OpenFile(w.path, false)
	if err != nil {
		t.Fatal(err)
	}
	other := w.World.Beside(t, v)
	return world{other, resealing.New(w.DB, v, jobs.New(w.DB, slog.New(slog.DiscardHandler))), w.path}
}

// addLookUp adds a look-up key that may be used at once.
func (w world) addLookUp(t *testing.T) {
	t.Helper()
	if _, err := vault.AddLookUp(w.path, vault.SM, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	w.refresh(t)
}

func (w world) refresh(t *testing.T) {
	t.Helper()
	if err := w.Vault.Refresh(); err != nil {
		t.Fatal(err)
	}
}

// begin has all written with the newest key, and nothing moved yet.
func (w world) begin(t *testing.T) {
	t.Helper()
	w.InTx(t, func(tx *db.Tx) error { return lookup.Begin(t.Context(), tx, w.Vault) })
}

func (w world) importPhone(t *testing.T, username, phone string) (accounts.Imported, error) {
	table := "username,hash,phone\n" + username + ",5f4dcc3b5aa765d61d8327deb882cf99," + phone + "\n"
	return w.Accounts.ImportAccounts(t.Context(), accounts.OldAccounts{ReaderAt: strings.NewReader(table), Size: int64(len(table)), Scheme: "md5"},
		func(accounts.Finding) error { return nil }, func(accounts.Imported) {})
}

func (w world) importPupils(t *testing.T, from, to int) (roster.Result, error) {
	file := "姓名,证件号码\n"
	for n := from; n < to; n++ {
		file += "李雷," + roomtest.IDNumber(n) + "\n"
	}
	return w.Roster.Import(t.Context(), roster.ImportSource{ReaderAt: strings.NewReader(file), Size: int64(len(file)), Filename: "f.csv", Kind: roster.Student, SchoolID: w.Here.ID},
		func(roster.Progress) {})
}

func (w world) createPupil(t *testing.T, n int) error {
	return w.DB.InTx(t.Context(), func(tx *db.Tx) error {
		_, err := w.Roster.CreateEntry(t.Context(), tx, roster.NewEntry{
			Kind: roster.Student, Name: "李雷", IDType: identity.ResidentID, IDNumber: roomtest.IDNumber(n), SchoolID: w.Here.ID,
		})
		return err
	})
}

func (w world) sendCode(t *testing.T, phone string, purpose sms.Purpose) string {
	t.Helper()
	if _, err := w.SMS.SendCode(t.Context(), phone, purpose); err != nil {
		t.Fatal(err)
	}
	_, code := w.Text(t, phone, string(purpose))
	return code
}

func (w world) register(t *testing.T, username, phone, code string) error {
	_, err := w.Accounts.Register(t.Context(), accounts.Registration{Username: username, Password: roomtest.Password, Phone: phone, Code: code, Role: "public"})
	return err
}

func (w world) find(t *testing.T, n int) (roster.Entry, error) {
	number, p := identity.ParseOn(identity.ResidentID, roomtest.IDNumber(n), time.Now())
	if p != nil {
		t.Fatal(p.Code)
	}
	return w.Roster.EntryByDocument(t.Context(), w.DB, number)
}

// left counts what is still stored by the key before.
func (w world) left(t *testing.T) (n int64) {
	t.Helper()
	uses, err := w.LookUpUses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range uses {
		n += u.Values
	}
	return n
}

// held is what somebody has on paper, on a phone or in mind, and comes back with.
type held struct {
	slip, tracking, recovery, code string
	owner                          roomtest.Person
}

const (
	slipPupil  = 50 // the numbers of people whose ID numbers are known
	lostPupil  = 51
	newPupil   = 52 // who is not in the registry, and waits
	codePhone  = "13890001234"
	trackPhone = "13890001235"
)

func (w world) hold(t *testing.T) (h held) {
	t.Helper()
	admin := w.Administrator(t, access.School, w.Here.ID)
	class := w.Class(t, w.Here.ID, 1)
	w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: roomtest.IDNumber(slipPupil), SchoolID: w.Here.ID, ClassID: class.ID})
	actor, err := w.Accounts.Resolve(t.Context(), admin.Token)
	if err != nil {
		t.Fatal(err)
	}
	sheets, err := w.Slips.Print(access.WithActor(t.Context(), actor), slips.Order{Group: slips.Group{ClassID: class.ID}})
	if err != nil || len(sheets.Slips) != 1 {
		t.Fatalf("slips: %v", err)
	}
	h.slip = sheets.Slips[0].Code

	h.owner = w.Person(t, "student")
	w.Bind(t, h.owner, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "林涛", IDNumber: roomtest.IDNumber(lostPupil), SchoolID: w.Here.ID}), roster.Student)
	filed := w.Do(t, roomtest.Person{}, "POST", "/api/v1/recoveries", object{
		"kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(lostPupil), "name": "林涛", "phone": trackPhone,
		"sms_code": w.sendCode(t, trackPhone, sms.RecoverAccount), "proof": "school",
	})
	if filed.Status != 201 {
		t.Fatalf("recovery: %s", filed)
	}
	h.tracking = filed.Get("tracking_number").(string)
	h.code = w.sendCode(t, codePhone, sms.Register)

	h.recovery = "abcde23456"
	w.InTx(t, func(tx *db.Tx) error {
		index := w.Vault.Index("recovery_code", h.owner.ID+":"+h.recovery)
		_, err := tx.Exec(t.Context(), `INSERT INTO recovery_codes (account_id, code_index, created_at) VALUES ($1, $2, 0)`, h.owner.ID, index)
		return err
	})
	waits := w.Person(t, "student")
	if a := w.Do(t, waits, "POST", "/api/v1/me/tickets", object{
		"kind": "missing_entry", "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(newPupil), "name": "李雷", "school_id": w.Here.ID,
	}); a.Status != 201 {
		t.Fatalf("ticket: %s", a)
	}
	return h
}

// found makes sure that whoever comes back is found.
func (w world) found(t *testing.T, when string, h held) {
	t.Helper()
	for _, n := range []int{slipPupil, lostPupil} {
		if _, err := w.find(t, n); err != nil {
			t.Errorf("%s: pupil %d: %v", when, n, err)
		}
	}
	if id, err := w.Slips.Vouched(t.Context(), h.slip); err != nil || id == "" {
		t.Errorf("%s: the slip: %v", when, err)
	}
	if a := w.Do(t, roomtest.Person{}, "GET", "/api/v1/recovery?number="+h.tracking, nil); a.Status != 200 {
		t.Errorf("%s: the tracking number: %s", when, a)
	}
	if _, err := w.Accounts.SignIn(t.Context(), h.owner.Phone, roomtest.Password, accounts.Begin{}); err != nil {
		t.Errorf("%s: signing in by phone: %v", when, err)
	}
	now, before := w.Vault.Asked(w.Vault.Index("recovery_code", h.owner.ID+":"+h.recovery))
	if w.Count(t, `SELECT count(*) FROM recovery_codes WHERE account_id = $1 AND code_index IN ($2, $3)`, h.owner.ID, now, before) != 1 {
		t.Errorf("%s: the recovery code is not found", when)
	}
	if _, err := w.SMS.SendCode(t.Context(), codePhone, sms.Register); !fault.Is(err, sms.ErrCooldown) {
		t.Errorf("%s: a phone got a second code: %v", when, err)
	}
	if err := w.createPupil(t, slipPupil); err == nil {
		t.Errorf("%s: a document stands twice", when)
	}
	if sum, err := w.importPhone(t, "thief", h.owner.Phone); err != nil || sum.Cleared == 0 {
		t.Errorf("%s: a phone was taken twice: %+v, %v", when, sum, err)
	}
	w.InTx(t, func(tx *db.Tx) error { // for the next time
		_, err := tx.Exec(t.Context(), `DELETE FROM logins WHERE login_key = 'u:thief'`)
		if err == nil {
			_, err = tx.Exec(t.Context(), `DELETE FROM accounts WHERE username = 'thief'`)
		}
		return err
	})
}

func TestNobodyIsLostOrDoubledWhileTheLookUpKeyChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		here := newWorld(t, d)
		here.fill(t)
		h := here.hold(t)
		there := here.beside(t)
		here.addLookUp(t)
		there.refresh(t)
		here.found(t, "before its time", h)

		// Two processes bring the same people, one after the other and at one moment.
		var steps [2]atomic.Int64
		var ended atomic.Bool
		var writers sync.WaitGroup
		const mostSteps = 900
		for side, w := range []world{here, there} {
			writers.Go(func() {
				defer steps[side].Store(mostSteps)
				for n, last := 0, mostSteps; n < last; n++ {
					if ended.Load() && last == mostSteps {
						last = min(n+5, mostSteps)
					}
					if err := w.createPupil(t, 1000+4*n); err != nil && !fault.Is(err, roster.ErrEntryExistsHere) {
						t.Errorf("adding: %v", err)
					}
					if _, err := w.importPupils(t, 1000+4*n, 1000+4*n+4); err != nil && !errors.Is(err, roster.ErrImporting) {
						t.Errorf("a roster: %v", err)
					}
					if _, err := w.importPhone(t, fmt.Sprintf("side%d.%04d", side, n), fmt.Sprintf("1370000%04d", n)); err != nil && !db.IsUnique(err) {
						t.Errorf("an account: %v", err)
					}
					steps[side].Add(1)
				}
			})
		}
		reach := func(n int64) {
			for deadline := time.Now().Add(2 * time.Minute); min(steps[0].Load(), steps[1].Load()) < n; {
				if time.Now().After(deadline) {
					t.Fatal("the writers stand still")
				}
				here.Count(t, `SELECT 1`)
			}
		}
		reach(4)
		if _, err := here.RetireLookUp(t.Context(), here.path); err == nil || !strings.Contains(err.Error(), "not all") {
			t.Errorf("retired before it began: %v", err)
		}
		here.begin(t)
		here.found(t, "once in use", h)
		there.found(t, "once in use, elsewhere", h)
		reach(8)
		if err := here.RunLookUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		ended.Store(true)
		writers.Wait()
		if n := here.left(t); n != 0 {
			uses, _ := here.LookUpUses(t.Context())
			t.Fatalf("%d values are left: %v", n, uses)
		}
		there.found(t, "when all has been moved", h)
		if _, err := here.RetireLookUp(t.Context(), here.path); err != nil {
			t.Fatal(err)
		}
		there.found(t, "retired, before it is known", h)
		here.refresh(t)
		here.found(t, "retired", h)
		later := here.beside(t)
		later.found(t, "after a restart", h)

		once := func(what, query string) {
			if n := later.Count(t, query); n != 0 {
				t.Errorf("%s: %d", what, n)
			}
		}
		once("documents of no entry", `SELECT count(*) FROM documents d WHERE NOT EXISTS (SELECT 1 FROM registry_entries e WHERE e.id = d.entry_id AND e.document_index = d.document_index)`)
		once("entries of no document", `SELECT count(*) FROM registry_entries e WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE e.id = d.entry_id AND e.document_index = d.document_index)`)
		numbers := map[string]int{}
		sealed, err := db.Collect(t.Context(), d, `SELECT id_number_sealed FROM registry_entries`, nil, func(b *[]byte) []any { return []any{b} })
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sealed {
			number, err := later.Vault.Open("id_number", s)
			if numbers[number]++; err != nil || numbers[number] > 1 {
				t.Errorf("%s stands %d times: %v", number, numbers[number], err)
			}
		}
		if len(numbers) < 40 {
			t.Errorf("%d people", len(numbers))
		}
		phones := map[string]int{}
		all, err := db.Collect(t.Context(), d, `SELECT phone_sealed FROM accounts WHERE phone_sealed IS NOT NULL`, nil, func(b *[]byte) []any { return []any{b} })
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			phone, err := later.Vault.Open("phone", s)
			if phones[phone]++; err != nil || phones[phone] > 1 {
				t.Errorf("%s is the phone of %d accounts: %v", phone, phones[phone], err)
			}
			if id, err := later.Accounts.AccountOfPhone(t.Context(), d, phone); err != nil || id == "" {
				t.Errorf("%s signs nobody in: %v", phone, err)
			}
		}
		if err := later.register(t, "comesback", codePhone, h.code); err != nil {
			t.Errorf("a code from before: %v", err)
		}
		if err := later.createPupil(t, newPupil); err != nil {
			t.Fatal(err)
		}
		if err := later.Support.MatchClaims(t.Context()); err != nil || later.Count(t, `SELECT count(*) FROM waiting_claims`) != 0 {
			t.Errorf("who waited is not verified: %v", err)
		}
		if n := later.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'lookup_keys.retire'`); n != 1 {
			t.Errorf("%d records of a key's end", n)
		}
		if _, err := vault.AddLookUp(here.path, vault.AES, time.Now()); err != nil {
			t.Errorf("the next change: %v", err)
		}
	})
}

func TestMovingIndexesGoesOnWhereItWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.fill(t)
		before := w.Vault.Index("phone", oldPhone(7))
		w.addLookUp(t)
		if err := w.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Check(t.Context()); err != nil || w.Count(t, `SELECT count(*) FROM jobs WHERE kind = 'lookup'`) != 1 {
			t.Fatalf("asked for twice: %v", err)
		}
		all := w.left(t)
		if err := w.LookUpBatch(t.Context(), "logins.login_key"); err != nil {
			t.Fatal(err)
		}
		if left := w.left(t); left != all-500 {
			t.Errorf("a batch moved %d", all-left)
		}
		if p, err := w.LookUpProgress(t.Context()); err != nil || p.Moved != 500 || p.ColumnsDone != 0 || p.Done.Valid {
			t.Errorf("progress %+v: %v", p, err)
		}
		if err := w.RunLookUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		all-- // a document moves with its entry
		if p, err := w.LookUpProgress(t.Context()); err != nil || p.Moved != all || p.ColumnsDone != len(lookup.Columns) || !p.Done.Valid || p.Stuck != 0 {
			t.Errorf("progress %+v, want %d: %v", p, all, err)
		}

		// A process that lacked the key has written a phone by the one before that nobody has by the newer, and one that somebody has.
		w.InTx(t, func(tx *db.Tx) error {
			return tx.Insert(t.Context(), "logins", []string{"login_key", "account_id"}, [][]any{
				{lookup.Logins.Stored(before), "somebody"},
				{lookup.Logins.Stored(before[:15:15]).(string) + "ff", "somebody else"},
			})
		})
		if _, err := w.RetireLookUp(t.Context(), w.path); err == nil || !strings.Contains(err.Error(), "2 values") {
			t.Errorf("retired too early: %v", err)
		}
		if _, err := w.RetireLookUp(t.Context(), w.path); err == nil || !strings.Contains(err.Error(), "not all") {
			t.Errorf("before they were looked at: %v", err)
		}
		if err := w.RunLookUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p, err := w.LookUpProgress(t.Context()); err != nil || p.Stuck != 1 || w.left(t) != 1 {
			t.Errorf("progress %+v, %d left: %v", p, w.left(t), err)
		}
		if w.Count(t, `SELECT count(*) FROM logins WHERE account_id = 'somebody'`) != 1 {
			t.Error("a row was lost")
		}
		if _, err := w.RetireLookUp(t.Context(), w.path); err == nil || !strings.Contains(err.Error(), "1 values") {
			t.Errorf("retired with a value that is stuck: %v", err)
		}
		if _, err := w.DB.Exec(t.Context(), `DELETE FROM logins WHERE account_id = 'somebody'`); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.RunLookUp(t.Context()), w.Check(t.Context())); err != nil {
			t.Fatal(err)
		}
		if number, err := w.RetireLookUp(t.Context(), w.path); err != nil || number != 1 {
			t.Errorf("key %d: %v", number, err)
		}
		w.refresh(t)
		if _, err := w.RetireLookUp(t.Context(), w.path); err == nil || !strings.Contains(err.Error(), "no look-up key") {
			t.Errorf("retired twice: %v", err)
		}
	})
}
