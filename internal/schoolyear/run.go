package schoolyear

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/roster"
)

const runJob = "schoolyear.run"

// Sweep begins with the turns that are planned and whose day has come. Call it now and then; several may at once.
func (s *Service) Sweep(ctx context.Context) error {
	type due struct {
		school string
		year   int
	}
	all, err := db.Collect(ctx, s.db, `SELECT school_id, year FROM school_years WHERE state = $1 AND year <= $2 ORDER BY school_id, year`,
		[]any{string(Planned), roster.SchoolYear(s.now())}, func(d *due) []any { return []any{&d.school, &d.year} })
	if err != nil {
		return err
	}
	for _, d := range all {
		school, err := s.roster.SchoolByID(ctx, s.db, d.school)
		if err != nil {
			return err
		}
		if err := s.db.InTx(ctx, func(tx *db.Tx) error { return s.begin(ctx, tx, school, d.year) }); err != nil {
			return err
		}
	}
	return nil
}

// begin has a planned turn run in the background, unless another does.
func (s *Service) begin(ctx context.Context, tx *db.Tx, school roster.School, year int) error {
	first, err := db.Changed(tx.Exec(ctx, `UPDATE school_years SET state = $1, mark = CASE WHEN mark = '' THEN $2 ELSE mark END WHERE school_id = $3 AND year = $4 AND state = $5`,
		string(Running), db.NewID(), school.ID, year, string(Planned)))
	if err != nil || !first {
		return err
	}
	_, err = s.jobs.Enqueue(ctx, tx, runJob, payload(school.ID, year))
	return err
}

// run does a turn or takes one back, or goes on with one that was cut off.
func (s *Service) run(ctx context.Context, job jobs.Job) error {
	var year int
	var schoolID string
	if _, err := fmt.Sscanf(string(job.Payload), "%d/%s", &year, &schoolID); err != nil {
		return err
	}
	school, err := s.roster.SchoolByID(ctx, s.db, schoolID)
	if err != nil {
		return err
	}
	t, err := turnOf(ctx, s.db, schoolID, year)
	if err != nil {
		return err
	}
	ctx = access.WithActor(ctx, access.Actor{AccountID: t.account})
	before := Planned
	switch t.state {
	case Running:
		err = s.turn(ctx, school, t)
	case Returning:
		before, err = Done, s.giveBack(ctx, school, t)
	case Open, Planned, Done, Returned:
		return nil
	}
	if err != nil && ctx.Err() == nil && job.Last { // a planned one is begun again by the sweep, the other by whoever asks again
		_, failed := s.db.Exec(ctx, `UPDATE school_years SET state = $1 WHERE school_id = $2 AND year = $3 AND state = $4`, string(before), schoolID, year, string(t.state))
		return errors.Join(err, failed)
	}
	return err
}

// turn has the classes graduate whose years are over, but for those left out, and makes the new ones.
func (s *Service) turn(ctx context.Context, school roster.School, t *turn) error {
	classes, err := s.roster.ClassesOnBooks(ctx, s.db, t.school)
	if err != nil {
		return err
	}
	for _, c := range classes {
		if !leaves(c, t.year) || slices.Contains(t.plan.LeaveOut, c.ID) {
			continue
		}
		if err := s.db.InTx(ctx, func(tx *db.Tx) error { // one class at a time: whoever counts its people waits for no other
			pupils, graduated, err := s.roster.Graduate(ctx, tx, c)
			if err != nil || !graduated {
				return err
			}
			return note(ctx, tx, t, c.ID, whatGraduated, pupils)
		}); err != nil {
			return err
		}
	}
	for _, cohort := range t.plan.New {
		for more := true; more; {
			if err := s.db.InTx(ctx, func(tx *db.Tx) (err error) {
				more, err = s.makeClass(ctx, tx, t, cohort)
				return err
			}); err != nil {
				return err
			}
		}
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		var n TurnNumbers
		if err := tx.QueryRow(ctx, `SELECT coalesce(sum(CASE WHEN what = 'graduated' THEN 1 ELSE 0 END), 0), coalesce(CAST(sum(pupils) AS bigint), 0),
			coalesce(sum(CASE WHEN what = 'made' THEN 1 ELSE 0 END), 0) FROM school_year_classes WHERE school_id = $1 AND year = $2`, t.school, t.year).
			Scan(&n.Classes, &n.Pupils, &n.Made); err != nil {
			return err
		}
		ended, err := db.Changed(tx.Exec(ctx, `UPDATE school_years SET state = $1, done_at = $2, classes = $3, pupils = $4, made = $5
			WHERE school_id = $6 AND year = $7 AND state = $8`, string(Done), db.At(s.now()), n.Classes, n.Pupils, n.Made, t.school, t.year, string(Running)))
		if err != nil || !ended {
			return err
		}
		return record(ctx, tx, "school_year.done", school, t.year, map[string]any{"classes": n.Classes, "pupils": n.Pupils, "made": n.Made})
	})
}

