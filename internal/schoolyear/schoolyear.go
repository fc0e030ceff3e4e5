package schoolyear

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/roster"
)

// Codes of this room.
var (
	ErrClosed      = fault.Define(fault.Conflict, "school_year_closed")      // not to be planned now
	ErrUnconfirmed = fault.Define(fault.Conflict, "school_year_unconfirmed") // other numbers than were confirmed
	ErrRunning     = fault.Define(fault.Conflict, "school_year_running")
	ErrDone        = fault.Define(fault.Conflict, "school_year_done")
	ErrTooLate     = fault.Define(fault.Conflict, "school_year_too_late") // to be taken back
)

// State is how far the turn of a school year is at a school.
type State string

// The states.
const (
	Open      State = "open" // nobody has planned it
	Planned   State = "planned"
	Running   State = "running"
	Done      State = "done"
	Returning State = "returning" // being taken back
	Returned  State = "returned"  // and may be planned anew
)

// returnFor is how long a turn can be taken back.
const returnFor = 30 * 24 * time.Hour

// Service is the room.
type Service struct {
	db     *db.DB
	jobs   *jobs.Runner
	roster *roster.Service
	now    func() time.Time
}

// New makes the room and registers its background work with the runner. now is the clock; time.Now when nil.
func New(d *db.DB, runner *jobs.Runner, r *roster.Service, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	s := &Service{d, runner, r, now}
	runner.Handle(runJob, 1, s.run)
	return s
}

// Years are the school years whose turn can be looked at now: from 1 June on the coming one too, which is the last.
func Years(now time.Time) []int {
	present := roster.SchoolYear(now)
	if m := now.In(calendar.Shanghai).Month(); m >= time.June && m < time.September {
		return []int{present, present + 1}
	}
	return []int{present}
}

// due is the year whose turn matters now.
func (s *Service) due() int {
	years := Years(s.now())
	return years[len(years)-1]
}

// begins is when a school year does.
func begins(year int) time.Time {
	return time.Date(year, time.September, 1, 0, 0, 0, 0, calendar.Shanghai)
}

// plan is what somebody decided about a turn.
type plan struct {
	LeaveOut []string `json:"leave_out"` // classes that do not graduate
	New      []Cohort `json:"new"`
}

// Cohort are the new classes of a stage that last so long: as many as Count, with the lowest numbers that are free.
type Cohort struct {
	Stage          roster.Stage `json:"stage"`
	SchoolingYears int          `json:"schooling_years"`
	Count          int          `json:"count"`
}

// turn is the turn of a year at a school as the database keeps it.
type turn struct {
	school, account, mark string
	year                  int
	state                 State
	plan                  plan
	planned               db.Time
	done                  db.NullTime
	classes, pupils, made int64
}

func (t *turn) returnable(now time.Time) *time.Time {
	if t.state != Done || !t.done.Valid {
		return nil
	}
	until := t.done.Time.Add(returnFor)
	if now.After(until) {
		return nil
	}
	return &until
}

// turnOf answers the turn of a year at a school; one that is open where nobody has planned it.
func turnOf(ctx context.Context, q db.Querier, schoolID string, year int) (*turn, error) {
	t := &turn{school: schoolID, year: year, state: Open}
	var text string
	err := q.QueryRow(ctx, `SELECT state, plan, account_id, planned_at, mark, done_at, classes, pupils, made FROM school_years WHERE school_id = $1 AND year = $2`,
		schoolID, year).Scan(&t.state, &text, &t.account, &t.planned, &t.mark, &t.done, &t.classes, &t.pupils, &t.made)
	if errors.Is(err, sql.ErrNoRows) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	return t, json.Unmarshal([]byte(text), &t.plan)
}

// reachable answers a school whose classes the actor manages; fault.ErrNotFound otherwise, whether or not it exists.
func (s *Service) reachable(ctx context.Context, schoolID string) (roster.School, error) {
	school, err := s.roster.SchoolByID(ctx, s.db, schoolID)
	if err == nil && !access.ActorFrom(ctx).Can(access.ClassesManage, school.Place()) {
		err = fault.ErrNotFound.New()
	}
	return school, err
}

func record(ctx context.Context, tx *db.Tx, action string, school roster.School, year int, more map[string]any) error {
	details := map[string]any{"name": school.Name, "year": year}
	for name, value := range more {
		details[name] = value
	}
	return audit.Record(ctx, tx, audit.Event{Action: action, Target: "school", TargetID: school.ID, Place: school.Place(), Details: details})
}

// payload is what a job is about.
func payload(schoolID string, year int) []byte { return fmt.Appendf(nil, "%d/%s", year, schoolID) }
