package roster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/identity"
)

// Region is a division of GB/T 2260: the province, a city or a county.
type Region struct {
	Code   string `json:"code"`
	Level  string `json:"level" enum:"province,city,county"`
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty" doc:"Absent for the province"`
}

// School is a school. Region is its county's code.
type School struct {
	ID     string `json:"id"`
	Code   string `json:"code" doc:"学校标识码"`
	Name   string `json:"name"`
	Region string `json:"region"`
	// MergedInto is nil for all but those that have become part of another.
	MergedInto *SchoolRef `json:"merged_into,omitempty" doc:"The school that it has become part of: it takes nobody any more"`
	MergedAt   *time.Time `json:"merged_at,omitempty"`
}

// Place is where the school lies.
func (s School) Place() access.Place { return access.Place{Region: s.Region, School: s.ID} }

const schoolColumns = "s.id, s.code, s.name, s.region, s.merged_into, (SELECT m.name FROM schools m WHERE m.id = s.merged_into), s.merged_at"

func (s *School) scan() []any {
	return []any{&s.ID, &s.Code, &s.Name, &s.Region, (*mergedID)(s), (*mergedName)(s), (*mergedAt)(s)}
}

// mergedID, mergedName and mergedAt read which school one has become part of and when, where there is one.
type (
	mergedID   School
	mergedName School
	mergedAt   School
)

func (m *mergedAt) Scan(value any) error {
	var at db.NullTime
	err := at.Scan(value)
	m.MergedAt = at.Ptr()
	return err
}

func (m *mergedID) Scan(value any) error {
	if id, ok := value.(string); ok {
		m.MergedInto = &SchoolRef{ID: id}
	}
	return nil
}

func (m *mergedName) Scan(value any) error {
	if name, ok := value.(string); ok && m.MergedInto != nil {
		m.MergedInto.Name = name
	}
	return nil
}

// SchoolByID answers a school; fault.ErrNotFound if there is none.
func (s *Service) SchoolByID(ctx context.Context, q db.Querier, id string) (School, error) {
	return oneSchool(ctx, q, "s.id = $1", id)
}

// SchoolByCode answers the school with this school code (学校标识码); fault.ErrNotFound if there is none.
func (s *Service) SchoolByCode(ctx context.Context, q db.Querier, code string) (School, error) {
	return oneSchool(ctx, q, "s.code = $1", code)
}

func oneSchool(ctx context.Context, q db.Querier, where, arg string) (School, error) {
	var school School
	err := q.QueryRow(ctx, "SELECT "+schoolColumns+" FROM schools s WHERE "+where, arg).Scan(school.scan()...)
	if errors.Is(err, sql.ErrNoRows) {
		return school, fault.ErrNotFound.New()
	}
	return school, err
}

// PlaceOfSchool answers where a school lies; fault.ErrNotFound if there is none.
func (s *Service) PlaceOfSchool(ctx context.Context, q db.Querier, id string) (access.Place, error) {
	school, err := s.SchoolByID(ctx, q, id)
	return school.Place(), err
}

// reachable answers a school where the actor may do the action; school_merged for one that has become part of such a school,
// fault.ErrNotFound otherwise, whether or not it exists.
func (s *Service) reachable(ctx context.Context, q db.Querier, action access.Action, schoolID string) (School, error) {
	school, err := s.SchoolByID(ctx, q, schoolID)
	if err != nil || access.ActorFrom(ctx).Can(action, school.Place()) {
		return school, err
	}
	if school.MergedInto != nil {
		into, err := s.SchoolByID(ctx, q, school.MergedInto.ID)
		if err != nil {
			return school, err
		}
		if access.ActorFrom(ctx).Can(action, into.Place()) {
			return school, school.Open()
		}
	}
	return school, fault.ErrNotFound.New()
}

// conditions collects the parts of a WHERE and their arguments.
type conditions struct {
	parts []string
	args  []any
}

