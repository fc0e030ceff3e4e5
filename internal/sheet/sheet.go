package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Codes of the reasons to refuse a file.
const (
	CodeEmpty             = "empty"
	CodeTooBig            = "too_big"            // more bytes than Limits.FileBytes; args: max_mb
	CodeTruncated         = "truncated"          // it breaks off
	CodeZipBomb           = "zip_bomb"           // it unpacks to absurdly much
	CodeNotATable         = "not_a_table"        // a picture, a document, a web page …
	CodePasswordProtected = "password_protected" // an encrypted workbook
	CodeLegacyXLS         = "legacy_xls"         // a workbook of Excel 97–2003
	CodeTooManyColumns    = "too_many_columns"   // args: max
	CodeTooManyRows       = "too_many_rows"      // args: max
	CodeRowTooLong        = "row_too_long"       // of a .csv, most often a quotation mark that is never closed; args: line
	CodeTextTooLong       = "text_too_long"      // of a workbook, in one cell or row: what fills several rows is stored once, for none of them
)

// Problem is why a file was refused.
type Problem struct {
	Code string
	Args map[string]any
}

// Error answers the code and its arguments.
func (p *Problem) Error() string { return fmt.Sprintf("sheet: %s %v", p.Code, p.Args) }

func refuse(code string) error { return &Problem{Code: code} }

func refuseWith(code, name string, value any) error {
	return &Problem{Code: code, Args: map[string]any{name: value}}
}

// Limits bound what a file may ask for.
type Limits struct {
	FileBytes  int64 // of the file as it was uploaded
	UnzipBytes int64 // of one unpacked workbook
	TextBytes  int64 // of a workbook's shared strings, which are kept in memory
	Rows       int   // of one sheet, blank ones not counted
	Columns    int   // up to the last one that holds anything
	RowBytes   int   // of one row's text
}

// DefaultLimits fit a roster of two million people.
func DefaultLimits() Limits {
	return Limits{FileBytes: 512 << 20, UnzipBytes: 4 << 30, TextBytes: 128 << 20, Rows: 2_000_000, Columns: 200, RowBytes: 1 << 20}
}

// OwnLimits are those of a file on the operator's own disk, which may hold a whole province: as large as it is, with a hundred million
// rows.
func OwnLimits(size int64) Limits {
	limits := DefaultLimits()
	limits.FileBytes, limits.UnzipBytes, limits.Rows = size, 16<<30, 100_000_000
	return limits
}

// Row is one row that is not blank. Its Cells are valid until the next row is asked for; the strings in it stay valid.
type Row struct {
	Line  int // counted from 1, as the program that the file was made with counts
	Cells []string
}

// Rows are the rows of one sheet, top to bottom. It is not safe for concurrent use.
type Rows interface {
	// Next answers the next row that is not blank, io.EOF after the last, or the Problem that ended the reading.
	Next() (Row, error)
	// Close frees what is held. It need not be called after an error.
	Close() error
}

// File is an opened table file. It may be read by one goroutine at a time.
type File struct {
	format   string
	encoding string
	sheets   []string
	rows     func(i int) (Rows, error)
	merges   func(i int) []Merge // nil where cells cannot be merged
}

// Format is "xlsx" or "csv".
func (f *File) Format() string { return f.format }

// Encoding is "UTF-8", "UTF-16" or "GB 18030".
func (f *File) Encoding() string { return f.encoding }

// Sheets names the visible sheets in their order; a text file has one without a name.
func (f *File) Sheets() []string { return f.sheets }

// Rows reads the i-th of Sheets from its beginning.
func (f *File) Rows(i int) (Rows, error) { return f.rows(i) }

// Open looks at a file of size bytes and makes it ready to be read. r must stay valid while the File is used.
func Open(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	if size == 0 {
		return nil, refuse(CodeEmpty)
	}
	if size > limits.FileBytes {
		return nil, refuseWith(CodeTooBig, "max_mb", limits.FileBytes>>20)
	}
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return openWorkbook(r, size, limits)
	case bytes.HasPrefix(head, []byte(compoundMagic)):
		return nil, refuse(compoundProblem(r, size))
	case !looksLikeText(head):
		return nil, refuse(CodeNotATable)
	}
	return openText(r, size, limits)
}

// looksLikeText rejects what is surely no table: other kinds of files by their first bytes, markup, control characters.
func looksLikeText(head []byte) bool {
	if isUTF16(head) {
		return true
	}
	for _, magic := range []string{"%PDF", "{\\rtf", "GIF8", "Rar!", "7z\xbc\xaf", "\x1f\x8b", "\xff\xd8\xff", "\x89PNG", "RIFF", "SQLite format 3"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return false
		}
	}
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1a {
			return false
		}
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff"))
	return !strings.HasPrefix(text, "<")
}
