package roster_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/sheet"
)

// send uploads a roster.
func send(t *testing.T, w *roomtest.World, p roomtest.Person, query string, file []byte, form map[string]string) roomtest.Answer {
	t.Helper()
	return sendNamed(t, w, p, query, `C:\名册.csv`, file, form)
}

func sendNamed(t *testing.T, w *roomtest.World, p roomtest.Person, query, name string, file []byte, form map[string]string) roomtest.Answer {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file)
	for name, value := range form { // after the file, as some clients do
		if err := m.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/admin/registry/imports"+query, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+p.Token)
	recorded := httptest.NewRecorder()
	w.Server.ServeHTTP(recorded, r)
	a := roomtest.Answer{Status: recorded.Code, Header: recorded.Header(), Text: recorded.Body.String()}
	if err := json.Unmarshal(recorded.Body.Bytes(), &a.Body); err != nil {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	return a
}

var ofStudents = map[string]string{"kind": "student"}

// imported uploads a roster, waits for it, and answers what the API says of it.
func imported(t *testing.T, w *roomtest.World, p roomtest.Person, file []byte, form map[string]string) roomtest.Answer {
	t.Helper()
	a := send(t, w, p, "", file, form)
	if a.Status != 202 {
		t.Fatal(a)
	}
	id := a.Get("id").(string)
	if err := w.Roster.RunImport(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return w.Do(t, p, "GET", "/api/v1/admin/registry/imports/"+id, nil)
}

func counts(a roomtest.Answer) string {
	return fmt.Sprint(a.Get("state"), " ", a.Get("total"), " ", a.Get("accepted"), " ", a.Get("rejected"))
}

// Of the document number 519952201211228051 a spreadsheet's number keeps 519952201211228000, whose check character fits too.
func TestADocumentNumberInANumericCellIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		x := excelize.NewFile()
		for i, row := range [][]any{{"姓名", "证件号码", "学籍号"}, {"张三", 519952201211228000, "G519952201211228051"}, {"李四", roomtest.IDNumber(1), ""}} {
			if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
		var file bytes.Buffer
		if err := x.Write(&file); err != nil {
			t.Fatal(err)
		}
		preview := send(t, w, admin, "?dry_run=true", file.Bytes(), ofStudents)
		if preview.Get("accepted") != 1.0 || preview.Get("rejected") != 1.0 || !strings.Contains(preview.Text, "数字而不是文本") {
			t.Fatal(preview)
		}
	})
}

func TestARosterAsSchoolsReallyHaveThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin, other := w.Administrator(t, access.School, w.Here.ID), w.Administrator(t, access.School, w.Nearby.ID)
		class := w.Class(t, w.Here.ID, 3)
		w.Entry(t, student(w, w.Nearby, 20, "外校生"))
		lacking := w.Entry(t, student(w, w.Here, 21, "无班生"))
		w.Entry(t, roster.NewEntry{Kind: roster.Student, Name: "有班生", IDNumber: roomtest.IDNumber(22), SchoolID: w.Here.ID, ClassID: class.ID})
		id := roomtest.IDNumber
		file := strings.Join([]string{
			"草堂中学2026年秋季学生名册,,,,",
			",,,,",
			"序号,学生姓名,身份证件号码（必填）,全国学籍号,年级 班级",
			"1, 张　三 ," + strings.ToLower(id(1)) + ",G" + id(1) + ",七年级3班",
			"2,李四,'" + id(2) + ",,七年级（4）班",
			"3,王五,５１０１０４２０１２０３１５００３" + wide(id(3)[17:]) + ",,七年级(4)班",
			"4,浮点,5.10104E+17,,七年级3班",
			"5,校验,110105194912310021,,七年级3班",
			"6,重复," + id(1) + ",,七年级3班",
			"7,外校生," + id(20) + ",,七年级3班",
			"8,不知名," + id(20)[:17] + ",,七年级3班",
			"9,看不懂," + id(4) + ",,火箭班",
			"10," + id(5) + ",填反了,,七年级3班",
			"11,无班生," + id(21) + ",,七年级3班",
			"12,有班生," + id(22) + ",,七年级4班",
			"13,另一名," + id(22)[:0] + id(22) + ",,七年级4班",
			"14,,,,",
			"序号,学生姓名,身份证件号码（必填）,全国学籍号,年级 班级",
			"15,\"=HYPERLINK(\"\"x\"\")\"," + id(6) + ",,",
			"16,没有班," + id(7) + ",,",
			"17,有护照,E12345678,,七年级3班",
		}, "\r\n")
		encoded, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(file))
		if err != nil {
			t.Fatal(err)
		}

		preview := send(t, w, admin, "?dry_run=true", encoded, ofStudents)
		if preview.Status != 200 || preview.Get("encoding") != "GB 18030" || preview.Get("header_row") != 3.0 || preview.Get("accepted") != 5.0 || preview.Get("rejected") != 11.0 {
			t.Fatal(preview)
		}
		if strings.Contains(preview.Text, id(1)) || strings.Contains(preview.Text, strings.ToLower(id(1))) {
			t.Error("the preview shows a full number")
		}
		if diff := cmp.Diff([]string{"七年级4班"}, newClasses(preview)); diff != "" {
			t.Errorf("the classes that would be new: %s", diff)
		}
		names := map[any]any{}
		for _, reject := range preview.Get("rejects").([]any) {
			names[reject.(map[string]any)["row"]] = reject.(map[string]any)["name"]
		}
		if names[9.0] != "重复" || names[13.0] != "填反了" || names[19.0] == nil {
			t.Errorf("who would be rejected, by row: %v", names)
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM registry_entries"); n != 3 {
			t.Errorf("the preview left %d entries", n)
		}

		done := imported(t, w, admin, encoded, ofStudents)
		if counts(done) != "done 16 5 11" || done.Get("progress") != 1.0 || done.Get("filename") != "名册.csv" {
			t.Fatal(done)
		}
		if diff := cmp.Diff([]string{"七年级4班"}, newClasses(done)); diff != "" {
			t.Errorf("the classes that are new: %s", diff)
		}
		var made string
		if err := d.QueryRow(t.Context(), `SELECT details FROM audit_records WHERE action = 'class.create' AND batch = $1 AND actor_id = $2`, done.Get("id"), admin.ID).Scan(&made); err != nil || !strings.Contains(made, `"number":4`) {
			t.Errorf("of the class that is new the record says %s %v", made, err)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.import' AND batch = '' AND details LIKE $1`, "%"+done.Get("id").(string)+"%"); n != 1 {
			t.Error("nothing stands above the record of the class")
		}
		path := "/api/v1/admin/registry/imports/" + done.Get("id").(string)
		rejected := w.Do(t, admin, "GET", path+"/rejected.xlsx", nil)
		if _, name, _ := strings.Cut(rejected.Header.Get("Content-Disposition"), "UTF-8''"); !strings.HasPrefix(unescaped(t, name), "草堂中学-学生名册未导入的行-20") {
			t.Errorf("the file of rejected rows is called %q", name)
		}
		x, err := excelize.OpenReader(strings.NewReader(rejected.Text))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := x.GetRows(x.GetSheetName(0))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, row := range rows[1:] {
			got[row[0]] = row[1]
		}
		wantReasons := map[string]string{
			"7": "数字而不是文本", "8": "校验码", "9": "与第 4 行重复", "10": "浣花中学", "11": "18 位", "12": "看不懂", "13": "填反了",
			"15": "七年级3班", "16": "与第 15 行重复", "19": "不应出现的字符", "21": "证件类型",
		}
		for line, part := range wantReasons {
			if !strings.Contains(got[line], part) {
				t.Errorf("row %s was rejected with %q, want %q", line, got[line], part)
			}
		}
		if len(got) != len(wantReasons) {
			t.Errorf("rejected: %v", got)
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM audit_records WHERE action = 'registry.download_rejected' AND actor_id = $1", admin.ID); n != 1 {
			t.Error("the download of personal data is not on record")
		}
		if a := w.Do(t, admin, "GET", "/api/v1/admin/registry/"+lacking.ID, nil); a.Get("class.id") != class.ID {
			t.Errorf("the class that was missing has not been added: %v", a)
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM classes WHERE school_id = $1", w.Here.ID); n != 2 {
			t.Errorf("the school has %d classes: the one it had, and the fourth which the file named", n)
		}
		for _, p := range []string{path, path + "/rejected.xlsx"} {
			want(t, w.Do(t, other, "GET", p, nil), 404, "not_found")
		}
		if a := w.Do(t, other, "GET", "/api/v1/admin/registry/imports", nil); len(a.Items()) != 0 {
			t.Error("another school sees the import")
		}
		want(t, send(t, w, other, "", encoded, map[string]string{"kind": "student", "school_id": w.Here.ID}), 404, "not_found")

		again := imported(t, w, admin, []byte(rejected.Text), ofStudents)
		if len(newClasses(again)) != 0 {
			t.Error("an import that made no class claims one")
		}
		if counts(again) != "done 11 0 11" {
			t.Errorf("the file of rejected rows, uploaded as it is: %v", again)
		}
		if again := imported(t, w, admin, encoded, ofStudents); counts(again) != "done 16 0 16" {
			t.Errorf("the same file once more: %v", again)
		}
	})
}

