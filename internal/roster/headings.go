package roster

import (
	"slices"
	"strings"

	"caotang/internal/identity"
	"caotang/internal/sheet"
)

// codeNoHeader refuses a file in which no row names the columns that an import needs; the other codes are sheet's.
const codeNoHeader = "no_header"

// codeNoRows refuses a roster that has its headings and nobody beneath them.
const codeNoRows = "no_rows"

// codeWrongKind refuses a roster of pupils that is to be imported as one of teachers, and the reverse: it would bring a
// school's pupils in as its teachers.
const codeWrongKind = "wrong_kind"

// fits tells whether the columns are those of a roster of this kind: by a number that only the other kind has, or by whose names
// the column says it holds.
func (l layout) fits(kind string) bool {
	number, whose := colStudent, "学生"
	if kind == Student {
		number, whose = colCertificate, "教师"
	}
	return l.at[number] < 0 && !strings.Contains(l.headings[l.at[colName]], whose)
}

// headerRows is how far down the headings may stand: above them are titles and notes.
const headerRows = 30

// column is what a column of a roster holds.
type column int

const (
	colName column = iota
	colIDType
	colIDNumber
	colStudent
	colCertificate
	colGrade
	colClass
	colSchool
	colSchoolCode
	columnCount
)

// columnNames are the API's names of the columns, which the catalogues know as "column.<name>".
var columnNames = [columnCount]string{"name", "id_type", "id_number", "student_number", "certificate_number", "grade", "class", "school", "school_code"}

// headingWords are the headings that schools and other systems use, after normalizeHeading.
var headingWords = map[string]column{}

func init() {
	for c, words := range map[column]string{
		colName:        "姓名 名字 真实姓名 NAME",
		colIDType:      "证件类型 身份证件类型 身份证类型 有效证件类型 证件种类 证件类别",
		colIDNumber:    "身份证号 身份证号码 身份证件号 身份证件号码 证件号 证件号码 有效证件号 有效证件号码 居民身份证号 居民身份证号码 公民身份号码 身份证 身份证编号",
		colStudent:     "学籍号 全国学籍号 学籍号码 全国学籍号码 学籍编号 国网学籍号 国家学籍号",
		colCertificate: "资格证号 资格证号码 资格证编号 资格证书号 资格证书号码 资格证书编号 教师资格证 教师资格证号 教师资格证号码 教师资格证编号 教师资格证书号 教师资格证书号码 教师资格证书编号",
		colGrade:       "年级 所在年级 就读年级 年级名称 入学年级",
		colClass:       "班级 所在班级 就读班级 班级名称 班 班号 行政班 年级班级 班级年级 年级班 年班",
		colSchool:      "学校 学校名称 所在学校 就读学校 单位 单位名称 所在单位 任教学校 工作单位",
		colSchoolCode:  "学校标识码 学校代码 学校编码 学校编号 学校识别码 单位代码",
	} {
		for word := range strings.FieldsSeq(words) {
			headingWords[word] = c
		}
	}
}

// normalizeHeading takes away what does not tell columns apart: white space, notes in brackets, marks of what is
// required, and whose the column is.
func normalizeHeading(text string) string {
	text = identity.Fold(text)
	for _, pair := range []string{"()", "[]", "【】", "{}", "〔〕"} {
		open, closing := string([]rune(pair)[0]), string([]rune(pair)[1])
		if before, rest, ok := strings.Cut(text, open); ok {
			_, after, _ := strings.Cut(rest, closing)
			text = before + after
		}
	}
	text = strings.Trim(text, "*:：#★※、.")
	if _, known := headingWords[text]; known {
		return text
	}
	for _, whose := range []string{"学生", "教职工", "教师", "幼儿", "本人"} {
		if rest, ok := strings.CutPrefix(text, whose); ok {
			return rest
		}
	}
	return text
}

// layout is where the columns of a file stand; -1 for one that is not there.
type layout struct {
	at       [columnCount]int
	headings []string
	line     int
}

// layoutOf is that of a row of headings of which nothing is known.
func layoutOf(row sheet.Row) (l layout) {
	for c := range l.at {
		l.at[c] = -1
	}
	l.line, l.headings = row.Line, slices.Clone(row.Cells)
	return l
}

// findColumns reads a row as headings. It is not ok without a name and an ID number.
func findColumns(row sheet.Row) (l layout, ok bool) {
	l = layoutOf(row)
	for i, cell := range row.Cells {
		if c, known := headingWords[normalizeHeading(cell)]; known && l.at[c] < 0 {
			l.at[c] = i
		}
	}
	return l, l.at[colName] >= 0 && l.at[colIDNumber] >= 0
}

// cell answers a column's text in a row, "" when there is none.
func (l *layout) cell(c column, cells []string) string {
	if i := l.at[c]; i >= 0 && i < len(cells) {
		return cells[i]
	}
	return ""
}

// repeatsHeadings tells a row that holds the headings once more, as on every printed page.
func (l *layout) repeatsHeadings(cells []string) bool {
	if strings.ContainsAny(l.cell(colIDNumber, cells), "0123456789") { // as nearly every row's does
		return false
	}
	name := normalizeHeading(l.cell(colName, cells))
	c, known := headingWords[name]
	return known && c == colName || name != "" && name == normalizeHeading(l.cell(colName, l.headings))
}
