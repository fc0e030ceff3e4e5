package sheet

import (
	"bytes"
	"io"
	"strconv"
)

// Merge is a cell that is merged over several rows: its text stands in the first of them alone.
type Merge struct {
	Column   int // counted from 0: the leftmost
	From, To int // the lines of the first and the last row
}

// maxMerges is more than anybody merges by hand. A sheet with more is read as if it had none.
const maxMerges = 100_000

// Merges answers the cells of the i-th of Sheets that are merged over several rows. They stand behind all rows, so that this
// unpacks the sheet once more. What cannot be unpacked is no error here: reading the rows tells it.
func (f *File) Merges(i int) []Merge {
	if f.merges == nil {
		return nil
	}
	return f.merges(i)
}

func (w *workbook) merges(part string) (all []Merge) {
	unzip := w.unzip // the sheet is counted when its rows are read
	defer func() { w.unzip = unzip }()
	in, err := w.open(part)
	if err != nil {
		return nil
	}
	defer func() { _ = in.Close() }()
	behind := seek(in, []byte("mergeCells"))
	if behind == nil {
		return nil
	}
	for s := newScanner(behind); ; {
		kind, err := s.next()
		switch {
		case err != nil || kind == endTag && string(s.name) == "mergeCells":
			return all
		case kind != startTag || string(s.name) != "mergeCell":
			continue
		case len(all) == maxMerges:
			return nil
		}
		if m, ok := mergeOf(s.attr("ref")); ok {
			all = append(all, m)
		}
	}
}

// seek reads up to a tag's name and answers a reader of the tag and what follows it; nil where there is none. It looks at
// bytes alone, which is several times faster than the scanner.
func seek(in io.Reader, name []byte) io.Reader {
	buf, kept := make([]byte, pieceBytes), 0
	for {
		n, err := in.Read(buf[kept:])
		have := buf[:kept+n]
		for from := 0; ; {
			i := bytes.Index(have[from:], name)
			if i < 0 {
				break
			}
			i += from
			if before := have[:i]; bytes.HasSuffix(before, []byte("<")) || bytes.HasSuffix(before, []byte(":")) {
				return io.MultiReader(bytes.NewReader([]byte("<")), bytes.NewReader(have[i:]), in)
			}
			from = i + len(name)
		}
		if err != nil {
			return nil
		}
		kept = copy(buf, have[max(0, len(have)-len(name)):])
	}
}

// mergeOf reads a range such as A2:B5. It is not ok for one within a single row.
func mergeOf(ref []byte) (m Merge, ok bool) {
	first, last, two := bytes.Cut(ref, []byte(":"))
	column, ok := columnOf(first)
	m.Column, m.From, m.To = column, lineOf(first), lineOf(last)
	return m, two && ok && m.From > 0 && m.To > m.From
}

// lineOf answers the line of a reference such as "AB12", 0 where it names none.
func lineOf(reference []byte) int {
	n, _ := strconv.Atoi(string(bytes.TrimLeft(reference, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
	return n
}
