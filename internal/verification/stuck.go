package verification

import (
	"context"
	"errors"
	"time"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/fault"
	"caotang/internal/roster"
	"caotang/internal/tally"
)

// stuckBy is why a claim was refused, as it is counted; "" for what is not.
func stuckBy(refused error) tally.Reason {
	var f *fault.Error
	switch {
	case fault.Is(refused, errNoMatch):
		return tally.NoMatch
	case fault.Is(refused, roster.ErrFieldsSwapped):
		return tally.Swapped
	case fault.Is(refused, roster.ErrIDNumberInvalid):
		return tally.NumberInvalid
	case errors.As(refused, &f) && f.Code == roster.ErrAlreadyBound.Name() && f.Details["bound"] == "entry":
		return tally.AlreadyBound
	}
	return ""
}

// stick counts a refused claim (F-30). Which school a number would have belonged to that the registry does not have, nobody
// knows.
func stick(ctx context.Context, tx *db.Tx, refused error, where access.Place) error {
	reason := stuckBy(refused)
	if reason == "" {
		return nil
	}
	return tally.Stick(ctx, tx, time.Now(), reason, where)
}

// countStuck counts a claim that was refused outside a transaction, or whose transaction was undone.
func (s *Service) countStuck(ctx context.Context, refused error, where access.Place) error {
	if stuckBy(refused) == "" {
		return nil
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error { return stick(ctx, tx, refused, where) })
}
