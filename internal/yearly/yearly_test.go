package yearly_test

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/desk"
	"caotang/internal/identity"
	"caotang/internal/messages"
	"caotang/internal/retention"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/verification"
	"caotang/internal/yearly"
)

type world struct {
	*roomtest.World
	room *yearly.Service
}

func each(t *testing.T, test func(t *testing.T, w world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := roomtest.New(t, d, roomtest.Rules())
		record := audit.New(d, nil)
		room := yearly.New(d, w.Vault, yearly.Rooms{
			Audit: record, Accounts: w.Accounts, Roster: w.Roster, Consent: w.Consent, Guardians: w.Guardians, Desk: desk.New(w.Support, w.Recovery, w.Transfers),
			Retention: []func(context.Context) ([]retention.Rule, error){
				w.Recovery.Retention, w.Roster.Retention, w.Accounts.Retention, w.SMS.Retention, w.Consent.Retention, w.Server.Retention,
			},
		}, nil)
		room.Mount(w.Server)
		test(t, world{w, room})
	})
}

// year is the one in which the tests run.
func year() int { return time.Now().In(time.FixedZone("", 8*3600)).Year() }

func (w world) done(t *testing.T, by roomtest.Person, at access.Place, action, reason string) {
	t.Helper()
	ctx := access.WithActor(t.Context(), access.Actor{AccountID: by.ID, Username: by.Username})
	w.InTx(t, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{Action: action, Target: "entry", TargetID: "one", Place: at, Reason: reason, Details: map[string]any{"kind": "student", "masked_name": "韩*梅"}})
	})
}

// taken is a pack: its cover, and the rows of each workbook.
type taken struct {
	cover string
	books map[string][][]string
	all   string
}

func (w world) take(t *testing.T, by roomtest.Person, language string, body string) taken {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/admin/audit/pack", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+by.Token)
	r.Header.Set("Accept-Language", language)
	a := roomtest.Record(t, w.Server, r)
	if a.Status != 200 {
		t.Fatal(a)
	}
	z, err := zip.NewReader(strings.NewReader(a.Text), int64(len(a.Text)))
	if err != nil {
		t.Fatal(err)
	}
	p := taken{books: map[string][][]string{}}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, ".html") {
			p.cover = string(content)
			p.all += p.cover
			continue
		}
		x, err := excelize.OpenReader(strings.NewReader(string(content)))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := x.GetRows(x.GetSheetName(0))
		if err != nil {
			t.Fatal(err)
		}
		p.books[f.Name] = rows
		p.all += fmt.Sprint(rows)
	}
	return p
}

func TestAPackHoldsItsScopesYearAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		school, other, city := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID), w.Administrator(t, access.City, "510100")
		w.done(t, school, w.Here.Place(), "registry.reveal", `=1+1`)
		w.done(t, school, w.Here.Place(), "registry.reveal", "核对")
		w.done(t, school, w.Here.Place(), "registry.export", "上报")
		w.done(t, school, w.Here.Place(), "account.change_password", "不是管理操作")
		w.done(t, other, w.Nearby.Place(), "registry.change", "浣花的事")
		w.done(t, other, w.Elsewhere.Place(), "registry.change", "盐都的事")
		if _, err := w.DB.Exec(t.Context(), `INSERT INTO audit_records (id, at, actor_id, action, target, target_id, region, school_id, reason, details, address, request_id)
			VALUES ($1, $2, $3, 'registry.reveal', 'entry', 'one', '510104', $4, '往年的事', '{}', '', '')`,
			db.IDAt(time.Now().AddDate(-1, 0, 0)), db.At(time.Now().AddDate(-1, 0, 0)), school.ID, w.Here.ID); err != nil {
			t.Fatal(err)
		}
		born := fmt.Sprintf("510104%d0315001", year()-8)
		young := born + string(identity.CheckCharacter(born))
		child := w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: young, SchoolID: w.Here.ID})
		parent := w.Person(t, "parent")
		w.Bind(t, parent, child, verification.Parent)
		asked := w.Do(t, parent, "GET", "/api/v1/me/consents", nil).Items()[0]
		a := w.Do(t, parent, "POST", "/api/v1/me/consents", map[string]any{"guardianship_id": asked["guardianship_id"], "decisions": []map[string]any{
			{"purpose": "third_party_apps", "version": 1, "given": true},
		}})
		if a.Status != 204 {
			t.Fatal(a)
		}
		pupil := w.Person(t, "student")
		w.Bind(t, pupil, w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "李雷雷", IDNumber: roomtest.IDNumber(2), SchoolID: w.Here.ID}), roster.Student)
		if a := w.Do(t, pupil, "POST", "/api/v1/me/tickets", map[string]any{"kind": "correction", "name": "李磊", "note": "错了"}); a.Status != 201 {
			t.Fatal(a)
		}
		if _, err := w.DB.Exec(t.Context(), `UPDATE accounts SET closes_at = $1 WHERE id = $2`, db.At(time.Now().Add(time.Hour)), pupil.ID); err != nil {
			t.Fatal(err)
		}
		if err := audit.Seal(t.Context(), w.DB, w.Vault); err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"year":%d}`, year())

		p := w.take(t, school, "zh-CN", body)
		for _, beyond := range []string{"浣花的事", "盐都的事", "往年的事", "不是管理操作", "李磊", "李雷雷", young, roomtest.IDNumber(2), pupil.Username, other.Username} {
			if strings.Contains(p.all, beyond) {
				t.Errorf("the school's pack holds %s", beyond)
			}
		}
		if rows := p.books["2-查看完整号码.xlsx"]; len(rows) != 4 || rows[1][5] != "核对" || rows[2][5] != "=1+1" || rows[1][3] != "学生" || !strings.Contains(rows[3][0], school.Username) {
			t.Errorf("looks: %q", rows)
		}
		if rows := p.books["1-操作次数.xlsx"]; strings.Join(rows[1], "|") != "查看完整号码|查看了完整证件号|"+school.Username+"|2" {
			t.Errorf("counts: %q", rows)
		}
		if rows := p.books["5-监护人同意.xlsx"]; len(rows) != 3 || rows[1][1] != "1" || strings.Join(rows[1][3:], "|") != "1|0|0|1" || len(rows[1][2]) != 64 {
			t.Errorf("consents: %q", rows)
		}
		requests := p.books["6-未办结的申请.xlsx"]
		if len(requests) != 4 || requests[1][0] != "注销账号" || requests[2][0] != "更正实名信息" || requests[2][5] != "否" {
			t.Errorf("requests: %q", requests)
		}
		var due db.Time
		if err := w.DB.QueryRow(t.Context(), `SELECT due_at FROM tickets WHERE kind = 'correction' AND school_id = $1`, w.Here.ID).Scan(&due); err != nil {
			t.Fatal(err)
		}
		if last := due.Add(-time.Millisecond).In(calendar.Shanghai).Format(time.DateOnly); requests[2][3] != last {
			t.Errorf("the correction is to be answered by %s, the pack says %s", last, requests[2][3])
		}
		for _, told := range []string{"草堂中学", school.Username, "与封存时一致", "第 1 块"} {
			if !strings.Contains(p.cover, told) {
				t.Errorf("the cover lacks %s: %s", told, p.cover)
			}
		}
		if p := w.take(t, city, "en", body); !strings.Contains(p.all, "浣花的事") || strings.Contains(p.all, "盐都的事") || !strings.Contains(p.cover, "成都市") || len(p.books["2-Looks at full numbers.xlsx"]) != 4 {
			t.Errorf("the city's pack: %s, %q", p.cover, p.books)
		}
		if p := w.take(t, city, "zh-CN", fmt.Sprintf(`{"year":%d,"region":"510104"}`, year())); !strings.Contains(p.cover, "锦江区") || strings.Contains(p.cover, "成都市") || !strings.Contains(p.all, "浣花的事") {
			t.Errorf("the county's part of the city's: %s", p.cover)
		}
		for body, status := range map[string]int{`{"year":2999}`: 422, fmt.Sprintf(`{"year":%d,"region":"510302"}`, year()): 404, fmt.Sprintf(`{"year":%d,"region":"510000"}`, year()): 404} {
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/admin/audit/pack", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+city.Token)
			if a := roomtest.Record(t, w.Server, r); a.Status != status {
				t.Errorf("%s: %v", body, a)
			}
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'audit.pack' AND actor_id = $1 AND region = '510104'`, city.ID); n != 1 {
			t.Error("taking a county's pack is not on the county's record")
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'audit.pack'`); n != 3 {
			t.Errorf("%d packs are on record", n)
		}
	})
}

func TestWhatIsTooMuchToListIsCountedAndThePackSaysSo(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		school := w.Administrator(t, access.School, w.Here.ID)
		w.room.Hold(1)
		w.done(t, school, w.Here.Place(), "registry.reveal", "核对")
		w.done(t, school, w.Here.Place(), "registry.export", "上报")
		p := w.take(t, school, "zh-CN", fmt.Sprintf(`{"year":%d}`, year()))
		if !strings.Contains(p.cover, "没有逐条清单") || !strings.Contains(p.cover, "区县") {
			t.Errorf("the cover: %s", p.cover)
		}
		if names := slices.Sorted(maps.Keys(p.books)); !slices.Equal(names, []string{"1-操作次数.xlsx", "5-监护人同意.xlsx", "6-未办结的申请.xlsx", "7-保存期限.xlsx"}) {
			t.Errorf("the pack holds %q", names)
		}
		if counts := p.books["1-操作次数.xlsx"]; len(counts) < 3 {
			t.Errorf("counted: %q", counts)
		}
	})
}

func TestWhatShouldBeGoneIsCounted(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		school := w.Administrator(t, access.School, w.Here.ID)
		if _, err := w.DB.Exec(t.Context(), `INSERT INTO known_addresses (account_id, address, seen_at) VALUES ($1, '10.0.0.1', $2), ($1, '10.0.0.2', $3)`,
			school.ID, db.At(time.Now().AddDate(-1, 0, 0)), db.Now()); err != nil {
			t.Fatal(err)
		}
		late := 0
		for _, row := range w.take(t, school, "zh-CN", fmt.Sprintf(`{"year":%d}`, year())).books["7-保存期限.xlsx"] {
			if len(row) == 3 && row[2] == "1" && row[0] == "账号常用的网络地址" && row[1] == "180 天" {
				late++
			} else if len(row) == 3 && row[2] != "0" && row[2] != "超期未删（条）" {
				t.Errorf("%q", row)
			}
		}
		if late != 1 {
			t.Error("an address that should be gone is not counted")
		}
	})
}

func TestEveryActionOfAPackHasWordsThatNameNoDetails(t *testing.T) {
	for _, action := range yearly.Actions() {
		for _, language := range []string{messages.Chinese, messages.English} {
			if words := audit.General(language, action); words == action || strings.Contains(words, "{") {
				t.Errorf("%s in %s: %s", action, language, words)
			}
		}
	}
}
