package audit_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
)

// record adds a record of something that somebody did in a school.
func record(t *testing.T, w *roomtest.World, by roomtest.Person, at roster.School, e audit.Event) {
	t.Helper()
	e.Place = at.Place()
	if e.Target == "" {
		e.Target = "entry"
	}
	ctx := access.WithClient(access.WithActor(t.Context(), access.Actor{AccountID: by.ID, Username: by.Username}), access.Client{Address: "10.0.0.1"})
	if err := w.DB.InTx(ctx, func(tx *db.Tx) error { return audit.Record(ctx, tx, e) }); err != nil {
		t.Fatal(err)
	}
}

func whats(a roomtest.Answer) string {
	var all []string
	for _, e := range a.Items() {
		all = append(all, fmt.Sprint(e["what"]))
	}
	return strings.Join(all, "|")
}

func world(t *testing.T, d *db.DB) *roomtest.World {
	w := roomtest.New(t, d, roomtest.Rules())
	audit.New(d, nil).Mount(w.Server)
	return w
}

func TestTheRecordIsNarrowedWithinItsReadersScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		school, other, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.County, "510104")
		pupil := w.Person(t, "student")
		record(t, w, school, w.Here, audit.Event{Action: "registry.create", TargetID: "one", Details: map[string]any{"kind": "student", "masked_name": "韩*梅", "masked_id_number": "5101"}})
		record(t, w, county, w.Here, audit.Event{Action: "registry.reveal", TargetID: "one"})
		record(t, w, other, w.Nearby, audit.Event{Action: "registry.create", TargetID: "two", Details: map[string]any{"kind": "teacher"}})
		record(t, w, pupil, w.Here, audit.Event{Action: "account.change_password", Target: "account", TargetID: pupil.ID})
		record(t, w, school, w.Here, audit.Event{Action: "registry.change", TargetID: "one", Details: map[string]any{"changed": "name class_id"}})
		record(t, w, school, w.Here, audit.Event{Action: "something.new"})

		for _, c := range []struct {
			by          roomtest.Person
			query, want string
		}{
			{school, "", "something.new|修改了实名信息：姓名、班级|本人修改了密码|查看了完整证件号|添加了一名学生"},
			{county, "?actor=" + other.Username, "添加了一名教师"},
			{school, "?actor=" + other.Username, ""}, // of another school
			{school, "?actor=" + county.ID, "查看了完整证件号"},
			{school, "?actor=" + strings.ToUpper(county.Username), ""},
			{school, "?actor=" + pupil.Username, ""}, // administers nothing: whether there is such an account does not show
			{school, "?actor=" + pupil.ID, "本人修改了密码"},
			{school, "?target_id=one&action=registry.", "修改了实名信息：姓名、班级|查看了完整证件号|添加了一名学生"},
			{other, "?target_id=one", ""},
			{school, "?from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z", ""},
			{county, "?from=2020-01-01T00:00:00Z&action=registry.create", "添加了一名教师|添加了一名学生"},
		} {
			if got := whats(w.Do(t, c.by, "GET", "/api/v1/admin/audit"+c.query, nil)); got != c.want {
				t.Errorf("%s as %s: %s, want %s", c.query, c.by.Username, got, c.want)
			}
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/admin/audit?target_id=one&limit=1", nil)
		r.Header.Set("Authorization", "Bearer "+school.Token)
		r.Header.Set("Accept-Language", "en")
		if got := whats(roomtest.Record(t, w.Server, r)); got != "Changed an entry: name, class" {
			t.Errorf("in English: %s", got)
		}
	})
}

func TestWhatABatchHoldsIsFoldedUnderTheRecordAboveItWhereThatIsListed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		school, county := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.County, "510104")
		batch := db.NewID()
		above := audit.Event{Action: "school.move_people", Target: "school", TargetID: w.Here.ID, Details: map[string]any{"people": 2, "name": "草堂", "school": "浣花", audit.Batch: batch}}
		for _, at := range []roster.School{w.Here, w.Nearby} {
			record(t, w, county, at, above)
		}
		ctx := audit.InBatch(access.WithActor(t.Context(), access.Actor{AccountID: county.ID}), batch)
		for _, id := range []string{"one", "two"} {
			if err := w.DB.InTx(ctx, func(tx *db.Tx) error {
				return audit.Record(ctx, tx, audit.Event{Action: "registry.move", Target: "entry", TargetID: id, Place: w.Here.Place()})
			}); err != nil {
				t.Fatal(err)
			}
		}
		record(t, w, school, w.Here, audit.Event{Action: "registry.change", TargetID: "one"})

		const line, moved, changed = "2 人由草堂一起转到浣花", "转到了另一所学校", "修改了实名信息"
		now, past := time.Now().UTC(), time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
		for query, want := range map[string]string{
			"":                                      changed + "|" + moved + "|" + moved + "|" + line,
			"?folded=true":                          changed + "|" + line,
			"?folded=true&actor=" + county.ID:       line,
			"?folded=true&from=" + past:             changed + "|" + line,
			"?folded=true&action=registry.":         changed + "|" + moved + "|" + moved,
			"?folded=true&target_id=one":            changed + "|" + moved,
			"?folded=true&batch=" + batch:           moved + "|" + moved,
			"?folded=true&batch=" + db.FirstID(now): "",
		} {
			a := w.Do(t, school, "GET", "/api/v1/admin/audit"+query, nil)
			if got := whats(a); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
			for _, e := range a.Items() {
				if e["what"] == line && (e["under"] != 2.0 || e["batch"] != batch) {
					t.Errorf("%s: the line says %v", query, e)
				}
			}
		}
		// Whoever may read the line reads what is under it, wherever that lies; nobody else does.
		there, apart := w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.School, w.Elsewhere.ID)
		if a := w.Do(t, there, "GET", "/api/v1/admin/audit?folded=true", nil); whats(a) != line || a.Items()[0]["under"] != 2.0 {
			t.Errorf("the school that takes them reads %v", a)
		}
		if a := w.Do(t, there, "GET", "/api/v1/admin/audit?batch="+batch, nil); whats(a) != moved+"|"+moved {
			t.Errorf("under it: %v", a)
		}
		if a := w.Do(t, apart, "GET", "/api/v1/admin/audit?batch="+batch, nil); whats(a) != "" {
			t.Errorf("a third school reads %v", a)
		}
		// Of whoever asks from after the line on, nothing is left out.
		if _, err := w.DB.Exec(t.Context(), `UPDATE audit_records SET batch = $1 WHERE batch = $2`, db.FirstID(now.AddDate(0, 0, -1)), batch); err != nil {
			t.Fatal(err)
		}
		if got := whats(w.Do(t, school, "GET", "/api/v1/admin/audit?folded=true&action=&from="+past, nil)); got != changed+"|"+moved+"|"+moved+"|"+line {
			t.Errorf("since the line: %s", got)
		}
		if a := w.Do(t, w.Administrator(t, access.School, w.Nearby.ID), "GET", "/api/v1/admin/audit?folded=true", nil); whats(a) != line {
			t.Errorf("the other school reads %v", a)
		}
	})
}

