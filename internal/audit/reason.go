package audit

import (
	"unicode/utf8"

	"caotang/internal/fault"
	"caotang/internal/identity"
)

// MaxReason is how long a reason may be, in characters.
const MaxReason = 200

// Reason reads what somebody typed as their reason for what is recorded with it: fault.ErrInvalid, of the field reason, where
// there is none or it is longer than [MaxReason].
func Reason(typed string) (string, error) {
	switch reason := identity.Clean(typed); {
	case reason == "":
		return "", fault.ErrInvalid.New(fault.Field("reason", "missing"))
	case utf8.RuneCountInString(reason) > MaxReason:
		return "", fault.ErrInvalid.New(fault.FieldWith("reason", "too_long", map[string]any{"max": MaxReason}))
	default:
		return reason, nil
	}
}
