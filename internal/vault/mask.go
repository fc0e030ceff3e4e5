package vault

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// mask keeps the first and last characters of s and hides the rest; a text too short to hide in is hidden whole.
func mask(s string, first, last int) string {
	r := []rune(s)
	if len(r) <= first+last {
		return strings.Repeat("*", len(r))
	}
	return string(r[:first]) + strings.Repeat("*", len(r)-first-last) + string(r[len(r)-last:])
}

// MaskIDNumber shows an ID, student or certificate number as 510104********1234, and a short document as H01****89.
func MaskIDNumber(s string) string {
	if len([]rune(s)) >= 15 {
		return mask(s, 6, 4)
	}
	return mask(s, 3, 2)
}

const mostDifferent = 4 // characters: a slip of the hand, two digits exchanged

// MaskAlike shows two numbers so that they can be compared: masked as by [MaskIDNumber], with the characters at which they
// differ, where those are few: two numbers that have nothing in common are only masked.
func MaskAlike(a, b string) (maskedA, maskedB string) {
	maskedA, maskedB = MaskIDNumber(a), MaskIDNumber(b)
	if len(a) != len(b) || len(a) != len([]rune(a)) || len(b) != len([]rune(b)) {
		return maskedA, maskedB
	}
	showA, showB, differ := []byte(maskedA), []byte(maskedB), 0
	for i := range showA {
		if a[i] != b[i] {
			showA[i], showB[i] = a[i], b[i]
			differ++
		}
	}
	if differ > mostDifferent {
		return maskedA, maskedB
	}
	return string(showA), string(showB)
}

// MaskPhone shows a phone as 138****5678.
func MaskPhone(s string) string { return mask(s, 3, 4) }

// long are runs of digits that may be somebody's number, half width or full: an ID number may end in X.
var long = regexp.MustCompile(`[0-9０-９]{17}[XxＸｘ]|[0-9０-９]{11,}`)

// phoneDigits is how long a phone is, and the shortest number that is somebody's.
const phoneDigits = 11

// MaskNumbers shows a text in which somebody may have written numbers of people, such as the name of a file, with every run of eleven
// digits or more masked, as a phone or as an ID number. A year, a class or a date stays as it is.
func MaskNumbers(text string) string {
	return long.ReplaceAllStringFunc(text, func(number string) string {
		if utf8.RuneCountInString(number) == phoneDigits {
			return MaskPhone(number)
		}
		return MaskIDNumber(number)
	})
}

// MaskUsername shows a username as zh****01.
func MaskUsername(s string) string { return mask(s, 2, 2) }

// MaskName shows a person's name as 张*, 欧*娜.
func MaskName(s string) string {
	if r := []rune(s); len(r) <= 2 {
		return mask(s, 1, 0)
	}
	return mask(s, 1, 1)
}