func TestTheRecordIsTakenAlongAsAWorkbook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		school, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		record(t, w, school, w.Here, audit.Event{Action: "registry.reveal", TargetID: "one", Reason: `=HYPERLINK("http://x")`, Details: map[string]any{"kind": "student", "masked_name": "韩*梅"}})
		record(t, w, other, w.Nearby, audit.Event{Action: "registry.reveal", TargetID: "two", Reason: "浣花"})
		record(t, w, school, w.Here, audit.Event{Action: "registry.change", TargetID: "one"})

		a := w.Do(t, school, "POST", "/api/v1/admin/audit/export", map[string]any{"action": "registry.reveal"})
		if a.Status != 200 {
			t.Fatal(a)
		}
		x, err := excelize.OpenReader(strings.NewReader(a.Text))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := x.GetRows(x.GetSheetName(0))
		if err != nil || len(rows) != 3 {
			t.Fatalf("%q, %v", rows, err)
		}
		if got := strings.Join(rows[1][1:], "|"); got != `查看了完整证件号|韩*梅|学生|`+school.Username+`|=HYPERLINK("http://x")|草堂中学|10.0.0.1` {
			t.Errorf("a record: %s", got)
		}
		if formula, err := x.GetCellFormula(x.GetSheetName(0), "F2"); err != nil || formula != "" {
			t.Errorf("a reason is taken for the formula %s, %v", formula, err)
		}
		if !strings.Contains(rows[2][0], school.Username) {
			t.Errorf("the file does not say who took it: %q", rows[2])
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'audit.export' AND actor_id = $1 AND school_id = $2 AND region = '510104' AND details LIKE '%"rows":1%'`, school.ID, w.Here.ID); n != 1 {
			t.Error("taking the record along is not on record")
		}
	})
}

func TestMoreRecordsThanOneFileHoldsAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		audit.New(d, nil).Hold(1).Mount(w.Server)
		school := w.Administrator(t, access.School, w.Here.ID)
		for range 2 {
			record(t, w, school, w.Here, audit.Event{Action: "registry.reveal", TargetID: "one"})
		}
		a := w.Do(t, school, "POST", "/api/v1/admin/audit/export", map[string]any{})
		if a.Status != 422 || a.Get("code") != "audit_export_too_many" || !strings.Contains(a.Text, "1 条") {
			t.Error(a)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'audit.export'`); n != 0 {
			t.Error("what was refused is on record as taken")
		}
	})
}

func TestAFileLongerThanAPieceHoldsEveryRecordOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		school := w.Administrator(t, access.School, w.Here.ID)
		var all [][]any
		now := db.Now()
		for i := range 2001 {
			all = append(all, []any{db.IDAt(now.Time), now, school.ID, "registry.reveal", "entry", "", "510104", w.Here.ID, fmt.Sprint("reason", i), "{}", "", ""})
		}
		w.InTx(t, func(tx *db.Tx) error {
			return tx.Insert(t.Context(), "audit_records", strings.Fields("id at actor_id action target target_id region school_id reason details address request_id"), all)
		})
		a := w.Do(t, school, "POST", "/api/v1/admin/audit/export", map[string]any{})
		x, err := excelize.OpenReader(strings.NewReader(a.Text))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := x.GetRows(x.GetSheetName(0))
		seen := map[string]bool{}
		for _, row := range rows {
			if len(row) > 5 {
				seen[row[5]] = true
			}
		}
		if err != nil || len(rows) != 2003 || len(seen) != 2002 { // heading, mark; the heading's word
			t.Errorf("%d rows, %d reasons, %v", len(rows), len(seen), err)
		}
	})
}
