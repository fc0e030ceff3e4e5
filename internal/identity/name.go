package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxNameLength is the most characters (not bytes) a personal name may have.
const MaxNameLength = 50

// Codes of the problems a personal name can have.
const (
	CodeNameRequired   = "name_required"
	CodeNameTooLong    = "name_too_long"   // args: max
	CodeNameCharacters = "name_characters" // signs that cannot stand in a name, or no letter at all
	CodeNameIsNumber   = "name_is_number"  // it is a number
)

// ParseName answers a personal name as it is stored and shown: see [Clean] for what is tidied away. Its spelling is
// kept: which of the many middle dots was typed matters only to [CompareKey], which overlooks it. A name in Chinese
// characters alone loses the spaces that pad it.
func ParseName(text string) (string, *Problem) {
	name := unpadded(Clean(text))
	if name == "" {
		return "", problem(CodeNameRequired)
	}
	if utf8.RuneCountInString(name) > MaxNameLength {
		return "", &Problem{Code: CodeNameTooLong, Args: map[string]any{"max": MaxNameLength}}
	}
	letters := false
	for _, r := range name {
		if !isNameRune(r) {
			return "", problem(CodeNameCharacters)
		}
		letters = letters || isNameLetter(r)
	}
	if LooksLikeNumber(name) {
		return "", problem(CodeNameIsNumber)
	}
	if !letters {
		return "", problem(CodeNameCharacters)
	}
	return name, nil
}

// unpadded takes the spaces out of a name in Chinese characters alone: rosters pad names of two to the width of three.
func unpadded(name string) string {
	if plain := strings.ReplaceAll(name, " ", ""); plain != "" && isHan(plain) {
		return plain
	}
	return name
}

// Clean tidies a text that a person typed or a spreadsheet held: invisible characters and a leading apostrophe go,
// white space at the ends goes, and white space within becomes one space.
func Clean(text string) string {
	if isClean(text) {
		return text
	}
	var out strings.Builder
	space := false
	for _, r := range strings.ToValidUTF8(text, "") {
		switch {
		case unicode.IsSpace(r):
			space = out.Len() > 0
			continue
		case isInvisible(r):
			continue
		case out.Len() == 0 && isApostrophe(r):
			continue
		}
		if space {
			out.WriteByte(' ')
			space = false
		}
		out.WriteRune(r)
	}
	return out.String()
}

// isClean holds for what nearly every cell is: common Chinese characters, or ASCII without any space.
func isClean(text string) bool {
	for i, r := range text {
		if (r >= 0x4e00 && r <= 0x9fff) || (r > ' ' && r < 0x7f && !(i == 0 && isApostrophe(r))) {
			continue
		}
		return false
	}
	return true
}

// CompareKey answers what two spellings of one name have in common: they are the same name exactly when their keys are
// equal. It overlooks which middle dot was typed, white space anywhere, full width or half, letter case, apostrophes,
// how an accent is composed, and invisible characters. It is the key that the registry stores and searches.
func CompareKey(name string) string {
	if isHan(name) {
		return name
	}
	key := foldName(strings.ToValidUTF8(name, ""))
	for range 8 { // composing can bring forth a sign that must be folded again; ordinary names take one round
		next := foldName(norm.NFKC.String(key))
		if next == key {
			break
		}
		key = next
	}
	return key
}

func foldName(name string) string {
	var out strings.Builder
	last := rune(0)
	for _, r := range name {
		r = unicode.ToLower(halfWidth(r))
		if isDot(r) {
			r = '·'
		}
		if isInvisible(r) || isVariation(r) || isApostrophe(r) || (r == '·' && last == r) {
			continue
		}
		out.WriteRune(r)
		last = r
	}
	return out.String()
}

// SameName tells whether two spellings are one name.
func SameName(a, b string) bool { return a == b || CompareKey(a) == CompareKey(b) }

func isHan(name string) bool {
	for _, r := range name {
		if r < 0x4e00 || r > 0x9fff {
			return false
		}
	}
	return true
}

// isDot holds for the signs that are typed for the middle dot of minority and foreign names.
func isDot(r rune) bool {
	switch r {
	case '·', '.', '•', '・', '･', '‧', '․', '∙', '⋅', '﹒', '｡', '。', '●', '⸱', '⸳', '᛫', 'ᐧ', 'ㆍ', '\u119e', '\u0387', '◦', '∘', '⚫', '⦁':
		return true
	}
	return false
}

func isVariation(r rune) bool {
	return (r >= 0xfe00 && r <= 0xfe0f) || (r >= 0xe0100 && r <= 0xe01ef)
}

// isNameLetter counts whole planes of Han characters as letters, also those younger than the Unicode tables in use, and
// the private area, where characters stand that a system had before Unicode did.
func isNameLetter(r rune) bool {
	return unicode.IsLetter(r) || unicode.Is(unicode.Nl, r) || unicode.Is(unicode.Co, r) || (r >= 0x20000 && r <= 0x3ffff)
}

func isNameRune(r rune) bool {
	if isNameLetter(r) || isDot(halfWidth(r)) || isVariation(r) {
		return true
	}
	switch r {
	case ' ', '-', '‐', '‑', '\'', '’', '‘', '`', ',', '(', ')', '（', '）', '－', '，', '＇':
		return true
	}
	return unicode.IsMark(r) || unicode.IsDigit(r)
}

// LooksLikeName tells whether what stands in a number's field is a person's name: letters that no document number has,
// or two words of letters alone.
func LooksLikeName(text string) bool {
	letters, han := 0, false
	for _, r := range text {
		r = halfWidth(r)
		switch {
		case r >= '0' && r <= '9':
			return false
		case unicode.Is(unicode.Han, r) || (r >= 0x20000 && r <= 0x3ffff):
			han = true
		case unicode.IsLetter(r):
			letters++
		}
	}
	return han || letters >= 2
}

// LooksLikeNumber tells whether what stands in a name's field is a document number: eight or more of its characters
// are digits, and nothing in it is a Chinese character.
func LooksLikeNumber(text string) bool {
	digits := 0
	for _, r := range text {
		r = halfWidth(r)
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.Is(unicode.Han, r):
			return false
		}
	}
	return digits >= 8 || LooksLikeFloat(text)
}

// Swapped tells whether a number and a name stand in each other's field.
func Swapped(idNumber, name string) bool {
	return LooksLikeName(idNumber) && LooksLikeNumber(name)
}
