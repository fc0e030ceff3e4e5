package moves

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/jobs"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/transfers"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Codes of this room.
var (
	ErrSameSchool  = fault.Define(fault.Invalid, "move_same_school")
	ErrNobody      = fault.Define(fault.Invalid, "move_nobody")
	ErrNobodyLeft  = fault.Define(fault.Invalid, "move_nobody_left") // whom an earlier move took along and who could go back
	ErrTooMany     = fault.Define(fault.Invalid, "move_too_many")
	ErrUnconfirmed = fault.Define(fault.Conflict, "move_unconfirmed") // other numbers than were confirmed
	ErrMisplaced   = fault.Define(fault.Conflict, "move_misplaced")   // pupils whose grade is not taught there, and nobody said that they know
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
	Tickets      Tickets
}

// Tickets is the room of tickets, as far as a merger reaches into it.
type Tickets interface {
	// PassOn gives the tickets of a school to the one that it has become part of, in the caller's transaction.
	PassOn(ctx context.Context, tx *db.Tx, from, to roster.School) error
}

// Service is the room.
type Service struct {
	Rooms
	db        *db.DB
	jobs      *jobs.Runner
	publicURL string
	now       func() time.Time
}

// New makes the room and registers its background work with the runner. publicURL is where people reach the platform, told in
// messages, "" when it is not known; now is the clock, time.Now when nil.
func New(d *db.DB, runner *jobs.Runner, rooms Rooms, publicURL string, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	s := &Service{rooms, d, runner, publicURL, now}
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

	Classes []roster.ClassRef `json:"classes" doc:"Whole classes that it took along, called what they were called then"`

	Moved  int64      `json:"moved" doc:"Who have; fewer in the end where somebody has gone elsewhere meanwhile"`
	By     string     `json:"by" doc:"The administrator's username; empty where the account has been closed"`
	At     time.Time  `json:"at" doc:"When it was decided"`
	DoneAt *time.Time `json:"done_at"`

	BackOf     string    `json:"back_of,omitempty" doc:"The move that this one takes back"`
	Returned   *Returned `json:"returned" doc:"The last move that took this one back, null where none did"`
	Returnable bool      `json:"returnable" doc:"Whether somebody is still where the move took them, and the school before takes them back"`

	classID, account string
}

// Returned is the move that took another back.
type Returned struct {
	ID    string    `json:"id"`
	Moved int64     `json:"moved" doc:"Who have moved back"`
	At    time.Time `json:"at"`
}

const moveSelect = `SELECT m.id, m.kind, f.id, f.name, t.id, t.name, m.state, m.people, m.classes, m.moved, coalesce(a.username, ''), m.created_at, m.done_at, m.class_id, m.account_id,
	coalesce(m.back_of, ''), coalesce(b.id, ''), coalesce(b.moved, 0), b.created_at,
	m.kind = 'people' AND m.state = 'done' AND f.merged_into IS NULL AND coalesce(b.state, 'done') = 'done' AND EXISTS (
		SELECT 1 FROM move_entries w JOIN registry_entries e ON e.id = w.entry_id WHERE w.move_id = m.id AND w.state = 'moved' AND e.school_id = m.to_school_id)
	FROM moves m JOIN schools f ON f.id = m.from_school_id JOIN schools t ON t.id = m.to_school_id LEFT JOIN accounts a ON a.id = m.account_id
	LEFT JOIN moves b ON b.id = (SELECT max(x.id) FROM moves x WHERE x.back_of = m.id)`

// moveRow is a move as it is read.
type moveRow struct {
	Move
	at         db.Time
	done       db.NullTime
	returned   Returned
	returnedAt db.NullTime
	classes    string // JSON
}

func (r *moveRow) scan() []any {
	m := &r.Move
	return []any{
		&m.ID, &m.Kind, &m.From.ID, &m.From.Name, &m.To.ID, &m.To.Name, &m.State, &m.People, &r.classes, &m.Moved, &m.By, &r.at, &r.done, &m.classID, &m.account,
		&m.BackOf, &r.returned.ID, &r.returned.Moved, &r.returnedAt, &m.Returnable,
	}
}

