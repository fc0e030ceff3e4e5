package roster

import (
	"maps"
	"regexp"
	"strconv"
	"strings"

	"caotang/internal/identity"
)

// label is a class as a roster writes it, before it is known what it means at a school.
type label struct {
	stage  Stage // as far as the text says: 初, 高 …
	grade  int   // 七年级: 7; 初一: 1 with the stage
	entry  int   // 2024级
	leave  int   // 2027届
	number int   // 3班
}

func (l label) hasGrade() bool { return l.grade+l.entry+l.leave > 0 }

var stageWords = map[string]Stage{
	"小学": Primary, "小": Primary, "初中": Junior, "初": Junior, "高中": Senior, "高": Senior,
	"中职": Vocational, "职高": Vocational, "职": Vocational, "特教": Special,
}

const stagePattern = `(小学|初中|高中|中职|职高|特教|小|初|高|职)?#?`

// The shapes of a class's text after normalize, where # stands for whatever divides two numbers.
var (
	byCohort   = regexp.MustCompile(`^` + stagePattern + `((?:19|20)?[0-9]{2})(级|届)#?(?:([0-9]{1,3})#?)?班?$`)
	byYear     = regexp.MustCompile(`^` + stagePattern + `(20[0-9]{2})年?#?(?:([0-9]{1,2})#?班)?$`)
	byGrade    = regexp.MustCompile(`^` + stagePattern + `([0-9]{1,2})年级?#?(?:([0-9]{1,3})#?)?班?$`)
	byStage    = regexp.MustCompile(`^(小学|初中|高中|小|初|高|职)#?([0-9])#?级?#?(?:([0-9]{1,3})#?)?班?$`)
	byPair     = regexp.MustCompile(`^([0-9])#([0-9]{1,3})#?班?$`)
	byThree    = regexp.MustCompile(`^([1-9])([0-9]{2})班?$`)
	byNumber   = regexp.MustCompile(`^#?([0-9]{1,3})#?班?$`)
	byChildren = regexp.MustCompile(`^(小|中|大)班?#?(?:([0-9]{1,2})#?)?班?$`)
)

// readLabel reads the cells for grade and class. kindergarten tells that 大二班 is the second class of the oldest
// children. It is not ok when there is a text that it cannot read.
func readLabel(gradeText, classText string, kindergarten bool) (l label, ok bool) {
	grade, class := normalizeLabel(gradeText), normalizeLabel(classText)
	if grade == "" && class == "" {
		return label{}, true
	}
	full, fullOK := readOne(class, kindergarten)
	if fullOK && full.hasGrade() && !(grade != "" && byThree.MatchString(class)) {
		return full, true
	}
	if grade == "" {
		return label{}, false
	}
	if l, ok = readOne(grade, kindergarten); !ok || !l.hasGrade() {
		if n, err := strconv.Atoi(grade); err == nil && n >= 1 && n <= 12 { // "7" in a column that is called 年级
			l = label{grade: n}
		} else {
			return label{}, false
		}
	}
	if class == "" {
		return l, true
	}
	m := byNumber.FindStringSubmatch(class)
	if m == nil {
		return label{}, false
	}
	l.number = atoi(m[1])
	if l.number > 100 && l.number/100 == l.grade { // 701 in the seventh grade is its first class
		l.number %= 100
	}
	return l, l.number > 0
}

// namesClass tells whether a sheet is called as a class is: 七年级3班.
func namesClass(sheet string) bool {
	if sheet == "" {
		return false
	}
	for _, kindergarten := range []bool{false, true} {
		if l, ok := readLabel("", sheet, kindergarten); ok && l.number > 0 {
			return true
		}
	}
	return false
}

func readOne(text string, kindergarten bool) (label, bool) {
	if kindergarten {
		if m := byChildren.FindStringSubmatch(text); m != nil {
			return label{stage: Kindergarten, grade: map[string]int{"小": 1, "中": 2, "大": 3}[m[1]], number: atoi(m[2])}, true
		}
	}
	if m := byCohort.FindStringSubmatch(text); m != nil {
		l := label{stage: stageWords[m[1]], number: atoi(m[4])}
		year := atoi(m[2])
		if year < 100 {
			year += 2000
		}
		if m[3] == "级" {
			l.entry = year
		} else {
			l.leave = year
		}
		return l, true
	}
	if m := byYear.FindStringSubmatch(text); m != nil {
		return label{stage: stageWords[m[1]], entry: atoi(m[2]), number: atoi(m[3])}, true
	}
	if m := byGrade.FindStringSubmatch(text); m != nil {
		return label{stage: stageWords[m[1]], grade: atoi(m[2]), number: atoi(m[3])}, true
	}
	if m := byStage.FindStringSubmatch(text); m != nil {
		return label{stage: stageWords[m[1]], grade: atoi(m[2]), number: atoi(m[3])}, true
	}
	if m := byPair.FindStringSubmatch(text); m != nil {
		return label{grade: atoi(m[1]), number: atoi(m[2])}, true
	}
	if m := byThree.FindStringSubmatch(text); m != nil {
		return label{grade: atoi(m[1]), number: atoi(m[2])}, true
	}
	return label{}, false
}

func atoi(digits string) int {
	n, _ := strconv.Atoi(digits) // the patterns let through digits alone
	return n
}

