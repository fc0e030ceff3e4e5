package schoolyear

import (
	"context"
	"encoding/json"
	"slices"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
)

// maxNew bounds the new classes of a stage and system, as when classes are made by hand.
const maxNew = 50

// TurnNumbers are what a turn comes to, which somebody confirms.
type TurnNumbers struct {
	Classes int64 `json:"classes" doc:"That graduate"`
	Pupils  int64 `json:"pupils" doc:"Of those"`
	Made    int64 `json:"made" doc:"New classes"`
}

func (v *SchoolYear) numbers() (n TurnNumbers) {
	for _, c := range v.Leaving {
		if !c.LeftOut {
			n.Classes, n.Pupils = n.Classes+1, n.Pupils+int64(c.Pupils)
		}
	}
	for _, c := range v.New {
		n.Made += int64(max(0, c.Count-c.Existing))
	}
	return n
}

// decide plans the turn of the coming school year, anew where it was planned already, or has that of the present one run at once.
// Errors: not_found outside the actor's scope; invalid; school_year_closed for a year that is not open; school_year_unconfirmed
// when the confirmed numbers are not those of now; school_year_running; school_year_done.
func (s *Service) decide(ctx context.Context, schoolID string, year int, p plan, confirmed *TurnNumbers) (*SchoolYear, error) {
	school, err := s.reachable(ctx, schoolID)
	if err != nil {
		return nil, err
	}
	if err := school.Open(); err != nil {
		return nil, err
	}
	if !slices.Contains(Years(s.now()), year) {
		return nil, ErrClosed.New()
	}
	before, err := turnOf(ctx, s.db, schoolID, year)
	if err != nil {
		return nil, err
	}
	before.plan = p
	v := &SchoolYear{}
	if err := s.outlook(ctx, v, before); err != nil {
		return nil, err
	}
	if err := check(p, v); err != nil {
		return nil, err
	}
	p.New = make([]Cohort, len(v.New))
	for i, c := range v.New {
		p.New[i] = Cohort{c.Stage, c.SchoolingYears, c.Count}
	}
	n, atOnce := v.numbers(), !s.now().Before(begins(year))
	if atOnce && (confirmed == nil || *confirmed != n) {
		return nil, ErrUnconfirmed.New(fault.Arg("classes", n.Classes), fault.Arg("pupils", n.Pupils), fault.Arg("made", n.Made), fault.Detail("numbers", n))
	}
	if err := s.db.InTx(ctx, func(tx *db.Tx) error { return s.keep(ctx, tx, school, year, p, n, atOnce) }); err != nil {
		return nil, err
	}
	return s.view(ctx, school, year)
}

// keep writes a plan, and begins with it where it is to run at once.
func (s *Service) keep(ctx context.Context, tx *db.Tx, school roster.School, year int, p plan, n TurnNumbers, atOnce bool) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	kept, err := db.Changed(tx.Exec(ctx, `INSERT INTO school_years (school_id, year, state, plan, account_id, planned_at, mark, done_at, classes, pupils, made)
		VALUES ($1, $2, $3, $4, $5, $6, '', NULL, $7, $8, $9)
		ON CONFLICT (school_id, year) DO UPDATE SET state = excluded.state, plan = excluded.plan, account_id = excluded.account_id,
			planned_at = excluded.planned_at, mark = '', done_at = NULL, classes = excluded.classes, pupils = excluded.pupils, made = excluded.made
		WHERE school_years.state IN ('planned', 'returned')`,
		school.ID, year, string(Planned), string(text), access.ActorFrom(ctx).AccountID, db.At(s.now()), n.Classes, n.Pupils, n.Made))
	if err != nil {
		return err
	}
	if !kept {
		return s.busy(ctx, tx, school.ID, year)
	}
	if err := record(ctx, tx, "school_year.plan", school, year, map[string]any{"classes": n.Classes, "pupils": n.Pupils, "made": n.Made}); err != nil || !atOnce {
		return err
	}
	return s.begin(ctx, tx, school, year)
}

// busy says why a turn cannot be planned or withdrawn.
func (s *Service) busy(ctx context.Context, tx *db.Tx, schoolID string, year int) error {
	t, err := turnOf(ctx, tx, schoolID, year)
	switch {
	case err != nil:
		return err
	case t.state == Done:
		return ErrDone.New()
	case t.state == Running, t.state == Returning:
		return ErrRunning.New()
	}
	return fault.ErrNotFound.New()
}

// check says what of a plan cannot be.
func check(p plan, v *SchoolYear) error {
	var bad []fault.Option
	for _, id := range p.LeaveOut {
		if !slices.ContainsFunc(v.Leaving, func(c LeavingClass) bool { return c.ID == id }) {
			bad = append(bad, fault.Field("leave_out", "not_found"))
			break
		}
	}
	for i, c := range p.New {
		known := slices.ContainsFunc(v.New, func(n NewClasses) bool { return n.Stage == c.Stage })
		twice := slices.ContainsFunc(p.New[:i], func(n Cohort) bool { return n.Stage == c.Stage && n.SchoolingYears == c.SchoolingYears })
		if !known || twice || !c.Stage.Lasts(c.SchoolingYears) {
			bad = append(bad, fault.Field("new", "not_allowed"))
		} else if c.Count < 0 || c.Count > maxNew {
			bad = append(bad, fault.FieldWith("new", "class_number_range", map[string]any{"max": maxNew}))
		}
	}
	if len(bad) > 0 {
		return fault.ErrInvalid.New(bad...)
	}
	return nil
}

// withdraw takes a plan away that has not run. Errors: not_found outside the actor's scope and where there is none;
// school_year_running; school_year_done.
func (s *Service) withdraw(ctx context.Context, schoolID string, year int) error {
	school, err := s.reachable(ctx, schoolID)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		gone, err := db.Changed(tx.Exec(ctx, `DELETE FROM school_years WHERE school_id = $1 AND year = $2 AND state = $3 AND mark = ''`, schoolID, year, string(Planned)))
		if err != nil {
			return err
		}
		if !gone {
			return s.busy(ctx, tx, schoolID, year)
		}
		return record(ctx, tx, "school_year.withdraw", school, year, nil)
	})
}
