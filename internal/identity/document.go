package identity

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Type is a kind of identity document.
type Type string

// The documents that can stand in the registry.
const (
	ResidentID         Type = "resident_id"         // 居民身份证
	ResidencePermit    Type = "residence_permit"    // 港澳台居民居住证
	HomeReturnPermit   Type = "home_return_permit"  // 港澳居民来往内地通行证（回乡证）
	PermanentResidence Type = "permanent_residence" // 外国人永久居留身份证
	Passport           Type = "passport"            // 护照
	OtherDocument      Type = "other"               // 其他证件
)

// Types lists every document type.
func Types() []Type {
	return []Type{ResidentID, ResidencePermit, HomeReturnPermit, PermanentResidence, Passport, OtherDocument}
}

// Valid tells whether t is a known document type.
func (t Type) Valid() bool {
	switch t {
	case ResidentID, ResidencePermit, HomeReturnPermit, PermanentResidence, Passport, OtherDocument:
		return true
	}
	return false
}

// Codes of the problems a document number can have.
const (
	CodeTypeUnknown   = "id_type_unknown"
	CodeIDRequired    = "id_required"
	CodeIDLength      = "id_length"      // wrong number of characters; args: want, have
	CodeIDOldLength   = "id_old_length"  // a first-generation number of 15 digits
	CodeIDCharacters  = "id_characters"  // characters that cannot stand in such a number
	CodeIDDate        = "id_date"        // the birth date is not a date
	CodeIDFutureDate  = "id_future_date" // the birth date has not come yet
	CodeIDChecksum    = "id_checksum"    // the last character does not fit the others: mistyped
	CodeIDFloat       = "id_float"       // a spreadsheet turned it into 5.10104E+17: the digits are gone
	CodeIDMaybeFloat  = "id_maybe_float" // as id_checksum, and it ends as what a spreadsheet cut short does
	CodeIDArea        = "id_area"        // a residence permit that begins with none of 81, 82, 83
	CodeIDFormat      = "id_format"      // not the shape of this document
	CodeIDLooksAsName = "id_is_name"     // it is a person's name
)

// Number is a document number in canonical form.
type Number struct {
	Type Type
	Text string
}

// Family groups the documents whose numbers share one space: the numbers of 18 characters, whichever card they stand
// on, are one family, so that a person who names the wrong card is still found.
func (n Number) Family() string {
	switch n.Type {
	case ResidentID, ResidencePermit:
		return "citizen"
	case PermanentResidence:
		if len(n.Text) == 18 {
			return "citizen"
		}
		return "resident"
	case HomeReturnPermit:
		return "permit"
	}
	return "document"
}

// Key is what is indexed and compared: two numbers with the same Key are the same document. It leaves out the two
// characters of a home-return permit that change when the card is issued again.
func (n Number) Key() string {
	text := n.Text
	if n.Type == HomeReturnPermit && len(text) > 9 {
		text = text[:9]
	}
	return n.Family() + ":" + text
}

// Parse reads a document number as a person typed it. It takes today's date from the clock; see [ParseOn].
func Parse(t Type, text string) (Number, *Problem) {
	return ParseOn(t, text, time.Now())
}

// ParseOn is Parse on a given day, which alone decides whether a birth date lies in the future (in Asia/Shanghai).
func ParseOn(t Type, text string, now time.Time) (Number, *Problem) {
	if !t.Valid() {
		return Number{}, problem(CodeTypeUnknown)
	}
	folded := foldNumber(text)
	if folded == "" {
		return Number{}, problem(CodeIDRequired)
	}
	if LooksLikeFloat(text) {
		return Number{}, problem(CodeIDFloat)
	}
	if LooksLikeName(text) && !((t == Passport || t == OtherDocument) && allAlnum(folded)) {
		return Number{}, problem(CodeIDLooksAsName)
	}
	var p *Problem
	switch t {
	case ResidentID:
		folded, p = parse18(folded, now)
	case ResidencePermit:
		if folded, p = parse18(folded, now); p == nil && !isPermitArea(folded) {
			p = problem(CodeIDArea)
		}
	case PermanentResidence:
		folded, p = parsePermanent(folded, now)
	case HomeReturnPermit:
		p = checkHomeReturn(folded)
	default:
		p = checkFree(folded)
	}
	if p != nil {
		return Number{}, p
	}
	return Number{Type: t, Text: folded}, nil
}

