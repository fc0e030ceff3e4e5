// Package retention says of what is deleted by itself how long it is kept, and counts what should be gone already: none, while
// housekeeping runs. Each room tells its own rules, beside what deletes by them.
package retention

import (
	"context"
	"time"

	"caotang/internal/db"
)

// Rule is one thing that is kept for a time.
type Rule struct {
	Name string        // its words are retention.<name>
	Kept time.Duration // since it ended, or was made; 0: no longer than it works
	Late int           // how many are there yet that should not be
}

// grace is how long housekeeping, which comes every ten minutes, may take.
const grace = time.Hour

// Check makes a rule. query counts what ended, or was made, before a moment, its argument; ended is how long ago that should be.
func Check(ctx context.Context, q db.Querier, name string, kept, ended time.Duration, now time.Time, query string) (r Rule, err error) {
	r = Rule{Name: name, Kept: kept}
	return r, q.QueryRow(ctx, query, db.At(now.Add(-ended-grace))).Scan(&r.Late)
}

// All gathers the rules of rooms.
func All(ctx context.Context, rooms ...func(context.Context) ([]Rule, error)) (all []Rule, err error) {
	for _, of := range rooms {
		some, err := of(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
