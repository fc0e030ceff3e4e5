package demo

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// table is a file of rows being written, from the top down. A cell is a string or a float64.
type table interface {
	banner(spans ...span) error // a line of cells that are merged, where the format can
	line(cells []any) error
	close() error
}

// span is a text over so many columns.
type span struct {
	text  string
	width int
}

// Encodings are what a CSV roster can be written in.
var Encodings = []string{"utf-8", "utf-8-bom", "gb18030", "gbk"}

func newTable(w io.Writer, format string, r RosterFile) (table, error) {
	switch format {
	case ".csv":
		return newCSV(w, r)
	case ".xlsx":
		if r.Rows > 1_000_000 {
			return nil, fmt.Errorf("an .xlsx sheet holds little more than 1,000,000 rows, not %d: write a .csv", r.Rows)
		}
		return newWorkbook(w)
	}
	return nil, fmt.Errorf("a roster is a .csv or an .xlsx file, not %q", format)
}

// csvTable ends its lines with CRLF in messy rosters.
type csvTable struct {
	csv    *csv.Writer
	buffer *bufio.Writer
	fit    func(string) string // makes a text one that the encoding can hold
}

func newCSV(w io.Writer, r RosterFile) (table, error) {
	t := &csvTable{buffer: bufio.NewWriterSize(w, 1<<16), fit: func(s string) string { return s }}
	w = t.buffer
	switch r.Encoding {
	case "", "utf-8":
	case "utf-8-bom":
		if _, err := t.buffer.WriteString("\ufeff"); err != nil {
			return nil, err
		}
	case "gb18030":
		w = simplifiedchinese.GB18030.NewEncoder().Writer(w)
	case "gbk":
		encoder := simplifiedchinese.GBK.NewEncoder()
		w, t.fit = encoder.Writer(w), fitter(simplifiedchinese.GBK.NewEncoder())
	default:
		return nil, fmt.Errorf("encoding %q is none of %s", r.Encoding, strings.Join(Encodings, ", "))
	}
	t.csv = csv.NewWriter(w)
	t.csv.UseCRLF = r.Messy
	return t, nil
}

func (t *csvTable) banner(spans ...span) error {
	var cells []any
	for _, s := range spans {
		cells = append(cells, s.text)
		for range s.width - 1 {
			cells = append(cells, "")
		}
	}
	return t.line(cells)
}

func (t *csvTable) line(cells []any) error {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		switch cell := cell.(type) {
		case float64: // as spreadsheets write a number that is too long for the column
			texts[i] = strconv.FormatFloat(cell, 'E', 5, 64)
		case string:
			texts[i] = t.fit(cell)
		}
	}
	return t.csv.Write(texts)
}

func (t *csvTable) close() error {
	t.csv.Flush()
	if err := t.csv.Error(); err != nil {
		return err
	}
	return t.buffer.Flush()
}

// fitter replaces what the encoding lacks: a dot by the common one, any other character by 吉, as people do who cannot
// type it.
func fitter(encoder *encoding.Encoder) func(string) string {
	return func(text string) string {
		if _, err := encoder.String(text); err == nil {
			return text
		}
		return strings.Map(func(r rune) rune {
			if _, err := encoder.String(string(r)); err == nil {
				return r
			}
			if strings.ContainsRune(strings.Join(dots, ""), r) {
				return '·'
			}
			return '吉'
		}, text)
	}
}

// workbook is an .xlsx file with one sheet.
type workbook struct {
	out   io.Writer
	file  *excelize.File
	sheet *excelize.StreamWriter
	row   int
}

func newWorkbook(w io.Writer) (table, error) {
	file := excelize.NewFile()
	sheet, err := file.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, err
	}
	return &workbook{out: w, file: file, sheet: sheet}, sheet.SetColWidth(1, 8, 20)
}

func (t *workbook) banner(spans ...span) error {
	cells := make([]any, 0, 8)
	for _, s := range spans {
		first, err := excelize.CoordinatesToCellName(len(cells)+1, t.row+1)
		if err != nil {
			return err
		}
		last, err := excelize.CoordinatesToCellName(len(cells)+s.width, t.row+1)
		if err != nil {
			return err
		}
		if s.width > 1 {
			if err := t.sheet.MergeCell(first, last); err != nil {
				return err
			}
		}
		cells = append(cells, s.text)
		for range s.width - 1 {
			cells = append(cells, nil)
		}
	}
	return t.line(cells)
}

func (t *workbook) line(cells []any) error {
	t.row++
	return t.sheet.SetRow("A"+strconv.Itoa(t.row), cells)
}

func (t *workbook) close() error {
	defer func() { _ = t.file.Close() }()
	if err := t.sheet.Flush(); err != nil {
		return err
	}
	return t.file.Write(t.out)
}