// newClasses are the names of the classes that an import makes, or made.
func newClasses(a roomtest.Answer) []string {
	var names []string
	for _, class := range a.Get("new_classes").([]any) {
		names = append(names, class.(map[string]any)["name"].(string))
	}
	return names
}

func unescaped(t *testing.T, text string) string {
	t.Helper()
	plain, err := url.PathUnescape(text)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func wide(s string) string {
	return strings.Map(func(r rune) rune { return r + 0xfee0 }, s)
}

func TestAFileForSeveralSchoolsReachesNoFurtherThanItsSender(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		county := w.Administrator(t, access.County, "510104")
		id := roomtest.IDNumber
		file := "姓名,证件号码,学校名称,学校标识码\n" +
			"一," + id(1) + ",," + w.Here.Code + "\n" +
			"二," + id(2) + ",浣花中学,\n" +
			"三," + id(3) + ",盐都中学,\n" +
			"四," + id(4) + ",," + w.Elsewhere.Code + "\n" +
			"五," + id(5) + ",,\n"
		if a := imported(t, w, county, []byte(file), map[string]string{"kind": "teacher"}); counts(a) != "done 5 2 3" {
			t.Error(a)
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM registry_entries WHERE school_id = $1", w.Elsewhere.ID); n != 0 {
			t.Error("the file reached a school of another city")
		}
		if a := imported(t, w, county, []byte(file), map[string]string{"kind": "teacher", "school_id": w.Nearby.ID}); counts(a) != "done 5 2 3" {
			t.Errorf("into one school: 三 and 五 are new, the codes are others', 二 is there: %v", a)
		}
		want(t, send(t, w, county, "", []byte("姓名,证件号码\n一,"+id(9)+"\n"), ofStudents), 422, "invalid")
		want(t, send(t, w, county, "", []byte(file), map[string]string{"kind": "parent"}), 422, "invalid")
	})
}

func TestFilesThatAreNoRosters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		var bomb, locked, good bytes.Buffer
		z := zip.NewWriter(&bomb)
		for name, content := range map[string]string{
			"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="x/worksheet" Target="s.xml"/></Relationships>`,
			"xl/s.xml":                   strings.Repeat(" ", 100<<20),
		} {
			part, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(part, content); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(z.Close(), excelize.NewFile().Write(&locked, excelize.Options{Password: "x"}), excelize.NewFile().Write(&good)); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			file []byte
			code string
		}{
			"empty":           {nil, "empty"},
			"empty workbook":  {good.Bytes(), "empty"},
			"truncated":       {good.Bytes()[:good.Len()-10], "truncated"},
			"zip bomb":        {bomb.Bytes(), "zip_bomb"},
			"renamed picture": {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "not_a_table"},
			"password":        {locked.Bytes(), "password_protected"},
			"no header":       {[]byte("张三,11010519491231002X\n"), "no_header"},
			"headings alone":  {[]byte("姓名,证件号码\n,\n姓名,证件号码\n"), "no_rows"},
			"10,000 columns":  {[]byte("姓名,证件号码" + strings.Repeat(",x", 10_000) + "\n"), "too_many_columns"},
		} {
			for _, query := range []string{"", "?dry_run=true"} {
				a := send(t, w, admin, query, c.file, ofStudents)
				want(t, a, 415, "unsupported_file")
				if got := fieldCodes(a)["file"]; got != c.code {
					t.Errorf("%s: %q", name, got)
				}
			}
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM roster_imports"); n != 0 {
			t.Errorf("%d imports began", n)
		}
		// Good at its head and broken further down: what was committed is counted, and the rest is said not to be done.
		broken := imported(t, w, admin, append(students(1, roster.BatchRows+10), `"开,`...), ofStudents)
		if counts(broken) != fmt.Sprintf("failed %d %d 0", roster.BatchRows, roster.BatchRows) || broken.Get("failure") != "truncated" {
			t.Error(broken)
		}
	})
}

