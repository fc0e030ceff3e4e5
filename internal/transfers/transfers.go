package transfers

import (
	"slices"
	"strings"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/calendar"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/verification"
)

// State is how far a request has come.
type State string

// The states. Only a pending request changes.
const (
	Pending   State = "pending"
	Completed State = "completed"
	Rejected  State = "rejected"
	Cancelled State = "cancelled" // by the person, or because it has become moot
	Expired   State = "expired"
)

// Side is one of the two schools of a request.
type Side string

// The school that the person leaves, and the one that receives them.
const (
	From Side = "from"
	To   Side = "to"
)

// The errors of the room.
var (
	ErrOpen      = fault.Define(fault.Conflict, "transfer_open")
	ErrNotNeeded = fault.Define(fault.Invalid, "transfer_not_needed")
	ErrClosed    = fault.Define(fault.Conflict, "transfer_closed")
	ErrMoot      = fault.Define(fault.Conflict, "transfer_moot")
	ErrObjected  = fault.Define(fault.Conflict, "transfer_objected") // by a guardian whom nobody has read who would approve
)

// Config is the room's configuration.
type Config struct {
	AnswerDays int // working days for the schools to answer, before the county is called in
	LifeDays   int // working days until a request expires
	Calendar   calendar.Calendar
}

// DefaultConfig gives schools a week and a request six.
func DefaultConfig() Config { return Config{AnswerDays: 5, LifeDays: 30, Calendar: calendar.Default()} }

// moot is the closing reason of a request whose ground has gone: the person is no longer bound, or stands elsewhere.
const moot = "moot"

// Approval is one school's part in a request.
type Approval struct {
	Side      Side             `json:"side" enum:"from,to"`
	School    roster.SchoolRef `json:"school"`
	State     string           `json:"state" enum:"waiting,approved,rejected,ended" doc:"ended: the request was closed before this school answered"`
	DueAt     time.Time        `json:"due_at" doc:"By when the school should have answered; then the county is called in"`
	DecidedAt *time.Time       `json:"decided_at"`
}

// Transfer is a request as the person who made it sees it.
type Transfer struct {
	ID            string           `json:"id"`
	Kind          string           `json:"kind" enum:"teacher,student"`
	Name          string           `json:"name" doc:"Of the person who moves"`
	FromSchool    roster.SchoolRef `json:"from_school"`
	ToSchool      roster.SchoolRef `json:"to_school"`
	Own           bool             `json:"own" doc:"The reader asked for it; else a guardian did, for the reader or a child of theirs"`
	Reason        string           `json:"reason" doc:"Between whoever asked and the schools"`
	State         State            `json:"state" enum:"pending,completed,rejected,cancelled,expired"`
	Approvals     []Approval       `json:"approvals" doc:"What it takes: the receiving school's for a teacher, both schools' for a pupil"`
	CreatedAt     time.Time        `json:"created_at"`
	ExpiresAt     time.Time        `json:"expires_at"`
	EscalatedAt   *time.Time       `json:"escalated_at" doc:"When the county was called in, because a school did not answer in time"`
	ObjectedAt    *time.Time       `json:"objected_at" doc:"When a guardian last said that they do not agree, of an open one, for whoever asked"`
	ClosedAt      *time.Time       `json:"closed_at"`
	ClosingReason string           `json:"closing_reason,omitempty" doc:"Why it was rejected, in the administrator's words; moot: what it was about has gone"`
}

// AdminTransfer is a request as those see it who may answer it.
type AdminTransfer struct {
	Transfer
	Objections     []Objection `json:"objections" doc:"What the pupil's guardians say against it"`
	MaskedUsername string      `json:"masked_username" doc:"Of whoever asked"`
	Overdue        bool        `json:"overdue"`
	Sides          []Side      `json:"sides" doc:"The sides whose answer is wanted and the caller may give"`

	MaskedIDNumber string `json:"masked_id_number,omitempty" doc:"Of one request, while the registry has the person"`
	Class          string `json:"class,omitempty" doc:"Likewise: a pupil's, now"`
}

// row is a request with all that is kept of it.
type row struct {
	Transfer
	accountID, entryID, username string
	from, to                     access.Place
	due                          db.Time
	fromApproved, toApproved     db.NullTime
	closedBy, rejectedSides      string
	objections                   []Objection
}

// needs tells whether the request takes the side's approval: a teacher's the receiving school's alone (F-22).
func (r row) needs(side Side) bool { return side == To || r.Kind == roster.Student }

func (r row) place(side Side) access.Place {
	if side == From {
		return r.from
	}
	return r.to
}

func (r row) approvedAt(side Side) *time.Time {
	if side == From {
		return r.fromApproved.Ptr()
	}
	return r.toApproved.Ptr()
}

// complete tells whether nothing more is wanted.
func (r row) complete() bool {
	return r.approvedAt(To) != nil && (!r.needs(From) || r.approvedAt(From) != nil)
}

// approvals is what the request takes and how far that is.
func (r row) approvals() []Approval {
	var all []Approval
	for _, side := range []Side{From, To} {
		if !r.needs(side) {
			continue
		}
		a := Approval{Side: side, School: r.FromSchool, State: "waiting", DueAt: r.due.Time, DecidedAt: r.approvedAt(side)}
		if side == To {
			a.School = r.ToSchool
		}
		switch {
		case r.rejectedBy(side):
			a.State, a.DecidedAt = "rejected", r.ClosedAt
		case a.DecidedAt != nil:
			a.State = "approved"
		case r.State != Pending:
			a.State = "ended"
		}
		all = append(all, a)
	}
	return all
}

// rejectedBy tells whether it was rejected for a side; where that is not known, for all that had not approved.
func (r row) rejectedBy(side Side) bool {
	if r.rejectedSides == "" {
		return r.State == Rejected && r.approvedAt(side) == nil
	}
	return slices.Contains(strings.Fields(r.rejectedSides), string(side))
}

// concerns tells whether the actor may do something where one of the schools lies.
func (r row) concerns(actor access.Actor, action access.Action) bool {
	return actor.Can(action, r.from) || actor.Can(action, r.to)
}

// within lists the sides that the actor may answer for, whether or not they have.
func (r row) within(actor access.Actor) (sides []Side) {
	for _, side := range []Side{From, To} {
		if r.needs(side) && actor.Can(access.TransfersDecide, r.place(side)) {
			sides = append(sides, side)
		}
	}
	return sides
}

// rejecting are the sides that a rejection by the actor is told of: those that had not approved, and where all had that they may
// answer for, these.
func (r row) rejecting(actor access.Actor) string {
	sides := r.within(actor)
	if wanted := r.wanted(actor); len(wanted) > 0 {
		sides = wanted
	}
	words := make([]string, len(sides))
	for i, side := range sides {
		words[i] = string(side)
	}
	return strings.Join(words, " ")
}

// wanted lists the sides whose answer is still wanted and the actor may give.
func (r row) wanted(actor access.Actor) []Side {
	sides := []Side{}
	for _, side := range r.within(actor) {
		if r.State == Pending && r.approvedAt(side) == nil {
			sides = append(sides, side)
		}
	}
	return sides
}

// Service is the room.
type Service struct {
	db           *db.DB
	accounts     *accounts.Service
	roster       *roster.Service
	verification *verification.Service
	config       Config
	now          func() time.Time
}

// New makes the room; now is nil for the clock.
func New(d *db.DB, a *accounts.Service, r *roster.Service, v *verification.Service, config Config, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{db: d, accounts: a, roster: r, verification: v, config: config, now: now}
}
