package accounts_test

import (
	"context"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/sms"
)

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }

func md5Of(text string) string { sum := md5.Sum([]byte(text)); return hexOf(sum[:]) }

func sha1Of(text string) string { sum := sha1.Sum([]byte(text)); return hexOf(sum[:]) }

// take imports a table and gives what is told of its rows as "line code" (with ! for a rejected one).
func (f *fixture) take(t *testing.T, table, scheme string) (accounts.Imported, []string) {
	t.Helper()
	var told []string
	sum, err := f.ImportAccounts(t.Context(), accounts.OldAccounts{ReaderAt: strings.NewReader(table), Size: int64(len(table)), Scheme: scheme},
		func(found accounts.Finding) error {
			mark := ""
			if found.Rejected {
				mark = "!"
			}
			told = append(told, fmt.Sprintf("%d %s%s", found.Line, mark, found.Code))
			if strings.Contains(found.MaskedPhone, "1388") && !strings.Contains(found.MaskedPhone, "****") {
				t.Errorf("a phone in full: %v", found)
			}
			return nil
		}, func(accounts.Imported) {})
	if err != nil {
		t.Fatal(err)
	}
	return sum, told
}

func TestEverySchemeOfTheOldSystemSignsInOnceAndIsReplaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		bcrypted, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		key1, _ := pbkdf2.Key(sha1.New, password, []byte("salty"), 50, 20)
		key256, _ := pbkdf2.Key(sha256.New, password, []byte{0, 1, 2}, 50, 32)
		hashes := map[string]string{ // the cells password, scheme, salt, rounds
			"oldmd5":     md5Of(password) + ",md5,,",
			"oldmd5up":   strings.ToUpper(md5Of(password)) + ",MD5,,",
			"oldmd5b64":  base64.StdEncoding.EncodeToString(must(hex.DecodeString(md5Of(password)))) + ",md5,,",
			"oldfirst":   md5Of("salty"+password) + ",md5_salt_first,salty,",
			"oldlast":    md5Of(password+"salty") + ",md5-salt-last,salty,",
			"oldjoined":  "salty$" + md5Of(password+"salty") + ",md5_salt_last,,",
			"oldsha1":    sha1Of(password) + ",sha1,,",
			"oldsha1f":   sha1Of("salty"+password) + ",sha1_salt_first,salty,",
			"oldsha1l":   "salty$" + sha1Of(password+"salty") + ",sha1_salt_last,,",
			"oldbcrypt":  string(bcrypted) + ",bcrypt,,",
			"oldbcrypt2": strings.Replace(string(bcrypted), "$2a$", "$2y$", 1) + ",,,",
			"oldpbkdf1":  hexOf(key1) + ",pbkdf2_sha1,salty,50",
			"oldpbkdf2":  "pbkdf2_sha256$50$base64:AAEC$" + base64.StdEncoding.EncodeToString(key256) + ",,,",
		}
		var table strings.Builder
		table.WriteString("用户名,密码,算法,盐,迭代次数\n")
		for username, cells := range hashes {
			fmt.Fprintf(&table, "%s,%s\n", username, cells)
		}
		if sum, told := f.take(t, table.String(), ""); sum.Taken != int64(len(hashes)) || len(told) > 0 {
			t.Fatalf("%+v %v", sum, told)
		}
		for username := range hashes {
			stored := one[string](t, f, `SELECT password_hash FROM accounts WHERE username = $1`, username)
			if !strings.HasPrefix(stored, "$old$") || strings.Contains(stored, md5Of(password)) || strings.Contains(stored, sha1Of(password)) {
				t.Errorf("%s lies open: %s", username, stored)
			}
			f.anyone().signIn(t, username, another).want(t, 401, "credentials_wrong")
			r := f.anyone().signIn(t, username, password).want(t, 201, "")
			if fmt.Sprint(r.body["must"]) != "[bind_phone]" {
				t.Errorf("%s must %v", username, r.body["must"])
			}
			if stored = one[string](t, f, `SELECT password_hash FROM accounts WHERE username = $1`, username); !strings.HasPrefix(stored, "$argon2id$") {
				t.Errorf("%s: not replaced: %s", username, stored)
			}
		}
		f.anyone().signIn(t, "oldmd5", password).want(t, 201, "")
		f.anyone().signIn(t, "oldmd5", another).want(t, 401, "credentials_wrong")
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAnOldAccountWithoutAPhoneMayDoNothingButBindOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.take(t, "username,hash\nold_name,"+md5Of(password)+"\n", "md5")
		session := f.holding(f.anyone().signIn(t, "old_name", password).want(t, 201, "").token())
		session.call(t, "GET", "/api/v1/test/ready", nil).want(t, 403, "phone_required")
		phone := newPhone()
		session.call(t, "PUT", "/api/v1/me/phone", map[string]any{"password": password, "phone": phone, "sms_code": f.code(t, phone, sms.BindPhone)}).want(t, 200, "")
		session.call(t, "GET", "/api/v1/test/ready", nil).want(t, 204, "")
		f.anyone().signIn(t, phone, password).want(t, 201, "")
	})
}