// parse18 checks the rule of GB 11643, and gives back the number with its check character made canonical.
func parse18(s string, now time.Time) (string, *Problem) {
	if len(s) != 18 {
		s = foldCheckCharacter(s)
	}
	if len(s) != 18 {
		if !allDigits(strings.TrimSuffix(s, "X")) {
			return s, problem(CodeIDCharacters)
		}
		if len(s) == 15 {
			return s, problem(CodeIDOldLength)
		}
		return s, lengthProblem("18", s)
	}
	if !allDigits(s[:17]) || !(isDigit(s[17]) || s[17] == 'X') {
		return s, problem(CodeIDCharacters)
	}
	if p := checkBirthDate(s[6:14], now); p != nil {
		// A number that lost its last digits in a spreadsheet still has its date; a wrong date is a wrong date.
		return s, p
	}
	if CheckCharacter(s[:17]) != s[17] {
		if strings.HasSuffix(s, "000") { // 15 digits are what a spreadsheet's number keeps
			return s, problem(CodeIDMaybeFloat)
		}
		return s, problem(CodeIDChecksum)
	}
	return s, nil
}

func lengthProblem(want, have string) *Problem {
	return &Problem{Code: CodeIDLength, Args: map[string]any{"want": want, "have": utf8.RuneCountInString(have)}}
}

// foldCheckCharacter takes the signs that are typed for the Roman ten.
func foldCheckCharacter(s string) string {
	for _, sign := range []string{"×", "Х", "Χ", "Ⅹ", "✕"} {
		if rest, ok := strings.CutSuffix(s, sign); ok {
			return rest + "X"
		}
	}
	return s
}

var weights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// CheckCharacter answers the 18th character that MOD 11-2 gives to 17 digits.
func CheckCharacter(digits17 string) byte {
	sum := 0
	for i, w := range weights {
		sum += int(digits17[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

func checkBirthDate(s string, now time.Time) *Problem {
	year, month, day := number(s[:4]), number(s[4:6]), number(s[6:])
	if year < 1800 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return problem(CodeIDDate)
	}
	y, m, d := now.In(shanghai).Date()
	if year*10000+month*100+day > y*10000+int(m)*100+d {
		return problem(CodeIDFutureDate)
	}
	return nil
}

// shanghai is a fixed offset: China has kept no summer time since 1991, and a fixed zone needs no zone file.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func isPermitArea(s string) bool {
	return s[0] == '8' && s[1] >= '1' && s[1] <= '3'
}

func parsePermanent(s string, now time.Time) (string, *Problem) {
	if len(s) == 15 && !isDigit(s[0]) {
		for i := range 3 {
			if s[i] < 'A' || s[i] > 'Z' {
				return s, problem(CodeIDCharacters)
			}
		}
		if !allDigits(s[3:]) {
			return s, problem(CodeIDCharacters)
		}
		return s, nil
	}
	if s[0] != '9' {
		return s, problem(CodeIDFormat)
	}
	return parse18(s, now)
}

func checkHomeReturn(s string) *Problem {
	if s[0] != 'H' && s[0] != 'M' {
		return problem(CodeIDFormat)
	}
	if !allDigits(s[1:]) {
		return problem(CodeIDCharacters)
	}
	if len(s) != 9 && len(s) != 11 {
		return lengthProblem("9 / 11", s)
	}
	return nil
}

func checkFree(s string) *Problem {
	if !allAlnum(s) {
		return problem(CodeIDCharacters)
	}
	if len(s) < 5 || len(s) > 20 {
		return lengthProblem("5–20", s)
	}
	return nil
}

// LooksLikeFloat tells whether text is a number that a spreadsheet wrote in scientific notation, such as 5.10104E+17.
func LooksLikeFloat(text string) bool {
	mantissa, exponent, ok := strings.Cut(Fold(text), "E")
	if !ok {
		return false
	}
	exponent = strings.TrimPrefix(exponent, "+")
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if len(whole) != 1 || !allDigits(whole) || !allDigits(fraction) {
		return false
	}
	return (dotted || exponent != "") && len(exponent) >= 1 && len(exponent) <= 3 && allDigits(exponent)
}

// Born is the birth date that a number tells, at midnight in China; false for a document that tells none.
func (n Number) Born() (time.Time, bool) {
	if n.Family() != "citizen" {
		return time.Time{}, false
	}
	born, err := time.ParseInLocation("20060102", n.Text[6:14], shanghai)
	return born, err == nil
}
