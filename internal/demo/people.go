package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"caotang/internal/identity"
	"caotang/internal/roster"
)

// Person is a synthetic registry entry. Class is the index of the pupil's class in their school, or -1.
type Person struct {
	Kind              string
	Name              string
	IDType            identity.Type
	IDNumber          string // canonical
	StudentNumber     string // pupils: mostly G…; empty for a few
	CertificateNumber string // teachers; empty for a few
	Class             int
}

// Names are put together from common characters; minority names from syllables, with the middle dot.
var (
	surnames   = []rune("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文")
	characters = []rune("伟芳秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玲华丹萍鑫辉红玉梅琳鹏宇浩然子涵欣怡梓轩雨晨思远诗琪俊豪佳慧一诺可馨嘉瑞锦程语桐安晴沐阳若溪景行书瑶知夏云川乐天文博星河清扬青禾望舒")
	rareNames  = []string{"𠮷", "䶮", "㛃", "𬭚"}
	dotFirst   = []string{"沙马", "曲木", "马海", "阿苦", "勒格", "俄木", "吉木", "果基", "邱莫", "尼苦"}
	dotLast    = []string{"阿依", "木呷", "伍各", "拉铁", "曲布", "尔古", "石布", "古哈", "伍加", "木果", "阿芝", "日拉"}
)

// people makes persons one after another; the same seed and batch give the same persons. No two of them share a number,
// and no two batches do.
type people struct {
	*rand.Rand
	batch     int // 0 to 49
	used      map[cohort]int
	documents int // merely counted ones given out so far
	numbers   int // the same of student and certificate numbers
}

// cohort is what shares one range of resident ID numbers: an area, and a year that begins on a certain day.
type cohort struct{ area, year, month int }

func newPeople(seed uint64, batch int) *people {
	chance := rand.New(rand.NewPCG(seed, uint64(batch))) //nolint:gosec // it has to be repeatable, and guards no secret
	return &people{Rand: chance, batch: batch, used: map[cohort]int{}}
}

// Areas of the synthetic resident ID numbers. GB/T 2260 has no division 5199xx, so that not one of the numbers can be
// a real person's. 519901 to 519921 stand for the 21 cities of the synthetic province.
const (
	areaBase   = 519900
	areaLacked = 519948 // whom the registry lacks
	areaOther  = 519949 // student numbers that differ from the ID number
	areaRoster = 519950 // roster files: up to 519998, by batch
)

// perCohort is how many numbers one cohort holds: 365 days times 999 sequence numbers.
const perCohort = 365 * 999

// residentID answers a valid number of somebody born in the 365 days from the first of the month on.
func (p *people) residentID(area, year, month int) string {
	n := p.next(cohort{area, year, month})
	return number18(area+n/perCohort, n, year, month)
}

// sharedID is residentID in an area that all batches share: each has 7000 numbers a year in it.
func (p *people) sharedID(area, year, month int) string {
	return number18(area, p.batch*7000+p.next(cohort{area, year, month}), year, month)
}

func (p *people) next(c cohort) int {
	n := p.used[c]
	p.used[c]++
	return n
}

// number18 is the n-th number of a cohort, by GB 11643.
func number18(area, n, year, month int) string {
	digits := fmt.Sprintf("%06d%s%03d", area, birthday(n, year, month), sequence(n))
	return digits + string(identity.CheckCharacter(digits))
}

// birthday and sequence walk through their 365 and 999 values in steps that share no factor with them; as 365 and 999
// share none either, the pair repeats only after perCohort numbers.
func birthday(n, year, month int) string {
	return time.Date(year, time.Month(month), 1+n*149%365, 0, 0, 0, 0, time.UTC).Format("20060102")
}

func sequence(n int) int { return 1 + n*601%999 }

// document answers an identity document of somebody born in the 365 days from the first of the month on: nearly always
// a resident ID card.
func (p *people) document(area, year, month int) (identity.Type, string) {
	if p.IntN(100) != 0 {
		return identity.ResidentID, p.residentID(area, year, month)
	}
	p.documents++
	switch p.IntN(5) {
	case 0:
		return identity.ResidencePermit, p.sharedID(810000+10000*p.IntN(3), year, month)
	case 1:
		return identity.PermanentResidence, p.sharedID(951999, year, month)
	case 2:
		return identity.PermanentResidence, fmt.Sprintf("DEM%02d%010d", p.batch, p.documents)
	case 3:
		return identity.HomeReturnPermit, fmt.Sprintf("%c9%02d%05d", "HM"[p.IntN(2)], p.batch, p.documents)
	default:
		return identity.Passport, fmt.Sprintf("DEMO%02d%07d", p.batch, p.documents)
	}
}

// name composes a personal name. One in fifty has a middle dot, one in four hundred a rare character.
func (p *people) name() string {
	if p.IntN(50) == 0 {
		return dotFirst[p.IntN(len(dotFirst))] + "·" + dotLast[p.IntN(len(dotLast))]
	}
	surname := string(surnames[p.IntN(len(surnames))])
	if p.IntN(400) == 0 {
		return surname + rareNames[p.IntN(len(rareNames))]
	}
	given := []rune{characters[p.IntN(len(characters))]}
	if p.IntN(4) != 0 {
		given = append(given, characters[p.IntN(len(characters))])
	}
	return surname + string(given)
}

// pupil makes a pupil who entered the stage in that year, at the age that the stage begins with.
func (p *people) pupil(area int, stage roster.Stage, entryYear, class int) Person {
	born := entryYear - stages[stage].age - 1 // the school year's children are born from 1 September on
	person := Person{Kind: roster.Student, Name: p.name(), Class: class}
	person.IDType, person.IDNumber = p.document(area, born, 9)
	switch {
	case stage == roster.Kindergarten || p.IntN(100) == 0: // none yet
	case person.IDType != identity.ResidentID:
		p.numbers++
		person.StudentNumber = fmt.Sprintf("%c51%02d%014d", "LJ"[p.IntN(2)], p.batch, p.numbers)
	case p.IntN(50) == 0: // the ID number changed after the student number had been given
		person.StudentNumber = "G" + p.sharedID(areaOther, born, 9)
	default:
		person.StudentNumber = "G" + person.IDNumber
	}
	return person
}

// teacher makes a teacher of 24 to 58 years in the given calendar year.
func (p *people) teacher(area, thisYear int) Person {
	age := 24 + p.IntN(35)
	person := Person{Kind: roster.Teacher, Name: p.name(), Class: -1}
	person.IDType, person.IDNumber = p.document(area, thisYear-age, 1)
	if p.IntN(50) != 0 {
		p.numbers++
		certified := thisYear - p.IntN(age-22)
		person.CertificateNumber = fmt.Sprintf("%04d51%03d%d%d%06d", certified, 900+p.batch, 2+p.IntN(4), p.IntN(2), p.numbers%1000000)
	}
	return person
}
