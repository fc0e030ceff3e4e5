package sheet

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

type tokenKind int

const (
	startTag tokenKind = iota
	endTag
	charData
)

// scanner reads the part of XML that workbooks are written in, several times faster than encoding/xml and without
// allocating. It refuses document type declarations, so that no entity can be defined, and looks at no namespaces.
type scanner struct {
	in      io.Reader
	buf     []byte
	pos     int
	end     int
	eof     bool
	cdata   bool
	closing bool // the tag just answered as a startTag closes itself: its endTag comes next

	name  []byte // of the tag, without prefix
	attrs []byte // of the startTag, as they stand
	text  []byte // of the charData: a piece of it, references resolved
	out   []byte
}

var errMalformed = errors.New("malformed XML")

func newScanner(in io.Reader) *scanner {
	return &scanner{in: in, buf: make([]byte, pieceBytes)}
}

// next answers the kind of the next token. What name, attrs and text hold is valid until the token after it.
func (s *scanner) next() (tokenKind, error) {
	if s.closing {
		s.closing = false
		return endTag, nil
	}
	for {
		if s.pos == s.end {
			if err := s.fill(); err != nil {
				return 0, err
			}
			if s.eof && s.pos == s.end {
				return 0, io.EOF
			}
		}
		if s.cdata || s.buf[s.pos] != '<' {
			return charData, s.chars()
		}
		kind, ok, err := s.tag()
		if err != nil || ok {
			return kind, err
		}
	}
}

// chars takes a piece of text: up to the next tag, or as far as it has been read.
func (s *scanner) chars() error {
	if s.cdata {
		return s.cdataChars()
	}
	for {
		rest := s.buf[s.pos:s.end]
		n := bytes.IndexByte(rest, '<')
		if n < 0 {
			n = len(rest)
			if amp := bytes.LastIndexByte(rest, '&'); amp >= 0 && bytes.IndexByte(rest[amp:], ';') < 0 && !s.eof && n-amp < 16 {
				n = amp // a reference that the next piece completes
			}
		}
		if n == 0 && !s.eof {
			if err := s.fill(); err != nil {
				return err
			}
			continue
		}
		if n == 0 {
			n = len(rest)
		}
		s.pos += n
		s.text = s.resolve(rest[:n])
		return nil
	}
}

func (s *scanner) cdataChars() error {
	for {
		rest := s.buf[s.pos:s.end]
		n := bytes.Index(rest, []byte("]]>"))
		switch {
		case n >= 0:
			s.text, s.cdata = rest[:n], false
			s.pos += n + 3
			return nil
		case len(rest) > 2:
			s.text = rest[:len(rest)-2]
			s.pos += len(rest) - 2
			return nil
		case s.eof:
			return io.ErrUnexpectedEOF
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// tag reads what begins with '<'. It is not ok where that is nothing to answer: a comment, an instruction.
func (s *scanner) tag() (kind tokenKind, ok bool, err error) {
	if err := s.need(9); err != nil {
		return 0, false, err
	}
	rest := s.buf[s.pos:s.end]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return 0, false, s.skip("-->")
	case bytes.HasPrefix(rest, []byte("<?")):
		return 0, false, s.skip("?>")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		s.cdata = true
		s.pos += 9
		return 0, false, nil
	case bytes.HasPrefix(rest, []byte("<!")):
		return 0, false, errMalformed
	}
	n, err := s.tagEnd()
	if err != nil {
		return 0, false, err
	}
	inner := s.buf[s.pos+1 : s.pos+n]
	s.pos += n + 1
	if len(inner) > 0 && inner[0] == '/' {
		s.name = local(bytes.TrimRight(inner[1:], " \t\r\n"))
		return endTag, true, nil
	}
	if len(inner) > 0 && inner[len(inner)-1] == '/' {
		s.closing = true
		inner = inner[:len(inner)-1]
	}
	k := bytes.IndexAny(inner, " \t\r\n")
	if k < 0 {
		k = len(inner)
	}
	s.name, s.attrs = local(inner[:k]), inner[k:]
	return startTag, true, nil
}

// tagEnd answers where the tag at pos closes; a '>' within an attribute does not close it.
func (s *scanner) tagEnd() (int, error) {
	quote, i := byte(0), 1
	for {
		rest := s.buf[s.pos:s.end]
		for ; i < len(rest); i++ {
			switch c := rest[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				return i, nil
			}
		}
		if s.eof {
			return 0, io.ErrUnexpectedEOF
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// skip passes over everything up to and with mark.
func (s *scanner) skip(mark string) error {
	for {
		rest := s.buf[s.pos:s.end]
		if n := bytes.Index(rest, []byte(mark)); n >= 0 {
			s.pos += n + len(mark)
			return nil
		}
		if s.eof {
			return io.ErrUnexpectedEOF
		}
		s.pos += max(0, len(rest)-len(mark))
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// need reads on until n bytes stand in the buffer, or the end.
func (s *scanner) need(n int) error {
	for s.end-s.pos < n && !s.eof {
		if err := s.fill(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) fill() error {
	if s.pos > 0 {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.end == len(s.buf) {
		return errMalformed // a single tag longer than the buffer
	}
	n, err := s.in.Read(s.buf[s.end:])
	s.end += n
	if errors.Is(err, io.EOF) {
		s.eof = true
		return nil
	}
	return err
}

func local(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

// attr answers the value of an attribute by its name without prefix, or nil.
func (s *scanner) attr(name string) []byte {
	rest := s.attrs
	for {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return nil
		}
		key := local(bytes.TrimSpace(rest[:eq]))
		rest = bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(rest) == 0 || (rest[0] != '"' && rest[0] != '\'') {
			return nil
		}
		n := bytes.IndexByte(rest[1:], rest[0])
		if n < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+n]
		}
		rest = rest[n+2:]
	}
}

// attrText is attr with its references resolved.
func (s *scanner) attrText(name string) string { return string(s.resolve(s.attr(name))) }

// resolve replaces character references. What is none stays as it is.
func (s *scanner) resolve(p []byte) []byte {
	amp := bytes.IndexByte(p, '&')
	if amp < 0 {
		return p
	}
	s.out = s.out[:0]
	for amp >= 0 {
		s.out = append(s.out, p[:amp]...)
		p = p[amp:]
		semi := bytes.IndexByte(p[:min(len(p), 16)], ';')
		r, ok := rune(0), false
		if semi > 0 {
			r, ok = reference(string(p[1:semi]))
		}
		if ok {
			s.out = utf8.AppendRune(s.out, r)
			p = p[semi+1:]
		} else {
			s.out = append(s.out, '&')
			p = p[1:]
		}
		amp = bytes.IndexByte(p, '&')
	}
	s.out = append(s.out, p...)
	return s.out
}

func reference(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune
}