func TestPhonesOnSeveralAccountsAreCleared(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		holder := f.person(t, "holder1")
		row := func(username, phone string) string { return username + "," + md5Of(password) + "," + phone + "\n" }
		const head = "用户名,密码,手机号\n"
		table := head + row("shared1", "13880000011") + row("lonely1", "13880000012") + row("shared2", "+86 138-8000-0011") +
			row("rival01", holder.phone) + row("unread1", "8261234") + row("lonely1", "13880000012")
		sum, told := f.take(t, table, "md5")
		want := []string{"2 old_phone_shared", "4 old_phone_shared", "5 old_phone_held", "6 old_phone_unreadable"}
		if !slices.Equal(told, want) || sum.Taken != 5 || sum.Known != 1 || sum.Rejected != 0 || sum.Cleared != 3 {
			t.Errorf("%+v %v, want %v", sum, told, want)
		}
		phones := func() (with []string) {
			for _, username := range []string{"holder1", "shared1", "lonely1", "shared2", "rival01", "unread1"} {
				if one[bool](t, f, `SELECT phone_sealed IS NOT NULL FROM accounts WHERE username = $1`, username) {
					with = append(with, username)
				}
			}
			return with
		}
		if got := phones(); !slices.Equal(got, []string{"holder1", "lonely1"}) {
			t.Errorf("phones are with %v", got)
		}
		f.anyone().signIn(t, "13880000012", password).want(t, 201, "") // whose hash is replaced, and who keeps the phone from now on
		f.anyone().signIn(t, "13880000011", password).want(t, 401, "credentials_wrong")
		f.anyone().signIn(t, holder.phone, password).want(t, 201, "")

		// A second file: one phone of an account that is in use, one of an account that nobody has signed in to.
		f.take(t, head+row("asleep1", "13880000013"), "md5")
		sum, told = f.take(t, head+row("second1", "13880000012")+row("second2", "13880000013"), "md5")
		if want := []string{"2 old_phone_held", "3 old_phone_unproven"}; !slices.Equal(told, want) || sum.Cleared != 3 {
			t.Errorf("%+v %v, want %v", sum, told, want)
		}
		f.anyone().signIn(t, "13880000013", password).want(t, 401, "credentials_wrong")
		f.anyone().signIn(t, "13880000012", password).want(t, 201, "")
		if n := one[int](t, f, `SELECT count(*) FROM audit_records WHERE action = 'account.clear_phone'`); n != 1 {
			t.Errorf("%d records of a phone that an account lost", n)
		}
	})
}