// makeClass makes the next class that a cohort has yet to have, with the lowest number that is free in its stage: classes of both
// systems are numbered together. It answers whether there may be more to do.
func (s *Service) makeClass(ctx context.Context, tx *db.Tx, t *turn, c Cohort) (more bool, err error) {
	classes, err := s.roster.EveryClass(ctx, tx, t.school)
	if err != nil || count(classes, c.Stage, t.year, c.SchoolingYears) >= c.Count {
		return false, err
	}
	number := roster.NumberFor(roster.Class{Stage: c.Stage, EntryYear: t.year, Number: 1}, classes)
	class, err := s.roster.CreateClass(ctx, tx, roster.NewClass{
		SchoolID: t.school, Stage: c.Stage, EntryYear: t.year, Number: number, SchoolingYears: c.SchoolingYears,
	})
	if fault.Is(err, roster.ErrClassExists) { // somebody has just made it
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return true, note(ctx, tx, t, class.ID, whatMade, 0)
}

func note(ctx context.Context, tx *db.Tx, t *turn, classID, what string, pupils int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO school_year_classes (school_id, year, class_id, what, pupils) VALUES ($1, $2, $3, $4, $5)`,
		t.school, t.year, classID, what, pupils)
	return err
}

// takeBack has a turn taken back in the background. Errors: not_found outside the actor's scope and where nothing has run;
// school_year_running; school_year_too_late after 30 days.
func (s *Service) takeBack(ctx context.Context, schoolID string, year int) error {
	school, err := s.reachable(ctx, schoolID)
	if err == nil {
		err = school.Open()
	}
	if err != nil {
		return err
	}
	t, err := turnOf(ctx, s.db, schoolID, year)
	switch {
	case err != nil:
		return err
	case t.state == Running, t.state == Returning:
		return ErrRunning.New()
	case t.state != Done:
		return fault.ErrNotFound.New()
	case t.returnable(s.now()) == nil:
		return ErrTooLate.New()
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		first, err := db.Changed(tx.Exec(ctx, `UPDATE school_years SET state = $1, account_id = $2 WHERE school_id = $3 AND year = $4 AND state = $5`,
			string(Returning), access.ActorFrom(ctx).AccountID, schoolID, year, string(Done)))
		if err != nil {
			return err
		}
		if !first {
			return ErrRunning.New()
		}
		if err := record(ctx, tx, "school_year.take_back", school, year, nil); err != nil {
			return err
		}
		_, err = s.jobs.Enqueue(ctx, tx, runJob, payload(schoolID, year))
		return err
	})
}

// giveBack puts the classes that graduated on the books again, with whoever is still in them, and takes the new ones away that
// nobody uses.
func (s *Service) giveBack(ctx context.Context, school roster.School, t *turn) error {
	for _, what := range []string{whatGraduated, whatMade} {
		ids, err := classesOf(ctx, s.db, t, what)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.db.InTx(ctx, func(tx *db.Tx) error { return s.restore(ctx, tx, t, what, id) }); err != nil {
				return err
			}
		}
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		ended, err := db.Changed(tx.Exec(ctx, `UPDATE school_years SET state = $1, mark = '', done_at = NULL WHERE school_id = $2 AND year = $3 AND state = $4`,
			string(Returned), t.school, t.year, string(Returning)))
		if err != nil || !ended {
			return err
		}
		return record(ctx, tx, "school_year.taken_back", school, t.year, nil)
	})
}

// restore undoes what a turn did to one class, which it forgets with that.
func (s *Service) restore(ctx context.Context, tx *db.Tx, t *turn, what, id string) error {
	mine, err := db.Changed(tx.Exec(ctx, `DELETE FROM school_year_classes WHERE school_id = $1 AND year = $2 AND class_id = $3`, t.school, t.year, id))
	if err != nil || !mine {
		return err
	}
	if what == whatMade {
		_, err := s.roster.DropEmptyClass(ctx, tx, id, map[string]any{"school_year": t.year})
		return err
	}
	class, err := s.roster.ClassByID(ctx, tx, id)
	if fault.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, _, err = s.roster.TakeBack(ctx, tx, class)
	return err
}
