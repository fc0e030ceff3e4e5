package support

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/audit"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/vault"
)

// Revealed is what a ticket masks, in full.
type Revealed struct {
	IDNumber string  `json:"id_number,omitempty" doc:"As asked for, or as the registry has it; absent where a ticket is about no person, and for those who do not see it: see number_for"`
	Username string  `json:"username" doc:"Of whoever asked"`
	Phone    *string `json:"phone" doc:"Of whoever asked; null when none is bound"`
}

// Reveal shows in full whom a ticket is about and how to reach whoever asked, so that a school can hold the request
// against its papers; the number to those alone whom [Service.numberFor] names nobody else for. The look is recorded with its reason, as
// one into the registry is. Errors: not_found also
// outside the actor's scope, ticket_closed once the ticket has been answered, invalid without a reason.
func (s *Service) Reveal(ctx context.Context, id, reason string) (shown Revealed, err error) {
	if reason, err = audit.Reason(reason); err != nil {
		return shown, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		t, err := s.answerable(ctx, tx, id)
		if err != nil {
			return err
		}
		if !access.ActorFrom(ctx).Can(access.RegistryUnmask, t.place) {
			return fault.ErrNotFound.New()
		}
		if t.State != Open {
			return errTicketClosed.New(fault.Next("tickets", "/admin/tickets"))
		}
		shown = Revealed{Username: t.username}
		action, about := "ticket.reveal", t.about()
		if t.numberFor(access.ActorFrom(ctx)) != "" {
			action = "ticket.reveal_contact"
			delete(about, "masked_id_number")
		} else {
			shown.IDNumber = t.content.IDNumber
			if t.content.EntryID != "" {
				entry, err := s.roster.EntryByID(ctx, tx, t.content.EntryID)
				if err != nil && !fault.Is(err, fault.ErrNotFound) {
					return err
				}
				if err == nil && entry.School.ID == t.School.ID { // who has left is no longer theirs to look at
					if shown.IDNumber, err = s.roster.IDNumber(entry); err != nil {
						return err
					}
					about["masked_name"], about["masked_id_number"] = vault.MaskName(entry.Name), vault.MaskIDNumber(shown.IDNumber)
				}
			}
		}
		if len(t.phone) > 0 {
			phone, err := s.vault.Open("phone", t.phone)
			if err != nil {
				return err
			}
			shown.Phone = &phone
		}
		return audit.Record(ctx, tx, audit.Event{
			Action: action, Target: "ticket", TargetID: id, Place: t.place, Reason: reason, Details: about,
		})
	})
	return shown, err
}

// numberFor names who sees the number of an open ticket in full instead of the actor; "" where the actor does, and where there is none.
// Whoever is above the school sees it of a ticket alone that has come to their level: else a second person would have to allow it
// (package looks), and so of somebody who stands in the registry.
func (r row) numberFor(actor access.Actor) string {
	switch {
	case actor.Can(access.RegistryUnmaskOwn, r.place):
	case r.content.EntryID != "":
		return r.School.Name
	case r.content.IDNumber != "" && !actor.At(r.Waiting.Level).Can(access.RegistryUnmask, r.place):
		return r.Waiting.Scope
	}
	return ""
}

// about is what a record of a ticket says of it: masked, for the record outlives the ticket's own numbers.
func (r row) about() map[string]any {
	about := map[string]any{"kind": r.Kind, "account_id": r.accountID, "masked_username": vault.MaskUsername(r.username)}
	if r.content.Name != "" {
		about["masked_name"], about["masked_id_number"] = vault.MaskName(r.content.Name), vault.MaskIDNumber(r.content.IDNumber)
	}
	return about
}

// Asker is who an account is verified as already.
type Asker struct {
	Kind       string `json:"kind" enum:"teacher,student,parent"`
	MaskedName string `json:"masked_name"`
}

// inTheWay is what keeps whoever asked from becoming the person whom the ticket is about; nil when nothing does.
func (s *Service) inTheWay(ctx context.Context, q db.Querier, t row) (*Asker, error) {
	if t.Kind != MissingEntry && t.Kind != NotMe {
		return nil, nil
	}
	b, err := s.verification.InTheWay(ctx, q, t.accountID, t.content.EntryKind)
	if b == nil || err != nil {
		return nil, err
	}
	entry, err := s.roster.EntryByDocument(ctx, q, t.content.document())
	if err == nil && entry.ID == b.EntryID || err != nil && !fault.Is(err, fault.ErrNotFound) {
		return nil, err // it is that very person
	}
	return &Asker{b.Kind, vault.MaskName(b.Name)}, nil
}

// Withdraw ends the caller's own open ticket; withdrawing it twice is as good as once. Errors: not_found for anybody
// else's, ticket_closed when the school has answered.
func (s *Service) Withdraw(ctx context.Context, id string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		all, err := s.rows(ctx, tx, " WHERE t.id = $1 AND t.account_id = $2", id, access.ActorFrom(ctx).AccountID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fault.ErrNotFound.New(fault.Next("my_tickets", "/me/tickets"))
		}
		t := all[0]
		if t.State == Withdrawn {
			return nil
		}
		if err := settle(ctx, tx, id, Withdrawn, "", "", ""); err != nil {
			if fault.Is(err, errTicketClosed) {
				err = errTicketAnswered.New(fault.Next("my_tickets", "/me/tickets"))
			}
			return err
		}
		if err := s.tellHolder(ctx, tx, t); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "ticket.withdrawn", Target: "ticket", TargetID: id, Place: t.place, Details: t.about()})
	})
}

// askerBound is the error for a ticket whose asker is somebody already.
func askerBound(a *Asker) error {
	return errAskerBound.New(fault.Arg("kind", a.Kind), fault.Arg("name", a.MaskedName), fault.Detail("asker_binding", a), fault.Next("decline", ""))
}
