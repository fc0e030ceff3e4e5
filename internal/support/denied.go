package support

import (
	"context"
	"slices"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
	"caotang/internal/messages"
	"caotang/internal/roster"
	"caotang/internal/verification"
)

// A pupil says that somebody who was confirmed as their guardian is not: a correction of the entry, which the school settles by ending
// the link, or answers (F-21).

var errGuardianGone = fault.Define(fault.Conflict, "guardian_gone")

// NoticeObjected files that the guardian whom a notice told of is none, by whoever holds its link. It is no request that was typed, and
// counts against none. Errors: guardian_gone when they are no guardian any more. It implements [accounts.Watcher].
func (s *Service) NoticeObjected(ctx context.Context, tx *db.Tx, accountID string, event accounts.SecurityEvent) error {
	own, err := s.verification.BindingOf(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if own == nil || own.Kind != verification.Student {
		return errGuardianGone.New()
	}
	schoolID, err := verification.Hold(ctx, tx, own.EntryID) // no merger of the school ends before it has taken the ticket along
	if err != nil {
		return err
	}
	guardian, err := s.verification.GuardianConfirmedBy(ctx, tx, own.EntryID, event.At)
	if fault.Is(err, fault.ErrNotFound) {
		err = errGuardianGone.New()
	}
	if err != nil {
		return err
	}
	if err := s.accounts.Hold(ctx, tx, accountID); err != nil {
		return err
	}
	open, err := s.openOf(ctx, tx, accountID)
	if err != nil || slices.ContainsFunc(open, func(r row) bool { return r.content.GuardianID == guardian.ID }) {
		return err
	}
	sealed, err := s.seal(content{EntryID: own.EntryID, GuardianID: guardian.ID})
	if err != nil {
		return err
	}
	return s.openUntyped(ctx, tx, filing{kind: Correction, due: deadlines.Correction, accountID: accountID, schoolID: schoolID, sealed: sealed, from: access.School})
}

// confirmedGuardian is a guardian of an entry by the id of their link; false when they are none, or none any more.
func (s *Service) confirmedGuardian(ctx context.Context, q db.Querier, entry roster.Entry, id string) (g verification.GuardianRequest, is bool, err error) {
	all, err := s.verification.GuardiansOf(ctx, q, entry.ID)
	at := slices.IndexFunc(all, func(g verification.GuardianRequest) bool { return g.ID == id && g.State == verification.Confirmed })
	if err != nil || at < 0 {
		return g, false, err
	}
	return all[at], true, nil
}

// notDenied has somebody else decide about whoever is denied.
func (s *Service) notDenied(ctx context.Context, tx *db.Tx, t row) error {
	if t.content.GuardianID == "" {
		return nil
	}
	all, err := s.verification.GuardiansOf(ctx, tx, t.content.EntryID)
	if err == nil && slices.ContainsFunc(all, func(g verification.GuardianRequest) bool {
		return g.ID == t.content.GuardianID && g.AccountID == access.ActorFrom(ctx).AccountID
	}) {
		err = verification.ErrOwnRequest.New()
	}
	return err
}

// endDenied ends the link of the guardian whom a pupil denies, who reads why, with the words that were typed: a ready answer is the pupil's
// alone.
func (s *Service) endDenied(ctx context.Context, tx *db.Tx, t row) error {
	reason, typed := messages.Text(messages.Chinese, "ticket.guardian_denied", nil), ""
	if err := tx.QueryRow(ctx, `SELECT answer FROM tickets WHERE id = $1`, t.ID).Scan(&typed); err != nil {
		return err
	}
	if typed != "" {
		reason += "：" + typed
	}
	err := s.verification.EndGuardian(ctx, tx, t.content.GuardianID, verification.EndedBySchool, reason)
	if fault.Is(err, fault.ErrNotFound) {
		err = errTicketMoot.New(fault.Next("decline", ""))
	}
	return err
}
