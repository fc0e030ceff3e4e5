package sheet

import (
	"bytes"
	"errors"
	"io"
)

// textRows reads delimited text as RFC 4180 has it, and as it really comes: a quotation mark within a cell that did not
// begin with one is a sign like any other, and rows may differ in length.
type textRows struct {
	in     io.Reader
	buf    []byte
	pos    int // of the first byte that has not been read yet
	end    int // of what is in buf
	eof    bool
	comma  byte
	line   int // of the next row
	rows   int
	limits Limits
	cells  []string
	spans  []span
	text   []byte // a row's cells, after their quotation marks have been undone
}

// span is where a cell lies within its row's text.
type span struct{ from, to int }

func newTextRows(in io.Reader, comma byte, limits Limits) *textRows {
	return &textRows{in: in, buf: make([]byte, pieceBytes), comma: comma, line: 1, limits: limits}
}

func (t *textRows) Close() error { return nil }

func (t *textRows) Next() (Row, error) {
	for {
		line := t.line
		text, err := t.record()
		if err != nil {
			return Row{}, err
		}
		if t.blank(text) {
			continue
		}
		if t.rows++; t.rows > t.limits.Rows {
			return Row{}, refuseWith(CodeTooManyRows, "max", t.limits.Rows)
		}
		all := string(text)
		t.cells = t.cells[:0]
		for i, s := range t.spans {
			if i >= t.limits.Columns {
				if s.from == s.to {
					continue
				}
				return Row{}, refuseWith(CodeTooManyColumns, "max", t.limits.Columns)
			}
			t.cells = append(t.cells, all[s.from:s.to])
		}
		return Row{Line: line, Cells: t.cells}, nil
	}
}

// record answers the text of the next row, with the spans of its cells in t.spans.
func (t *textRows) record() ([]byte, error) {
	scanned := 0
	for {
		rest := t.buf[t.pos:t.end]
		n := bytes.IndexByte(rest[scanned:], '\n')
		if n < 0 && !t.eof {
			scanned = len(rest)
			if err := t.fill(); err != nil {
				return nil, err
			}
			continue
		}
		if n < 0 {
			if len(rest) == 0 {
				return nil, io.EOF
			}
			n = len(rest)
		} else {
			n += scanned
		}
		if bytes.IndexByte(rest[:n], '"') >= 0 {
			return t.quotedRecord()
		}
		t.pos += min(n+1, len(rest))
		t.line++
		text := bytes.TrimSuffix(rest[:n], []byte{'\r'})
		t.spans = t.spans[:0]
		from := 0
		for {
			k := bytes.IndexByte(text[from:], t.comma)
			if k < 0 {
				t.spans = append(t.spans, span{from, len(text)})
				return text, nil
			}
			t.spans = append(t.spans, span{from, from + k})
			from += k + 1
		}
	}
}

// quotedRecord reads a row that holds quotation marks, and so perhaps line ends within a cell.
func (t *textRows) quotedRecord() ([]byte, error) {
	for {
		used, lines, done := t.parseQuoted(t.buf[t.pos:t.end])
		if done {
			t.pos += used
			t.line += lines
			return t.text, nil
		}
		if t.eof {
			return nil, refuseWith(CodeTruncated, "line", t.line) // within a quotation that is never closed
		}
		if err := t.fill(); err != nil {
			return nil, err
		}
	}
}

// parseQuoted reads one row from the beginning of p. It is not done when p ends too early to tell.
func (t *textRows) parseQuoted(p []byte) (used, lines int, done bool) {
	t.spans, t.text = t.spans[:0], t.text[:0]
	from := 0
	i := 0
	for {
		quoted := i < len(p) && p[i] == '"'
		if quoted {
			i++
		}
		for ; ; i++ {
			if i == len(p) {
				if !t.eof || quoted {
					return 0, 0, false
				}
				t.spans = append(t.spans, span{from, len(t.text)})
				return i, lines + 1, true
			}
			c := p[i]
			if quoted {
				if c != '"' {
					if c == '\n' {
						lines++
					}
					t.text = append(t.text, c)
					continue
				}
				if i+1 == len(p) && !t.eof {
					return 0, 0, false
				}
				if i+1 < len(p) && p[i+1] == '"' {
					t.text = append(t.text, '"')
					i++
					continue
				}
				quoted = false
				continue
			}
			if c == t.comma || c == '\n' {
				break
			}
			t.text = append(t.text, c)
		}
		if p[i] == '\n' {
			if len(t.text) > from && t.text[len(t.text)-1] == '\r' {
				t.text = t.text[:len(t.text)-1]
			}
			t.spans = append(t.spans, span{from, len(t.text)})
			return i + 1, lines + 1, true
		}
		t.spans = append(t.spans, span{from, len(t.text)})
		from = len(t.text)
		i++
	}
}

// fill makes room and reads on. The unread part of the buffer stays one piece.
func (t *textRows) fill() error {
	if t.pos > 0 {
		t.end = copy(t.buf, t.buf[t.pos:t.end])
		t.pos = 0
	}
	if t.end == len(t.buf) {
		if t.end >= t.limits.RowBytes {
			return refuseWith(CodeRowTooLong, "line", t.line)
		}
		t.buf = append(t.buf, make([]byte, len(t.buf))...)
	}
	n, err := t.in.Read(t.buf[t.end:])
	t.end += n
	if errors.Is(err, io.EOF) {
		t.eof = true
		return nil
	}
	return err
}

// blank holds for a row in which nothing stands but white space.
func (t *textRows) blank(text []byte) bool {
	for _, c := range text {
		if c != t.comma && c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0x1a {
			return false
		}
	}
	return true
}