// add adds a condition whose %d stand for the numbers of its arguments.
func (c *conditions) add(condition string, args ...any) {
	numbers := make([]any, len(args))
	for i := range args {
		numbers[i] = len(c.args) + i + 1
	}
	c.parts = append(c.parts, fmt.Sprintf(condition, numbers...))
	c.args = append(c.args, args...)
}

func (c *conditions) reach(r access.Reach, regionColumn, schoolColumn string) {
	condition, args := r.SQL(regionColumn, schoolColumn, len(c.args)+1)
	c.parts = append(c.parts, condition)
	c.args = append(c.args, args...)
}

// aside is a column that a list is limited by, but not read along: SQLite, which keeps no statistics, would sort all of a county's
// people, or a province's classes, for one page. PostgreSQL knows better.
func (s *Service) aside(column string) string {
	if s.db.Dialect() == db.SQLite {
		return column + " || ''"
	}
	return column
}

// region limits the schools s to the counties of a division. A code of another form limits them to nothing.
func (c *conditions) region(code string) { c.within("s.region", code) }

// within is [conditions.region] for the column of the county.
func (c *conditions) within(column, code string) {
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		c.add("1 = 0")
		return
	}
	prefix := strings.TrimSuffix(strings.TrimSuffix(code, "00"), "00")
	fill := func(digit string) string { return prefix + strings.Repeat(digit, 6-len(prefix)) }
	c.add(column+" BETWEEN $%d AND $%d", fill("0"), fill("9"))
}

// contains limits the column to texts that hold the part, letter case aside.
func (c *conditions) contains(column, part string) {
	escaped := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(part))
	c.add("lower("+column+`) LIKE $%d ESCAPE '\'`, "%"+escaped+"%")
}

func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// limit is LIMIT with one more than a page holds, to see whether another follows. It is written out: PostgreSQL plans a statement
// once for all its arguments, and would plan for a tenth of the table where it does not know how few rows are wanted.
func (c *conditions) limit(n int) string { return fmt.Sprintf(" LIMIT %d", n+1) }

func (s *Service) regions(ctx context.Context, parent, cursor string, limit int) ([]Region, error) {
	var c conditions
	if parent != "" {
		c.add("parent = $%d", parent)
	}
	if cursor != "" {
		c.add("code > $%d", cursor)
	}
	return db.Collect(ctx, s.db, "SELECT code, level, name, coalesce(parent, '') FROM regions"+c.where()+" ORDER BY code"+c.limit(limit), c.args,
		func(r *Region) []any { return []any{&r.Code, &r.Level, &r.Name, &r.Parent} })
}

func (s *Service) schools(ctx context.Context, region, text, cursor string, limit int) ([]School, error) {
	var c conditions
	if region != "" {
		c.region(region)
	}
	if text = identity.Clean(text); text != "" {
		c.contains("s.name", text)
	}
	if cursor != "" {
		c.add("s.code > $%d", cursor)
	}
	return db.Collect(ctx, s.db, "SELECT "+schoolColumns+" FROM schools s"+c.where()+" ORDER BY s.code"+c.limit(limit), c.args, (*School).scan)
}

// RegionByCode answers a division; fault.ErrNotFound if there is none.
func (s *Service) RegionByCode(ctx context.Context, code string) (r Region, err error) {
	err = s.db.QueryRow(ctx, "SELECT code, level, name, coalesce(parent, '') FROM regions WHERE code = $1", code).Scan(&r.Code, &r.Level, &r.Name, &r.Parent)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.ErrNotFound.New()
	}
	return r, err
}

// RegionsOf answers the divisions right below one, by code.
func (s *Service) RegionsOf(ctx context.Context, parent string) ([]Region, error) {
	return s.regions(ctx, parent, "", maxRegions)
}

// maxRegions is more than any division of China has right below it.
const maxRegions = 100

// SchoolsOf answers the schools of a county, by code, those left out that have become part of another.
func (s *Service) SchoolsOf(ctx context.Context, county string) ([]School, error) {
	return db.Collect(ctx, s.db, "SELECT "+schoolColumns+" FROM schools s WHERE s.region = $1 AND s.merged_into IS NULL ORDER BY s.code", []any{county}, (*School).scan)
}
