package verification

import (
	"context"

	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
)

var (
	errNoMatch     = fault.Define(fault.Invalid, "realname_no_match")
	errClassChosen = fault.Define(fault.Conflict, "class_chosen")
)

// AccountBound is the error for an account that is somebody already.
func AccountBound() error {
	return roster.ErrAlreadyBound.New(fault.Field("account", "account_bound"), fault.Detail("bound", "account"), fault.Next("my_binding", "/me"))
}

// Holder is the account that an entry is bound to, as those may see it who know the entry's number and name.
type Holder struct {
	MaskedUsername string `json:"masked_username"`
	MaskedPhone    string `json:"masked_phone" doc:"Empty when no phone is bound"`
}

// HolderOf masks an account for those who may know that an entry is bound to it.
func (s *Service) HolderOf(ctx context.Context, q db.Querier, accountID string) (Holder, error) {
	masked, err := s.accounts.MaskedOf(ctx, q, accountID)
	return Holder(masked), err
}

// entryBound says that somebody is who the person claims to be, and masks whom (F-15).
func (s *Service) entryBound(ctx context.Context, q db.Querier, holderID string) error {
	holder, err := s.HolderOf(ctx, q, holderID)
	if err != nil {
		return err
	}
	return roster.ErrAlreadyBound.New(
		fault.FieldWith("id_number", "bound_to_other", map[string]any{"username": holder.MaskedUsername, "phone": holder.MaskedPhone}),
		fault.Detail("bound", "entry"), fault.Detail("holder", holder), fault.Next("not_me", "/verify?step=not_me"))
}
