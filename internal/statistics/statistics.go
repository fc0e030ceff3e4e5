package statistics

import (
	"context"
	"slices"
	"strconv"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/tally"
)

// Service is the room of statistics.
type Service struct {
	db     *db.DB
	roster *roster.Service
}

// New makes the room.
func New(d *db.DB, r *roster.Service) *Service { return &Service{d, r} }

// Share is how many people there are, and how many of them have activated their space.
type Share struct {
	Entries   int64 `json:"entries"`
	Activated int64 `json:"activated"`
	Target    *int  `json:"target" doc:"What percentage should have activated their space; null where no target is set"`
}

// Row is one division, school or class.
type Row struct {
	ID      string `json:"id" doc:"A division code, or the id of a school or class; empty for pupils without a class"`
	Code    string `json:"code,omitempty" doc:"The division code, or 学校标识码"`
	Level   string `json:"level" enum:"province,city,county,school,class,none"`
	Name    string `json:"name"`
	Over    bool   `json:"years_over,omitempty" doc:"A class whose years are over and which has not graduated"`
	Teacher Share  `json:"teacher"`
	Student Share  `json:"student"`
}

// StageShare is a stage's part of the pupils.
type StageShare struct {
	Stage string `json:"stage" enum:"kindergarten,primary,junior,senior,vocational,special,none" doc:"none: pupils without a class"`
	Share
}

// Ref names a scope.
type Ref struct {
	ID    string `json:"id"`
	Code  string `json:"code,omitempty" doc:"The division code, or 学校标识码"`
	Level string `json:"level" enum:"province,city,county,school"`
	Name  string `json:"name"`
	over  bool
}

func region(r roster.Region) Ref { return Ref{ID: r.Code, Code: r.Code, Level: r.Level, Name: r.Name} }

func school(s roster.School) Ref {
	return Ref{ID: s.ID, Code: s.Code, Level: string(tally.School), Name: s.Name}
}

// Statistics are those of one scope.
type Statistics struct {
	Scope    Row              `json:"scope"`
	Path     []Ref            `json:"path" doc:"From the widest division that the caller may see down to the one above this scope"`
	Stages   []StageShare     `json:"stages" doc:"Of the pupils, from the youngest up"`
	Children server.Page[Row] `json:"children" doc:"What lies right below: divisions, schools or classes"`
	Settable bool             `json:"settable" doc:"Whether the caller may set the targets of this division"`
}

// scope is a division or a school that the actor may see.
type scope struct {
	Ref
	place access.Place
}

// chain are the divisions that decide about the scope's targets, the nearest first.
func (c scope) chain() []string { return chainOf(c.place.Region) }

func chainOf(region string) []string {
	return slices.Compact([]string{region, region[:4] + "00", region[:2] + "0000"})
}

// find answers the scope, or the actor's own when id is empty; fault.ErrNotFound also for one beyond their reach.
func (s *Service) find(ctx context.Context, id string) (scope, error) {
	actor := access.ActorFrom(ctx)
	if id == "" {
		grants := actor.GrantsFor(access.RegistryRead)
		if len(grants) == 0 {
			return scope{}, fault.ErrForbidden.New(fault.Next("home", "/"))
		}
		id = widest(grants).ScopeID
	}
	found, err := s.load(ctx, id)
	if err == nil && !actor.Can(access.RegistryRead, found.place) {
		err = fault.ErrNotFound.New()
	}
	return found, err
}

func widest(grants []access.Grant) access.Grant {
	order := []access.Level{access.Province, access.City, access.County, access.School}
	return slices.MinFunc(grants, func(a, b access.Grant) int { return slices.Index(order, a.Level) - slices.Index(order, b.Level) })
}

func (s *Service) load(ctx context.Context, id string) (scope, error) {
	if len(id) == 6 {
		r, err := s.roster.RegionByCode(ctx, id)
		return scope{region(r), access.Place{Region: r.Code}}, err
	}
	found, err := s.roster.SchoolByID(ctx, s.db, id)
	return scope{school(found), found.Place()}, err
}

