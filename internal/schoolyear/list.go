package schoolyear

import (
	"context"
	"fmt"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/server"
)

// SchoolYearLine is the turn of a school year at one of many schools.
type SchoolYearLine struct {
	School    roster.SchoolRef `json:"school"`
	Code      string           `json:"code" doc:"学校标识码"`
	State     State            `json:"state" enum:"open,planned,running,done,returning,returned"`
	Classes   int64            `json:"classes" doc:"That graduate, or have; 0 while nothing is planned"`
	Pupils    int64            `json:"pupils" doc:"Of those"`
	Made      int64            `json:"made" doc:"New classes"`
	PlannedAt *time.Time       `json:"planned_at"`
	DoneAt    *time.Time       `json:"done_at"`
}

type lineRow struct {
	SchoolYearLine
	planned, done db.NullTime
}

type yearsInput struct {
	server.PageInput
	Year   int    `query:"year" minimum:"1900" maximum:"2199" doc:"The one that matters now when absent"`
	State  State  `query:"state" enum:"open,planned,running,done,returning,returned"`
	Region string `query:"region" maxLength:"6" doc:"A division's code: the schools within it"`
}

// list answers a page of the schools of the actor's scope by their code.
func (s *Service) list(ctx context.Context, in *yearsInput) (page server.Page[SchoolYearLine], err error) {
	reach := access.ActorFrom(ctx).Reach(access.ClassesManage)
	if reach.Empty() {
		return page, fault.ErrForbidden.New()
	}
	year := in.Year
	if year == 0 {
		year = s.due()
	}
	within, args := reach.SQL("s.region", "s.id", 2)
	args = append([]any{year}, args...)
	within += " AND s.merged_into IS NULL"
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		within += " AND " + condition
	}
	if in.State != "" {
		add("coalesce(y.state, 'open') = ?", string(in.State))
	}
	if in.Cursor != "" {
		add("s.code > ?", in.Cursor)
	}
	if in.Region != "" {
		prefix := strings.TrimSuffix(strings.TrimSuffix(in.Region, "00"), "00")
		add("s.region BETWEEN ? AND ?", (prefix + "000000")[:6], (prefix + "999999")[:6])
	}
	rows, err := db.Collect(ctx, s.db, `SELECT s.id, s.name, s.code, coalesce(y.state, 'open'), coalesce(y.classes, 0), coalesce(y.pupils, 0), coalesce(y.made, 0), y.planned_at, y.done_at
		FROM schools s LEFT JOIN school_years y ON y.school_id = s.id AND y.year = $1 WHERE `+within+fmt.Sprintf(" ORDER BY s.code LIMIT %d", in.Limit+1), args,
		func(l *lineRow) []any {
			return []any{&l.School.ID, &l.School.Name, &l.Code, &l.State, &l.Classes, &l.Pupils, &l.Made, &l.planned, &l.done}
		})
	lines := make([]SchoolYearLine, len(rows))
	for i, r := range rows {
		lines[i] = r.SchoolYearLine
		lines[i].PlannedAt, lines[i].DoneAt = r.planned.Ptr(), r.done.Ptr()
	}
	return server.NewPage(lines, in.Limit, func(l SchoolYearLine) string { return l.Code }), err
}

// SchoolYearSummary is how far the schools of a scope are.
type SchoolYearSummary struct {
	Year    int  `json:"year"`
	Due     bool `json:"due" doc:"From June to October: those that are open should be planned"`
	Open    int  `json:"open"`
	Planned int  `json:"planned" doc:"Those that run among them"`
	Done    int  `json:"done"`
}

func (s *Service) summary(ctx context.Context) (*SchoolYearSummary, error) {
	reach := access.ActorFrom(ctx).Reach(access.ClassesManage)
	if reach.Empty() {
		return nil, fault.ErrForbidden.New()
	}
	sum := &SchoolYearSummary{Year: s.due()}
	month := s.now().In(begins(sum.Year).Location()).Month()
	sum.Due = month >= time.June && month <= time.October
	within, args := reach.SQL("s.region", "s.id", 2)
	type group struct {
		state State
		n     int
	}
	groups, err := db.Collect(ctx, s.db, `SELECT coalesce(y.state, 'open'), count(*) FROM schools s LEFT JOIN school_years y ON y.school_id = s.id AND y.year = $1
		WHERE s.merged_into IS NULL AND `+within+` GROUP BY coalesce(y.state, 'open')`, append([]any{sum.Year}, args...), func(g *group) []any { return []any{&g.state, &g.n} })
	for _, g := range groups {
		switch g.state {
		case Open, Returned:
			sum.Open += g.n
		case Planned, Running:
			sum.Planned += g.n
		case Done, Returning:
			sum.Done += g.n
		}
	}
	return sum, err
}
