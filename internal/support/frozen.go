package support

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/accounts"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/deadlines"
	"caotang/internal/fault"
	"caotang/internal/verification"
)

// AccountFrozen opens the ticket of an account that its owner has frozen, for those who administer it. It is no request that
// was typed, and counts against none. It implements [accounts.Watcher].
func (s *Service) AccountFrozen(ctx context.Context, tx *db.Tx, accountID string, event accounts.SecurityEvent) error {
	schoolID, _, err := s.accounts.Answering(ctx, tx, accountID)
	if err != nil {
		return err
	}
	sealed, err := s.seal(content{Event: string(event.Kind)})
	if err != nil {
		return err
	}
	return s.openUntyped(ctx, tx, filing{kind: Frozen, due: deadlines.Frozen, accountID: accountID, schoolID: schoolID, sealed: sealed, from: access.School})
}

// AccountThawed ends the ticket of an account that is free again, whoever freed it. It implements [accounts.Watcher].
func (s *Service) AccountThawed(ctx context.Context, tx *db.Tx, accountID, reason string) error {
	open, err := s.rows(ctx, tx, " WHERE t.account_id = $1 AND t.kind = 'frozen' AND t.state = 'open'", accountID)
	if err != nil || len(open) == 0 {
		return err
	}
	id := open[0].ID
	if err := settle(ctx, tx, id, Done, reason, "", access.ActorFrom(ctx).Highest(access.TicketsAnswer, open[0].place)); err != nil {
		if fault.Is(err, errTicketClosed) {
			err = nil // somebody has been faster
		}
		return err
	}
	return s.record(ctx, tx, "ticket.done", id, reason)
}

// openUntyped files and records a ticket that nobody typed, under an id of its own.
func (s *Service) openUntyped(ctx context.Context, tx *db.Tx, f filing) error {
	f.id = db.NewID()
	if err := s.put(ctx, tx, f); err != nil {
		return err
	}
	return s.record(ctx, tx, "ticket.open", f.id, "")
}

// record records what became of a ticket, as it stands now.
func (s *Service) record(ctx context.Context, tx *db.Tx, action, id, reason string) error {
	all, err := s.rows(ctx, tx, " WHERE t.id = $1", id)
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{
		Action: action, Target: "ticket", TargetID: id, Place: all[0].place, Reason: reason,
		Details: all[0].about(),
	})
}

// whoIsFrozen says whose an account is: who answers must know whom to call. Of a parent who has no entry of their own that is what
// they call themselves, and the first of their children. Nothing for one that stands for nobody.
func (s *Service) whoIsFrozen(ctx context.Context, accountID string) (a Asked, err error) {
	b, err := s.verification.BindingOf(ctx, s.db, accountID)
	if err != nil || b == nil {
		return a, err
	}
	a = Asked{EntryKind: b.EntryKind, Name: b.Name, MaskedIDNumber: b.MaskedIDNumber}
	if b.Guardian {
		a.EntryKind, a.GuardianName, a.Relation = verification.Parent, b.GuardianName, string(b.Relation)
	}
	if b.Class != nil {
		a.ClassName = b.Class.Name
	}
	return a, nil
}

// unfreeze answers the ticket of a frozen account: the account's room does it, and has the ticket ended on the way.
func (s *Service) unfreeze(ctx context.Context, t row, reason, keep string) (AdminTicket, error) {
	if reason == "" {
		return AdminTicket{}, fault.ErrInvalid.New(fault.Field("answer", "missing"))
	}
	code, err := s.accounts.Unfreeze(ctx, t.accountID, reason, keep)
	switch {
	case fault.Is(err, accounts.ErrNotFrozen):
		return AdminTicket{}, errTicketClosed.New(fault.Next("tickets", "/admin/tickets"))
	case fault.Is(err, fault.ErrNotFound): // its owner, or a child, has come to another school since it was frozen
		return AdminTicket{}, errFrozenBeyond.New(fault.Next("tickets", "/admin/tickets"))
	}
	if err != nil {
		return AdminTicket{}, err
	}
	if t, err = s.answerable(ctx, s.db, t.ID); err != nil {
		return AdminTicket{}, err
	}
	answered, err := s.forAdmin(t)
	answered.Code = &code
	return answered, err
}
