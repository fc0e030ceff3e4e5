package schoolyear

import (
	"context"

	"caotang/internal/db"
	"caotang/internal/jobs"
)

// Work does what waits in the background, at once.
func (s *Service) Work(ctx context.Context) error {
	all, err := db.Collect(ctx, s.db, `SELECT school_id, year FROM school_years WHERE state IN ('running', 'returning')`, nil,
		func(t *turn) []any { return []any{&t.school, &t.year} })
	for _, t := range all {
		if err == nil {
			err = s.run(ctx, jobs.Job{Payload: payload(t.school, t.year), Attempt: 1})
		}
	}
	return err
}
