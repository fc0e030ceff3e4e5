package tally

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
)

// Reason is why somebody did not get on on the way into their space.
type Reason string

// The reasons. Of those of the province nobody can tell which school it would have been.
const (
	CodeFailed    Reason = "code_failed"       // a code that reached no phone; of the province
	NumberInvalid Reason = "id_number_invalid" // no such document number; of the province
	Swapped       Reason = "fields_swapped"    // number and name in each other's field; of the province
	NoMatch       Reason = "no_match"          // number and name that the registry does not have; of the province
	AlreadyBound  Reason = "already_bound"     // another account holds the entry; of the entry's school
	AskedEntry    Reason = "missing_entry"     // asked a school to be added
	AskedClass    Reason = "missing_class"     // asked a school for a class that is missing
)

// Reasons are all of them, in the order of the way.
var Reasons = []Reason{CodeFailed, NumberInvalid, Swapped, NoMatch, AlreadyBound, AskedEntry, AskedClass}

// shards spread the counting of one place, day and reason over rows, so that those who fail at once wait for few others.
const shards = 16

// Stick counts that somebody got stuck, in the transaction that found it out; nothing of whom is kept. Call it last: it holds
// a row that others want. The zero place is the province.
func Stick(ctx context.Context, tx *db.Tx, at time.Time, reason Reason, where access.Place) error {
	_, err := tx.Exec(ctx, `INSERT INTO stuck_days (day, county, school_id, reason, shard, times)
		SELECT CAST($1 AS bigint), coalesce(nullif(CAST($2 AS text), ''), (SELECT min(code) FROM regions WHERE parent IS NULL), ''), $3, $4, $5, 1
		WHERE true
		ON CONFLICT (day, county, school_id, reason, shard) DO UPDATE SET times = stuck_days.times + 1`,
		int64(DayOf(at)), where.Region, where.School, string(reason), at.UnixMicro()%shards)
	return err
}

// Stuck is how often a reason came on a day.
type Stuck struct {
	Day    Day
	Reason Reason
	Times  int64
}

// StuckIn counts by day and reason from a day on, within a division or a school. What is of the province is within it alone.
func StuckIn(ctx context.Context, q db.Querier, level Level, scope string, from Day) ([]Stuck, error) {
	within, args := stuckWithin(level, scope, from)
	return db.Collect(ctx, q, `SELECT day, reason, CAST(sum(times) AS bigint) FROM stuck_days t WHERE `+within+` GROUP BY day, reason`, args,
		func(s *Stuck) []any { return []any{&s.Day, &s.Reason, &s.Times} })
}

// StuckAt is how often people got stuck at a school.
type StuckAt struct {
	SchoolID, Name string
	Times          int64
}

// StuckSchools lists the schools within a scope where people got stuck most often from a day on, up to the limit.
func StuckSchools(ctx context.Context, q db.Querier, level Level, scope string, from Day, limit int) ([]StuckAt, error) {
	within, args := stuckWithin(level, scope, from)
	return db.Collect(ctx, q, `SELECT s.id, s.name, CAST(sum(t.times) AS bigint) FROM stuck_days t JOIN schools s ON s.id = t.school_id WHERE `+within+`
		GROUP BY s.id, s.name ORDER BY sum(t.times) DESC, s.id LIMIT $4`, append(args, limit),
		func(a *StuckAt) []any { return []any{&a.SchoolID, &a.Name, &a.Times} })
}

func stuckWithin(level Level, scope string, from Day) (condition string, args []any) {
	if level == School {
		return "day >= $1 AND school_id = $2 AND $3 = ''", []any{int64(from), scope, ""}
	}
	digits := map[Level]int{County: 6, City: 4, Province: 2}[level]
	return "day >= $1 AND county BETWEEN $2 AND $3", []any{int64(from), scope[:digits] + "000000"[digits:], scope[:digits] + "999999"[digits:]}
}
