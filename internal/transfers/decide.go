package transfers

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/vault"
	"caotang/internal/verification"
)

// Approve gives the approval of every side whose answer is wanted and the caller may give, who has read the objections up to a moment;
// with the last approval the entry moves. Approving again changes nothing. Errors: not_found outside the caller's scope; forbidden for the
// school that a teacher leaves, and for customer service; transfer_closed when it has ended; transfer_objected when a guardian objects whom the caller has not
// read; transfer_moot when the person is no longer bound or stands at another school, which also ends the request.
func (s *Service) Approve(ctx context.Context, id string, readUntil time.Time) (AdminTransfer, error) {
	var after row
	gone := false
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.held(ctx, tx, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(r.objections, func(o Objection) bool { return o.At.After(readUntil) }) {
			return ErrObjected.New(fault.Next("transfers", "/admin/transfers"))
		}
		if gone, err = s.closeMoot(ctx, tx, id); err != nil || gone {
			return err
		}
		if r, err = s.sign(ctx, tx, r); err != nil {
			return err
		}
		if r.complete() {
			if gone, err = s.move(ctx, tx, r); err != nil || gone {
				return err
			}
		}
		after, err = s.one(ctx, tx, id)
		return err
	})
	if err == nil && gone {
		err = ErrMoot.New(fault.Next("transfers", "/admin/transfers"))
	}
	return s.forAdmin(ctx, after), err
}

// held is a decidable request whose entry the transaction holds, as whoever replaces or moves the entry does first of all. An
// entry that is gone cannot be held: the request is moot then.
func (s *Service) held(ctx context.Context, tx *db.Tx, id string) (row, error) {
	r, err := s.decidable(ctx, tx, id)
	if err != nil {
		return r, err
	}
	for {
		_, err := verification.Hold(ctx, tx, r.entryID)
		if unless(err, fault.ErrNotFound) != nil {
			return r, err
		}
		before := r.entryID
		if r, err = s.decidable(ctx, tx, id); err != nil || r.entryID == before {
			return r, err
		}
	}
}

// sign writes the caller's approvals into a pending request.
func (s *Service) sign(ctx context.Context, tx *db.Tx, r row) (row, error) {
	actor, now := access.ActorFrom(ctx), db.At(s.now())
	sides := r.wanted(actor)
	for _, side := range sides {
		// The state is asked for again here: of a rejection and an approval at once, one finds it closed.
		signed, err := tx.Exec(ctx, `UPDATE transfers SET `+string(side)+`_approved_at = $1, `+string(side)+`_approved_by = $2
			WHERE id = $3 AND state = $4 AND `+string(side)+`_approved_at IS NULL`, now, actor.AccountID, r.ID, string(Pending))
		if err != nil {
			return r, err
		}
		if n, err := signed.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = closed()
			}
			return r, err
		}
		by := r.ToSchool
		if side == From {
			by = r.FromSchool
		}
		if err := s.recordBy(ctx, tx, r, "approve", "", by); err != nil {
			return r, err
		}
	}
	after, err := s.one(ctx, tx, r.ID)
	if err != nil || after.complete() || len(sides) == 0 {
		return after, err
	}
	return after, s.tell(ctx, tx, r, "approved_by_one")
}

// move completes a request: the entry, and with it its binding, goes to the receiving school.
func (s *Service) move(ctx context.Context, tx *db.Tx, r row) (gone bool, err error) {
	moved, err := s.roster.Move(ctx, tx, r.entryID, r.FromSchool.ID, r.ToSchool.ID, "")
	if err != nil {
		return false, err
	}
	if !moved {
		if err := s.close(ctx, tx, r, Cancelled, moot); err != nil {
			return false, err
		}
		return true, s.record(ctx, tx, r, "moot", "")
	}
	if err := s.verification.Follow(ctx, tx, r.entryID, r.ToSchool.ID); err != nil {
		return false, err
	}
	if err := s.close(ctx, tx, r, Completed, ""); err != nil {
		return false, err
	}
	if err := s.record(ctx, tx, r, "complete", ""); err != nil {
		return false, err
	}
	return false, s.tell(ctx, tx, r, "completed")
}

