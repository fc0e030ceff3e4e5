package sheet

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

// workbookRows streams one sheet of a workbook.
type workbookRows struct {
	w    *workbook
	in   io.ReadCloser
	scan *scanner

	line, rows int
	cells      []string
	spans      []span
	text       []byte
	value      []byte
}

func (w *workbook) rows(part string) (Rows, error) {
	if err := w.loadTexts(); err != nil {
		return nil, err
	}
	in, err := w.open(part)
	if err != nil {
		return nil, err
	}
	return &workbookRows{w: w, in: in, scan: newScanner(in)}, nil
}

func (x *workbookRows) Close() error { return x.in.Close() }

func (x *workbookRows) Next() (Row, error) {
	for {
		kind, err := x.scan.next()
		if errors.Is(err, io.EOF) {
			return Row{}, io.EOF
		}
		if err != nil {
			return Row{}, x.w.explain(err)
		}
		if kind != startTag || string(x.scan.name) != "row" {
			continue
		}
		x.line++
		if n, err := strconv.Atoi(string(x.scan.attr("r"))); err == nil {
			x.line = n
		}
		if err := x.row(); err != nil {
			return Row{}, x.w.explain(unexpected(err))
		}
		if len(bytes.TrimSpace(x.text)) == 0 {
			continue
		}
		if x.rows++; x.rows > x.w.limits.Rows {
			return Row{}, refuseWith(CodeTooManyRows, "max", x.w.limits.Rows)
		}
		all := string(x.text)
		x.cells = x.cells[:0]
		for _, s := range x.spans {
			x.cells = append(x.cells, all[s.from:s.to])
		}
		return Row{Line: x.line, Cells: x.cells}, nil
	}
}

// unexpected is for an end of the file where something must follow.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// row reads up to the end of the row that has just begun, into text and spans.
func (x *workbookRows) row() error {
	x.text, x.spans = x.text[:0], x.spans[:0]
	column := -1
	for {
		kind, err := x.scan.next()
		if err != nil {
			return err
		}
		switch {
		case kind == endTag && string(x.scan.name) == "row":
			return nil
		case kind == startTag && string(x.scan.name) == "c":
			column++
			if n, ok := columnOf(x.scan.attr("r")); ok {
				column = n
			}
			typ := cellType(x.scan.attr("t"))
			if err := x.cell(); err != nil {
				return err
			}
			if err := x.put(column, typ); err != nil {
				return err
			}
		}
	}
}

// put keeps the value that has been read as the column's.
func (x *workbookRows) put(column int, typ byte) error {
	value := x.value
	switch typ {
	case 's':
		n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil {
			return nil //nolint:nilerr // a broken reference is an empty cell, as spreadsheet programs show it
		}
		value = x.w.texts.at(n)
	case 'b':
		if string(value) == "1" {
			value = []byte("TRUE")
		} else if string(value) == "0" {
			value = []byte("FALSE")
		}
	case 't':
		value = unescape(value)
	case 'n':
		value = asNumber(value)
	}
	if len(value) == 0 {
		return nil
	}
	if column >= x.w.limits.Columns {
		return refuseWith(CodeTooManyColumns, "max", x.w.limits.Columns)
	}
	for len(x.spans) <= column {
		x.spans = append(x.spans, span{})
	}
	from := len(x.text)
	x.text = append(x.text, value...)
	x.spans[column] = span{from, len(x.text)}
	if len(x.text) > x.w.limits.RowBytes {
		return refuse(CodeTextTooLong)
	}
	return nil
}

// cell reads up to the end of the cell that has just begun, its value into x.value.
func (x *workbookRows) cell() error {
	x.value = x.value[:0]
	within, phonetic := false, false
	for {
		kind, err := x.scan.next()
		if err != nil {
			return err
		}
		if kind == charData {
			if within && !phonetic {
				if x.value = append(x.value, x.scan.text...); len(x.value) > x.w.limits.RowBytes {
					return refuse(CodeTextTooLong)
				}
			}
			continue
		}
		switch string(x.scan.name) {
		case "v", "t":
			within = kind == startTag
		case "rPh":
			phonetic = kind == startTag
		case "c":
			return nil
		}
	}
}

// cellType answers 's' for a shared string, 'b' for a truth value, 't' for text that stands in the cell, 'n' otherwise.
func cellType(t []byte) byte {
	switch string(t) {
	case "s":
		return 's'
	case "b":
		return 'b'
	case "str", "inlineStr":
		return 't'
	}
	return 'n'
}

// numberDigits are what a spreadsheet keeps of a number: it makes zeros of the rest.
const numberDigits = 15

// asNumber writes a number of more digits than a spreadsheet keeps as it shows one, such as 5.19952201211228E+17. Some programs write
// 519952201211228000 instead, which would pass for the number that somebody typed. It changes no other value.
func asNumber(value []byte) []byte {
	digits := bytes.TrimSpace(value)
	if len(digits) <= numberDigits || len(bytes.Trim(digits, "0123456789")) > 0 {
		return value
	}
	n, err := strconv.ParseFloat(string(digits), 64)
	if err != nil {
		return value
	}
	return strconv.AppendFloat(value[:0], n, 'E', -1, 64)
}

// columnOf answers the column of a reference such as "AB12", counted from 0.
func columnOf(reference []byte) (int, bool) {
	n := 0
	for _, c := range reference {
		if c < 'A' || c > 'Z' || n > 1<<20 {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1, n > 0
}

// unescape undoes the _x000D_ by which workbooks write what XML cannot hold. It works in place.
func unescape(p []byte) []byte {
	at := bytes.Index(p, []byte("_x"))
	if at < 0 {
		return p
	}
	out := p[:at]
	for i := at; i < len(p); {
		if p[i] == '_' && len(p)-i >= 7 && p[i+1] == 'x' && p[i+6] == '_' {
			if n, err := strconv.ParseUint(string(p[i+2:i+6]), 16, 16); err == nil && (n < 0x80) {
				out = append(out, byte(n))
				i += 7
				continue
			}
		}
		out = append(out, p[i])
		i++
	}
	return out
}
