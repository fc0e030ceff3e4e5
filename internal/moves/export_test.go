package moves

import (
	"context"

	"caotang/internal/db"
	"caotang/internal/jobs"
)

// Work does what waits in the background, at once.
func (s *Service) Work(ctx context.Context) error {
	all, err := db.Collect(ctx, s.db, `SELECT id FROM moves WHERE state = 'running'`, nil, scanText)
	for _, id := range all {
		if err == nil {
			err = s.run(ctx, jobs.Job{Payload: []byte(id), Attempt: 1})
		}
	}
	return err
}

// CutOff does the first batch of what waits alone.
func (s *Service) CutOff(ctx context.Context, id string) error {
	m, err := s.move(ctx, s.db, id)
	if err != nil {
		return err
	}
	if m.Kind == kindPeople {
		_, err = s.batch(ctx, m)
		return err
	}
	from, err := s.Roster.SchoolByID(ctx, s.db, m.From.ID)
	if err != nil {
		return err
	}
	to, err := s.Roster.SchoolByID(ctx, s.db, m.To.ID)
	if err != nil {
		return err
	}
	if err := s.classes(ctx, from, to); err != nil {
		return err
	}
	_, err = s.people(ctx, m, from, to)
	return err
}