func TestNobodyIsStrandedByTodaysRuleForUsernames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.person(t, "taken01") // registered here
		row := func(username, secret string) string { return username + "," + md5Of(secret) + "\n" }
		table := "username,hash\n" + row("ab", password) + row("王 小明", password) + row("user_name@old.cn", password) +
			row("Zhang01", password) + row("zhang01", another) + row("ZHANG01", password) +
			row("Taken01", password) + row("taken01", another) + row(" spaced1 ", password) +
			row("zhang01", another) + row("zhang01", password) + row("", password) + row(strings.Repeat("x", 65), password) +
			"nohash1,\n" + "badhash,123\n"
		want := []string{"9 !username_taken", "12 !old_username_twice", "13 !missing", "14 !too_long", "15 !missing", "16 !old_hash_format"}
		for run := range 2 { // a repetition recognises what is here
			sum, told := f.take(t, table, "md5")
			if !slices.Equal(told, want) {
				t.Errorf("run %d: %v, want %v", run, told, want)
			}
			if taken, known := []int64{8, 0}[run], []int64{1, 9}[run]; sum.Taken != taken || sum.Known != known || sum.Rejected != 6 {
				t.Errorf("run %d: %+v", run, sum)
			}
		}
		for username, secret := range map[string]string{
			"ab": password, "王 小明": password, "user_name@old.cn": password, "Zhang01": password, "zhang01": another, "ZHANG01": password,
			"Taken01": password, "taken01": password, "spaced1": password,
		} {
			r := f.anyone().signIn(t, username, secret).want(t, 201, "")
			if account, _ := r.body["account"].(map[string]any); account["username"] != username {
				t.Errorf("%s signs in %v", username, account["username"])
			}
		}
		f.anyone().signIn(t, "zHANG01", password).want(t, 401, "credentials_wrong")
		// Nobody registers a third spelling.
		phone := newPhone()
		f.anyone().call(t, "POST", "/api/v1/accounts", registration("zhanG01", phone, f.code(t, phone, sms.Register))).want(t, 409, "username_taken")
		if sum, _ := f.take(t, table, "md5"); sum.Taken != 0 || sum.Known != 10 || sum.Rejected != 5 { // the owners have signed in: their hashes are new
			t.Errorf("%+v", sum)
		}
	})
}

// oldTableOf is a file of so many accounts, old00000 and on, some of whose usernames come again in another case.
func oldTableOf(rows int) accounts.OldAccounts {
	var table strings.Builder
	table.WriteString("用户名,密码,手机号\n")
	for i := range rows {
		name := fmt.Sprintf("old%05d", i)
		if i%7 == 6 { // of the same batch, of another, or of another part
			name = fmt.Sprintf("OLD%05d", i/2)
		}
		fmt.Fprintf(&table, "%s,%s,138%08d\n", name, md5Of(password), i)
	}
	return accounts.OldAccounts{ReaderAt: strings.NewReader(table.String()), Size: int64(table.Len()), Scheme: "md5"}.InParts(100)
}

// loginsOf is how many keys the accounts of this fixture have, and how many they should have.
func (f *fixture) loginsOf(t *testing.T) (have, should int) {
	t.Helper()
	return one[int](t, f, `SELECT count(*) FROM logins l JOIN accounts a ON a.id = l.account_id`),
		one[int](t, f, `SELECT count(*) + count(phone_sealed) FROM accounts`)
}

func TestAnInterruptedImportOfAccountsIsTakenUpAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		ctx, interrupt := context.WithCancel(t.Context())
		first, err := f.ImportAccounts(ctx, oldTableOf(450), func(accounts.Finding) error { return nil }, func(accounts.Imported) { interrupt() })
		if err == nil || first.Taken == 0 || first.Taken > 400 {
			t.Fatalf("interrupted: %+v, %v", first, err)
		}
		if have, should := f.loginsOf(t); have != should {
			t.Errorf("half an account: %d keys, of %d", have, should)
		}
		again, err := f.ImportAccounts(t.Context(), oldTableOf(450), func(accounts.Finding) error { return nil }, func(accounts.Imported) {})
		if err != nil || again.Known != first.Taken || again.Taken+again.Known != 450 || again.Rejected != 0 {
			t.Errorf("again: %+v after %+v, %v", again, first, err)
		}
		if have, should := f.loginsOf(t); have != should || have != 900 {
			t.Errorf("%d keys, of %d", have, should)
		}
	})
}

func TestANameTakenWhileAccountsAreImportedStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		var rejected []string
		parts := 0
		sum, err := f.ImportAccounts(t.Context(), oldTableOf(450), func(found accounts.Finding) error {
			if found.Rejected {
				rejected = append(rejected, found.Username+" "+found.Code)
			}
			return nil
		}, func(accounts.Imported) {
			if parts++; parts == 1 {
				f.person(t, "old00333")
			}
		})
		if err != nil || sum.Taken != 449 || sum.Rejected != 1 || !slices.Equal(rejected, []string{"old00333 username_taken"}) {
			t.Errorf("%+v %v, %v", sum, rejected, err)
		}
		if have, should := f.loginsOf(t); have != should || have != 900 {
			t.Errorf("%d keys, of %d", have, should)
		}
	})
}

func TestAHashThatCannotBeUsedSaysWhy(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	digest := md5Of(password)
	sum, told := f.take(t, "用户名,密码,算法,盐,迭代次数\n"+strings.Join([]string{
		"person1," + digest + ",,,", "person2," + digest + ",sha512,,", "person3," + digest + ",sha1,,", "person4," + digest + ",md5_salt_last,,",
		"person5," + digest + ",md5,salt,", "person6," + digest + ",md5_salt_last,hex:xyz,", "person7," + digest + ",pbkdf2_sha1,salt,", "person8," + digest + ",pbkdf2_sha1,salt,9000000",
		"person9,$2a$20$" + strings.Repeat("a", 53) + ",,,", "persona,a$b$c$d,md5,,",
	}, "\n"), "")
	want := []string{
		"2 !old_scheme_missing", "3 !old_scheme_unknown", "4 !old_hash_format", "5 !old_salt_missing", "6 !old_salt_where", "7 !old_salt_format",
		"8 !old_rounds", "9 !old_rounds", "10 !old_rounds", "11 !old_hash_format",
	}
	if !slices.Equal(told, want) || sum.Taken != 0 || sum.Rejected != 10 {
		t.Errorf("%+v\n%v, want\n%v", sum, told, want)
	}
	if n := one[int](t, f, `SELECT count(*) FROM accounts`); n != 0 {
		t.Errorf("%d accounts", n)
	}
}

func TestWhatTheOldSystemKnewOfAnAccountStays(t *testing.T) {
	f := newFixture(t, dbtest.OpenSQLite(t))
	_, told := f.take(t, "老系统导出,,,\n账号,密码散列,注册时间,用户类型\nperson1,"+md5Of(password)+",2015-09-01 08:00:00,教师\nperson2,"+md5Of(password)+",1441065600,学生\nperson3,"+
		md5Of(password)+",上个月,校长\n", "md5")
	if want := []string{"5 old_created_unreadable", "5 old_role_unreadable"}; !slices.Equal(told, want) {
		t.Errorf("%v, want %v", told, want)
	}
	for username, role := range map[string]string{"person1": "teacher", "person2": "student"} {
		if ms := one[int64](t, f, `SELECT created_at FROM accounts WHERE username = $1 AND role = $2`, username, role); ms != 1441065600000 {
			t.Errorf("%s registered at %d", username, ms)
		}
	}
	if ms := one[int64](t, f, `SELECT created_at FROM accounts WHERE username = 'person3' AND role = 'public'`); ms != f.now().UnixMilli() {
		t.Errorf("person3 registered at %d", ms)
	}
}

// The first sign-in from two places at once: one replaces the hash under the other's hands.
func TestTheFirstSignInMayHappenTwiceAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.take(t, "username,hash\nold_name,"+md5Of(password)+"\n", "md5")
		outcomes := atOnce(8, func(i int) reply { return f.from(fmt.Sprintf("10.8.0.%d", i)).signIn(t, "old_name", password) })
		if outcomes["201"] != 8 {
			t.Errorf("outcomes %v", outcomes)
		}
	})
}
