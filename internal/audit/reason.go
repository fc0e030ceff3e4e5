package audit

import (
	"unicode/utf8"

	"caotang/internal/fault"
	"caotang/internal/identity"
)

// MaxReason is how long a reason may be, in characters.
const MaxReason = 200

// Reason reads what somebody typed as their reason for what is recorded with it: fault.ErrInvalid, of the field reason, where
// there is none, and as [Words] says.
func Reason(typed string) (string, error) {
	reason, err := Words("reason", typed, MaxReason)
	if err == nil && reason == "" {
		err = fault.ErrInvalid.New(fault.Field("reason", "missing"))
	}
	return reason, err
}

// Words reads what somebody typed to account for what they do, or to answer somebody else. It is kept and read by others as it stands,
// where numbers are masked: fault.ErrInvalid, of the field, for one with an ID number in it, and for one longer than most characters.
func Words(field, typed string, most int) (string, error) {
	words := identity.Clean(typed)
	switch {
	case utf8.RuneCountInString(words) > most:
		return "", fault.ErrInvalid.New(fault.FieldWith(field, "too_long", map[string]any{"max": most}))
	case identity.HoldsIDNumber(words):
		return "", fault.ErrInvalid.New(fault.For("id_number"), fault.Field(field, "holds_id_number"))
	}
	return words, nil
}
