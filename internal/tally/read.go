package tally

import (
	"context"
	"fmt"
	"strings"

	"caotang/internal/access"
	"caotang/internal/db"
)

// Level is the height of a scope.
type Level string

// The levels, from the narrowest up. A division is named by its code, a school and a class by their ids.
const (
	Class    Level = "class"
	School   Level = "school"
	County   Level = "county"
	City     Level = "city"
	Province Level = "province"
)

// levels are all of them, and what a change's scope is at each.
var levels = []struct {
	level Level
	scope string // over the columns of tally_changes
}{
	{Class, "class_id"},
	{School, "school_id"},
	{County, "county"},
	{City, "substr(county, 1, 4) || '00'"},
	{Province, "substr(county, 1, 2) || '0000'"},
}

func scopeAt(level Level) string {
	for _, l := range levels {
		if l.level == level {
			return l.scope
		}
	}
	return "''"
}

// Count is how many people of a kind and stage a scope has, and how many of them have activated their space.
type Count struct {
	Scope, Kind, Stage string
	Entries, Activated int64
}

func (c *Count) scan() []any { return []any{&c.Scope, &c.Kind, &c.Stage, &c.Entries, &c.Activated} }

// atOnce is how many scopes one query asks for.
const atOnce = 400

// Counts gives the counts of scopes of one level, those that are zero left out. Those of one scope are of one moment.
func Counts(ctx context.Context, q db.Querier, level Level, scopes ...string) ([]Count, error) {
	var all []Count
	for len(scopes) > 0 {
		part := scopes[:min(atOnce, len(scopes))]
		scopes = scopes[len(part):]
		list, args := db.Placeholders(len(part)), make([]any, len(part))
		for i, scope := range part {
			args[i] = scope
		}
		counts, err := db.Collect(ctx, q, `SELECT scope, kind, stage, CAST(sum(entries) AS bigint), CAST(sum(activated) AS bigint) FROM (
				SELECT scope, kind, stage, entries, activated FROM tally_totals WHERE scope IN (`+list+`)
				UNION ALL
				SELECT `+scopeAt(level)+`, kind, stage, entries, activated FROM tally_changes WHERE `+scopeAt(level)+` IN (`+list+`)
			) t GROUP BY scope, kind, stage HAVING sum(entries) <> 0 OR sum(activated) <> 0`, args, (*Count).scan)
		if err != nil {
			return nil, err
		}
		all = append(all, counts...)
	}
	return all, nil
}

// Somebody is a condition over the column of a school's id, with its arguments numbered from firstArg: the school has people of a
// kind ("" for any), bound ("true"), not bound ("false") or either, and without a class where only those are asked for. What has
// just changed may make it hold for a school that has none of them, never the other way round.
func Somebody(schoolColumn, kind, bound string, classless bool, firstArg int) (condition string, args []any) {
	alike := ""
	if kind != "" {
		alike += fmt.Sprintf(" AND kind = $%d", firstArg)
		args = append(args, kind)
	}
	if classless {
		alike += " AND stage = ''"
	}
	has := map[string]string{"true": "activated > 0", "false": "entries > activated"}[bound]
	if has == "" {
		has = "entries > 0"
	}
	return "(EXISTS (SELECT 1 FROM tally_totals WHERE scope = " + schoolColumn + " AND " + has + alike + ") OR " + schoolColumn +
		" IN (SELECT school_id FROM tally_changes WHERE " + has + alike + "))", args
}

// Within gives the counts of all that a reach holds, by kind and stage: of its divisions or schools as they are counted, and
// school by school only where it holds both and one may lie within the other.
func Within(ctx context.Context, q db.Querier, reach access.Reach) ([]Count, error) {
	divisions, schools := reach.Divisions(), reach.Schools()
	switch {
	case len(schools) == 0:
		var all []Count
		for _, code := range divisions {
			counts, err := Counts(ctx, q, levelOf(code), code)
			if err != nil {
				return nil, err
			}
			all = append(all, counts...)
		}
		return all, nil
	case len(divisions) == 0:
		return Counts(ctx, q, School, schools...)
	}
	total, args := reach.SQL("s.region", "s.id", 1)
	change, more := reach.SQL("county", "school_id", len(args)+1)
	return db.Collect(ctx, q, `SELECT '', kind, stage, CAST(sum(entries) AS bigint), CAST(sum(activated) AS bigint) FROM (
			SELECT t.kind, t.stage, t.entries, t.activated FROM schools s JOIN tally_totals t ON t.scope = s.id WHERE `+total+`
			UNION ALL
			SELECT kind, stage, entries, activated FROM tally_changes WHERE `+change+`
		) t GROUP BY kind, stage`, append(args, more...), (*Count).scan)
}

// levelOf is the level of a division by its code.
func levelOf(code string) Level {
	switch {
	case strings.HasSuffix(code, "0000"):
		return Province
	case strings.HasSuffix(code, "00"):
		return City
	}
	return County
}

// DayChange is by how much the people of a kind changed in a scope on a day.
type DayChange struct {
	Day                Day
	Kind               string
	Entries, Activated int64
}

// Days gives the changes in a school or division after a day, in the order of the days.
func Days(ctx context.Context, q db.Querier, level Level, scope string, after Day) ([]DayChange, error) {
	return db.Collect(ctx, q, `SELECT day, kind, CAST(sum(entries) AS bigint), CAST(sum(activated) AS bigint) FROM (
			SELECT day, kind, entries, activated FROM tally_days WHERE scope = $1 AND day > $2
			UNION ALL
			SELECT day, kind, entries, activated FROM tally_changes WHERE `+scopeAt(level)+` = $1 AND day > $2
		) t GROUP BY day, kind ORDER BY day, kind`, []any{scope, int64(after)},
		func(d *DayChange) []any { return []any{&d.Day, &d.Kind, &d.Entries, &d.Activated} })
}
