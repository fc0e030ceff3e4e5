package accounts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"caotang/internal/fault"
)

// named lists the parts at fault as "code" or, with characters, "code characters".
func named(options []fault.Option) []string {
	var names []string
	for _, f := range ErrUsernameInvalid.New(options...).Fields {
		name := f.Code
		if found, ok := f.Args["characters"]; ok {
			name += fmt.Sprintf(" %v", found)
		}
		names = append(names, name)
	}
	return names
}

func TestUsernameRule(t *testing.T) {
	for username, want := range map[string][]string{
		"abcdef":                 nil,
		"ABCdef0123456789":       nil, // 16
		"123456":                 nil, // six typed are six (F-03)
		"":                       {"missing"},
		"abcde":                  {"username_too_short"},
		"abcdef01234567890":      {"username_too_long"},
		"ＡＢＣ１２３４":                {"username_full_width Ａ Ｂ Ｃ １ ２ …"},
		"abc def":                {"username_space U+0020"},
		"abcdef\u3000":           {"username_space U+3000"},
		"user_name":              {"username_bad_character _"},
		"用户":                     {"username_too_short", "username_bad_character 用 户"},
		"abcdef\u202e":           {"username_bad_character U+202E"},
		"abc\u200bdef":           {"username_bad_character U+200B"},
		"abc😀😀def":               {"username_bad_character 😀"},
		"Ａb c_":                  {"username_too_short", "username_full_width Ａ", "username_space U+0020", "username_bad_character _"},
		strings.Repeat("a", 1e6): {"username_too_long"},
	} {
		if got := named(usernameFaults(username)); !slices.Equal(got, want) {
			t.Errorf("%.20q: %q, want %q", username, got, want)
		}
	}
}

func TestPasswordPolicy(t *testing.T) {
	wide := PasswordPolicy{Min: 6, Max: 64, RequireDigit: true, AllowSpecial: true}
	for _, c := range []struct {
		policy   PasswordPolicy
		password string
		want     []string
	}{
		{DefaultPasswordPolicy(), "Caotang1", nil},
		{DefaultPasswordPolicy(), "Caotang20262026", nil}, // 15
		{DefaultPasswordPolicy(), "", []string{"missing"}},
		{DefaultPasswordPolicy(), "abc", []string{"too_short", "missing_digit", "missing_upper"}},
		{DefaultPasswordPolicy(), "Caotang202620261", []string{"too_long"}},
		{DefaultPasswordPolicy(), "caotang2026", []string{"missing_upper"}},
		{DefaultPasswordPolicy(), "CAOTANG2026", []string{"missing_lower"}},
		{DefaultPasswordPolicy(), "CaotangCaotang", []string{"missing_digit"}},
		{DefaultPasswordPolicy(), "Caotang2026!", []string{"special_not_allowed"}},
		{DefaultPasswordPolicy(), "Caotang 2026", []string{"special_not_allowed"}},
		{DefaultPasswordPolicy(), "Ｃaotang2026", []string{"missing_upper", "special_not_allowed"}},
		{wide, "correct horse battery 9 草堂", nil},
		{wide, "no digits here", []string{"missing_digit"}},
	} {
		if got := named(c.policy.faults("password", c.password)); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.password, got, c.want)
		}
	}
}