// path answers the divisions above a scope that the actor may see, the widest first.
func (s *Service) path(ctx context.Context, of scope) ([]Ref, error) {
	path := []Ref{}
	for _, code := range slices.Backward(of.chain()) {
		if code == of.ID || !access.ActorFrom(ctx).Can(access.RegistryRead, access.Place{Region: code}) {
			continue
		}
		r, err := s.roster.RegionByCode(ctx, code)
		if err != nil {
			return nil, err
		}
		path = append(path, region(r))
	}
	return path, nil
}

// Order is how what lies below a scope is listed.
type Order string

// The orders.
const (
	ByName    Order = "name"    // as they are numbered
	ByShare   Order = "share"   // whoever has come furthest first
	ByMissing Order = "missing" // whoever lacks most people first
)

// show answers a scope's statistics, with a page of what lies below it.
func (s *Service) show(ctx context.Context, of scope, order Order, kind string, page server.PageInput) (*Statistics, error) {
	out := &Statistics{Settable: of.Level != string(tally.School) && access.ActorFrom(ctx).Can(access.TargetsSet, of.place)}
	targets, err := s.targets(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := tally.Counts(ctx, s.db, tally.Level(of.Level), of.ID)
	if err != nil {
		return nil, err
	}
	out.Scope = row(of.Ref, counts, targets, of.chain())
	out.Stages = stages(counts, targets, of.chain())
	if out.Path, err = s.path(ctx, of); err != nil {
		return nil, err
	}
	below, err := s.below(ctx, of, targets, counts)
	if err != nil {
		return nil, err
	}
	sortRows(below, order, kind)
	out.Children, err = cut(below, page)
	return out, err
}

// row sums the counts of one scope.
func row(of Ref, counts []tally.Count, targets targets, chain []string) Row {
	r := Row{ID: of.ID, Code: of.Code, Level: of.Level, Name: of.Name, Over: of.over}
	r.Teacher = share(counts, roster.Teacher, targets, chain)
	r.Student = share(counts, roster.Student, targets, chain)
	return r
}

// share sums the counts of a kind. Its target weighs each stage's by its people; a stage without one wants nobody.
func share(counts []tally.Count, kind string, targets targets, chain []string) (sum Share) {
	wanted, isSet := 0.0, false
	for _, c := range counts {
		if c.Kind != kind {
			continue
		}
		sum.Entries += c.Entries
		sum.Activated += c.Activated
		if percent, ok := targets.of(chain, kind, c.Stage); ok {
			wanted += float64(c.Entries) * float64(percent)
			isSet = true
		}
	}
	if !isSet {
		if percent, ok := targets.of(chain, kind, ""); ok && sum.Entries == 0 {
			sum.Target = &percent
		}
		return sum
	}
	if sum.Entries > 0 {
		percent := int(wanted/float64(sum.Entries) + 0.5)
		sum.Target = &percent
	}
	return sum
}

// noStage is what pupils without a class have.
const noStage = "none"

func stages(counts []tally.Count, targets targets, chain []string) []StageShare {
	all := []StageShare{}
	for _, stage := range append(roster.Stages(), "") {
		var of []tally.Count
		for _, c := range counts {
			if c.Kind == roster.Student && c.Stage == string(stage) {
				of = append(of, c)
			}
		}
		if len(of) == 0 {
			continue
		}
		name := string(stage)
		if name == "" {
			name = noStage
		}
		all = append(all, StageShare{name, share(of, roster.Student, targets, chain)})
	}
	return all
}

// below answers what lies right below a scope: a province's cities, a city's counties, a county's schools, a school's classes
// and, where there are any, its pupils without one.
func (s *Service) below(ctx context.Context, of scope, targets targets, counts []tally.Count) ([]Row, error) {
	var refs []Ref
	level := tally.Class
	switch tally.Level(of.Level) {
	case tally.Province, tally.City:
		regions, err := s.roster.RegionsOf(ctx, of.ID)
		if err != nil {
			return nil, err
		}
		level = tally.County
		if of.Level == string(tally.Province) {
			level = tally.City
		}
		for _, r := range regions {
			refs = append(refs, region(r))
		}
	case tally.County:
		schools, err := s.roster.SchoolsOf(ctx, of.ID)
		if err != nil {
			return nil, err
		}
		level = tally.School
		for _, one := range schools {
			refs = append(refs, school(one))
		}
	default:
		classes, err := s.roster.ClassesOfSchool(ctx, of.ID)
		if err != nil {
			return nil, err
		}
		for _, class := range classes {
			refs = append(refs, Ref{ID: class.ID, Level: string(tally.Class), Name: class.DisplayName, over: class.YearsOver()})
		}
	}
	ids := make([]string, len(refs))
	for i, ref := range refs {
		ids[i] = ref.ID
	}
	found, err := tally.Counts(ctx, s.db, level, ids...)
	if err != nil {
		return nil, err
	}
	by := map[string][]tally.Count{}
	for _, c := range found {
		by[c.Scope] = append(by[c.Scope], c)
	}
	rows := make([]Row, 0, len(refs)+1)
	for _, ref := range refs {
		chain := of.chain()
		if level == tally.City || level == tally.County {
			chain = chainOf(ref.ID)
		}
		rows = append(rows, row(ref, by[ref.ID], targets, chain))
	}
	if level == tally.Class {
		rows = append(rows, classless(counts, targets, of.chain())...)
	}
	return rows, nil
}

// classless is the row of a school's pupils without a class, or nothing.
func classless(counts []tally.Count, targets targets, chain []string) []Row {
	var of []tally.Count
	for _, c := range counts {
		if c.Kind == roster.Student && c.Stage == "" {
			of = append(of, c)
		}
	}
	if len(of) == 0 {
		return nil
	}
	return []Row{row(Ref{Level: noStage}, of, targets, chain)}
}

func sortRows(rows []Row, order Order, kind string) {
	of := func(r Row) Share {
		switch kind {
		case roster.Teacher:
			return r.Teacher
		case roster.Student:
			return r.Student
		}
		return Share{Entries: r.Teacher.Entries + r.Student.Entries, Activated: r.Teacher.Activated + r.Student.Activated}
	}
	switch order {
	case ByShare:
		slices.SortStableFunc(rows, func(a, b Row) int { return of(b).compare(of(a)) })
	case ByMissing:
		slices.SortStableFunc(rows, func(a, b Row) int {
			return int(of(b).Entries - of(b).Activated - of(a).Entries + of(a).Activated)
		})
	}
}

// compare orders by the part that has been activated; a scope without people comes last.
func (x Share) compare(y Share) int {
	if x.Entries == 0 || y.Entries == 0 {
		return min(int(x.Entries), 1) - min(int(y.Entries), 1)
	}
	left, right := x.Activated*y.Entries, y.Activated*x.Entries
	switch {
	case left < right:
		return -1
	case left > right:
		return 1
	}
	return 0
}

// cut answers one page. The cursor is how many rows came before.
func cut(rows []Row, page server.PageInput) (server.Page[Row], error) {
	from := 0
	if page.Cursor != "" {
		var err error
		if from, err = strconv.Atoi(page.Cursor); err != nil || from < 0 {
			return server.Page[Row]{}, fault.ErrInvalid.New(fault.Field("cursor", "not_allowed"))
		}
	}
	from = min(from, len(rows))
	to := min(from+page.Limit, len(rows))
	out := server.Page[Row]{Items: rows[from:to]}
	if to < len(rows) {
		out.NextCursor = strconv.Itoa(to)
	}
	return out, nil
}
