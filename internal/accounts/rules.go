package accounts

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"caotang/internal/fault"
	"caotang/internal/identity"
)

// A username has 6 to 16 letters or digits (F-03).
const (
	usernameMin = 6
	usernameMax = 16
)

// usernameFaults names each part of the rule that the username breaks; none for a valid one. Length counts characters as
// people see them typed: a full-width letter is one.
func usernameFaults(username string) []fault.Option {
	const field = "username"
	if username == "" {
		return []fault.Option{fault.Field(field, "missing")}
	}
	var faults []fault.Option
	switch n := utf8.RuneCountInString(username); {
	case n < usernameMin:
		faults = append(faults, fault.FieldWith(field, "username_too_short", map[string]any{"min": usernameMin, "have": n}))
	case n > usernameMax:
		faults = append(faults, fault.FieldWith(field, "username_too_long", map[string]any{"max": usernameMax, "have": n}))
	}
	var fullWidth, spaces, other characters
	for _, r := range username {
		switch {
		case isLetterOrDigit(r):
		case r >= 0xff01 && r <= 0xff5e && isLetterOrDigit(r-0xfee0):
			fullWidth.add(r)
		case unicode.IsSpace(r):
			spaces.add(r)
		default:
			other.add(r)
		}
	}
	for _, found := range []struct {
		code string
		characters
	}{{"username_full_width", fullWidth}, {"username_space", spaces}, {"username_bad_character", other}} {
		if len(found.characters) > 0 {
			faults = append(faults, fault.FieldWith(field, found.code, map[string]any{"characters": found.String()}))
		}
	}
	// A phone is a login, too: one name for two accounts would let either stand in the other's way.
	if _, problem := identity.ParseMobile(username); problem == nil {
		faults = append(faults, fault.Field(field, "username_is_phone"))
	}
	return faults
}

func isLetterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// characters are those found at fault, each once.
type characters []rune

// maxNamed bounds how many are named: enough to understand, and no echo of a whole text.
const maxNamed = 5

func (c *characters) add(r rune) {
	for _, known := range *c {
		if known == r {
			return
		}
	}
	*c = append(*c, r)
}

// String shows the first few; what cannot be seen is named by its code point.
func (c characters) String() string {
	var shown []string
	for _, r := range c[:min(len(c), maxNamed)] {
		if unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			shown = append(shown, string(r))
		} else {
			shown = append(shown, fmt.Sprintf("U+%04X", r))
		}
	}
	if len(c) > maxNamed {
		shown = append(shown, "…")
	}
	return strings.Join(shown, " ")
}

// PasswordPolicy is the rule of F-04, the same on screen and server.
type PasswordPolicy struct {
	Min          int  `json:"min"`
	Max          int  `json:"max"`
	RequireDigit bool `json:"require_digit"`
	RequireUpper bool `json:"require_upper"`
	RequireLower bool `json:"require_lower"`
	AllowSpecial bool `json:"allow_special"`
}

// DefaultPasswordPolicy is the requirements': 8 to 15 letters and digits with one each of digit, upper and lower case.
func DefaultPasswordPolicy() PasswordPolicy {
	return PasswordPolicy{Min: 8, Max: 15, RequireDigit: true, RequireUpper: true, RequireLower: true}
}

// faults names each part of the policy that the password does not meet.
func (p PasswordPolicy) faults(field, password string) []fault.Option {
	if password == "" {
		return []fault.Option{fault.Field(field, "missing")}
	}
	var faults []fault.Option
	unmet := func(is bool, code string, args map[string]any) {
		if is {
			faults = append(faults, fault.FieldWith(field, code, args))
		}
	}
	n := utf8.RuneCountInString(password)
	has := func(from, to rune) bool {
		return strings.ContainsFunc(password, func(r rune) bool { return r >= from && r <= to })
	}
	unmet(n < p.Min, "too_short", map[string]any{"min": p.Min})
	unmet(n > p.Max, "too_long", map[string]any{"max": p.Max})
	unmet(p.RequireDigit && !has('0', '9'), "missing_digit", nil)
	unmet(p.RequireUpper && !has('A', 'Z'), "missing_upper", nil)
	unmet(p.RequireLower && !has('a', 'z'), "missing_lower", nil)
	special := strings.ContainsFunc(password, func(r rune) bool { return !isLetterOrDigit(r) })
	unmet(special && !p.AllowSpecial, "special_not_allowed", nil)
	return faults
}

// check answers password_invalid for a password that does not meet the policy.
func (p PasswordPolicy) check(field, password string) error {
	if faults := p.faults(field, password); len(faults) > 0 {
		return ErrPasswordInvalid.New(append(faults, p.args()...)...)
	}
	return nil
}

// args fill the words of password_invalid.
func (p PasswordPolicy) args() []fault.Option {
	return []fault.Option{fault.Arg("min", p.Min), fault.Arg("max", p.Max)}
}

// The roles that a person may register with.
const (
	RoleTeacher = "teacher"
	RoleStudent = "student"
	RoleParent  = "parent"
	RolePublic  = "public"
)

var roles = []string{RoleTeacher, RoleStudent, RoleParent, RolePublic}
