package transfers

import (
	"context"
	"database/sql"
	"errors"
	"maps"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Request asks for the caller's own entry, or that of a child they are the guardian of, to move to another school.
// bindingID tells which, where somebody stands for several people; "" is the first. Errors: invalid without a reason;
// not_found for a school or binding that is not there; transfer_not_needed at that school already; transfer_open while an
// earlier one is pending.
func (s *Service) Request(ctx context.Context, bindingID, toSchoolID, why string) (Transfer, error) {
	why, err := audit.Reason(why)
	if err != nil {
		return Transfer{}, err
	}
	var made row
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		who, err := s.ownHeld(ctx, tx, bindingID)
		if err != nil {
			return err
		}
		to, err := s.roster.OpenSchool(ctx, tx, toSchoolID)
		if fault.Is(err, fault.ErrNotFound) {
			return fault.ErrNotFound.New(fault.Field("to_school_id", "not_found"))
		}
		if err != nil {
			return err
		}
		if to.ID == who.School.ID {
			return ErrNotNeeded.New(fault.Field("to_school_id", "transfer_not_needed"), fault.Arg("school", to.Name), fault.Next("space", "/space"))
		}
		id := db.NewID()
		if err := s.open(ctx, tx, id, who, to.ID, why); err != nil {
			return err
		}
		if made, err = s.one(ctx, tx, id); err != nil {
			return err
		}
		if err := s.record(ctx, tx, made, "request", ""); err != nil {
			return err
		}
		return s.tell(ctx, tx, made, "asked")
	})
	return made.forReader(access.ActorFrom(ctx).AccountID), err
}

// own is the person whom the caller asks for.
func (s *Service) own(ctx context.Context, q db.Querier, bindingID string) (verification.Binding, error) {
	return s.verification.BindingNamed(ctx, q, access.ActorFrom(ctx).AccountID, bindingID)
}

// ownHeld is [Service.own] with the entry held: it may be replaced by another at this moment, and that by a third, or be on its way to
// another school.
func (s *Service) ownHeld(ctx context.Context, tx *db.Tx, bindingID string) (who verification.Binding, err error) {
	for {
		if who, err = s.own(ctx, tx, bindingID); err != nil {
			return who, err
		}
		before := who.EntryID
		if _, err := verification.Hold(ctx, tx, before); unless(err, fault.ErrNotFound) != nil {
			return who, err
		}
		if who, err = s.own(ctx, tx, bindingID); err != nil || who.EntryID == before {
			return who, err
		}
	}
}

// open writes a request, unless the person has a pending one. One that has lost its ground makes way.
func (s *Service) open(ctx context.Context, tx *db.Tx, id string, who verification.Binding, toSchoolID, why string) error {
	now := s.now()
	_, err := tx.Exec(ctx, `INSERT INTO transfers (id, account_id, entry_id, kind, name, from_school_id, to_school_id, reason, state, created_at,
			due_at, expires_at, closing_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '')`,
		id, access.ActorFrom(ctx).AccountID, who.EntryID, who.EntryKind, who.Name, who.School.ID, toSchoolID, why, string(Pending), db.At(now),
		db.At(s.config.Calendar.After(now, s.config.AnswerDays)), db.At(s.config.Calendar.After(now, s.config.LifeDays)))
	if err != nil {
		return err
	}
	for range 2 {
		taken, err := tx.Exec(ctx, `INSERT INTO open_transfers (entry_id, transfer_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, who.EntryID, id)
		if err != nil {
			return err
		}
		if n, err := taken.RowsAffected(); err != nil || n == 1 {
			return err
		}
		var earlier string
		err = tx.QueryRow(ctx, `SELECT transfer_id FROM open_transfers WHERE entry_id = $1`, who.EntryID).Scan(&earlier)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		gone, err := s.closeMoot(ctx, tx, earlier)
		if err != nil {
			return err
		}
		if !gone {
			break
		}
	}
	return ErrOpen.New(fault.Next("my_transfers", "/me/transfers"))
}

// Cancel takes the caller's own pending request back. Errors: not_found for another's, transfer_closed when it has ended.
func (s *Service) Cancel(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.one(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.accountID != access.ActorFrom(ctx).AccountID {
			return fault.ErrNotFound.New()
		}
		if err := s.close(ctx, tx, r, Cancelled, ""); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "cancel", ""); err != nil {
			return err
		}
		return s.tell(ctx, tx, r, "cancelled")
	})
}

// grounded tells whether what a request is about is still so: whoever asked stands for the entry, and it stands at the
// school that it would leave.
func (s *Service) grounded(ctx context.Context, q db.Querier, r row) (bool, error) {
	all, err := s.verification.BindingsOf(ctx, q, r.accountID)
	if err != nil {
		return false, err
	}
	for _, b := range all {
		if b.EntryID == r.entryID {
			return b.School.ID == r.FromSchool.ID && b.EntryKind == r.Kind, nil
		}
	}
	return false, nil
}

// closeMoot ends a pending request that has lost its ground, and tells whether it had.
func (s *Service) closeMoot(ctx context.Context, tx *db.Tx, id string) (gone bool, err error) {
	var r row
	for again := true; again; { // an entry that was replaced or moved while its binding was read seemed to have lost it
		before := r
		if r, err = s.one(ctx, tx, id); err != nil {
			return false, err
		}
		if grounded, err := s.grounded(ctx, tx, r); err != nil || grounded {
			return false, err
		}
		again = r.entryID != before.entryID || r.FromSchool.ID != before.FromSchool.ID
	}
	if err := s.close(ctx, tx, r, Cancelled, moot); err != nil {
		return fault.Is(err, ErrClosed), unless(err, ErrClosed)
	}
	return true, s.record(ctx, tx, r, "moot", "")
}

// unless is the error, or nil when it is of the code.
func unless(err error, code fault.Code) error {
	if fault.Is(err, code) {
		return nil
	}
	return err
}

// record adds a step to the audit record of both schools.
func (s *Service) record(ctx context.Context, tx *db.Tx, r row, step, why string) error {
	return s.recordBy(ctx, tx, r, step, why, roster.SchoolRef{})
}

// recordBy records a step that one of the schools takes.
func (s *Service) recordBy(ctx context.Context, tx *db.Tx, r row, step, why string, by roster.SchoolRef) error {
	about := map[string]any{"kind": r.Kind, "masked_name": vault.MaskName(r.Name)}
	entry, err := s.roster.EntryByID(ctx, tx, r.entryID)
	if err == nil {
		about, err = s.roster.Subject(entry)
	}
	if unless(err, fault.ErrNotFound) != nil { // who has gone keeps their name here
		return err
	}
	maps.Copy(about, map[string]any{
		"entry_id": r.entryID, "from_school_id": r.FromSchool.ID, "to_school_id": r.ToSchool.ID, "from": r.FromSchool.Name, "to": r.ToSchool.Name, "by": by.Name,
	})
	for _, at := range []access.Place{r.from, r.to} {
		if err := audit.Record(ctx, tx, audit.Event{
			Action: "transfer." + step, Target: "transfer", TargetID: r.ID, Place: at, Reason: why, Details: about,
		}); err != nil {
			return err
		}
	}
	return nil
}