// Reject ends a pending request with a reason, which the person reads. Errors: those of Approve; invalid without a reason.
func (s *Service) Reject(ctx context.Context, id, why string) (AdminTransfer, error) {
	why, err := audit.Reason(why)
	if err != nil {
		return AdminTransfer{}, err
	}
	var after row
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		r, err := s.decidable(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.close(ctx, tx, r, Rejected, why); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE transfers SET rejected_sides = $1 WHERE id = $2`, r.rejecting(access.ActorFrom(ctx)), r.ID); err != nil {
			return err
		}
		if err := s.record(ctx, tx, r, "reject", why); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, r, "rejected"); err != nil {
			return err
		}
		after, err = s.one(ctx, tx, id)
		return err
	})
	return s.forAdmin(ctx, after), err
}

// decidable is a pending request that the caller may answer for a side that it takes.
func (s *Service) decidable(ctx context.Context, q db.Querier, id string) (row, error) {
	r, err := s.reachable(ctx, q, id)
	if err != nil {
		return r, err
	}
	if r.State != Pending {
		return r, closed()
	}
	if len(r.within(access.ActorFrom(ctx))) == 0 {
		return r, fault.ErrForbidden.New(fault.Next("transfers", "/admin/transfers"))
	}
	return r, nil
}

// reachable is a request that concerns a school of the caller's scope; fault.ErrNotFound otherwise.
func (s *Service) reachable(ctx context.Context, q db.Querier, id string) (row, error) {
	r, err := s.one(ctx, q, id)
	if err != nil {
		return r, err
	}
	if !r.concerns(access.ActorFrom(ctx), access.TransfersRead) {
		return row{}, fault.ErrNotFound.New()
	}
	return r, nil
}

// read is a request that concerns the actor's scope, with whom it is about: whoever decides must tell two of one name apart.
func (s *Service) read(ctx context.Context, id string) (AdminTransfer, error) {
	r, err := s.reachable(ctx, s.db, id)
	if err != nil {
		return AdminTransfer{}, err
	}
	t := s.forAdmin(ctx, r)
	entry, err := s.roster.EntryByID(ctx, s.db, r.entryID)
	if err != nil {
		return t, unless(err, fault.ErrNotFound)
	}
	if entry.Class != nil {
		t.Class = entry.Class.DisplayName
	}
	number, err := s.roster.IDNumber(entry)
	t.MaskedIDNumber = vault.MaskIDNumber(number)
	return t, err
}

func closed() error { return ErrClosed.New(fault.Next("transfers", "/admin/transfers")) }

// close ends a pending request; transfer_closed when somebody has been faster.
func (s *Service) close(ctx context.Context, tx *db.Tx, r row, state State, why string) error {
	var by sql.NullString
	if actor := access.ActorFrom(ctx); !actor.Anonymous() {
		by = sql.NullString{String: actor.AccountID, Valid: true}
	}
	var id string
	err := tx.QueryRow(ctx, `UPDATE transfers SET state = $1, closed_at = $2, closed_by = $3, closing_reason = $4
		WHERE id = $5 AND state = $6 RETURNING id`, string(state), db.At(s.now()), by, why, r.ID, string(Pending)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return closed()
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM open_transfers WHERE transfer_id = $1`, r.ID)
	return err
}

// Outcome is what became of one of several requests that were approved together.
type Outcome struct {
	ID   string `json:"id"`
	Code string `json:"code,omitempty" doc:"Why this one was not approved; absent when it was"`
}

// maxTogether is how many requests one call may approve.
const maxTogether = 200

// ApproveAll approves each of the requests, one transaction each: what cannot be approved does not hold up the others. What a
// guardian objects to is approved by itself alone, by somebody who reads why: transfer_objected here.
// Errors: invalid for none or more than 200.
func (s *Service) ApproveAll(ctx context.Context, ids []string) ([]Outcome, error) {
	if len(ids) == 0 {
		return nil, fault.ErrInvalid.New(fault.Field("ids", "missing"))
	}
	if len(ids) > maxTogether {
		return nil, fault.ErrInvalid.New(fault.FieldWith("ids", "too_many", map[string]any{"max": maxTogether}))
	}
	outcomes := make([]Outcome, len(ids))
	for i, id := range ids {
		outcomes[i].ID = id
		_, err := s.Approve(ctx, id, time.Time{})
		var refused *fault.Error
		if errors.As(err, &refused) && refused.Kind != fault.Internal {
			outcomes[i].Code = refused.Code
		} else if err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}
