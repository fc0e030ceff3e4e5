package slips

import (
	"context"
	"time"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/guard"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Codes of this room.
var (
	ErrSlipInvalid   = fault.Define(fault.Invalid, "slip_invalid")
	ErrSlipExpired   = fault.Define(fault.Invalid, "slip_expired")
	ErrSlipUsed      = fault.Define(fault.Conflict, "slip_used")
	ErrSlipOfChild   = fault.Define(fault.Conflict, "slip_of_child")
	ErrSlipNotNeeded = fault.Define(fault.Conflict, "slip_not_needed")
)

// MostAtOnce bounds one printing.
const MostAtOnce = 500

// Config are the rules that an operator may change.
type Config struct {
	TTL   time.Duration // how long a slip is valid
	Tries int           // unknown codes from one address before it must wait: a whole class may stand behind one
	Guard guard.Rules   // what is suspicious; nothing when zero
}

// DefaultConfig is a month, and more tries than a class of beginners needs.
func DefaultConfig() Config { return Config{TTL: 30 * 24 * time.Hour, Tries: 60} }

// Service is the room. It is safe for concurrent use.
type Service struct {
	db           *db.DB
	vault        *vault.Vault
	accounts     *accounts.Service
	roster       *roster.Service
	verification *verification.Service
	guard        *guard.Guard
	press        *press
	config       Config
	now          func() time.Time
}

// New makes the room. press prints; now is the room's clock, time.Now when nil.
func New(d *db.DB, v *vault.Vault, a *accounts.Service, r *roster.Service, ver *verification.Service, p Printing, config Config, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{db: d, vault: v, accounts: a, roster: r, verification: ver, guard: guard.New(d, v, config.Guard, now), press: newPress(p), config: config, now: now}
}

// What a slip is for.
const (
	Activate      = "activate"
	ResetPassword = "reset_password"
)

// Group is whose slips are printed together: the pupils of a class, or the teachers of a school.
type Group struct {
	ClassID  string
	SchoolID string
}

// group is a Group that the actor may print for.
type group struct {
	class  *roster.Class // nil for the teachers of a school
	school roster.SchoolRef
	place  access.Place
}

func (g group) className() string {
	if g.class == nil {
		return ""
	}
	return g.class.DisplayName
}

// target is what the audit record names.
func (g group) target() (target, id string) {
	if g.class == nil {
		return "school", g.school.ID
	}
	return "class", g.class.ID
}

// condition limits registry entries e to the group, with the arguments from $1 on.
func (g group) condition() (string, []any) {
	if g.class == nil {
		return "e.school_id = $1 AND e.kind = 'teacher'", []any{g.school.ID}
	}
	return "e.school_id = $1 AND e.class_id = $2 AND e.kind = 'student'", []any{g.school.ID, g.class.ID}
}

// printable answers the group where the actor may print: an administrator of the place's accounts or, for a class, one of
// its teachers. fault.ErrNotFound otherwise, whether or not it exists.
func (s *Service) printable(ctx context.Context, g Group) (group, error) {
	actor := access.ActorFrom(ctx)
	switch {
	case g.ClassID == "" && g.SchoolID == "":
		return group{}, fault.ErrInvalid.New(fault.Field("class_id", "missing"))
	case g.ClassID != "" && g.SchoolID != "":
		return group{}, fault.ErrInvalid.New(fault.Field("class_id", "slips_class_or_school"))
	case g.ClassID == "":
		school, err := s.roster.SchoolByID(ctx, s.db, g.SchoolID)
		if err == nil && !actor.Can(access.AccountsManage, school.Place()) {
			err = fault.ErrNotFound.New()
		} else if err == nil {
			err = school.Open()
		}
		return group{school: roster.SchoolRef{ID: school.ID, Name: school.Name}, place: school.Place()}, err
	}
	class, err := s.roster.ClassByID(ctx, s.db, g.ClassID)
	if err != nil {
		return group{}, err
	}
	if !actor.Can(access.AccountsManage, class.Place()) {
		if err := s.teaches(ctx, actor, class.ID); err != nil {
			return group{}, err
		}
	}
	return group{&class, class.School, class.Place()}, nil
}

// teaches answers fault.ErrNotFound unless the actor is bound as one of the class's teachers.
func (s *Service) teaches(ctx context.Context, actor access.Actor, classID string) error {
	own, err := s.verification.BindingOf(ctx, s.db, actor.AccountID)
	if err != nil {
		return err
	}
	if own != nil && own.Kind == verification.Teacher {
		classes, err := s.roster.ClassesTaught(ctx, own.EntryID)
		if err != nil {
			return err
		}
		for _, class := range classes {
			if class.ID == classID {
				return nil
			}
		}
	}
	return fault.ErrNotFound.New()
}
