package demo

import (
	"bytes"
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"caotang/internal/identity"
	"caotang/internal/roster"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func write(t *testing.T, r RosterFile, format string) []byte {
	t.Helper()
	r.Today = day
	var out bytes.Buffer
	if err := r.Write(&out, format); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func rows(t *testing.T, data []byte) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCleanRosterHasValidPersonsOfExistingClasses(t *testing.T) {
	inWorld := map[string]bool{}
	classes := map[string]bool{}
	for _, s := range World(worldSeed, day) {
		for _, p := range append(append([]Person{}, s.Teachers...), s.Pupils...) {
			inWorld[p.IDNumber] = true
		}
		if s.County == showCounty && s.Stage == roster.Junior {
			for _, c := range s.Classes {
				classes[gradeOf(s.Stage, c.EntryYear, 2026)+string(rune('0'+c.Number))+"班"] = true
			}
		}
	}
	types := map[string]identity.Type{}
	for id, name := range idTypeNames {
		types[name] = id
	}
	all := rows(t, write(t, RosterFile{Rows: 3000, Kind: roster.Student, Seed: 7}, ".csv"))
	if diff := cmp.Diff([]string{"姓名", "证件类型", "身份证号", "学籍号", "年级", "班级"}, all[0]); diff != "" {
		t.Error(diff)
	}
	if len(all) != 3001 {
		t.Errorf("%d lines, want a heading and 3000 rows", len(all))
	}
	seen, used := map[string]bool{}, map[string]bool{}
	for _, row := range all[1:] {
		number, problem := identity.ParseOn(types[row[1]], row[2], day)
		if problem != nil {
			t.Fatalf("%v: %v", row, problem)
		}
		unique(t, seen, number.Key())
		if inWorld[row[2]] {
			t.Errorf("%s stands in the synthetic Sichuan", row[2])
		}
		if _, problem := identity.ParseName(row[0]); problem != nil {
			t.Errorf("%v: %v", row, problem)
		}
		if row[3] != "" {
			unique(t, seen, row[3])
			if _, problem := identity.ParseStudentNumber(row[3]); problem != nil {
				t.Errorf("%v: %v", row, problem)
			}
		}
		if !classes[row[4]+row[5]] {
			t.Fatalf("the school has no class %s %s", row[4], row[5])
		}
		used[row[4]+row[5]] = true
	}
	if len(used) != len(classes) {
		t.Errorf("pupils in %d of %d classes", len(used), len(classes))
	}
}

func TestRosterIsDeterministic(t *testing.T) {
	for _, messy := range []bool{false, true} {
		r := RosterFile{Rows: 200, Kind: roster.Student, Messy: messy, Seed: 3}
		first := write(t, r, ".csv")
		if !bytes.Equal(first, write(t, r, ".csv")) {
			t.Errorf("messy %v: the same seed gave another file", messy)
		}
		r.Seed = 4
		if bytes.Equal(first, write(t, r, ".csv")) {
			t.Errorf("messy %v: another seed gave the same file", messy)
		}
	}
}

func TestTeacherRosterOfAllSchoolsNamesThem(t *testing.T) {
	schools := map[string]bool{}
	for _, row := range rows(t, write(t, RosterFile{Rows: 2000, Kind: roster.Teacher, AllSchools: true, Seed: 1}, ".csv"))[1:] {
		if _, problem := identity.ParseSchoolCode(row[4]); problem != nil {
			t.Fatalf("%v: %v", row, problem)
		}
		if row[3] != "" {
			if _, problem := identity.ParseCertificateNumber(row[3]); problem != nil {
				t.Errorf("%v: %v", row, problem)
			}
		}
		schools[row[4]] = true
	}
	if len(schools) != 3*183 {
		t.Errorf("%d schools, want three in each county", len(schools))
	}
}

func TestMessyRosterHoldsEveryMess(t *testing.T) {
	r := RosterFile{Rows: 60, Kind: roster.Student, Messy: true, Seed: 1}
	data := string(write(t, r, ".csv"))
	for name, pattern := range map[string]string{
		"title above the header": `\A2026年秋季学期花名册（演示数据）,,`,
		"merged group headings":  `\r\n基本信息,,,,学校填写,`,
		"other headings":         `\r\n序号,学生姓名,身份证件类型,证件号码,全国学籍号,年级班级\r\n`,
		"white space around":     `," \S+　",.*,"?\t\d{17}[\dX] "?,`,
		"white space within":     `,\p{Han}　\p{Han}+,`,
		"full-width digits":      `,[０-９]{17}[０-９Ｘ],`,
		"apostrophe":             `,'\d{17}[\dX],`,
		"lower-case x":           `,\d{17}x,`,
		"middle dot":             `,\p{Han}+[•・‧．.]\p{Han}+,`,
		"float":                  `,5\.199\d+E\+17,`,
		"blank row":              `\r\n,,,\r\n`,
		"row of white space":     `\r\n," ",　,\r\n|\r\n," ","　",\r\n`,
		"one column for class":   `,[七八九]年级\d班\r\n`,
		"class in brackets":      `,[七八九]年级（\d）班\r\n`,
		"rare character":         `[` + strings.Join(rareNames, "") + `]`,
	} {
		if !regexp.MustCompile(pattern).MatchString(data) {
			t.Errorf("no %s", name)
		}
	}
	if strings.Contains(strings.ReplaceAll(data, "\r\n", ""), "\n") {
		t.Error("a line ends without CRLF")
	}

	school := map[string]string{}
	for _, s := range World(worldSeed, day) {
		for _, p := range s.Pupils {
			school[p.IDNumber] = s.County
		}
	}
	count, mistyped, twice, here, elsewhere := 0, 0, 0, 0, 0
	seen := map[string]bool{}
	for _, row := range rows(t, []byte(data))[3:] {
		if strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		count++
		if _, problem := identity.ParseOn(identity.ResidentID, row[3], day); problem != nil && problem.Code == identity.CodeIDChecksum {
			mistyped++
		}
		switch {
		case seen[row[3]]:
			twice++
		case school[row[3]] == showCounty:
			here++
		case school[row[3]] != "":
			elsewhere++
		}
		seen[row[3]] = true
	}
	if count != 60 || mistyped == 0 || twice == 0 || here == 0 || elsewhere == 0 {
		t.Errorf("%d persons (want 60), %d mistyped, %d twice, %d in the registry here, %d elsewhere: want some of each", count, mistyped, twice, here, elsewhere)
	}
}

func TestMessyWorkbookMergesCellsAndHoldsFloats(t *testing.T) {
	file, err := excelize.OpenReader(bytes.NewReader(write(t, RosterFile{Rows: 60, Kind: roster.Teacher, Messy: true, Seed: 1}, ".xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	merged, err := file.GetMergeCells("Sheet1")
	if err != nil || len(merged) < 2 || merged[0].GetStartAxis() != "A1" || merged[0].GetEndAxis() != "E1" {
		t.Errorf("merged cells %v, %v", merged, err)
	}
	all, err := file.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	if got := all[2][3]; got != "身份证件号" {
		t.Errorf("heading %q", got)
	}
	numeric := 0
	for i := range all {
		cell, _ := excelize.CoordinatesToCellName(4, i+1)
		if kind, err := file.GetCellType("Sheet1", cell); err != nil || kind == excelize.CellTypeUnset && len(all[i]) > 3 && all[i][3] != "" {
			numeric++
		}
	}
	if numeric == 0 {
		t.Error("no ID number was turned into a number")
	}
}

func TestRosterEncodings(t *testing.T) {
	r := RosterFile{Rows: 400, Kind: roster.Student, Messy: true, Seed: 1}
	plain := write(t, r, ".csv")
	for _, test := range []struct {
		encoding string
		decode   func(io.Reader) io.Reader
	}{
		{"gb18030", func(in io.Reader) io.Reader { return simplifiedchinese.GB18030.NewDecoder().Reader(in) }},
		{"gbk", func(in io.Reader) io.Reader { return simplifiedchinese.GBK.NewDecoder().Reader(in) }},
		{"utf-8-bom", func(in io.Reader) io.Reader { _, _ = io.CopyN(io.Discard, in, 3); return in }},
	} {
		r.Encoding = test.encoding
		data := write(t, r, ".csv")
		if utf8.Valid(data) != (test.encoding == "utf-8-bom") {
			t.Errorf("%s: not its encoding", test.encoding)
		}
		decoded, err := io.ReadAll(test.decode(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		if test.encoding == "gbk" {
			// What GBK lacks was replaced; nothing may be lost.
			if got, want := utf8.RuneCount(decoded), utf8.RuneCount(plain); got != want || bytes.ContainsRune(decoded, utf8.RuneError) {
				t.Errorf("gbk: %d characters, want %d", got, want)
			}
			continue
		}
		if !bytes.Equal(decoded, plain) {
			t.Errorf("%s: decodes to something else", test.encoding)
		}
	}
}

func TestRosterRefusesWhatItCannotWrite(t *testing.T) {
	for _, test := range []struct {
		roster RosterFile
		format string
	}{
		{RosterFile{Rows: 0, Kind: roster.Student}, ".csv"},
		{RosterFile{Rows: 1, Kind: roster.Student}, ".xls"},
		{RosterFile{Rows: 1, Kind: roster.Student, Encoding: "latin1"}, ".csv"},
		{RosterFile{Rows: 1_000_001, Kind: roster.Student}, ".xlsx"},
	} {
		test.roster.Today = day
		if err := test.roster.Write(io.Discard, test.format); err == nil {
			t.Errorf("%+v as %s was written", test.roster, test.format)
		}
	}
}

func BenchmarkRoster(b *testing.B) {
	start := time.Now()
	if err := (RosterFile{Rows: b.N, Kind: roster.Student, Seed: 1, Today: day}).Write(io.Discard, ".csv"); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "rows/s")
}
