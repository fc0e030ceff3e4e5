package identity

import "unicode"

// Problem says why a text is not what it should be.
type Problem struct {
	// Code is stable and has a message in the catalogues under "field.<Code>".
	Code string
	// Args fill the message's places, and never hold what was typed.
	Args map[string]any
}

// Error answers the code, so that a Problem can travel as an error.
func (p *Problem) Error() string { return p.Code }

func problem(code string) *Problem { return &Problem{Code: code} }

// Fold answers text as it is compared and stored for numbers and codes: full-width forms made half-width, letters made
// upper case, and white space, invisible characters and a leading apostrophe dropped.
func Fold(text string) string {
	if isFolded(text) {
		return text
	}
	out := make([]rune, 0, len(text))
	for _, r := range text {
		if r = halfWidth(r); isInvisible(r) || (len(out) == 0 && isApostrophe(r)) {
			continue
		}
		out = append(out, unicode.ToUpper(r))
	}
	return string(out)
}

// isFolded is the path that nearly every cell of a roster takes: nothing to change, nothing to allocate.
func isFolded(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c >= 0x7f || ('a' <= c && c <= 'z') || (i == 0 && (c == '\'' || c == '`')) {
			return false
		}
	}
	return true
}

// foldNumber is Fold without the marks that people put between groups of digits.
func foldNumber(text string) string {
	text = Fold(text)
	plain := true
	for i := range len(text) {
		if !isAlnum(text[i]) {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	out := make([]rune, 0, len(text))
	for _, r := range text {
		if !isMark(r) {
			out = append(out, r)
		}
	}
	return string(out)
}

// isMark holds for the marks that people put between groups of digits.
func isMark(r rune) bool {
	switch r {
	case '-', '‐', '‑', '–', '—', '−', '(', ')', '_':
		return true
	}
	return false
}

func halfWidth(r rune) rune {
	switch {
	case r >= 0xff01 && r <= 0xff5e:
		return r - 0xfee0
	case r == 0x3000:
		return ' '
	}
	return r
}

func isApostrophe(r rune) bool {
	return r == '\'' || r == '‘' || r == '’' || r == '`'
}

// isInvisible holds for white space, control and formatting characters: what can stand in a text without being seen.
func isInvisible(r rune) bool {
	switch {
	case r < 0x20 || r == ' ' || r == 0x7f:
		return true
	case r < 0x80:
		return false
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || ('A' <= c && c <= 'Z') }

// allDigits holds for a text of ASCII digits alone; the empty text is one.
func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func allAlnum(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) {
			return false
		}
	}
	return true
}
