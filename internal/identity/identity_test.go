package identity

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var day = time.Date(2026, 11, 24, 12, 0, 0, 0, shanghai)

func TestParseDocument(t *testing.T) {
	for _, c := range []struct {
		name string
		typ  Type
		in   string
		want string
		code string
	}{
		{"the standard's own example", ResidentID, "11010519491231002X", "11010519491231002X", ""},
		{"a birth in the nineteenth century", ResidentID, "440524188001010014", "440524188001010014", ""},
		{"lower case", ResidentID, "11010519491231002x", "11010519491231002X", ""},
		{"full width", ResidentID, "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X", ""},
		{"a multiplication sign for X", ResidentID, "11010519491231002×", "11010519491231002X", ""},
		{"a Cyrillic X", ResidentID, "11010519491231002х", "11010519491231002X", ""},
		{"spaces and an apostrophe", ResidentID, "'110105 19491231 002X\u200b\t", "11010519491231002X", ""},
		{"hyphens", ResidentID, "110105-19491231-002X", "11010519491231002X", ""},
		{"an area that never was", ResidentID, with18("999999" + "19900307" + "123"), with18("999999" + "19900307" + "123"), ""},
		{"born today", ResidentID, with18("510104" + "20261124" + "123"), with18("510104" + "20261124" + "123"), ""},
		{"born tomorrow", ResidentID, with18("510104" + "20261125" + "123"), "", CodeIDFutureDate},
		{"empty", ResidentID, "  　", "", CodeIDRequired},
		{"one short", ResidentID, "1101051949123100X", "", CodeIDLength},
		{"one long", ResidentID, "1101051949123100222X", "", CodeIDLength},
		{"first generation", ResidentID, "110105491231002", "", CodeIDOldLength},
		{"a letter within", ResidentID, "1101051949123100AX", "", CodeIDCharacters},
		{"a bracket of another kind", ResidentID, "11010519491231002]", "", CodeIDCharacters},
		{"30 February", ResidentID, with18("510104" + "20000230" + "123"), "", CodeIDDate},
		{"29 February 1900", ResidentID, with18("510104" + "19000229" + "123"), "", CodeIDDate},
		{"29 February 2000", ResidentID, with18("510104" + "20000229" + "123"), with18("510104" + "20000229" + "123"), ""},
		{"month 13", ResidentID, with18("510104" + "20001301" + "123"), "", CodeIDDate},
		{"checksum", ResidentID, "110105194912310021", "", CodeIDChecksum},
		{"float", ResidentID, "5.10104E+17", "", CodeIDFloat},
		{"float in lower case", ResidentID, "5.10104199001011e17", "", CodeIDFloat},
		{"the digits a spreadsheet left", ResidentID, "510104199001011000", "", CodeIDMaybeFloat},
		{"a name", ResidentID, "张三", "", CodeIDLooksAsName},
		{"a name in letters", ResidentID, "John Smith", "", CodeIDLooksAsName},
		{"Hong Kong permit", ResidencePermit, with18("810000" + "19900307" + "123"), with18("810000" + "19900307" + "123"), ""},
		{"a resident's number as a permit", ResidencePermit, "11010519491231002X", "", CodeIDArea},
		{"home return", HomeReturnPermit, "h12345678", "H12345678", ""},
		{"home return, issued again", HomeReturnPermit, "M1234567801", "M1234567801", ""},
		{"home return with brackets", HomeReturnPermit, "H12345678（01）", "H1234567801", ""},
		{"home return, 10 characters", HomeReturnPermit, "H123456780", "", CodeIDLength},
		{"home return, other letter", HomeReturnPermit, "C12345678", "", CodeIDFormat},
		{"home return, letters", HomeReturnPermit, "H1234567A", "", CodeIDCharacters},
		{"old permanent residence", PermanentResidence, "usa123456789012", "USA123456789012", ""},
		{"old permanent residence, letter among digits", PermanentResidence, "USA12345678901B", "", CodeIDCharacters},
		{"new permanent residence", PermanentResidence, with18("931840" + "19900307" + "123"), with18("931840" + "19900307" + "123"), ""},
		{"permanent residence that begins with 5", PermanentResidence, "510104199003071239", "", CodeIDFormat},
		{"passport", Passport, "e1234 5678", "E12345678", ""},
		{"passport of letters alone", Passport, "abcdefg", "ABCDEFG", ""},
		{"passport, 4", Passport, "E123", "", CodeIDLength},
		{"passport, 21", Passport, strings.Repeat("1", 21), "", CodeIDLength},
		{"passport, a name", Passport, "张三", "", CodeIDLooksAsName},
		{"passport, a sign", Passport, "E1234#5678", "", CodeIDCharacters},
		{"other", OtherDocument, "TW0012345", "TW0012345", ""},
		{"unknown type", "driving_licence", "1", "", CodeTypeUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, p := ParseOn(c.typ, c.in, day)
			code := ""
			if p != nil {
				code = p.Code
			}
			if got.Text != c.want || code != c.code {
				t.Errorf("ParseOn(%s, %q) = %q, %q; want %q, %q", c.typ, c.in, got.Text, code, c.want, c.code)
			}
		})
	}
}

