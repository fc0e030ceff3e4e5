package looks

import (
	"context"
	"maps"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/retention"
	"caotang/internal/roster"
)

// How long a look may be decided, and how long an allowed one may be taken.
const (
	WaitsFor   = 7 * 24 * time.Hour
	AllowedFor = 24 * time.Hour
)

const keptFor = 30 * 24 * time.Hour

var (
	errSecondPerson = fault.Define(fault.Forbidden, "second_person_required")
	errClosed       = fault.Define(fault.Conflict, "look_closed")
	errOwn          = fault.Define(fault.Forbidden, "look_own")
)

// Service is the room.
type Service struct {
	db     *db.DB
	roster *roster.Service
	now    func() time.Time
}

// New makes the room. now is the clock; time.Now when nil.
func New(d *db.DB, r *roster.Service, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{d, r, now}
}

// reveal shows an entry's full numbers and records the look. Errors: fault.ErrInvalid without a reason, fault.ErrNotFound outside
// the actor's scope, second_person_required where it is neither their own school's nor allowed.
func (s *Service) reveal(ctx context.Context, entryID, reason string) (numbers roster.Numbers, err error) {
	if reason, err = audit.Reason(reason); err != nil {
		return numbers, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		e, err := s.entry(ctx, tx, entryID)
		if err != nil {
			return err
		}
		more := map[string]any{}
		if actor := access.ActorFrom(ctx); !actor.Can(access.RegistryUnmaskOwn, e.Place()) {
			allowed, err := s.take(ctx, tx, actor, entryID)
			if err != nil {
				return err
			}
			reason, more["allowed_by"] = allowed.reason, allowed.decider
		}
		if numbers, err = s.roster.NumbersOf(e); err != nil {
			return err
		}
		return s.record(ctx, tx, "registry.reveal", e, reason, more)
	})
	return numbers, err
}

// take uses up the look that the actor was allowed.
func (s *Service) take(ctx context.Context, tx *db.Tx, actor access.Actor, entryID string) (row, error) {
	all, err := s.rows(ctx, tx, ` WHERE l.asker_id = $1 AND l.entry_id = $2 AND l.state = 'allowed' AND l.until > $3`, actor.AccountID, entryID, db.At(s.now()))
	if err != nil {
		return row{}, err
	}
	if len(all) > 0 {
		taken, err := tx.Exec(ctx, `UPDATE looks SET state = 'taken' WHERE id = $1 AND state = 'allowed'`, all[0].ID)
		if err != nil {
			return row{}, err
		}
		if n, err := taken.RowsAffected(); err != nil || n == 1 {
			return all[0], err
		}
	}
	return row{}, errSecondPerson.New(fault.Next("ask_look", "/admin/looks"))
}

// ask files a look, or answers the one that the actor has filed already.
func (s *Service) ask(ctx context.Context, entryID, reason string) (look Look, err error) {
	if reason, err = audit.Reason(reason); err != nil {
		return look, err
	}
	actor := access.ActorFrom(ctx)
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		e, err := s.entry(ctx, tx, entryID)
		if err != nil {
			return err
		}
		// One whose time is up makes room for another.
		if _, err := tx.Exec(ctx, `DELETE FROM looks WHERE asker_id = $1 AND entry_id = $2 AND state IN ('waiting', 'allowed') AND until <= $3`,
			actor.AccountID, entryID, db.At(s.now())); err != nil {
			return err
		}
		id := db.NewID()
		made, err := tx.Exec(ctx, `INSERT INTO looks (id, entry_id, region, school_id, asker_id, reason, state, asked_at, until, decider_id, refusal)
			VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8, '', '') ON CONFLICT (asker_id, entry_id) WHERE state IN ('waiting', 'allowed') DO NOTHING`,
			id, entryID, e.Place().Region, e.Place().School, actor.AccountID, reason, db.At(s.now()), db.At(s.now().Add(WaitsFor)))
		if err != nil {
			return err
		}
		n, err := made.RowsAffected()
		if err != nil {
			return err
		}
		all, err := s.rows(ctx, tx, ` WHERE l.asker_id = $1 AND l.entry_id = $2 AND l.state IN ('waiting', 'allowed')`, actor.AccountID, entryID)
		if err != nil {
			return err
		}
		if look, err = s.show(ctx, all[0], e); err != nil || n == 0 {
			return err
		}
		return s.record(ctx, tx, "look.ask", e, reason, nil)
	})
	return look, err
}

// decide allows a waiting look, or refuses it for a reason. Errors: fault.ErrNotFound where the actor could not take the look
// themselves, look_own for whoever asked, look_closed when it is decided or its time is up.
func (s *Service) decide(ctx context.Context, id string, state State, refusal string) (look Look, err error) {
	until := s.now().Add(AllowedFor)
	if state == Refused {
		until = s.now()
		if refusal, err = audit.Reason(refusal); err != nil {
			return look, err
		}
	}
	actor := access.ActorFrom(ctx)
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.one(ctx, tx, id)
		if err != nil {
			return err
		}
		e, err := s.entry(ctx, tx, r.entryID)
		if err != nil {
			return err
		}
		if r.askerID == actor.AccountID {
			return errOwn.New()
		}
		done, err := tx.Exec(ctx, `UPDATE looks SET state = $2, until = $3, decider_id = $4, refusal = $5 WHERE id = $1 AND state = 'waiting' AND until > $6`,
			id, string(state), db.At(until), actor.AccountID, refusal, db.At(s.now()))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errClosed.New(fault.Next("looks", "/admin/looks"))
		}
		if r, err = s.one(ctx, tx, id); err != nil {
			return err
		}
		if look, err = s.show(ctx, r, e); err != nil {
			return err
		}
		action := map[State]string{Allowed: "look.allow", Refused: "look.refuse"}[state]
		return s.record(ctx, tx, action, e, refusal, map[string]any{"asked_by": r.asker})
	})
	return look, err
}

// entry is one whose numbers the actor might see; fault.ErrNotFound for any other.
func (s *Service) entry(ctx context.Context, q db.Querier, id string) (roster.Entry, error) {
	e, err := s.roster.EntryByID(ctx, q, id)
	if err == nil && !access.ActorFrom(ctx).Can(access.RegistryUnmask, e.Place()) {
		return roster.Entry{}, fault.ErrNotFound.New()
	}
	return e, err
}

func (s *Service) record(ctx context.Context, tx *db.Tx, action string, e roster.Entry, reason string, more map[string]any) error {
	details, err := s.roster.Subject(e)
	if err != nil {
		return err
	}
	maps.Copy(details, more)
	return audit.Record(ctx, tx, audit.Event{Action: action, Target: "entry", TargetID: e.ID, Place: e.Place(), Reason: reason, Details: details})
}

// Forget removes looks that ended a month ago; the audit record keeps what was shown to whom. It is a chore of housekeeping.
func (s *Service) Forget(ctx context.Context) error {
	_, err := s.db.Exec(ctx, `DELETE FROM looks WHERE until < $1`, db.At(s.now().Add(-keptFor)))
	return err
}

// Retention tells for how long looks are kept.
func (s *Service) Retention(ctx context.Context) ([]retention.Rule, error) {
	r, err := retention.Check(ctx, s.db, "looks", keptFor, keptFor, s.now(), `SELECT count(*) FROM looks WHERE until < $1`)
	return []retention.Rule{r}, err
}