// students is a roster of n students with the numbers from first on.
func students(first, n int) []byte {
	var b bytes.Buffer
	b.WriteString("姓名,证件号码,班级\n")
	for i := range n {
		fmt.Fprintf(&b, "张三,%s,七年级%d班\n", number(first+i), i%9+1)
	}
	return b.Bytes()
}

// number is the nth of ten million valid passport numbers.
func number(n int) string { return fmt.Sprintf("H%08d", n) }

func TestAnImportThatIsKilledGoesOnWhereItStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		const n = 3*roster.BatchRows + 17
		file := students(1, n)
		file = append(file, strings.Repeat("坏,1,\n", 5)+"李四,"+number(3)+",\n"...) // the last: twice in the file, far apart
		started := send(t, w, admin, "", file, ofStudents)
		id := started.Get("id").(string)
		for killedAfter := range 2 {
			if err := w.Roster.RunBatches(t.Context(), id, 1); err != nil {
				t.Fatal(err)
			}
			a := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id, nil)
			done := (killedAfter + 1) * roster.BatchRows
			if counts(a) != fmt.Sprintf("running %d %d 0", done, done) || a.Get("progress").(float64) >= 1 {
				t.Fatal(a)
			}
			if n := w.Count(t, "SELECT COUNT(*) FROM registry_entries"); n != done {
				t.Fatalf("killed after %d rows, the registry has %d entries", done, n)
			}
			want(t, w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id+"/rejected.xlsx", nil), 409, "import_not_done")
		}
		if err := w.Roster.Sweep(t.Context()); err != nil { // the restart's
			t.Fatal(err)
		}
		for range 2 { // at least once: the second time there is nothing to do
			if err := w.Roster.RunImport(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		a := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id, nil)
		if counts(a) != fmt.Sprintf("done %d %d 6", n+6, n) {
			t.Error(a)
		}
		got := []int{w.Count(t, "SELECT COUNT(*) FROM registry_entries"), w.Count(t, "SELECT COUNT(*) FROM documents"), w.Count(t, "SELECT COUNT(*) FROM classes")}
		if diff := cmp.Diff([]int{n, n, 9}, got); diff != "" {
			t.Errorf("entries, documents, classes: %s", diff)
		}
	})
}

func TestTwoImportsOfOneFileAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		const n = roster.BatchRows + 500
		file := students(1, n)
		var results [2]roster.Result
		var both sync.WaitGroup
		for i, school := range []roster.School{w.Here, w.Nearby} {
			both.Go(func() {
				var err error
				results[i], err = w.Roster.Import(t.Context(), roster.ImportSource{ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Filename: "a", Kind: roster.Student, SchoolID: school.ID}, nil)
				if err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if results[0].Accepted+results[1].Accepted != n || results[0].Rejected+results[1].Rejected != n {
			t.Errorf("of %d people %v were accepted", n, results)
		}
		if got := w.Count(t, "SELECT COUNT(*) FROM registry_entries e JOIN documents d ON d.entry_id = e.id AND d.document_index = e.document_index"); got != n {
			t.Errorf("%d entries of %d", got, n)
		}
	})
}

// A command that was cut off is repeated: what is in already is neither read for the registry again nor called rejected.
func TestACommandGoesOnWithTheFileThatWasCutOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		const n = 2*roster.BatchRows + 500
		load := func(ctx context.Context, file []byte, progress func(roster.Progress)) (roster.Result, error) {
			return w.Roster.Import(ctx, roster.ImportSource{ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Filename: "a.csv", Kind: roster.Student, SchoolID: w.Here.ID}, progress)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if _, err := load(ctx, students(1, n), func(roster.Progress) { cancel() }); err == nil {
			t.Fatal("an import that was cut off came to its end")
		}
		part := w.Count(t, "SELECT COUNT(*) FROM registry_entries")
		if part == 0 || part >= n {
			t.Fatalf("%d of %d were in when it was cut off", part, n)
		}
		set := func(column string) {
			if _, err := w.DB.Exec(t.Context(), "UPDATE roster_imports SET "+column); err != nil {
				t.Fatal(err)
			}
		}
		set("state = 'running'") // of a process that was killed, or is at work
		if _, err := load(t.Context(), students(1, n), nil); !errors.Is(err, roster.ErrImporting) {
			t.Errorf("one that may be at work was taken over: %v", err)
		}
		set("created_at = 0, progress_at = progress_at - 120000") // begun long ago, and still for two minutes
		if err := w.Roster.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []roster.Result{{Accepted: n}, {Rejected: n}} { // it goes on; and then it was done
			result, err := load(t.Context(), students(1, n), nil)
			if want.ID = result.ID; err != nil || result != want {
				t.Errorf("%+v, want %+v: %v", result, want, err)
			}
		}
		if imports, entries := w.Count(t, "SELECT COUNT(*) FROM roster_imports"), w.Count(t, "SELECT COUNT(*) FROM registry_entries"); imports != 2 || entries != n {
			t.Errorf("%d imports of %d people, want 2 of %d", imports, entries, n)
		}
	})
}