func with18(digits17 string) string { return digits17 + string(CheckCharacter(digits17)) }

func TestKey(t *testing.T) {
	key := func(typ Type, s string) string {
		n, p := ParseOn(typ, s, day)
		if p != nil {
			t.Fatalf("%s %q: %s", typ, s, p.Code)
		}
		return n.Key()
	}
	permit := with18("810000" + "19900307" + "123")
	if key(ResidentID, permit) != key(ResidencePermit, permit) {
		t.Error("one 18-character number under two card names has two keys")
	}
	if key(HomeReturnPermit, "H12345678") != key(HomeReturnPermit, "H1234567802") {
		t.Error("a card issued again is another document")
	}
	if key(HomeReturnPermit, "H12345678") == key(Passport, "H12345678") {
		t.Error("a passport and a home-return permit are one document")
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ in, want, code string }{
		{"张三", "张三", ""},
		{"  张 三\u3000", "张三", ""},
		{"'张三", "张三", ""},
		{"𠮷田𬭚", "𠮷田𬭚", ""},
		{"买买提·吐尔逊", "买买提·吐尔逊", ""},
		{"John  O'Neil-Smith", "John O'Neil-Smith", ""},
		{"阿·\u202e三", "阿·三", ""},
		{"张\ue863", "张\ue863", ""},
		{strings.Repeat("𠮷", 50), strings.Repeat("𠮷", 50), ""},
		{strings.Repeat("𠮷", 51), "", CodeNameTooLong},
		{"", "", CodeNameRequired},
		{"\u200b \u3000", "", CodeNameRequired},
		{"11010519491231002X", "", CodeNameIsNumber},
		{"１１０１０５１９４９１２３１００２Ｘ", "", CodeNameIsNumber},
		{"5.10104E+17", "", CodeNameCharacters},
		{"12", "", CodeNameCharacters},
		{"···", "", CodeNameCharacters},
		{"张🙂", "", CodeNameCharacters},
		{"=cmd|' /C calc'!A0", "", CodeNameCharacters},
		{"张\x00三", "张三", ""},
		{"杨　子俊", "杨子俊", ""},
		{"张  三", "张三", ""},
		{"John  Smith", "John Smith", ""},
	} {
		got, p := ParseName(c.in)
		code := ""
		if p != nil {
			code = p.Code
		}
		if got != c.want || code != c.code {
			t.Errorf("ParseName(%q) = %q, %q; want %q, %q", c.in, got, code, c.want, c.code)
		}
	}
}

