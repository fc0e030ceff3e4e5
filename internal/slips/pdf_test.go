package slips

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"caotang/internal/messages"
	"caotang/ui"
)

func sheetsOf(n int, names ...string) *Sheets {
	s := &Sheets{Title: "草堂中学-七年级1班"}
	for i := range n {
		purpose := Activate
		if i%9 == 8 {
			purpose = ResetPassword
		}
		s.Slips = append(s.Slips, Slip{
			Name: names[i%len(names)], School: "四川省成都市锦江区草堂中学（东校区）", Class: "七年级1班", Code: grouped(newCode()), Purpose: purpose,
			Until: time.Date(2026, 12, 25, 2, 0, 0, 0, time.UTC),
		})
	}
	return s
}

func rendered(t *testing.T, sheets *Sheets, language string) []byte {
	t.Helper()
	p := newPress(Printing{Fonts: ui.Fonts(), PublicURL: "https://edu.example.cn/"})
	fonts, leave, err := p.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	content, err := render(sheets, fonts, p.page(""), language)
	if err != nil {
		t.Fatal(err)
	}
	if folder := os.Getenv("SLIPS_KEEP"); folder != "" {
		_ = os.WriteFile(fmt.Sprintf("%s/%d-%s.pdf", folder, len(sheets.Slips), language), content, 0o600)
	}
	return content
}

// names are of all kinds, the rare characters of U+20BB7 and U+2CC56 among them.
var names = []string{"韩梅梅", "李雷", "\U00020BB7田一郎", "阿卜杜拉·买买提·阿不都热合曼", "王\U0002CC56", "Anna-Maria O’Neil", "欧阳娜娜", "吉克㛃子"}

func TestEightSlipsStandOnAPage(t *testing.T) {
	for n, want := range map[int]int{1: 1, 8: 1, 9: 2, 50: 7} {
		content := rendered(t, sheetsOf(n, names...), messages.Chinese)
		if pages := len(regexp.MustCompile(`/Type /Page\n`).FindAll(content, -1)); pages != want {
			t.Errorf("%d slips stand on %d pages, want %d", n, pages, want)
		}
		if !bytes.Contains(content, []byte("/FontFile2")) || !bytes.Contains(content, []byte("/ToUnicode")) {
			t.Error("the file does not bring its fonts along, with what their glyphs say")
		}
		if len(content) > 300<<10 {
			t.Errorf("%d slips take %d KB", n, len(content)>>10)
		}
	}
}

// read gives the text of a file, a line for each piece that is drawn: it finds what the glyphs stand for in the file itself.
func read(t *testing.T, content []byte) []string {
	t.Helper()
	var maps []map[string]string // of each font, in the order of their names
	var pages []string
	for _, found := range regexp.MustCompile(`(?s)stream\n(.*?)\n?endstream`).FindAllSubmatch(content, -1) {
		text := found[1]
		if unpacked, err := zlib.NewReader(bytes.NewReader(text)); err == nil {
			text, _ = io.ReadAll(unpacked)
		}
		if bytes.Contains(text, []byte("begincmap")) {
			glyphs := map[string]string{}
			for _, line := range regexp.MustCompile(`<(\w{4})><\w{4}><(\w{4,5})>`).FindAllSubmatch(text, -1) {
				c, err := strconv.ParseUint(string(line[2]), 16, 32)
				if err != nil {
					t.Fatal(err)
				}
				glyphs[string(line[1])] = string(rune(c))
			}
			maps = append(maps, glyphs)
		} else if bytes.Contains(text, []byte("TJ")) {
			pages = append(pages, string(text))
		}
	}
	var lines []string
	drawn := regexp.MustCompile(`(?s)/F(\d) [^\[]*\[<(\w+)>\] TJ`)
	for _, page := range pages {
		for _, piece := range drawn.FindAllStringSubmatch(page, -1) {
			line := ""
			for glyph := range slices.Chunk([]byte(piece[2]), 4) {
				line += maps[piece[1][0]-'1'][string(glyph)]
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func TestAFileHoldsWhatItsSlipsSay(t *testing.T) {
	sheets := sheetsOf(9, names...)
	text := strings.Join(read(t, rendered(t, sheets, messages.Chinese)), "")
	for _, slip := range sheets.Slips {
		if !strings.Contains(text, slip.Name+slip.School+slip.Class+slip.Code) {
			t.Errorf("%s, %s is not in the file: %s", slip.Name, slip.Code, text)
		}
	}
	for _, words := range []string{"激活码条", "新密码条", "edu.example.cn/activate", "2026年12月25日"} {
		if !strings.Contains(text, words) {
			t.Errorf("the file does not say %s", words)
		}
	}
}

func TestAFileReadsInEnglishToo(t *testing.T) {
	if text := strings.Join(read(t, rendered(t, sheetsOf(1, "韩梅梅"), messages.English)), "\n"); !strings.Contains(text, "until 25 December 2026") {
		t.Error(text)
	}
}

func TestCharactersWithoutAGlyphAreNamed(t *testing.T) {
	p := newPress(Printing{Fonts: ui.Fonts()})
	f, leave, err := p.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	l := newLayout(f, "", messages.Chinese)
	for _, name := range names {
		if _, missing := l.runs(name); missing != "" {
			t.Errorf("%s lacks %s", name, missing)
		}
	}
	runs, missing := l.runs("王\U0002A6A5\U00020BB7")
	if missing != "U+2A6A5" || len(runs) != 2 || runs[0] != (run{sans, "王□"}) || runs[1] != (run{rare, "\U00020BB7"}) || l.err != nil {
		t.Errorf("printed as %v, without %q, error %v", runs, missing, l.err)
	}
}

func TestADownloadIsNamedByItsClass(t *testing.T) {
	s := &Sheets{Title: "草堂中学-七年级1班"}
	if name := s.filename(messages.Chinese); name != "激活码条-草堂中学-七年级1班.pdf" {
		t.Error(name)
	}
}
