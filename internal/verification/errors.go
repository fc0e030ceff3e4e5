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

// noMatch is the error for a pair of number and name that the registry does not have. The school that is asked finds people by their
// document: whoever has named the student number names that besides.
func noMatch() error { return errNoMatch.New(fault.Next("request_entry", "/verify?step=request")) }

// AccountBound is the error for an account that is somebody already.
func AccountBound() error {
	return roster.ErrAlreadyBound.New(fault.Field("account", "account_bound"), fault.Detail("bound", "account"), fault.Next("my_binding", "/me"))
}

// holder is the account that an entry is bound to, as those may see it who know the entry's number and name.
type holder struct {
	MaskedUsername string  `json:"masked_username"`
	MaskedPhone    *string `json:"masked_phone"` // null when no phone is bound
}

// entryBound says that somebody is who the person claims to be, and masks whom (F-15).
func (s *Service) entryBound(ctx context.Context, q db.Querier, holderID string) error {
	masked, err := s.accounts.MaskedOf(ctx, q, holderID)
	if err != nil {
		return err
	}
	h := holder{MaskedUsername: masked.MaskedUsername}
	if masked.MaskedPhone != "" {
		h.MaskedPhone = &masked.MaskedPhone
	}
	return roster.ErrAlreadyBound.New(
		fault.FieldWith("id_number", "bound_to_other", map[string]any{"username": masked.MaskedUsername, "phone": masked.MaskedPhone}),
		fault.Detail("bound", "entry"), fault.Detail("holder", h), fault.Next("not_me", "/verify?step=not_me"))
}
