package verification

import (
	"context"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
)

// ChooseClass puts the pupil whom the caller is, or whose guardian they are, by the binding, "" for the first, into a class of the pupil's school, while the
// registry names none (F-18), or one that the caller chose themselves and the school has not set since: then into another
// of the same stage. Choosing the class that it names already changes nothing. Errors: class_chosen when the school has
// set another; invalid when the class is no choice.
func (s *Service) ChooseClass(ctx context.Context, bindingID, classID string) (*Binding, error) {
	accountID := access.ActorFrom(ctx).AccountID
	var chosen *Binding
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		b, err := s.BindingNamed(ctx, tx, accountID, bindingID)
		if err != nil {
			return err
		}
		if err := s.fillClass(ctx, tx, b.EntryID, classID); err != nil {
			return err
		}
		chosen, err = s.bindingTo(ctx, tx, accountID, b.EntryID)
		return err
	})
	return chosen, err
}

// fillClass puts an entry without a class into one; roster says which are choices.
func (s *Service) fillClass(ctx context.Context, tx *db.Tx, entryID, classID string) error {
	entry, err := s.roster.EntryByID(ctx, tx, entryID)
	if err == nil {
		err = s.stillThere(ctx, tx, classID)
	}
	switch {
	case err != nil:
		return err
	case entry.Class == nil:
		return s.roster.SetClass(ctx, tx, entryID, classID)
	case entry.Class.ID != classID:
		return s.chooseAgain(ctx, tx, entry, classID)
	}
	return nil
}

// stillThere refuses a class whose years are over: it graduates with all who are in it.
func (s *Service) stillThere(ctx context.Context, tx *db.Tx, classID string) error {
	class, err := s.roster.ClassByID(ctx, tx, classID)
	if err == nil && class.YearsOver() {
		return fault.ErrInvalid.New(fault.Field("class_id", "class_over"))
	}
	if fault.Is(err, fault.ErrNotFound) {
		err = nil // what takes it says so
	}
	return err
}

// chooseAgain changes a choice of the caller's own. The record says whose the class is: it is written in the transaction
// of every change.
func (s *Service) chooseAgain(ctx context.Context, tx *db.Tx, entry roster.Entry, classID string) error {
	by, err := s.roster.ClassSetBy(ctx, tx, entry)
	if err != nil {
		return err
	}
	if by == "" || by != access.ActorFrom(ctx).AccountID {
		return errClassChosen.New(fault.Next("home", "/space"))
	}
	class, err := s.roster.ClassByID(ctx, tx, classID)
	if err == nil && class.Stage != entry.Class.Stage {
		return fault.ErrInvalid.New(fault.Field("class_id", "class_other_stage"))
	}
	if err != nil && !fault.Is(err, fault.ErrNotFound) {
		return err
	}
	return s.roster.SetClass(ctx, tx, entry.ID, classID)
}
