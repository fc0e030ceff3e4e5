package roster

import (
	"testing"
	"time"
)

func TestTheSchoolYearTurnsOnTheFirstOfSeptember(t *testing.T) {
	for at, want := range map[string]int{
		"2026-08-31T15:59:59Z": 2025, // 23:59:59 in Shanghai
		"2026-08-31T16:00:00Z": 2026,
		"2026-12-31T23:00:00Z": 2026,
		"2027-01-01T00:00:00Z": 2026,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := SchoolYear(moment); got != want {
			t.Errorf("%s lies in school year %d, want %d", at, got, want)
		}
	}
}

func TestClassNames(t *testing.T) {
	for _, c := range []struct {
		stage        Stage
		entry, years int
		want         string
		grade        int
	}{
		{Junior, 2024, 3, "七年级3班", 7},
		{Junior, 2024, 4, "六年级3班", 6},
		{Junior, 2022, 3, "九年级3班", 9},
		{Junior, 2021, 3, "2021级3班", 0},
		{Junior, 2025, 3, "2025级3班", 0},
		{Primary, 2024, 6, "一年级3班", 1},
		{Primary, 2019, 6, "六年级3班", 6},
		{Senior, 2023, 3, "高二3班", 11},
		{Vocational, 2024, 3, "中职一年级3班", 1},
		{Kindergarten, 2022, 3, "大3班", 3},
		{Special, 2016, 9, "九年级3班", 9},
	} {
		if got := ClassName(c.stage, c.entry, c.years, 3, 2024); got != c.want {
			t.Errorf("%s of %d is called %s, want %s", c.stage, c.entry, got, c.want)
		}
		if got := GradeOf(c.stage, c.entry, c.years, 2024).Number; got != c.grade {
			t.Errorf("%s of %d is in grade %d, want %d", c.stage, c.entry, got, c.grade)
		}
	}
	if got := GradeOf(Junior, 2021, 3, 2024).Name; got != "学制已满，待毕业" { // only what has graduated is called so
		t.Errorf("a class whose years are over is %s", got)
	}
}

func TestClassesAsRostersWriteThem(t *testing.T) {
	junior := schoolShape{category: "31"}
	primary := schoolShape{category: "21"}
	senior := schoolShape{category: "34"}
	fiveFour := schoolShape{category: "31", years: map[Stage]int{Junior: 4}}
	children := schoolShape{category: "11"}
	for _, c := range []struct {
		school       schoolShape
		grade, class string
		want         classKey
	}{
		{junior, "七年级", "3班", classKey{Junior, 2024, 3}},
		{junior, "七年级", "3", classKey{Junior, 2024, 3}},
		{junior, "七年级", "（3）班", classKey{Junior, 2024, 3}},
		{junior, "七年级", "三班", classKey{Junior, 2024, 3}},
		{junior, "7年级", "０３", classKey{Junior, 2024, 3}},
		{junior, "7", "3", classKey{Junior, 2024, 3}},
		{junior, "七年级", "703", classKey{Junior, 2024, 3}},
		{junior, "", "七年级3班", classKey{Junior, 2024, 3}},
		{junior, "", "七年级（3）班", classKey{Junior, 2024, 3}},
		{junior, "", "七年级十二班", classKey{Junior, 2024, 12}},
		{junior, "七年级", "七年级3班", classKey{Junior, 2024, 3}},
		{junior, "", "七(3)班", classKey{Junior, 2024, 3}},
		{junior, "", "七3班", classKey{Junior, 2024, 3}},
		{junior, "", "七三班", classKey{Junior, 2024, 3}},
		{junior, "", "7.3", classKey{Junior, 2024, 3}},
		{junior, "", "703班", classKey{Junior, 2024, 3}},
		{junior, "", "初一3班", classKey{Junior, 2024, 3}},
		{junior, "", "初一（3）班", classKey{Junior, 2024, 3}},
		{junior, "初二", "3班", classKey{Junior, 2023, 3}},
		{junior, "初中二年级", "3班", classKey{Junior, 2023, 3}},
		{junior, "", "初2024级3班", classKey{Junior, 2024, 3}},
		{junior, "", "2024级3班", classKey{Junior, 2024, 3}},
		{junior, "", "2024级(3)班", classKey{Junior, 2024, 3}},
		{junior, "2024级", "3班", classKey{Junior, 2024, 3}},
		{junior, "2024", "3班", classKey{Junior, 2024, 3}},
		{junior, "", "24级3班", classKey{Junior, 2024, 3}},
		{junior, "", "2027届3班", classKey{Junior, 2024, 3}},
		{junior, "三年级", "2班", classKey{Primary, 2022, 2}},
		{primary, "", "2024级3班", classKey{Primary, 2024, 3}},
		{primary, "六年级", "1班", classKey{Primary, 2019, 1}},
		{primary, "小学一年级", "1班", classKey{Primary, 2024, 1}},
		{fiveFour, "六年级", "1班", classKey{Junior, 2024, 1}},
		{fiveFour, "九年级", "1班", classKey{Junior, 2021, 1}},
		{senior, "高一", "12班", classKey{Senior, 2024, 12}},
		{senior, "高二年级", "5班", classKey{Senior, 2023, 5}},
		{senior, "", "高2023级5班", classKey{Senior, 2023, 5}},
		{senior, "一年级", "5班", classKey{Senior, 2024, 5}},
		{senior, "十年级", "5班", classKey{Senior, 2024, 5}},
		{children, "", "大二班", classKey{Kindergarten, 2022, 2}},
		{children, "小班", "1班", classKey{Kindergarten, 2024, 1}},
		{children, "", "中（1）班", classKey{Kindergarten, 2023, 1}},
		// what nobody can understand
		{junior, "", "3班", classKey{}},
		{junior, "", "火箭班", classKey{}},
		{junior, "十三年级", "1班", classKey{}},
		{junior, "七年级", "火箭班", classKey{}},
		{junior, "", "1998级3班", classKey{}},
		{junior, "七年级", "0班", classKey{}},
		{schoolShape{}, "", "2024级3班", classKey{}},
	} {
		var got classKey
		l, ok := readLabel(c.grade, c.class, c.school.category == "11")
		if ok {
			if key, _, ok := c.school.resolve(l, 2024); ok {
				got = key
			}
		}
		if got != c.want {
			t.Errorf("%q %q is %+v (%+v), want %+v", c.grade, c.class, got, l, c.want)
		}
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("七年级", "3班")
	f.Add("初2024级", "（3）")
	f.Fuzz(func(t *testing.T, grade, class string) {
		for _, kindergarten := range []bool{false, true} {
			l, ok := readLabel(grade, class, kindergarten)
			if !ok {
				continue
			}
			for _, category := range []string{"", "11", "21", "31", "34", "36", "51"} {
				key, years, ok := schoolShape{category: category}.resolve(l, 2024)
				if ok && (key.number < 1 || key.number > 999 || !key.stage.Valid() || years < 1 || key.entry < 2012 || key.entry > 2025) {
					t.Fatalf("%q %q becomes %+v", grade, class, key)
				}
			}
		}
	})
}
