package verification_test

import (
	"strings"
	"sync"
	"testing"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/verification"
)

type object = map[string]any

func claim(kind string, number int, name string) object {
	return object{"kind": kind, "id_type": "resident_id", "id_number": roomtest.IDNumber(number), "name": name}
}

func pupil(w *roomtest.World, number int, name, classID string) roster.NewEntry {
	return roster.NewEntry{Kind: roster.Student, Name: name, IDNumber: roomtest.IDNumber(number), SchoolID: w.Here.ID, ClassID: classID}
}

func teacher(w *roomtest.World, number int, name string) roster.NewEntry {
	return roster.NewEntry{Kind: roster.Teacher, Name: name, IDNumber: roomtest.IDNumber(number), SchoolID: w.Here.ID}
}

func each(t *testing.T, test func(t *testing.T, w *roomtest.World)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, roomtest.New(t, d, roomtest.Rules())) })
}

// expect fails unless the answer has the status and, for a failure, the code.
func expect(t *testing.T, a roomtest.Answer, status int, code string) {
	t.Helper()
	got, _ := a.Get("code").(string)
	if a.Status != status || got != code {
		t.Fatalf("got %v, want %d %q", a, status, code)
	}
}

func TestAPersonProvesWhoTheyAre(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		class := w.Class(t, w.Here.ID, 3)
		w.Entry(t, pupil(w, 1, "阿依古丽·买买提", class.ID))
		p := w.Person(t, "public")
		body := claim("student", 1, " 阿依古丽•买买提 ")
		body["id_number"] = strings.ToLower(roomtest.IDNumber(1))
		first := w.Do(t, p, "POST", "/api/v1/me/binding", body)
		expect(t, first, 201, "")
		if first.Get("name") != "阿依古丽·买买提" || first.Get("school.name") != w.Here.Name || first.Get("class.name") != "七年级3班" ||
			first.Get("class.grade") != "七年级" || first.Get("kind") != "student" {
			t.Errorf("binding %v", first)
		}
		if masked, _ := first.Get("masked_id_number").(string); !strings.HasPrefix(masked, "510104********") {
			t.Errorf("the ID number is shown as %q", masked)
		}
		again := w.Do(t, p, "POST", "/api/v1/me/binding", body)
		expect(t, again, 201, "")
		if again.Get("id") != first.Get("id") {
			t.Error("the same claim made another binding")
		}
		if n := w.Count(t, `SELECT count(*) FROM accounts WHERE id = $1 AND role = 'student'`, p.ID); n != 1 {
			t.Error("the account's role did not follow the binding")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'binding.bind' AND school_id = $1`, w.Here.ID); n != 1 {
			t.Errorf("%d records of one binding", n)
		}
	})
}

func TestWhatIsWrongWithAClaimIsToldWithoutTheRegistry(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		p := w.Person(t, "student")
		right := roomtest.IDNumber(1)
		wrongCheck := right[:17] + map[bool]string{true: "1", false: "0"}[right[17] == '0']
		for _, c := range []struct {
			about, idType, number, name, code, field, fieldCode string
		}{
			{"swapped", "resident_id", "李雷", right, "fields_swapped", "id_number", "id_is_name"},
			{"a digit mistyped", "resident_id", wrongCheck, "李雷", "id_number_invalid", "id_number", "id_checksum"},
			{"no such day", "resident_id", "510104201202301234", "李雷", "id_number_invalid", "id_number", "id_date"},
			{"a digit lost", "resident_id", right[:17], "李雷", "id_number_invalid", "id_number", "id_length"},
			{"empty", "resident_id", "", "李雷", "id_number_invalid", "id_number", "id_required"},
			{"no name", "resident_id", right, " ", "invalid", "name", "name_required"},
			{"unknown document", "licence", right, "李雷", "invalid", "id_type", "id_type_unknown"},
			{"a permit of the wrong area", "residence_permit", right, "李雷", "id_number_invalid", "id_number", "id_area"},
		} {
			a := w.Do(t, p, "POST", "/api/v1/me/binding", object{"kind": "student", "id_type": c.idType, "id_number": c.number, "name": c.name})
			expect(t, a, 422, c.code)
			fields, _ := a.Body["fields"].([]any)
			first, _ := fields[0].(map[string]any)
			if first["field"] != c.field || first["code"] != c.fieldCode {
				t.Errorf("%s: %v", c.about, a)
			}
			if c.number != "" && strings.Contains(a.Text, c.number) {
				t.Errorf("%s: the answer repeats the number", c.about)
			}
		}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("nobody", 1, "李雷")), 422, "invalid")
		if n := w.Count(t, `SELECT count(*) FROM attempts`); n != 0 {
			t.Error("a claim that never reached the registry was counted")
		}
	})
}

func TestAMismatchDoesNotTellWhichHalfIsWrong(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, pupil(w, 1, "韩梅梅", ""))
		var answers []string
		for _, c := range []object{claim("student", 2, "韩梅梅"), claim("student", 1, "李雷"), claim("teacher", 1, "韩梅梅")} {
			a := w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/binding", c)
			expect(t, a, 422, "realname_no_match")
			if a.Get("next_step.href") != "/verify?step=request" {
				t.Errorf("the way out is %v", a.Get("next_step"))
			}
			id, _ := a.Get("request_id").(string)
			answers = append(answers, strings.ReplaceAll(a.Text, id, ""))
		}
		if answers[0] != answers[1] || answers[1] != answers[2] {
			t.Errorf("the answers differ:\n%s", strings.Join(answers, "\n"))
		}
	})
}

func TestFailedMatchesAreLimitedAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, pupil(w, 1, "韩梅梅", ""))
		p, other := w.Person(t, "student"), w.Person(t, "student")
		for range 4 {
			expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 2, "韩梅梅")), 422, "realname_no_match")
		}
		for range 3 { // successes cost nothing
			expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 201, "")
		}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 2, "韩梅梅")), 422, "realname_no_match")
		a := w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅"))
		expect(t, a, 429, "too_many_attempts")
		if a.Header.Get("Retry-After") == "" {
			t.Error("nobody says how long to wait")
		}
		expect(t, w.Do(t, other, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 409, "already_bound")
	})
}

func TestGuessesAtOnceCountLikeGuessesInTurn(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		for range 4 { // from the second on with all connections open
			p := w.Person(t, "student")
			answers := atOnce(20, func(i int) roomtest.Answer {
				return w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", i+1, "韩梅梅"))
			})
			if tried := count(answers, 422); tried != 5 || count(answers, 429) != 15 {
				t.Errorf("%d of 20 guesses at once were answered, %d refused; want 5 and 15", tried, count(answers, 429))
			}
		}
	})
}

func TestAnAddressIsLimitedToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rules := roomtest.Rules()
		rules.AddressAttempts = 6
		w := roomtest.New(t, d, rules)
		for i := range 6 {
			expect(t, w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/binding", claim("student", i+1, "韩梅梅")), 422, "realname_no_match")
		}
		expect(t, w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/binding", claim("student", 9, "韩梅梅")), 429, "too_many_attempts")
	})
}

// Who guesses which number belongs to which name, with one account after another.
func TestAttackClaimsFromOneAddressHaveToDoWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rules := roomtest.Rules()
		rules.Guard.Address = 3
		w := roomtest.New(t, d, rules)
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷", IDNumber: roomtest.IDNumber(1), SchoolID: w.Here.ID})
		for i := range 3 {
			expect(t, w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/binding", claim("student", i+1, "韩梅梅")), 422, "realname_no_match")
		}
		p := w.Person(t, "student")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 403, "captcha_required")
		notMe := map[string]any{"kind": "not_me", "school_id": w.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": roomtest.IDNumber(1), "name": "韩梅梅"}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/tickets", notMe), 403, "captcha_required")
	})
}

func TestOfTwoWhoClaimOneEntryExactlyOneWins(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e := w.Entry(t, pupil(w, 1, "韩梅梅", ""))
		people := make([]roomtest.Person, 16)
		for i := range people {
			people[i] = w.Person(t, "student")
		}
		answers := atOnce(len(people), func(i int) roomtest.Answer {
			return w.Do(t, people[i], "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅"))
		})
		if won, told := count(answers, 201), count(answers, 409); won != 1 || told != 15 {
			t.Errorf("%d won and %d were told, want 1 and 15: %v", won, told, answers)
		}
		if n := w.Count(t, `SELECT count(*) FROM bindings WHERE entry_id = $1`, e.ID); n != 1 {
			t.Errorf("%d bindings of one entry", n)
		}
	})
}

func TestTheSameClaimAtOnceAnswersOneBinding(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, pupil(w, 1, "韩梅梅", ""))
		p := w.Person(t, "student")
		answers := atOnce(8, func(int) roomtest.Answer {
			return w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅"))
		})
		for _, a := range answers {
			expect(t, a, 201, "")
			if a.Get("id") != answers[0].Get("id") {
				t.Error("two bindings of one claim")
			}
		}
	})
}

func TestWhoHoldsAnEntryIsToldMaskedAndOnlyToWhoKnowsIt(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, pupil(w, 1, "韩梅梅", ""))
		w.Entry(t, pupil(w, 2, "李雷", ""))
		holder, p := w.Person(t, "student"), w.Person(t, "student")
		expect(t, w.Do(t, holder, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 201, "")
		a := w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅"))
		expect(t, a, 409, "already_bound")
		if a.Get("holder.masked_username") != "pe******01" || a.Get("holder.masked_phone") != "138****0001" || a.Get("next_step.action") != "not_me" {
			t.Errorf("holder told as %v", a)
		}
		if strings.Contains(a.Text, holder.Phone) || strings.Contains(a.Text, holder.Username) {
			t.Error("the holder is told in full")
		}
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "李雷")), 422, "realname_no_match")
		a = w.Do(t, holder, "POST", "/api/v1/me/binding", claim("student", 2, "李雷"))
		expect(t, a, 409, "already_bound")
		if a.Get("holder") != nil || a.Get("next_step.href") != "/me" {
			t.Errorf("an account that is bound is told %v", a)
		}
	})
}

func TestTwoNumbersAreAskedForWhereThePolicySaysSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rules := roomtest.Rules()
		rules.Proof = verification.TwoNumbers
		w := roomtest.New(t, d, rules)
		studentNumber, certificate := "G"+roomtest.IDNumber(9), "20155100412345678"
		e := pupil(w, 1, "韩梅梅", "")
		e.StudentNumber = studentNumber
		w.Entry(t, e)
		e = teacher(w, 2, "李雷")
		e.CertificateNumber = certificate
		w.Entry(t, e)
		w.Entry(t, pupil(w, 3, "林涛", "")) // the registry has no second number of theirs

		p := w.Person(t, "student")
		with := func(c object, second string) object { c["second_number"] = second; return c }
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 422, "invalid")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", with(claim("student", 1, "韩梅梅"), "G"+roomtest.IDNumber(1))), 422, "realname_no_match")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", with(claim("student", 3, "林涛"), studentNumber)), 422, "realname_no_match")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", with(claim("student", 1, "韩梅梅"), strings.ToLower(studentNumber))), 201, "")
		expect(t, w.Do(t, w.Person(t, "parent"), "POST", "/api/v1/me/binding", with(claim("parent", 1, "韩梅梅"), studentNumber)), 201, "")
		expect(t, w.Do(t, w.Person(t, "teacher"), "POST", "/api/v1/me/binding", with(claim("teacher", 2, "李雷"), certificate)), 201, "")
	})
}

func TestAPupilWithoutAClassChoosesOneOfTheSchools(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, pupil(w, 1, "韩梅梅", ""))
		w.Entry(t, pupil(w, 2, "李雷", ""))
		w.Entry(t, teacher(w, 3, "林涛"))
		mine, second, foreign := w.Class(t, w.Here.ID, 1), w.Class(t, w.Here.ID, 2), w.Class(t, w.Nearby.ID, 1)
		p := w.Person(t, "student")
		a := w.Do(t, p, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅"))
		expect(t, a, 201, "")
		if class, told := a.Body["class"]; !told || class != nil {
			t.Errorf("class %v, want null", class)
		}
		choose := func(p roomtest.Person, class string) roomtest.Answer {
			return w.Do(t, p, "PUT", "/api/v1/me/binding/class", object{"class_id": class})
		}
		expect(t, choose(p, foreign.ID), 422, "invalid")
		expect(t, choose(p, "nowhere"), 422, "invalid")
		for range 2 {
			a = choose(p, mine.ID)
			expect(t, a, 200, "")
			if a.Get("class.id") != mine.ID {
				t.Errorf("chose %v", a)
			}
		}
		// A wrong choice is one's own to mend, within school and stage, until the school sets the class.
		if a = choose(p, second.ID); a.Get("class.id") != second.ID {
			t.Errorf("chose again: %v", a)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.set_class' AND actor_id = $1`, p.ID); n != 2 {
			t.Errorf("%d choices are on record", n)
		}
		var primary roster.Class
		w.InTx(t, func(tx *db.Tx) (err error) {
			primary, err = w.Roster.CreateClass(t.Context(), tx, roster.NewClass{SchoolID: w.Here.ID, Stage: roster.Primary, EntryYear: second.EntryYear, Number: 1})
			return err
		})
		expect(t, choose(p, primary.ID), 422, "invalid")
		expect(t, choose(p, foreign.ID), 422, "invalid")
		w.Roster.Mount(w.Server)
		mei, err := w.Verification.BindingOf(t.Context(), w.DB, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		parent := w.Person(t, "parent")
		w.Bind(t, parent, roster.Entry{ID: mei.EntryID, Kind: roster.Student}, "parent")
		expect(t, choose(parent, mine.ID), 409, "class_chosen")
		school := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, school, "PATCH", "/api/v1/admin/registry/"+mei.EntryID, object{"name": "韩美美"}), 200, "")
		expect(t, choose(p, mine.ID), 200, "") // a name is no class
		expect(t, w.Do(t, school, "PATCH", "/api/v1/admin/registry/"+mei.EntryID, object{"class_id": second.ID}), 200, "")
		expect(t, choose(p, mine.ID), 409, "class_chosen")

		other := w.Person(t, "student")
		with := claim("student", 2, "李雷")
		with["class_id"] = foreign.ID
		expect(t, w.Do(t, other, "POST", "/api/v1/me/binding", with), 422, "invalid")
		if n := w.Count(t, `SELECT count(*) FROM bindings WHERE account_id = $1`, other.ID); n != 0 {
			t.Error("bound, though the class was refused")
		}
		with["class_id"] = second.ID
		a = w.Do(t, other, "POST", "/api/v1/me/binding", with)
		expect(t, a, 201, "")
		if a.Get("class.id") != second.ID {
			t.Errorf("bound without the class that came along: %v", a)
		}

		staff := w.Person(t, "teacher")
		expect(t, choose(staff, mine.ID), 403, "realname_required")
		expect(t, w.Do(t, staff, "POST", "/api/v1/me/binding", claim("teacher", 3, "林涛")), 201, "")
		expect(t, choose(staff, mine.ID), 422, "invalid")
	})
}

