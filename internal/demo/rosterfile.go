package demo

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"caotang/internal/identity"
	"caotang/internal/roster"
)

// RosterFile says which synthetic roster file to write.
type RosterFile struct {
	Rows       int    // rows with a person, from 1 on
	Kind       string // roster.Student or roster.Teacher
	Messy      bool   // as schools really hand them in; every kind of mess appears from 60 rows on
	AllSchools bool   // over all schools of the synthetic Sichuan, with a column that names them; otherwise one school's
	Encoding   string // of a CSV file: one of Encodings; "" is UTF-8
	Seed       uint64
	Today      time.Time // decides the grades
}

// The seed of the synthetic Sichuan that demo mode fills its database with. Rosters refer to its schools and classes.
const worldSeed = 1

// idTypeNames are the document types as rosters write them.
var idTypeNames = map[identity.Type]string{
	identity.ResidentID:         "居民身份证",
	identity.ResidencePermit:    "港澳台居民居住证",
	identity.HomeReturnPermit:   "港澳居民来往内地通行证",
	identity.PermanentResidence: "外国人永久居留身份证",
	identity.Passport:           "护照",
}

// A clean roster has these columns. A messy one calls them otherwise, numbers its rows, and has grade and class in one.
var (
	cleanStudent = []any{"姓名", "证件类型", "身份证号", "学籍号", "年级", "班级"}
	cleanTeacher = []any{"姓名", "证件类型", "身份证号", "教师资格证号"}
	messyStudent = []any{"序号", "学生姓名", "身份证件类型", "证件号码", "全国学籍号", "年级班级"}
	messyTeacher = []any{"序号", "教师姓名", "身份证件类型", "身份证件号", "教师资格证编号"}
)

// Write streams the roster to w as format ".csv" or ".xlsx". Memory stays bounded however many rows there are. The same
// RosterFile gives the same rows; nobody in it stands in the synthetic Sichuan, save for the rows of a messy roster that
// are meant to. A clean roster is accepted to the last row by the registry of the synthetic Sichuan.
func (r RosterFile) Write(w io.Writer, format string) error {
	if r.Rows < 1 {
		return fmt.Errorf("a roster has at least one row, not %d", r.Rows)
	}
	out, err := newTable(w, format, r)
	if err != nil {
		return err
	}
	if err := r.head(out); err != nil {
		return err
	}
	if err := r.body(out); err != nil {
		return err
	}
	return out.close()
}

func (r RosterFile) head(out table) error {
	headings := cleanTeacher
	switch {
	case r.Messy && r.Kind == roster.Student:
		headings = messyStudent
	case r.Messy:
		headings = messyTeacher
	case r.Kind == roster.Student:
		headings = cleanStudent
	}
	if r.AllSchools {
		headings = append(append([]any{}, headings...), "学校标识码")
	}
	if r.Messy {
		title := fmt.Sprintf("%d年秋季学期花名册（演示数据）", roster.SchoolYear(r.Today))
		if err := out.banner(span{title, len(headings)}); err != nil {
			return err
		}
		if err := out.banner(span{"基本信息", 4}, span{"学校填写", len(headings) - 4}); err != nil {
			return err
		}
	}
	return out.line(headings)
}

func (r RosterFile) body(out table) error {
	source := r.newSource()
	for i := range r.Rows {
		row := source.row(i)
		if r.Messy {
			if i%3 == 2 {
				messes[i/3%len(messes)].apply(source, &row)
			} else {
				source.last = row.Person
			}
			if i%20 == 9 {
				if err := out.line(blank[i/20%len(blank)]); err != nil {
					return err
				}
			}
		}
		if err := out.line(row.cells(i, r.Messy, r.AllSchools)); err != nil {
			return err
		}
	}
	return nil
}

// source makes a roster's persons one after another.
type source struct {
	RosterFile
	*people
	classes []placeInSchool
	every   []School // the whole synthetic Sichuan
	last    Person   // the person of the row before
}

type placeInSchool struct {
	school *School
	class  Class
}

func (r RosterFile) newSource() *source {
	s := &source{RosterFile: r, people: newPeople(r.Seed, 1+int(r.Seed%49)), every: World(worldSeed, r.Today)}
	schools := []*School{find(s.every, showCounty, roster.Junior)}
	if r.AllSchools {
		schools = nil
		for i := range s.every {
			switch s.every[i].Stage {
			case roster.Primary, roster.Junior, roster.Senior:
				schools = append(schools, &s.every[i])
			}
		}
	}
	for _, school := range schools {
		for _, class := range school.Classes {
			s.classes = append(s.classes, placeInSchool{school, class})
		}
	}
	return s
}

// row is one person on their way into the file. number is what stands in the cell of the ID number: a text or, when a
// spreadsheet spoiled it, a float64.
type row struct {
	Person
	name   string
	number any
	place  placeInSchool
	year   int    // the school year
	form   string // how grade and class are put together
}

// row answers the person of row i; classes stand one after another, as in a list that a school has sorted.
func (s *source) row(i int) row {
	at := s.classes[i*len(s.classes)/s.Rows]
	row := row{place: at, year: roster.SchoolYear(s.Today), form: "%s%d班"}
	row.set(s.another(at))
	if s.Messy && i%2 == 1 {
		row.form = "%s（%d）班"
	}
	return row
}

// gradeOf names the grade of a class in a school year.
func gradeOf(stage roster.Stage, entryYear, schoolYear int) string {
	return roster.GradeOf(stage, entryYear, stage.Years(), schoolYear).Name
}

// another makes a person who stands nowhere yet.
func (s *source) another(at placeInSchool) Person {
	area := areaRoster + s.batch
	if s.Kind == roster.Teacher {
		return s.teacher(area, roster.SchoolYear(s.Today))
	}
	return s.pupil(area, at.school.Stage, at.class.EntryYear, 0)
}

func (r *row) set(p Person) {
	r.Person, r.name, r.number = p, p.Name, p.IDNumber
}

func (r *row) cells(i int, messy, allSchools bool) []any {
	cells := make([]any, 0, 8)
	if messy {
		cells = append(cells, strconv.Itoa(i+1))
	}
	cells = append(cells, r.name, idTypeNames[r.IDType], r.number)
	if r.Kind == roster.Teacher {
		cells = append(cells, r.CertificateNumber)
	} else {
		cells = append(cells, r.StudentNumber)
		grade := gradeOf(r.place.school.Stage, r.place.class.EntryYear, r.year)
		if messy {
			cells = append(cells, fmt.Sprintf(r.form, grade, r.place.class.Number))
		} else {
			cells = append(cells, grade, strconv.Itoa(r.place.class.Number)+"班")
		}
	}
	if allSchools {
		cells = append(cells, r.place.school.Code)
	}
	return cells
}
