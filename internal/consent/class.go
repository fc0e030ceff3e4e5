package consent

import (
	"context"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// OfClass is how a class stands.
type OfClass struct {
	Asked      int             `json:"asked" doc:"The pupils under fourteen: for them it is asked"`
	Purposes   []PurposeCounts `json:"purposes"`
	ToRemind   int             `json:"to_remind" doc:"Guardians whom a reminder would reach now, by an SMS each"`
	NoGuardian int             `json:"no_guardian" doc:"Pupils for whom nobody has answered and no guardian is confirmed"`
}

// PurposeCounts counts what was said to a purpose.
type PurposeCounts struct {
	Purpose   Purpose `json:"purpose" enum:"space_beyond_class,third_party_apps"`
	Title     string  `json:"title"`
	Given     int     `json:"given"`
	Refused   int     `json:"refused"`
	Withdrawn int     `json:"withdrawn"`
	NotAsked  int     `json:"not_asked" doc:"Nobody has answered the text of now, or who did is a guardian no more"`
}

// class answers a class that the actor administers, or whose class teacher they are; fault.ErrNotFound otherwise.
func (s *Service) class(ctx context.Context, id string) (roster.Class, error) {
	class, err := s.roster.ClassByID(ctx, s.db, id)
	if err != nil || access.ActorFrom(ctx).Can(access.GuardiansDecide, class.Place()) {
		return class, err
	}
	own, err := s.verification.BindingOf(ctx, s.db, access.ActorFrom(ctx).AccountID)
	if err != nil {
		return class, err
	}
	if own != nil && own.Kind == verification.Teacher {
		headed, err := s.roster.ClassesHeaded(ctx, s.db, own.EntryID)
		if err != nil || slices.Contains(headed, id) {
			return class, err
		}
	}
	return class, fault.ErrNotFound.New()
}

// mostPupils is more than any class has.
const mostPupils = 1000

// asks does something for every pupil of a class for whom consent is asked.
func (s *Service) asks(ctx context.Context, classID string, do func(entryID string) error) error {
	pupils, err := s.roster.PupilsOfClass(ctx, classID, "", mostPupils)
	if err != nil {
		return err
	}
	ids := make([]string, len(pupils))
	for i, p := range pupils {
		ids[i] = p.EntryID
	}
	entries, err := s.roster.EntriesByID(ctx, s.db, ids)
	if err != nil {
		return err
	}
	for _, p := range pupils {
		entry, there := entries[p.EntryID]
		if !there {
			continue // gone meanwhile
		}
		if needs, err := s.needs(entry); err != nil {
			return err
		} else if !needs {
			continue
		}
		if err := do(p.EntryID); err != nil {
			return err
		}
	}
	return nil
}

// count says how a class stands.
func (s *Service) count(ctx context.Context, classID string) (OfClass, error) {
	var of OfClass
	if _, err := s.class(ctx, classID); err != nil {
		return of, err
	}
	for _, p := range Purposes() {
		title, _ := current[p].in(access.ClientFrom(ctx).Language)
		of.Purposes = append(of.Purposes, PurposeCounts{Purpose: p, Title: title})
	}
	err := s.asks(ctx, classID, func(entryID string) error {
		of.Asked++
		for i := range of.Purposes {
			c := &of.Purposes[i]
			_, state, err := s.standing(ctx, s.db, entryID, c.Purpose)
			if err != nil {
				return err
			}
			switch state {
			case Given:
				c.Given++
			case Refused:
				c.Refused++
			case Withdrawn:
				c.Withdrawn++
			case NotAsked, Outdated, Lapsed:
				c.NotAsked++
			}
		}
		guardians, err := s.silent(ctx, entryID)
		if err != nil {
			return err
		}
		for _, g := range guardians {
			recently, err := lately(ctx, s.db, g.ID, db.Now())
			if err != nil {
				return err
			}
			if !recently {
				of.ToRemind++
			}
		}
		if guardians != nil && len(guardians) == 0 {
			of.NoGuardian++
		}
		return nil
	})
	return of, err
}

// confirmed are a pupil's guardians.
func (s *Service) confirmed(ctx context.Context, entryID string) ([]verification.GuardianRequest, error) {
	guardians, err := s.verification.GuardiansOf(ctx, s.db, entryID)
	return slices.DeleteFunc(guardians, func(g verification.GuardianRequest) bool { return g.State != verification.Confirmed }), err
}

// silent are the guardians of a pupil for whom somebody has yet to answer; nil where everything is answered.
func (s *Service) silent(ctx context.Context, entryID string) ([]verification.GuardianRequest, error) {
	open, err := s.open(ctx, entryID)
	if err != nil || !open {
		return nil, err
	}
	guardians, err := s.confirmed(ctx, entryID)
	return append([]verification.GuardianRequest{}, guardians...), err
}

// Reminded is what became of reminding a class's guardians.
type Reminded struct {
	Sent       int `json:"sent"`
	Lately     int `json:"lately" doc:"Guardians who were reminded within a week"`
	NoGuardian int `json:"no_guardian" doc:"Pupils without a confirmed guardian"`
}

// remindEvery is how often a guardian is reminded at most.
const remindEvery = 7 * 24 * time.Hour

// remind sends a link to every guardian of the class's pupils for whom somebody has yet to answer.
func (s *Service) remind(ctx context.Context, classID string) (r Reminded, err error) {
	class, err := s.class(ctx, classID)
	if err != nil {
		return r, err
	}
	err = s.asks(ctx, classID, func(entryID string) error {
		guardians, err := s.silent(ctx, entryID)
		if err != nil || guardians == nil {
			return err
		}
		if len(guardians) == 0 {
			r.NoGuardian++
		}
		for _, g := range guardians {
			sent, err := s.remindOne(ctx, g)
			if err != nil {
				return err
			}
			if sent {
				r.Sent++
			} else {
				r.Lately++
			}
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	return r, s.db.InTx(ctx, func(tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Event{
			Action: "consent.remind", Target: "class", TargetID: classID, Place: class.Place(), Details: map[string]any{"class": class.DisplayName, "sent": r.Sent},
		})
	})
}

// open tells whether somebody has yet to answer for a child.
func (s *Service) open(ctx context.Context, entryID string) (bool, error) {
	for _, p := range Purposes() {
		_, state, err := s.standing(ctx, s.db, entryID, p)
		if err != nil || undecided(state) {
			return err == nil, err
		}
	}
	return false, nil
}

// remindOne sends a guardian a link, unless they got one within [remindEvery]: of any number who remind at once one does.
func (s *Service) remindOne(ctx context.Context, g verification.GuardianRequest) (sent bool, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		sent = false
		r, err := s.verification.HoldGuardian(ctx, tx, g.ID)
		if fault.Is(err, fault.ErrNotFound) || err == nil && r.State != verification.Confirmed {
			return nil
		}
		if err != nil {
			return err
		}
		now := db.Now()
		if recently, err := lately(ctx, tx, g.ID, now); err != nil || recently {
			return err
		}
		link, err := s.newLink(ctx, tx, g.ID, now)
		if err != nil {
			return err
		}
		sent = true
		entry, err := s.roster.EntryByID(ctx, tx, r.EntryID)
		if err != nil {
			return err
		}
		return s.accounts.Notify(ctx, tx, g.AccountID, "notice.consent_asked", map[string]any{"link": link, "name": vault.MaskName(entry.Name)})
	})
	return sent, err
}

// lately tells whether a guardian was reminded within [remindEvery].
func lately(ctx context.Context, q db.Querier, linkID string, now db.Time) (recently bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM consent_links WHERE link_id = $1 AND created_at > $2)`, linkID, db.At(now.Add(-remindEvery))).Scan(&recently)
	return recently, err
}
