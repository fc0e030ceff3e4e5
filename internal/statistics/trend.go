package statistics

import (
	"context"
	"time"

	"caotang/internal/roster"
	"caotang/internal/tally"
)

// Point is how things stood at the end of a day, of today at the moment.
type Point struct {
	Day     string `json:"day" doc:"2026-11-25, of China"`
	Teacher Sum    `json:"teacher"`
	Student Sum    `json:"student"`
}

// Sum is a count without its target.
type Sum struct {
	Entries   int64 `json:"entries"`
	Activated int64 `json:"activated"`
}

// trend answers a point for each of the last days, today the last of them.
func (s *Service) trend(ctx context.Context, id string, days int) ([]Point, error) {
	of, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	today := tally.DayOf(time.Now())
	first := today - tally.Day(days-1)
	points, change := make([]Point, days), make([]Point, days)
	counts, err := tally.Counts(ctx, s.db, tally.Level(of.Level), of.ID)
	if err != nil {
		return nil, err
	}
	var present Point
	for _, c := range counts {
		present.add(c.Kind, c.Entries, c.Activated)
	}
	changes, err := tally.Days(ctx, s.db, tally.Level(of.Level), of.ID, first)
	if err != nil {
		return nil, err
	}
	// From today backwards: how it stood before a day is how it stood after, less what the day changed.
	for _, c := range changes {
		if c.Day <= today { // another server's clock may be ahead
			change[c.Day-first].add(c.Kind, c.Entries, c.Activated)
		}
	}
	for i := days - 1; i >= 0; i-- {
		points[i] = Point{(first + tally.Day(i)).String(), present.Teacher, present.Student}
		present.add(roster.Teacher, -change[i].Teacher.Entries, -change[i].Teacher.Activated)
		present.add(roster.Student, -change[i].Student.Entries, -change[i].Student.Activated)
	}
	return points, nil
}

func (p *Point) add(kind string, entries, activated int64) {
	of := &p.Student
	if kind == roster.Teacher {
		of = &p.Teacher
	}
	of.Entries += entries
	of.Activated += activated
}
