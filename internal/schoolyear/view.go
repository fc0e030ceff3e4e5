package schoolyear

import (
	"cmp"
	"context"
	"slices"
	"time"

	"caotang/internal/db"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

// SchoolYear is the turn of a school year at a school: what it would do now, and what has been decided and done.
type SchoolYear struct {
	School      roster.SchoolRef `json:"school"`
	Year        int              `json:"year" doc:"In which the school year begins"`
	Years       []int            `json:"years" doc:"Those that can be looked at now"`
	Begins      time.Time        `json:"begins" doc:"When a planned turn runs by itself"`
	AtOnce      bool             `json:"at_once" doc:"The date has passed: it runs at once, after a confirmation"`
	State       State            `json:"state" enum:"open,planned,running,done,returning,returned"`
	Rising      []RisingClass    `json:"rising" doc:"Classes that rise by themselves"`
	Leaving     []LeavingClass   `json:"leaving" doc:"Classes whose years are over then"`
	New         []NewClasses     `json:"new" doc:"The cohort that enters, by stage"`
	Classless   int64            `json:"classless" doc:"Pupils without a class"`
	WithoutHead []string         `json:"without_head" doc:"What the classes are called then that have no class teacher"`
	Result      *TurnResult      `json:"result" doc:"What it did, once it has begun"`
	MovedOn     []roster.MovedOn `json:"moved_on" doc:"Graduates who have left the school's books since, up to 200: they stay where they are when it is taken back"`
	ReturnUntil *time.Time       `json:"return_until,omitempty" doc:"Until when it can be taken back"`
}

// RisingClass is a class that goes on.
type RisingClass struct {
	ID     string `json:"id"`
	From   string `json:"from" doc:"What it is called the year before"`
	To     string `json:"to"`
	Pupils int    `json:"pupils"`
	Lasting
}

// LeavingClass is a class whose years are over.
type LeavingClass struct {
	ID      string `json:"id"`
	Name    string `json:"name" doc:"What it is called now, as everywhere: in the year after its last by the year in which it entered"`
	Pupils  int    `json:"pupils"`
	LeftOut bool   `json:"left_out" doc:"Somebody has decided that it does not graduate"`
	Lasting
}

// Lasting is for how long a class is there, by its system (六三制, 五四制).
type Lasting struct {
	Stage          roster.Stage `json:"stage" enum:"kindergarten,primary,junior,senior,vocational,special"`
	SchoolingYears int          `json:"schooling_years"`
	OtherYears     int          `json:"other_years,omitempty" doc:"By the other system, where it depends on it whether the class graduates now: who knows better changes the class"`
}

func lasting(c roster.Class, year int) Lasting {
	l := Lasting{Stage: c.Stage, SchoolingYears: c.SchoolingYears}
	other := c
	if other.SchoolingYears = c.Stage.OtherYears(c.SchoolingYears); other.SchoolingYears > 0 && leaves(other, year) != leaves(c, year) {
		l.OtherYears = other.SchoolingYears
	}
	return l
}

// NewClasses are the classes of a stage and system that enter in the year.
type NewClasses struct {
	Stage          roster.Stage `json:"stage" enum:"kindergarten,primary,junior,senior,vocational,special"`
	SchoolingYears int          `json:"schooling_years"`
	Grade          string       `json:"grade"`
	Count          int          `json:"count" doc:"How many the cohort is to have: until somebody says otherwise as many as the youngest one, or as are there already"`
	Existing       int          `json:"existing" doc:"Classes of the cohort that are there already"`
	Taken          []int        `json:"taken" doc:"The numbers that classes of the stage have already which enter in the year, whatever their system: new ones get the next free"`
}

// TurnResult is what a turn came to.
type TurnResult struct {
	Classes int64      `json:"classes" doc:"That graduated"`
	Pupils  int64      `json:"pupils" doc:"Of those"`
	Made    int64      `json:"made" doc:"New classes"`
	At      *time.Time `json:"at" doc:"When it was done; null while it runs"`
}

// maxMovedOn bounds the list of those who have moved on.
const maxMovedOn = 200

func (s *Service) view(ctx context.Context, school roster.School, year int) (*SchoolYear, error) {
	t, err := turnOf(ctx, s.db, school.ID, year)
	if err != nil {
		return nil, err
	}
	v := &SchoolYear{
		School: roster.SchoolRef{ID: school.ID, Name: school.Name}, Year: year, Years: Years(s.now()), Begins: begins(year), State: t.state,
		AtOnce: !s.now().Before(begins(year)), MovedOn: []roster.MovedOn{}, ReturnUntil: t.returnable(s.now()),
	}
	if err := s.outlook(ctx, v, t); err != nil {
		return nil, err
	}
	counts, err := tally.Counts(ctx, s.db, tally.School, school.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		if c.Kind == roster.Student && c.Stage == "" {
			v.Classless += c.Entries
		}
	}
	switch t.state {
	case Running, Returning:
		v.Result = &TurnResult{t.classes, t.pupils, t.made, nil}
	case Done:
		v.Result = &TurnResult{t.classes, t.pupils, t.made, t.done.Ptr()}
		if v.ReturnUntil != nil {
			v.MovedOn, err = s.movedOn(ctx, t)
		}
	case Open, Planned, Returned:
	}
	return v, err
}

// outlook fills in what the turn would do, as the classes stand now and as its plan says.
func (s *Service) outlook(ctx context.Context, v *SchoolYear, t *turn) error {
	classes, err := s.roster.ClassesOnBooks(ctx, s.db, t.school)
	if err != nil {
		return err
	}
	headed, err := s.roster.ClassesWithHead(ctx, s.db, t.school)
	if err != nil {
		return err
	}
	v.Rising, v.Leaving, v.WithoutHead = []RisingClass{}, []LeavingClass{}, []string{}
	for _, c := range classes {
		if leaves(c, t.year) {
			v.Leaving = append(v.Leaving, LeavingClass{c.ID, c.DisplayName, c.Pupils, slices.Contains(t.plan.LeaveOut, c.ID), lasting(c, t.year)})
			continue
		}
		if c.EntryYear < t.year {
			v.Rising = append(v.Rising, RisingClass{c.ID, nameIn(c, t.year-1), nameIn(c, t.year), c.Pupils, lasting(c, t.year)})
		}
		if !headed[c.ID] {
			v.WithoutHead = append(v.WithoutHead, nameIn(c, t.year))
		}
	}
	v.New = cohorts(classes, t)
	return nil
}

// leaves tells whether a class's years are over when a school year begins.
func leaves(c roster.Class, year int) bool { return c.EntryYear+c.SchoolingYears <= year }

func nameIn(c roster.Class, year int) string {
	if c.Name != "" {
		return c.Name
	}
	return roster.ClassName(c.Stage, c.EntryYear, c.SchoolingYears, c.Number, year)
}

// cohorts suggests, for each stage, as many new classes of each system as its youngest cohort has, unless the plan says otherwise.
// The system comes first that most classes have.
func cohorts(classes []roster.Class, t *turn) []NewClasses {
	all := []NewClasses{}
	for _, stage := range roster.Stages() {
		of := slices.DeleteFunc(slices.Clone(classes), func(c roster.Class) bool { return c.Stage != stage || c.EntryYear > t.year })
		if len(of) == 0 {
			continue
		}
		youngest := youngestCohort(of, t.year)
		usual := roster.PrevailingYears(stage, of)
		taken := []int{}
		for _, c := range of {
			if c.EntryYear == t.year {
				taken = append(taken, c.Number)
			}
		}
		for _, years := range append([]int{usual}, slices.DeleteFunc(stage.AllYears(), func(years int) bool { return years == usual })...) {
			n := NewClasses{Stage: stage, SchoolingYears: years, Count: count(of, stage, youngest, years), Existing: count(of, stage, t.year, years), Taken: taken}
			said := slices.IndexFunc(t.plan.New, func(c Cohort) bool { return c.Stage == stage && c.SchoolingYears == years })
			if said >= 0 {
				n.Count = t.plan.New[said].Count
			} else if n.Count = max(n.Count, n.Existing); n.Count == 0 {
				continue
			}
			n.Grade = roster.GradeOf(stage, t.year, years, t.year).Name
			all = append(all, n)
		}
	}
	return all
}

// youngestCohort is the last year before one in which classes entered; that one itself where none did.
func youngestCohort(classes []roster.Class, before int) int {
	year := 0
	for _, c := range classes {
		if c.EntryYear < before {
			year = max(year, c.EntryYear)
		}
	}
	return cmp.Or(year, before)
}

func count(classes []roster.Class, stage roster.Stage, entryYear, years int) (n int) {
	for _, c := range classes {
		if c.Stage == stage && c.EntryYear == entryYear && c.SchoolingYears == years {
			n++
		}
	}
	return n
}

// movedOn answers the graduates of a turn that is done who stand at another school now.
func (s *Service) movedOn(ctx context.Context, t *turn) ([]roster.MovedOn, error) {
	graduated, err := classesOf(ctx, s.db, t, whatGraduated)
	if err != nil || len(graduated) == 0 {
		return []roster.MovedOn{}, err
	}
	ids := map[string]bool{}
	for _, id := range graduated {
		ids[id] = true
	}
	return s.roster.MovedOnFrom(ctx, t.school, ids, t.mark, maxMovedOn)
}

// What a turn did to a class.
const (
	whatGraduated = "graduated"
	whatMade      = "made"
)

func classesOf(ctx context.Context, q db.Querier, t *turn, what string) ([]string, error) {
	return db.Collect(ctx, q, `SELECT class_id FROM school_year_classes WHERE school_id = $1 AND year = $2 AND what = $3 ORDER BY class_id`,
		[]any{t.school, t.year, what}, func(id *string) []any { return []any{id} })
}
