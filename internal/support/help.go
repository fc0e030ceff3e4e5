package support

import (
	"context"
	"database/sql"
	"slices"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
)

// Customer service reads requests, masked, and helps with what changes nothing in the registry: it writes to whoever asked, and
// hands a request on to those who can settle it.

// Tell writes to whoever asked, by SMS where their account is frozen; the request stays open, with whom it was. Errors: not_found, ticket_closed, invalid without words, frozen_unreachable.
func (s *Service) Tell(ctx context.Context, id, words string) (AdminTicket, error) {
	words, err := audit.Words("words", words, maxText)
	if err == nil && words == "" {
		err = fault.ErrInvalid.New(fault.Field("words", "missing"))
	}
	if err != nil {
		return AdminTicket{}, err
	}
	return s.help(ctx, id, func(tx *db.Tx, t row) error {
		if _, err := tx.Exec(ctx, `UPDATE tickets SET word = $1, word_at = $2 WHERE id = $3`, words, db.At(s.now()), id); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Event{Action: "ticket.tell", Target: "ticket", TargetID: id, Place: t.place, Reason: words, Details: t.about()}); err != nil {
			return err
		}
		if t.Kind == Frozen { // who cannot sign in reads it where they are told
			return s.accounts.NotifyFrozen(ctx, tx, t.accountID, "notice.frozen_word", map[string]any{"words": words})
		}
		return s.accounts.Notify(ctx, tx, t.accountID, "notice.ticket_word", nil)
	})
}

// HandOn gives a request to those who can settle it, with as long to answer as if it were new: to another school, where a
// missing person asked the wrong one; with no school, to the next level above that somebody administers, which is told. Whoever asked
// reads the reason.
// At the province it stays. Errors: not_found, ticket_closed, ticket_alike when the school has been asked already, school_merged,
// invalid without a reason, or for a school that the request cannot go to.
func (s *Service) HandOn(ctx context.Context, id, schoolID, reason string) (AdminTicket, error) {
	reason, err := audit.Reason(reason)
	if err != nil {
		return AdminTicket{}, err
	}
	return s.help(ctx, id, func(tx *db.Tx, t row) error {
		if schoolID == "" && t.Waiting.Level == access.Province {
			return nil
		}
		var level access.Level
		var err error
		if schoolID == "" {
			level, err = s.accounts.PassUp(ctx, tx, t.Waiting.Level, t.place)
		} else {
			level, err = s.toSchool(ctx, tx, t, schoolID)
		}
		if err != nil {
			return err
		}
		// A school that has just been asked has let nobody wait.
		if _, err := tx.Exec(ctx, `UPDATE tickets SET school_id = coalesce($1, school_id), level = $2, due_at = $3, taken_by = NULL, taken_at = NULL,
				escalated_at = CASE WHEN CAST($1 AS text) IS NULL THEN escalated_at END
			WHERE id = $4`, sql.NullString{String: schoolID, Valid: schoolID != ""}, string(level), db.At(s.deadlines.After(s.now(), t.deadline())), id); err != nil {
			return err
		}
		all, err := s.rows(ctx, tx, " WHERE t.id = $1", id)
		if err != nil {
			return err
		}
		by, err := helping(ctx, tx, t.place)
		if err != nil {
			return err
		}
		from, to := t.Waiting.Scope, all[0].Waiting.Scope
		if err := pass(ctx, tx, id, Step{What: HandedOn, At: s.now(), By: by, From: from, To: to, Words: reason}); err != nil {
			return err
		}
		about := t.about()
		about["from"], about["to"] = from, to
		places := []access.Place{t.place}
		if schoolID != "" {
			places = append(places, all[0].place)
		}
		for _, place := range places {
			if err := audit.Record(ctx, tx, audit.Event{Action: "ticket.hand_on", Target: "ticket", TargetID: id, Place: place, Reason: reason, Details: about}); err != nil {
				return err
			}
		}
		return s.accounts.Notify(ctx, tx, t.accountID, "notice.ticket_handed_on", map[string]any{"to": to})
	})
}

// toSchool finds whose a request is at another school.
func (s *Service) toSchool(ctx context.Context, tx *db.Tx, t row, schoolID string) (access.Level, error) {
	if t.Kind != MissingEntry || schoolID == t.School.ID { // the others are about an entry, and go with it
		return "", fault.ErrInvalid.New(fault.Field("school_id", "not_allowed"))
	}
	school, err := s.roster.OpenSchool(ctx, tx, schoolID)
	if fault.Is(err, fault.ErrNotFound) || err == nil && !access.ActorFrom(ctx).Can(access.TicketsHelp, school.Place()) {
		err = fault.ErrInvalid.New(fault.Field("school_id", "not_found"))
	}
	if err != nil {
		return "", err
	}
	if err := s.accounts.Hold(ctx, tx, t.accountID); err != nil {
		return "", err
	}
	open, err := s.openOf(ctx, tx, t.accountID)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(open, alike(schoolID, t.Kind, t.content)) {
		return "", errTicketAlike.New()
	}
	return s.accounts.Owning(ctx, tx, access.School, school.Place())
}

// help does something to an open ticket that the caller may help with.
func (s *Service) help(ctx context.Context, id string, do func(tx *db.Tx, t row) error) (AdminTicket, error) {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		// Held before it is read: whoever answers or hands it up at the same moment comes before, or after.
		if err := tx.Hold(ctx, "tickets", id); err != nil {
			return err
		}
		t, err := s.reached(ctx, tx, id, access.TicketsHelp)
		if err != nil {
			return err
		}
		if t.State != Open {
			return errTicketClosed.New(fault.Next("tickets", "/admin/tickets"))
		}
		return do(tx, t)
	})
	if err != nil {
		return AdminTicket{}, err
	}
	return s.Read(ctx, id)
}
