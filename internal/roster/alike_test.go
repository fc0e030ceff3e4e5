package roster

import (
	"fmt"
	"testing"
	"time"
)

func TestASlipOfTheHand(t *testing.T) {
	for _, c := range []struct {
		a, b string
		slip bool
	}{
		{"12345", "12345", false},
		{"12345", "12945", true},
		{"12345", "13245", true},
		{"12345", "21354", false},
		{"12345", "1234", false},
		{"12345", "52341", false},
		{"12345", "92345", true},
		{"12345", "12354", true},
	} {
		if slip(c.a, c.b) != c.slip || slip(c.b, c.a) != c.slip {
			t.Errorf("%s %s: %v", c.a, c.b, !c.slip)
		}
	}
	for _, c := range []struct {
		a, b    string
		similar bool
	}{
		{"王小明", "王小明", true},
		{"王小明", "王晓明", true},
		{"王小明", "王明", true},
		{"李雷", "李蕾", true},
		{"李雷", "韩梅", false},
		{"王小明", "赵铁柱", false},
		{"王", "李", false},
		{"王小明", "王", false},
	} {
		if similar(c.a, c.b) != c.similar || similar(c.b, c.a) != c.similar {
			t.Errorf("%s %s: %v", c.a, c.b, !c.similar)
		}
	}
}

// A large county is compared in seconds: each with each would take hours.
func TestACountyIsComparedBySorting(t *testing.T) {
	const many = 60_000
	people := make([]known, many)
	birth := time.Date(2008, 9, 1, 0, 0, 0, 0, time.UTC)
	for i := range people {
		people[i] = known{
			id: fmt.Sprintf("%08d", i), name: fmt.Sprintf("姓%d名%d", i%97, i%4093), born: birth.AddDate(0, 0, i%4000).Format("20060102"),
		}
		people[i].body = "510104" + people[i].born + fmt.Sprintf("%03d", i/4000*7)
	}
	people[many-1].name, people[many-1].body, people[many-1].born = people[5].name, people[5].body[:10]+"9"+people[5].body[11:], ""
	found := findAlike(people)
	if len(found) != 1 || found[0] != (pair{people[5].id, people[many-1].id, alikeNumber}) {
		t.Errorf("%d pairs, %+v", len(found), found[:min(3, len(found))])
	}
}
