package slips

import (
	"strings"
	"testing"
)

func TestACodeIsReadHoweverItIsTyped(t *testing.T) {
	code := newCode()
	g := grouped(code)
	full := strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xfee0
		}
		return r
	}, strings.ToLower(g))
	for _, typed := range []string{code, g, strings.ToLower(g), full, " " + strings.ReplaceAll(g, "-", "　") + "\n", strings.ReplaceAll(g, "-", "—"), strings.ReplaceAll(g, "-", "－"), "激活码：" + g} {
		if read, ok := readCode(typed); !ok || read != code {
			t.Errorf("%q is read as %q %v, want %s", typed, read, ok, code)
		}
	}
}

func TestEverySlipOfTheHandIsNoticed(t *testing.T) {
	for range 20 {
		code := newCode()
		for i := range len(code) {
			for _, c := range alphabet {
				if wrong := code[:i] + string(c) + code[i+1:]; wrong != code {
					if _, ok := readCode(wrong); ok {
						t.Fatalf("%s passes for %s", wrong, code)
					}
				}
			}
			for j := range i {
				if code[i] == code[j] {
					continue
				}
				swapped := []byte(code)
				swapped[i], swapped[j] = code[j], code[i]
				if _, ok := readCode(string(swapped)); ok {
					t.Fatalf("%s passes for %s", swapped, code)
				}
			}
		}
	}
}

func TestWhatIsNoCode(t *testing.T) {
	code := newCode()
	for _, typed := range []string{"", "K7MP", code + "2", code[:11], "0" + code[1:], strings.Repeat("A", 100000)} {
		if _, ok := readCode(typed); ok {
			t.Errorf("%.20q passes for a code", typed)
		}
	}
}

func FuzzReadCode(f *testing.F) {
	f.Add(grouped(newCode()))
	f.Add("０o１l ﾞ")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := readCode(typed)
		if again, same := readCode(grouped(code)); ok && (!same || again != code) {
			t.Errorf("%q is read as %s, and that as %s", typed, code, again)
		}
	})
}