func TestSameName(t *testing.T) {
	for _, dot := range []string{"·", "•", "・", "‧", "．", ".", "･", "∙", "⋅", "●", " · ", "··", "。"} {
		if !SameName("买买提·吐尔逊", "买买提"+dot+"吐尔逊") {
			t.Errorf("%q (%U) is not taken for a middle dot", dot, []rune(dot))
		}
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"张三", "张　三 ", true},
		{"John Smith", "ＪＯＨＮ ｓｍｉｔｈ", true},
		{"José", "Jose\u0301", true},
		{"张三", "张四", false},
		{"张三", "张三三", false},
		{"买买提·吐尔逊", "买买提吐尔逊", false},
		{"𠮷田", "吉田", false},
	} {
		if SameName(c.a, c.b) != c.same {
			t.Errorf("SameName(%q, %q) is not %v", c.a, c.b, c.same)
		}
	}
}

func TestSwapped(t *testing.T) {
	for _, c := range []struct {
		number, name string
		want         bool
	}{
		{"张三", "11010519491231002X", true},
		{"John Smith", "E12345678", true},
		{"张三", "１１０１０５１９４９１２３１００２Ｘ", true},
		{"11010519491231002X", "张三", false},
		{"张三", "张三", false},
		{"11010519491231002X", "11010519491231002X", false},
		{"", "", false},
	} {
		if Swapped(c.number, c.name) != c.want {
			t.Errorf("Swapped(%q, %q) is not %v", c.number, c.name, c.want)
		}
	}
}

func TestOtherNumbers(t *testing.T) {
	type parse = func(string) (string, *Problem)
	for _, c := range []struct {
		what string
		f    parse
		in   string
		want string
		code string
	}{
		{"mobile", ParseMobile, "13800138000", "13800138000", ""},
		{"mobile", ParseMobile, "+86 138-0013-8000", "13800138000", ""},
		{"mobile", ParseMobile, "0086(138)00138000", "13800138000", ""},
		{"mobile", ParseMobile, "8613800138000", "13800138000", ""},
		{"mobile", ParseMobile, "＋８６１３８００１３８０００", "13800138000", ""},
		{"mobile", ParseMobile, "19912345678", "19912345678", ""},
		{"mobile", ParseMobile, "", "", CodePhoneRequired},
		{"mobile", ParseMobile, "+86", "", CodePhoneRequired},
		{"mobile", ParseMobile, "1380013800", "", CodePhoneLength},
		{"mobile", ParseMobile, "23800138000", "", CodePhonePrefix},
		{"mobile", ParseMobile, "1380013800a", "", CodePhoneCharacters},
		{"mobile", ParseMobile, "+1 212 555 0100", "", CodePhoneCharacters},
		{"student", ParseStudentNumber, "g11010519491231002x", "G11010519491231002X", ""},
		{"student", ParseStudentNumber, " L510104201801010001", "L510104201801010001", ""},
		{"student", ParseStudentNumber, "J510104201801010001", "J510104201801010001", ""},
		{"student", ParseStudentNumber, "A510104201801010001", "", CodeStudentNumber},
		{"student", ParseStudentNumber, "G1101051949123100", "", CodeStudentNumber},
		{"student", ParseStudentNumber, "", "", CodeStudentNumber},
		{"student", ParseStudentNumber, "5.1E+17", "", CodeStudentNumberFloat},
		{"certificate", ParseCertificateNumber, "20115110241000123", "20115110241000123", ""},
		{"certificate", ParseCertificateNumber, "2011511024100012", "", CodeCertificateNumber},
		{"certificate", ParseCertificateNumber, "2.01E+16", "", CodeCertificateFloat},
		{"school", ParseSchoolCode, " 2151000001", "2151000001", ""},
		{"school", ParseSchoolCode, "215100000", "", CodeSchoolCode},
	} {
		got, p := c.f(c.in)
		code := ""
		if p != nil {
			code = p.Code
		}
		if got != c.want || code != c.code {
			t.Errorf("%s %q = %q, %q; want %q, %q", c.what, c.in, got, code, c.want, c.code)
		}
	}
}

