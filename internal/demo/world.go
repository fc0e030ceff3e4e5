package demo

import (
	"fmt"
	"time"

	"caotang/internal/divisions"
	"caotang/internal/roster"
)

// School is a synthetic school. Its name says that it is one, and so does its code: the serial begins with 9.
type School struct {
	Code, Name string
	County     string // division code
	Stage      roster.Stage
	Classes    []Class
	Teachers   []Person
	Pupils     []Person
}

// Class is one class of a school, of its stage and the stage's usual length. Teachers are indexes into the school's teachers.
type Class struct {
	EntryYear int
	Number    int
	Teachers  []int
}

// stages says of each stage: the category that begins a school's code, the kind of school, and at what age it begins.
var stages = map[roster.Stage]struct {
	category, title string
	age             int // at entry
}{
	roster.Kindergarten: {"11", "幼儿园", 3},
	roster.Primary:      {"21", "小学", 6},
	roster.Junior:       {"31", "初级中学", 12},
	roster.Senior:       {"34", "高级中学", 15},
	roster.Vocational:   {"36", "中等职业学校", 15},
	roster.Special:      {"51", "特殊教育学校", 6},
}

// The counties whose schools are of full size, so that there is something to see: 锦江区 of Chengdu, 涪城区 of Mianyang.
const (
	showCounty  = "510104"
	otherCounty = "510703"
)

// World answers the schools of the synthetic Sichuan in the school year of the given day: about 20,000 persons in about
// 650 schools. The same seed and school year give the same world.
func World(seed uint64, today time.Time) []School {
	year := roster.SchoolYear(today)
	p := newPeople(seed, 0)
	var schools []School
	cities, counties := 0, 0
	add := func(county, place string, stage roster.Stage) {
		code := fmt.Sprintf("%s51%06d", stages[stage].category, 900001+len(schools))
		schools = append(schools, p.school(code, county, place, stage, areaBase+cities, year))
	}
	county := ""
	city := divisions.Division{}
	for _, d := range divisions.Sichuan() {
		switch d.Level {
		case divisions.LevelCity:
			cities++
			city, county = d, ""
		case divisions.LevelCounty:
			counties++
			for _, stage := range []roster.Stage{roster.Primary, roster.Junior, roster.Senior} {
				add(d.Code, d.Name, stage)
			}
			if counties%4 == 0 {
				add(d.Code, d.Name, roster.Kindergarten)
			}
			if county == "" { // the city's own schools lie in its first county
				county = d.Code
				add(county, city.Name, roster.Vocational)
				add(county, city.Name, roster.Special)
			}
		}
	}
	return schools
}

// school makes one school with its classes, teachers and pupils.
func (p *people) school(code, county, place string, stage roster.Stage, area, year int) School {
	classes, teachers, pupils := 1, 4, 8 // classes a year, teachers, pupils a class
	switch {
	case county == showCounty || county == otherCounty:
		classes, teachers, pupils = 3, 24, 30
	case stage.Years() > 3:
		pupils = 3
	}
	s := School{Code: code, Name: place + "演示" + stages[stage].title, County: county, Stage: stage}
	for range teachers {
		s.Teachers = append(s.Teachers, p.teacher(area, year))
	}
	for entry := year; entry > year-stage.Years(); entry-- {
		for number := 1; number <= classes; number++ {
			class := Class{EntryYear: entry, Number: number}
			for i := range 3 {
				class.Teachers = append(class.Teachers, (3*len(s.Classes)+i)%teachers)
			}
			for range pupils {
				s.Pupils = append(s.Pupils, p.pupil(area, stage, entry, len(s.Classes)))
			}
			s.Classes = append(s.Classes, class)
		}
	}
	// One pupil in forty was entered without a class.
	for i := range s.Pupils {
		if p.IntN(40) == 0 {
			s.Pupils[i].Class = -1
		}
	}
	return s
}

// find answers the school of a stage in a county.
func find(schools []School, county string, stage roster.Stage) *School {
	for i := range schools {
		if schools[i].County == county && schools[i].Stage == stage {
			return &schools[i]
		}
	}
	panic("demo: no school of stage " + string(stage) + " in " + county)
}
