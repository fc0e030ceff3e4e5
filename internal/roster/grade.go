package roster

import (
	"fmt"
	"slices"
	"time"

	"caotang/internal/calendar"
)

// Stage is a stage of schooling.
type Stage string

// The stages.
const (
	Kindergarten Stage = "kindergarten"
	Primary      Stage = "primary"
	Junior       Stage = "junior"
	Senior       Stage = "senior"
	Vocational   Stage = "vocational"
	Special      Stage = "special"
)

// Stages are all stages, from the youngest up.
func Stages() []Stage {
	return []Stage{Kindergarten, Primary, Junior, Senior, Vocational, Special}
}

// stageYears are the lengths of schooling that a stage may have, the usual one first: primary and junior school take six
// and three years (六三制) or five and four (五四制).
var stageYears = map[Stage][]int{
	Kindergarten: {3, 1, 2, 4},
	Primary:      {6, 5},
	Junior:       {3, 4},
	Senior:       {3},
	Vocational:   {3, 2, 4, 5},
	Special:      {9, 3, 6, 12},
}

// Valid tells whether s is a known stage.
func (s Stage) Valid() bool { return stageYears[s] != nil }

// Years is the usual length of schooling of the stage.
func (s Stage) Years() int { return stageYears[s][0] }

// Lasts tells whether a class of the stage may last so many years.
func (s Stage) Lasts(years int) bool { return slices.Contains(stageYears[s], years) }

// AllYears are the lengths of schooling that the stage may have, the usual one first.
func (s Stage) AllYears() []int { return slices.Clone(stageYears[s]) }

// OtherYears is how long a class lasts by the other of the two systems, 0 for a stage that knows one alone.
func (s Stage) OtherYears(years int) int {
	all := stageYears[s]
	switch {
	case s != Primary && s != Junior:
		return 0
	case years == all[0]:
		return all[1]
	}
	return all[0]
}

// prevailing is how long most classes of the stage last, by how many last how long: the usual length where as many do.
func (s Stage) prevailing(classes map[int]int) int {
	years := s.Years()
	for _, other := range stageYears[s] {
		if classes[other] > classes[years] {
			years = other
		}
	}
	return years
}

// PrevailingYears is how long most of a school's classes of a stage last: what holds for a class of which nobody has said it.
func PrevailingYears(stage Stage, classes []Class) int {
	count := map[int]int{}
	for _, c := range classes {
		if c.Stage == stage {
			count[c.SchoolingYears]++
		}
	}
	return stage.prevailing(count)
}

// SchoolYear answers the school year that a moment lies in, by the year it began in: it turns on 1 September in
// Asia/Shanghai, so 2026-08-31 lies in 2025.
func SchoolYear(at time.Time) int {
	at = at.In(calendar.Shanghai)
	if at.Month() < time.September {
		return at.Year() - 1
	}
	return at.Year()
}

// Grade is where a class stands in a school year.
type Grade struct {
	// Number counts from 1 for the first year of primary school to 12 for the last of senior school; for the other
	// stages it is the year within the stage. It is 0 before the class has entered and after it has left.
	Number int
	// Name is what the grade is called: 七年级, 高二, 大班; 未入学, 学制已满，待毕业 or 已毕业 when Number is 0.
	Name string
}

// Over is the grade of a class whose years are over and which has not graduated, Graduated that of one which has.
var (
	Over      = Grade{0, "学制已满，待毕业"}
	Graduated = Grade{0, "已毕业"}
)

var numerals = []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"}

// GradeOf answers the grade, in a school year, of a class that entered in entryYear, stays for years and has not graduated.
func GradeOf(stage Stage, entryYear, years, schoolYear int) Grade {
	n := schoolYear - entryYear + 1
	switch {
	case n < 1:
		return Grade{0, "未入学"}
	case n > years:
		return Over
	}
	switch stage {
	case Junior:
		n += 9 - years
	case Senior:
		return Grade{n + 9, "高" + numerals[n]}
	case Vocational:
		return Grade{n, "中职" + numerals[n] + "年级"}
	case Kindergarten:
		return Grade{n, []string{"小班", "中班", "大班", "学前班"}[n+max(0, 3-years)-1]}
	}
	return Grade{n, numerals[n] + "年级"}
}

// ClassName answers what a class is called in a school year when it has no name of its own: 七年级3班, 大2班, and 2019级3班
// when it has not entered yet or its years are over.
func ClassName(stage Stage, entryYear, years, number, schoolYear int) string {
	g := GradeOf(stage, entryYear, years, schoolYear)
	switch {
	case g.Number == 0:
		return fmt.Sprintf("%d级%d班", entryYear, number)
	case stage == Kindergarten:
		return fmt.Sprintf("%s%d班", g.Name[:len(g.Name)-len("班")], number)
	}
	return fmt.Sprintf("%s%d班", g.Name, number)
}