// normalizeLabel folds width and white space, makes numerals of Chinese numbers, and puts # for what stands between.
func normalizeLabel(text string) string {
	var out strings.Builder
	var run []rune // of Chinese numbers
	flush := func(next rune) {
		if len(run) == 0 {
			return
		}
		digits := numeralsToDigits(run)
		if s := out.String(); s != "" && isASCIIDigit(rune(s[len(s)-1])) {
			out.WriteByte('#')
		}
		out.WriteString(digits)
		if isASCIIDigit(next) {
			out.WriteByte('#')
		}
		run = run[:0]
	}
	for _, r := range identity.Fold(text) {
		if strings.ContainsRune("一二三四五六七八九十", r) {
			run = append(run, r)
			continue
		}
		flush(r)
		switch {
		case strings.ContainsRune("()[]{}【】〔〕（）-—–_.·、/\\,，", r):
			if s := out.String(); s != "" && !strings.HasSuffix(s, "#") {
				out.WriteByte('#')
			}
		case r == '第' || r == '年' && strings.HasSuffix(out.String(), "#"):
		default:
			out.WriteRune(r)
		}
	}
	flush(0)
	return strings.TrimSuffix(out.String(), "#")
}

func isASCIIDigit(r rune) bool { return '0' <= r && r <= '9' }

// numeralsToDigits writes 十二 as 12, and 七三, which is no number but a grade and a class, as 7#3.
func numeralsToDigits(run []rune) string {
	text := string(run)
	value := func(r string) int {
		for i, n := range numerals[:10] {
			if n == r && i > 0 {
				return i
			}
		}
		return 0
	}
	if tens, ones, ok := strings.Cut(text, "十"); ok {
		t, o := 1, 0
		if tens != "" {
			t = value(tens)
		}
		if ones != "" {
			o = value(ones)
		}
		if t > 0 && (ones == "" || o > 0) {
			return strconv.Itoa(t*10 + o)
		}
	}
	digits := make([]string, 0, len(run))
	for _, r := range run {
		digits = append(digits, strconv.Itoa(value(string(r))))
	}
	return strings.Join(digits, "#")
}

// classKey is what a class is within its school.
type classKey struct {
	stage  Stage
	entry  int
	number int
}

// schoolShape is what is known of a school when a label is resolved.
type schoolShape struct {
	category string        // the first two digits of its code: 21 primary, 31 junior middle …
	years    map[Stage]int // the length of schooling of the stages that it has classes of, as most of them have it
	entries  map[Stage]map[int]bool
}

// resolve answers the class that a label means at a school in a school year, and the length of its schooling. It is not
// ok when it would have to guess.
func (s schoolShape) resolve(l label, schoolYear int) (key classKey, years int, ok bool) {
	stage, grade := l.stage, l.grade
	if stage == "" {
		if stage = s.stageOfGrade(grade); stage == "" && l.entry+l.leave > 0 {
			stage = s.stageOfCohort(l.entry)
		}
		switch {
		case stage == Junior && grade >= 6:
			grade -= 9 - s.stageYears(Junior)
		case stage == Senior && grade > 9:
			grade -= 9
		}
	} else if stage == Junior && grade > 4 {
		grade -= 9 - s.stageYears(Junior)
	}
	if stage == "" || l.number < 1 {
		return classKey{}, 0, false
	}
	years = s.stageYears(stage)
	entry := l.entry
	switch {
	case l.leave > 0:
		entry = l.leave - years
	case entry == 0:
		if grade < 1 || grade > years {
			return classKey{}, 0, false
		}
		entry = schoolYear - grade + 1
	}
	if entry < schoolYear-12 || entry > schoolYear+1 {
		return classKey{}, 0, false
	}
	return classKey{stage, entry, l.number}, years, true
}

// byOtherSystem is the shape of a school whose classes of the stage last as those by the other system do.
func (s schoolShape) byOtherSystem(stage Stage) schoolShape {
	s.years = maps.Clone(s.years)
	s.years[stage] = stage.OtherYears(s.stageYears(stage))
	return s
}

func (s schoolShape) stageYears(stage Stage) int {
	if y := s.years[stage]; y > 0 {
		return y
	}
	return stage.Years()
}

// stageOfGrade tells the stage of a grade that is called by its number alone.
func (s schoolShape) stageOfGrade(grade int) Stage {
	switch {
	case grade == 0:
		return ""
	case grade > 9:
		return Senior
	case s.category == "34" && grade <= 3 && s.years[Primary] == 0:
		return Senior
	case s.category == "36":
		return Vocational
	case s.category == "51":
		return Special
	case s.category == "11":
		return Kindergarten
	case grade >= 7, grade == 6 && s.years[Junior] == 4:
		return Junior
	}
	return Primary
}

// stageOfCohort tells the stage of a cohort: that of the school's classes of that year, when they are of one stage, else
// what its code says.
func (s schoolShape) stageOfCohort(entry int) Stage {
	var found Stage
	for stage, years := range s.entries {
		if years[entry] {
			if found != "" {
				return ""
			}
			found = stage
		}
	}
	if found != "" {
		return found
	}
	return map[string]Stage{"11": Kindergarten, "21": Primary, "31": Junior, "34": Senior, "36": Vocational, "51": Special}[s.category]
}
