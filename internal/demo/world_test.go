package demo

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"caotang/internal/divisions"
	"caotang/internal/identity"
	"caotang/internal/roster"
)

// day lies in the school year 2026.
var day = time.Date(2026, time.November, 20, 4, 0, 0, 0, time.UTC)

func TestWorldIsDeterministic(t *testing.T) {
	first := World(1, day)
	if !reflect.DeepEqual(first, World(1, day.AddDate(0, 2, 0))) {
		t.Error("the same seed and school year gave another world")
	}
	if reflect.DeepEqual(first, World(2, day)) {
		t.Error("another seed gave the same world")
	}
}

func TestWorldFillsEveryCounty(t *testing.T) {
	schools := map[string]int{}
	persons := 0
	for _, s := range World(1, day) {
		schools[s.County]++
		persons += len(s.Teachers) + len(s.Pupils)
		if !strings.Contains(s.Name, "演示") {
			t.Errorf("%s does not say that it is synthetic", s.Name)
		}
		if _, p := identity.ParseSchoolCode(s.Code); p != nil || s.Code[2:4] != "51" {
			t.Errorf("school code %s: %v", s.Code, p)
		}
	}
	for _, d := range divisions.Sichuan() {
		if d.Level == divisions.LevelCounty && schools[d.Code] < 3 {
			t.Errorf("%s has %d schools", d.Name, schools[d.Code])
		}
	}
	if persons < 18000 || persons > 22000 {
		t.Errorf("%d persons, want about 20,000", persons)
	}
}

func TestWorldsPersonsAreValid(t *testing.T) {
	numbers, certificates, students, codes := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	types := map[identity.Type]int{}
	dots, rare, classless, differing := 0, 0, 0, 0
	for _, s := range World(1, day) {
		if codes[s.Code] {
			t.Errorf("school code %s stands twice", s.Code)
		}
		codes[s.Code] = true
		for _, p := range append(append([]Person{}, s.Teachers...), s.Pupils...) {
			number, problem := identity.ParseOn(p.IDType, p.IDNumber, day)
			if problem != nil || number.Text != p.IDNumber {
				t.Fatalf("%s %s: %v, %q", p.IDType, p.IDNumber, problem, number.Text)
			}
			unique(t, numbers, number.Key())
			types[p.IDType]++
			if name, problem := identity.ParseName(p.Name); problem != nil || name != p.Name {
				t.Errorf("name %q: %v", p.Name, problem)
			}
			if strings.Contains(p.Name, "·") {
				dots++
			}
			if strings.ContainsAny(p.Name, strings.Join(rareNames, "")) {
				rare++
			}
			if p.CertificateNumber != "" {
				unique(t, certificates, p.CertificateNumber)
				if _, problem := identity.ParseCertificateNumber(p.CertificateNumber); problem != nil || p.Kind != roster.Teacher {
					t.Errorf("certificate %s of a %s: %v", p.CertificateNumber, p.Kind, problem)
				}
			}
			if p.StudentNumber != "" {
				unique(t, students, p.StudentNumber)
				if _, problem := identity.ParseStudentNumber(p.StudentNumber); problem != nil || p.Kind != roster.Student {
					t.Errorf("student number %s of a %s: %v", p.StudentNumber, p.Kind, problem)
				}
				if p.StudentNumber[0] == 'G' && p.StudentNumber[1:] != p.IDNumber {
					differing++
				}
			}
			if p.Kind == roster.Student && p.Class < 0 {
				classless++
			}
		}
	}
	for _, want := range []identity.Type{identity.ResidencePermit, identity.HomeReturnPermit, identity.PermanentResidence, identity.Passport} {
		if types[want] == 0 {
			t.Errorf("nobody has a %s", want)
		}
	}
	if dots == 0 || rare == 0 || classless == 0 || differing == 0 {
		t.Errorf("dots %d, rare characters %d, pupils without class %d, differing student numbers %d: want some of each", dots, rare, classless, differing)
	}
}

// A synthetic number must never be a real person's: its area is none that exists.
func TestResidentNumbersBelongToNobody(t *testing.T) {
	for _, d := range divisions.Sichuan() {
		if strings.HasPrefix(d.Code, "5199") {
			t.Fatalf("%s %s exists", d.Code, d.Name)
		}
	}
	for _, s := range World(1, day) {
		for _, p := range append(append([]Person{}, s.Teachers...), s.Pupils...) {
			if p.IDType == identity.ResidentID && !strings.HasPrefix(p.IDNumber, "5199") {
				t.Fatalf("area of %s", p.IDNumber)
			}
		}
	}
}

func TestPupilsBirthFitsTheirEntryYear(t *testing.T) {
	for _, s := range World(1, day) {
		for _, p := range s.Pupils {
			if p.Class < 0 || p.IDType != identity.ResidentID {
				continue
			}
			entry := s.Classes[p.Class].EntryYear
			born, err := time.Parse("20060102", p.IDNumber[6:14])
			if err != nil {
				t.Fatal(err)
			}
			age := stages[s.Stage].age
			youngest := time.Date(entry-age, time.September, 1, 0, 0, 0, 0, time.UTC)
			if born.Before(youngest.AddDate(-1, 0, 0)) || !born.Before(youngest) {
				t.Fatalf("entered %s in %d, born %s", s.Stage, entry, p.IDNumber[6:14])
			}
		}
		for _, c := range s.Classes {
			if c.EntryYear > 2026 || c.EntryYear <= 2026-s.Stage.Years() {
				t.Errorf("%s: a class of %d in the school year 2026", s.Name, c.EntryYear)
			}
			for _, i := range c.Teachers {
				if i >= len(s.Teachers) {
					t.Errorf("%s: class without its teacher", s.Name)
				}
			}
		}
	}
}

func unique(t *testing.T, seen map[string]bool, key string) {
	t.Helper()
	if seen[key] {
		t.Fatalf("%s stands twice", key)
	}
	seen[key] = true
}