// What the operator loads is no upload: a file of a whole province is larger than one may be.
func TestTheOperatorsFileMayBeLargerThanAnUpload(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		limits := roster.DefaultLimits()
		limits.Rows, limits.FileBytes = 3, 100
		small := roster.New(d, w.Vault, w.Jobs, t.TempDir(), limits)
		file := students(1, 5)
		result, err := small.Import(t.Context(), roster.ImportSource{ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Filename: "a.csv", Kind: roster.Student, SchoolID: w.Here.ID}, nil)
		if err != nil || result.Accepted != 5 {
			t.Errorf("%d of 5 came in: %v", result.Accepted, err)
		}
		// One for all schools is the province's to read of.
		all := []byte("姓名,证件号码,学校标识码\n六," + number(6) + "," + w.Here.Code + "\n")
		if _, err := small.Import(t.Context(), roster.ImportSource{ReaderAt: bytes.NewReader(all), Size: int64(len(all)), Filename: "b.csv", Kind: roster.Student}, nil); err != nil {
			t.Fatal(err)
		}
		if n := w.Count(t, `SELECT count(*) FROM audit_records WHERE action = 'registry.imported' AND region = '510000'`); n != 1 {
			t.Errorf("%d records of an import for all schools are the province's", n)
		}
	})
}

func TestTheTemplateIsARoster(t *testing.T) {
	w := world(t, dbtest.OpenSQLite(t))
	admin := w.Administrator(t, access.School, w.Here.ID)
	for _, kind := range []string{"student", "teacher"} {
		template := w.Do(t, admin, "GET", "/api/v1/admin/registry/template.xlsx?kind="+kind, nil)
		if _, name, _ := strings.Cut(template.Header.Get("Content-Disposition"), "UTF-8''"); !strings.HasSuffix(unescaped(t, name), "名册模板.xlsx") {
			t.Errorf("the template is called %q", name)
		}
		x, err := excelize.OpenReader(strings.NewReader(template.Text))
		if err != nil {
			t.Fatal(err)
		}
		var filled bytes.Buffer
		if err := errors.Join(x.SetSheetRow(x.GetSheetName(0), "A2", &[]any{"张三", "", number(1)}), x.Write(&filled)); err != nil {
			t.Fatal(err)
		}
		preview := send(t, w, admin, "?dry_run=true", filled.Bytes(), map[string]string{"kind": kind})
		if preview.Status != 200 || preview.Get("accepted") != 1.0 {
			t.Fatal(preview)
		}
		for _, c := range preview.Get("columns").([]any) {
			if c.(map[string]any)["field"] == nil {
				t.Errorf("a heading of our own is not understood: %v", c)
			}
		}
	}
}

// Whoever has mended the rows, or does not want them, is reminded of them no more.
func TestRejectedRowsAreDismissed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		done := imported(t, w, admin, append(students(1, 2), "坏,1,\n"...), ofStudents)
		path := "/api/v1/admin/registry/imports/" + done.Get("id").(string)
		if done.Get("rejected_kept") != true {
			t.Fatal(done)
		}
		want(t, w.Do(t, w.Administrator(t, access.School, w.Nearby.ID), "DELETE", path+"/rejected", nil), 404, "not_found")
		for range 2 {
			want(t, w.Do(t, admin, "DELETE", path+"/rejected", nil), 204, "")
		}
		if a := w.Do(t, admin, "GET", path, nil); a.Get("rejected") != 1.0 || a.Get("rejected_kept") != false {
			t.Errorf("the import is still to be mended: %v", a)
		}
		want(t, w.Do(t, admin, "GET", path+"/rejected.xlsx", nil), 404, "not_found")
		if n := w.Count(t, "SELECT COUNT(*) FROM audit_records WHERE action = 'registry.dismiss_rejected' AND actor_id = $1", admin.ID); n != 1 {
			t.Errorf("%d records say who dismissed them", n)
		}
	})
}

