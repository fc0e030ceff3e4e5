package demo

import (
	"strconv"
	"strings"
	"unicode"

	"caotang/internal/identity"
	"caotang/internal/roster"
)

// messes are what schools' files really hold, each applied to one row. Those marked rejected are rows that the registry
// cannot take; all others it must.
var messes = []struct {
	name     string
	rejected bool
	apply    func(*source, *row)
}{
	{"white space around", false, func(_ *source, r *row) {
		r.name, r.number = " "+r.name+"　", "\t"+r.IDNumber+" "
	}},
	{"white space within the name", false, func(_ *source, r *row) {
		characters := []rune(r.name)
		r.name = string(characters[:1]) + "　" + string(characters[1:])
	}},
	{"full-width digits", false, func(_ *source, r *row) { r.number = fullWidth(r.IDNumber) }},
	{"leading apostrophe", false, func(_ *source, r *row) { r.number = "'" + r.IDNumber }},
	{"lower-case check character", false, func(s *source, r *row) {
		s.until(r, func(p Person) bool { return strings.HasSuffix(p.IDNumber, "X") })
		r.number = strings.ToLower(r.IDNumber)
	}},
	{"another middle dot", false, func(s *source, r *row) {
		r.name = s.pick(dotFirst) + s.pick(dots) + s.pick(dotLast)
	}},
	{"rare character", false, func(s *source, r *row) { r.name = string([]rune(r.name)[:1]) + s.pick(rareNames) }},
	{"number turned into a float", true, func(s *source, r *row) {
		s.until(r, func(p Person) bool { return strings.Trim(p.IDNumber, "0123456789") == "" && len(p.IDNumber) == 18 })
		r.number, _ = strconv.ParseFloat(r.IDNumber, 64)
	}},
	{"mistyped digit", true, func(s *source, r *row) {
		s.until(r, func(p Person) bool { return p.IDType == identity.ResidentID })
		last := (r.IDNumber[16]-'0'+1)%10 + '0'
		r.number = r.IDNumber[:16] + string(last) + r.IDNumber[17:]
	}},
	{"same number twice in the file", true, func(s *source, r *row) { r.set(s.last) }},
	{"in the registry under this school", true, func(s *source, r *row) { r.set(s.known(r.place.school)) }},
	{"in the registry under another school", true, func(s *source, r *row) {
		r.set(s.known(find(s.every, otherCounty, r.place.school.Stage)))
	}},
}

// dots are signs that people type for the middle dot.
var dots = []string{"•", "・", "‧", "．", "."}

// blank are rows without anything, and rows that only look so.
var blank = [][]any{{"", "", "", ""}, {"", " ", "　", ""}}

// until gives the row to the next person who fits; most fit soon.
func (s *source) until(r *row, fits func(Person) bool) {
	for p := r.Person; ; p = s.another(r.place) {
		if fits(p) {
			r.set(p)
			return
		}
	}
}

// known answers somebody of the school who stands in the synthetic Sichuan already, with a class: a file may add one to
// a pupil who has none.
func (s *source) known(school *School) Person {
	if s.Kind == roster.Teacher {
		return school.Teachers[s.IntN(len(school.Teachers))]
	}
	for {
		if p := school.Pupils[s.IntN(len(school.Pupils))]; p.Class >= 0 {
			return p
		}
	}
}

func (s *source) pick(from []string) string { return from[s.IntN(len(from))] }

func fullWidth(text string) string {
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII {
			return r + 0xfee0
		}
		return r
	}, text)
}
