package roster

import (
	"cmp"
	"hash/maphash"
	"slices"
	"unicode/utf8"
)

// known is a person as far as it takes to tell whether another entry may be the same person.
type known struct {
	id   string
	name string // the form in which names are compared
	body string // the document's number, without what only checks it
	born string // as the number says, "" where it does not
}

// knownOf reads a number: the last of its 18 characters checks the others, and tells nothing apart.
func knownOf(id, name, number string) known {
	if len(number) != 18 {
		return known{id: id, name: name, body: number}
	}
	return known{id, name, number[:17], number[6:14]}
}

// Why two entries may be one person.
const (
	alikeNumber = "number"     // a slip of the hand tells their numbers apart, and the names are the same or nearly
	alikeBirth  = "birth_date" // one name and one date of birth
)

// pair are two entries that may be one person: the smaller id first.
type pair struct{ first, second, why string }

// findAlike answers all pairs of people who may be one, those whose numbers are nearly the same first. It compares nobody with
// everybody: who is alike stands beside each other once people are sorted by what a slip leaves the same, which is done for
// every place of the number where one may have happened.
func findAlike(people []known) []pair {
	found := map[[2]int]string{}
	note := func(i, j int, why string) {
		if people[i].id > people[j].id {
			i, j = j, i
		}
		if at := [2]int{i, j}; found[at] == "" {
			found[at] = why
		}
	}
	longest := 0
	for _, p := range people {
		longest = max(longest, len(p.body))
	}
	s := sorter{seed: maphash.MakeSeed(), of: make([]hashed, 0, len(people))}
	buf := make([]byte, 0, longest+1)
	for at := range longest {
		for _, left := range []func([]byte, int) bool{without, exchanged} {
			s.group(people, func(p known) ([]byte, bool) {
				buf = append(buf[:0], p.body...)
				return buf, left(buf, at)
			}, func(i, j int) {
				if slip(people[i].body, people[j].body) && similar(people[i].name, people[j].name) {
					note(i, j, alikeNumber)
				}
			})
		}
	}
	s.group(people, func(p known) ([]byte, bool) { return append(append(buf[:0], p.born...), p.name...), p.born != "" }, func(i, j int) {
		if people[i].name == people[j].name && people[i].born == people[j].born {
			note(i, j, alikeBirth)
		}
	})
	all := make([]pair, 0, len(found))
	for at, why := range found {
		all = append(all, pair{people[at[0]].id, people[at[1]].id, why})
	}
	slices.SortFunc(all, func(a, b pair) int {
		return cmp.Or(-cmp.Compare(a.why, b.why), cmp.Compare(a.first, b.first), cmp.Compare(a.second, b.second))
	})
	return all
}

// without leaves out one character.
func without(body []byte, at int) bool {
	if at >= len(body) {
		return false
	}
	body[at] = '*'
	return true
}

// exchanged puts two characters beside each other into one order.
func exchanged(body []byte, at int) bool {
	if at+1 >= len(body) || body[at] == body[at+1] {
		return false
	}
	if body[at] > body[at+1] {
		body[at], body[at+1] = body[at+1], body[at]
	}
	return true
}

// slip tells whether two numbers differ in one character, or in the order of two beside each other.
func slip(a, b string) bool {
	if len(a) != len(b) || a == b {
		return false
	}
	first := 0
	for a[first] == b[first] {
		first++
	}
	if a[first+1:] == b[first+1:] {
		return true
	}
	return a[first] == b[first+1] && a[first+1] == b[first] && a[first+2:] == b[first+2:]
}

// similar tells whether two names are the same but for one character: another one, or one too many.
func similar(a, b string) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if utf8.RuneCountInString(b) < 2 || len(x) < 2 || len(y)-len(x) > 1 {
		return false
	}
	first := 0
	for first < len(x) && x[first] == y[first] {
		first++
	}
	if len(x) == len(y) {
		return slices.Equal(x[first+1:], y[first+1:])
	}
	return slices.Equal(x[first:], y[first+1:])
}

// sorter finds who has something in common, in memory that is used again.
type sorter struct {
	seed maphash.Seed
	of   []hashed
}

type hashed struct {
	sum uint64
	at  int
}

// mostInCommon bounds a group: more than that have it by chance, as an empty name.
const mostInCommon = 200

// group calls both for all pairs of people of whom what answers the same, and perhaps for some others.
func (s *sorter) group(people []known, what func(known) ([]byte, bool), both func(i, j int)) {
	s.of = s.of[:0]
	for i, p := range people {
		if part, ok := what(p); ok {
			s.of = append(s.of, hashed{maphash.Bytes(s.seed, part), i})
		}
	}
	slices.SortFunc(s.of, func(a, b hashed) int { return cmp.Or(cmp.Compare(a.sum, b.sum), a.at-b.at) })
	for from := 0; from < len(s.of); {
		to := from + 1
		for to < len(s.of) && s.of[to].sum == s.of[from].sum {
			to++
		}
		if to-from <= mostInCommon {
			for i := from; i < to; i++ {
				for j := i + 1; j < to; j++ {
					both(s.of[i].at, s.of[j].at)
				}
			}
		}
		from = to
	}
}
