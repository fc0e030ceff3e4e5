package sheet

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxSheetRows = 1_048_576 // what a worksheet holds

// Writer writes a workbook row by row, in constant memory. Every cell is text and every column is formatted as text, so
// that a spreadsheet neither turns an ID number into a float nor takes a cell for a formula: what begins like one is
// marked as quoted. Rows beyond what a sheet holds go on in a further one, under the same first row.
type Writer struct {
	zip    *zip.Writer
	out    *bufio.Writer
	name   string
	widths []float64
	head   []string
	number map[int]bool // columns
	footer string
	sheets int
	row    int
}

// NewWriter begins a workbook whose sheet is called name. head is its first row, bold and always in sight; widths are
// the columns' in characters, and there are as many columns as widths.
func NewWriter(w io.Writer, name string, head []string, widths []float64) (*Writer, error) {
	x := &Writer{zip: zip.NewWriter(w), name: name, widths: widths, head: append([]string(nil), head...)}
	return x, x.begin()
}

// The styles of styles.xml by their index.
const (
	styleText   = "1"
	styleQuoted = "2"
	styleHead   = "3"
)

// Numbers says which columns, counted from 0, hold numbers to reckon with rather than text: before the first row.
func (x *Writer) Numbers(columns ...int) {
	x.number = map[int]bool{}
	for _, c := range columns {
		x.number[c] = true
	}
}

// Footer says what stands at the foot of every printed page: before the first sheet ends.
func (x *Writer) Footer(text string) { x.footer = text }

// Row writes a row of text, and of numbers in their columns.
func (x *Writer) Row(cells []string) error {
	if x.row == maxSheetRows {
		if err := x.end(); err != nil {
			return err
		}
		if err := x.begin(); err != nil {
			return err
		}
	}
	return x.write(cells, "")
}

func (x *Writer) write(cells []string, style string) error {
	x.row++
	row := strconv.Itoa(x.row)
	x.out.WriteString(`<row r="` + row + `">`)
	for i, cell := range cells {
		if cell == "" {
			continue
		}
		if _, err := strconv.ParseFloat(cell, 64); style == "" && x.number[i] && err == nil {
			x.out.WriteString(`<c r="` + columnName(i) + row + `"><v>` + cell + `</v></c>`)
			continue
		}
		s := style
		if s == "" {
			s = styleText
			if strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				s = styleQuoted
			}
		}
		x.out.WriteString(`<c r="` + columnName(i) + row + `" s="` + s + `" t="inlineStr"><is><t xml:space="preserve">`)
		escape(x.out, cell)
		x.out.WriteString(`</t></is></c>`)
	}
	_, err := x.out.WriteString("</row>\n") // a bufio.Writer keeps its first error
	return err
}

func (x *Writer) begin() error {
	x.sheets++
	x.row = 0
	part, err := x.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", x.sheets))
	if err != nil {
		return err
	}
	x.out = bufio.NewWriterSize(part, pieceBytes)
	x.out.WriteString(xmlHead + `<worksheet xmlns="` + mainNS + `"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`)
	for i, width := range x.widths {
		fmt.Fprintf(x.out, `<col min="%d" max="%d" width="%g" style="%s" customWidth="1"/>`, i+1, i+1, width, styleText)
	}
	x.out.WriteString("</cols><sheetData>\n")
	return x.write(x.head, styleHead)
}

func (x *Writer) end() error {
	x.out.WriteString("</sheetData>")
	if x.footer != "" {
		x.out.WriteString("<headerFooter><oddFooter>&amp;L")
		escape(x.out, strings.ReplaceAll(x.footer, "&", "&&")) // which begins a code there
		x.out.WriteString("</oddFooter></headerFooter>")
	}
	x.out.WriteString("</worksheet>")
	return x.out.Flush()
}

// Close ends the workbook. The writer beneath stays open.
func (x *Writer) Close() error {
	if err := x.end(); err != nil {
		return err
	}
	var sheets, relations, types strings.Builder
	for i := 1; i <= x.sheets; i++ {
		name := x.name
		if i > 1 {
			name += " " + strconv.Itoa(i)
		}
		sheets.WriteString(`<sheet name="`)
		escape(&sheets, name)
		fmt.Fprintf(&sheets, `" sheetId="%d" r:id="rId%d"/>`, i, i)
		fmt.Fprintf(&relations, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i, relationNS, i)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%s.worksheet+xml"/>`, i, mainType)
	}
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + mainType + `.sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + mainType + `.styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + packageNS + `"><Relationship Id="rId1" Type="` + relationNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + mainNS + `" xmlns:r="` + relationNS + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + packageNS + `">` + relations.String() +
			`<Relationship Id="rId0" Type="` + relationNS + `/styles" Target="styles.xml"/></Relationships>`},
		{"xl/styles.xml", `<styleSheet xmlns="` + mainNS + `"><fonts count="2"><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts>` +
			`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
			`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>` +
			`<xf numFmtId="49" applyNumberFormat="1"/><xf numFmtId="49" quotePrefix="1" applyNumberFormat="1"/>` +
			`<xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1"/></cellXfs></styleSheet>`},
	} {
		out, err := x.zip.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, xmlHead+part.text); err != nil {
			return err
		}
	}
	return x.zip.Close()
}

const (
	xmlHead    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relationNS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageNS  = "http://schemas.openxmlformats.org/package/2006/relationships"
	mainType   = "application/vnd.openxmlformats-officedocument.spreadsheetml"
)

func columnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

// escape writes text as XML can hold it: what XML forbids is left out.
func escape(w io.StringWriter, text string) {
	from := 0
	for i, r := range text {
		var as string
		switch {
		case r == '&':
			as = "&amp;"
		case r == '<':
			as = "&lt;"
		case r == '>':
			as = "&gt;"
		case r == '"':
			as = "&quot;"
		case r == '\r':
			as = "&#13;"
		case r >= ' ' && r != utf8.RuneError && r != 0xfffe && r != 0xffff, r == '\t', r == '\n':
			continue
		}
		_, _ = w.WriteString(text[from:i]) // a failure stays with the writer, and Flush tells it
		_, _ = w.WriteString(as)
		_, size := utf8.DecodeRuneInString(text[i:])
		from = i + size
	}
	_, _ = w.WriteString(text[from:])
}