func TestRejectedRowsAreKeptForAMonth(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		started := send(t, w, admin, "", append(students(1, 2), "坏,1,\n"...), ofStudents)
		id := started.Get("id").(string)
		if err := w.Roster.RunImport(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ days, status, kept int }{{29, 200, 1}, {31, 404, 0}} {
			w.Roster.SetClock(func() time.Time { return time.Now().AddDate(0, 0, c.days) })
			if err := w.Roster.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			a := w.Do(t, admin, "GET", "/api/v1/admin/registry/imports/"+id+"/rejected.xlsx", nil)
			if kept := w.Count(t, "SELECT COUNT(*) FROM roster_rejects"); a.Status != c.status || kept != c.kept {
				t.Errorf("after %d days: %d, %d kept", c.days, a.Status, kept)
			}
		}
	})
}

func TestAPupilsRosterDoesNotComeInAsTeachers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		for kind, heading := range map[string]string{roster.Teacher: "学籍号", roster.Student: "教师资格证编号"} {
			file := "姓名,身份证号," + heading + "\n张三," + number(1) + ",\n"
			_, err := w.Roster.Import(t.Context(), roster.ImportSource{
				ReaderAt: strings.NewReader(file), Size: int64(len(file)), Filename: "a.csv", Kind: kind, SchoolID: w.Here.ID,
			}, nil)
			var refused *sheet.Problem
			if !errors.As(err, &refused) || refused.Code != "wrong_kind" {
				t.Errorf("a roster with %s as %ss: %v", heading, kind, err)
			}
		}
		if n := w.Count(t, "SELECT COUNT(*) FROM registry_entries"); n != 0 {
			t.Errorf("%d came in", n)
		}
	})
}

// A workbook with a sheet for each class is read in part, and merged cells leave most pupils without their class: whoever
// imports is told before anything is written.
func TestAPreviewTellsWhatAFileLeavesOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := world(t, d)
		admin := w.Administrator(t, access.School, w.Here.ID)
		x := excelize.NewFile()
		rows := map[string][][]any{
			"一班": {{"学生姓名", "身份证号", "年级", "班级"}, {"韩梅梅", roomtest.IDNumber(1), "七年级", "1班"}, {"李雷", roomtest.IDNumber(2)}, {"林小花", roomtest.IDNumber(3)}},
			"二班": {{"学生姓名", "身份证号"}, {"王小明", roomtest.IDNumber(4)}},
			"说明": {{"填表说明"}},
		}
		for _, name := range []string{"一班", "二班", "说明"} {
			if _, err := x.NewSheet(name); err != nil {
				t.Fatal(err)
			}
			for i, row := range rows[name] {
				if err := x.SetSheetRow(name, fmt.Sprint("A", i+1), &row); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := x.DeleteSheet("Sheet1"); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := x.Write(&file); err != nil {
			t.Fatal(err)
		}
		a := send(t, w, admin, "?dry_run=true", file.Bytes(), ofStudents)
		if a.Status != 200 || a.Get("sheet") != "一班" || a.Get("accepted") != 3.0 || a.Get("classless") != 2.0 {
			t.Fatal(a)
		}
		if others := fmt.Sprint(a.Get("other_sheets")); others != "[二班]" {
			t.Errorf("not read, besides: %s", others)
		}
		want(t, send(t, w, admin, "?dry_run=true", file.Bytes(), map[string]string{"kind": "teacher"}), 415, "unsupported_file")
		// A class of a year long past is more likely a slip than meant.
		year := roster.SchoolYear(time.Now())
		long := fmt.Sprintf("姓名,身份证号,班级\n韩梅梅,%s,初%d级1班\n李雷,%s,七年级2班\n", roomtest.IDNumber(1), year-3, roomtest.IDNumber(2))
		for _, class := range send(t, w, admin, "?dry_run=true", []byte(long), ofStudents).Get("new_classes").([]any) {
			if class := class.(map[string]any); class["years_over"] != (class["name"] == fmt.Sprintf("%d级1班", year-3)) {
				t.Errorf("%v", class)
			}
		}
	})
}
