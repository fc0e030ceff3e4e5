package sheet

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const pieceBytes = 64 << 10

// openText decides how a text file is encoded and which sign divides its columns.
//
// A mark at the beginning says UTF-8 or UTF-16. Without one, a file that is valid UTF-8 to its last byte is UTF-8, and
// any other is GB 18030, of which GBK is a part. So the file is read once beforehand: at more than a gigabyte a second
// that costs less than a wrong guess, and guessing from a sample goes wrong when the first name that is not ASCII stands
// far down.
func openText(r io.ReaderAt, size int64, limits Limits) (*File, error) {
	encoding, skip, err := textEncoding(r, size)
	if err != nil {
		return nil, err
	}
	decoded := func() io.Reader {
		var in io.Reader = io.NewSectionReader(r, skip, size-skip)
		switch encoding {
		case "UTF-16":
			return transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
		case "GB 18030":
			return transform.NewReader(in, simplifiedchinese.GB18030.NewDecoder())
		}
		return in
	}
	sample := make([]byte, pieceBytes)
	n, err := io.ReadFull(decoded(), sample)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	sample = sample[:n-incomplete(sample[:n])]
	if len(bytes.TrimSpace(sample)) == 0 && n < pieceBytes {
		return nil, refuse(CodeEmpty)
	}
	if bytes.ContainsRune(sample, utf8.RuneError) || bytes.IndexByte(sample, 0) >= 0 {
		return nil, refuse(CodeNotATable)
	}
	comma := delimiter(sample)
	return &File{format: "csv", encoding: encoding, sheets: []string{""}, rows: func(int) (Rows, error) {
		return newTextRows(decoded(), comma, limits), nil
	}}, nil
}

func isUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}

// textEncoding answers the encoding and how many bytes of mark to skip.
func textEncoding(r io.ReaderAt, size int64) (encoding string, skip int64, err error) {
	in := io.NewSectionReader(r, 0, size)
	buf := make([]byte, pieceBytes)
	kept := 0 // bytes at the front of buf that begin a character which the next piece completes
	first, multibyte := true, false
	for {
		n, err := io.ReadFull(in, buf[kept:])
		piece := buf[:kept+n]
		if first {
			first = false
			if isUTF16(piece) {
				return "UTF-16", 0, nil
			}
			if bytes.HasPrefix(piece, []byte("\ufeff")) {
				return "UTF-8", 3, nil
			}
		}
		if bytes.IndexByte(piece, 0) >= 0 {
			return "", 0, refuse(CodeNotATable)
		}
		whole := len(piece) - incomplete(piece)
		if !utf8.Valid(piece[:whole]) {
			return "GB 18030", 0, nil
		}
		multibyte = multibyte || !isASCII(piece[:whole])
		kept = copy(buf, piece[whole:])
		switch {
		case err == nil:
			continue
		case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return "", 0, err
		case kept > 0 && multibyte:
			return "", 0, refuse(CodeTruncated) // UTF-8 up to half a character at the very end
		case kept > 0:
			return "GB 18030", 0, nil
		}
		return "UTF-8", 0, nil
	}
}

// incomplete answers how many bytes at the end of p begin a UTF-8 character without completing it.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if tail := p[len(p)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

func isASCII(p []byte) bool {
	for _, c := range p {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// delimiter answers the sign that divides the columns: the one of comma, tab and semicolon that stands most often
// outside quotation marks in the sample.
func delimiter(sample []byte) byte {
	var counts [256]int
	quoted := false
	for _, c := range sample {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{'\t', ';'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}
