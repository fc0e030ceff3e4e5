package roster

import (
	"errors"
	"io"
	"slices"

	"caotang/internal/sheet"
)

// reading is how a file is to be read.
type reading struct {
	columns    *Columns            // as somebody chose them for this very file; nil to find them
	remembered map[string][]string // what columns hold by the fingerprint of their headings, as somebody chose for a file before
	allSheets  bool                // with the sheets that have the same headings as the first
}

// table is a file whose headings have been found. Its rows go on with the first one beneath them.
type table struct {
	file    *sheet.File
	current int    // which sheet is being read
	sheet   string // its name
	rows    sheet.Rows
	layout
	chosen  *Columns // where somebody chose the columns, for this file or for one before
	again   bool     // for one before
	alike   []place  // further sheets with the same headings
	further []place  // those that are still to be read
	several bool     // more than one is

	merges []sheet.Merge // of the sheet, by column and line; nil until a hole is met
	last   [columnCount]above
}

// above is the last text in a column.
type above struct {
	line int
	text string
}

// place is a sheet and the line of its headings.
type place struct{ sheet, line int }

// openTable opens a file and finds its headings: as they were chosen, else on the first visible sheet that has any. It answers a
// *sheet.Problem for a file that is no roster, and a *unknownHeadings for one whose headings nobody knows.
func openTable(r io.ReaderAt, size int64, limits sheet.Limits, how reading) (*table, error) {
	f, err := sheet.Open(r, size, limits)
	if err != nil {
		return nil, err
	}
	t := &table{file: f}
	if how.columns != nil {
		err = t.choose(how.columns)
	} else {
		err = t.find(how.remembered)
	}
	if err != nil {
		return nil, err
	}
	if err := t.survey(); err != nil {
		return nil, err
	}
	if how.allSheets {
		t.further, t.several = t.alike, len(t.alike) > 0
	}
	return t, nil
}

// look calls see for the first rows of a sheet, headings among them if it has any, until it answers true; then the rows stay open
// beneath that one.
func (t *table) look(at int, see func(sheet.Row) bool) (found bool, err error) {
	rows, err := t.file.Rows(at)
	if err != nil {
		return false, err
	}
	for range headerRows {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
		if see(row) {
			t.current, t.sheet, t.rows = at, t.file.Sheets()[at], rows
			return true, nil
		}
	}
	return false, rows.Close()
}

// find reads as headings what somebody chose before, or what everybody calls the columns.
func (t *table) find(remembered map[string][]string) error {
	blank := true
	for i := range t.file.Sheets() {
		found, err := t.look(i, func(row sheet.Row) (ok bool) {
			blank = false
			if fields, known := remembered[fingerprint(row.Cells)]; known {
				t.layout = layoutOf(row)
				if t.again = t.assign(fields) == nil; t.again {
					t.chosen = &Columns{Sheet: t.file.Sheets()[i], HeaderRow: row.Line, Fields: fields}
					return true
				}
			}
			t.layout, ok = findColumns(row)
			return ok
		})
		if err != nil || found {
			return err
		}
	}
	if blank {
		return &sheet.Problem{Code: sheet.CodeEmpty}
	}
	return t.unknown()
}

// choose reads the file as somebody says.
func (t *table) choose(c *Columns) error {
	at := max(0, slices.Index(t.file.Sheets(), c.Sheet))
	t.chosen = c
	if c.HeaderRow == 0 { // the people begin with the first row: the columns are called by what they hold
		rows, err := t.file.Rows(at)
		if err != nil {
			return err
		}
		t.current, t.sheet, t.rows, t.layout = at, t.file.Sheets()[at], rows, layoutOf(sheet.Row{Cells: c.labels()})
		return t.assign(c.Fields)
	}
	found, err := t.look(at, func(row sheet.Row) bool {
		t.layout = layoutOf(row)
		return row.Line == c.HeaderRow
	})
	if err == nil && !found {
		err = wrongColumns("header_row_gone", nil)
	}
	if err != nil {
		return err
	}
	return t.assign(c.Fields)
}

// survey finds the sheets that have the same headings as the one that is read.
func (t *table) survey() error {
	if t.line == 0 {
		return nil
	}
	same, read := fingerprint(t.headings), *t
	for i := range t.file.Sheets() {
		if i == read.current {
			continue
		}
		found, err := t.look(i, func(row sheet.Row) bool {
			if fingerprint(row.Cells) != same {
				return false
			}
			read.alike = append(read.alike, place{i, row.Line})
			return true
		})
		if err != nil {
			return err
		}
		if found {
			_ = t.rows.Close()
		}
	}
	*t = read
	return nil
}

// next answers the next row, of the next sheet where one has ended.
func (t *table) next() (sheet.Row, error) {
	for {
		row, err := t.rows.Next()
		if !errors.Is(err, io.EOF) || len(t.further) == 0 {
			return row, err
		}
		next := t.further[0]
		t.further = t.further[1:]
		if _, err := t.look(next.sheet, func(row sheet.Row) bool { return row.Line == next.line }); err != nil {
			return sheet.Row{}, err
		}
		t.merges, t.last = nil, [columnCount]above{}
	}
}

// ofMany is the name of the sheet that is being read, "" where it is the only one.
func (t *table) ofMany() string {
	if t.several {
		return t.sheet
	}
	return ""
}

// order is where a line stands among those of all sheets.
func (t *table) order(line int) int64 { return int64(t.current)<<32 | int64(line) }

// mayMerge are the columns whose cells people merge over the rows of a class or a school.
var mayMerge = []column{colGrade, colClass, colSchool, colSchoolCode}

// filled is a person's row with what stands in cells that are merged over it and rows above. Give it every such row.
func (t *table) filled(row sheet.Row) []string {
	cells := row.Cells
	for _, c := range mayMerge {
		i := t.at[c]
		if i < 0 {
			continue
		}
		if text := t.cell(c, cells); text != "" {
			t.last[c] = above{row.Line, text}
			continue
		}
		if last := t.last[c]; last.line > 0 && t.merged(i, last.line, row.Line) {
			for len(cells) <= i {
				cells = append(cells, "")
			}
			cells[i] = last.text
		}
	}
	return cells
}

// merged tells whether the cell of a column that begins in one line reaches down to another.
func (t *table) merged(column, from, line int) bool {
	if t.merges == nil {
		t.merges = append([]sheet.Merge{}, t.file.Merges(t.current)...) // not nil even where there is none
		slices.SortFunc(t.merges, byStart)
	}
	at, found := slices.BinarySearchFunc(t.merges, sheet.Merge{Column: column, From: from}, byStart)
	return found && t.merges[at].To >= line
}

func byStart(a, b sheet.Merge) int {
	if a.Column != b.Column {
		return a.Column - b.Column
	}
	return a.From - b.From
}

// otherSheets names the sheets that look like rosters too, and are not read.
func (t *table) otherSheets() (names []string, err error) {
	read := *t
	defer func() { *t = read }()
	for i, name := range t.file.Sheets() {
		if i == read.current || t.several && slices.ContainsFunc(read.alike, func(p place) bool { return p.sheet == i }) {
			continue
		}
		found, err := t.look(i, func(row sheet.Row) bool {
			_, ok := findColumns(row)
			return ok || fingerprint(row.Cells) == fingerprint(read.headings)
		})
		if err != nil {
			return nil, err
		}
		if found {
			names = append(names, name)
			_ = t.rows.Close()
		}
	}
	return names, nil
}
