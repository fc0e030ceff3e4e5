package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

type line struct {
	Line  int
	Cells []string
}

func read(data []byte, limits Limits) (f *File, lines []line, err error) {
	f, err = Open(bytes.NewReader(data), int64(len(data)), limits)
	if err != nil {
		return nil, nil, err
	}
	rows, err := f.Rows(0)
	if err != nil {
		return f, nil, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return f, lines, nil
		}
		if err != nil {
			return f, lines, err
		}
		lines = append(lines, line{row.Line, append([]string(nil), row.Cells...)})
	}
}

func TestTextFiles(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte("姓名,身份证号\r\n张三,11010519491231002X\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	gb18030, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("姓名\t号\n𠮷田\t1\n"))
	if err != nil {
		t.Fatal(err)
	}
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("姓名\t号\r\n𠮷\t1\r\n")) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, u)
	}
	late := append(bytes.Repeat([]byte("abc,1\n"), 30_000), "张三,2\n"...)
	lateGBK := append(bytes.Repeat([]byte("abc,1\n"), 30_000), 0xd5, 0xc5, ',', '2', '\n')
	for _, c := range []struct {
		name     string
		data     []byte
		encoding string
		want     []line
	}{
		{"plain", []byte("a,b\n1,2\n"), "UTF-8", []line{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}}},
		{"no end of line at the end", []byte("a,b\n1,"), "UTF-8", []line{{1, []string{"a", "b"}}, {2, []string{"1", ""}}}},
		{"mark", []byte("\ufeff姓名,b\r\n1,2\r\n"), "UTF-8", []line{{1, []string{"姓名", "b"}}, {2, []string{"1", "2"}}}},
		{"GBK", gbk, "GB 18030", []line{{1, []string{"姓名", "身份证号"}}, {2, []string{"张三", "11010519491231002X"}}}},
		{"GB 18030, tabs", gb18030, "GB 18030", []line{{1, []string{"姓名", "号"}}, {2, []string{"𠮷田", "1"}}}},
		{"UTF-16", utf16le, "UTF-16", []line{{1, []string{"姓名", "号"}}, {2, []string{"𠮷", "1"}}}},
		{"semicolons", []byte("a;b\n1,5;2\n"), "UTF-8", []line{{1, []string{"a", "b"}}, {2, []string{"1,5", "2"}}}},
		{"quotes", []byte("a,b\n\"x, \"\"y\"\"\nz\",2\n3,4\"5\n"), "UTF-8", []line{{1, []string{"a", "b"}}, {2, []string{"x, \"y\"\nz", "2"}}, {4, []string{"3", "4\"5"}}}},
		{"quoted last cell", []byte("a,b\r\n1,\"2\"\r\n\"3\",\"\""), "UTF-8", []line{{1, []string{"a", "b"}}, {2, []string{"1", "2"}}, {3, []string{"3", ""}}}},
		{"blank rows", []byte("\n , \na,b\n,,\n\n1,2\n"), "UTF-8", []line{{3, []string{"a", "b"}}, {6, []string{"1", "2"}}}},
		{"one column", []byte("a\n1\n"), "UTF-8", []line{{1, []string{"a"}}, {2, []string{"1"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, got, err := read(c.data, DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if f.Encoding() != c.encoding || f.Format() != "csv" {
				t.Errorf("read as %s in %s, want %s", f.Format(), f.Encoding(), c.encoding)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for i := range 3 { // a piece of the file ends within a character
		data := append(bytes.Repeat([]byte("a"), i), bytes.Repeat([]byte("张三,丰\n"), 20_000)...)
		if _, got, err := read(data, DefaultLimits()); err != nil || len(got) != 20_000 || got[19_999].Cells[1] != "丰" {
			t.Errorf("%d bytes on: %d rows, %v", i, len(got), err)
		}
	}
	for name, data := range map[string][]byte{"UTF-8": late, "GB 18030": lateGBK} {
		f, got, err := read(data, DefaultLimits())
		if err != nil || f.Encoding() != name || len(got) != 30_001 || got[30_000].Cells[0][:3] != "张" && got[30_000].Cells[0] != "张" {
			t.Errorf("Chinese that begins far down is not read as %s: %v", name, err)
		}
	}
}

// A cell that holds a number has lost what follows its fifteenth digit, however the program that wrote it spells it.
func TestANumberTooLongForASpreadsheetIsWrittenAsSuch(t *testing.T) {
	x := excelize.NewFile()
	for cell, v := range map[string]any{"A1": 519952201211228000, "B1": 13800138000, "C1": 123456789012345, "D1": "519952201211228000", "E1": 9123456789012345678} {
		if err := x.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if err := x.Write(&buf); err != nil {
		t.Fatal(err)
	}
	_, lines, err := read(buf.Bytes(), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	want := []line{{1, []string{"5.19952201211228E+17", "13800138000", "123456789012345", "519952201211228000", "9.123456789012346E+18"}}}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestWorkbookByAnotherHand(t *testing.T) {
	x := excelize.NewFile()
	if err := x.SetSheetName("Sheet1", "花名册"); err != nil {
		t.Fatal(err)
	}
	for cell, v := range map[string]any{
		"A1": "某某学校学生名册", "A3": "姓名", "B3": "身份证号", "A4": "张 & <三>", "B4": "11010519491231002X",
		"A7": "李四\n五", "B7": 5.10104199001011e17, "D7": true, "C7": 2024,
	} {
		if err := x.SetCellValue("花名册", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.MergeCell("花名册", "A1", "D1"); err != nil {
		t.Fatal(err)
	}
	if err := x.SetCellRichText("花名册", "A8", []excelize.RichTextRun{{Text: "王"}, {Text: "五"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.NewSheet("藏"); err != nil {
		t.Fatal(err)
	}
	if err := x.SetSheetVisible("藏", false); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := x.Write(&buf); err != nil {
		t.Fatal(err)
	}
	f, got, err := read(buf.Bytes(), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"花名册"}, f.Sheets()); diff != "" {
		t.Error(diff)
	}
	want := []line{
		{1, []string{"某某学校学生名册"}},
		{3, []string{"姓名", "身份证号"}},
		{4, []string{"张 & <三>", "11010519491231002X"}},
		{7, []string{"李四\n五", got[3].Cells[1], "2024", "TRUE"}},
		{8, []string{"王五"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWriterIsReadByOthersAndByUs(t *testing.T) {
	var buf bytes.Buffer
	w, err := NewWriter(&buf, "退回 <1>", []string{"姓名", "身份证号", "原因"}, []float64{12, 22, 40})
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]string{{"=1+1", "11010519491231002X", "a & b\r\n\x00c"}, {" 张三 ", "", "+86"}, {"𠮷", "_x000D_", "\ufffe"}}
	for _, r := range rows {
		if err := w.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(bytes.NewReader(buf.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := x.GetRows("退回 <1>")
	if err != nil {
		t.Fatal(err)
	}
	if len(theirs) != 4 || theirs[1][0] != "=1+1" || theirs[2][0] != " 张三 " || theirs[2][2] != "+86" {
		t.Errorf("excelize reads %q", theirs)
	}
	if formula, _ := x.GetCellFormula("退回 <1>", "A2"); formula != "" {
		t.Errorf("a cell became the formula %q", formula)
	}
	_, ours, err := read(buf.Bytes(), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if ours[1].Cells[2] != "a & b\r\nc" || ours[3].Cells[0] != "𠮷" {
		t.Errorf("read back as %v", ours)
	}
}

func TestRefusals(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	good := workbookOf(t, `<row r="1"><c t="inlineStr"><is><t>a</t></is></c></row>`)
	var locked bytes.Buffer
	if err := excelize.NewFile().Write(&locked, excelize.Options{Password: "x"}); err != nil {
		t.Fatal(err)
	}
	small := DefaultLimits()
	small.Rows, small.FileBytes = 3, 1<<20
	wide := strings.Repeat("x,", 10_000) + "x\n"
	bomb := workbookOf(t, strings.Repeat(" ", 80<<20))
	for _, c := range []struct {
		name   string
		data   []byte
		limits Limits
		code   string
	}{
		{"nothing", nil, small, CodeEmpty},
		{"white space", []byte("\r\n  \n"), small, CodeEmpty},
		{"a mark alone", []byte("\ufeff"), small, CodeEmpty},
		{"too big", make([]byte, 1<<20+1), small, CodeTooBig},
		{"truncated workbook", good[:len(good)-30], small, CodeTruncated},
		{"truncated text", append([]byte("姓名,号\n张"), 0xe4, 0xb8), small, CodeTruncated},
		{"quotation never closed", []byte("a,b\n\"x,1\n2,3\n"), small, CodeTruncated},
		{"damaged workbook", damaged(good), small, CodeTruncated},
		{"picture", picture.Bytes(), small, CodeNotATable},
		{"zeros", make([]byte, 5000), small, CodeNotATable},
		{"web page", []byte("\n<html><table><tr><td>1</td></tr></table></html>"), small, CodeNotATable},
		{"binary", []byte("abc\x01\x02,\n"), small, CodeNotATable},
		{"zero far down", append(bytes.Repeat([]byte("a,b\n"), 50_000), 0), small, CodeNotATable},
		{"archive of another kind", archiveOf(t, map[string]string{"word/document.xml": "<a/>"}), small, CodeNotATable},
		{"entities", workbookWith(t, `<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>`), small, CodeNotATable},
		{"locked", locked.Bytes(), small, CodePasswordProtected},
		{"10,000 columns", []byte(wide), small, CodeTooManyColumns},
		{"10,000 columns in a workbook", workbookOf(t, `<row r="1"><c r="NTP1"><v>1</v></c></row>`), small, CodeTooManyColumns},
		{"rows", []byte("a\nb\nc\nd\n"), small, CodeTooManyRows},
		{"rows in a workbook", workbookOf(t, strings.Repeat(`<row><c><v>1</v></c></row>`, 4)), small, CodeTooManyRows},
		{"zip bomb", bomb, DefaultLimits(), CodeZipBomb},
		{"zip bomb that lies", lyingBomb(t), DefaultLimits(), CodeTruncated},
		{"row without end", []byte("a," + strings.Repeat("x", 3<<20)), DefaultLimits(), CodeRowTooLong},
		{"a row of a workbook without end", workbookOf(t, `<row r="1">`+strings.Repeat(`<c t="str"><v>`+strings.Repeat("x", 600<<10)+`</v></c>`, 2)+`</row>`), DefaultLimits(), CodeTextTooLong},
		{"a cell of a workbook without end", workbookOf(t, `<row r="1"><c t="str"><v>`+strings.Repeat("x", 3<<20)+`</v></c></row>`), DefaultLimits(), CodeTextTooLong},
		{"a text of a workbook without end", workbookSharing(t, strings.Repeat("x", 3<<20)), DefaultLimits(), CodeTextTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := read(c.data, c.limits)
			var p *Problem
			if !errors.As(err, &p) || p.Code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	if len(bomb) > 1<<20 {
		t.Errorf("the bomb itself has %d bytes", len(bomb))
	}
}

func archiveOf(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func workbookWith(t testing.TB, sheet string) []byte {
	return archiveOf(t, map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   sheet,
	})
}

// workbookSharing has one cell, whose text stands among those that cells share.
func workbookSharing(t testing.TB, text string) []byte {
	const schema = "http://purl.oclc.org/ooxml/officeDocument/relationships/"
	return archiveOf(t, map[string]string{
		"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="` + schema + `worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="b" Type="` + schema + `sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c t="s"><v>0</v></c></row></sheetData></worksheet>`,
		"xl/sharedStrings.xml":     `<sst><si><t>` + text + `</t></si></sst>`,
	})
}

func workbookOf(t testing.TB, rows string) []byte {
	return workbookWith(t, "<worksheet><sheetData>"+rows+"</sheetData></worksheet>")
}

// damaged flips bits where the parts' data lies, past the local header of the first.
func damaged(file []byte) []byte {
	out := bytes.Clone(file)
	for i := range out {
		if i > 30 && i < len(out)/2 && out[i] > 0x80 {
			out[i] ^= 0x55
		}
	}
	return out
}

// lyingBomb says in its directory that its sheet is small.
func lyingBomb(t *testing.T) []byte {
	data := workbookOf(t, strings.Repeat(" ", 80<<20))
	var size [4]byte
	binary.LittleEndian.PutUint32(size[:], uint32(len("<worksheet><sheetData></sheetData></worksheet>")+80<<20))
	if n := bytes.Count(data, size[:]); n == 0 {
		t.Fatal("the size stands nowhere")
	}
	return bytes.ReplaceAll(data, size[:], []byte{0x00, 0x10, 0, 0})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("a,b\n\"1\n\",2\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Add(workbookOf(f, `<row r="1"><c r="A1" t="s"><v>0</v></c><c t="inlineStr"><is><t>&amp;</t></is></c></row>`))
	limits := DefaultLimits()
	limits.FileBytes, limits.UnzipBytes, limits.RowBytes = 1<<20, 4<<20, 1<<17
	f.Fuzz(func(t *testing.T, data []byte) { checkReading(t, data, limits) })
}

// The fuzzer seldom gets past an archive's checksums, so a sheet's text is given to it by itself.
func FuzzSheetXML(f *testing.F) {
	f.Add(`<row r="2"><c r="B2" t="str"><v>a&#x4e2d;_x000D_<![CDATA[<x>]]></v></c><!-- - --><c/></row><row/>`)
	f.Add(`<x:row><x:c t='b'><x:f>1&gt;0</x:f><x:v>1</x:v></x:c></x:row>`)
	limits := DefaultLimits()
	limits.RowBytes = 1 << 17
	f.Fuzz(func(t *testing.T, rows string) { checkReading(t, workbookOf(t, rows), limits) })
}

func checkReading(t *testing.T, data []byte, limits Limits) {
	_, lines, err := read(data, limits)
	var p *Problem
	if err != nil && !errors.As(err, &p) {
		t.Fatalf("not a problem that can be told: %v", err)
	}
	for _, l := range lines {
		if len(l.Cells) > limits.Columns || len(strings.Join(l.Cells, "")) > limits.RowBytes+pieceBytes {
			t.Fatalf("line %d exceeds the limits", l.Line)
		}
	}
}

func bigWorkbook(b *testing.B, rows int) []byte {
	x := excelize.NewFile()
	w, err := x.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	for i := 1; i <= rows; i++ {
		n := fmt.Sprintf("%018d", i)
		if err := w.SetRow(fmt.Sprintf("A%d", i), []any{"张三", n, "G" + n, "七年级", "3班", "男", "汉族", "2024", i, "备注"}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	var buf bytes.Buffer
	if err := x.Write(&buf); err != nil {
		b.Fatal(err)
	}
	return buf.Bytes()
}

func BenchmarkWorkbook(b *testing.B) {
	const rows = 20_000
	data := bigWorkbook(b, rows)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, lines, err := read(data, DefaultLimits()); err != nil || len(lines) != rows {
				b.Fatal(len(lines), err)
			}
		}
		b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("excelize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipXMLSizeLimit: 16 << 20})
			if err != nil {
				b.Fatal(err)
			}
			it, err := x.Rows("Sheet1")
			if err != nil {
				b.Fatal(err)
			}
			for it.Next() {
				if _, err := it.Columns(); err != nil {
					b.Fatal(err)
				}
			}
			if err := x.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

func BenchmarkText(b *testing.B) {
	const rows = 100_000
	var buf bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&buf, "张三,%018d,G%018d,七年级,3班\r\n", i, i)
	}
	limits := DefaultLimits()
	for b.Loop() {
		f, err := Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()), limits)
		if err != nil {
			b.Fatal(err)
		}
		it, _ := f.Rows(0)
		for {
			if _, err := it.Next(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