// Whoever knows a child's number and name asks to be their guardian; nothing of the child is shown for that (F-21).
func TestParentsAskForTheirChild(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		child := w.Entry(t, pupil(w, 1, "韩梅梅", w.Class(t, w.Here.ID, 1).ID))
		w.Entry(t, pupil(w, 2, "韩小梅", ""))
		w.Entry(t, teacher(w, 3, "韩父"))
		self, mother, father := w.Person(t, "student"), w.Person(t, "parent"), w.Person(t, "teacher")
		expect(t, w.Do(t, self, "POST", "/api/v1/me/binding", claim("student", 1, "韩梅梅")), 201, "")
		expect(t, w.Do(t, father, "POST", "/api/v1/me/binding", claim("teacher", 3, "韩父")), 201, "")
		var id any
		for _, p := range []roomtest.Person{mother, mother, father} {
			a := w.Do(t, p, "POST", "/api/v1/me/binding", claim("parent", 1, "韩梅梅"))
			expect(t, a, 201, "")
			if a.Get("kind") != "parent" || a.Get("state") != "asked" || a.Get("expires_at") == nil {
				t.Errorf("a request is told as %v", a)
			}
			if strings.Contains(a.Text, w.Here.Name) || strings.Contains(a.Text, "七年级") {
				t.Errorf("whoever asks learns where the child is: %v", a)
			}
			if p == mother {
				if id != nil && id != a.Get("id") {
					t.Error("asking twice made two requests")
				}
				id = a.Get("id")
			}
		}
		if n := w.Count(t, `SELECT count(*) FROM guardian_requests WHERE entry_id = $1 AND state = 'asked'`, child.ID); n != 2 {
			t.Errorf("%d requests for the child, want 2", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM guardian_links`); n != 0 {
			t.Errorf("%d links without anybody's word", n)
		}
		if n := w.Count(t, `SELECT count(*) FROM bindings WHERE entry_id = $1 AND account_id = $2`, child.ID, self.ID); n != 1 {
			t.Error("the child's own binding has gone")
		}
		if n := w.Count(t, `SELECT count(*) FROM accounts WHERE id = $1 AND role = 'teacher'`, father.ID); n != 1 {
			t.Error("a teacher who asks to be a guardian too is no teacher any more")
		}
		expect(t, w.Do(t, self, "POST", "/api/v1/me/binding", claim("parent", 2, "韩小梅")), 409, "already_bound")
		bad := claim("parent", 2, "韩小梅")
		bad["relation"] = "cousin"
		expect(t, w.Do(t, mother, "POST", "/api/v1/me/binding", bad), 422, "invalid")
		expect(t, w.Do(t, mother, "POST", "/api/v1/me/binding", claim("student", 2, "韩小梅")), 409, "already_bound")

		w.Bind(t, mother, child, "parent")
		a := w.Do(t, mother, "POST", "/api/v1/me/binding", claim("parent", 1, "韩梅梅"))
		expect(t, a, 201, "")
		if a.Get("state") != "bound" || a.Get("id") != id || a.Get("class.name") != "七年级1班" {
			t.Errorf("a confirmed guardian sees %v", a)
		}
		// Unbinding is of one's own entry: no guardian goes by it unawares.
		gone := w.Do(t, mother, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password})
		if expect(t, gone, 404, "not_found"); gone.Get("next_step.action") != "my_children" {
			t.Errorf("no way to the children: %v", gone)
		}
		if n := w.Count(t, `SELECT count(*) FROM guardian_links WHERE id = $1`, id); n != 1 {
			t.Error("the guardian was unbound from the child")
		}
	})
}

func TestATeacherVerifiedAsAParentVerifiesAgain(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, teacher(w, 1, "林涛"))
		p := w.Person(t, "parent")
		a := w.Do(t, p, "POST", "/api/v1/me/binding", claim("parent", 1, "林涛"))
		expect(t, a, 201, "")
		if a.Get("kind") != "parent" {
			t.Errorf("bound as %v", a.Get("kind"))
		}
		if a.Get("entry_kind") != "teacher" {
			t.Errorf("the entry is a %v's", a.Get("entry_kind"))
		}
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/binding", object{"password": "Wrong2026"}), 422, "password_wrong")
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 204, "")
		if w.Told(t, p, "已完成实名认证") != 1 || w.Told(t, p, "已解除实名认证") != 1 {
			t.Error("the person was not told by SMS")
		}
		expect(t, w.Do(t, p, "DELETE", "/api/v1/me/binding", object{"password": roomtest.Password}), 404, "not_found")
		a = w.Do(t, p, "POST", "/api/v1/me/binding", claim("teacher", 1, "林涛"))
		expect(t, a, 201, "")
		if a.Get("kind") != "teacher" {
			t.Errorf("bound as %v", a.Get("kind"))
		}
	})
}

func TestATeacherVerifiedAsAParentBecomesOneAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, teacher(w, 1, "林涛"))
		p := w.Person(t, "parent")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("parent", 1, "林涛")), 201, "")
		a := w.Do(t, p, "POST", "/api/v1/me/binding", claim("teacher", 1, "林涛"))
		expect(t, a, 201, "")
		if a.Get("kind") != "teacher" {
			t.Errorf("bound as %v", a.Get("kind"))
		}
		if n := w.Count(t, `SELECT count(*) FROM accounts WHERE id = $1 AND role = 'teacher'`, p.ID); n != 1 {
			t.Error("the account is no teacher's")
		}
		// A teacher becomes no parent by it: that is a child's to bring.
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("parent", 1, "林涛")), 409, "already_bound")
	})
}

func TestAnAdministratorUnbindsWithinTheirScope(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		w.Entry(t, teacher(w, 1, "林涛"))
		p := w.Person(t, "teacher")
		expect(t, w.Do(t, p, "POST", "/api/v1/me/binding", claim("teacher", 1, "林涛")), 201, "")
		path, reason := "/api/v1/admin/accounts/"+p.ID+"/binding", object{"reason": "本人不是该教师"}
		for _, outside := range []roomtest.Person{
			w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.County, "510302"), w.Administrator(t, access.City, "510300"),
		} {
			expect(t, w.Do(t, outside, "DELETE", path, reason), 404, "not_found")
		}
		expect(t, w.Do(t, p, "DELETE", path, reason), 403, "forbidden")
		admin := w.Administrator(t, access.School, w.Here.ID)
		expect(t, w.Do(t, admin, "DELETE", path, object{"reason": " "}), 422, "invalid")
		expect(t, w.Do(t, admin, "DELETE", path, reason), 204, "")
		expect(t, w.Do(t, admin, "DELETE", path, reason), 404, "not_found")
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'binding.unbind' AND actor_id = $1 AND reason = $2`,
			admin.ID, reason["reason"]); n != 1 {
			t.Errorf("%d records of the unbinding with its reason", n)
		}
		if w.Told(t, p, "管理员已解除") != 1 {
			t.Error("the person was not told by SMS")
		}
	})
}

func TestOtherDocumentsProveToo(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.World) {
		e := pupil(w, 1, "Anna-Maria O’Neil", "")
		e.IDType, e.IDNumber = "home_return_permit", "H1234567801"
		w.Entry(t, e)
		a := w.Do(t, w.Person(t, "student"), "POST", "/api/v1/me/binding",
			object{"kind": "student", "id_type": "home_return_permit", "id_number": "h12345678", "name": "anna-maria O'Neil"})
		expect(t, a, 201, "")
	})
}

// atOnce calls f n times at the same moment and gives the answers.
func atOnce(n int, f func(i int) roomtest.Answer) []roomtest.Answer {
	answers := make([]roomtest.Answer, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			answers[i] = f(i)
		})
	}
	close(begin)
	all.Wait()
	return answers
}

func count(answers []roomtest.Answer, status int) (n int) {
	for _, a := range answers {
		if a.Status == status {
			n++
		}
	}
	return n
}