// Every number that carries its own check character is accepted, and none survives one mistyped digit.
func TestOneWrongDigitIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := time.Date(1900, 1, 1, 0, 0, 0, 0, shanghai).AddDate(0, 0, rapid.IntRange(0, 40000).Draw(t, "days"))
		good := with18(rapid.StringMatching(`[1-9][0-9]{5}`).Draw(t, "area") + birth.Format("20060102") + rapid.StringMatching(`[0-9]{3}`).Draw(t, "sequence"))
		if _, p := ParseOn(ResidentID, good, day); p != nil {
			t.Fatalf("%s: %s", good, p.Code)
		}
		at := rapid.IntRange(0, 16).Draw(t, "at")
		bad := []byte(good)
		bad[at] = '0' + (bad[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, p := ParseOn(ResidentID, string(bad), day); p == nil {
			t.Fatalf("%s passes for %s", bad, good)
		}
	})
}

func TestSpellingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good := "11010519491231002X"
		var typed strings.Builder
		for _, r := range good {
			if rapid.Bool().Draw(t, "wide") {
				r += 0xfee0
			}
			typed.WriteRune(r)
			typed.WriteString(rapid.SampledFrom([]string{"", "", " ", "\u3000", "\u200b", "-"}).Draw(t, "between"))
		}
		got, p := ParseOn(ResidentID, typed.String(), day)
		if p != nil || got.Text != good {
			t.Fatalf("%q: %q, %v", typed.String(), got.Text, p)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"11010519491231002X", "H12345678", "5.10104E+17", "张三", "USA123456789012", "９", "×", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range Types() {
			n, p := ParseOn(typ, s, day)
			if (p == nil) == (n.Text == "") {
				t.Fatalf("%s %q: %q with %v", typ, s, n.Text, p)
			}
			if p == nil {
				if again, p := ParseOn(typ, n.Text, day); p != nil || again != n {
					t.Fatalf("%s %q is canonical and yet becomes %q, %v", typ, n.Text, again.Text, p)
				}
			}
		}
		_, _ = ParseMobile(s)
		_, _ = ParseStudentNumber(s)
		_, _ = ParseCertificateNumber(s)
	})
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"张三", "买买提·吐尔逊", " Ａ．b ", "\u318d", "e\u0301", "\xff\xfe", "㍿"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if name, p := ParseName(s); p == nil {
			if again, p := ParseName(name); p != nil || again != name {
				t.Fatalf("%q is clean and yet becomes %q, %v", name, again, p)
			}
			if !SameName(s, name) {
				t.Fatalf("%q and its clean form %q are two names", s, name)
			}
		}
		key := CompareKey(s)
		if CompareKey(key) != key {
			t.Fatalf("CompareKey(%q) = %q, of which the key is %q", s, key, CompareKey(key))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, p := ParseOn(ResidentID, "11010519491231002X", day); p != nil {
			b.Fatal(p)
		}
	}
}

func TestAnIDNumberIsFoundInRunningText(t *testing.T) {
	number := "11010519491231002X"
	for text, want := range map[string]bool{
		number: true,
		"韩梅梅（证件号" + number + "）已核对":              true,
		"学籍号 G" + number:                         true,
		"110105 1949 1231 002x":                  true,
		"110105-19491231-002X":                   true,
		"１１０１０５１９４９１２３１００２Ｘ":                     true,
		"2026-11-24 核对 110105 19491231 002X 无误":  true,
		"电话 13800138000 110105194912310" + "02X": true,
		"":        false,
		"与学生档案核对": false,
		"工单 20261124-0007，电话 138 0013 8000": false,
		"110105194912310021":                false, // the check character is wrong
		"1101051949123100":                  false,
		"5" + "110101199003070011" + "5":    false, // within a longer number
		"110105199913310023":                false, // no such day
		"1101051949123100 2X 号":             true,
	} {
		if got := HoldsIDNumber(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
