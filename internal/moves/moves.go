package moves

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/roster"
	"caotang/internal/transfers"
	"caotang/internal/verification"
)

// Codes of this room.
var (
	ErrSameSchool  = fault.Define(fault.Invalid, "move_same_school")
	ErrNobody      = fault.Define(fault.Invalid, "move_nobody")
	ErrTooMany     = fault.Define(fault.Invalid, "move_too_many")
	ErrUnconfirmed = fault.Define(fault.Conflict, "move_unconfirmed") // other numbers than were confirmed
	ErrBusy        = fault.Define(fault.Conflict, "merger_busy")      // an import, a turn or a move is under way at the school
)

// The kinds of moves.
const (
	kindPeople = "people"
	kindMerger = "merger"
)

// The states of a move.
const (
	running = "running"
	done    = "done"
)

const (
	// atOnce is how many people one transaction moves.
	atOnce = 50
	// most is how many people one move takes: several large schools' last year.
	most = 3000
)

// Rooms are those that a move reaches into.
type Rooms struct {
	Accounts     *accounts.Service
	Roster       *roster.Service
	Verification *verification.Service
	Transfers    *transfers.Service
}

// Service is the room.
type Service struct {
	Rooms
	db   *db.DB
	jobs *jobs.Runner
	now  func() time.Time
}

// New makes the room and registers its background work with the runner. now is the clock; time.Now when nil.
func New(d *db.DB, runner *jobs.Runner, rooms Rooms, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	s := &Service{rooms, d, runner, now}
	runner.Handle(job, 1, s.run)
	return s
}

// Move is people on their way from one school to another, or there.
type Move struct {
	ID     string           `json:"id"`
	Kind   string           `json:"kind" enum:"people,merger"`
	From   roster.SchoolRef `json:"from"`
	To     roster.SchoolRef `json:"to"`
	State  string           `json:"state" enum:"running,done"`
	People int64            `json:"people" doc:"Who were to move"`
	Moved  int64            `json:"moved" doc:"Who have; fewer in the end where somebody has gone elsewhere meanwhile"`

	classID, account string
}

func (s *Service) move(ctx context.Context, q db.Querier, id string) (m Move, err error) {
	err = q.QueryRow(ctx, `SELECT m.id, m.kind, f.id, f.name, t.id, t.name, m.state, m.people, m.moved, m.class_id, m.account_id
		FROM moves m JOIN schools f ON f.id = m.from_school_id JOIN schools t ON t.id = m.to_school_id WHERE m.id = $1`, id).
		Scan(&m.ID, &m.Kind, &m.From.ID, &m.From.Name, &m.To.ID, &m.To.Name, &m.State, &m.People, &m.Moved, &m.classID, &m.account)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.ErrNotFound.New()
	}
	return m, err
}

// visible is a move out of or into a school of the actor's scope; fault.ErrNotFound otherwise.
func (s *Service) visible(ctx context.Context, id string) (Move, error) {
	m, err := s.move(ctx, s.db, id)
	if err != nil {
		return m, err
	}
	for _, school := range []string{m.From.ID, m.To.ID} {
		place, err := s.Roster.PlaceOfSchool(ctx, s.db, school)
		if err != nil {
			return m, err
		}
		if access.ActorFrom(ctx).Can(access.SchoolsManage, place) {
			return m, nil
		}
	}
	return Move{}, fault.ErrNotFound.New()
}

// both answers the two schools, the actor being over both, and the second one taking people.
func (s *Service) both(ctx context.Context, q db.Querier, fromID, toID string) (from, to roster.School, err error) {
	if from, err = s.Roster.Managed(ctx, q, fromID); err != nil {
		return from, to, err
	}
	if to, err = s.Roster.Managed(ctx, q, toID); err != nil {
		return from, to, err
	}
	if from.ID == to.ID {
		return from, to, ErrSameSchool.New(fault.Field("to_school_id", "move_same_school"))
	}
	return from, to, to.Open()
}

func anys(ids []string) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}

func scanText(text *string) []any { return []any{text} }