func readMoves(ctx context.Context, q db.Querier, tail string, args ...any) ([]Move, error) {
	rows, err := db.Collect(ctx, q, moveSelect+tail, args, (*moveRow).scan)
	all := make([]Move, len(rows))
	for i, r := range rows {
		all[i] = r.Move
		if err := json.Unmarshal([]byte(r.classes), &all[i].Classes); err != nil {
			return nil, err
		}
		all[i].At, all[i].DoneAt = r.at.Time, r.done.Ptr()
		if by := r.returned; by.ID != "" {
			by.At = r.returnedAt.Time.Time
			all[i].Returned = &by
		}
	}
	return all, err
}

func (s *Service) move(ctx context.Context, q db.Querier, id string) (Move, error) {
	all, err := readMoves(ctx, q, ` WHERE m.id = $1`, id)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound.New()
	}
	if err != nil {
		return Move{}, err
	}
	return all[0], nil
}

// list answers a page of the moves and mergers out of or into the schools of the actor's scope, the newest first.
func (s *Service) list(ctx context.Context, page server.PageInput) (none server.Page[Move], err error) {
	reach := access.ActorFrom(ctx).Reach(access.RegistryRead)
	if reach.Empty() {
		return none, fault.ErrForbidden.New()
	}
	from, args := reach.SQL("f.region", "f.id", 1)
	to, more := reach.SQL("t.region", "t.id", len(args)+1)
	tail, args := ` WHERE (`+from+` OR `+to+`)`, append(args, more...)
	if page.Cursor != "" {
		args = append(args, page.Cursor)
		tail += fmt.Sprintf(` AND m.id < $%d`, len(args))
	}
	all, err := readMoves(ctx, s.db, tail+fmt.Sprintf(` ORDER BY m.id DESC LIMIT %d`, page.Limit+1), args...)
	return server.NewPage(all, page.Limit, func(m Move) string { return m.ID }), err
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
		if access.ActorFrom(ctx).Can(access.RegistryRead, place) {
			return m, nil
		}
	}
	return Move{}, fault.ErrNotFound.New()
}

// MovedPerson is somebody whom a move took along.
type MovedPerson struct {
	EntryID string `json:"entry_id"`
	Name    string `json:"name" doc:"Masked where they stand outside the reader's scope now"`
	Kind    string `json:"kind" enum:"teacher,student"`
	There   bool   `json:"there" doc:"Whether they still stand at the school where they came"`

	place access.Place
}

// moved answers a page of those whom a move took along and who are in the registry. Errors: those of visible.
func (s *Service) moved(ctx context.Context, id string, page server.PageInput) (none server.Page[MovedPerson], err error) {
	m, err := s.visible(ctx, id)
	if err != nil {
		return none, err
	}
	all, err := db.Collect(ctx, s.db, `SELECT e.id, e.name, e.kind, e.school_id = $2, s.region, s.id
		FROM move_entries m JOIN registry_entries e ON e.id = m.entry_id JOIN schools s ON s.id = e.school_id
		WHERE m.move_id = $1 AND m.state = 'moved' AND m.entry_id > $3 ORDER BY m.entry_id LIMIT $4`, []any{m.ID, m.To.ID, page.Cursor, page.Limit + 1},
		func(p *MovedPerson) []any {
			return []any{&p.EntryID, &p.Name, &p.Kind, &p.There, &p.place.Region, &p.place.School}
		})
	for i := range all {
		if !access.ActorFrom(ctx).Can(access.RegistryRead, all[i].place) {
			all[i].Name = vault.MaskName(all[i].Name)
		}
	}
	return server.NewPage(all, page.Limit, func(p MovedPerson) string { return p.EntryID }), err
}

// both answers the two schools, the actor being over both, and the second one, which the input's field names, taking people.
func (s *Service) both(ctx context.Context, q db.Querier, field, fromID, toID string) (from, to roster.School, err error) {
	if from, err = s.Roster.Managed(ctx, q, fromID); err != nil {
		return from, to, err
	}
	if to, err = s.Roster.Managed(ctx, q, toID); err != nil {
		return from, to, err
	}
	if from.ID == to.ID {
		return from, to, ErrSameSchool.New(fault.Field(field, "move_same_school"))
	}
	return from, to, to.Open()
}

func scanText(text *string) []any { return []any{text} }
